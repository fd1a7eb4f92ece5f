"""An account: its client, and which of its sites are ours."""

from collections.abc import Mapping
from hashlib import sha256
from ipaddress import ip_address

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.network import is_ip_address
from yarl import URL

from .api import DEFAULT_URL, ClimkitClient, Login, RequestQueue
from .const import DOMAIN

# Whether the API's limit counts users or addresses is unknown, so all accounts of a URL share a
# queue.
_QUEUES: HassKey[dict[str, RequestQueue]] = HassKey(f"{DOMAIN}_queues")

# What is known of credentials outlives a reload and serves forms too. They are kept as a digest.
_LOGINS: HassKey[dict[bytes, Login]] = HassKey(f"{DOMAIN}_logins")

# The sites of each base URL that were in trouble the last time, see `read_each_site`.
_TROUBLED: HassKey[dict[str, list[str]]] = HassKey(f"{DOMAIN}_troubled")


@callback
def async_create_client(hass: HomeAssistant, data: Mapping[str, str]) -> ClimkitClient:
    """Return a client for the credentials of a config entry."""
    url = data.get(CONF_URL, DEFAULT_URL)
    username, password = data[CONF_USERNAME], data[CONF_PASSWORD]
    digest = sha256(f"{url}\0{username}\0{password}".encode()).digest()
    return ClimkitClient(
        async_get_clientsession(hass),
        username,
        password,
        url=url,
        queue=async_queue(hass, url),
        login=hass.data.setdefault(_LOGINS, {}).setdefault(digest, Login(username, password)),
    )


@callback
def async_queue(hass: HomeAssistant, url: str) -> RequestQueue:
    """Return the queue of all that talks to a base URL."""
    return hass.data.setdefault(_QUEUES, {}).setdefault(url, RequestQueue())


@callback
def async_troubled_sites(hass: HomeAssistant, url: str) -> list[str]:
    """Return the sites of a base URL that are asked for after all others, to be changed."""
    return hass.data.setdefault(_TROUBLED, {}).setdefault(url, [])


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
