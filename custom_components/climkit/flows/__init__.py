"""The steps of the dialogs: what is chosen, tariffs, the Energy dashboard, what is offered last."""

from .energy_dashboard import EnergyDashboardSteps
from .selection import SelectionSteps
from .set_up import async_set_up, offers
from .tariff import TariffFlow

__all__ = [
    "EnergyDashboardSteps",
    "SelectionSteps",
    "TariffFlow",
    "async_set_up",
    "offers",
]
