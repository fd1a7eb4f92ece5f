"""A home in the machine's own time; its simulator runs in a process of its own.

Only what the home itself costs is measured then. Times of intervals come from a clock that is
turned by hand, so a day takes as long as its work.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
import threading
import time
from typing import Any, Protocol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.runtime import SiteRuntime
from custom_components.climkit.statistics.recorder import (
    async_clear,
    async_known,
    async_synchronize,
)
from tests.bench.simulator_process import Clock, simulator
from tests.conftest import PAUSE, account_entry
from tests.stories.driven import forget_calls


@dataclass
class MachineHome:
    """A Home Assistant with one site; `clock` is its own, `simulated` the simulator's."""

    hass: HomeAssistant
    entry: MockConfigEntry
    clock: Clock
    simulated: Clock

    async def set_up(self) -> None:
        """Set the entry up."""
        self.entry.add_to_hass(self.hass)
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)

    async def complete(self) -> None:
        """Wait until all history is stored."""
        while self.site.history.progress != 100:
            await pause(0.05)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is left to do."""
        await self.hass.async_block_till_done(wait_background_tasks=False)
        while not (self._history.worker.is_idle and self.site.costs.worker.is_idle):
            await pause()
        await self.hass.async_block_till_done(wait_background_tasks=False)
        await async_synchronize(self.hass)

    async def refresh(self, now: datetime, *, is_quiet: bool = False) -> None:
        """Live through the moment of a refresh; a quiet one finds nothing new."""
        self.clock.move(now)
        if not is_quiet:
            self.simulated.move(now)
        self.site.client.login.token = None  # it lives for a quarter-hour of the simulator's clock
        self.site.coordinator._async_tick(now)  # each quarter-hour has one
        await self.site.coordinator.async_refresh()
        await self.settle()

    @property
    def site(self) -> SiteRuntime:
        """The only site."""
        [site] = self.entry.runtime_data.values()
        return site

    @property
    def _history(self) -> Any:
        return self.site.history


class BuildMachine(Protocol):
    """Makes a home, as often as a figure wants one."""

    def __call__(
        self, meters: int, *, begin: datetime, site_days: int
    ) -> AbstractAsyncContextManager[MachineHome]:
        """Return a home that is not set up: so many meters, statistics from `begin` on."""


@pytest.fixture
def build_machine(
    recorder_mock: Any,
    hass: HomeAssistant,
    enable_custom_integrations: None,
    monkeypatch: pytest.MonkeyPatch,
) -> BuildMachine:
    """Make homes without spacing between requests."""
    hass.loop.set_debug(False)
    forget_calls(monkeypatch)
    get_instance(hass).commit_interval = 5  # as at home: tests commit each state by itself

    @asynccontextmanager
    async def build(meters: int, *, begin: datetime, site_days: int) -> AsyncIterator[MachineHome]:
        clock, simulated = Clock(), Clock()
        monkeypatch.setattr(dt_util, "utcnow", clock)
        with simulator(meters, site_days, simulated) as url:
            entry = account_entry(url, **{CONF_HISTORY: begin.date().isoformat()})
            yield MachineHome(hass, entry, clock, simulated)
            await hass.config_entries.async_unload(entry.entry_id)
            await hass.config_entries.async_remove(entry.entry_id)
            # The next home begins earlier: rows from after its now would be those of a wrong clock.
            await async_clear(hass, await async_known(hass))
            await hass.async_block_till_done()

    return build


async def pause(seconds: float = 0.005) -> None:
    """Let others work."""
    await asyncio.to_thread(PAUSE.wait, seconds)


@dataclass(frozen=True, slots=True)
class Cpu:
    """Processor time in seconds: of the whole process, the event loop, the recorder's thread."""

    process: float
    loop: float
    recorder: float

    @classmethod
    def now(cls, hass: HomeAssistant) -> Cpu:
        """Look at the clocks of the threads."""
        recorder, loop = get_instance(hass).ident, threading.main_thread().ident
        assert recorder is not None
        assert loop is not None
        return cls(
            time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID),
            time.clock_gettime(time.pthread_getcpuclockid(loop)),
            time.clock_gettime(time.pthread_getcpuclockid(recorder)),
        )

    def __sub__(self, other: Cpu) -> Cpu:
        """Return what was used since."""
        return Cpu(
            self.process - other.process, self.loop - other.loop, self.recorder - other.recorder
        )

    @property
    def others(self) -> float:
        """What the other threads used: parsing, comparing, reading from the database."""
        return self.process - self.loop - self.recorder
