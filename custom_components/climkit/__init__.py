"""The Climkit integration: meters of Swiss solar buildings in Home Assistant."""

from collections.abc import Collection, Mapping
from datetime import timedelta
import logging

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.typing import ConfigType

from .account import async_create_client
from .const import ALL, CONF_SITES, DOMAIN, PLATFORMS
from .coordinator import Owners, async_owners
from .costs import async_move_feed_in, stored_prices
from .devices import device_ids, site_device
from .energy_dashboard import async_go_on_with_request
from .errors import setup_errors
from .frontend import async_setup_frontend, async_update_panel
from .issues import (
    SiteIssues,
    async_forget_issues,
    async_tell_of_certificate,
    async_tell_of_refused_sites,
)
from .measures import Names
from .options import Selection
from .runtime import ClimkitConfigEntry, SiteRuntime
from .services import async_setup_services
from .sites import (
    async_note_listed,
    async_read_sites,
    async_wanted_sites,
    free_sites,
    watch_for_sites,
)
from .store import ClimkitStore, SiteRecord

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

# How often to look for what people should be told of.
ISSUES_INTERVAL = timedelta(minutes=15)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register actions and dashboard; both may be asked for while an entry is not loaded."""
    async_setup_services(hass)
    await async_setup_frontend(hass)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: ClimkitConfigEntry) -> bool:
    """Bring an entry of an earlier release to what this one stores."""
    if entry.version > 1:
        return False
    if entry.minor_version < 2:
        async_move_feed_in(hass, entry)
        hass.config_entries.async_update_entry(entry, minor_version=2)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ClimkitConfigEntry) -> bool:
    """Set up an account: what is new first, history later and in the background."""
    entry.runtime_data = {}
    _follow_entry(hass, entry)  # from the start: set-up takes as long as Climkit's answers do
    async_update_panel(hass)  # whatever Climkit answers
    client = async_create_client(hass, entry.data)
    entry.async_on_unload(client.close)
    client.login.permit()  # refused before, no retry leads here: a person wants it to be tried
    store = ClimkitStore(hass, entry.entry_id)
    await store.async_load()
    entry.async_on_unload(store.async_close)  # also when set-up fails: no late write remains
    names, selection = await Names.async_load(hass), Selection.from_options(entry.options)
    owners = async_owners(hass)
    known = {one: store.sites[one] for one in free_sites(hass, entry, store.sites)}
    _claim_remembered(owners, known, selection, entry.options[CONF_SITES])
    refused: list[str] = []
    try:
        with setup_errors():
            wanted = await async_wanted_sites(entry, client)
            site_ids = free_sites(hass, entry, wanted)
            sites = await async_read_sites(hass, client, site_ids, refused.append)
    finally:
        async_tell_of_certificate(hass, entry, client)
    unlisted = async_note_listed(hass, entry, store, wanted)
    async_tell_of_refused_sites(hass, entry.entry_id, (), sites)
    deselected = known.keys() - set(wanted) - unlisted
    async_forget_issues(hass, free_sites(hass, entry, deselected))

    free = free_sites(hass, entry, sites)  # another entry may have been faster
    if wanted and not (free if sites else site_ids):
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="sites_taken")
    if not sites:
        raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="no_sites")
    for site, meters in (sites[site_id] for site_id in sorted(free)):
        listed = (meter.id for meter in meters)
        owners.claim(site.id, "meters", filter(selection.wants, listed))
    for site, meters in (sites[site_id] for site_id in free):
        runtime = SiteRuntime(
            hass, entry, client, site, store, meters=meters, names=names, selection=selection
        )
        # The site's device is there before those of its meters.
        device = site_device(runtime)
        dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **device)
        entry.runtime_data[site.id] = runtime
    for runtime in entry.runtime_data.values():
        await runtime.coordinator.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    for runtime in entry.runtime_data.values():
        runtime.start()
        async_go_on_with_request(hass, runtime)
        issues = SiteIssues(runtime)
        entry.async_on_unload(async_track_time_interval(hass, issues.update, ISSUES_INTERVAL))
    for site_id in (one for one in site_ids if one not in sites):
        _LOGGER.warning("Climkit does not permit access to site %s, or not now", site_id)
    # One list may have lacked a site, so that too is looked for once more.
    unread = {*site_ids, *unlisted} - entry.runtime_data.keys()
    watch_for_sites(hass, entry, client, store, unread, refused)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ClimkitConfigEntry) -> bool:
    """Unload an account; statistics stay, and how far they go is remembered."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    for runtime in entry.runtime_data.values():
        await runtime.async_close()
    async_update_panel(hass)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: ClimkitConfigEntry) -> None:
    """Forget how far history was read. The statistics stay: they are the user's."""
    async_update_panel(hass, removed=entry)
    store = ClimkitStore(hass, entry.entry_id)
    sites = free_sites(hass, entry, await store.async_load())  # others may have some by now
    async_owners(hass).release_sites(sites)
    async_forget_issues(hass, {entry.entry_id, *sites})
    await store.async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: ClimkitConfigEntry, device: DeviceEntry
) -> bool:
    """Let the user remove the device of a meter or sensor that Climkit no longer lists."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    ids = {identifier for _, identifier in device.identifiers}
    if ids & device_ids(entry):
        return False
    async_forget_issues(hass, ids)
    return True


def _claim_remembered(
    owners: Owners,
    known: Mapping[str, SiteRecord],
    selection: Selection,
    chosen: Collection[str],
) -> None:
    """Let each meter and sensor be the same site's as before, also while that cannot be read.

    `known`: what is remembered of sites that no other entry has by now. What one had that is gone
    may be another's.
    """
    owners.release_sites(known)
    for site_id, record in sorted(known.items()):
        if (chosen == ALL or site_id in chosen) and not record.is_gone:
            owners.claim(site_id, "meters", filter(selection.wants, record.meters))
            owners.claim(site_id, "sensors", record.sensors)


@callback
def _follow_entry(hass: HomeAssistant, entry: ClimkitConfigEntry) -> None:
    """Compute costs anew when tariffs change; reload when anything else does that matters.

    Home Assistant reloads an entry that is still being set up once that is done.
    """
    known = entry.data, entry.options

    async def updated(_hass: HomeAssistant, _entry: ConfigEntry) -> None:
        if (entry.data, entry.options) != known:
            hass.config_entries.async_schedule_reload(entry.entry_id)
            return
        for site_id, runtime in entry.runtime_data.items():
            runtime.set_tariffs(stored_prices(entry, site_id))

    entry.async_on_unload(entry.add_update_listener(updated))
