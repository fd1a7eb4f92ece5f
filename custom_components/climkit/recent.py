"""What Climkit said lately of a site: its feeds, their newest intervals and columns. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from .api import Interval, floor_hour
from .feed import Feed
from .measures import BATTERY_COLUMNS, METER_TYPES, Series
from .schedule import FeedState
from .statistics import amount_since, merge_intervals, newest

# The mean power of an interval says nothing of now when the interval ended this long ago.
POWER_EXPIRES_AFTER = timedelta(minutes=45)


class Recent:
    """The intervals of about the last day, feed by feed, and when each feed was asked.

    `columns`: those seen in the answers for whole sites, by meter type.
    """

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.columns: dict[str, frozenset[str]] = {}
        self._states: dict[Feed, FeedState] = {}
        self._intervals: dict[Feed, tuple[Interval, ...]] = {}

    def follow(self, site_feeds: Iterable[Feed], series: Iterable[Series]) -> None:
        """Ask from now on for these feeds and those of the series, and for no others."""
        wanted = dict.fromkeys([*site_feeds, *(s.feed for s in series)])
        self._states = {feed: self._states.get(feed, FeedState()) for feed in wanted}
        self._intervals = {f: rows for f, rows in self._intervals.items() if f in wanted}

    def due(self, now: datetime) -> Iterator[tuple[Feed, FeedState]]:
        """Return the feeds to be asked now."""
        for feed, state in list(self._states.items()):
            if state.is_due(now, each_interval=_each_interval(feed)):
                yield feed, state

    def window_start(self, feed: Feed, now: datetime, midnight: datetime) -> datetime:
        """Return where the next question for a feed starts: a full hour."""
        state = self._states[feed]
        return floor_hour(state.window_start(now, midnight, each_interval=_each_interval(feed)))

    def merge(self, feed: Feed, intervals: Iterable[Interval], since: datetime) -> None:
        """Take in an answer and forget what lies before `since`."""
        merged = merge_intervals(self._intervals.get(feed, ()), intervals, since)
        self._intervals[feed] = merged
        if not merged:
            return
        self._states[feed].newest = merged[-1].end
        if feed.meter_id is None:
            self.columns[feed.meter_type] = frozenset().union(*(i.values for i in merged))

    def intervals(self, feed: Feed) -> tuple[Interval, ...]:
        """Return the intervals of a feed, oldest first."""
        return self._intervals.get(feed, ())

    def amount(self, series: Series, since: datetime) -> float | None:
        """Return a series' amount since a time; None before its first interval."""
        return amount_since(self.intervals(series.feed), series.column, since)

    def power(self, series: Series, now: datetime) -> float | None:
        """Return the mean power of a series' newest interval in W; None when that is not of now."""
        interval = newest(self.intervals(series.feed), series.column)
        if interval is None or now - interval.end > POWER_EXPIRES_AFTER:
            return None
        hours = (interval.end - interval.start) / timedelta(hours=1)
        # Inverters on stand-by are seen as negative production; no power of ours is below zero.
        return max(0.0, interval.values[series.column] / hours * 1000)

    def power_expiries(self) -> list[datetime]:
        """Return when the newest powers stop saying something of now."""
        return [s.newest + POWER_EXPIRES_AFTER for s in self._states.values() if s.newest]

    @property
    def newest(self) -> datetime | None:
        """Return the end of the site's newest interval."""
        return max((s.newest for s in self._states.values() if s.newest), default=None)

    @property
    def has_battery(self) -> bool:
        """Whether a battery was charged or discharged lately."""
        return any(
            interval.values.get(column)
            for feed, intervals in self._intervals.items()
            if feed.meter_id is None
            for interval in intervals
            for column in BATTERY_COLUMNS
        )

    @property
    def all_failed(self) -> bool:
        """Whether no feed that was asked answered."""
        asked = [state for state in self._states.values() if state.asked]
        return bool(asked) and all(state.failed for state in asked)

    def is_late(self, now: datetime) -> bool:
        """Whether data of the last quarter-hour are still to come."""
        return any(state.is_late(now) for state in self._states.values())

    @property
    def has_unasked(self) -> bool:
        """Whether a feed was never asked."""
        return any(not s.asked and not s.rests_until for s in self._states.values())


def _each_interval(feed: Feed) -> bool:
    return METER_TYPES[feed.meter_type].read_each_interval
