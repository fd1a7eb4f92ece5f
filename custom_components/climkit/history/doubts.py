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

# So long a doubt lasts: what no night proves or takes back would be asked for ever.
NIGHTS_OF_A_DOUBT = 7

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
    """Two answers for a page: the second is one to what was `asked` as the first one lacked it."""

    first: Answer
    second: Answer
    page: Page
    asked: TimeRange

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
        self, repeated: Repeated, before: Mapping[str, Collection[datetime]], now: datetime
    ) -> None:
        """Prepare; `before`: the hours that an earlier night doubted, by statistic id."""
        self.repeated = repeated
        self.answer = repeated.answer  # this and all values are looked through, so once
        self.columns = repeated.second.columns
        self.now = now
        self._before = before
        self._asked = repeated.asked.touched_hours
        self._newest = floor_hour(now) - HOUR
        self._believed: list[tuple[str, datetime]] = []

    def judge(self, state: SyncState, row: Row, measured: float | None) -> bool:
        """Return whether an hour that lacks something keeps what is stored; else note that it goes.

        Of the newest hours quarter-hours may still be to come: there two equal answers are enough,
        but nothing is withdrawn, as a poll may have brought more by now.
        """
        column = state.series.column
        if column not in self.columns or row.start not in self._asked:
            return True  # the second answer says nothing of it
        if measured is not None and row.start >= self._newest:
            return False
        was_doubted = row.start in self._before.get(state.statistic_id, ())
        if not was_doubted and not self.repeated.says(state, row.start):
            return True
        self._believed.append((column, row.start))
        return False

    def withdrawn(self, since: datetime) -> dict[str, set[datetime]]:
        """Return what both answers lack of hours that were not doubted, `since` an hour.

        By column, the starts of intervals (UTC).
        """
        gone = defaultdict[str, set[datetime]](set)
        for column, hour in list(self._believed):  # a rebuild that was cancelled may still go on
            if hour >= since:
                gone[column].update(hour + number * INTERVAL for number in range(HOUR // INTERVAL))
        if not gone:
            return {}
        for interval in self.answer.intervals:
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
        self._times: TimeRange | None = None
        self._found: dict[Feed, dict[str, dict[datetime, _Doubt]]] = {}
        """By feed, statistic id and hour."""

    def begin_night(self, times: TimeRange, series: Mapping[Feed, Collection[str]]) -> None:
        """Let another night begin, which lasts so long: it can say the same as one before.

        What nobody took back for long is forgotten: the sweep finds it anew. So are doubts of
        series that left: `series` has, of feeds that do not rest, the statistic ids there are.
        """
        self._night += 1
        self._times = times
        for feed, of_feed in list(self._found.items()):
            left = {
                statistic_id: recent
                for statistic_id, known in of_feed.items()
                if statistic_id in series.get(feed, of_feed)
                and (recent := {hour: one for hour, one in known.items() if self._is_recent(one)})
            }
            self._set(feed, left)

    def _is_recent(self, doubt: _Doubt) -> bool:
        return self._night - doubt.night <= NIGHTS_OF_A_DOUBT

    def _set(self, feed: Feed, found: dict[str, dict[datetime, _Doubt]]) -> None:
        if found:
            self._found[feed] = found
        else:
            self._found.pop(feed, None)

    def _night_at(self, now: datetime) -> int:
        """Return the night of a time; by day the coming one, which may be minutes away."""
        return self._night if self._times and now in self._times else self._night + 1

    @property
    def feeds(self) -> list[Feed]:
        """Return the feeds of which anything is to be asked for again."""
        return list(self._found)

    def ranges(self, feed: Feed) -> list[TimeRange]:
        """Return what is to be asked for again of a feed."""
        of_feed = self._found.get(feed, {})
        return merged({doubt.again for known in of_feed.values() for doubt in known.values()})

    def verdict(self, repeated: Repeated, now: datetime) -> Verdict:
        """Return what to doubt after a second answer."""
        of_feed = self._found.get(repeated.page.feed, {})
        before = {
            key: {hour for hour, doubt in of_feed.get(key, {}).items() if doubt.night < self._night}
            for key in (state.statistic_id for state in repeated.page.states)
        }
        return Verdict(repeated, before, now)

    def forget(self, page: Page, doubted: DoubtedHours) -> None:
        """Forget what came back of a page: what is no longer doubted."""
        if not (of_feed := self._found.get(page.feed)):
            return
        for key in {state.statistic_id for state in page.states} & of_feed.keys():
            still, known = set(doubted.get(key, ())), of_feed[key]
            for hour in [hour for hour in known if hour in page.range and hour not in still]:
                del known[hour]
            if not known:
                del of_feed[key]
        self._set(page.feed, of_feed)

    def note(self, verdict: Verdict, doubted: DoubtedHours) -> None:
        """Take in what is doubted after a second answer, and forget what came back.

        An answer that lacks a column, or was not asked for an hour, says nothing of that, so it
        found nothing missing either.
        """
        page = verdict.repeated.page
        self.forget(page, doubted)
        if not (again := page.range.overlap(verdict.repeated.asked)):
            return
        new = _Doubt(self._night_at(verdict.now), again.touched_hours)
        of_feed = self._found.get(page.feed, {})
        for state in page.states:
            hours = [hour for hour in doubted.get(state.statistic_id, ()) if hour in new.again]
            if hours and state.series.column in verdict.columns:
                known = of_feed.get(state.statistic_id, {})
                of_feed[state.statistic_id] = dict.fromkeys(hours, new) | known
        self._set(page.feed, of_feed)
