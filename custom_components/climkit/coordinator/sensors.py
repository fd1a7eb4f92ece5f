"""Asks for the newest readings of a site's sensors."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api import (
    FIRST_PAUSE,
    INTERVAL,
    Backoff,
    ClimkitClient,
    ClimkitError,
    Reading,
    Sensor,
    Site,
    ask_each,
)
from ..errors import refresh_errors
from ..feeds import newest_present
from ..store import ClimkitStore
from .base import ClimkitCoordinator
from .inventory import note_listed
from .owners import async_owners
from .schedule import FOLLOW_UP_DELAY

_LOGGER = logging.getLogger(__name__)

# A sensor's value this old is no longer shown.
READING_EXPIRES_AFTER = timedelta(days=1)

# No sensor is asked again sooner, whoever wants a refresh; refreshes come a little early.
SHORTEST_INTERVAL = INTERVAL - timedelta(seconds=30)

# What the list of sensors is to the back-off, beside the ids of its sensors.
LIST = ""


class SensorsCoordinator(ClimkitCoordinator[dict[str, Sensor]]):
    """Lists a site's sensors once a day and asks for the newest reading of each enabled one.

    Most sites have no sensors, so trouble with their list is no reason to do without meters.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        client: ClimkitClient,
        site: Site,
        store: ClimkitStore,
        *,
        is_wanted: bool,
    ) -> None:
        """Prepare; nothing is known before the first refresh, for which set-up does not wait."""
        super().__init__(hass, entry, client, site, store, kind="sensors")
        self.data = {}
        self.is_wanted = is_wanted
        self.has_asked = not is_wanted
        self._sensors: dict[str, Sensor] = {}
        self._readings: dict[str, Reading] = {}
        self._asked: dict[str, datetime] = {}
        self._backoff = Backoff[str](hass.loop.time)
        self._owners = async_owners(hass)
        self._error: ClimkitError | None = None
        self._described: dict[str, Sensor] = {}

    def value(self, sensor_id: str) -> float | None:
        """Return the newest value of a sensor in its own unit; None when it is too old."""
        reading = self._readings.get(sensor_id)
        if reading is None or self.now - reading.at >= READING_EXPIRES_AFTER:
            return None
        return reading.value

    async def async_start(self) -> None:
        """Ask for the list; the readings follow once there are entities."""
        await self._async_setup()
        await self.async_refresh()

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: object = None
    ) -> CALLBACK_TYPE:
        """Listen; a sensor that somebody looks at from now on is asked for soon."""
        remove = super().async_add_listener(update_callback, context)
        if context is not None and context not in self._readings:
            self.update_interval = FOLLOW_UP_DELAY
            self._schedule_refresh()
        return remove

    @override
    async def _async_update_data(self) -> dict[str, Sensor]:
        now = dt_util.utcnow()
        self.update_interval = INTERVAL
        try:
            with refresh_errors():
                if self.lists_are_old(now):
                    await self._async_list_sensors(now)
                self.has_asked = True
                if error := await self._async_ask_sensors(now):
                    raise error
        finally:
            self.update_interval = self._until_next_poll()
        return self._sensors

    def _until_next_poll(self) -> timedelta:
        """Return when to ask again: each quarter-hour, or sooner where a pause is over."""
        if (end := self._backoff.next_end) is None:
            return INTERVAL
        pause_left = timedelta(seconds=end - self.hass.loop.time())
        return min(max(pause_left, self._backoff.left(None), FIRST_PAUSE), INTERVAL)

    async def _async_list_sensors(self, now: datetime) -> None:
        listed = await self._async_list(self.client.sensors, self._backoff, LIST)
        if listed is None:
            return
        if self._is_doubtful(listed, had_some=bool(self.record.sensors)):
            return  # the next one follows soon
        described = {one.id: self._as_described(one) for one in listed}
        if any(_has_changed(self._described.get(key), one) for key, one in described.items()):
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
            return  # no entity is added any more
        self._described |= described
        self._sensors = self._own(described)
        self.listed = now
        self.mark_answered()
        if gone := note_listed(self.record.sensors, self._sensors, self.day(now)):
            # Entities that are gone make room for those of another site, which may follow at once.
            self.async_update_listeners()
        self._owners.release(self.site.id, "sensors", gone)
        self.store.save_soon()

    def _as_described(self, sensor: Sensor) -> Sensor:
        """Return a sensor with what lists said of it before, where this one does not."""
        before = self._described.get(sensor.id, sensor)
        return sensor._replace(
            name=sensor.name or before.name,
            type=sensor.type or before.type,
            unit=sensor.unit or before.unit,
        )

    def _own(self, sensors: Mapping[str, Sensor]) -> dict[str, Sensor]:
        """Return the sensors that no other site has."""
        self._owners.claim(self.site.id, "sensors", sensors)
        others = self._owners.of_others(self.site.id, "sensors", sensors)
        for sensor_id in others:
            self.record.sensors.pop(sensor_id, None)
        return {key: sensor for key, sensor in sensors.items() if key not in others}

    async def _async_ask_sensors(self, now: datetime) -> ClimkitError | None:
        """Ask for each enabled sensor; return what went wrong if nothing was answered."""

        async def ask(sensor_id: str) -> None:
            self._asked[sensor_id] = now
            site = self.site
            readings = await self.client.newest_sensor_data(site.id, sensor_id, site.zone)
            self.mark_answered()
            if newest := newest_present(readings, self._readings.get(sensor_id), now):
                self._readings[sensor_id] = newest

        def refuse(sensor_id: str) -> None:
            """It is paused; its value grows old by itself."""

        enabled = self._sensors.keys() & set(self.async_contexts())
        if due := [sensor_id for sensor_id in sorted(enabled) if self._is_due(sensor_id, now)]:
            self._error = await ask_each(due, ask, refuse, self._backoff)
        elif not enabled:
            self._error = None
        return self._error

    def _is_due(self, sensor_id: str, now: datetime) -> bool:
        if self._backoff.is_in_trouble(sensor_id):
            return not self._backoff.is_paused(sensor_id)
        asked = self._asked.get(sensor_id)
        # A question of the future was asked while the clock was wrong.
        is_recent = asked is not None and timedelta() <= now - asked < SHORTEST_INTERVAL
        return not is_recent and not self._backoff.is_paused(sensor_id)


def _has_changed(before: Sensor | None, sensor: Sensor) -> bool:
    """Whether a sensor measures something else than it did, or in another unit."""
    return before is not None and (sensor.type, sensor.unit) != (before.type, before.unit)
