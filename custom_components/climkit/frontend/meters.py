"""The table of a site's meters for a month, with the months of its year; no request."""

from datetime import date, datetime

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..api import Meter
from ..devices import name_by_user
from ..issues import silent_meters
from ..measures import CHARGE_POINT, ELECTRICITY, METER_TYPES, Series
from ..runtime import SiteRuntime
from .amounts import all_rounded, async_amounts, async_costs, rounded
from .overview import kind_of
from .owners import Code, NoAnswerError, Owner, Readable, series_by_owner

# What is consumed of the building's; that of charge points is a part of its electricity.
_BUILDINGS = {CHARGE_POINT: ELECTRICITY}


async def async_meters(
    hass: HomeAssistant, user: User, owner: Owner, first: date
) -> JsonObjectType:
    """Answer the meters that a user may see, for the month that begins on a day.

    Raises NoAnswerError and RecorderError.
    """
    runtime, now = owner.runtime, dt_util.utcnow()
    readable = Readable(hass, user)
    sees_site = readable.has(owner.id)
    meters = [one for one in runtime.meters.values() if readable.has(one.id)]
    labels = runtime.meter_labels
    series = series_by_owner(runtime)
    firsts = [*(date(first.year, month, 1) for month in range(1, 13)), date(first.year + 1, 1, 1)]
    month = first.month - 1
    totals = _site_totals(runtime) if sees_site else {}
    ids = {one.statistic_id for own in series.values() for one in own.values()}
    ids |= {one.statistic_id for one in totals.values()}
    months = await async_amounts(hass, ids, firsts, owner)
    if owner.is_being_read(*firsts[month : month + 2]) and not any(
        amounts[month] is not None for amounts in months.values()
    ):
        raise NoAnswerError(Code.NO_DATA_YET)
    costs = await async_costs(hass, [one.id for one in meters], firsts[month : month + 2], owner)
    silent = {meter.id for meter, _ in silent_meters(runtime, now)}
    buildings = {kind: months[one.statistic_id][month] for kind, one in totals.items()}

    def row(meter: Meter) -> JsonObjectType:
        own = series.get(meter.id, {})
        by_name = {name: months[one.statistic_id] for name, one in own.items()}
        main = next(iter(by_name.values()), [None] * 12)
        kind = kind_of(meter)
        building = buildings.get(_BUILDINGS.get(meter.type, meter.type))
        is_part = meter.type != ELECTRICITY or kind == "consumer"
        ends = (runtime.newest(one) for one in own.values())
        newest = max((end for end in ends if end), default=None)
        return {
            "meter_id": meter.id,
            "name": name_by_user(runtime, meter.id) or labels[meter.id],
            "kind": kind,
            "unit": METER_TYPES[meter.type].unit,
            "total": rounded(main[month]),
            "solar_share": _share(by_name["solar"][month], main[month])
            if "solar" in by_name
            else None,
            "cost": rounded(costs[meter.id][0]),
            "share": _share(main[month], building) if is_part else None,
            "last_data": int(newest.timestamp()) if newest else None,
            "is_silent": meter.id in silent,
            "months": [*all_rounded(main)],
        }

    return {
        "month": f"{first:%Y-%m}",
        "currency": runtime.costs.tariffs.currency,
        "peak": _peak(owner, first, now) if sees_site else None,
        "meters": [row(meter) for meter in meters],
    }


def _site_totals(runtime: SiteRuntime) -> dict[str, Series]:
    """Return what the whole site consumes, by type of meter."""
    return {
        one.feed.meter_type: one
        for one in runtime.series.values()
        if one.meter_id is None and one.measure.key == "conso_total"
    }


def _share(part: float | None, whole: float | None) -> float | None:
    """Return 0 to 1; None where there is too little to tell."""
    if part is None or whole is None or whole <= 0:
        return None
    return rounded(min(max(part / whole, 0.0), 1.0))


def _peak(owner: Owner, first: date, now: datetime) -> JsonObjectType | None:
    """Return the highest quarter-hour of grid import; only that of the current month is known."""
    imported = owner.series.get("import")
    if imported is None or owner.today.replace(day=1) != first:
        return None
    peak = owner.runtime.periods.peaks.peak(imported, now)
    if peak is None:
        return None
    return {"kw": rounded(peak.power), "start": int(peak.start.timestamp())}
