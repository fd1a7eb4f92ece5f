"""What Climkit revises later is taken over at night."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit import runtime
from custom_components.climkit.feeds import Answer, page_size
from custom_components.climkit.history import nights
from custom_components.climkit.history.nights import (
    NIGHTS_OF_A_SWEEP,
    RECENT,
    next_night,
    ranges_of_night,
)
from custom_components.climkit.history.pages import Page
from custom_components.climkit.history.rebuild import SeriesRebuilder
from custom_components.climkit.statistics import Rebuilt, RecorderError, TimeRange, worker
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind, World, single_house
from tests.truth import assert_equal_to_climkit, climkit_hours, hourly_changes, stored_rows

pytestmark = pytest.mark.recorder

ZONE = ZoneInfo("Europe/Zurich")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class TestPlan:
    """What a night reads."""

    def test_short_history(self) -> None:
        """All of it, and no sweep."""
        since = NOW - timedelta(days=10)
        night = ranges_of_night(since, None, NOW)
        assert night == ([TimeRange(since, NOW.replace(minute=0))], [])

    @pytest.mark.parametrize("days", [36, 50, 100, 3650])
    def test_sweeps_read_everything(self, days: int) -> None:
        """Every hour is read again within four weeks, for ever; none is left out in between."""
        since = NOW.replace(minute=0) - timedelta(days=days)
        last_read: dict[datetime, int] = {}
        position = None
        for night in range(100):
            now = NOW + timedelta(days=night)
            [recent], sweep = ranges_of_night(since, position, now)
            assert recent.end == now.replace(minute=0)
            assert recent.start == max(since, recent.end - RECENT)
            assert all(part.end <= recent.start for part in sweep)
            for part in (recent, *sweep):
                hours = (part.end - part.start) // HOUR
                last_read |= {part.start + n * HOUR: night for n in range(hours)}
            position = sweep[0].end if sweep else None
            if night >= NIGHTS_OF_A_SWEEP:
                assert night - min(last_read.values()) <= NIGHTS_OF_A_SWEEP
        assert len(last_read) == (NOW.replace(minute=0) + 99 * DAY - since) // HOUR

    def test_a_sweep_that_arrives(self) -> None:
        """The next one begins, also where another day is no longer recent."""
        since = NOW.replace(minute=0) - timedelta(days=100)
        arrived = NOW.replace(minute=0) - RECENT
        for later in (timedelta(0), DAY - HOUR, DAY, DAY + HOUR):
            [part] = ranges_of_night(since, arrived, NOW + later).sweep
            assert part.start == since

    def test_what_is_left_out(self) -> None:
        """The sweep goes on behind it, be it longer than a night's part or in the midst of one."""
        since = NOW.replace(minute=0) - timedelta(days=100)
        recent = NOW.replace(minute=0) - RECENT
        long = TimeRange(since, since + 20 * DAY)
        short = TimeRange(long.end + DAY, long.end + DAY + HOUR)
        of_yesterday = TimeRange(since + 99 * DAY, since + 99 * DAY + HOUR)
        night = ranges_of_night(since, since, NOW, [short, of_yesterday, long])
        assert night.recent == [
            TimeRange(recent, of_yesterday.start),
            TimeRange(of_yesterday.end, NOW.replace(minute=0)),
        ]
        before, behind = night.sweep
        assert before == TimeRange(long.end, short.start)
        assert behind.start == short.end
        assert ranges_of_night(since, None, NOW, [TimeRange(since, NOW)]) == ([], [])

    @pytest.mark.parametrize(
        ("now", "begin"),
        [
            ("2026-11-20T10:07+01:00", "2026-11-21T02:30+01:00"),
            ("2026-11-20T00:07+01:00", "2026-11-20T02:30+01:00"),
            ("2026-10-25T00:07+02:00", "2026-10-25T02:30+02:00"),
            ("2026-10-25T02:07+02:00", "2026-10-25T02:30+02:00"),
            ("2026-10-25T02:07+01:00", "2026-10-26T02:30+01:00"),
            ("2026-03-29T00:07+01:00", "2026-03-29T03:30+02:00"),
        ],
    )
    def test_when(self, now: str, begin: str) -> None:
        """At the same local minute of each night, also when the clocks change."""
        found = next_night(datetime.fromisoformat(now).astimezone(UTC), ZONE, timedelta(minutes=90))
        assert found == datetime.fromisoformat(begin)


class TestRevisions:
    """Data that were revised long after."""

    @pytest.fixture(autouse=True)
    def short_sweep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Days instead of weeks keep the tests quick."""
        monkeypatch.setattr(nights, "RECENT", timedelta(days=2))
        monkeypatch.setattr(nights, "NIGHTS_OF_A_SWEEP", 3)

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A house with five days of data: two are recent, the others are swept."""
        return World.of(replace(single_house(1, now, timedelta(days=10)), faultless=True))

    async def test_revised_recently(self, home: Home) -> None:
        """An hour, half a day of another column, a single quarter-hour."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        revise = home.simulator.world.revise
        revise(site_id, "conso_total", day(1), day(1) + HOUR, factor=3)
        revise(site_id, "self", day(1), day(0.5), factor=-0.5)
        revise(site_id, "from_ext", day(1), day(1) + HOUR / 4, value=100)
        before = await hourly_changes(home)
        await home.turn_clock(hours=20)
        await assert_equal_to_climkit(home)
        assert before != await hourly_changes(home)

    async def test_revised_long_ago(self, home: Home) -> None:
        """The sweep comes to it."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        home.simulator.world.revise(site_id, "prod_total", day(4.5), day(4), factor=1.5)
        for _ in range(10):
            await home.turn_clock(hours=24)
        await assert_equal_to_climkit(home)

    async def test_revised_after_a_sweep(self, home: Home) -> None:
        """Walks go on for ever: the first one had arrived when this was revised."""
        await home.set_up_completely()
        for _ in range(7):
            await home.turn_clock(hours=24)
        [site_id] = home.simulator.world.sites
        home.simulator.world.revise(site_id, "prod_total", day(4.5), day(4), factor=1.5)
        for _ in range(5):
            await home.turn_clock(hours=24)
        await assert_equal_to_climkit(home)

    async def test_the_sweep_survives_a_restart(
        self, home: Home, hass_storage: dict[str, Any]
    ) -> None:
        """It goes on where it was."""
        await home.set_up_completely()
        await home.turn_clock(hours=20)

        position = home.sites[0].record.recheck.sweep["electricity"]
        await home.restart()
        assert home.sites[0].record.recheck.sweep["electricity"] == position

    async def test_a_night_in_trouble(self, home: Home) -> None:
        """It asks once, not page by page, and the sweep stays where it was."""
        await home.set_up_completely()
        home.simulator.switches.faults = [Fault(kind=FaultKind.HTML, path="site_data")]
        before = len(home.simulator.requests)
        await home.turn_clock(hours=20)
        asked = [r for r in home.simulator.requests[before:] if "site_data" in r.path]
        assert len(asked) <= 3
        assert home.sites[0].record.recheck.sweep == {}
        home.simulator.switches.faults = []
        await home.turn_clock(hours=24)
        assert home.sites[0].record.recheck.sweep

    async def test_withdrawn(self, home: Home) -> None:
        """An hour that Climkit no longer has keeps its row, without an amount."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        start = day(1)
        home.simulator.world.revise(site_id, None, start, start + 2 * HOUR, withdraw=True)
        await home.turn_clock(hours=20)
        rows = {row.start: row for row in (await stored_rows(home.hass))[consumption(site_id)]}
        assert rows[start].amount is None
        assert rows[start].total == rows[start - HOUR].total == rows[start + HOUR].total
        assert rows[start + 2 * HOUR].amount is not None
        changes = (await hourly_changes(home))[consumption(site_id)]
        assert changes[start] == 0

    @pytest.mark.parametrize("cut", ["start", "end"])
    @pytest.mark.parametrize("chance", range(2))
    async def test_an_empty_or_cut_answer_withdraws_nothing(
        self, home: Home, cut: Any, chance: int
    ) -> None:
        """Trouble of one night is not taken for a correction."""
        await home.set_up_completely()
        before = await hourly_changes(home)
        home.simulator.random = Random(chance)
        home.simulator.switches.max_rows = 50
        home.simulator.switches.cut = cut
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.EMPTY_LIST, path="site_data", probability=0.3)
        ]
        await home.turn_clock(hours=20)
        home.simulator.switches.faults = []
        for _ in range(2):
            await home.turn_clock(minutes=15)
        after = await hourly_changes(home)
        assert all(after[key][hour] == before[key][hour] for key in before for hour in before[key])
        await assert_equal_to_climkit(home)

    async def test_a_quarter_hour_is_missing_for_one_answer(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its hour keeps what it had: the second answer has it."""
        await home.set_up_completely()
        before = await stored_rows(home.hass)
        missing = day(1) + HOUR / 4
        home.simulator.switches.dropped = [missing.isoformat()]
        comparer = home.sites[0].history._comparer
        fetch, answers = comparer._fetch, list[Answer]()

        async def fetch_once(page: Page) -> Answer:
            answers.append(await fetch(page))
            home.simulator.switches.dropped = []
            return answers[-1]

        monkeypatch.setattr(comparer, "_fetch", fetch_once)
        home.sites[0].history.start_night()
        await home.settle()
        has_it = [any(row.start == missing for row in one.intervals) for one in answers[:2]]
        assert has_it == [False, True]
        assert await stored_rows(home.hass) == before

    @pytest.mark.parametrize(
        ("start", "length"), [(1.0, HOUR / 4), (1.25, 5 * HOUR / 4), (1.0, 0.75 * DAY)]
    )
    async def test_quarter_hours_that_stay_missing(
        self, home: Home, start: float, length: timedelta
    ) -> None:
        """Two answers without them, with data on both sides: Climkit has withdrawn them."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        begin = day(start) + HOUR / 4
        home.simulator.world.revise(site_id, None, begin, begin + length, withdraw=True)
        home.sites[0].history.start_night()
        await home.settle()
        await assert_withdrawn(home)

    async def test_a_column_with_gaps(self, home: Home) -> None:
        """What other columns of the same rows hold is no reason to keep it."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        home.simulator.world.revise(site_id, "self", day(1), day(0.9), withdraw=True)
        home.sites[0].history.start_night()
        await home.settle()
        await assert_withdrawn(home)

    @pytest.mark.parametrize(("start", "end"), [(6, 4.6), (0.3, 0.1)])
    async def test_withdrawn_at_an_end_of_the_data(
        self, home: Home, start: float, end: float
    ) -> None:
        """Nothing on one side: it may be a cut, so another night has to say the same."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        history = home.sites[0].history
        world = home.simulator.world
        end_of_all = NOW + DAY if end < 1 else day(end)
        world.revise(site_id, None, day(start), end_of_all, withdraw=True)
        before = await stored_rows(home.hass)
        history.start_night()
        await home.settle()
        assert await stored_rows(home.hass) == before
        for _ in range(4):  # the sweep has to come to it
            history.start_night()
            await home.settle()
        await assert_withdrawn(home)

    @pytest.mark.parametrize("end", [-48, 1])
    @pytest.mark.parametrize("column", [None, "conso_total"])
    async def test_the_newest_hours_while_nothing_comes(
        self, home: Home, column: str | None, end: int
    ) -> None:
        """They stay withdrawn: no poll writes what is remembered of them, until it comes again."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        world = home.simulator.world
        world.revise(site_id, None, hours_ago(0), hours_ago(-48), withdraw=True)
        await home.turn_clock(minutes=15)
        half_past = hours_ago(3) + HOUR / 2
        world.revise(site_id, column, half_past, hours_ago(end), withdraw=True)
        for later in (20 * HOUR, 24 * HOUR, HOUR / 4):
            await home.turn_clock(to=dt_util.utcnow() + later)
        await assert_withdrawn(home)
        world.revisions.pop()
        await home.turn_clock(minutes=15)
        await assert_withdrawn(home)

    async def test_the_newest_hours_in_a_dry_run(self, home: Home) -> None:
        """An action that shall change nothing: what today shows stays."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        world, key = home.simulator.world, f"{site_id}_electricity_conso_total_today"
        world.revise(site_id, None, hours_ago(0), hours_ago(-48), withdraw=True)
        await home.turn_clock(minutes=15)
        before = home.state(key).state
        world.revise(site_id, "conso_total", hours_ago(4), hours_ago(2), withdraw=True)
        history = home.sites[0].history
        found = await history.async_compare([site_id], hours_ago(8), hours_ago(0), dry_run=True)
        assert sum(map(len, found.values())) == 2
        await home.turn_clock(minutes=15)
        assert home.state(key).state == before

    async def test_the_newest_hours_as_the_recorder_stumbles(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Once the withdrawal is stored nothing differs, and no poll writes it again either."""
        monkeypatch.setattr(worker, "RECORDER_PAUSE", timedelta(0))
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        world = home.simulator.world
        world.revise(site_id, None, hours_ago(0), hours_ago(-48), withdraw=True)
        await home.turn_clock(minutes=15)
        world.revise(site_id, None, hours_ago(3) + HOUR / 2, hours_ago(-48), withdraw=True)
        await home.turn_clock(hours=20)
        rebuild, stumbled = SeriesRebuilder.async_rebuild, list[TimeRange]()

        async def stumble_once(
            self: SeriesRebuilder, states: Any, hours: TimeRange, *args: Any, **kw: Any
        ) -> Rebuilt:
            rebuilt = await rebuild(self, states, hours, *args, **kw)
            if rebuilt.changed and not stumbled:
                stumbled.append(hours)
                raise RecorderError("stored, but that is not known")
            return rebuilt

        with patch.object(SeriesRebuilder, "async_rebuild", stumble_once):
            home.sites[0].history.start_night()
            await home.settle()
        assert stumbled
        await home.turn_clock(minutes=15)
        await assert_withdrawn(home)

    async def test_one_night_does_not_withdraw_what_was_back(self, home: Home) -> None:
        """Two bad nights with a good one in between are one bad night each."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        world, history = home.simulator.world, home.sites[0].history
        before = await stored_rows(home.hass)
        for is_bad in (True, False, True):
            world.revisions.clear()
            if is_bad:
                world.revise(site_id, None, day(0.3), NOW + DAY, withdraw=True)
            history.start_night()
            await home.settle()
            assert await stored_rows(home.hass) == before
        history.start_night()
        await home.settle()
        await assert_withdrawn(home)

    async def test_trouble_as_a_night_begins(self, home: Home) -> None:
        """What a restart before it finds is no word of another night."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        before = await stored_rows(home.hass)
        home.simulator.world.revise(site_id, None, day(0.3), NOW + DAY, withdraw=True)
        await home.restart()
        await home.settle()
        assert home.sites[0].history._recheck._doubts.feeds, (
            "the newest hours are asked for at once"
        )
        home.sites[0].history.start_night()
        await home.settle()
        assert await stored_rows(home.hass) == before
        home.sites[0].history.start_night()
        await home.settle()
        await assert_withdrawn(home)

    async def test_equal_values_are_not_written(self, home: Home) -> None:
        """A night without revisions changes nothing."""
        await home.set_up_completely()
        before = await stored_rows(home.hass)
        await home.turn_clock(hours=20)
        after = await stored_rows(home.hass)
        assert all(after[key][: len(rows) - 1] == rows[:-1] for key, rows in before.items())


class TestOneColumnAtAnEnd:
    """The data of one meter end or begin elsewhere than they did, while others go on."""

    @pytest.fixture(autouse=True)
    def two_recent_days(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sweep reads a day and a half a night, and passes again a month later."""
        monkeypatch.setattr(nights, "RECENT", timedelta(days=2))

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A house with ten days of data."""
        return World.of(replace(single_house(1, now, timedelta(days=15)), faultless=True))

    @pytest.mark.parametrize(
        ("hours", "missing_before", "nights_until"),
        [
            pytest.param((240, 228), [], 2, id="beginning"),
            pytest.param((228, 220), [(220, -24)], 2, id="end"),
            pytest.param((228, 220), [(232, 228), (220, -24)], 2, id="end behind a gap"),
            pytest.param((230, 190), [], 3, id="parted by two nights of the sweep"),
        ],
    )
    async def test_another_night_is_the_next_one(
        self,
        home: Home,
        hours: tuple[int, int],
        missing_before: list[tuple[int, int]],
        nights_until: int,
    ) -> None:
        """What one night doubts the next one believes; the next sweep comes a month later."""
        for start, end in missing_before:
            withdraw(home, start, end)
        await home.set_up_completely()
        withdraw(home, *hours)
        home.sites[0].record.recheck.sweep["electricity"] = hours_ago(240)
        before = await stored_rows(home.hass)
        for night in range(nights_until):
            if night < 2:
                assert await stored_rows(home.hass) == before
            home.sites[0].history.start_night()
            await home.settle()
        await assert_withdrawn(home)

    async def test_a_column_that_is_gone_altogether(self, home: Home) -> None:
        """It says nothing, be it that of hours that another night doubted."""
        await home.set_up_completely()
        home.sites[0].record.recheck.sweep["electricity"] = hours_ago(240)
        before = await stored_rows(home.hass)
        for start, end in [(240, 228), (400, -24), (400, -24)]:
            home.simulator.world.revisions.clear()
            withdraw(home, start, end)
            home.sites[0].history.start_night()
            await home.settle()
            assert await stored_rows(home.hass) == before

    async def test_a_series_that_left(self, home: Home) -> None:
        """Nobody can take its doubts back, so they are forgotten."""
        await home.set_up_completely()
        withdraw(home, 240, 228)
        history = home.sites[0].history
        history._recheck.record.sweep["electricity"] = hours_ago(240)
        history.start_night()
        await home.settle()
        doubts = history._recheck._doubts
        assert doubts.feeds
        left = [state.series for state in history.states if state.series.column != "conso_total"]
        history.set_series([(series, series.column) for series in left])
        await home.settle()
        history.start_night()
        assert not doubts.feeds

    async def test_into_what_is_recent(self, home: Home) -> None:
        """What is no longer recent when another night comes is asked for with what still is."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        recent = nights.recent_from(NOW)
        home.simulator.world.revise(
            site_id, "conso_total", recent - 12 * HOUR, recent + 36 * HOUR, withdraw=True
        )
        home.sites[0].history.start_night()
        await home.settle()
        await let_next_night_pass(home)
        rows = (await stored_rows(home.hass))[consumption(site_id)]
        withdrawn = [row.start for row in rows if row.amount is None]
        assert withdrawn == [recent + n * HOUR for n in range(36)]


class TestOneColumnWithinTheRecentDays:
    """Pages of the recent days begin a day later each night, so one leaves the values out."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A house with ten days of data."""
        return World.of(replace(single_house(1, now, timedelta(days=15)), faultless=True))

    async def test_as_a_page_leaves_its_values(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next night asks for the doubted hours with the values beside them all the same."""
        monkeypatch.setattr(nights, "RECENT", timedelta(days=8))
        for name in ("FIRST_PAGE", "LONGEST_PAGE"):
            monkeypatch.setattr(page_size, name, timedelta(days=3))
        await home.set_up_completely()
        withdraw(home, 53, -48)  # tonight's last page begins six hours before, the next one's after
        home.sites[0].history.start_night()
        await home.settle()
        await let_next_night_pass(home)
        await assert_withdrawn(home)


def withdraw(home: Home, start: int, end: int) -> None:
    """Let one column end so many hours ago, and go on after so many."""
    [site_id] = home.simulator.world.sites
    world = home.simulator.world
    world.revise(site_id, "conso_total", hours_ago(start), hours_ago(end), withdraw=True)


async def let_next_night_pass(home: Home) -> None:
    """Let the day end, and the night that begins at one to four o'clock be over."""
    await home.turn_clock(to=NOW.replace(hour=23))
    await home.turn_clock(hours=5)


@pytest.mark.parametrize("cut", ["start", "end"])
async def test_cut_answers(home: Home, cut: Any) -> None:
    """An answer that silently lacks rows is completed."""
    home.simulator.switches.max_rows = 100
    home.simulator.switches.cut = cut
    await home.set_up_completely()
    await assert_equal_to_climkit(home)


def day(days_ago: float) -> datetime:
    """A full hour so many days ago."""
    return NOW.replace(minute=0) - timedelta(days=days_ago)


def hours_ago(number: int) -> datetime:
    """A full hour so many hours ago."""
    return NOW.replace(minute=0) - number * HOUR


async def assert_withdrawn(home: Home) -> None:
    """Stored hours say what Climkit says now; what it no longer has is without an amount."""
    expected = climkit_hours(home, dt_util.utcnow())
    for key, rows in (await stored_rows(home.hass)).items():
        amounts = {row.start: row.amount for row in rows if row.amount is not None}
        assert amounts == pytest.approx(expected[key], abs=1e-9)


def consumption(site_id: str) -> str:
    return f"climkit:{site_id}_electricity_conso_total"


async def test_at_which_minute(home: Home) -> None:
    """Any between one and four o'clock: another one in each home."""
    await home.set_up()
    [site] = home.sites
    with patch.object(runtime, "next_night", wraps=next_night) as planned:
        for _ in range(200):
            site._plan_nights()
    starts = [next_night(*call.args).astimezone(ZONE).time() for call in planned.call_args_list]
    assert len(starts) == 200
    assert time(1) <= min(starts) < time(1, 30)
    assert time(3, 30) < max(starts) <= time(4)


async def test_ten_minutes_later_at_most(home: Home) -> None:
    """So often it is looked whether a night has come."""
    with patch.object(runtime, "uniform", return_value=0.0):
        await home.set_up_completely()
    [site] = home.sites
    one_o_clock = NOW.replace(day=21, hour=0, minute=0)
    with patch.object(site.history, "start_night") as begin:
        await home.turn_clock(to=one_o_clock - timedelta(seconds=1))
        assert not begin.called
        await home.turn_clock(to=one_o_clock + timedelta(minutes=10))
        assert begin.called


async def test_three_hours_at_most(home: Home) -> None:
    """Then a night is over, whatever is left."""
    await home.set_up_completely()
    [site] = home.sites
    await site.history.async_stop()
    for later, has_page in ((3 * HOUR - timedelta(seconds=1), True), (3 * HOUR, False)):
        site.history.start_night()
        assert (site.history._recheck.take(NOW + later) is not None) is has_page


async def test_each_night(home: Home) -> None:
    """Once a day history is read again, and costs are compared with what is stored."""
    await home.set_up_completely()
    [site] = home.sites
    with (
        patch.object(site.history, "start_night") as history,
        patch.object(site.costs, "start_night") as costs,
    ):
        for _ in range(2):
            await home.turn_clock(hours=24)
    assert (history.call_count, costs.call_count) == (2, 2)


async def test_one_that_begins_late(home: Home) -> None:
    """After a day in which the clock stood still the next one is not minutes later."""
    with patch.object(runtime, "uniform", return_value=0.0):
        await home.set_up_completely()
    [site] = home.sites
    with patch.object(site.history, "start_night") as begin:
        await home.turn_clock(to=NOW.replace(day=21, hour=23, minute=54))
        assert begin.call_count == 1
        await home.turn_clock(minutes=15)
        assert begin.call_count == 1
        await home.turn_clock(hours=24)
        assert begin.call_count == 2
