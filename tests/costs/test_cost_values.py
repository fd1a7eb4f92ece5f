"""What the entities of costs show."""

from datetime import UTC, datetime, timedelta

from homeassistant.const import EntityCategory
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.climkit.api import HOUR
from tests.conftest import NOW, Home
from tests.costs.bill import (
    ZURICH,
    add_tariff,
    cost_entities,
    costs_by_hand,
    delete_tariff,
    flat_of,
    plain_prices,
    plain_tariff,
    site_of,
    tariff,
)
from tests.services.statement import row_of, state
from tests.simulator import World
from tests.stories.source import METER_ID, SITE_ID, Correction, Gap, Source

pytestmark = pytest.mark.recorder

OCTOBER_30, NOVEMBER = (
    datetime(2026, 10, 29, 23, tzinfo=UTC),
    datetime(2026, 10, 31, 23, tzinfo=UTC),
)


class TestEntities:
    """What a site and its meters cost today and this month."""

    async def test_values(self, home: Home) -> None:
        """Hours since local midnight, and the fees of these days."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home, site_fee=30.0, meter_fee=6.0))
        await home.settle()
        site_id, flat = site_of(home), flat_of(home)
        hours = costs_by_hand(home, plain_prices(home))
        midnight = datetime(2026, 11, 20, tzinfo=ZURICH)
        for owner, cost_id, fee in (
            (site_id, f"climkit:{site_id}_electricity_conso_total_cost", 30.0),
            (flat, f"climkit:{flat}_total_cost", 6.0),
        ):
            today = sum(cost for hour, cost in hours[cost_id].items() if hour >= midnight)
            state = home.state(f"{owner}_cost_today")
            assert float(state.state) == pytest.approx(today + fee / 30, abs=1e-5)
            assert state.attributes["device_class"] == "monetary"
            assert state.attributes["state_class"] == "total"
            assert state.attributes["unit_of_measurement"] == "CHF"
            assert state.attributes["last_reset"] == midnight.astimezone(UTC).isoformat()
            state = home.state(f"{owner}_cost_this_month")
            month = sum(hours[cost_id].values())
            assert float(state.state) == pytest.approx(month + 20 * fee / 30, abs=1e-5)
            assert state.attributes["last_reset"] == "2026-10-31T23:00:00+00:00"
        main = str(home.simulator.world.meter_info(site_id)[0]["id"])
        assert cost_entities(home) == {
            *(f"{owner}_cost_today" for owner in (site_id, flat, main)),
            *(f"{owner}_cost_this_month" for owner in (site_id, flat, main)),
            *(f"{owner}_cost_last_month" for owner in (site_id, flat, main)),
            *(f"{owner}_cost_projected" for owner in (site_id, flat, main)),
            f"{site_id}_cost_progress",
            f"{site_id}_grid_price",
            f"{site_id}_solar_price",
        }

    async def test_shown(self, home: Home) -> None:
        """Costs in centimes, prices more finely; how much of it is computed is diagnostic."""
        await home.set_up()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        shown = {}
        for key in ("cost_today", "cost_this_month", "grid_price", "solar_price", "cost_progress"):
            entry = er.async_get(home.hass).async_get(home.entity_id(f"{site_of(home)}_{key}"))
            assert entry
            decimals = entry.options["sensor"]["suggested_display_precision"]
            shown[key] = (decimals, entry.entity_category)
        assert shown == {
            "cost_today": (2, None),
            "cost_this_month": (2, None),
            "grid_price": (4, None),
            "solar_price": (4, None),
            "cost_progress": (0, EntityCategory.DIAGNOSTIC),
        }

    async def test_last_month(self, home: Home) -> None:
        """The whole of it once it is over; before there was one, nothing. It is off at first."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home, site_fee=30.0, meter_fee=6.2))
        await home.settle()
        site_id, flat = site_of(home), flat_of(home)
        entry = er.async_get(home.hass).async_get(home.entity_id(f"{flat}_cost_last_month"))
        assert entry
        assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        costs = home.sites[0].costs
        assert costs.bills.cost_last_month(flat) is None
        await home.turn_clock(to=datetime(2026, 12, 1, 3, 5, tzinfo=ZURICH).astimezone(UTC))
        await home.complete()
        hours = costs_by_hand(home, plain_prices(home))
        month = datetime(2026, 12, 1, tzinfo=ZURICH)
        for owner, cost_id, fee in (
            (site_id, f"climkit:{site_id}_electricity_conso_total_cost", 30.0),
            (flat, f"climkit:{flat}_total_cost", 6.2),
        ):
            spent = sum(cost for hour, cost in hours[cost_id].items() if hour < month)
            assert costs.bills.cost_last_month(owner) == pytest.approx(spent + fee, abs=1e-5)
            assert (costs.bills.cost_this_month(owner) or 0) < spent

    async def test_day_and_late_data(self, home: Home) -> None:
        """A new day begins at nothing, and what comes late for yesterday is not of today."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        site_id = site_of(home)
        evening = datetime(2026, 11, 20, 21, tzinfo=ZURICH)
        home.simulator.world.delay(
            site_id, evening, evening + HOUR, evening + timedelta(hours=5, minutes=30)
        )
        await home.turn_clock(to=evening.astimezone(UTC) + timedelta(hours=3, minutes=1))
        assert home.state(f"{site_id}_cost_today").state == "unknown"
        await home.turn_clock(hours=1, minutes=20)
        today = float(home.state(f"{site_id}_cost_today").state)
        month = float(home.state(f"{site_id}_cost_this_month").state)
        await home.turn_clock(hours=1, minutes=30)
        home.sites[0].history.start_night()
        await home.settle()
        hours = costs_by_hand(home, plain_prices(home))[
            f"climkit:{site_id}_electricity_conso_total_cost"
        ]
        assert evening.astimezone(UTC) in hours
        midnight = datetime(2026, 11, 21, tzinfo=ZURICH)
        expected = sum(cost for hour, cost in hours.items() if hour >= midnight)
        assert float(home.state(f"{site_id}_cost_today").state) == pytest.approx(expected, abs=1e-5)
        assert expected >= today
        later = float(home.state(f"{site_id}_cost_this_month").state)
        assert later == pytest.approx(sum(hours.values()), abs=1e-5)
        assert later > month

    async def test_prices(self, home: Home) -> None:
        """They change with the hour."""
        await home.set_up_completely()
        low = tariff(
            site_of(home), "2026-01-01", grid_price=0.3, grid_price_low=0.2, solar_price=0.1,
            weekday="12-17",
        )  # fmt: skip
        add_tariff(home, low)
        await home.settle()
        state = home.state(f"{site_of(home)}_grid_price")
        assert float(state.state) == 0.3
        assert state.attributes["unit_of_measurement"] == "CHF/kWh"
        assert state.attributes["state_class"] == "measurement"
        await home.turn_clock(to=datetime(2026, 11, 20, 11, 0, 1, tzinfo=UTC))
        assert float(home.state(f"{site_of(home)}_grid_price").state) == 0.2
        assert float(home.state(f"{site_of(home)}_solar_price").state) == 0.1

    async def test_customised_entities_stay(self, home: Home) -> None:
        """A restart, and totals that are not wanted, cost nobody a changed name."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        registry = er.async_get(home.hass)
        for unique_id in (f"{site_of(home)}_grid_price", f"{flat_of(home)}_cost_today"):
            registry.async_update_entity(home.entity_id(unique_id), name="Mine")
        await home.choose(site_totals=False)
        await home.complete()
        for unique_id in (f"{site_of(home)}_grid_price", f"{flat_of(home)}_cost_today"):
            entry = registry.async_get(home.entity_id(unique_id))
            assert entry
            assert entry.name == "Mine"
        assert f"{site_of(home)}_cost_today" not in cost_entities(home)


class TestMonthWithoutCosts:
    """A month in the middle of the history of which no hour has a cost."""

    @pytest.fixture
    def world(self) -> World:
        """A small site that has data since September."""
        return World.of(Source(first=NOW.replace(minute=0) - timedelta(days=60)))

    async def test_last_month(self, home: Home) -> None:
        """It costs nothing that anybody knows of, fees neither: as the statement says."""
        home.entry.add_to_hass(home.hass)
        but_in_october = {"season_from": "1.11.", "season_to": "30.9."}
        prices = {"grid_price": 0.3, "solar_price": 0.2, "site_fee": 30.0}
        add_tariff(home, tariff(SITE_ID, "2025-01-01", **prices, **but_in_october))
        await home.set_up_completely()
        costs = home.sites[0].costs
        for owner in (SITE_ID, METER_ID):
            assert float(home.state(f"{owner}_cost_this_month").state) > 0
            assert costs.bills.cost_last_month(owner) is None
        row = row_of(await state(home, SITE_ID, "2026-10-01", "2026-10-31"), SITE_ID)
        assert row["total_cost"] is None
        row = row_of(await state(home, SITE_ID, "2026-09-01", "2026-09-30"), SITE_ID)
        assert row["total_cost"] > 0


class TestWithdrawnMonth:
    """A month in the middle of the history that had two days, and Climkit took them back."""

    @pytest.fixture
    def source(self) -> Source:
        """A small site: two days of September, two of October, and November."""
        first = NOW.replace(minute=0) - timedelta(days=60)
        return Source(first=first, gaps=[Gap(first + timedelta(days=2), OCTOBER_30)])

    @pytest.fixture
    def world(self, source: Source) -> World:
        """The small site."""
        return World.of(source)

    async def test_last_month(self, home: Home, source: Source) -> None:
        """Absent is not zero: nobody knows what it cost, be it computed before or afterwards."""
        home.entry.add_to_hass(home.hass)
        prices = tariff(SITE_ID, "2025-01-01", grid_price=0.3, solar_price=0.2, site_fee=30.0)
        subentry = add_tariff(home, prices)
        await home.set_up_completely()
        assert (home.sites[0].costs.bills.cost_last_month(SITE_ID) or 0) > 30.0
        source.corrections.append(Correction(OCTOBER_30, NOVEMBER, None, None))
        for _ in range(2):  # nothing is left on one side, so two nights have to say the same
            home.sites[0].history.start_night()
            await home.settle()
        await assert_october_is_unknown(home)
        delete_tariff(home, subentry)
        await home.settle()
        add_tariff(home, prices)
        await home.settle()
        await assert_october_is_unknown(home)

    async def test_today(self, home: Home, source: Source) -> None:
        """A day whose hours are gone costs nothing that is known, be they the newest ones."""
        home.entry.add_to_hass(home.hass)
        prices = {"grid_price": 0.3, "solar_price": 0.2, "site_fee": 30.0}
        add_tariff(home, tariff(SITE_ID, "2025-01-01", **prices))
        await home.set_up_completely()
        assert home.sites[0].costs.bills.cost_today(SITE_ID) is not None
        midnight = datetime(2026, 11, 20, tzinfo=ZURICH).astimezone(UTC)
        source.corrections.append(Correction(midnight, NOW + timedelta(days=1), None, None))
        for _ in range(2):
            home.sites[0].history.start_night()
            await home.settle()
        assert home.sites[0].costs.bills.cost_today(SITE_ID) is None
        assert float(home.state(f"{SITE_ID}_cost_this_month").state) > 20


async def assert_october_is_unknown(home: Home) -> None:
    """It cost nothing that anybody knows of, fees neither, as the statement says."""
    for owner in (SITE_ID, METER_ID):
        assert float(home.state(f"{owner}_cost_this_month").state) > 0
        row = row_of(await state(home, SITE_ID, "2026-10-01", "2026-10-31"), owner)
        assert row["grid_kwh"] is row["grid_cost"] is row["total_cost"] is None
        assert home.sites[0].costs.bills.cost_last_month(owner) is None
