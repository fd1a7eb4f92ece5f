"""From tariffs to costs: what each hour cost, written as statistics of their own."""

from .low_hours import LowHours, LowHoursError
from .site_costs import SiteCosts, stored_tariffs
from .tariffs import Tariffs, first_day, is_price, unusable_days

__all__ = [
    "LowHours",
    "LowHoursError",
    "SiteCosts",
    "Tariffs",
    "first_day",
    "is_price",
    "stored_tariffs",
    "unusable_days",
]
