"""What a steady day costs the processor, against parsing its answers once."""

from collections.abc import Callable
import time
from typing import Any

from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
import orjson
import pytest

from custom_components.climkit.api import INTERVAL, transport
from custom_components.climkit.statistics import recorder
from custom_components.climkit.statistics.recorder import async_synchronize
from tests.bench.beside import BuildMachine, Cpu
from tests.bench.simulator_process import START
from tests.bench.sizes import size
from tools.benchmark.table import Cell, Table

COLUMNS = ("work", "CPU, s", "times orjson", "event loop, s", "recorder, s", "other threads, s")
METERS = size("METERS", part=60, full=200)
REFRESHES = size("REFRESHES", part=24, full=96)


class Seen:
    """What a day brought: the answers, the states and the rows of statistics."""

    def __init__(self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
        """Watch from now on."""
        self.bodies: list[bytes] = []
        self.steps: list[tuple[list[Any], list[Any]]] = []
        parse = transport._parse

        def noting_parse(answer: bytes, request: Any) -> object:
            self.bodies.append(answer)
            return parse(answer, request)

        def add(hass: HomeAssistant, metadata: Any, rows: Any) -> None:
            self.steps[-1][1].append((metadata, list(rows)))
            async_add_external_statistics(hass, metadata, rows)

        @callback
        def note(event: Event) -> None:
            self.steps[-1][0].append(event.data["new_state"])

        monkeypatch.setattr(transport, "_parse", noting_parse)
        monkeypatch.setattr(recorder, "async_add_external_statistics", add)
        self.stop = hass.bus.async_listen(EVENT_STATE_CHANGED, note)


async def test_cpu(
    build_machine: BuildMachine,
    keep: Callable[[Table], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Refresh for a day, then parse the same answers, and write the same states and rows."""
    begin = START  # its midnight
    async with build_machine(METERS, begin=begin, site_days=3) as home:
        await home.set_up()
        await home.complete()
        hass = home.hass
        seen = Seen(hass, monkeypatch)
        before = Cpu.now(hass)
        for number in range(1, REFRESHES + 1):
            seen.steps.append(([], []))
            await home.refresh(START + number * INTERVAL)
        ours = Cpu.now(hass) - before
        seen.stop()
        monkeypatch.undo()

        began = time.thread_time()
        for body in seen.bodies:
            orjson.loads(body)
        parsing = time.thread_time() - began

        before = Cpu.now(hass)
        for states, rows in seen.steps:
            for state in states:
                hass.states.async_set(f"{state.entity_id}_again", state.state, state.attributes)
            for metadata, data in rows:
                statistic = metadata | {"statistic_id": f"{metadata['statistic_id']}_again"}
                async_add_external_statistics(hass, statistic, data)
            await async_synchronize(hass)
        by_hand = Cpu.now(hass) - before
    states = sum(len(states) for states, _ in seen.steps)
    stored = sum(len(data) for _, rows in seen.steps for _, data in rows)
    rows: list[list[Cell]] = [
        ["orjson, the same answers", parsing, 1, "", "", ""],
        ["the day", *_cells(ours, parsing)],
        ["the same states and rows by hand", *_cells(by_hand, parsing)],
    ]
    size = sum(map(len, seen.bodies)) / 1e6
    note = (
        f"{REFRESHES} refreshes of {METERS} meters, each with a new quarter-hour: "
        f"{len(seen.bodies)} answers of {size:.0f} MB in all, {states:,} changed states, "
        f"{stored:,} rows of statistics. The simulator runs in another process. `by hand`: what "
        "Home Assistant alone needs to take the same states and rows."
    )
    keep(Table("CPU of a steady day", COLUMNS, rows, note))


def _cells(used: Cpu, parsing: float) -> list[Cell]:
    ratio = round(used.process / parsing, 1)
    return [used.process, ratio, used.loop, used.recorder, used.others]
