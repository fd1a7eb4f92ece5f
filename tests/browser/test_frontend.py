"""The integration in the real frontend, from adding it to the Energy dashboard's numbers.

The tests are one story: each goes on where the one before stopped.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import expect
import pytest

from tools.demonstration.browser import number
from tools.demonstration.check import complaints, wait_for_history

from .conftest import Home
from .day import Day, home_consumption
from .waiting import wait_until

SITE, FLAT = "Les Tilleuls", "Flat 1"
GRID, SOLAR, EXPORT, COLD, HOT = 0.29, 0.21, 0.08, 2.5, 11.5
PRICES = {
    "Grid electricity": GRID,
    "Solar electricity": SOLAR,
    "Cold water": COLD,
    "Hot water": HOT,
}
# A dashboard that somebody has made before.
OWN_GRID = {
    "type": "grid",
    "stat_energy_from": "own:meter",
    "stat_energy_to": None,
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": None,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0.0,
}
OWN_DEVICES = [{"stat_consumption": "own:fridge", "name": "Fridge"}]
NOTHING: Mapping[str, list[Any]] = {
    "energy_sources": [],
    "device_consumption": [],
    "device_consumption_water": [],
}
HALF_A_DIGIT = 0.005 + 1e-6  # the page has two digits after the point


async def test_adds_the_integration(home: Home) -> None:
    """A wrong password is refused; the right one leads over sites and history to an entry."""
    frontend = home.frontend
    username, password = home.simulator.credentials.values()
    await frontend.begin_to_add_integration()

    await frontend.enter_credentials(username, "not the password", home.simulator.url)
    await expect(frontend.form).to_contain_text("Climkit rejects this username or password")
    assert await home.hass.entry_ids("climkit") == []

    await frontend.enter_credentials(username, password, home.simulator.url)
    await expect(frontend.form).to_contain_text("Which sites should Home Assistant show?")
    await frontend.form.get_by_text("Maison Rochat", exact=True).click()
    await frontend.submit()
    await frontend.page.get_by_text("The whole building", exact=True).click()
    await expect(frontend.form).to_contain_text("Sensors of the building")
    await frontend.submit()
    await expect(frontend.form).to_contain_text("How far back should the statistics go?")
    await frontend.submit()
    await expect(frontend.page.get_by_text("Set this up too?")).to_be_visible()
    await frontend.form.locator("ha-switch").first.click()  # the Energy dashboard; see below
    await frontend.submit()
    await frontend.page.get_by_role("button", name="Skip and finish").click()

    [entry] = await home.hass.command("config_entries/get", domain="climkit")
    assert entry["state"] == "loaded"
    names = {one["name"] for one in await home.hass.command("config/device_registry/list")}
    assert {SITE, FLAT, "Camping du Lac"} <= names
    assert "Maison Rochat" not in names
    await wait_for_history(home.hass, sites=2)


async def test_shows_devices_and_entities(home: Home) -> None:
    """The page of a flat names what it is and shows its energy; an entity has a graph."""
    page = home.frontend.page
    devices = await home.hass.command("config/device_registry/list")
    flat = next(one for one in devices if one["name"] == FLAT)
    await home.frontend.open(f"/config/devices/device/{flat['id']}")
    for text in ("Electricity meter", f"Connected via {SITE}"):
        await expect(page.locator("ha-config-device-page")).to_contain_text(text)
    energy = f"{Day(home.simulator, SITE, days_ago=1).of_meter(FLAT, 'total'):.2f} kWh"
    row = page.locator("ha-device-entities-card hui-sensor-entity-row")
    await expect(row.filter(has_text="Energy yesterday")).to_contain_text(energy)

    await home.frontend.open("/history?entity_id=sensor.flat_1_power")
    await expect(page.locator("state-history-charts")).to_contain_text("Power")


async def test_adds_a_tariff(home: Home) -> None:
    """The forms ask which site it is for, then for its prices; a feed-in price likewise."""
    await home.frontend.add_tariff(SITE, {label: str(price) for label, price in PRICES.items()})
    await home.frontend.add_feed_in_price(SITE, {"Price": str(EXPORT)})
    [entry_id] = await home.hass.entry_ids("climkit")
    stored = await home.hass.command("config_entries/subentries/list", entry_id=entry_id)
    assert [one["subentry_type"] for one in stored] == ["tariff", "feed_in"]
    assert all(SITE in one["title"] for one in stored)


async def test_own_dashboard_stays_and_can_be_edited(home: Home) -> None:
    """What somebody has made is kept, and can still be saved in the frontend afterwards."""
    for statistic_id in ("own:meter", "own:fridge"):
        await write_own_statistic(home, statistic_id)
    own = {**NOTHING, "energy_sources": [OWN_GRID], "device_consumption": OWN_DEVICES}
    await home.hass.command("energy/save_prefs", **own)
    before = await home.hass.command("energy/get_prefs")

    told = await home.frontend.set_up_energy_dashboard()
    assert "Grid" in told.partition("Left out")[2]
    after = await home.hass.command("energy/get_prefs")
    [grid, *sources] = after["energy_sources"]
    [fridge, *devices] = after["device_consumption"]
    assert ([grid], [fridge]) == (before["energy_sources"], before["device_consumption"])
    assert "grid" not in [one["type"] for one in sources]
    assert {"solar", "battery", "water"} <= {one["type"] for one in sources}
    assert devices

    await home.frontend.edit_energy_source("Edit grid connection", "The meter in the cellar")
    grid["name"] = "The meter in the cellar"
    await home.frontend.edit_energy_source("Edit solar production", "The roof")
    next(one for one in sources if one["type"] == "solar")["name"] = "The roof"
    # The frontend puts what was edited behind the others.
    saved = await home.hass.command("energy/get_prefs")
    assert sorted(saved.pop("energy_sources"), key=str) == sorted([grid, *sources], key=str)
    del after["energy_sources"]
    assert saved == after


async def test_sets_up_the_energy_dashboard_of_a_site(home: Home) -> None:
    """The options set it up; for a second time they change nothing."""
    await home.hass.command("energy/save_prefs", **NOTHING)
    await home.frontend.set_up_energy_dashboard()
    prefs = await home.hass.command("energy/get_prefs")
    kinds = [one["type"] for one in prefs["energy_sources"]]
    assert kinds == ["grid", "solar", "battery", "water", "water", "home"]
    devices = {one["name"]: one for one in prefs["device_consumption"]}
    points = [one for name, one in devices.items() if name.startswith("Charge point")]
    garage = devices["Garage"]["stat_consumption"]
    # Without a car in these days they are left out.
    assert all(one["included_in_stat"] == garage for one in points)
    assert await complained_of_dashboard(home) == []

    assert "There is nothing to add" in await home.frontend.set_up_energy_dashboard()
    assert await home.hass.command("energy/get_prefs") == prefs


async def test_energy_dashboard_of_a_site_shows_the_simulators_numbers(home: Home) -> None:
    """Energy, water and costs on the page are those of the simulator's intervals."""
    day = Day(home.simulator, SITE)
    imported, exported = (
        day.of_site("electricity", "from_ext"),
        day.of_site("electricity", "to_ext"),
    )
    solar = day.of_site("electricity", "prod_total")
    discharged = day.of_site("electricity", "storage_discharging_total")
    charged = day.of_site("electricity", "storage_charging_total")
    cold, hot = day.of_site("cold_water", "conso_total"), day.of_site("hot_water", "conso_total")
    assert min(imported, exported, solar, charged, cold, hot) > 0.01

    await home.frontend.open_energy(days_ago=day.days_ago)
    await expect_totals(
        home,
        {
            f"{SITE} Production": [solar],
            f"{SITE} discharged": [discharged],
            f"{SITE} charged": [-charged],
            f"{SITE} imported": [imported, imported * GRID],
            f"{SITE} exported": [-exported, -exported * EXPORT],
            SITE: [day.of_site("electricity", "conso_total")],
        },
    )
    await home.frontend.open_energy("water", days_ago=day.days_ago)
    await expect_totals(
        home,
        {
            f"{SITE} Cold water": [cold, cold * COLD],
            f"{SITE} Hot water": [hot, hot * HOT],
            "Water total": [cold + hot, cold * COLD + hot * HOT],
        },
    )


async def test_home_consumption_is_the_frontends_own_formula(home: Home) -> None:
    """Without a source of the kind "home", as before 2026.11, the frontend computes it."""
    prefs = await home.hass.command("energy/get_prefs")
    sources = [one for one in prefs["energy_sources"] if one["type"] != "home"]
    await home.hass.command("energy/save_prefs", energy_sources=sources)
    day = Day(home.simulator, SITE)
    expected = home_consumption(day)

    await home.frontend.open_energy(days_ago=day.days_ago)
    await wait_until(
        home.frontend.home_consumption,
        lambda shown: number(shown) == pytest.approx(expected, abs=HALF_A_DIGIT),
        expected,
    )


async def test_energy_dashboard_of_a_flat_shows_the_simulators_numbers(home: Home) -> None:
    """A flat's grid energy bears the cost of both, as a solar source takes none."""
    await home.hass.command("energy/save_prefs", **NOTHING)
    meters = {"Cold water flat 1": COLD, "Hot water flat 1": HOT}
    owner = f"{SITE} - {FLAT}"
    water = [f"{SITE} - {name}" for name in meters]
    await home.frontend.set_up_energy_dashboard(owner, water)
    prefs = await home.hass.command("energy/get_prefs")
    assert await complained_of_dashboard(home) == []
    assert "There is nothing to add" in await home.frontend.set_up_energy_dashboard(owner, water)
    assert await home.hass.command("energy/get_prefs") == prefs

    day = Day(home.simulator, SITE)
    grid, solar = day.of_meter(FLAT, "ext"), day.of_meter(FLAT, "self")
    assert min(grid, solar) > 0
    await home.frontend.open_energy(days_ago=day.days_ago)
    await expect_totals(
        home,
        {
            f"{FLAT} Grid energy": [grid, grid * GRID + solar * SOLAR],
            f"{FLAT} Solar energy": [solar],
            FLAT: [day.of_meter(FLAT, "total")],
        },
    )
    await home.frontend.open_energy("water", days_ago=day.days_ago)
    amounts = {name: day.of_meter(name, "total") for name in meters}
    await expect_totals(
        home,
        {name: [amount, amount * meters[name]] for name, amount in amounts.items()},
    )


def test_nothing_is_complained_of(home: Home) -> None:
    """The log tells of no fault of the integration."""
    assert list(complaints(home.log)) == []


async def write_own_statistic(home: Home, statistic_id: str) -> None:
    """Write a statistic that is not of Climkit: a kilowatt-hour in each of two hours."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await home.hass.command(
        "recorder/import_statistics",
        metadata={
            "statistic_id": statistic_id,
            "source": "own",
            "name": statistic_id,
            "has_sum": True,
            "mean_type": 0,
            "unit_class": "energy",
            "unit_of_measurement": "kWh",
        },
        stats=[
            {"start": (hour - timedelta(hours=3 - number)).isoformat(), "sum": number}
            for number in (1, 2)
        ],
    )


async def complained_of_dashboard(home: Home) -> list[Any]:
    """Return what Home Assistant complains of in the Energy dashboard.

    It makes a sensor of the net power of grid and battery itself, whose statistics begin only
    after five minutes.
    """
    found = await home.hass.command("energy/validate")
    issues = [issue for entries in found.values() for entry in entries for issue in entry]
    return [
        issue
        for issue in issues
        if issue["type"] != "statistics_not_defined"
        or not all(one.endswith("_net_power") for one, _ in issue["affected_entities"])
    ]


async def expect_totals(home: Home, expected: Mapping[str, Sequence[float]]) -> None:
    """Wait until the table shows these numbers; it shows today's for a moment."""

    async def shown() -> dict[str, list[float]]:
        table = await home.frontend.totals()
        return {name: [number(text) for text in table.get(name, ())] for name in expected}

    def are_equal(numbers: Mapping[str, Sequence[float]]) -> bool:
        return all(
            numbers[name] == pytest.approx(expected[name], abs=HALF_A_DIGIT) for name in expected
        )

    await wait_until(shown, are_equal, expected)
