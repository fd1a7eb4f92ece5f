"""Climkit answers wrongly or not at all: what is shown, what is logged, and who is asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
from math import fsum
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.api import transport
from tests.conftest import NOW, Home
from tests.coordinator.steps import DOWN, building, consumption, set_up, state
from tests.simulator import DEFAULT_USERNAME, Fault, FaultKind, World, single_house


class TestTrouble:
    """Climkit answers wrongly or not at all, in mid-run."""

    @pytest.mark.parametrize(
        "fault",
        [
            DOWN,
            Fault(kind=FaultKind.STATUS, status=500),
            Fault(kind=FaultKind.STATUS, status=429),
            Fault(kind=FaultKind.HTML),
            Fault(kind=FaultKind.BROKEN_JSON),
            Fault(kind=FaultKind.DICT),
            Fault(kind=FaultKind.DISCONNECT),
        ],
        ids=lambda fault: f"{fault.kind}-{fault.status}",
    )
    async def test_unavailable_after_hours(self, home: Home, fault: Fault) -> None:
        """States stay for three hours, then they are unavailable; all comes back by itself."""
        await set_up(home)
        today = consumption(home)
        home.simulator.switches.faults = [replace(fault, path="_data|meter_info")]
        await home.turn_clock(to=NOW.replace(minute=19))
        assert not home.sites[0].coordinator.last_update_success
        await home.turn_clock(to=NOW.replace(hour=13, minute=0))
        assert consumption(home) == today
        assert consumption(home, "power") == STATE_UNKNOWN
        await home.turn_clock(to=NOW.replace(hour=13, minute=15))
        assert consumption(home) == STATE_UNAVAILABLE
        home.simulator.switches.faults = []
        await home.turn_clock(to=NOW.replace(hour=13, minute=34))
        assert float(consumption(home)) > float(today)
        assert not home.flows

    async def test_logged_once(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """Trouble of hours is told once, and once that it is over."""
        await set_up(home)
        caplog.clear()
        home.simulator.switches.faults = [DOWN]
        for _ in range(20):
            await home.turn_clock(minutes=15)
        assert consumption(home) == STATE_UNAVAILABLE
        home.simulator.switches.faults = []
        for _ in range(4):
            await home.turn_clock(minutes=15)
        assert consumption(home) != STATE_UNAVAILABLE
        told = [one for one in caplog.records if f"{building(home).id} meters" in one.getMessage()]
        loud = [one.getMessage() for one in told if one.levelno > logging.DEBUG]
        assert [line.split()[0] for line in loud] == ["Error", "Fetching"]

    async def test_empty_answers(self, home: Home) -> None:
        """No data are no zeros: everything stays, only power expires."""
        await set_up(home)
        today, total = consumption(home), self.total(home)
        home.simulator.switches.faults = [Fault(kind=FaultKind.EMPTY_LIST, path="_data")]
        for _ in range(16):
            await home.turn_clock(minutes=15)
        assert consumption(home) == today
        assert self.total(home) == total
        assert consumption(home, "power") == STATE_UNKNOWN

    def total(self, home: Home) -> str:
        """The state of the site's running total."""
        return state(home, f"{building(home).id}_electricity_conso_total")

    async def test_time_alone(self, home: Home) -> None:
        """It changes states as a quarter-hour begins, once: no answer is needed for that."""
        await set_up(home)
        await home.turn_clock(to=NOW.replace(minute=14, second=58))
        seen: list[datetime] = []
        home.sites[0].coordinator.async_add_listener(lambda: seen.append(dt_util.utcnow()))
        for _ in range(5):
            await home.turn_clock(seconds=1)
        assert seen == [NOW.replace(minute=15)]

    async def test_time_out(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """A slow answer is no answer."""
        await set_up(home)
        monkeypatch.setattr(transport, "ATTEMPTS", 1)
        with patch.object(transport.Transport, "_send", side_effect=TimeoutError):
            await home.turn_clock(to=NOW.replace(minute=19))
        assert not home.sites[0].coordinator.last_update_success
        await home.turn_clock(minutes=15)
        assert home.sites[0].coordinator.last_update_success

    async def test_revoked_token(self, home: Home) -> None:
        """A new one is fetched, nobody notices."""
        await set_up(home)
        home.simulator.revoke_tokens()
        await home.turn_clock(to=NOW.replace(minute=19))
        assert home.sites[0].coordinator.last_measurement == NOW.replace(minute=15)
        assert not home.flows

    async def test_wrong_password(self, home: Home) -> None:
        """The user is asked to log in again, once; states expire as ever."""
        await set_up(home)
        home.simulator.accounts.passwords[DEFAULT_USERNAME] = "another"
        home.simulator.revoke_tokens()
        await home.turn_clock(to=NOW.replace(minute=19))
        assert not home.flows  # a single refusal may be a gateway's
        for minute in (24, 29):
            await home.turn_clock(to=NOW.replace(minute=minute))
        assert home.flows == [SOURCE_REAUTH]
        assert consumption(home) != STATE_UNAVAILABLE
        await home.turn_clock(to=NOW.replace(hour=13, minute=15))
        assert consumption(home) == STATE_UNAVAILABLE
        assert home.flows == [SOURCE_REAUTH]

    async def test_lists_but_no_data(self, home: Home) -> None:
        """The entry is loaded, its entities know nothing; data come with a later look."""
        home.simulator.switches.faults = [replace(DOWN, path="_data")]
        await home.set_up()
        assert home.entry.state is ConfigEntryState.LOADED
        assert consumption(home) == STATE_UNKNOWN
        home.simulator.switches.faults = []
        await home.turn_clock(to=NOW.replace(minute=13))
        assert consumption(home) != STATE_UNKNOWN

    async def test_no_list(self, home: Home) -> None:
        """Without any list there is nothing to show: set-up is tried again."""
        home.simulator.switches.faults = [replace(DOWN, path="meter_info")]
        await home.set_up()
        assert home.entry.state is ConfigEntryState.SETUP_RETRY


class TestTwoSites:
    """Two sites of one account, one of which is down."""

    @pytest.fixture
    def world(self) -> World:
        """Two houses."""
        houses = [single_house(seed, NOW, timedelta(days=8)) for seed in (1, 2)]
        return World.of(*(replace(house, faultless=True) for house in houses))

    @pytest.mark.parametrize("from_the_start", [True, False])
    async def test_other_goes_on(self, home: Home, from_the_start: bool) -> None:
        """Its values are those of now, its statistics too."""
        good, bad = home.simulator.world.sites
        down = [replace(DOWN, path=f"_data/{bad}")]
        if from_the_start:
            home.simulator.switches.faults = down
            await home.set_up()
        else:
            await set_up(home)
            home.simulator.switches.faults = down
        for _ in range(14):
            await home.turn_clock(minutes=15)
        now = dt_util.utcnow()
        today = datetime(2026, 11, 19, 23, tzinfo=UTC)
        column = home.simulator.intervals(good, "electricity", today, now)["conso_total"]
        shown = float(state(home, f"{good}_electricity_conso_total_today"))
        assert shown == pytest.approx(fsum(column.values()), abs=1e-6)
        assert state(home, f"{bad}_electricity_conso_total_today") in (
            STATE_UNAVAILABLE,
            STATE_UNKNOWN,
        )
        home.simulator.switches.faults = []
        for _ in range(2):
            await home.turn_clock(minutes=15)
        assert float(state(home, f"{bad}_electricity_conso_total_today")) > 0
