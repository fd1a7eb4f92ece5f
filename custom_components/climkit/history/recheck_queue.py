"""What is to be read again: each night what Climkit may have revised, and what was asked for.

What Climkit did not answer for comes last, see `unanswered`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from ..measures import Feed
from ..statistics import Rebuilt, TimeRange, merged, within, without
from ..store import ClimkitStore, RecheckRecord
from .doubts import Doubts
from .nights import LONGEST_NIGHT, RecurringDifferences, ranges_of_night, recent_from
from .pages import Page, Purpose, recheck_page
from .state import SyncState
from .unanswered import UnansweredHours


class RecheckQueue:
    """What is still to be read again: by night, and at any time what was asked for.

    What was asked for is remembered until it was read, and so is what the nights did and found.
    """

    def __init__(
        self,
        record: RecheckRecord,
        store: ClimkitStore,
        unanswered: UnansweredHours,
        doubts: Doubts,
        *,
        states_of: Callable[[Feed], Sequence[SyncState]],
        end_of: Callable[[Feed, datetime], datetime],
    ) -> None:
        """Begin by day: there is nothing to read but what is remembered, see `plan`.

        `states_of` gives no series of a feed that rests; `end_of` says where a page ends at last
        that begins at a time.
        """
        self.record = record
        self._store = store
        self._unanswered = unanswered
        self._doubts = doubts
        self._states_of = states_of
        self._end_of = end_of
        self._night: deque[tuple[Feed, Purpose, TimeRange]] = deque()
        self._ends: datetime | None = None
        self._asked: dict[Feed, list[TimeRange]] = {}
        self._retried: set[Feed] = set()
        self._recurring = RecurringDifferences()

    @property
    def differing_hours(self) -> list[datetime]:
        """Hours (UTC) that differ night after night."""
        return self._recurring.hours

    # What is to be read

    def begin_night(self, stored: Iterable[tuple[Feed, datetime, datetime]], now: datetime) -> None:
        """Begin a night; what is recent is revised most, so it comes early for all feeds.

        What is doubted comes first: its ranges hold values on a side, which other pages may not.

        `stored` tells of each feed from when to when there is what may be read again.
        """
        stored = list(stored)
        unanswered = {feed: self._unanswered.of(feed) for feed, _, _ in stored}
        plans = [
            (feed, ranges_of_night(since, self.record.sweep.get(feed.key), until, unanswered[feed]))
            for feed, since, until in stored
        ]
        self._ends = now + LONGEST_NIGHT
        self._doubts.begin_night(TimeRange(now, self._ends), self._doubted_series())
        doubted = [
            (feed, Purpose.RECHECK, one)
            for feed in self._doubts.feeds
            for one in without(self._doubts.ranges(feed), *self._unanswered.of(feed))
        ]
        first = [(feed, Purpose.RECHECK, one) for feed, plan in plans for one in plan.recent]
        then = [(feed, Purpose.SWEEP, one) for feed, plan in plans for one in plan.sweep]
        last = [(feed, Purpose.RECHECK, one) for feed, some in unanswered.items() for one in some]
        last.sort(key=lambda item: item[2].end <= recent_from(now))
        self._night = deque([*doubted, *first, *then, *last])
        self.record.nights += 1
        self.record.last = now

    def _doubted_series(self) -> dict[Feed, set[str]]:
        """Return the statistic ids there are of feeds of which anything is doubted.

        Of one that rests it is not known.
        """
        return {
            feed: {state.statistic_id for state in states}
            for feed in self._doubts.feeds
            if (states := self._states_of(feed))
        }

    def end_night(self) -> None:
        """Read no more tonight."""
        self._night.clear()

    def ask_for(self, feed: Feed, ranges: Iterable[TimeRange]) -> None:
        """Read these full hours again too, also by day; they are remembered until they were."""
        for hours in ranges:
            self.remember(feed, hours)
            self._add(feed, hours)

    def remember(self, feed: Feed, hours: TimeRange) -> None:
        """Remember that some hours are to be read again, until they were."""
        self.record.unread[feed.key] = merged([*self.unread(feed), hours])
        self._store.save_soon()

    def plan(self, feed: Feed, hours: TimeRange | None = None) -> None:
        """See to it that what is remembered (of some hours) is read; no trouble makes it lost."""
        unread = self.unread(feed)
        for one in within(unread, hours) if hours else unread:
            self._add(feed, one)

    def defer(self, feed: Feed, hours: TimeRange, *, is_tried_for_long: bool) -> None:
        """Leave hours that Climkit did not answer for to the nights.

        Such as somebody asked for are asked for again soon, until they were tried for long.
        """
        soon = [] if is_tried_for_long else without(self.unread(feed), *self._unanswered.of(feed))
        for part in without([hours.touched_hours], *soon):
            self.forget(feed, part)
            self._unanswered.add_halves(feed, part)
        self._store.save_soon()

    async def async_skip(self, feed: Feed, hours: TimeRange) -> None:
        """Leave hours to the nights that were never read; it is remembered at once.

        What is stored behind them would look, after a crash, as if nothing were missing.
        """
        self._unanswered.add_halves(feed, hours, never_read=True)
        await self._store.async_save_now()

    def retry_never_read(self, feed: Feed) -> None:
        """Ask for what was never read of a feed, as Climkit answers for it; until it does not."""
        self._retried.add(feed)

    def _add(self, feed: Feed, hours: TimeRange) -> None:
        asked = without([hours], *self._unanswered.of(feed))  # which is tried each night
        self._asked[feed] = merged([*self._asked.get(feed, ()), *asked])

    def unread(self, feed: Feed) -> list[TimeRange]:
        """Return the hours that are to be read again until they were, whoever asked for them."""
        return self.record.unread.get(feed.key, [])

    def drop(self, feed: Feed, *, is_unanswered: bool) -> None:
        """Ask nothing more of a feed that is in trouble; the next night goes on behind it.

        Not so where the trouble is with hours that were unanswered before: others may be answered.
        """
        self._retried.discard(feed)
        if not is_unanswered:
            self._night = deque(item for item in self._night if item[0] != feed)

    def take(self, now: datetime) -> Page | None:
        """Take the next page that can be read now; None where there is none.

        What was asked for comes first, and waits for series that are behind, then what was never
        read, then what is left of the night.
        """
        for feed in list(self._asked):
            if page := self._take_asked(feed):
                return page
        for feed in list(self._retried):
            if page := self._take_never_read(feed):
                return page
        if self._ends is None or now >= self._ends:
            self.end_night()
        return self._take_of_night()

    def _take_asked(self, feed: Feed) -> Page | None:
        if not (states := self._read_states(feed)):
            return None
        while asked := self._asked.get(feed):
            hours = self._first_page(feed, asked[0])
            self._asked[feed] = without(asked, hours)
            if page := recheck_page(feed, Purpose.RECHECK, states, hours):
                return page
            self.forget(feed, hours)  # they lie before all history
        self._asked.pop(feed, None)
        return None

    def _take_never_read(self, feed: Feed) -> Page | None:
        if not (states := self._read_states(feed)):
            return None
        for one in self._unanswered.never_read(feed):
            if page := recheck_page(feed, Purpose.RECHECK, states, self._first_page(feed, one)):
                return page
        self._retried.discard(feed)
        return None

    def _take_of_night(self) -> Page | None:
        resting, page = [], None
        while self._night and page is None:
            feed, purpose, hours = item = self._night.popleft()
            if not (states := self._states_of(feed)):
                resting.append(item)
                continue
            first = self._first_page(feed, hours)
            page = recheck_page(feed, purpose, states, first)
            if page and first.end < hours.end:
                self._night.appendleft((feed, purpose, TimeRange(first.end, hours.end)))
        self._night.extendleft(reversed(resting))
        return page

    def _read_states(self, feed: Feed) -> Sequence[SyncState]:
        """Return the series of a feed; none while it rests, or one of them is behind."""
        states = self._states_of(feed)
        return states if all(state.is_read for state in states) else ()

    def _first_page(self, feed: Feed, hours: TimeRange) -> TimeRange:
        return TimeRange(hours.start, min(self._end_of(feed, hours.start), hours.end))

    # What was read

    def mark_read(self, feed: Feed, hours: TimeRange) -> None:
        """Note that hours were read: what was asked for, and what was not answered for before."""
        self.forget(feed, hours)
        self._unanswered.mark_read(feed, hours)

    def forget(self, feed: Feed, hours: TimeRange, but: Iterable[TimeRange] = ()) -> None:
        """Do not read hours again that were asked for, but for some."""
        left = merged([*without(self.unread(feed), hours), *within(but, hours)])
        if left:
            self.record.unread[feed.key] = left
        else:
            self.record.unread.pop(feed.key, None)
        self._store.save_soon()

    def mark_compared(self, page: Page, found: Rebuilt) -> None:
        """Note that a page was read again, and count what was found."""
        if page.purpose is Purpose.SWEEP:
            self.record.sweep[page.feed.key] = page.end
        self.mark_read(page.feed, page.range)
        self.record.pages += 1
        self.record.hours += sum(map(len, found.differences.values()))
        ids = [state.statistic_id for state in page.states]
        self._recurring.note(ids, page.start, page.end, found.differences)
