"""When less than is stored is believed: only when it was asked for twice. No I/O, no clock.

An hour of which an answer lacks quarter-hours, or all, is asked for once more, with its neighbours.
What lacks again is believed where one of both answers has the series' values on both sides of it.
Where none has (data end there, or begin), it may be a cut: then another night has to say the same.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ..api import HOUR, INTERVAL, floor_hour
from ..feeds import Answer, merge_intervals
from ..measures import METER_TYPES, Feed
from ..statistics import IsDoubted, Row, TimeRange, merged
from .pages import Page
from .state import USUAL_LATENESS, SyncState

type DoubtedHours = Mapping[str, Sequence[datetime]]


def always(_state: SyncState, _row: Row, _measured: float | None) -> bool:
    """Doubt whatever an answer holds in part only."""
    return True


def is_less(_state: SyncState, row: Row, measured: float | None) -> bool:
    """Doubt less than is stored: where data are still to come, more is what comes."""
    return measured is None or (row.amount is not None and measured < row.amount)


def is_less_before(time: datetime | None) -> IsDoubted[SyncState]:
    """Doubt less than is stored of hours before `time` (None: of all), of later ones only nothing.

    What came of those before is at hand, so less than that is a correction.
    """

    def is_doubted(state: SyncState, row: Row, measured: float | None) -> bool:
        is_earlier = time is None or row.start < time
        return measured is None or (is_earlier and is_less(state, row, measured))

    return is_doubted


def worth_asking(page: Page, answer: Answer, doubted: DoubtedHours) -> list[datetime]:
    """Return the doubted hours to ask for once more.

    A column that an answer lacks altogether belongs to a meter that is gone, or silent; but an
    answer without anything says nothing of any.
    """
    if not doubted:
        return []
    columns = answer.columns  # all values are looked through, so once
    return sorted(
        {
            hour
            for state in page.states
            if not columns or state.series.column in columns
            for hour in doubted.get(state.statistic_id, ())
        }
    )


def with_neighbours(
    page: Page, answer: Answer, doubted: DoubtedHours, now: datetime
) -> TimeRange | None:
    """Return the range of the hours worth asking and of the values next to them, up to `now`.

    Beside an hour there may be a gap: then the next value is far off. None: nothing is worth it.
    """
    if not (hours := worth_asking(page, answer, doubted)):
        return None
    margin = HOUR if METER_TYPES[page.feed.meter_type].read_each_interval else USUAL_LATENESS
    start, end = hours[0] - margin, hours[-1] + HOUR + margin
    intervals = answer.intervals
    for state in page.states:
        if of_state := doubted.get(state.statistic_id):
            column = state.series.column
            valued = [one for one in intervals if column in one.values]
            before = (one.start for one in valued if one.start < min(of_state))
            behind = (one.start for one in valued if one.start >= max(of_state) + HOUR)
            start = min(start, floor_hour(max(before, default=start)))
            end = max(end, floor_hour(min(behind, default=hours[-1])) + HOUR)
    return TimeRange(start, max(min(end, now), start + HOUR))


def unsaid(page: Page, answer: Answer, now: datetime) -> list[TimeRange]:
    """Return the full hours of a page of which nothing was said, but for what is still to come.

    All of them where a series falls silent that had values until then, while others have some.
    """
    is_frequent = METER_TYPES[page.feed.meter_type].read_each_interval
    late = 2 * HOUR if is_frequent else USUAL_LATENESS
    if page.start < now - late and _falls_silent(page, answer, late):
        return [page.range.touched_hours]
    shortest = timedelta(minutes=15) if is_frequent else USUAL_LATENESS
    left = answer.unsaid(page.range, shortest)
    return [
        one.touched_hours for one in left if not (one.end == page.end and one.start > now - late)
    ]


def _falls_silent(page: Page, answer: Answer, late: timedelta) -> bool:
    """Whether a series without any value in a page has its newest row right before that."""
    columns = answer.columns
    return bool(columns) and any(
        state.last is not None
        and page.start - late <= state.last.start < page.start
        and state.series.column not in columns
        for state in page.states
    )


class Repeated(NamedTuple):
    """Two answers for a page: the second is one to what the first one lacked."""

    first: Answer
    second: Answer
    page: Page

    @property
    def answer(self) -> Answer:
        """Return what both say of the page."""
        joined = merge_intervals(self.first.intervals, self.second.intervals, self.page.start)
        wanted = [interval for interval in joined if interval.start < self.page.end]
        return Answer([wanted] if wanted else [])

    def says(self, state: SyncState, hour: datetime) -> bool:
        """Whether what both lack of an hour is not there, by Climkit's word."""
        hours, column = TimeRange(hour, hour + HOUR), state.series.column
        return any(one.says(column, hours) for one in (self.first, self.second))


class Verdict:
    """What to doubt after a second answer, and what is believed to be withdrawn."""

    def __init__(
        self, repeated: Repeated, before: Collection[tuple[str, datetime]], now: datetime
    ) -> None:
        """Prepare; `before`: what an earlier night doubted, by statistic id and hour."""
        self._repeated = repeated
        self._columns = repeated.second.columns
        self._before = before
        self._newest = floor_hour(now) - HOUR
        self._believed: list[tuple[str, datetime]] = []

    def is_doubted(self, state: SyncState, row: Row, measured: float | None) -> bool:
        """Whether an hour that lacks something keeps what is stored; else that is `withdrawn`.

        Of the newest hours quarter-hours may still be to come: there two equal answers are enough,
        but nothing is withdrawn, as a poll may have brought more by now.
        """
        column = state.series.column
        if column not in self._columns:
            return True
        if measured is not None and row.start >= self._newest:
            return False
        was_doubted = (state.statistic_id, row.start) in self._before
        if not was_doubted and not self._repeated.says(state, row.start):
            return True
        self._believed.append((column, row.start))
        return False

    def withdrawn(self, answer: Answer, since: datetime) -> dict[str, set[datetime]]:
        """Return what both answers lack of hours that were not doubted, `since` an hour.

        By column, the starts of intervals (UTC); `answer` is what both say.
        """
        gone = defaultdict[str, set[datetime]](set)
        for column, hour in list(self._believed):  # a rebuild that was cancelled may still go on
            if hour >= since:
                gone[column].update(hour + number * INTERVAL for number in range(HOUR // INTERVAL))
        if not gone:
            return {}
        for interval in answer.intervals:
            for column in gone.keys() & interval.values.keys():
                gone[column].discard(interval.start)
        return {column: starts for column, starts in gone.items() if starts}


class _Doubt(NamedTuple):
    """The first night that found less than is stored, and what to read again for that hour.

    `again` holds values of the series too, where the page had any: of a page without any of its
    column nothing is believed.
    """

    night: int
    again: TimeRange


class Doubts:
    """Hours of which nights found less than is stored, and that are to be asked for again."""

    def __init__(self) -> None:
        """Begin without any."""
        self._night = 0
        self._ends: datetime | None = None
        self._found: dict[Feed, dict[tuple[str, datetime], _Doubt]] = {}
        """By feed, and by statistic id and hour."""

    def begin_night(self, ends: datetime) -> None:
        """Let another night begin, which ends at a time: it can say the same as one before."""
        self._night += 1
        self._ends = ends

    def _night_at(self, now: datetime) -> int:
        """Return the night of a time; by day the coming one, which may be minutes away."""
        return self._night if self._ends and now < self._ends else self._night + 1

    @property
    def feeds(self) -> list[Feed]:
        """Return the feeds of which anything is to be asked for again."""
        return list(self._found)

    def ranges(self, feed: Feed) -> list[TimeRange]:
        """Return what is to be asked for again of a feed."""
        return merged({one.again for one in self._found.get(feed, {}).values()})

    def verdict(self, repeated: Repeated, now: datetime) -> Verdict:
        """Return what to doubt after a second answer."""
        known = self._found.get(repeated.page.feed, {})
        before = {key for key, doubt in known.items() if doubt.night < self._night}
        return Verdict(repeated, before, now)

    def note(
        self, page: Page, doubted: DoubtedHours, now: datetime, asked: TimeRange | None = None
    ) -> None:
        """Take in what is doubted of a page: what came back is forgotten.

        What was not doubted before takes a second answer, to what was `asked` for with it.
        """
        known = self._found.pop(page.feed, {})
        ids = {state.statistic_id for state in page.states}
        kept = {k: d for k, d in known.items() if k[0] not in ids or k[1] not in page.range}
        again = page.range.overlap(asked) if asked else None
        new = _Doubt(self._night_at(now), again.touched_hours) if again else None
        for statistic_id, hours in doubted.items():
            for hour in hours:
                if doubt := known.get((statistic_id, hour), new):
                    kept[statistic_id, hour] = doubt
        if kept:
            self._found[page.feed] = kept
