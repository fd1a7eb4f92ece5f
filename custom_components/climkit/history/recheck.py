"""What is read again at night, since Climkit revises its data, sometimes months later. Pure.

Every night the last 35 days, and the next part of a walk through the older history, so that all of
it is read again within four weeks. Budget: a feed of n months costs about n / 28 + 2 requests a
night, and after three hours a night is over, whatever is left; the walk goes on in the next one.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo

from ..measures import Feed
from ..statistics import Difference, TimeRange, merged, without
from .pages import Page, page_again
from .state import Track

RECENT = timedelta(days=35)
NIGHTS_OF_A_WALK = 28

# Each day one more day is no longer recent: a walk goes so much further a night, or it would never
# arrive. Where less than two of them are left, the next walk begins: that was recent a night ago.
DAY = timedelta(days=1)

# Nights begin at a random minute of this stretch of the local night, and last this long at most.
FIRST_START = time(hour=1)
STARTS_WITHIN = timedelta(hours=3)
LONGEST_NIGHT = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Part(TimeRange):
    """Hours to be read again; `is_walk`: they belong to the walk through the older history."""

    is_walk: bool = False


def next_night(now: datetime, zone: tzinfo, delay: timedelta) -> datetime:
    """Return when the next night begins, `delay` after the earliest start, in UTC."""
    today = now.astimezone(zone).date()
    starts = (
        # Compared in UTC: where clocks are set back, a local time may be over and yet to come.
        (datetime.combine(day, FIRST_START, zone) + delay).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
    )
    return next(start for start in starts if start > now)


def parts_of_night(since: datetime, place: datetime | None, now: datetime) -> Iterator[Part]:
    """Return what one night reads of a history that begins at `since`; full hours.

    `place` is where the walk stands; None before it began.
    """
    now = now.replace(minute=0, second=0, microsecond=0)
    recent = max(since, now - RECENT)
    if newest := Part.between(recent, now):
        yield newest
    if recent == since:
        return
    stride = DAY + (recent - since) / NIGHTS_OF_A_WALK
    start = place if place and since <= place < recent - 2 * DAY else since
    end = min(start + timedelta(hours=stride // timedelta(hours=1) + 1), recent)
    yield Part(start, end, is_walk=True)


class Night:
    """What is still to be read again: by night, and at any time what was asked for."""

    def __init__(self) -> None:
        """Begin by day: there is nothing to read."""
        self._parts: deque[tuple[Feed, Part]] = deque()
        self._asked: dict[Feed, list[TimeRange]] = {}
        self._ends: datetime | None = None

    def begin(self, parts: Iterable[tuple[Feed, Part]], now: datetime) -> None:
        """Begin a night; what is recent is revised most, so it comes first for all feeds."""
        self._parts = deque(sorted(parts, key=lambda item: item[1].is_walk))
        self._ends = now + LONGEST_NIGHT

    def add(self, ranges: Iterable[tuple[Feed, TimeRange]], _now: datetime) -> None:
        """Read these ranges too, also by day; no night and no trouble makes them forgotten."""
        for feed, one in ranges:
            asked = [*self._asked.get(feed, ()), TimeRange(one.start, one.end)]
            self._asked[feed] = merged(asked)

    def end(self) -> None:
        """Read no more tonight."""
        self._parts.clear()

    def leave_out(self, feed: Feed) -> None:
        """Ask nothing more of a feed that is in trouble; the next night goes on where this was."""
        self._parts = deque(item for item in self._parts if item[0] != feed)

    def next_page(
        self,
        tracks_of: Callable[[Feed], Sequence[Track]],
        end_of: Callable[[Feed, datetime], datetime],
        now: datetime,
    ) -> Page | None:
        """Return the next page to read; None where the night is over.

        `tracks_of` gives no series of a feed that rests; `end_of` says where a page ends at last
        that begins at a time.
        """
        for feed in list(self._asked):
            if page := self._next_asked(feed, tracks_of(feed), end_of):
                return page
        while self._parts and self._ends and now < self._ends:
            feed, part = self._parts.popleft()
            end = min(end_of(feed, part.start), part.end)
            asked = TimeRange(part.start, end)
            if page := page_again(feed, tracks_of(feed), asked, is_walk=part.is_walk):
                if end < part.end:
                    self._parts.appendleft((feed, replace(part, start=end)))
                return page
        self._parts.clear()
        return None

    def _next_asked(
        self, feed: Feed, tracks: Sequence[Track], end_of: Callable[[Feed, datetime], datetime]
    ) -> Page | None:
        """Return the next page of what was asked for; it waits for series that are behind."""
        if not tracks or not all(track.is_current and not track.earlier for track in tracks):
            return None
        while asked := self._asked.get(feed):
            first = asked[0]
            page = TimeRange(first.start, min(end_of(feed, first.start), first.end))
            self._asked[feed] = without(asked, page)
            if found := page_again(feed, tracks, page, is_walk=False):
                return found
        self._asked.pop(feed, None)
        return None


# Late data and a correction make an hour differ for a night or two.
MANY_NIGHTS = 5


class Differing:
    """How many nights in a row each hour differed from what was stored the night before."""

    def __init__(self) -> None:
        """Begin without any."""
        self._nights: dict[tuple[str, datetime], int] = {}

    def note(
        self,
        statistic_ids: Sequence[str],
        start: datetime,
        end: datetime,
        found: Mapping[str, Sequence[Difference]],
    ) -> None:
        """Take in what a night found in some statistics between two times."""
        before = {
            key: self._nights.pop(key)
            for key in list(self._nights)
            if key[0] in statistic_ids and start <= key[1] < end
        }
        for statistic_id, differences in found.items():
            for one in differences:
                key = statistic_id, one.start
                self._nights[key] = before.get(key, 0) + 1

    @property
    def hours(self) -> list[datetime]:
        """Return the hours that differ again and again, sorted."""
        return sorted({start for (_, start), n in self._nights.items() if n >= MANY_NIGHTS})
