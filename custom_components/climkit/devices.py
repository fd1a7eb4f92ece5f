"""Devices come and go with Climkit's lists."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .coordinator import ClimkitConfigEntry


def device_ids(entry: ClimkitConfigEntry) -> set[str]:
    """Return the Climkit ids of all devices that an entry should have now.

    A meter or sensor that vanished stays for some days: lists can be wrong.
    """
    ids: set[str] = set()
    for site_id, runtime in entry.runtime_data.items():
        record = runtime.coordinator.record
        ids |= {site_id, *record["sensors"]}
        ids |= {meter_id for meter_id in record["meters"] if runtime.coordinator.wants(meter_id)}
    return ids


@callback
def async_remove_stale_devices(hass: HomeAssistant, entry: ClimkitConfigEntry) -> None:
    """Remove the devices of an entry that are gone; their statistics stay."""
    registry = dr.async_get(hass)
    wanted = {(DOMAIN, device_id) for device_id in device_ids(entry)}
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if device.identifiers.isdisjoint(wanted):
            registry.async_remove_device(device.id)
