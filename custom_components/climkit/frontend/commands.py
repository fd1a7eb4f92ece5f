"""The websocket commands that the dashboard asks; any user may, about what that user may see.

Each answer names the version of the served files, so that a page of before an update can tell.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response
from homeassistant.components.websocket_api.messages import BASE_COMMAND_MESSAGE_SCHEMA
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.importlib import async_import_module
import voluptuous as vol

from ..api import PLAUSIBLE_YEARS

# The year before a month or a year is looked at too.
_YEARS = range(PLAUSIBLE_YEARS[1], PLAUSIBLE_YEARS[-1])


def _day(value: object) -> date:
    """Read a local day such as 2026-11-20."""
    day = _read(value, "%Y-%m-%d")
    if len(str(value)) != len("2026-11-20"):
        raise vol.Invalid("not a day")
    return day


def _month(value: object) -> date:
    """Read a month such as 2026-11; return its first day."""
    return _read(value, "%Y-%m")


def _read(value: object, form: str) -> date:
    try:
        found = datetime.strptime(str(value), form).date()  # noqa: DTZ007 - a local date
    except ValueError as err:
        raise vol.Invalid(f"not of the form {form}") from err
    if found.year not in _YEARS:
        raise vol.Invalid(f"the year has to lie between {_YEARS[0]} and {_YEARS[-1]}")
    return found


_SITE = {vol.Required("site_id"): str}
_OWNER = _SITE | {vol.Optional("meter_id"): vol.Any(None, str)}
_TEXT = vol.Any(None, str)
_VIEWS = {
    vol.Required("language"): str,
    vol.Optional("page"): _TEXT,
    vol.Optional("site"): _TEXT,
    vol.Optional("meter"): _TEXT,
}


@callback
def async_register_commands(hass: HomeAssistant, version: str) -> None:
    """Register the commands; each answer names the version."""
    commands: dict[str, dict[vol.Marker, object]] = {
        "overview": {},
        "views": _VIEWS,
        "day": _OWNER | {vol.Required("day"): _day},
        "month": _OWNER | {vol.Required("month"): _month},
        "year": _OWNER | {vol.Required("year"): vol.All(int, vol.Range(_YEARS[0], _YEARS[-1]))},
        "meters": _SITE | {vol.Required("month"): _month},
    }
    for name, fields in commands.items():
        schema = BASE_COMMAND_MESSAGE_SCHEMA.extend(
            {vol.Required("type"): f"climkit/{name}", **fields}
        )
        websocket_api.async_register_command(
            hass, f"climkit/{name}", _handler(name, version), schema
        )


def _handler(name: str, version: str) -> Callable[..., None]:
    """Return what answers a command, with modules that are loaded when first somebody asks."""

    @async_response
    async def handle(
        hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
    ) -> None:
        answers = await async_import_module(hass, f"{__package__}.answers")
        await answers.async_send(hass, connection, msg, name, version)

    return handle
