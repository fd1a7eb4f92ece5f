"""What Climkit said lately of a site: the intervals of its feeds, and their columns. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from ..api import Interval
from ..feeds import amounts_since, columns_of, merge_intervals, newest, without_values
from ..measures import (
    BATTERY_COLUMNS,
    CHARGE_POINT,
    METER_COLUMNS,
    METER_TYPES,
    Feed,
    Series,
    split_column,
)

# The mean power of an interval says nothing of now when the interval ended this long ago.
POWER_EXPIRES_AFTER = timedelta(minutes=45)


class LiveData:
    """The intervals of about the last day, feed by feed.

    `columns`: those of the answers for whole sites, by meter type; without an entry there was no
    answer yet. A column stays for the day: a gateway that is silent for hours makes no new meters.
    """

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.columns: dict[str, frozenset[str]] = {}
        self._intervals: dict[Feed, tuple[Interval, ...]] = {}
        self._since: dict[Feed, datetime] = {}
        self._amounts: dict[Feed, tuple[datetime, dict[str, float]]] = {}

    # What others tell

    def keep_only(self, feeds: Iterable[Feed]) -> None:
        """Forget what was answered for other feeds."""
        wanted = set(feeds)
        self._intervals = {f: rows for f, rows in self._intervals.items() if f in wanted}
        self._since = {f: since for f, since in self._since.items() if f in wanted}
        self._amounts.clear()

    def note_refused(self, feed: Feed) -> None:
        """Believe that Climkit refuses a feed; a refused site's meters are asked one by one."""
        if feed.meter_id is None:
            self.columns[feed.meter_type] = frozenset()

    def merge(self, feed: Feed, intervals: Sequence[Interval], since: datetime) -> None:
        """Take in an answer and forget what lies before `since`."""
        merged = merge_intervals(self._intervals.get(feed, ()), intervals, since)
        self._intervals[feed], self._since[feed] = merged, since
        self._amounts.pop(feed, None)
        if feed.meter_id is None and intervals:
            known = self.columns.get(feed.meter_type, frozenset())
            self.columns[feed.meter_type] = known | columns_of(intervals)

    def drop_withdrawn(self, feed: Feed, gone: Mapping[str, Collection[datetime]]) -> None:
        """Forget values that are believed to be withdrawn: by column, their intervals' starts."""
        if feed in self._intervals:
            self._intervals[feed] = without_values(self._intervals[feed], gone)
            self._amounts.pop(feed, None)

    def drop_stale_columns(self, gone: Collection[str]) -> None:
        """Forget columns that the last day's answers did not have, and those of meters now gone.

        A meter that answers still have is no longer listed, but not gone: its column returns.
        """
        of_gone = {f"{key}_{meter_id}" for meter_id in gone for key in METER_COLUMNS}
        for feed, intervals in self._intervals.items():
            if feed.meter_id is None and intervals:
                self.columns[feed.meter_type] = columns_of(intervals) - of_gone

    # What was answered

    def was_answered(self, feed: Feed) -> bool:
        """Whether a feed was ever answered, be it with nothing."""
        return feed in self._intervals

    def is_unknown(self, feed: Feed) -> bool:
        """Whether there are no charge points as far as is known: no list tells of them."""
        is_site = feed.meter_id is None and feed.meter_type == CHARGE_POINT
        return is_site and not self.columns.get(CHARGE_POINT)

    def intervals(self, feed: Feed) -> tuple[Interval, ...]:
        """Return the intervals of a feed, oldest first."""
        return self._intervals.get(feed, ())

    def since(self, feed: Feed) -> datetime | None:
        """Return since when all that Climkit has of a feed is held; None before an answer."""
        return self._since.get(feed)

    def amount(self, series: Series, since: datetime) -> float | None:
        """Return a series' amount since a time; None before its first interval.

        Also where less than that is held: a clock that was ahead let some be forgotten.
        """
        held = self.since(series.feed)
        if held is None or held > since:
            return None
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
    def observations(self) -> dict[str, object]:
        """Return what answers settled: whether a site's rows have columns of meters.

        `minutes_between_rows`: which there were between neighbouring rows, shortest first.
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
