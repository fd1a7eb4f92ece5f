"""Actions that answer Climkit's data of a stretch of time: for scripts, cards and notebooks.

Everybody may call them. They ask the API and store nothing; their requests wait like those for
history, behind what is new.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from copy import replace
from datetime import datetime
from functools import partial
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonArrayType
import voluptuous as vol

from ..api import HOUR, INTERVAL, Interval, Priority, Query, Sampling, Site, bucket_bounds
from ..const import DOMAIN
from ..errors import action_errors
from ..feeds import ask_completely
from ..measures import ELECTRICITY, METER_TYPES, split_column
from ..runtime import SiteRuntime
from .target import (
    ATTR_FROM,
    ATTR_TO,
    TargetKind,
    async_find,
    days_later,
    plausible_time,
    refuse_too_long,
    refuse_too_many,
    target_of,
    time_range_of,
)

GET_SITE_DATA = "get_site_data"
GET_METER_DATA = "get_meter_data"
GET_METER_READINGS = "get_meter_readings"
GET_SENSOR_DATA = "get_sensor_data"

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
ROW_DECIMALS = 9

_STRETCH = {
    vol.Required(ATTR_DEVICE_ID): cv.string,
    vol.Required(ATTR_FROM): plausible_time,
    vol.Optional(ATTR_TO): plausible_time,
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


type _Answer = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
type _Ask = Callable[[Query], Awaitable[list[Interval]]]


@callback
def async_setup_data_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, answer, schema in (
        (GET_SITE_DATA, _async_site_data, SITE_DATA_SCHEMA),
        (GET_METER_DATA, _async_meter_data, METER_DATA_SCHEMA),
        (GET_METER_READINGS, _async_meter_readings, READINGS_SCHEMA),
        (GET_SENSOR_DATA, _async_sensor_data, READINGS_SCHEMA),
    ):
        hass.services.async_register(
            DOMAIN, name, partial(_async_run, answer), schema, SupportsResponse.ONLY
        )


async def _async_run(answer: _Answer, call: ServiceCall) -> ServiceResponse:
    """Answer, as long as the account of the device is loaded."""
    runtime, _, _ = async_find(call.hass, call.data[ATTR_DEVICE_ID])
    return await runtime.async_run(answer(call))


async def _async_site_data(call: ServiceCall) -> ServiceResponse:
    """Answer the rows of a site; those of its meters only where they are wanted."""
    runtime, site_id = target_of(call, TargetKind.SITE)
    meter_type = call.data[ATTR_METER_TYPE]

    def is_wanted(column: str) -> bool:
        of_meter = split_column(column)
        if of_meter is None:
            return True
        return call.data[ATTR_WITH_METERS] and runtime.inventory.wants(of_meter[1])

    ask = partial(runtime.client.site_data, site_id, meter_type)
    width = sum(map(is_wanted, runtime.coordinator.columns(meter_type)))
    rows = await _async_sampled(call, runtime.site, ask, width, is_wanted)
    return {
        "site_id": site_id,
        "meter_type": meter_type,
        "sampling": call.data[ATTR_SAMPLING],
        "unit": METER_TYPES[meter_type].unit,
        "rows": await _async_listed(call, rows, runtime.site),
    }


async def _async_meter_data(call: ServiceCall) -> ServiceResponse:
    """Answer the rows of a meter."""
    runtime, meter_id = target_of(call, TargetKind.METER)
    ask = partial(runtime.client.meter_data, runtime.site.id, meter_id)
    rows = await _async_sampled(call, runtime.site, ask, width=1)
    return {
        "meter_id": meter_id,
        "sampling": call.data[ATTR_SAMPLING],
        "unit": _unit(runtime, meter_id),
        "rows": await _async_listed(call, rows, runtime.site),
    }


async def _async_meter_readings(call: ServiceCall) -> ServiceResponse:
    """Answer the registers of a physical meter."""
    runtime, meter_id = target_of(call, TargetKind.METER)
    meter = runtime.meters.get(meter_id)
    if meter and meter.is_rule_meter:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_readings")
    site = runtime.site
    query = _readings_query(call, site)
    with action_errors():
        readings = await runtime.client.meter_data_raw(site.id, meter_id, query)
    refuse_too_many(sum(len(one.registers) for one in readings))
    return {
        "meter_id": meter_id,
        "unit": _unit(runtime, meter_id),
        "rows": [{"time": _local(one.at, site), **one.registers} for one in readings],
    }


async def _async_sensor_data(call: ServiceCall) -> ServiceResponse:
    """Answer the values of a sensor."""
    runtime, sensor_id = target_of(call, TargetKind.SENSOR)
    site, sensor = runtime.site, runtime.sensors.data.get(sensor_id)
    query = _readings_query(call, site)
    with action_errors():
        readings = await runtime.client.sensor_data(site.id, sensor_id, query)
    refuse_too_many(len(readings))
    return {
        "sensor_id": sensor_id,
        "unit": sensor.unit if sensor else None,
        "rows": [{"time": _local(one.at, site), "value": one.value} for one in readings],
    }


def _readings_query(call: ServiceCall, site: Site) -> Query:
    """Return what to ask for of readings; refuse what is too long for one request."""
    start, end = time_range_of(call, site)
    refuse_too_long(start, end, DAYS_OF_READINGS, site.zone)
    return Query(start, end, site.zone, priority=Priority.HISTORY)


async def _async_sampled(
    call: ServiceCall,
    site: Site,
    ask: _Ask,
    width: int,
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> list[Interval]:
    """Ask for all rows that the stretch touches, request by request, oldest first.

    `width`: how many values a row is known to have at least. Only wanted columns are kept.
    """
    sampling = SAMPLINGS[call.data[ATTR_SAMPLING]]
    position, end = time_range_of(call, site)
    days = DAYS_A_REQUEST[sampling]
    refuse_too_long(position, end, days * REQUESTS_A_CALL, site.zone)
    start, _ = bucket_bounds(position, sampling, site.zone)
    _, last = bucket_bounds(end - datetime.resolution, sampling, site.zone)
    refuse_too_many(_number_of_rows(start, last, sampling) * width)

    async def ask_once(start: datetime, end: datetime | None) -> list[Interval]:
        return await ask(Query(start, end, site.zone, sampling, Priority.HISTORY))

    rows: list[Interval] = []
    with action_errors():
        while start < last:
            # Counted from what was wanted: a first row that reaches further makes no request more.
            position = min(days_later(position, days, site.zone), end)
            _, until = bucket_bounds(position - datetime.resolution, sampling, site.zone)
            found = await ask_completely(ask_once, start, until)
            rows += await call.hass.async_add_executor_job(_only, found, is_wanted)
            refuse_too_many(sum(len(row.values) for row in rows))
            start = until
    return rows


def _number_of_rows(start: datetime, end: datetime, sampling: Sampling) -> int:
    """Return how many rows a stretch has; long ones are so few that they do not count."""
    length = {Sampling.QUARTER_HOUR: INTERVAL, Sampling.HOUR: HOUR}.get(sampling)
    return (end - start) // length if length else 0


def _only(intervals: Sequence[Interval], is_wanted: Callable[[str], bool]) -> list[Interval]:
    """Return intervals without the columns that nobody wants."""
    return [
        replace(one, values={c: value for c, value in one.values.items() if is_wanted(c)})
        for one in intervals
    ]


# What is answered


async def _async_listed(
    call: ServiceCall, intervals: Sequence[Interval], site: Site
) -> JsonArrayType:
    """Return rows with local times, and amounts by the API's names.

    There may be very many amounts, so this is not done in the event loop.
    """

    def listed() -> JsonArrayType:
        return [
            {
                "start": _local(interval.start, site),
                "end": _local(interval.end, site),
                **{column: round(value, ROW_DECIMALS) for column, value in interval.values.items()},
            }
            for interval in intervals
        ]

    return await call.hass.async_add_executor_job(listed)


def _unit(runtime: SiteRuntime, meter_id: str) -> str | None:
    """Return the unit of a meter's amounts; None for one that Climkit lists no more."""
    meter = runtime.meters.get(meter_id)
    return METER_TYPES[meter.type].unit if meter else None


def _local(moment: datetime, site: Site) -> str:
    return moment.astimezone(site.zone).isoformat()
