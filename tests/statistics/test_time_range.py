"""Ranges of time: none is empty, and sets of them behave like the hours that they cover."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.statistics.time_range import (
    TimeRange,
    merged,
    ranges_of_hours,
    within,
    without,
)

START = datetime(2026, 11, 20, tzinfo=UTC)


def of_hours(first: int, last: int) -> TimeRange:
    """From one hour to before another."""
    return TimeRange(START + first * HOUR, START + last * HOUR)


def hours(ranges: list[TimeRange]) -> set[int]:
    """All hours that are covered."""
    return {
        number
        for one in ranges
        for number in range((one.start - START) // HOUR, (one.end - START) // HOUR)
    }


pairs = st.tuples(st.integers(0, 30), st.integers(1, 30)).map(
    lambda pair: of_hours(pair[0], pair[0] + pair[1])
)
some = st.lists(pairs, max_size=6)


@pytest.mark.parametrize("length", [timedelta(0), -datetime.resolution, -365 * 24 * HOUR])
def test_no_range_is_empty_or_inverted(length: timedelta) -> None:
    """It cannot be made; who does not know asks for what is between."""
    with pytest.raises(ValueError, match="is not after"):
        TimeRange(START, START + length)
    assert TimeRange.between(START, START + length) is None
    assert TimeRange.between(START, START + HOUR) == of_hours(0, 1)


def test_touched_hours() -> None:
    """Hours that are only touched count; those that begin at the end do not."""
    quarter = timedelta(minutes=15)
    assert TimeRange(START + quarter, START + 2 * quarter).touched_hours == of_hours(0, 1)
    assert TimeRange(START, START + HOUR).touched_hours == of_hours(0, 1)
    assert TimeRange(START, START + HOUR + datetime.resolution).touched_hours == of_hours(0, 2)


def test_hours() -> None:
    """Those that begin in a range, full ones; there may be none."""
    minute = timedelta(minutes=1)
    assert TimeRange(START, START + 2 * HOUR).hours == [START, START + HOUR]
    assert TimeRange(START + minute, START + HOUR + minute).hours == [START + HOUR]
    assert TimeRange(START + minute, START + HOUR).hours == []


def test_contains() -> None:
    """The start belongs to a range, its end does not."""
    assert START in of_hours(0, 1)
    assert START + HOUR not in of_hours(0, 1)


@given(some)
def test_merged(ranges: list[TimeRange]) -> None:
    """The same hours, oldest first, with gaps between."""
    found = merged(ranges)
    assert hours(found) == hours(ranges)
    assert found == sorted(found)
    assert all(one.end < other.start for one, other in pairwise(found))


@given(st.sets(st.integers(0, 60)))
def test_ranges_of_hours(numbers: set[int]) -> None:
    """The same hours, in as few ranges as there can be."""
    found = ranges_of_hours(START + number * HOUR for number in numbers)
    assert hours(found) == numbers
    assert found == merged(found)


@given(pairs)
def test_halves(one: TimeRange) -> None:
    """Both parts of full hours, of about the same length; an hour stays whole."""
    lengths = [(part.end - part.start) // HOUR for part in one.halves]
    assert hours(one.halves) == hours([one])
    assert len(lengths) == min(2, len(hours([one])))
    assert max(lengths) - min(lengths) <= 1


@given(some, some, pairs)
def test_without_and_within(
    ranges: list[TimeRange], several: list[TimeRange], taken: TimeRange
) -> None:
    """What is taken away and what remains."""
    assert hours(without(ranges, *several)) == hours(ranges) - hours(several)
    assert hours(within(ranges, taken)) == hours(ranges) & hours([taken])
