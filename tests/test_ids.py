"""Ids are compared as ids of statistics hold them."""

import pytest

from custom_components.climkit.ids import distinct, owner_slug
from custom_components.climkit.options import Selection


@pytest.mark.parametrize(
    ("statistic_id", "owner"),
    [
        ("climkit:6aff_total", "6aff"),
        ("climkit:6aff_total_cost", "6aff"),
        ("climkit:6aff_electricity_from_ext", "6aff"),
        ("climkit:flat_3_total", "flat_3"),
        ("climkit:flat_total", "flat"),
        ("climkit:other_total", None),
        ("climkit:6affe_total", None),
        ("climkit:6aff", None),
    ],
)
def test_owner_of_a_statistic(statistic_id: str, owner: str | None) -> None:
    """The longest id that fits: an id may hold what parts it from the measure."""
    assert owner_slug(statistic_id, {"6aff", "flat", "flat_3"}) == owner


def test_distinct() -> None:
    """The first spelling counts."""
    assert distinct(["6aFF", "b", "6Aff", "B", "a-b", "A_b"]) == ["6aFF", "b", "a-b"]


def test_chosen_in_another_spelling() -> None:
    """What was chosen stays chosen when Climkit writes it otherwise."""
    selection = Selection.from_options({"meters": ["6AFF"], "site_totals": True})
    assert selection.wants("6aff")
    assert selection.wants("6AFF")
    assert not selection.wants("6afe")
