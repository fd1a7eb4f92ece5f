"""How often Climkit is asked for what is new, and what a refresh tells of itself."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
import logging
import re

from homeassistant.const import STATE_UNKNOWN
from homeassistant.helpers.update_coordinator import UpdateFailed
import pytest

from custom_components.climkit.api import ClimkitRateLimitError, transport
from custom_components.climkit.const import CONF_METERS, CONF_SITE_TOTALS
from custom_components.climkit.errors import refresh_errors
from tests.conftest import NOW, Home
from tests.coordinator.steps import DOWN, Requests, building, meters, set_up, state
from tests.simulator import Fault, FaultKind, World, water_site


class TestBudget:
    """How often Climkit is asked."""

    async def test_one_request_a_quarter_hour(self, home: Home) -> None:
        """For the site's meters of one type together; charge points are looked for once a day."""
        await set_up(home)
        requests = Requests(home)
        for _ in range(4 * 25):
            await home.turn_clock(minutes=15)
        found = Counter(path.split("/")[-1] for path in requests("site_data"))
        assert found == {"electricity": 100, "charge_point": 1}
        assert Counter(path.split("/")[1] for path in requests()) == {
            "site_data": 101,
            "meter_info": 1,
            "installation_infos": 1,
            "all_installations": 1,
            building(home).id: 1,  # the list of sensors
        }
        assert home.simulator.overlaps == 0

    @pytest.mark.parametrize(("latency", "looks"), [(100, 1), (240, 3), (420, 6), (720, 7)])
    async def test_looks(self, home: Home, latency: float, looks: int) -> None:
        """A look each minute where data are late, none once they are there, none for ever."""
        home.simulator.switches.latency = latency
        await set_up(home)
        await home.turn_clock(to=NOW.replace(minute=29, second=59))
        requests = Requests(home)
        for second in range(0, 900, 30):
            await home.turn_clock(to=NOW.replace(minute=30) + timedelta(seconds=second))
        assert abs(len(requests("site_data")) - looks) <= 1  # it begins within half a minute
        newest = home.sites[0].coordinator.last_measurement
        assert newest == NOW.replace(minute=30 if latency < 540 else 15)

    async def test_learns(self, home: Home) -> None:
        """Data that are late each time are looked for when they come."""
        home.simulator.switches.latency = 420
        await set_up(home)
        for _ in range(4 * 30):
            await home.turn_clock(seconds=30)
        requests = Requests(home)
        for _ in range(4 * 30):
            await home.turn_clock(seconds=30)
        assert len(requests("site_data")) <= 8

    async def test_late_for_hours(self, home: Home) -> None:
        """One look a quarter-hour is enough then."""
        await set_up(home)
        tomorrow = NOW + timedelta(days=1)
        home.simulator.world.delay(building(home).id, NOW, tomorrow, tomorrow)
        await home.turn_clock(hours=2)
        await home.turn_clock(to=NOW.replace(hour=13, minute=14))
        requests = Requests(home)
        for minute in range(60):
            await home.turn_clock(to=NOW.replace(hour=13, minute=15) + timedelta(minutes=minute))
        assert len(requests("site_data")) == 4

    async def test_user_asks_for_updates(self, home: Home) -> None:
        """The same question is not repeated within a minute."""
        home.simulator.switches.latency = 800
        await set_up(home)
        requests = Requests(home)
        for _ in range(10):
            await home.sites[0].coordinator.async_refresh()
        assert len(requests()) <= 1

    async def test_api_down(self, home: Home) -> None:
        """Three attempts a quarter-hour, each of which the client repeats a few times."""
        await set_up(home)
        home.simulator.switches.faults = [DOWN]
        requests = Requests(home)
        for _ in range(120):
            await home.turn_clock(seconds=30)
        looks = 4 * 3 + 4  # of the meters three a quarter-hour, of the sensors' list none
        assert len(requests()) <= looks * transport.ATTEMPTS

    async def test_too_many_requests(self, home: Home) -> None:
        """A pause that Climkit asks for is kept, an hour of it at most."""
        await set_up(home)
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=429, retry_after=7200)
        ]
        await home.turn_clock(to=NOW.replace(minute=19))
        home.simulator.switches.faults = []
        requests = Requests(home)
        for _ in range(59):
            await home.turn_clock(minutes=1)
        assert not requests()
        for _ in range(2):
            await home.turn_clock(minutes=1)
        assert requests("site_data")
        assert home.sites[0].coordinator.last_update_success
        assert not home.flows

    @pytest.mark.parametrize(("asked", "kept"), [(None, None), (5, None), (7200, 7200)])
    def test_short_pause(self, asked: float | None, kept: float | None) -> None:
        """A pause shorter than the one to the next look does not mean to ask sooner."""
        with pytest.raises(UpdateFailed) as failed, refresh_errors():
            raise ClimkitRateLimitError("too many requests", asked)
        assert failed.value.retry_after == kept

    async def test_unwanted_types(self, home: Home) -> None:
        """With a choice of meters, only what they need is asked for."""
        home.simulator.world.add_meter(
            building(home).id, {"id": "6" * 24, "type": "heating", "name": "Heat"}
        )
        [flat] = meters(home)
        await set_up(home, **{CONF_METERS: [flat.id], CONF_SITE_TOTALS: False})
        assert {path.split("/")[-1] for path in Requests(home)()} == set()
        asked = {r.path.split("/")[-1] for r in home.simulator.requests if "site_data" in r.path}
        assert asked == {"electricity"}
        assert state(home, f"{flat.id}_total_today") != STATE_UNKNOWN


class TestReadOnceADay:
    """Heat and water meters."""

    @pytest.fixture
    def world(self) -> World:
        """A site without electricity."""
        return World.of(replace(water_site(1, NOW, timedelta(days=4)), faultless=True))

    async def test_hourly(self, home: Home) -> None:
        """One look an hour for each type."""
        await set_up(home, "2026-11-18")
        requests = Requests(home)
        for _ in range(16):
            await home.turn_clock(minutes=15)
        assert Counter(path.split("/")[-1] for path in requests("site_data")) == {
            "cold_water": 4,
            "hot_water": 4,
            "heating": 4,
        }

    @pytest.mark.default_entities
    async def test_totals(self, home: Home) -> None:
        """Yesterday's data make the total; of today nothing can be known, so that is off."""
        await set_up(home, "2026-11-18")
        [water] = meters(home, kind="cold_water")
        assert float(state(home, f"{water.id}_total")) > 0
        entity_id = home.entity_id(f"{water.id}_total_today")
        assert home.hass.states.get(entity_id) is None


async def test_a_refresh_is_told_in_a_line(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """How much was asked and what came, and when to look again."""
    await set_up(home)
    caplog.set_level(logging.DEBUG, logger="custom_components.climkit.coordinator.site")
    caplog.clear()
    await home.turn_clock(minutes=16)
    [site] = home.sites
    [line] = [text for text in caplog.messages if text.startswith("Refresh of ")]
    newest = site.coordinator.last_measurement
    assert newest
    assert re.fullmatch(
        rf"Refresh of {site.site.id}: [1-9]\d* feeds answered, [1-9]\d* requests,"
        rf" [1-9]\d* new rows, newest {re.escape(newest.isoformat())}, next look in \S+",
        line,
    )
