"""The cost statistics equal what Climkit's amounts cost."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import json
from typing import Any

from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.const import ALL
from tests.conftest import NOW, Home
from tests.costs.bill import (
    WEEKS,
    ZURICH,
    add_tariff,
    assert_costs,
    by_tariff,
    cost_entities,
    costs_by_hand,
    flat_of,
    house_prices,
    is_low,
    plain_prices,
    plain_tariff,
    site_of,
    tariff,
)
from tests.simulator import World, apartment_house, single_house
from tests.truth import assert_equal_to_climkit, climkit_hours, hourly_changes, stored_rows

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]


@WEEKS
class TestWeek:
    """A week with two tariff periods, low-tariff hours, a change of clocks and a revised day."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Seven days of data."""
        return World.of(replace(single_house(1, now, timedelta(days=13)), faultless=True))

    async def test_week(self, home: Home, now: datetime) -> None:
        """Worked out by hand, to a hundredth of a centime."""
        first = now.astimezone(ZURICH).date() - timedelta(days=6)
        second = date(2027, 1, 1) if now.month == 1 else first + timedelta(days=3)
        low = {"weekday": "12-17, 23-07", "saturday": "0-24"}
        await home.set_up()
        site_id = site_of(home)
        add_tariff(
            home,
            tariff(site_id, f"{first}", grid_price=0.2921, grid_price_low=0.1834, solar_price=0.17,
                   export_price=0.06, **low),
        )  # fmt: skip
        add_tariff(
            home,
            tariff(site_id, f"{second}", grid_price=0.31, grid_price_low=0.2, solar_price=0.18,
                   solar_price_low=0.15, export_price=-0.01, **low),
        )  # fmt: skip
        await home.complete()

        def grid(local: datetime) -> float | None:
            if local.date() < first:
                return None
            if local.date() < second:
                return 0.1834 if is_low(local) else 0.2921
            return 0.2 if is_low(local) else 0.31

        def solar(local: datetime) -> float | None:
            if local.date() < first:
                return None
            if local.date() < second:
                return 0.17
            return 0.15 if is_low(local) else 0.18

        def export(local: datetime) -> float | None:
            if local.date() < first:
                return None
            return 0.06 if local.date() < second else -0.01

        prices = house_prices(home, grid, solar, export)
        prices |= by_tariff(prices, is_low)
        await assert_costs(home, prices)

        # Climkit corrects a day that lies behind: costs follow without a request of their own.
        day = datetime(second.year, second.month, second.day, tzinfo=ZURICH) - timedelta(days=1)
        for column in ("conso_total", "from_ext", f"total_{flat_of(home)}", f"ext_{flat_of(home)}"):
            home.simulator.world.revise(
                site_id, column, day, day + timedelta(days=1), factor=1.5, since=now
            )
        history = home.sites[0].history
        history.start_night()
        await home.settle()
        await assert_equal_to_climkit(home)
        await assert_costs(home, prices)

    async def test_midnight(self, home: Home, now: datetime) -> None:
        """The new price holds from local midnight on, not from midnight of UTC."""
        day = date(2027, 1, 1) if now.month == 1 else now.astimezone(ZURICH).date()
        await home.set_up_completely()
        site_id = site_of(home)
        add_tariff(home, tariff(site_id, "2025-01-01", grid_price=1.0, solar_price=0.0))
        add_tariff(home, tariff(site_id, f"{day}", grid_price=2.0, solar_price=0.0))
        await home.settle()
        hours = await hourly_changes(home)
        energy = hours[f"climkit:{site_id}_electricity_from_ext"]
        cost = hours[f"climkit:{site_id}_electricity_from_ext_cost"]
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZURICH).astimezone(UTC)
        assert midnight.hour in (22, 23)
        assert cost[midnight - HOUR] == pytest.approx(energy[midnight - HOUR])
        assert cost[midnight] == pytest.approx(2 * energy[midnight])


class TestAmounts:
    """Costs follow the amounts."""

    async def test_each_quarter_hour(self, home: Home) -> None:
        """What is new costs at once, and what comes late costs in its own hour."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        quarter = NOW.replace(minute=0) + timedelta(minutes=15)
        home.simulator.world.delay(
            site_of(home), quarter, quarter + timedelta(minutes=15), NOW + timedelta(hours=1)
        )
        for _ in range(6):
            await home.turn_clock(minutes=15)
            await assert_costs(home, plain_prices(home))

    async def test_withdrawn(self, home: Home) -> None:
        """An hour that Climkit withdrew costs nothing any more."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        start = NOW.replace(minute=0) - timedelta(hours=30)
        home.simulator.world.revise(site_of(home), None, start, start + HOUR, withdraw=True)
        home.sites[0].history.start_night()
        await home.settle()
        rows = await stored_rows(home.hass)
        cost = {row.start: row for row in rows[f"climkit:{flat_of(home)}_total_cost"]}
        energy = {row.start: row for row in rows[f"climkit:{flat_of(home)}_total"]}
        assert energy[start].amount is cost[start].amount is None
        assert cost[start].total == cost[start - HOUR].total
        hours = costs_by_hand(home, plain_prices(home))[f"climkit:{flat_of(home)}_total_cost"]
        assert cost.keys() - hours.keys() == {start}
        assert rows[f"climkit:{flat_of(home)}_total_cost"][-1].total == pytest.approx(
            sum(hours.values())
        )

    async def test_deleted(self, home: Home) -> None:
        """Statistics that the user deleted are made anew, costs too."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        site = home.sites[0]
        for ending in ("_total", "_total_cost", "_ext"):
            await site.async_delete([f"climkit:{flat_of(home)}{ending}"])
            await home.until(lambda: home.is_complete)
            await home.settle()
            await assert_equal_to_climkit(home)
            await assert_costs(home, plain_prices(home))

    async def test_meter_that_is_not_wanted(self, home: Home) -> None:
        """Its costs stay as they are, and go on when it is wanted again."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        meters = home.simulator.world.meter_info(site_of(home))
        await home.choose(meters=[str(meters[1]["id"])])
        await home.complete()
        rows = (await stored_rows(home.hass))[f"climkit:{flat_of(home)}_total_cost"]
        assert rows
        assert f"{flat_of(home)}_cost_today" not in cost_entities(home)
        await home.choose(meters=ALL)
        await home.complete()
        await assert_costs(home, plain_prices(home))

    async def test_deleted_without_its_meter(
        self, home: Home, hass_storage: dict[str, Any]
    ) -> None:
        """Nothing of it is remembered, and it is made anew when its meter is wanted again."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        cost_id = f"climkit:{flat_of(home)}_total_cost"
        meters = home.simulator.world.meter_info(site_of(home))
        await home.choose(meters=[str(meters[1]["id"])])
        await home.complete()
        assert cost_id in json.dumps(hass_storage)
        await home.sites[0].async_delete([cost_id])
        await home.settle()
        assert cost_id not in json.dumps(hass_storage)
        await home.choose(meters=ALL)
        await home.complete()
        await assert_costs(home, plain_prices(home))


class TestEverything:
    """An apartment house: charge points, water, heat."""

    @pytest.fixture
    def now(self) -> datetime:
        """A morning, so that the water of yesterday is read."""
        return datetime(2026, 11, 20, 10, 7, tzinfo=UTC)

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Two flats, a day and a half of data."""
        site = apartment_house(1, now, timedelta(days=23), flats=2)
        return World.of(replace(site, faultless=True))

    async def test_everything(self, home: Home) -> None:
        """Each kind at its own price."""
        await home.set_up_completely()
        site_id = site_of(home)
        units = {"cold_water": 2.0, "hot_water": 12.0, "heating": 0.11, "cooling": 0.13}
        add_tariff(
            home,
            plain_tariff(
                home, charge_point_price=0.45, **{f"{key}_price": p for key, p in units.items()}
            ),
        )
        await home.settle()
        stored = await hourly_changes(home)
        amounts = climkit_hours(home, NOW)
        for kind, price in units.items():
            statistic_id = f"climkit:{site_id}_{kind}_conso_total"
            total = sum(amounts[statistic_id].values())
            assert sum(stored[f"{statistic_id}_cost"].values()) == pytest.approx(total * price)
        point = next(
            meter.id for meter in home.sites[0].meters.values() if meter.type == "charge_point"
        )
        for key in ("total", "self", "ext"):
            total = sum(amounts[f"climkit:{point}_{key}"].values())
            cost = sum(stored[f"climkit:{point}_{key}_cost"].values())
            assert cost == pytest.approx(total * 0.45)
        charging = f"climkit:{site_id}_charge_point_conso_total"
        assert sum(stored[f"{charging}_cost"].values()) == pytest.approx(
            sum(amounts[charging].values()) * 0.45
        )
        assert not any("storage" in key or "prod" in key for key in stored if key.endswith("_cost"))

        # The site pays for electricity, water and heat; what cars charge is in the electricity.
        spent = sum(
            sum(stored[f"climkit:{site_id}_{key}_cost"].values())
            for key in ("electricity_conso_total", *(f"{kind}_conso_total" for kind in units))
        )
        month = float(home.state(f"{site_id}_cost_this_month").state)
        assert month == pytest.approx(spent, abs=1e-5)

        # Meters that are read once a day have nothing of today.
        registry = er.async_get(home.hass)
        for meter in home.sites[0].meters.values():
            if f"climkit:{meter.id}_total_cost" in stored:
                entry = registry.async_get(home.entity_id(f"{meter.id}_cost_today"))
                assert entry
                is_live = meter.type in ("electricity", "charge_point")
                assert (entry.disabled_by is None) == is_live
