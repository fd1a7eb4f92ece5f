"""All that works for one site, started and closed as a whole."""

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from copy import replace
from datetime import datetime, timedelta
from functools import cache
from random import uniform
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .api import HOUR, Backoff, ClimkitClient, Interval, Meter, Site, floor_hour
from .const import CONF_HISTORY, DOMAIN
from .coordinator import (
    LiveData,
    PollSchedule,
    SensorsCoordinator,
    SiteCoordinator,
    SiteDays,
    SiteInventory,
    async_owners,
)
from .costs import Month, SiteCosts, stored_prices
from .feeds import FeedReader, Plausibility, Windows
from .history import LONGEST_NIGHT, STARTS_WITHIN, SiteHistory, SyncState, next_night
from .measures import Feed, Names, Series
from .options import Selection, history_start
from .periods import SitePeriods
from .store import ClimkitStore, Peak, SiteRecord

# How often to look whether a night has begun.
NIGHT_LOOKS = timedelta(minutes=10)

# The polls of all homes are spread over so much time.
POLLS_SPREAD = timedelta(seconds=30)


class SiteRuntime:
    """What works for one site. What asks or writes for it ends with it, whoever wanted it."""

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
    ) -> None:
        """Make all of it, bottom up, with a fresh list of meters; nothing asks or writes yet."""
        self.hass = hass
        self.entry = entry
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closed = False
        self._hour = floor_hour(dt_util.utcnow())
        self._is_up_to_date = False
        self.client = client
        self.store = store
        self.record = store.site(site.id)
        site = _as_remembered(site, self.record)
        self.plausibility = Plausibility(self.record.plausibility)
        self.windows = Windows(self.record.window)
        self.periods = SitePeriods(hass, site, self.record.peaks, self._read_unknown_peaks)
        reader = FeedReader(client, site, self.plausibility, self.windows)
        live_data = LiveData()
        polls = Backoff[Feed](hass.loop.time)
        self.days = SiteDays(hass, site, reader, live_data, polls)
        self.costs = SiteCosts(
            hass,
            site,
            store,
            stored_prices(entry, site.id),
            price_name=names.grid_price(site),
            peak=self.periods.highest,
            amounts=lambda: self.history,
            on_change=self._update_entities,
        )
        self.history = self._make_history(site, reader, live_data)
        self.inventory = SiteInventory(site, store, selection, async_owners(hass), live_data)
        common = hass, entry, client, site, store
        self.coordinator = SiteCoordinator(
            *common,
            names=names,
            meters=meters,
            reader=reader,
            schedule=PollSchedule(polls, live_data.is_unknown, _polls_offset()),
            live_data=live_data,
            inventory=self.inventory,
            days=self.days,
            history=self.history,
            costs=self.costs,
            note_time=self._note_time,
        )
        self.sensors = SensorsCoordinator(*common, is_wanted=selection.sensors)

    def _make_history(self, site: Site, reader: FeedReader, live_data: LiveData) -> SiteHistory:
        start = history_start(self.entry.options[CONF_HISTORY], site, dt_util.utcnow())
        return SiteHistory(
            self.hass,
            reader,
            site,
            start=start,
            store=self.store,
            write_guard=self.costs.write_guard,
            on_change=self._note_history,
            on_loaded=self.periods.amounts.async_begin_day,
            on_read=self._async_follow,
            on_withdrawn=live_data.drop_withdrawn,
            on_deleted=self.costs.note_deleted,
        )

    # What there is

    @property
    def site(self) -> Site:
        """Return the site; its name is that of the newest list."""
        return self.coordinator.site

    @property
    def names(self) -> Names:
        """Return the words for names, in the language of the instance."""
        return self.coordinator.names

    @property
    def label(self) -> str:
        """Return the site's name, told apart from those of all others that are loaded."""
        sites = (one.site for one in loaded_sites(self.hass))
        return self.names.sites([*sites, self.site])[self.site.id]

    @property
    def meter_labels(self) -> Mapping[str, str]:
        """Return the names of the wanted meters, told apart."""
        return self.names.meters(self.meters.values())

    @property
    def meters(self) -> Mapping[str, Meter]:
        """Return the wanted meters by id."""
        return self.coordinator.data.meters

    @property
    def series(self) -> Mapping[str, Series]:
        """Return the wanted series by the id of their statistic."""
        return self.coordinator.data.series

    def newest(self, series: Series) -> datetime | None:
        """Return the end of the newest data of a series; None where there are none, or not yet."""
        if interval := self.coordinator.newest_interval(series):
            return interval.end
        stored = self.history.newest(series)
        return stored + HOUR if stored else None

    @property
    def complete_until(self) -> datetime | None:
        """Return the time up to which the site's statistics hold what Climkit has."""
        stored, measured = self.history.complete_until, self.coordinator.last_measurement
        if stored is None or measured is None:
            return None
        return min(stored, measured)

    def peak(self, series: Series) -> Peak | None:
        """Return the highest quarter-hour of the month; None until it is known."""
        return self.periods.peaks.peak(series, self.coordinator.now)

    # What follows from what

    @callback
    def _update_entities(self) -> None:
        self.coordinator.async_update_listeners()

    @callback
    def set_tariffs(self, tariffs: list[dict[str, Any]]) -> None:
        """Say which tariffs the site has, as they are stored; they may be of months long over."""
        self.costs.set_tariffs(tariffs)
        self._read_unknown_peaks()

    @callback
    def _note_history(self) -> None:
        """Tell of new totals and progress; costs of what was read to its end may be known now."""
        self.costs.worker.wake()
        if self._is_up_to_date != self.history.is_up_to_date:
            self._is_up_to_date = not self._is_up_to_date
            self._read_unknown_peaks()
        self._update_entities()

    async def _async_follow(
        self,
        states: Sequence[SyncState],
        start: datetime,
        end: datetime,
        intervals: Sequence[Interval],
    ) -> None:
        """Let amounts of periods, peaks and days follow what history read."""
        await self.periods.async_follow(states, start, end, intervals)
        for feed in {state.series.feed for state in states}:
            await self.days.async_take(feed, start, end, intervals)

    @callback
    def _read_unknown_peaks(self) -> None:
        """Have read again what is lacking for highest quarter-hours that somebody pays for."""
        plan = self.costs.plan
        if not plan.tariffs.has_power_price:
            return
        per_kw = cache(plan.power_price)
        for state in self.history.states:
            for hours in self.periods.lacking(state):
                month = Month.of(hours.start.astimezone(self.site.zone).date())
                if per_kw(state.series.owner_id, month):
                    self.history.read_lacking(state.series.feed, hours)

    @callback
    def _note_time(self, now: datetime) -> None:
        """Let an hour and a day begin."""
        if (hour := floor_hour(now)) != self._hour:
            self._hour = hour
            self.costs.start_hour()
        if self.periods.amounts.is_outdated(now):
            self.entry.async_create_task(self.hass, self._async_begin_day())

    async def _async_begin_day(self) -> None:
        await self.periods.amounts.async_begin_day(self.history.states)
        self._update_entities()

    # From start to end

    @callback
    def start(self) -> None:
        """Start what works in the background: history, costs, sensors' values."""
        self.history.worker.start(self.entry)
        self.costs.start(self.entry)
        if self.sensors.is_wanted:
            self.entry.async_create_background_task(
                self.hass, self.sensors.async_start(), f"climkit sensors {self.site.id}"
            )

        @callback
        def started(_hass: HomeAssistant) -> None:
            self.history.start_import()

        self.entry.async_on_unload(async_at_started(self.hass, started))
        self._plan_nights()

    def _plan_nights(self) -> None:
        """Let history be read again each night, at a minute that is another one in every home.

        It is looked whether the night has come, rather than waited for it: a clock that is set
        would let a night begin days too late.
        """
        zone = self.site.zone
        delay = timedelta(seconds=uniform(0, STARTS_WITHIN.total_seconds()))  # noqa: S311 - no secret
        planned = next_night(dt_util.utcnow(), zone, delay)
        last: datetime | None = None

        @callback
        def look(_now: datetime) -> None:
            nonlocal planned, last
            now = dt_util.utcnow()
            following = next_night(now, zone, delay)
            # One that begins late, after the clock stood still, is not followed by another in it.
            is_night = last is not None and timedelta() <= now - last < LONGEST_NIGHT
            if now >= planned and not is_night:
                last = now
                self.history.start_night()
                self.costs.start_night()
                self._read_unknown_peaks()
            planned = following

        self.entry.async_on_unload(async_track_time_interval(self.hass, look, NIGHT_LOOKS))

    async def async_delete(self, statistic_ids: Collection[str]) -> None:
        """Delete statistics; those that are wanted are then made anew."""
        await self.history.async_delete(statistic_ids)
        self.costs.note_deleted(statistic_ids)

    async def async_run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do what an action or a dialog wants of this site, and return what it answers.

        Raises HomeAssistantError if the account is unloaded before it is done; what was written
        until then stays.
        """
        if self._is_closed:
            work.close()
            raise _unloaded()
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await task
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller and caller.cancelling():
                raise
            raise _unloaded() from None

    async def async_close(self) -> None:
        """End all that asks or writes, and wait for it."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.history.async_stop()
        await self.costs.worker.async_stop()


type ClimkitConfigEntry = ConfigEntry[dict[str, SiteRuntime]]


@callback
def loaded_sites(hass: HomeAssistant) -> Iterator[SiteRuntime]:
    """Return the sites of all accounts that are loaded."""
    entries: list[ClimkitConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        yield from entry.runtime_data.values()


def _unloaded() -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded_meanwhile")


def _as_remembered(site: Site, record: SiteRecord) -> Site:
    """Return a site with the name that it had, where Climkit tells none, and as old as its rows.

    Climkit may have corrected when it was made. What was measured before stays, so it costs
    something and has a highest quarter-hour.
    """
    created = site.created
    if created and record.first_row:
        created = min(created, record.first_row)
    return replace(site, name=site.name or record.name, created=created)


def _polls_offset() -> timedelta:
    return POLLS_SPREAD * uniform(0, 1)  # noqa: S311 - no secret
