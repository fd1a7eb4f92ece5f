"""The integration in the real frontend, from adding it to the Energy dashboard's numbers.

The tests are one story: each goes on where the one before stopped.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import fsum
from zoneinfo import ZoneInfo

from playwright.async_api import expect
import pytest

from scripts.demonstration.browser import TIMEOUT, number
from scripts.demonstration.check import complaints, wait_for_history
from scripts.demonstration.truth import hourly

from .conftest import HISTORY_DAYS, Home

ZONE = ZoneInfo("Europe/Zurich")
SITE = "Les Tilleuls"
PRICES = {
    "Grid electricity": 0.29,
    "Solar electricity": 0.21,
    "Exported electricity": 0.08,
    "Cold water": 2.5,
    "Hot water": 11.5,
}
SHOWN = 0.006  # the table has two digits
PATIENCE = 60  # seconds

expect.set_options(timeout=TIMEOUT)


async def test_adds_the_integration(home: Home) -> None:
    """A wrong password is refused; the right one leads over sites and history to an entry."""
    frontend, page = home.frontend, home.frontend.page
    username, password = home.simulator.credentials.values()
    await frontend.begin_to_add_integration()

    await frontend.enter_credentials(username, "not the password", home.simulator.url)
    await expect(frontend.form).to_contain_text("Climkit refuses this user name or password")
    assert await home.hass.entry_ids("climkit") == []

    await frontend.enter_credentials(username, password, home.simulator.url)
    await expect(frontend.form).to_contain_text("Which sites should Home Assistant show?")
    await frontend.form.get_by_text("Maison Rochat", exact=True).click()
    await frontend.form.get_by_text("Camping du Lac", exact=True).click()
    await frontend.submit()
    await expect(frontend.form).to_contain_text("There are many meters.")
    await frontend.submit()
    await expect(frontend.form).to_contain_text("How far back should the statistics go?")
    await frontend.submit()
    await page.get_by_role("button", name="finish").click()

    [entry] = await home.hass.command("config_entries/get", domain="climkit")
    assert (entry["title"], entry["state"]) == (SITE, "loaded")
    await wait_for_history(home.hass, sites=1)


async def test_shows_devices_and_entities(home: Home) -> None:
    """The page of a flat names what it is and shows its energy."""
    frontend, page = home.frontend, home.frontend.page
    devices = await home.hass.command("config/device_registry/list")
    flat = next(one for one in devices if one["name"] == "Flat 1")
    await frontend.open(f"/config/devices/device/{flat['id']}")
    await expect(page.locator("ha-config-device-page")).to_contain_text("Electricity meter")
    await expect(page.locator("ha-config-device-page")).to_contain_text(f"Connected via {SITE}")

    entities = await home.hass.command("config/entity_registry/list")
    power = next(one["entity_id"] for one in entities if one["entity_id"] == "sensor.flat_1_power")
    state = next(one for one in await home.hass.command("get_states") if one["entity_id"] == power)
    await frontend.open(f"/history?entity_id={power}")
    assert state["attributes"]["unit_of_measurement"] == "W"
    await expect(page.locator("state-history-charts")).to_contain_text("Flat 1 ▸ Power")


async def test_sets_up_tariff_and_energy_dashboard(home: Home) -> None:
    """The tariff goes through the forms, the dashboard through the action."""
    frontend = home.frontend
    await frontend.add_tariff(SITE, {label: str(price) for label, price in PRICES.items()})
    [entry_id] = await home.hass.entry_ids("climkit")
    [tariff] = await home.hass.command("config_entries/subentries/list", entry_id=entry_id)
    assert tariff["subentry_type"] == "tariff"

    devices = await home.hass.command("config/device_registry/list")
    site = next(one for one in devices if one["name"] == SITE)
    answer = await frontend.set_up_energy_dashboard(site["id"])
    assert {one["type"] for one in answer["added"]["energy_sources"]} == {
        "grid",
        "solar",
        "battery",
        "water",
        "home",
    }
    issues = await home.hass.command("energy/validate")
    assert not any(issues["energy_sources"])


@pytest.mark.parametrize("which", ["yesterday", "a sunny day"])
async def test_energy_dashboard_shows_the_simulators_numbers(home: Home, which: str) -> None:
    """Energy, water and costs on the page are those of the simulator's intervals."""
    days = [Day(home, days_ago) for days_ago in range(1, HISTORY_DAYS - 22)]
    # In winter nothing is exported on most days.
    day = days[0] if which == "yesterday" else max(days, key=lambda one: one.exported)
    imported, exported, solar = day.imported, day.exported, day["electricity", "prod_total"]
    discharged = day["electricity", "storage_discharging_total"]
    charged = day["electricity", "storage_charging_total"]
    cold, hot = day["cold_water", "conso_total"], day["hot_water", "conso_total"]

    await home.frontend.open_energy(days_ago=day.days_ago)
    await expect_totals(
        home,
        {
            f"{SITE} Production": [solar],
            f"{SITE} Battery discharge": [discharged],
            f"{SITE} Battery charge": [-charged],
            f"{SITE} Grid import": [imported, imported * PRICES["Grid electricity"]],
            f"{SITE} Grid export": [-exported, -exported * PRICES["Exported electricity"]],
            # The frontend's own formula, and what Climkit says.
            "Climkit": [imported - exported + solar + discharged - charged],
        },
    )
    assert day["electricity", "conso_total"] == pytest.approx(
        imported - exported + solar + discharged - charged, abs=SHOWN
    )
    await home.frontend.open_energy("overview", days_ago=day.days_ago)
    water_cost = cold * PRICES["Cold water"] + hot * PRICES["Hot water"]
    await expect_totals(home, {"Water total": [cold + hot, water_cost]})


async def expect_totals(home: Home, expected: dict[str, list[float]]) -> None:
    """Wait until the table shows these numbers; it shows the day before for a moment."""
    shown: dict[str, list[float]] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while shown != expected:
                await asyncio.sleep(0.5)
                table = await home.frontend.totals()
                shown = {name: [number(text) for text in table.get(name, ())] for name in expected}
                if all(
                    shown[name] == pytest.approx(expected[name], abs=SHOWN) for name in expected
                ):
                    return
    pytest.fail(f"shown: {shown}\nexpected: {expected}")


def test_nothing_is_complained_of(home: Home) -> None:
    """The log tells of no fault of the integration."""
    assert list(complaints(home.log)) == []


class Day:
    """What the simulator says about a day in Switzerland; sums by meter type and column."""

    def __init__(self, home: Home, days_ago: int) -> None:
        today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        self.days_ago = days_ago
        self._start = (today - timedelta(days=days_ago)).astimezone(UTC)
        self._end = (today - timedelta(days=days_ago - 1)).astimezone(UTC)
        self._world = home.simulator.world
        self._site_id = next(
            key for key, site in self._world.sites.items() if site.site_info["name"] == SITE
        )
        self.imported = self["electricity", "from_ext"]
        self.exported = self["electricity", "to_ext"]

    def __getitem__(self, key: tuple[str, str]) -> float:
        meter_type, column = key
        series = hourly(
            self._world, self._site_id, meter_type, self._start, self._end, datetime.now(UTC)
        )
        hours = series[f"climkit:{self._site_id}_{meter_type}_{column}"]
        wanted = range(int(self._start.timestamp()), int(self._end.timestamp()))
        return fsum(value for hour, value in hours.items() if hour in wanted)
