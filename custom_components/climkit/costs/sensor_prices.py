"""Prices that sensors tell: the means of hours, copied to statistics of this integration.

Costs follow from the copies alone, so they stay the same whatever becomes of a sensor and of its
statistics. A copy is the mean as the sensor told it, without factor and surcharge. What is copied
once is not copied again, unless somebody took it away.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util, slugify

from ..api import HOUR, Site, floor_hour
from ..const import DOMAIN
from ..ids import slug
from ..statistics import (
    RecorderError,
    TimeRange,
    async_mean_unit,
    async_means,
    async_synchronize,
    async_write_means,
    described,
    merged,
    ranges_of_hours,
    without,
)
from .tariff import is_price
from .tariffs import Means, Tariffs

# A mean that is not there after this is looked for in nights only, and when prices change.
AWAITED = timedelta(days=3)

_EVER = datetime.min.replace(tzinfo=UTC)


def price_unit(currency: str | None) -> str:
    """Return in what unit a sensor has to tell prices."""
    return f"{currency}/{UnitOfEnergy.KILO_WATT_HOUR}"


class SensorPrices:
    """The hourly prices of a site that sensors tell.

    `untold`: the hours that were over at the last look, and of which no mean is copied, by sensor.
    """

    def __init__(
        self, hass: HomeAssistant, site: Site, name: str, on_told: Callable[[], None]
    ) -> None:
        """Prepare; `name` is the one of the copies, `on_told` hears of what sensors tell now."""
        self._hass = hass
        self._site = site
        self._name = name
        self._on_told = on_told
        self._look_from: datetime | None = _EVER
        self._followed: set[str] = set()
        self._unfollow: CALLBACK_TYPE | None = None
        self.untold: dict[str, list[TimeRange]] = {}

    # The price now

    def now(self, sensor: str, unit: str) -> float | None:
        """Return what a sensor tells now; None where that is no price in this unit."""
        entity_id = self._entity_id(sensor)
        state = self._hass.states.get(entity_id) if entity_id else None
        if state is None or state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) != unit:
            return None
        try:
            price = float(state.state)
        except ValueError:
            return None
        return price if is_price(price) else None

    @callback
    def follow(self, sensors: Collection[str]) -> None:
        """Hear of what these sensors tell, and no others, under the ids that they have now."""
        entity_ids = set(filter(None, map(self._entity_id, sensors)))
        if entity_ids == self._followed:
            return
        self.unfollow()
        self._followed = entity_ids
        if entity_ids:
            self._unfollow = async_track_state_change_event(self._hass, entity_ids, self._told)

    @callback
    def unfollow(self) -> None:
        """Hear of nothing any more."""
        if self._unfollow:
            self._unfollow()
        self._unfollow, self._followed = None, set()

    @callback
    def _told(self, _event: Event[Any]) -> None:
        self._on_told()

    # The hours

    @property
    def is_due(self) -> bool:
        """Whether it is to be looked for hours that can be priced now."""
        return self._look_from is not None

    def look_again(self, *, all_time: bool = False) -> None:
        """Look for means that were not there: of the last days, or of all time."""
        since = _EVER if all_time else dt_util.utcnow() - AWAITED
        self._look_from = min(since, self._look_from or since)

    async def async_look(self, tariffs: Tariffs) -> list[TimeRange]:
        """Return the hours of which sensors have a mean that is not copied yet.

        No tariff changes within one of the stretches. Only what is over is looked at.
        """
        since, self._look_from = self._look_from, None
        try:
            return await self._async_look(tariffs, since or _EVER)
        except Exception:
            self.look_again(all_time=since == _EVER)
            raise

    async def _async_look(self, tariffs: Tariffs, since: datetime) -> list[TimeRange]:
        found: list[TimeRange] = []
        untold: dict[str, list[TimeRange]] = {}
        looked_at = self._looked_at(tariffs, since)
        for sensor, stretch in tariffs.told_by_sensors(looked_at) if looked_at else ():
            copied = await self._async_copied(sensor, stretch)
            told = await self._async_told(sensor, stretch, copied, tariffs.currency)
            found += await self._hass.async_add_executor_job(ranges_of_hours, told)
            lacking = await self._hass.async_add_executor_job(_lacking, stretch, copied)
            untold[sensor] = [*untold.get(sensor, ()), *lacking]
        self._note_untold(untold, looked_at, is_all=since == _EVER)
        return found

    def _looked_at(self, tariffs: Tariffs, since: datetime) -> TimeRange | None:
        start = max(filter(None, (since, tariffs.start, self._site.created)))
        return TimeRange.between(floor_hour(start), floor_hour(dt_util.utcnow()))

    def _note_untold(
        self, new: Mapping[str, list[TimeRange]], looked_at: TimeRange | None, *, is_all: bool
    ) -> None:
        if is_all:
            self.untold = {}
        for sensor, ranges in new.items():
            before = self.untold.get(sensor, [])
            left = without(before, looked_at) if looked_at else before
            self.untold[sensor] = merged([*left, *ranges])

    async def async_copy_means(self, tariffs: Tariffs, hours: TimeRange) -> Means:
        """Copy the means of a stretch that sensors have and that are not copied yet; return all.

        Raises RecorderError where copies were not stored.
        """
        found: dict[str, dict[datetime, float]] = {}
        for sensor, stretch in tariffs.told_by_sensors(hours):
            copied = await self._async_copied(sensor, stretch)
            if told := await self._async_told(sensor, stretch, copied, tariffs.currency):
                copied |= await self._async_copy(sensor, told, tariffs.currency)
            found.setdefault(sensor, {}).update(copied)
        return found

    async def async_copied_means(self, tariffs: Tariffs, hours: TimeRange) -> Means:
        """Return the means of a stretch that are copied, by sensor."""
        found: dict[str, dict[datetime, float]] = {}
        for sensor, stretch in tariffs.told_by_sensors(hours):
            found.setdefault(sensor, {}).update(await self._async_copied(sensor, stretch))
        return found

    async def _async_copied(self, sensor: str, hours: TimeRange) -> dict[datetime, float]:
        return await async_means(self._hass, self._statistic_id(sensor), hours.start, hours.end)

    async def _async_told(
        self,
        sensor: str,
        hours: TimeRange,
        copied: Mapping[datetime, float],
        currency: str | None,
    ) -> dict[datetime, float]:
        """Return the means that a sensor has of hours that are over, without those that are copied.

        It has none while it is not there, or tells another unit.
        """
        over = TimeRange.between(hours.start, min(hours.end, floor_hour(dt_util.utcnow())))
        entity_id = self._entity_id(sensor)
        if over is None or entity_id is None:
            return {}
        if not (lacking := await self._hass.async_add_executor_job(_lacking, over, copied)):
            return {}
        if await async_mean_unit(self._hass, entity_id) != (True, price_unit(currency)):
            return {}
        told = await async_means(self._hass, entity_id, lacking[0].start, lacking[-1].end)
        return await self._hass.async_add_executor_job(_new_prices, told, copied)

    async def _async_copy(
        self, sensor: str, told: Mapping[datetime, float], currency: str | None
    ) -> dict[datetime, float]:
        """Copy means to the statistic of this integration, and return them as they are stored."""
        name = f"{self._name} ({self._label(sensor)})"
        statistic = described(self._statistic_id(sensor), name, price_unit(currency), is_mean=True)
        async_write_means(self._hass, statistic, told)
        await async_synchronize(self._hass)
        copied = await self._async_copied(sensor, TimeRange(min(told), max(told) + HOUR))
        if not told.keys() <= copied.keys():
            raise RecorderError(f"{statistic['statistic_id']} lacks prices that were copied")
        self.untold[sensor] = without(self.untold.get(sensor, []), *ranges_of_hours(told))
        return copied

    # The sensors

    def _entity_id(self, sensor: str) -> str | None:
        """Return the id that a sensor has now; our own tell what costs follow from, not prices."""
        registry = er.async_get(self._hass)
        entity_id = er.async_resolve_entity_id(registry, sensor)
        entry = registry.async_get(entity_id) if entity_id else None
        return None if entry and entry.platform == DOMAIN else entity_id

    def _label(self, sensor: str) -> str:
        entity_id = self._entity_id(sensor) or sensor
        state = self._hass.states.get(entity_id)
        return state.name if state else entity_id

    def _statistic_id(self, sensor: str) -> str:
        """Return the id of the copies of a sensor; it stays when the sensor is renamed."""
        return f"{DOMAIN}:{slug(self._site.id)}_grid_price_{slugify(sensor)}"


def _new_prices(
    told: Mapping[datetime, float], copied: Mapping[datetime, float]
) -> dict[datetime, float]:
    return {hour: mean for hour, mean in told.items() if hour not in copied and is_price(mean)}


def _lacking(hours: TimeRange, copied: Mapping[datetime, float]) -> list[TimeRange]:
    """Return the hours that begin in a stretch and are not copied."""
    return ranges_of_hours(hour for hour in hours.hours if hour not in copied)
