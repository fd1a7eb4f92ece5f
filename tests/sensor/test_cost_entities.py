"""Entities of costs say what is true now, or nothing: whatever tariffs and meters do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.costs import computing
from custom_components.climkit.costs.site_costs import SiteCosts
from custom_components.climkit.costs.state import CostPage
from custom_components.climkit.feeds.reader import FeedReader
from custom_components.climkit.history.site_history import SiteHistory
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.statistics.recorder import RecorderError
from tests.conftest import NOW, Home, fire_timers
from tests.costs.bill import add_tariff, correct_tariff, delete_tariff, feed_in, tariff
from tests.simulator import World, apartment_house
from tests.small_site import FIRST, source, world
from tests.stories.source import METER_ID, SITE_ID, WATER, Correction, Source
from tests.stories.verdict import assert_true
from tests.truth import hourly_changes, known_names

__all__ = ["source", "world"]

pytestmark = pytest.mark.recorder

HOUR = timedelta(hours=1)

SITE_COSTS = [f"{SITE_ID}_cost_today", f"{SITE_ID}_cost_this_month"]
METER_COSTS = [f"{METER_ID}_cost_today", f"{METER_ID}_cost_this_month"]
PROGRESS = f"{SITE_ID}_cost_progress"


def prices(valid_from: str, grid: float = 0.3, **others: float) -> dict[str, Any]:
    """A tariff with a fee."""
    fields = {"solar_price": 0.2, "cold_water_price": 2.0, "site_fee": 30.0} | others
    return tariff(SITE_ID, valid_from, grid_price=grid, **fields)


async def assert_all_true(home: Home) -> None:
    """Every hour of energy and costs is right, and what entities say of them."""
    await home.complete()
    await assert_true(home, [dict(one.data) for one in home.entry.subentries.values()])


def states(home: Home, unique_ids: list[str]) -> set[str]:
    """What entities show."""
    return {home.state(unique_id).state for unique_id in unique_ids}


@asynccontextmanager
async def pages_computed(home: Home) -> AsyncIterator[list[CostPage]]:
    """The pages of costs that are computed meanwhile."""
    pages: list[CostPage] = []
    compute = SiteCosts._async_compute

    async def count(self: SiteCosts, page: CostPage) -> None:
        pages.append(page)
        await compute(self, page)

    with patch.object(SiteCosts, "_async_compute", count):
        yield pages


class Gate:
    """Stops what passes it, until it is opened."""

    def __init__(self) -> None:
        """Begin closed."""
        self.waits, self._open = asyncio.Event(), asyncio.Event()

    async def passes(self) -> None:
        """Pass, once it is open."""
        self.waits.set()
        await self._open.wait()

    def open(self) -> None:
        """Let all pass."""
        self._open.set()


@contextmanager
def held_rows() -> Iterator[Gate]:
    """Hold back the amounts that costs are computed of, until the gate is opened."""
    gate, rows = Gate(), computing.async_rows

    async def slow(*args: Any) -> Any:
        await gate.passes()
        return await rows(*args)

    with patch.object(computing, "async_rows", slow):
        yield gate


async def assert_progress(home: Home, gate: Gate, percent: str) -> None:
    """So much is shown while the amounts are held back; all, once the gate is open."""
    await home.until(gate.waits.is_set)
    await home.hass.async_block_till_done()
    assert home.state(PROGRESS).state == percent
    gate.open()
    await home.settle()
    assert home.state(PROGRESS).state == "100.0"


class TestNoTariffNow:
    """The tariff that held until now holds no longer."""

    @pytest.mark.parametrize("day", ["2026-11-21", "2026-12-01", "2027-01-01", "2199-01-01"])
    @pytest.mark.parametrize("way", ["moved", "deleted"])
    async def test_only_a_later_one_remains(self, home: Home, way: str, day: str) -> None:
        """Nothing costs anything: nothing is shown, and nothing is computed again and again."""
        await home.set_up_completely()
        first = add_tariff(home, prices("2026-01-01"))
        if way == "deleted":
            add_tariff(home, prices(day))
        await home.settle()
        assert all(float(home.state(one).state) > 0 for one in SITE_COSTS)
        async with pages_computed(home) as pages:
            if way == "deleted":
                delete_tariff(home, first)
            else:
                correct_tariff(home, first, prices(day))
            await home.hass.async_block_till_done()
            assert states(home, [*SITE_COSTS, *METER_COSTS]) == {"unknown"}
            await home.settle()
            for _ in range(3):
                await home.turn_clock(minutes=15)
            await home.restart()
            await home.turn_clock(minutes=15)
        assert len(pages) < 50
        assert states(home, [*SITE_COSTS, *METER_COSTS, f"{SITE_ID}_grid_price"]) == {"unknown"}
        assert home.state(PROGRESS).state == "100.0"
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]
        await assert_all_true(home)

    async def test_deleted_statistics_before_the_first_tariff(self, home: Home) -> None:
        """Statistics that are deleted meanwhile are made anew, costs of them there are none."""
        await home.set_up_completely()
        add_tariff(home, prices("2027-01-01"))
        await home.settle()
        async with pages_computed(home) as pages:
            ids = [f"climkit:{METER_ID}_total", f"climkit:{METER_ID}_total_cost"]
            await home.sites[0].async_delete(ids)
            await home.complete()
        assert len(pages) < 50
        await assert_all_true(home)

    async def test_until_it_begins(self, home: Home) -> None:
        """From its first midnight on the tariff's own hours and fees count."""
        await home.set_up_completely()
        first = add_tariff(home, prices("2026-01-01"))
        await home.settle()
        correct_tariff(home, first, prices("2026-11-21", grid=0.5))
        await home.settle()
        await home.turn_clock(to=datetime.fromisoformat("2026-11-20T23:02:00+00:00"))
        assert states(home, SITE_COSTS) == {"unknown"}  # there is no hour of it yet
        for _ in range(3):
            await home.turn_clock(hours=1)
        today, month = (float(home.state(one).state) for one in SITE_COSTS)
        assert today == month
        await assert_all_true(home)


class TestOtherPrices:
    """Tariffs come and go around today; what entities show is what holds now."""

    @pytest.mark.parametrize(
        "later",
        [
            prices("2026-11-20", grid=0.5),
            prices("2026-11-10"),
            prices("2026-11-19", site_fee=5.0),
            tariff(SITE_ID, "2026-11-20", cold_water_price=3.0),
            tariff(SITE_ID, "2026-11-19", grid_price=0.4, solar_price=0.1),
            tariff(SITE_ID, "2026-11-20", site_fee=9.0),
            prices("2027-01-01", grid=9.0),
        ],
        ids=[
            "from today",
            "in the month",
            "another fee",
            "water only",
            "no water",
            "fees only",
            "next year",
        ],
    )
    async def test_added_moved_deleted(self, home: Home, later: dict[str, Any]) -> None:
        """Another tariff is added, both change their days, and each is deleted."""
        await home.set_up_completely()
        first = add_tariff(home, prices("2026-01-01"))
        second = add_tariff(home, later)
        await home.settle()
        await assert_all_true(home)
        correct_tariff(home, first, prices("2026-11-18", grid=0.1))
        await home.settle()
        await assert_all_true(home)
        delete_tariff(home, first)
        await home.settle()
        await assert_all_true(home)
        correct_tariff(home, second, {**later, "valid_from": "2026-11-19"})
        await home.settle()
        await assert_all_true(home)

    async def test_a_later_tariff_is_no_news_for_today(self, home: Home) -> None:
        """What is shown stays, without a moment of not knowing."""
        await home.set_up_completely()
        add_tariff(home, prices("2026-01-01"))
        await home.settle()
        before = states(home, SITE_COSTS)
        with patch.object(computing, "async_rebuild", side_effect=RecorderError("no")):
            add_tariff(home, prices("2027-01-01", grid=0.9))
            await home.hass.async_block_till_done()
            assert states(home, SITE_COSTS) == before
        await assert_all_true(home)

    async def test_changed_and_changed_back_while_computed(self, home: Home) -> None:
        """What was computed with prices of a moment does not stay."""
        await home.set_up_completely()
        first = add_tariff(home, prices("2026-01-01"))
        await home.settle()
        with held_rows() as gate:
            correct_tariff(home, first, prices("2026-01-01", grid=0.4))
            await home.until(gate.waits.is_set)
            correct_tariff(home, first, prices("2026-01-01", grid=0.9))
            await home.hass.async_block_till_done()
            found = home.sites[0].costs._state
            before = found.tariffs
            gate.open()
            await home.until(lambda: found.tariffs is not before)
            correct_tariff(home, first, prices("2026-01-01", grid=0.4))
            await home.settle()
        await assert_all_true(home)

    @pytest.mark.parametrize("what", ["deleted", "moved"])
    async def test_gone_while_computed(self, home: Home, what: str) -> None:
        """A tariff is deleted, or moved, while its costs are being computed."""
        await home.set_up_completely()
        add_tariff(home, prices("2026-01-01"))
        await home.settle()
        with held_rows() as gate:
            second = add_tariff(home, prices("2026-11-19", grid=0.4))
            await home.until(gate.waits.is_set)
            if what == "deleted":
                delete_tariff(home, second)
            else:
                correct_tariff(home, second, prices("2026-11-20", grid=0.4))
            await home.hass.async_block_till_done()
            gate.open()
            await home.settle()
        await assert_all_true(home)


class TestWhileComputed:
    """While costs are computed, what is not known yet is not shown, and progress is."""

    @pytest.mark.parametrize("day", ["2026-01-01", "2026-11-19"])
    async def test_first_tariff(self, home: Home, day: str) -> None:
        """Not a cost of 0.00, and less than 100 %, until all is there."""
        await home.set_up_completely()
        gate = Gate()
        seen: set[str] = set()
        rebuild = computing.async_rebuild

        async def slow(*args: Any) -> Any:
            await gate.passes()
            seen.update(states(home, [*SITE_COSTS, *METER_COSTS]))
            return await rebuild(*args)

        with patch.object(computing, "async_rebuild", slow):
            add_tariff(home, prices(day))
            await home.until(gate.waits.is_set)
            await home.hass.async_block_till_done()
            assert states(home, [*SITE_COSTS, *METER_COSTS]) == {"unknown"}
            if day == "2026-01-01":
                assert float(home.state(PROGRESS).state) < 100
            gate.open()
            await home.settle()
        assert seen == {"unknown"}
        assert home.state(PROGRESS).state == "100.0"
        assert home.state(PROGRESS).attributes["unit_of_measurement"] == "%"
        await assert_all_true(home)

    async def test_corrected_tariff(self, home: Home) -> None:
        """What it cost by the wrong price is not shown any more."""
        await home.set_up_completely()
        first = add_tariff(home, prices("2026-01-01"))
        await home.settle()
        with patch.object(computing, "async_rebuild", side_effect=RecorderError("no")):
            correct_tariff(home, first, prices("2026-01-01", grid=0.6))
            await home.hass.async_block_till_done()
            assert states(home, [*SITE_COSTS]) == {"unknown"}
            await home.turn_clock(minutes=15, settle=False)
            assert states(home, [*SITE_COSTS]) == {"unknown"}
        await home.restart()
        await assert_all_true(home)

    async def test_more_to_compute_than_costs_something(self, home: Home) -> None:
        """A tariff begins today only, so all days before are to go: that is 0 %, not less."""
        await home.set_up_completely()
        first = add_tariff(home, prices("2026-01-01"))
        await home.settle()
        with held_rows() as gate:
            correct_tariff(home, first, prices("2026-11-20"))
            await assert_progress(home, gate, "0.0")

    async def test_a_last_hour(self, home: Home, source: Source) -> None:
        """It is less than half a percent of all, and still to be computed: so not all is."""
        await home.set_up_completely()
        add_tariff(home, prices("2026-01-01"))
        await home.settle()
        two_days_ago = FIRST + 24 * HOUR
        source.corrections.append(Correction(two_days_ago - HOUR, two_days_ago, WATER[1], 2.0))
        with held_rows() as gate:
            home.sites[0].history.start_night()
            await assert_progress(home, gate, "99.0")

    async def test_no_moment_of_not_knowing(self, home: Home) -> None:
        """New data, each quarter-hour, neither hide what is known nor move progress."""
        await home.set_up_completely()
        add_tariff(home, prices("2026-01-01"))
        await home.settle()
        shown: set[str] = set()
        percents: set[str] = set()

        def note(event: Any) -> None:
            if (found := watched.get(event.data["entity_id"])) is not None:
                found.add(event.data["new_state"].state)

        watched = {home.entity_id(one): shown for one in SITE_COSTS}
        watched[home.entity_id(PROGRESS)] = percents
        home.hass.bus.async_listen("state_changed", note)
        for _ in range(5):
            await home.turn_clock(minutes=15)
        assert len(shown) > 1
        assert "unknown" not in shown
        assert not percents
        assert home.state(PROGRESS).state == "100.0"
        await assert_all_true(home)

    async def test_fractions_of_a_centime_are_written(self, home: Home) -> None:
        """Home Assistant makes statistics of these sums, so nothing waits until it is seen."""
        await home.set_up_completely()
        add_tariff(home, tariff(SITE_ID, "2026-01-01", grid_price=0.002, solar_price=0.002))
        for _ in range(3):
            await home.turn_clock(minutes=15)
            await assert_all_true(home)

    async def test_during_the_import(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """A month of which half is read does not cost half: it is not known."""
        monkeypatch.setattr(
            "custom_components.climkit.feeds.page_size.FIRST_PAGE", timedelta(days=1)
        )
        monkeypatch.setattr(
            "custom_components.climkit.feeds.page_size.LONGEST_PAGE", timedelta(days=1)
        )
        seen: set[tuple[str, ...]] = set()
        done: list[bool] = []
        fetch = SiteHistory._async_import

        async def slow(self: SiteHistory, page: Any) -> None:
            await fetch(self, page)
            if page.feed == Feed(SITE_ID, "electricity") and not self.is_up_to_date:
                await home.until(lambda: home.sites[0].costs.worker.is_idle)
                seen.add(tuple(home.state(one).state for one in (PROGRESS, *SITE_COSTS)))
                done.append(bool(await hourly_changes(home)))

        home.entry.add_to_hass(home.hass)
        add_tariff(home, prices("2026-01-01"))
        with patch.object(SiteHistory, "_async_import", slow):
            await home.set_up()
            await home.complete()
        assert any(done)
        assert len(seen) > 1
        assert {shown[1:] for shown in seen} == {("unknown", "unknown")}
        assert all(float(percent) < 100 for percent, *_ in seen)
        await assert_all_true(home)

    async def test_history_made_anew(self, home: Home) -> None:
        """Statistics are deleted and read again: until then nobody knows what it cost."""
        await home.set_up_completely()
        add_tariff(home, prices("2026-01-01"))
        await home.settle()
        gate, read = Gate(), SiteHistory._async_import

        async def slow(self: SiteHistory, page: Any) -> None:
            await gate.passes()
            await read(self, page)

        with patch.object(SiteHistory, "_async_import", slow):
            site = home.sites[0]
            await site.async_delete([f"climkit:{SITE_ID}_electricity_from_ext"])
            await home.until(lambda: states(home, SITE_COSTS) == {"unknown"})
            await home.until(lambda: home.state(PROGRESS).state not in {"unknown", "100.0"})
            assert float(home.state(PROGRESS).state) < 100
            gate.open()
            await home.complete()
        await assert_all_true(home)

    async def test_a_feed_in_price_of_the_past(self, home: Home) -> None:
        """What the house costs does not change, and is shown meanwhile."""
        await home.set_up_completely()
        add_tariff(home, prices("2026-01-01"))
        await home.settle()
        before = states(home, SITE_COSTS)
        assert "unknown" not in before
        add_tariff(home, feed_in(SITE_ID, "2026-01-01", price=0.1))
        assert states(home, SITE_COSTS) == before
        await home.settle()
        assert states(home, SITE_COSTS) == before
        await assert_all_true(home)

    async def test_old_hours_of_a_night(self, home: Home, source: Source) -> None:
        """An hour of long ago that is corrected takes nothing away from what is shown."""
        await home.set_up_completely()
        add_tariff(home, prices("2026-01-01"))
        await home.settle()
        source.corrections.append(Correction(FIRST, FIRST + 9 * HOUR, None, 2.0))
        home.sites[0].history.start_night()
        await home.settle()
        assert home.state(PROGRESS).state == "100.0"
        await assert_all_true(home)


class TestMeters:
    """Entities of costs come and go with the meter's device."""

    @pytest.fixture
    def world(self) -> World:
        """An apartment house with two flats."""
        site = apartment_house(1, NOW, timedelta(days=23), flats=2)
        return World.of(replace(site, faultless=True))

    @pytest.fixture
    def house(self, home: Home) -> Home:
        """It, with prices of electricity and water."""
        [site_id] = home.simulator.world.sites
        home.entry.add_to_hass(home.hass)
        add_tariff(
            home,
            tariff(site_id, "2026-01-01", grid_price=0.3, solar_price=0.2, cold_water_price=2.0),
        )
        return home

    @staticmethod
    def flat(home: Home) -> str:
        """The second flat's electricity meter."""
        [site] = home.simulator.world.sites.values()
        return next(one.id for one in site.meters if (one.info or {}).get("name") == "Flat 2")

    @staticmethod
    def entry(home: Home, unique_id: str) -> er.RegistryEntry | None:
        """What the registry has of an entity."""
        registry = er.async_get(home.hass)
        found = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
        return registry.async_get(found) if found else None

    def assert_own(self, home: Home, meter_id: str) -> None:
        """A meter's entities of costs are on its device, under its name."""
        device = dr.async_get(home.hass).async_get_device_by_identifier(
            (DOMAIN, meter_id), home.entry.entry_id
        )
        assert device
        for key, ending in (("cost_today", "Cost today"), ("cost_this_month", "Cost this month")):
            entry = self.entry(home, f"{meter_id}_{key}")
            assert entry
            assert entry.device_id == device.id
            state = home.hass.states.get(entry.entity_id)
            assert state
            assert state.name == f"{device.name} {ending}"

    @staticmethod
    async def refresh_slowly(
        home: Home, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]
    ) -> None:
        """Let the day's list come, and the rest of the refresh take its time."""
        gate, read = Gate(), FeedReader.async_read

        async def slow(self: FeedReader, feed: Feed, *args: Any) -> Any:
            if feed.meter_type == "cold_water":
                await gate.passes()
            return await read(self, feed, *args)

        monkeypatch.setattr(FeedReader, "async_read", slow)
        home.freezer.move_to(dt_util.utcnow() + timedelta(hours=25))
        fire_timers(home.hass)
        await home.until(gate.waits.is_set)
        await home.until(lambda: home.sites[0].costs.worker.is_idle)
        home.sites[0].coordinator.async_update_listeners()
        meanwhile()
        gate.open()
        await home.hass.async_block_till_done()
        await home.complete()

    async def test_joins(self, house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """Costs know a new meter sooner than there is a device of it."""
        flat = self.flat(house)
        house.simulator.switches.hidden_meters = [flat]
        await house.set_up_completely()
        assert not self.entry(house, f"{flat}_cost_today")
        house.simulator.switches.hidden_meters = []

        def meanwhile() -> None:
            assert flat in house.sites[0].costs.plan.owner_ids
            assert not self.entry(house, f"{flat}_cost_today")

        await self.refresh_slowly(house, monkeypatch, meanwhile)
        await house.turn_clock(minutes=15)
        self.assert_own(house, flat)
        assert float(house.state(f"{flat}_cost_this_month").state) > 0
        names = await known_names(house.hass)
        assert names[f"climkit:{flat}_total_cost"] == f"{names[f'climkit:{flat}_total']} cost"
        assert "Flat 2" in names[f"climkit:{flat}_total"]

    async def test_one_list_lacks_it(self, house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its device stays, and so do its entities with the person's name."""
        flat = self.flat(house)
        await house.set_up_completely()
        registry = er.async_get(house.hass)
        registry.async_update_entity(house.entity_id(f"{flat}_cost_today"), name="My bill")
        house.simulator.switches.hidden_meters = [flat]

        def stays() -> None:
            entry = self.entry(house, f"{flat}_cost_today")
            assert entry
            assert entry.name == "My bill"

        await self.refresh_slowly(house, monkeypatch, stays)
        stays()
        await house.restart()
        stays()
        await house.turn_clock(minutes=15)
        stays()
        house.simulator.switches.hidden_meters = []
        await house.turn_clock(hours=25)
        stays()
        await house.turn_clock(minutes=15)
        assert float(house.state(f"{flat}_cost_this_month").state) > 0

    async def test_three_lists_lack_it(self, house: Home) -> None:
        """Then its device goes, and when it returns it has its entities again."""
        flat = self.flat(house)
        await house.set_up_completely()
        house.simulator.switches.hidden_meters = [flat]
        for day in range(3):
            assert self.entry(house, f"{flat}_cost_today"), day
            await house.turn_clock(hours=25)
            await house.turn_clock(minutes=15)
        assert not self.entry(house, f"{flat}_cost_today")
        house.simulator.switches.hidden_meters = []
        await house.turn_clock(hours=25)
        await house.turn_clock(minutes=15)
        self.assert_own(house, flat)

    async def test_exchanged(self, house: Home) -> None:
        """The flat's meter is exchanged: the new one has its own, the old one's stay for days."""
        [site] = house.simulator.world.sites.values()
        old = self.flat(house)
        new = next(one.id for one in site.meters if (one.info or {}).get("name") == "Flat 1")
        house.simulator.switches.hidden_meters = [new]
        await house.set_up_completely()
        house.simulator.switches.hidden_meters = [old]
        await house.turn_clock(hours=25)
        await house.turn_clock(minutes=15)
        self.assert_own(house, new)
        assert self.entry(house, f"{old}_cost_today")
        assert house.state(f"{old}_cost_today").state == "unavailable"

    async def test_price_goes_while_it_is_away(self, house: Home) -> None:
        """What has no price any more has no cost, once it is known to be there."""
        flat = self.flat(house)
        await house.set_up_completely()
        house.simulator.switches.hidden_meters = [flat]
        await house.turn_clock(hours=25)
        [subentry] = house.entry.subentries
        [site_id] = house.simulator.world.sites
        correct_tariff(house, subentry, tariff(site_id, "2026-01-01", cold_water_price=2.0))
        await house.settle()
        assert self.entry(house, f"{flat}_cost_today")
        house.simulator.switches.hidden_meters = []
        await house.turn_clock(hours=25)
        assert self.entry(house, f"{flat}_cost_today") is None
        assert self.entry(house, f"{site_id}_cost_today")

    async def test_last_tariff_goes(self, house: Home) -> None:
        """Nothing of costs remains, until there is one again."""
        await house.set_up_completely()
        [(subentry, known)] = house.entry.subentries.items()
        delete_tariff(house, subentry)
        await house.settle()
        found = er.async_entries_for_config_entry(er.async_get(house.hass), house.entry.entry_id)
        assert not [one.unique_id for one in found if "cost" in one.unique_id]
        add_tariff(house, dict(known.data))
        await house.settle()
        assert float(house.state(f"{self.flat(house)}_cost_today").state) > 0
