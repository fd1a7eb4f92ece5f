"""What is remembered of an account over a restart, and where it is kept."""

from .records import (
    Backfill,
    CostsRecord,
    DashboardRequestRecord,
    MonthlyPeakRecord,
    Peak,
    PeakRecord,
    PeaksRecord,
    PlausibilityRecord,
    RecheckRecord,
    Rejected,
    SeriesRecord,
    SiteRecord,
    Stamp,
    Unanswered,
    WindowRecord,
)
from .store import ClimkitStore

__all__ = [
    "Backfill",
    "ClimkitStore",
    "CostsRecord",
    "DashboardRequestRecord",
    "MonthlyPeakRecord",
    "Peak",
    "PeakRecord",
    "PeaksRecord",
    "PlausibilityRecord",
    "RecheckRecord",
    "Rejected",
    "SeriesRecord",
    "SiteRecord",
    "Stamp",
    "Unanswered",
    "WindowRecord",
]
