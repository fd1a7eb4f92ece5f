"""What a series keeps in memory, and what importing takes at its peak, by the history's length."""

from collections.abc import Callable
from datetime import timedelta
import gc
import tracemalloc

from homeassistant.components.recorder.models import StatisticData

from tests.bench.beside import BuildMachine
from tests.bench.simulator_process import START
from tests.bench.sizes import size, sizes
from tests.truth import stored_rows
from tools.benchmark.table import Cell, Table

COLUMNS = (
    "days",
    "series",
    "rows",
    "held, KB a series",
    "of it in our modules",
    "peak while importing, MB",
    "all rows at once, MB",
)
METERS = size("METERS", part=4, full=2)
DAYS = sizes("DAYS", part="5 20", full="60 365 730 1095")
OURS = tracemalloc.Filter(inclusive=True, filename_pattern="*custom_components/climkit/*")


async def test_memory(build_machine: BuildMachine, keep: Callable[[Table], None]) -> None:
    """Import histories of several lengths. The first one warms up and is not counted."""
    tracemalloc.start()
    rows = [await measure(build_machine, days) for days in (2, *DAYS)][1:]
    tracemalloc.stop()
    note = (
        f"{METERS} meters. Held: what is allocated once all is stored and was not before set-up, "
        "entities and registries of Home Assistant included; `our modules`: allocated by lines of "
        "the integration. Peak: above what was held when the import began, the answer's text, "
        "rows on their way to the recorder and the recorder's own included. `all rows at once`: "
        "what a list of all rows for the recorder would take."
    )
    keep(Table("Memory", COLUMNS, rows, note))


async def measure(build: BuildMachine, days: int) -> list[Cell]:
    """Import so many days."""
    begin = START - timedelta(days=days)
    async with build(METERS, begin=begin, site_days=days) as home:
        before = held()
        await home.set_up()
        gc.collect()
        tracemalloc.reset_peak()
        at_start, _ = tracemalloc.get_traced_memory()
        await home.complete()
        _, peak = tracemalloc.get_traced_memory()
        after = held()
        ids = {state.statistic_id for state in home.site.history.states}
        stored = await stored_rows(home.hass)
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
        data: list[list[StatisticData]] = [
            [{"start": row.start, "state": row.amount, "sum": row.total} for row in rows]
            for key, rows in stored.items()
            if key in ids  # the statistics of the sites before stay
        ]
        now, _ = tracemalloc.get_traced_memory()
    return [
        days,
        len(ids),
        sum(map(len, data)),
        (after[0] - before[0]) / len(ids) / 1e3,
        (after[1] - before[1]) / len(ids) / 1e3,
        (peak - at_start) / 1e6,
        (now - size) / 1e6,
    ]


def held() -> tuple[int, int]:
    """Return the bytes that are allocated, and those of the integration's own lines."""
    gc.collect()
    taken = tracemalloc.take_snapshot().filter_traces([OURS])
    ours = sum(one.size for one in taken.statistics("filename"))
    return tracemalloc.get_traced_memory()[0], ours
