"""Background work of a site, piece by piece, that pauses while the recorder is in trouble."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..api import Backoff
from .recorder import RecorderEndedError, RecorderError

_LOGGER = logging.getLogger(__name__)

# After trouble it rests, longer each time in a row. To try costs little: the database is at hand.
RECORDER_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=10)

# Trouble that lasts longer does not end by itself.
NOT_STORED_AFTER = timedelta(hours=1)


class Worker:
    """Does one piece of work after the other; with nothing to do it waits to be woken."""

    def __init__(
        self,
        hass: HomeAssistant,
        name: str,
        work: Callable[[], Awaitable[bool]],
        *,
        wake_at: Callable[[], float | None] = lambda: None,
        on_bug: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare. `work` does what comes next and tells whether there was anything to do.

        `wake_at` tells when there will be something to do, by the event loop's clock; `on_bug`
        drops what would only fail again after an unexpected error.
        """
        self._hass = hass
        self._name = name
        self._work = work
        self._wake_at = wake_at
        self._on_bug = on_bug
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._backoff = Backoff[str](hass.loop.time, longest=LONGEST_PAUSE)
        self._is_resting = False
        self._is_pausing = False
        self._not_stored_since: float | None = None
        self._has_recorder_ended = False
        self._working_since: float | None = None

    @property
    def is_not_stored(self) -> bool:
        """Whether the recorder has not stored anything for long, or does not answer."""
        limit = self._hass.loop.time() - NOT_STORED_AFTER.total_seconds()
        begun = (self._not_stored_since, self._working_since)
        return any(since is not None and since <= limit for since in begun)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do before time passes (only tests ask)."""
        return self._is_pausing or (self._is_resting and not self._wake.is_set())

    def start(self, entry: ConfigEntry[Any]) -> None:
        """Start to work."""
        self._task = entry.async_create_background_task(self._hass, self._async_run(), self._name)

    async def async_stop(self) -> None:
        """Stop, in the middle of a piece of work too."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._wake.set()

    async def _async_run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wake.clear()
            self._working_since = self._hass.loop.time()
            try:
                has_worked = await self._work()
            except RecorderEndedError as err:
                self._has_recorder_ended = True
                self._note_trouble(err)
                await self._async_rest()  # there is nothing to wait for; what is new asks again
            except RecorderError as err:
                self._note_trouble(err)
                await self._async_pause()
            except Exception:
                _LOGGER.exception("Unexpected error in %s", self._name)
                self._on_bug()
                await self._async_pause()
            else:
                self._working_since = None
                if not self._has_recorder_ended:  # else this was work that stores nothing
                    self._not_stored_since = None
                self._backoff.succeeded(self._name)
                if not has_worked:
                    await self._async_rest()

    def _note_trouble(self, err: Exception) -> None:
        """Log the first failure of many in a row."""
        level = logging.DEBUG if self._not_stored_since else logging.WARNING
        _LOGGER.log(
            level, "%s: statistics could not be stored, trying again later: %s", self._name, err
        )
        self._not_stored_since = self._not_stored_since or self._hass.loop.time()

    async def _async_pause(self) -> None:
        self._is_pausing = True
        try:
            pause = self._backoff.back_off(self._name, first=RECORDER_PAUSE)
            await asyncio.sleep(pause.total_seconds())
        finally:
            self._is_pausing = False

    async def _async_rest(self) -> None:
        self._is_resting = True
        try:
            async with asyncio.timeout_at(self._wake_at()):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._is_resting = False
