"""Stretches of time that wait for something. Pure: no I/O, no clock."""

from collections.abc import Iterable
from datetime import datetime

# From a full hour to before another one, in UTC.
type Stretch = tuple[datetime, datetime]


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the same stretches, oldest first, where they touch or overlap as one."""
    found: list[Stretch] = []
    for start, end in sorted(stretch for stretch in stretches if stretch[0] < stretch[1]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def without(stretches: Iterable[Stretch], start: datetime, end: datetime) -> list[Stretch]:
    """Return what remains of stretches where one is taken away."""
    parts = (
        part
        for first, last in stretches
        for part in ((first, min(last, start)), (max(first, end), last))
    )
    return merged(parts)


def within(stretches: Iterable[Stretch], start: datetime, end: datetime) -> list[Stretch]:
    """Return the parts of stretches that lie in another one."""
    return merged((max(first, start), min(last, end)) for first, last in stretches)
