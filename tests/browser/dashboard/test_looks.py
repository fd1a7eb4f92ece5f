"""The dashboard on phones and in the dark, in each language."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
import json
from pathlib import Path
import re

from playwright.async_api import expect
import pytest

from tools.demonstration.browser import Frontend, Size, browsing
from tools.demonstration.dashboard import Card, Dashboard

from ..home import Home
from .conftest import SPRING, TODAY, Shown
from .days import Truth, days_of, month_before, total
from .looks import crowded, faint, redrawn, surplus_width, words

TRANSLATIONS = Path(__file__).parents[3] / "custom_components" / "climkit" / "translations"
LANGUAGES = ("en", "de", "fr", "it")
# How a day in March, a time and two numbers are written.
MARCH = {
    "en": "Sunday, March {0.day}, {0.year}",
    "de": "Sonntag, {0.day}. März {0.year}",
    "fr": "dimanche {0.day} mars {0.year}",
    "it": "domenica {0.day} marzo {0.year}",
}
MORNING = {"en": "12:15 AM", "de": "00:15", "fr": "00:15", "it": "00:15"}
THOUSANDS = {"en": ",", "de": ".", "fr": " ", "it": ""}  # in Italian from 10,000 on
WIDTHS = (390, 360, 2560)
KINDS = ("day", "months", "heatmap", "meters")
# What the page of a building says, by the keys of its texts.
SAID = {
    "consumption", "self", "import", "export", "charge", "discharge", "self_sufficiency",
    "self_consumption", "peak", "price", "day_before", "cost", "table", "month", "year",
    "solar_share", "no_data", "meter", "amount", "share", "last_data", "save", "now", "months",
    "heatmap", "meters", "tile_consumption_power", "tile_peak_month", "back_day",
    "next_day", "back_month", "next_month", "pick_day",
}  # fmt: skip


@dataclass
class Abroad:
    """A browser of a person with a language."""

    language: str
    frontend: Frontend
    dashboard: Dashboard

    def texts(self, language: str = "") -> dict[str, str]:
        """Return the dashboard's texts by their keys."""
        path = TRANSLATIONS / f"{language or self.language}.json"
        common = json.loads(path.read_text(encoding="utf-8"))["common"]
        return {key.removeprefix("dashboard_"): text for key, text in common.items()}


@pytest.fixture(scope="module", params=LANGUAGES)
async def abroad(request: pytest.FixtureRequest, home: Home) -> AsyncIterator[Abroad]:
    """Give a browser in each language."""
    async with browsing(home.hass, language=request.param) as frontend:
        yield Abroad(request.param, frontend, Dashboard(frontend))


async def open_cards(dashboard: Dashboard, path: str) -> list[Card]:
    """Open the page of the building, and return its cards, once they are drawn."""
    await dashboard.open(path)
    cards = [dashboard.card(kind) for kind in KINDS]
    for card in cards:
        await card.ready()
    await expect(cards[0].host.locator("path.before")).to_have_count(2)  # in chart and legend
    return cards


async def test_speaks_the_persons_language(abroad: Abroad, building: Shown) -> None:
    """All that stands on the page of a building, and nothing in English elsewhere."""
    await open_cards(abroad.dashboard, building.path)
    said = await words(abroad.frontend.page.locator("hui-view"))
    said = {one.removesuffix(" \u2193") for one in said}  # the column that is sorted
    texts, english = abroad.texts(), abroad.texts("en")
    assert {texts[key] for key in SAID} - said == set()
    foreign = set(english.values()) - set(texts.values())
    assert said & foreign == set()
    if abroad.language != "en":
        assert len(foreign) > 50


async def test_writes_numbers_and_dates_in_the_persons_way(abroad: Abroad, building: Shown) -> None:
    """They have the language's decimals, thousands, clock and names of days."""
    [day, months, *_] = await open_cards(abroad.dashboard, building.path)
    await months.press("back")
    month = month_before(TODAY)
    used = amount_of(building.truth, month, "Consumption")
    assert 1000 <= used < 9999.5
    label = abroad.texts()["consumption"]
    said = f"{used:,.0f} kWh".replace(",", THOUSANDS[abroad.language])
    assert (await months.sums())[label] == said

    await day.pick(SPRING.isoformat())
    await day.ready()
    await expect(day.when).to_have_text(MARCH[abroad.language].format(SPRING))
    table = await day.table()
    assert table.rows[1][0] == MORNING[abroad.language]
    decimal = r"\." if abroad.language == "en" else ","
    for row in table.rows:
        assert all(re.fullmatch(rf"-?\d+{decimal}\d+", cell) for cell in row[1:])
    first = building.truth.quarters(SPRING)["Consumption"][0]
    assert float(table.rows[0][7].replace(",", ".")) == pytest.approx(first, abs=0.00056)


async def test_saves_meters_for_the_persons_spreadsheet(
    abroad: Abroad, building: Shown, tmp_path: Path
) -> None:
    """Semicolons where a comma is in the numbers, and heads in the language."""
    [*_, meters] = await open_cards(abroad.dashboard, building.path)
    async with abroad.frontend.page.expect_download() as download:
        await meters.button("save").click()
    path = tmp_path / "meters.csv"
    await (await download.value).save_as(path)
    [heads, *rows] = path.read_text(encoding="utf-8-sig").splitlines()
    separator, decimal = (",", ".") if abroad.language == "en" else (";", ",")
    texts = abroad.texts()
    assert heads.split(separator)[:2] == [texts["meter"], texts["amount"]]
    [flat] = [row.split(separator) for row in rows if row.startswith(f"Flat 1{separator}")]
    assert re.fullmatch(rf"\d+\{decimal}\d+", flat[1])


async def test_nothing_is_cut_or_covered(abroad: Abroad, building: Shown) -> None:
    """Whatever the window's width."""
    page = abroad.frontend.page
    cards = await open_cards(abroad.dashboard, building.path)
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        for card in cards:
            await redrawn(card.host)
            assert await crowded(card.host) == [], width
        assert await surplus_width(page) == 0, width


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
async def test_texts_can_be_read(home: Home, building: Shown, *, is_dark: bool) -> None:
    """Light or dark, each text has the contrast that WCAG wants; colours are the theme's."""
    async with browsing(home.hass, is_dark=is_dark) as frontend:
        for card in await open_cards(Dashboard(frontend), building.path):
            assert await faint(card.host) == []
            drawn = card.plot.locator("[fill], [stroke]")
            colors = await drawn.evaluate_all(
                "all => all.flatMap(one => ['fill', 'stroke'].map(name => one.getAttribute(name)))"
            )
            assert all(color.startswith("var(--") for color in colors if color)


async def test_what_cannot_be_read_is_found(home: Home, building: Shown) -> None:
    """The looks at a card find what is too faint, too wide or covered."""
    async with browsing(home.hass, size=Size(width=390)) as frontend:
        [day, *_] = await open_cards(Dashboard(frontend), building.path)
        await day.host.evaluate(
            "card => card.shadowRoot.querySelector('style').append("
            "'text { fill: #999; font-size: 30px } .when { width: 500px; color: #999 }')"
        )
        assert len(await faint(day.host)) > 5
        found = await crowded(day.host)
        assert any("wider than its card" in one for one in found)
        assert any("covers" in one for one in found)


def amount_of(truth: Truth, month: str, column: str) -> float:
    """Return the amount of a month that has one."""
    days: list[date] = days_of(month)
    amount = total(total(truth.quarters(day)[column]) for day in days)
    assert amount is not None
    return amount
