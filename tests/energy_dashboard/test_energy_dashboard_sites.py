"""The Energy dashboard of an owner who has several sites, in one entry of the account or in two."""

from dataclasses import replace
from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.climkit.const import CONF_SITES, DOMAIN
from custom_components.climkit.energy_dashboard import DashboardRequest, preferences, request
from custom_components.climkit.statistics import RecorderError
from tests.conftest import Home, account_entry
from tests.costs.bill import add_tariff, tariff
from tests.energy_dashboard.house import call, configure, issues, stored
from tests.simulator import World, apartment_house, single_house
from tests.simulator.houses import water_site

pytestmark = pytest.mark.default_entities


@pytest.fixture
def world(now: datetime) -> World:
    """An apartment house, a single house and a camping with water only."""
    houses = (
        apartment_house(1, now, timedelta(days=24), flats=2),
        single_house(1, now, timedelta(days=8)),
        water_site(1, now, timedelta(days=8)),
    )
    return World.of(*(replace(house, faultless=True) for house in houses))


@pytest.fixture(params=["one entry", "two entries"])
async def sites(request: pytest.FixtureRequest, home: Home, world: World) -> list[str]:
    """The devices of the three sites; all of one entry, or the first and the others of two."""
    assert await async_setup_component(home.hass, "energy", {})
    entries = [home.entry]
    if request.param == "two entries":
        first, *others = world.sites
        home.entry = entry_of(home, [first])
        entries = [home.entry, entry_of(home, others)]
    await home.set_up()
    for entry in entries[1:]:
        entry.add_to_hass(home.hass)
        await home.hass.config_entries.async_setup(entry.entry_id)
        await home.hass.async_block_till_done()
    await home.turn_clock(minutes=1)
    return [device(home.hass, entries, site_id) for site_id in world.sites]


def entry_of(home: Home, site_ids: list[str]) -> MockConfigEntry:
    """An entry of the account with some of its sites."""
    entry = account_entry(home.simulator.url)
    return MockConfigEntry(
        domain=DOMAIN,
        data=entry.data,
        unique_id=f"{entry.unique_id} {len(site_ids)}",
        options={**entry.options, CONF_SITES: site_ids},
    )


def device(hass: HomeAssistant, entries: list[MockConfigEntry], site_id: str) -> str:
    """The device of a site."""
    registry = dr.async_get(hass)
    [found] = [
        found
        for entry in entries
        if (found := registry.async_get_device_by_identifier((DOMAIN, site_id), entry.entry_id))
    ]
    return found.id


async def kinds(home: Home) -> list[str]:
    """The types of the stored sources."""
    return [one["type"] for one in json.loads(await stored(home))["energy_sources"]]


@pytest.mark.usefixtures("knows_home")
async def test_home_is_that_of_a_single_site(home: Home, sites: list[str]) -> None:
    """A second house makes it wrong, water does not; the reason that is told is true."""
    apartments, house, camping = sites
    await call(home, device_id=apartments)
    assert (await kinds(home)).count("home") == 1
    answer = await call(home, device_id=camping)
    assert (answer["removed"], answer["skipped"]) == ([], [])

    before = await stored(home)
    with pytest.raises(ServiceValidationError) as error:
        await call(home, device_id=house)
    assert error.value.translation_key == "home_would_be_wrong"
    assert await stored(home) == before
    answer = await call(home, device_id=house, remove_home=True)
    assert [one["type"] for one in answer["removed"]] == ["home"]
    assert [(one["kind"], one["reason"]) for one in answer["skipped"]] == [
        ("home", "several_shown")
    ]
    assert "home" not in await kinds(home)
    kept = [one for one in json.loads(before)["energy_sources"] if one["type"] != "home"]
    sources = json.loads(await stored(home))["energy_sources"]
    assert sources[: len(kept)] == kept
    for site in (apartments, house):
        again = await call(home, device_id=site)
        assert (again["removed"], any(again["added"].values())) == ([], False)

    await configure(home, energy_sources=sources[len(kept) :])
    answer = await call(home, device_id=house)
    assert [one["type"] for one in answer["added"]["energy_sources"]] == ["home"]


async def test_all_sites_side_by_side(
    home: Home, sites: list[str], hass_ws_client: WebSocketGenerator
) -> None:
    """Each is added whole, under a name of its own, and Home Assistant has nothing against it."""
    names: set[str] = set()
    for site in sites:
        answer = await call(home, device_id=site, remove_home=True)
        added = [one for one in answer["added"]["energy_sources"] if one["type"] != "home"]
        own = {one["name"] for one in added}
        assert own
        assert own.isdisjoint(names)
        names |= own
    assert await issues(home, hass_ws_client) == []


@pytest.mark.usefixtures("knows_home")
@pytest.mark.parametrize("first", [0, 1], ids=["apartments first", "house first"])
async def test_all_that_was_wanted_at_set_up(
    home: Home, world: World, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """Each site is added, whichever is ready first; then the home is that of no single one."""
    monkeypatch.setattr(request, "LOOKS_FOR_POWER", 0)
    monkeypatch.setattr(request, "LOOKS_EVERY", 0.1)
    assert await async_setup_component(home.hass, "energy", {})
    await home.set_up()
    await home.turn_clock(minutes=1)
    runtimes = list(home.entry.runtime_data.values())
    for runtime in (runtimes.pop(first), *runtimes):
        wish = DashboardRequest(owner_id=runtime.site.id)
        request.async_remember_request(home.hass, runtime, wish)
        await home.until(lambda runtime=runtime: not runtime.record.dashboard_request)
    told = await stored(home)
    assert all(f"climkit:{site_id}_" in told for site_id in world.sites)
    assert "home" not in await kinds(home)


async def test_database_does_not_answer_for_what_was_wanted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever question has no answer at first: it is looked again, and it is set up."""
    real, asked = preferences.async_known_names, 0

    async def ask(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked in {1, 3}:
            raise RecorderError("locked")
        return await real(*args)

    assert await async_setup_component(home.hass, "energy", {})
    await home.set_up()
    await home.turn_clock(minutes=1)
    [runtime, *_] = home.sites
    monkeypatch.setattr(preferences, "async_known_names", ask)
    monkeypatch.setattr(preferences, "_power_entities", lambda *_: set())
    wish = DashboardRequest(owner_id=runtime.site.id)
    request.async_remember_request(home.hass, runtime, wish)
    for refused in (1, 3):
        await home.until(lambda refused=refused: asked >= refused, seconds=20)
        assert runtime.record.dashboard_request
        await home.turn_clock(minutes=1)
    await home.until(lambda: not runtime.record.dashboard_request, seconds=20)
    assert f"climkit:{runtime.site.id}_" in await stored(home)


async def test_low_tariff_of_one_site(home: Home, world: World) -> None:
    """By tariff can be chosen as soon as one site has a low one."""
    assert await async_setup_component(home.hass, "energy", {})
    await home.set_up()
    [_, house, _] = world.sites
    prices = {"grid_price": 0.29, "grid_price_low": 0.18, "solar_price": 0.17}
    add_tariff(home, tariff(house, "2026-01-01", weekday="22-6", **prices))
    await home.settle()
    options = home.hass.config_entries.options
    menu = await options.async_init(home.entry.entry_id)
    form = await options.async_configure(menu["flow_id"], {"next_step_id": "energy_dashboard"})
    assert form["data_schema"] is not None
    assert "by_tariff" in form["data_schema"].schema


async def test_sites_of_one_name(home: Home, world: World) -> None:
    """Who sets it up sees where each of them stands, at its flats, its meters and sources too."""
    for site_id, city in zip(list(world.sites)[:2], ("Bern", "Thun"), strict=True):
        site = world.sites[site_id]
        info = {**site.info(), "name": "Mill", "address": {"city": city}}
        world.sites[site_id] = replace(site, site_info=info)
    assert await async_setup_component(home.hass, "energy", {})
    await home.set_up_completely()
    options = home.hass.config_entries.options
    menu = await options.async_init(home.entry.entry_id)
    form = await options.async_configure(menu["flow_id"], {"next_step_id": "energy_dashboard"})
    assert form["data_schema"] is not None
    found = {
        field: [option["label"] for option in form["data_schema"].schema[field].config["options"]]
        for field in ("owner", "water")
    }
    assert {"Mill (Bern)", "Mill (Thun)", "Mill (Bern) - Flat 1"} <= set(found["owner"])
    assert "Mill (Bern) - Cold water flat 1" in found["water"]
    assert all(len(set(labels)) == len(labels) for labels in found.values())
    shown = await options.async_configure(
        form["flow_id"], {"owner": next(iter(world.sites)), "also": []}
    )
    assert shown["step_id"] == "energy_dashboard_confirm"
    await options.async_configure(form["flow_id"], {})
    sources = json.loads(await stored(home))["energy_sources"]
    assert {one["name"] for one in sources if one["type"] == "grid"} == {"Mill (Bern)"}
