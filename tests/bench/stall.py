"""How long nothing else can happen in the event loop: set-up, import and refresh of a big site."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
import gc
import threading
import time
from typing import Any

from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.helpers.storage import Store
import pytest

from custom_components.climkit.statistics.recorder import async_clear, async_synchronize
from tests.bench.beside import BuildMachine
from tests.bench.simulator_process import START
from tests.bench.sizes import size
from tests.conftest import real_time
from tests.truth import stored_rows
from tools.benchmark.table import Cell, Table

COLUMNS = (
    "what",
    "longest, ms",
    "its CPU, ms",
    "most CPU, ms",
    "over 50 ms of CPU",
    "most CPU but for garbage, ms",
    "of what",
)
METERS = size("METERS", part=200, full=200)
DAYS = size("DAYS", part=2, full=12)
LIMIT = 0.050


@dataclass
class Watch:
    """The callbacks of the event loop: seconds of the machine and of the processor, and whose.

    The processor's are told apart: all of them, and those of Python's collecting of garbage.
    """

    seen: list[tuple[float, float, float, str]] = field(default_factory=list)

    def note(self, seconds: float, cpu: float, collected: float, name: str) -> None:
        """Take one in."""
        if seconds > LIMIT / 10 or not self.seen:
            self.seen.append((seconds, cpu, collected, name))

    def cells(self) -> list[Cell]:
        """Return the worst."""
        seconds, cpu, *_ = max(self.seen)
        worst = sorted(self.seen, key=lambda one: -one[1])[:3]
        count = sum(one[1] > LIMIT for one in self.seen)
        own = max(cpu - collected for _, cpu, collected, _ in self.seen)
        names = ", ".join(
            f"{name} {1000 * cpu:.0f} ({1000 * collected:.0f} garbage)"
            for _, cpu, collected, name in worst
        )
        return [1000 * seconds, 1000 * cpu, 1000 * worst[0][1], count, 1000 * own, names]


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watch every callback of the loop, and Python's collections of garbage while one runs."""
    watch, run = Watch(), asyncio.Handle._run
    loop, collected, began_collecting = threading.get_ident(), 0.0, 0.0

    def noting_run(handle: asyncio.Handle) -> None:
        nonlocal collected
        name = _name(handle)  # a cancelled handle has lost it afterwards
        began, cpu, collected = real_time(), time.thread_time(), 0.0
        run(handle)
        watch.note(real_time() - began, time.thread_time() - cpu, collected, name)

    def note_collection(phase: str, _info: dict[str, int]) -> None:
        nonlocal collected, began_collecting
        if threading.get_ident() != loop:
            return
        if phase == "start":
            began_collecting = time.thread_time()
        else:
            collected += time.thread_time() - began_collecting

    gc.callbacks.append(note_collection)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(asyncio.Handle, "_run", noting_run)
            yield watch
    finally:
        gc.callbacks.remove(note_collection)


def _name(handle: Any) -> str:
    owner = getattr(handle._callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return getattr(owner.get_coro(), "__qualname__", owner.get_name())
    if isinstance(owner, Store):
        return f"writing {owner.key}"
    return getattr(handle._callback, "__qualname__", type(handle._callback).__name__)


async def test_stall(
    build_machine: BuildMachine,
    keep: Callable[[Table], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Set a big site up, import, refresh; then import the same rows by hand."""
    rows: list[list[Cell]] = []
    begin = START - timedelta(days=DAYS)
    async with build_machine(METERS, begin=begin, site_days=DAYS + 1) as home:
        with watched(monkeypatch) as watch:
            await home.set_up()
        rows.append(["set-up", *watch.cells()])
        with watched(monkeypatch) as watch:
            await home.complete()
        rows.append(["import", *watch.cells()])
        with watched(monkeypatch) as watch:
            for number in range(1, 5):
                await home.refresh(START + number * timedelta(minutes=15))
        rows.append(["four refreshes", *watch.cells()])
        stored = await stored_rows(home.hass)
        statistics = {state.statistic_id: state.statistic for state in home.site.history.states}
        await async_clear(home.hass, stored)
        data: dict[str, list[StatisticData]] = {
            key: [{"start": r.start, "state": r.amount, "sum": r.total} for r in of_one]
            for key, of_one in stored.items()
        }
        with watched(monkeypatch) as watch:
            for key, of_one in data.items():
                async_add_external_statistics(home.hass, statistics[key], of_one)
                await asyncio.sleep(0)
            await async_synchronize(home.hass)
        rows.append(["the same rows by hand", *watch.cells()])
    note = (
        f"{METERS} meters, {len(stored)} series, {sum(map(len, stored.values())):,} rows of "
        f"{DAYS} days. The longest callback of the loop, by the machine's clock (which also runs "
        "while other processes and threads do) and by the processor's; `of what`: the three "
        "that took most CPU, and what of it was Python's collecting of garbage. "
        "By hand: an order for each series, with a turn for others between."
    )
    keep(Table("Longest stall of the event loop", COLUMNS, rows, note))
