"""Hours that differ night after night."""

from datetime import UTC, datetime, timedelta

from custom_components.climkit.history.nights import MANY_NIGHTS, RecurringDifferences
from custom_components.climkit.statistics.rows import Difference

HOUR = timedelta(hours=1)
BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
END = BEGIN + 24 * HOUR


def night(differing: RecurringDifferences, *hours: int, series: str = "a") -> None:
    """A night that finds these hours of a day to differ."""
    found = [Difference(BEGIN + hour * HOUR, 1.0, 2.0) for hour in hours]
    differing.note([series], BEGIN, END, {series: found} if found else {})


def test_again_and_again() -> None:
    """Told after several nights in a row, and no more when a night found it equal."""
    differing = RecurringDifferences()
    for _ in range(MANY_NIGHTS - 1):
        night(differing, 3, 5)
    assert not differing.hours
    night(differing, 3)
    assert differing.hours == [BEGIN + 3 * HOUR]
    night(differing)
    assert not differing.hours


def test_what_is_not_read_is_not_forgotten() -> None:
    """Another stretch, or another series, says nothing."""
    differing = RecurringDifferences()
    for _ in range(MANY_NIGHTS):
        night(differing, 3)
        night(differing, 4, series="b")
        differing.note(["a"], END, END + HOUR, {})
    assert differing.hours == [BEGIN + 3 * HOUR, BEGIN + 4 * HOUR]
