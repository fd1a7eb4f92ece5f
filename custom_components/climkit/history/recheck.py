"""What is read again at night, since Climkit revises its data, sometimes months later.

Every night the last 35 days, and the next part of a sweep through the older history, so that all of
it is read again within four weeks. Budget: a feed of n months costs about n / 28 + 2 requests a
night, and after three hours a night is over, whatever is left; the sweep goes on in the next one.

What Climkit did not answer for comes last, see `unanswered`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import chain

from ..measures import Feed
from ..statistics import Difference, Rebuilt, TimeRange, merged, within, without
from ..store import ClimkitStore, RecheckRecord
from .doubts import Doubts
from .pages import Page, Purpose, recheck_page
from .state import SyncState
from .unanswered import UnansweredHours

RECENT = timedelta(days=35)
NIGHTS_OF_A_SWEEP = 28

# Each day one more day is no longer recent: a sweep goes so much further a night, or it would never
# arrive. Where less than two of them are left, the next sweep begins: that was recent a night ago.
DAY = timedelta(days=1)

# Nights begin at a random minute of this stretch of the local night, and last this long at most.
FIRST_START = time(hour=1)
STARTS_WITHIN = timedelta(hours=3)
LONGEST_NIGHT = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class RecheckRange(TimeRange):
    """Hours to be read again; `is_sweep`: they belong to the sweep through the older history."""

    is_sweep: bool = False


def next_night(now: datetime, zone: tzinfo, delay: timedelta) -> datetime:
    """Return when the next night begins, `delay` after the earliest start, in UTC."""
    today = now.astimezone(zone).date()
    starts = (
        # Compared in UTC: where clocks are set back, a local time may be over and yet to come.
        (datetime.combine(day, FIRST_START, zone) + delay).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
    )
    return next(start for start in starts if start > now)


def ranges_of_night(
    since: datetime, position: datetime | None, now: datetime, unanswered: Iterable[TimeRange] = ()
) -> Iterator[RecheckRange]:
    """Return what one night reads of a history that begins at `since`; full hours.

    `position` is where the sweep stands; None before it began. What is `unanswered` is left out.
    """
    unanswered = merged(unanswered)
    now = now.replace(minute=0, second=0, microsecond=0)
    recent = max(since, now - RECENT)
    parts = [(TimeRange.between(recent, now), False)]
    if since < recent:
        stride = DAY + (recent - since) / NIGHTS_OF_A_SWEEP
        start = position if position and since <= position < recent - 2 * DAY else since
        if (start := _behind(unanswered, start)) >= recent:
            start = _behind(unanswered, since)
        end = min(start + timedelta(hours=stride // timedelta(hours=1) + 1), recent)
        parts.append((TimeRange.between(start, end), True))
    for part, is_sweep in parts:
        for one in without([part], *unanswered) if part else ():
            yield RecheckRange(one.start, one.end, is_sweep)


def _behind(ranges: Iterable[TimeRange], time: datetime) -> datetime:
    """Return the end of the range that holds a time, else the time."""
    return next((one.end for one in ranges if time in one), time)


# Late data and a correction make an hour differ for a night or two.
MANY_NIGHTS = 5


class RecurringDifferences:
    """How many nights in a row each hour differed from what was stored the night before."""

    def __init__(self) -> None:
        """Begin without any."""
        self._counts: dict[tuple[str, datetime], int] = {}

    def note(
        self,
        statistic_ids: Sequence[str],
        start: datetime,
        end: datetime,
        found: Mapping[str, Sequence[Difference]],
    ) -> None:
        """Take in what a night found in some statistics between two times."""
        before = {
            key: self._counts.pop(key)
            for key in list(self._counts)
            if key[0] in statistic_ids and start <= key[1] < end
        }
        for statistic_id, differences in found.items():
            for one in differences:
                key = statistic_id, one.start
                self._counts[key] = before.get(key, 0) + 1

    @property
    def hours(self) -> list[datetime]:
        """Return the hours that differ again and again, sorted."""
        return sorted({start for (_, start), n in self._counts.items() if n >= MANY_NIGHTS})


class NightlyRecheck:
    """What is still to be read again: by night, and at any time what was asked for.

    What was asked for is remembered until it was read, and so is what the nights did and found.
    """

    def __init__(self, record: RecheckRecord, store: ClimkitStore) -> None:
        """Begin by day: there is nothing to read but what is remembered, see `plan`."""
        self.record = record
        self._store = store
        self._ranges: deque[tuple[Feed, RecheckRange]] = deque()
        self._asked: dict[Feed, list[TimeRange]] = {}
        self._ends: datetime | None = None
        self._recurring = RecurringDifferences()
        self.doubts = Doubts()
        self.unanswered = UnansweredHours(record.unanswered)
        self._retried: set[Feed] = set()

    @property
    def differing_hours(self) -> list[datetime]:
        """Hours (UTC) that differ night after night."""
        return self._recurring.hours

    # What is to be read

    def begin(self, stored: Iterable[tuple[Feed, datetime, datetime]], now: datetime) -> None:
        """Begin a night; what is recent is revised most, so it comes first for all feeds.

        `stored` tells of each feed from when to when there is what may be read again.
        """
        feeds = list(stored)
        doubted = (
            (feed, RecheckRange(one.start, one.end))
            for feed in self.doubts.feeds
            for one in without(self.doubts.ranges(feed), *self.unanswered.of(feed))
            if one.end <= now - RECENT
        )
        planned = (
            (feed, hours)
            for feed, since, until in feeds
            for hours in ranges_of_night(
                since, self._sweep_position(feed), until, self.unanswered.of(feed)
            )
        )
        unanswered = (
            (feed, RecheckRange(one.start, one.end))
            for feed, _, _ in feeds
            for one in self.unanswered.of(feed)
        )
        self._ranges = deque(sorted(chain(doubted, planned), key=lambda item: item[1].is_sweep))
        self._ranges.extend(sorted(unanswered, key=lambda item: item[1].end <= now - RECENT))
        self._ends = now + LONGEST_NIGHT
        self.doubts.begin_night()
        self.record.nights += 1
        self.record.last = now

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
        soon = [] if is_tried_for_long else without(self.unread(feed), *self.unanswered.of(feed))
        for part in without([hours.touched_hours], *soon):
            self.forget(feed, part)
            self.unanswered.add_halves(feed, part)
        self._store.save_soon()

    async def async_skip(self, feed: Feed, hours: TimeRange) -> None:
        """Leave hours to the nights that were never read; it is remembered at once.

        What is stored behind them would look, after a crash, as if nothing were missing.
        """
        self.unanswered.add_halves(feed, hours, never_read=True)
        await self._store.async_save_now()

    def retry_never_read(self, feed: Feed) -> None:
        """Ask for what was never read of a feed, as Climkit answers for it; until it does not."""
        self._retried.add(feed)

    def _add(self, feed: Feed, hours: TimeRange) -> None:
        asked = without([hours], *self.unanswered.of(feed))  # which is tried each night
        self._asked[feed] = merged([*self._asked.get(feed, ()), *asked])

    def unread(self, feed: Feed) -> list[TimeRange]:
        """Return the hours that are to be read again, as somebody asked for them."""
        return self.record.unread.get(feed.key, [])

    def _sweep_position(self, feed: Feed) -> datetime | None:
        return self.record.sweep.get(feed.key)

    def end(self) -> None:
        """Read no more tonight."""
        self._ranges.clear()

    def drop(self, feed: Feed, *, is_unanswered: bool) -> None:
        """Ask nothing more of a feed that is in trouble; the next night goes on behind it.

        Not so where the trouble is with hours that were unanswered before: others may be answered.
        """
        self._retried.discard(feed)
        if not is_unanswered:
            self._ranges = deque(item for item in self._ranges if item[0] != feed)

    def next_page(
        self,
        states_of: Callable[[Feed], Sequence[SyncState]],
        end_of: Callable[[Feed, datetime], datetime],
        now: datetime,
    ) -> Page | None:
        """Return the next page to read; None where the night is over.

        `states_of` gives no series of a feed that rests; `end_of` says where a page ends at last
        that begins at a time.
        """
        for feed in list(self._asked):
            if page := self._next_asked(feed, states_of(feed), end_of):
                return page
        for feed in list(self._retried):
            if page := self._next_never_read(feed, states_of(feed), end_of):
                return page
        if self._ends is None or now >= self._ends:
            self._ranges.clear()
        waiting, self._ranges = self._ranges, deque()
        found: Page | None = None
        while waiting and found is None:
            feed, hours = waiting.popleft()
            if not (states := states_of(feed)):
                self._ranges.append((feed, hours))  # it rests
                continue
            end = min(end_of(feed, hours.start), hours.end)
            asked = TimeRange(hours.start, end)
            found = recheck_page(feed, states, asked, is_sweep=hours.is_sweep)
            if found and end < hours.end:
                waiting.appendleft((feed, replace(hours, start=end)))
        self._ranges += waiting
        return found

    def _next_asked(
        self, feed: Feed, states: Sequence[SyncState], end_of: Callable[[Feed, datetime], datetime]
    ) -> Page | None:
        """Return the next page of what was asked for; it waits for series that are behind."""
        if not states or not all(state.is_read for state in states):
            return None
        while asked := self._asked.get(feed):
            first = asked[0]
            page = TimeRange(first.start, min(end_of(feed, first.start), first.end))
            self._asked[feed] = without(asked, page)
            if found := recheck_page(feed, states, page, is_sweep=False):
                return found
            self.forget(feed, page)  # it lies before all history
        self._asked.pop(feed, None)
        return None

    def _next_never_read(
        self, feed: Feed, states: Sequence[SyncState], end_of: Callable[[Feed, datetime], datetime]
    ) -> Page | None:
        """Return the next page of what was never read; it waits for series that are behind."""
        if not states or not all(state.is_read for state in states):
            return None
        for one in self.unanswered.never_read(feed):
            page = TimeRange(one.start, min(end_of(feed, one.start), one.end))
            if found := recheck_page(feed, states, page, is_sweep=False):
                return found
        self._retried.discard(feed)
        return None

    # What was read

    def mark_read(self, feed: Feed, hours: TimeRange) -> None:
        """Note that hours were read: what was asked for, and what was not answered for before."""
        self.forget(feed, hours)
        self.unanswered.mark_read(feed, hours)

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
