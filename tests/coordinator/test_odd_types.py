"""A meter that a list calls a type that nobody knows, or none, stays what it was."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
import pytest

from tests.conftest import Home
from tests.coordinator.steps import apartments, building, has_device, meters, set_up, state
from tests.simulator import Building, World


@pytest.fixture
def world() -> World:
    """A house with everything."""
    return apartments()


@pytest.mark.parametrize(("mode", "key"), [("production", "total"), ("introduction", "from_ext")])
@pytest.mark.parametrize("word", [None, "reactive"])
@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
async def test_for_a_day(home: Home, word: object, is_restarted: bool, mode: str, key: str) -> None:
    """All goes on: the account, its other meters, and this one, whether it has a column or not."""
    await set_up(home)
    [meter] = meters(home, mode=mode)
    runtime, name = home.sites[0], home.state(f"{meter.id}_{key}").name
    listed = Building.meter_info

    def odd(self: Building) -> list[dict[str, Any]]:
        return [one | ({"type": word} if one["id"] == meter.id else {}) for one in listed(self)]

    with patch.object(Building, "meter_info", odd):
        await home.turn_clock(days=1)
        if is_restarted:
            await home.restart()
        await home.turn_clock(minutes=15)
        assert home.entry.state is ConfigEntryState.LOADED
        assert is_restarted or home.sites[0] is runtime, "nothing is loaded anew for it"
        for one in (f"{building(home).id}_electricity_conso_total", f"{meter.id}_{key}"):
            assert state(home, f"{one}_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        assert not home.has_entity(f"{meter.id}_self")
    await home.turn_clock(days=1)
    await home.turn_clock(minutes=15)
    assert has_device(home, meter.id)
    assert home.state(f"{meter.id}_{key}").name == name


async def test_as_remembered(home: Home) -> None:
    """A memory that calls an unlisted meter so does not keep the account from loading."""
    await set_up(home)
    [roof] = meters(home, mode="production")
    described = home.sites[0].record.described
    described[roof.id] = replace(described[roof.id], type="reactive")
    home.simulator.switches.hidden_meters = [roof.id]
    await home.restart()
    assert home.entry.state is ConfigEntryState.LOADED
