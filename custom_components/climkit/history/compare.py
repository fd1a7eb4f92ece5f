"""Compares stored pages with what Climkit says now, and mends what differs."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from copy import replace
from datetime import datetime
from typing import NamedTuple

from homeassistant.util import dt as dt_util

from ..api import Interval
from ..feeds import Answer
from ..measures import Feed, Series
from ..statistics import Difference, IsDoubted, Rebuilt, RowsChangedError, TimeRange
from .doubts import Doubts, Repeated, always, with_neighbours
from .fetcher import PageFetcher
from .live_queue import LONGEST_WAIT
from .pages import Page, Purpose
from .rebuild import SeriesRebuilder
from .recheck_queue import RecheckQueue
from .site_state import SiteSyncState
from .state import SyncState

# Told what Climkit said of some series from a time (a full hour) to another.
type OnRead = Callable[
    [Sequence[SyncState], datetime, datetime, Sequence[Interval]], Awaitable[None]
]

# Told of a feed what is withdrawn: by column, the starts of intervals (UTC).
type OnWithdrawn = Callable[[Feed, Mapping[str, Collection[datetime]]], None]


class PageComparer:
    """Compares pages of a site; less than is stored is asked for once more, see `doubts`."""

    def __init__(
        self,
        fetch: Callable[[Page], Awaitable[Answer]],
        rebuilder: SeriesRebuilder,
        doubts: Doubts,
        on_read: OnRead,
        on_withdrawn: OnWithdrawn,
    ) -> None:
        """Prepare; `on_read` is told what was read, once it is stored.

        `on_withdrawn` is told what two answers lack of hours that are to follow them.
        """
        self._fetch = fetch
        self._rebuilder = rebuilder
        self._doubts = doubts
        self._on_read = on_read
        self._on_withdrawn = on_withdrawn

    async def async_compare(self, page: Page, *, dry_run: bool = False) -> Rebuilt:
        """Return what differs of a page; with `dry_run` nothing is mended.

        Raises ClimkitError, and what a rebuild raises.
        """
        first = await self._fetch(page)
        found = await self._async_rebuild(page, first, always, dry_run=dry_run)
        now = dt_util.utcnow()
        if not dry_run:
            self._doubts.forget(page, found.doubted)
        missing = with_neighbours(page, first, found.doubted, now)
        if not missing:
            return found
        second = await self._fetch(replace(page, range=missing))
        verdict = self._doubts.verdict(Repeated(first, second, page, missing), now)
        try:
            again = await self._async_rebuild(page, verdict.answer, verdict.judge, dry_run=dry_run)
        finally:
            # In trouble too: it may be stored, and then nothing differs when it is asked again.
            # What is older no poll remembers.
            if not dry_run and (gone := verdict.withdrawn(now - LONGEST_WAIT)):
                self._on_withdrawn(page.feed, gone)
        if dry_run:
            return again
        self._doubts.note(verdict, again.doubted)
        return found.followed_by(again)

    async def _async_rebuild(
        self, page: Page, answer: Answer, is_doubted: IsDoubted[SyncState], *, dry_run: bool
    ) -> Rebuilt:
        intervals = answer.intervals
        rebuilt = await self._rebuilder.async_rebuild(
            page.states, page.range, intervals, is_doubted=is_doubted, dry_run=dry_run
        )
        if not dry_run:
            await self._on_read(page.states, page.start, page.end, intervals)
        return rebuilt


class _Asked(NamedTuple):
    """Whose series are to be compared, in which range, and whether nothing is to be changed."""

    owner_ids: Collection[str]
    range: TimeRange
    dry_run: bool


class SiteComparison:
    """Reads a stretch of a site's series again for an action, page by page."""

    def __init__(
        self,
        state: SiteSyncState,
        fetcher: PageFetcher,
        recheck: RecheckQueue,
        pages: PageComparer,
        turn: Callable[[], AbstractAsyncContextManager[None]],
        save: Callable[[Sequence[SyncState]], Awaitable[None]],
    ) -> None:
        """Prepare; each page has its `turn`, so that others have theirs in between."""
        self._state = state
        self._fetcher = fetcher
        self._recheck = recheck
        self._pages = pages
        self._turn = turn
        self._save = save
        self._one_at_a_time = asyncio.Lock()

    async def async_compare(
        self, owner_ids: Collection[str], start: datetime, end: datetime, *, dry_run: bool
    ) -> dict[Series, list[Difference]]:
        """Return the hours that differ; without `dry_run` they are mended.

        What of it trouble keeps from being read is read in the background.
        """
        asked = _Asked(owner_ids, TimeRange(start, end), dry_run)
        async with self._one_at_a_time:
            return await self._async_compare_all(asked)

    async def _async_compare_all(self, asked: _Asked) -> dict[Series, list[Difference]]:
        feeds = [feed for feed in self._state.feeds if self._comparable(feed, asked)]
        others = {feed: self._recheck.unread(feed) for feed in feeds}
        if not asked.dry_run:
            for feed in feeds:
                since = min(state.since for state in self._comparable(feed, asked))
                stored = replace(asked.range, start=max(asked.range.start, since))
                self._recheck.remember(feed, stored.touched_hours)
        found: dict[Series, list[Difference]] = {}
        try:
            for feed in feeds:
                found |= await self._async_compare_feed(feed, asked, others[feed])
        finally:
            for feed in feeds:
                self._recheck.plan(feed, asked.range.touched_hours)
        return found

    async def _async_compare_feed(
        self, feed: Feed, asked: _Asked, others: Sequence[TimeRange]
    ) -> dict[Series, list[Difference]]:
        """Compare a feed page by page; `others` had asked before to read these ranges again."""
        found: defaultdict[Series, list[Difference]] = defaultdict(list)
        position, end = asked.range.start, asked.range.end
        while position < end:
            try:
                async with self._turn():
                    # While another had the turn, statistics may have been deleted.
                    states = self._comparable(feed, asked)
                    if not states:
                        break
                    position = max(position, min(state.since for state in states))
                    hours = TimeRange(position, min(self._fetcher.end_of_page(feed, position), end))
                    page = Page(feed, Purpose.RECHECK, hours, states)
                    rebuilt = await self._pages.async_compare(page, dry_run=asked.dry_run)
                    await self._save(states)
                    if not asked.dry_run:
                        self._mark_read(page, others)
            except RowsChangedError:
                continue  # those are read anew; the others' page is compared once more
            position = page.end
            for state in states:
                found[state.series] += rebuilt.differences.get(state.statistic_id, ())
        return found

    def _mark_read(self, page: Page, others: Iterable[TimeRange]) -> None:
        """Note what was read: of the whole feed, or only what was asked for by this call."""
        hours = page.range.touched_hours
        if len(page.states) == len(self._state.of(page.feed)):
            self._recheck.mark_read(page.feed, hours)
        else:
            self._recheck.forget(page.feed, hours, but=others)

    def _comparable(self, feed: Feed, asked: _Asked) -> list[SyncState]:
        """Return the series that are stored up to the present, and are asked for."""
        return [
            state
            for state in self._state.of(feed)
            if state.series.owner_id in asked.owner_ids
            and state.is_read
            and state.since < asked.range.end
        ]
