"""An apartment house, and an Energy dashboard that is not set up."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol

from custom_components.climkit.energy_dashboard import preferences
from tests.conftest import Home
from tests.simulator import World, apartment_house


@pytest.fixture
def world(now: datetime) -> World:
    """An apartment house with three flats, and with three days of data."""
    house = apartment_house(1, now, timedelta(days=24), flats=3)
    return World.of(replace(house, faultless=True))


@pytest.fixture
async def house(home: Home) -> Home:
    """A Home Assistant with the apartment house and an Energy dashboard that is not set up."""
    assert await async_setup_component(home.hass, "energy", {})
    await home.set_up()
    await home.turn_clock(minutes=1)
    return home


@pytest.fixture
def knows_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this Home Assistant accept a source of the home's consumption, as from 2026.11 on."""
    schema = preferences.ENERGY_SOURCE_SCHEMA
    home = vol.Schema(
        {
            vol.Required("type"): "home",
            vol.Required("stat_energy_to"): str,
            vol.Optional("stat_rate"): str,
            vol.Optional("name"): str,
        }
    )

    def newer(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        homes = [one["type"] == "home" for one in sources]
        if sum(homes) > 1:
            raise vol.Invalid("Only one home source is allowed")
        return [
            home(one) if is_home else schema([one])[0]
            for one, is_home in zip(sources, homes, strict=True)
        ]

    monkeypatch.setattr(preferences, "ENERGY_SOURCE_SCHEMA", newer)
