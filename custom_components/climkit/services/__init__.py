"""The actions: those for administrators change something, the others only answer data."""

from homeassistant.core import HomeAssistant, callback

from .data import async_setup_data_services
from .energy_dashboard import ATTR_INCLUDED_IN, ATTR_PARENT, async_setup_energy_action, parents_of
from .history import async_setup_history_actions
from .statement_action import async_setup_statement

__all__ = ["ATTR_INCLUDED_IN", "ATTR_PARENT", "async_setup_services", "parents_of"]


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_setup_energy_action(hass)
    async_setup_history_actions(hass)
    async_setup_data_services(hass)
    async_setup_statement(hass)
