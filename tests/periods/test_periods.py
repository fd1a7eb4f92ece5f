"""Amounts of yesterday and of this month are sums of Climkit's intervals, whatever came late."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import fsum, isclose
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, STATE_UNKNOWN
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.measures.series import Series
from custom_components.climkit.statistics import RecorderError, last_rows, recorder
from tests.backup import adjust_sum
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind, World, apartment_house, single_house
from tests.simulator.site import DEFAULT_ZONE

DAY = timedelta(days=1)
MAIN = (
    "electricity_conso_total",
    "electricity_prod_total",
    "electricity_from_ext",
    "electricity_to_ext",
)


@pytest.fixture
def site_id(home: Home) -> str:
    """The simulated house."""
    [site_id] = home.simulator.world.sites
    return site_id


def midnight(days_ago: int = 0) -> datetime:
    """When a local day began, in UTC."""
    day = dt_util.utcnow().astimezone(DEFAULT_ZONE).date() - days_ago * DAY
    return datetime(day.year, day.month, day.day, tzinfo=DEFAULT_ZONE).astimezone(UTC)


def month() -> datetime:
    """When the local month began, in UTC."""
    day = dt_util.utcnow().astimezone(DEFAULT_ZONE).date()
    return datetime(day.year, day.month, 1, tzinfo=DEFAULT_ZONE).astimezone(UTC)


def all_series(home: Home) -> Iterator[Series]:
    """Every series of the sites."""
    for site in home.sites:
        yield from site.series.values()


def amount(home: Home, series: Series, start: datetime, end: datetime) -> float | None:
    """What Climkit says of a series now."""
    columns = home.simulator.intervals(series.feed.site_id, series.feed.meter_type, start, end)
    values = columns.get(series.column)
    return fsum(values.values()) if values else None


def same(first: float | None, second: float | None) -> bool:
    """Whether two amounts are equal."""
    if first is None or second is None:
        return first is second
    return isclose(first, second, abs_tol=1e-6)


def assert_equal_to_climkit(home: Home) -> None:
    """Of every series, on or off, yesterday and this month are what Climkit says."""
    for site in home.sites:
        found = site.periods.amounts
        for series in site.series.values():
            expected = amount(home, series, midnight(1), midnight())
            assert same(found.yesterday(series), expected), series
            expected = amount(home, series, month(), dt_util.utcnow())
            assert same(found.month(series), expected), series


def shown(home: Home, unique_id: str) -> float | None:
    """The value of an entity."""
    state = home.state(unique_id).state
    return None if state == STATE_UNKNOWN else float(state)


class TestHouse:
    """A house with five days of data that was entered this month."""

    async def test_after_the_import(self, home: Home, site_id: str) -> None:
        """Entities show them; nothing is asked of Climkit for it."""
        home.hass.set_state(CoreState.starting)  # so no history is read yet
        await home.set_up()
        await home.settle()
        assert shown(home, f"{site_id}_electricity_from_ext_month") is None
        assert shown(home, f"{site_id}_electricity_from_ext_yesterday") is None
        home.hass.set_state(CoreState.running)
        home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await home.until(lambda: home.is_complete)
        await home.settle()
        assert_equal_to_climkit(home)
        for series in all_series(home):
            if series.key in MAIN:
                name = f"{series.owner_id}_{series.key}"
                yesterday = amount(home, series, midnight(1), midnight())
                assert same(shown(home, f"{name}_yesterday"), yesterday)
                assert same(shown(home, f"{name}_month"), amount(home, series, month(), NOW))

    async def test_quarter_hours(self, home: Home) -> None:
        """This month grows with the data."""
        await home.set_up_completely()
        for _ in range(3):
            await home.turn_clock(minutes=15)
            assert_equal_to_climkit(home)

    async def test_restart(self, home: Home, site_id: str) -> None:
        """They are there again at once, also while Climkit does not send data."""
        await home.set_up_completely()
        name = f"{site_id}_electricity_conso_total"
        before = {key: shown(home, f"{name}_{key}") for key in ("yesterday", "month")}
        assert None not in before.values()
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path="site_data")
        ]
        await home.restart()
        await home.until(lambda: shown(home, f"{name}_month") is not None)
        assert {key: shown(home, f"{name}_{key}") for key in before} == before

    async def test_database_is_silent(self, home: Home, site_id: str) -> None:
        """They are looked for again with the next quarter-hour, also while Climkit is down."""
        await home.set_up_completely()
        name = f"{site_id}_electricity_conso_total_month"
        before = shown(home, name)
        assert before is not None
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path="site_data")
        ]
        gone = RecorderError("gone")
        with patch.object(last_rows, "async_last_rows_before", side_effect=gone) as asked:
            await home.restart()
            await home.until(lambda: asked.called)
            await home.settle()
        assert shown(home, name) is None
        await home.turn_clock(minutes=15)
        assert shown(home, name) == before

    async def test_recorder_is_asked_seldom(self, home: Home) -> None:
        """Once for each boundary and for all series together, and not for each new quarter-hour."""
        await home.set_up_completely()
        with patch.object(
            last_rows, "async_last_rows_before", wraps=last_rows.async_last_rows_before
        ) as asked:
            for _ in range(3):
                await home.turn_clock(minutes=15)
            assert asked.call_count == 0
            await home.restart()
            await home.until(lambda: home.is_complete)
            await home.settle()
            assert asked.call_count == 3
        assert_equal_to_climkit(home)

    async def test_late_data_of_yesterday(self, home: Home, site_id: str) -> None:
        """What comes late, or is corrected in the night, is taken over."""
        start = midnight(1) + timedelta(hours=9)
        home.simulator.world.delay(site_id, start, start + timedelta(hours=2), NOW + DAY / 24)
        home.simulator.world.revise(
            site_id,
            "conso_total",
            start + DAY / 2,
            start + DAY * 0.6,
            factor=3,
            since=NOW + DAY / 24,
        )
        await home.set_up_completely()
        assert_equal_to_climkit(home)
        [site] = home.sites
        home.freezer.tick(2 * 3600)
        site.history.start_night()
        await home.settle()
        assert_equal_to_climkit(home)

    async def test_rows_that_somebody_changed(self, home: Home, site_id: str) -> None:
        """They are read anew: before that is done nobody knows what they sum up to."""
        await home.set_up_completely()
        name = f"{site_id}_electricity_conso_total"
        await adjust_sum(home.hass, f"climkit:{name}", midnight(2), 100.0)
        history_fails = Fault(kind=FaultKind.STATUS, status=503, body="t_e")
        home.simulator.switches.faults = [history_fails]
        home.sites[0].history.start_night()
        await home.settle()
        await home.turn_clock(minutes=15)
        assert [shown(home, f"{name}_{key}") for key in ("yesterday", "month")] == [None, None]
        home.simulator.switches.faults = []
        await home.turn_clock(minutes=15)
        await home.complete()
        assert_equal_to_climkit(home)

    async def test_correction_of_an_earlier_day(self, home: Home, site_id: str) -> None:
        """It changes the month, and not yesterday."""
        await home.set_up_completely()
        [site] = home.sites
        series = site.series[f"climkit:{site_id}_electricity_conso_total"]
        before = site.periods.amounts.month(series)
        start = midnight(2) + timedelta(hours=9)
        home.simulator.world.revise(site_id, "conso_total", start, start + DAY / 24, value=5.0)
        site.history.start_night()
        await home.settle()
        assert not same(site.periods.amounts.month(series), before)
        assert_equal_to_climkit(home)


class TestDays:
    """Days and months begin."""

    @pytest.fixture
    def now(self) -> datetime:
        """Late on the last day of a month."""
        return datetime(2026, 11, 30, 22, 40, tzinfo=UTC)

    async def test_a_correction_is_stored_in_part(self, home: Home, site_id: str) -> None:
        """A night loses the write of one series: what the others show is right all the same."""
        await home.set_up_completely()
        await home.turn_clock(hours=3)
        start = midnight(3) + timedelta(hours=9)
        for column in ("conso_total", "from_ext"):
            home.simulator.world.revise(site_id, column, start, start + DAY / 24, value=5.0)
        written: list[str] = []

        def add(hass: HomeAssistant, statistic: StatisticMetaData, rows: Any) -> None:
            written.append(statistic["statistic_id"])
            if len(written) > 1:
                async_add_external_statistics(hass, statistic, rows)

        with patch.object(recorder, "async_add_external_statistics", add):
            home.sites[0].history.start_night()
            await home.settle()
        assert len(written) > 1
        for _ in range(2):
            await home.turn_clock(minutes=15)
        assert_equal_to_climkit(home)

    async def test_midnight(self, home: Home, site_id: str, now: datetime) -> None:
        """Yesterday is the day that ended; the month begins anew with its first data."""
        await home.set_up_completely()
        assert_equal_to_climkit(home)
        name = f"{site_id}_electricity_conso_total"
        first = midnight() + DAY
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path="site_data")
        ]
        await home.turn_clock(to=first)
        series = next(one for one in all_series(home) if one.statistic_id == f"climkit:{name}")
        stored = amount(home, series, first - DAY, now)
        found = shown(home, f"{name}_yesterday")
        assert found is not None
        assert same(found, stored)  # what is still to come of it is late
        assert shown(home, f"{name}_month") is None
        home.simulator.switches.faults = []
        await home.turn_clock(to=first + timedelta(minutes=18, seconds=30))
        assert_equal_to_climkit(home)
        assert shown(home, f"{name}_month") is not None
        await home.turn_clock(to=first + timedelta(hours=20))
        assert_equal_to_climkit(home)

    async def test_database_falls_silent(self, home: Home, site_id: str) -> None:
        """What is shown then stays until its day ends: of another day or month it is not."""
        await home.set_up_completely()
        name = f"{site_id}_electricity_conso_total"
        before = {key: shown(home, f"{name}_{key}") for key in ("yesterday", "month")}
        assert None not in before.values()
        start = midnight(3) + timedelta(hours=9)
        home.simulator.world.revise(site_id, "conso_total", start, start + DAY / 24, value=5.0)
        gone = RecorderError("gone")
        with patch.object(last_rows, "async_last_rows_before", side_effect=gone) as asked:
            home.sites[0].history.start_night()
            await home.settle()
            assert asked.called
            assert {key: shown(home, f"{name}_{key}") for key in before} == before
            await home.turn_clock(to=midnight() + DAY)
        assert [shown(home, f"{name}_{key}") for key in before] == [None, None]
        await home.turn_clock(minutes=15)
        assert_equal_to_climkit(home)


class TestWithdrawn:
    """Absent is not zero: of days whose hours Climkit took back, all of them, nobody knows."""

    @pytest.fixture
    def now(self) -> datetime:
        """On the first day of a month."""
        return datetime(2026, 12, 1, 10, 7, tzinfo=UTC)

    @pytest.mark.parametrize(("first", "after"), [(1, 0), (0, -1)], ids=["yesterday", "today"])
    async def test_withdrawn(self, home: Home, site_id: str, first: int, after: int) -> None:
        """Yesterday is unknown, or this month that has no other day."""
        await home.set_up_completely()
        home.simulator.world.revise(site_id, None, midnight(first), midnight(after), withdraw=True)
        for _ in range(2):  # with nothing on one side two nights have to say the same
            home.sites[0].history.start_night()
            await home.settle()
        assert_equal_to_climkit(home)
        name = f"{site_id}_electricity_conso_total"
        assert (shown(home, f"{name}_yesterday") is None) is (first == 1)
        assert (shown(home, f"{name}_month") is None) is (first == 0)


@pytest.mark.parametrize(
    "now",
    [datetime(2026, 10, 26, 9, 40, tzinfo=UTC), datetime(2026, 3, 30, 9, 40, tzinfo=UTC)],
)
async def test_change_of_clocks(home: Home) -> None:
    """Yesterday had 25 hours, or 23."""
    await home.set_up_completely()
    assert_equal_to_climkit(home)


class TestHistoryBeginsLater:
    """Who reads from a day on knows nothing of before."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A house that is older than this month."""
        return World.of(replace(single_house(1, now, timedelta(days=40)), faultless=True))

    @pytest.mark.parametrize(
        ("first", "yesterday", "month"),
        [
            ("2026-11-20", False, False),
            ("2026-11-19", True, False),
            ("2026-11-02", True, False),
            ("2026-11-01", True, True),
        ],
    )
    async def test_unknown(
        self, home: Home, site_id: str, first: str, yesterday: bool, month: bool
    ) -> None:
        """A period in which history begins has no amount."""
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_HISTORY: first}
        )
        await home.set_up_completely()
        name = f"{site_id}_electricity_conso_total"
        assert (shown(home, f"{name}_yesterday") is not None) is yesterday
        assert (shown(home, f"{name}_month") is not None) is month
        if month:
            assert_equal_to_climkit(home)


class TestWater:
    """Meters that are read once a day."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A house with all kinds of meters, with a day and a half of data."""
        return World.of(replace(apartment_house(1, now, timedelta(days=23), 1), faultless=True))

    async def test_equal_to_climkit(self, home: Home) -> None:
        """Yesterday is known once the day was read."""
        await home.set_up_completely()
        assert_equal_to_climkit(home)
        water = next(one for one in all_series(home) if one.measure.name == "cold_water")
        assert shown(home, f"{water.owner_id}_{water.key}_yesterday") is not None
