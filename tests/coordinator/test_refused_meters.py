"""What is refused, or fails, of a site: single meters and types; the others go on."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNKNOWN
import pytest

from custom_components.climkit.const import CONF_HISTORY
from tests.conftest import NOW, Home
from tests.coordinator.steps import Requests, apartments, consumption, meters, set_up, state
from tests.simulator import Fault, FaultKind, World


@pytest.fixture
def world() -> World:
    """A house with everything."""
    return apartments()


class TestSingleMeters:
    """Where the site's answer has no columns, or is refused, each meter is asked for by itself."""

    async def test_without_columns(self, home: Home) -> None:
        """Each meter is asked for by itself and shows the same."""
        await set_up(home)
        everyone = [*meters(home), *meters(home, "production")]
        with_columns = {m.id: state(home, f"{m.id}_total_today") for m in everyone}
        by_site = {
            unique_id: state(home, unique_id)
            for unique_id in (
                f"{meters(home, 'introduction')[0].id}_from_ext_today",
                f"{meters(home, 'battery')[0].id}_storage_discharging_total_today",
            )
        }
        home.simulator.switches.columns = False
        await home.restart()
        await home.turn_clock(seconds=2)
        assert {m.id: state(home, f"{m.id}_total_today") for m in everyone} == with_columns
        assert {unique_id: state(home, unique_id) for unique_id in by_site} == by_site
        await home.turn_clock(to=NOW.replace(minute=16))
        requests = Requests(home)
        await home.turn_clock(to=NOW.replace(minute=19))
        asked = {path.split("/")[-1] for path in requests("meter_data")}
        listed = {m.id for m in [*meters(home), *meters(home, "production")]}
        assert asked == listed
        assert home.simulator.overlaps == 0

    async def test_first_refresh_leaves_single_meters_out(self, home: Home) -> None:
        """Set-up does not wait for them, nor for anything but the site's electricity."""
        home.simulator.switches.columns = False
        # History begins tomorrow, so that it asks for nothing before we look.
        home.entry.add_to_hass(home.hass)
        options = {**home.entry.options, CONF_HISTORY: "2026-11-21"}
        home.hass.config_entries.async_update_entry(home.entry, options=options)
        await home.begin()
        [flat, *_] = meters(home)
        assert [r.path.split("/")[1] for r in home.simulator.requests if "_data" in r.path] == [
            "site_data"
        ]
        assert state(home, f"{flat.id}_total_today") == STATE_UNKNOWN
        assert consumption(home) != STATE_UNKNOWN
        await home.turn_clock(seconds=2)
        assert state(home, f"{flat.id}_total_today") != STATE_UNKNOWN

    async def test_refused_meter(self, home: Home) -> None:
        """It rests longer and longer, nobody is asked to log in, the others go on."""
        home.simulator.switches.columns = False
        refused, other, *_ = meters(home)
        home.simulator.switches.refused = {refused.id: 403}
        await set_up(home)
        assert state(home, f"{refused.id}_total_today") == STATE_UNKNOWN
        before = float(state(home, f"{other.id}_total_today"))
        requests = Requests(home)
        for _ in range(4 * 3):
            await home.turn_clock(minutes=15)
        assert 3 <= len(requests(refused.id)) <= 6
        assert float(state(home, f"{other.id}_total_today")) > before
        home.simulator.switches.refused = {}
        for _ in range(5):
            await home.turn_clock(hours=1)
        assert state(home, f"{refused.id}_total_today") != STATE_UNKNOWN
        assert not home.flows

    async def test_refused_site_data(self, home: Home) -> None:
        """Somebody who may see single meters only sees those."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=403, path="/site_data/.*/electricity")
        ]
        await set_up(home)
        [flat, *_] = meters(home)
        assert float(state(home, f"{flat.id}_total_today")) > 0
        assert consumption(home) == STATE_UNKNOWN
        assert not home.flows


async def test_one_type_fails(home: Home) -> None:
    """Server errors of one type keep neither electricity nor the types behind waiting."""
    home.simulator.switches.faults = [
        Fault(kind=FaultKind.STATUS, status=500, path="/site_data/.*/heating")
    ]
    await home.set_up()
    assert home.entry.state is ConfigEntryState.LOADED
    await home.turn_clock(seconds=2)
    await home.turn_clock(to=NOW.replace(minute=19))
    requests = Requests(home)
    await home.turn_clock(to=NOW.replace(hour=12, minute=4))
    assert consumption(home, "power") != STATE_UNKNOWN
    asked = [path.split("/")[-1] for path in requests("site_data")]
    assert {"electricity", "hot_water", "cold_water", "cooling"} <= set(asked)
    assert "heating" in home.simulator.requests[-1].path  # in halves: it may be too long
