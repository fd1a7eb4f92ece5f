"""Raw readings of single meters, for those who enabled their entities."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from ..api import Backoff, ClimkitClient, MeterReading, Query, Site, ask_each, floor_interval
from ..feeds import Windows, newest_present

# It holds the newest reading of a meter that is read once a day.
TAIL = timedelta(days=2)


class MeterRegisters:
    """The newest raw reading of some meters of a site, each asked for once a quarter-hour."""

    def __init__(
        self, client: ClimkitClient, site: Site, windows: Windows, clock: Callable[[], float]
    ) -> None:
        """Begin with nothing known; `clock` is a monotonic one."""
        self._client = client
        self._site = site
        self._windows = windows
        self._backoff = Backoff[str](clock)
        self._newest: dict[str, MeterReading] = {}
        self._asked_in: dict[str, datetime] = {}

    def register(self, meter_id: str, name: str) -> float | None:
        """Return a register as the meter last showed it; None where it is unknown."""
        reading = self._newest.get(meter_id)
        return reading.registers.get(name) if reading else None

    async def async_ask(self, meter_ids: Iterable[str], now: datetime) -> None:
        """Ask for what is due. Raises ClimkitAuthenticationError; other trouble is no news."""
        quarter = floor_interval(now)

        async def ask(meter_id: str) -> None:
            self._asked_in[meter_id] = quarter
            readings = await self._async_read(meter_id, now)
            if newest := newest_present(readings, self._newest.get(meter_id), now):
                self._newest[meter_id] = newest

        def refuse(meter_id: str) -> None:
            if self._backoff.is_refused_for_long(meter_id):
                self._newest.pop(meter_id, None)

        def is_due(meter_id: str) -> bool:
            if self._backoff.is_paused(meter_id):
                return False
            return self._backoff.is_in_trouble(meter_id) or self._asked_in.get(meter_id) != quarter

        await ask_each(sorted(filter(is_due, meter_ids)), ask, refuse, self._backoff)

    async def _async_read(self, meter_id: str, now: datetime) -> list[MeterReading]:
        """Ask once; for half as much the next time where that may have been too long."""
        length = min(TAIL, self._windows.length(now) or TAIL)
        query = Query(now - length, zone=self._site.zone)
        with self._windows.noted(length, dt_util.utcnow):
            return await self._client.meter_data_raw(self._site.id, meter_id, query)
