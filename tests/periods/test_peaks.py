"""The month's peak power is Climkit's highest quarter-hour, over restarts and corrections."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isclose
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.const import STATE_UNKNOWN
import pytest

from custom_components.climkit.api import HOUR, INTERVAL, Interval, Site
from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.feeds import page_size
from custom_components.climkit.measures.series import Feed, Series
from custom_components.climkit.measures.table import Measure
from custom_components.climkit.periods.peaks import MonthPeaks, Peak, day_peaks
from custom_components.climkit.store.records import PeaksRecord
from tests.conftest import NOW, Home
from tests.periods.test_periods import all_series, month
from tests.simulator import Fault, FaultKind, World, single_house

ZURICH = ZoneInfo("Europe/Zurich")
DAY = timedelta(days=1)
NOVEMBER = datetime(2026, 10, 31, 23, tzinfo=UTC)
SERIES = Series(
    feed=Feed("a" * 24, "electricity"),
    column="from_ext",
    measure=Measure(key="from_ext", name="grid_import", has_power=True),
)


def intervals(start: datetime, *values: float | None) -> list[Interval]:
    """Quarter-hours in a row."""
    return [
        Interval(
            start=start + n * INTERVAL,
            end=start + (n + 1) * INTERVAL,
            values={} if value is None else {"from_ext": value},
        )
        for n, value in enumerate(values)
    ]


def site(created: datetime | None = None) -> Site:
    """A site of which only zone and age matter."""
    return Site(
        id="a" * 24,
        name=None,
        ref=None,
        created=created,
        latitude=None,
        longitude=None,
        zone=ZURICH,
        address=None,
    )


@pytest.fixture
def record() -> PeaksRecord:
    """An empty memory."""
    return PeaksRecord()


@pytest.fixture
def peaks(record: PeaksRecord) -> MonthPeaks:
    """The peaks of a site that is older than the month."""
    return MonthPeaks(record, site())


def take(
    peaks: MonthPeaks,
    start: datetime,
    end: datetime,
    said: Iterable[Interval],
    now: datetime,
    *,
    is_believed: bool = True,
) -> Peak | None:
    """Take in what Climkit said of a stretch; return the month's peak then."""
    found = day_peaks(said, {"from_ext"}, peaks.month(now), ZURICH)
    fallen = peaks.fallen([SERIES], start, end, found, now) if is_believed else ()
    peaks.take([SERIES], start, end, found, now, fallen=fallen)
    return peaks.peak(SERIES, now)


class TestDayPeaks:
    """From intervals to the peaks of local days."""

    def test_each_day(self) -> None:
        start = NOVEMBER + DAY - INTERVAL
        found = day_peaks(intervals(start, 1.0, 0.5, 2.0, 2.0), {"from_ext"}, NOVEMBER, ZURICH)
        assert found == {
            "from_ext": {
                NOVEMBER: Peak(start, 4.0),
                NOVEMBER + DAY: Peak(start + 2 * INTERVAL, 8.0),
            }
        }

    def test_day_of_25_hours(self) -> None:
        start = datetime(2026, 10, 24, 22, tzinfo=UTC)
        found = day_peaks(
            intervals(start, *[0.1] * 99, 0.2, 0.3), {"from_ext"}, start - DAY, ZURICH
        )
        assert found["from_ext"][start] == Peak(start + 99 * INTERVAL, 0.8)
        assert found["from_ext"][start + timedelta(hours=25)].power == pytest.approx(1.2)

    def test_before_the_month_and_other_columns(self) -> None:
        said = intervals(NOVEMBER - INTERVAL, 9.0, None)
        assert day_peaks(said, {"from_ext"}, NOVEMBER, ZURICH) == {}
        assert day_peaks(intervals(NOVEMBER, 1.0), {"to_ext"}, NOVEMBER, ZURICH) == {}

    def test_negative(self) -> None:
        found = day_peaks(intervals(NOVEMBER, -0.1), {"from_ext"}, NOVEMBER, ZURICH)
        assert found["from_ext"][NOVEMBER] == Peak(NOVEMBER, 0.0)


class TestMonthPeaks:
    """What is kept of a month."""

    def test_unknown_until_read_from_the_beginning(self, peaks: MonthPeaks) -> None:
        later, now = NOVEMBER + 3 * DAY, NOVEMBER + 4 * DAY
        assert take(peaks, later, now, intervals(later, 5.0), now) is None
        before = NOVEMBER - DAY
        found = take(peaks, before, later, intervals(NOVEMBER, 1.0), now)
        assert found == Peak(later, 20.0)

    def test_site_of_this_month(self, record: PeaksRecord) -> None:
        created = NOVEMBER + 3 * DAY + timedelta(minutes=7)
        peaks = MonthPeaks(record, site(created))
        start = NOVEMBER + 3 * DAY
        found = take(peaks, start, start + DAY, intervals(start, 1.0), start + DAY)
        assert found == Peak(start, 4.0)

    def test_next_month(self, peaks: MonthPeaks) -> None:
        now = NOVEMBER + 30 * DAY - INTERVAL
        assert take(peaks, NOVEMBER, now, intervals(NOVEMBER, 5.0), now)
        december = NOVEMBER + 30 * DAY
        assert peaks.peak(SERIES, december) is None
        assert take(peaks, NOVEMBER, december, intervals(NOVEMBER, 5.0), december) is None
        now = december + 2 * INTERVAL
        found = take(peaks, december - INTERVAL, now, intervals(december - INTERVAL, 7, 2), now)
        assert found == Peak(december, 8.0)

    def test_the_31st(self, peaks: MonthPeaks) -> None:
        """A day of the month like any other."""
        now = NOVEMBER - HOUR
        last = Peak(now - INTERVAL, 20.0)
        assert take(peaks, peaks.month(now), now, intervals(last.start, 5.0), now) == last

    def test_part_of_a_day_only_raises(self, peaks: MonthPeaks) -> None:
        now = NOVEMBER + 2 * DAY
        assert take(peaks, NOVEMBER, now, intervals(NOVEMBER, 5.0, 1.0), now)
        found = take(peaks, NOVEMBER, NOVEMBER + DAY / 2, intervals(NOVEMBER, 2.0), now)
        assert found == Peak(NOVEMBER, 20.0)
        found = take(peaks, NOVEMBER, NOVEMBER + DAY / 2, intervals(NOVEMBER, 2.0, 6.0), now)
        assert found == Peak(NOVEMBER + INTERVAL, 24.0)

    def test_whole_day_replaces(self, peaks: MonthPeaks) -> None:
        now = NOVEMBER + 2 * DAY
        assert take(peaks, NOVEMBER, now, intervals(NOVEMBER, 5.0, 1.0), now)
        found = take(peaks, NOVEMBER, NOVEMBER + DAY, intervals(NOVEMBER, 2.0), now)
        assert found == Peak(NOVEMBER, 8.0)

    def test_day_that_an_answer_lacks(self, peaks: MonthPeaks) -> None:
        """It keeps its peak, unless that is believed."""
        now = NOVEMBER + 2 * DAY
        said = intervals(NOVEMBER + DAY, 2.0)
        assert take(peaks, NOVEMBER, now, intervals(NOVEMBER, 5.0, 1.0), now)
        assert take(peaks, NOVEMBER, now, said, now, is_believed=False) == Peak(NOVEMBER, 20.0)
        assert take(peaks, NOVEMBER, now, said, now) == Peak(NOVEMBER + DAY, 8.0)
        assert take(peaks, NOVEMBER, now, [], now) is None

    def test_the_same_peak_at_another_time(self, peaks: MonthPeaks) -> None:
        now = NOVEMBER + 2 * DAY
        assert take(peaks, NOVEMBER, now, intervals(NOVEMBER, 1.0, 5.0), now)
        found = take(peaks, NOVEMBER, now, intervals(NOVEMBER, 1.0, 0.5, 5.0), now)
        assert found == Peak(NOVEMBER + 2 * INTERVAL, 20.0)

    @pytest.mark.parametrize(
        ("start", "end", "days"),
        [
            (NOVEMBER, NOVEMBER + DAY, 1),
            (NOVEMBER + INTERVAL, NOVEMBER + DAY, 0),
            (NOVEMBER, NOVEMBER + DAY - INTERVAL, 0),
            (NOVEMBER - 3 * DAY, NOVEMBER + 3 * DAY, 3),
            (NOVEMBER + INTERVAL, NOVEMBER + 4 * DAY - INTERVAL, 2),
        ],
    )
    def test_whole_days_only(
        self, peaks: MonthPeaks, start: datetime, end: datetime, days: int
    ) -> None:
        """What is missing of a day that was not read in full says nothing."""
        now = NOVEMBER + 5 * DAY
        said = [one for day in range(5) for one in intervals(NOVEMBER + day * DAY, 1.0)]
        take(peaks, NOVEMBER, now, said, now)
        assert len(peaks.fallen([SERIES], start, end, {}, now)) == days

    def test_day_on_which_the_site_began(self, record: PeaksRecord) -> None:
        """It is whole from there on, as nights read it; nothing earlier falls with it."""
        begun, now = NOVEMBER + timedelta(hours=5), NOVEMBER + 2 * DAY
        peaks = MonthPeaks(record, site(begun))
        assert take(peaks, NOVEMBER, now, intervals(begun, 5.0, 1.0), now) == Peak(begun, 20.0)
        said = intervals(begun + INTERVAL, 1.0)
        assert take(peaks, begun, NOVEMBER + DAY, said, now) == Peak(begun + INTERVAL, 4.0)
        assert take(peaks, begun + 2 * INTERVAL, now, [], now) == Peak(begun + INTERVAL, 4.0)
        said = intervals(begun + INTERVAL, 0.5)
        assert take(peaks, begun - HOUR, now, said, now) == Peak(begun + INTERVAL, 2.0)
        early = Peak(NOVEMBER, 24.0)
        assert take(peaks, NOVEMBER, now, intervals(NOVEMBER, 6.0), now) == early
        assert take(peaks, begun, now, said, now) == early

    def test_restart(self, peaks: MonthPeaks, record: PeaksRecord) -> None:
        now = NOVEMBER + 2 * DAY
        found = take(peaks, NOVEMBER, now, intervals(NOVEMBER, 5.0, 1.0), now)
        assert MonthPeaks(record, site()).peak(SERIES, now) == found == Peak(NOVEMBER, 20.0)


def truth(home: Home, series: Series) -> Peak | None:
    """The highest quarter-hour that Climkit has now."""
    columns = home.simulator.intervals(
        series.feed.site_id, series.feed.meter_type, month(), home.simulator.now()
    )
    if not (values := columns.get(series.column)):
        return None
    start = max(values, key=lambda at: values[at])
    return Peak(start, max(0.0, values[start] * 4))


def assert_equal_to_climkit(home: Home) -> None:
    """The peak of every series that has power is Climkit's, on or off."""
    count = 0
    for one in home.sites:
        for series in one.series.values():
            found = one.periods.peaks.peak(series, home.simulator.now())
            if not series.measure.has_power:
                assert found is None
                continue
            expected = truth(home, series)
            assert found is not None
            assert expected is not None
            assert isclose(found.power, expected.power, abs_tol=1e-6), series
            values = home.simulator.intervals(
                series.feed.site_id, series.feed.meter_type, found.start, found.start + INTERVAL
            )[series.column]
            assert isclose(max(0.0, 4 * values[found.start]), expected.power, abs_tol=1e-6)
            count += 1
    assert count > 5


class TestHouse:
    """A house with data since before the month began."""

    @pytest.fixture
    def now(self) -> datetime:
        """Early in a month, so that few data reach back to the one before."""
        return datetime(2026, 11, 3, 10, 7, tzinfo=UTC)

    @pytest.fixture
    def site_id(self, home: Home) -> str:
        """The house."""
        [site_id] = home.simulator.world.sites
        return site_id

    async def test_entities(self, home: Home, site_id: str) -> None:
        """Grid import shows its peak in kW, and when its quarter-hour began."""
        await home.set_up_completely()
        assert_equal_to_climkit(home)
        series = next(
            one for one in all_series(home) if one.statistic_id.endswith("electricity_from_ext")
        )
        expected = truth(home, series)
        assert expected
        state = home.state(f"{site_id}_electricity_from_ext_peak")
        assert float(state.state) == pytest.approx(expected.power)
        assert state.attributes["unit_of_measurement"] == "kW"
        assert "state_class" not in state.attributes
        when = home.state(f"{site_id}_electricity_from_ext_peak_time").state
        assert datetime.fromisoformat(when) == expected.start

    async def test_quarter_hours_and_a_night(self, home: Home, now: datetime) -> None:
        """It follows what is new."""
        await home.set_up_completely()
        for _ in range(4):
            await home.turn_clock(minutes=15)
            assert_equal_to_climkit(home)
        await home.turn_clock(hours=24)
        assert_equal_to_climkit(home)

    async def test_correction(self, home: Home, site_id: str) -> None:
        """A spike that Climkit takes back goes in the night; one that it finds comes."""
        spike = month() + DAY + timedelta(hours=3)
        revision: dict[str, Any] = {"value": 50.0}
        home.simulator.world.revise(site_id, "from_ext", spike, spike + INTERVAL, **revision)
        await home.set_up_completely()
        assert_equal_to_climkit(home)
        assert float(home.state(f"{site_id}_electricity_from_ext_peak").state) == 200
        home.simulator.world.revisions.clear()
        other = month() + timedelta(hours=5)
        home.simulator.world.revise(site_id, "conso_total", other, other + INTERVAL, value=40.0)
        [one] = home.sites
        one.history.start_night()
        await home.settle()
        assert_equal_to_climkit(home)
        assert float(home.state(f"{site_id}_electricity_from_ext_peak").state) < 200

    @pytest.mark.parametrize(
        ("length", "answer"),
        [
            (length, answer)
            for length in (DAY, 30 * DAY)
            for answer in ("a quarter-hour", "a whole day")
        ],
    )
    async def test_withdrawn(
        self,
        home: Home,
        site_id: str,
        monkeypatch: pytest.MonkeyPatch,
        length: timedelta,
        answer: str,
    ) -> None:
        """It falls when Climkit no longer has it, also on big sites, whose pages are of a day."""
        monkeypatch.setattr(page_size, "FIRST_PAGE", length)
        monkeypatch.setattr(page_size, "LONGEST_PAGE", length)
        world, day = home.simulator.world, month() + DAY
        spike = day + timedelta(hours=3)
        world.revise(site_id, "from_ext", spike, spike + INTERVAL, value=50.0)
        await home.set_up_completely()
        assert float(home.state(f"{site_id}_electricity_from_ext_peak").state) == 200
        if answer == "a quarter-hour":
            world.revise(site_id, "from_ext", spike, spike + INTERVAL, withdraw=True)
        else:
            world.revise(site_id, None, day, day + DAY, withdraw=True)
        for _ in range(3):
            await home.turn_clock(hours=24)
        assert_equal_to_climkit(home)

    async def test_a_day_that_is_missing_for_once(self, home: Home, site_id: str) -> None:
        """Its peak stays as its statistic does."""
        world, day = home.simulator.world, month() + DAY
        spike = day + timedelta(hours=3)
        world.revise(site_id, "from_ext", spike, spike + INTERVAL, value=50.0)
        await home.set_up_completely()
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.EMPTY_LIST, path="site_data", times=1)
        ]
        [one] = home.sites
        one.history.start_night()
        await home.settle()
        assert home.simulator.switches.faults[0].times == 0
        assert float(home.state(f"{site_id}_electricity_from_ext_peak").state) == 200

    async def test_restart(self, home: Home, site_id: str) -> None:
        """It is remembered; what came meanwhile is added."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await home.hass.async_block_till_done()
        home.freezer.tick(5 * 3600)
        await home.set_up()
        await home.until(lambda: home.is_complete)
        await home.settle()
        assert_equal_to_climkit(home)
        bodies = [one.body or {} for one in home.simulator.requests if "site_data" in one.path]
        history = [body for body in bodies[-2:] if "t_e" in body]
        assert not [body for body in history if str(body["t_s"]) < "2026-11-02"]

    async def test_next_month(self, home: Home, site_id: str) -> None:
        """It begins anew."""
        await home.set_up_completely()
        await home.turn_clock(to=datetime(2026, 11, 30, 22, 50, tzinfo=UTC))
        await home.turn_clock(to=datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
        assert home.state(f"{site_id}_electricity_from_ext_peak").state == STATE_UNKNOWN
        await home.turn_clock(to=datetime(2026, 11, 30, 23, 48, 30, tzinfo=UTC))
        assert_equal_to_climkit(home)


class TestHistoryBeginsLater:
    """Who reads from a day on does not know the month's peak."""

    @pytest.fixture
    def world(self) -> World:
        """A house that is older than this month."""
        return World.of(replace(single_house(1, NOW, timedelta(days=40)), faultless=True))

    async def test_unknown(self, home: Home) -> None:
        """Until the next month."""
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_HISTORY: "2026-11-18"}
        )
        await home.set_up_completely()
        [one] = home.sites
        for series in all_series(home):
            assert one.periods.peaks.peak(series, NOW) is None
        await home.choose(history="2026-11-01")
        await home.until(lambda: home.is_complete)
        await home.settle()
        assert_equal_to_climkit(home)
