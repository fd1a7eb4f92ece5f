"""What is remembered of an account over a restart, and where it is kept."""

from .records import (
    CostsRecord,
    MeterRecord,
    PeakRecord,
    PeaksRecord,
    PlausibilityRecord,
    RecheckRecord,
    SeriesRecord,
    SiteRecord,
    StoredRecord,
)
from .store import ClimkitStore, ranges_text, read_ranges, read_time

__all__ = [
    "ClimkitStore",
    "CostsRecord",
    "MeterRecord",
    "PeakRecord",
    "PeaksRecord",
    "PlausibilityRecord",
    "RecheckRecord",
    "SeriesRecord",
    "SiteRecord",
    "StoredRecord",
    "ranges_text",
    "read_ranges",
    "read_time",
]
