"""Asks Climkit for what is new of a site's meters, each quarter-hour."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
from random import uniform
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
    MeterMode,
    Priority,
    Site,
    ask_each,
    floor_hour,
    is_outage,
    local_midnight,
)
from ..costs import SiteCosts, stored_tariffs
from ..errors import refresh_errors
from ..feeds import FeedReader, Plausibility, Windows, fitting_length, newest
from ..history import SiteHistory, SyncState
from ..ids import slug, slugs
from ..measures import (
    CHARGE_POINT,
    ELECTRICITY,
    Feed,
    Names,
    Series,
    all_series,
    known_meters,
    repeated_by_site,
)
from ..options import Selection
from ..periods import Fallen, MonthPeaks, Periods, day_peaks
from ..statistics import async_rows, by_hour, hourly_amounts, same
from ..store import ClimkitStore
from .base import ClimkitCoordinator
from .days import SiteDays
from .inventory import describe_meters, described_meters, note_listed, note_seen
from .live_data import LiveData
from .owners import async_owners
from .registers import MeterRegisters
from .schedule import DAILY_READ_POLL, FOLLOW_UP_DELAY

_LOGGER = logging.getLogger(__name__)

# Whatever there is to ask: nothing is looked for less often.
LONGEST_WAIT = DAILY_READ_POLL


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteData:
    """What there are entities of: the wanted meters and series. Replaced only when it changes."""

    meters: dict[str, Meter] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)


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
        meters: list[Meter],
        names: Names,
        selection: Selection,
        history_start: datetime,
    ) -> None:
        """Prepare with a fresh list of meters; statistics begin at `history_start`."""
        super().__init__(hass, entry, client, site, store, kind="meters")
        self.names = names
        self.registers = MeterRegisters(client, site, hass.loop.time)
        self.plausibility = Plausibility(self.record)
        self.windows = Windows(self.record)
        self._reader = FeedReader(client, site, self.plausibility, self.windows)
        self.costs = SiteCosts(
            hass,
            site,
            store,
            stored_tariffs(entry, site.id),
            on_change=self.async_update_listeners,
            is_awaited=lambda key: self.history.is_awaited(key),  # noqa: PLW0108 - made below
            amounts_progress=lambda: self.history.progress,
            is_clock_wrong=lambda: self.history.is_clock_behind,
        )
        self.history = SiteHistory(
            hass,
            self._reader,
            site,
            start=history_start,
            store=store,
            on_change=self._note_history,
            write_guard=self.costs.write_guard,
            on_read=self._async_note_read,
        )
        self.periods = Periods(hass, site)
        self.peaks = MonthPeaks(self.record, site)
        self._backoff = Backoff[Feed](hass.loop.time)
        self._list_backoff = Backoff[str](hass.loop.time)
        self._error: ClimkitError | None = None
        self._refused: set[Feed] = set()
        self._selection = selection
        self._owners = async_owners(hass)
        self._described = described_meters(self.record)
        self._has_refreshed = False
        self._hour = floor_hour(self.now)
        self._listed_meters: list[Meter] = []
        self._has_new_list = False
        self._inventory: tuple[object, ...] | None = None
        self._inventory_data = SiteData()
        offset = timedelta(seconds=uniform(0, 30))  # noqa: S311 - no secret
        self._live_data = LiveData(offset, self._backoff)
        self.days = SiteDays(hass, site, self._reader, self._live_data, self._backoff)
        self._summary = RefreshSummary(0)
        self._take_list(meters, self.now)

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
        return self._live_data.newest

    def newest(self, series: Series) -> datetime | None:
        """Return the end of the newest data of a series; None where there are none, or not yet."""
        if interval := newest(self._live_data.intervals(series.feed), series.column):
            return interval.end
        stored = self.history.newest(series)
        return stored + HOUR if stored else None

    @property
    def complete_until(self) -> datetime | None:
        """Return the time up to which the site's statistics hold what Climkit has."""
        stored, measured = self.history.complete_until, self.last_measurement
        if stored is None or measured is None:
            return None
        return min(stored, measured)

    @property
    def observations(self) -> dict[str, object]:
        """Return what the answers of the last day settled of the API's unknowns, without values."""
        return self._live_data.observations

    def columns(self, meter_type: str) -> Collection[str]:
        """Return the columns that the site's answers about a kind of meter had lately."""
        return self._live_data.columns.get(meter_type, frozenset())

    @property
    def repeated_meters(self) -> frozenset[str]:
        """Return the meters that say what the site's own totals say too, where there are any."""
        if not self._selection.site_totals:
            return frozenset()
        return repeated_by_site(self.data.meters.values())

    def wants(self, meter_id: str) -> bool:
        """Whether the user wants this meter, and no other site has it."""
        return self._selection.wants(meter_id)

    @property
    def is_refused(self) -> bool:
        """Whether Climkit refuses all data of the site, those of each meter too."""
        feeds = {series.feed for series in self._inventory_data.series.values()}
        return bool(feeds) and feeds <= self._refused

    async def async_delete(self, statistic_ids: Collection[str]) -> None:
        """Delete statistics; those that are wanted are then made anew."""
        await self.history.async_delete(statistic_ids)
        self.costs.note_deleted(statistic_ids)

    @callback
    def _note_history(self) -> None:
        """Tell of new totals and progress; costs of what was read to its end may be known now."""
        self.costs.worker.wake()
        self.async_update_listeners()

    # Periods

    async def _async_note_read(
        self,
        states: Sequence[SyncState],
        start: datetime,
        end: datetime,
        intervals: Sequence[Interval],
    ) -> None:
        """Let peaks and the amounts of periods follow what history read."""
        now = dt_util.utcnow()
        with_power = [state.series for state in states if state.series.measure.has_power]
        columns = {series.column for series in with_power}
        peaks = await self.hass.async_add_executor_job(
            day_peaks, intervals, columns, self.peaks.month(now), self.site.zone
        )
        fallen = self.peaks.fallen(with_power, start, end, peaks, now)
        believed = await self._async_believed(fallen, intervals) if fallen else ()
        self.peaks.take(with_power, start, end, peaks, now, fallen=believed)
        await self.periods.async_update(states, start)
        for feed in {state.series.feed for state in states}:
            await self.days.async_take(feed, start, end, intervals)

    async def _async_believed(
        self, fallen: Collection[Fallen], intervals: Iterable[Interval]
    ) -> list[Fallen]:
        """Return the peaks whose hour is stored as these intervals say: so less was believed."""
        asked = {one.hour for one in fallen}
        ids = {one.series.statistic_id for one in fallen}
        rows = await async_rows(self.hass, ids, min(asked), max(asked) + HOUR)
        stored = {key: {row.start: row.amount for row in found} for key, (found, _) in rows.items()}
        hours = by_hour(one for one in intervals if floor_hour(one.start) in asked)

        def is_believed(one: Fallen) -> bool:
            said = hourly_amounts({one.hour: hours.get(one.hour, ())}, one.series.column)
            known = stored.get(one.series.statistic_id, {}).get(one.hour)
            return same(known, said.get(one.hour))

        return [one for one in fallen if is_believed(one)]

    @callback
    @override
    def _async_tick(self, now: datetime) -> None:
        super()._async_tick(now)
        self._look_for_hour_and_day()

    def _look_for_hour_and_day(self) -> None:
        """Let an hour and a day begin. Refreshes look too: ticks wait for a clock that was set."""
        now = dt_util.utcnow()
        if (hour := floor_hour(now)) != self._hour:
            self._hour = hour
            self.costs.note_time()
        if self.periods.is_outdated(now):
            self.config_entry.async_create_task(self.hass, self._async_begin_day())

    async def _async_begin_day(self) -> None:
        await self.periods.async_begin_day(self.history.states)
        self.async_update_listeners()

    # Refreshing

    @override
    async def _async_update_data(self) -> SiteData:
        now = dt_util.utcnow()
        self._summary = RefreshSummary(self.client.stats.requests)
        try:
            return await self._async_ask_all(now)
        finally:
            self._look_for_hour_and_day()
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
                meter_ids = self._inventory_data.meters.keys() & set(self.async_contexts())
                await self.registers.async_ask(meter_ids, now)
        finally:
            later = dt_util.utcnow()
            # A clock that was set meanwhile must not make anybody wait for days.
            self.update_interval = min(self._live_data.next_poll(now, later) - later, LONGEST_WAIT)
        if error:
            _LOGGER.warning("Climkit lists the meters of %s, but not yet its data", self.site.id)
        is_down = error is not None and is_outage(error)
        if not is_down and (self._live_data.has_unasked or not self._has_refreshed):
            self.update_interval = FOLLOW_UP_DELAY
        self._has_refreshed = True
        self._note_meters(now)
        return self._inventory_data

    async def _async_rename(self) -> None:
        """Name statistics in the language of the instance, which was changed."""
        self.names = await Names.async_load(self.hass)
        self._inventory = None
        self._update_inventory()

    async def _async_list_meters(self, now: datetime) -> None:
        """Ask which meters there are."""
        listed = await self._async_list(self.client.meters, self._list_backoff, self.site.id)
        if listed is None:
            return
        if self._listed_meters and not listed:
            _LOGGER.debug("The list of the meters of %s is empty", self.site.id)
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
        self.site = replace(self.site, name=site.name, ref=site.ref)
        self._update_inventory()

    def _take_list(self, listed: list[Meter], now: datetime) -> None:
        self._live_data.drop_stale_columns(_ids(self._listed_meters) - _ids(listed))
        self._listed_meters = listed
        describe_meters(self.record, listed)
        self._described = described_meters(self.record)
        self._has_new_list = True
        self.listed = now
        self.mark_answered()
        self._update_inventory()

    def _note_meters(self, now: datetime) -> None:
        """Remember which meters there are; what the day's list lacks is missing."""
        meters = self._meters().keys() - self._selection.others
        if self._has_new_list:
            self._has_new_list = False
            gone = note_listed(self.record["meters"], meters, self.day(now))
            self._owners.release(self.site.id, "meters", gone)
            self.store.save_soon()
        else:
            note_seen(self.record["meters"], meters)

    def _meters(self) -> dict[str, Meter]:
        return known_meters(self._listed_meters, self._live_data.columns, self._described)

    @property
    def _remembered(self) -> dict[str, Meter]:
        """Return what lists had before: answers may still tell of a meter that one list lacks."""
        known = {key: self._described.get(slug(key)) for key in self.record["meters"]}
        return {key: meter for key, meter in known.items() if meter}

    def _claim(self, meters: Collection[str]) -> None:
        """Take what no other site has; what another one has is not this one's."""
        wanted = replace(self._selection, others=frozenset())
        self._owners.claim(self.site.id, "meters", filter(wanted.wants, meters))
        others = self._owners.of_others(self.site.id, "meters", meters)
        self._selection = replace(self._selection, others=others)
        for meter_id in others:
            self.record["meters"].pop(meter_id, None)

    def _update_inventory(self) -> None:
        """Ask for what the known meters need, and tell history of their series."""
        meters = self._meters()
        self._claim(meters.keys())
        columns, has_battery = self._live_data.columns.copy(), self._has_battery(meters)
        known = meters, columns, has_battery, self._selection, self.site
        if known == self._inventory:
            return
        self._inventory = known
        series = all_series(self.site.id, meters, columns, self._selection, has_battery=has_battery)
        self._inventory_data = SiteData(
            meters={key: meter for key, meter in meters.items() if self.wants(key)},
            series={one.statistic_id: one for one in series},
        )
        self._live_data.set_feeds(self._site_feeds(self._remembered | meters), series)
        owners = [(s, meters[s.meter_id] if s.meter_id else None) for s in series]
        self.history.set_series((s, self.names.statistic(s, self.site, m)) for s, m in owners)
        self.costs.set_series((s, self.names.cost(s, self.site, m)) for s, m in owners)

    def _site_feeds(self, meters: dict[str, Meter]) -> list[Feed]:
        """Return the meter types to ask for, also where no series needs their answer yet."""
        wants_totals, wanted = self._selection.site_totals, self._selection.meters
        types = dict.fromkeys(
            meter.type for meter in meters.values() if wants_totals or self.wants(meter.id)
        )
        has_electricity = any(meter.type == ELECTRICITY for meter in meters.values())
        if has_electricity and (
            wants_totals or wanted is None or wanted - slugs(_ids(self._listed_meters))
        ):
            types[CHARGE_POINT] = None
        return [Feed(self.site.id, meter_type) for meter_type in types]

    def _has_battery(self, meters: dict[str, Meter]) -> bool:
        """Whether there is a battery, or was one: its columns are always there, filled with 0."""
        if not self.record["has_battery"]:
            self.record["has_battery"] = self._live_data.has_battery or any(
                meter.mode is MeterMode.BATTERY for meter in meters.values()
            )
        return self.record["has_battery"]

    async def _async_ask_feeds(self, now: datetime) -> ClimkitError | None:
        """Ask what is due; return what went wrong if nothing was answered.

        The first refresh asks for what is wanted first; set-up waits for it.
        """

        async def ask(feed: Feed) -> None:
            if self._live_data.has_feed(
                feed
            ):  # an answer before may have told that it is not needed
                await self._async_ask(feed, now)

        def refuse(feed: Feed) -> None:
            # What was answered before is believed to be refused once that lasts.
            if self._live_data.was_answered(feed) and not self._backoff.is_refused_for_long(feed):
                return
            self._live_data.note_refused(feed)
            self.history.set_refused(feed)
            self._refused.add(feed)
            self._update_inventory()

        if due := [] if self._backoff.is_paused(None) else self._live_data.due(now):
            feeds = due if self._has_refreshed else _first(due)
            self._error = await ask_each(feeds, ask, refuse, self._backoff)
        return self._error

    async def _async_ask(self, feed: Feed, now: datetime) -> None:
        midnight = local_midnight(now, self.site.zone)
        start = self._live_data.window_start(feed, now, midnight)
        yesterday = None if self._live_data.was_asked(feed) else self._yesterday(feed, start)
        self._live_data.note_asked(feed, now)
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
            self._live_data.note_first(feed, start, rows[0].start)
        await self.days.async_take_live(feed, start, intervals, midnight)
        self._live_data.merge(feed, intervals, min(start, floor_hour(midnight)))
        self._update_inventory()
        self.history.add_live(feed, start, now, self._live_data.intervals(feed))

    def _yesterday(self, feed: Feed, start: datetime) -> datetime | None:
        """Return when yesterday began, if that is earlier; None where an answer with it is heavy.

        The first answer for a feed holds it, so that it can be shown without a request.
        """
        width = 3 * len(self._listed_meters)
        yesterday = local_midnight(self.midnight - HOUR, self.site.zone)
        is_light = feed.meter_id or fitting_length(width) >= self.now - yesterday
        return yesterday if is_light and yesterday < start else None


def _first(feeds: Collection[Feed]) -> list[Feed]:
    """Return a site's electricity, which has the values of now; without any, its other types."""
    of_site = [feed for feed in feeds if not feed.meter_id]
    return [feed for feed in of_site if feed.meter_type == ELECTRICITY] or of_site


def _ids(meters: Iterable[Meter]) -> set[str]:
    return {meter.id for meter in meters}
