"""The entities: series of meters and sites, and Climkit's sensors."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfVolume,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Sensor
from .coordinator import ClimkitConfigEntry, SiteCoordinator, SiteRuntime
from .devices import async_remove_stale_devices
from .entity import ClimkitEntity, meter_device, sensor_device, site_device
from .measures import ELECTRICITY, Quantity, Series
from .sensor_coordinator import SensorsCoordinator
from .sensor_types import device_class_of, unit_of

PARALLEL_UPDATES = 0

# Below this much energy (kWh) a rate of today says nothing.
RATE_FROM = 0.05


@dataclass(frozen=True, kw_only=True)
class SeriesSensorDescription(SensorEntityDescription):
    """One view of a series: its running total, today's amount or its power."""

    value_fn: Callable[[SiteCoordinator, Series], float | None]


@dataclass(frozen=True, kw_only=True)
class RateSensorDescription(SensorEntityDescription):
    """A share of today's amounts: `part` of `whole`, or `whole` without `part` where `is_rest`.

    Both are statistic ids.
    """

    part: str
    whole: str
    is_rest: bool = False


@dataclass(frozen=True, kw_only=True)
class ReadingSensorDescription(SensorEntityDescription):
    """A register of a meter; `register` is the API's name."""

    register: str


@dataclass(frozen=True, kw_only=True)
class SiteSensorDescription(SensorEntityDescription):
    """Something about a site's data."""

    value_fn: Callable[[SiteCoordinator], float | datetime | None]


def _reading(
    register: str, name: str, device_class: SensorDeviceClass, unit: str
) -> ReadingSensorDescription:
    return ReadingSensorDescription(
        key=f"reading_{register}",
        translation_key=name,
        register=register,
        device_class=device_class,
        native_unit_of_measurement=unit,
        suggested_display_precision=3,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )


_ELECTRICITY_READINGS = tuple(
    _reading(register, name, SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR)
    for register, name in (("en_im", "reading_import"), ("en_ex", "reading_export"))
)
_HEAT_READINGS = (
    _reading("heat_energy_kwh", "reading", SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR),
)
_WATER_READINGS = (
    _reading("vol_m3", "reading", SensorDeviceClass.WATER, UnitOfVolume.CUBIC_METERS),
)

READINGS: dict[str, tuple[ReadingSensorDescription, ...]] = {
    ELECTRICITY: _ELECTRICITY_READINGS,
    "heating": _HEAT_READINGS,
    "cooling": _HEAT_READINGS,
    "cold_water": _WATER_READINGS,
    "hot_water": _WATER_READINGS,
}

SITE_SENSORS: tuple[SiteSensorDescription, ...] = (
    SiteSensorDescription(
        key="last_measurement",
        translation_key="last_measurement",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda coordinator: coordinator.last_measurement,
    ),
    SiteSensorDescription(
        key="complete_until",
        translation_key="complete_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda coordinator: coordinator.complete_until,
    ),
    SiteSensorDescription(
        key="history_progress",
        translation_key="history_progress",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda coordinator: coordinator.history.progress,
    ),
)


def series_descriptions(series: Series) -> Iterator[SeriesSensorDescription]:
    """Return the views of a series."""
    measure = series.measure
    precision = 2 if measure.quantity is Quantity.ENERGY else 3
    yield SeriesSensorDescription(
        key=series.key,
        translation_key=measure.name,
        device_class=measure.quantity.device_class,
        native_unit_of_measurement=measure.quantity.unit,
        suggested_display_precision=precision,
        entity_registry_enabled_default=measure.enabled,
        value_fn=lambda coordinator, series: coordinator.history.total(series),
    )
    yield SeriesSensorDescription(
        key=f"{series.key}_today",
        translation_key=f"{measure.name}_today",
        device_class=measure.quantity.device_class,
        native_unit_of_measurement=measure.quantity.unit,
        suggested_display_precision=precision,
        entity_registry_enabled_default=measure.enabled,
        value_fn=lambda coordinator, series: coordinator.today(series),
    )
    if measure.has_power:
        yield SeriesSensorDescription(
            key=f"{series.key}_power",
            translation_key=f"{measure.name}_power",
            device_class=SensorDeviceClass.POWER,
            native_unit_of_measurement=UnitOfPower.WATT,
            state_class=SensorStateClass.MEASUREMENT,
            suggested_display_precision=0,
            entity_registry_enabled_default=measure.power_enabled,
            value_fn=lambda coordinator, series: coordinator.power(series),
        )


def _rate(key: str, part: Series, whole: Series, *, is_rest: bool = False) -> RateSensorDescription:
    return RateSensorDescription(
        key=key,
        translation_key=key,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        part=part.statistic_id,
        whole=whole.statistic_id,
        is_rest=is_rest,
    )


def rate_descriptions(series: Iterable[Series]) -> Iterator[tuple[str, RateSensorDescription]]:
    """Return the rates that the series allow, each with the id of its meter or site."""
    by_key: dict[tuple[str, str], Series] = {(s.owner_id, s.key): s for s in series}
    for owner_id in dict.fromkeys(owner_id for owner_id, _ in by_key):
        for key, part_key, whole_key, is_rest in (
            ("solar_share_today", "self", "total", False),
            ("self_consumption_rate", "electricity_to_ext", "electricity_prod_total", True),
            ("self_sufficiency_rate", "electricity_from_ext", "electricity_conso_total", True),
        ):
            part, whole = by_key.get((owner_id, part_key)), by_key.get((owner_id, whole_key))
            if part and whole:
                yield owner_id, _rate(key, part, whole, is_rest=is_rest)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClimkitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the entities of all sites, and of what joins later."""
    for runtime in entry.runtime_data.values():
        _async_follow(entry, runtime, async_add_entities)


@callback
def _async_follow(
    entry: ClimkitConfigEntry,
    runtime: SiteRuntime,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a site's entities now and whenever there are new ones; remove devices that are gone."""
    known: set[str] = set()

    @callback
    def update() -> None:
        entities = [*_site_entities(runtime.coordinator), *_sensor_entities(runtime.sensors)]
        new = {entity.unique_id: entity for entity in entities if entity.unique_id not in known}
        known.update(filter(None, new))
        if new:
            async_add_entities(new.values())
        async_remove_stale_devices(entry)

    update()
    entry.async_on_unload(runtime.coordinator.async_add_listener(update))
    entry.async_on_unload(runtime.sensors.async_add_listener(update))


def _site_entities(coordinator: SiteCoordinator) -> Iterator[SensorEntity]:
    data = coordinator.data
    site = site_device(coordinator)
    devices = {meter.id: meter_device(coordinator, meter) for meter in data.meters.values()}
    devices[coordinator.site.id] = site
    for description in SITE_SENSORS:
        yield SiteSensor(coordinator, site, coordinator.site.id, description)
    for series in data.series.values():
        for view in series_descriptions(series):
            yield SeriesSensor(coordinator, devices[series.owner_id], series, view)
    for owner_id, rate in rate_descriptions(data.series.values()):
        yield RateSensor(coordinator, devices[owner_id], owner_id, rate)
    for meter in data.meters.values():
        for reading in () if meter.is_rule_meter else READINGS.get(meter.type, ()):
            yield ReadingSensor(coordinator, devices[meter.id], meter.id, reading, meter.id)


def _sensor_entities(coordinator: SensorsCoordinator) -> Iterator[SensorEntity]:
    for sensor in coordinator.data.values():
        yield ClimkitSensor(coordinator, sensor_device(coordinator, sensor), sensor)


class SeriesSensor(ClimkitEntity[SiteCoordinator], SensorEntity):
    """A view of a series.

    Totals and today's amounts have no state class: their statistics are the external ones, written
    hour-exact, and the recorder shall not make a second copy from arrival times.
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
    def available(self) -> bool:
        """Whether the series is still there."""
        return super().available and self._statistic_id in self.coordinator.data.series

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value in the unit of the measure, power in W."""
        series = self.coordinator.data.series[self._statistic_id]
        return self.entity_description.value_fn(self.coordinator, series)


class RateSensor(ClimkitEntity[SiteCoordinator], SensorEntity):
    """A share of today's amounts in percent, unknown where there is too little to tell."""

    entity_description: RateSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return 0 to 100."""
        description, series = self.entity_description, self.coordinator.data.series
        if description.part not in series or description.whole not in series:
            return None
        part = self.coordinator.today(series[description.part])
        whole = self.coordinator.today(series[description.whole])
        if part is None or whole is None or whole < RATE_FROM:
            return None
        rate = min(max(part / whole, 0.0), 1.0)
        return 100 * (1 - rate if description.is_rest else rate)


class ReadingSensor(ClimkitEntity[SiteCoordinator], SensorEntity):
    """A raw meter reading. It is asked for only while this entity is enabled."""

    entity_description: ReadingSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return the register as the meter shows it."""
        reading = self.coordinator.data.readings.get(str(self.coordinator_context))
        return reading.registers.get(self.entity_description.register) if reading else None


class SiteSensor(ClimkitEntity[SiteCoordinator], SensorEntity):
    """Something about a site's data."""

    entity_description: SiteSensorDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the value."""
        return self.entity_description.value_fn(self.coordinator)


class ClimkitSensor(ClimkitEntity[SensorsCoordinator], SensorEntity):
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
        self._sensor_id = sensor.id

    @property
    @override
    def available(self) -> bool:
        """Whether the sensor is still there."""
        return super().available and self._sensor_id in self.coordinator.data

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value in the sensor's own unit."""
        return self.coordinator.value(self._sensor_id)
