"""What the first import of three years costs: requests, and time of network and recorder."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
import os

from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState
from homeassistant.util import dt as dt_util

from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.recorder import async_clear, async_synchronize
from custom_components.climkit.statistics import Row
from scripts.benchmark.table import Cell, Table
from tests.bench.conftest import Build
from tests.conftest import NOW, real_time
from tests.driven import DrivenHome
from tests.simulator.houses import big_site
from tests.truth import stored_rows

COLUMNS = (
    "meters",
    "days measured",
    "rows",
    "requests",
    "fewest",
    "network, s",
    "own and recorder, s",
    "recorder alone, s",
    "requests, 3 years",
    "hours, 3 years",
    "ratio",
)
DAYS_OF_3_YEARS = 3 * 365
PAGE = 2_000_000
# Meters and days, as "6x60 60x8".
CASES = [
    tuple(map(int, case.split("x")))
    for case in os.environ.get("BENCH_CASES", "6x60 60x8 200x3").split()
]


async def test_first_import(build: Build, keep: Callable[[Table], None]) -> None:
    """Import a part of three years for each size."""
    rows = [await measure(build, meters, days) for meters, days in CASES]
    note = (
        "Three years are not imported whole, they would take hours: so many days are, and the rest "
        "is in proportion. `fewest`: the bytes of all answers in pages of 2 MB. `network`: by the "
        "driven clock. `own and recorder`: the machine's time without the simulator's. `recorder "
        "alone`: the same rows, ready-made, one order a series. `ratio`: network and machine, "
        "one after the other, against the larger of a second for each of the fewest requests and "
        "of the recorder alone."
    )
    keep(Table("First import of three years", COLUMNS, rows, note))


@dataclass
class Spent:
    """What an import took."""

    requests: int
    bytes: int
    network: float
    machine: float


async def measure(build: Build, meters: int, days: int) -> list[Cell]:
    """Import some days of a site with so many meters and all its totals."""
    site = big_site(meters - 2, now=NOW, days=days)
    begin = (NOW - timedelta(days=days)).date().isoformat()
    async with build(NOW, site, **{CONF_HISTORY: begin}) as home:
        spent = await imported(home)
        rows = await stored_rows(home.hass)
        alone = await ready_made(home, rows)
    count = sum(map(len, rows.values()))
    fewest = ceil(spent.bytes / PAGE)
    ratio = (spent.network + spent.machine) / max(fewest, alone)
    share = DAYS_OF_3_YEARS / days
    hours = (spent.network + spent.machine) * share / 3600
    return [
        meters,
        days,
        count,
        spent.requests,
        fewest,
        round(spent.network, 1),
        round(spent.machine, 1),
        round(alone, 1),
        round(spent.requests * share),
        round(hours, 2),
        round(ratio, 2),
    ]


async def imported(home: DrivenHome) -> Spent:
    """Set the entry up as while Home Assistant starts, then let it start and import."""
    home.hass.set_state(CoreState.starting)
    await home.set_up()
    await home.turn_clock(seconds=30)
    home.simulator.requests.clear()
    figures = home.sites[0].coordinator.client.figures
    size, clock, machine = figures.bytes, dt_util.utcnow(), real_time()

    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.drive(complete(home))
    requests = home.simulator.requests
    return Spent(
        requests=len(requests),
        bytes=figures.bytes - size,
        network=(dt_util.utcnow() - clock).total_seconds(),
        machine=real_time() - machine - sum(one.seconds for one in requests),
    )


async def complete(home: DrivenHome) -> None:
    """Wait until all history is stored."""
    while not home.is_complete:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.5)


async def ready_made(home: DrivenHome, stored: Mapping[str, Sequence[Row]]) -> float:
    """Return the seconds that the recorder takes for rows of which none is there yet."""
    coordinator = home.sites[0].coordinator
    statistics = {
        track.series.statistic_id: track.statistic for track in coordinator.history.tracks
    }
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    data: dict[str, list[StatisticData]] = {
        key: [{"start": r.start, "state": r.amount, "sum": r.total} for r in rows]
        for key, rows in stored.items()
    }
    await async_clear(home.hass, data)
    await async_synchronize(home.hass)
    began = real_time()
    for key, rows in data.items():
        async_add_external_statistics(home.hass, statistics[key], rows)
    await async_synchronize(home.hass)
    return real_time() - began
