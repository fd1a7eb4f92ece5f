"""The Climkit dashboard: serves its strategy and cards to browsers, and answers them with data.

Without Home Assistant's frontend nothing is added to a page, and nothing is missed.
"""

from homeassistant.components.frontend import DOMAIN as FRONTEND, add_extra_js_url
from homeassistant.components.http.const import DOMAIN as HTTP
from homeassistant.core import HomeAssistant

from .commands import async_register_commands
from .panel import OPENER, OPENER_PATH, async_update_panel
from .serve import WWW, DashboardView, read_files

__all__ = ["OPENER_PATH", "async_setup_frontend", "async_update_panel"]

# What every page loads; it loads the rest when a dashboard needs it.
STUB = "climkit.js"


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Serve the dashboard; once for all accounts."""
    files = await hass.async_add_executor_job(read_files, WWW)
    async_register_commands(hass, files.digest)
    hass.data[OPENER] = files.url("opener.js")
    if HTTP in hass.config.components:
        hass.http.register_view(DashboardView(files))
    if FRONTEND in hass.config.components:
        add_extra_js_url(hass, files.url(STUB))
