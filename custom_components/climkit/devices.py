"""The devices of sites, meters and sensors: they come and go with Climkit's lists."""

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
from .runtime import ClimkitConfigEntry, SiteRuntime

PORTAL_URL = "https://app.climkit.io"


def site_device(runtime: SiteRuntime) -> DeviceInfo:
    """Return the device of a site."""
    site = runtime.site
    return DeviceInfo(
        identifiers={(DOMAIN, site.id)},
        name=runtime.names.site(site),
        manufacturer=MANUFACTURER,
        model=runtime.names.site_model,
        entry_type=DeviceEntryType.SERVICE,
        configuration_url=PORTAL_URL,
    )


def meter_device(runtime: SiteRuntime, meter: Meter) -> DeviceInfo:
    """Return the device of a meter; the site's device must be registered before."""
    return DeviceInfo(
        identifiers={(DOMAIN, meter.id)},
        name=runtime.names.meter(meter),
        manufacturer=MANUFACTURER,
        model=runtime.names.meter_type(meter.type),
        via_device_id=_site_device_id(runtime),
    )


def sensor_device(runtime: SiteRuntime, sensor: Sensor) -> DeviceInfo:
    """Return the device of a Climkit sensor; the site's device must be registered before."""
    return DeviceInfo(
        identifiers={(DOMAIN, sensor.id)},
        name=sensor.name or sensor.type or sensor.id[-4:],
        manufacturer=MANUFACTURER,
        model=sensor.model,
        via_device_id=_site_device_id(runtime),
    )


def _site_device_id(runtime: SiteRuntime) -> str:
    return dr.async_get_device_id_by_identifier(
        runtime.hass, (DOMAIN, runtime.site.id), config_entry_id=runtime.entry.entry_id
    )


def device_ids(entry: ClimkitConfigEntry) -> set[str]:
    """Return the Climkit ids of all devices that an entry should have now."""
    return set().union(*map(site_device_ids, entry.runtime_data.values()))


def site_device_ids(runtime: SiteRuntime) -> set[str]:
    """Return the Climkit ids of the site, its wanted meters and its sensors.

    A meter or sensor that vanished stays for some days: lists can be wrong.
    """
    meters = runtime.record.meters
    sensors = runtime.record.sensors if runtime.sensors.is_wanted else {}
    return {runtime.site.id, *filter(runtime.inventory.wants, meters), *sensors}


@callback
def async_name_devices(runtime: SiteRuntime) -> None:
    """Name devices as Climkit does now; the name that a person gave one stays."""
    registry = dr.async_get(runtime.hass)
    for device in (
        site_device(runtime),
        *(meter_device(runtime, meter) for meter in runtime.meters.values()),
        *(sensor_device(runtime, sensor) for sensor in runtime.sensors.data.values()),
    ):
        registry.async_get_or_create(config_entry_id=runtime.entry.entry_id, **device)


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
def name_by_user(runtime: SiteRuntime, owner_id: str) -> str | None:
    """Return the name that a person gave to the device of a site or meter."""
    device = dr.async_get(runtime.hass).async_get_device_by_identifier(
        (DOMAIN, owner_id), runtime.entry.entry_id
    )
    return device.name_by_user if device else None


def _ids(device: DeviceEntry | ChildDeviceEntry) -> set[str]:
    return {identifier for _, identifier in device.identifiers}
