"""A month by hours and days, and a year by months, each with the year before; no request."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from homeassistant.core import HomeAssistant
from homeassistant.util.json import JsonObjectType, JsonValueType

from ..api import HOUR, floor_hour, local_midnight
from ..coordinator import Amounts
from ..statistics import Row, async_rows
from .amounts import all_rounded, async_amounts, async_costs, total
from .owners import Code, NoAnswerError, Owner


async def async_month(hass: HomeAssistant, owner: Owner, first: date) -> JsonObjectType:
    """Answer the month that begins on a day: hours, days, and the days of a year before.

    Raises NoAnswerError and RecorderError.
    """
    zone = owner.runtime.site.zone
    days, days_before = days_of_month(first), days_of_month(first.replace(year=first.year - 1))
    edges = [floor_hour(local_midnight(day, zone)) for day in days]
    ids = {name: series.statistic_id for name, series in owner.series.items()}
    found = await async_rows(hass, ids.values(), edges[0], edges[-1]) if ids else {}
    if not found and owner.is_being_read(first, days[-1]):
        raise NoAnswerError(Code.NO_DATA_YET)
    rows = {name: found[key][0] for name, key in ids.items() if key in found}
    answer = await hass.async_add_executor_job(_hours_and_days, ids, rows, edges)
    before = await async_amounts(hass, ids.values(), days_before, owner)
    costs = await async_costs(hass, [owner.id], days, owner)
    return answer | {
        "month": f"{first:%Y-%m}",
        "zone": str(zone),
        "start": int(edges[0].timestamp()),
        "days_before": {name: [*all_rounded(before[key])] for name, key in ids.items()},
        "cost_days": _unless_empty(costs[owner.id]),
        "currency": owner.runtime.costs.tariffs.currency,
    }


async def async_year(hass: HomeAssistant, owner: Owner, year: int) -> JsonObjectType:
    """Answer a year by months, and the year before. Raises RecorderError."""
    firsts = [date(year - 1 + number // 12, number % 12 + 1, 1) for number in range(25)]
    ids = {name: series.statistic_id for name, series in owner.series.items()}
    amounts = await async_amounts(hass, ids.values(), firsts, owner)
    months = {name: all_rounded(amounts[key]) for name, key in ids.items()}
    costs = await async_costs(hass, [owner.id], firsts[12:], owner)
    return {
        "year": year,
        "months": {name: [*one[12:]] for name, one in months.items()},
        "months_before": {name: [*one[:12]] for name, one in months.items()},
        "cost": _unless_empty(costs[owner.id]),
        "currency": owner.runtime.costs.tariffs.currency,
    }


def days_of_month(first: date) -> list[date]:
    """Return the days of a month, and the first one of the next month."""
    _, number = monthrange(first.year, first.month)
    return [first + timedelta(days=day) for day in range(number + 1)]


def _hours_and_days(
    names: Mapping[str, str], rows: Mapping[str, Sequence[Row]], edges: Sequence[datetime]
) -> JsonObjectType:
    """Arrange rows of a month by hours, from `edges[0]` on, and sum them up by days."""
    number = (edges[-1] - edges[0]) // HOUR
    day_starts = [(edge - edges[0]) // HOUR for edge in edges]
    hours: dict[str, JsonValueType] = {}
    days: dict[str, JsonValueType] = {}
    for name in names:
        amounts: Amounts = [None] * number
        for row in rows.get(name, ()):
            amounts[(row.start - edges[0]) // HOUR] = row.amount
        hours[name] = [*all_rounded(amounts)]
        days[name] = [*all_rounded(total(amounts[one:end]) for one, end in pairwise(day_starts))]
    return {"hours": hours, "day_starts": [*day_starts], "days": days}


def _unless_empty(amounts: Amounts) -> JsonValueType:
    return [*all_rounded(amounts)] if any(one is not None for one in amounts) else None
