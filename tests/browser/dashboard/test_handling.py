"""What a person does with the dashboard: adds it, pages, sorts, saves, edits."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import expect
import pytest

from tools.demonstration.browser import number
from tools.demonstration.dashboard import Card, Dashboard

from ..home import Home
from .conftest import FLAT, NORMAL, OTHER_SITE, PAGE_OF_CARDS, SITE, TODAY, Shown, meter_named
from .days import MAIN, month_before, months_of_meters, today
from .looks import redrawn

ALL = ("day", "heatmap", "meters")


async def test_is_added_like_any_other_dashboard(home: Home, dashboard: Dashboard) -> None:
    """The dialog knows it; what is stored is the strategy alone, and it is shown."""
    before = await home.hass.command("lovelace/dashboards/list")
    await dashboard.add()
    after = await home.hass.command("lovelace/dashboards/list")
    [added] = [one for one in after if one not in before]
    assert added["title"] == "Climkit"
    stored = await home.hass.command("lovelace/config", url_path=added["url_path"])
    assert stored == {"strategy": {"type": "custom:climkit"}}

    await dashboard.open(f"/{added['url_path']}")
    page = home.frontend.page
    for site in (SITE, OTHER_SITE):
        await expect(page.get_by_text(site, exact=True)).to_be_visible()
    await page.get_by_role("tab").nth(1).click()
    await dashboard.card("day").ready()


async def test_arrows_and_the_date_picker_of_a_day(dashboard: Dashboard, flat: Shown) -> None:
    """They lead from today to the first day of the history, no further, and back."""
    await dashboard.open(flat.path)
    card = dashboard.card("day")
    await card.ready()
    now = today()
    await expect(card.button("now")).to_be_hidden()
    await card.press("back")
    await expect_day(card, now - timedelta(days=1))
    await card.press("back")
    await expect_day(card, now - timedelta(days=2))
    await card.press("next")
    await expect_day(card, now - timedelta(days=1))
    await card.press("now")
    await expect_day(card, now)
    await expect(card.button("next")).to_be_disabled()

    await card.pick(NORMAL.isoformat())
    await card.ready()
    await expect_day(card, NORMAL)
    first = await card.picker.get_attribute("min")
    assert first is not None
    await card.pick("2001-01-01")
    await card.ready()
    await expect_day(card, date.fromisoformat(first))
    await expect(card.button("back")).to_be_disabled()
    await card.pick("2099-01-01")
    await card.ready()
    await expect_day(card, now)


async def test_a_chart_is_told_by_keys(dashboard: Dashboard, flat: Shown) -> None:
    """The slider over a chart tells each quarter-hour, as the table has it."""
    await dashboard.open(flat.path)
    card = dashboard.card("day")
    await card.ready()
    await card.pick(NORMAL.isoformat())
    await card.ready()
    table = await card.table()
    slider = card.host.get_by_role("slider")
    await slider.focus()
    await slider.press("Home")
    await slider.press("ArrowRight")
    told = await slider.get_attribute("aria-valuetext")
    [amount] = [part for part in (told or "").split(", ") if part.startswith("Consumption ")]
    assert (told or "").startswith("12:15 AM")
    assert number(amount) == pytest.approx(number(table.column("Consumption (kWh)")[1]), abs=0.006)
    tip = card.host.locator(".tip")
    await expect(tip).to_be_visible()
    await slider.press("Escape")
    await expect(tip).to_be_hidden()


async def test_who_uses_keys_stays_where_they_are(
    home: Home, dashboard: Dashboard, building: Shown
) -> None:
    """A card that is drawn again, as each does each minute, leaves the focus alone."""
    page = home.frontend.page
    await dashboard.open(building.path)
    for kind, action, value in (("meters", "sort", "share"), ("heatmap", "measure", "import")):
        card = dashboard.card(kind)
        await card.ready()
        button = card.button(action, value)
        await button.focus()
        for width in (1200, 1280):
            await page.set_viewport_size({"width": width, "height": 1000})
            await redrawn(card.host)
        await expect(button).to_be_focused()


async def test_meters_are_sorted_by_each_column(dashboard: Dashboard, building: Shown) -> None:
    """A click sorts, another one turns around; screen readers are told."""
    card = await meters_of_last_month(dashboard, building)
    for column, head in (("name", "Meter"), ("solar_share", "Solar share"), ("share", "Share of")):
        orders: list[list[str]] = []
        for order in ("first", "second"):
            await card.press("sort", column)
            table = await card.table()
            index = next(i for i, one in enumerate(table.heads) if one.startswith(head))
            cells = [row[index] for row in table.rows if row[index] != "\u2013"]
            ascending = table.heads[index].endswith("↑")
            assert ascending is ((order == "first") is (column == "name"))
            said = card.host.locator("th[aria-sort]").nth(index)
            await expect(said).to_have_attribute(
                "aria-sort", "ascending" if ascending else "descending"
            )
            if column != "name":
                shares = [number(one) for one in cells]
                assert shares == sorted(shares, reverse=not ascending)
                missing = [row[index] == "\u2013" for row in table.rows]
                assert missing == sorted(missing)
            orders.append([row[0] for row in table.rows])
        if column == "name":
            assert orders[0] == orders[1][::-1]
            assert orders[0].index("Flat 9") < orders[0].index("Flat 10")


async def test_meters_are_saved_as_a_file(
    home: Home, dashboard: Dashboard, building: Shown, tmp_path: Path
) -> None:
    """The file has all numbers exactly, in the order of the table, with the months of the year."""
    card = await meters_of_last_month(dashboard, building)
    month = month_before(TODAY)
    await card.press("sort", "name")
    rows = await save(home, card, tmp_path, ",")
    table = await card.table()
    assert [row["Meter"] for row in rows] == [row[0] for row in table.rows]
    [site, _] = (await home.hass.command("climkit/overview"))["sites"]
    ids = {one["name"]: one["meter_id"] for one in site["meters"]}
    units = {one["name"]: one["unit"] for one in site["meters"]}
    before = month_before(date.fromisoformat(f"{month}-01"))
    world, site_id = home.simulator.world, home.simulator.site_id(SITE)
    truth = {one: months_of_meters(world, site_id, one) for one in (month, before)}
    for row in rows:
        measures = {one: truth[one][ids[row["Meter"]]] for one in truth}
        amounts = {
            one: next(found[name] for name in MAIN if name in found)
            for one, found in measures.items()
        }
        assert row["Unit"] == units[row["Meter"]]
        assert float(row["Amount"]) == pytest.approx(amounts[month], abs=1e-4)
        assert float(row[month]) == pytest.approx(amounts[month], abs=1e-4)
        if before[:4] == month[:4]:
            assert float(row[before]) == pytest.approx(amounts[before], abs=1e-4)
        own = measures[month]
        if "self" in own and own["total"]:
            share = own["self"] / own["total"]
            assert float(row["Solar share"]) == pytest.approx(share, abs=1e-4)
            cost = own["ext"] * 0.29 + own["self"] * 0.21
            if row["Meter"].startswith("Flat"):
                assert float(row["Cost"]) == pytest.approx(cost, abs=1e-4)
        assert datetime.fromisoformat(row["Last data"]) <= datetime.now(UTC)


async def test_a_meter_leads_to_its_page(home: Home, dashboard: Dashboard, building: Shown) -> None:
    """Its name in the table is a link."""
    await dashboard.open(building.path)
    card = dashboard.card("meters")
    await card.ready()
    await card.host.get_by_role("link", name="Flat 2", exact=True).click()
    await expect(home.frontend.page).to_have_url(
        f"{home.hass.url}/climkit/meter-{meter_named(home, 'Flat 2')}"
    )
    await dashboard.card("day").ready()
    await expect(dashboard.card("day").host.locator("h2")).to_have_text("Flat 2")


async def test_cards_have_editors(home: Home, dashboard: Dashboard) -> None:
    """A card begins with a sensible choice; another one is made in its editor, and saved."""
    cards: list[dict[str, Any]] = [{"type": f"custom:climkit-{kind}"} for kind in ALL]
    await make_page(home, cards)
    await dashboard.open(f"/{PAGE_OF_CARDS}/0?edit=1")
    for kind, title in (("day", FLAT), ("heatmap", FLAT), ("meters", SITE)):
        await dashboard.card(kind).ready()
        await expect(dashboard.card(kind).host.locator("h2")).to_contain_text(title)

    await dashboard.edit("day", {"Meter": f"{SITE} - Flat 3"})
    await dashboard.edit("heatmap", {"Site": OTHER_SITE, "Show": "Production"})
    await dashboard.edit("meters", {"Site": OTHER_SITE})
    other = home.simulator.site_id(OTHER_SITE)
    stored = await home.hass.command("lovelace/config", url_path=PAGE_OF_CARDS)
    assert stored["views"][0]["sections"][0]["cards"] == [
        {"type": "custom:climkit-day", "meter": meter_named(home, "Flat 3")},
        {"type": "custom:climkit-heatmap", "site": other, "measure": "production"},
        {"type": "custom:climkit-meters", "site": other},
    ]
    await dashboard.open(f"/{PAGE_OF_CARDS}/0")
    for kind, title in (("day", "Flat 3"), ("heatmap", OTHER_SITE), ("meters", OTHER_SITE)):
        await dashboard.card(kind).ready()
        await expect(dashboard.card(kind).host.locator("h2")).to_contain_text(title)
    pressed = dashboard.card("heatmap").button("measure", "production")
    await expect(pressed).to_have_attribute("aria-pressed", "true")


async def expect_day(card: Card, day: date) -> None:
    """Expect that a day is shown, in words and in the date picker."""
    await expect(card.when).to_have_text(f"{day:%A, %B} {day.day}, {day.year}")
    await expect(card.picker).to_have_value(day.isoformat())


async def meters_of_last_month(dashboard: Dashboard, building: Shown) -> Card:
    """Open the table of meters, of a month that is complete."""
    await dashboard.open(building.path)
    card = dashboard.card("meters")
    await card.ready()
    await card.press("back")
    return card


async def save(home: Home, card: Card, folder: Path, separator: str) -> list[dict[str, str]]:
    """Save the table of meters, and read the file as a spreadsheet does."""
    async with home.frontend.page.expect_download() as download:
        await card.button("save").click()
    file = await download.value
    assert file.suggested_filename == f"climkit-{month_before(TODAY)}.csv"
    path = folder / file.suggested_filename
    await file.save_as(path)
    text = path.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(text.removeprefix("\ufeff").splitlines(), delimiter=separator))


async def make_page(home: Home, cards: list[dict[str, Any]]) -> None:
    """Make a dashboard with these cards."""
    dashboards = await home.hass.command("lovelace/dashboards/list")
    if PAGE_OF_CARDS not in [one["url_path"] for one in dashboards]:
        await home.hass.command(
            "lovelace/dashboards/create", url_path=PAGE_OF_CARDS, title="Some cards"
        )
    section = {"type": "grid", "column_span": 4, "cards": cards}
    config = {"views": [{"type": "sections", "sections": [section]}]}
    await home.hass.command("lovelace/config/save", url_path=PAGE_OF_CARDS, config=config)
