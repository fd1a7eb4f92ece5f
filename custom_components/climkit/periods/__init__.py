"""Amounts of yesterday and this month, and the month's peaks; they follow what history reads."""

from .amounts import Periods
from .peaks import Fallen, MonthPeaks, day_peaks

__all__ = [
    "Fallen",
    "MonthPeaks",
    "Periods",
    "day_peaks",
]
