"""Prices as they stand on a bill, entered by hand."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Locator, expect
import pytest

from tools.demonstration.browser import Frontend, browsing
from tools.demonstration.playground import playground

from .person import Person
from .waiting import wait_until

AT_MOST = 120  # seconds
HISTORY_DAYS = 3
ROOF = 10_000

# A flat in the area of Groupe E, all included; the metering fee is ewz's.
ELECTRICITY = {
    "Grid electricity": "0.2921",
    "Grid electricity, low tariff": "0.1834",
    "Solar electricity": "0.17",
}
METERING_FEE = "6.90"
# The reference price of the second quarter of 2025, the floor of a small roof, and Groupe E's part.
FEED_IN = {"Price": "0.028", "Minimum price": "0.06", "Supplement": "0.04"}


@dataclass
class Desk:
    """Where somebody sits with a bill; `entries` is what Home Assistant has stored."""

    frontend: Frontend
    entries: Path

    def button(self, name: str) -> Locator:
        """Return a button of the page or the dialog."""
        return self.frontend.page.get_by_role("button", name=name)

    def field(self, label: str) -> Locator:
        """Return a field for a number."""
        return self.frontend.form.get_by_role("spinbutton", name=label, exact=True)

    async def stored(self) -> dict[str, Any]:
        """Return what is stored of the account, by its kind."""
        entries = json.loads(self.entries.read_text(encoding="utf-8"))["data"]["entries"]
        [climkit] = [one for one in entries if one["domain"] == "climkit"]
        return {one["subentry_type"]: one["data"] for one in climkit["subentries"]}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a desk of somebody who has a house."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hass, simulator = await stack.enter_async_context(
            playground(session, tmp_path, HISTORY_DAYS, ROOF, sites=["house"])
        )
        answers = {**simulator.credentials, "url": simulator.url}
        await hass.add_integration("climkit", answers)
        frontend = await stack.enter_async_context(browsing(hass))
        yield Desk(frontend, tmp_path / ".storage" / "core.config_entries")


async def test_bill_is_entered_in_two_minutes(desk: Desk) -> None:
    """High and low tariff with the utility's hours, a fee, and what is paid for exports."""
    person, form = Person(), desk.frontend.form
    await desk.frontend.open("/config/integrations/integration/climkit")
    await person.click(desk.button("Add tariff").first)
    for label, price in ELECTRICITY.items():
        await person.enter(desk.field(label), price)
    await person.click(form.get_by_text("Hours of your utility", exact=True))
    await person.click(form.get_by_role("menuitem", name="Groupe E Double"))
    await person.click(form.get_by_text("Fees and demand charge", exact=True))
    await person.enter(desk.field("Each consumer's meter"), METERING_FEE)
    await person.click(desk.button("Submit"))
    await person.click(desk.button("Finish"))
    await expect(form).to_have_count(0)

    await person.click(desk.button("Add feed-in price").first)
    for label, price in FEED_IN.items():
        await person.enter(desk.field(label), price)
    await person.click(desk.button("Submit"))
    await person.click(desk.button("Finish"))

    assert person.keys == len("".join([*ELECTRICITY.values(), METERING_FEE, *FEED_IN.values()]))
    assert person.seconds < AT_MOST, person
    stored = await wait_until(desk.stored, lambda found: len(found) == 2, "both prices")
    assert stored["tariff"]["electricity"] == {
        "grid_price": 0.2921,
        "grid_price_low": 0.1834,
        "solar_price": 0.17,
    }
    windows = "12-17, 23-07"
    assert stored["tariff"]["low_hours"] == dict.fromkeys(
        ("weekday", "saturday", "sunday"), windows
    )
    assert stored["tariff"]["fees"]["meter_fee"] == 6.9
    prices = {"feed_in_price": 0.028, "feed_in_floor": 0.06, "feed_in_bonus": 0.04}
    assert stored["feed_in"]["feed_in"] == prices
