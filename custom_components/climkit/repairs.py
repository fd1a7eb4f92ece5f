"""Lets a person decide on amounts that no meter can have measured."""

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import ClimkitConfigEntry, SiteCoordinator
from .problems import async_decide


class ImplausibleFlow(RepairsFlow):
    """Accept the amounts, or leave them out for good."""

    def __init__(self, coordinator: SiteCoordinator, meter_id: str) -> None:
        """Decide on a meter of a site, or (no id) on the site's own columns."""
        self._coordinator = coordinator
        self._meter_id = meter_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask what is to be done."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=["accept", "leave_out"],
            description_placeholders=issue.translation_placeholders if issue else None,
        )

    async def async_step_accept(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Believe them: they are read again, and larger ones are believed too."""
        return self._decide(accept=True)

    async def async_step_leave_out(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Leave them out."""
        return self._decide(accept=False)

    def _decide(self, *, accept: bool) -> RepairsFlowResult:
        async_decide(self._coordinator, self._meter_id, accept=accept)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for amounts to be decided on; of an entry that is loaded."""
    entries: list[ClimkitConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        if data and (runtime := entry.runtime_data.get(str(data["site_id"]))):
            return ImplausibleFlow(runtime.coordinator, str(data["meter_id"]))
    return ConfirmRepairFlow()
