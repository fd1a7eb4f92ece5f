"""Sets up the Energy dashboard as was wanted when the account was added: once it can be.

The statistics are there some seconds after that, those of power some minutes after it. What is
wanted is remembered until then, over a restart too.
"""

import asyncio
import logging

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from ..runtime import SiteRuntime
from ..statistics import RecorderError
from ..store import DashboardRequestRecord
from .preferences import DashboardRequest, async_lacks_power, async_set_up_dashboard

_LOGGER = logging.getLogger(__name__)

# Seconds between two looks, and after how many looks it is set up without power.
LOOKS_EVERY = 30
LOOKS_FOR_POWER = 20


@callback
def async_remember_request(
    hass: HomeAssistant, runtime: SiteRuntime, request: DashboardRequest
) -> None:
    """Remember what the Energy dashboard shall show of a site, and begin with it."""
    runtime.record.dashboard_request = DashboardRequestRecord(
        owner=request.owner_id, water=list(request.water_ids)
    )
    runtime.store.save_soon()
    async_go_on_with_request(hass, runtime)


@callback
def async_go_on_with_request(hass: HomeAssistant, runtime: SiteRuntime) -> None:
    """Set up in the background what is remembered, as long as the account is loaded."""
    if runtime.record.dashboard_request:
        runtime.entry.async_create_background_task(
            hass,
            _async_fulfil_request(hass, runtime),
            f"climkit energy dashboard {runtime.site.id}",
        )


async def _async_fulfil_request(hass: HomeAssistant, runtime: SiteRuntime) -> None:
    """Set up what is remembered; wait for the recorder, and for statistics to come."""
    looks = 0
    while stored := runtime.record.dashboard_request:
        # Of several sites the first brings a home's consumption that the next makes wrong.
        request = DashboardRequest(owner_id=stored.owner, water_ids=stored.water, may_remove=True)
        try:
            is_ready = looks >= LOOKS_FOR_POWER or not await async_lacks_power(hass, runtime)
            if is_ready:
                await async_set_up_dashboard(hass, runtime, request, dry_run=False)
            else:
                looks += 1
        except RecorderError as err:
            _LOGGER.debug("The Energy dashboard is set up later: %s", err)
            is_ready = False
        except ServiceValidationError as err:
            if is_ready := err.translation_key != "statistics_not_ready":
                _LOGGER.warning("The Energy dashboard was not set up: %s", err.translation_key)
        if is_ready:
            runtime.record.dashboard_request = None
            runtime.store.save_soon()
        else:
            await asyncio.sleep(LOOKS_EVERY)
