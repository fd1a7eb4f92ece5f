"""Where READMEs and docs send people is there, and is called so."""

from collections.abc import Iterator
import json
import re
from typing import Any

from playwright.async_api import expect
import pytest

from tools.demonstration.home_assistant import ROOT

from .conftest import Home

PAGES = [*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")]
LINK = re.compile(r"https://my\.home-assistant\.io/redirect(/(\w+)/[^\s)\"]*)")
MENU = re.compile(r"(?<![*\w])\*([^*]+ > [^*]+)\*")
FRONTEND = "lib/python3*/site-packages/hass_frontend/static/translations"
OWN = ROOT / "custom_components" / "climkit" / "translations"

# By the name of a link where it leads, and what is seen there.
LEADS_TO = {
    "blueprint_import": ("/config/blueprint/dashboard", "Import a blueprint"),
    "config_energy": ("/config/energy/electricity", "Electricity grid"),
    "config_flow_start": ("/config/integrations/dashboard", "Do you want to set up Climkit?"),
    "developer_services": ("/config/tools/action", "Actions"),
    "developer_statistics": ("/config/tools/statistics", "Statistics"),
    "general": ("/config/general", "Home information"),
    "hacs_repository": ("/marketplace", "Before you install from the Marketplace"),
    "integration": ("/config/integrations/integration/climkit", "Climkit"),
    "repairs": ("/config/repairs", "Repairs"),
    "system_health": ("/config/repairs", "System information"),
}


def links() -> dict[str, str]:
    """Return the links to a person's own Home Assistant, by their paths their names."""
    return {
        path: name
        for page in PAGES
        for path, name in LINK.findall(page.read_text(encoding="utf-8"))
    }


def menus() -> Iterator[tuple[str, str]]:
    """Give the paths through menus, with the language of their page."""
    for page in PAGES:
        _, _, language = page.stem.partition(".")
        paragraphs = page.read_text(encoding="utf-8").split("\n\n")
        for paragraph in paragraphs:
            text = re.sub(r"\s+", " ", paragraph)
            for path in MENU.findall(text):
                yield language or "en", re.sub(r"[\[\]]|\([^)]*\)", "", path)


def texts(value: Any) -> Iterator[str]:
    """Give all texts of a file of translations, however deep they are."""
    for inner in value.values() if isinstance(value, dict) else ():
        yield from texts(inner)
    if isinstance(value, str):
        yield value.replace("\u2019", "'").casefold()


@pytest.mark.parametrize(("path", "name"), sorted(links().items()))
async def test_link_leads_there(home: Home, path: str, name: str) -> None:
    """A link opens the page that it is for, with what a person looks for."""
    where, seen = LEADS_TO[name]
    page = home.frontend.page
    await home.frontend.open(f"/_my_redirect{path}")
    await page.wait_for_url(f"**{where}**")
    await expect(page.get_by_text(seen).locator("visible=true").first).to_be_visible()


@pytest.mark.parametrize("language", ["en", "de", "fr", "it"])
def test_menus_are_called_so(language: str, environment: str) -> None:
    """Each part of a path through menus is a text of the frontend, or of ours."""
    [folder] = (ROOT / environment).glob(FRONTEND)
    files = [*folder.rglob(f"{language}-{'?' * 32}.json"), OWN / f"{language}.json"]
    known = {"climkit"}
    for file in files:
        known |= set(texts(json.loads(file.read_text(encoding="utf-8"))))
    said = {path for spoken, path in menus() if spoken == language}
    assert said
    for path in said:
        parts = path.replace("\u2019", "'").casefold().split(" > ")
        assert set(parts) <= known, path
