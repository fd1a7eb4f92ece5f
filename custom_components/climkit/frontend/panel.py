"""The Climkit dashboard in the sidebar: there as long as an account wants it.

Home Assistant has no call by which an integration adds a dashboard; a panel that shows one made by
a strategy is what its own default dashboards are. Who wants to edit it adds one of the same kind
under *Settings > Dashboards*.

A page that was open before the account was added does not have the strategy, and Home Assistant
cannot give it one. It gets it from a panel of ours, the opener, which then shows the dashboard. So
until the next start the sidebar leads there.
"""

from typing import Any, override

from homeassistant.components import frontend
from homeassistant.components.lovelace.const import LOVELACE_DATA, MODE_YAML
from homeassistant.components.lovelace.dashboard import LovelaceConfig
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.json import json_bytes, json_fragment
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_DASHBOARD, DOMAIN

URL_PATH = DOMAIN
OPENER_PATH = f"{DOMAIN}-open"

# The address of the opener's module.
OPENER: HassKey[str] = HassKey(f"{DOMAIN}_opener")
TITLE = "Climkit"
ICON = "mdi:home-lightning-bolt-outline"

_CONFIG: dict[str, Any] = {"strategy": {"type": f"custom:{DOMAIN}"}}


class ClimkitDashboard(LovelaceConfig):
    """A dashboard that is always made by the strategy."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Tell where it is found."""
        super().__init__(hass, URL_PATH, {"title": TITLE, "icon": ICON})

    @property
    @override
    def mode(self) -> str:
        """It cannot be edited in place."""
        return MODE_YAML

    @override
    async def async_get_info(self) -> dict[str, Any]:
        """Return its mode."""
        return {"mode": self.mode}

    @override
    async def async_load(self, force: bool) -> dict[str, Any]:
        """Return the strategy."""
        return _CONFIG

    @override
    async def async_json(self, force: bool) -> json_fragment:
        """Return the strategy as JSON."""
        return json_fragment(json_bytes(_CONFIG))


@callback
def async_update_panel(hass: HomeAssistant, removed: ConfigEntry | None = None) -> None:
    """Show the dashboard if an account wants it that is not `removed`, else take it away.

    It stays while an account is reloaded, or Climkit is in trouble.
    """
    if (lovelace := hass.data.get(LOVELACE_DATA)) is None:
        return  # no frontend
    is_wanted = any(
        entry.options.get(CONF_DASHBOARD)
        for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False)
        if entry is not removed
    )
    present = lovelace.dashboards.get(URL_PATH)
    if is_wanted and present is None and not frontend.async_panel_exists(hass, URL_PATH):
        lovelace.dashboards[URL_PATH] = ClimkitDashboard(hass)
        is_start = hass.state is not CoreState.running
        _register(hass, "lovelace", URL_PATH, {"mode": MODE_YAML}, in_sidebar=is_start)
        opener = {"name": OPENER_PATH, "embed_iframe": False, "module_url": hass.data[OPENER]}
        config = {"_panel_custom": {**opener, "trust_external": False}}
        _register(hass, "custom", OPENER_PATH, config, in_sidebar=not is_start)
    elif not is_wanted and isinstance(present, ClimkitDashboard):
        del lovelace.dashboards[URL_PATH]
        for path in (URL_PATH, OPENER_PATH):
            frontend.async_remove_panel(hass, path)


def _register(
    hass: HomeAssistant, component: str, path: str, config: dict[str, Any], *, in_sidebar: bool
) -> None:
    frontend.async_register_built_in_panel(
        hass,
        component,
        sidebar_title=TITLE,
        sidebar_icon=ICON,
        frontend_url_path=path,
        config=config,
        show_in_sidebar=in_sidebar,
    )
