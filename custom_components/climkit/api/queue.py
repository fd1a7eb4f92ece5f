"""The queue that keeps to the API's limit of one request a second.

The limit is documented for each call, not whether it counts users or addresses; so one queue
serves everything that talks to one base URL, and logins take their turn like all else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum
import heapq
from itertools import count

# Seconds between the starts of two requests: the documented second and a margin for the network,
# for the first request reaches the server later by the time that its connection takes.
REQUEST_SPACING = 1.1
MAX_SPACING = 8.0

# After a 429 the spacing doubles; each fair answer then takes a little of the surplus away.
SPACING_GROWTH = 2.0
SPACING_DECAY = 0.97

# Seconds of silence after a 429: at least, and at most whatever the server asks for.
MIN_PAUSE = 2.0
MAX_PAUSE = 120.0


class Priority(IntEnum):
    """Who goes first: what is new before what is history."""

    LIVE = 0
    HISTORY = 1


class RequestQueue:
    """Grants one turn at a time, `spacing` seconds from start to start, live before history.

    `requests` counts the turns granted; `spacing` is what the queue keeps at present.
    It belongs to one event loop; a waiting task may be cancelled at any time.
    """

    def __init__(self, spacing: float | None = None) -> None:
        """Start with `spacing` seconds between requests, the API's limit by default."""
        self._least_spacing = REQUEST_SPACING if spacing is None else spacing
        self.spacing = self._least_spacing
        self.requests = 0
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self._is_busy = False
        self._next_start = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """Wait for the turn and hold it; the request is made inside."""
        loop = asyncio.get_running_loop()
        granted: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (priority, next(self._arrivals), granted))
        self._schedule()
        try:
            await granted
        except asyncio.CancelledError:
            self._give_up(granted)
            raise
        try:
            # Counted from here, not from the grant: a busy loop may have come between.
            self._next_start = max(self._next_start, loop.time() + self.spacing)
            self.requests += 1
            yield
        finally:
            self._release()

    def back_off(self, retry_after: float | None) -> None:
        """Slow down after a 429: pause for as many seconds as the server asks, then go slower."""
        self.pause(max(retry_after or 0.0, MIN_PAUSE))
        self.spacing = min(self.spacing * SPACING_GROWTH, MAX_SPACING)

    def pause(self, seconds: float) -> None:
        """Let no request start for as many seconds, at most MAX_PAUSE; called within a turn."""
        end = asyncio.get_running_loop().time() + min(seconds, MAX_PAUSE)
        self._next_start = max(self._next_start, end)

    def ease(self) -> None:
        """Take back a little of what a 429 added, after an answer that was none."""
        surplus = self.spacing - self._least_spacing
        self.spacing = self._least_spacing + surplus * SPACING_DECAY

    def _schedule(self) -> None:
        """See to it that the first in line is granted as soon as the spacing allows."""
        if self._is_busy or self._timer or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next_start:
            self._grant()
        else:
            self._timer = loop.call_at(self._next_start, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._grant()

    def _grant(self) -> None:
        while self._waiting:
            _, _, granted = heapq.heappop(self._waiting)
            if not granted.done():  # its task may just have been cancelled
                self._is_busy = True
                granted.set_result(None)
                return

    def _release(self) -> None:
        self._is_busy = False
        self._schedule()

    def _give_up(self, granted: asyncio.Future[None]) -> None:
        """Leave the line; pass the turn on if it was granted in the same moment."""
        if not granted.cancelled():
            self._release()
            return
        self._waiting = [entry for entry in self._waiting if entry[2] is not granted]
        heapq.heapify(self._waiting)
        if self._timer and not self._waiting:
            self._timer.cancel()
            self._timer = None
