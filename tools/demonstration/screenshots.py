"""Takes the pictures of READMEs and docs from a running Home Assistant, in four languages.

python -m tools.demonstration.screenshots       # all of them
python -m tools.demonstration.screenshots it    # those in Italian
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
import io
from math import fsum
from pathlib import Path
import sys
import tempfile
from zoneinfo import ZoneInfo

import aiohttp
from PIL import Image

from tests.simulator.world import World

from .browser import Frontend, Size, browsing
from .check import wait_for_history
from .dashboard import Dashboard
from .home_assistant import ROOT, HomeAssistant
from .playground import playground
from .simulator import Simulator

IMAGES = ROOT / "docs" / "images"
HISTORY_DAYS = 50  # the apartment house begins three weeks later
ROOF = 60_000  # watts of peak power: there is something to see in winter too
SITE, FLAT = "Les Tilleuls", "Flat 1"
ZONE = ZoneInfo("Europe/Zurich")
PRICES = {
    "Grid electricity": "0.29",
    "Solar electricity": "0.21",
    "Cold water": "2.5",
    "Hot water": "11.5",
}
FEED_IN = {"Price": "0.08"}
# What the home, a flat and the graph are called, and the parts of the graph.
WORDS = {
    "en": ("Home", "Flat 1", "Where the energy came from", "Solar", "Grid"),
    "de": ("Zuhause", "Wohnung 1", "Woher die Energie kam", "Solar", "Netz"),
    "fr": ("Maison", "Appartement 1", "Provenance de l'énergie", "Solaire", "Réseau"),
    "it": ("Casa", "Appartamento 1", "Provenienza dell'energia", "Solare", "Rete"),
}
# What pages in other languages than English show.
TRANSLATED = {"my-flat", "device", "energy-dashboard"}
DASHBOARD = "climkit-pictures"
PANEL = "climkit"
WIDTH = 1280  # of each picture, in pixels
# Sharp, and without fractions of pixels, which cut off the labels of graphs.
DASHBOARD_SIZE = Size(width=900, height=1010, scale=2)
DEVICE_SIZE = Size(width=850, height=814, scale=2)
GRAPH_SIZE = Size(width=800, height=500, scale=2)
FORM_SIZE = Size(width=800, height=680, scale=2)
# So wide that the names of tiles are not cut off.
PAGE_SIZE = Size(width=1200, height=786, scale=2)
PHONE_SIZE = Size(width=390, height=844, scale=2)


async def main(languages: Sequence[str]) -> None:
    """Set everything up once, and take each picture in each language."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session,
            playground(session, Path(folder), HISTORY_DAYS, ROOF) as (hass, simulator),
        ):
            await hass.wait_until_started()
            for entry in await hass.command("config_entries/get"):
                # They are seen behind the form, some of them in trouble without a network.
                await hass.command(
                    "config_entries/disable", entry_id=entry["entry_id"], disabled_by="user"
                )
            for language in languages:
                await hass.command("config/core/update", language=language)
                async with browsing(hass, language=language, size=FORM_SIZE) as frontend:
                    await frontend.begin_to_add_integration()
                    await take(frontend, "config-flow", language)
            site_id = await set_up(hass, simulator)
            for language in languages:
                await translate(hass, language, simulator.world, site_id)
                days_ago = days_since_sunshine(simulator.world, site_id)
                await take_pictures(hass, language, days_ago)
                await take_climkit_dashboard(hass, language, simulator, days_ago)


async def take_climkit_dashboard(
    hass: HomeAssistant, language: str, simulator: Simulator, days_ago: int
) -> None:
    """Take the pictures of the Climkit dashboard: a flat, the building in the dark, a phone."""
    site_id = simulator.site_id(SITE)
    flat = f"/{PANEL}/meter-{flat_id(simulator.world, site_id)}"
    day = (datetime.now(ZONE) - timedelta(days=days_ago)).date().isoformat()
    for name, path, size, is_dark in (
        ("my-flat", flat, PAGE_SIZE, False),
        ("building", f"/{PANEL}/building-{site_id}", PAGE_SIZE, True),
        ("phone", flat, PHONE_SIZE, False),
    ):
        async with browsing(hass, language=language, size=size, is_dark=is_dark) as frontend:
            dashboard = Dashboard(frontend)
            await dashboard.open(path)
            card = dashboard.card("day")
            await card.ready()
            await card.pick(day)
            await card.ready()
            await card.picker.blur()
            await take(frontend, name, language, width=min(WIDTH, size.width * size.scale))


async def take_pictures(hass: HomeAssistant, language: str, days_ago: int) -> None:
    """Take the pictures that need data; the Energy dashboard as it was on a day."""
    async with browsing(hass, language=language, size=DASHBOARD_SIZE) as frontend:
        await frontend.open_energy("overview", days_ago=days_ago)
        await frontend.totals()
        await take(frontend, "energy-dashboard", language)
    async with browsing(hass, language=language, size=DEVICE_SIZE) as frontend:
        await frontend.open(f"/config/devices/device/{await device_id(hass)}")
        await frontend.page.locator(
            "ha-device-entities-card hui-sensor-entity-row"
        ).first.wait_for()
        await take(frontend, "device", language)
    async with browsing(hass, language=language, size=GRAPH_SIZE) as frontend:
        await frontend.open(f"/{DASHBOARD}/0")
        await frontend.page.locator("hui-statistics-graph-card canvas").first.wait_for()
        await take(frontend, "statistics-graph", language)


async def set_up(hass: HomeAssistant, simulator: Simulator) -> str:
    """Add the apartment house with a tariff and an Energy dashboard. Returns its id."""
    site_id = simulator.site_id(SITE)
    answers = {**simulator.credentials, "url": simulator.url, "history": "everything"}
    answers["energy_dashboard"] = False  # it is set up below, with the costs
    await hass.command("config/core/update", language="en")
    await hass.add_integration("climkit", {**answers, "sites": [site_id]})
    await wait_for_history(hass, sites=1)
    async with browsing(hass) as frontend:
        await frontend.add_tariff(SITE, PRICES)
        await frontend.add_feed_in_price(SITE, FEED_IN)
        await frontend.set_up_energy_dashboard()
    # The power of entities begins when they do, which is now; so its graph would be empty.
    prefs = await hass.command("energy/get_prefs")
    for source in prefs["energy_sources"]:
        source.pop("stat_rate", None)
        source.pop("power_config", None)
    await hass.command("energy/save_prefs", energy_sources=prefs["energy_sources"])
    await hass.command("lovelace/dashboards/create", url_path=DASHBOARD, title="Climkit")
    return site_id


async def translate(hass: HomeAssistant, language: str, world: World, site_id: str) -> None:
    """Let Home Assistant speak a language; names of entities and statistics come in it."""
    home, flat, title, solar, grid = WORDS[language]
    await hass.command("config/core/update", language=language, location_name=home)
    for entry_id in await hass.entry_ids("climkit"):
        await hass.command(
            "call_service",
            domain="homeassistant",
            service="reload_config_entry",
            service_data={"entry_id": entry_id},
        )
    await hass.command(
        "config/device_registry/update", device_id=await device_id(hass), name_by_user=flat
    )
    meter_id = flat_id(world, site_id)
    card = {
        "type": "statistics-graph",
        "title": f"{flat}: {title}",
        "chart_type": "bar-stack",
        "stat_types": ["change"],
        "period": "day",
        "days_to_show": 28,
        "entities": [
            {"entity": f"climkit:{meter_id}_ext", "name": grid},
            {"entity": f"climkit:{meter_id}_self", "name": solar},
        ],
    }
    config = {"views": [{"type": "panel", "cards": [card]}]}
    await hass.command("lovelace/config/save", url_path=DASHBOARD, config=config)


def flat_id(world: World, site_id: str) -> str:
    """Return the id of the flat's meter."""
    return str(next(one["id"] for one in world.meter_info(site_id) if one.get("name") == FLAT))


async def device_id(hass: HomeAssistant) -> str:
    """Return the id of the flat's device."""
    devices = await hass.command("config/device_registry/list")
    return next(str(one["id"]) for one in devices if one["name"] == FLAT)


def days_since_sunshine(world: World, site_id: str) -> int:
    """Return how many days ago most was exported, among the days that are there."""
    today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)

    def exported(days_ago: int) -> float:
        start, end = (today - timedelta(days=days) for days in (days_ago, days_ago - 1))
        columns = world.intervals(
            site_id, "electricity", start.astimezone(UTC), end.astimezone(UTC)
        )
        return fsum(columns["to_ext"].values())

    return max(range(1, 25), key=exported)


async def take(frontend: Frontend, name: str, language: str, width: int = WIDTH) -> None:
    """Take a picture once nothing moves any more, if a page shows it."""
    if language != "en" and name not in TRANSLATED:
        return
    await frontend.page.mouse.move(0, 0)
    await frontend.page.evaluate("scrollTo(0, 0)")
    picture = b""
    async with asyncio.timeout(60):
        while picture != (now := await frontend.page.screenshot(animations="disabled")):
            picture = now
            await asyncio.sleep(1)
    path = IMAGES / f"{name}{'' if language == 'en' else f'.{language}'}.png"
    await asyncio.to_thread(save, picture, path, width)


def save(picture: bytes, path: Path, width: int) -> None:
    """Write a picture in a width, and 256 colours, which makes it small."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image = image.resize((width, round(image.height * width / image.width)))
    image.quantize(256).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(WORDS)))
