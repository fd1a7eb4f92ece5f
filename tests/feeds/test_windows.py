"""A server that refuses long windows, in whatever way, is read all the same."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast, override

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.api import (
    ClimkitAccessDeniedError,
    ClimkitCertificateError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitLoginError,
    ClimkitRateLimitError,
    ClimkitResponseError,
)
from custom_components.climkit.diagnostics import async_get_config_entry_diagnostics
from custom_components.climkit.feeds.windows import Windows, is_refused_at_once, may_be_too_long
from custom_components.climkit.history.fetcher import PageFetcher
from custom_components.climkit.measures import Feed
from custom_components.climkit.store.records import SiteRecord, WindowRecord
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind, World
from tests.simulator.site import Rows, Viewer
from tests.stories.source import METER_ID, SITE_ID, WATER_ID, Source
from tests.truth import assert_equal_to_climkit

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTH = timedelta(days=30)
THEN = datetime(2026, 11, 20, tzinfo=UTC)


class Server:
    """Answers windows up to a length; without one all, or (trouble) none."""

    def __init__(self, windows: Windows, longest: timedelta | None = None) -> None:
        self.windows, self.longest = windows, longest
        self.now = THEN
        self.is_in_trouble = False
        self.failures = 0

    def ask(self, wanted: timedelta) -> timedelta:
        """Ask until something was answered or there is no use in it; return how much was asked."""
        for _ in range(20):
            asked = min(self.windows.length(self.now) or wanted, wanted)
            assert not asked % HOUR, "windows begin at full hours"
            if not self.is_in_trouble and (self.longest is None or asked <= self.longest):
                self.windows.succeeded(asked)
                return asked
            self.windows.failed(asked, self.now)
            self.failures += 1
        return asked


class TestLengths:
    """How the length is found, remembered, and forgotten."""

    @pytest.mark.parametrize("hours", [1, 2, 5, 21, 24, 100, 700])
    def test_is_found(self, hours: int) -> None:
        """After a few failures nothing fails any more until the next day."""
        windows = Windows(WindowRecord())
        server = Server(windows, hours * HOUR)
        for _ in range(30):
            server.ask(MONTH)
        assert windows.longest
        assert windows.longest <= hours * HOUR < 4 * windows.longest
        assert server.failures <= 14
        for _ in range(20):
            before = server.failures
            server.ask(MONTH)
            assert server.failures == before

    def test_a_longer_one_is_tried_each_day(self) -> None:
        """One failure a day while the limit stays; once it is gone, all is asked for at once."""
        windows = Windows(WindowRecord())
        server = Server(windows, DAY)
        for _ in range(30):
            server.ask(MONTH)
        before, known = server.failures, windows.longest
        for _ in range(10 * 96):
            server.now += HOUR / 4
            server.ask(MONTH)
        assert server.failures - before <= 11
        assert windows.longest == known
        server.longest = None
        server.now += DAY
        for _ in range(10):
            server.ask(MONTH)
        assert windows.longest is None
        assert server.ask(MONTH) == MONTH

    def test_short_windows_say_nothing(self) -> None:
        """Live windows of three hours are answered; that long ones fail has to be shown by them."""
        windows = Windows(WindowRecord())
        for _ in range(50):
            windows.succeeded(3 * HOUR)
            windows.failed(MONTH, THEN)
        assert windows.longest is None

    def test_the_longest_that_worked_counts(self) -> None:
        """Short live windows in between make it no shorter."""
        windows = Windows(WindowRecord())
        for _ in range(2):
            windows.succeeded(8 * HOUR)
            windows.succeeded(HOUR)
            windows.failed(16 * HOUR, THEN)
        assert windows.longest == 8 * HOUR

    @pytest.mark.parametrize("attempts", [1, 3, 9, 10, 11, 40])
    def test_trouble_is_no_matter_of_length(self, attempts: int) -> None:
        """However long it lasts, soon after it all is asked for at once."""
        windows = Windows(WindowRecord())
        for _ in range(attempts):
            windows.failed(min(windows.length(THEN) or MONTH, MONTH), THEN)
        server = Server(windows)
        for _ in range(11):
            server.ask(MONTH)
        assert server.ask(MONTH) == MONTH
        assert windows.longest is None

    def test_an_hour_is_not_answered_either(self) -> None:
        """Then length is not what matters: all is asked for at once the next time."""
        windows = Windows(WindowRecord())
        windows.failed(2 * HOUR, THEN)
        assert windows.length(THEN) == HOUR
        windows.failed(HOUR, THEN)
        assert windows.length(THEN) is None

    def test_a_wall_clock_that_was_set(self) -> None:
        """A trial of the future was made while the clock was wrong."""
        record = WindowRecord(hours=10, tried=THEN + 400 * DAY)
        assert Windows(record).length(THEN) == 20 * HOUR

    @pytest.mark.parametrize("hours", [0, -5, 1e9, None, "x", float("nan")])
    def test_odd_memory(self, hours: Any) -> None:
        """It is begun anew."""
        lost: list[str] = []
        data = {"window": {"hours": hours, "tried": THEN.isoformat()}}
        record = SiteRecord.from_dict(data, lost)
        assert lost == ["window"]
        assert Windows(record.window).length(THEN) is None

    @pytest.mark.parametrize(
        ("error", "may_be", "at_once"),
        [
            (ClimkitResponseError("", 400), True, True),
            (ClimkitResponseError("", 413), True, True),
            (ClimkitResponseError("", 414), True, True),
            (ClimkitAccessDeniedError("", status=422), True, True),
            (ClimkitAccessDeniedError("", status=403), False, False),
            (ClimkitResponseError("not JSON", 200), True, False),
            (ClimkitConnectionError("time-out"), True, False),
            (ClimkitResponseError("", 404), False, False),
            (ClimkitRateLimitError(""), False, False),
            (ClimkitLoginError(""), False, False),
            (ClimkitCertificateError(""), False, False),
        ],
    )
    def test_errors(self, error: ClimkitError, may_be: bool, at_once: bool) -> None:
        """Those that a shorter window may end."""
        assert may_be_too_long(error) == may_be
        assert is_refused_at_once(error) == at_once

    @pytest.mark.parametrize(("hours", "page"), [(None, 7 * DAY), (2, 2 * DAY), (700, 7 * DAY)])
    async def test_pages_of_history(
        self, hass: HomeAssistant, hours: int | None, page: timedelta
    ) -> None:
        """They are stored as a whole, so they do not take hundreds of short windows."""
        windows = Windows(WindowRecord(hours=hours, tried=THEN if hours else None))
        reader = cast(Any, SimpleNamespace(windows=windows))
        fetcher = PageFetcher(hass, reader, UTC, width=lambda _feed: 1)
        assert fetcher.length(Feed(SITE_ID, "electricity")) == page


@pytest.mark.recorder
class TestServer:
    """A home whose server refuses windows over a length."""

    @pytest.fixture
    def world(self) -> World:
        """Forty days of data."""
        return World.of(Source(first=NOW.replace(minute=0) - timedelta(days=40)))

    @pytest.mark.parametrize(
        ("hours", "word"),
        [
            (24, "400"),
            (24, "413"),
            (24, "422"),
            (24, "504"),
            (24, "cut"),
            (24, "disconnect"),
            (6, "400"),
        ],
    )
    async def test_is_read(self, home: Home, hours: float, word: Any) -> None:
        """History and live data, after a start and after an outage of days."""
        home.simulator.switches.longest_window = hours
        home.simulator.switches.too_long = word
        await home.begin()
        await self.wait(home)
        await assert_equal_to_climkit(home)
        [site] = home.sites
        assert site.windows.longest
        assert site.windows.longest <= hours * HOUR
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        await home.turn_clock(hours=40)
        home.simulator.switches.faults = []
        await self.wait(home)
        await home.turn_clock(minutes=15)
        await assert_equal_to_climkit(home)
        newest = site.coordinator.last_measurement
        assert newest
        assert home.true_now - newest < HOUR / 2

    async def wait(self, home: Home) -> None:
        """Let pauses pass; they grow to half an hour."""
        for _ in range(30):
            await home.turn_clock(minutes=20)
            if home.sites and home.is_complete:
                break
        assert home.is_complete
        await home.settle()

    async def test_is_remembered(self, home: Home) -> None:
        """After a restart nothing is refused; diagnostics tell the length."""
        home.simulator.switches.longest_window = 24
        await home.begin()
        await self.wait(home)
        [site] = home.sites
        longest = site.windows.longest
        assert longest
        told = cast(Any, await async_get_config_entry_diagnostics(home.hass, home.entry))
        assert told["sites"][0]["longest_window_hours"] == longest // HOUR
        before = len(home.simulator.requests)
        await home.restart()
        [site] = home.sites
        site.history.start_night()
        await home.settle()
        assert site.windows.longest == longest
        assert not [r for r in home.simulator.requests[before:] if r.status == 400]

    async def test_meters_one_by_one(self, home: Home) -> None:
        """The answers of single meters bend as well."""
        home.simulator.switches.columns = False
        home.simulator.switches.longest_window = 24
        await home.begin()
        await self.wait(home)
        await assert_equal_to_climkit(home)
        assert [r for r in home.simulator.requests if METER_ID in r.path and r.status == 200]

    async def test_trouble_shrinks_nothing_for_good(self, home: Home) -> None:
        """A server without a limit, in trouble now and then: a month is asked for at once again."""
        await home.set_up_completely()
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=400, path="_data", probability=0.5)
        ]
        for _ in range(8):
            await home.turn_clock(hours=3)
        home.simulator.switches.faults = []
        await home.turn_clock(hours=25)
        await home.turn_clock(hours=24)
        [site] = home.sites
        assert (site.windows.length(home.true_now) or MONTH) >= MONTH
        await assert_equal_to_climkit(home)


class Counting(Source):
    """A source whose meters have a register; that of water is read once a day, told a day later."""

    @override
    def registers(self, meter_id: str, start: int, end: int, viewer: Viewer) -> Rows:
        name, step = ("vol_m3", 86_400) if meter_id == WATER_ID else ("en_im", 900)
        first = max(start, self.begin)
        last = min(end, int(viewer.now or end) - step)
        return {at: {name: at / 1e6} for at in range(first + -first % step, last, step)}


@pytest.mark.recorder
class TestRaw:
    """Raw readings, of which two days are asked for at first."""

    @pytest.fixture
    def world(self) -> World:
        """Four days of them."""
        first = NOW.replace(minute=0) - timedelta(days=4)
        return World.of(Counting(first=first, has_water=True))

    @pytest.mark.parametrize("word", ["400", "504", "cut"])
    async def test_too_long(self, home: Home, word: Any) -> None:
        """Half as much is asked for the next time."""
        home.simulator.switches.longest_window = 24
        home.simulator.switches.too_long = word
        await home.set_up()
        registers = home.sites[0].coordinator.registers
        for _ in range(8):
            await registers.async_ask([METER_ID], dt_util.utcnow())
            await home.turn_clock(minutes=31)
        assert registers.register(METER_ID, "en_im")

    async def test_read_once_a_day(self, home: Home) -> None:
        """The newest reading is known, though it is older than a day."""
        await home.set_up()
        registers = home.sites[0].coordinator.registers
        await registers.async_ask([WATER_ID], dt_util.utcnow())
        assert registers.register(WATER_ID, "vol_m3")

    async def test_a_meter_without_any(self, home: Home) -> None:
        """What it is refused says nothing of how much else may be asked for at once."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=400, path=f"meter_data_raw/{SITE_ID}/{WATER_ID}")
        ]
        await home.set_up()
        [site] = home.sites
        for _ in range(16):
            await site.coordinator.registers.async_ask([METER_ID, WATER_ID], dt_util.utcnow())
            await home.turn_clock(minutes=61)
        assert site.coordinator.registers.register(METER_ID, "en_im")
        assert site.windows.longest is None
