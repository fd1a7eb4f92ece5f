"""What a month will have cost: so far, and days to come like the last ones."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import override
from unittest.mock import patch

from homeassistant.core import Event, EventStateChangedData
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.climkit.api import HOUR, INTERVAL
from custom_components.climkit.costs import computing
from custom_components.climkit.costs.projection import RecentDays
from custom_components.climkit.statistics import TimeRange
from tests.conftest import NOW, Home
from tests.costs.bill import ZURICH, add_tariff, correct_tariff, tariff
from tests.services.statement import row_of, state
from tests.simulator import World
from tests.simulator.site import Rows, Viewer
from tests.stories.source import METER_ID, SITE_ID, WATER, WATER_ID, Correction, Gap, Source
from tests.stories.verdict import assert_true
from tests.truth import stored_rows

TODAY = date(2026, 11, 20)  # a Friday

PROJECTED = f"{SITE_ID}_cost_projected"
DAY = timedelta(days=1)


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    """A time of autumn 2026."""
    return datetime(2026, month, day, hour, tzinfo=ZURICH).astimezone(UTC)


def hours_of(cost: Callable[[datetime], float], first: datetime) -> dict[datetime, float]:
    """What each hour costs, by its local time, from `first` until today."""
    number = (at(TODAY.day) - first) // HOUR
    hours = (first + HOUR * index for index in range(number))
    return {hour: cost(hour.astimezone(ZURICH)) for hour in hours}


def by_kind(local: datetime) -> float:
    """An hour of a workday costs 1, of a Saturday 2, of a Sunday 4."""
    return {5: 2.0, 6: 4.0}.get(local.weekday(), 1.0)


@pytest.fixture
def source() -> Source:
    """A small site with electricity and water since seventeen days."""
    return Source(first=NOW.replace(minute=0) - 17 * DAY, has_water=True)


@pytest.fixture
def world(source: Source) -> World:
    """The small site."""
    return World.of(source)


@pytest.fixture
async def house(home: Home) -> Home:
    """It, with prices; all is computed."""
    home.entry.add_to_hass(home.hass)
    add_tariff(home, prices())
    await home.set_up_completely()
    return home


def prices(day: str = "2026-01-01", **others: float) -> dict[str, object]:
    """Of electricity and water, with fees."""
    fields = {"grid_price": 0.3, "solar_price": 0.2, "cold_water_price": 2.0, "site_fee": 30.0}
    return tariff(SITE_ID, day, **fields | others)


async def assert_all_true(home: Home) -> None:
    """Every hour is right, and what is projected from them."""
    await home.complete()
    await assert_true(home, [dict(one.data) for one in home.entry.subentries.values()])


def always(_day: date) -> bool:
    """There is a price every day."""
    return True


def no_fee(_day: date) -> float:
    """Hours hold no fee."""
    return 0.0


class TestRecentDays:
    """What follows from the last fourteen days."""

    def test_like_days(self) -> None:
        """Workdays, Saturdays and Sundays by themselves; the day that runs by its hours."""
        days = RecentDays.of(hours_of(by_kind, at(1)), TODAY, ZURICH)
        assert len(days.costs) == 14
        assert min(days.costs) == date(2026, 11, 6)
        rest = TimeRange(at(20, 18), at(23, 12))
        assert days.to_come(rest, always, no_fee) == pytest.approx(6 * 1 + 24 * 2 + 24 * 4 + 12 * 1)

    def test_kind_that_did_not_occur(self) -> None:
        """It costs what any day does."""
        days = RecentDays.of(hours_of(by_kind, at(17)), TODAY, ZURICH)
        assert days.to_come(TimeRange(at(21), at(22)), always, no_fee) == pytest.approx(24)

    def test_days_that_lack_an_hour(self) -> None:
        """They tell nothing of others, and fewer than three are not enough."""
        hours = hours_of(by_kind, at(16))
        del hours[at(17, 9)]
        days = RecentDays.of(hours, TODAY, ZURICH)
        assert sorted(one.day for one in days.costs) == [16, 18, 19]
        assert days.are_enough
        del hours[at(18, 23)]
        assert not RecentDays.of(hours, TODAY, ZURICH).are_enough

    def test_a_row_a_day(self) -> None:
        """Of a meter that is read daily it tells of its whole day, whatever hour it is in."""
        daily = {at(day, 5): float(day) for day in (16, 17, 18, 19)}
        days = RecentDays.of(daily, TODAY, ZURICH, is_read_daily=True)
        assert days.costs == {date(2026, 11, day): day for day in (16, 17, 18, 19)}
        rest = TimeRange(at(19, 6), at(20, 12))
        assert days.to_come(rest, always, no_fee) == pytest.approx(17.5 / 2)
        assert not RecentDays.of(daily, TODAY, ZURICH).are_enough
        two = {**daily, at(16, 6): 1.0}
        assert not RecentDays.of(two, TODAY, ZURICH, is_read_daily=True).are_enough

    def test_clocks_change(self) -> None:
        """A day of 25 hours needs 25, and half of it is 12.5."""
        hours = {at(19, month=10) + HOUR * index: 1.0 for index in range(24 * 6 + 25)}
        days = RecentDays.of(hours, date(2026, 10, 26), ZURICH)
        assert days.costs[date(2026, 10, 25)] == 25.0
        del hours[at(25, 12, month=10)]
        assert date(2026, 10, 25) not in RecentDays.of(hours, date(2026, 10, 26), ZURICH).costs
        sunday = TimeRange(at(25, month=10), at(26, month=10))
        assert days.to_come(sunday, always, no_fee) == pytest.approx(25)

    def test_days_without_a_price(self) -> None:
        """What has no price then will not cost anything."""
        days = RecentDays.of(hours_of(by_kind, at(1)), TODAY, ZURICH)
        rest = TimeRange(at(23), at(25))
        assert days.to_come(rest, lambda day: day.day == 24, no_fee) == pytest.approx(24)


class DailySource(Source):
    """A site whose water meters say in one row a day what they measured."""

    @override
    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        found = super().rows(meter_type, start, end, viewer)
        if meter_type != "cold_water":
            return found
        return {at: values for at, values in found.items() if is_last_of_day(at)}


def is_last_of_day(start: int) -> bool:
    """Whether a quarter-hour is the last one of its day."""
    end = datetime.fromtimestamp(start, ZURICH) + INTERVAL
    return (end.hour, end.minute) == (0, 0)


@pytest.mark.recorder
class TestARowADay:
    """Water in a single row a day."""

    @pytest.fixture
    def source(self) -> Source:
        """With data since seventeen days, but one."""
        gap = Gap(at(10), at(11), WATER)
        return DailySource(first=NOW.replace(minute=0) - 17 * DAY, has_water=True, gaps=[gap])

    async def test_site_and_meter(self, house: Home) -> None:
        """Both have a projection, and the meter's statement lacks only what there is no row of.

        Whether a row is a day's only one, days before tell too; of the very first nobody knows.
        """
        await house.enable(PROJECTED, f"{WATER_ID}_cost_projected")
        await house.complete()
        bills = house.sites[0].costs.bills
        water, site = bills.projected(WATER_ID), bills.projected(SITE_ID)
        assert water
        assert site
        assert water.days == site.days == 13
        assert site.cost > site.so_far > 0
        lacking, missing = [], "hours_missing"
        for first, last in (
            ("2026-11-02", "2026-11-09"),
            ("2026-11-09", "2026-11-14"),
            ("2026-11-09", "2026-11-09"),
            ("2026-11-11", "2026-11-11"),
            ("2026-11-03", "2026-11-03"),
        ):
            row = row_of(await state(house, WATER_ID, first, last), WATER_ID)
            lacking.append((row["missing_hours"], row["reasons"]))
        assert lacking == [(0, []), (24, [missing]), (0, []), (0, []), (19, [missing])]


@pytest.mark.recorder
class TestEntity:
    """*Cost this month, projected*."""

    async def test_off_at_first(self, house: Home) -> None:
        """And then nobody asks the recorder for its sake."""
        entry = er.async_get(house.hass).async_get(house.entity_id(PROJECTED))
        assert entry
        assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert house.sites[0].costs.bills.projected(SITE_ID) is None
        house.sites[0].costs.project(SITE_ID)()  # somebody wanted it, and does no longer
        with patch.object(computing, "async_hours") as asked:
            await house.turn_clock(to=at(21, 2))
        assert not asked.mock_calls

    async def test_value(self, house: Home) -> None:
        """As worked out hour by hour; attributes say how it was made."""
        await house.enable(PROJECTED, f"{METER_ID}_cost_projected")
        await house.complete()
        state = house.state(PROJECTED)
        month = house.state(f"{SITE_ID}_cost_this_month")
        assert state.attributes["so_far"] == float(month.state)
        assert state.attributes["days_used"] == 14
        assert state.state_info
        assert {"so_far", "days_used"} <= state.state_info["unrecorded_attributes"]
        assert state.attributes["unit_of_measurement"] == "CHF"
        assert "state_class" not in state.attributes
        assert float(state.state) > float(month.state) + 10 * 30.0 / 30
        assert float(house.state(f"{METER_ID}_cost_projected").state) > 0
        await assert_all_true(house)

    async def test_over_days_and_months(self, house: Home) -> None:
        """It is true on any day."""
        await house.enable(PROJECTED)
        await house.complete()
        for time in (at(21, 9), at(24, 4), at(30, 22)):
            await house.turn_clock(to=time + timedelta(minutes=20))
            house.sites[0].history.start_night()
            await assert_all_true(house)

    async def test_when_a_month_begins(self, house: Home) -> None:
        """It is known but for a moment, and asked for where a day begins or its last hours come."""
        await house.turn_clock(to=at(30, 22))
        await house.enable(PROJECTED)
        await house.complete()
        shown: list[str] = []

        def note(event: Event[EventStateChangedData]) -> None:
            if event.data["entity_id"] == house.entity_id(PROJECTED) and event.data["new_state"]:
                shown.append(event.data["new_state"].state)

        house.hass.bus.async_listen("state_changed", note)
        for _ in range(12):
            await house.turn_clock(minutes=15)
            await assert_all_true(house)
        assert len(shown) > 8
        assert shown.count("unknown") <= 1
        assert "unavailable" not in shown
        with patch.object(computing, "async_hours") as asked:
            for _ in range(8):
                await house.turn_clock(minutes=15)
        assert not asked.mock_calls
        await assert_all_true(house)

    async def test_corrected(self, house: Home, source: Source) -> None:
        """Other prices, and an hour of another day that is corrected, change it."""
        await house.enable(PROJECTED)
        await house.complete()
        before = float(house.state(PROJECTED).state)
        source.corrections.append(Correction(at(12), at(13), None, 3.0))
        house.sites[0].history.start_night()
        await assert_all_true(house)
        later = float(house.state(PROJECTED).state)
        assert later > before
        correct_tariff(house, next(iter(house.entry.subentries)), prices(grid_price=0.6))
        await house.hass.async_block_till_done()
        assert house.state(PROJECTED).state == "unknown"
        await assert_all_true(house)
        assert float(house.state(PROJECTED).state) > later

    @pytest.mark.parametrize(
        ("first", "then"),
        [
            ({}, {"fees_by_hour": True}),
            ({"fees_by_hour": True}, {}),
            ({"fees_by_hour": True}, {"fees_by_hour": True, "site_fee": 90.0}),
        ],
        ids=["on", "off", "another fee"],
    )
    async def test_other_fees(
        self, house: Home, first: dict[str, float], then: dict[str, float]
    ) -> None:
        """Days to come hold the fees of their own tariff, not of the days that are looked at."""
        await house.enable(PROJECTED)
        correct_tariff(house, next(iter(house.entry.subentries)), prices(**first))
        add_tariff(house, prices("2026-11-17", **then))
        await assert_all_true(house)
        await house.turn_clock(to=at(20, 23))
        await assert_all_true(house)

    async def test_withdrawn(self, house: Home, source: Source) -> None:
        """Days at the end that Climkit takes back are to come, like others; they did not cost 0."""
        await house.enable(PROJECTED)
        await house.complete()
        source.gaps.append(Gap(at(18), at(30)))
        for _ in range(3):
            await house.turn_clock(hours=24)
            await house.complete()
        cost_id = f"climkit:{SITE_ID}_electricity_conso_total_cost"
        rows = (await stored_rows(house.hass))[cost_id]
        assert rows[-1].start == NOW.replace(minute=0) - HOUR
        assert rows[-1].amount is None
        await assert_all_true(house)
        assert house.state(PROJECTED).attributes["days_used"] == 9

    async def test_a_price_that_ended(self, house: Home) -> None:
        """Water has no price since the fifth, and will have none: it costs nothing more."""
        add_tariff(house, tariff(SITE_ID, "2026-11-05", grid_price=0.3, solar_price=0.2))
        await house.enable(PROJECTED)
        await assert_all_true(house)
        spent = house.state(f"{SITE_ID}_cost_this_month").state
        assert float(house.state(PROJECTED).state) > float(spent) > 0
        assert house.state(PROJECTED).attributes["days_used"] == 14


@pytest.mark.recorder
class TestHoles:
    """What is absent is not zero."""

    @pytest.fixture
    def source(self) -> Source:
        """A small site of whose days only two have all hours."""
        holes = [Gap(at(day, 12), at(day, 13)) for day in range(3, 18)]
        return Source(first=NOW.replace(minute=0) - 17 * DAY, gaps=holes)

    async def test_too_few_days(self, house: Home) -> None:
        """Days with a hole tell nothing of others, and two are too few."""
        await house.enable(PROJECTED)
        await house.complete()
        assert float(house.state(f"{SITE_ID}_cost_this_month").state) > 0
        assert house.state(PROJECTED).state == "unknown"
        assert "so_far" not in house.state(PROJECTED).attributes
        await assert_all_true(house)
        await house.turn_clock(to=at(21, 9))
        await house.complete()
        assert house.state(PROJECTED).attributes["days_used"] == 3
        await assert_all_true(house)
