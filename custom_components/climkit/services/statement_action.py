"""The action that states what a site's meters, or one of them, used in some days, and its costs.

Everybody may call it, as everybody may see the statistics and entities that it sums up. It asks the
recorder, never Climkit.
"""

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.importlib import async_import_module
import voluptuous as vol

from ..const import DOMAIN
from .target import ATTR_FORMAT, ATTR_FROM, ATTR_TO, CSV, ROWS, plausible_day, site_or_meter

GET_STATEMENT = "get_statement"

SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_FROM): plausible_day,
        vol.Optional(ATTR_TO): plausible_day,
        vol.Optional(ATTR_FORMAT, default=ROWS): vol.In([ROWS, CSV]),
    }
)


@callback
def async_setup_statement(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN, GET_STATEMENT, _async_statement, SCHEMA, SupportsResponse.ONLY
    )


async def _async_statement(call: ServiceCall) -> ServiceResponse:
    """Answer the statement, as long as the account of the device is loaded."""
    rows = await async_import_module(call.hass, f"{__package__}.statement_rows")
    runtime, owner_id = site_or_meter(call.hass, call.data[ATTR_DEVICE_ID])
    return await runtime.async_run(rows.async_answer(call, runtime, owner_id))
