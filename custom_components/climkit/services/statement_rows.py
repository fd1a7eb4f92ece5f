"""What a statement says, of a site's meters or one of them; loaded when one is asked for."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from typing import NamedTuple

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonArrayType, JsonValueType

from ..api import HOUR, floor_hour
from ..const import DOMAIN
from ..devices import name_by_user
from ..history import USUAL_LATENESS
from ..measures import METER_TYPES, Series
from ..runtime import SiteRuntime
from ..statistics import are_one_a_day, async_hours, async_synchronize, hours_of_day
from .statement import (
    Costs,
    DaySpan,
    GapReason,
    Gaps,
    Measured,
    as_csv,
    figures,
    gaps,
    part_of,
    peak_series,
)
from .target import ATTR_FORMAT, ATTR_FROM, ATTR_TO, CSV

SITE = "site"

# A year; all hours of all meters are read from the database.
MOST_DAYS = 366
# Whether a row is its day's only one, so many days before the first tell too.
_BEFORE = timedelta(days=14)

type _Hours = Mapping[str, Mapping[datetime, float]]
type _Row = dict[str, JsonValueType]


class _Owner(NamedTuple):
    """A site or meter: one row of a statement; `type` is a meter's, or `site`."""

    id: str
    name: str
    type: str
    series: list[Series]

    @property
    def cost_ids(self) -> list[str]:
        """Ids of the statistics of costs that there may be."""
        return [one.cost_id for one in self.series]


async def async_answer(call: ServiceCall, runtime: SiteRuntime, owner_id: str) -> ServiceResponse:
    """Answer a statement."""
    span = _span_of(call, runtime)
    stated = await _async_rows(call.hass, runtime, _owners(runtime, owner_id), span)
    zone, currency = runtime.site.zone, runtime.costs.tariffs.currency
    days: _Row = {ATTR_FROM: span.first.isoformat(), ATTR_TO: span.last.isoformat()}
    found = {reason for _, lacking in stated for reason in lacking.reasons}
    reasons: JsonArrayType = [reason.value for reason in GapReason if reason in found]
    answer: dict[str, JsonValueType] = {
        "site_id": runtime.site.id,
        **days,
        "start": span.hours.start.astimezone(zone).isoformat(),
        "end": span.hours.end.astimezone(zone).isoformat(),
        "currency": currency,
        "complete": not reasons,
        "reasons": reasons,
    }
    if call.data[ATTR_FORMAT] == CSV:
        answer["csv"] = as_csv(days | {"currency": currency} | row for row, _ in stated)
    else:
        answer["rows"] = [row for row, _ in stated]
    return answer


def _span_of(call: ServiceCall, runtime: SiteRuntime) -> DaySpan:
    """Return the days that a call names, up to today at most."""
    zone = runtime.site.zone
    today = dt_util.utcnow().astimezone(zone).date()
    first: date = call.data[ATTR_FROM]
    last: date = call.data.get(ATTR_TO, today)
    if first > today:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="from_in_future")
    if first > last:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="days_inverted")
    last = min(last, today)
    if (last - first).days >= MOST_DAYS:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="too_many_days",
            translation_placeholders={"days": str(MOST_DAYS)},
        )
    return DaySpan.of(first, last, zone)


def _owners(runtime: SiteRuntime, owner_id: str) -> list[_Owner]:
    """Return the rows there shall be: a meter, or a site (if its totals are wanted) and its meters.

    Raises ServiceValidationError for a meter that Climkit lists no more.
    """
    site, meters = runtime.site, runtime.meters
    names = {site.id: runtime.label, **runtime.meter_labels}
    types = {site.id: SITE} | {key: meter.type for key, meter in meters.items()}
    series: dict[str, list[Series]] = {key: [] for key in types}
    for one in runtime.series.values():
        series[one.owner_id].append(one)
    if owner_id not in types:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_loaded")
    wanted = [owner_id] if owner_id != site.id else [key for key in types if series[key]]
    return [
        _Owner(
            id=key,
            name=name_by_user(runtime, key) or names[key],
            type=types[key],
            series=series[key],
        )
        for key in wanted
    ]


async def _async_rows(
    hass: HomeAssistant, runtime: SiteRuntime, owners: list[_Owner], span: DaySpan
) -> list[tuple[_Row, Gaps]]:
    """Return a row for each owner, and what it lacks.

    What an owner has is read at once, so that amounts and costs agree.
    """
    costs, hours = runtime.costs, span.hours
    pending = {one.id for one in owners if costs.is_pending(one.cost_ids, hours)}
    await async_synchronize(hass)  # what was about to be written is stored now
    rows = []
    for owner in owners:
        ids = {one.statistic_id for one in owner.series}.union(owner.cost_ids)
        found = await async_hours(hass, ids, hours.start, hours.end)
        daily = {one.statistic_id for one in owner.series if not _is_frequent(one)}
        before = await async_hours(hass, daily, hours.start - _BEFORE, hours.start)
        is_pending = owner.id in pending or costs.is_pending(owner.cost_ids, hours)
        measured = _measured(runtime, owner, found, before)
        rows.append(
            await _async_row(hass, runtime, owner, span, measured, found, is_pending=is_pending)
        )
    return rows


async def _async_row(
    hass: HomeAssistant,
    runtime: SiteRuntime,
    owner: _Owner,
    span: DaySpan,
    measured: list[Measured],
    found: _Hours,
    *,
    is_pending: bool,
) -> tuple[_Row, Gaps]:
    """Return the row of an owner, and what it lacks, from its hours, by statistic id."""
    site, costs, now = runtime.site, runtime.costs, dt_util.utcnow()
    plan, bills = costs.plan, costs.bills
    whole = [Costs(found.get(one, {}), plan.payer_in(one)) for one in plan.cost_ids_of(owner.id)]
    has_fee = owner.id in plan.payers
    fees = bills.fee_so_far(owner.id, span.first, span.last) if has_fee else None
    has_power_price = plan.has_power_price(owner.id, span.first, span.last)
    power = bills.power(owner.id, span.first, span.last) if has_power_price else None
    is_peak_unknown = has_power_price and power is None
    created = floor_hour(site.created) if site.created else None
    # A year of hours is not summed up in the event loop.
    sums = await hass.async_add_executor_job(
        partial(
            figures,
            measured,
            whole,
            fees,
            costs.tariffs,
            is_pending=is_pending,
            power=power,
            is_peak_unknown=is_peak_unknown,
        )
    )
    lacking = await hass.async_add_executor_job(
        partial(
            gaps,
            measured,
            span.hours,
            now,
            created,
            is_pending=is_pending,
            is_peak_unknown=is_peak_unknown,
            is_price_awaited=costs.is_price_awaited,
        )
    )
    row: _Row = {
        "id": owner.id,
        "name": owner.name,
        "type": owner.type,
        **sums,
        **_peak(runtime, owner, span, now),
        "complete": not lacking.reasons,
        "missing_hours": lacking.missing_hours,
        "reasons": [reason.value for reason in lacking.reasons],
    }
    return row, lacking


def _is_frequent(series: Series) -> bool:
    """Whether the meter is read more often than once a day."""
    return METER_TYPES[series.feed.meter_type].read_each_interval


def _measured(runtime: SiteRuntime, owner: _Owner, found: _Hours, before: _Hours) -> list[Measured]:
    """Return what is stated of an owner's series, from its hours and those of days before."""
    history = runtime.history
    stored = {one.series.statistic_id for one in history.states if one.last}
    measured = []
    for one in owner.series:
        if (part := part_of(one)) is None:
            continue
        is_frequent = _is_frequent(one)
        amounts = found.get(one.statistic_id, {})
        earlier = before.get(one.statistic_id, {})
        measured.append(
            Measured(
                part=part,
                amounts=amounts,
                costs=Costs(found.get(one.cost_id, {}), runtime.costs.plan.payer_in(one.cost_id)),
                is_stored=one.statistic_id in stored,
                is_awaited=history.is_awaited(one.statistic_id),
                lateness=2 * HOUR if is_frequent else USUAL_LATENESS,
                newest=runtime.coordinator.last_measurement if is_frequent else None,
                told=frozenset() if is_frequent else _told(amounts, earlier, runtime.site.zone),
            )
        )
    return measured


def _told(hours: Collection[datetime], before: Collection[datetime], zone: tzinfo) -> set[datetime]:
    """Return the hours of which the only row of their day tells.

    None where days have several, these or some `before`.
    """
    if not are_one_a_day([*before, *hours], zone):
        return set()
    days = [hour.astimezone(zone).date() for hour in hours]
    return {hour for day in days for hour in hours_of_day(day, zone)}


def _peak(runtime: SiteRuntime, owner: _Owner, span: DaySpan, now: datetime) -> _Row:
    """Return the highest quarter-hour of the days; only the running month's are remembered."""
    series, zone = peak_series(owner.series), runtime.site.zone
    is_this_month = span.hours.start >= runtime.periods.peaks.month(now)
    days = range(span.first.day, span.last.day + 1)
    peak = runtime.periods.peaks.peak(series, now, days) if series and is_this_month else None
    return {
        "peak_kw": peak.power if peak else None,
        "peak_at": peak.start.astimezone(zone).isoformat() if peak else None,
    }
