"""From tariffs to costs: what each hour cost, written as statistics of their own."""

from .bills import Bills
from .calendar import Season, SeasonError
from .cost_series import SeriesNames, derived_ids
from .low_hours import LowHours, LowHoursError
from .power import Month
from .sensor_prices import price_unit
from .site_costs import SiteCosts
from .stored import async_move_feed_in, stored_prices
from .tariff import Payer, first_day, is_factor, is_feed_in, is_price
from .tariffs import Means, Tariffs, unusable_days

__all__ = [
    "Bills",
    "LowHours",
    "LowHoursError",
    "Means",
    "Month",
    "Payer",
    "Season",
    "SeasonError",
    "SeriesNames",
    "SiteCosts",
    "Tariffs",
    "async_move_feed_in",
    "derived_ids",
    "first_day",
    "is_factor",
    "is_feed_in",
    "is_price",
    "price_unit",
    "stored_prices",
    "unusable_days",
]
