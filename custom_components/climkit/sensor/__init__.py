"""Adds the entities of sites, meters and sensors as Climkit lists them, and removes them again."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import batched
from typing import Any

from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..const import CONF_SITE_TOTALS
from ..devices import (
    async_name_devices,
    async_remove_stale_devices,
    meter_device,
    sensor_device,
    site_device,
    site_device_ids,
)
from ..entity import ClimkitEntity
from ..runtime import ClimkitConfigEntry, SiteRuntime
from .costs import WITHOUT_TOTALS, async_follow_costs
from .descriptions import (
    READINGS,
    SITE_SENSORS,
    net_power_descriptions,
    rate_descriptions,
    series_descriptions,
)
from .entities import (
    ClimkitSensor,
    NetPowerSensor,
    RateSensor,
    ReadingSensor,
    SeriesSensor,
    SiteSensor,
)

PARALLEL_UPDATES = 0

# Home Assistant adds entities without a break, thousands take seconds: so let others have a turn.
ADDED_AT_ONCE = 25


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClimkitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the entities of all sites, and of what joins later."""
    for runtime in entry.runtime_data.values():
        if not entry.options[CONF_SITE_TOTALS]:
            _async_remove_totals(hass, runtime)
        await _async_follow(hass, entry, runtime, async_add_entities)
        async_follow_costs(hass, entry, runtime, async_add_entities)


@callback
def _async_remove_totals(hass: HomeAssistant, runtime: SiteRuntime) -> None:
    """Remove the entities of a site's totals, which the user no longer wants."""
    registry, site_id = er.async_get(hass), runtime.site.id
    wanted = {f"{site_id}_{description.key}" for description in (*SITE_SENSORS, *WITHOUT_TOTALS)}
    for entity in er.async_entries_for_config_entry(registry, runtime.entry.entry_id):
        if entity.unique_id.startswith(f"{site_id}_") and entity.unique_id not in wanted:
            registry.async_remove(entity.entity_id)


async def _async_follow(
    hass: HomeAssistant,
    entry: ClimkitConfigEntry,
    runtime: SiteRuntime,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a site's entities now and whenever there are new ones; remove devices that are gone."""
    sensors = runtime.sensors
    owners: dict[str, str] = {}
    seen: tuple[object, ...] | None = None

    @callback
    def new_entities() -> list[ClimkitEntity[Any]]:
        nonlocal owners, seen
        present = site_device_ids(runtime)
        data = runtime.coordinator.data, sensors.data, sensors.has_asked
        known = (*data, runtime.site, runtime.names, present)
        if known == seen:
            return []
        if seen:
            async_name_devices(runtime)
        seen = known
        async_remove_stale_devices(hass, entry)
        # Entities of a device that was removed are new ones when it returns.
        owners = {unique_id: owner for unique_id, owner in owners.items() if owner in present}
        entities = {
            str(entity.unique_id): entity
            for entity in (*_site_entities(runtime), *_sensor_entities(runtime))
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
    entry.async_on_unload(runtime.coordinator.async_add_listener(update))
    entry.async_on_unload(sensors.async_add_listener(update))


def _site_entities(runtime: SiteRuntime) -> Iterator[ClimkitEntity[Any]]:
    data = runtime.coordinator.data
    site = site_device(runtime)
    devices = {meter.id: meter_device(runtime, meter) for meter in data.meters.values()}
    devices[runtime.site.id] = site
    repeated = runtime.inventory.repeated_meters
    for description in SITE_SENSORS:
        yield SiteSensor(runtime, site, runtime.site.id, description)
    for series in data.series.values():
        is_repeated = series.owner_id in repeated
        for view in series_descriptions(series):
            shown = _off(view) if is_repeated else view
            yield SeriesSensor(runtime, devices[series.owner_id], series, shown)
    for owner_id, rate in rate_descriptions(data.series.values()):
        yield RateSensor(runtime, devices[owner_id], owner_id, rate)
    for owner_id, net in net_power_descriptions(data.series.values()):
        power = _off(net) if owner_id in repeated else net
        yield NetPowerSensor(runtime, devices[owner_id], owner_id, power)
    for meter in data.meters.values():
        for reading in () if meter.is_rule_meter else READINGS.get(meter.type, ()):
            yield ReadingSensor(runtime, devices[meter.id], meter.id, reading, meter.id)


def _off[D: SensorEntityDescription](description: D) -> D:
    """Return a description that is off by default: the site's own entities say the same."""
    return replace(description, entity_registry_enabled_default=False)


def _sensor_entities(runtime: SiteRuntime) -> Iterator[ClimkitSensor]:
    for sensor in runtime.sensors.data.values():
        yield ClimkitSensor(runtime.sensors, sensor_device(runtime, sensor), sensor)
