"""Asks for pages of history: how long they are, when to rest, and the next one before its turn."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta, tzinfo
import logging
from typing import Any

from homeassistant.core import HomeAssistant

from ..api import (
    Backoff,
    ClimkitAuthenticationError,
    ClimkitError,
    Priority,
    pause,
)
from ..feeds import Answer, FeedReader, PageSize, end_of_page, first_length
from ..measures import Feed
from ..statistics import TimeRange
from .pages import Page

_LOGGER = logging.getLogger(__name__)

# Trouble that lasts longer does not end by itself.
STUCK_AFTER = timedelta(days=1)

# Where some hours are never answered for, others are sooner believed to be like them: pages are as
# short as can be by then.
STUCK_AGAIN_AFTER = timedelta(hours=1)

# A long stretch is skipped in steps; each takes an hour at least, one that is refused a day.
LONGEST_STEP = timedelta(days=7)
LONGEST_REFUSED_STEP = timedelta(days=366)

# A page is stored as a whole, so it should not take too many requests.
WINDOWS_A_PAGE = 24


class PageFetcher:
    """Asks Climkit for the pages of a site, each feed at the pace that its answers allow."""

    def __init__(
        self, hass: HomeAssistant, reader: FeedReader, zone: tzinfo, width: Callable[[Feed], int]
    ) -> None:
        """Prepare; `width` tells how many series a feed has, so how heavy its rows may be."""
        self._reader = reader
        self._zone = zone
        self._width = width
        self._sizes: dict[Feed, PageSize] = {}
        self._backoff = Backoff[Feed](hass.loop.time)
        self._unanswered_backoff = Backoff[Feed](hass.loop.time)
        self._steps: dict[Feed, timedelta] = {}
        self._prefetcher = PagePrefetcher(hass, self._async_read)

    async def async_fetch(self, page: Page) -> Answer:
        """Return the answer for a page. Raises ClimkitError; then see `failed`."""
        answer = await self._prefetcher.async_read(page)
        self._backoff.succeeded(page.feed)
        self._steps.pop(page.feed, None)
        self._size(page.feed).grow(answer.intervals)
        return answer

    def prefetch(self, page: Page) -> None:
        """Ask for the page that will come next, if all goes well."""
        self._prefetcher.begin(page)

    def cancel(self) -> None:
        """Give up what is asked for before its turn."""
        self._prefetcher.cancel()

    async def _async_read(self, page: Page) -> Answer:
        return await self._reader.async_read(page.feed, page.start, page.end, Priority.HISTORY)

    # Trouble

    def failed(self, feed: Feed, err: ClimkitError, *, is_unanswered: bool) -> None:
        """Let a feed rest after trouble; its next page is shorter.

        `is_unanswered`: Climkit did not answer for these hours before, which says nothing of
        others.
        """
        if is_unanswered:
            self._unanswered_backoff.back_off(feed)
            return
        self._size(feed).shrink()
        length = pause(self._backoff, feed, err)
        _LOGGER.debug("History of %s rests for %s: %s", feed, length, err)

    def should_stop(self, err: ClimkitError) -> bool:
        """Whether all feeds should do without more after an error.

        Climkit is down, or refuses the credentials, and then those of all.
        """
        return self._backoff.is_down or isinstance(err, ClimkitAuthenticationError)

    def is_paused(self, feed: Feed | None) -> bool:
        """Whether a feed, or (None) all, is not to be asked for now."""
        return self._backoff.is_paused(feed)

    def is_resting(self, feed: Feed) -> bool:
        """Whether nothing that is stored is to be asked for again of a feed now."""
        return self.is_paused(feed) or self._unanswered_backoff.is_paused(feed)

    def retry_unanswered(self) -> None:
        """Let a night try what is unanswered, with short rests at first."""
        self._unanswered_backoff.clear()

    @property
    def next_end(self) -> float | None:
        """When the next rest ends, by the event loop's clock; None without one."""
        ends = (one.next_end for one in (self._backoff, self._unanswered_backoff))
        return min((end for end in ends if end is not None), default=None)

    def ready(self, feeds: Iterable[Feed]) -> list[Feed]:
        """Return the feeds that may be asked for now, sites before single meters.

        While all of Climkit is in doubt, such as had no trouble themselves come first.
        """

        def order(feed: Feed) -> tuple[bool, bool]:
            has_failed = self.is_in_doubt and self._backoff.is_in_trouble(feed)
            return has_failed, feed.meter_id is not None

        return sorted((feed for feed in feeds if not self.is_paused(feed)), key=order)

    @property
    def is_in_doubt(self) -> bool:
        """Whether all of Climkit had trouble since its last answer."""
        return self._backoff.is_in_trouble(None)

    def is_refused_for_long(self, feed: Feed) -> bool:
        """Whether Climkit has refused a feed for so long that it is believed."""
        return self._backoff.is_refused_for_long(feed)

    def is_tried_for_long(self, feed: Feed, *, has_some: bool) -> bool:
        """Whether a feed's page was tried for so long that others shall not wait for it.

        `has_some`: Climkit does not answer for other hours of the feed either.
        """
        after = STUCK_AGAIN_AFTER if has_some else STUCK_AFTER
        return self._backoff.failing_for([feed], after) or self.is_refused_for_long(feed)

    def step_of(self, page: Page) -> timedelta:
        """Return how much to skip where a page is not answered: all of it, or more."""
        return self._steps.get(page.feed, page.end - page.start)

    def skipped(self, feed: Feed, step: timedelta) -> None:
        """Note that a step was skipped: the next one is twice as long, until an answer comes.

        After trouble what follows is tried for long again; a refusal is tried once a day at last,
        so the steps become as long as it takes.
        """
        most = LONGEST_REFUSED_STEP if self.is_refused_for_long(feed) else LONGEST_STEP
        self._steps[feed] = min(2 * step, most)
        self._backoff.forgive_trouble(feed)

    def is_stuck(self, feeds: Iterable[Feed]) -> bool:
        """Whether one of the feeds has been in trouble, or was refused, for long."""
        return self._backoff.failing_for(feeds, STUCK_AFTER)

    # How long a page is

    def length(self, feed: Feed) -> timedelta:
        """Return how long the next page is: of a few windows, where Climkit refuses long ones."""
        length, window = self._size(feed).length, self._reader.windows.longest
        return min(length, WINDOWS_A_PAGE * window) if window else length

    def end_of_page(self, feed: Feed, start: datetime) -> datetime:
        """Return where the next page ends at last, if it begins at `start`."""
        return end_of_page(start, self.length(feed), self._zone)

    def _size(self, feed: Feed) -> PageSize:
        if feed not in self._sizes:
            width = self._width(feed)
            self._sizes[feed] = PageSize(first_length(width), width)
        return self._sizes[feed]


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
