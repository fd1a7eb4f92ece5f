"""Which range of a feed to ask for next, and for which series. Pure."""

from collections.abc import Sequence
from copy import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from ..api import floor_hour
from ..measures import Feed
from ..statistics import TimeRange
from .state import SyncState


class Purpose(Enum):
    """Why a page is asked for."""

    CATCH_UP = 1
    """The first import, or what was missed in an outage."""
    BACKFILL = 2
    """Before what is stored, as the user moved the start of history."""
    RECHECK = 3
    """Stored already; Climkit may have corrected it."""
    SWEEP = 4
    """The same, as the next step of the sweep through the older history."""

    @property
    def is_recheck(self) -> bool:
        """Whether reading has been there before: what is not stored is in `UnansweredHours`."""
        return self in {Purpose.RECHECK, Purpose.SWEEP}


class Page(NamedTuple):
    """A range to be asked for, and the series that need it."""

    feed: Feed
    purpose: Purpose
    range: TimeRange
    states: Sequence[SyncState]
    is_last: bool = False

    @property
    def start(self) -> datetime:
        """Start of the range, a full hour in UTC."""
        return self.range.start

    @property
    def end(self) -> datetime:
        """End of the range in UTC."""
        return self.range.end


def catch_up_page(
    feed: Feed, states: Sequence[SyncState], length: timedelta, now: datetime
) -> Page | None:
    """Return the next page towards the present; None where all series have reached it.

    A history that is still to begin (the clock is wrong) is not read, so it is not complete either.
    """
    behind = [state for state in states if not state.is_current and state.since < now]
    if not behind:
        return None
    this_hour = floor_hour(now - datetime.resolution)
    until = {state.series: min(state.until, this_hour) for state in behind}  # clocks can be wrong
    start = min(until.values())
    end = min(start + length, now)
    wanting = [state for state in behind if until[state.series] < end]
    page = TimeRange(start, end)
    return Page(feed, Purpose.CATCH_UP, page, wanting, is_last=end == now)


def backfill_page(feed: Feed, states: Sequence[SyncState], length: timedelta) -> Page | None:
    """Return the next page of what lies before the stored rows; None where nothing is wanted."""
    unread = [(state, state.backfill) for state in states if state.backfill]
    if not unread:
        return None
    start = min(backfill.position for _, backfill in unread)
    end = min(start + length, max(backfill.end for _, backfill in unread))
    wanting = [state for state, backfill in unread if backfill.position < end]
    return Page(feed, Purpose.BACKFILL, TimeRange(start, end), wanting)


def advance_past(page: Page) -> None:
    """Let the series go on behind a page: it is stored, or left to the nights."""
    until = floor_hour(page.end)
    for state in page.states:
        if page.purpose is Purpose.BACKFILL:
            state.advance_backfill(until)
        else:
            state.advance(until, to_present=page.is_last)


def next_after(page: Page, length: timedelta, now: datetime) -> Page | None:
    """Return the page that its series need behind this one.

    None where it ends at the present, which will be another one by then.
    """
    later = replace(page, states=[state.copy() for state in page.states])
    advance_past(later)
    if page.purpose is Purpose.BACKFILL:
        return backfill_page(page.feed, later.states, length)
    following = catch_up_page(page.feed, later.states, length, now)
    return following if following and not following.is_last else None


def recheck_page(
    feed: Feed, purpose: Purpose, states: Sequence[SyncState], time_range: TimeRange
) -> Page | None:
    """Return a page of full hours that is stored already; None where no series has any of it."""
    hours = time_range.touched_hours  # what is remembered may have been edited
    stored = [t for t in states if t.is_read and t.since < hours.end]
    return Page(feed, purpose, hours, stored) if stored else None
