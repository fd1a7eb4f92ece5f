"""What tests ask of an apartment house and of its Energy dashboard."""

from collections.abc import Mapping
from copy import deepcopy
import json
from typing import Any

from homeassistant.components.energy.data import EnergyManager, async_get_manager
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.coordinator.site import SiteCoordinator
from custom_components.climkit.energy_dashboard.proposal import Preferences
from tests.conftest import Home

ACTION = "set_up_energy_dashboard"
EMPTY: Preferences = {
    "energy_sources": [],
    "device_consumption": [],
    "device_consumption_water": [],
}
GRID_OF_A_PERSON = {
    "type": "grid",
    "stat_energy_from": "sensor.my_meter",
    "stat_energy_to": None,
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": 0.31,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0.0,
    "name": "Mine",
}
DEVICE_OF_A_PERSON = {"stat_consumption": "sensor.washing_machine", "name": "Washing machine"}


def coordinator(home: Home) -> SiteCoordinator:
    """The site."""
    return home.sites[0].coordinator


def meter(home: Home, name: str) -> str:
    """The id of the meter with a name."""
    return next(m.id for m in coordinator(home).data.meters.values() if m.name == name)


def device(home: Home, climkit_id: str) -> str:
    """The device of a site or meter."""
    found = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, climkit_id), home.entry.entry_id
    )
    assert found
    return found.id


def site_device(home: Home) -> str:
    """The device of the site."""
    return device(home, coordinator(home).site.id)


async def call(home: Home, **data: object) -> Mapping[str, Any]:
    """Call the action."""
    answer = await home.hass.services.async_call(
        DOMAIN, ACTION, data, blocking=True, return_response=True
    )
    assert answer is not None
    return answer


async def stored(home: Home) -> str:
    """The preferences, to the byte."""
    manager: EnergyManager = await async_get_manager(home.hass)
    return json.dumps(manager.data)


async def configure(home: Home, **preferences: list[dict[str, Any]]) -> None:
    """Let a person set up the dashboard."""
    manager: EnergyManager = await async_get_manager(home.hass)
    await manager.async_update(preferences)  # type: ignore[typeddict-item, arg-type]


async def issues(home: Home, hass_ws_client: WebSocketGenerator) -> list[Any]:
    """What Home Assistant has to say against the dashboard."""
    client = await hass_ws_client(home.hass)
    await client.send_json_auto_id({"type": "energy/validate"})
    found = (await client.receive_json())["result"]
    return [issue for entries in found.values() for entry in entries for issue in entry]


async def save_again(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Save the dashboard, as the frontend does after an edit."""
    client = await hass_ws_client(home.hass)
    manager: EnergyManager = await async_get_manager(home.hass)
    await client.send_json_auto_id({"type": "energy/save_prefs"} | deepcopy(manager.data or {}))
    assert (await client.receive_json())["success"]


def ids(entries: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The statistics in entries."""
    return [
        {key: value for key, value in entry.items() if key.startswith("stat") and value}
        for entry in entries
    ]


def parents(devices: list[dict[str, Any]]) -> dict[str, str]:
    """Which device is a part of which, by their statistics."""
    return {
        one["stat_consumption"]: one["included_in_stat"]
        for one in devices
        if "included_in_stat" in one
    }


def charge_points(home: Home) -> list[str]:
    """The ids of the charge points."""
    return [one.id for one in coordinator(home).data.meters.values() if one.type == "charge_point"]


def behind_garage(home: Home) -> dict[str, str]:
    """The charge points' statistics, as parts of the garage's."""
    garage = f"climkit:{meter(home, 'Garage')}_total"
    return {f"climkit:{point}_total": garage for point in charge_points(home)}
