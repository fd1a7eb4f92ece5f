"""What a user is offered at the end of the set-up: both dashboards, and a tariff."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult, FlowType
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations

from ..const import (
    CONF_DASHBOARD,
    CONF_ENERGY,
    CONF_METERS,
    CONF_TARIFF,
    DOMAIN,
    SUBENTRY_TARIFF,
    VIEW_FLAT,
)
from ..energy_dashboard import ENERGY, DashboardRequest, async_remember_request, water_meters
from ..frontend import OPENER_PATH
from ..options import view_of
from ..runtime import ClimkitConfigEntry

# Where a user finds what was set up.
_LINKS = {CONF_ENERGY: "/energy", CONF_DASHBOARD: f"/{OPENER_PATH}"}


@callback
def offers(hass: HomeAssistant) -> dict[str, bool]:
    """Return what can be set up beside the account, and whether it is suggested."""
    offered = {CONF_TARIFF: False}
    if "frontend" in hass.config.components:
        offered = {CONF_DASHBOARD: True, **offered}
    if ENERGY in hass.config.components:
        offered = {CONF_ENERGY: True, **offered}
    return offered


async def async_set_up(
    hass: HomeAssistant, result: ConfigFlowResult, wanted: Mapping[str, Any]
) -> ConfigFlowResult:
    """Set up what was wanted for a new entry; add to the result what was done, and what is next."""
    entry: ClimkitConfigEntry = result["result"]
    done = [CONF_DASHBOARD] if wanted.get(CONF_DASHBOARD) else []
    if wanted.get(CONF_ENERGY) and _async_wish(hass, entry):
        done.insert(0, CONF_ENERGY)
    if wanted.get(CONF_TARIFF) and entry.state is ConfigEntryState.LOADED:
        flow = await hass.config_entries.subentries.async_init(
            (entry.entry_id, SUBENTRY_TARIFF), context={"source": SOURCE_USER}
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"])
    result["description_placeholders"] = {"done": await _async_lines(hass, done)}
    return result


@callback
def _async_wish(hass: HomeAssistant, entry: ClimkitConfigEntry) -> bool:
    """Let each site's part of the Energy dashboard be set up; False while Climkit is in trouble."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    for site_id, runtime in entry.runtime_data.items():
        if view_of(entry.options) == VIEW_FLAT:
            flat, *others = entry.options[CONF_METERS]
            waters = set(water_meters(runtime))
            request = DashboardRequest(
                owner_id=flat, water_ids=[one for one in others if one in waters]
            )
        else:
            request = DashboardRequest(owner_id=site_id)
        async_remember_request(hass, runtime, request)
    return True


async def _async_lines(hass: HomeAssistant, done: list[str]) -> str:
    """Return what was set up as a list of links."""
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    prefix = f"component.{DOMAIN}.selector.set_up.options"
    return "\n".join(f"- [{texts.get(f'{prefix}.{key}', key)}]({_LINKS[key]})" for key in done)
