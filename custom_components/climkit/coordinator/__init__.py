"""Polls what is new of a site and keeps the last day of it: meters, sensors, raw readings."""

from .base import ClimkitCoordinator
from .data_gap import DataGap
from .days import Amounts, Day, DayRefusedError, DayUnavailableError, Quarters, SiteDays
from .inventory import SiteInventory
from .live_data import LiveData
from .owners import Owners, async_owners
from .schedule import PollSchedule
from .sensors import SensorsCoordinator
from .site import SiteCoordinator

__all__ = [
    "Amounts",
    "ClimkitCoordinator",
    "DataGap",
    "Day",
    "DayRefusedError",
    "DayUnavailableError",
    "LiveData",
    "Owners",
    "PollSchedule",
    "Quarters",
    "SensorsCoordinator",
    "SiteCoordinator",
    "SiteDays",
    "SiteInventory",
    "async_owners",
]
