"""Actions for administrators: read a stretch of history again, delete statistics."""

from datetime import tzinfo
from math import nan

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import DOMAIN
from ..devices import device_ids
from ..errors import action_errors
from ..feeds import column_of_series, is_limit
from ..ids import owner_slug, slugs
from ..measures import Series
from ..runtime import ClimkitConfigEntry, SiteRuntime
from ..statistics import Difference, TimeRange, async_clear, async_known_names
from .target import ATTR_FROM, ATTR_TO, plausible_time, site_or_meter, time_range_of

IMPORT_HISTORY = "import_history"
DELETE_STATISTICS = "delete_statistics"
SET_PLAUSIBILITY_LIMIT = "set_plausibility_limit"

ATTR_DRY_RUN = "dry_run"
ATTR_WITHOUT_DEVICE = "without_device"
ATTR_MEASURE = "measure"
ATTR_LIMIT = "limit"

# An answer that lists more hours is of use to nobody; all of them are counted and mended.
MANY_HOURS = 1000


def _number(value: object) -> float:
    """Return a number; none (NaN) for yes and no, which would be 1 and 0. Raises vol.Invalid."""
    number: float = nan if isinstance(value, bool) else vol.Coerce(float)(value)
    return number


IMPORT_HISTORY_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_FROM): plausible_time,
        vol.Optional(ATTR_TO): plausible_time,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)
DELETE_STATISTICS_SCHEMA = vol.All(
    cv.has_at_least_one_key(ATTR_DEVICE_ID, ATTR_WITHOUT_DEVICE),
    vol.Schema(
        {
            vol.Exclusive(ATTR_DEVICE_ID, "what"): cv.string,
            vol.Exclusive(ATTR_WITHOUT_DEVICE, "what"): vol.All(cv.boolean, True),
            vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
        }
    ),
)
SET_PLAUSIBILITY_LIMIT_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_MEASURE): cv.string,
        vol.Optional(ATTR_LIMIT): _number,
    }
)


@callback
def async_setup_history_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, action, schema, response in (
        (IMPORT_HISTORY, _async_import_history, IMPORT_HISTORY_SCHEMA, SupportsResponse.OPTIONAL),
        (
            DELETE_STATISTICS,
            _async_delete_statistics,
            DELETE_STATISTICS_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        (
            SET_PLAUSIBILITY_LIMIT,
            _async_set_plausibility_limit,
            SET_PLAUSIBILITY_LIMIT_SCHEMA,
            SupportsResponse.NONE,
        ),
    ):
        async_register_admin_service(hass, DOMAIN, name, action, schema, response)


async def _async_import_history(call: ServiceCall) -> ServiceResponse:
    """Read hours again, and answer which differed."""
    runtime, owner_ids = _owners(call.hass, call.data[ATTR_DEVICE_ID])
    hours = TimeRange(*time_range_of(call, runtime.site)).touched_hours
    start, end = hours.start, min(hours.end, dt_util.utcnow())
    compare = runtime.history.async_compare(owner_ids, start, end, dry_run=call.data[ATTR_DRY_RUN])
    with action_errors():
        found = await runtime.async_run(compare)
    if not found:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="nothing_stored")
    return _comparison(found, await async_known_names(call.hass), runtime.site.zone)


async def _async_delete_statistics(call: ServiceCall) -> ServiceResponse:
    """Delete the statistics of a device, or those without one, and answer which."""
    hass, names = call.hass, await async_known_names(call.hass)
    runtime, owner_ids = None, set[str]()
    if device_id := call.data.get(ATTR_DEVICE_ID):
        runtime, owner_ids = _owners(hass, device_id)
    known = slugs(_all_owner_ids(hass) | owner_ids)
    wanted = slugs(owner_ids) if runtime else {None}
    ids = [key for key in names if owner_slug(key, known) in wanted]
    if not call.data[ATTR_DRY_RUN]:
        await (runtime.async_run(runtime.async_delete(ids)) if runtime else async_clear(hass, ids))
    return {"deleted": [{"statistic_id": key, "name": names[key]} for key in sorted(ids)]}


async def _async_set_plausibility_limit(call: ServiceCall) -> None:
    """Let the columns of a device have a limit of their own, or the usual one again.

    What it permits, or a person is asked about anew, is read again in the background.
    """
    runtime, series = _series_of_device(call.hass, call.data[ATTR_DEVICE_ID])
    limit: float | None = call.data.get(ATTR_LIMIT)
    if limit is not None and not is_limit(limit):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_limit")
    measure = call.data.get(ATTR_MEASURE)
    chosen = [one for one in series if measure in {None, one.key}]
    if not chosen:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_measure",
            translation_placeholders={"measures": ", ".join(one.key for one in series)},
        )
    for column in filter(None, map(column_of_series, chosen)):
        for asked in runtime.plausibility.set_limit(column, limit):
            runtime.history.read_again(column.feeds(runtime.site.id), asked.start, asked.end)
    await runtime.store.async_save_now()


def _series_of_device(hass: HomeAssistant, device_id: str) -> tuple[SiteRuntime, list[Series]]:
    """Return the site of a device, and the series of this device alone."""
    runtime, owner_ids = _owners(hass, device_id)
    if runtime.site.id in owner_ids:
        owner_ids = {runtime.site.id}
    series = runtime.series.values()
    return runtime, [one for one in series if one.owner_id in owner_ids]


def _owners(hass: HomeAssistant, device_id: str) -> tuple[SiteRuntime, set[str]]:
    """Return the site of a device, and the ids of what it stands for: a site has its meters too."""
    runtime, climkit_id = site_or_meter(hass, device_id)
    if climkit_id == runtime.site.id:
        return runtime, {climkit_id, *filter(runtime.inventory.wants, runtime.record.meters)}
    return runtime, {climkit_id}


def _all_owner_ids(hass: HomeAssistant) -> set[str]:
    """Return the ids of all that has a device; entries that are not loaded have devices too."""
    registry = dr.async_get(hass)
    found = {
        identifier
        for entry in hass.config_entries.async_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        for _, identifier in device.identifiers
    }
    loaded: list[ClimkitConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return found.union(*map(device_ids, loaded))


def _comparison(
    found: dict[Series, list[Difference]], names: dict[str, str | None], zone: tzinfo
) -> dict[str, JsonValueType]:
    """Return what a comparison found, hour by hour, in the site's local time."""
    hours = [(series, hour) for series, hours in found.items() for hour in hours]
    hours.sort(key=lambda item: (item[1].start, item[0].statistic_id))
    return {
        "series": len(found),
        "hours_that_differed": len(hours),
        "hours": [
            {
                "statistic_id": series.statistic_id,
                "name": names.get(series.statistic_id),
                "start": hour.start.astimezone(zone).isoformat(),
                "stored": hour.stored,
                "climkit": hour.measured,
                "unit": str(series.measure.quantity.unit),
            }
            for series, hour in hours[:MANY_HOURS]
        ],
        "is_shortened": len(hours) > MANY_HOURS,
    }
