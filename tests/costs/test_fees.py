"""Fixed fees: beside the hours, or in them where the tariff says so."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from custom_components.climkit.api import Meter, MeterMode
from custom_components.climkit.costs import Payer
from custom_components.climkit.costs.cost_series import SeriesNames
from custom_components.climkit.costs.plan import CostPlan
from custom_components.climkit.costs.tariffs import tariffs_from_data
from custom_components.climkit.measures import CHARGE_POINT, ELECTRICITY
from custom_components.climkit.measures.series import series_of_meter
from tests.conftest import Home
from tests.costs.bill import (
    WEEKS,
    ZURICH,
    Price,
    add_tariff,
    always,
    assert_costs,
    by_tariff,
    correct_tariff,
    costs_by_hand,
    fees_by_hand,
    flat_of,
    hourly_fee,
    house_prices,
    is_low,
    site_of,
    tariff,
)
from tests.services.statement import row_of, state
from tests.simulator import World, single_house

LOW = {"weekday": "12-17, 23-07", "saturday": "0-24"}


def house_fees(home: Home, stored: dict[str, Any]) -> dict[str, Price]:
    """Which statistics hold which fee: what an owner costs, and what the grid does."""
    site, flat = f"climkit:{site_of(home)}_electricity", f"climkit:{flat_of(home)}"
    of_site, of_meter = (hourly_fee([stored], key) for key in ("site_fee", "meter_fee"))
    return {
        f"{site}_from_ext_cost": of_site,
        f"{site}_conso_total_cost": of_site,
        f"{flat}_total_cost": of_meter,
        **{
            f"{stem}_{name}_cost": lambda local, fee=fee, low=low: (
                fee(local) if is_low(local) is low else 0.0
            )
            for stem, fee in ((f"{site}_from_ext", of_site), (f"{flat}_total", of_meter))
            for name, low in (("high", False), ("low", True))
        },
    }


def prices_of(home: Home) -> dict[str, dict[str, Price]]:
    """What the tariff of `stored` says."""

    def grid(local: datetime) -> float:
        return 0.18 if is_low(local) else 0.29

    prices = house_prices(home, grid, always(0.17), always(0.08))
    return prices | by_tariff(prices, is_low)


def stored(home: Home, *, by_hour: bool) -> dict[str, Any]:
    """A tariff with fees, as the form stores it."""
    return tariff(
        site_of(home), "2026-01-01", grid_price=0.29, grid_price_low=0.18, solar_price=0.17,
        export_price=0.08, site_fee=31.0, meter_fee=6.2, fees_by_hour=by_hour, **LOW,
    )  # fmt: skip


@WEEKS
class TestByHour:
    """A week in which clocks may change: its days have 23, 24 or 25 hours."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Seven days of data."""
        return World.of(replace(single_house(1, now, timedelta(days=13)), faultless=True))

    async def test_by_hour(self, home: Home, now: datetime) -> None:
        """The cost of hours is that of the bill: statistics, entities and the statement agree."""
        await home.set_up_completely()
        spread = stored(home, by_hour=True)
        subentry = add_tariff(home, spread)
        await home.settle()
        await assert_costs(home, prices_of(home), house_fees(home, spread))
        hours = costs_by_hand(home, prices_of(home), house_fees(home, spread))
        last = now.astimezone(ZURICH).date() - timedelta(days=1)
        first = last - timedelta(days=4)
        begin, end = (
            datetime(day.year, day.month, day.day, tzinfo=ZURICH)
            for day in (first, last + timedelta(days=1))
        )
        statement = await state(home, site_of(home), str(first), str(last))
        for owner, cost_id, key in (
            (site_of(home), f"climkit:{site_of(home)}_electricity_conso_total_cost", "site_fee"),
            (flat_of(home), f"climkit:{flat_of(home)}_total_cost", "meter_fee"),
        ):
            row = row_of(statement, owner)
            whole = sum(cost for hour, cost in hours[cost_id].items() if begin <= hour < end)
            assert row["total_cost"] == pytest.approx(whole, abs=1e-4)
            assert row["fees"] == pytest.approx(fees_by_hand([spread], key, first, last), abs=1e-4)
            assert row["grid_cost"] + row["solar_cost"] + row["fees"] == pytest.approx(
                whole, abs=3e-4
            )
            today = [cost for hour, cost in hours[cost_id].items() if hour >= end]
            shown = float(home.state(f"{owner}_cost_today").state)
            assert shown == pytest.approx(sum(today), abs=1e-4)

        correct_tariff(home, subentry, stored(home, by_hour=False))
        await home.settle()
        await assert_costs(home, prices_of(home))
        again = await state(home, site_of(home), str(first), str(last))
        for one, other in zip(statement["rows"], again["rows"], strict=True):
            for key in ("total_cost", "fees", "grid_cost", "grid_high_cost"):
                assert one[key] == (None if other[key] is None else pytest.approx(other[key]))


def test_who_pays() -> None:
    """A flat; a charge point has the fee neither beside its hours nor in them."""
    prices = {"grid_price": 0.3, "solar_price": 0.2, "charge_point_price": 0.5}
    home = tariff("a", "2026-01-01", **prices, meter_fee=6.2, fees_by_hour=True)
    flat, point = (
        Meter(
            id=kind[0] * 24,
            type=kind,
            mode=MeterMode.CONSUMPTION,
            name=None,
            bus_address=None,
            is_rule_meter=False,
        )
        for kind in (ELECTRICITY, CHARGE_POINT)
    )
    names = SeriesNames(lambda _: "", lambda _: "")
    series = {
        one: names
        for meter in (flat, point)
        for one in series_of_meter("a" * 24, meter, has_column=True, by_site=True)
    }
    plan = CostPlan.of("a" * 24, series, tariffs_from_data([home], ZURICH))
    assert {flat.id, point.id} <= set(plan.owner_ids)
    assert plan.payers == {flat.id: Payer.METER}
    assert plan.payer_in(f"climkit:{flat.id}_total_cost") is Payer.METER
    assert plan.payer_in(f"climkit:{point.id}_total_cost") is None


def test_hours_of_days() -> None:
    """A day's share of the month is spread over the hours that it has."""
    home = tariff("a", "2026-01-01", grid_price=0.3, site_fee=31.0, meter_fee=62.0)
    home["fees"]["fees_by_hour"] = True
    known = tariffs_from_data([home], ZURICH)
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZURICH).astimezone(UTC)
        assert known.hourly_fee(Payer.SITE, noon) == pytest.approx(1 / hours)
        assert known.hourly_fee(Payer.METER, noon) == pytest.approx(2 / hours)
        assert known.fee(Payer.SITE, day, day, but_spread=True) == 0
        assert known.fee(Payer.METER, day, day, but_spread=True) == 0
        assert known.fee(Payer.SITE, day, day) == pytest.approx(1)


@pytest.mark.parametrize("flag", ["yes", 1, None])
def test_odd_flag(flag: object) -> None:
    """Whatever is stored there that is no yes: fees stay beside the hours."""
    odd = tariff("a", "2026-01-01", grid_price=0.3, site_fee=31.0)
    odd["fees"]["fees_by_hour"] = flag
    known, day = tariffs_from_data([odd], ZURICH), date(2026, 7, 1)
    assert known.hourly_fee(Payer.SITE, datetime(2026, 7, 1, tzinfo=UTC)) == 0
    assert known.fee(Payer.SITE, day, day, but_spread=True) == pytest.approx(1)


def test_without_a_price_of_the_grid() -> None:
    """There are no hours to hold fees, so they stay beside them."""
    heat = tariff("a", "2026-01-01", heating_price=0.12, site_fee=31.0, fees_by_hour=True)
    known, day = tariffs_from_data([heat], ZURICH), date(2026, 7, 1)
    assert known.fee(Payer.SITE, day, day, but_spread=True) == pytest.approx(1)
