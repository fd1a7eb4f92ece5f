"""What the user wants, as options keep it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.climkit.api import Site
from custom_components.climkit.const import (
    ALL,
    CONF_METERS,
    CONF_SENSORS,
    CONF_SITE_TOTALS,
    CONF_VIEW,
    VIEW_BUILDING,
    VIEW_FLAT,
    VIEW_METERS,
)
from custom_components.climkit.options import Selection, history_start, split_choice, view_of


@pytest.mark.parametrize(
    ("chosen", "listed", "present", "absent"),
    [
        (ALL, ["a", "b"], [], []),
        (ALL, [], [], []),
        ([], ["a", "b"], [], []),
        (["b"], ["a", "b"], ["b"], []),
        (["b", "a"], ["a", "b"], ["a", "b"], []),  # in the order of the form
        (["c", "a"], ["a", "b"], ["a"], ["c"]),
        (["d", "c"], [], [], ["d", "c"]),
        (["A"], ["a"], ["a"], []),  # Climkit writes the id in another way today
        (["C"], ["a"], [], ["C"]),
    ],
)
def test_split_choice(
    chosen: str | Sequence[str], listed: Sequence[str], present: list[str], absent: list[str]
) -> None:
    """What Climkit does not list today is told apart from what a form can show."""
    assert split_choice(chosen, listed) == (present, absent)


@pytest.mark.parametrize(
    ("history", "start"),
    [
        ("everything", datetime(2024, 5, 6, 22, 30, tzinfo=UTC)),
        ("2024-05-06", datetime(2024, 5, 6, 22, 30, tzinfo=UTC)),
        ("2024-05-07", datetime(2024, 5, 6, 22, 30, tzinfo=UTC)),  # the local day of its creation
        ("2024-05-08", datetime(2024, 5, 7, 22, tzinfo=UTC)),
    ],
)
def test_history_starts_with_the_site_at_the_earliest(history: str, start: datetime) -> None:
    """A site of 7 May, half past midnight; a later day begins at its own local midnight."""
    site = Site.from_api("house", {"creation_date": "2024-05-07 00:30:00"})
    assert history_start(history, site, datetime(2026, 11, 20, tzinfo=UTC)) == start


def test_history_of_a_site_of_which_nobody_knows_the_age() -> None:
    """Neither Climkit nor the site's id tells: three years are looked through."""
    site, now = Site.from_api("house", {}), datetime(2026, 11, 20, tzinfo=UTC)
    assert site.created is None
    assert history_start("everything", site, now) == datetime(2023, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "view"),
    [
        ({CONF_METERS: ALL, CONF_SITE_TOTALS: True}, VIEW_BUILDING),
        ({CONF_METERS: ALL, CONF_SITE_TOTALS: False}, VIEW_METERS),
        ({CONF_METERS: ["a"], CONF_SITE_TOTALS: True}, VIEW_METERS),
        ({CONF_METERS: ["a"], CONF_SITE_TOTALS: False, CONF_VIEW: VIEW_FLAT}, VIEW_FLAT),
        ({}, VIEW_BUILDING),  # a form that begins
    ],
)
def test_view_of_the_first_release(options: dict[str, Any], view: str) -> None:
    """It did not store what a person wants to see: meters and totals tell."""
    assert view_of(options) == view


@pytest.mark.parametrize(
    ("told", "wanted"), [({}, True), ({CONF_SENSORS: True}, True), ({CONF_SENSORS: False}, False)]
)
def test_sensors_of_the_first_release(told: dict[str, Any], wanted: bool) -> None:
    """It did not ask for them, and showed them: an update takes none away."""
    selection = Selection.from_options({CONF_METERS: ALL, CONF_SITE_TOTALS: True, **told})
    assert selection.sensors is wanted


@pytest.mark.parametrize("totals", [True, False])
@pytest.mark.parametrize(
    ("meters", "wanted"), [(ALL, ["Abc", "d"]), (["aBC"], ["Abc"]), (["d"], ["d"]), ([], [])]
)
def test_what_is_wanted(meters: Any, wanted: list[str], totals: bool) -> None:
    """What was chosen, in whatever spelling; never what another site has."""
    selection = Selection.from_options({CONF_METERS: meters, CONF_SITE_TOTALS: totals})
    assert [one for one in ("Abc", "d") if selection.wants(one)] == wanted
    assert selection.site_totals is totals
    shared = selection._replace(others=frozenset({"d"}))
    assert not shared.wants("d")
