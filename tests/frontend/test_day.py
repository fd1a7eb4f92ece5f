"""A day's curve is what Climkit says of the day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import NOW
from tests.costs.bill import add_tariff, tariff
from tests.frontend.conftest import (
    CONSUMER,
    QUARTER,
    SITE_COLUMNS,
    Dashboard,
    assert_same,
    midnight,
    total,
)
from tests.simulator import World, apartment_house, single_house

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture
def world(now: datetime) -> World:
    """A single house with eight days of data that are never revised."""
    return World.of(replace(single_house(1, now, timedelta(days=13)), faultless=True))


def flat_of(dashboard: Dashboard) -> str:
    """The id of the only consumer."""
    return str(dashboard.home.simulator.world.meter_info(dashboard.site_id)[2]["id"])


def consumer_columns(meter_id: str) -> dict[str, str]:
    """The columns of a consumer in the site's answer."""
    return {name: f"{column}_{meter_id}" for name, column in CONSUMER.items()}


def assert_peak(answer: dict[str, Any], name: str) -> None:
    """What the answer calls the peak is the highest quarter-hour of a column."""
    amounts = answer["columns"][name]
    highest = max(kwh for kwh in amounts if kwh is not None)
    assert answer["peak"]["kw"] == pytest.approx(4 * highest, abs=3e-4)
    index = (answer["peak"]["start"] - answer["start"]) // 900
    assert amounts[index] == pytest.approx(highest, abs=1e-4)


class TestNumbers:
    """They equal Climkit's."""

    @pytest.mark.parametrize("ago", [0, 1, 2, 5])
    async def test_site_and_flat(self, dashboard: Dashboard, ago: int) -> None:
        """Today as far as it has come, yesterday, and older days."""
        day = TODAY - ago * DAY
        answer = await dashboard.ask("day", site_id=dashboard.site_id, day=f"{day}")
        dashboard.assert_day(answer, day, SITE_COLUMNS)
        assert_peak(answer, "consumption")
        assert answer["is_today"] == (ago == 0)
        assert answer["step"] == 900
        flat = flat_of(dashboard)
        answer = await dashboard.ask("day", site_id=dashboard.site_id, meter_id=flat, day=f"{day}")
        dashboard.assert_day(answer, day, consumer_columns(flat))
        assert_peak(answer, "total")

    async def test_today_has_no_future(self, dashboard: Dashboard) -> None:
        """What is still to come is nothing, not zero."""
        answer = await dashboard.ask("day", site_id=dashboard.site_id, day=f"{TODAY}")
        now = int((NOW - midnight(TODAY)) / QUARTER)
        amounts = answer["columns"]["consumption"]
        assert amounts[now - 1] is not None
        assert amounts[now:] == [None] * (96 - now)

    @pytest.mark.parametrize("ago", [0, 1, 3])
    async def test_hole(self, dashboard: Dashboard, ago: int) -> None:
        """A hole is a hole, also when the rows are there without a column."""
        home, site_id = dashboard.home, dashboard.site_id
        day = TODAY - ago * DAY
        start = midnight(day) + timedelta(hours=3)
        world = home.simulator.world
        world.revise(site_id, None, start, start + 5 * QUARTER, withdraw=True)
        world.revise(site_id, "to_ext", start + 6 * QUARTER, start + 8 * QUARTER, withdraw=True)
        await home.restart()
        answer = await dashboard.ask("day", site_id=site_id, day=f"{day}")
        dashboard.assert_day(answer, day, SITE_COLUMNS)
        assert answer["columns"]["consumption"][12:17] == [None] * 5
        assert answer["columns"]["export"][18:20] == [None] * 2
        assert None not in answer["columns"]["import"][17:21]


@pytest.mark.parametrize(
    ("now", "day", "count"),
    [
        (datetime(2026, 10, 28, 9, 40, tzinfo=UTC), date(2026, 10, 25), 100),
        (datetime(2026, 10, 26, 9, 40, tzinfo=UTC), date(2026, 10, 25), 100),
        (datetime(2026, 10, 25, 9, 40, tzinfo=UTC), date(2026, 10, 25), 100),
        (datetime(2026, 3, 31, 9, 40, tzinfo=UTC), date(2026, 3, 29), 92),
        (datetime(2026, 3, 30, 9, 40, tzinfo=UTC), date(2026, 3, 29), 92),
        (datetime(2026, 3, 29, 9, 40, tzinfo=UTC), date(2026, 3, 29), 92),
    ],
)
@pytest.mark.parametrize("reading", ["utc", "local"])
async def test_change_of_clocks(dashboard: Dashboard, day: date, count: int, reading: str) -> None:
    """The day has an hour more or less, whoever brought it and however Climkit reads windows."""
    dashboard.home.simulator.switches.reading = reading  # type: ignore[assignment]
    answer = await dashboard.ask("day", site_id=dashboard.site_id, day=f"{day}")
    assert answer["count"] == count
    dashboard.assert_day(answer, day, SITE_COLUMNS)


class TestEnds:
    """Before the first day there is nothing, and nothing after today."""

    async def test_first_day(self, dashboard: Dashboard) -> None:
        """It is the one that the overview names."""
        await dashboard.home.complete()
        site_id = dashboard.site_id
        begin = datetime.fromtimestamp(dashboard.home.simulator.world.sites[site_id].begin, UTC)
        first = begin.astimezone(midnight(TODAY).tzinfo).date()
        [site] = (await dashboard.ask("overview"))["sites"]
        assert site["first_day"] == f"{first}"
        oldest = await dashboard.ask("day", site_id=site_id, day=f"{first}")
        dashboard.assert_day(oldest, first, SITE_COLUMNS)
        assert not oldest["is_today"]

    async def test_tomorrow(self, dashboard: Dashboard) -> None:
        """Nobody is asked for it."""
        await dashboard.home.complete()
        requests = dashboard.requests
        tomorrow = await dashboard.ask("day", site_id=dashboard.site_id, day=f"{TODAY + DAY}")
        assert set(tomorrow["columns"]["consumption"]) == {None}
        assert tomorrow["sums"]["consumption"] is None
        assert tomorrow["peak"] is None
        assert not tomorrow["is_today"]
        assert dashboard.requests == requests


class TestPrices:
    """With a tariff there is a price, its low hours, and what the day cost."""

    async def test_low_hours_and_cost(self, dashboard: Dashboard) -> None:
        home, site_id, flat = dashboard.home, dashboard.site_id, flat_of(dashboard)
        add_tariff(
            home,
            tariff(site_id, "2026-11-01", grid_price=0.3, grid_price_low=0.2, solar_price=0.15,
                   weekday="12-14, 22-6", meter_fee=30.0),
        )  # fmt: skip
        await home.complete()
        day = TODAY - DAY
        answer = await dashboard.ask("day", site_id=site_id, meter_id=flat, day=f"{day}")
        low = [[0, 24], [48, 56], [88, 96]]
        assert answer["low"] == low
        prices = [0.2 if any(a <= i < b for a, b in low) else 0.3 for i in range(96)]
        assert answer["price"] == prices
        grid = dashboard.truth(f"ext_{flat}", day)
        solar = dashboard.truth(f"self_{flat}", day)
        cost = sum((kwh or 0) * price for kwh, price in zip(grid, prices, strict=True))
        cost += sum((kwh or 0) * 0.15 for kwh in solar) + 1.0
        assert_same([answer["cost"]], [cost])
        assert answer["currency"] == "CHF"
        today = await dashboard.ask("day", site_id=site_id, meter_id=flat, day=f"{TODAY}")
        assert_same([today["cost"]], [float(home.state(f"{flat}_cost_today").state)])

    @pytest.mark.parametrize("now", [datetime(2026, 12, 2, 9, 40, tzinfo=UTC)])
    async def test_first_of_the_month_on_the_second(self, dashboard: Dashboard) -> None:
        """It is over: it costs what was used, although its month is this one."""
        home, site_id, flat = dashboard.home, dashboard.site_id, flat_of(dashboard)
        add_tariff(home, tariff(site_id, "2026-11-01", grid_price=0.3, solar_price=0.15))
        await home.complete()
        first = date(2026, 12, 1)
        answer = await dashboard.ask("day", site_id=site_id, meter_id=flat, day=f"{first}")
        grid, solar = (total(dashboard.truth(f"{one}_{flat}", first)) for one in ("ext", "self"))
        assert_same([answer["cost"]], [0.3 * (grid or 0) + 0.15 * (solar or 0)])

    async def test_without_a_tariff(self, dashboard: Dashboard) -> None:
        answer = await dashboard.ask("day", site_id=dashboard.site_id, day=f"{TODAY}")
        assert answer["price"] is None
        assert answer["low"] == []
        assert answer["cost"] is None
        assert answer["currency"] is None


class TestChargePoint:
    """A house with charge points, whose energy has a price of its own."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A house with a bit of everything, and two days of data."""
        return World.of(replace(apartment_house(1, now, timedelta(days=23), 1), faultless=True))

    async def test_its_own_price(self, dashboard: Dashboard) -> None:
        """It is drawn with its curve, and with no other one."""
        home, site_id = dashboard.home, dashboard.site_id
        prices = {"grid_price": 0.3, "solar_price": 0.15, "charge_point_price": 0.4}
        add_tariff(home, tariff(site_id, "2026-11-01", **prices))
        await home.complete()
        meters = home.sites[0].meters.values()
        point = next(one.id for one in meters if one.type == "charge_point")
        for meter_id, price in ((point, 0.4), (dashboard.meter("Flat 1"), 0.3)):
            found = {"site_id": site_id, "meter_id": meter_id}
            answer = await dashboard.ask("day", **found, day=f"{TODAY - DAY}")
            assert set(answer["price"]) == {price}
