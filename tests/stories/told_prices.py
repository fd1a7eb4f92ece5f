"""Sensors that tell prices in a story: what the recorder has of them, and when.

A mean comes some minutes after its hour, some come hours late, others never: all of it a pure
function of sensor and hour.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant

from custom_components.climkit.api import floor_hour
from tests.costs.price_sensor import HOUR, PriceSensor
from tests.simulator.profiles import noise

# The one in the registry can be renamed.
NAMES = ("ekz_price", "vario")

COMPILED_AFTER = timedelta(minutes=11)
NEVER, LATE, LATEST = 0.05, 0.12, 30
LONGEST = (LATEST + 2) * HOUR

# Of each so many hours, the sensor was not there in some.
ROUND, ABSENT = 60, 5


@dataclass
class ToldPrices:
    """The sensors, from an hour on."""

    hass: HomeAssistant
    first: datetime
    sensors: dict[str, PriceSensor] = field(default_factory=dict)
    compiled: dict[str, datetime] = field(default_factory=dict)
    """Until when all that is there was given to the recorder, by the name of a sensor."""

    def key(self, name: str) -> str:
        """What a tariff remembers of a sensor, which is there from now on."""
        if name not in self.sensors:
            is_registered = name == NAMES[0]
            self.sensors[name] = PriceSensor(self.hass, name, is_registered=is_registered)
        return self.sensors[name].key

    def mean(self, key: str, hour: datetime, now: datetime) -> float | None:
        """What a sensor told of an hour, as the recorder has it by now."""
        name = next(name for name, sensor in self.sensors.items() if sensor.key == key)
        due = self._due(name, hour)
        return _mean(name, hour) if due and due <= now else None

    def _due(self, name: str, hour: datetime) -> datetime | None:
        """When the mean of an hour is there; None: never."""
        number = int(hour.timestamp()) // 3600
        chance = noise(len(name), number, 3)
        if hour < self.first or chance < NEVER or number % ROUND < ABSENT:
            return None
        late = int(noise(len(name), number, 4) * LATEST) if chance < NEVER + LATE else 0
        return hour + HOUR + COMPILED_AFTER + late * HOUR

    async def compile(self, now: datetime) -> None:
        """Let the recorder have what is there by now."""
        for name, sensor in self.sensors.items():
            until = self.compiled.get(name, self.first)
            start = max(self.first, floor_hour(until - LONGEST))
            hours = (start + index * HOUR for index in range(max(0, (now - start) // HOUR)))
            due = {hour: when for hour in hours if (when := self._due(name, hour))}
            new = {hour: _mean(name, hour) for hour, when in due.items() if until < when <= now}
            self.compiled[name] = max(until, now)
            if new:
                await sensor.compile(new)

    async def remove(self) -> None:
        """Take the sensors and their statistics away."""
        for sensor in self.sensors.values():
            await sensor.purge()
            sensor.remove()


def _mean(name: str, hour: datetime) -> float:
    """A price below zero at times, never zero."""
    return round(noise(len(name), int(hour.timestamp()) // 3600, 5) * 0.4, 4) - 0.05005
