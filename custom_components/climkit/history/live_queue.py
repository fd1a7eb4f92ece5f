"""New intervals that wait to be written to the statistics. Pure: no I/O, no clock."""

from collections.abc import Collection, Mapping, Sequence
from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ..api import Interval, floor_hour
from ..feeds import merge_intervals, without_values
from ..measures import Feed
from ..statistics import TimeRange

# A longer wait (the recorder hangs, or has ended) is a gap that is read like history.
LONGEST_WAIT = timedelta(days=3)


class LiveBatch(NamedTuple):
    """What Climkit says of a feed in a range, which begins with a full hour."""

    feed: Feed
    range: TimeRange
    intervals: Sequence[Interval]


class LiveQueue:
    """One batch for each feed of which something is new; what comes meanwhile joins it."""

    def __init__(self) -> None:
        """Begin with nothing new."""
        self._waiting: dict[Feed, LiveBatch] = {}
        self._answered: dict[Feed, datetime] = {}
        self._written: dict[Feed, datetime] = {}

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def add(
        self, feed: Feed, start: datetime, end: datetime, intervals: Sequence[Interval]
    ) -> None:
        """Take in what Climkit says of `start` to `end`."""
        start = floor_hour(start)
        waiting = self._waiting.get(feed)
        if waiting and start - waiting.range.start <= LONGEST_WAIT:
            # The newer intervals no longer hold what lies before midnight.
            start = min(start, waiting.range.start)
            intervals = merge_intervals(waiting.intervals, intervals, start)
        if covered := TimeRange.between(start, end):
            self._waiting[feed] = LiveBatch(feed, covered, intervals)
        self._answered[feed] = end

    def drop_withdrawn(self, feed: Feed, gone: Mapping[str, Collection[datetime]]) -> None:
        """Leave out of what waits what is withdrawn: by column, the starts of intervals."""
        if waiting := self._waiting.get(feed):
            left = without_values(waiting.intervals, gone)
            self._waiting[feed] = replace(waiting, intervals=left)

    def next(self) -> LiveBatch | None:
        """Return what waits the longest; it stays until it `mark_written`."""
        return next(iter(self._waiting.values()), None)

    def mark_written(self, batch: LiveBatch) -> None:
        """Note that a batch was written; it still waits if anything newer came meanwhile."""
        self._written[batch.feed] = batch.range.start
        if self._waiting.get(batch.feed) is batch:
            del self._waiting[batch.feed]

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def answered_until(self, feed: Feed) -> datetime | None:
        """Return up to when Climkit answered for a feed; None where it has not answered yet."""
        return self._answered.get(feed)

    def written_from(self, feed: Feed) -> datetime | None:
        """Return where the batch of a feed began that was written last; None without one."""
        return self._written.get(feed)
