"""Which range of a feed to ask for next, and for which series. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from ..api import floor_hour
from ..measures import Feed
from ..statistics import TimeRange
from .state import Track


class Purpose(Enum):
    """Why a page is asked for."""

    TO_PRESENT = 1
    """The first import, or what was missed in an outage."""
    EARLIER = 2
    """Before what is stored, as the user moved the start of history."""
    AGAIN = 3
    """Stored already; Climkit may have corrected it."""
    WALK = 4
    """The same, as the next step of the walk through the older history."""


@dataclass(frozen=True, slots=True)
class Page:
    """A range to be asked for, and the series that need it."""

    feed: Feed
    purpose: Purpose
    range: TimeRange
    tracks: Sequence[Track]
    is_last: bool = False

    @property
    def start(self) -> datetime:
        """Start of the range, a full hour in UTC."""
        return self.range.start

    @property
    def end(self) -> datetime:
        """End of the range in UTC."""
        return self.range.end


def page_to_present(
    feed: Feed, tracks: Sequence[Track], length: timedelta, now: datetime
) -> Page | None:
    """Return the next page towards the present; None where all series have reached it.

    A history that is still to begin (the clock is wrong) is not read, so it is not complete either.
    """
    behind = [track for track in tracks if not track.is_current and track.since < now]
    if not behind:
        return None
    this_hour = floor_hour(now - datetime.resolution)
    until = {track.series: min(track.until, this_hour) for track in behind}  # clocks can be wrong
    start = min(until.values())
    end = min(start + length, now)
    wanting = [track for track in behind if until[track.series] < end]
    page = TimeRange(start, end)
    return Page(feed, Purpose.TO_PRESENT, page, wanting, is_last=end == now)


def earlier_page(feed: Feed, tracks: Sequence[Track], length: timedelta) -> Page | None:
    """Return the next page of what lies before the stored rows; None where nothing is wanted."""
    unread = [(track, track.earlier) for track in tracks if track.earlier]
    if not unread:
        return None
    start = min(stretch.begin for _, stretch in unread)
    end = min(start + length, max(stretch.end for _, stretch in unread))
    wanting = [track for track, stretch in unread if stretch.begin < end]
    return Page(feed, Purpose.EARLIER, TimeRange(start, end), wanting)


def note_page(page: Page) -> None:
    """Note that a page of history was read and stored."""
    until = floor_hour(page.end)
    for track in page.tracks:
        if page.purpose is Purpose.EARLIER:
            track.has_read_earlier(until)
        else:
            track.has_read(until, to_present=page.is_last)


def following_page(page: Page, length: timedelta, now: datetime) -> Page | None:
    """Return the page that its series need once this one is stored.

    None where it ends at the present, which will be another one by then.
    """
    stored = replace(page, tracks=[track.copy() for track in page.tracks])
    note_page(stored)
    if page.purpose is Purpose.EARLIER:
        return earlier_page(page.feed, stored.tracks, length)
    following = page_to_present(page.feed, stored.tracks, length, now)
    return following if following and not following.is_last else None


def page_again(
    feed: Feed, tracks: Sequence[Track], time_range: TimeRange, *, is_walk: bool
) -> Page | None:
    """Return a page that is stored already; None where no series has all of it."""
    stored = [t for t in tracks if t.is_current and not t.earlier and t.since < time_range.end]
    purpose = Purpose.WALK if is_walk else Purpose.AGAIN
    return Page(feed, purpose, time_range, stored) if stored else None
