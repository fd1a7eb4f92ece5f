"""Rebuilds statistics of energy and water from intervals; what these lack may be doubted."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from homeassistant.core import HomeAssistant

from ..api import HOUR, INTERVAL, Interval
from ..measures import METER_TYPES, Series
from ..statistics import (
    IsRowDoubted,
    Rebuilt,
    Row,
    TimeRange,
    WriteGuard,
    async_rebuild_amounts,
    by_hour,
    hourly_amounts,
    no_guard,
)
from .state import SyncState

# Of an hour.
QUARTERS = HOUR // INTERVAL

# Asked for a stored hour that differs from the intervals and that they do not hold in full (None:
# not at all), whether that has to be doubted: then what is stored stays.
type IsDoubted = Callable[[SyncState, Row, float | None], bool]


async def async_rebuild(
    hass: HomeAssistant,
    states: Sequence[SyncState],
    time_range: TimeRange,
    intervals: Sequence[Interval],
    *,
    is_doubted: IsDoubted,
    dry_run: bool = False,
    write_guard: WriteGuard = no_guard,
) -> Rebuilt:
    """Make the rows of the hours that a range touches say what the intervals say.

    Only what differs is written; what lies behind the range is shifted. A stored hour that the
    intervals lack, in part or in full, follows them unless it `is_doubted`; without any of it its
    row then has no amount. For `dry_run` and what is raised see `async_rebuild_amounts`.
    """
    hours = time_range.full_hours
    by_id = {state.series.statistic_id: state for state in states}

    def prepare() -> tuple[dict[str, dict[datetime, float]], IsRowDoubted]:
        found = by_hour(interval for interval in intervals if interval.start in hours)
        amounts = {
            state.series.statistic_id: hourly_amounts(found, state.series.column)
            for state in states
        }

        def doubted(statistic_id: str, row: Row, measured: float | None) -> bool:
            state = by_id[statistic_id]
            is_whole = _is_whole(found.get(row.start, ()), state.series)
            return not is_whole and is_doubted(state, row, measured)

        return amounts, doubted

    amounts, doubted = await hass.async_add_executor_job(prepare)
    return await async_rebuild_amounts(
        hass, states, hours, amounts, doubted=doubted, dry_run=dry_run, write_guard=write_guard
    )


def _is_whole(intervals: Collection[Interval], series: Series) -> bool:
    """Whether an hour lacks nothing; of meters that are read once a day one row may be all."""
    expected = QUARTERS if METER_TYPES[series.feed.meter_type].read_each_interval else 1
    return sum(series.column in interval.values for interval in intervals) >= expected
