"""Compares stored pages with what Climkit says now, and mends what differs."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from homeassistant.util import dt as dt_util

from ..api import Interval
from ..feeds import Answer
from ..statistics import Rebuilt
from .doubts import Repeated, keep_all, with_neighbours, worth_asking
from .pages import Page
from .rebuild import IsDoubted
from .recheck import NightlyRecheck
from .state import SyncState

# Told what Climkit said of some series from a time (a full hour) to another.
type OnRead = Callable[
    [Sequence[SyncState], datetime, datetime, Sequence[Interval]], Awaitable[None]
]

# `rebuild.async_rebuild`, with the arguments that are the same for a whole site.
type Rebuild = partial[Coroutine[Any, Any, Rebuilt]]


class PageComparer:
    """Compares pages of a site; less than is stored is asked for once more, see `doubts`."""

    def __init__(
        self,
        fetch: Callable[[Page], Awaitable[Answer]],
        rebuild: Rebuild,
        recheck: NightlyRecheck,
        on_read: OnRead,
    ) -> None:
        """Prepare; `on_read` is told what was read, once it is stored."""
        self._fetch = fetch
        self._rebuild = rebuild
        self._recheck = recheck
        self._on_read = on_read

    async def async_compare(self, page: Page, *, dry_run: bool = False) -> Rebuilt:
        """Return what differs of a page; with `dry_run` nothing is mended.

        Raises ClimkitError, and what a rebuild raises.
        """
        first = await self._fetch(page)
        found = await self._async_rebuild(page, first, keep_all, dry_run=dry_run)
        hours = worth_asking(page, first, found.doubted)
        if not hours:
            return found
        now, night = dt_util.utcnow(), self._recheck.stats["nights"]
        missing = with_neighbours(page.feed, hours, now)
        second = await self._fetch(replace(page, range=missing))
        both = Repeated(first, second, page)
        judge = self._recheck.doubts.judge(both, night, now)
        again = await self._async_rebuild(page, both.answer, judge, dry_run=dry_run)
        if dry_run:
            return again
        self._recheck.doubts.note(page, again.doubted, night)
        return found.followed_by(again)

    async def _async_rebuild(
        self, page: Page, answer: Answer, is_doubted: IsDoubted, *, dry_run: bool
    ) -> Rebuilt:
        intervals = answer.intervals
        rebuilt = await self._rebuild(
            page.states, page.range, intervals, is_doubted=is_doubted, dry_run=dry_run
        )
        if not dry_run:
            await self._on_read(page.states, page.start, page.end, intervals)
        return rebuilt
