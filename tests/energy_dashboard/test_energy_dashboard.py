"""What is added to the Energy dashboard, and that nothing else is touched."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
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
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.coordinator.site import SiteCoordinator
from custom_components.climkit.energy_dashboard import preferences
from custom_components.climkit.energy_dashboard.merge import SkipReason, has_circle, merge
from custom_components.climkit.energy_dashboard.proposal import (
    Preferences,
    Proposal,
    SiteView,
    propose_meter,
    propose_site,
)
from custom_components.climkit.statistics.recorder import (
    RecorderEndedError,
    async_clear,
    async_hours,
    async_publish,
    metadata,
)
from tests.conftest import Home
from tests.simulator import World, apartment_house

ACTION = "set_up_energy_dashboard"
EMPTY: Preferences = {
    "energy_sources": [],
    "device_consumption": [],
    "device_consumption_water": [],
}
GRID_OF_A_PERSON = {
    "type": "grid",
    "stat_energy_from": "sensor.my_meter",
    "stat_energy_to": None,
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": 0.31,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0.0,
    "name": "Mine",
}
DEVICE_OF_A_PERSON = {"stat_consumption": "sensor.washing_machine", "name": "Washing machine"}


@pytest.fixture
def world(now: datetime) -> World:
    """An apartment house with three flats, and with three days of data."""
    house = apartment_house(1, now, timedelta(days=24), flats=3)
    return World.of(replace(house, faultless=True))


@pytest.fixture
async def house(home: Home) -> Home:
    """A Home Assistant with the apartment house and an Energy dashboard that is not set up."""
    assert await async_setup_component(home.hass, "energy", {})
    await home.set_up()
    await home.turn_clock(minutes=1)
    return home


def coordinator(home: Home) -> SiteCoordinator:
    """The site."""
    return home.sites[0].coordinator


def meter(home: Home, name: str) -> str:
    """The id of the meter with a name."""
    return next(m.id for m in coordinator(home).data.meters.values() if m.name == name)


def device(home: Home, climkit_id: str) -> str:
    """The device of a site or meter."""
    found = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, climkit_id), home.entry.entry_id
    )
    assert found
    return found.id


def site_device(home: Home) -> str:
    """The device of the site."""
    return device(home, coordinator(home).site.id)


async def call(home: Home, **data: object) -> Mapping[str, Any]:
    """Call the action."""
    answer = await home.hass.services.async_call(
        DOMAIN, ACTION, data, blocking=True, return_response=True
    )
    assert answer is not None
    return answer


async def stored(home: Home) -> str:
    """The preferences, to the byte."""
    manager: EnergyManager = await async_get_manager(home.hass)
    return json.dumps(manager.data)


async def configure(home: Home, **preferences: list[dict[str, Any]]) -> None:
    """Let a person set up the dashboard."""
    manager: EnergyManager = await async_get_manager(home.hass)
    await manager.async_update(preferences)  # type: ignore[typeddict-item, arg-type]


async def issues(home: Home, hass_ws_client: WebSocketGenerator) -> list[Any]:
    """What Home Assistant has to say against the dashboard."""
    client = await hass_ws_client(home.hass)
    await client.send_json_auto_id({"type": "energy/validate"})
    found = (await client.receive_json())["result"]
    return [issue for entries in found.values() for entry in entries for issue in entry]


async def save_again(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Save the dashboard, as the frontend does after an edit."""
    client = await hass_ws_client(home.hass)
    manager: EnergyManager = await async_get_manager(home.hass)
    await client.send_json_auto_id({"type": "energy/save_prefs"} | deepcopy(manager.data or {}))
    assert (await client.receive_json())["success"]


def ids(entries: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The statistics in entries."""
    return [
        {key: value for key, value in entry.items() if key.startswith("stat") and value}
        for entry in entries
    ]


def parents(devices: list[dict[str, Any]]) -> dict[str, str]:
    """Which device is a part of which, by their statistics."""
    return {
        one["stat_consumption"]: one["included_in_stat"]
        for one in devices
        if "included_in_stat" in one
    }


def charge_points(home: Home) -> list[str]:
    """The ids of the charge points."""
    return [one.id for one in coordinator(home).data.meters.values() if one.type == "charge_point"]


def behind_garage(home: Home) -> dict[str, str]:
    """The charge points' statistics, as parts of the garage's."""
    garage = f"climkit:{meter(home, 'Garage')}_total"
    return {f"climkit:{point}_total": garage for point in charge_points(home)}


@pytest.fixture
def knows_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this Home Assistant accept a source of the home's consumption, as from 2026.11 on."""
    schema = preferences.ENERGY_SOURCE_SCHEMA
    home = vol.Schema(
        {
            vol.Required("type"): "home",
            vol.Required("stat_energy_to"): str,
            vol.Optional("stat_rate"): str,
            vol.Optional("name"): str,
        }
    )

    def newer(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        homes = [one["type"] == "home" for one in sources]
        if sum(homes) > 1:
            raise vol.Invalid("Only one home source is allowed")
        return [
            home(one) if is_home else schema([one])[0]
            for one, is_home in zip(sources, homes, strict=True)
        ]

    monkeypatch.setattr(preferences, "ENERGY_SOURCE_SCHEMA", newer)


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
        site_id, flat = coordinator(house).site.id, meter(house, "Flat 1")
        powers = {
            key: house.entity_id(key)
            for key in (
                f"{site_id}_net_grid_power",
                f"{site_id}_electricity_prod_total_power",
                f"{flat}_total_power",
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
        assert "power_config" not in battery
        assert not any("stat_rate" in one for one in answer["added"]["device_consumption"])


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


class TestWrongCalls:
    """Each is refused with its text."""

    async def test_texts(self, house: Home, hass_read_only_user: MockUser) -> None:
        """What is wrong is said, in words, and nothing is stored."""
        texts = await async_get_translations(house.hass, "en", "exceptions", [DOMAIN])
        site, flat = site_device(house), device(house, meter(house, "Flat 1"))
        other = device(house, meter(house, "Flat 2"))
        heating = device(house, meter(house, "Heating flat 1"))
        roof = device(house, meter(house, "PV roof"))
        cold = device(house, meter(house, "Cold water flat 1"))
        before = await stored(house)

        def within(one: str, parent: str) -> dict[str, str]:
            return {"device_id": one, "parent": parent}

        for data, key in (
            ({"device_id": "nobody"}, "unknown_device"),
            ({"device_id": heating}, "no_consumer"),
            ({"device_id": roof}, "no_consumer"),
            ({"device_id": site, "water": [cold]}, "water_of_site"),
            ({"device_id": flat, "water": [heating]}, "no_water_meter"),
            ({"device_id": flat, "included_in": [within(flat, other)]}, "parent_of_meter"),
            ({"device_id": site, "included_in": [within(flat, heating)]}, "parent_no_consumer"),
            (
                {"device_id": site, "included_in": [within(flat, other), within(other, flat)]},
                "parent_in_circle",
            ),
        ):
            with pytest.raises(ServiceValidationError) as error:
                await call(house, **data)
            assert error.value.translation_key == key
            assert f"component.climkit.exceptions.{key}.message" in texts
        with pytest.raises(vol.Invalid):
            await call(house, device_id=site, also=["gas"])
        with pytest.raises(Unauthorized):
            await house.hass.services.async_call(
                DOMAIN,
                ACTION,
                {"device_id": site},
                blocking=True,
                context=Context(user_id=hass_read_only_user.id),
            )
        await house.hass.config_entries.async_unload(house.entry.entry_id)
        with pytest.raises(ServiceValidationError) as error:
            await call(house, device_id=site)
        assert error.value.translation_key == "not_loaded"
        assert await stored(house) == before

    async def test_without_energy(self, home: Home) -> None:
        """A Home Assistant without the dashboard."""
        await home.set_up()
        with pytest.raises(ServiceValidationError) as error:
            await call(home, device_id=site_device(home))
        assert error.value.translation_key == "no_energy"

    async def test_what_home_assistant_refuses(self, house: Home) -> None:
        """A dashboard that its own schemas refuse is not touched."""
        await configure(house, device_consumption=[{"name": "without a statistic"}])
        before = await stored(house)
        with pytest.raises(ServiceValidationError) as error:
            await call(house, device_id=site_device(house))
        assert error.value.translation_key == "dashboard_refused"
        assert await stored(house) == before


class TestOptionsFlow:
    """The same, offered to a person."""

    async def test_offer(self, house: Home) -> None:
        """It is listed first; the wrong is said; then it is added and the choice stays."""
        flat, pump = meter(house, "Flat 1"), meter(house, "Cold water flat 1")
        options = dict(house.entry.options)
        site_id = coordinator(house).site.id
        shown = await self.start(house)
        shown = await self.answer(house, shown, {"owner": site_id, "water": [pump]})
        assert shown["errors"] == {"base": "water_of_site"}
        before = await stored(house)
        shown = await self.answer(house, shown, {"owner": flat, "water": [pump]})
        assert shown["step_id"] == "energy_dashboard_confirm"
        assert await stored(house) == before
        placeholders = shown["description_placeholders"]
        assert placeholders
        assert "- Grid: Les Tilleuls Flat 1 Grid energy" in placeholders["added"]
        assert "- Water: Les Tilleuls Cold water flat 1 " in placeholders["added"]
        shown = await self.answer(house, shown, {})
        assert (shown["type"], shown["reason"]) == (FlowResultType.ABORT, "dashboard_set_up")
        assert f"climkit:{flat}_ext" in await stored(house)
        assert dict(house.entry.options) == options

        shown = await self.answer(house, await self.start(house), {"owner": flat})
        assert shown["reason"] == "nothing_to_add"
        shown = await self.answer(house, await self.start(house), {"owner": site_id})
        assert shown["errors"] == {"base": "other_perspective"}

        await house.hass.config_entries.async_unload(house.entry.entry_id)
        assert (await self.start(house))["reason"] == "not_loaded"

    async def test_meters_within_others(self, house: Home) -> None:
        """What the data tell is shown; it is added only as it was shown after a correction."""
        site = {"owner": coordinator(house).site.id}
        points = [device(house, one) for one in charge_points(house)]
        garage = device(house, meter(house, "Garage"))
        before = await stored(house)
        shown = await self.answer(house, await self.start(house), site)
        assert self.rows(shown) == [{"device_id": one, "parent": garage} for one in points]
        assert "(Included in: Les Tilleuls Garage Energy)" in self.told(shown, "added")

        corrected = [{"device_id": points[0]}]
        shown = await self.answer(house, shown, {"included_in": corrected})
        assert shown["step_id"] == "energy_dashboard_confirm"
        assert self.rows(shown) == corrected
        assert "Included in" not in self.told(shown, "added")
        assert "name it, or say that none does" in self.told(shown, "skipped")
        assert await stored(house) == before
        shown = await self.answer(house, shown, {"included_in": corrected})
        assert shown["reason"] == "dashboard_set_up"
        devices = json.loads(await stored(house))["device_consumption"]
        shown_points = {f"climkit:{one}_total" for one in charge_points(house)}
        assert len(shown_points & {one["stat_consumption"] for one in devices}) == 1
        assert parents(devices) == {}

        shown = await self.answer(house, await self.start(house), site)
        shown = await self.answer(house, shown, {})
        assert parents(json.loads(await stored(house))["device_consumption"])
        shown = await self.answer(house, await self.start(house), site)
        assert shown["reason"] == "nothing_to_add"

    async def test_wrong_row(self, house: Home) -> None:
        """What is no consumer is refused in words, and nothing is stored."""
        before = await stored(house)
        shown = await self.answer(
            house, await self.start(house), {"owner": coordinator(house).site.id}
        )
        row = {"device_id": site_device(house)}
        shown = await self.answer(house, shown, {"included_in": [row]})
        assert shown["errors"] == {"base": "parent_no_consumer"}
        assert await stored(house) == before

    async def test_recorder_has_ended(self, house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing can be found out; the form says so."""

        async def ended(*_: object) -> None:
            raise RecorderEndedError("The recorder has ended")

        monkeypatch.setattr(preferences, "async_last_rows", ended)
        site = {"owner": coordinator(house).site.id}
        shown = await self.answer(house, await self.start(house), site)
        assert shown["errors"] == {"base": "not_stored"}

    @pytest.mark.usefixtures("knows_home")
    async def test_home_that_would_be_removed(self, house: Home) -> None:
        """It is shown, and so permitted; one that came meanwhile was not shown, and stays."""
        one, other, third = (meter(house, f"Flat {number}") for number in (1, 2, 3))
        await call(house, device_id=device(house, one))
        shown = await self.answer(house, await self.start(house), {"owner": other})
        assert self.told(shown, "removed") == "- Home consumption: Les Tilleuls Flat 1 Energy"
        shown = await self.answer(house, shown, {})
        assert shown["reason"] == "dashboard_set_up"
        sources = json.loads(await stored(house))["energy_sources"]
        assert "home" not in {source["type"] for source in sources}

        shown = await self.answer(house, await self.start(house), {"owner": third})
        assert self.told(shown, "removed") == "—"
        home = {"type": "home", "stat_energy_to": f"climkit:{one}_total"}
        await configure(house, energy_sources=[*sources, home])
        before = await stored(house)
        shown = await self.answer(house, shown, {})
        assert shown["errors"] == {"base": "home_would_be_wrong"}
        assert await stored(house) == before

    def rows(self, shown: ConfigFlowResult) -> list[dict[str, str]]:
        """Which meter is a part of which, as the form suggests."""
        schema = shown["data_schema"]
        assert schema
        filled: dict[str, list[dict[str, str]]] = schema({})
        return filled["included_in"]

    def told(self, shown: ConfigFlowResult, key: str) -> str:
        """What the form says."""
        placeholders = shown["description_placeholders"]
        assert placeholders
        return placeholders[key]

    async def test_changed_before_it_was_confirmed(self, house: Home) -> None:
        """Somebody set the other perspective up meanwhile: the form says so, nothing is added."""
        flat = meter(house, "Flat 1")
        shown = await self.answer(house, await self.start(house), {"owner": flat})
        assert shown["step_id"] == "energy_dashboard_confirm"
        await call(house, device_id=site_device(house))
        before = await stored(house)
        shown = await self.answer(house, shown, {})
        assert shown["step_id"] == "energy_dashboard"
        assert shown["errors"] == {"base": "other_perspective"}
        assert await stored(house) == before

    async def test_unloaded_before_it_was_confirmed(self, house: Home) -> None:
        """What was offered may not be there any more: nothing is added."""
        flat = meter(house, "Flat 1")
        shown = await self.answer(house, await self.start(house), {"owner": flat})
        before = await stored(house)
        await house.hass.config_entries.async_unload(house.entry.entry_id)
        shown = await self.answer(house, shown, {})
        assert shown["reason"] == "not_loaded"
        assert await stored(house) == before

    async def start(self, home: Home) -> ConfigFlowResult:
        """Choose the offer in the menu."""
        flows = home.hass.config_entries.options
        shown = await flows.async_init(home.entry.entry_id)
        assert shown["type"] is FlowResultType.MENU
        return await self.answer(home, shown, {"next_step_id": "energy_dashboard"})

    async def answer(
        self, home: Home, shown: ConfigFlowResult, data: dict[str, Any]
    ) -> ConfigFlowResult:
        """Fill in a form."""
        flows = home.hass.config_entries.options
        return await flows.async_configure(shown["flow_id"], data)


class TestMerge:
    """The arithmetic of what is missing."""

    @pytest.fixture
    async def view(self, house: Home) -> SiteView:
        """The house, without costs and power."""
        return SiteView(
            series=coordinator(house).data.series,
            cost_of=lambda series: f"{series.statistic_id}_cost",
            power_of=lambda _: None,
            net_power_of=lambda *_: None,
            name_of=lambda meter_id: meter_id,
            has_home=True,
        )

    async def test_cases(self, view: SiteView, house: Home) -> None:
        """Half a grid, costs that came later, meters in place of the total, one home."""
        proposal = propose_site(view, {})
        grid = dict(proposal.sources[0])
        roof = meter(house, "PV roof")
        cold = meter(house, "Cold water flat 1")

        half = grid | {"stat_energy_to": None, "stat_compensation": None, "number": 1}
        [added] = self.grids(view, proposal, half)
        assert added["stat_energy_from"] is None
        assert added["stat_cost"] is None
        assert added["stat_energy_to"] == grid["stat_energy_to"]
        assert added["stat_compensation"] == grid["stat_compensation"]

        without = grid | {"stat_cost": None}
        old_form = {
            "type": "grid",
            "flow_from": [{"stat_energy_from": grid["stat_energy_from"]}],
            "flow_to": [{"stat_energy_to": grid["stat_energy_to"]}],
        }
        for present, reason in (
            (grid, SkipReason.ALREADY_THERE),
            (without, SkipReason.THERE_WITHOUT_COST),
            (old_form, SkipReason.THERE_WITHOUT_COST),
            (GRID_OF_A_PERSON, SkipReason.OTHER_SOURCE),
            (
                {"type": "solar", "stat_energy_from": f"climkit:{roof}_total"},
                SkipReason.SAME_ENERGY,
            ),
            (
                {"type": "water", "stat_energy_from": f"climkit:{cold}_total"},
                SkipReason.SAME_ENERGY,
            ),
            ({"type": "home", "stat_energy_to": "sensor.panel"}, SkipReason.OTHER_SOURCE),
        ):
            found = merge({**EMPTY, "energy_sources": [present]}, proposal, view.series, ())
            [skipped] = [one for one in found.skipped if one.kind != "device"]
            assert (skipped.kind, skipped.reason) == (present["type"], reason)

        flat = propose_meter(view, meter(house, "Flat 1"), [cold])
        other = propose_meter(view, meter(house, "Flat 2"), [])
        both = merge({**EMPTY, "energy_sources": flat.sources}, other, view.series, ())
        assert [one["type"] for one in both.added["energy_sources"]] == ["grid", "solar"]

    async def test_home(self, view: SiteView, house: Home) -> None:
        """It is ours, of others, of what is shown or of what is not."""
        proposal = propose_meter(view, meter(house, "Flat 1"), [])
        grid, _, home = proposal.sources
        other_grid, _, other_home = propose_meter(view, meter(house, "Flat 2"), []).sources
        part = {"type": "home", "stat_energy_to": grid["stat_energy_from"]}
        panel = {"type": "home", "stat_energy_to": "sensor.panel"}
        water = {"type": "water", "stat_energy_from": "climkit:another_total"}
        for present, removed, reason in (
            ([], [], None),
            ([water], [], None),
            ([home], [], SkipReason.ALREADY_THERE),
            ([part], [], SkipReason.OTHER_HOME),
            ([panel], [], SkipReason.OTHER_SOURCE),
            ([other_home], [other_home], None),
            ([other_grid], [], SkipReason.SEVERAL_SHOWN),
            ([other_grid, home], [home], SkipReason.SEVERAL_SHOWN),
            ([other_grid, other_home], [other_home], SkipReason.SEVERAL_SHOWN),
            ([other_grid, panel], [], SkipReason.SEVERAL_SHOWN),
            ([GRID_OF_A_PERSON, home], [], SkipReason.ALREADY_THERE),
        ):
            found = merge({**EMPTY, "energy_sources": present}, proposal, view.series, ())
            assert found.removed == removed
            reasons = [one.reason for one in found.skipped if one.kind == "home"]
            assert reasons == ([reason] if reason else [])
            assert (home in found.added["energy_sources"]) is (reason is None)

    def grids(self, view: SiteView, proposal: Proposal, *present: dict[str, Any]) -> list[Any]:
        """The grid sources that are added to others."""
        found = merge({**EMPTY, "energy_sources": present}, proposal, view.series, ())
        return [one for one in found.added["energy_sources"] if one["type"] == "grid"]


def test_circle() -> None:
    """A device is no part of itself, not even around a corner."""
    one, two = {"stat_consumption": "a", "included_in_stat": "b"}, {"stat_consumption": "b"}
    assert not has_circle([one, two])
    assert has_circle([one, two | {"included_in_stat": "a"}])


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
