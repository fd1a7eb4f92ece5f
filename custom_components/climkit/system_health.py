"""What the page on the system's health shows: whether Climkit can be reached, and how it went."""

from homeassistant.components import system_health
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .account import async_queue
from .api import DEFAULT_URL, GIVEN_UP, Priority, QueuePausedError
from .const import DOMAIN
from .runtime import ClimkitConfigEntry


@callback
def async_register(_hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Name who tells."""
    register.async_register_info(async_health)


async def async_health(hass: HomeAssistant) -> dict[str, object]:
    """Return the figures of all accounts together."""
    entries: list[ClimkitConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False
    )
    url = next((entry.data.get(CONF_URL, DEFAULT_URL) for entry in entries), DEFAULT_URL)
    loaded: list[ClimkitConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    stats = [next(iter(e.runtime_data.values())).client.stats for e in loaded if e.runtime_data]
    now = dt_util.utcnow()
    times = [one.last_success for one in stats if one.last_success]
    return {
        "can_reach_api": _async_can_reach(hass, url),
        "accounts": len(entries),
        "requests_today": sum(one.today(now) for one in stats),
        "last_success": max(times, default=None),
    }


async def _async_can_reach(hass: HomeAssistant, url: str) -> str | dict[str, str]:
    """Ask whether Climkit can be reached, in a turn of the queue: the limit may count this too."""
    queue = async_queue(hass, url)
    found: str | dict[str, str] | None = None
    try:
        async with queue.turn(Priority.ASKED_FOR):
            try:
                found = await system_health.async_check_can_reach_url(hass, url)
            finally:
                queue.keep_distance(1.0 if found == "ok" else GIVEN_UP)
    except QueuePausedError:
        found = "ok"  # it was reached: it asked for the pause
    return found
