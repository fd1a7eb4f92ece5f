"""How far the history of a series was read, and where reading goes on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.history.state import USUAL_LATENESS, Backfill, SyncState, resume
from custom_components.climkit.measures.series import Feed, Series
from custom_components.climkit.measures.table import METER_TYPES
from custom_components.climkit.statistics.recorder import metadata
from custom_components.climkit.statistics.rows import Extent, Row
from custom_components.climkit.store.records import SeriesRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
ODD = timedelta(minutes=22)
SERIES = Series(
    feed=Feed("61dfca85eba4e3564021f300", "electricity"),
    column="conso_total",
    measure=METER_TYPES["electricity"].site_measures[0],
)


def make_state(**changes: Any) -> SyncState:
    first = changes["last"].start if "last" in changes else None
    values: dict[str, Any] = {"since": START, "until": START, "first": first} | changes
    return SyncState(series=SERIES, statistic=metadata(SERIES, "Consumption"), **values)


def resumed(
    record: SeriesRecord | None = None,
    last: Row | None = None,
    first_hour: datetime | None = None,
    start: datetime = START,
) -> SyncState:
    return resume(
        SERIES,
        metadata(SERIES, "Consumption"),
        record=record,
        extent=Extent(first_hour or last.start, last, 1) if last else None,
        start=start,
    )


def row(start: datetime, total: float = 10.0) -> Row:
    return Row(start, 1.0, total)


class TestTotal:
    """The running total that entities show."""

    def test_unknown_until_complete(self) -> None:
        """In the middle of the first import it would be too small."""
        state = make_state(last=row(MARCH))
        assert state.total is None
        state.advance(MARCH + HOUR, to_present=True)
        assert state.total == 10.0

    def test_stays_after_an_outage(self) -> None:
        """What was complete keeps its last total while the gap is closed."""
        state = make_state(
            last=row(MARCH), until=MARCH + HOUR, is_current=True, has_reached_present=True
        )
        state.mark_behind()
        assert state.total == 10.0

    def test_unknown_while_history_moves(self) -> None:
        """Earlier history changes all totals."""
        state = make_state(last=row(MARCH), since=MARCH, has_reached_present=True)
        state.backfill_from(START)
        assert state.total is None
        state.advance_backfill(MARCH)
        assert state.total == 10.0
        assert state.since == START

    def test_unknown_without_rows(self) -> None:
        """A meter that never measured has no total, not 0."""
        assert make_state(has_reached_present=True).total is None


class TestNewData:
    """Whether what is new follows what is stored without a gap."""

    @pytest.mark.parametrize(("hours_later", "follows"), [(-1, True), (0, True), (1, False)])
    def test_of_a_silent_meter(self, hours_later: int, follows: bool) -> None:
        """Reading went on without data: what lies behind the newest row may have come late."""
        state = make_state(until=MARCH, last=row(MARCH - 5 * HOUR))
        assert state.reaches(MARCH + (hours_later - 5) * HOUR) == follows

    @pytest.mark.parametrize(("hours_later", "follows"), [(-1, True), (0, True), (1, False)])
    def test_without_rows(self, hours_later: int, follows: bool) -> None:
        """It follows what was read."""
        assert make_state(until=MARCH).reaches(MARCH + hours_later * HOUR) == follows


class TestResume:
    """After a restart."""

    def test_new(self) -> None:
        """Nothing stored, nothing remembered."""
        state = resumed()
        assert (state.since, state.until, state.total) == (START, START, None)

    def test_as_it_was(self) -> None:
        """Recorder and memory agree: go on from the last row's hour."""
        old = make_state(last=row(MARCH), until=MARCH + HOUR, has_reached_present=True)
        state = resumed(old.as_record(), last=row(MARCH))
        assert (state.since, state.until, state.total) == (START, MARCH, 10.0)

    def test_memory_is_older(self) -> None:
        """Killed: the recorder has more rows than was remembered."""
        record = make_state(last=row(START), until=START + HOUR).as_record()
        assert resumed(record, last=row(MARCH)).until == MARCH

    def test_memory_is_newer(self) -> None:
        """A backup was restored: the recorder has fewer rows than was remembered."""
        old = make_state(last=row(MARCH), until=MARCH + HOUR, has_reached_present=True)
        state = resumed(old.as_record(), last=row(START))
        assert state.until == START

    def test_rows_deleted(self) -> None:
        """From the start, and without a total until all is there."""
        old = make_state(last=row(MARCH), until=MARCH + HOUR, has_reached_present=True)
        state = resumed(old.as_record())
        assert (state.until, state.has_reached_present) == (START, False)

    def test_never_had_rows(self) -> None:
        """A meter without data is not read from the start each time."""
        record = make_state(until=MARCH, has_reached_present=True).as_record()
        assert resumed(record).until == MARCH - USUAL_LATENESS

    def test_silent_meter(self) -> None:
        """Only what may have come late since is read again."""
        record = make_state(last=row(START), until=MARCH, has_reached_present=True).as_record()
        assert resumed(record, last=row(START)).until == MARCH - USUAL_LATENESS

    def test_rows_without_memory(self) -> None:
        """Added again: what is stored stays, what lies before it is looked at."""
        state = resumed(last=row(MARCH), first_hour=START + HOUR)
        assert (state.since, state.until) == (START + HOUR, MARCH)
        assert state.backfill == Backfill(start=START, position=START, end=START + HOUR)

    @pytest.mark.parametrize(
        ("start", "begin"), [(START, START + HOUR), (START - timedelta(days=1), None)]
    )
    def test_earlier_stretch(self, start: datetime, begin: datetime | None) -> None:
        """It goes on where it was, unless its start moved once more."""
        old = make_state(last=row(MARCH), since=MARCH, until=MARCH, has_reached_present=True)
        old.backfill_from(START)
        old.advance_backfill(START + HOUR)
        state = resumed(old.as_record(), last=row(MARCH), start=start)
        assert state.backfill == Backfill(start=start, position=begin or start, end=MARCH)

    @pytest.mark.parametrize(
        ("position", "expected"),
        [
            (START, START),
            (START + HOUR + ODD, START + HOUR),
            (MARCH, START),  # all was read, up to an end that is none
            (START - HOUR, START),
        ],
    )
    def test_remembered_times_that_are_no_full_hours(
        self, position: datetime, expected: datetime
    ) -> None:
        """Whoever wrote them: pages end at full hours, and would never reach them."""
        backfill = Backfill(start=START, position=position, end=MARCH + ODD)
        record = make_state(
            since=MARCH + ODD, until=MARCH + HOUR + ODD, last=row(MARCH + HOUR), backfill=backfill
        ).as_record()
        state = resumed(record, row(MARCH + HOUR))
        assert state.backfill == Backfill(start=START, position=expected, end=MARCH)
        assert (state.since, state.until) == (MARCH, MARCH + HOUR)

    def test_later_start(self) -> None:
        """What is stored before it stays."""
        record = make_state(last=row(MARCH), until=MARCH).as_record()
        state = resumed(record, last=row(MARCH), start=START + timedelta(days=9))
        assert (state.since, state.backfill) == (START, None)
