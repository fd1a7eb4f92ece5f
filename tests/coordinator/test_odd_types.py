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


@pytest.mark.parametrize("word", [None, "reactive"])
@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
async def test_for_a_day(home: Home, word: object, is_restarted: bool) -> None:
    """All goes on: the account, its other meters, and what its column says of this one."""
    await set_up(home)
    [roof] = meters(home, mode="production")
    runtime, name = home.sites[0], home.state(f"{roof.id}_total").name
    listed = Building.meter_info

    def odd(self: Building) -> list[dict[str, Any]]:
        return [one | ({"type": word} if one["id"] == roof.id else {}) for one in listed(self)]

    with patch.object(Building, "meter_info", odd):
        await home.turn_clock(days=1)
        if is_restarted:
            await home.restart()
        await home.turn_clock(minutes=15)
        assert home.entry.state is ConfigEntryState.LOADED
        assert is_restarted or home.sites[0] is runtime, "nothing is loaded anew for it"
        for one in (building(home).id + "_electricity_conso", roof.id):
            assert state(home, f"{one}_total_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        assert not home.has_entity(f"{roof.id}_self")
    await home.turn_clock(days=1)
    await home.turn_clock(minutes=15)
    assert has_device(home, roof.id)
    assert home.state(f"{roof.id}_total").name == name


async def test_as_remembered(home: Home) -> None:
    """A memory that calls an unlisted meter so does not keep the account from loading."""
    await set_up(home)
    [roof] = meters(home, mode="production")
    described = home.sites[0].record.described
    described[roof.id] = replace(described[roof.id], type="reactive")
    home.simulator.switches.hidden_meters = [roof.id]
    await home.restart()
    assert home.entry.state is ConfigEntryState.LOADED
