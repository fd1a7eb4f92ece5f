"""A sensor of another integration that tells prices, and the means that the recorder has of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.const import EVENT_RECORDER_HOURLY_STATISTICS_GENERATED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

HOUR = timedelta(hours=1)
UNIT = "CHF/kWh"

# No sensor is one that was there before and has its old id again.
_NUMBERS = count()


@dataclass
class PriceSensor:
    """An entity `sensor.<object_id>`, in the registry where it has a unique id."""

    hass: HomeAssistant
    object_id: str = "ekz_price"
    unit: str = UNIT
    is_registered: bool = True
    mean_type: StatisticMeanType = StatisticMeanType.ARITHMETIC
    attributes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Register it."""
        self.entity_id = f"sensor.{self.object_id}"
        self.key = self.entity_id
        if self.is_registered:
            entry = er.async_get(self.hass).async_get_or_create(
                "sensor", "ekz", f"{next(_NUMBERS)}", suggested_object_id=self.object_id
            )
            assert entry.entity_id == self.entity_id
            self.key = entry.id

    def tell(self, price: float | str) -> None:
        """Tell a price now."""
        attributes = {"unit_of_measurement": self.unit, "friendly_name": "EKZ"} | self.attributes
        self.hass.states.async_set(self.entity_id, str(price), attributes)

    async def compile(self, means: Mapping[datetime, float]) -> None:
        """Let the recorder have means of hours, and say so."""
        metadata = StatisticMetaData(
            source="recorder",
            statistic_id=self.entity_id,
            name=None,
            unit_class=None,
            unit_of_measurement=self.unit,
            mean_type=self.mean_type,
            has_sum=False,
        )
        rows = [StatisticData(start=hour, mean=mean) for hour, mean in means.items()]
        async_import_statistics(self.hass, metadata, rows)
        await async_wait_recording_done(self.hass)
        self.hass.bus.async_fire(EVENT_RECORDER_HOURLY_STATISTICS_GENERATED)
        await self.hass.async_block_till_done(wait_background_tasks=False)

    async def purge(self) -> None:
        """Let the recorder forget all of it."""
        get_instance(self.hass).async_clear_statistics([self.entity_id])
        await async_wait_recording_done(self.hass)

    async def rename(self, object_id: str) -> None:
        """Give it another entity id; the recorder renames its statistics."""
        before, self.entity_id = self.entity_id, f"sensor.{object_id}"
        self.hass.states.async_remove(before)
        er.async_get(self.hass).async_update_entity(before, new_entity_id=self.entity_id)
        await self.hass.async_block_till_done(wait_background_tasks=False)
        await async_wait_recording_done(self.hass)

    def remove(self) -> None:
        """Remove the entity."""
        if self.is_registered:
            er.async_get(self.hass).async_remove(self.entity_id)
        self.hass.states.async_remove(self.entity_id)


def means_between(
    start: datetime, end: datetime, mean: Callable[[datetime], float]
) -> dict[datetime, float]:
    """Means of the full hours of a stretch."""
    number = (end - start) // HOUR
    return {start + index * HOUR: mean(start + index * HOUR) for index in range(number)}


def varying(hour: datetime) -> float:
    """A price that is another one in each hour, below zero at times."""
    return (hour.timetuple().tm_yday * 7 + hour.hour * 5) % 31 / 100 - 0.03
