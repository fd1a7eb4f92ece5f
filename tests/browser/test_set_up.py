"""A tenant's first evening: from *Add integration* to the picture of the own flat's day."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
from playwright.async_api import expect
import pytest

from tools.demonstration.browser import Frontend, browsing
from tools.demonstration.home_assistant import HomeAssistant
from tools.demonstration.playground import playground
from tools.demonstration.simulator import Simulator

from .person import Person

MOST_CLICKS = 12
HISTORY_DAYS = 24
ROOF = 60_000


@dataclass
class Tenant:
    """A person at a Home Assistant without the integration."""

    hass: HomeAssistant
    simulator: Simulator
    frontend: Frontend
    person: Person


@pytest.fixture
async def tenant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tenant]:
    """Give one at a new Home Assistant, its sidebar shown."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        folder = tmp_path_factory.mktemp("tenant")
        hass, simulator = await stack.enter_async_context(
            playground(session, folder, HISTORY_DAYS, ROOF)
        )
        frontend = await stack.enter_async_context(browsing(hass, sidebar="docked"))
        yield Tenant(hass, simulator, frontend, Person())


async def test_flat_in_twelve_clicks(tenant: Tenant) -> None:
    """Nothing but the credentials is typed; then today's quarter-hours are seen.

    All in one page: one that was open before Climkit was set up.
    """
    frontend, click, clicks = tenant.frontend, tenant.person.click, tenant.person.clicks
    page, form = frontend.page, frontend.form
    submit = page.get_by_role("button", name="Submit")
    await frontend.open("/config/integrations/dashboard")
    await click(page.get_by_role("button", name="Add integration"))
    await click(await frontend.find_in_brands("Climkit"))

    username, password = tenant.simulator.credentials.values()
    # The address of the simulator is no part of what a tenant enters.
    await frontend.enter_credentials(username, password, tenant.simulator.url)
    clicks.append("Submit")
    await expect(form).to_contain_text("Which sites should Home Assistant show?")
    await click(submit)
    await click(page.get_by_text("My flat", exact=True))
    await expect(form).to_contain_text("Which meter is yours?")
    await click(form.locator("ha-selector-select").first)
    await click(form.get_by_text("Les Tilleuls - Flat 2", exact=True))
    await click(submit)
    await expect(form).to_contain_text("How far back should the statistics go?")
    await click(submit)
    await expect(page.get_by_text("Set this up too?")).to_be_visible()
    await click(submit)
    await click(page.get_by_role("button", name="Skip and finish"))
    await click(page.locator("ha-sidebar").get_by_text("Climkit", exact=True))

    chart = page.locator("climkit-day").get_by_role("img").first
    await expect(chart).to_be_visible()
    await expect(page.locator("climkit-day").first).to_contain_text("Flat 2")
    assert len(clicks) <= MOST_CLICKS, clicks

    [entry] = await tenant.hass.command("config_entries/get", domain="climkit")
    assert (entry["title"], entry["state"]) == ("Flat 2, Les Tilleuls", "loaded")
