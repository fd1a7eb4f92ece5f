"""What is added to the Energy dashboard, and that nothing else is touched."""

from datetime import timedelta
import json
from typing import Any
from unittest.mock import patch

from homeassistant.components.energy.data import EnergyManager, async_get_manager
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    async_import_statistics,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.energy_dashboard import DashboardRequest, preferences, request
from custom_components.climkit.energy_dashboard.merge import SkipReason
from custom_components.climkit.statistics.recorder import (
    async_clear,
    async_hours,
    async_publish,
    metadata,
)
from tests.conftest import Home
from tests.energy_dashboard.house import (
    DEVICE_OF_A_PERSON,
    EMPTY,
    GRID_OF_A_PERSON,
    behind_garage,
    call,
    charge_points,
    configure,
    coordinator,
    device,
    ids,
    issues,
    meter,
    parents,
    save_again,
    site_device,
    stored,
)

pytestmark = pytest.mark.default_entities


class TestSite:
    """The whole building."""

    async def test_empty_dashboard(self, house: Home, hass_ws_client: WebSocketGenerator) -> None:
        """Everything is added once; a dry run and a second run change nothing."""
        before = await stored(house)
        listed = await call(house, device_id=site_device(house), dry_run=True)
        assert await stored(house) == before
        added = await call(house, device_id=site_device(house))
        assert added == listed
        manager: EnergyManager = await async_get_manager(house.hass)
        assert manager.data == added["added"]

        own = f"climkit:{coordinator(house).site.id}_"
        sources = [s for s in added["added"]["energy_sources"] if s["type"] != "home"]
        assert [source["type"] for source in sources] == [
            "grid",
            "solar",
            "battery",
            "water",
            "water",
        ]
        grid, solar, battery, *waters = ids(sources)
        assert grid["stat_energy_from"] == f"{own}electricity_from_ext"
        assert grid["stat_energy_to"] == f"{own}electricity_to_ext"
        assert solar["stat_energy_from"] == f"{own}electricity_prod_total"
        assert battery["stat_energy_from"] == f"{own}electricity_storage_discharging_total"
        assert battery["stat_energy_to"] == f"{own}electricity_storage_charging_total"
        assert {water["stat_energy_from"] for water in waters} == {
            f"{own}cold_water_conso_total",
            f"{own}hot_water_conso_total",
        }
        devices = added["added"]["device_consumption"]
        names = [one["name"] for one in devices]
        assert {"Flat 1", "Flat 3", "Common parts", "Heat pump", "Garage"} <= set(names)
        assert sum(name.startswith("Charge point") for name in names) == 2
        assert not any("Heating" in name or "Cooling" in name for name in names)
        assert parents(devices) == behind_garage(house)
        await self.expect_no_negative_rest(house, devices)
        assert not {"Introduction", "PV roof", "Battery"} & set(names)
        assert len(added["added"]["device_consumption_water"]) == 6
        assert added["skipped"] == []

        after = await stored(house)
        again = await call(house, device_id=site_device(house))
        assert again["added"] == EMPTY
        assert {one["reason"] for one in again["skipped"]} == {SkipReason.ALREADY_THERE}
        assert await stored(house) == after
        assert await issues(house, hass_ws_client) == []
        await save_again(house, hass_ws_client)
        assert await stored(house) == after

    @pytest.mark.parametrize("number", [0, -1])
    async def test_a_statistic_is_not_there_yet(self, house: Home, number: int) -> None:
        """One of many that would be shown: it would be an issue of the dashboard."""
        listed = await call(house, device_id=site_device(house), dry_run=True)
        device_ids = [one["stat_consumption"] for one in listed["added"]["device_consumption"]]
        missing = device_ids[number]
        real = preferences.async_known_names

        async def known(hass: HomeAssistant, ids: set[str]) -> dict[str, str | None]:
            return await real(hass, ids - {missing})

        before = await stored(house)
        with (
            patch.object(preferences, "async_known_names", known),
            pytest.raises(ServiceValidationError) as error,
        ):
            await call(house, device_id=site_device(house))
        assert error.value.translation_key == "statistics_not_ready"
        assert await stored(house) == before

    async def expect_no_negative_rest(self, home: Home, devices: list[dict[str, Any]]) -> None:
        """What the devices that are no parts use together is no more than the site uses."""
        site = f"climkit:{coordinator(home).site.id}_electricity_conso_total"
        outer = [
            one["stat_consumption"]
            for one in devices
            if one["stat_consumption"] not in parents(devices)
        ]
        end = home.true_now - timedelta(hours=3)
        hours = await async_hours(home.hass, [site, *outer], end - timedelta(days=30), end)
        assert len(hours[site]) > 48
        for hour, used in hours[site].items():
            assert sum(hours[one][hour] for one in outer) == pytest.approx(used, abs=1e-6)

    async def test_dashboard_of_a_person(self, house: Home) -> None:
        """It stays to the byte; what it lacked comes behind."""
        await configure(
            house,
            energy_sources=[GRID_OF_A_PERSON],
            device_consumption=[DEVICE_OF_A_PERSON],
        )
        before = json.loads(await stored(house))
        answer = await call(house, device_id=site_device(house))
        [skipped] = answer["skipped"]
        assert (skipped["kind"], skipped["reason"]) == ("grid", "other_source")
        after = json.loads(await stored(house))
        for key, entries in before.items():
            kept = after[key][: len(entries)]
            assert json.dumps(kept) == json.dumps(entries)
            assert after[key][len(entries) :] == answer["added"][key]
        assert {one["type"] for one in answer["added"]["energy_sources"]} >= {
            "solar",
            "battery",
            "water",
        }
        assert "grid" not in {one["type"] for one in answer["added"]["energy_sources"]}

        named = await call(house, device_id=site_device(house), also=["grid"])
        assert [one["type"] for one in named["added"]["energy_sources"]] == ["grid"]

    async def test_costs_and_parents(self, house: Home, hass_ws_client: WebSocketGenerator) -> None:
        """Costs that were published are used; a meter in another is told where it is named."""
        own = f"climkit:{coordinator(house).site.id}_electricity_"
        await publish(house, f"{own}from_ext_cost", f"{own}to_ext_cost")
        garage, pump = meter(house, "Garage"), meter(house, "Heat pump")
        answer = await call(
            house,
            device_id=site_device(house),
            included_in=[{"device_id": device(house, pump), "parent": device(house, garage)}],
        )
        grid = answer["added"]["energy_sources"][0]
        assert grid["stat_cost"] == f"{own}from_ext_cost"
        assert grid["stat_compensation"] == f"{own}to_ext_cost"
        assert parents(answer["added"]["device_consumption"]) == {
            **behind_garage(house),
            f"climkit:{pump}_total": f"climkit:{garage}_total",
        }
        assert await issues(house, hass_ws_client) == []

    async def test_names(self, house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sources have names as devices have, where this Home Assistant knows names of sources."""
        answer = await call(house, device_id=site_device(house), dry_run=True)
        sources = [s for s in answer["added"]["energy_sources"] if s["type"] != "home"]
        assert {one["name"] for one in sources} == {
            "Les Tilleuls",  # two: of what goes both ways Home Assistant says which is which
            "Les Tilleuls Production",
            "Les Tilleuls Cold water",
            "Les Tilleuls Hot water",
        }
        flat, water = meter(house, "Flat 3"), meter(house, "Cold water flat 3")
        data = {"device_id": device(house, flat), "water": [device(house, water)]}
        answer = await call(house, **data, dry_run=True)
        sources = [s for s in answer["added"]["energy_sources"] if s["type"] != "home"]
        assert [one["name"] for one in sources] == [
            "Flat 3 Grid energy",
            "Flat 3 Solar energy",
            "Cold water flat 3",
        ]

        schema = preferences.ENERGY_SOURCE_SCHEMA

        def older(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if any("name" in one for one in sources):
                raise vol.Invalid("extra keys not allowed")
            return schema(sources)

        monkeypatch.setattr(preferences, "ENERGY_SOURCE_SCHEMA", older)
        answer = await call(house, device_id=site_device(house))
        assert not any("name" in one for one in answer["added"]["energy_sources"])

    async def test_charge_points_that_nobody_knows(
        self, house: Home, hass_ws_client: WebSocketGenerator
    ) -> None:
        """Without hours that tell they are left out, until somebody says what holds them."""
        points = charge_points(house)
        statistics = {f"climkit:{point}_total" for point in points}
        await async_clear(house.hass, statistics)
        for series in coordinator(house).data.series.values():
            if series.statistic_id in statistics:
                async_publish(house.hass, metadata(series, "Charge point"))
        await house.settle()
        site = site_device(house)
        answer = await call(house, device_id=site)
        shown = {one["stat_consumption"] for one in answer["added"]["device_consumption"]}
        assert not shown & statistics
        unknown = [one for one in answer["skipped"] if one["reason"] == "parent_unknown"]
        assert {one["statistic_ids"][0] for one in unknown} == statistics

        one, other = (device(house, point) for point in points)
        garage = device(house, meter(house, "Garage"))
        rows = [{"device_id": one, "parent": garage}, {"device_id": other}]
        answer = await call(house, device_id=site, included_in=rows)
        added = answer["added"]["device_consumption"]
        assert {one["stat_consumption"] for one in added} == statistics
        first = f"climkit:{points[0]}_total"
        assert parents(added) == {first: behind_garage(house)[first]}
        assert await issues(house, hass_ws_client) == []
        answer = await call(house, device_id=site)
        reasons = {one["statistic_ids"][0]: one["reason"] for one in answer["skipped"]}
        assert {reasons[one] for one in statistics} == {"already_there"}

    async def test_charge_points_that_were_not_used_lately(self, house: Home) -> None:
        """Hours of seven weeks ago tell what holds them."""
        points, garage = charge_points(house), meter(house, "Garage")
        kilowatts = {f"climkit:{one}_total": 5.0 for one in points}
        kilowatts[f"climkit:{garage}_total"] = 11.0
        await async_clear(house.hass, set(kilowatts))
        first = house.true_now.replace(minute=0, second=0, microsecond=0) - timedelta(days=50)
        for series in coordinator(house).data.series.values():
            if used := kilowatts.get(series.statistic_id):
                rows = [
                    StatisticData(
                        start=first + timedelta(hours=hour),
                        state=used * (hour % 2),
                        sum=used * ((hour + 1) // 2),
                    )
                    for hour in range(12)
                ]
                async_add_external_statistics(house.hass, metadata(series, "Garage"), rows)
        await house.settle()
        found = await preferences.async_find_parents(house.hass, house.sites[0])
        assert found == dict.fromkeys(points, garage)

    async def test_heat_pump_behind_the_common_meter(self, house: Home) -> None:
        """More is used by all together than by the site, namely what the heat pump uses."""
        pump, common = (
            next(one for one in coordinator(house).data.series.values() if one.statistic_id == key)
            for key in (
                f"climkit:{meter(house, 'Heat pump')}_total",
                f"climkit:{meter(house, 'Common parts')}_total",
            )
        )
        end = house.true_now
        start = end - timedelta(days=30)
        ids = [pump.statistic_id, common.statistic_id]
        hours = await async_hours(house.hass, ids, start, end)
        rows: list[StatisticData] = []
        total = 0.0
        for hour, amount in hours[common.statistic_id].items():
            state = amount + hours[pump.statistic_id][hour]
            total += state
            rows.append(StatisticData(start=hour, state=state, sum=total))
        async_add_external_statistics(house.hass, metadata(common, "Common parts"), rows)
        await house.settle()
        answer = await call(house, device_id=site_device(house))
        assert parents(answer["added"]["device_consumption"]) == {
            **behind_garage(house),
            pump.statistic_id: common.statistic_id,
        }

    async def test_newest_hours_are_not_whole_yet(self, house: Home) -> None:
        """A charge point has them already, the meter that it stands behind only in part."""
        before = await preferences.async_find_parents(house.hass, house.sites[0])
        first, _ = charge_points(house)
        key = f"climkit:{first}_total"
        point = next(one for one in house.sites[0].series.values() if one.statistic_id == key)
        newest = house.true_now.replace(minute=0, second=0, microsecond=0)
        rows = [
            StatisticData(start=newest - timedelta(hours=ago), state=50.0, sum=1e4 - 50.0 * ago)
            for ago in (3, 2, 1)
        ]
        async_add_external_statistics(house.hass, metadata(point, "Charge point"), rows)
        await house.settle()
        assert first in before
        assert await preferences.async_find_parents(house.hass, house.sites[0]) == before

    async def test_what_a_person_said_goes_before_the_data(self, house: Home) -> None:
        """A charge point that is named stands where it is said; the others where the data say."""
        first, second = charge_points(house)
        answer = await call(
            house, device_id=site_device(house), included_in=[{"device_id": device(house, first)}]
        )
        devices = answer["added"]["device_consumption"]
        assert f"climkit:{first}_total" in {one["stat_consumption"] for one in devices}
        assert parents(devices).keys() == {f"climkit:{second}_total"}

    async def test_devices_that_are_there(self, house: Home) -> None:
        """They keep their names and parents; that they count twice, or are elsewhere, is said."""
        first, second = charge_points(house)
        flat, garage = meter(house, "Flat 1"), meter(house, "Garage")
        there = [
            {"stat_consumption": f"climkit:{first}_total", "name": "Anna's car"},
            {
                "stat_consumption": f"climkit:{second}_total",
                "included_in_stat": f"climkit:{flat}_total",
            },
            {"stat_consumption": f"climkit:{flat}_self", "name": "My sun"},
        ]
        await configure(house, device_consumption=there)
        site = site_device(house)
        for data, expected in (
            ({}, "there_with_other_parent"),
            ({"included_in": [{"device_id": device(house, second)}]}, "there_with_other_parent"),
            (
                {
                    "included_in": [
                        {"device_id": device(house, second), "parent": device(house, flat)}
                    ]
                },
                "already_there",
            ),
        ):
            answer = await call(house, device_id=site, **data)
            reasons = {one["statistic_ids"][0]: one["reason"] for one in answer["skipped"]}
            assert reasons[f"climkit:{first}_total"] == "there_without_parent"
            assert reasons[f"climkit:{second}_total"] == expected
            assert reasons[f"climkit:{flat}_total"] == "same_energy"
        after = json.loads(await stored(house))["device_consumption"]
        assert after[: len(there)] == there
        assert f"climkit:{garage}_total" in {one["stat_consumption"] for one in after}

    async def test_power_of_enabled_entities(self, house: Home) -> None:
        """It is used once the recorder has statistics of it; of what is disabled, never."""
        site_id = coordinator(house).site.id
        flat, other = meter(house, "Flat 1"), meter(house, "Flat 2")
        powers = {
            key: house.entity_id(key)
            for key in (
                f"{site_id}_net_grid_power",
                f"{site_id}_net_battery_power",
                f"{site_id}_electricity_prod_total_power",
                f"{flat}_total_power",
                f"{other}_total_power",
            )
        }
        listed = await call(house, device_id=site_device(house), dry_run=True)
        assert "stat_rate" not in json.dumps(listed)
        for entity_id in powers.values():
            async_import_statistics(house.hass, power_statistic(entity_id), [])
        await house.settle()
        registry = er.async_get(house.hass)
        registry.async_update_entity(
            powers[f"{flat}_total_power"], disabled_by=er.RegistryEntryDisabler.USER
        )
        answer = await call(house, device_id=site_device(house))
        grid, solar, battery = answer["added"]["energy_sources"][:3]
        assert grid["stat_rate"] == powers[f"{site_id}_net_grid_power"]
        assert "power_config" not in grid
        assert solar["stat_rate"] == powers[f"{site_id}_electricity_prod_total_power"]
        assert battery["stat_rate"] == powers[f"{site_id}_net_battery_power"]
        assert {
            one["stat_consumption"]: one["stat_rate"]
            for one in answer["added"]["device_consumption"]
            if "stat_rate" in one
        } == {f"climkit:{other}_total": powers[f"{other}_total_power"]}

    async def test_nobody_waits_for_power_that_is_off(self, house: Home) -> None:
        """It will never have statistics."""
        registry, [site] = er.async_get(house.hass), house.sites
        off = house.entity_id(f"{meter(house, 'Flat 1')}_total_power")
        for one in er.async_entries_for_config_entry(registry, house.entry.entry_id):
            if one.unique_id.endswith("_power") and one.entity_id != off:
                async_import_statistics(house.hass, power_statistic(one.entity_id), [])
        await house.settle()
        assert await preferences.async_lacks_power(house.hass, site)
        registry.async_update_entity(off, disabled_by=er.RegistryEntryDisabler.USER)
        assert not await preferences.async_lacks_power(house.hass, site)

    async def test_power_is_waited_for(self, house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """The recorder has statistics of it after five minutes, or some more."""
        [site], looked = house.sites, 0

        async def look(*args: Any) -> bool:
            nonlocal looked
            found = await preferences.async_lacks_power(*args)
            looked += 1
            return found

        def is_done() -> bool:
            return site.record.dashboard_request is None

        monkeypatch.setattr(request, "async_lacks_power", look)
        wish = DashboardRequest(owner_id=site.site.id)
        request.async_remember_request(house.hass, site, wish)
        for minute in range(6):
            await house.until(lambda minute=minute: looked > minute or is_done())
            assert not is_done()
            await house.turn_clock(minutes=1)
        registry = er.async_get(house.hass)
        await house.until(lambda: looked > 6 or is_done())
        for one in er.async_entries_for_config_entry(registry, house.entry.entry_id):
            if one.unique_id.endswith("_power"):
                async_import_statistics(house.hass, power_statistic(one.entity_id), [])
        await house.settle()
        await house.turn_clock(minutes=1)
        await house.until(is_done)
        assert house.entity_id(f"{site.site.id}_net_grid_power") in await stored(house)


class TestMeter:
    """One flat."""

    async def test_flat(self, house: Home, hass_ws_client: WebSocketGenerator) -> None:
        """Its grid has the cost of both, its solar none; its water is what the person names."""
        flat, water = meter(house, "Flat 3"), meter(house, "Cold water flat 3")
        await publish(house, *(f"climkit:{flat}_{one}_cost" for one in ("total", "ext", "self")))
        data = {"device_id": device(house, flat), "water": [device(house, water)]}
        before = await stored(house)
        listed = await call(house, **data, dry_run=True)
        assert await stored(house) == before
        added = await call(house, **data)
        assert added == listed
        sources = [s for s in added["added"]["energy_sources"] if s["type"] != "home"]
        assert ids(sources) == [
            {"stat_energy_from": f"climkit:{flat}_ext", "stat_cost": f"climkit:{flat}_total_cost"},
            {"stat_energy_from": f"climkit:{flat}_self"},
            {"stat_energy_from": f"climkit:{water}_total"},
        ]
        assert added["added"]["device_consumption"] == []
        after = await stored(house)
        assert (await call(house, **data))["added"] == EMPTY
        assert await stored(house) == after
        assert await issues(house, hass_ws_client) == []

        with pytest.raises(ServiceValidationError) as error:
            await call(house, device_id=site_device(house))
        assert error.value.translation_key == "other_perspective"
        assert await stored(house) == after

    async def test_after_site(self, house: Home) -> None:
        """The site stands there."""
        await call(house, device_id=site_device(house))
        after = await stored(house)
        with pytest.raises(ServiceValidationError) as error:
            await call(house, device_id=device(house, meter(house, "Flat 1")), dry_run=True)
        assert error.value.translation_key == "other_perspective"
        assert await stored(house) == after

    @pytest.mark.usefixtures("knows_home")
    async def test_home_of_two_flats(self, house: Home) -> None:
        """It is that of one: with a second flat it has to go, and comes back when one is left."""
        one, other = (device(house, meter(house, name)) for name in ("Flat 1", "Flat 2"))
        answer = await call(house, device_id=one)
        home = answer["added"]["energy_sources"][-1]
        assert home["type"] == "home"
        assert home["name"] == "Flat 1"
        again = await call(house, device_id=one)
        assert (again["added"], again["removed"]) == (EMPTY, [])

        before = await stored(house)
        listed = await call(house, device_id=other, dry_run=True)
        assert listed["removed"] == [home]
        with pytest.raises(ServiceValidationError) as error:
            await call(house, device_id=other)
        assert error.value.translation_key == "home_would_be_wrong"
        assert await stored(house) == before

        answer = await call(house, device_id=other, remove_home=True)
        assert answer == listed
        [skipped] = answer["skipped"]
        assert (skipped["kind"], skipped["reason"]) == ("home", "several_shown")
        sources = json.loads(await stored(house))["energy_sources"]
        assert [source["type"] for source in sources] == ["grid", "solar", "grid", "solar"]
        answer = await call(house, device_id=one)
        assert (answer["added"], answer["removed"]) == (EMPTY, [])
        assert "several_shown" in {one["reason"] for one in answer["skipped"]}

        await configure(house, energy_sources=sources[2:])
        answer = await call(house, device_id=other)
        assert [source["type"] for source in answer["added"]["energy_sources"]] == ["home"]


def power_statistic(entity_id: str) -> StatisticMetaData:
    """What the recorder knows of a power entity, some minutes after it was enabled."""
    return StatisticMetaData(
        source="recorder",
        statistic_id=entity_id,
        name=None,
        unit_class="power",
        unit_of_measurement="W",
        mean_type=StatisticMeanType.ARITHMETIC,
        has_sum=False,
    )


async def publish(home: Home, *statistic_ids: str) -> None:
    """Make cost statistics known, as a tariff does."""
    for statistic_id in statistic_ids:
        data = StatisticMetaData(
            source=DOMAIN,
            statistic_id=statistic_id,
            name=statistic_id,
            unit_class=None,
            unit_of_measurement="CHF",
            mean_type=StatisticMeanType.NONE,
            has_sum=True,
        )
        async_add_external_statistics(home.hass, data, [])
    await home.settle()
