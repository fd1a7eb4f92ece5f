"""Amounts of yesterday and this month, and the month's peaks; they follow what history reads."""

from .site_periods import SitePeriods

__all__ = ["SitePeriods"]
