"""What it takes to compute the costs of years, at first and when a price of all of them changes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.const import __version__
from homeassistant.core import HomeAssistant

from custom_components.climkit.api import Site, floor_hour
from custom_components.climkit.costs import SeriesNames, SiteCosts
from custom_components.climkit.history.state import SyncState
from custom_components.climkit.statistics import async_synchronize
from custom_components.climkit.store import ClimkitStore
from tests.bench.revision import SITE_ID, filled, measured
from tests.bench.sizes import size
from tests.conftest import account_entry, real_time
from tests.costs.bill import tariff
from tools.benchmark.table import Cell, Table

COLUMNS = (
    "what",
    "statistics",
    "rows",
    "seconds",
    "rows a second",
    "recorder's CPU, s",
    "steps of progress",
    "longest wait of others, s",
)
METERS = size("METERS", part=5, full=30)
DAYS = size("DAYS", part=60, full=1096)
FIRST_DAY = "2020-01-01"
LOW = {"grid_price_low": 0.18, "weekday": "12-17, 23-07"}


@dataclass(frozen=True)
class Whole:
    """All amounts are stored."""

    progress = 100.0
    is_loaded = True
    is_clock_behind = False

    def is_awaited(self, _statistic_id: str) -> bool:
        """Nothing is."""
        return False


async def test_costs(
    recorder_mock: Any, hass: HomeAssistant, keep: Callable[[Table], None]
) -> None:
    """One price, another one, then two tariffs a day, which adds statistics."""
    hass.loop.set_debug(False)
    end = floor_hour(datetime.now().astimezone())
    states = await filled(hass, end - timedelta(days=DAYS), end, 3 * METERS)
    costs = costs_of(hass, states)
    entry = account_entry("http://127.0.0.1:1/")
    entry.add_to_hass(hass)
    costs.worker.start(entry)
    rows: list[list[Cell]] = []
    for what, prices in (
        ("the first tariff", {"grid_price": 0.29}),
        ("another price of all years", {"grid_price": 0.31}),
        ("a low tariff in all years", {"grid_price": 0.31, **LOW}),
    ):
        stored = tariff(SITE_ID, FIRST_DAY, solar_price=0.17, **prices)
        rows.append([what, *await computed(hass, costs, stored)])
    await costs.worker.async_stop()
    note = (
        f"Home Assistant {__version__}, SQLite. {METERS} meters, {DAYS} days. `others`: somebody "
        "who asks all the time that what was queued be stored, as energy does after each write."
    )
    keep(Table("Costs of years computed anew", COLUMNS, rows, note))


def costs_of(hass: HomeAssistant, states: list[SyncState]) -> SiteCosts:
    """The costs of a site that has these amounts."""
    site = Site(
        id=SITE_ID, name="Site", ref=None, created=states[0].since, latitude=None,
        longitude=None, zone=ZoneInfo("Europe/Zurich"), address=None,
    )  # fmt: skip
    costs = SiteCosts(
        hass, site, ClimkitStore(hass, "bench"), [], price_name="", peak=lambda *_: None,
        amounts=Whole, on_change=lambda: None,
    )  # fmt: skip

    def name(statistic_id: str, kind: str, hours: object = None) -> str:
        return f"{statistic_id} {kind} {hours}"

    costs.set_series(
        (
            one.series,
            SeriesNames(
                partial(name, one.statistic_id, "cost"), partial(name, one.statistic_id, "")
            ),
        )
        for one in states
    )
    return costs


async def computed(hass: HomeAssistant, costs: SiteCosts, stored: dict[str, Any]) -> list[Cell]:
    """Set a tariff, wait until all is computed, and return the cells of the row."""
    steps: set[float] = set()
    waits: list[float] = []
    with measured(hass) as counted:
        costs.set_tariffs([stored])
        while not (costs.worker.is_idle and costs.progress == 100):
            begun = real_time()
            await async_synchronize(hass)
            waits.append(real_time() - begun)
            if (progress := costs.progress) is not None:
                steps.add(progress)
            await asyncio.sleep(0.2)
    number = len(costs.plan.cost_series)
    seconds = counted["ms"] / 1000
    return [
        number,
        number * DAYS * 24,
        seconds,
        number * DAYS * 24 / seconds,
        counted["recorder ms"] / 1000,
        len(steps),
        max(waits),
    ]
