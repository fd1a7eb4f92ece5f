"""What there is to show, and to whom."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.climkit.const import CONF_METERS, CONF_SITE_TOTALS, DOMAIN
from custom_components.climkit.frontend.owners import first_day
from tests.conftest import NOW
from tests.frontend.conftest import Dashboard
from tests.simulator import World, apartment_house


@pytest.fixture
def world(now: datetime) -> World:
    """A house with a bit of everything, and two days of data."""
    return World.of(replace(apartment_house(1, NOW, timedelta(days=23), 2), faultless=True))


class TestOverview:
    """Everything by what it means."""

    async def test_house(self, dashboard: Dashboard) -> None:
        answer = await dashboard.ask("overview")
        [site] = answer["sites"]
        assert site["site_id"] == dashboard.site_id
        assert site["name"] == "Les Tilleuls"
        assert site["zone"] == "Europe/Zurich"
        assert site["today"] == "2026-11-20"
        assert site["is_loaded"] is True
        assert site["chosen"] == "building"
        assert site["currency"] is None
        assert site["has"] == {
            "solar": True, "battery": True, "tariff": False, "low_tariff": False
        }  # fmt: skip
        assert site["statistics"]["import"] == f"climkit:{site['site_id']}_electricity_from_ext"
        assert {"production", "consumption", "self", "export", "charge", "discharge"} <= site[
            "statistics"
        ].keys()
        flat = dashboard.meter("Flat 1")
        meter = next(one for one in site["meters"] if one["meter_id"] == flat)
        assert (meter["kind"], meter["unit"], meter["name"]) == ("consumer", "kWh", "Flat 1")
        assert meter["statistics"] == {
            "total": f"climkit:{flat}_total",
            "solar": f"climkit:{flat}_self",
            "grid": f"climkit:{flat}_ext",
        }
        roof = dashboard.meter("PV roof")
        meter = next(one for one in site["meters"] if one["meter_id"] == roof)
        assert meter["statistics"] == {"production": f"climkit:{roof}_total"}

    async def test_entities_by_what_they_mean(self, dashboard: Dashboard) -> None:
        """Of the site and of a flat; each word leads to the entity that shows it."""
        registry, flat = er.async_get(dashboard.home.hass), dashboard.meter("Flat 1")
        [site] = (await dashboard.ask("overview"))["sites"]
        meter = next(one for one in site["meters"] if one["meter_id"] == flat)

        def shown(owner: dict[str, Any], owner_id: str) -> dict[str, str]:
            entries = {role: registry.async_get(one) for role, one in owner["entities"].items()}
            return {
                role: one.unique_id.removeprefix(f"{owner_id}_")
                for role, one in entries.items()
                if one
            }

        assert shown(site, dashboard.site_id) == {
            "consumption_power": "electricity_conso_total_power",
            "production_power": "electricity_prod_total_power",
            "grid_power": "net_grid_power",
            "battery_power": "net_battery_power",
            "consumption_today": "electricity_conso_total_today",
            "production_today": "electricity_prod_total_today",
            "self_consumption_today": "self_consumption_rate",
            "self_sufficiency_today": "self_sufficiency_rate",
            "consumption_month": "electricity_conso_total_month",
            "peak_month": "electricity_from_ext_peak",
            "history_import": "history_progress",
        }
        assert shown(meter, flat) == {
            "power": "total_power",
            "today": "total_today",
            "yesterday": "total_yesterday",
            "month": "total_month",
            "solar_share_today": "solar_share_today",
        }

    async def test_entities_are_those_that_are_on(self, dashboard: Dashboard) -> None:
        home, flat = dashboard.home, dashboard.meter("Flat 1")
        registry = er.async_get(home.hass)
        for role, key in (("power", "total_power"), ("today", "total_today")):
            entity_id = home.entity_id(f"{flat}_{key}")
            [site] = (await dashboard.ask("overview"))["sites"]
            meter = next(one for one in site["meters"] if one["meter_id"] == flat)
            assert meter["entities"][role] == entity_id
            registry.async_update_entity(entity_id, new_entity_id=f"sensor.my_{role}")
            [site] = (await dashboard.ask("overview"))["sites"]
            meter = next(one for one in site["meters"] if one["meter_id"] == flat)
            assert meter["entities"][role] == f"sensor.my_{role}"
            registry.async_update_entity(
                f"sensor.my_{role}", disabled_by=er.RegistryEntryDisabler.USER
            )
            [site] = (await dashboard.ask("overview"))["sites"]
            meter = next(one for one in site["meters"] if one["meter_id"] == flat)
            assert role not in meter["entities"]

    async def test_names_that_a_person_gave(self, dashboard: Dashboard) -> None:
        home, flat = dashboard.home, dashboard.meter("Flat 1")
        registry = dr.async_get(home.hass)
        for one, name in ((flat, "Upstairs"), (dashboard.site_id, "Home")):
            device = registry.async_get_device_by_identifier((DOMAIN, one), home.entry.entry_id)
            assert device
            registry.async_update_device(device.id, name_by_user=name)
        [site] = (await dashboard.ask("overview"))["sites"]
        assert site["name"] == "Home"
        assert "Upstairs" in {one["name"] for one in site["meters"]}
        await home.complete()  # a month is told once there is something of it
        table = await dashboard.ask("meters", site_id=dashboard.site_id, month="2026-11")
        assert "Upstairs" in {one["name"] for one in table["meters"]}

    async def test_names_that_are_the_same(self, dashboard: Dashboard, world: World) -> None:
        """Who chooses a site or a meter for a card sees which one it is; so do pages and tables."""
        [house] = world.sites.values()
        other = replace(apartment_house(2, NOW, timedelta(days=23), 2), faultless=True)
        address = {"address": {"city": "Thun"}}
        world.sites[other.id] = replace(other, site_info={**other.info(), **address})
        first_flat = next(info for info in house.meter_info() if info.get("name") == "Flat 1")
        first_flat["name"] = "Flat 2"
        await dashboard.home.restart()
        await dashboard.home.complete()  # a month is told once there is something of it
        sites = (await dashboard.ask("overview"))["sites"]
        assert {one["name"] for one in sites} == {"Les Tilleuls (Vevey)", "Les Tilleuls (Thun)"}
        shown = next(one for one in sites if one["site_id"] == house.id)
        names = [one["name"] for one in shown["meters"]]
        assert len(set(names)) == len(names)
        assert len([one for one in names if one.startswith("Flat 2 (")]) == 2
        table = await dashboard.ask("meters", site_id=house.id, month="2026-11")
        assert {one["name"] for one in table["meters"]} == set(names)

    async def test_one_flat(self, dashboard: Dashboard) -> None:
        """Who chose a flat sees that, its water, and nothing of the building."""
        home, flat = dashboard.home, dashboard.meter("Flat 1")
        water = dashboard.meter("Cold water flat 1")
        await home.choose(**{CONF_METERS: [flat, water], CONF_SITE_TOTALS: False})
        await home.until(lambda: home.sites[0].history.states)
        [site] = (await dashboard.ask("overview"))["sites"]
        assert site["chosen"] == "flat"
        assert {one["meter_id"] for one in site["meters"]} == {flat, water}
        assert site["statistics"] == {}
        assert site["first_day"] < site["today"], "one can page back"
        day = await dashboard.ask("day", site_id=dashboard.site_id, day="2026-11-20")
        assert day["columns"] == {}
        neighbour = dashboard.meter("Flat 2")
        code = await dashboard.refusal(
            "day", site_id=dashboard.site_id, meter_id=neighbour, day="2026-11-20"
        )
        assert code == "not_found"

    async def test_not_loaded(self, dashboard: Dashboard) -> None:
        """What the registry knows is still there."""
        home = dashboard.home
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        [site] = (await dashboard.ask("overview"))["sites"]
        assert site["site_id"] == dashboard.site_id
        assert site["name"] == "Les Tilleuls"
        assert site["is_loaded"] is False
        assert site["meters"] == []
        registry = dr.async_get(home.hass)
        device = registry.async_get_device_by_identifier(
            (DOMAIN, dashboard.site_id), home.entry.entry_id
        )
        assert device
        registry.async_update_device(device.id, name_by_user="Home")
        [site] = (await dashboard.ask("overview"))["sites"]
        assert site["name"] == "Home"
        for command, fields in (
            ("day", {"day": "2026-11-20"}),
            ("month", {"month": "2026-11"}),
            ("year", {"year": 2026}),
            ("meters", {"month": "2026-11"}),
        ):
            code = await dashboard.refusal(command, site_id=dashboard.site_id, **fields)
            assert code == "not_loaded"


class TestWhatIsAsked:
    """What cannot be answered is said."""

    @pytest.mark.parametrize(
        ("command", "fields"),
        [
            ("day", {"day": "2026-02-30"}),
            ("day", {"day": "2026-2-3"}),
            ("day", {"day": "20261120"}),
            ("day", {"day": 5}),
            ("day", {"day": "1000-01-01"}),
            ("day", {}),
            ("month", {"month": "2026-13"}),
            ("month", {"month": "2026-11-01"}),
            ("month", {"month": "9999-12"}),
            ("year", {"year": "2026"}),
            ("year", {"year": 1}),
            ("meters", {"month": None}),
            ("day", {"day": "2026-11-20", "meter_id": 5}),
        ],
    )
    async def test_invalid(
        self, dashboard: Dashboard, command: str, fields: dict[str, object]
    ) -> None:
        code = await dashboard.refusal(command, site_id=dashboard.site_id, **fields)
        assert code == "invalid_format"

    async def test_unknown(self, dashboard: Dashboard) -> None:
        day = {"day": "2026-11-20"}
        assert await dashboard.refusal("day", site_id="nobody", **day) == "not_found"
        code = await dashboard.refusal("day", site_id=dashboard.site_id, meter_id="x", **day)
        assert code == "not_found"


@pytest.mark.parametrize(
    ("since", "first", "backfill", "day"),
    [
        ("2026-03-01T12:00Z", None, None, "2026-03-01"),
        ("2026-03-01T12:00Z", "2026-03-04T22:59Z", None, "2026-03-04"),
        ("2026-03-01T12:00Z", "2026-03-04T23:00Z", None, "2026-03-05"),
        ("2026-03-01T12:00Z", "2026-03-04T12:00Z", "2025-01-01T12:00Z", "2025-01-01"),
    ],
)
def test_first_day(since: str, first: str | None, backfill: str | None, day: str) -> None:
    """Of all series the earliest: with data, or as far back as they are still to be read."""
    times = (text and datetime.fromisoformat(text) for text in (since, first, backfill))
    one = SimpleNamespace(**dict(zip(("since", "first", "backfill"), times, strict=True)))
    if one.backfill:
        one.backfill = SimpleNamespace(start=one.backfill)
    later = SimpleNamespace(since=NOW, first=NOW, backfill=None)
    states: Any = [later, one, later]
    assert f"{first_day(states, ZoneInfo('Europe/Zurich'))}" == day


async def pages(dashboard: Dashboard) -> list[Any]:
    """What the dashboard consists of for this user."""
    views: list[Any] = (await dashboard.ask("views", language="en"))["config"]["views"]
    return views


class TestPermission:
    """A user sees a site or meter of which at least one entity may be read."""

    async def test_of_a_flat(self, dashboard: Dashboard) -> None:
        home, site_id, flat = dashboard.home, dashboard.site_id, dashboard.meter("Flat 1")
        await home.complete()
        tenant = dashboard.of_user(home.entity_id(f"{flat}_total_power"))
        [site] = (await tenant.ask("overview"))["sites"]
        assert [one["meter_id"] for one in site["meters"]] == [flat]
        assert site["entities"] == {}
        assert site["statistics"] == {}
        assert site["first_day"] < site["today"], "one can page back"
        day = {"site_id": site_id, "day": "2026-11-20"}
        answer = await tenant.ask("day", **day, meter_id=flat)
        assert answer["sums"]["total"] is not None
        assert await tenant.refusal("day", **day) == "not_found"
        neighbour = dashboard.meter("Flat 2")
        assert await tenant.refusal("day", **day, meter_id=neighbour) == "not_found"
        assert await tenant.refusal("month", site_id=site_id, month="2026-11") == "not_found"
        [page] = [one for one in await pages(tenant) if not one.get("subview")]
        assert page["path"] == f"flat-{flat}", "whatever was chosen: the building is not theirs"

    async def test_of_flats(self, dashboard: Dashboard) -> None:
        """Their table tells nothing of the building, not even as a share."""
        home, site_id = dashboard.home, dashboard.site_id
        flats = [dashboard.meter("Flat 1"), dashboard.meter("Flat 2")]
        await home.complete()
        landlord = dashboard.of_user(*(home.entity_id(f"{one}_total_power") for one in flats))
        assert f"building-{site_id}" in [one["path"] for one in await pages(landlord)]
        table = await landlord.ask("meters", site_id=site_id, month="2026-11")
        assert [one["meter_id"] for one in table["meters"]] == flats
        assert [one["share"] for one in table["meters"]] == [None, None]
        assert all(one["total"] for one in table["meters"])
        assert table["peak"] is None

    async def test_of_the_building(self, dashboard: Dashboard) -> None:
        home, site_id = dashboard.home, dashboard.site_id
        await home.complete()
        caretaker = dashboard.of_user(home.entity_id(f"{site_id}_electricity_conso_total_power"))
        table = await caretaker.ask("meters", site_id=site_id, month="2026-11")
        assert table["meters"] == []
        assert table["peak"] is not None
        await caretaker.ask("day", site_id=site_id, day="2026-11-20")

    async def test_of_nothing(self, dashboard: Dashboard) -> None:
        stranger = dashboard.of_user()
        assert (await stranger.ask("overview"))["sites"] == []
        day = {"site_id": dashboard.site_id, "day": "2026-11-20"}
        assert await stranger.refusal("day", **day) == "not_found"
        await dashboard.home.hass.config_entries.async_unload(dashboard.home.entry.entry_id)
        assert (await stranger.ask("overview"))["sites"] == []
        assert await stranger.refusal("day", **day) == "not_found"
