"""Hourly statistics in the recorder: what rows say, how a stretch is rebuilt, and who writes."""

from .last_rows import LastRows, RowsBefore
from .means import async_mean_unit, async_means, async_write_means
from .rebuild import (
    IsDoubted,
    Rebuilt,
    RowsChangedError,
    WriteGuard,
    async_rebuild,
)
from .recorder import (
    RecorderError,
    async_clear,
    async_extents,
    async_extents_until,
    async_hours,
    async_known,
    async_known_names,
    async_last_rows,
    async_last_rows_before,
    async_lookup_seconds,
    async_publish,
    async_rows,
    async_synchronize,
    async_totals_before,
    described,
    metadata,
)
from .rows import Difference, Extent, Row, by_hour, hourly_amounts, same
from .stored import StoredStatistic
from .time_range import TimeRange, merged, ranges_of_hours, within, without
from .worker import Worker

__all__ = [
    "Difference",
    "Extent",
    "IsDoubted",
    "LastRows",
    "Rebuilt",
    "RecorderError",
    "Row",
    "RowsBefore",
    "RowsChangedError",
    "StoredStatistic",
    "TimeRange",
    "Worker",
    "WriteGuard",
    "async_clear",
    "async_extents",
    "async_extents_until",
    "async_hours",
    "async_known",
    "async_known_names",
    "async_last_rows",
    "async_last_rows_before",
    "async_lookup_seconds",
    "async_mean_unit",
    "async_means",
    "async_publish",
    "async_rebuild",
    "async_rows",
    "async_synchronize",
    "async_totals_before",
    "async_write_means",
    "by_hour",
    "described",
    "hourly_amounts",
    "merged",
    "metadata",
    "ranges_of_hours",
    "same",
    "within",
    "without",
]
