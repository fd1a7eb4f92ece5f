"""The quarter-hours of single days of a site: what polls and history brought, else asked for once.

Today stands in memory anyway. Yesterday is kept when its last rows are forgotten there, and again
whenever history reads it; an older day is asked for when somebody wants to see it. So however many
screens show a site, Climkit is asked for a day once. Kept days are compact: numbers in arrays.
"""

from array import array
import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from math import isnan, nan
from typing import NamedTuple, Protocol, Self

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import (
    INTERVAL,
    Backoff,
    ClimkitError,
    Interval,
    Priority,
    Site,
    is_refusal,
    local_midnight,
    pause,
)
from ..errors import is_refused_stretch
from ..feeds import FeedReader
from ..measures import METER_TYPES, Feed
from ..statistics import TimeRange
from .live_data import LiveData

# So many days of a site are kept beside yesterday, the least recently shown go first: a month and
# some more.
KEPT_DAYS = 36

# Amounts of consecutive quarter-hours, kWh or m3; None where there is none.
type Amounts = list[float | None]


class DayRefusedError(Exception):
    """Climkit refuses the day."""


class DayUnavailableError(Exception):
    """Climkit does not answer for the day now."""


class Day(TimeRange):
    """A local day of a site, from its midnight to the next one, in UTC.

    It has 96 quarter-hours, 92 or 100 where the clocks change.
    """

    __slots__ = ()

    @classmethod
    def of(cls, day: date, site: Site) -> Self:
        """Return the day of a local date."""
        return cls(*(local_midnight(one, site.zone) for one in (day, day + timedelta(days=1))))

    @property
    def count(self) -> int:
        """Return how many quarter-hours it has."""
        return (self.end - self.start) // INTERVAL

    def index(self, interval: Interval) -> int:
        """Return which of its quarter-hours an interval is, from 0 on."""
        return (interval.start - self.start) // INTERVAL


class Quarters(Protocol):
    """The quarter-hours of a day."""

    def amounts(self, column: str) -> Amounts:
        """Return a column's amounts; all None where there is no such column."""


class LiveQuarters(NamedTuple):
    """Those that polls hold."""

    day: Day
    intervals: Sequence[Interval]

    def amounts(self, column: str) -> Amounts:
        """Return a column's amounts."""
        found: Amounts = [None] * self.day.count
        for interval in self.intervals:
            if interval.start in self.day:
                found[self.day.index(interval)] = interval.values.get(column)
        return found


class KeptQuarters(NamedTuple):
    """Those of a feed's day that is kept; of 200 meters they are half a megabyte."""

    day: Day
    columns: dict[str, array[float]]

    @classmethod
    def of(cls, day: Day, intervals: Iterable[Interval]) -> Self:
        """Keep the intervals of a day; those of others are left out."""
        kept = cls(day, {})
        kept.overlay(intervals)
        return kept

    def overlay(self, intervals: Iterable[Interval]) -> None:
        """Take in what is new: its values win, what is absent stays."""
        for interval in intervals:
            if interval.start not in self.day:
                continue
            index = self.day.index(interval)
            for column, value in interval.values.items():
                if (amounts := self.columns.get(column)) is None:
                    amounts = self.columns[column] = array("d", [nan]) * self.day.count
                amounts[index] = value

    def amounts(self, column: str) -> Amounts:
        """Return a column's amounts."""
        if (amounts := self.columns.get(column)) is None:
            return [None] * self.day.count
        return [None if isnan(amount) else amount for amount in amounts]


class _Key(NamedTuple):
    """What is asked for at once."""

    feed: Feed
    start: datetime


class SiteDays:
    """The days of one site."""

    def __init__(
        self,
        hass: HomeAssistant,
        site: Site,
        reader: FeedReader,
        live_data: LiveData,
        polls: Backoff[Feed],
    ) -> None:
        """Begin without days; while `polls` pause because Climkit is down, none is asked for."""
        self._hass = hass
        self._site = site
        self._reader = reader
        self._live_data = live_data
        self._polls = polls
        self._backoff = Backoff[_Key](hass.loop.time)
        self._refused: set[_Key] = set()
        self._kept = OrderedDict[_Key, KeptQuarters]()
        self._lock = asyncio.Lock()

    # What is shown

    async def async_quarters(self, feed: Feed, day: date) -> Quarters:
        """Return the quarter-hours of a local day of a feed; ask for them once where needed.

        Raises DayRefusedError and DayUnavailableError.
        """
        whole = Day.of(day, self._site)
        if whole.start > dt_util.utcnow():
            return LiveQuarters(whole, ())
        if held := self._held(feed, whole):
            return held
        async with self._lock:  # who waited for another's answer finds it
            return self._held(feed, whole) or await self._async_ask(_Key(feed, whole.start), whole)

    @property
    def kept(self) -> Sequence[KeptQuarters]:
        """Return the days that are kept, the least recently shown first."""
        return list(self._kept.values())

    def _held(self, feed: Feed, day: Day) -> Quarters | None:
        """Return a day that needs no request."""
        since = self._live_data.since(feed)
        if since is not None and since <= day.start:
            return LiveQuarters(day, self._live_data.intervals(feed))
        if kept := self._kept.get(key := _Key(feed, day.start)):
            self._kept.move_to_end(key)
        return kept

    async def _async_ask(self, key: _Key, day: Day) -> Quarters:
        if self._backoff.is_paused(key):
            raise DayRefusedError if key in self._refused else DayUnavailableError
        if self._polls.is_paused(None) or dt_util.utcnow() < day.end:
            raise DayUnavailableError  # today is asked for by the polls
        try:
            answer = await self._reader.async_read(key.feed, day.start, day.end, Priority.ASKED_FOR)
        except ClimkitError as err:
            pause(self._backoff, key, err)
            if is_refusal(err) or is_refused_stretch(err):
                self._refused.add(key)
                raise DayRefusedError from err
            self._refused.discard(key)
            raise DayUnavailableError from err
        self._backoff.succeeded(key)
        self._refused.discard(key)
        return await self._async_keep(key, day, answer.intervals)

    # What others read

    async def async_take_live(
        self, feed: Feed, start: datetime, rows: Sequence[Interval], midnight: datetime
    ) -> None:
        """Keep what polls are about to forget, given what was answered from `start` on.

        What lies before `midnight` is forgotten when the rows are merged with the older ones.
        """
        old, since = self._live_data.intervals(feed), self._live_data.since(feed)
        if since is None or not old or old[-1].end < start:  # what lies between is not known
            old, since = (), min([start, *(one.start for one in rows[:1])])
        past = [interval for interval in (*old, *rows) if interval.start < midnight]
        if past:
            await self.async_take(feed, since, midnight, past)

    async def async_take(
        self, feed: Feed, start: datetime, end: datetime, intervals: Sequence[Interval]
    ) -> None:
        """Take in what Climkit says of `start` to `end`, for yesterday and days that are kept.

        What an answer lacks is gone only between its first and last row: it may have been cut.
        """
        if not intervals or not METER_TYPES[feed.meter_type].read_each_interval:
            return  # of meters that are read daily an amount a day is shown, out of the statistics
        said = TimeRange(intervals[0].start, intervals[-1].end)
        wanted = {key: kept.day for key, kept in self._kept.items() if key.feed == feed}
        yesterday = self._yesterday
        wanted.setdefault(_Key(feed, yesterday.start), yesterday)
        for key, day in wanted.items():
            kept = self._kept.get(key)
            is_said = said.start <= day.start and day.end <= said.end
            if start <= day.start and day.end <= end and (is_said or not kept):
                await self._async_keep(key, day, intervals)
            elif kept and day.start < said.end and said.start < day.end:
                kept.overlay(intervals)

    async def _async_keep(self, key: _Key, day: Day, intervals: Sequence[Interval]) -> KeptQuarters:
        """Keep a day; that of a big site has so many numbers that others need a turn meanwhile."""
        kept = await self._hass.async_add_executor_job(KeptQuarters.of, day, intervals)
        self._kept[key] = kept
        yesterday = self._yesterday.start
        for old in [one for one in self._kept if one.start != yesterday][:-KEPT_DAYS]:
            del self._kept[old]
        return kept

    @property
    def _yesterday(self) -> Day:
        today = dt_util.utcnow().astimezone(self._site.zone).date()
        return Day.of(today - timedelta(days=1), self._site)
