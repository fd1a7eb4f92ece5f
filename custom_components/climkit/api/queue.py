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

# Seconds between two requests: the documented second, and a margin for the network.
REQUEST_SPACING = 1.1
MAX_SPACING = 8.0

# A request that was given up may still be on its way for so many times the spacing.
GIVEN_UP = 3.0

# After a 429 the spacing doubles; each fair answer then takes a little of the surplus away.
SPACING_GROWTH = 2.0
SPACING_DECAY = 0.97

# Seconds of silence after a 429: at least, and at most whatever the server asks for. Nobody waits
# in line for a pause that is longer than LONGEST_WAIT.
MIN_PAUSE = 2.0
MAX_PAUSE = 3600.0
LONGEST_WAIT = 120.0


class Priority(IntEnum):
    """Who goes first: what is new, then what a person waits to see, then what is history."""

    LIVE = 0
    ASKED_FOR = 1
    HISTORY = 2


class QueuePausedError(Exception):
    """The server asked for a pause that is too long to wait in line; `seconds` of it are left."""

    def __init__(self, seconds: float) -> None:
        """Keep what is left of the pause."""
        super().__init__(f"paused for {seconds:.0f} s")
        self.seconds = seconds


class RequestQueue:
    """Grants one turn at a time, `spacing` seconds after one another, live before history.

    The distance counts from the turn's start, or from later on where `keep_distance` says so.
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
        self._paused_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """Wait for the turn and hold it; the request is made inside.

        Raises QueuePausedError where the server asked for a long pause, also while waiting.
        """
        loop = asyncio.get_running_loop()
        if (pause := self._paused_until - loop.time()) > LONGEST_WAIT:
            raise QueuePausedError(pause)
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

    def keep_distance(self, times: float = 1.0) -> None:
        """Count the distance to the next request from now, `times` over; called within a turn.

        For a request that may have left only now, since its connection took time.
        """
        next_start = asyncio.get_running_loop().time() + times * self.spacing
        self._next_start = max(self._next_start, next_start)

    def back_off(self, retry_after: float | None) -> None:
        """Slow down after a 429: pause for as many seconds as the server asks, then go slower."""
        self.pause(max(retry_after or 0.0, MIN_PAUSE))
        self.spacing = min(self.spacing * SPACING_GROWTH, MAX_SPACING)

    def pause(self, seconds: float) -> None:
        """Let no request start for as many seconds, at most MAX_PAUSE; called within a turn.

        Who would wait too long for it is told at once.
        """
        seconds = min(seconds, MAX_PAUSE)
        end = asyncio.get_running_loop().time() + seconds
        self._paused_until = max(self._paused_until, end)
        if seconds > LONGEST_WAIT:
            waiting, self._waiting = self._waiting, []
            for _, _, granted in waiting:
                if not granted.done():
                    granted.set_exception(QueuePausedError(seconds))

    def ease(self) -> None:
        """Take back a little of what a 429 added, after an answer that was none."""
        surplus = self.spacing - self._least_spacing
        self.spacing = self._least_spacing + surplus * SPACING_DECAY

    def _schedule(self) -> None:
        """See to it that the first in line is granted as soon as the spacing allows."""
        if self._is_busy or self._timer or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        start = max(self._next_start, self._paused_until)
        if loop.time() >= start:
            self._grant()
        else:
            self._timer = loop.call_at(start, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._schedule()

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
            if granted.exception() is None:
                self._release()
            return
        self._waiting = [entry for entry in self._waiting if entry[2] is not granted]
        heapq.heapify(self._waiting)
        if self._timer and not self._waiting:
            self._timer.cancel()
            self._timer = None
