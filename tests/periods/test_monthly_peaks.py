"""The highest quarter-hour of each month is Climkit's, or it is not known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.climkit.api import INTERVAL, Interval
from custom_components.climkit.measures.series import Series
from custom_components.climkit.periods.monthly_peaks import MonthlyPeaks, read_peaks
from custom_components.climkit.store import Peak, PeaksRecord
from tests.conftest import NOW, Home
from tests.costs.bill import add_tariff, flat_of, plain_tariff
from tests.periods.test_peaks import NOVEMBER, SERIES, ZURICH, intervals, site
from tests.periods.test_periods import all_series
from tests.services.test_services import call, device_id
from tests.simulator import World, single_house

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

    def test_restart(self, peaks: MonthlyPeaks, record: PeaksRecord) -> None:
        """It is remembered."""
        found = take(peaks, NOVEMBER, DECEMBER, intervals(NOVEMBER, 2.0))
        assert MonthlyPeaks(record, site()).peak(SERIES, NOVEMBER) == found


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
        return World.of(replace(single_house(1, NOW, timedelta(days=70)), faultless=True))

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
