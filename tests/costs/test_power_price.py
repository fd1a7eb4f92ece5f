"""What the month's highest quarter-hour costs, for each kW: of a site, and of its consumers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.costs import Payer
from custom_components.climkit.costs.power import Month, months_of, power_cost
from custom_components.climkit.costs.tariffs import tariffs_from_data
from tests.conftest import NOW, Home
from tests.costs.bill import (
    ZURICH,
    add_tariff,
    correct_tariff,
    costs_by_hand,
    flat_of,
    plain_prices,
    plain_tariff,
    site_of,
    tariff,
)
from tests.services.statement import row_of, state
from tests.simulator import World, single_house, water_site

OCTOBER, NOVEMBER, DECEMBER = (datetime(2026, month, 1, tzinfo=ZURICH) for month in (10, 11, 12))

SITE_POWER, METER_POWER = 5.0, 3.0


class TestPowerCost:
    """A price for each kW of each month."""

    @staticmethod
    def cost(first: str, last: str, **peaks: float | None) -> float | None:
        """What some days cost at 5.00 in each month but January, on 20 November."""

        def price(month: Month) -> float:
            return 0.0 if month.first.month == 1 else 5.0

        def peak(month: Month) -> float | None:
            return peaks.get(f"m{month.first.month}")

        today = date(2026, 11, 20)
        return power_cost(date.fromisoformat(first), date.fromisoformat(last), today, price, peak)

    def test_months(self) -> None:
        """Each month has its own; the running one counts up to today."""
        months = list(months_of(date(2026, 1, 31), date(2026, 3, 1)))
        assert [one.first.month for one in months] == [1, 2, 3]
        assert months[1].last == date(2026, 2, 28)
        assert self.cost("2026-09-01", "2026-10-31", m9=2.0, m10=4.0) == 30.0
        for last in ("2026-11-20", "2026-11-25", "2026-11-30"):
            assert self.cost("2026-11-01", last, m11=3.0) == 15.0

    def test_unknown(self) -> None:
        """What is not known is not left out, and a part of a month has no bill."""
        assert self.cost("2026-09-01", "2026-10-31", m9=2.0) is None
        assert self.cost("2026-10-02", "2026-10-31", m10=4.0) is None
        assert self.cost("2026-10-01", "2026-10-30", m10=4.0) is None
        assert self.cost("2026-11-01", "2026-11-19", m11=4.0) is None

    def test_no_price(self) -> None:
        """Then it costs nothing, known or not."""
        assert self.cost("2026-01-03", "2026-01-20") == 0.0

    def test_price_of_a_part_of_the_month(self) -> None:
        """It counts by its days."""
        stored = [
            tariff("a", "2026-01-01", grid_price=0.3, solar_price=0.2, site_power_price=6.0),
            tariff("a", "2026-11-16", grid_price=0.3, solar_price=0.2, meter_power_price=3.0),
        ]
        tariffs = tariffs_from_data(stored, ZURICH)
        november = date(2026, 11, 1), date(2026, 11, 30)
        assert tariffs.power_price(Payer.SITE, *november) == pytest.approx(3.0)
        assert tariffs.power_price(Payer.METER, *november) == pytest.approx(1.5)


def highest(home: Home, owner_id: str, start: datetime, end: datetime) -> float:
    """The highest quarter-hour of a site or of the consumer from the grid, in kW."""
    is_site = owner_id == site_of(home)
    columns = home.simulator.intervals(
        site_of(home), "electricity", start.astimezone(UTC), end.astimezone(UTC)
    )
    values = columns["from_ext" if is_site else f"ext_{owner_id}"]
    return max(0.0, 4 * max(values.values()))


@pytest.mark.recorder
class TestHouse:
    """A house with data of two months and a half."""

    @pytest.fixture
    def world(self) -> World:
        """It."""
        return World.of(replace(single_house(1, NOW, timedelta(days=57)), faultless=True))

    @pytest.fixture
    async def house(self, home: Home) -> Home:
        """It, with prices for power; all is computed."""
        home.entry.add_to_hass(home.hass)
        add_tariff(home, self.prices(home))
        await home.set_up_completely()
        return home

    @staticmethod
    def prices(home: Home, **others: float) -> dict[str, Any]:
        """Of electricity and of its power, with fees."""
        fields = {"site_power_price": SITE_POWER, "meter_power_price": METER_POWER} | others
        return plain_tariff(home, site_fee=30.0, meter_fee=6.0, **fields)

    @staticmethod
    def spent(home: Home, owner_id: str, start: datetime, end: datetime) -> float:
        """What the hours of a stretch cost, by hand."""
        hours = costs_by_hand(home, plain_prices(home))
        cost_id = (
            f"climkit:{owner_id}_electricity_conso_total_cost"
            if owner_id == site_of(home)
            else f"climkit:{owner_id}_total_cost"
        )
        return sum(cost for hour, cost in hours[cost_id].items() if start <= hour < end)

    async def test_month_in_which_it_began(self, house: Home) -> None:
        """It is whole from that day on: a statement from then has its power, one from later not."""
        created = house.sites[0].site.created
        assert created
        begun = created.astimezone(ZURICH).date()
        last = (begun.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        costs = []
        for first in (begun.replace(day=1), begun, begun + timedelta(days=1)):
            row = row_of(await state(house, site_of(house), str(first), str(last)), site_of(house))
            costs.append(row["power_cost"])
        assert costs[0] == costs[1] > 1
        assert costs[2] is None

    async def test_entities(self, house: Home) -> None:
        """The months hold it, by the own peak of site and consumer; the day does not."""
        costs, now = house.sites[0].costs, house.simulator.now()
        today = now.astimezone(ZURICH).replace(hour=0, minute=0, second=0, microsecond=0)
        for owner, fee, price in (
            (site_of(house), 30.0, SITE_POWER),
            (flat_of(house), 6.0, METER_POWER),
        ):
            power = price * highest(house, owner, NOVEMBER, now)
            assert power > 1
            month = self.spent(house, owner, NOVEMBER, now) + 20 * fee / 30 + power
            day = self.spent(house, owner, today, now) + fee / 30
            shown = (house.state(f"{owner}_cost_{key}").state for key in ("this_month", "today"))
            assert [float(one) for one in shown] == pytest.approx([month, day], abs=1e-4)
            last = self.spent(house, owner, OCTOBER, NOVEMBER) + fee
            last += price * highest(house, owner, OCTOBER, NOVEMBER)
            assert costs.bills.cost_last_month(owner) == pytest.approx(last, abs=1e-4)
        main = str(house.simulator.world.meter_info(site_of(house))[0]["id"])
        assert costs.bills.power(main, date(2026, 11, 1), date(2026, 11, 30)) == 0.0

    async def test_projection(self, house: Home) -> None:
        """It holds the highest quarter-hour so far."""
        subentry = next(iter(house.entry.subentries))
        site_id = site_of(house)
        await house.enable(f"{site_id}_cost_projected")
        await house.complete()
        with_power = float(house.state(f"{site_id}_cost_projected").state)
        power = SITE_POWER * highest(house, site_id, NOVEMBER, house.simulator.now())
        correct_tariff(house, subentry, self.prices(house, site_power_price=0.0))
        await house.complete()
        without = float(house.state(f"{site_id}_cost_projected").state)
        assert with_power - without == pytest.approx(power, abs=1e-3)

    async def test_first_of_a_month(self, house: Home) -> None:
        """Today and the month are the same hours, but for the power."""
        await house.turn_clock(to=DECEMBER.astimezone(UTC) - timedelta(minutes=5))
        await house.complete()
        for _ in range(10):
            await house.turn_clock(minutes=15)
        for owner, price in ((site_of(house), SITE_POWER), (flat_of(house), METER_POWER)):
            today, month = (
                float(house.state(f"{owner}_cost_{key}").state) for key in ("today", "this_month")
            )
            power = price * highest(house, owner, DECEMBER, house.simulator.now())
            assert month - today == pytest.approx(power, abs=1e-4)

    async def test_statement(self, house: Home) -> None:
        """A line of its own, in the total; of a part of a month neither is known."""
        site_id, flat = site_of(house), flat_of(house)
        answer = await state(house, site_id, "2026-10-01", "2026-10-31")
        assert answer["reasons"] == []
        for owner, fee, price in ((site_id, 30.0, SITE_POWER), (flat, 6.0, METER_POWER)):
            power = price * highest(house, owner, OCTOBER, NOVEMBER)
            row = row_of(answer, owner)
            assert row["power_cost"] == pytest.approx(power, abs=1e-4)
            total = self.spent(house, owner, OCTOBER, NOVEMBER) + fee + power
            assert row["total_cost"] == pytest.approx(total, abs=1e-4)
        main = str(house.simulator.world.meter_info(site_id)[0]["id"])
        assert row_of(answer, main)["power_cost"] is None
        answer = await state(house, site_id, "2026-11-01")
        for owner in (site_id, flat):
            shown = float(house.state(f"{owner}_cost_this_month").state)
            assert row_of(answer, owner)["total_cost"] == pytest.approx(shown, abs=1e-4)
        answer = await state(house, site_id, "2026-10-05", "2026-11-20")
        row = row_of(answer, site_id)
        assert (row["power_cost"], row["total_cost"]) == (None, None)
        assert row["grid_cost"] > 0
        assert "peak_unknown" in row["reasons"]
        assert not row["complete"]
        assert row_of(answer, main)["total_cost"] > 0

    async def test_no_price(self, house: Home) -> None:
        """Nothing of it is stated, and no part of a month lacks anything."""
        subentry = next(iter(house.entry.subentries))
        correct_tariff(house, subentry, plain_tariff(house))
        await house.complete()
        answer = await state(house, site_of(house), "2026-10-05", "2026-10-20")
        row = row_of(answer, site_of(house))
        assert row["power_cost"] is None
        assert row["total_cost"] > 0
        assert row["reasons"] == []


@pytest.mark.recorder
class TestPeakUnknown:
    """History begins within the month: nobody knows its highest quarter-hour."""

    @pytest.fixture
    def world(self) -> World:
        """A house that is older than this month."""
        return World.of(replace(single_house(1, NOW, timedelta(days=40)), faultless=True))

    async def test_unknown(self, home: Home) -> None:
        """So nobody knows what it costs; of today and of the other hours it is known."""
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_HISTORY: "2026-11-16"}
        )
        add_tariff(home, plain_tariff(home, meter_power_price=METER_POWER))
        await home.set_up_completely()
        flat = flat_of(home)
        assert home.state(f"{flat}_cost_this_month").state == "unknown"
        assert float(home.state(f"{flat}_cost_today").state) > 0
        assert float(home.state(f"{site_of(home)}_cost_this_month").state) > 0
        row = row_of(await state(home, flat, "2026-11-01"), flat)
        assert row["total_cost"] is None
        assert "peak_unknown" in row["reasons"]


@pytest.mark.recorder
class TestWithoutElectricity:
    """A site of water and heat, with a tariff that was copied from a house."""

    @pytest.fixture
    def world(self) -> World:
        """It."""
        return World.of(replace(water_site(1, NOW, timedelta(days=40)), faultless=True))

    async def test_no_power(self, home: Home) -> None:
        """It has no highest quarter-hour, known or not: its water costs what it costs."""
        home.entry.add_to_hass(home.hass)
        [site_id] = home.simulator.world.sites
        prices = {"cold_water_price": 2.0, "site_power_price": SITE_POWER}
        add_tariff(home, plain_tariff(home, site_fee=30.0, **prices))
        await home.set_up_completely()
        row = row_of(await state(home, site_id, "2026-11-01"), site_id)
        assert row["cold_water_cost"] > 0
        assert row["total_cost"] == pytest.approx(row["cold_water_cost"] + 20.0, abs=1e-4)
        assert row["power_cost"] is None
        assert "peak_unknown" not in row["reasons"]
        shown = float(home.state(f"{site_id}_cost_this_month").state)
        assert shown == pytest.approx(row["total_cost"], abs=1e-4)
