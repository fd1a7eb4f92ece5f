"""Adds the entities of sites, meters and sensors as Climkit lists them, and removes them again."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import batched
from typing import Any

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, SensorEntityDescription
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..const import CONF_SITE_TOTALS, DOMAIN
from ..devices import (
    async_name_devices,
    async_remove_stale_devices,
    meter_device,
    sensor_device,
    site_device,
    site_device_ids,
)
from ..entity import ClimkitEntity, unique_id
from ..runtime import ClimkitConfigEntry, SiteRuntime
from .costs import WITHOUT_TOTALS, cost_entities, unpriced_ids
from .descriptions import (
    HISTORY_SENSOR,
    READINGS,
    SITE_SENSORS,
    net_powers,
    rates,
    series_descriptions,
)
from .entities import (
    ClimkitSensor,
    HistorySensor,
    PairSensor,
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
            _async_remove_totals(runtime)
        await _SiteEntities(runtime, async_add_entities).async_follow()


@callback
def _async_remove_totals(runtime: SiteRuntime) -> None:
    """Remove the entities of a site's totals, which the user no longer wants."""
    registry, site_id = er.async_get(runtime.hass), runtime.site.id
    wanted = {unique_id(site_id, one.key) for one in (*SITE_SENSORS, *WITHOUT_TOTALS)}
    for entity in er.async_entries_for_config_entry(registry, runtime.entry.entry_id):
        if entity.unique_id.startswith(f"{site_id}_") and entity.unique_id not in wanted:
            registry.async_remove(entity.entity_id)


class _SiteEntities:
    """The entities of a site: they come with what there is, and go with their device.

    Those of costs go with their price too, which only tariffs and series decide.
    """

    def __init__(
        self, runtime: SiteRuntime, async_add_entities: AddConfigEntryEntitiesCallback
    ) -> None:
        """Begin without any."""
        self._runtime = runtime
        self._async_add_entities = async_add_entities
        self._owners: dict[str, str] = {}
        self._seen: tuple[object, ...] | None = None

    async def async_follow(self) -> None:
        """Add a site's entities now and whenever there are new ones."""
        for batch in batched(self._new(), ADDED_AT_ONCE, strict=False):
            self._async_add_entities(batch)
            await asyncio.sleep(0)
        self._update()  # what there was to hear meanwhile
        for coordinator in (self._runtime.coordinator, self._runtime.sensors):
            self._runtime.entry.async_on_unload(coordinator.async_add_listener(self._update))

    @callback
    def _update(self) -> None:
        if self._runtime.entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
            return  # nobody would remove what is added now
        if new := self._new():
            self._async_add_entities(new)

    def _new(self) -> list[ClimkitEntity[Any]]:
        """Return the entities that are new; remove those that there shall be no more."""
        runtime = self._runtime
        present = site_device_ids(runtime)
        data = runtime.coordinator.data, runtime.sensors.data, runtime.sensors.has_asked
        known = (*data, runtime.site, runtime.names, runtime.costs.tariffs, present)
        if known == self._seen:
            return []
        if self._seen:
            async_name_devices(runtime)
        self._seen = known
        async_remove_stale_devices(runtime.hass, runtime.entry)
        self._forget(present, self._async_remove_unpriced())
        entities = {str(entity.unique_id): entity for entity in _entities(runtime)}
        new = [entity for key, entity in entities.items() if key not in self._owners]
        self._owners |= {key: entity.owner_id for key, entity in entities.items()}
        return new

    def _forget(self, present: Collection[str], unpriced: Collection[str]) -> None:
        """Forget what was removed: when it returns, it is new."""
        self._owners = {
            key: owner
            for key, owner in self._owners.items()
            if owner in present and key not in unpriced
        }

    def _async_remove_unpriced(self) -> set[str]:
        """Remove the entities of what has no price any more, and return their unique ids."""
        registry = er.async_get(self._runtime.hass)
        unpriced = set(unpriced_ids(self._runtime))
        for key in unpriced:
            if entity_id := registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, key):
                registry.async_remove(entity_id)
        return unpriced


def _entities(runtime: SiteRuntime) -> Iterator[ClimkitEntity[Any]]:
    """Return all entities that there should be now."""
    yield from _site_entities(runtime)
    yield from _sensor_entities(runtime)
    yield from cost_entities(runtime)


def _site_entities(runtime: SiteRuntime) -> Iterator[ClimkitEntity[Any]]:
    data = runtime.coordinator.data
    site = site_device(runtime)
    devices = {meter.id: meter_device(runtime, meter) for meter in data.meters.values()}
    devices[runtime.site.id] = site
    repeated = runtime.inventory.repeated_meters
    for description in SITE_SENSORS:
        of_history = description.key == HISTORY_SENSOR.key
        kind = HistorySensor if of_history else SiteSensor
        yield kind(runtime, site, runtime.site.id, description)
    for series in data.series.values():
        is_repeated = series.owner_id in repeated
        for view in series_descriptions(series):
            shown = _off(view) if is_repeated else view
            yield SeriesSensor(runtime, devices[series.owner_id], series, shown)
    for rate in rates(data.series.values()):
        yield PairSensor(runtime, devices[rate.owner_id], rate)
    for net in net_powers(data.series.values()):
        is_repeated = net.owner_id in repeated
        power = net._replace(description=_off(net.description)) if is_repeated else net
        yield PairSensor(runtime, devices[net.owner_id], power)
    for meter in data.meters.values():
        readings = {} if meter.is_rule_meter else READINGS.get(meter.type, {})
        for register, reading in readings.items():
            yield ReadingSensor(runtime, devices[meter.id], meter.id, reading, register)


def _off[D: SensorEntityDescription](description: D) -> D:
    """Return a description that is off by default: the site's own entities say the same."""
    return replace(description, entity_registry_enabled_default=False)


def _sensor_entities(runtime: SiteRuntime) -> Iterator[ClimkitSensor]:
    for sensor in runtime.sensors.data.values():
        yield ClimkitSensor(runtime.sensors, sensor_device(runtime, sensor), sensor)
