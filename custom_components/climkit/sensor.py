"""The entities: series of meters and sites, and Climkit's sensors."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import batched
from typing import Any, override

from homeassistant.components.sensor import SensorEntityDescription, SensorStateClass
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Sensor
from .const import CONF_SITE_TOTALS
from .coordinator import SensorsCoordinator, SiteCoordinator
from .cost_sensors import WITHOUT_TOTALS, async_follow_costs
from .devices import (
    async_name_devices,
    async_remove_stale_devices,
    meter_device,
    sensor_device,
    site_device,
    site_device_ids,
)
from .entity import ClimkitEntity
from .measures import Series
from .runtime import ClimkitConfigEntry, SiteRuntime
from .sensor_descriptions import (
    READINGS,
    SITE_SENSORS,
    NetPowerDescription,
    RateSensorDescription,
    ReadingSensorDescription,
    SeriesSensorDescription,
    SiteSensorDescription,
    net_power_descriptions,
    rate_descriptions,
    series_descriptions,
)
from .sensor_types import device_class_of, unit_of

PARALLEL_UPDATES = 0

# Decimals of a state: what lies behind them is float dust, and no meter resolves it.
DUST = 6

# Home Assistant adds entities without a break, thousands take seconds: so let others have a turn.
ADDED_AT_ONCE = 25

# Below this much energy (kWh) a rate of today says nothing.
RATE_FROM = 0.05


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClimkitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the entities of all sites, and of what joins later."""
    for runtime in entry.runtime_data.values():
        if not entry.options[CONF_SITE_TOTALS]:
            _async_remove_totals(hass, runtime.coordinator)
        await _async_follow(hass, entry, runtime, async_add_entities)
        async_follow_costs(hass, entry, runtime, async_add_entities)


@callback
def _async_remove_totals(hass: HomeAssistant, coordinator: SiteCoordinator) -> None:
    """Remove the entities of a site's totals, which the user no longer wants."""
    registry, site_id = er.async_get(hass), coordinator.site.id
    wanted = {f"{site_id}_{description.key}" for description in (*SITE_SENSORS, *WITHOUT_TOTALS)}
    for entity in er.async_entries_for_config_entry(registry, coordinator.config_entry.entry_id):
        if entity.unique_id.startswith(f"{site_id}_") and entity.unique_id not in wanted:
            registry.async_remove(entity.entity_id)


async def _async_follow(
    hass: HomeAssistant,
    entry: ClimkitConfigEntry,
    runtime: SiteRuntime,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a site's entities now and whenever there are new ones; remove devices that are gone."""
    coordinator, sensors = runtime.coordinator, runtime.sensors
    owners: dict[str, str] = {}
    seen: tuple[object, ...] | None = None

    @callback
    def new_entities() -> list[ClimkitEntity[Any]]:
        nonlocal owners, seen
        present = site_device_ids(runtime)
        data = coordinator.data, sensors.data, sensors.has_asked
        known = (*data, coordinator.site, coordinator.names, present)
        if known == seen:
            return []
        if seen:
            async_name_devices(hass, entry, runtime)
        seen = known
        async_remove_stale_devices(hass, entry)
        # Entities of a device that was removed are new ones when it returns.
        owners = {unique_id: owner for unique_id, owner in owners.items() if owner in present}
        entities = {
            str(entity.unique_id): entity
            for entity in (*_site_entities(coordinator), *_sensor_entities(sensors))
        }
        new = [entity for unique_id, entity in entities.items() if unique_id not in owners]
        owners |= {unique_id: entity.owner_id for unique_id, entity in entities.items()}
        return new

    @callback
    def update() -> None:
        async_add_entities(new_entities())

    for batch in batched(new_entities(), ADDED_AT_ONCE, strict=False):
        async_add_entities(batch)
        await asyncio.sleep(0)
    update()  # what there was to hear meanwhile
    entry.async_on_unload(coordinator.async_add_listener(update))
    entry.async_on_unload(sensors.async_add_listener(update))


def _site_entities(coordinator: SiteCoordinator) -> Iterator[ClimkitEntity[Any]]:
    data = coordinator.data
    site = site_device(coordinator)
    devices = {meter.id: meter_device(coordinator, meter) for meter in data.meters.values()}
    devices[coordinator.site.id] = site
    repeated = coordinator.repeated_meters
    for description in SITE_SENSORS:
        yield SiteSensor(coordinator, site, coordinator.site.id, description)
    for series in data.series.values():
        is_repeated = series.owner_id in repeated
        for view in series_descriptions(series):
            shown = _off(view) if is_repeated else view
            yield SeriesSensor(coordinator, devices[series.owner_id], series, shown)
    for owner_id, rate in rate_descriptions(data.series.values()):
        yield RateSensor(coordinator, devices[owner_id], owner_id, rate)
    for owner_id, net in net_power_descriptions(data.series.values()):
        power = _off(net) if owner_id in repeated else net
        yield NetPowerSensor(coordinator, devices[owner_id], owner_id, power)
    for meter in data.meters.values():
        for reading in () if meter.is_rule_meter else READINGS.get(meter.type, ()):
            yield ReadingSensor(coordinator, devices[meter.id], meter.id, reading, meter.id)


def _off[D: SensorEntityDescription](description: D) -> D:
    """Return a description that is off by default: the site's own entities say the same."""
    return replace(description, entity_registry_enabled_default=False)


def _sensor_entities(
    coordinator: SensorsCoordinator,
) -> Iterator[ClimkitEntity[Any]]:
    for sensor in coordinator.data.values():
        yield ClimkitSensor(coordinator, sensor_device(coordinator, sensor), sensor)


class SeriesSensor(ClimkitEntity[SiteCoordinator]):
    """A view of a series.

    Totals and amounts of periods have no state class: their statistics are the external ones,
    written hour-exact, and the recorder shall not make a second copy from arrival times.
    """

    entity_description: SeriesSensorDescription

    def __init__(
        self,
        coordinator: SiteCoordinator,
        device_info: DeviceInfo,
        series: Series,
        description: SeriesSensorDescription,
    ) -> None:
        """Set up the view."""
        super().__init__(coordinator, device_info, series.owner_id, description)
        self._statistic_id = series.statistic_id

    @property
    @override
    def is_there(self) -> bool:
        """Whether the series is still there."""
        return self._statistic_id in self.coordinator.data.series

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return an amount in the unit of the measure, power in W, a peak in kW, or a time."""
        series = self.coordinator.data.series[self._statistic_id]
        value = self.entity_description.value_fn(self.coordinator, series)
        return round(value, DUST) if isinstance(value, float) else value


class RateSensor(ClimkitEntity[SiteCoordinator]):
    """A share of today's amounts in percent, unknown where there is too little to tell."""

    entity_description: RateSensorDescription

    @property
    @override
    def is_there(self) -> bool:
        """Whether both series are still there."""
        series = self.coordinator.data.series
        return {self.entity_description.part, self.entity_description.whole} <= series.keys()

    @property
    @override
    def native_value(self) -> float | None:
        """Return 0 to 100."""
        description, series = self.entity_description, self.coordinator.data.series
        part = self.coordinator.today(series[description.part])
        whole = self.coordinator.today(series[description.whole])
        if part is None or whole is None or whole < RATE_FROM:
            return None
        rate = min(max(part / whole, 0.0), 1.0)
        return round(100 * (1 - rate if description.is_rest else rate), 1)


class NetPowerSensor(ClimkitEntity[SiteCoordinator]):
    """The power of grid or battery: positive is what flows to the house."""

    entity_description: NetPowerDescription

    @property
    @override
    def is_there(self) -> bool:
        """Whether both series are still there."""
        series = self.coordinator.data.series
        wanted = {self.entity_description.to_house, self.entity_description.from_house}
        return wanted <= series.keys()

    @property
    @override
    def native_value(self) -> float | None:
        """Return W, as the mean of the newest quarter-hour; None unless both are known."""
        description, series = self.entity_description, self.coordinator.data.series
        to_house = self.coordinator.power(series[description.to_house])
        from_house = self.coordinator.power(series[description.from_house])
        if to_house is None or from_house is None:
            return None
        return round(to_house - from_house, DUST)


class ReadingSensor(ClimkitEntity[SiteCoordinator]):
    """A raw meter reading. It is asked for only while this entity is enabled."""

    entity_description: ReadingSensorDescription

    @property
    @override
    def is_there(self) -> bool:
        """Whether the meter is still there."""
        return self.owner_id in self.coordinator.data.meters

    @property
    @override
    def native_value(self) -> float | None:
        """Return the register as the meter shows it."""
        return self.coordinator.readings.register(self.owner_id, self.entity_description.register)


class SiteSensor(ClimkitEntity[SiteCoordinator]):
    """Something about a site's data."""

    entity_description: SiteSensorDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the value."""
        return self.entity_description.value_fn(self.coordinator)


class ClimkitSensor(ClimkitEntity[SensorsCoordinator]):
    """The newest reading of a Climkit sensor."""

    def __init__(
        self, coordinator: SensorsCoordinator, device_info: DeviceInfo, sensor: Sensor
    ) -> None:
        """Tell from the sensor's type and unit what it measures."""
        description = SensorEntityDescription(
            key="",
            name=None,
            device_class=device_class_of(sensor),
            native_unit_of_measurement=unit_of(sensor),
            state_class=SensorStateClass.MEASUREMENT,
        )
        super().__init__(coordinator, device_info, sensor.id, description, sensor.id)

    @property
    @override
    def is_there(self) -> bool:
        """Whether the sensor is still there."""
        return self.owner_id in self.coordinator.data

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value in the sensor's own unit."""
        return self.coordinator.value(self.owner_id)
