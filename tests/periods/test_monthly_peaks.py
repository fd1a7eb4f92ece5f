"""The highest quarter-hour of each month is Climkit's, or it is not known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.climkit.api import HOUR, INTERVAL, Interval
from custom_components.climkit.const import CONF_HISTORY, HISTORY_EVERYTHING
from custom_components.climkit.history import fetcher
from custom_components.climkit.measures.series import Series
from custom_components.climkit.periods.monthly_peaks import MonthlyPeaks, read_peaks
from custom_components.climkit.statistics import TimeRange
from custom_components.climkit.store import MonthlyPeakRecord, Peak, PeaksRecord, Stamp
from tests.conftest import NOW, Home
from tests.costs.bill import add_tariff, flat_of, plain_tariff, tariff
from tests.periods.test_peaks import NOVEMBER, SERIES, ZURICH, intervals, site
from tests.periods.test_periods import all_series
from tests.services.test_services import call, device_id
from tests.simulator import World, single_house
from tests.stories.source import SITE_ID, Correction, Source

DAY = timedelta(days=1)
OCTOBER = datetime(2026, 9, 30, 22, tzinfo=UTC)
DECEMBER = datetime(2026, 11, 30, 23, tzinfo=UTC)


def take(
    peaks: MonthlyPeaks,
    start: datetime,
    end: datetime,
    said: Sequence[Interval],
    *,
    is_believed: bool = True,
) -> Peak | None:
    """Take in what Climkit said of a stretch; return the peak of November then."""
    known = peaks.known([SERIES], start, end)
    read = read_peaks(said, {"from_ext"}, known, start, end, ZURICH)
    peaks.take([SERIES], read, peaks.fallen([SERIES], read) if is_believed else ())
    return peaks.peak(SERIES, NOVEMBER)


class TestMonthlyPeaks:
    """What is kept of months."""

    @pytest.fixture
    def record(self) -> PeaksRecord:
        """An empty memory."""
        return PeaksRecord()

    @pytest.fixture
    def peaks(self, record: PeaksRecord) -> MonthlyPeaks:
        """The peaks of a site that is older than these months."""
        return MonthlyPeaks(record, site())

    def test_months_of_a_page(self, peaks: MonthlyPeaks) -> None:
        """Each has its own, by local time."""
        said = intervals(NOVEMBER - INTERVAL, 5.0, 2.0, -1.0)
        assert take(peaks, OCTOBER, DECEMBER, said) == Peak(NOVEMBER, 8.0)
        assert peaks.peak(SERIES, OCTOBER) == Peak(NOVEMBER - INTERVAL, 20.0)
        assert peaks.peak(SERIES, DECEMBER) is None

    def test_nothing_to_pay(self, peaks: MonthlyPeaks, record: PeaksRecord) -> None:
        """A month that was read and has nothing costs nothing; so does one before the site."""
        assert peaks.power(SERIES, NOVEMBER) is None
        assert take(peaks, NOVEMBER, DECEMBER, []) is None
        assert peaks.power(SERIES, NOVEMBER) == 0.0
        assert peaks.power(SERIES, OCTOBER) is None
        young = MonthlyPeaks(record, replace(site(), created=NOVEMBER))
        assert young.power(SERIES, OCTOBER) == 0.0

    def test_unknown_until_all_is_read(self, peaks: MonthlyPeaks) -> None:
        """From its first to its last quarter-hour, without a gap."""
        middle, late = NOVEMBER + 9 * DAY, NOVEMBER + 20 * DAY
        assert take(peaks, NOVEMBER, middle, intervals(NOVEMBER, 1.0)) is None
        assert take(peaks, late, DECEMBER, intervals(late, 5.0)) is None
        assert take(peaks, middle, late, []) is None
        assert take(peaks, late - DAY, DECEMBER + DAY, intervals(late, 5.0)) == Peak(late, 20.0)

    def test_site_of_this_month(self, record: PeaksRecord) -> None:
        """Before there was a site nothing was."""
        peaks = MonthlyPeaks(record, site(NOVEMBER + 3 * DAY + timedelta(minutes=7)))
        start = NOVEMBER + 3 * DAY
        assert take(peaks, start, DECEMBER, intervals(start, 1.0)) == Peak(start, 4.0)

    def test_nothing_measured(self, peaks: MonthlyPeaks) -> None:
        """Then there is none."""
        assert take(peaks, NOVEMBER, DECEMBER, intervals(NOVEMBER, None)) is None

    def test_nothing_is_below_zero(self, peaks: MonthlyPeaks) -> None:
        """A month in which a connection only gave has no power that earns money."""
        said = intervals(NOVEMBER, -1.0, -0.5)
        assert take(peaks, NOVEMBER, DECEMBER, said) == Peak(NOVEMBER, 0.0)

    def test_higher(self, peaks: MonthlyPeaks) -> None:
        """What is found later counts."""
        take(peaks, NOVEMBER, DECEMBER, intervals(NOVEMBER, 1.0))
        found = take(peaks, NOVEMBER + DAY, NOVEMBER + 2 * DAY, intervals(NOVEMBER + DAY, 3.0))
        assert found == Peak(NOVEMBER + DAY, 12.0)

    @pytest.mark.parametrize("less", [[1.0], [None], []])
    def test_fallen(self, peaks: MonthlyPeaks, less: list[float | None]) -> None:
        """Nobody knows which is the highest now, until all of the month is read again."""
        take(peaks, NOVEMBER, DECEMBER, intervals(NOVEMBER, 2.0, 5.0, 4.0))
        at = NOVEMBER + INTERVAL
        said = intervals(at, *less)
        assert take(peaks, at, at + INTERVAL, said, is_believed=False) == Peak(at, 20.0)
        assert take(peaks, at, at + INTERVAL, said) is None
        found = take(peaks, NOVEMBER, DECEMBER, intervals(NOVEMBER, 2.0, *(less or [None]), 4.0))
        assert found == Peak(NOVEMBER + 2 * INTERVAL, 16.0)

    def test_the_same_again(self, peaks: MonthlyPeaks) -> None:
        """What is read again as it was changes nothing."""
        said = intervals(NOVEMBER, 2.0, 5.0)
        assert take(peaks, NOVEMBER, DECEMBER, said) == Peak(NOVEMBER + INTERVAL, 20.0)
        assert take(peaks, NOVEMBER, NOVEMBER + DAY, said) == Peak(NOVEMBER + INTERVAL, 20.0)

    def test_lacking(self, peaks: MonthlyPeaks) -> None:
        """Of whole months that history has read that is what is behind the first gap of each."""
        middle, late = NOVEMBER + 9 * DAY, NOVEMBER + 20 * DAY

        def lacking(start: datetime, end: datetime) -> list[TimeRange]:
            return list(peaks.lacking(SERIES, TimeRange(start, end)))

        whole = [TimeRange(OCTOBER, NOVEMBER), TimeRange(NOVEMBER, DECEMBER)]
        assert lacking(OCTOBER, DECEMBER) == whole
        assert lacking(OCTOBER + DAY, late) == [], "neither half of a month"
        take(peaks, middle, DECEMBER, [])
        take(peaks, NOVEMBER, middle, [])
        assert lacking(NOVEMBER, DECEMBER) == [TimeRange(middle, DECEMBER)]
        take(peaks, middle, late, [])
        assert lacking(NOVEMBER, DECEMBER) == [TimeRange(late, DECEMBER)]
        take(peaks, late, DECEMBER, [])
        assert lacking(NOVEMBER, DECEMBER) == []

    def test_nothing_lacking_before_the_site(self, record: PeaksRecord) -> None:
        """There was nothing to read."""
        created = NOVEMBER + 3 * DAY
        peaks = MonthlyPeaks(record, site(created))
        read = TimeRange(created, DECEMBER)
        assert list(peaks.lacking(SERIES, read)) == [read]
        assert list(peaks.lacking(SERIES, TimeRange(OCTOBER, DECEMBER))) == [read]

    def test_restart(self, peaks: MonthlyPeaks, record: PeaksRecord) -> None:
        """It is remembered."""
        found = take(peaks, NOVEMBER, DECEMBER, intervals(NOVEMBER, 2.0))
        assert MonthlyPeaks(record, site()).peak(SERIES, NOVEMBER) == found

    @pytest.mark.parametrize(
        ("start", "at"),
        [(NOVEMBER - HOUR, NOVEMBER + DAY), (NOVEMBER, DECEMBER)],
        ids=["other months", "another end"],
    )
    def test_corrected_zone(self, record: PeaksRecord, start: datetime, at: datetime) -> None:
        """What was remembered of another zone's month is not of this one's."""
        november = MonthlyPeakRecord(until=DECEMBER + DAY, peak=Peak(at, 20.0))
        record.months = {SERIES.statistic_id: {Stamp(start.isoformat()): november}}
        peaks = MonthlyPeaks(record, site())
        assert take(peaks, at, at + INTERVAL, intervals(at, 1.0)) is None
        assert take(peaks, NOVEMBER, DECEMBER, intervals(NOVEMBER, 2.0)) == Peak(NOVEMBER, 8.0)
        assert Stamp((NOVEMBER - HOUR).isoformat()) not in record.months[SERIES.statistic_id]


def billed(home: Home) -> list[Series]:
    """What is billed of a house: its own, and its consumer's."""
    whole, flat = "electricity_from_ext", f"climkit:{flat_of(home)}_ext"
    return [one for one in all_series(home) if one.statistic_id.endswith((whole, flat))]


def assert_equal_to_climkit(home: Home, month: datetime, end: datetime) -> None:
    """The highest quarter-hours of a month are Climkit's."""
    [one] = home.sites
    for series in billed(home):
        columns = home.simulator.intervals(series.feed.site_id, "electricity", month, end)
        column = f"{series.column}_{series.feed.meter_id}"
        values = columns.get(column, columns.get(series.column, {}))
        expected = max(0.0, 4 * max(values.values()))
        assert one.periods.highest(series, month) == pytest.approx(expected), series


@pytest.mark.recorder
class TestHouse:
    """A house with data since the middle of September."""

    @pytest.fixture
    def world(self) -> World:
        """Two whole months and a half."""
        return World.of(replace(single_house(1, NOW, timedelta(days=53)), faultless=True))

    async def test_import(self, home: Home) -> None:
        """Past months and the running one are known from the first day on, and over a restart."""
        await home.set_up_completely()
        assert len(billed(home)) == 2
        [of_connection] = [s for s in all_series(home) if s.key == "from_ext"]
        assert home.sites[0].periods.highest(of_connection, OCTOBER) is None, "nobody pays for it"
        for _ in range(2):
            assert_equal_to_climkit(home, OCTOBER, NOVEMBER)
            assert_equal_to_climkit(home, NOVEMBER, home.simulator.now())
            await home.restart()
            await home.complete()

    async def test_month_ends(self, home: Home) -> None:
        """What was the running month's becomes the past one's, its last quarter-hour too."""
        await home.set_up_completely()
        last = DECEMBER - INTERVAL
        [site_id] = home.simulator.world.sites
        home.simulator.world.revise(site_id, "conso_total", last, DECEMBER, value=50.0)
        await home.turn_clock(to=DECEMBER - timedelta(minutes=5))
        await home.complete()
        for _ in range(4):
            await home.turn_clock(minutes=15)
        assert_equal_to_climkit(home, NOVEMBER, DECEMBER)

    @pytest.mark.parametrize("is_paid", [True, False])
    async def test_correction(self, home: Home, is_paid: bool) -> None:
        """A spike of the month before that Climkit takes back goes once that is read.

        Where somebody pays for it, the whole month is read again at once.
        """
        if is_paid:
            home.entry.add_to_hass(home.hass)
            add_tariff(home, plain_tariff(home, site_power_price=5.0))
        spike = OCTOBER + 20 * DAY
        revision: dict[str, Any] = {"value": 50.0}
        [site_id] = home.simulator.world.sites
        home.simulator.world.revise(site_id, "from_ext", spike, spike + INTERVAL, **revision)
        await home.set_up_completely()
        [one] = home.sites
        imported = next(s for s in billed(home) if s.meter_id is None)
        assert one.periods.highest(imported, OCTOBER) == 200
        home.simulator.world.revisions.clear()
        one.history.start_night()
        await home.complete()
        if is_paid:
            assert_equal_to_climkit(home, OCTOBER, NOVEMBER)
            return
        assert one.periods.highest(imported, OCTOBER) is None
        again = {"from": OCTOBER.isoformat(), "to": NOVEMBER.isoformat()}
        await call(home, "import_history", device_id=device_id(home, site_id), **again)
        await home.complete()
        assert_equal_to_climkit(home, OCTOBER, NOVEMBER)


@pytest.mark.recorder
class TestReadAgain:
    """A month of which somebody pays the highest quarter-hour, which is not known: it is read."""

    @pytest.fixture
    def source(self) -> Source:
        """A tiny site with data since ten days before October."""
        return Source(first=OCTOBER - 10 * DAY)

    @pytest.fixture
    def world(self, source: Source) -> World:
        """It."""
        return World.of(source)

    @staticmethod
    def begin_at(home: Home, day: str) -> None:
        """Let history begin on a day."""
        home.entry.add_to_hass(home.hass)
        options = {**home.entry.options, CONF_HISTORY: day}
        home.hass.config_entries.async_update_entry(home.entry, options=options)

    @staticmethod
    async def pay(home: Home) -> None:
        """Enter a price for the site's power, from October on."""
        prices = {"grid_price": 0.3, "solar_price": 0.2, "site_power_price": 5.0}
        add_tariff(home, tariff(SITE_ID, "2026-10-01", **prices))
        if home.sites:
            await home.complete()

    @staticmethod
    def october(home: Home) -> float | None:
        """What is known of October."""
        [series] = [one for one in all_series(home) if one.key == "electricity_from_ext"]
        return home.sites[0].periods.highest(series, OCTOBER)

    @staticmethod
    def highest(home: Home) -> tuple[datetime, float]:
        """When October was highest, and how high, in kW."""
        said = home.simulator.intervals(SITE_ID, "electricity", OCTOBER, NOVEMBER)["from_ext"]
        start = max(said, key=lambda one: said[one])
        return start, pytest.approx(4 * said[start])

    @staticmethod
    def asked(home: Home) -> list[str]:
        """The starts of what history asked for, but for the last days."""
        bodies = [one.body for one in home.simulator.requests if one.body and "t_e" in one.body]
        return sorted(one["t_s"] for one in bodies if one["t_s"] < "2026-11-15")

    async def test_start_moved(self, home: Home) -> None:
        """History began within it, and then begins earlier: its later part is read once more."""
        self.begin_at(home, "2026-10-10")
        await self.pay(home)
        await home.set_up_completely()
        assert self.october(home) is None
        await home.choose(**{CONF_HISTORY: HISTORY_EVERYTHING})
        await home.complete()
        assert self.october(home) == self.highest(home)[1]

    async def test_memory_lost(self, home: Home, hass_storage: dict[str, Any]) -> None:
        """The rows are there, so nothing else reads it again; once it is known nobody asks."""
        home.entry.add_to_hass(home.hass)
        await self.pay(home)
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        for key in [key for key in hass_storage if key.startswith("climkit.")]:
            del hass_storage[key]
        await home.set_up_completely()
        assert self.october(home) == self.highest(home)[1]
        asked = self.asked(home)
        await home.restart()
        await home.complete()
        assert self.asked(home) == asked

    async def test_price_after_a_correction(self, home: Home, source: Source) -> None:
        """Nobody paid for it when it fell."""
        await home.set_up_completely()
        [one] = home.sites
        start, _ = self.highest(home)
        source.corrections.append(Correction(start, start + INTERVAL, "from_ext", 0.01))
        [feed] = {state.series.feed for state in one.history.states}
        one.history.read_again([feed], start - DAY, start + DAY)
        await home.complete()
        assert self.october(home) is None
        await self.pay(home)
        assert self.october(home) == self.highest(home)[1]

    async def test_corrected_zone(
        self, home: Home, source: Source, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Other quarter-hours are of the month then; and that peak falls too."""
        source.zone = ZoneInfo("Europe/Helsinki")
        await home.set_up_completely()
        await self.pay(home)
        source.zone = ZURICH
        await home.restart()
        await home.complete()
        start, power = self.highest(home)
        assert self.october(home) == power
        source.corrections.append(Correction(start, start + INTERVAL, "from_ext", 0.01))
        [one] = home.sites
        one.history.start_night()
        await home.complete()
        assert self.october(home) == self.highest(home)[1]
        assert not [one for one in caplog.records if one.levelname == "ERROR"]

    async def test_corrected_creation_date(self, home: Home, source: Source) -> None:
        """Climkit says later that the site was made later: what it took before was taken."""
        await home.set_up_completely()
        await self.pay(home)
        source.created = NOVEMBER + 5 * DAY
        for _ in range(2):
            await home.restart()
            await home.complete()
            assert self.october(home) == self.highest(home)[1]
            home.sites[0].record.peaks.months.clear()

    async def test_only_what_history_has(self, home: Home) -> None:
        """Release 0.1.0 knew no peaks: each month is read once, none before history's start."""
        self.begin_at(home, "2026-10-01")
        await home.set_up_completely()
        home.sites[0].record.peaks.months.clear()
        before = self.asked(home)
        await self.pay(home)
        assert self.october(home) == self.highest(home)[1]
        assert min(self.asked(home)) >= "2026-09-30"
        assert len(self.asked(home)) - len(before) <= 3

    async def test_unanswered(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of an hour that is never answered only the nights ask; once they read it the rest is."""
        monkeypatch.setattr(fetcher, "STUCK_AFTER", timedelta(hours=1))
        await home.set_up_completely()
        home.sites[0].record.peaks.months.clear()
        home.simulator.switches.unanswered = [(OCTOBER + 14 * DAY).isoformat()]
        await self.pay(home)
        while home.sites[0].record.recheck.unread:
            await home.turn_clock(minutes=30)
        asked = self.asked(home)
        await home.restart()
        for _ in range(6):
            await home.turn_clock(minutes=30)
        assert self.october(home) is None
        assert self.asked(home) == asked
        home.simulator.switches.unanswered = []
        for _ in range(2):
            await home.turn_clock(hours=24)
        assert self.october(home) == self.highest(home)[1]
