"""Takes the pictures of the README from a running Home Assistant, in three languages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import tempfile
from typing import Any

import aiohttp
from PIL import Image
from playwright.async_api import Locator

from .browser import Frontend, browsing
from .check import wait_for_history
from .home_assistant import ROOT, HomeAssistant
from .playground import playground
from .simulator import Simulator

LANGUAGES = ("en", "de", "fr")
HISTORY_DAYS = 60
SITE = "Les Tilleuls"
PRICES = {
    "Grid electricity": "0.29",
    "Solar electricity": "0.21",
    "Exported electricity": "0.08",
    "Cold water": "2.5",
    "Hot water": "11.5",
}
IMAGES = ROOT / "docs" / "images"
DASHBOARD = "climkit-pictures"
GRAPH = "hui-statistics-graph-card"


async def main() -> None:
    """Set everything up once, and take each picture in each language."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session,
            playground(session, Path(folder), HISTORY_DAYS) as (hass, simulator),
        ):
            for language in LANGUAGES:
                async with speaking(hass, language, width=900, height=800) as frontend:
                    await frontend.begin_to_add_integration()
                    await picture_of_form(frontend, f"config-flow.{language}")
            site_id = await set_up(hass, simulator)
            for language in LANGUAGES:
                async with speaking(hass, language) as frontend:
                    await take_pictures(frontend, language, site_id)


@asynccontextmanager
async def speaking(hass: HomeAssistant, language: str, **size: int) -> AsyncIterator[Frontend]:
    """Open a browser in a language; names of entities come in the language of the server."""
    await hass.command("config/core/update", language=language)
    for entry_id in await hass.entry_ids("climkit"):
        await hass.command(
            "call_service",
            domain="homeassistant",
            service="reload_config_entry",
            service_data={"entry_id": entry_id},
        )
    async with browsing(hass, language=language, **size) as frontend:
        yield frontend


async def set_up(hass: HomeAssistant, simulator: Simulator) -> str:
    """Add the apartment house with a tariff and an Energy dashboard. Returns its id."""
    await hass.command("config/core/update", language="en")
    site_id = next(
        key for key, site in simulator.world.sites.items() if site.site_info["name"] == SITE
    )
    answers = {**simulator.credentials, "url": simulator.url, "history": "everything"}
    await hass.add_integration("climkit", {**answers, "sites": [site_id]})
    await wait_for_history(hass, sites=1)
    devices = await hass.command("config/device_registry/list")
    async with browsing(hass) as frontend:
        await frontend.add_tariff(SITE, PRICES)
        await frontend.set_up_energy_dashboard(
            next(one["id"] for one in devices if one["name"] == SITE)
        )
    await hass.command("lovelace/dashboards/create", url_path=DASHBOARD, title="Pictures")
    await hass.command("lovelace/config/save", url_path=DASHBOARD, config=graph(site_id))
    return site_id


def graph(site_id: str) -> dict[str, Any]:
    """Return a dashboard with one graph: what each day's electricity is made of."""
    card = {
        "type": "statistics-graph",
        "chart_type": "bar",
        "period": "day",
        "days_to_show": 30,
        "stat_types": ["change"],
        "entities": [
            f"climkit:{site_id}_electricity_{column}" for column in ("from_ext", "self", "to_ext")
        ],
    }
    return {"views": [{"title": "Pictures", "type": "panel", "cards": [card]}]}


async def take_pictures(frontend: Frontend, language: str, site_id: str) -> None:
    """Take the pictures that need data."""
    page = frontend.page
    devices = await frontend_devices(frontend)
    await frontend.open(f"/config/devices/device/{devices[SITE]}")
    await page.locator("ha-device-entities-card").first.wait_for()
    await settle(frontend)
    await save(await page.screenshot(), f"device.{language}")

    await frontend.open(f"/{DASHBOARD}")
    await picture_of(frontend, page.locator(GRAPH), f"statistics.{language}")

    await frontend.open("/energy/overview")
    await page.locator("hui-energy-period-selector ha-icon-button-prev").click()
    await page.locator("hui-energy-sources-table-card tr").first.wait_for()
    await settle(frontend)
    await save(await page.screenshot(), f"energy.{language}")


async def frontend_devices(frontend: Frontend) -> dict[str, str]:
    """Return the ids of all devices by their names."""
    await frontend.open("/config")
    devices = await frontend.command("config/device_registry/list")
    return {one["name"]: one["id"] for one in devices}


async def picture_of_form(frontend: Frontend, name: str) -> None:
    """Take the picture of a dialog."""
    await settle(frontend)
    await save(await frontend.page.screenshot(), name)


async def picture_of(frontend: Frontend, element: Locator, name: str) -> None:
    """Take the picture of one element."""
    await element.locator("canvas").first.wait_for()
    await settle(frontend)
    await save(await element.screenshot(), name)


async def settle(frontend: Frontend) -> None:
    """Wait until animations have come to their end: two pictures in a row are the same."""
    before = b""
    async with asyncio.timeout(30):
        while (now := await frontend.page.screenshot(animations="disabled")) != before:
            before = now
            await asyncio.sleep(1)


async def save(picture: bytes, name: str) -> None:
    """Write a picture with 256 colours, which makes it small."""
    path = IMAGES / f"{name}.png"
    path.write_bytes(picture)  # noqa: ASYNC240
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} kB")  # noqa: ASYNC240


if __name__ == "__main__":
    asyncio.run(main())
