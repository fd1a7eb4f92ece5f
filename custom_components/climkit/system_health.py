"""What the page on the system's health shows: whether Climkit can be reached, and how it went."""

from homeassistant.components import system_health
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .api import DEFAULT_URL
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
        "can_reach_api": system_health.async_check_can_reach_url(hass, url),
        "accounts": len(entries),
        "requests_today": sum(one.today(now) for one in stats),
        "last_success": max(times, default=None),
    }
