"""What Climkit said lately of a site: its feeds, their newest intervals and columns. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from time import monotonic

from ..api import INTERVAL, Backoff, Interval, floor_hour
from ..feeds import amounts_since, columns_of, merge_intervals, newest
from ..measures import (
    BATTERY_COLUMNS,
    CHARGE_POINT,
    METER_COLUMNS,
    METER_TYPES,
    Feed,
    Series,
    split_column,
)
from .schedule import (
    COORDINATOR_ROUNDS,
    FIRST_DELAY,
    SHORTEST_PAUSE,
    UNKNOWN_POLL,
    FeedState,
    PollDelay,
)

# The mean power of an interval says nothing of now when the interval ended this long ago.
POWER_EXPIRES_AFTER = timedelta(minutes=45)


class LiveData:
    """The intervals of about the last day, feed by feed, and when each feed was asked.

    `columns`: those of the answers for whole sites, by meter type; without an entry there was no
    answer yet. A column stays for the day: a gateway that is silent for hours makes no new meters.
    """

    def __init__(
        self, offset: timedelta = timedelta(), backoff: Backoff[Feed] | None = None
    ) -> None:
        """Begin with nothing known; `offset` spreads the accounts of this world over the minute.

        `backoff` knows which feeds are paused; those in trouble are due when that is over.
        """
        self.backoff = backoff or Backoff(monotonic)
        self.columns: dict[str, frozenset[str]] = {}
        self._states: dict[Feed, FeedState] = {}
        self._intervals: dict[Feed, tuple[Interval, ...]] = {}
        self._since: dict[Feed, datetime] = {}
        self._amounts: dict[Feed, tuple[datetime, dict[str, float]]] = {}
        self._poll_delays = defaultdict[str, PollDelay](lambda: PollDelay(FIRST_DELAY + offset))

    # What is asked

    def set_feeds(self, site_feeds: Iterable[Feed], series: Iterable[Series]) -> None:
        """Ask from now on for these feeds and those of the series, and for no others."""
        wanted = dict.fromkeys([*site_feeds, *(s.feed for s in series)])
        self._states = {feed: self._states.get(feed, FeedState()) for feed in wanted}
        self._intervals = {f: rows for f, rows in self._intervals.items() if f in wanted}
        self._since = {f: since for f, since in self._since.items() if f in wanted}
        self._amounts.clear()

    def has_feed(self, feed: Feed) -> bool:
        """Whether a feed is still asked for."""
        return feed in self._states

    def due(self, now: datetime) -> list[Feed]:
        """Return the feeds to be asked now; those that failed last time delay no others."""
        due = [feed for feed in self._states if self._is_due(feed, now)]
        return sorted(due, key=self.backoff.is_in_trouble)

    def next_poll(self, asked: datetime, now: datetime) -> datetime:
        """Return when something is due next, after a round of questions that began at `asked`."""
        times = (self._due_at(feed, asked, now) for feed in self._states)
        return max(
            min(times, default=now + INTERVAL),
            now + self.backoff.left(None),
            now + SHORTEST_PAUSE,
        )

    def _is_due(self, feed: Feed, now: datetime) -> bool:
        if self.backoff.is_paused(feed):
            return False
        return now >= self._due_at(feed, now, now) - COORDINATOR_ROUNDS

    def _due_at(self, feed: Feed, asked: datetime, now: datetime) -> datetime:
        """Return when to ask a feed next; what failed is due when its pause is over."""
        if self.backoff.is_in_trouble(feed):
            return now + self.backoff.left(feed)
        state = self._states[feed]
        if self.is_unknown(feed) and state.asked and state.asked <= asked:
            return state.asked + UNKNOWN_POLL
        return state.due_at(asked, self._delay(feed), each_interval=_each_interval(feed))

    def is_unknown(self, feed: Feed) -> bool:
        """Whether there are no charge points as far as is known: no list tells of them."""
        is_site = feed.meter_id is None and feed.meter_type == CHARGE_POINT
        return is_site and not self.columns.get(CHARGE_POINT)

    def _delay(self, feed: Feed) -> timedelta:
        return self._poll_delays[feed.meter_type].delay

    def window_start(self, feed: Feed, now: datetime, midnight: datetime) -> datetime:
        """Return where the next question for a feed starts: a full hour."""
        state = self._states[feed]
        return floor_hour(state.window_start(now, midnight, each_interval=_each_interval(feed)))

    def note_asked(self, feed: Feed, now: datetime) -> None:
        """Note a question."""
        self._states[feed].asked = now

    def note_first(self, feed: Feed, start: datetime, first: datetime) -> None:
        """Note where an answer begins that was asked from `start` on."""
        if _each_interval(feed):
            self._states[feed].note_first(start, first)

    def was_asked(self, feed: Feed) -> bool:
        """Whether a feed was ever asked for."""
        return self._states[feed].asked is not None

    def was_answered(self, feed: Feed) -> bool:
        """Whether a feed was ever answered, be it with nothing."""
        return feed in self._intervals

    def note_refused(self, feed: Feed) -> None:
        """Believe that Climkit refuses a feed; a refused site's meters are asked one by one."""
        if feed.meter_id is None:
            self.columns[feed.meter_type] = frozenset()

    def merge(self, feed: Feed, intervals: Sequence[Interval], since: datetime) -> None:
        """Take in an answer and forget what lies before `since`."""
        merged = merge_intervals(self._intervals.get(feed, ()), intervals, since)
        self._intervals[feed], self._since[feed] = merged, since
        self._amounts.pop(feed, None)
        state = self._states[feed]
        if merged:
            state.newest = merged[-1].end
            if state.asked:
                self._poll_delays[feed.meter_type].note(state.newest, state.asked)
        if feed.meter_id is None and intervals:
            known = self.columns.get(feed.meter_type, frozenset())
            self.columns[feed.meter_type] = known | columns_of(intervals)

    def drop_stale_columns(self, gone: Collection[str]) -> None:
        """Forget columns that the last day's answers did not have, and those of meters now gone.

        A meter that answers still have is no longer listed, but not gone: its column returns.
        """
        of_gone = {f"{key}_{meter_id}" for meter_id in gone for key in METER_COLUMNS}
        for feed, intervals in self._intervals.items():
            if feed.meter_id is None and intervals:
                self.columns[feed.meter_type] = columns_of(intervals) - of_gone

    @property
    def has_unasked(self) -> bool:
        """Whether a feed was never asked."""
        return any(
            not state.asked and not self.backoff.is_paused(feed)
            for feed, state in self._states.items()
        )

    # What was answered

    def intervals(self, feed: Feed) -> tuple[Interval, ...]:
        """Return the intervals of a feed, oldest first."""
        return self._intervals.get(feed, ())

    def since(self, feed: Feed) -> datetime | None:
        """Return since when all that Climkit has of a feed is held; None before an answer."""
        return self._since.get(feed)

    def amount(self, series: Series, since: datetime) -> float | None:
        """Return a series' amount since a time; None before its first interval."""
        known = self._amounts.get(series.feed)
        if known is None or known[0] != since:
            known = since, amounts_since(self.intervals(series.feed), since)
            self._amounts[series.feed] = known
        return known[1].get(series.column)

    def power(self, series: Series, now: datetime) -> float | None:
        """Return the mean power of a series' newest interval in W; None when that is not of now."""
        interval = newest(self.intervals(series.feed), series.column)
        if interval is None or now - interval.end >= POWER_EXPIRES_AFTER:
            return None
        hours = (interval.end - interval.start) / timedelta(hours=1)
        # Inverters on stand-by are seen as negative production; no power of ours is below zero.
        return max(0.0, interval.values[series.column] / hours * 1000)

    @property
    def newest(self) -> datetime | None:
        """Return the end of the site's newest interval."""
        return max((s.newest for s in self._states.values() if s.newest), default=None)

    @property
    def observations(self) -> dict[str, object]:
        """Return what answers settled: whether a site's rows have columns of meters, and times.

        `minutes_between_rows`: which there were between neighbouring rows, shortest first.
        `minutes_until_data`: from the end of a quarter-hour, as far as it was learned.
        """
        steps = {
            round((later.end - earlier.end) / timedelta(minutes=1))
            for rows in self._intervals.values()
            for earlier, later in pairwise(rows)
        }
        return {
            "columns_of_meters": {
                meter_type: any(map(split_column, columns))
                for meter_type, columns in self.columns.items()
                if meter_type in METER_TYPES
            },
            "minutes_between_rows": sorted(steps)[:10],
            "minutes_until_data": {
                meter_type: round(poll_delay.delay / timedelta(minutes=1), 1)
                for meter_type, poll_delay in self._poll_delays.items()
                if poll_delay.is_known
            },
        }

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


def _each_interval(feed: Feed) -> bool:
    return METER_TYPES[feed.meter_type].read_each_interval
