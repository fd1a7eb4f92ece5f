"""When nights begin and what each reads again, since Climkit revises its data. Pure.

Every night the last 35 days, and the next part of a sweep through the older history, so that all of
it is read again within four weeks. Budget: a feed of n months costs about n / 28 + 2 requests a
night, and after three hours a night is over, whatever is left; the sweep goes on in the next one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from ..api import floor_hour
from ..statistics import Difference, TimeRange, merged, without

RECENT = timedelta(days=35)
NIGHTS_OF_A_SWEEP = 28

# Each day one more day is no longer recent: a sweep goes so much further a night, or it would never
# arrive. Where less than two of them are left, the next sweep begins: that was recent a night ago.
DAY = timedelta(days=1)

# Nights begin at a random minute of this stretch of the local night, and last this long at most.
FIRST_START = time(hour=1)
STARTS_WITHIN = timedelta(hours=3)
LONGEST_NIGHT = timedelta(hours=3)

# Late data and a correction make an hour differ for a night or two.
MANY_NIGHTS = 5


def next_night(now: datetime, zone: tzinfo, delay: timedelta) -> datetime:
    """Return when the next night begins, `delay` after the earliest start, in UTC."""
    today = now.astimezone(zone).date()
    starts = (
        # Compared in UTC: where clocks are set back, a local time may be over and yet to come.
        (datetime.combine(day, FIRST_START, zone) + delay).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
    )
    return next(start for start in starts if start > now)


def recent_from(now: datetime) -> datetime:
    """Return from which full hour on every night reads all again."""
    return floor_hour(now - RECENT)


class NightRanges(NamedTuple):
    """What one night reads of a feed, in full hours."""

    recent: list[TimeRange]
    sweep: list[TimeRange]


def ranges_of_night(
    since: datetime,
    position: datetime | None,
    until: datetime,
    unanswered: Iterable[TimeRange] = (),
) -> NightRanges:
    """Return what one night reads of a history from `since` to `until`.

    `position` is where the sweep stands; None before it began. What is `unanswered` is left out.
    """
    unanswered = merged(unanswered)
    until = floor_hour(until)
    recent = max(since, recent_from(until))
    sweep = None
    if since < recent:
        stride = DAY + (recent - since) / NIGHTS_OF_A_SWEEP
        start = position if position and since <= position < recent - 2 * DAY else since
        if (start := _behind(unanswered, start)) >= recent:
            start = _behind(unanswered, since)
        # Rounded up to full hours, or the sweep would take a night more.
        end = min(start + timedelta(hours=stride // timedelta(hours=1) + 1), recent)
        sweep = TimeRange.between(start, end)
    parts = TimeRange.between(recent, until), sweep
    return NightRanges(*(without([part], *unanswered) if part else [] for part in parts))


def _behind(ranges: Iterable[TimeRange], time: datetime) -> datetime:
    """Return the end of the range that holds a time, else the time."""
    return next((one.end for one in ranges if time in one), time)


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
