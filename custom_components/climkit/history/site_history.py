"""Keeps the statistics of a site equal to Climkit's data, from the chosen start to now.

There is one operation: a stretch of some series is rebuilt from intervals (`async_rebuild`). The
first import, the catch-up after an outage, each quarter-hour's new data and the nights' second look
are all this, with different starts. A single worker for each site does it, so each statistic has
one writer; live entities never wait for it.
"""

import asyncio
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
import logging

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import ClimkitError, Interval, Site, floor_hour
from ..feeds import Answer, FeedReader, columns_of
from ..measures import Feed, Series
from ..statistics import (
    Difference,
    RecorderError,
    RowsChangedError,
    TimeRange,
    Worker,
    WriteGuard,
    async_clear,
    ranges_of_hours,
    within,
)
from ..store import ClimkitStore, RecheckRecord
from .compare import OnRead, OnWithdrawn, PageComparer, SiteComparison
from .doubts import Doubts, is_less, is_less_before, unsaid, worth_asking
from .fetcher import PageFetcher
from .live_queue import LiveBatch, LiveQueue
from .nights import recent_from
from .pages import Page, advance_past, backfill_page, catch_up_page, next_after
from .rebuild import SeriesRebuilder
from .recheck_queue import RecheckQueue
from .site_state import SiteSyncState
from .state import SyncState
from .unanswered import UnansweredHours, may_be_of_the_hours

_LOGGER = logging.getLogger(__name__)

# A feed is answered for while its last answer is no older: feeds are polled more often than that,
# but for charge points that no list tells of, whose hours are skipped soon after a poll only.
ANSWERED_WITHIN = timedelta(hours=2)

# Shown of a history that is read but for hours that Climkit does not answer for, in percent.
ALMOST = 99.0


class SiteHistory:
    """The statistics of one site: what is stored, what is missing, and who closes the gap."""

    def __init__(
        self,
        hass: HomeAssistant,
        reader: FeedReader,
        site: Site,
        *,
        start: datetime,
        store: ClimkitStore,
        on_change: Callable[[], None],
        on_loaded: Callable[[Sequence[SyncState]], Awaitable[None]],
        write_guard: WriteGuard,
        on_read: OnRead,
        on_withdrawn: OnWithdrawn,
        on_deleted: Callable[[Collection[str]], None],
    ) -> None:
        """Prepare; history begins at `start`, `on_change` tells of new totals and progress.

        `on_loaded` is told all series once it is known what is stored of them, `write_guard` which
        rows are being written, for what follows from them, `on_read` what was read of which
        series, once it is stored, `on_withdrawn` what it is believed to have withdrawn, and
        `on_deleted` which statistics somebody else deleted.
        """
        self._hass = hass
        record = store.site(site.id)
        self._on_change = on_change
        self._on_loaded = on_loaded
        self._rebuilder = SeriesRebuilder(hass, write_guard)
        self._on_read = on_read
        self._on_withdrawn = on_withdrawn
        self._on_deleted = on_deleted
        self._state = SiteSyncState(
            hass, store, record.series, floor_hour(start), is_refused=self._is_refused
        )
        self._live = LiveQueue()
        self._fetcher = PageFetcher(
            hass, reader, site.zone, width=lambda feed: len(self._state.of(feed))
        )
        self._refused: set[Feed] = set()
        self._unanswered = UnansweredHours(record.recheck.unanswered)
        doubts = Doubts()
        self._recheck = self._make_recheck_queue(record.recheck, store, doubts)
        self._comparer = PageComparer(
            self._fetcher.async_fetch, self._rebuilder, doubts, on_read, self._drop_withdrawn
        )
        self._comparison = SiteComparison(
            self._state, self._fetcher, self._recheck, self._comparer, self._turn, self._async_save
        )
        self._writing = asyncio.Lock()
        self._may_import = False
        self._is_to_be_examined = False
        self.worker = Worker(
            hass,
            f"climkit history {site.id}",
            self._async_work,
            wake_at=lambda: self._fetcher.next_end,
            on_bug=self._live.clear,  # they would fail again; the nights read what they held
        )

    def _make_recheck_queue(
        self, record: RecheckRecord, store: ClimkitStore, doubts: Doubts
    ) -> RecheckQueue:
        return RecheckQueue(
            record,
            store,
            self._unanswered,
            doubts,
            states_of=self._states_to_recheck,
            end_of=self._fetcher.end_of_page,
        )

    # What entities show

    def total(self, series: Series) -> float | None:
        """Return a series' running total, its newest row's sum; None until it can be right."""
        return self._state.total(series)

    @property
    def states(self) -> list[SyncState]:
        """Return all series that are loaded, and how far each was read."""
        return [state for feed in self._state.feeds for state in self._state.of(feed)]

    @property
    def progress(self) -> float | None:
        """Return how much of the history is stored, in full percents; None before it is known.

        Not all of it while Climkit does not answer for some hours.
        """
        progress = self._state.progress
        if progress is not None and self._has_never_read_hours:
            return min(progress, ALMOST)
        return progress

    def is_awaited(self, statistic_id: str) -> bool:
        """Whether some of a series' history is still to be read, and nobody refuses it."""
        return self._state.is_awaited(statistic_id)

    @property
    def complete_until(self) -> datetime | None:
        """Return the time up to which all statistics of the site are stored."""
        return self._state.complete_until

    @property
    def is_loaded(self) -> bool:
        """Whether it is known how far all series are stored."""
        return self._state.is_loaded

    @property
    def is_clock_behind(self) -> bool:
        """Whether hours are stored that have not begun by our clock."""
        return self._state.are_ahead_of(dt_util.utcnow())

    # What people are told of

    @property
    def is_stuck(self) -> bool:
        """Whether history that is missing could not be read for long."""
        unread = (feed for feed in self._offered if not self._state.is_read(feed))
        return self._fetcher.is_stuck(unread) or self._has_never_read_hours

    @property
    def _offered(self) -> list[Feed]:
        """Return the feeds of which Climkit does not refuse what is new."""
        return [feed for feed in self._state.feeds if feed not in self._refused]

    @property
    def _has_never_read_hours(self) -> bool:
        """Whether hours of the history were never read, as Climkit does not answer for them."""
        return any(
            one.end > self._history_start(feed)
            for feed in self._state.permitted_feeds
            for one in self._unanswered.never_read(feed)
        )

    @property
    def differing_hours(self) -> list[datetime]:
        """Hours (UTC) that the nights mend again and again."""
        return self._recheck.differing_hours

    @property
    def resting(self) -> int:
        """Return how many feeds rest after trouble."""
        return sum(map(self._fetcher.is_paused, self._state.feeds))

    @property
    def recheck_stats(self) -> RecheckRecord:
        """What the nights did since the site was set up."""
        return self._recheck.record

    @property
    def is_up_to_date(self) -> bool:
        """Whether all that Climkit has, and does not refuse, is stored."""
        return self._state.is_loaded and all(map(self._state.is_read, self._state.permitted_feeds))

    def newest(self, series: Series) -> datetime | None:
        """Return the start of a series' newest hour that has an amount.

        None before reading has reached the present.
        """
        return self._state.newest(series)

    # What the coordinator tells

    def set_series(self, series: Iterable[tuple[Series, str]]) -> None:
        """Say which series there are, each with its statistic's name."""
        if self._state.want(series):
            self.worker.wake()

    def add_live(
        self, feed: Feed, start: datetime, end: datetime, intervals: Sequence[Interval]
    ) -> None:
        """Hand over what Climkit says of `start` to `end`, for series that have come that far."""
        self._live.add(feed, start, end, intervals)
        self._refused.discard(feed)
        self.worker.wake()

    def set_refused(self, feed: Feed) -> None:
        """Say that Climkit refuses a feed: until it is offered again, nobody waits for it."""
        self._refused.add(feed)

    def _is_refused(self, feed: Feed) -> bool:
        """Whether Climkit refuses what is new of a feed, or for long its history."""
        return feed in self._refused or self._fetcher.is_refused_for_long(feed)

    def start_import(self) -> None:
        """Allow requests for history (once Home Assistant has started)."""
        self._may_import = True
        self.worker.wake()

    def start_night(self) -> None:
        """Read again what Climkit may have revised, in the background.

        What an outage kept away so far is not stored, so it is not read again either.
        """
        now = dt_util.utcnow()
        self._recheck.begin_night(
            (
                (feed, self._since(feed), min(now, self._live.answered_until(feed) or now))
                for feed in self._state.feeds
                if not self._fetcher.is_paused(feed)
            ),
            now,
        )
        self._fetcher.retry_unanswered()
        self._is_to_be_examined = True
        self.worker.wake()

    def read_again(self, feeds: Iterable[Feed], start: datetime, end: datetime) -> None:
        """Read a stretch of feeds again, in the background; feeds that are not there wait."""
        hours = TimeRange(start, end).touched_hours
        for feed in feeds:
            self._recheck.ask_for(feed, [hours])
        self.worker.wake()

    def read_lacking(self, feed: Feed, hours: TimeRange) -> None:
        """Read a stretch again, unless Climkit does not answer for some of it.

        Then the nights ask for that alone, and the stretch would lack it again.
        """
        if not any(map(hours.overlap, self._unanswered.of(feed))):
            self.read_again([feed], hours.start, hours.end)

    def _drop_withdrawn(self, feed: Feed, gone: Mapping[str, Collection[datetime]]) -> None:
        """Let nobody write again what is withdrawn, out of memory."""
        self._live.drop_withdrawn(feed, gone)
        self._on_withdrawn(feed, gone)

    def _ask_once_more(self, feed: Feed, hours: Iterable[datetime]) -> None:
        """Ask again for hours of which an answer said too little, as soon as all else is read."""
        self._recheck.ask_for(feed, ranges_of_hours(hours))

    # What actions want

    async def async_compare(
        self, owner_ids: Collection[str], start: datetime, end: datetime, *, dry_run: bool
    ) -> dict[Series, list[Difference]]:
        """Read a stretch again: return the hours that differ, and mend them without `dry_run`.

        Of the series of these sites and meters whose history is stored. Raises ClimkitError and
        RecorderError; what was mended until then stays.
        """
        try:
            return await self._comparison.async_compare(owner_ids, start, end, dry_run=dry_run)
        finally:
            self.worker.wake()

    async def async_delete(self, statistic_ids: Collection[str]) -> None:
        """Delete statistics; those of wanted series are then read anew."""
        async with self._writing:
            await async_clear(self._hass, statistic_ids)
            await self._state.async_forget(statistic_ids)
        self._on_change()
        self.worker.wake()

    # The work

    async def async_stop(self) -> None:
        """Stop, in the middle of a page too."""
        await self.worker.async_stop()
        self._fetcher.cancel()

    async def _async_work(self) -> bool:
        """Do what comes next; tell whether there was anything to do."""
        try:
            async with self._turn():
                return await self._async_do_next()
        except RowsChangedError:
            return True  # what is changed is read again: that comes next

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Have the turn to write; rows that turn out to be changed are looked at, and end it."""
        async with self._writing:
            try:
                yield
            except RowsChangedError as err:
                await self._async_examine(err.statistic_ids)
                raise

    async def _async_do_next(self) -> bool:
        if not self._state.is_loaded:
            await self._async_load()
        if self.is_clock_behind:
            self._live.clear()  # the clock was put back; once it is right they come again
            return False
        self._read_outdated_again()
        if batch := self._live.next():
            await self._async_write_live(batch)
        elif self._is_to_be_examined:  # it may take long, or fail, so what is new comes first
            await self._async_examine()
            self._is_to_be_examined = False
        elif page := self._next_page():
            await self._async_try(self._async_import, page)
        elif page := self._recheck.take(dt_util.utcnow()):
            await self._async_try(self._async_recheck, page)
        else:
            return False
        return True

    async def _async_examine(self, statistic_ids: Collection[str] | None = None) -> None:
        """Look whether rows are still there; what is gone is read again."""
        if deleted := await self._state.async_examine(statistic_ids):
            self._on_deleted(deleted)
        self._on_change()

    async def _async_load(self) -> None:
        await self._state.async_load()
        for feed in self._state.feeds:
            self._recheck.plan(feed)  # what was to be read again still is
        await self._on_loaded(self.states)
        self._on_change()

    def _read_outdated_again(self) -> None:
        """Read again what a database of another day lacks: corrections.

        What is recent each night reads again anyway. Not to be called while the clock is wrong: it
        does not know what is recent.
        """
        while self._state.outdated:
            feed = self._state.outdated.pop()
            if older := TimeRange.between(self._since(feed), recent_from(dt_util.utcnow())):
                self._recheck.ask_for(feed, [older])

    async def _async_try(self, work: Callable[[Page], Awaitable[None]], page: Page) -> None:
        """Work on a page; after trouble the feed rests and its next page is shorter."""
        try:
            await work(page)
        except ClimkitError as err:
            # An import waits for its feed as ever, whatever nights were not answered for.
            is_recheck = page.purpose.is_recheck
            is_unanswered = is_recheck and self._unanswered.cover(page.feed, page.range)
            self._recheck.drop(page.feed, is_unanswered=is_unanswered)
            self._fetcher.failed(page.feed, err, is_unanswered=is_unanswered)
            if self._fetcher.should_stop(err):
                self._recheck.end_night()
            if may_be_of_the_hours(err):
                await self._async_defer_or_skip(page)
            self._recheck.plan(page.feed, page.range)
        except RecorderError, RowsChangedError:
            if page.purpose.is_recheck:  # some of it may be stored, and nobody was told
                self._recheck.ask_for(page.feed, [page.range])
            raise

    async def _async_defer_or_skip(self, page: Page) -> None:
        """Let a page that Climkit does not answer for keep no other one waiting.

        What was never read, or was asked for, is left to the nights only once it was tried for
        long, while Climkit answered for what is new.
        """
        feed = page.feed
        answered = self._live.answered_until(feed)
        is_answered = answered is not None and dt_util.utcnow() - answered < ANSWERED_WITHIN
        has_some = bool(self._unanswered.of(feed))
        is_tried_for_long = is_answered and self._fetcher.is_tried_for_long(feed, has_some=has_some)
        if page.purpose.is_recheck:
            self._recheck.defer(feed, page.range, is_tried_for_long=is_tried_for_long)
        elif is_tried_for_long and not page.is_last:
            step = self._fetcher.step_of(page)
            longer = self._import_page(feed, step)
            skipped = longer if longer and not longer.is_last else page
            self._fetcher.skipped(feed, step)
            _LOGGER.info("No answer for %s: %s is skipped", feed, skipped.range)
            await self._recheck.async_skip(feed, skipped.range)
            advance_past(skipped)
            await self._async_save(skipped.states)

    async def _async_write_live(self, batch: LiveBatch) -> None:
        """Write new data to the series that have come that far; the others fall behind.

        What lies before a series' history is left out: nights would never read it again.
        Nothing is said of a series whose column the answer lacks: when it is back, and so much
        later that there is a gap, the gap is read like history.
        """
        feed, start, end = batch.feed, batch.range.start, batch.range.end
        intervals = [interval for interval in batch.intervals if interval.start >= start]
        columns = columns_of(intervals)
        answered = [state for state in self._state.of(feed) if state.series.column in columns]
        ready = [state for state in answered if state.reaches(start)]
        for state in answered:
            if state.is_current and not state.reaches(start):
                state.mark_gap()
        by_start = defaultdict[datetime, list[SyncState]](list)
        for state in ready:
            by_start[max(start, state.start)].append(state)
        known, less = self._live.written_from(feed), set[datetime]()
        for begin, states in sorted(by_start.items()):
            if hours := TimeRange.between(begin, end):
                found = await self._rebuilder.async_rebuild(
                    states, hours, intervals, is_doubted=is_less_before(known)
                )
                less.update(*found.doubted.values())
        self._ask_once_more(feed, [hour for hour in less if known is None or hour < known])
        for state in ready:
            state.advance(floor_hour(end), to_present=True)
        self._live.mark_written(batch)
        await self._on_read(self._state.of(feed), start, end, intervals)
        await self._async_save(ready)

    def _next_page(self) -> Page | None:
        """Return the next page of history: sites before single meters, oldest first."""
        if not self._may_import:
            return None
        answered = (f for f in self._state.feeds if self._live.answered_until(f))
        for feed in self._fetcher.ready(answered):
            if page := self._import_page(feed, self._fetcher.length(feed)):
                return page
        return None

    def _import_page(self, feed: Feed, length: timedelta) -> Page | None:
        states = self._state.of(feed)
        following = catch_up_page(feed, states, length, dt_util.utcnow())
        return following or backfill_page(feed, states, length)

    async def _async_import(self, page: Page) -> None:
        """Ask for a page of history and store it."""
        was_in_doubt = self._fetcher.is_in_doubt  # then another feed may be next
        answer = await self._fetcher.async_fetch(page)
        following = next_after(page, self._fetcher.length(page.feed), dt_util.utcnow())
        if following and not was_in_doubt:
            self._fetcher.prefetch(following)
        await self._async_store(page, answer)
        self._recheck.retry_never_read(page.feed)
        _LOGGER.debug("Stored history of %s from %s to %s", page.feed, page.start, page.end)

    async def _async_store(self, page: Page, answer: Answer) -> None:
        """Store what was never read; what the answer does not say is asked for once more."""
        intervals = answer.intervals
        found = await self._rebuilder.async_rebuild(
            page.states, page.range, intervals, is_doubted=is_less
        )
        advance_past(page)
        if page.purpose.is_recheck:
            self._recheck.mark_read(page.feed, page.range)
        missing = unsaid(page, answer, dt_util.utcnow())
        doubted = worth_asking(page, answer, found.doubted)
        self._recheck.ask_for(page.feed, missing)
        self._ask_once_more(page.feed, doubted)
        await self._on_read(page.states, page.start, page.end, intervals)
        # What is stored behind what is missing would look, after a crash, as if nothing were.
        await self._async_save(page.states, at_once=bool(missing or doubted))

    def _states_to_recheck(self, feed: Feed) -> list[SyncState]:
        """Return the series of a feed; none while it rests."""
        return [] if self._fetcher.is_resting(feed) else self._state.of(feed)

    async def _async_recheck(self, page: Page) -> None:
        if within(self._unanswered.never_read(page.feed), page.range):
            await self._async_store(page, await self._fetcher.async_fetch(page))
            return
        found = await self._comparer.async_compare(page)
        self._recheck.mark_compared(page, found)
        await self._async_save(page.states)
        _LOGGER.debug(
            "Read %s again from %s to %s: %s rows", page.feed, page.start, page.end, found.changed
        )

    async def _async_save(self, states: Sequence[SyncState], *, at_once: bool = False) -> None:
        await self._state.async_save(states, at_once=at_once)
        await self._state.async_look_for_newest(states)
        if not self._live:  # what else is new comes at once, entities need be told only once
            self._on_change()

    def _since(self, feed: Feed) -> datetime:
        return min(state.since for state in self._state.of(feed))

    def _history_start(self, feed: Feed) -> datetime:
        """Return where the history of a feed begins once all of it is read."""
        return min(state.start for state in self._state.of(feed))
