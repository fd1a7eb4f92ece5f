"""Intervals of a feed: joined, summed and looked through. Pure: no I/O, no clock."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import replace
from datetime import datetime
from math import fsum

from ..api import Interval


def merge_intervals(
    known: Sequence[Interval], new: Iterable[Interval], since: datetime
) -> tuple[Interval, ...]:
    """Return the intervals that start at `since` or later: new values win, what is absent stays."""
    merged = {interval.start: interval for interval in known if interval.start >= since}
    for interval in new:
        if interval.start >= since:
            old = merged.get(interval.start)
            merged[interval.start] = old.overlaid(interval) if old else interval
    return tuple(merged[start] for start in sorted(merged))


def without_values(
    known: Iterable[Interval], gone: Mapping[str, Collection[datetime]]
) -> tuple[Interval, ...]:
    """Return the intervals without the values that are gone: by column, their starts."""
    left = (
        replace(
            interval,
            values={
                column: value
                for column, value in interval.values.items()
                if interval.start not in gone.get(column, ())
            },
        )
        for interval in known
    )
    return tuple(interval for interval in left if interval.values)


def amounts_since(intervals: Iterable[Interval], since: datetime) -> dict[str, float]:
    """Return each column's amount from `since` on; a column without a value is left out."""
    values: defaultdict[str, list[float]] = defaultdict(list)
    for interval in intervals:
        if interval.start >= since:
            for column, value in interval.values.items():
                values[column].append(value)
    return {column: fsum(parts) for column, parts in values.items()}


def columns_of(intervals: Iterable[Interval]) -> frozenset[str]:
    """Return the columns that have a value in any of the intervals."""
    return frozenset().union(*(interval.values for interval in intervals))


def newest(intervals: Sequence[Interval], column: str) -> Interval | None:
    """Return the newest interval that has a value in the column."""
    return next((i for i in reversed(intervals) if column in i.values), None)
