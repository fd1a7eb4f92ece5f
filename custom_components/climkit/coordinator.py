"""Asks Climkit for what is new: a site's intervals each quarter-hour, and its sensors."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from random import uniform
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .api import (
    INTERVAL,
    ClimkitAccessDeniedError,
    ClimkitClient,
    ClimkitError,
    ClimkitResponseError,
    Meter,
    MeterMode,
    MeterReading,
    Priority,
    Site,
    floor_hour,
    floor_interval,
    local_midnight,
)
from .choice import Choice
from .const import DOMAIN
from .errors import refresh_errors
from .feed import Feed, async_fetch_whole
from .history import COMPLETE, SiteHistory
from .measures import (
    CHARGE_POINT,
    ELECTRICITY,
    Series,
    all_series,
    known_meters,
)
from .names import Names
from .recent import Recent
from .schedule import FeedState, next_look
from .store import ClimkitStore, note_listed

if TYPE_CHECKING:
    from .sensor_coordinator import SensorsCoordinator

_LOGGER = logging.getLogger(__name__)

# Entities become unavailable when Climkit has not answered for this long.
UNAVAILABLE_AFTER = timedelta(hours=3)

LISTS_INTERVAL = timedelta(days=1)

# Single meters that the first refresh left out are asked for right after it.
SOON = timedelta(seconds=1)
REFUSED_FOR = timedelta(days=1)

# Raw readings are asked for this far back: it holds the newest of a meter that is read once a day.
READINGS_TAIL = timedelta(days=2)


@dataclass(kw_only=True)
class SiteRuntime:
    """What works for one site."""

    coordinator: SiteCoordinator
    sensors: SensorsCoordinator


type ClimkitConfigEntry = ConfigEntry[dict[str, SiteRuntime]]


class ClimkitCoordinator[T](DataUpdateCoordinator[T]):
    """What the coordinators of a site have in common: when its entities stop being available."""

    config_entry: ClimkitConfigEntry
    _cancel_timer: CALLBACK_TYPE | None = None

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ClimkitConfigEntry,
        client: ClimkitClient,
        site: Site,
        store: ClimkitStore,
        *,
        kind: str,
    ) -> None:
        """Prepare for one site of an account."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} {site.id} {kind}",
            update_interval=INTERVAL,
        )
        self.client = client
        self.site = site
        self.store = store
        self.record = store.site(site.id)
        self.answered: datetime | None = None
        self.listed: datetime | None = None

    @property
    def is_available(self) -> bool:
        """Whether Climkit has answered lately."""
        return bool(self.answered and dt_util.utcnow() - self.answered < UNAVAILABLE_AFTER)

    def lists_are_old(self, now: datetime) -> bool:
        """Whether the day's lists of meters or sensors are due."""
        return self.listed is None or now - self.listed >= LISTS_INTERVAL

    def day(self, now: datetime) -> str:
        """Return the local day of the site (ISO)."""
        return now.astimezone(self.site.zone).date().isoformat()

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Let entities write their states, and do it again when one of them expires."""
        super().async_update_listeners()
        self._async_cancel_timer()
        now = dt_util.utcnow()
        if self._listeners and (times := [time for time in self._expiries() if time > now]):
            self._cancel_timer = async_track_point_in_utc_time(
                self.hass, self._async_expire, min(times)
            )

    @callback
    def _async_expire(self, _now: datetime) -> None:
        self._cancel_timer = None
        self.async_update_listeners()

    @callback
    def _async_cancel_timer(self) -> None:
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None

    def _expiries(self) -> Iterable[datetime]:
        """Return the times at which states change by themselves."""
        return [self.answered + UNAVAILABLE_AFTER] if self.answered else []

    @override
    async def async_shutdown(self) -> None:
        """Stop timers too."""
        await super().async_shutdown()
        self._async_cancel_timer()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteData:
    """What entities are made of: the wanted meters and series, the newest raw readings."""

    meters: dict[str, Meter]
    series: dict[str, Series]
    readings: dict[str, MeterReading]


class SiteCoordinator(ClimkitCoordinator[SiteData]):
    """Asks for a site's intervals soon after each quarter-hour; its history gets them too."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ClimkitConfigEntry,
        client: ClimkitClient,
        site: Site,
        store: ClimkitStore,
        *,
        names: Names,
        choice: Choice,
        history_start: datetime,
    ) -> None:
        """Prepare; `history_start` is where the statistics begin."""
        super().__init__(hass, entry, client, site, store, kind="meters")
        self.names = names
        self.history = SiteHistory(
            hass,
            client,
            site,
            start=history_start,
            store=store,
            on_change=self.async_update_listeners,
        )
        self._choice = choice
        self._has_refreshed = False
        self._listed_meters: list[Meter] = []
        self._series: list[Series] = []
        self._followed: tuple[object, ...] | None = None
        self._recent = Recent()
        self._readings: dict[str, MeterReading] = {}
        self._readings_asked: dict[str, datetime] = {}
        self._offset = timedelta(seconds=uniform(0, 30))  # noqa: S311 - spreads load, no secret

    # What entities show

    def today(self, series: Series) -> float | None:
        """Return the amount since local midnight of the site; None before the first interval."""
        return self._recent.amount(series, local_midnight(dt_util.utcnow(), self.site.zone))

    def power(self, series: Series) -> float | None:
        """Return the mean power of the newest interval in W; None when that is not of now."""
        return self._recent.power(series, dt_util.utcnow())

    @property
    def last_measurement(self) -> datetime | None:
        """Return the end of the site's newest interval."""
        return self._recent.newest

    @property
    def complete_until(self) -> datetime | None:
        """Return the time up to which the site's statistics hold what Climkit has."""
        stored, measured = self.history.complete_until, self.last_measurement
        if stored is None or measured is None:
            return None
        return measured if self.history.progress == COMPLETE else min(stored, measured)

    @override
    def _expiries(self) -> Iterable[datetime]:
        return [
            *super()._expiries(),
            *self._recent.power_expiries(),
            self._next_midnight(),
        ]

    def wants(self, meter_id: str) -> bool:
        """Whether the user wants this meter."""
        return self._choice.wants(meter_id)

    def _next_midnight(self) -> datetime:
        # A day has up to 25 hours, and the next one at least 23.
        today = local_midnight(dt_util.utcnow(), self.site.zone)
        return local_midnight(today + timedelta(hours=26), self.site.zone)

    # Refreshing

    @override
    async def _async_setup(self) -> None:
        with refresh_errors():
            await self._async_list_meters(dt_util.utcnow())

    @override
    async def _async_update_data(self) -> SiteData:
        now = dt_util.utcnow()
        try:
            with refresh_errors():
                if self.lists_are_old(now):
                    await self._async_list_meters(now)
                await self._async_ask_feeds(now)
                await self._async_ask_readings(now)
        finally:
            self._plan(dt_util.utcnow())
        self._has_refreshed = True
        return SiteData(
            meters={key: meter for key, meter in self._meters().items() if self.wants(key)},
            series={series.statistic_id: series for series in self._series},
            readings=dict(self._readings),
        )

    async def _async_list_meters(self, now: datetime) -> None:
        self._listed_meters = await self.client.meters(self.site.id)
        self.listed = self.answered = now
        self._follow()
        note_listed(self.record["meters"], self._meters(), self.day(now))
        self.store.save_soon()

    def _meters(self) -> dict[str, Meter]:
        return known_meters(self._listed_meters, self._recent.columns)

    def _follow(self) -> None:
        """Ask for what the known meters need, and tell history of their series."""
        meters = self._meters()
        has_battery = self._has_battery(meters)
        if (known := (meters, self._recent.columns.copy(), has_battery)) == self._followed:
            return
        self._followed = known
        types = dict.fromkeys(meter.type for meter in meters.values())
        if ELECTRICITY in types:
            types[CHARGE_POINT] = None
        self._series = all_series(
            self.site.id, meters, self._recent.columns, self._choice, has_battery=has_battery
        )
        self._recent.follow([Feed(self.site.id, kind) for kind in types], self._series)
        self.history.set_series(
            (s, self.names.statistic(s, self.site, meters[s.meter_id] if s.meter_id else None))
            for s in self._series
        )

    def _has_battery(self, meters: dict[str, Meter]) -> bool:
        """Whether there is a battery, or was one: its columns are always there, filled with 0."""
        if not self.record["has_battery"]:
            self.record["has_battery"] = self._recent.has_battery or any(
                meter.mode is MeterMode.BATTERY for meter in meters.values()
            )
        return self.record["has_battery"]

    async def _async_ask_feeds(self, now: datetime) -> None:
        """Ask what is due; the first refresh leaves single meters out, they take long."""
        error: ClimkitError | None = None
        for feed, state in self._recent.due(now):
            if feed.meter_id and not self._has_refreshed:
                continue
            try:
                await self._async_ask(feed, state, now)
            except ClimkitAccessDeniedError:
                _LOGGER.debug("Climkit refuses %s, next try in a day", feed)
                state.rests_until = now + REFUSED_FOR
                self.history.set_refused(feed)
            except ClimkitResponseError as err:
                _LOGGER.debug("No usable answer for %s: %s", feed, err)
                error = err
        if error and self._recent.all_failed:
            raise error

    async def _async_ask(self, feed: Feed, state: FeedState, now: datetime) -> None:
        midnight = local_midnight(now, self.site.zone)
        start = self._recent.window_start(feed, now, midnight)
        state.asked, state.failed = now, True
        intervals = await async_fetch_whole(
            self.client, self.site, feed, start, None, Priority.LIVE
        )
        state.failed = False
        self.answered = now
        self._recent.merge(feed, intervals, min(start, floor_hour(midnight)))
        if feed.meter_type == CHARGE_POINT and not self._recent.intervals(feed):
            state.rests_until = now + REFUSED_FOR
        self._follow()
        self.history.offer(feed, start, now, self._recent.intervals(feed))

    async def _async_ask_readings(self, now: datetime) -> None:
        """Ask for raw readings of the meters whose entity somebody enabled, once a quarter-hour."""
        quarter = floor_interval(now)
        for meter_id in self._meters().keys() & set(self.async_contexts()):
            if self._readings_asked.get(meter_id, quarter - INTERVAL) >= quarter:
                continue
            self._readings_asked[meter_id] = now
            try:
                readings = await self.client.meter_data_raw(
                    self.site.id, meter_id, now - READINGS_TAIL, zone=self.site.zone
                )
            except (ClimkitAccessDeniedError, ClimkitResponseError) as err:
                _LOGGER.debug("No reading of meter %s: %s", meter_id, err)
                self._readings.pop(meter_id, None)
                self._readings_asked[meter_id] = now + REFUSED_FOR
                continue
            if readings:
                self._readings[meter_id] = readings[-1]

    def _plan(self, now: datetime) -> None:
        look = next_look(now, is_late=self._recent.is_late(now), offset=self._offset)
        self.update_interval = SOON if self._recent.has_unasked else look - now
