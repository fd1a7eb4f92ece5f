"""Rebuilds a stretch of statistics from hourly amounts, and makes sure that it was stored."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import NamedTuple

from homeassistant.core import HomeAssistant

from ..api import HOUR
from .recorder import (
    RecorderError,
    async_extents,
    async_last_rows,
    async_next_row,
    async_rows,
    async_rows_at,
    async_synchronize,
    async_totals_before,
    async_write,
)
from .rows import Change, Difference, Row, differences, rebuild_rows, same
from .stored import StoredStatistic
from .time_range import TimeRange

# Asked for a stored hour of a statistic that differs from the amount now (None: there is none),
# whether that has to be doubted: then what is stored stays.
type IsDoubted[S: StoredStatistic] = Callable[[S, Row, float | None], bool]


class RowsChangedError(Exception):
    """Somebody else took rows of statistics away or changed them: nothing was written."""

    def __init__(self, statistic_ids: Collection[str]) -> None:
        """Keep which statistics are no longer what they were."""
        super().__init__(f"Rows of {len(statistic_ids)} statistics were changed by somebody else")
        self.statistic_ids = frozenset(statistic_ids)


# Told, by statistic id, in which ranges rows are written; it holds as long as that takes.
type WriteGuard = Callable[[Mapping[str, TimeRange]], AbstractAsyncContextManager[None]]


def _no_guard(_ranges: Mapping[str, TimeRange]) -> AbstractAsyncContextManager[None]:
    """Write where nobody needs to be told."""
    return nullcontext()


class Rebuilt(NamedTuple):
    """What a rebuild found: by statistic id the hours that differed, and how many rows changed.

    `doubted`: by statistic id, the hours that kept more than the intervals hold.
    """

    differences: Mapping[str, Sequence[Difference]]
    doubted: Mapping[str, Sequence[datetime]]
    changed: int = 0

    def followed_by(self, later: Rebuilt) -> Rebuilt:
        """Return what both rebuilds of a stretch found; the later one looked at what missed."""
        ids = self.differences.keys() | later.differences.keys()
        return Rebuilt(
            {key: [*self.differences.get(key, ()), *later.differences.get(key, ())] for key in ids},
            later.doubted,
            self.changed + later.changed,
        )


class _StoredRange(NamedTuple):
    """What the recorder holds of a stretch: its rows, the total before, the first row behind."""

    rows: Sequence[Row]
    anchor: float
    following: Row | None


async def async_rebuild[S: StoredStatistic](
    hass: HomeAssistant,
    statistics: Sequence[S],
    hours: TimeRange,
    amounts: Mapping[str, Mapping[datetime, float | None]],
    *,
    is_doubted: IsDoubted[S] | None = None,
    dry_run: bool = False,
    write_guard: WriteGuard = _no_guard,
) -> Rebuilt:
    """Make the rows of a range of full hours say what hourly amounts, by statistic id, say.

    Only what differs is written; what lies behind the range is shifted. An amount of None is that
    of an hour that was withdrawn. A stored hour without an amount loses its own unless it
    `is_doubted`; where nothing is (None), it keeps what it had. With `dry_run` nothing is written.
    The rows are read back before this returns. Raises RecorderError where they are not there; then
    the same call again mends it. Raises RowsChangedError where a newest row is not the remembered
    one.
    """
    await _async_reload_unconfirmed(hass, statistics)
    await _async_check_last(hass, statistics)
    stored = await _async_stored(hass, statistics, hours.start, hours.end)
    changes = await hass.async_add_executor_job(_changes, statistics, stored, amounts, is_doubted)
    found = {one.statistic_id: one.differences for one in changes if one.differences}
    kept = {one.statistic_id: one.doubted for one in changes if one.doubted}
    if dry_run:
        return Rebuilt(found, kept)
    changed = [one for one in changes if one.change.rows or one.change.shift]
    if not changed:
        return Rebuilt(found, kept)
    async with write_guard(
        {
            one.statistic_id: TimeRange(rows[0].start, rows[-1].start + HOUR)
            for one in changed
            if (rows := one.change.rows)
        }
    ):
        for one in changed:
            one.stored.is_last_confirmed = False
            async_write(hass, one.stored.statistic, one.change, hours.end)
            await asyncio.sleep(0)  # each write is checked row by row in the event loop
    await async_synchronize(hass)
    await _async_confirm(hass, changed, hours.end)
    return Rebuilt(found, kept, sum(len(one.change.rows) for one in changed))


async def _async_reload_unconfirmed(
    hass: HomeAssistant, statistics: Sequence[StoredStatistic]
) -> None:
    """Ask the recorder for the newest rows of statistics whose last write was not confirmed.

    Where one statistic's write was lost, those of the others were stored all the same. But no
    write of ours takes rows away: where some are missing, somebody else did.
    """
    unconfirmed = [one for one in statistics if not one.is_last_confirmed]
    if not unconfirmed:
        return
    await async_synchronize(hass)  # what is still in the queue is not lost
    extents = await async_extents(hass, [one.statistic_id for one in unconfirmed])
    lacking = set()
    for one in unconfirmed:
        extent = extents.get(one.statistic_id)
        if one.lacks_rows(extent):
            one.is_last_confirmed = True  # what is remembered stays the measure
            lacking.add(one.statistic_id)
        else:
            one.take(extent)
    if lacking:
        raise RowsChangedError(lacking)


async def _async_check_last(hass: HomeAssistant, statistics: Sequence[StoredStatistic]) -> None:
    """Look whether the newest rows are those that are remembered: sums go on from there.

    They share few hours, most often one, so this is a question or two.
    """
    by_hour: defaultdict[datetime, dict[str, Row]] = defaultdict(dict)
    for one in statistics:
        if one.last:
            by_hour[one.last.start][one.statistic_id] = one.last
    changed = set()
    for hour, expected in by_hour.items():
        stored = await async_rows_at(hass, expected, hour)
        for statistic_id, row in expected.items():
            found = stored.get(statistic_id)
            if found is None or not same(found.total, row.total):
                changed.add(statistic_id)
    if changed:
        raise RowsChangedError(changed)


async def _async_stored(
    hass: HomeAssistant, statistics: Sequence[StoredStatistic], start: datetime, end: datetime
) -> dict[str, _StoredRange]:
    reaching = [one.statistic_id for one in statistics if one.last and one.last.start >= start]
    found = await async_rows(hass, reaching, start, end) if reaching else {}
    return {
        one.statistic_id: await _async_surroundings(hass, one, found, start, end)
        for one in statistics
    }


async def _async_surroundings(
    hass: HomeAssistant,
    stored: StoredStatistic,
    found: Mapping[str, tuple[list[Row], float]],
    start: datetime,
    end: datetime,
) -> _StoredRange:
    statistic_id, last = stored.statistic_id, stored.last
    if last is None:
        return _StoredRange([], 0.0, None)
    if last.start < start:
        return _StoredRange([], last.total, None)
    following = await async_next_row(hass, statistic_id, end, last.start)
    if statistic_id in found:
        return _StoredRange(*found[statistic_id], following)
    totals = await async_totals_before(hass, [statistic_id], start)
    return _StoredRange([], totals[statistic_id], following)


class _StatisticChange(NamedTuple):
    """What changes for one statistic."""

    stored: StoredStatistic
    change: Change
    added: int
    differences: Sequence[Difference]
    doubted: Sequence[datetime]

    @property
    def statistic_id(self) -> str:
        return self.stored.statistic_id

    def confirm(self, rows: Sequence[Row], newest: Row | None, end: datetime) -> None:
        """Note what was written; raises RecorderError where it is not what was read back.

        `rows` are those from the last changed one on, `newest` is looked at where rows from `end`
        on were shifted.
        """
        self._check_rows(rows)
        self._check_shift(newest, end)
        for row in self.change.rows[:1]:
            self.stored.first = min(self.stored.first or row.start, row.start)
        self.stored.count += self.added
        self.stored.is_last_confirmed = True

    def _check_rows(self, rows: Sequence[Row]) -> None:
        totals = {row.start: row.total for row in rows}
        for written in self.change.rows[-1:]:
            if not same(totals.get(written.start), written.total):
                raise RecorderError(f"{self.statistic_id} lacks its row of {written.start}")
            if self.stored.last is None or written.start >= self.stored.last.start:
                self.stored.last = written

    def _check_shift(self, newest: Row | None, end: datetime) -> None:
        if not self.change.shift or not self.stored.last:
            return
        if not newest or not same(newest.total, self.stored.last.total + self.change.shift):
            raise RecorderError(f"{self.statistic_id} was not shifted from {end} on")
        self.stored.last = newest


def _changes[S: StoredStatistic](
    statistics: Sequence[S],
    stored: Mapping[str, _StoredRange],
    amounts: Mapping[str, Mapping[datetime, float | None]],
    is_doubted: IsDoubted[S] | None,
) -> list[_StatisticChange]:
    return [
        _change(one, stored[one.statistic_id], amounts[one.statistic_id], is_doubted)
        for one in statistics
    ]


def _change[S: StoredStatistic](
    stored: S,
    before: _StoredRange,
    amounts: Mapping[datetime, float | None],
    is_doubted: IsDoubted[S] | None,
) -> _StatisticChange:
    kept = {
        row.start: row.amount
        for row in before.rows
        if is_doubted
        and row.amount is not None
        and not same(row.amount, amounts.get(row.start))
        and is_doubted(stored, row, amounts.get(row.start))
    }
    believed = {**amounts, **kept}
    change = rebuild_rows(
        believed, before.rows, before.anchor, before.following, withdraw=is_doubted is not None
    )
    known = {row.start for row in before.rows}
    added = sum(row.start not in known for row in change.rows)
    return _StatisticChange(stored, change, added, differences(believed, before.rows), sorted(kept))


async def _async_confirm(
    hass: HomeAssistant, changed: Sequence[_StatisticChange], end: datetime
) -> None:
    """Read the last changed row and the newest row of each statistic back."""
    written = {one.statistic_id: one.change.rows[-1].start for one in changed if one.change.rows}
    # Only from there on, not the whole stretch: meanwhile the recorder waits for its next rows.
    rows = await async_rows(hass, written, min(written.values()), end) if written else {}
    shifted = [one.statistic_id for one in changed if one.change.shift]
    newest = await async_last_rows(hass, shifted)
    for one in changed:
        read, _ = rows.get(one.statistic_id, ([], 0.0))
        one.confirm(read, newest.get(one.statistic_id), end)
