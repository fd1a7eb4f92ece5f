"""Meters come and go with Climkit's daily lists, and with the columns of its answers."""

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.climkit.const import CONF_METERS, CONF_SITE_TOTALS, DOMAIN
from tests.conftest import Home
from tests.coordinator.steps import (
    apartments,
    building,
    consumption,
    has_device,
    meters,
    set_up,
    state,
)
from tests.simulator import Building, Fault, FaultKind, World


@pytest.fixture
def world() -> World:
    """A house with everything."""
    return apartments()


class TestChargePoints:
    """They stand in no list."""

    async def test_charge_points(self, home: Home) -> None:
        """No list tells of them, their columns do; their devices stay."""
        await set_up(home)
        points = meters(home, kind="charge_point")
        assert len(points) == 2
        for _ in range(3):
            await home.turn_clock(minutes=15)
        for point in points:
            assert has_device(home, point.id)
            assert state(home, f"{point.id}_total_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_chosen_by_itself(self, home: Home) -> None:
        """It is asked for, though no list tells that it is a charge point."""
        [point, _] = meters(home, kind="charge_point")
        await set_up(home, **{CONF_METERS: [point.id], CONF_SITE_TOTALS: False})
        assert state(home, f"{point.id}_total_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_charge_points_after_restarts(self, home: Home) -> None:
        """Restarts on several days, each before anything was answered, do not remove them."""
        await set_up(home)
        [point, _] = meters(home, kind="charge_point")
        for _ in range(4):
            await home.hass.config_entries.async_unload(home.entry.entry_id)
            home.freezer.tick(timedelta(hours=20))
            await home.set_up()
            assert has_device(home, point.id)


class TestMeters:
    """They stand in the day's list."""

    async def test_new_meter(self, home: Home) -> None:
        """It appears with the next daily list, or with its column."""
        await set_up(home)
        new = {"id": "6ae28c9a3780515400000077", "type": "electricity", "name": "Sauna"}
        home.simulator.world.add_meter(building(home).id, new)
        await home.turn_clock(minutes=15)
        assert state(home, f"{new['id']}_total_today") != STATE_UNAVAILABLE
        await home.turn_clock(days=1)
        await home.restart()
        registry = dr.async_get(home.hass)
        device = registry.async_get_device_by_identifier((DOMAIN, new["id"]), home.entry.entry_id)
        assert device is not None
        assert device.name == "Sauna"

    async def test_vanished_meter(self, home: Home) -> None:
        """Unavailable at once; its device goes with the third daily list, and may come back."""
        await set_up(home)
        gone, other, *_ = meters(home)
        home.simulator.switches.hidden_meters = [gone.id]
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        assert state(home, f"{gone.id}_total_today") == STATE_UNAVAILABLE
        assert has_device(home, gone.id)
        await home.turn_clock(days=1)
        assert has_device(home, gone.id)
        await home.turn_clock(days=1)
        assert not has_device(home, gone.id)
        assert not home.has_entity(f"{gone.id}_total")
        assert has_device(home, other.id)
        home.simulator.switches.hidden_meters = []
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        assert has_device(home, gone.id)
        assert state(home, f"{gone.id}_total_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_day_of_a_list(self, home: Home) -> None:
        """It is the site's: two lists soon after its midnight are of one day, not of two."""
        await set_up(home)
        [gone, *_] = meters(home)
        home.simulator.switches.hidden_meters = [gone.id]
        for moment in ("2026-11-20T23:30+00:00", "2026-11-21T01:30+00:00"):
            await home.hass.config_entries.async_unload(home.entry.entry_id)
            home.freezer.move_to(datetime.fromisoformat(moment))
            await home.set_up()
        assert home.sites[0].record.meters[gone.id] == ["2026-11-21"]

    async def test_all_meters_vanish(self, home: Home) -> None:
        """An empty list is believed when the next day's is too; it is asked for once a day."""
        await set_up(home)
        [gone, *_] = meters(home)
        listed = home.simulator.world.meter_info(building(home).id)
        home.simulator.switches.hidden_meters = [str(meter["id"]) for meter in listed]
        await home.turn_clock(days=1)
        before = len(home.simulator.requests)
        for _ in range(4):
            await home.turn_clock(minutes=15)
        assert not [one for one in home.simulator.requests[before:] if "meter_info" in one.path]
        for _ in range(2):
            await home.turn_clock(days=1)
            assert has_device(home, gone.id)
        await home.turn_clock(days=2)
        assert not has_device(home, gone.id)

    async def test_empty_list_at_a_restart(self, home: Home) -> None:
        """Asked for twice there too: meters without a column would be missing for a day."""
        await set_up(home)
        [grid] = meters(home, mode="introduction")
        odd = Fault(kind=FaultKind.EMPTY_LIST, path="meter_info", times=1)
        home.simulator.switches.faults = [odd]
        await home.restart()
        await home.turn_clock(minutes=15)
        assert not odd.times
        assert state(home, f"{grid.id}_from_ext_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_meter_that_is_missing_for_a_day(self, home: Home) -> None:
        """It is available again; lists can be wrong."""
        await set_up(home)
        [gone, *_] = meters(home)
        home.simulator.switches.hidden_meters = [gone.id]
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        home.simulator.switches.hidden_meters = []
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        assert state(home, f"{gone.id}_total_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_type_that_is_missing_for_a_day(self, home: Home) -> None:
        """Its answers still tell of its meters, so they are asked for, after a restart too."""
        await set_up(home)
        [heat, *_] = meters(home, kind="heating")
        listed = Building.meter_info

        def without(self: Building) -> list[dict[str, Any]]:
            return [one for one in listed(self) if one["type"] != heat.type]

        with patch.object(Building, "meter_info", without):
            await home.turn_clock(days=1)
            await home.restart()
            await home.turn_clock(hours=1)
        for one in (heat.id, f"{building(home).id}_heating_conso"):
            assert state(home, f"{one}_total_yesterday") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(kind=FaultKind.EMPTY_LIST, path="meter_info"),
            Fault(kind=FaultKind.HTML, path="meter_info"),
            Fault(kind=FaultKind.STATUS, status=500, path="meter_info"),
            Fault(kind=FaultKind.STATUS, status=403, path="meter_info"),
        ],
    )
    async def test_bad_list(self, home: Home, fault: Fault) -> None:
        """What was known goes on."""
        await set_up(home)
        home.simulator.switches.faults = [fault]
        for _ in range(4):
            await home.turn_clock(days=1)
        [flat, *_] = meters(home)
        assert has_device(home, flat.id)
        assert state(home, f"{flat.id}_total_power") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_unknown_meter_type(self, home: Home) -> None:
        """It is passed over."""
        new = {"id": "6ae28c9a3780515400000077", "type": "reactive", "name": "Reactive"}
        home.simulator.world.add_meter(building(home).id, new)
        await set_up(home)
        assert not has_device(home, new["id"])
        assert consumption(home) != STATE_UNKNOWN
