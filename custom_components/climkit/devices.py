"""Devices come and go with Climkit's lists."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .coordinator import ClimkitConfigEntry, SiteRuntime


def device_ids(entry: ClimkitConfigEntry) -> set[str]:
    """Return the Climkit ids of all devices that an entry should have now."""
    return set().union(*map(site_device_ids, entry.runtime_data.values()))


def site_device_ids(runtime: SiteRuntime) -> set[str]:
    """Return the Climkit ids of the site, its wanted meters and its sensors.

    A meter or sensor that vanished stays for some days: lists can be wrong.
    """
    coordinator = runtime.coordinator
    meters, sensors = coordinator.record["meters"], coordinator.record["sensors"]
    return {coordinator.site.id, *filter(coordinator.wants, meters), *sensors}


@callback
def async_remove_stale_devices(hass: HomeAssistant, entry: ClimkitConfigEntry) -> None:
    """Remove the devices of an entry that are gone; their statistics stay."""
    registry = dr.async_get(hass)
    wanted = {(DOMAIN, device_id) for device_id in device_ids(entry)}
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if device.identifiers.isdisjoint(wanted):
            registry.async_remove_device(device.id)
