"""A simulator in a process of its own, which imports nothing of a home or of tests."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import c_double
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import multiprocessing
from multiprocessing.connection import Connection, wait
from multiprocessing.sharedctypes import Synchronized

from custom_components.climkit.api import floor_interval
from tests.simulator import SimulatorServer, Switches, World
from tests.simulator.houses import big_site

PROCESSES = multiprocessing.get_context("spawn")

# Never behind the machine's time, by which Home Assistant's timers go: what is planned for the
# clock's future shall not be due at once.
START = floor_interval(datetime.now(UTC)) + timedelta(minutes=22)


@dataclass
class Clock:
    """The time of a simulator and a home; `serve` looks at it from another process."""

    _seconds: Synchronized[float] = field(
        default_factory=lambda: PROCESSES.Value(c_double, START.timestamp())
    )

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self._seconds.value, UTC)

    def move(self, to: datetime) -> None:
        """Turn it."""
        self._seconds.value = to.timestamp()


@contextmanager
def simulator(meters: int, days: int, clock: Clock) -> Iterator[str]:
    """Let a simulator serve a site in a process of its own; its URL."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_serve, args=(meters, days, clock, theirs), daemon=True)
    process.start()
    try:
        assert ours in wait([ours, process.sentinel], 300), "the simulator did not start"
        yield ours.recv()
    finally:
        ours.close()
        process.join(10)


def _serve(meters: int, days: int, clock: Callable[[], datetime], end: Connection) -> None:
    asyncio.run(_async_serve(meters, days, clock, end))


async def _async_serve(
    meters: int, days: int, clock: Callable[[], datetime], end: Connection
) -> None:
    world = World.of(big_site(meters - 2, now=clock(), days=days))
    async with SimulatorServer(world, now=clock, switches=Switches(rate_limit=0.0)) as server:
        end.send(server.url)
        await asyncio.to_thread(end.poll, None)
