"""Whose data a call asks for and of which stretch of time; what is wrong with it is said."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..api import PLAUSIBLE_YEARS, Site
from ..const import DOMAIN
from ..runtime import SiteRuntime, loaded_sites

ATTR_FROM = "from"
ATTR_TO = "to"

# As what rows are answered.
ATTR_FORMAT = "format"
ROWS, CSV = "rows", "csv"

# Everybody may call, so no answer is longer than some megabytes.
MOST_VALUES = 200_000


class TargetKind(StrEnum):
    """What a device stands for; the value is the error's key where another kind was named."""

    SITE = "site_needed"
    METER = "meter_needed"
    SENSOR = "sensor_needed"


def plausible_time(value: object) -> datetime:
    """Return a time; years that would overflow are none."""
    time = cv.datetime(value)
    if time.year not in PLAUSIBLE_YEARS:
        raise vol.Invalid(
            f"the year has to lie between {PLAUSIBLE_YEARS[0]} and {PLAUSIBLE_YEARS[-1]}"
        )
    return time


def plausible_day(value: object) -> date:
    """Return a day; years that would overflow are none."""
    day = cv.date(value)
    if day.year not in PLAUSIBLE_YEARS:
        raise vol.Invalid(
            f"the year has to lie between {PLAUSIBLE_YEARS[0]} and {PLAUSIBLE_YEARS[-1]}"
        )
    return day.date() if isinstance(day, datetime) else day


def target_of(call: ServiceCall, kind: TargetKind) -> tuple[SiteRuntime, str]:
    """Return the site of the device that a call names, and Climkit's id of what it stands for."""
    runtime, found, climkit_id = async_find(call.hass, call.data[ATTR_DEVICE_ID])
    if found is not kind:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=kind)
    return runtime, climkit_id


def site_or_meter(hass: HomeAssistant, device_id: str) -> tuple[SiteRuntime, str]:
    """Return the site that a device belongs to, and Climkit's id of the site or meter it is."""
    runtime, kind, climkit_id = async_find(hass, device_id)
    if kind is TargetKind.SENSOR:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_meter_or_site")
    return runtime, climkit_id


@callback
def async_find(hass: HomeAssistant, device_id: str) -> tuple[SiteRuntime, TargetKind, str]:
    """Return the site of a device, what it stands for, and Climkit's id of that."""
    device = dr.async_get(hass).async_get(device_id)
    # Those of other integrations are not always of two parts.
    ids = {one[1] for one in device.identifiers if one[0] == DOMAIN} if device else set()
    if not ids:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_device",
            translation_placeholders={"device_id": device_id},
        )
    for runtime in loaded_sites(hass):
        for kind, own_ids in _ids_by_kind(runtime).items():
            for climkit_id in ids.intersection(own_ids):
                return runtime, kind, climkit_id
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_loaded")


def _ids_by_kind(runtime: SiteRuntime) -> dict[TargetKind, Collection[str]]:
    record = runtime.record
    return {
        TargetKind.SITE: {runtime.site.id},
        TargetKind.METER: record.meters,
        TargetKind.SENSOR: record.sensors,
    }


def time_range_of(call: ServiceCall, site: Site) -> tuple[datetime, datetime]:
    """Return the stretch up to now at most, in UTC; times without a zone are the site's."""
    now = dt_util.utcnow()
    start, end = (_utc(call.data.get(key, now), site) for key in (ATTR_FROM, ATTR_TO))
    if start >= now:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="from_in_future")
    if start >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="from_after_to")
    return start, min(end, now)


def days_later(moment: datetime, days: int, zone: tzinfo) -> datetime:
    """Return the same local time so many days later, in UTC; a local day has 23 to 25 hours."""
    return (moment.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def refuse_too_long(start: datetime, end: datetime, days: int, zone: tzinfo) -> None:
    """Refuse a stretch that is longer than so many local days."""
    if end > days_later(start, days, zone):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="stretch_too_long",
            translation_placeholders={"days": str(days)},
        )


def refuse_too_many(values: int) -> None:
    """Refuse an answer of more values than a call gets."""
    if values > MOST_VALUES:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="too_many_values",
            translation_placeholders={"number": str(values), "most": str(MOST_VALUES)},
        )


def _utc(moment: datetime, site: Site) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=site.zone)).astimezone(UTC)
