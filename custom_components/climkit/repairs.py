"""Lets a person decide on amounts that no meter can have measured."""

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .issues import SiteIssues, async_decide
from .runtime import SiteRuntime, loaded_sites


class ImplausibleFlow(RepairsFlow):
    """Accept the amounts, or leave them out for good.

    A dialog may be open for days; it acts on what is loaded when it is answered. What came to light
    meanwhile is shown first: nobody decides on what was not shown.
    """

    def __init__(self, site_id: str, meter_id: str) -> None:
        """Decide on a meter of a site, or (no id) on the site's own columns."""
        self._site_id = site_id
        self._meter_id = meter_id
        self._shown: dict[str, str] | None = None

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask what is to be done."""
        if (runtime := self._runtime) is None:
            return self.async_abort(reason="not_loaded")
        if (told := self._told(runtime)) is None:
            return self.async_create_entry(data={})  # what was to be decided on is gone
        self._shown = told
        return self.async_show_menu(
            step_id="init",
            menu_options=["accept", "leave_out"],
            description_placeholders=self._shown,
        )

    async def async_step_accept(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Believe them: they are read again, and larger ones are believed too."""
        return await self._async_decide(accept=True)

    async def async_step_leave_out(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Leave them out."""
        return await self._async_decide(accept=False)

    async def _async_decide(self, *, accept: bool) -> RepairsFlowResult:
        """Decide, and remember it at once: nobody decides a second time."""
        if (runtime := self._runtime) is None:
            return self.async_abort(reason="not_loaded")
        if self._told(runtime) not in (None, self._shown):
            return await self.async_step_init()
        async_decide(runtime, self._meter_id, accept=accept)
        await runtime.store.async_save_now()
        return self.async_create_entry(data={})

    def _told(self, runtime: SiteRuntime) -> dict[str, str] | None:
        """Return what there is to decide on now; None where nothing is left."""
        SiteIssues(runtime).update()
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return issue.translation_placeholders if issue else None

    @property
    def _runtime(self) -> SiteRuntime | None:
        """Return the site that is loaded now; None where its account is not."""
        sites = loaded_sites(self.hass)
        return next((one for one in sites if one.site.id == self._site_id), None)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for amounts to be decided on."""
    if data and "site_id" in data and "meter_id" in data:
        return ImplausibleFlow(str(data["site_id"]), str(data["meter_id"]))
    return ConfirmRepairFlow()
