"""Rows that a person, a backup or another database took away or changed are noticed and made anew.

Of energy they are read again, of costs they are computed again; in hours, not in weeks.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from typing import Any

from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from sqlalchemy import delete, select

from custom_components.climkit.const import CONF_HISTORY, DOMAIN
from custom_components.climkit.costs import site_state as cost_site_state, state as cost_state
from custom_components.climkit.history import nights, site_state
from custom_components.climkit.statistics import metadata
from custom_components.climkit.statistics.recorder import RecorderSilentError
from tests.backup import adjust_sum, copy_database, restore_database
from tests.conftest import NOW, Home, account_entry
from tests.costs.bill import add_tariff, correct_tariff, tariff
from tests.simulator import Fault, FaultKind
from tests.small_site import FIRST, source, without_pauses, world
from tests.stories.source import METER_ID, SITE_ID, WATER, WATER_ID, Correction, Late, Source
from tests.stories.verdict import assert_true
from tests.truth import stored_rows

__all__ = ["source", "without_pauses", "world"]

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]

HOUR = timedelta(hours=1)

ENERGY = f"climkit:{SITE_ID}_electricity_from_ext"
COST = f"{ENERGY}_cost"
BOTH = [ENERGY, COST]


@pytest.fixture
async def priced(home: Home) -> Home:
    """The small site with all its history, and what it costs."""
    await home.set_up_completely()
    add_tariff(home, prices("2026-11-01"))
    await home.settle()
    return home


def prices(valid_from: str, grid: float = 0.3, cold_water: float = 2.0) -> dict[str, Any]:
    """A tariff."""
    return tariff(
        SITE_ID, valid_from, grid_price=grid, solar_price=0.2, cold_water_price=cold_water
    )


async def assert_all_true(home: Home) -> None:
    """Every hour of energy and costs is right."""
    await home.complete()
    await assert_true(home, [dict(one.data) for one in home.entry.subentries.values()])


async def clear(home: Home, statistic_id: str) -> None:
    """Delete a statistic, as in Home Assistant's own tools."""
    get_instance(home.hass).async_clear_statistics([statistic_id])
    await async_wait_recording_done(home.hass)


async def adjust(home: Home, statistic_id: str) -> None:
    """Adjust a sum, as in Home Assistant's own tools."""
    await adjust_sum(home.hass, statistic_id, NOW.replace(minute=0) - 30 * HOUR, 100.0)


async def adjust_two(home: Home, statistic_id: str) -> None:
    """Adjust a sum by little, and at another hour back again: the newest row is what it was."""
    for hours, by in ((40, 0.5), (20, -0.5)):
        await adjust_sum(home.hass, statistic_id, NOW.replace(minute=0) - hours * HOUR, by)


async def delete_hours(home: Home, statistic_id: str, first: int, last: int) -> None:
    """Take rows away that began so many to so many hours after the first data."""

    def work() -> None:
        with session_scope(hass=home.hass) as session:
            number = session.execute(
                select(StatisticsMeta.id).where(StatisticsMeta.statistic_id == statistic_id)
            ).scalar_one()
            session.execute(
                delete(Statistics).where(
                    Statistics.metadata_id == number,
                    Statistics.start_ts >= (FIRST + first * HOUR).timestamp(),
                    Statistics.start_ts < (FIRST + last * HOUR).timestamp(),
                )
            )

    await get_instance(home.hass).async_add_executor_job(work)


async def delete_first(home: Home, statistic_id: str) -> None:
    """Take the oldest rows away."""
    await delete_hours(home, statistic_id, 0, 9)


async def delete_middle(home: Home, statistic_id: str) -> None:
    """Take rows in the middle away."""
    await delete_hours(home, statistic_id, 20, 23)


async def delete_newest(home: Home, statistic_id: str) -> None:
    """Take the newest rows away."""
    await delete_hours(home, statistic_id, 60, 99)


async def change_before_a_later_start(home: Home) -> None:
    """Move the start of history to later, and change sums before it while the account is off."""
    await home.set_up_completely()
    later = (FIRST + timedelta(days=2)).date().isoformat()
    await home.choose(**{CONF_HISTORY: later})
    await home.complete()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    for key in await stored_rows(home.hass):
        await adjust_sum(home.hass, key, FIRST + 20 * HOUR, 100.0)


type Change = Callable[[Home, str], Awaitable[None]]

CHANGES = [clear, adjust, delete_first, delete_middle, delete_newest]


class TestByHand:
    """Somebody changes rows."""

    @pytest.mark.parametrize("statistic_id", BOTH, ids=["energy", "costs"])
    @pytest.mark.parametrize("change", [*CHANGES, adjust_two])
    async def test_while_running(self, priced: Home, change: Change, statistic_id: str) -> None:
        """The next night notices, whatever it is."""
        await change(priced, statistic_id)
        for _ in range(2):
            await priced.turn_clock(minutes=15)
        await priced.turn_clock(hours=20)
        await assert_all_true(priced)

    @pytest.mark.parametrize("statistic_id", BOTH, ids=["energy", "costs"])
    @pytest.mark.parametrize("change", [clear, adjust, delete_newest])
    async def test_newest_row(self, priced: Home, change: Change, statistic_id: str) -> None:
        """What sums go on from is looked at before anything is written: no hour jumps."""
        await change(priced, statistic_id)
        for _ in range(5):
            await priced.turn_clock(minutes=15)
        await assert_all_true(priced)

    @pytest.mark.parametrize("is_off", [False, True], ids=["running", "off"])
    async def test_hours_before_a_later_start(self, priced: Home, is_off: bool) -> None:
        """The start was moved to later: what is deleted before it costs nothing any more."""
        water = f"climkit:{SITE_ID}_cold_water_conso_total"
        later = (FIRST + timedelta(days=1)).date().isoformat()
        await priced.choose(**{CONF_HISTORY: later})
        await priced.complete()
        if is_off:
            await priced.hass.config_entries.async_unload(priced.entry.entry_id)
        for key in (water, f"climkit:{WATER_ID}_total"):
            await clear(priced, key)
        if is_off:
            await priced.set_up()
        for _ in range(3):
            await priced.turn_clock(hours=1)
        await priced.complete()
        rows = await stored_rows(priced.hass)
        hours = [row.start for row in rows[water]]
        assert hours[0] > FIRST
        assert [row.start for row in rows[f"{water}_cost"]] == hours

    @pytest.mark.parametrize("statistic_id", BOTH, ids=["energy", "costs"])
    @pytest.mark.parametrize("change", CHANGES)
    async def test_while_off(self, priced: Home, change: Change, statistic_id: str) -> None:
        """The start notices."""
        await priced.hass.config_entries.async_unload(priced.entry.entry_id)
        await change(priced, statistic_id)
        await priced.set_up()
        await assert_all_true(priced)

    @pytest.mark.parametrize("change", CHANGES)
    async def test_progress(self, priced: Home, change: Change) -> None:
        """While something is missing, the import is not complete and totals are unknown."""
        await priced.hass.config_entries.async_unload(priced.entry.entry_id)
        await change(priced, ENERGY)
        priced.hass.set_state(CoreState.starting)  # history is read once Home Assistant has started
        await priced.begin()
        [site] = priced.sites
        await priced.until(lambda: site.history.progress is not None)
        assert (site.history.progress or 0) < 100
        priced.hass.set_state(CoreState.running)
        priced.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await priced.let_follow()
        await assert_all_true(priced)

    async def test_sums_that_agree_at_the_end(
        self, priced: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The night after the start notices, also where it is older than what nights read again."""
        monkeypatch.setattr(nights, "RECENT", 2 * HOUR)
        await priced.hass.config_entries.async_unload(priced.entry.entry_id)
        await adjust_two(priced, ENERGY)
        await priced.set_up()
        await priced.turn_clock(hours=20)
        await assert_all_true(priced)

    async def test_sums_of_hours_that_are_not_answered_for(
        self, priced: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Reading does not mend them, so it is not tried each night; the jump stays."""
        hours = [NOW.replace(minute=0) - ago * HOUR for ago in (40, 20)]
        priced.simulator.switches.unanswered = [one.isoformat() for one in hours]
        await adjust_two(priced, ENERGY)
        for _ in range(5):
            await priced.turn_clock(hours=24)
        assert caplog.text.count("not those that were stored") == 1
        rows = {row.start: row for row in (await stored_rows(priced.hass))[ENERGY]}
        jumps = [rows[one].total - rows[one - HOUR].total - rows[one].amount for one in hours]
        assert jumps == pytest.approx([0.5, -0.5])

    async def test_rows_of_before_the_series(
        self, priced: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A person's own: what they sum up to is not looked at, once they were noticed.

        What is changed later is noticed all the same.
        """
        rows = [
            StatisticData(start=FIRST - (99 - n) * HOUR, state=1000.0 + n, sum=float(n))
            for n in range(3)
        ]
        [series] = [one for one in priced.sites[0].series.values() if one.statistic_id == ENERGY]
        async_add_external_statistics(priced.hass, metadata(series, "Flat"), rows)
        await async_wait_recording_done(priced.hass)
        for _ in range(4):
            await priced.turn_clock(hours=24)
        assert caplog.text.count("not those that were stored") == 1
        await adjust_two(priced, ENERGY)
        await priced.turn_clock(hours=24)
        assert caplog.text.count("not those that were stored") == 2

    @pytest.mark.parametrize("statistic_id", BOTH, ids=["energy", "costs"])
    async def test_while_a_write_is_not_confirmed(self, priced: Home, statistic_id: str) -> None:
        """No write of ours takes rows away, so it was somebody else; no night is waited for."""
        [site] = priced.sites
        for state in (*site.history.states, *site.costs._state.states.values()):
            state.is_last_confirmed = False
        await clear(priced, statistic_id)
        for _ in range(2):
            await priced.turn_clock(minutes=15)
        await assert_all_true(priced)

    async def test_a_look_that_fails(self, priced: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """It keeps nothing new from being stored."""

        async def fail(*_: Any) -> Any:
            raise RecorderSilentError("statement timeout")

        monkeypatch.setattr(site_state, "async_jumps", fail)
        monkeypatch.setattr(cost_site_state, "async_jumps", fail)
        priced.sites[0].history.start_night()
        priced.sites[0].costs.start_night()
        for _ in range(8):
            await priced.turn_clock(minutes=15)
        await assert_true(priced, [dict(one.data) for one in priced.entry.subentries.values()])

    async def test_hours_that_a_night_was_not_answered_for(self, priced: Home) -> None:
        """They are asked for with pauses: Climkit is still in trouble."""
        priced.simulator.switches.faults = [Fault(kind=FaultKind.DICT, path="_data")]
        priced.sites[0].history.start_night()
        await priced.settle()
        await adjust(priced, ENERGY)
        asked = len(priced.simulator.requests)
        await priced.turn_clock(hours=20, settle=False)
        with suppress(AssertionError):
            await priced.until(lambda: len(priced.simulator.requests) > asked + 60, 3)
        assert len(priced.simulator.requests) <= asked + 60
        priced.simulator.switches.faults = []
        for _ in range(6):
            await priced.turn_clock(minutes=15)
        await priced.turn_clock(hours=20)
        await assert_all_true(priced)

    async def test_nothing_was_changed(self, priced: Home) -> None:
        """Neither a start nor a night asks for anything again."""
        await priced.restart()
        await priced.complete()
        asked = len(priced.simulator.requests)
        priced.sites[0].history.start_night()
        await priced.settle()
        night = len(priced.simulator.requests) - asked
        await priced.restart()
        await priced.complete()
        restarted = len(priced.simulator.requests) - asked - night
        # Two feeds, each with what lies before its first data, and a login.
        assert night <= 5
        assert restarted <= 9

    async def test_in_the_middle_of_the_import(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was imported until then is imported again."""
        monkeypatch.setattr(
            "custom_components.climkit.feeds.page_size.FIRST_PAGE", timedelta(days=1)
        )
        monkeypatch.setattr(
            "custom_components.climkit.feeds.page_size.LONGEST_PAGE", timedelta(days=1)
        )
        await home.set_up()
        history = home.sites[0].history
        await home.until(lambda: len(history.states) > 0)
        for key in list(await stored_rows(home.hass)):
            await clear(home, key)
        for _ in range(2):  # a write that was just being read back is tried again after a pause
            await home.turn_clock(minutes=15)
        await assert_all_true(home)


class TestOtherDay:
    """A database or a memory of another day."""

    @pytest.mark.parametrize("what", ["database", "memory", "both"])
    @pytest.mark.parametrize("hours", [2, 26])
    async def test_restored(
        self, priced: Home, hass_storage: dict[str, Any], source: Source, what: str, hours: int
    ) -> None:
        """Prices that were corrected and hours that were revised since are right all the same."""
        [subentry] = priced.entry.subentries
        database = await copy_database(priced.hass)
        await priced.hass.config_entries.async_unload(priced.entry.entry_id)
        key = f"{DOMAIN}.{priced.entry.entry_id}"
        memory = deepcopy(hass_storage[key])
        await priced.set_up()
        await priced.turn_clock(hours=hours)
        correct_tariff(priced, subentry, prices("2026-11-01", grid=0.7))
        source.corrections.append(Correction(FIRST, FIRST + 9 * HOUR, None, 2.0))
        await priced.turn_clock(hours=22)
        await assert_all_true(priced)

        await priced.hass.config_entries.async_unload(priced.entry.entry_id)
        if what != "memory":
            await restore_database(priced.hass, database)
        if what != "database":
            hass_storage[key] = memory
        await priced.set_up()
        await priced.complete()
        await priced.turn_clock(hours=20)
        await assert_all_true(priced)

    async def test_corrections_that_a_backup_lacks(
        self, priced: Home, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What nights do not read anyway is read again by day, once the newest rows are back."""
        monkeypatch.setattr(nights, "RECENT", 2 * HOUR)
        database = await copy_database(priced.hass)
        await priced.turn_clock(hours=2)
        source.corrections.append(Correction(FIRST, FIRST + 9 * HOUR, "from_ext", 2.0))
        await priced.hass.config_entries.async_unload(priced.entry.entry_id)
        await restore_database(priced.hass, database)
        await priced.set_up()
        await assert_all_true(priced)
        assert dt_util.utcnow() - NOW < 3 * HOUR

    async def test_memory_of_before_the_first_rows(
        self,
        home: Home,
        hass_storage: dict[str, Any],
        source: Source,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Memory and prices are those of a day on which water had no rows; they cost too much."""
        monkeypatch.setattr(cost_state, "LONGEST_PAGE", timedelta(hours=6))
        source.late.append(Late(FIRST - 9 * HOUR, NOW, NOW + 2 * HOUR, WATER))
        await home.set_up_completely()
        subentry = add_tariff(home, prices("2026-11-01"))
        await home.settle()
        key = f"{DOMAIN}.{home.entry.entry_id}"
        await home.sites[0].store.async_save_now()
        memory = deepcopy(hass_storage[key])
        for _ in range(3):
            await home.turn_clock(hours=20)
        correct_tariff(home, subentry, prices("2026-11-01", cold_water=5.0))
        await assert_all_true(home)

        await home.hass.config_entries.async_unload(home.entry.entry_id)
        correct_tariff(home, subentry, prices("2026-11-01"))
        hass_storage[key] = memory
        await home.set_up()
        await assert_all_true(home)

    async def test_older_than_the_start_of_history(self, home: Home) -> None:
        """The start was moved back after the database was saved."""
        later = (FIRST + timedelta(days=1)).date().isoformat()
        home.entry = account_entry(home.simulator.url, **{CONF_HISTORY: later})
        await home.set_up_completely()
        database = await copy_database(home.hass)
        await home.choose(**{CONF_HISTORY: FIRST.date().isoformat()})
        await home.complete()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await restore_database(home.hass, database)
        await home.set_up()
        await assert_all_true(home)

    async def test_before_a_later_start_of_history(self, home: Home) -> None:
        """The start was moved to later: the hours before it stay, and are right all the same."""
        await change_before_a_later_start(home)
        await home.set_up()
        await assert_all_true(home)

    async def test_progress_before_a_later_start(self, home: Home) -> None:
        """What counts is where a series is read from, not where history begins now."""
        await change_before_a_later_start(home)
        since = dt_util.utcnow() - (FIRST + timedelta(days=1))
        home.set_clock(seconds=-since.total_seconds())
        home.hass.set_state(CoreState.starting)
        await home.begin()
        [site] = home.sites
        await home.until(lambda: site.history.progress is not None)
        assert 0 <= (site.history.progress or 0) < 100

    async def test_added_again_while_an_earlier_start_is_read(self, home: Home) -> None:
        """Between what was read until then there is a hole that nobody remembers."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        for key in await stored_rows(home.hass):
            await delete_hours(home, key, 10, 30)
        await home.hass.config_entries.async_remove(home.entry.entry_id)
        await home.set_up()
        await assert_all_true(home)
        assert dt_util.utcnow() - NOW < HOUR
        assert (await stored_rows(home.hass))[f"climkit:{METER_ID}_total"]
