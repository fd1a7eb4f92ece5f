"""What the user wants, as options keep it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from custom_components.climkit.api import Site
from custom_components.climkit.const import ALL
from custom_components.climkit.options import history_start, split_choice


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
