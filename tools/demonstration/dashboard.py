"""The Climkit dashboard in a browser: what a person reads on its cards, and does with them."""

from collections.abc import Mapping
from dataclasses import dataclass

from playwright.async_api import Locator

from .browser import Frontend

# Texts as a person reads them: a blank is a blank, however wide.
SAID = r"const said = element => element.textContent.replace(/\s+/g, ' ').trim();"
READ_TABLE = f"""table => {{
  {SAID}
  const row = one => [...one.cells].map(said);
  const caption = table.ariaLabel;
  return {{caption, heads: row(table.tHead.rows[0]), rows: [...table.tBodies[0].rows].map(row)}};
}}"""
READ_SUMS = f"""sums => {{
  {SAID}
  return Object.fromEntries(sums.map(({{children}}) => [...children].map(said)));
}}"""


@dataclass(frozen=True)
class Table:
    """A table as it is shown; the first cell of each row tells what it is about."""

    caption: str
    heads: list[str]
    rows: list[list[str]]

    def column(self, head: str) -> list[str]:
        """Return the cells below a head."""
        index = self.heads.index(head)
        return [row[index] for row in self.rows]


class Card:
    """A card of Climkit's: day, heatmap, months or meters."""

    def __init__(self, host: Locator) -> None:
        self.host = host
        self.when = host.locator(".when")
        self.plot = host.locator(".plot")
        self.notice = host.locator(".notice")
        self.picker = host.locator("input[type=date]")

    def button(self, action: str, value: str = "") -> Locator:
        """Return a button by what it does, such as `back`, or `measure` with its value."""
        which = f'[data-value="{value}"]' if value else ""
        return self.host.locator(f"[data-do={action}]{which}").first

    async def ready(self) -> None:
        """Wait until what is drawn is of the period that the head names."""
        await self.host.locator(".when:not(:empty)").wait_for()
        period = await self.when.text_content() or ""
        told = f", {period}, " if period.isdecimal() else period  # a year is a part of its months
        await self.plot.locator(f'[aria-label*="{told}"]').first.wait_for()

    async def press(self, action: str, value: str = "") -> None:
        """Press a button, and wait until what it led to is drawn."""
        await self.button(action, value).click()
        await self.ready()

    async def pick(self, day: str) -> None:
        """Choose a day such as 2026-11-20 in the date picker, without waiting for it."""
        await self.picker.fill(day)

    async def sums(self) -> dict[str, str]:
        """Return what stands below the chart."""
        sums: dict[str, str] = await self.host.locator(".sums > div").evaluate_all(READ_SUMS)
        return sums

    async def table(self) -> Table:
        """Return the table behind the chart, which is folded up at first; of meters the chart."""
        table = self.host.locator("table")
        if not await table.count():
            await self.host.locator("summary").click()
        return Table(**await table.evaluate(READ_TABLE))


class Dashboard:
    """A dashboard that has cards of Climkit's."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend
        self._page = frontend.page

    def card(self, kind: str) -> Card:
        """Return the first card of a kind."""
        return Card(self._page.locator(f"climkit-{kind}").first)

    async def open(self, path: str) -> None:
        """Load a page of a dashboard anew."""
        await self._frontend.open(path)

    async def add(self) -> None:
        """Add the Climkit dashboard as its documentation tells."""
        await self._frontend.open("/config/lovelace/dashboards")
        await self._page.get_by_role("button", name="Add dashboard").click()
        await self._page.get_by_text("Community dashboards").wait_for()
        await self._page.get_by_text("Your flat and your building by quarter-hour").click()
        await self._page.get_by_role("button", name="Create").click()
        await self._page.get_by_role("button", name="Create").wait_for(state="detached")

    async def edit(self, kind: str, choices: Mapping[str, str]) -> None:
        """Open the editor of a card, choose something in its lists, and save."""
        edited = self._page.locator("hui-card-edit-mode").filter(
            has=self._page.locator(f"climkit-{kind}")
        )
        await edited.hover()
        await edited.click()
        dialog = self._page.locator("hui-dialog-edit-card")
        for label, option in choices.items():
            await dialog.locator(f'ha-picker-field[aria-label="{label}"]').click()
            await dialog.get_by_role("menuitem", name=option, exact=True).click()
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await dialog.locator("ha-form").wait_for(state="detached")
