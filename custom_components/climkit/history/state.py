"""How far the history of one series has been read. Pure: no I/O, no clock."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from homeassistant.components.recorder.models import StatisticMetaData

from ..api import floor_hour
from ..measures import Series
from ..statistics import Extent, StoredStatistic
from ..store import Backfill, SeriesRecord

# Meters that are read once a day answer for a day on the next one. So where reading was
# interrupted, it goes on this much earlier for a series whose newest row was older.
USUAL_LATENESS = timedelta(days=2)


@dataclass(slots=True, kw_only=True)
class SyncState(StoredStatistic):
    """A series and the state of its statistic. All times are full hours in UTC.

    Climkit's data from `since` to before `until` are stored, but for `UnansweredHours`; `backfill`
    is a stretch before `since` that is still to be read (the user moved the start of history, or
    rows were changed by somebody else). `is_current`: reading has reached the present and keeps up;
    `has_reached_present`: it did so at least once.
    """

    series: Series
    since: datetime
    until: datetime
    is_current: bool = False
    has_reached_present: bool = False
    backfill: Backfill | None = None

    @property
    def start(self) -> datetime:
        """Where its history begins, once all of it is read."""
        return self.backfill.start if self.backfill else self.since

    @property
    def total(self) -> float | None:
        """Running total: the sum of the newest row. Unknown before it can be right."""
        return self.last.total if self.has_whole_history and self.last else None

    @property
    def has_whole_history(self) -> bool:
        """Whether it was read from its start to the present; what is new may be missing."""
        return self.has_reached_present and self.backfill is None

    @property
    def is_read(self) -> bool:
        """Whether nothing of it is still to be read, up to the present."""
        return self.is_current and self.backfill is None

    def advance(self, until: datetime, *, to_present: bool) -> None:
        """Go on from `until`: what lies before it is stored, or left to the nights."""
        self.until = max(self.until, until)
        if to_present:
            self.is_current = self.has_reached_present = True

    def reaches(self, start: datetime) -> bool:
        """Whether new data from `start` on leave no gap behind what is stored."""
        return start <= (min(self.until, self.last.start) if self.last else self.until)

    def mark_gap(self) -> None:
        """Go back to reading history: there are data again, behind a gap since the newest row."""
        self.mark_behind()
        if self.last:
            self.until = min(self.until, self.last.start)

    def mark_behind(self) -> None:
        """Go back to reading history, from before what may have come late."""
        self.is_current = False
        newest = self.last.start if self.last else self.since
        self.until = max(self.since, min(self.until, max(newest, self.until - USUAL_LATENESS)))

    def backfill_from(self, start: datetime, begun: datetime | None = None) -> None:
        """Let history begin at `start`. What lies before it and is stored already stays.

        `begun` is how far an earlier reading of the same stretch had come, whoever wrote that.
        """
        if start < self.since:
            position = floor_hour(begun) if begun and begun < self.since else start
            self.backfill = Backfill(start=start, position=max(start, position), end=self.since)

    def read_again_from(self, start: datetime) -> None:
        """Let all that is stored from `start` on be read again; what is new goes on.

        From where history began, if that is earlier: sums go on from those rows.
        """
        start = min(start, self.start)
        if self.last:
            self.since = self.last.start
        self.backfill = None
        self.backfill_from(start)

    def advance_backfill(self, until: datetime) -> None:
        """Go on with the backfill from `until`, as `advance` does."""
        if self.backfill is None:
            return
        self.backfill.position = until
        if until >= self.backfill.end:
            self.since = self.backfill.start
            self.backfill = None

    def copy(self) -> SyncState:
        """Return a copy to work something out with."""
        return replace(self, backfill=replace(self.backfill) if self.backfill else None)

    def as_record(self) -> SeriesRecord:
        """Return what has to be remembered."""
        return SeriesRecord(
            since=self.since,
            until=self.until,
            complete=self.has_reached_present,
            extent=self.extent,
            backfill=replace(self.backfill) if self.backfill else None,
            meter_type=self.series.feed.meter_type,
        )


def resume(
    series: Series,
    statistic: StatisticMetaData,
    *,
    record: SeriesRecord | None,
    extent: Extent | None,
    start: datetime,
    now: datetime | None = None,
) -> SyncState:
    """Work out where reading goes on after a restart.

    `record` is what was remembered, `extent` what the recorder has, `start` where history shall
    begin. The recorder is right: if it holds another newest row than was remembered (a crash, a
    restored backup, rows deleted), reading goes on from that row, or from the start where there is
    none. What was remembered of times after `now` is not believed: the clock was wrong then.
    """
    state = SyncState(series=series, statistic=statistic, since=start, until=start)
    state.take(extent)
    if record is None:
        _go_on_from_rows(state)
    elif state.last or not _is_lost(record, now):
        _go_on_from_record(state, record, now)
    return state


def _go_on_from_rows(state: SyncState) -> None:
    """Believe what is stored; history before it is still to be read."""
    if state.first and state.last:
        start, state.since, state.until = state.since, state.first, state.last.start
        state.backfill_from(start)


def _is_lost(record: SeriesRecord, now: datetime | None) -> bool:
    """Whether, without rows, reading begins anew: there were some, or it began in the future."""
    return record.extent is not None or bool(now and record.since > now)


def _go_on_from_record(state: SyncState, record: SeriesRecord, now: datetime | None) -> None:
    """Go on where reading was, or from the newest row where it is not the one remembered."""
    start, last = state.since, state.last.start if state.last else None
    known = record.extent.last.start if record.extent else None
    # Pages end at full hours: others, whoever wrote them, would be asked for without end.
    since, until = floor_hour(record.since), floor_hour(record.until)
    state.since = min(since, last or since)
    is_believed = last == known and not (now and until > now)
    state.until = until if is_believed else last or state.since
    state.has_reached_present = record.complete
    state.mark_behind()
    begun = record.backfill
    state.backfill_from(start, begun=begun.position if begun and begun.start == start else None)


class Likeness(Enum):
    """How what is stored of a series compares with what was remembered."""

    SAME = auto()
    """It is the same, or has only grown since."""
    OLDER = auto()
    """It is what was stored some time before: a database of another day."""
    OTHER = auto()
    """Rows are missing, or have other sums."""


def likeness(
    record: SeriesRecord | None, extent: Extent, until_remembered: Extent | None
) -> Likeness:
    """Compare what is stored of a series with what was remembered.

    `extent` is what the recorder holds, `until_remembered` what of it lies up to the newest row
    that was remembered. Without memory a statistic is believed that lacks no hour.
    """
    if record is None:
        return Likeness.SAME if extent.is_whole else Likeness.OTHER
    if _is_as_remembered(record, until_remembered):
        return Likeness.SAME
    known = record.extent
    is_older = known is not None and extent.last.start < known.last.start
    is_part = known is not None and extent.is_whole and extent.first == known.first
    return Likeness.OLDER if is_older and is_part and not record.backfill else Likeness.OTHER


def _is_as_remembered(record: SeriesRecord, stored: Extent | None) -> bool:
    known, backfill = record.extent, record.backfill
    if backfill and backfill.position != backfill.start:
        # Its rows are being written: since it was remembered there are more of them, never fewer.
        return bool(known and stored and stored.count >= known.count)
    return stored.equals(known) if stored else known is None
