"""A user's way through a flow."""

from typing import Any

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.data_entry_flow import FlowResultType

from custom_components.climkit.const import (
    CONF_ADVANCED,
    CONF_DASHBOARD,
    CONF_SENSORS,
    CONF_VIEW,
    VIEW_BUILDING,
)
from tests.conftest import ALL_CHOSEN, Home
from tests.simulator import DEFAULT_PASSWORD, DEFAULT_USERNAME

BUILDING = ALL_CHOSEN | {CONF_VIEW: VIEW_BUILDING, CONF_SENSORS: True, CONF_DASHBOARD: False}


def credentials(url: str, password: str = DEFAULT_PASSWORD) -> dict[str, Any]:
    """What a user enters."""
    return {
        CONF_USERNAME: DEFAULT_USERNAME,
        CONF_PASSWORD: password,
        CONF_ADVANCED: {CONF_URL: url},
    }


class Flow:
    """A user's way through a flow."""

    def __init__(self, home: Home, manager: Any) -> None:
        self.home = home
        self.manager = manager
        self.result: dict[str, Any] = {}

    async def answer(self, user_input: dict[str, Any]) -> dict[str, Any]:
        """Fill in a form and wait while Climkit is asked."""
        self.result = await self.manager.async_configure(self.result["flow_id"], user_input)
        return await self.wait()

    async def choose(self, option: str) -> dict[str, Any]:
        """Take an option of a menu."""
        assert self.result["type"] is FlowResultType.MENU, self.result
        return await self.answer({"next_step_id": option})

    async def take_suggestions(self, view: str = VIEW_BUILDING) -> dict[str, Any]:
        """Go on to the end: of menus `view`, of forms what they suggest."""
        while self.result["type"] in (FlowResultType.FORM, FlowResultType.MENU):
            is_menu = self.result["type"] is FlowResultType.MENU
            await (self.choose(view) if is_menu else self.answer(self.suggested))
        return self.result

    async def wait(self) -> dict[str, Any]:
        """Wait for the end of the progress."""
        while self.result["type"] is FlowResultType.SHOW_PROGRESS:
            await self.home.hass.async_block_till_done()
            self.result = await self.manager.async_configure(self.result["flow_id"])
        return self.result

    def options(self, field: str) -> list[dict[str, str]]:
        """What the form lets a user choose from."""
        schema = self.result["data_schema"].schema
        return list(schema[field].config["options"])

    @property
    def suggested(self) -> dict[str, Any]:
        """What the form suggests."""
        fields = self.result["data_schema"].schema
        return {str(key): key.description["suggested_value"] for key in fields if key.description}


def apartment_meters(home: Home) -> tuple[str, dict[str, str]]:
    """The id of the apartment house, and those of its meters by name."""
    site_id = next(iter(home.simulator.world.sites))
    found = home.simulator.world.meter_info(site_id)
    return site_id, {str(meter.get("name") or meter["id"]): str(meter["id"]) for meter in found}


def labels(flow: Flow, field: str) -> dict[str, str]:
    """What a form lets choose from, by value."""
    selector = flow.result["data_schema"].schema[field]
    return {option["value"]: option["label"] for option in selector.config["options"]}
