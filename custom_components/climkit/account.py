"""An account: its client, and which of its sites are ours."""

from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import ip_address

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.network import is_ip_address
from yarl import URL

from .api import (
    DEFAULT_URL,
    ClimkitAccessDeniedError,
    ClimkitClient,
    ClimkitResponseError,
    RequestQueue,
    Site,
)
from .const import DOMAIN

# Whether the API's limit counts users or addresses is unknown, so all accounts of a URL share a
# queue.
_QUEUES: HassKey[dict[str, RequestQueue]] = HassKey(f"{DOMAIN}_queues")


@callback
def async_create_client(hass: HomeAssistant, data: Mapping[str, str]) -> ClimkitClient:
    """Return a client for the credentials of a config entry."""
    url = data.get(CONF_URL, DEFAULT_URL)
    queues = hass.data.setdefault(_QUEUES, {})
    if url not in queues:
        queues[url] = RequestQueue()
    return ClimkitClient(
        async_get_clientsession(hass),
        data[CONF_USERNAME],
        data[CONF_PASSWORD],
        url=url,
        queue=queues[url],
    )


def account_id(username: str, url: str) -> str:
    """Return what identifies an account: the same user of another server is another account."""
    return f"{username}@{url}"


def normalized_url(url: str) -> str:
    """Return the base URL without a slash at its end.

    Raises ValueError for one that credentials must not be sent to: only https, or plain http to
    this very machine.
    """
    parsed = URL(url.strip().rstrip("/"))
    is_local = parsed.host == "localhost" or (
        parsed.host is not None
        and is_ip_address(parsed.host)
        and ip_address(parsed.host).is_loopback
    )
    if not parsed.host or "@" in parsed.authority or parsed.query_string or parsed.fragment:
        raise ValueError("not a base URL")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and is_local):
        raise ValueError("credentials would be readable on the way")
    return str(parsed)


async def async_read_site(client: ClimkitClient, site_id: str) -> Site | None:
    """Return the infos of a site; None if Climkit refuses it or no longer knows it."""
    try:
        return await client.installation(site_id)
    except ClimkitAccessDeniedError:
        return None
    except ClimkitResponseError as err:
        if err.status == HTTPStatus.NOT_FOUND:
            return None
        raise


@callback
def async_sites_of_others(hass: HomeAssistant, entry_id: str | None) -> set[str]:
    """Return the ids of devices that other entries have.

    A site belongs to one entry only, the first that has its device: so each statistic has one
    writer.
    """
    registry = dr.async_get(hass)
    return {
        identifier
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if entry.entry_id != entry_id
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        for _, identifier in device.identifiers
    }
