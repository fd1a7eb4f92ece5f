"""After an outage of anything the statistics are complete, once, and without asking again."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import itertools
import logging
import sqlite3
import threading
from typing import Any, override
from unittest.mock import patch

from homeassistant.components.recorder import Recorder, statistics
from homeassistant.components.recorder.tasks import RecorderTask, SynchronizeTask
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from sqlalchemy.exc import OperationalError

from custom_components.climkit.const import ALL, DOMAIN
from custom_components.climkit.feeds import page_size
from custom_components.climkit.statistics.rows import Row
from tests.conftest import NOW, Home, account_entry
from tests.simulator import Fault, FaultKind, RequestRecord, World, single_house
from tests.small_site import FIRST, source, without_pauses, world
from tests.stories.source import METER_ID, SITE_ID, Correction, Source
from tests.truth import assert_equal_to_climkit, delete_rows, stored_rows

__all__ = ["source", "without_pauses", "world"]

pytestmark = pytest.mark.recorder

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

AWAY = [HOUR, DAY, 6 * 7 * DAY]
AWAY_IDS = ["an hour", "a day", "six weeks"]

# Where reading goes on, it does so this much earlier, and a day is read once more for what is live.
READ_TWICE = 3 * DAY

# After trouble a page that was asked for ahead may be in vain, as another feed's turn has come
# meanwhile. Pages double, so it may be as long as all before it; and some windows are short.
IN_VAIN = 2 * DAY

# After trouble windows begin short, and grow again; how short depends on how often was tried.
REGROWN = 24

# A question covers this much more, since it is unknown how Climkit reads its times.
WINDOW = 4 * HOUR


class Asked:
    """How much of the past was asked for since this began."""

    def __init__(self, home: Home) -> None:
        self._home, self._before = home, len(home.simulator.requests)

    @property
    def requests(self) -> list[RequestRecord]:
        """The answered questions for data."""
        requests = self._home.simulator.requests[self._before :]
        return [one for one in requests if "_data" in one.path and one.status == 200]

    def history(self) -> list[tuple[datetime, datetime]]:
        """The windows that were asked for as history, which has an end."""
        bodies = [one.body for one in self.requests if one.body and "t_e" in one.body]
        return [(_time(body["t_s"]), _time(body["t_e"])) for body in bodies]

    def stretch(self, overlap: timedelta = timedelta()) -> timedelta:
        """The longest sum of what was asked for of one feed's history, page after page."""
        sums: defaultdict[str, timedelta] = defaultdict(timedelta)
        for one in self.requests:
            if one.body and "t_e" in one.body:
                sums[one.path] += _time(one.body["t_e"]) - _time(one.body["t_s"]) - overlap
        return max(sums.values(), default=timedelta())

    def pages(self) -> int:
        """The most windows that were asked for of one feed's history."""
        paths = Counter(one.path for one in self.requests if one.body and "t_e" in one.body)
        return max(paths.values(), default=0)

    def earliest(self) -> datetime:
        """The first moment that was asked for."""
        return min(_time(one.body["t_s"]) for one in self.requests if one.body)


def _time(text: Any) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def assert_complete(home: Home) -> None:
    """Everything is there, in rows that were not there twice, and nobody is asked to log in."""
    await home.until(lambda: home.is_complete)
    await home.settle()
    await assert_equal_to_climkit(home)
    for key, rows in (await stored_rows(home.hass)).items():
        for before, row in itertools.pairwise(rows):
            assert row.start > before.start, key
            assert abs(row.total - before.total - (row.amount or 0)) < 1e-6, (key, row.start)
    assert not home.hass.config_entries.flow.async_progress()


def break_down(home: Home) -> None:
    """Let Climkit be in trouble with all it is asked."""
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]


class TestAway:
    """Home Assistant is off, Climkit is down, or both."""

    @pytest.mark.parametrize("away", AWAY, ids=AWAY_IDS)
    async def test_home_assistant_off(self, home: Home, away: timedelta) -> None:
        """What was missed is read, and no more."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        asked = Asked(home)
        home.freezer.move_to(NOW + away)
        await home.set_up_completely()
        await assert_complete(home)
        assert asked.stretch() <= away + READ_TWICE
        assert asked.earliest() >= NOW - READ_TWICE

    @pytest.mark.parametrize("away", AWAY, ids=AWAY_IDS)
    async def test_climkit_down(self, home: Home, away: timedelta) -> None:
        """All comes with the first answers, without a restart."""
        await home.set_up_completely()
        asked = Asked(home)
        break_down(home)
        for _ in range(4):
            await home.turn_clock(hours=away / HOUR / 4)
        home.simulator.switches.faults = []
        await home.turn_clock(minutes=15)
        await assert_complete(home)
        assert asked.stretch(overlap=WINDOW) <= away + READ_TWICE + max(IN_VAIN, away / 2)
        assert asked.pages() <= REGROWN
        assert asked.earliest() >= NOW - READ_TWICE

    @pytest.mark.parametrize("away", AWAY, ids=AWAY_IDS)
    async def test_both(self, home: Home, away: timedelta) -> None:
        """Home Assistant is back first, and tries again until Climkit is."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        asked = Asked(home)
        break_down(home)
        home.freezer.move_to(NOW + away)
        await home.set_up()
        assert home.entry.state is ConfigEntryState.SETUP_RETRY
        await home.turn_clock(hours=1)
        await home.let_set_up_end()  # else an attempt of before fails after the next turn
        home.simulator.switches.faults = []
        await home.turn_clock(minutes=15)
        await home.until(lambda: home.entry.state is ConfigEntryState.LOADED)
        await home.let_follow()
        await assert_complete(home)
        assert asked.stretch() <= away + READ_TWICE
        assert asked.earliest() >= NOW - READ_TWICE


class TestClock:
    """The clock of Home Assistant's machine is wrong for a while."""

    @pytest.mark.parametrize("hours", [-30, -2, 2, 30])
    async def test_set_right_while_running(self, home: Home, hours: int) -> None:
        """It was so many hours ahead (or behind) for an hour."""
        wrong = hours * HOUR
        await home.set_up_completely()
        home.simulator.now = lambda: dt_util.utcnow() - wrong
        home.freezer.move_to(NOW + wrong)
        for _ in range(4):
            await home.turn_clock(minutes=15)
        home.simulator.now = dt_util.utcnow
        home.freezer.move_to(dt_util.utcnow() - wrong)
        # In the tests the loop's clock jumps too, so what is planned is waited for longer.
        await home.turn_clock(hours=abs(hours) + 1)
        await home.turn_clock(minutes=15)
        await assert_complete(home)

    @pytest.mark.parametrize("hours", [-30, 30])
    async def test_set_right_by_a_restart(self, home: Home, hours: int) -> None:
        """Home Assistant began with it, as a machine does whose clock needs a network."""
        wrong = hours * HOUR
        home.simulator.now = lambda: dt_util.utcnow() - wrong
        home.freezer.move_to(NOW + wrong)
        await home.set_up()
        await home.turn_clock(minutes=15)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        home.simulator.now = dt_util.utcnow
        home.freezer.move_to(NOW + HOUR)
        del home.hass.data[f"{DOMAIN}_queues"]  # of a process that ended
        await home.set_up_completely()
        await home.turn_clock(minutes=15)
        await assert_complete(home)


class _Wait(RecorderTask):
    """Keeps the recorder's thread busy."""

    commit_before = False

    def __init__(self) -> None:
        self.end = threading.Event()

    @override
    def run(self, instance: Recorder) -> None:
        self.end.wait(250)


class TestRecorder:
    """The recorder is busy, or fails."""

    async def test_busy_at_the_start(self, home: Home) -> None:
        """It migrates its database, say: values are live at once, statistics follow later."""
        wait = _Wait()
        get_instance(home.hass).queue_task(wait)
        try:
            await home.set_up()
            await home.turn_clock(minutes=15, settle=False)
            assert home.entry.state is ConfigEntryState.LOADED
            [site] = home.sites
            assert site.coordinator.last_measurement is not None
            assert not await stored_rows(home.hass)
        finally:
            wait.end.set()
        await assert_complete(home)

    async def test_long_queue(self, home: Home) -> None:
        """It is busy for hours while new data come: nothing is lost, and no page is asked twice."""
        await home.set_up_completely()
        wait = _Wait()
        get_instance(home.hass).queue_task(wait)
        asked = Asked(home)
        try:
            for _ in range(12):
                await home.turn_clock(minutes=15, settle=False)
        finally:
            wait.end.set()
        await assert_complete(home)
        assert asked.stretch() == timedelta()

    async def test_an_action_is_given_up_meanwhile(
        self, home: Home, source: Source, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What it wrote is still in the queue: who looks next waits for that, and all is right."""
        await home.set_up_completely()
        source.corrections.append(Correction(FIRST, FIRST + 5 * HOUR, None, 2.0))
        [site] = home.sites
        wait, instance = _Wait(), get_instance(home.hass)
        with patch.object(instance, "queue_task", wraps=instance.queue_task) as queued:

            def waiting() -> int:
                tasks = [call.args[0] for call in queued.call_args_list]
                return sum(isinstance(one, SynchronizeTask) for one in tasks)

            instance.queue_task(wait)
            try:
                # What lies behind these hours is shifted, which must not happen twice.
                action = home.hass.async_create_task(
                    site.history.async_compare([SITE_ID], FIRST, FIRST + 9 * HOUR, dry_run=False)
                )
                await home.until(waiting)
                action.cancel()
                await home.until(lambda: waiting() > 1)
            finally:
                wait.end.set()
            await assert_complete(home)
        own = [one for one in caplog.records if one.name.startswith("custom_components.climkit")]
        assert not [one.message for one in own if one.levelno >= logging.WARNING]

    async def test_next_page_meanwhile(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """While a page of history is stored the next one is asked for, and each but once."""
        monkeypatch.setattr(page_size, "FIRST_PAGE", DAY)
        monkeypatch.setattr(page_size, "LONGEST_PAGE", DAY)
        wait, asked = _Wait(), Asked(home)
        await async_wait_recording_done(home.hass)
        get_instance(home.hass).queue_task(wait)
        try:
            await home.set_up()
            await home.until(lambda: len(asked.history()) > 2)  # the first is asked in two parts
            assert not await stored_rows(home.hass)
        finally:
            wait.end.set()
        await assert_complete(home)
        windows = [f"{one.path} {one.body}" for one in asked.requests]
        assert len(asked.history()) > 6
        # Only the hours before the first data are asked for once more, when all else is read.
        [again] = [one for one, times in Counter(windows).items() if times > 1]
        assert windows[-1] == again
        assert windows.count(again) == 2

    async def test_write_that_fails_in_its_thread(self, home: Home) -> None:
        """The recorder logs the error and goes on; the rows are written again."""
        real, failed = statistics._import_statistics_with_session, itertools.count()

        def fail(*args: Any) -> bool:
            if args[3] and next(failed) % 3 == 0:
                raise OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error"))
            return real(*args)

        with patch.object(statistics, "_import_statistics_with_session", fail):
            await home.set_up_completely()
            for _ in range(8):
                await home.turn_clock(minutes=15)
        await assert_complete(home)
        assert next(failed) > 4

    async def test_restored_from_a_backup_of_last_week(self, home: Home, source: Source) -> None:
        """What the database then lacks is read, and what it has is not."""
        source.first = FIRST - 10 * DAY
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        week = NOW.replace(minute=0) - 7 * DAY
        await delete_rows(home.hass, since=week)
        asked = Asked(home)
        await home.set_up_completely()
        await assert_complete(home)
        assert asked.earliest() >= week - READ_TWICE


class TestBackup:
    """Home Assistant backs its database up."""

    @pytest.fixture
    def persistent_database(self) -> bool:
        """A database in memory could not even be read meanwhile."""
        return True

    async def test_locked_for_a_backup(self, home: Home) -> None:
        """SQLite's file is locked for that: new data wait until it is done."""
        await home.set_up_completely()
        before, asked = await stored_rows(home.hass), Asked(home)
        assert await get_instance(home.hass).lock_database()
        try:
            for _ in range(6):
                await home.turn_clock(minutes=15, settle=False)
            if get_instance(home.hass).dialect_name == "sqlite":
                assert await stored_rows(home.hass) == before
        finally:
            get_instance(home.hass).unlock_database()
        await assert_complete(home)
        assert asked.stretch() == timedelta()


class TestUser:
    """What a person does with it."""

    async def test_statistic_deleted_while_running(self, home: Home) -> None:
        """By Home Assistant's own dialogue: the night reads it anew, the others are untouched."""
        await home.set_up_completely()
        gone = f"climkit:{METER_ID}_total"
        before = await stored_rows(home.hass)
        get_instance(home.hass).async_clear_statistics([gone])
        await async_wait_recording_done(home.hass)
        assert gone not in await stored_rows(home.hass)
        await home.turn_clock(hours=20)
        await assert_complete(home)
        after = await stored_rows(home.hass)
        for key, rows in before.items():
            assert after[key][: len(rows) - 1] == rows[:-1]

    async def test_statistic_deleted_while_off(self, home: Home) -> None:
        """It alone is read anew, by one question for each page."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        get_instance(home.hass).async_clear_statistics([f"climkit:{SITE_ID}_electricity_from_ext"])
        await async_wait_recording_done(home.hass)
        asked = Asked(home)
        await home.set_up_completely()
        await assert_complete(home)
        again = {one.path for one in asked.requests if one.body and "t_e" in one.body}
        assert again == {f"/site_data/{SITE_ID}/electricity"}

    async def test_options_changed_over_and_over(self, home: Home) -> None:
        """Whatever is reading then is stopped, and goes on where it was."""
        await home.set_up()
        for meters in ([], [METER_ID], ALL, [METER_ID], ALL):
            await home.choose(meters=meters)
        await assert_complete(home)


class TestTwoHouses:
    """Two sites of one account."""

    @pytest.fixture
    def world(self) -> World:
        """Two houses."""
        houses = [single_house(seed, NOW, timedelta(days=7)) for seed in (1, 2)]
        return World.of(*(replace(house, faultless=True) for house in houses))

    async def test_out_of_the_options_and_back(self, home: Home) -> None:
        """What was missed is read when it is back; the other one goes on meanwhile."""
        await home.set_up_completely()
        first, second = home.simulator.world.sites
        before = await stored_rows(home.hass)
        await home.choose(sites=[second])
        await home.turn_clock(hours=30)
        after = await stored_rows(home.hass)
        [site] = home.sites
        assert site.site.id == second
        for series in site.series.values():
            assert after[series.statistic_id][-1].start > before[series.statistic_id][-1].start
        asked = Asked(home)
        await home.choose(sites=[first, second])
        await assert_complete(home)
        assert asked.stretch() <= 30 * HOUR + READ_TWICE
        assert asked.earliest() >= NOW - READ_TWICE

    async def test_removed_and_added_again(self, home: Home) -> None:
        """The rows that stayed are taken as they are, and none of their hours is asked for."""
        await home.set_up_completely()
        first, last = _ends(await stored_rows(home.hass))
        await home.hass.config_entries.async_remove(home.entry.entry_id)
        await home.hass.async_block_till_done()
        home.freezer.move_to(NOW + DAY)
        home.entry = account_entry(home.simulator.url)
        asked = Asked(home)
        await home.set_up_completely()
        await assert_complete(home)
        # What lies before the first row is looked at, since nobody remembers that it was empty.
        assert asked.history()
        for start, end in asked.history():
            assert end <= first + WINDOW or start >= last - WINDOW


def _ends(rows: dict[str, list[Row]]) -> tuple[datetime, datetime]:
    """The first and the last stored hour."""
    starts = [row.start for series in rows.values() for row in series]
    return min(starts), max(starts)
