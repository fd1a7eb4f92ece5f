"""The wall clock is put back or ahead while all runs, or is wrong at the start.

The event loop's clock runs on meanwhile, and so does Climkit's, as in reality.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.const import STATE_UNKNOWN
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.api import MeterReading, Reading, local_midnight
from custom_components.climkit.const import CONF_HISTORY, HISTORY_EVERYTHING
from custom_components.climkit.feeds.reader import newest_present
from tests.conftest import NOW, Home, account_entry
from tests.costs.bill import add_tariff, tariff
from tests.simulator.site import Rows
from tests.small_site import FIRST, source, without_pauses, world
from tests.stories.source import METER_ID, SITE_ID, Correction, Source
from tests.stories.verdict import assert_true
from tests.truth import assert_equal_to_climkit, hourly_changes, stored_rows

__all__ = ["source", "without_pauses", "world"]

pytestmark = pytest.mark.recorder

HOUR = timedelta(hours=1)

# In hours. More than the tail that each question covers, more than a day, and years.
BEHIND = [-1, -2, -5, -12, -30, -24 * 400]
AHEAD = [1, 5, 30, 80, 24 * 400]


async def settled_hours(home: Home) -> dict[str, dict[datetime, float]]:
    """The hours that are over since long, as they are stored."""
    return {
        key: {hour: amount for hour, amount in hours.items() if hour < NOW - 2 * HOUR}
        for key, hours in (await hourly_changes(home)).items()
    }


async def be_wrong(home: Home, hours: int, *, steps: int, of: timedelta) -> None:
    """Let the clock be wrong while time passes in steps, then right for half an hour."""
    home.set_clock(hours=hours)
    for _ in range(steps):
        await home.turn_clock(seconds=of.total_seconds())
    home.set_clock_right()
    for _ in range(2):
        await home.turn_clock(minutes=15)


class TestWhileRunning:
    """It is set while Home Assistant runs."""

    @pytest.mark.parametrize("hours", BEHIND + AHEAD)
    async def test_wrong_for_an_hour(self, home: Home, hours: int) -> None:
        """No hour that is stored changes, and soon after all is there."""
        await home.set_up_completely()
        before = await settled_hours(home)
        home.set_clock(hours=hours)
        for _ in range(4):
            await home.turn_clock(minutes=15)
            assert await settled_hours(home) == before
        home.set_clock_right()
        for _ in range(2):
            await home.turn_clock(minutes=15)
        assert await settled_hours(home) == before
        await assert_equal_to_climkit(home)

    @pytest.mark.parametrize("hours", [-30, 3, 12, 30, 24 * 400])
    async def test_today(self, home: Home, hours: int) -> None:
        """What was forgotten behind a wrong midnight is asked for again, and unknown until then."""
        await home.set_up_completely()
        await be_wrong(home, hours, steps=4, of=HOUR / 4)
        await home.turn_clock(minutes=15)
        now, midnight = home.true_now, local_midnight(home.true_now, home.sites[0].site.zone)
        truth = home.simulator.intervals(SITE_ID, "electricity", midnight, now)
        today = sum(truth[f"total_{METER_ID}"].values())
        shown = float(home.state(f"{METER_ID}_total_today").state)
        assert shown == pytest.approx(today, abs=2e-3)

    @pytest.mark.parametrize("hours", [-30, 5, 30, 24 * 400])
    async def test_new_data(self, home: Home, hours: int) -> None:
        """Once the clock is right they come each quarter-hour, as ever."""
        await home.set_up_completely()
        for _ in range(2):
            await home.turn_clock(minutes=15)
        await be_wrong(home, hours, steps=4, of=HOUR / 4)
        for _ in range(6):
            await home.turn_clock(minutes=15)
            newest = home.sites[0].coordinator.last_measurement
            assert newest
            assert home.true_now - newest <= HOUR / 2

    async def test_put_back_during_a_poll(self, home: Home, source: Source) -> None:
        """The next one comes within an hour, not when it is that late again."""
        await home.set_up_completely()
        rows_of = source.rows

        def rows(*asked: Any) -> Rows:
            if not home.clock_error:
                home.set_clock(hours=-48)
            return rows_of(*asked)

        with patch.object(source, "rows", rows):
            await home.turn_clock(minutes=15)
        assert home.clock_error
        before = len(home.simulator.requests)
        for _ in range(4):
            await home.turn_clock(minutes=15)
        assert [r for r in home.simulator.requests[before:] if "site_data" in r.path]

    @pytest.mark.parametrize("hours", [-30, 80])
    async def test_wrong_for_three_days(self, home: Home, hours: int) -> None:
        """What came meanwhile is read as soon as the clock is right."""
        await home.set_up_completely()
        await be_wrong(home, hours, steps=12, of=6 * HOUR)
        await home.complete()
        await assert_equal_to_climkit(home)

    @pytest.mark.parametrize("hours", [-30, -5, 5, 80])
    async def test_costs(self, home: Home, hours: int) -> None:
        """Tariffs that are added and corrected meanwhile are those of the right days."""
        await home.set_up_completely()
        add_tariff(home, tariff(SITE_ID, "2026-11-18", grid_price=0.3, solar_price=0.2))
        await home.settle()
        home.set_clock(hours=hours)
        await home.turn_clock(minutes=15)
        add_tariff(home, tariff(SITE_ID, "2026-11-20", grid_price=0.4, cold_water_price=2.0))
        await home.turn_clock(minutes=15)
        home.set_clock_right()
        for _ in range(5):
            await home.turn_clock(minutes=15)
        await assert_true(home, [dict(one.data) for one in home.entry.subentries.values()])

    @pytest.mark.parametrize("hours", [-48, 48])
    async def test_nights_go_on(self, home: Home, source: Source, hours: int) -> None:
        """A night comes within a day after the clock is right, not days later."""
        await home.set_up_completely()
        home.set_clock(hours=hours)
        for _ in range(2):
            await home.turn_clock(minutes=15)
        home.set_clock_right()
        source.corrections.append(Correction(FIRST, FIRST + 9 * HOUR, None, 2.0))
        for _ in range(24):
            await home.turn_clock(hours=1)
        await assert_equal_to_climkit(home)

    @pytest.mark.parametrize("hours", [-48, 48, 24 * 400])
    async def test_days_go_on(self, home: Home, hours: int) -> None:
        """What entities show of yesterday and today is of the right day again."""
        await home.set_up_completely()
        before = home.state(f"{METER_ID}_total_yesterday").state
        await be_wrong(home, hours, steps=2, of=HOUR / 4)
        assert home.state(f"{METER_ID}_total_yesterday").state == before != "unknown"

    async def test_silence_is_measured_by_the_loops_clock(self, home: Home) -> None:
        """A clock that was put back does not make entities available for a day."""
        await home.set_up_completely()
        [site] = home.sites
        home.set_clock(hours=-24)
        await home.turn_clock(minutes=1)
        home.simulator.switches.hidden_meters = []
        await home.simulator.__aexit__(None, None, None)
        for _ in range(14):
            await home.turn_clock(minutes=15, settle=False)
        assert not site.coordinator.is_available


class TestStart:
    """It is wrong when Home Assistant starts, and is set right later."""

    @pytest.mark.parametrize("hours", [-5, -30, -24 * 400, 5, 80])
    @pytest.mark.parametrize("again", [False, True], ids=["running", "restarted"])
    async def test_with_statistics(self, home: Home, hours: int, again: bool) -> None:
        """Nothing that is stored changes; once the clock is right, all goes on."""
        await home.set_up_completely()
        before = await settled_hours(home)
        home.set_clock(hours=hours)
        await home.restart()
        for _ in range(3):
            await home.turn_clock(minutes=15)
            assert await settled_hours(home) == before
        home.set_clock_right()
        if again:
            await home.restart()
        for _ in range(2):
            await home.turn_clock(minutes=15)
        await home.complete()
        assert await settled_hours(home) == before
        await assert_equal_to_climkit(home)

    @pytest.mark.parametrize("year", [1970, 2020])
    async def test_without_statistics(self, home: Home, year: int) -> None:
        """A machine without a battery: nothing is complete before the clock is right."""
        home.set_clock(seconds=(datetime(year, 1, 1, 1, tzinfo=UTC) - NOW).total_seconds())
        await home.set_up()
        for _ in range(3):
            await home.turn_clock(minutes=15)
        [site] = home.sites
        assert not any(state.has_reached_present for state in site.history.states)
        assert home.state(f"{SITE_ID}_history_progress").state == "0.0"
        assert home.state(f"{SITE_ID}_complete_until").state == STATE_UNKNOWN
        home.set_clock_right()
        await home.turn_clock(minutes=15)
        await home.complete()
        await assert_equal_to_climkit(home)

    async def test_earlier_history_is_wanted(self, home: Home) -> None:
        """Of a history that begins in the future nothing was read, so not more than all of it."""
        today = {CONF_HISTORY: NOW.date().isoformat()}
        home.entry = account_entry(home.simulator.url, **today)
        await home.set_up_completely()
        home.set_clock(hours=-24 * 400)
        await home.choose(**{CONF_HISTORY: HISTORY_EVERYTHING})
        await home.turn_clock(minutes=15)
        assert home.state(f"{SITE_ID}_history_progress").state == "0.0"
        home.set_clock_right()
        await home.turn_clock(minutes=15)
        await home.complete()
        await assert_equal_to_climkit(home)

    async def test_set_right_by_a_restart_from_far_ahead(self, home: Home) -> None:
        """Reading had reached a present that is still to come."""
        home.set_clock(hours=80)
        await home.set_up_completely()
        home.set_clock_right()
        await home.turn_clock(hours=30)
        await home.restart()
        await home.complete()
        await assert_equal_to_climkit(home)


class TestCreationDate:
    """A date that Climkit names."""

    @pytest.fixture
    def source(self, created: str) -> Source:
        """A site that is still to be made, or was when there was no Climkit."""
        return Source(first=FIRST, created=datetime.fromisoformat(created))

    @pytest.mark.parametrize("created", ["2062-01-01T00:00:00", "1970-01-01T00:00:00Z"])
    async def test_impossible(self, home: Home) -> None:
        """History begins when the site's id was made; no decades are asked for."""
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        assert len((await stored_rows(home.hass))[f"climkit:{METER_ID}_total"]) > 60
        assert len(home.simulator.requests) < 50

    @pytest.mark.parametrize("created", [(FIRST + timedelta(days=1)).isoformat()])
    async def test_corrected(self, home: Home, source: Source) -> None:
        """History begins earlier from the next start on; a later date takes nothing away."""
        await home.set_up_completely()
        rows = (await stored_rows(home.hass))[f"climkit:{METER_ID}_total"]
        assert rows[0].start == FIRST + timedelta(days=1)
        for corrected in (FIRST - timedelta(days=1), FIRST + timedelta(days=2)):
            source.created = corrected
            await home.turn_clock(hours=25)
            await home.restart()
            await home.complete()
            await assert_equal_to_climkit(home)


class TestReadings:
    """Values of sensors and meters with a time of their own."""

    @pytest.mark.parametrize("kind", [Reading, MeterReading])
    def test_of_the_future(self, kind: type[Reading | MeterReading]) -> None:
        """They are nobody's, however many there are; clocks may differ by minutes."""
        times = [NOW - HOUR, NOW + HOUR / 12, NOW + HOUR, NOW.replace(year=2099)]
        if kind is Reading:
            readings = [Reading(at=at, value=1.0) for at in times]
            assert newest_present(readings, None, NOW) is readings[1]
            assert newest_present(readings[2:], None, NOW) is None
            assert newest_present(readings[:1], readings[1], NOW) is readings[1], (
                "none is taken back"
            )
        else:
            registers = [MeterReading(at=at, registers={"en_im": 1.0}) for at in times]
            assert newest_present(registers, None, NOW) is registers[1]

    def test_of_the_same_time(self) -> None:
        """Climkit has corrected the newest one: what it says later is shown."""
        wrong, right = (Reading(at=NOW, value=value) for value in (1.0, 2.0))
        assert newest_present([right], wrong, NOW) is right

    async def test_list_of_the_future(self, home: Home) -> None:
        """It was asked for while the clock was wrong: the next one does not wait for that day."""
        await home.set_up()
        now, coordinator = dt_util.utcnow(), home.sites[0].coordinator
        are_old = [coordinator.lists_are_old(now + hours * HOUR) for hours in (-1, 0, 23, 24)]
        assert are_old == [True, False, False, True]

    @pytest.mark.parametrize("hours", [-48, 48, 24 * 400])
    async def test_meters_are_asked_on(self, home: Home, hours: int) -> None:
        """Once a quarter-hour, whatever the clock was meanwhile."""
        await home.set_up_completely()
        readings = home.sites[0].coordinator.registers

        async def asked() -> int:
            before = len(home.simulator.requests)
            await readings.async_ask([METER_ID], dt_util.utcnow())
            made = home.simulator.requests[before:]
            return sum("raw" in one.path and one.status == 200 for one in made)

        assert await asked() == 1
        home.set_clock(hours=hours)
        assert await asked() == 1
        home.set_clock_right()
        assert await asked() == 1
        assert await asked() == 0
        home.freezer.tick(timedelta(minutes=15))
        assert await asked() == 1
