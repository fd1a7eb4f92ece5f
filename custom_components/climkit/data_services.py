"""Actions that answer Climkit's data of a stretch of time: for scripts, cards and notebooks.

Everybody may call them. They ask the API and store nothing; their requests wait like those for
history, behind what is new.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Protocol
from zoneinfo import ZoneInfo

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .api import (
    PLAUSIBLE_YEARS,
    ClimkitError,
    ClimkitResponseError,
    Interval,
    Priority,
    Sampling,
    Site,
    bucket_bounds,
)
from .const import DOMAIN
from .coordinator import ClimkitConfigEntry, SiteCoordinator, SiteRuntime
from .errors import error_key
from .feed import async_complete
from .measures import ELECTRICITY, METER_TYPES, split_column

GET_SITE_DATA = "get_site_data"
GET_METER_DATA = "get_meter_data"
GET_METER_READINGS = "get_meter_readings"
GET_SENSOR_DATA = "get_sensor_data"

ATTR_FROM = "from"
ATTR_TO = "to"
ATTR_SAMPLING = "sampling"
ATTR_METER_TYPE = "meter_type"
ATTR_WITH_METERS = "with_meters"

SAMPLINGS = {
    "quarter_hour": Sampling.QUARTER_HOUR,
    "hour": Sampling.HOUR,
    "day": Sampling.DAY,
    "month": Sampling.MONTH,
    "year": Sampling.YEAR,
}

# The API names no limit, so this one is ours: a request for at most so many days, four requests a
# call. Other clients get a month of quarter-hours at once, but rows of big sites are heavy, and
# nothing that is new shall wait long.
DAYS_A_REQUEST = {
    Sampling.QUARTER_HOUR: 8,
    Sampling.HOUR: 31,
    Sampling.DAY: 731,
    Sampling.MONTH: 7305,
    Sampling.YEAR: 7305,
}
REQUESTS_A_CALL = 4
DAYS_OF_READINGS = 32

# Decimals of an amount: what lies behind them is float dust, and sums stay exact to 1e-6.
DUST = 9


def _time(value: object) -> datetime:
    """Return a time; years that would overflow are none."""
    time = cv.datetime(value)
    if time.year not in PLAUSIBLE_YEARS:
        raise vol.Invalid(
            f"the year has to lie between {PLAUSIBLE_YEARS[0]} and {PLAUSIBLE_YEARS[-1]}"
        )
    return time


_STRETCH = {
    vol.Required(ATTR_DEVICE_ID): cv.string,
    vol.Required(ATTR_FROM): _time,
    vol.Optional(ATTR_TO): _time,
}
_SAMPLED = _STRETCH | {vol.Optional(ATTR_SAMPLING, default="hour"): vol.In(list(SAMPLINGS))}
READINGS_SCHEMA = vol.Schema(_STRETCH)
METER_DATA_SCHEMA = vol.Schema(_SAMPLED)
SITE_DATA_SCHEMA = vol.Schema(
    _SAMPLED
    | {
        vol.Optional(ATTR_METER_TYPE, default=ELECTRICITY): vol.In(list(METER_TYPES)),
        vol.Optional(ATTR_WITH_METERS, default=False): cv.boolean,
    }
)


# What the API's refusals mean here (assumed): the document describes no error.
_REFUSED: dict[int | None, str] = {
    HTTPStatus.BAD_REQUEST: "stretch_refused",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "stretch_refused",
    HTTPStatus.NOT_FOUND: "unknown_at_climkit",
}


class _Ask(Protocol):
    """A method of the client that answers intervals."""

    async def __call__(
        self,
        start: datetime,
        end: datetime | None,
        *,
        zone: ZoneInfo,
        sampling: Sampling,
        priority: Priority,
    ) -> list[Interval]:
        """Answer the rows from `start` to `end`."""


class Kind(StrEnum):
    """What a device stands for; the value is the error's key where another kind was named."""

    SITE = "site_needed"
    METER = "meter_needed"
    SENSOR = "sensor_needed"


@callback
def async_setup_data_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, answer, schema in (
        (GET_SITE_DATA, _async_site_data, SITE_DATA_SCHEMA),
        (GET_METER_DATA, _async_meter_data, METER_DATA_SCHEMA),
        (GET_METER_READINGS, _async_meter_readings, READINGS_SCHEMA),
        (GET_SENSOR_DATA, _async_sensor_data, READINGS_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, name, answer, schema, SupportsResponse.ONLY)


async def _async_site_data(call: ServiceCall) -> ServiceResponse:
    """Answer the rows of a site; those of its meters only where they are wanted."""
    runtime, site_id = _target(call, Kind.SITE)
    coordinator, meter_type = runtime.coordinator, call.data[ATTR_METER_TYPE]

    def is_wanted(column: str) -> bool:
        of_meter = split_column(column)
        if of_meter is None:
            return True
        return call.data[ATTR_WITH_METERS] and coordinator.wants(of_meter[1])

    ask = partial(coordinator.client.site_data, site_id, meter_type)
    rows = await _async_sampled(call, coordinator.site, ask)
    return {
        "site_id": site_id,
        "meter_type": meter_type,
        "sampling": call.data[ATTR_SAMPLING],
        "unit": METER_TYPES[meter_type].unit,
        "rows": [_row(row, coordinator.site, is_wanted) for row in rows],
    }


async def _async_meter_data(call: ServiceCall) -> ServiceResponse:
    """Answer the rows of a meter."""
    runtime, meter_id = _target(call, Kind.METER)
    coordinator = runtime.coordinator
    ask = partial(coordinator.client.meter_data, coordinator.site.id, meter_id)
    rows = await _async_sampled(call, coordinator.site, ask)
    return {
        "meter_id": meter_id,
        "sampling": call.data[ATTR_SAMPLING],
        "unit": _unit(coordinator, meter_id),
        "rows": [_row(row, coordinator.site) for row in rows],
    }


async def _async_meter_readings(call: ServiceCall) -> ServiceResponse:
    """Answer the registers of a physical meter."""
    runtime, meter_id = _target(call, Kind.METER)
    coordinator = runtime.coordinator
    meter = coordinator.data.meters.get(meter_id)
    if meter and meter.is_rule_meter:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_readings")
    site = coordinator.site
    start, end = _short_stretch(call, site)
    with _errors():
        readings = await coordinator.client.meter_data_raw(
            site.id, meter_id, start, end, zone=site.zone, priority=Priority.HISTORY
        )
    return {
        "meter_id": meter_id,
        "unit": _unit(coordinator, meter_id),
        "rows": [{"time": _local(one.at, site), **one.registers} for one in readings],
    }


async def _async_sensor_data(call: ServiceCall) -> ServiceResponse:
    """Answer the values of a sensor."""
    runtime, sensor_id = _target(call, Kind.SENSOR)
    site, sensor = runtime.coordinator.site, runtime.sensors.data.get(sensor_id)
    start, end = _short_stretch(call, site)
    with _errors():
        readings = await runtime.coordinator.client.sensor_data(
            site.id, sensor_id, start, end, zone=site.zone, priority=Priority.HISTORY
        )
    return {
        "sensor_id": sensor_id,
        "unit": sensor.unit if sensor else None,
        "rows": [{"time": _local(one.at, site), "value": one.value} for one in readings],
    }


# What is asked for


def _target(call: ServiceCall, kind: Kind) -> tuple[SiteRuntime, str]:
    """Return the site of the device that a call names, and Climkit's id of what it stands for."""
    hass, device_id = call.hass, call.data[ATTR_DEVICE_ID]
    device = dr.async_get(hass).async_get(device_id)
    ids = {found for domain, found in device.identifiers if domain == DOMAIN} if device else set()
    if not ids:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_device",
            translation_placeholders={"device_id": device_id},
        )
    entries: list[ClimkitConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for runtime in (runtime for entry in entries for runtime in entry.runtime_data.values()):
        for found, own_ids in _ids_by_kind(runtime).items():
            if not ids.isdisjoint(own_ids):
                if found is not kind:
                    raise ServiceValidationError(translation_domain=DOMAIN, translation_key=kind)
                return runtime, next(iter(ids.intersection(own_ids)))
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_loaded")


def _ids_by_kind(runtime: SiteRuntime) -> dict[Kind, Collection[str]]:
    record = runtime.coordinator.record
    return {
        Kind.SITE: {runtime.coordinator.site.id},
        Kind.METER: record["meters"],
        Kind.SENSOR: record["sensors"],
    }


def _stretch(call: ServiceCall, site: Site) -> tuple[datetime, datetime]:
    """Return the stretch up to now at most, in UTC; times without a zone are the site's."""
    now = dt_util.utcnow()
    start, end = (_utc(call.data.get(key, now), site) for key in (ATTR_FROM, ATTR_TO))
    if start >= now:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="from_in_future")
    if start >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="from_after_to")
    return start, min(end, now)


def _short_stretch(call: ServiceCall, site: Site) -> tuple[datetime, datetime]:
    start, end = _stretch(call, site)
    _limit(end - start, DAYS_OF_READINGS)
    return start, end


def _limit(length: timedelta, days: int) -> None:
    if length > timedelta(days=days):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="stretch_too_long",
            translation_placeholders={"days": str(days)},
        )


async def _async_sampled(call: ServiceCall, site: Site, ask: _Ask) -> list[Interval]:
    """Ask for all rows that the stretch touches, request by request, oldest first."""
    sampling = SAMPLINGS[call.data[ATTR_SAMPLING]]
    start, end = _stretch(call, site)
    start, _ = bucket_bounds(start, sampling, site.zone)
    _, end = bucket_bounds(end - datetime.resolution, sampling, site.zone)
    days = DAYS_A_REQUEST[sampling]
    _limit(end - start, days * REQUESTS_A_CALL)

    async def ask_once(start: datetime, end: datetime | None) -> list[Interval]:
        return await ask(start, end, zone=site.zone, sampling=sampling, priority=Priority.HISTORY)

    rows: list[Interval] = []
    with _errors():
        while start < end:
            until, _ = bucket_bounds(start + timedelta(days=days), sampling, site.zone)
            rows += await async_complete(ask_once, start, min(until, end))
            start = until
    return rows


@contextmanager
def _errors() -> Iterator[None]:
    """Say what Climkit did not answer, in the caller's language."""
    try:
        yield
    except ClimkitResponseError as err:
        key = _REFUSED.get(err.status) or error_key(err)
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=key) from err
    except ClimkitError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=error_key(err)) from err


# What is answered


def _row(
    interval: Interval, site: Site, is_wanted: Callable[[str], bool] = lambda _: True
) -> JsonObjectType:
    """Return a row with local times, and amounts by the API's names."""
    values = {
        column: round(value, DUST) for column, value in interval.values.items() if is_wanted(column)
    }
    return {"start": _local(interval.start, site), "end": _local(interval.end, site), **values}


def _unit(coordinator: SiteCoordinator, meter_id: str) -> str | None:
    """Return the unit of a meter's amounts; None for one that Climkit lists no more."""
    meter = coordinator.data.meters.get(meter_id)
    return METER_TYPES[meter.type].unit if meter else None


def _local(moment: datetime, site: Site) -> str:
    return moment.astimezone(site.zone).isoformat()


def _utc(moment: datetime, site: Site) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=site.zone)).astimezone(UTC)
