"""What the first import of three years costs: requests, and time of network and recorder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState
import pytest

from custom_components.climkit.statistics.recorder import async_clear, async_synchronize, described
from custom_components.climkit.statistics.rows import Row
from tests.bench.beside import BuildMachine, Cpu, MachineHome
from tests.bench.simulator_process import START
from tests.bench.sizes import sizes
from tests.conftest import real_time
from tests.stories.driven import real_waiting
from tests.truth import stored_rows
from tools.benchmark.table import Cell, Table

COLUMNS = (
    "meters",
    "days measured",
    "rows",
    "requests",
    "fewest",
    "seconds",
    "CPU of the recorder",
    "of the event loop",
    "of other threads",
    "recorder alone, s",
    "its CPU",
    "in as many parts, s",
    "its CPU in parts",
    "requests, 3 years",
    "hours, 3 years",
    "ratio",
    "to what was asked for",
)
DAYS_OF_3_YEARS = 3 * 365
PAGE = 2_000_000
CASES = zip(
    sizes("METERS", part="6 60 200", full="6 60 200"),
    sizes("DAYS", part="60 8 3", full="365 60 12"),
    strict=True,
)


async def test_first_import(
    build_machine: BuildMachine,
    monkeypatch: pytest.MonkeyPatch,
    keep: Callable[[Table], None],
) -> None:
    """Import a part of three years for each size, in real time and with the real spacing."""
    real_waiting(monkeypatch)
    rows = [await measure(build_machine, meters, days) for meters, days in CASES]
    note = (
        "Three years are not imported whole, they would take hours: so many days are, and the rest "
        "is in proportion. `fewest`: the bytes of all answers in pages of 2 MB. `seconds`: of the "
        "machine's time, spacing of requests and answers included. `CPU`: processor time of our "
        "process in seconds; the simulator has one of its own. `recorder alone`: the same rows, "
        "ready-made, one order a series; then in as many parts as there were requests. `ratio`: "
        "seconds against the larger of a second for each of the fewest requests and of the "
        "recorder alone; then against the larger of 1.1 s for each request, as they are spaced, "
        "and of the recorder alone in parts."
    )
    keep(Table("First import of three years", COLUMNS, rows, note))


@dataclass
class Spent:
    """What an import took."""

    requests: int
    bytes: int
    seconds: float
    cpu: Cpu


async def measure(build: BuildMachine, meters: int, days: int) -> list[Cell]:
    """Import some days of a site with so many meters and all its totals."""
    async with build(meters, begin=START - timedelta(days=days), site_days=days) as home:
        spent = await imported(home)
        ids = {state.statistic_id for state in home.site.history.states}
        stored = await stored_rows(home.hass)
        rows = {key: stored[key] for key in ids}  # those of the site before stay
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        in_parts = await ready_made(home, rows, max(spent.requests, 1))
        alone = await ready_made(home, rows, 1)
    fewest = ceil(spent.bytes / PAGE)
    share = DAYS_OF_3_YEARS / days
    return [
        meters,
        days,
        sum(map(len, rows.values())),
        spent.requests,
        fewest,
        round(spent.seconds, 1),
        round(spent.cpu.recorder, 1),
        round(spent.cpu.loop, 1),
        round(spent.cpu.others, 1),
        round(alone.seconds, 1),
        round(alone.cpu.recorder, 1),
        round(in_parts.seconds, 1),
        round(in_parts.cpu.recorder, 1),
        round(spent.requests * share),
        round(spent.seconds * share / 3600, 2),
        round(spent.seconds / max(fewest, alone.seconds), 2),
        round(spent.seconds / max(1.1 * spent.requests, in_parts.seconds), 2),
    ]


async def imported(home: MachineHome) -> Spent:
    """Set the entry up as while Home Assistant starts, then let it start and import."""
    home.hass.set_state(CoreState.starting)
    await home.set_up()
    await home.settle()
    stats = home.site.client.stats
    requests, size = stats.requests, stats.bytes
    before, began = Cpu.now(home.hass), real_time()

    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.complete()
    return Spent(
        requests=stats.requests - requests,
        bytes=stats.bytes - size,
        seconds=real_time() - began,
        cpu=Cpu.now(home.hass) - before,
    )


async def ready_made(home: MachineHome, stored: Mapping[str, Sequence[Row]], parts: int) -> Spent:
    """Return what the recorder takes for rows of which none is there yet, in equal parts."""
    data: dict[str, list[StatisticData]] = {
        key: [{"start": r.start, "state": r.amount, "sum": r.total} for r in rows]
        for key, rows in stored.items()
    }
    await async_clear(home.hass, data)
    await async_synchronize(home.hass)
    longest = ceil(max(map(len, data.values())) / parts)
    before, began = Cpu.now(home.hass), real_time()
    for start in range(0, longest * parts, longest):
        for key, rows in data.items():
            if part := rows[start : start + longest]:
                async_add_external_statistics(home.hass, statistic_of(key), part)
        await async_synchronize(home.hass)
    return Spent(0, 0, real_time() - began, Cpu.now(home.hass) - before)


def statistic_of(statistic_id: str) -> StatisticMetaData:
    """Describe a statistic of energy."""
    return described(statistic_id, statistic_id, "kWh", unit_class="energy")
