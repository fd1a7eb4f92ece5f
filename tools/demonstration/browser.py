"""What a person does with Climkit in Home Assistant's frontend, in headless Chromium.

All waits are for what a person would wait for. Playwright's locators reach into open shadow roots.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
import re
import shutil
import time
from typing import Any, Literal

from playwright.async_api import Error, Locator, Page, async_playwright

from .home_assistant import HomeAssistant

TIMEOUT = 60_000  # milliseconds; a small machine starts the frontend slowly
FORM = "step-flow-form"
PREVIOUS = "hui-energy-period-selector .date-actions .overflow > ha-icon-button"
# Chromium has no sandbox for root, and no graphics card here. Debian's speaks English only, so that
# fields of dates have to take their language from the page.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--enable-blink-features=LangAttributeAwareFormControlUI",
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """A window of the browser; `scale` is how many pixels of a picture one of its pixels has."""

    width: int = 1280
    height: int = 1000
    scale: int = 1


DEFAULT_SIZE = Size()


@asynccontextmanager
async def browsing(
    hass: HomeAssistant,
    *,
    language: str = "en",
    size: Size = DEFAULT_SIZE,
    sidebar: Literal["always_hidden", "docked"] = "always_hidden",
    is_dark: bool = False,
) -> AsyncIterator[Frontend]:
    """Open a browser that is signed in at a Home Assistant.

    is_dark: the person's system prefers dark colours.
    """
    settings = {
        "hassTokens": {
            "hassUrl": hass.url,
            "clientId": f"{hass.url}/",
            "access_token": hass.access_token,
            "refresh_token": "",
            "token_type": "Bearer",
            "expires_in": 86_400,
            "expires": (time.time() + 86_400) * 1000,
        },
        "selectedLanguage": language,
        "dockedSidebar": sidebar,
    }
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=OPTIONS
        )
        context = await chromium.new_context(
            viewport={"width": size.width, "height": size.height},
            device_scale_factor=size.scale,
            locale=language,
            timezone_id="Europe/Zurich",
            reduced_motion="reduce",
            color_scheme="dark" if is_dark else "light",
        )
        context.set_default_timeout(TIMEOUT)
        await context.add_init_script(
            f"for (const [key, value] of Object.entries({json.dumps(settings)}))"
            " localStorage.setItem(key, JSON.stringify(value));"
        )
        yield Frontend(await context.new_page(), hass.url)
        await chromium.close()


class Frontend:
    """Home Assistant's frontend in one page of a browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url

    async def open(self, path: str) -> None:
        """Load a page anew; where Home Assistant's frontend goes elsewhere just then, once more."""
        try:
            await self.page.goto(self._url + path)
        except Error as err:
            if "ERR_ABORTED" not in err.message:
                raise
            await self.page.goto(self._url + path)
        await self.page.locator("home-assistant-main").wait_for(state="attached")

    async def command(self, kind: str, **parameters: Any) -> Any:
        """Send a websocket command as this user, over the page's own connection."""
        return await self.page.evaluate(
            "message => document.querySelector('home-assistant').hass.callWS(message)",
            {"type": kind, **parameters},
        )

    # The account

    async def begin_to_add_integration(self) -> None:
        """Open the form that asks for the credentials."""
        await self.open("/config/integrations/dashboard/add?domain=climkit")
        await self.page.locator("dialog-box").get_by_role("button").last.click()
        await self.form.locator("input[name=username]").wait_for()

    async def find_in_brands(self, name: str) -> Locator:
        """Scroll the dialog *Select brand* until an integration is seen, without a search."""
        found = self.page.get_by_text(name, exact=True)
        await self.page.locator("ha-integration-list-item").first.hover()
        async with asyncio.timeout(TIMEOUT / 1000):
            while not await found.count():
                await self.page.mouse.wheel(0, 500)
                await asyncio.sleep(0.1)  # the list shows only what is near
        return found.first

    async def enter_credentials(self, username: str, password: str, url: str) -> None:
        """Fill the form in, with an address of the API that hides behind "Advanced"."""
        await self.form.locator("input[name=username]").fill(username)
        await self.form.locator("input[name=password]").fill(password)
        address = self.form.locator("input[type=url]")
        if not await address.is_visible():
            await self.form.get_by_text("Advanced", exact=True).click()
        await address.fill(url)
        await self.submit()

    # Costs and the Energy dashboard

    async def add_tariff(self, site: str, prices: Mapping[str, str]) -> None:
        """Add a tariff of a site; `prices` by the labels of their fields."""
        await self._begin_prices("tariff", site)
        await self.form.get_by_text("Water and heat", exact=True).click()
        await self._enter_prices(prices)

    async def add_feed_in_price(self, site: str, prices: Mapping[str, str]) -> None:
        """Add what a site is paid for its exports; `prices` by the labels of their fields."""
        await self._begin_prices("feed-in price", site)
        await self._enter_prices(prices)

    async def _begin_prices(self, kind: str, site: str) -> None:
        await self.open("/config/integrations/integration/climkit")
        await self.page.get_by_role("button", name=f"Add {kind}").first.click()
        question = self.form.get_by_text(f"Which site is the {kind} for?")
        title = self.page.get_by_text(f"{kind.capitalize()} of {site}")
        await question.or_(title).first.wait_for()
        if await question.is_visible():
            await self.form.get_by_text(site, exact=True).click()
            await self.submit()
            await title.wait_for()

    async def _enter_prices(self, prices: Mapping[str, str]) -> None:
        for label, price in prices.items():
            await self.form.get_by_role("spinbutton", name=label, exact=True).fill(price)
        await self.submit()
        await self.page.get_by_role("button", name="Finish").click()

    async def set_up_energy_dashboard(self, owner: str = "", water: Iterable[str] = ()) -> str:
        """Go through the options: for a site or a flat, with its water meters.

        Without an owner it is what the form suggests, the first site. Returns what would be added
        and what not, or that there is nothing to add.
        """
        await self.open("/config/integrations/integration/climkit")
        await self.page.get_by_role("button", name="Configure", exact=True).first.click()
        await self.page.get_by_text("Set up the Energy dashboard").click()
        await self.form.get_by_text("Water meters of the flat").first.wait_for()
        if owner:
            await self.form.get_by_role("button", name="Site or flat").click()
            await self.form.get_by_text(owner, exact=True).click()
        for meter in water:
            await self.form.get_by_role("button", name="Add", exact=True).click()
            await self.form.get_by_text(meter, exact=True).click()
        await self.submit()
        nothing = self.page.get_by_text("There is nothing to add")
        skipped = self.form.locator("ha-markdown-element").filter(has_text="Left out:")
        await skipped.or_(nothing).first.wait_for()
        if await nothing.is_visible():
            return await nothing.inner_text()
        told = await skipped.inner_text()
        await self.submit()
        await self.page.get_by_text("The Energy dashboard is set up").wait_for()
        return told

    async def edit_energy_source(self, button: str, display_name: str) -> None:
        """Give a source another name in the settings of the Energy dashboard, and save it."""
        await self.open("/config/energy/electricity")
        await self.page.get_by_role("button", name=button, exact=True).first.click()
        await self.page.get_by_role("textbox", name="Display name").fill(display_name)
        await self.page.get_by_role("button", name="Save").click()
        await self.page.locator("ha-dialog").wait_for(state="detached")

    async def open_energy(self, view: str = "electricity", *, days_ago: int = 1) -> None:
        """Open a view of the Energy dashboard anew, and turn back to a day."""
        await self.open(f"/energy/{view}")
        for _ in range(days_ago):
            await self.page.locator(PREVIOUS).first.click()

    async def totals(self) -> dict[str, list[str]]:
        """Return the table "Totals": by the name of each row its energy, and its cost if any."""
        rows = self.page.locator("hui-energy-sources-table-card tr")
        await rows.first.wait_for()
        cells = [text.strip().split("\t") for text in await rows.all_inner_texts()]
        return {name: [text for text in values if text] for name, *values in cells}

    async def home_consumption(self) -> str:
        """Return what the frontend says that the home used, beside the title "Electricity"."""
        return await self.page.locator(
            "hui-energy-usage-graph-card hui-energy-graph-chip"
        ).inner_text()

    # Forms

    @property
    def form(self) -> Locator:
        """The step of a flow that is shown."""
        return self.page.locator(FORM)

    async def submit(self) -> None:
        """Send the form."""
        await self.page.get_by_role("button", name=re.compile("^(Submit|Next)$")).click()


def number(text: str) -> float:
    """Return the number in a text such as `-CHF 1,234.50` or `0.48 m³`."""
    found = re.search(r"[\d,]*\.?\d+", text)
    if found is None:
        raise ValueError(f"no number in {text!r}")
    amount = float(found[0].replace(",", ""))
    return -amount if text.lstrip().startswith(("-", "\u2212")) else amount
