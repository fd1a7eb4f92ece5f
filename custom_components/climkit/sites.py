"""Which of an account's sites are an entry's, and when a new one can be read."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later

from .account import async_troubled_sites
from .api import Backoff, ClimkitClient, ClimkitError, Meter, Site, pause, read_each_site
from .const import ALL, CONF_SITES, DOMAIN
from .coordinator import async_owners
from .ids import distinct, slug
from .issues import async_tell_of_refused_sites
from .runtime import ClimkitConfigEntry
from .store import ClimkitStore

_LOGGER = logging.getLogger(__name__)

# How often to look for sites that are new.
NEW_SITES_INTERVAL = timedelta(days=1)


async def async_wanted_sites(entry: ClimkitConfigEntry, client: ClimkitClient) -> list[str]:
    """Return the ids of the sites that the user wants, those of others too. Raises ClimkitError."""
    if entry.options[CONF_SITES] == ALL:
        return [reference.id for reference in await client.installations()]
    return list(entry.options[CONF_SITES])


@callback
def async_sites_of_others(hass: HomeAssistant, entry_id: str | None) -> set[str]:
    """Return the ids (`ids.slug`) of devices that other entries have.

    A site belongs to one entry only, the first that has its device: so each statistic has one
    writer.
    """
    registry = dr.async_get(hass)
    return {
        slug(identifier)
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if entry.entry_id != entry_id
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        for _, identifier in device.identifiers
    }


def free_sites(
    hass: HomeAssistant, entry: ClimkitConfigEntry, site_ids: Iterable[str]
) -> list[str]:
    """Return the sites that no other entry has, each once."""
    taken = async_sites_of_others(hass, entry.entry_id)
    return [site_id for site_id in distinct(site_ids) if slug(site_id) not in taken]


@callback
def async_note_listed(
    hass: HomeAssistant, entry: ClimkitConfigEntry, store: ClimkitStore, listed: Collection[str]
) -> set[str]:
    """Take in which sites the account has by a list; return those it lacks that were there.

    Once another list lacks them too they are gone: their meters may be another site's, and people
    are told. A site that is loaded is not: its own answers say more than a list.
    """
    others = set(free_sites(hass, entry, store.sites)) - entry.runtime_data.keys()
    for site_id in others & set(listed):
        store.sites[site_id].lists_without = 0
    unlisted = others - set(listed) if entry.options[CONF_SITES] == ALL else set()
    for site_id in unlisted:
        store.sites[site_id].lists_without += 1
    store.save_soon()
    gone = [site_id for site_id in unlisted if store.sites[site_id].is_gone]
    async_owners(hass).release_sites(gone)
    async_tell_of_refused_sites(hass, entry.entry_id, gone, ())
    return unlisted


async def async_read_sites(
    hass: HomeAssistant,
    client: ClimkitClient,
    site_ids: Collection[str],
    on_refused: Callable[[str], None],
) -> dict[str, tuple[Site, list[Meter]]]:
    """Return sites, each with the meters that it lists, as `read_each_site` does."""

    async def read(site_id: str) -> tuple[Site, list[Meter]]:
        return await client.installation(site_id), await client.meters(site_id)

    troubled = async_troubled_sites(hass, client.url)
    return await read_each_site(site_ids, read, troubled, on_refused=on_refused)


@callback
def watch_for_sites(
    hass: HomeAssistant,
    entry: ClimkitConfigEntry,
    client: ClimkitClient,
    store: ClimkitStore,
    unread: Collection[str],
    refused: Collection[str],
) -> None:
    """Reload once a site can be read that is new, or that could not be read until now.

    Those that were in trouble are looked for soon, those that Climkit refused less often.
    """
    backoff = Backoff[str](hass.loop.time)
    cancel: CALLBACK_TYPE

    async def async_look() -> None:
        refused: list[str] = []
        try:
            wanted = await async_wanted_sites(entry, client)
            async_note_listed(hass, entry, store, wanted)
            site_ids = free_sites(hass, entry, wanted)
            missing = [site_id for site_id in site_ids if site_id not in entry.runtime_data]
            if await async_read_sites(hass, client, missing, refused.append):
                hass.config_entries.async_schedule_reload(entry.entry_id)
        except ClimkitError as err:
            _LOGGER.debug("Could not look for other sites: %s", err)
            pause(backoff, entry.entry_id, err)
        else:
            note(missing, refused)
        plan()

    @callback
    def note(unread: Collection[str], refused: Collection[str]) -> None:
        if not unread:
            backoff.succeeded(entry.entry_id)
        elif set(unread) - set(refused):
            backoff.back_off(entry.entry_id)
        else:
            backoff.back_off_after_refusal(entry.entry_id)
        if backoff.is_refused_for_long(entry.entry_id):
            async_tell_of_refused_sites(hass, entry.entry_id, refused, ())

    @callback
    def look(_now: datetime) -> None:
        # A task of the entry's ends with it, also in the middle of a request.
        entry.async_create_background_task(hass, async_look(), "climkit look for sites")

    @callback
    def plan() -> None:
        nonlocal cancel
        pause_left = backoff.left(entry.entry_id)
        cancel = async_call_later(hass, pause_left or NEW_SITES_INTERVAL, look)

    note(unread, refused)
    plan()
    entry.async_on_unload(lambda: cancel())  # noqa: PLW0108 - the one of the last look planned
