"""Ranges of time, none of them empty. Pure: no I/O, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ..api import HOUR, floor_hour


@dataclass(frozen=True, slots=True, order=True)
class TimeRange:
    """From a time to before a later one, both aware.

    What is empty or inverted cannot be made (ValueError): so nothing is ever asked or written for
    it, whatever a clock says. See `between` for what may be empty.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse an empty or inverted range."""
        if not self.start < self.end:
            raise ValueError(f"{self.end} is not after {self.start}")

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self | None:
        """Return the range between two times; None where there is nothing between them."""
        return cls(start, end) if start < end else None

    def __contains__(self, time: datetime) -> bool:
        """Whether a time lies in the range."""
        return self.start <= time < self.end

    def overlap(self, other: TimeRange) -> TimeRange | None:
        """Return what both ranges have in common."""
        return TimeRange.between(max(self.start, other.start), min(self.end, other.end))

    @property
    def touched_hours(self) -> TimeRange:
        """Return the hours that the range touches."""
        return TimeRange(floor_hour(self.start), floor_hour(self.end + HOUR - datetime.resolution))

    @property
    def hours(self) -> list[datetime]:
        """Return the starts of the full hours that begin in the range."""
        first = floor_hour(self.start + HOUR - datetime.resolution)
        return [first + index * HOUR for index in range(-((first - self.end) // HOUR))]

    @property
    def halves(self) -> list[TimeRange]:
        """Return both halves, which begin with a full hour; an hour is not parted."""
        middle = floor_hour(self.start + (self.end - self.start) / 2)
        parts = TimeRange.between(self.start, middle), TimeRange.between(middle, self.end)
        return [part for part in parts if part]


def merged(ranges: Iterable[TimeRange]) -> list[TimeRange]:
    """Return the same time, oldest first; ranges that touch or overlap are one."""
    found: list[TimeRange] = []
    for one in sorted(ranges):
        if found and one.start <= found[-1].end:
            found[-1] = TimeRange(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def ranges_of_hours(hours: Iterable[datetime]) -> list[TimeRange]:
    """Return the time that hours, told by their starts, cover; oldest first."""
    return merged(TimeRange(hour, hour + HOUR) for hour in hours)


def without(ranges: Iterable[TimeRange], *taken: TimeRange) -> list[TimeRange]:
    """Return what remains of ranges, oldest first, where others are taken away."""
    left = merged(ranges)
    for hours in taken:
        parts = (
            part
            for one in left
            for part in (
                TimeRange.between(one.start, min(one.end, hours.start)),
                TimeRange.between(max(one.start, hours.end), one.end),
            )
        )
        left = [part for part in parts if part]
    return left


def within(ranges: Iterable[TimeRange], limits: TimeRange) -> list[TimeRange]:
    """Return the parts of ranges that lie in another one."""
    return merged(part for one in ranges if (part := one.overlap(limits)))
