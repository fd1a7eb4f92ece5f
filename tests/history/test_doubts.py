"""What an answer says of hours that it lacks, and when that is believed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.climkit.api import INTERVAL, Interval
from custom_components.climkit.feeds import answer as answer_module
from custom_components.climkit.feeds.answer import Answer
from custom_components.climkit.history.doubts import (
    Doubts,
    Repeated,
    Verdict,
    is_less,
    is_less_before,
    unsaid,
    with_neighbours,
    worth_asking,
)
from custom_components.climkit.history.pages import Page, Purpose
from custom_components.climkit.history.state import SyncState
from custom_components.climkit.measures.series import Feed, Series
from custom_components.climkit.measures.table import ELECTRICITY, METER_TYPES
from custom_components.climkit.statistics.recorder import metadata
from custom_components.climkit.statistics.rows import Row
from custom_components.climkit.statistics.time_range import TimeRange

HOUR = timedelta(hours=1)
START = datetime(2026, 10, 1, tzinfo=UTC)
LONG_AFTER = START + timedelta(days=40)
NIGHT = TimeRange(LONG_AFTER - HOUR, LONG_AFTER + 3 * HOUR)
FEED = Feed("site", ELECTRICITY)
WATER = Feed("site", "cold_water")
COLUMN = "conso_total"


def state() -> SyncState:
    measure = next(m for m in METER_TYPES[ELECTRICITY].site_measures if m.key == COLUMN)
    series = Series(feed=FEED, column=COLUMN, measure=measure)
    return SyncState(
        series=series, statistic=metadata(series, "Site"), since=START, until=START, is_current=True
    )


def rows(quarters: Sequence[int], **values: float) -> list[Interval]:
    """Rows of these quarter-hours since `START`."""
    starts = [START + n * INTERVAL for n in quarters]
    values = values or {COLUMN: 1.0}
    return [Interval(start=at, end=at + INTERVAL, values=values) for at in starts]


def page(hours: int = 24, feed: Feed = FEED, *states: SyncState) -> Page:
    return Page(feed, Purpose.RECHECK, TimeRange(START, START + hours * HOUR), states)


def hour(number: int) -> datetime:
    return START + number * HOUR


def note(
    doubts: Doubts,
    one: SyncState,
    number: int,
    now: datetime = LONG_AFTER,
    *,
    second: Sequence[Interval] | None = None,
    asked: TimeRange | None = None,
) -> None:
    """Doubt an hour after a second answer."""
    asked_page = page(24, FEED, one)
    answer = Answer([rows(range(8)) if second is None else second])
    both = Repeated(Answer(), answer, asked_page, asked or asked_page.range)
    doubts.note(doubts.verdict(both, now), {one.statistic_id: [hour(number)]})


class TestAnswer:
    """Of what it speaks."""

    def test_between_rows_of_one_part(self) -> None:
        """Also where rows are missing in between; not before its first and behind its last one."""
        answer = Answer([rows([4, 5, 20])])
        assert answer.said() == [TimeRange(hour(1), START + 21 * INTERVAL)]
        assert answer.unsaid(page(6).range, INTERVAL) == [
            TimeRange(START, hour(1)),
            TimeRange(START + 21 * INTERVAL, hour(6)),
        ]

    def test_parts_that_join(self) -> None:
        """A cut answer and the rest of it are like one."""
        answer = Answer([rows(range(8, 16)), rows(range(8))])
        assert answer.said() == [TimeRange(START, hour(4))]
        assert [one.start for one in answer.intervals] == [START + n * INTERVAL for n in range(16)]

    def test_between_parts(self) -> None:
        """Nobody said that there is nothing."""
        answer = Answer([rows(range(4)), rows(range(8, 12))])
        assert answer.unsaid(page(3).range, INTERVAL) == [TimeRange(hour(1), hour(2))]
        assert not answer.says(COLUMN, TimeRange(hour(1), hour(2)))

    def test_columns_by_themselves(self) -> None:
        """Another column's values say nothing of this one."""
        answer = Answer([[*rows([0]), *rows(range(1, 8), other=1.0), *rows([8])]])
        assert answer.says(COLUMN, TimeRange(START, hour(2)))
        assert not answer.says("other", TimeRange(START, hour(2)))
        assert not answer.says("unknown", TimeRange(START, hour(2)))

    def test_nothing(self) -> None:
        """An empty answer speaks of nothing."""
        assert Answer().said() == []
        assert Answer().unsaid(page().range, INTERVAL) == [page().range]


class TestDoubts:
    """What a second answer proves."""

    def is_doubted(
        self,
        first: Sequence[Interval],
        second: Sequence[Interval],
        number: int,
        doubts: Doubts | None = None,
        *,
        measured: float | None = None,
        now: datetime = LONG_AFTER,
    ) -> bool:
        one = state()
        parts = [[list(part)] if part else [] for part in (first, second)]
        both = Repeated(Answer(parts[0]), Answer(parts[1]), page(24, FEED, one), page().range)
        verdict = (doubts or Doubts()).verdict(both, now)
        return verdict.judge(one, Row(hour(number), 1.0, 1.0), measured)

    def test_missing_twice(self) -> None:
        """With values on both sides it is gone."""
        whole = rows([*range(8), *range(16, 24)])
        assert not self.is_doubted(whole, whole[4:12], 2)
        assert not self.is_doubted(whole, whole[4:12], 3)

    def test_the_second_answer_is_empty(self) -> None:
        """Nothing says nothing."""
        whole = rows([*range(8), *range(16, 24)])
        assert self.is_doubted(whole, [], 2)
        assert self.is_doubted(whole, rows(range(8), other=1.0), 2)

    @pytest.mark.parametrize("quarters", [range(8), range(16, 24)])
    def test_values_on_one_side_only(self, quarters: Sequence[int]) -> None:
        """It may be a cut: the next night has to say the same; the same night cannot."""
        doubts, one = Doubts(), state()
        short = rows(quarters)
        assert self.is_doubted(short, short, 2, doubts)
        doubts.begin_night(NIGHT, {})
        note(doubts, one, 2, asked=TimeRange(hour(-1), hour(4)))
        assert doubts.ranges(FEED) == [TimeRange(START, hour(4))], "what was asked for of the page"
        assert self.is_doubted(short, short, 2, doubts)
        doubts.begin_night(NIGHT, {})
        assert not self.is_doubted(short, short, 2, doubts)
        assert self.is_doubted(short, [], 2, doubts)

    def test_found_by_day(self) -> None:
        """Before the first night and between two, it is as if the coming one had found it."""
        doubts, one, short = Doubts(), state(), rows(range(8))
        for now in (LONG_AFTER, NIGHT.start - HOUR, NIGHT.end):
            doubts.forget(page(24, FEED, one), {})  # all came back
            note(doubts, one, 2, now)
            doubts.begin_night(NIGHT, {})
            assert self.is_doubted(short, short, 2, doubts)
            doubts.begin_night(NIGHT, {})
            assert not self.is_doubted(short, short, 2, doubts)

    def test_found_by_night_and_by_day(self) -> None:
        """It was found by that night: the coming one is another."""
        doubts, one, short = Doubts(), state(), rows(range(8))
        doubts.begin_night(NIGHT, {})
        for now in (LONG_AFTER, NIGHT.end):
            note(doubts, one, 2, now)
        doubts.begin_night(NIGHT, {})
        assert not self.is_doubted(short, short, 2, doubts)

    def test_what_came_back_is_forgotten(self) -> None:
        """Then it is as if nothing had been."""
        doubts, one = Doubts(), state()
        note(doubts, one, 2)
        doubts.begin_night(NIGHT, {})
        doubts.forget(page(24, FEED, one), {one.statistic_id: [hour(3)]})
        assert doubts.ranges(FEED) == []
        doubts.begin_night(NIGHT, {})
        short = rows(range(8))
        assert self.is_doubted(short, short, 2, doubts)

    def test_an_answer_without_the_column(self) -> None:
        """Says nothing of it, so it is no first night that finds less; an earlier one stays."""
        doubts, one, other = Doubts(), state(), rows(range(8), other=1.0)
        doubts.begin_night(NIGHT, {})
        for silent in ([], other):
            note(doubts, one, 2, second=silent)
            assert not doubts.feeds
        note(doubts, one, 2)
        note(doubts, one, 2, second=other)
        doubts.begin_night(NIGHT, {})
        assert not self.is_doubted(rows(range(8)), rows(range(8)), 2, doubts)

    def test_what_was_not_asked_for_again(self) -> None:
        """A second answer says nothing of other hours: each night had one that lacked them."""
        doubts, one = Doubts(), state()
        beside = TimeRange(hour(0), hour(3))
        for _ in range(2):
            doubts.begin_night(NIGHT, {})
            both = Repeated(Answer(), Answer([rows(range(4))]), page(24, FEED, one), beside)
            verdict = doubts.verdict(both, LONG_AFTER)
            assert verdict.judge(one, Row(hour(9), 1.0, 1.0), None)
            doubts.note(verdict, {one.statistic_id: [hour(9)]})
            assert not doubts.feeds

    def test_what_nobody_takes_back(self) -> None:
        """It is asked for a week; of a series that left never, but a feed may only rest."""
        doubts, one = Doubts(), state()
        doubts.begin_night(NIGHT, {})
        note(doubts, one, 2)
        for _ in range(7):
            doubts.begin_night(NIGHT, {FEED: {one.statistic_id}})
            assert doubts.feeds
        doubts.begin_night(NIGHT, {FEED: {one.statistic_id}})
        assert not doubts.feeds
        note(doubts, one, 2)
        doubts.begin_night(NIGHT, {})
        assert doubts.feeds
        doubts.begin_night(NIGHT, {FEED: {"another"}})
        assert not doubts.feeds

    def test_another_page(self) -> None:
        """Of other hours, or of other series, nothing is taken back."""
        doubts, one = Doubts(), state()
        note(doubts, one, 5)
        doubts.forget(page(5, FEED, one), {})
        doubts.forget(page(24, FEED), {})
        assert doubts.feeds

    def test_quarter_hours_of_now(self) -> None:
        """They are still to come: two equal answers are enough."""
        short = rows(range(9))
        assert not self.is_doubted(short, short, 2, measured=1.0, now=hour(2) + 2 * INTERVAL)
        assert self.is_doubted(short, short, 2, measured=1.0, now=hour(9))

    def test_less_and_more(self) -> None:
        """Where data are still to come, more is no wonder; live data know what came before."""
        one, row = state(), Row(hour(2), 1.0, 1.0)
        assert [is_less(one, row, amount) for amount in (None, 0.5, 1.5)] == [
            True,
            True,
            False,
        ]
        assert is_less_before(None)(one, row, 0.5)
        assert is_less_before(hour(3))(one, row, 0.5)
        assert not is_less_before(hour(2))(one, row, 0.5)
        assert is_less_before(hour(2))(one, row, None)


class TestWithdrawn:
    """What both answers lack of hours that are believed."""

    def verdict(self, first: Answer, second: Answer, now: datetime = LONG_AFTER) -> Verdict:
        return Doubts().verdict(Repeated(first, second, page(24, FEED, state()), page().range), now)

    def test_of_one_column(self) -> None:
        """A meter and its site may share one: what one of them believes is gone for both."""
        answer = Answer([rows([*range(5), *range(9, 16)])])
        verdict = self.verdict(answer, answer)
        one, other = state(), state()
        for asked, row, measured in [
            (one, Row(hour(1), 4.0, 4.0), 1.0),
            (one, Row(hour(2), 4.0, 4.0), 3.0),
            (other, Row(hour(1), 4.0, 4.0), 1.0),
        ]:
            assert not verdict.judge(asked, row, measured)
        gone = {START + n * INTERVAL for n in range(5, 9)}
        assert verdict.withdrawn(START) == {COLUMN: gone}
        assert verdict.withdrawn(hour(2)) == {COLUMN: {hour(2)}}
        assert verdict.withdrawn(hour(3)) == {}

    def test_what_is_doubted(self) -> None:
        """Is not withdrawn."""
        short = Answer([rows(range(8))])
        verdict = self.verdict(short, short)
        assert verdict.judge(state(), Row(hour(2), 1.0, 1.0), None)
        assert verdict.withdrawn(START) == {}

    def test_what_a_poll_may_have_brought(self) -> None:
        """Quarter-hours of the newest hours are still to come: while it was asked, some may have.

        Of an hour without any, before what there is, none is.
        """
        answer = Answer([rows([*range(4), *range(8, 10)])])
        verdict = self.verdict(answer, answer, now=hour(3) + 2 * INTERVAL)
        one = state()
        assert not verdict.judge(one, Row(hour(2), 4.0, 4.0), 2.0)
        assert not verdict.judge(one, Row(hour(1), 4.0, 4.0), None)
        gone = {hour(1) + n * INTERVAL for n in range(4)}
        assert verdict.withdrawn(START) == {COLUMN: gone}


class TestWhatIsAsked:
    """What is asked for once more."""

    def test_a_column_that_is_gone(self) -> None:
        """Is not, but all is of an answer without anything."""
        one = state()
        doubted = {one.statistic_id: [hour(2)]}
        gone = Answer([rows(range(8), other=1.0)])
        assert worth_asking(page(24, FEED, one), gone, doubted) == []
        assert worth_asking(page(24, FEED, one), Answer(), doubted) == [hour(2)]
        assert worth_asking(page(24, FEED, one), Answer([rows([0])]), doubted) == [hour(2)]

    def test_a_big_page_is_looked_through_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """All values for each of 600 series would stop the event loop for most of a second."""
        looked = []
        monkeypatch.setattr(
            answer_module, "columns_of", lambda rows: looked.append(1) or frozenset([COLUMN])
        )
        states = [state() for _ in range(3)]
        doubted = {one.statistic_id: [hour(2)] for one in states}
        assert worth_asking(page(24, FEED, *states), Answer([rows([0])]), doubted) == [hour(2)]
        assert len(looked) == 1
        assert worth_asking(page(24, FEED, *states), Answer([rows([0])]), {}) == []
        assert len(looked) == 1, "where nothing is doubted nothing is looked at"

    def range_of(
        self, hours: Sequence[int], feed: Feed = FEED, now: datetime = LONG_AFTER, *, answer: Answer
    ) -> TimeRange | None:
        one = state()
        doubted = {one.series.statistic_id: [hour(number) for number in hours]}
        return with_neighbours(page(24, feed, one), answer, doubted, now)

    def test_neighbours(self) -> None:
        """An hour on each side; of meters that are read once a day two days; never the future."""
        whole = Answer([rows([*range(8), *range(12, 20), *range(24, 48)])])
        assert self.range_of([2, 5], answer=whole) == TimeRange(hour(1), hour(7))
        assert self.range_of([2], now=hour(3), answer=whole) == TimeRange(hour(1), hour(3))
        assert self.range_of([2], WATER, answer=whole) == TimeRange(hour(-46), hour(51))
        assert self.range_of([], answer=whole) is None

    def test_neighbours_behind_a_gap(self) -> None:
        """The next values are far off, and are asked for too."""
        assert self.range_of([10], answer=Answer([rows([9, 70])])) == TimeRange(hour(2), hour(18))
        assert self.range_of([10], answer=Answer([rows([70])])) == TimeRange(hour(9), hour(18))
        others = Answer([[*rows([1]), *rows([39, 45], other=1.0)]])
        assert self.range_of([10], answer=others) == TimeRange(hour(0), hour(12))

    def test_what_is_still_to_come(self) -> None:
        """The end of the present is not; nor are hours of meters that are read once a day."""
        short = Answer([rows(range(8))])
        assert unsaid(page(3), short, hour(3)) == []
        assert unsaid(page(3), short, hour(9)) == [TimeRange(hour(2), hour(3))]
        assert unsaid(page(24, WATER), short, LONG_AFTER) == []
        assert unsaid(page(24 * 5, WATER), short, LONG_AFTER) == [TimeRange(hour(2), hour(24 * 5))]
