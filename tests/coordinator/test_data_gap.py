"""Since when a site has had no new data: what its entity tells, and when it is written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, callback
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.coordinator.data_gap import DataGap, next_gap, resumed
from tests.conftest import NOW, Home
from tests.coordinator.steps import DOWN, set_up
from tests.simulator import World, water_site
from tests.stories.source import Source

HOUR = timedelta(hours=1)
NEWEST = datetime(2026, 3, 22, 10, 15, tzinfo=UTC)


def after(gap: DataGap | None, hours: float, newest: datetime | None = NEWEST) -> DataGap | None:
    """The gap so many hours after the newest interval of all."""
    return next_gap(gap, newest, NEWEST + hours * HOUR, 2 * HOUR)


def test_late_and_back() -> None:
    """Noticed after two hours, kept while data drips, ended when it is on time, then remembered."""
    assert after(None, 2) is None
    since = after(None, 2.01)
    assert since == DataGap(NEWEST)
    assert after(since, 9, NEWEST + 3 * HOUR) == since
    ended = after(since, 9, NEWEST + 8 * HOUR)
    assert ended == DataGap(NEWEST, NEWEST + 9 * HOUR)
    assert after(ended, 10, NEWEST + 8 * HOUR) == ended
    assert after(ended, 11, NEWEST + 8 * HOUR) == DataGap(NEWEST + 8 * HOUR)


@pytest.mark.parametrize("gap", [None, DataGap(NEWEST), DataGap(NEWEST, NEWEST)])
def test_nothing_is_known(gap: DataGap | None) -> None:
    """That says nothing of data."""
    assert after(gap, 9, None) == gap


def test_start() -> None:
    """A gap that had not ended goes on, whatever was seen since; another is the newer one."""
    ended, begun = DataGap(NEWEST, NEWEST + HOUR), DataGap(NEWEST)
    later = DataGap(NEWEST + 3 * HOUR)
    assert resumed(None, None) is None
    assert resumed(None, later) == resumed(ended, later) == later
    assert resumed(ended, None) == ended
    assert resumed(begun, None) == resumed(begun, later) == begun


def told(home: Home) -> tuple[datetime | None, datetime | None]:
    """What the entity tells of the last gap."""
    state = home.state(f"{home.sites[0].site.id}_history_progress")
    since, back = (state.attributes[key] or "" for key in ("no_data_since", "data_back_at"))
    return dt_util.parse_datetime(since), dt_util.parse_datetime(back)


async def test_entity(home: Home) -> None:
    """It tells of a gap, and is written only where one begins and ends."""
    await set_up(home)
    entity_id = home.entity_id(f"{home.sites[0].site.id}_history_progress")
    written: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        if event.data["entity_id"] == entity_id:
            written.append(event.data["new_state"].state)

    home.hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    for _ in range(8):
        await home.turn_clock(minutes=15)
    assert (told(home), written) == ((None, None), [])
    home.simulator.switches.latency = 3600 * 24
    for _ in range(16):
        await home.turn_clock(minutes=15)
    assert (told(home), written) == ((NOW.replace(hour=12, minute=0), None), ["100.0"])
    home.simulator.switches.latency = 60
    await home.turn_clock(minutes=15)
    assert told(home) == (NOW.replace(hour=12, minute=0), dt_util.utcnow())
    state = home.hass.states.get(entity_id)
    assert state.attributes["data_late_since"] == NOW.replace(hour=14, minute=0).isoformat()
    gap = {"no_data_since", "data_late_since", "data_back_at"}
    assert gap <= state.state_info["unrecorded_attributes"]
    assert len(written) == 2


async def test_restarts(home: Home) -> None:
    """A gap goes on over them, and is remembered once it has ended."""
    await set_up(home)
    home.simulator.switches.latency = 3600 * 24
    for _ in range(4):
        await home.turn_clock(hours=1)
    since = NOW.replace(minute=0)
    await home.restart()
    assert told(home) == (since, None)
    home.simulator.switches.latency = 60
    await home.restart()
    await home.turn_clock(minutes=15)
    ended = told(home)
    assert (ended[0], bool(ended[1])) == (since, True)
    await home.restart()
    assert told(home) == ended


async def test_climkit_is_down(home: Home) -> None:
    """The gap is noticed without an answer, and told when there is one again."""
    await set_up(home)
    home.simulator.switches.faults = [DOWN]
    for _ in range(16):
        await home.turn_clock(minutes=15)
    assert told(home) == (NOW.replace(minute=0), None)
    assert not home.sites[0].coordinator.is_available
    home.simulator.switches.faults = []
    for _ in range(3):
        await home.turn_clock(minutes=15)
    since, back = told(home)
    assert (since, bool(back)) == (NOW.replace(minute=0), True)


async def test_start_while_climkit_is_down(home: Home) -> None:
    """Nobody had noticed a gap before: it began with the newest data that was seen."""
    await set_up(home)
    since = home.sites[0].coordinator.last_measurement
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.switches.faults = [DOWN]
    home.freezer.tick(5 * HOUR)
    await home.begin()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    home.simulator.switches.faults = []
    await home.restart()
    assert told(home) == (since, dt_util.utcnow())


async def test_data_is_not_answered_after_a_start(home: Home) -> None:
    """The meters are listed, their data is not: that is a gap since before the start."""
    await set_up(home)
    since = home.sites[0].coordinator.last_measurement
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.switches.faults = [replace(DOWN, path="_data")]
    home.freezer.tick(HOUR)
    await home.set_up()
    assert (home.entry.state, told(home)) == (ConfigEntryState.LOADED, (None, None))
    for _ in range(2):
        await home.turn_clock(hours=1)
    assert told(home) == (since, None)
    await home.restart()
    assert told(home) == (since, None)


class TestWaterBesideElectricity:
    """One kind of data is there each quarter-hour, another the next day."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A site with both."""
        return World.of(Source(first=now.replace(minute=0) - timedelta(days=2), has_water=True))

    async def test_gap(self, home: Home) -> None:
        """Nobody waits two days for what comes each quarter-hour."""
        await set_up(home)
        home.simulator.switches.latency = 3600 * 24
        for _ in range(3):
            await home.turn_clock(hours=1)
        assert told(home) == (NOW.replace(minute=0), None)


class TestMetersReadOnceADay:
    """They have nothing of today, and that is as it should be."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Water and heating only."""
        return World.of(water_site(1, now, timedelta(days=8)))

    async def test_no_gap(self, home: Home) -> None:
        """Not at any hour of two days."""
        await home.set_up()
        for _ in range(16):
            await home.turn_clock(hours=3)
            assert told(home) == (None, None)
