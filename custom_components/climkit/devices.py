"""The devices of sites, meters and sensors: they come and go with Climkit's lists."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import (
    ChildDeviceEntry,
    DeviceEntry,
    DeviceEntryType,
    DeviceInfo,
)

from .api import Meter, Sensor
from .const import ALL, CONF_SITES, DOMAIN, MANUFACTURER
from .coordinator import ClimkitCoordinator, SiteCoordinator
from .runtime import ClimkitConfigEntry, SiteRuntime

PORTAL_URL = "https://app.climkit.io"


def site_device(coordinator: SiteCoordinator) -> DeviceInfo:
    """Return the device of a site."""
    site = coordinator.site
    return DeviceInfo(
        identifiers={(DOMAIN, site.id)},
        name=coordinator.names.site(site),
        manufacturer=MANUFACTURER,
        model=coordinator.names.site_model,
        entry_type=DeviceEntryType.SERVICE,
        configuration_url=PORTAL_URL,
    )


def meter_device(coordinator: SiteCoordinator, meter: Meter) -> DeviceInfo:
    """Return the device of a meter; the site's device must be registered before."""
    return DeviceInfo(
        identifiers={(DOMAIN, meter.id)},
        name=coordinator.names.meter(meter),
        manufacturer=MANUFACTURER,
        model=coordinator.names.meter_type(meter.type),
        via_device_id=_site_device_id(coordinator),
    )


def sensor_device(coordinator: ClimkitCoordinator[Any], sensor: Sensor) -> DeviceInfo:
    """Return the device of a Climkit sensor; the site's device must be registered before."""
    return DeviceInfo(
        identifiers={(DOMAIN, sensor.id)},
        name=sensor.name or sensor.type or sensor.id[-4:],
        manufacturer=MANUFACTURER,
        model=sensor.model,
        via_device_id=_site_device_id(coordinator),
    )


def _site_device_id(coordinator: ClimkitCoordinator[Any]) -> str:
    return dr.async_get_device_id_by_identifier(
        coordinator.hass,
        (DOMAIN, coordinator.site.id),
        config_entry_id=coordinator.config_entry.entry_id,
    )


def device_ids(entry: ClimkitConfigEntry) -> set[str]:
    """Return the Climkit ids of all devices that an entry should have now."""
    return set().union(*map(site_device_ids, entry.runtime_data.values()))


def site_device_ids(runtime: SiteRuntime) -> set[str]:
    """Return the Climkit ids of the site, its wanted meters and its sensors.

    A meter or sensor that vanished stays for some days: lists can be wrong.
    """
    coordinator = runtime.coordinator
    meters = coordinator.record["meters"]
    sensors = coordinator.record["sensors"] if runtime.sensors.is_wanted else {}
    return {coordinator.site.id, *filter(coordinator.wants, meters), *sensors}


@callback
def async_name_devices(
    hass: HomeAssistant, entry: ClimkitConfigEntry, runtime: SiteRuntime
) -> None:
    """Name devices as Climkit does now; the name that a person gave one stays."""
    registry, coordinator, sensors = dr.async_get(hass), runtime.coordinator, runtime.sensors
    for device in (
        site_device(coordinator),
        *(meter_device(coordinator, meter) for meter in coordinator.data.meters.values()),
        *(sensor_device(sensors, sensor) for sensor in sensors.data.values()),
    ):
        registry.async_get_or_create(config_entry_id=entry.entry_id, **device)


@callback
def async_remove_stale_devices(hass: HomeAssistant, entry: ClimkitConfigEntry) -> None:
    """Remove the devices of an entry that are gone; their statistics stay.

    Of a site that could not be read nothing is known: its devices stay, while the site is wanted.
    """
    if not all(runtime.sensors.has_asked for runtime in entry.runtime_data.values()):
        return
    registry = dr.async_get(hass)
    wanted, chosen = device_ids(entry), entry.options[CONF_SITES]
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        site = registry.async_get(device.via_device_id or "") or device
        is_known = not _ids(site).isdisjoint(entry.runtime_data)
        is_chosen = chosen == ALL or not _ids(site).isdisjoint(chosen)
        if (is_known or not is_chosen) and _ids(device).isdisjoint(wanted):
            registry.async_remove_device(device.id)


@callback
def name_by_user(coordinator: SiteCoordinator, owner_id: str) -> str | None:
    """Return the name that a person gave to the device of a site or meter."""
    device = dr.async_get(coordinator.hass).async_get_device_by_identifier(
        (DOMAIN, owner_id), coordinator.config_entry.entry_id
    )
    return device.name_by_user if device else None


def _ids(device: DeviceEntry | ChildDeviceEntry) -> set[str]:
    return {identifier for _, identifier in device.identifiers}
