"""What Climkit says of a range, and of what it says nothing. Pure: no I/O, no clock.

An answer may be cut at either end, or be empty, though there are data (nobody knows whether Climkit
does that, gateways do). So what is absent is absent by Climkit's word only where the same answer
has values on both sides of it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from ..api import Interval
from ..statistics import TimeRange, merged, without
from .intervals import columns_of


class Answer(NamedTuple):
    """The quarter-hours of a range, in the parts in which they came: each sorted, none empty."""

    parts: Sequence[Sequence[Interval]] = ()

    @property
    def intervals(self) -> list[Interval]:
        """Return all quarter-hours, oldest first."""
        return sorted(
            (one for part in self.parts for one in part), key=lambda interval: interval.start
        )

    @property
    def columns(self) -> frozenset[str]:
        """Return the columns that have a value."""
        return columns_of(one for part in self.parts for one in part)

    def said(self, column: str | None = None) -> list[TimeRange]:
        """Return the ranges between a column's values in one part; of None: between any values.

        Parts that join without a gap are like one.
        """
        found = []
        for part in self.parts:
            rows = [one for one in part if (column in one.values if column else one.values)]
            if rows:
                found.append(TimeRange(rows[0].start, rows[-1].end))
        return merged(found)

    def says(self, column: str, hours: TimeRange) -> bool:
        """Whether a column has values before and behind these hours, or in all of them."""
        return any(one.start <= hours.start and hours.end <= one.end for one in self.said(column))

    def unsaid(self, asked: TimeRange, shortest: timedelta) -> list[TimeRange]:
        """Return the ranges of what was asked for that no part speaks of, long ones only."""
        left = [asked]
        for one in self.said():
            left = without(left, one)
        return [one for one in left if one.end - one.start >= shortest]
