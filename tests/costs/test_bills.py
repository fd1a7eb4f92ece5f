"""Under real tariffs statistics, statement and entities say the same, and what a bill would.

In the suite it is ten days with a change of clocks and of the month in them; BILL_DAYS=366 plays a
whole year.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import fsum
import os
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.climkit.api import Site
from custom_components.climkit.const import CONF_METERS
from custom_components.climkit.costs import Bills
from tests.conftest import Home, account_entry
from tests.costs.bill import (
    DERIVED,
    ZURICH,
    add_tariff,
    by_tariff,
    costs_by_hand,
    delete_tariff,
    fees_by_hand,
    low_by_tariffs,
    site_of,
)
from tests.costs.test_year import UTILITIES, Utility, by_hand
from tests.services.statement import row_of, state
from tests.simulator import World, apartment_house
from tests.truth import hourly_changes

NOW = datetime(2026, 11, 3, 9, 40, tzinfo=UTC)
DAYS = int(os.environ.get("BILL_DAYS", "9"))
FEES = {"site_fee": 6.9, "meter_fee": 6.2}


@pytest.fixture
def now() -> datetime:
    """The beginning of a month: the one before has a night of 25 hours."""
    return NOW


@pytest.fixture
def world(now: datetime) -> World:
    """One flat, the common parts, a roof, a battery, a garage; its data begin after three weeks."""
    history = timedelta(days=DAYS + 21)
    return World.of(replace(apartment_house(1, now, history, flats=1), faultless=True))


def flat_of(home: Home) -> str:
    """The id of the flat's meter."""
    meters = home.simulator.world.meter_info(site_of(home))
    return next(str(one["id"]) for one in meters if "Flat" in str(one["name"]))


def prices_of(home: Home, utility: Utility) -> dict[str, dict[str, Any]]:
    """What follows from prices: of the site and of the flat."""
    grid, solar, export = by_hand(utility)
    site, flat = f"climkit:{site_of(home)}_electricity", f"climkit:{flat_of(home)}"
    prices = {
        f"{site}_from_ext_cost": {f"{site}_from_ext": grid},
        f"{site}_self_cost": {f"{site}_self": solar},
        f"{site}_conso_total_cost": {f"{site}_from_ext": grid, f"{site}_self": solar},
        f"{flat}_ext_cost": {f"{flat}_ext": grid},
        f"{flat}_self_cost": {f"{flat}_self": solar},
        f"{flat}_total_cost": {f"{flat}_ext": grid, f"{flat}_self": solar},
    }
    if utility.feed_in:
        prices[f"{site}_to_ext_cost"] = {f"{site}_to_ext": export}
    if any(one["low_hours"] for one in utility.tariffs):
        prices |= by_tariff(prices, low_by_tariffs(utility.tariffs))
    return prices


def of_site(home: Home, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Prices of this site, with the fees of everybody."""
    fees = {"fees": FEES} if "fees" in stored else {}
    return {**stored, **fees, "site": site_of(home)}


async def test_bills(home: Home) -> None:
    """One after the other: a home that moves from utility to utility."""
    home.entry = account_entry(home.simulator.url, **{CONF_METERS: [flat_of(home)]})
    await home.set_up_completely()
    for name, utility in UTILITIES.items():
        added = [
            add_tariff(home, of_site(home, one)) for one in (*utility.tariffs, *utility.feed_in)
        ]
        await home.settle()
        await assert_bill(home, name, utility)
        for one in added:
            delete_tariff(home, one)
        await home.settle()


async def assert_bill(home: Home, name: str, utility: Utility) -> None:
    """Each hour to a millionth; a month, the month before and all that is there to the Rappen."""
    changes = await hourly_changes(home)
    stored = {key: hours for key, hours in changes.items() if key.endswith(DERIVED)}
    expected = costs_by_hand(home, prices_of(home, utility))
    assert stored.keys() == expected.keys(), name
    for key, hours in expected.items():
        assert stored[key].keys() == hours.keys(), (name, key)
        wrong = [hour for hour, cost in hours.items() if abs(stored[key][hour] - cost) > 1e-6]
        assert not wrong, (name, key, wrong[:3])

    tariffs = [of_site(home, one) for one in utility.tariffs]
    today = NOW.astimezone(ZURICH).date()
    begin = min(stored[f"climkit:{flat_of(home)}_total_cost"]).astimezone(ZURICH).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    for first, last, entity in (
        (max(begin, today - timedelta(days=365)), today, None),
        (today.replace(day=1), today, "cost_this_month"),
        (last_month.replace(day=1), last_month, "cost_last_month"),
    ):
        statement = await state(home, site_of(home), str(first), str(last))
        for owner, cost_id, fee in (
            (site_of(home), f"climkit:{site_of(home)}_electricity_conso_total_cost", "site_fee"),
            (flat_of(home), f"climkit:{flat_of(home)}_total_cost", "meter_fee"),
        ):
            fees = fees_by_hand(tariffs, fee, first, last)
            bill = fsum(within(stored[cost_id], first, last)) + fees
            row = row_of(statement, owner)
            assert row["total_cost"] == pytest.approx(bill, abs=0.001), (name, owner, first)
            parts = row["grid_cost"] + row["solar_cost"] + row["fees"]
            assert parts == pytest.approx(bill, abs=0.001), (name, owner, first)
            costs = home.sites[0].costs
            if entity == "cost_this_month":
                shown = float(home.state(f"{owner}_{entity}").state)
                assert shown == pytest.approx(bill, abs=0.001), (name, owner)
            elif entity:
                assert costs.bills.cost_last_month(owner) == pytest.approx(bill, abs=0.001), (
                    name,
                    owner,
                )


def within(hours: Mapping[datetime, float], first: date, last: date) -> list[float]:
    """What hours of some local days have."""
    return [cost for hour, cost in hours.items() if first <= hour.astimezone(ZURICH).date() <= last]


@pytest.mark.parametrize(
    ("now", "today", "last_month"),
    [
        ("2026-03-15T12:00Z", "2026-03-15", "2026-02-01"),
        ("2026-02-28T23:00Z", "2026-03-01", "2026-02-01"),
        ("2026-01-01T12:00Z", "2026-01-01", "2025-12-01"),
        ("2028-03-31T12:00Z", "2028-03-31", "2028-02-01"),
        ("2026-12-31T22:59Z", "2026-12-31", "2026-11-01"),
    ],
)
def test_months(freezer: FrozenDateTimeFactory, now: str, today: str, last_month: str) -> None:
    """Of whatever length; a day begins at the site's midnight."""
    freezer.move_to(now)
    nothing: Any = None
    bills = Bills(Site.from_api("a" * 24, {}), nothing, nothing, nothing)
    assert bills.today == date.fromisoformat(today)
    assert bills.month.first == bills.today.replace(day=1)
    assert bills.last_month.first == date.fromisoformat(last_month)
    assert bills.last_month.last == bills.month.first - timedelta(days=1)
