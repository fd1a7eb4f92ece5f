"""Rebuilds the statistics of series from intervals, which are summed up by hour."""

from collections.abc import Collection, Sequence
from datetime import datetime

from homeassistant.core import HomeAssistant

from ..api import HOUR, INTERVAL, Interval
from ..measures import METER_TYPES, Series
from ..statistics import (
    IsDoubted,
    Rebuilt,
    Row,
    TimeRange,
    WriteGuard,
    async_rebuild,
    by_hour,
    hourly_amounts,
)
from .state import SyncState


class SeriesRebuilder:
    """Makes the statistics of series say what intervals say."""

    def __init__(self, hass: HomeAssistant, write_guard: WriteGuard) -> None:
        """Prepare; `write_guard` is told which rows are being written."""
        self._hass = hass
        self._write_guard = write_guard

    async def async_rebuild(
        self,
        states: Sequence[SyncState],
        time_range: TimeRange,
        intervals: Sequence[Interval],
        *,
        is_doubted: IsDoubted[SyncState],
        dry_run: bool = False,
    ) -> Rebuilt:
        """Rebuild the hours that a range touches, see `statistics.async_rebuild`.

        A stored hour that the intervals lack, in part or in full, follows them unless it
        `is_doubted`; without any of it its row then has no amount.
        """
        hours = time_range.touched_hours
        found, amounts = await self._hass.async_add_executor_job(_sum_up, states, hours, intervals)

        def is_part_doubted(state: SyncState, row: Row, measured: float | None) -> bool:
            is_whole = _is_whole(found.get(row.start, ()), state.series)
            return not is_whole and is_doubted(state, row, measured)

        return await async_rebuild(
            self._hass,
            states,
            hours,
            amounts,
            is_doubted=is_part_doubted,
            dry_run=dry_run,
            write_guard=self._write_guard,
        )


def _sum_up(
    states: Sequence[SyncState], hours: TimeRange, intervals: Sequence[Interval]
) -> tuple[dict[datetime, list[Interval]], dict[str, dict[datetime, float]]]:
    """Return the intervals of each hour, and the amounts of hours by statistic id."""
    found = by_hour(interval for interval in intervals if interval.start in hours)
    return found, {
        state.statistic_id: hourly_amounts(found, state.series.column) for state in states
    }


def _is_whole(intervals: Collection[Interval], series: Series) -> bool:
    """Whether an hour lacks nothing; of meters that are read once a day one row may be all."""
    quarters = HOUR // INTERVAL
    expected = quarters if METER_TYPES[series.feed.meter_type].read_each_interval else 1
    return sum(series.column in interval.values for interval in intervals) >= expected
