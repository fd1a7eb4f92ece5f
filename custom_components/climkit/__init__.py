"""The Climkit integration: meters of Swiss solar buildings in Home Assistant."""

from datetime import datetime, timedelta
import logging
from random import uniform

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.event import async_track_point_in_utc_time, async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .account import async_create_client, async_sites_of_others
from .api import ClimkitAccessDeniedError, ClimkitClient, ClimkitError, Site
from .choice import Choice, history_start
from .const import (
    ALL,
    CONF_HISTORY,
    CONF_SITES,
    DOMAIN,
    PLATFORMS,
)
from .coordinator import ClimkitConfigEntry, SiteCoordinator, SiteRuntime
from .devices import device_ids
from .entity import site_device
from .errors import setup_errors
from .names import Names
from .nights import STARTS_WITHIN, next_night
from .sensor_coordinator import SensorsCoordinator
from .store import ClimkitStore

_LOGGER = logging.getLogger(__name__)

NEW_SITES_INTERVAL = timedelta(days=1)


async def async_setup_entry(hass: HomeAssistant, entry: ClimkitConfigEntry) -> bool:
    """Set up an account: what is new first, history later and in the background."""
    client = async_create_client(hass, entry.data)
    store = ClimkitStore(hass, entry.entry_id)
    await store.async_load()
    names = await Names.async_load(hass)
    with setup_errors():
        site_ids = await _async_site_ids(hass, entry, client)
        sites = [site for site_id in site_ids if (site := await _async_site(client, site_id))]
    if not sites:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="no_sites")

    entry.runtime_data = {}
    for site in sites:
        coordinator = SiteCoordinator(
            hass,
            entry,
            client,
            site,
            store,
            names=names,
            choice=Choice.from_options(entry.options),
            history_start=history_start(entry.options[CONF_HISTORY], site, dt_util.utcnow()),
        )
        sensors = SensorsCoordinator(hass, entry, client, site, store)
        await coordinator.async_config_entry_first_refresh()
        await sensors.async_config_entry_first_refresh()
        dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id, **site_device(coordinator)
        )
        entry.runtime_data[site.id] = SiteRuntime(coordinator=coordinator, sensors=sensors)

    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    for runtime in entry.runtime_data.values():
        _start(hass, entry, runtime)
    if entry.options[CONF_SITES] == ALL:
        _watch_for_new_sites(hass, entry, client, set(site_ids))
    _reload_with_options(entry)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ClimkitConfigEntry) -> bool:
    """Unload an account; statistics stay, and how far they go is remembered."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    for runtime in entry.runtime_data.values():
        await runtime.coordinator.history.async_stop()
        await runtime.coordinator.store.async_save_now()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: ClimkitConfigEntry) -> None:
    """Forget how far history was read. The statistics stay: they are the user's."""
    await ClimkitStore(hass, entry.entry_id).async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: ClimkitConfigEntry, device: DeviceEntry
) -> bool:
    """Let the user remove the device of a meter or sensor that Climkit no longer lists."""
    wanted = device_ids(entry)
    return not any(identifier in wanted for _, identifier in device.identifiers)


@callback
def _reload_with_options(entry: ClimkitConfigEntry) -> None:
    """Reload when the options change; the config flow does so itself for credentials."""
    options = dict(entry.options)

    async def updated(hass: HomeAssistant, entry: ClimkitConfigEntry) -> None:
        if entry.options != options:
            await hass.config_entries.async_reload(entry.entry_id)

    entry.async_on_unload(entry.add_update_listener(updated))


async def _async_site_ids(
    hass: HomeAssistant, entry: ClimkitConfigEntry, client: ClimkitClient
) -> list[str]:
    """Return the sites of the entry; all means all that no other entry has."""
    if entry.options[CONF_SITES] != ALL:
        return list(entry.options[CONF_SITES])
    taken = async_sites_of_others(hass, entry.entry_id)
    return [site.id for site in await client.installations() if site.id not in taken]


async def _async_site(client: ClimkitClient, site_id: str) -> Site | None:
    try:
        return await client.installation(site_id)
    except ClimkitAccessDeniedError:
        _LOGGER.warning("Climkit no longer permits access to site %s", site_id)
        return None


@callback
def _start(hass: HomeAssistant, entry: ClimkitConfigEntry, runtime: SiteRuntime) -> None:
    """Start what works in the background: sensors' values and history."""
    site_id = runtime.coordinator.site.id
    history = runtime.coordinator.history
    history.start(entry, f"climkit history {site_id}")
    entry.async_create_background_task(
        hass, runtime.sensors.async_refresh(), f"climkit sensors {site_id}"
    )

    @callback
    def started(_hass: HomeAssistant) -> None:
        history.start_import()

    entry.async_on_unload(async_at_started(hass, started))
    _plan_nights(hass, entry, runtime)


@callback
def _plan_nights(hass: HomeAssistant, entry: ClimkitConfigEntry, runtime: SiteRuntime) -> None:
    """Let history be read again each night, at a minute that is another one in every home."""
    zone = runtime.coordinator.site.zone
    delay = timedelta(seconds=uniform(0, STARTS_WITHIN.total_seconds()))  # noqa: S311 - no secret
    cancel: CALLBACK_TYPE

    @callback
    def plan() -> None:
        nonlocal cancel
        when = next_night(dt_util.utcnow(), zone, delay)
        cancel = async_track_point_in_utc_time(hass, start, when)

    @callback
    def start(_now: datetime) -> None:
        runtime.coordinator.history.start_night()
        plan()

    plan()
    entry.async_on_unload(lambda: cancel())  # noqa: PLW0108 - the one of the last night planned


@callback
def _watch_for_new_sites(
    hass: HomeAssistant, entry: ClimkitConfigEntry, client: ClimkitClient, known: set[str]
) -> None:
    """Reload once a day's list of sites has one that is not known."""

    async def look(_now: datetime) -> None:
        try:
            found = set(await _async_site_ids(hass, entry, client))
        except ClimkitError as err:
            _LOGGER.debug("Could not look for new sites: %s", err)
            return
        if found - known:
            hass.config_entries.async_schedule_reload(entry.entry_id)

    entry.async_on_unload(async_track_time_interval(hass, look, NEW_SITES_INTERVAL))
