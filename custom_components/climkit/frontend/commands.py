"""The websocket commands that the dashboard asks; any user may, about what that user may see.

Each answer names the version of the served files, so that a page of before an update can tell.
"""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import date, datetime
from typing import Any, cast

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response
from homeassistant.components.websocket_api.messages import BASE_COMMAND_MESSAGE_SCHEMA
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.json import JsonObjectType
from sqlalchemy.exc import SQLAlchemyError
import voluptuous as vol

from ..api import PLAUSIBLE_YEARS
from ..const import DOMAIN
from ..statistics import RecorderError
from .day import async_day
from .meters import async_meters
from .month import async_month, async_year
from .overview import async_overview
from .owners import Code, NoAnswerError, Owner, async_find_owner
from .views import SiteOverview, dashboard, page

type _Answer = Callable[
    [HomeAssistant, ActiveConnection, dict[str, Any]], Awaitable[JsonObjectType]
]

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
    commands: tuple[tuple[str, dict[vol.Marker, object], _Answer], ...] = (
        ("overview", {}, _async_overview),
        ("views", _VIEWS, _async_views),
        ("day", _OWNER | {vol.Required("day"): _day}, _of_owner(async_day, "day")),
        ("month", _OWNER | {vol.Required("month"): _month}, _of_owner(async_month, "month")),
        (
            "year",
            _OWNER | {vol.Required("year"): vol.All(int, vol.Range(_YEARS[0], _YEARS[-1]))},
            _of_owner(async_year, "year"),
        ),
        ("meters", _SITE | {vol.Required("month"): _month}, _async_meters),
    )
    for name, fields, answer in commands:
        schema = BASE_COMMAND_MESSAGE_SCHEMA.extend(
            {vol.Required("type"): f"climkit/{name}", **fields}
        )
        websocket_api.async_register_command(
            hass, f"climkit/{name}", _handler(answer, version), schema
        )


def _handler(answer: _Answer, version: str) -> Callable[..., None]:
    """Return a handler that sends what is answered, or why there is no answer."""

    @async_response
    async def handle(
        hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
    ) -> None:
        try:
            connection.send_result(
                msg["id"], {"version": version, **await answer(hass, connection, msg)}
            )
        except NoAnswerError as err:
            connection.send_error(msg["id"], err.code, err.code.replace("_", " "))

    return handle


def _of_owner(
    answer: Callable[[HomeAssistant, Owner, Any], Coroutine[Any, Any, JsonObjectType]], field: str
) -> _Answer:
    """Return what answers a command about a site or meter and the time that a field names."""

    async def answer_command(
        hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
    ) -> JsonObjectType:
        owner = async_find_owner(hass, connection.user, msg["site_id"], msg.get("meter_id"))
        return await _async_run(owner, answer(hass, owner, msg[field]))

    return answer_command


async def _async_run(owner: Owner, work: Coroutine[Any, Any, JsonObjectType]) -> JsonObjectType:
    """Answer for a site or meter, as long as its account is loaded."""
    try:
        return await owner.runtime.async_run(work)
    except (RecorderError, SQLAlchemyError) as err:
        raise NoAnswerError(Code.UNAVAILABLE) from err
    except HomeAssistantError as err:  # it was unloaded meanwhile
        raise NoAnswerError(Code.NOT_LOADED) from err


async def _async_overview(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> JsonObjectType:
    return async_overview(hass, connection.user)


async def _async_views(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> JsonObjectType:
    """Answer the dashboard or, with `page`, one of its views."""
    texts = await async_get_translations(hass, msg["language"], "common", {DOMAIN})

    def text(key: str) -> str:
        return texts.get(f"component.{DOMAIN}.common.dashboard_{key}", key)

    sites = cast("list[SiteOverview]", async_overview(hass, connection.user)["sites"])
    wanted = msg.get("site")
    if name := msg.get("page"):
        return {"config": page(sites, text, name, wanted, msg.get("meter"))}
    return {"config": dashboard([one for one in sites if wanted in {None, one["site_id"]}], text)}


async def _async_meters(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> JsonObjectType:
    owner = async_find_owner(hass, connection.user, msg["site_id"])
    return await _async_run(owner, async_meters(hass, connection.user, owner, msg["month"]))
