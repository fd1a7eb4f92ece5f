"""A home whose clock goes from timer to timer: only waiting takes no time.

Spacing of requests, retries and pauses are the real ones. The soak lives through a year with it;
tests of the API's limit use it too.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import sys
import time
from typing import Any, override
from unittest import mock

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.api import Priority, queue, transport
from custom_components.climkit.api.queue import RequestQueue
from custom_components.climkit.coordinator import base
from custom_components.climkit.statistics import recorder
from tests.conftest import PAUSE, real_time
from tests.simulator import server
from tests.stories.story import StoryHome

# What the tests of the suite do without.
REAL = {
    (module, name): getattr(module, name)
    for module, name in (
        (queue, "REQUEST_SPACING"),
        (queue, "MIN_PAUSE"),
        (transport, "RETRY_WAIT"),
        (transport, "RETRY_JITTER"),
        (base, "UPDATE_COOLDOWN"),
    )
}

INTEGRATION = "custom_components.climkit."

# Between two looks at what other threads do, in seconds: many looks would take their time.
SHORTEST_PAUSE = 0.0002
LONGEST_PAUSE = 0.02


class Activity:
    """Knows whether anything goes on that no timer waits for: requests, threads, the recorder."""

    # In seconds of the machine's time; what takes longer hangs.
    patience = 600.0

    def __init__(self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count what is begun and ended from now on."""
        self._loop: Any = hass.loop
        self._running = 0
        self._asleep = 0
        run, synchronize = self._loop.run_in_executor, recorder.async_synchronize
        turn = RequestQueue.turn

        def run_in_executor(*args: Any) -> Any:
            future = run(*args)
            self._running += 1
            future.add_done_callback(lambda _: self._add(-1))
            return future

        async def async_synchronize(*args: Any) -> None:
            with self._counted():
                await synchronize(*args)

        @asynccontextmanager
        async def counted_turn(queue: RequestQueue, priority: Priority) -> AsyncIterator[None]:
            async with turn(queue, priority):
                with self._counted():
                    yield

        monkeypatch.setattr(self._loop, "run_in_executor", run_in_executor)
        # Who imported it has it by name; all wait in real time for the recorder's thread.
        for module in [one for key, one in sys.modules.items() if key.startswith(INTEGRATION)]:
            if hasattr(module, "async_synchronize"):
                monkeypatch.setattr(module, "async_synchronize", async_synchronize)
        monkeypatch.setattr(RequestQueue, "turn", counted_turn)

    def _add(self, number: int) -> None:
        self._running += number

    async def sleep(self, seconds: float) -> None:
        """Sleep for a server: whoever waits for it waits for a timer."""
        self._asleep += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._asleep -= 1

    @property
    def _is_busy(self) -> bool:
        return self._running > self._asleep

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._add(1)
        try:
            yield
        finally:
            self._add(-1)

    async def until_quiet(self) -> None:
        """Wait in real time until only timers are left."""
        end, calm, pause = real_time() + self.patience, 0, SHORTEST_PAUSE
        while calm < 3:
            await asyncio.sleep(0)
            is_ready = bool(self._loop._ready)
            calm = 0 if self._is_busy or is_ready else calm + 1
            if self._is_busy and not is_ready:
                PAUSE.wait(pause)  # the other threads may work
                pause = min(1.5 * pause, LONGEST_PAUSE)
            else:
                pause = SHORTEST_PAUSE
            assert real_time() < end, "it never became quiet"

    def next_timer(self) -> float | None:
        """Return when the next timer is due, by the event loop's clock."""
        whens = (handle.when() for handle in self._loop._scheduled if not handle.cancelled())
        return min(whens, default=None)


@dataclass
class DrivenHome(StoryHome):
    """A home whose clock goes from timer to timer."""

    activity: Activity = field(kw_only=True)
    is_driven: bool = False

    @override
    def __post_init__(self) -> None:
        """Let what the server waits for be a timer like all others."""
        super().__post_init__()
        self.simulator.sleep = self.activity.sleep

    @override
    async def set_up(self) -> None:
        await self.drive(super().set_up())

    @override
    async def until(self, condition: Callable[[], bool], seconds: float = 3600) -> None:
        """Let the clock run until something is so; it may take so many seconds by that clock."""
        end = self.hass.loop.time() + seconds
        await self.activity.until_quiet()
        while not condition():
            assert self.hass.loop.time() < end, "it never happened"
            self._move_clock(timedelta(minutes=1))
            await self.activity.until_quiet()

    @override
    async def let_follow(self) -> None:
        """Leave it to the clock, which goes from timer to timer here."""

    @override
    async def switch_off(self) -> None:
        await self.drive(super().switch_off())

    @override
    async def switch_on(self, after: timedelta = timedelta(0)) -> None:
        await self.drive(super().switch_on(after))

    async def drive(self, work: Coroutine[Any, Any, None]) -> None:
        """Let the clock run while something is done that waits for timers."""
        self.is_driven = True
        task = self.hass.loop.create_task(work)
        while True:
            await self.activity.until_quiet()
            if task.done():
                break
            self._move_clock(timedelta(hours=1))
        self.is_driven = False
        await task

    def _move_clock(self, longest: timedelta) -> None:
        """Move to the next timer, but not further than this."""
        due = self.activity.next_timer()
        if due is not None:
            wait = timedelta(seconds=max(due - self.hass.loop.time(), 0.0) + 1e-5)
            longest = min(longest, wait)
        self.freezer.move_to(dt_util.utcnow() + longest)

    @override
    async def turn_clock(self, *, to: datetime | None = None, **by: float) -> None:
        """Turn the clock, and stop at each timer on the way."""
        end = to or dt_util.utcnow() + timedelta(**by)
        await self.settle()
        while (now := dt_util.utcnow()) < end:
            self._move_clock(end - now)
            await self.settle()
        await self.compile_prices()
        await self.settle()

    @override
    async def settle(self) -> None:
        """Wait until only timers are left."""
        if not self.is_driven:
            await self.activity.until_quiet()


def real_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client wait as it does in reality, and the server look at the same clock."""
    for (owner, name), value in REAL.items():
        monkeypatch.setattr(owner, name, value)
    monkeypatch.setattr(server, "_monotonic", time.monotonic)


def forget_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep no calls: the harness's stand-ins for sessions would remember each one, and its rows."""
    monkeypatch.setattr(mock._CallList, "append", lambda *_: None)


def quiet_recorder(hass: HomeAssistant) -> None:
    """Stop the recorder's own timers, each second: there are no states to watch or commit."""
    instance = get_instance(hass)
    instance._async_stop_queue_watcher_and_event_listener()
    for name in ("_keep_alive_listener", "_commit_listener"):
        if cancel := getattr(instance, name):
            cancel()
            setattr(instance, name, None)
