"""Asks for the next page of history while the recorder still stores the last one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from homeassistant.core import HomeAssistant

from ..feeds import Answer
from ..measures import Feed
from ..statistics import TimeRange
from .pages import Page


class PagePrefetcher:
    """One page that is asked for before its turn; or none."""

    def __init__(
        self, hass: HomeAssistant, read: Callable[[Page], Coroutine[Any, Any, Answer]]
    ) -> None:
        """Prepare; `read` asks Climkit for a page."""
        self._hass = hass
        self._read = read
        self._expected: tuple[Feed, TimeRange] | None = None
        self._task: asyncio.Task[Answer] | None = None

    def begin(self, page: Page) -> None:
        """Ask for the page that will come next, if all goes well."""
        self.cancel()
        name = f"climkit history ahead {page.feed.site_id}"
        self._expected = page.feed, page.range
        self._task = self._hass.async_create_background_task(self._read(page), name)
        self._task.add_done_callback(_take_note)

    async def async_read(self, page: Page) -> Answer:
        """Return the answer for a page, which is asked for now if another one was expected.

        Raises ClimkitError.
        """
        if self._task and self._expected == (page.feed, page.range):
            task, self._task = self._task, None
            return await task
        self.cancel()
        return await self._read(page)

    def cancel(self) -> None:
        """Give up the page that is asked for."""
        if self._task:
            self._task.cancel()
            self._task = None


def _take_note(task: asyncio.Task[Answer]) -> None:
    """Take note of the error of a page that is not wanted any more; asyncio would log it."""
    if not task.cancelled():
        task.exception()
