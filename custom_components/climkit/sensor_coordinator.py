"""Asks for the newest readings of a site's sensors."""

from datetime import datetime, timedelta
import logging
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .api import (
    ClimkitAccessDeniedError,
    ClimkitClient,
    ClimkitResponseError,
    Reading,
    Sensor,
    Site,
)
from .coordinator import REFUSED_FOR, ClimkitConfigEntry, ClimkitCoordinator
from .errors import refresh_errors
from .store import ClimkitStore, note_listed

_LOGGER = logging.getLogger(__name__)

# A sensor's value this old is no longer shown.
READING_EXPIRES_AFTER = timedelta(days=1)


class SensorsCoordinator(ClimkitCoordinator[dict[str, Sensor]]):
    """Lists a site's sensors once a day and asks for the newest reading of each enabled one."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ClimkitConfigEntry,
        client: ClimkitClient,
        site: Site,
        store: ClimkitStore,
    ) -> None:
        """Prepare; the first refresh only brings the list."""
        super().__init__(hass, entry, client, site, store, kind="sensors")
        self._readings: dict[str, Reading] = {}
        self._rests: dict[str, datetime] = {}

    def value(self, sensor_id: str) -> float | None:
        """Return the newest value of a sensor in its own unit; None when it is too old."""
        reading = self._readings.get(sensor_id)
        if reading is None or dt_util.utcnow() - reading.at > READING_EXPIRES_AFTER:
            return None
        return reading.value

    @override
    async def _async_update_data(self) -> dict[str, Sensor]:
        now = dt_util.utcnow()
        sensors = self.data or {}
        with refresh_errors():
            if self.lists_are_old(now):
                sensors = {sensor.id: sensor for sensor in await self.client.sensors(self.site.id)}
                self.listed = self.answered = now
                note_listed(self.record["sensors"], sensors, self.day(now))
                self.store.save_soon()
            for sensor_id in sensors.keys() & set(self.async_contexts()):
                if self._rests.get(sensor_id, now) <= now:
                    await self._async_ask(sensor_id, now)
        return sensors

    async def _async_ask(self, sensor_id: str, now: datetime) -> None:
        try:
            readings = await self.client.sensor_data(self.site.id, sensor_id, zone=self.site.zone)
        except ClimkitAccessDeniedError:
            _LOGGER.debug("Climkit refuses sensor %s, next try in a day", sensor_id)
            self._rests[sensor_id] = now + REFUSED_FOR
        except ClimkitResponseError as err:
            _LOGGER.debug("No usable answer for sensor %s: %s", sensor_id, err)
        else:
            self.answered = now
            if readings:
                self._readings[sensor_id] = readings[-1]
