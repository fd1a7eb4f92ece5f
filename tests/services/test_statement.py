"""A statement says what statistics and cost entities say."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from custom_components.climkit.services.statement import (
    COSTS,
    FIGURES,
    Part,
)
from tests.conftest import NOW, Home
from tests.costs.bill import (
    WEEKS,
    ZURICH,
    add_tariff,
    costs_by_hand,
    fees_by_hand,
    house_prices,
    is_low,
    stored_price,
    tariff,
)
from tests.services.statement import LOW, assert_near, row_of, state, within
from tests.simulator import World, apartment_house, single_house
from tests.truth import climkit_hours, hourly_changes


@WEEKS
@pytest.mark.recorder
class TestWeek:
    """A week with two tariffs, low-tariff hours and, mostly, a change of clocks."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Seven days of data."""
        return World.of(replace(single_house(1, now, timedelta(days=13)), faultless=True))

    async def test_equals_climkit_and_the_bill(self, home: Home, now: datetime) -> None:
        """Whatever days are asked for: a single one, some, all; of the site and of the flat."""
        today = now.astimezone(ZURICH).date()
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        [main, pv, flat] = (str(m["id"]) for m in home.simulator.world.meter_info(site_id))
        second = today - timedelta(days=3)
        fees = {"site_fee": 31.0, "meter_fee": 6.5}
        tariffs = [
            tariff(
                site_id, "2026-01-01", grid_price=0.29, grid_price_low=0.18, solar_price=0.17,
                export_price=0.08, **LOW, **fees,
            ),
            tariff(
                site_id, second.isoformat(), grid_price=0.33, grid_price_low=0.21,
                solar_price=0.19, export_price=0.07, **LOW, site_fee=15.5,
            ),
        ]  # fmt: skip
        for one in tariffs:
            add_tariff(home, one)
        await home.settle()
        amounts = climkit_hours(home, now)
        grid, solar, export = (
            stored_price(tariffs, "electricity", key)
            for key in ("grid_price", "solar_price", "export_price")
        )
        costs = costs_by_hand(home, house_prices(home, grid, solar, export))
        for first, last in (
            (today - timedelta(days=3), today - timedelta(days=3)),
            (today - timedelta(days=4), today - timedelta(days=2)),
            (today - timedelta(days=4), today),
        ):
            answer = await state(home, site_id, first.isoformat(), last.isoformat())
            assert [row["id"] for row in answer["rows"]] == [site_id, main, pv, flat]
            assert answer["currency"] == "CHF"
            assert answer["complete"] is (last < today)
            for owner, stem, names, fee in (
                (
                    site_id,
                    f"climkit:{site_id}_electricity_",
                    {
                        "conso_total": Part.TOTAL,
                        "from_ext": Part.GRID,
                        "self": Part.SOLAR,
                        "to_ext": Part.EXPORTED,
                        "prod_total": Part.PRODUCED,
                    },
                    fees_by_hand(tariffs, "site_fee", first, last),
                ),
                (
                    flat,
                    f"climkit:{flat}_",
                    {"total": Part.TOTAL, "ext": Part.GRID, "self": Part.SOLAR},
                    fees_by_hand(tariffs, "meter_fee", first, last),
                ),
                (main, f"climkit:{main}_", {"from_ext": Part.GRID, "to_ext": Part.EXPORTED}, None),
                (pv, f"climkit:{pv}_", {"total": Part.PRODUCED}, None),
            ):
                row = row_of(answer, owner)
                told = {"total_cost"}
                for measure, part in names.items():
                    told.add(part)
                    hours = within(amounts[stem + measure], first, last)
                    assert_near(row[part], sum(hours.values()))
                    if part in COSTS:
                        told.add(COSTS[part])
                        cost = within(costs[f"{stem}{measure}_cost"], first, last)
                        assert_near(row[COSTS[part]], sum(cost.values()))
                    if part is Part.GRID:
                        told.add("grid_mean_price")
                        mean = sum(cost.values()) / sum(hours[hour] for hour in cost)
                        assert_near(row["grid_mean_price"], mean)
                        for name, low in (("high", False), ("low", True)):
                            of_tariff = [
                                hour for hour in hours if is_low(hour.astimezone(ZURICH)) is low
                            ]
                            key = f"grid_{name}_kwh", f"grid_{name}_cost"
                            if not of_tariff:
                                assert row[key[0]] is row[key[1]] is None
                                continue
                            told.update(key)
                            assert_near(row[key[0]], sum(hours[one] for one in of_tariff))
                            assert_near(row[key[1]], sum(cost[one] for one in of_tariff))
                spent = {
                    site_id: ["conso_total"],
                    flat: ["total"],
                    main: ["from_ext"],
                    pv: [],
                }[owner]
                if spent:
                    whole = within(costs[f"{stem}{spent[0]}_cost"], first, last)
                    assert_near(row["total_cost"], sum(whole.values()) + (fee or 0.0))
                if fee is None:
                    assert row["fees"] is None
                else:
                    told.add("fees")
                    assert_near(row["fees"], fee)
                # What there is nothing of is not 0.
                absent = set(FIGURES) - told
                assert {row[key] for key in absent} == {None}, (owner, absent)
                assert row["missing_hours"] == 0


@pytest.mark.recorder
class TestApartments:
    """A building with flats, water, heat and charge points."""

    @pytest.fixture
    def world(self) -> World:
        """Data since the 11th of this month."""
        return World.of(replace(apartment_house(1, NOW, timedelta(days=30), 1), faultless=True))

    @pytest.fixture
    async def site_id(self, home: Home) -> str:
        """It is set up with all its history, and a tariff for everything."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        add_tariff(
            home,
            tariff(
                site_id, "2026-01-01", grid_price=0.31, grid_price_low=0.2, solar_price=0.15,
                export_price=0.09, cold_water_price=2.1, hot_water_price=9.5,
                heating_price=0.12, cooling_price=0.13, charge_point_price=0.4, **LOW,
                site_fee=28.0, meter_fee=5.0,
            ),
        )  # fmt: skip
        await home.settle()
        return site_id

    async def test_equals_statistics_and_entities(self, home: Home, site_id: str) -> None:
        """The running month, of each meter; and two days of it, by the change of statistics."""
        answer = await state(home, site_id, "2026-11-01", "2026-11-30")
        assert (answer["from"], answer["to"]) == ("2026-11-01", "2026-11-20")
        assert answer["start"] == "2026-11-01T00:00:00+01:00"
        assert answer["end"] == "2026-11-21T00:00:00+01:00"
        assert answer["complete"] is False
        assert answer["reasons"][0] == "still_to_come"
        compared = 0
        for row in answer["rows"]:
            if home.has_entity(f"{row['id']}_cost_this_month"):
                compared += 1
                if shown := home.hass.states.get(home.entity_id(f"{row['id']}_cost_this_month")):
                    assert_near(row["total_cost"], float(shown.state))
            else:
                assert row["total_cost"] is None
        assert compared > 5

        changes = await hourly_changes(home)
        first, last = date(2026, 11, 16), date(2026, 11, 17)
        answer = await state(home, site_id, str(first), str(last))
        assert answer["complete"] is True
        assert answer["reasons"] == []
        seen = set()
        columns = {
            "cold_water": (Part.COLD_WATER, "cold_water_cost"),
            "hot_water": (Part.HOT_WATER, "hot_water_cost"),
            "heating": (Part.HEATING, "heating_cost"),
            "cooling": (Part.COOLING, "cooling_cost"),
        }
        for row in answer["rows"]:
            for kind, (part, cost) in columns.items():
                stem = (
                    f"{site_id}_{kind}_conso_total"
                    if row["type"] == "site"
                    else (f"{row['id']}_total" if row["type"] == kind else None)
                )
                if stem is None:
                    assert row[part] is row[cost] is None
                    continue
                seen.add(kind)
                assert_near(
                    row[part], sum(within(changes[f"climkit:{stem}"], first, last).values())
                )
                spent = within(changes[f"climkit:{stem}_cost"], first, last)
                assert_near(row[cost], sum(spent.values()))
        assert seen == columns.keys()
        assert "charge_point" in {row["type"] for row in answer["rows"]}
