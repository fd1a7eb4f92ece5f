"""Raw readings of single meters, for those who enabled their entities."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .api import INTERVAL, ClimkitClient, MeterReading, Site, floor_interval
from .asking import async_ask_each
from .schedule import REFUSED_FOR

# It holds the newest reading of a meter that is read once a day.
TAIL = timedelta(days=2)


class RawReadings:
    """The newest raw reading of some meters of a site, each asked for once a quarter-hour."""

    def __init__(self, client: ClimkitClient, site: Site) -> None:
        """Begin with nothing known."""
        self._client = client
        self._site = site
        self._newest: dict[str, MeterReading] = {}
        self._next: dict[str, datetime] = {}

    def register(self, meter_id: str, name: str) -> float | None:
        """Return a register as the meter last showed it; None where it is unknown."""
        reading = self._newest.get(meter_id)
        return reading.registers.get(name) if reading else None

    async def async_ask(self, meter_ids: Iterable[str], now: datetime) -> None:
        """Ask for what is due. Raises ClimkitAuthenticationError; other trouble is no news."""

        async def ask(meter_id: str) -> None:
            self._next[meter_id] = floor_interval(now) + INTERVAL
            readings = await self._client.meter_data_raw(
                self._site.id, meter_id, now - TAIL, zone=self._site.zone
            )
            if readings:
                self._newest[meter_id] = readings[-1]

        def refuse(meter_id: str) -> None:
            self._next[meter_id] = now + REFUSED_FOR
            self._newest.pop(meter_id, None)

        due = [meter_id for meter_id in meter_ids if self._next.get(meter_id, now) <= now]
        await async_ask_each(sorted(due), ask, refuse)
