"""What is stored of a statistic."""

from datetime import UTC, datetime

import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.statistics import Extent, Row, described
from custom_components.climkit.statistics.stored import StoredStatistic

FIRST = datetime(2026, 11, 20, tzinfo=UTC)


def of_hours(first: int, last: int, count: int) -> Extent:
    """So many rows between these hours."""
    return Extent(FIRST + first * HOUR, Row(FIRST + last * HOUR, 1.0, 9.0), count)


@pytest.mark.parametrize(
    ("hours", "count", "is_whole"), [(0, 1, True), (5, 6, True), (5, 5, False), (5, 7, False)]
)
def test_is_whole(hours: int, count: int, is_whole: bool) -> None:
    """There is a row for each hour, the first and the newest included."""
    assert of_hours(0, hours, count).is_whole is is_whole


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        (of_hours(0, 5, 6), False),
        (of_hours(0, 7, 8), False),
        (of_hours(-2, 7, 10), False),
        (None, True),
        (of_hours(0, 5, 5), True),
        (of_hours(2, 7, 6), True),
        (of_hours(-2, 3, 6), True),
    ],
    ids=["the same", "more", "earlier ones too", "none", "middle", "oldest", "newest"],
)
def test_lacking(found: Extent | None, lacks: bool) -> None:
    """A write may have added rows at either end; it takes none away, wherever they were."""
    known = of_hours(0, 5, 6)
    stored = StoredStatistic(
        statistic=described("climkit:a", "A", "kWh"),
        first=known.first,
        last=known.last,
        count=known.count,
    )
    assert stored.lacks_rows(found) is lacks
