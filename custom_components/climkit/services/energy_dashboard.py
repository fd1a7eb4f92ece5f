"""The action that sets up the Energy dashboard, for administrators."""

from collections.abc import Iterable, Mapping

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import DOMAIN
from ..energy_dashboard import (
    REPEATABLE,
    DashboardRequest,
    MergeResult,
    SourceKind,
    async_set_up_dashboard,
)
from .target import site_or_meter

SET_UP_ENERGY_DASHBOARD = "set_up_energy_dashboard"

ATTR_WATER = "water"
ATTR_ALSO = "also"
ATTR_INCLUDED_IN = "included_in"
ATTR_PARENT = "parent"
ATTR_REMOVE_HOME = "remove_home"
ATTR_BY_TARIFF = "by_tariff"
ATTR_DRY_RUN = "dry_run"

SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_WATER, default=[]): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_ALSO, default=[]): vol.All(
            cv.ensure_list, [vol.All(vol.In([kind.value for kind in REPEATABLE]), SourceKind)]
        ),
        vol.Optional(ATTR_INCLUDED_IN, default=[]): vol.All(
            cv.ensure_list,
            [{vol.Required(ATTR_DEVICE_ID): cv.string, vol.Optional(ATTR_PARENT): cv.string}],
        ),
        vol.Optional(ATTR_REMOVE_HOME, default=False): cv.boolean,
        vol.Optional(ATTR_BY_TARIFF, default=False): cv.boolean,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)


@callback
def async_setup_energy_action(hass: HomeAssistant) -> None:
    """Register the action."""
    async_register_admin_service(
        hass,
        DOMAIN,
        SET_UP_ENERGY_DASHBOARD,
        _async_set_up_energy_dashboard,
        SCHEMA,
        SupportsResponse.OPTIONAL,
    )


async def _async_set_up_energy_dashboard(call: ServiceCall) -> ServiceResponse:
    """Set it up for a site or a meter, and answer what was added and what not.

    That ends with the account: what is no longer read is not added.
    """
    runtime, owner_id = site_or_meter(call.hass, call.data[ATTR_DEVICE_ID])
    request = DashboardRequest(
        owner_id=owner_id,
        water_ids=[site_or_meter(call.hass, one)[1] for one in call.data[ATTR_WATER]],
        also=call.data[ATTR_ALSO],
        parents=parents_of(call.hass, call.data[ATTR_INCLUDED_IN]),
        may_remove=call.data[ATTR_REMOVE_HOME],
        by_tariff=call.data[ATTR_BY_TARIFF],
    )
    set_up = async_set_up_dashboard(call.hass, runtime, request, dry_run=call.data[ATTR_DRY_RUN])
    merged = await runtime.async_run(set_up)
    return _answer(merged)


def parents_of(hass: HomeAssistant, rows: Iterable[Mapping[str, str]]) -> dict[str, str | None]:
    """Return the meter that measures another one too, by its id, of rows that name devices.

    A row without a parent says that no other meter does.
    """
    return {
        site_or_meter(hass, row[ATTR_DEVICE_ID])[1]: (
            site_or_meter(hass, row[ATTR_PARENT])[1] if row.get(ATTR_PARENT) else None
        )
        for row in rows
    }


def _answer(merged: MergeResult) -> dict[str, JsonValueType]:
    """Return what was added to each list, as stored, what was removed, and what not and why."""
    return {
        "added": {key: [dict(entry) for entry in entries] for key, entries in merged.added.items()},
        "removed": [dict(entry) for entry in merged.removed],
        "skipped": [
            {
                "kind": one.kind,
                "statistic_ids": list(one.statistic_ids),
                "reason": one.reason.value,
            }
            for one in merged.skipped
        ],
    }
