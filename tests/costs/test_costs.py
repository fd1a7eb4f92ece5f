"""The cost statistics equal what Climkit's amounts cost, whatever happened in between."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import json
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder.statistics import get_metadata
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.climkit.api import HOUR
from custom_components.climkit.const import ALL
from custom_components.climkit.costs import site_costs, state as cost_state
from custom_components.climkit.statistics import rebuild
from custom_components.climkit.statistics.recorder import RecorderError
from custom_components.climkit.store.store import ClimkitStore
from tests.conftest import NOW, Home
from tests.costs.bill import (
    ZURICH,
    Price,
    add_tariff,
    assert_costs,
    correct_tariff,
    costs_by_hand,
    delete_tariff,
    house_prices,
    tariff,
)
from tests.simulator import World, apartment_house, single_house
from tests.truth import (
    assert_equal_to_climkit,
    climkit_hours,
    delete_rows,
    hourly_changes,
    known_names,
    stored_rows,
)

pytestmark = pytest.mark.recorder


def always(price: float) -> Price:
    """One price for ever."""
    return lambda _: price


def since(day: date, price: float) -> Price:
    """One price from a local midnight on."""
    return lambda local: price if local.date() >= day else None


def site_of(home: Home) -> str:
    """The id of the only site."""
    [site_id] = home.simulator.world.sites
    return site_id


def flat_of(home: Home) -> str:
    """The id of the only consumer."""
    return str(home.simulator.world.meter_info(site_of(home))[2]["id"])


def is_low(local: datetime) -> bool:
    """The low tariff of the week below: noon and night on weekdays, the whole Saturday."""
    if local.weekday() == 5:
        return True
    return local.weekday() < 5 and (12 <= local.hour < 17 or local.hour >= 23 or local.hour < 7)


WEEKS = pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 10, 28, 9, 40, tzinfo=UTC),
        datetime(2026, 3, 31, 9, 40, tzinfo=UTC),
        datetime(2027, 1, 4, 9, 40, tzinfo=UTC),
    ],
    ids=["autumn", "spring", "new year"],
)


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
        await assert_costs(home, prices)

        # Climkit corrects a day that lies behind: costs follow without a request of their own.
        day = datetime(second.year, second.month, second.day, tzinfo=ZURICH) - timedelta(days=1)
        for column in ("conso_total", "from_ext", f"total_{flat_of(home)}", f"ext_{flat_of(home)}"):
            home.simulator.world.revise(
                site_id, column, day, day + timedelta(days=1), factor=1.5, since=now
            )
        history = home.sites[0].coordinator.history
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


GRID, SOLAR, EXPORT = 0.3, 0.2, 0.1


def plain_tariff(home: Home, day: str = "2026-01-01", **others: float) -> dict[str, Any]:
    """A tariff with single prices."""
    fields = {"grid_price": GRID, "solar_price": SOLAR, "export_price": EXPORT} | others
    return tariff(site_of(home), day, **fields)


def plain_prices(home: Home) -> dict[str, dict[str, Price]]:
    """Its prices."""
    return house_prices(home, always(GRID), always(SOLAR), always(EXPORT))


def cost_entities(home: Home) -> set[str]:
    """The unique ids of all entities of costs."""
    found = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    return {entry.unique_id for entry in found if "cost" in entry.unique_id} | {
        entry.unique_id for entry in found if "price" in entry.unique_id
    }


class TestTariffs:
    """Added, corrected and deleted: no request, no reload."""

    async def test_add_correct_delete(self, home: Home) -> None:
        """The stretch that a tariff covers is computed anew."""
        await home.set_up_completely()
        before = len(home.simulator.requests)
        coordinator = home.sites[0].coordinator
        assert not cost_entities(home)
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]

        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        await assert_costs(home, plain_prices(home))

        day = date(2026, 11, 19)
        second = add_tariff(home, plain_tariff(home, f"{day}", grid_price=0.5))
        await home.settle()
        grid = lambda local: 0.5 if local.date() >= day else GRID  # noqa: E731
        await assert_costs(home, house_prices(home, grid, always(SOLAR), always(EXPORT)))

        correct_tariff(home, first, plain_tariff(home, grid_price=0.4, solar_price=0.1))
        await home.settle()
        grid = lambda local: 0.5 if local.date() >= day else 0.4  # noqa: E731
        solar = lambda local: SOLAR if local.date() >= day else 0.1  # noqa: E731
        await assert_costs(home, house_prices(home, grid, solar, always(EXPORT)))

        delete_tariff(home, first)
        await home.settle()
        await assert_costs(
            home, house_prices(home, since(day, 0.5), since(day, SOLAR), since(day, EXPORT))
        )

        delete_tariff(home, second)
        await home.settle()
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]
        assert not [key for key in await known_names(home.hass) if key.endswith("_cost")]
        assert not cost_entities(home)

        assert len(home.simulator.requests) == before
        assert home.sites[0].coordinator is coordinator
        await assert_equal_to_climkit(home)

    async def test_what_has_no_price_any_more(self, home: Home) -> None:
        """A tariff that leaves a price out ends its costs; the others go on."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        without = tariff(site_of(home), "2026-11-19", grid_price=GRID, solar_price=SOLAR)
        later = add_tariff(home, without)
        await home.settle()
        export = lambda local: EXPORT if local.date() < date(2026, 11, 19) else None  # noqa: E731
        await assert_costs(home, house_prices(home, always(GRID), always(SOLAR), export))
        delete_tariff(home, later)
        await home.settle()
        await assert_costs(home, plain_prices(home))

    async def test_only_what_differs_is_written(self, home: Home) -> None:
        """A correction of fees, or of nothing, writes no row."""
        await home.set_up_completely()
        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        with patch.object(rebuild, "async_write", wraps=rebuild.async_write) as write:
            correct_tariff(home, first, plain_tariff(home, site_fee=10))
            add_tariff(home, plain_tariff(home, "2026-11-18"))
            await home.settle()
        assert write.call_count == 0
        await assert_costs(home, plain_prices(home))

    async def test_next_year(self, home: Home) -> None:
        """A tariff of the future costs nothing yet."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home, "2027-01-01"))
        await home.settle()
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]
        assert home.state(f"{site_of(home)}_cost_today").state == "unknown"
        assert home.state(f"{site_of(home)}_grid_price").state == "unknown"

    async def test_while_it_was_not_loaded(self, home: Home) -> None:
        """What changed meanwhile is found at the next start."""
        await home.set_up_completely()
        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        correct_tariff(home, first, plain_tariff(home, grid_price=0.7))
        await home.set_up_completely()
        prices = house_prices(home, always(0.7), always(SOLAR), always(EXPORT))
        await assert_costs(home, prices)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        delete_tariff(home, first)
        await home.set_up_completely()
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]
        assert not cost_entities(home)

    async def test_names(self, home: Home) -> None:
        """The name of the energy, and cost; what is exported is compensated."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        names = await known_names(home.hass)
        site = f"climkit:{site_of(home)}_electricity"
        assert names[f"{site}_from_ext_cost"] == "Maison Rochat Grid import cost"
        assert names[f"{site}_to_ext_cost"] == "Maison Rochat Grid export compensation"

    async def test_currency(self, home: Home) -> None:
        """It is the unit of the statistics, also after it was corrected."""
        await home.set_up_completely()
        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        correct_tariff(home, first, plain_tariff(home) | {"currency": "EUR"})
        await home.settle()
        ids = await get_instance(home.hass).async_add_executor_job(units, home)
        assert set(ids.values()) == {"EUR"}
        state = home.state(f"{site_of(home)}_cost_today")
        assert state.attributes["unit_of_measurement"] == "EUR"


def units(home: Home) -> dict[str, str | None]:
    """The units of all cost statistics."""
    return {
        key: data["unit_of_measurement"]
        for key, (_, data) in get_metadata(home.hass, statistic_source="climkit").items()
        if key.endswith("_cost")
    }


class TestRestart:
    """Home Assistant is off for a while, or ends without saying so."""

    async def test_off(self, home: Home) -> None:
        """Costs go on where they ended."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        home.freezer.move_to(NOW + timedelta(hours=30))
        await home.set_up_completely()
        await assert_costs(home, plain_prices(home))

    @pytest.mark.parametrize("is_killed", [False, True])
    async def test_in_the_middle(
        self,
        home: Home,
        hass_storage: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
        is_killed: bool,
    ) -> None:
        """Half of the costs are there: the rest follows, none is there twice."""
        await home.set_up_completely()
        monkeypatch.setattr(cost_state, "ROWS_OF_A_PAGE", 24)
        monkeypatch.setattr(cost_state, "LONGEST_PAGE", timedelta(hours=6))
        add_tariff(home, plain_tariff(home))
        state = home.sites[0].coordinator.costs._state
        await home.until(lambda: any(state.last for state in state.states.values()))
        assert any(state.dirty for state in state.states.values())
        memory = json.dumps(hass_storage)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await async_wait_recording_done(home.hass)
        if is_killed:
            hass_storage.clear()
            hass_storage.update(json.loads(memory))  # a killed process writes no last memory
        await home.set_up_completely()
        await assert_costs(home, plain_prices(home))

    async def test_without_memory(self, home: Home, hass_storage: dict[str, Any]) -> None:
        """The account was removed and added again: rows are taken as far as they are right."""
        await home.set_up_completely()
        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        correct_tariff(home, first, plain_tariff(home, "2026-11-19"))
        hass_storage.clear()
        await home.set_up_completely()
        day = date(2026, 11, 19)
        prices = house_prices(home, since(day, GRID), since(day, SOLAR), since(day, EXPORT))
        await assert_costs(home, prices)

    async def test_killed_after_an_old_amount(
        self, home: Home, hass_storage: dict[str, Any]
    ) -> None:
        """The amount was revised, its cost was not: that is known from before the write on."""
        start = NOW.replace(minute=0) - timedelta(hours=60)
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.sites[0].coordinator.costs._state._store.async_save_now()
        home.simulator.world.revise(
            site_of(home), "from_ext", start, start + HOUR, factor=2, since=NOW
        )
        memories: list[str] = []

        def write(*args: Any) -> None:
            memories.append(json.dumps(hass_storage))
            rebuild_write(*args)

        rebuild_write = rebuild.async_write
        with (
            patch.object(site_costs, "async_rebuild", side_effect=RecorderError("too late")),
            patch.object(rebuild, "async_write", write),
        ):
            home.sites[0].coordinator.history.start_night()
            await home.settle()
            await home.hass.config_entries.async_unload(home.entry.entry_id)
        assert memories
        hass_storage.clear()
        hass_storage.update(json.loads(memories[0]))
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        await assert_costs(home, plain_prices(home))

    async def test_quiet_refresh_saves_nothing(self, home: Home) -> None:
        """What is new is read again after a restart anyhow, so nothing is remembered at once."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        with patch.object(ClimkitStore, "async_save_now", autospec=True) as save:
            for _ in range(5):
                await home.turn_clock(minutes=15)
        assert save.call_count == 0
        await assert_costs(home, plain_prices(home))

    async def test_database_restored_from_a_backup(self, home: Home) -> None:
        """The memory knows of more rows than the recorder has: the recorder is right."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await delete_rows(home.hass, since=NOW.replace(minute=0) - timedelta(days=1))
        await home.set_up_completely()
        await assert_costs(home, plain_prices(home))

    async def test_recorder_in_trouble(self, home: Home) -> None:
        """Costs that cannot be stored do not hold up energy."""
        await home.set_up()
        with patch.object(site_costs, "async_rebuild", side_effect=RecorderError("no")) as write:
            add_tariff(home, plain_tariff(home))
            await home.until(lambda: home.is_complete)
            await home.until(lambda: bool(write.call_count))
            await async_wait_recording_done(home.hass)
            await assert_equal_to_climkit(home)
        await home.restart()
        await home.complete()
        await assert_costs(home, plain_prices(home))


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
        home.sites[0].coordinator.history.start_night()
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
        coordinator = home.sites[0].coordinator
        for ending in ("_total", "_total_cost", "_ext"):
            await coordinator.async_delete([f"climkit:{flat_of(home)}{ending}"])
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
            f"{site_id}_cost_progress",
            f"{site_id}_grid_price",
            f"{site_id}_solar_price",
        }

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
        home.sites[0].coordinator.history.start_night()
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
            meter.id
            for meter in home.sites[0].coordinator.data.meters.values()
            if meter.type == "charge_point"
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
        for meter in home.sites[0].coordinator.data.meters.values():
            if f"climkit:{meter.id}_total_cost" in stored:
                entry = registry.async_get(home.entity_id(f"{meter.id}_cost_today"))
                assert entry
                is_live = meter.type in ("electricity", "charge_point")
                assert (entry.disabled_by is None) == is_live
