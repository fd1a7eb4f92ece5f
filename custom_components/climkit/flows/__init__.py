"""The steps of the dialogs: what is chosen, tariffs, the Energy dashboard, what is offered last."""

from .energy_dashboard import EnergyDashboardSteps
from .feed_in import FeedInFlow
from .selection import SelectionSteps
from .set_up import async_set_up, offers
from .tariff import TariffFlow

__all__ = [
    "EnergyDashboardSteps",
    "FeedInFlow",
    "SelectionSteps",
    "TariffFlow",
    "async_set_up",
    "offers",
]
