"""What the cards' tables say is what the simulator says."""

from collections.abc import Sequence
from datetime import date, datetime

from playwright.async_api import expect
import pytest

from tools.demonstration.browser import number
from tools.demonstration.dashboard import Card, Dashboard, Table

from ..home import Home
from .conftest import AUTUMN, HOLE, METERS, NORMAL, SITE, SPRING, TODAY, Shown
from .days import (
    HOUR,
    MAIN,
    QUARTER,
    ZONE,
    Amounts,
    Truth,
    days_of,
    month_before,
    months_of_meters,
    times,
    today,
    total,
)

MISSING = "\u2013"
# Half a digit of what the tables show; the answers have four decimals.
EXACT, ROUND = 0.0005 + 0.00005 + 1e-9, 0.005 + 0.00005 + 1e-9
PAST = {"normal": NORMAL, "spring": SPRING, "autumn": AUTUMN, "hole": HOLE}


@pytest.mark.parametrize("name", PAST)
@pytest.mark.parametrize("page", ["flat", "building"])
async def test_a_past_day_by_quarter_hours(
    request: pytest.FixtureRequest, dashboard: Dashboard, page: str, name: str
) -> None:
    """Each quarter-hour, their sums and the peak; what is missing is hatched, and no zero."""
    shown: Shown = request.getfixturevalue(page)
    day = PAST[name]
    card = await open_day(dashboard, shown, day)
    truth = shown.truth.quarters(day)
    table = await card.table()

    assert table.column("Time") == [clock(start) for start in times(day, QUARTER)]
    for column, amounts in truth.items():
        assert numbers(table.column(f"{column} (kWh)")) == about(amounts, EXACT), column
    if page == "flat":
        assert set(table.column("Grid price (CHF/kWh)")) == {"0.2900"}
    sums = await card.sums()
    for column, amounts in truth.items():
        assert number(sums[column]) == pytest.approx(total(amounts), rel=0.006, abs=ROUND)
    highest, start = max(
        (amount, -index) for index, amount in enumerate(truth["Consumption"]) if amount is not None
    )
    assert sums["Peak"] == f"{three_digits(highest * 4)} kW · {clock(times(day, QUARTER)[-start])}"

    holes = int(day == HOLE)
    assert (None in truth["Consumption"]) == holes
    await expect(card.plot.locator("path.hole")).to_have_count(holes)
    await expect(card.host.locator(".legend").get_by_text("No data")).to_have_count(holes)


def test_the_days_are_what_they_are_for() -> None:
    """The clocks change on two of them, and none of them is today."""
    assert len(times(SPRING, QUARTER)) == 92
    assert len(times(AUTUMN, QUARTER)) == 100
    assert max(PAST.values()) < TODAY


@pytest.mark.parametrize("page", ["flat", "building"])
async def test_today_by_quarter_hours(
    request: pytest.FixtureRequest, dashboard: Dashboard, page: str
) -> None:
    """All that has arrived is there, all that is still to come is not."""
    shown: Shown = request.getfixturevalue(page)
    await dashboard.open(shown.path)
    card = dashboard.card("day")
    await card.ready()
    table = await card.table()
    truth = shown.truth.quarters(today())
    for column, amounts in truth.items():
        found = numbers(table.column(f"{column} (kWh)"))
        count = sum(amount is not None for amount in found)
        # A poll may be some minutes late.
        assert sum(amount is not None for amount in amounts) - 1 <= count, column
        assert found == about([*amounts[:count], *[None] * (len(found) - count)], EXACT), column
    await expect(card.plot.locator("path.current")).to_have_count(1)
    await expect(card.button("next")).to_be_disabled()


@pytest.mark.parametrize("page", ["flat", "building"])
async def test_months_by_hours(
    request: pytest.FixtureRequest, dashboard: Dashboard, page: str
) -> None:
    """A heat map has an hour twice in autumn and an hour less in spring; a hole is one."""
    shown: Shown = request.getfixturevalue(page)
    await dashboard.open(shown.path)
    card = dashboard.card("heatmap")
    await card.ready()
    for month in sorted({f"{one:%Y-%m}" for one in PAST.values()}, reverse=True):
        await go_back_to(card, month)
        expect_hours(await card.table(), shown.truth, month)

    measure = "Grid" if page == "flat" else "From the grid"
    await card.press("measure", "grid" if page == "flat" else "import")
    table = await card.table()
    expect_hours(table, shown.truth, month, measure)
    assert table.caption == f"{measure} (kWh)"


async def test_days_and_months(dashboard: Dashboard, flat: Shown) -> None:
    """The days of a month, and the months of a year."""
    await dashboard.open(flat.path)
    card = dashboard.card("months")
    await card.ready()
    month = month_before(TODAY)
    await go_back_to(card, month)
    days = [total(flat.truth.quarters(day)["Consumption"]) for day in days_of(month)]
    assert numbers((await card.table()).column("Consumption (kWh)")) == about(days, ROUND)

    await card.press("period", "year")
    if month[:4] != f"{TODAY:%Y}":
        await card.press("back")
    column = numbers((await card.table()).column("Consumption (kWh)"))
    assert column[int(month[5:]) - 1] == pytest.approx(total(days), abs=ROUND)


async def test_meters_of_a_month(home: Home, dashboard: Dashboard, building: Shown) -> None:
    """Amount, solar share and share of the building of each meter."""
    await dashboard.open(building.path)
    card = dashboard.card("meters")
    await card.ready()
    month = month_before(TODAY)
    await go_back_to(card, month)
    table = await card.table()
    site_id = home.simulator.site_id(SITE)
    truth = months_of_meters(home.simulator.world, site_id, month)
    used = total(total(building.truth.quarters(day)["Consumption"]) for day in days_of(month))
    [site, _] = (await home.hass.command("climkit/overview"))["sites"]
    assert len(table.rows) == len(site["meters"]) == len(METERS)
    for meter in site["meters"]:
        [row] = [one for one in table.rows if one[0].strip() == meter["name"]]
        cells = dict(zip(table.heads, row, strict=True))
        measures = truth[meter["meter_id"]]
        amount = next(measures[one] for one in MAIN if one in measures)
        unit = meter["unit"].replace("m3", "m³")
        assert cells["Amount ↓"] == f"{three_digits(amount)} {unit}"
        if "self" in measures and amount:
            assert cells["Solar share"] == f"{measures['self'] / amount:.0%}"
        if meter["kind"] == "consumer":
            assert used
            assert cells["Share of the building"] == f"{amount / used:.0%}"


async def open_day(dashboard: Dashboard, shown: Shown, day: date) -> Card:
    """Open a page, and a day in its day's curve."""
    await dashboard.open(shown.path)
    card = dashboard.card("day")
    await card.ready()
    await card.pick(day.isoformat())
    await card.ready()
    return card


async def go_back_to(card: Card, month: str) -> None:
    """Press the arrow until a month is shown."""
    name = f"{date.fromisoformat(f'{month}-01'):%B %Y}"
    while await card.when.text_content() != name:
        await card.button("back").click()
    await card.ready()


def expect_hours(table: Table, truth: Truth, month: str, measure: str = "Consumption") -> None:
    """Compare the table of a heat map; of today not all has arrived in the statistics."""
    days = [day for day in days_of(month) if day < TODAY]
    for day, (name, *cells, last) in zip(days, table.rows, strict=False):
        assert name == f"{day:%a}, {day:%b} {day.day}"
        amounts = truth.hours(day, measure)
        assert numbers([last]) == about([total(amounts)], ROUND), day
        by_clock: list[Amounts] = [[] for _ in range(24)]
        for start, amount in zip(times(day, HOUR), amounts, strict=True):
            by_clock[start.astimezone(ZONE).hour].append(amount)
        for text, expected in zip(cells, by_clock, strict=True):
            assert numbers([one for one in text.split(" / ") if one]) == about(expected, ROUND), day
    if month == f"{AUTUMN:%Y-%m}":
        assert " / " in table.rows[AUTUMN.day - 1][3]
    if month == f"{SPRING:%Y-%m}":
        assert table.rows[SPRING.day - 1][3] == ""
    if month == f"{HOLE:%Y-%m}":
        assert table.rows[HOLE.day - 1].count(MISSING) == 4


def clock(moment: datetime) -> str:
    """Return how the frontend writes a time in English."""
    return f"{moment.astimezone(ZONE):%I:%M %p}"


def three_digits(amount: float) -> str:
    """Return how cards write an amount."""
    size = abs(amount)
    digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{amount:,.{digits}f}"


def numbers(texts: Sequence[str]) -> Amounts:
    """Return the numbers in texts; a dash is None."""
    return [None if text == MISSING else number(text) for text in texts]


def about(amounts: Amounts, tolerance: float) -> object:
    """Return what is equal to these amounts as they are shown."""
    return [None if amount is None else pytest.approx(amount, abs=tolerance) for amount in amounts]
