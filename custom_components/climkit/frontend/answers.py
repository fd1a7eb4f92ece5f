"""What the dashboard's commands are answered; nobody loads this before somebody asks."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.json import JsonObjectType

from ..const import DOMAIN
from ..statistics import RecorderError
from .day import async_day
from .meters import async_meters
from .month import async_month, async_year
from .overview import async_overview
from .owners import Code, NoAnswerError, Owner, async_find_owner, async_find_site
from .views import SiteOverview, dashboard, page

type _Answer = Callable[
    [HomeAssistant, ActiveConnection, dict[str, Any]], Awaitable[JsonObjectType]
]


async def async_send(
    hass: HomeAssistant,
    connection: ActiveConnection,
    msg: dict[str, Any],
    name: str,
    version: str,
) -> None:
    """Send what is answered to a command, or why there is no answer."""
    try:
        answer = await _ANSWERS[name](hass, connection, msg)
        connection.send_result(msg["id"], {"version": version, **answer})
    except NoAnswerError as err:
        connection.send_error(msg["id"], err.code, err.code.replace("_", " "))


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
    except RecorderError as err:
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
    owner = async_find_site(hass, connection.user, msg["site_id"])
    return await _async_run(owner, async_meters(hass, connection.user, owner, msg["month"]))


_ANSWERS: dict[str, _Answer] = {
    "overview": _async_overview,
    "views": _async_views,
    "day": _of_owner(async_day, "day"),
    "month": _of_owner(async_month, "month"),
    "year": _of_owner(async_year, "year"),
    "meters": _async_meters,
}
