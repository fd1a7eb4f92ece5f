"""The statistics equal Climkit's data, whatever happened in between."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
import json
from math import fsum
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.climkit.api import (
    HOUR,
    INTERVAL,
    ClimkitResponseError,
    Priority,
    backoff,
)
from custom_components.climkit.const import ALL, CONF_HISTORY, HISTORY_EVERYTHING
from custom_components.climkit.feeds import page_size
from custom_components.climkit.feeds.answer import Answer
from custom_components.climkit.feeds.reader import FeedReader
from custom_components.climkit.history.pages import Page
from custom_components.climkit.history.site_history import SiteHistory
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.statistics import rebuild, worker
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind, StaticSite, World
from tests.simulator.answers import Answers, Query
from tests.stories.source import ELECTRICITY, Gap, Source
from tests.truth import (
    assert_equal_to_climkit,
    climkit_hours,
    delete_rows,
    hourly_changes,
    stored_rows,
)

pytestmark = pytest.mark.recorder

RECORDED = Path(__file__).parents[3] / "shared" / "recorded"


class TestEverySite:
    """The three sites of the simulator, with everything that they have."""

    @pytest.fixture
    def world(self) -> World:
        """Data of the apartment house begin three weeks after its creation."""
        return World(created=NOW, history_days=22, flats=5)

    async def test_first_import(self, home: Home) -> None:
        """From the first day of each site to now."""
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        assert home.simulator.overlaps == 0


@pytest.mark.parametrize(
    "now", [datetime(2026, 10, 28, 9, 40, tzinfo=UTC), datetime(2026, 3, 31, 9, 40, tzinfo=UTC)]
)
async def test_change_of_clocks(home: Home) -> None:
    """A day of 25 hours in autumn, of 23 in spring."""
    await home.set_up_completely()
    await assert_equal_to_climkit(home)


@pytest.mark.parametrize("reading", ["utc", "local"])
async def test_both_readings_of_the_window(home: Home, reading: Any) -> None:
    """Whether Climkit reads t_s and t_e as UTC or as local time, nothing is missing."""
    home.simulator.switches.reading = reading
    await home.set_up_completely()
    await assert_equal_to_climkit(home)


async def test_each_quarter_hour(home: Home) -> None:
    """What is new is there soon after, and the total is the sum of the newest row."""
    await home.set_up_completely()
    for _ in range(9):
        await home.turn_clock(minutes=15)
        await assert_equal_to_climkit(home)
    rows = await stored_rows(home.hass)
    for site in home.sites:
        for series in site.series.values():
            total = site.history.total(series)
            assert total == rows[series.statistic_id][-1].total


async def test_late_and_revised_within_the_tail(home: Home) -> None:
    """A quarter-hour that comes hours late lands in its own hour, a corrected one is corrected."""
    await home.set_up_completely()
    [site_id] = home.simulator.world.sites
    quarter = NOW.replace(minute=0) + timedelta(minutes=15)
    home.simulator.world.delay(
        site_id, quarter, quarter + timedelta(minutes=15), NOW + timedelta(hours=2)
    )
    home.simulator.world.revise(
        site_id,
        "conso_total",
        NOW - timedelta(hours=1),
        NOW,
        factor=2,
        since=NOW + timedelta(hours=1),
    )
    for _ in range(12):
        await home.turn_clock(minutes=15)
    await assert_equal_to_climkit(home)


async def test_equal_values_are_not_written_again(home: Home) -> None:
    """A refresh that brings nothing new writes nothing."""
    await home.set_up_completely()
    with patch.object(rebuild, "async_write", wraps=rebuild.async_write) as write:
        await home.sites[0].coordinator.async_refresh()
        await home.settle()
    assert write.call_count == 0


class TestRestart:
    """Home Assistant is off for a while."""

    @pytest.mark.parametrize("away", [timedelta(minutes=5), timedelta(hours=9), timedelta(days=4)])
    async def test_off(self, home: Home, away: timedelta) -> None:
        """Afterwards everything is there, and only what is new was asked for."""
        await home.set_up_completely()
        before = home.simulator.requests.copy()
        last = max(rows[-1].start for rows in (await stored_rows(home.hass)).values())
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        home.freezer.move_to(NOW + away)
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        asked = [r.body["t_s"] for r in home.simulator.requests[len(before) :] if r.body]
        # The live window begins with yesterday, for the dashboard, or with the last stored hour.
        earliest = min(last, dt_util.start_of_local_day(NOW + away - timedelta(days=1)))
        assert min(asked) >= f"{dt_util.as_utc(earliest):%Y-%m-%dT%H:%M:%S}"

    async def test_total_is_read_back(self, home: Home) -> None:
        """The total is there again before Climkit was asked for history."""
        await home.set_up_completely()
        [site] = home.sites
        totals = {s: site.history.total(s) for s in site.series.values()}
        assert None not in totals.values()
        await home.restart()
        await home.until(lambda: home.is_complete)
        [site] = home.sites
        assert totals == {s: site.history.total(s) for s in totals}

    async def test_killed_in_mid_import(
        self, home: Home, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No hour is lost, none is there twice, and what is stored is not asked for again."""
        monkeypatch.setattr(page_size, "FIRST_PAGE", timedelta(days=1))
        monkeypatch.setattr(page_size, "LONGEST_PAGE", timedelta(days=1))
        await home.set_up()
        history = home.sites[0].history
        await home.until(lambda: (history.progress or 0) > 65)  # some days are left
        assert not home.is_complete
        memory = json.dumps(hass_storage)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await async_wait_recording_done(home.hass)
        hass_storage.clear()
        hass_storage.update(json.loads(memory))  # a killed process writes no last memory
        stored = await stored_rows(home.hass)
        resume = min(rows[-1].start for rows in stored.values())
        before = len(home.simulator.requests)
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        asked = [r.body for r in home.simulator.requests[before:] if r.body]
        # Before the first data nothing was answered: that alone is asked for once more.
        first = min(rows[0].start for rows in stored.values())
        asked = [
            a
            for a in asked
            if a.get("t_e", "9") > f"{first + timedelta(hours=4):%Y-%m-%dT%H:%M:%S}"
        ]
        # What is live begins with yesterday, for the dashboard.
        yesterday = dt_util.as_utc(dt_util.start_of_local_day(NOW - timedelta(days=1)))
        earliest = min(resume, yesterday)
        assert min(a["t_s"] for a in asked) >= f"{earliest:%Y-%m-%dT%H:%M:%S}"
        history_only = [a["t_s"] for a in asked if "t_e" in a]
        assert all(since >= f"{resume:%Y-%m-%dT%H:%M:%S}" for since in history_only)

    async def test_killed_before_anything_was_remembered(
        self, home: Home, hass_storage: dict[str, Any]
    ) -> None:
        """Rows without memory: they are taken as they are, what lies before them is looked at."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        hass_storage.clear()
        await home.set_up_completely()
        await assert_equal_to_climkit(home)

    async def test_database_restored_from_a_backup(
        self, home: Home, hass_storage: dict[str, Any]
    ) -> None:
        """The memory knows of more rows than the recorder has: the recorder is right."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        day = NOW.replace(minute=0) - timedelta(days=1)
        await delete_rows(home.hass, since=day)
        await home.set_up_completely()
        await assert_equal_to_climkit(home)

    async def test_deleted_statistic(self, home: Home) -> None:
        """The user deleted one statistic: it is read anew, the others are left alone."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        [site_id] = home.simulator.world.sites
        get_instance(home.hass).async_clear_statistics([f"climkit:{site_id}_electricity_self"])
        await async_wait_recording_done(home.hass)
        await home.set_up_completely()
        await assert_equal_to_climkit(home)

    async def test_api_down(self, home: Home) -> None:
        """Nobody is asked to log in, and everything comes back by itself."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        home.simulator.switches.faults = [Fault(kind=FaultKind.DISCONNECT)]
        await home.set_up()
        assert home.entry.state is ConfigEntryState.SETUP_RETRY
        home.freezer.move_to(NOW + timedelta(hours=30))
        home.simulator.switches.faults = []
        await home.turn_clock(minutes=15)
        await home.until(lambda: home.entry.state is ConfigEntryState.LOADED)
        await home.until(lambda: home.is_complete)
        await home.settle()
        assert not home.hass.config_entries.flow.async_progress()
        await assert_equal_to_climkit(home)


class TestOutage:
    """Climkit does not answer while Home Assistant runs."""

    @pytest.mark.parametrize("hours", [2, 30, 100])
    async def test_api_down(self, home: Home, hours: int) -> None:
        """The last total stays until the new one is there; then every hour is."""
        await home.set_up_completely()
        [site] = home.sites
        series = next(iter(site.series.values()))
        total = site.history.total(series)
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        for _ in range(3):
            await home.turn_clock(hours=hours / 3)
        assert site.history.total(series) == total
        home.simulator.switches.faults = []
        await home.turn_clock(minutes=15)
        await home.until(lambda: home.is_complete)
        await home.settle()
        await assert_equal_to_climkit(home)
        assert not home.hass.config_entries.flow.async_progress()

    async def test_trouble_with_history_only(self, home: Home) -> None:
        """Live data go on; history goes on after its pause, with shorter pages."""

        async def read(
            self: FeedReader, feed: Feed, start: datetime, end: datetime, priority: Priority
        ) -> Answer:
            if priority is Priority.HISTORY and len(lengths) < 3:
                lengths.append(end - start)
                raise ClimkitResponseError("too much at once", 413)
            return await real(self, feed, start, end, priority)

        lengths, real = list[timedelta](), FeedReader.async_read
        with (
            patch.object(backoff, "FIRST_PAUSE", timedelta(0)),
            patch.object(FeedReader, "async_read", read),
        ):
            await home.set_up_completely()
        assert lengths[0] > lengths[1] > lengths[2]
        await assert_equal_to_climkit(home)

    async def test_refused_and_offered_again(self, home: Home) -> None:
        """Nobody waits for history that is refused; once what is new comes again people do."""
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503, body="t_e")]
        await home.set_up()
        await home.settle()
        [site] = home.sites
        statistic_id, series = next(iter(site.series.items()))
        site.history.set_refused(series.feed)
        assert not site.history.is_awaited(statistic_id)
        await home.turn_clock(minutes=15)
        assert site.history.is_awaited(statistic_id)

    async def test_lost_write(self, home: Home) -> None:
        """The recorder only logs a write that failed: it is noticed, and the page written again."""
        lost = iter([True, True])

        def async_write(*args: Any) -> None:
            if not next(lost, False):
                real(*args)

        real = rebuild.async_write
        with (
            patch.object(worker, "RECORDER_PAUSE", timedelta(0)),
            patch.object(rebuild, "async_write", side_effect=async_write),
        ):
            await home.set_up_completely()
        await assert_equal_to_climkit(home)

    async def test_lost_shift(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """The rows of a correction are stored, the shift of those behind is lost: it is mended."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        revised = NOW.replace(minute=0) - timedelta(hours=30)
        home.simulator.world.revise(site_id, "conso_total", revised, revised + HOUR, value=7.5)
        shifts: list[bool] = []
        real = Recorder.async_adjust_statistics

        def adjust(*args: Any) -> None:
            shifts.append(len(shifts) >= 2)
            if shifts[-1]:
                real(*args)

        with (
            patch.object(worker, "RECORDER_PAUSE", timedelta(0)),
            patch.object(Recorder, "async_adjust_statistics", adjust),
        ):
            feed = Feed(site_id, "electricity")
            history = home.sites[0].history
            history.read_again([feed], revised, revised + HOUR)
            # It is idle for a moment between two attempts.
            await home.until(lambda: any(shifts), seconds=30)
            await home.settle()
        assert "was not shifted" in caplog.text
        await assert_equal_to_climkit(home)


class TestPartsOfTheImport:
    """Parts of history are not in the answers, though there are data."""

    @pytest.fixture(autouse=True)
    def short_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Pages of a day."""
        monkeypatch.setattr(page_size, "FIRST_PAGE", timedelta(days=1))
        monkeypatch.setattr(page_size, "LONGEST_PAGE", timedelta(days=1))

    @pytest.fixture
    def world(self) -> World:
        """Six days of data."""
        return World.of(Source(first=NOW.replace(minute=0) - timedelta(days=6)))

    def empty(self, home: Home, body: str) -> Fault:
        """Let the next answer be empty whose request has this in its body."""
        fault = Fault(kind=FaultKind.EMPTY_LIST, body=body, times=1)
        home.simulator.switches.faults.append(fault)
        return fault

    @pytest.mark.parametrize("day", [1, 3, 6])
    async def test_an_empty_page(self, home: Home, day: int) -> None:
        """It is asked for once more in the same run: there is no hole until the nights."""
        start = NOW - timedelta(days=day)
        fault = self.empty(home, f'"t_s": "{start:%Y-%m-%d}T03')
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        assert fault.times == 0

    async def test_an_empty_page_and_a_crash(
        self, home: Home, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That it is to be asked for again is on the disk before what follows is stored."""
        start = NOW - timedelta(days=3)
        self.empty(home, f'"t_s": "{start:%Y-%m-%d}T03')
        asked, on_disk = SiteHistory._async_import, list[str]()

        async def import_page(self: SiteHistory, page: Page) -> None:
            if page.start.date() > start.date():
                on_disk.append(str(hass_storage[f"climkit.{home.entry.entry_id}"]))
            await asked(self, page)

        monkeypatch.setattr(SiteHistory, "_async_import", import_page)
        await home.set_up_completely()
        assert f"'start': '{start:%Y-%m-%d}T03" in on_disk[0].partition("'unread'")[2]

    @pytest.mark.parametrize("columns", [("from_ext",), ELECTRICITY], ids=["one", "all"])
    async def test_a_page_without_a_column(
        self, home: Home, columns: Sequence[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rows are there, some or all of their values are not: it is the same."""
        site_rows, missed = Answers.site_rows, []

        def rows_with_nulls(self: Answers, site_id: str, kind: str, query: Query) -> Any:
            rows = site_rows(self, site_id, kind, query)
            start = datetime.fromtimestamp(query.start or 0, UTC)
            if missed or query.end is None or f"{start:%dT%H}" != "17T03":
                return rows
            missed.append(start)
            return [{**row, **dict.fromkeys(columns)} for row in rows]

        monkeypatch.setattr(Answers, "site_rows", rows_with_nulls)
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        assert missed

    async def test_empty_pages_before_a_restart(self, home: Home) -> None:
        """What is to be asked for once more is remembered."""
        faults = [self.empty(home, f'"t_s": "2026-11-{day}T03') for day in (16, 17)]
        await home.set_up()
        await home.until(lambda: all(fault.times == 0 for fault in faults))
        await home.restart()
        await home.complete()
        await assert_equal_to_climkit(home)

    @pytest.mark.parametrize(
        ("cut", "rest"),
        [("start", '"t_e": "2026-11-17T20:30'), ("end", '"t_s": "2026-11-17T15:15')],
    )
    async def test_a_page_that_ends_short(self, home: Home, cut: Any, rest: str) -> None:
        """Cut, and then nothing where the rest was asked for."""
        home.simulator.switches.max_rows, home.simulator.switches.cut = 50, cut
        fault = self.empty(home, rest)
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        assert fault.times == 0

    async def test_where_there_are_no_data(self, home: Home, world: World) -> None:
        """Once more, and not again: neither later nor after a restart."""
        gap = NOW.replace(hour=3, minute=0) - timedelta(days=4)
        [source] = world.sites.values()
        cast(Source, source).gaps.append(Gap(gap, gap + timedelta(days=2)))

        def asked() -> list[str]:
            """Where the requests for the gap begin."""
            bodies = [r.body for r in home.simulator.requests if r.body and "t_e" in r.body]
            begun = [datetime.fromisoformat(f"{body['t_s']}+00:00") for body in bodies]
            return [f"{start:%dT%H}" for start in begun if gap <= start < gap + timedelta(days=2)]

        await home.set_up_completely()
        # Two pages for the first time; the second time they end at the local midnight.
        assert sorted(asked()) == ["16T03", "16T03", "16T23", "17T03", "17T23"]
        await home.restart()
        await home.complete()
        assert len(asked()) == 5
        await assert_equal_to_climkit(home)

    async def test_before_the_history(self, home: Home) -> None:
        """What no series has is not read again, and nobody remembers that it was asked for."""
        await home.set_up_completely()
        [site] = home.sites
        feed = site.history.states[0].series.feed
        since = min(one.since for one in site.history.states)
        made = len(home.simulator.requests)
        site.history.read_again([feed], since - timedelta(days=3), since)
        await home.settle()
        assert not site.record.recheck.unread
        assert len(home.simulator.requests) == made
        site.history.read_again([feed], since - timedelta(days=3), since + HOUR)
        await home.settle()
        assert not site.record.recheck.unread


class TestLessAfterAStart:
    """The first answers after a start lack quarter-hours that are stored."""

    @pytest.fixture
    def world(self) -> World:
        """Two days of data."""
        return World.of(Source(first=NOW.replace(minute=0) - timedelta(days=2)))

    @pytest.mark.parametrize("hours", [1, 2, 7])
    async def test_live(self, home: Home, hours: int) -> None:
        """What is stored stays."""
        await home.set_up_completely()
        before = await stored_rows(home.hass)
        dropped = NOW.replace(minute=15) - timedelta(hours=hours)
        home.simulator.switches.dropped = [dropped.isoformat()]
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        made = len(home.simulator.requests)
        await home.begin()
        assert [r for r in home.simulator.requests[made:] if "site_data" in r.path]
        assert await stored_rows(home.hass) == before
        home.simulator.switches.dropped = []
        await home.let_follow()
        await home.complete()
        assert await stored_rows(home.hass) == before


class TestHoles:
    """Climkit answers, but for a while not with all it has."""

    async def pass_hours(self, home: Home, hours: int) -> None:
        """Let time pass in steps that are shorter than the tail that is asked again."""
        for _ in range(hours):
            await home.turn_clock(hours=1)

    async def assert_mended(self, home: Home) -> None:
        """What was missing is read soon after it is back, without waiting for the night."""
        await home.turn_clock(minutes=15)
        await home.until(lambda: home.is_complete)
        await home.settle()
        await assert_equal_to_climkit(home)

    async def test_answers_without_columns(self, home: Home) -> None:
        """The meters' columns are missing for hours, the site's are there."""
        await home.set_up_completely()
        home.simulator.switches.columns = False
        await self.pass_hours(home, 6)
        home.simulator.switches.columns = True
        await self.assert_mended(home)

    async def test_hidden_meter(self, home: Home) -> None:
        """A single meter is neither listed nor answered for; the others go on."""
        await home.set_up_completely()
        meter_id = next(
            series.meter_id
            for series in home.sites[0].series.values()
            if series.meter_id and series.column.endswith(series.meter_id)
        )
        home.simulator.switches.hidden_meters = [meter_id]
        await self.pass_hours(home, 6)
        home.simulator.switches.hidden_meters = []
        await self.assert_mended(home)

    async def test_empty_answers(self, home: Home) -> None:
        """For two days and a half, as when a gateway is off; then all comes at once."""
        await home.set_up_completely()
        home.simulator.switches.faults = [Fault(kind=FaultKind.EMPTY_LIST, path="site_data")]
        await self.pass_hours(home, 60)
        assert home.is_complete
        home.simulator.switches.faults = []
        await self.assert_mended(home)

    async def test_times_that_nobody_can_read(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rows are there, and no telling of when: that is trouble, not a history without data."""
        with monkeypatch.context() as odd:
            odd.setattr(Answers, "_stamp", lambda *_: "20.11.26 at ten")
            await home.set_up()
            await home.settle()
            await self.pass_hours(home, 2)
            assert not home.is_complete
        await self.pass_hours(home, 2)
        await self.assert_mended(home)

    async def test_nothing_is_asked_in_vain(self, home: Home) -> None:
        """While a column is missing, history asks for nothing."""
        await home.set_up_completely()
        home.simulator.switches.columns = False
        before = len(home.simulator.requests)
        await self.pass_hours(home, 8)
        assert not [r for r in home.simulator.requests[before:] if "t_e" in (r.body or {})]

    async def test_late_row_of_an_outage(self, home: Home) -> None:
        """A row was late just when Climkit went down: the first answer after it brings it."""
        [site_id] = home.simulator.world.sites
        quarter = NOW.replace(minute=0) - timedelta(hours=2)
        home.simulator.world.delay(site_id, quarter, quarter + INTERVAL, NOW + timedelta(hours=2))
        await home.set_up_completely()
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        await self.pass_hours(home, 4)
        home.simulator.switches.faults = []
        await self.assert_mended(home)

    async def test_stamp_in_the_future(self, home: Home) -> None:
        """Such a row is nobody's measurement; it stops nothing."""
        home.simulator.switches.ahead = timedelta(days=3).total_seconds()
        await home.set_up_completely()
        await home.turn_clock(minutes=15)
        home.simulator.switches.ahead = 0
        for _ in range(3):
            await home.turn_clock(minutes=15)
        await assert_equal_to_climkit(home)
        assert home.sites[0].coordinator.last_measurement == NOW.replace(minute=45) + INTERVAL

    async def test_offers_that_wait_over_midnight(self, home: Home) -> None:
        """The recorder is busy when the local day ends: what waits is not forgotten."""
        await home.set_up_completely()
        history_ = home.sites[0].history
        await history_.async_stop()
        await home.turn_clock(to=NOW.replace(hour=22, minute=50), settle=False)
        await home.turn_clock(to=NOW.replace(hour=23, minute=5), settle=False)
        history_.worker.start(home.entry)
        await home.until(lambda: home.is_complete)
        await home.settle()
        await assert_equal_to_climkit(home)


class TestStartOfHistory:
    """The user chooses how far back history goes."""

    @pytest.fixture
    def local_day(self) -> date:
        """A day in the middle of the house's data."""
        return (NOW - timedelta(days=2)).date()

    async def test_earlier(self, home: Home, local_day: date) -> None:
        """From a local day on; then from the beginning: the total passes through unknown."""
        await self.choose(home, local_day.isoformat())
        await home.set_up_completely()
        first_hour = dt_util.as_utc(dt_util.start_of_local_day(local_day))
        rows = await stored_rows(home.hass)
        assert {series[0].start for series in rows.values()} == {first_hour}
        before = len(home.simulator.requests)

        with patch.object(page_size, "FIRST_PAGE", timedelta(days=1)):
            await self.choose(home, HISTORY_EVERYTHING)
            [site] = home.sites
            series = next(iter(site.series.values()))
            await home.until(lambda: site.history.progress is not None)
            assert site.history.total(series) is None
            await home.until(lambda: home.is_complete)
        await home.settle()
        await assert_equal_to_climkit(home)
        rows = await stored_rows(home.hass)
        assert site.history.total(series) == rows[series.statistic_id][-1].total
        for state in site.history.states:
            stored = rows[state.statistic_id]
            assert (state.first, state.count) == (stored[0].start, len(stored))
        asked = sorted({r.body["t_s"] for r in home.simulator.requests[before:] if r.body})
        live = f"{NOW - timedelta(hours=36):%Y-%m-%dT%H:%M:%S}"
        assert all(t_s < f"{first_hour:%Y-%m-%dT%H:%M:%S}" or t_s > live for t_s in asked)

    async def test_earlier_with_a_restart_in_between(self, home: Home, local_day: date) -> None:
        """Reading the earlier stretch goes on where it was."""
        await self.choose(home, local_day.isoformat())
        await home.set_up_completely()
        with (
            patch.object(page_size, "FIRST_PAGE", timedelta(days=1)),
            patch.object(page_size, "LONGEST_PAGE", timedelta(days=1)),
        ):
            await self.choose(home, HISTORY_EVERYTHING)
            [site] = home.sites
            await home.until(lambda: (site.history.progress or 0) > 80)
            await home.restart()
            await home.until(lambda: home.is_complete)
        await home.settle()
        await assert_equal_to_climkit(home)

    async def test_later(self, home: Home, local_day: date) -> None:
        """What is stored stays."""
        await home.set_up_completely()
        await self.choose(home, local_day.isoformat())
        await home.until(lambda: home.is_complete)
        await home.settle()
        await assert_equal_to_climkit(home)

    async def choose(self, home: Home, history: str) -> None:
        """Change the option, which reloads a loaded entry."""
        if home.sites:
            await home.choose(history=history)
        else:
            options = {**home.entry.options, CONF_HISTORY: history}
            home.entry.add_to_hass(home.hass)
            home.hass.config_entries.async_update_entry(home.entry, options=options)


class TestFromToday:
    """The user chooses that history begins today; looks for new data go further back."""

    @pytest.fixture(params=[NOW, datetime(2026, 11, 30, 23, 7, tzinfo=UTC)], ids=["day", "night"])
    def now(self, request: pytest.FixtureRequest) -> datetime:
        """In the morning, or soon after the local midnight."""
        moment: datetime = request.param
        return moment

    @pytest.fixture
    def source(self, now: datetime) -> Source:
        """A site of a week whose water is read once a day."""
        return Source(first=now.replace(minute=0) - timedelta(days=7), has_water=True)

    @pytest.fixture
    def world(self, source: Source) -> World:
        """It."""
        return World.of(source)

    async def test_nothing_before(self, home: Home, source: Source, now: datetime) -> None:
        """All of today is stored, and no hour that the nights would never read again."""
        today = now.astimezone(source.zone).date()
        first_hour = datetime.combine(today, time(), source.zone).astimezone(UTC)
        options = {**home.entry.options, CONF_HISTORY: today.isoformat()}
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(home.entry, options=options)
        await home.set_up_completely()
        for _ in range(2):
            said = climkit_hours(home, dt_util.utcnow())
            expected = {
                key: pytest.approx({hour: one for hour, one in hours.items() if hour >= first_hour})
                for key, hours in said.items()
                if max(hours) >= first_hour
            }
            assert await hourly_changes(home) == expected
            await home.turn_clock(hours=36)
            await home.settle()


class TestChoiceOfMeters:
    """Only the choice of meters turns series on and off."""

    async def test_out_and_in_again(self, home: Home) -> None:
        """What was missed in between is read later."""
        await home.set_up_completely()
        meter_ids = list(home.sites[0].meters)
        await home.choose(meters=meter_ids[:1])
        await home.until(lambda: home.is_complete)
        for _ in range(3):
            await home.turn_clock(hours=20)
        await home.choose(meters=ALL)
        await home.until(lambda: home.is_complete)
        await home.settle()
        await assert_equal_to_climkit(home)


async def test_without_columns(home: Home) -> None:
    """Where a site's answers have no column for each meter, each meter is asked for by itself."""
    home.simulator.switches.columns = False
    await home.set_up()
    await home.turn_clock(seconds=5)
    await home.until(lambda: home.is_complete)
    await home.settle()
    expected = await hourly_changes(home)
    home.simulator.switches.columns = True
    await home.restart()
    await home.until(lambda: home.is_complete)
    await home.settle()
    await assert_equal_to_climkit(home)
    assert expected == await hourly_changes(home)


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")
class TestRecorded:
    """Answers of the real API, negative production and float dust included."""

    @pytest.fixture
    def now(self) -> datetime:
        """Soon after the last recorded quarter-hour."""
        return datetime(2022, 5, 10, 14, 52, tzinfo=UTC)

    @pytest.fixture
    def world(self) -> World:
        """The site that was recorded."""
        return World.of(
            StaticSite(
                id="61dfca85eba4e3564021f300",
                site_info={"site_ref": "R", "name": "Recorded", "timezone": "Europe/Zurich"},
                meters=recorded("meter_info.json"),
                answers={"electricity": recorded("site_data_electricity_15T.json")},
            )
        )

    async def test_hour_by_hour(self, home: Home) -> None:
        """Every column's hourly sums, told from the stamps by hand."""
        await home.set_up_completely()
        changes = await hourly_changes(home)
        sums: dict[str, dict[datetime, list[float]]] = {}
        for row in recorded("site_data_electricity_15T.json"):
            end = datetime.fromisoformat(row.pop("timestamp"))
            hour = (end - timedelta(minutes=15)).astimezone(UTC).replace(minute=0)
            for column, value in row.items():
                sums.setdefault(column, {}).setdefault(hour, []).append(value)
        site_columns = {"conso_total", "prod_total", "self", "from_ext", "to_ext"}
        expected = {}
        for column, hours in sums.items():
            measure, _, meter_id = column.partition("_")
            if column in site_columns:
                expected[f"climkit:61dfca85eba4e3564021f300_electricity_{column}"] = hours
            elif measure in {"total", "self", "ext"}:
                expected[f"climkit:{meter_id}_{measure}"] = hours
        for column in ("from_ext", "to_ext"):  # of the only introduction meter
            expected[f"climkit:61dfca85eba4e3564021f36d_{column}"] = sums[column]
        assert changes.keys() == expected.keys()
        assert any(
            value < 0 for value in changes["climkit:61dfca85eba4e3564021f36f_total"].values()
        )
        for key, hours in expected.items():
            assert changes[key].keys() == hours.keys()
            for hour, values in hours.items():
                assert changes[key][hour] == pytest.approx(fsum(values), abs=1e-6)


def recorded(name: str) -> Any:
    """A recorded answer."""
    return json.loads((RECORDED / name).read_text())
