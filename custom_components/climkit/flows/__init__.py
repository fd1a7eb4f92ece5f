"""The steps of the dialogs: what is chosen, tariffs, the Energy dashboard, what is offered last."""

from .choice import ChoiceSteps
from .energy_dashboard import EnergyDashboardSteps
from .set_up import async_set_up, offers
from .tariff import TariffFlow

__all__ = [
    "ChoiceSteps",
    "EnergyDashboardSteps",
    "TariffFlow",
    "async_set_up",
    "offers",
]
