"""Asks Climkit for what is new of a site's meters, each quarter-hour."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api import (
    HOUR,
    Backoff,
    ClimkitAuthenticationError,
    ClimkitClient,
    ClimkitError,
    ClimkitResponseError,
    Interval,
    Meter,
    Priority,
    Site,
    ask_each,
    floor_hour,
    is_outage,
    local_midnight,
)
from ..costs import SeriesNames, SiteCosts
from ..errors import refresh_errors
from ..feeds import FeedReader, Windows, fitting_length, newest
from ..history import USUAL_LATENESS, SiteHistory
from ..measures import ELECTRICITY, METER_TYPES, Feed, Names, Series
from ..store import ClimkitStore
from .base import ClimkitCoordinator
from .data_gap import DataGap, next_gap, resumed
from .days import SiteDays
from .inventory import SiteData, SiteInventory
from .live_data import LiveData
from .registers import MeterRegisters
from .schedule import DAILY_READ_POLL, FOLLOW_UP_DELAY, PollSchedule

_LOGGER = logging.getLogger(__name__)

# Whatever there is to ask: nothing is looked for less often.
LONGEST_WAIT = DAILY_READ_POLL

# Data of meters that are read each quarter-hour is missing when the newest is older than this.
FREQUENT_LATENESS = 2 * HOUR


@dataclass(slots=True)
class RefreshSummary:
    """What one refresh did, for a line of the debug log: counts and times, nothing personal.

    `requests_before`: how many requests the account had made when it began.
    """

    requests_before: int
    feeds: int = 0
    new_rows: int = 0

    def note(self, known: Sequence[Interval], answered: Sequence[Interval]) -> None:
        """Count the answer for a feed, of which intervals were known, oldest first."""
        self.feeds += 1
        last = known[-1].end if known else None
        self.new_rows += sum(last is None or interval.end > last for interval in answered)

    def text(self, requests: int, newest: datetime | None) -> str:
        """Say it. `requests`: how many the account, history too, has made by now."""
        return (
            f"{self.feeds} feeds answered, {requests - self.requests_before} requests,"
            f" {self.new_rows} new rows, newest {newest.isoformat() if newest else 'none'}"
        )


class SiteCoordinator(ClimkitCoordinator[SiteData]):
    """Asks for a site's intervals soon after each quarter-hour; its history gets them too."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        client: ClimkitClient,
        site: Site,
        store: ClimkitStore,
        *,
        names: Names,
        meters: list[Meter],
        reader: FeedReader,
        schedule: PollSchedule,
        live_data: LiveData,
        inventory: SiteInventory,
        days: SiteDays,
        history: SiteHistory,
        costs: SiteCosts,
        note_time: Callable[[datetime], None],
    ) -> None:
        """Prepare with a fresh list of meters; `note_time` is told of each tick and refresh."""
        super().__init__(hass, entry, client, site, store, kind="meters")
        self.names = names
        self.inventory = inventory
        # Their own: a meter without raw readings says nothing of the site's windows.
        windows = Windows(reader.windows.believed)
        self.registers = MeterRegisters(client, site, windows, hass.loop.time)
        self._reader = reader
        self._schedule = schedule
        self._live_data = live_data
        self._days = days
        self._history = history
        self._costs = costs
        self._note_time = note_time
        self._backoff = schedule.backoff
        self._list_backoff = Backoff[str](hass.loop.time)
        self._error: ClimkitError | None = None
        self._refused: set[Feed] = set()
        self._has_refreshed = False
        self._summary = RefreshSummary(0)
        self.data_gap: DataGap | None = None
        self.newest_seen: datetime | None = None  # over starts too
        self._take_list(meters, self.now)
        if self.record.meters and not meters:
            self.listed = None  # an empty list is asked for twice

    # What entities show

    def today(self, series: Series) -> float | None:
        """Return the amount since local midnight of the site; None before the first interval."""
        return self._live_data.amount(series, self.midnight)

    def power(self, series: Series) -> float | None:
        """Return the mean power of the newest interval in W; None when that is not of now."""
        return self._live_data.power(series, self.now)

    @property
    def last_measurement(self) -> datetime | None:
        """Return the end of the site's newest interval."""
        return self._schedule.newest

    def newest_interval(self, series: Series) -> Interval | None:
        """Return a series' newest interval of the last day."""
        return newest(self._live_data.intervals(series.feed), series.column)

    @property
    def observations(self) -> dict[str, object]:
        """Return what the answers of the last day settled of the API's unknowns, without values.

        `minutes_until_data`: from the end of a quarter-hour, as far as it was learned.
        """
        known = self._live_data.observations
        return known | {"minutes_until_data": self._schedule.learned_delays}

    def columns(self, meter_type: str) -> Collection[str]:
        """Return the columns that the site's answers about a kind of meter had lately."""
        return self._live_data.columns.get(meter_type, frozenset())

    @property
    def lateness(self) -> timedelta:
        """Return how old the newest data is before it is missing."""
        is_frequent = any(
            METER_TYPES[one.meter_type].read_each_interval for one in self.inventory.feeds
        )
        return FREQUENT_LATENESS if is_frequent else USUAL_LATENESS

    @property
    def is_refused(self) -> bool:
        """Whether Climkit refuses all data of the site, those of each meter too."""
        feeds = {series.feed for series in self.inventory.data.series.values()}
        return bool(feeds) and feeds <= self._refused

    @callback
    @override
    def _async_tick(self, now: datetime) -> None:
        super()._async_tick(now)
        self._note_time(now)

    @callback
    @override
    def async_update_listeners(self) -> None:
        self._follow_gap(self.data_gap)
        super().async_update_listeners()

    @callback
    def resume_gap(self, before: DataGap | None, newest: datetime | None) -> None:
        """Go on after a start, from the last gap before it and the newest data seen then.

        Without these nobody would know of a gap that began before and has ended since.
        """
        self.newest_seen = self.newest_seen or newest
        self._follow_gap(resumed(self._next_gap(before, newest), self.data_gap))

    def _follow_gap(self, gap: DataGap | None) -> None:
        self.newest_seen = self.last_measurement or self.newest_seen
        self.data_gap = self._next_gap(gap, self.newest_seen)

    def _next_gap(self, gap: DataGap | None, newest: datetime | None) -> DataGap | None:
        return next_gap(gap, newest, dt_util.utcnow(), self.lateness)

    # Refreshing

    @override
    async def _async_update_data(self) -> SiteData:
        now = dt_util.utcnow()
        self._summary = RefreshSummary(self.client.stats.requests)
        try:
            return await self._async_ask_all(now)
        finally:
            self._note_time(dt_util.utcnow())  # ticks wait for a clock that was set
            summary = self._summary.text(self.client.stats.requests, self.last_measurement)
            _LOGGER.debug(
                "Refresh of %s: %s, next look in %s", self.site.id, summary, self.update_interval
            )

    async def _async_ask_all(self, now: datetime) -> SiteData:
        if self.names.language != self.hass.config.language:
            await self._async_rename()
        try:
            with refresh_errors():
                if self.lists_are_old(now):
                    await self._async_list_meters(now)
                error = await self._async_ask_feeds(now)
                if error and self._has_refreshed:
                    raise error
                meter_ids = self.inventory.data.meters.keys() & set(self.async_contexts())
                await self.registers.async_ask(meter_ids, now)
        finally:
            later = dt_util.utcnow()
            # A clock that was set meanwhile must not make anybody wait for days.
            self.update_interval = min(self._schedule.next_poll(now, later) - later, LONGEST_WAIT)
        if error:
            _LOGGER.warning("Climkit lists the meters of %s, but not yet its data", self.site.id)
        is_down = error is not None and is_outage(error)
        if not is_down and (self._schedule.has_unasked or not self._has_refreshed):
            self.update_interval = FOLLOW_UP_DELAY
        self._has_refreshed = True
        self.inventory.note_present(self.day(now))
        return self.inventory.data

    async def _async_rename(self) -> None:
        """Name statistics in the language of the instance, which was changed."""
        self.names = await Names.async_load(self.hass)
        self._update_inventory()

    async def _async_list_meters(self, now: datetime) -> None:
        """Ask which meters there are."""
        listed = await self._async_list(self.client.meters, self._list_backoff, self.site.id)
        if listed is None:
            return
        if self._is_doubtful(listed, had_some=bool(self.inventory.listed)):
            _LOGGER.debug("The list of the meters of %s is empty", self.site.id)
            self._note_listed(now)  # the next one is the next day's
            return
        if self.inventory.are_retyped(listed):  # its entities and statistics have another unit
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
            return
        self._take_list(listed, now)
        await self._async_read_site()

    async def _async_read_site(self) -> None:
        """Ask what the site is called now; its data are read as they were when it was set up."""
        try:
            site = await self.client.installation(self.site.id)
        except ClimkitAuthenticationError:
            raise
        except ClimkitError as err:
            _LOGGER.debug("No description of site %s: %s", self.site.id, err)
            return
        name, ref = site.name or self.site.name, site.ref or self.site.ref
        self.site = replace(self.site, name=name, ref=ref)
        self._update_inventory()

    def _take_list(self, listed: list[Meter], now: datetime) -> None:
        self.inventory.take_list(listed)
        self._note_listed(now)
        self._update_inventory()

    def _note_listed(self, now: datetime) -> None:
        self.listed = now
        self.mark_answered()

    def _update_inventory(self) -> None:
        """Ask for what the known meters need, and tell history and costs of their series."""
        if not self.inventory.update(self.site, self.names):
            return
        self._schedule.set_feeds(self.inventory.feeds)
        self._live_data.keep_only(self.inventory.feeds)
        named, site = self.inventory.series_with_meters, self.site
        self._history.set_series((s, self.names.statistic(s, site, m)) for s, m in named)
        names = self.names
        self._costs.set_series(
            (s, SeriesNames(partial(names.cost, s, site, m), partial(names.amount, s, site, m)))
            for s, m in named
        )

    async def _async_ask_feeds(self, now: datetime) -> ClimkitError | None:
        """Ask what is due; return what went wrong if nothing was answered.

        The first refresh asks for what is wanted first; set-up waits for it.
        """

        async def ask(feed: Feed) -> None:
            # An answer before may have told that it is not needed.
            if self._schedule.has_feed(feed):
                await self._async_ask(feed, now)

        def refuse(feed: Feed) -> None:
            # What was answered before is believed to be refused once that lasts.
            if self._live_data.was_answered(feed) and not self._backoff.is_refused_for_long(feed):
                return
            self._live_data.note_refused(feed)
            self._history.set_refused(feed)
            self._refused.add(feed)
            self._update_inventory()

        if due := [] if self._backoff.is_paused(None) else self._schedule.due(now):
            feeds = due if self._has_refreshed else _first(due)
            self._error = await ask_each(feeds, ask, refuse, self._backoff)
        return self._error

    async def _async_ask(self, feed: Feed, now: datetime) -> None:
        midnight = local_midnight(now, self.site.zone)
        since = self._live_data.since(feed)
        start = self._schedule.window_start(feed, now, midnight, since)
        yesterday = None if self._schedule.was_asked(feed) else self._yesterday(feed, start)
        self._schedule.note_asked(feed, now)
        try:
            if yesterday:
                answer = await self._reader.async_read_first(feed, yesterday, start)
            else:
                answer = await self._reader.async_read(feed, start, None, Priority.LIVE)
        except ClimkitResponseError:
            if self._live_data.is_unknown(feed):
                self._backoff.back_off_after_refusal(feed)  # charge points may not be known at all
            raise
        intervals = answer.intervals
        self.mark_answered()
        self._summary.note(self._live_data.intervals(feed), intervals)
        self._refused.discard(feed)
        if rows := [interval for interval in intervals if interval.start >= start]:
            self._schedule.note_first(feed, start, rows[0].start)
        await self._days.async_take_live(feed, start, intervals, midnight)
        self._live_data.merge(feed, intervals, min(start, floor_hour(midnight)))
        if held := self._live_data.intervals(feed):
            self._schedule.note_newest(feed, held[-1].end)
        self._update_inventory()
        self._history.add_live(feed, start, now, self._live_data.intervals(feed))

    def _yesterday(self, feed: Feed, start: datetime) -> datetime | None:
        """Return when yesterday began, if that is earlier; None where an answer with it is heavy.

        The first answer for a feed holds it, so that it can be shown without a request.
        """
        width = 3 * len(self.inventory.listed)
        yesterday = local_midnight(self.midnight - HOUR, self.site.zone)
        is_light = feed.meter_id or fitting_length(width) >= self.now - yesterday
        return yesterday if is_light and yesterday < start else None


def _first(feeds: Collection[Feed]) -> list[Feed]:
    """Return a site's electricity, which has the values of now; without any, its other types."""
    of_site = [feed for feed in feeds if not feed.meter_id]
    return [feed for feed in of_site if feed.meter_type == ELECTRICITY] or of_site
