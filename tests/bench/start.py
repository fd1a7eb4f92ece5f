"""What the integration adds to Home Assistant's start: import and set-up, without the network."""

from collections.abc import Callable
from datetime import timedelta
import os
import subprocess
import sys
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
)

from tests.bench.beside import BuildMachine, Cpu
from tests.bench.simulator_process import START
from tests.conftest import real_time
from tools.benchmark.table import Cell, Table

COLUMNS = ("what", "ms", "CPU of the event loop, ms")
TIMES = 3

# What every Home Assistant has imported when it comes to custom integrations.
BEFORE = (
    "homeassistant.bootstrap",
    "homeassistant.components.sensor",
    "homeassistant.components.recorder.statistics",
    "homeassistant.components.energy",
    "homeassistant.components.diagnostics",
    "homeassistant.components.repairs",
    "homeassistant.components.system_health",
)
OURS = ("custom_components.climkit", "custom_components.climkit.sensor")
# Home Assistant loads these too when it loads an integration, in the same thread.
PRELOADED = tuple(
    f"custom_components.climkit.{door}"
    for door in ("config_flow", "diagnostics", "repairs", "system_health")
)
PROGRAM = """
import importlib, sys, time
before, names = (part.split() for part in sys.argv[1:])
for name in before:
    importlib.import_module(name)
began = time.process_time()
for name in names:
    importlib.import_module(name)
print(time.process_time() - began)
"""


def importing(*names: str) -> float:
    """Return the seconds of processor time that importing these takes, the least of some."""
    command = [sys.executable, "-c", PROGRAM, " ".join(BEFORE), " ".join(names)]
    env = os.environ | {"PYTHONPYCACHEPREFIX": ".cache/bench/bytecode"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # at home only the first start compiles
    return min(
        float(subprocess.run(command, env=env, capture_output=True, check=True).stdout)  # noqa: S603
        for _ in range(TIMES)
    )


@pytest.fixture
def empty_entry(hass: HomeAssistant) -> MockConfigEntry:
    """An entry of an integration that does nothing."""

    async def async_setup_entry(_hass: HomeAssistant, _entry: Any) -> bool:
        return True

    mock_integration(hass, MockModule("empty", async_setup_entry=async_setup_entry))
    entry = MockConfigEntry(domain="empty")
    entry.add_to_hass(hass)
    return entry


async def test_start(
    build_machine: BuildMachine,
    hass: HomeAssistant,
    empty_entry: MockConfigEntry,
    keep: Callable[[Table], None],
) -> None:
    """Import in fresh processes; then set up an empty integration, a house and a big site."""
    imported = await hass.async_add_executor_job(importing, *OURS)
    preloaded = await hass.async_add_executor_job(importing, *OURS, *PRELOADED)
    empty = await hass.async_add_executor_job(importing, "tests.bench")
    rows: list[list[Cell]] = [
        ["import of a module that does nothing", 1000 * empty, ""],
        ["import", 1000 * imported, ""],
        ["the same, with what is preloaded, such as the dialogs", 1000 * preloaded, ""],
    ]
    began, before = real_time(), Cpu.now(hass)
    await hass.config_entries.async_setup(empty_entry.entry_id)
    used = Cpu.now(hass) - before
    rows.append(["set-up of an empty one", 1000 * (real_time() - began), 1000 * used.loop])
    begin = START - timedelta(days=1)
    for meters in (4, 4, 20):
        async with build_machine(meters, begin=begin, site_days=2) as home:
            began, before = real_time(), Cpu.now(hass)
            await home.set_up()
            used = Cpu.now(hass) - before
            seconds = real_time() - began - home.site.client.stats.seconds
            entities = len(hass.states.async_entity_ids("sensor"))
            name = f"set-up of {meters} meters, {entities} entities"
            rows.append([name, 1000 * seconds, 1000 * used.loop])
            await home.complete()
    rows[4][0] = f"{rows[4][0]}, the first time"
    note = (
        "Import: in fresh processes that have imported what Home Assistant has by then, the least "
        f"of {TIMES}; Home Assistant imports in a thread. Set-up: without the time of requests. "
        "The first time, modules, translations and the sensor platform are loaded too, and every "
        "entity is new to the registry in all of them."
    )
    keep(Table("Time added to Home Assistant's start", COLUMNS, rows, note))
