"""Amounts and costs of local days, months and years, out of the hourly statistics.

An amount is the running total at a stretch's end minus the one at its beginning: so it is what
entities and the Energy dashboard show, and needs no request. None where no hour has data.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import fsum

from homeassistant.core import HomeAssistant

from ..api import local_midnight
from ..coordinator import Amounts
from ..statistics import Row, TimeRange, async_last_rows_before
from .owners import Owner

# Decimals of what is answered.
DECIMALS = 4


def rounded(amount: float | None) -> float | None:
    """Return an amount as it is answered."""
    return None if amount is None else round(amount, DECIMALS) + 0.0  # never -0.0


def all_rounded(amounts: Iterable[float | None]) -> Amounts:
    """Return amounts as they are answered."""
    return [rounded(amount) for amount in amounts]


def amounts_between(rows: Sequence[Row | None], times: Sequence[datetime]) -> Amounts:
    """Return the amounts from each time to the next one, given the last row before each of them."""
    amounts: Amounts = []
    for (before, last), start in zip(pairwise(rows), times[:-1], strict=True):
        has_data = last is not None and last.start >= start
        total = before.total if before else 0.0
        amounts.append(last.total - total if last and has_data else None)
    return amounts


def summed(parts: Iterable[Amounts], number: int) -> Amounts:
    """Return the sums of `number` amounts; None where no part has one."""
    return [total(one) for one in zip(*parts, strict=True)] or [None] * number


def total(amounts: Iterable[float | None]) -> float | None:
    """Return the sum of amounts; None where there is none."""
    known = [amount for amount in amounts if amount is not None]
    return fsum(known) if known else None


async def async_amounts(
    hass: HomeAssistant, statistic_ids: Collection[str], days: Sequence[date], owner: Owner
) -> dict[str, Amounts]:
    """Return the amounts from each local day of a site to the next one, by statistic.

    Raises RecorderError.
    """
    times = [local_midnight(day, owner.runtime.site.zone) for day in days]
    rows = await async_last_rows_before(hass, statistic_ids, times)
    return {key: amounts_between(found, times) for key, found in rows.items()}


async def async_costs(
    hass: HomeAssistant, owner_ids: Collection[str], days: Sequence[date], owner: Owner
) -> dict[str, Amounts]:
    """Return what sites and meters cost from each local day to the next one, fees included.

    As the entities do: nothing before all of a site or meter is computed, no cost where no hour has
    one, and no fee of days to come. Of today and of this month it is what they show. A month's
    highest quarter-hour, where it has a price, is in months, and in no days.
    """
    costs = owner.runtime.costs
    bills, plan = costs.bills, costs.plan
    zone = owner.runtime.site.zone
    starts = [local_midnight(day, zone) for day in days]
    unknown: Amounts = [None] * (len(days) - 1)
    span = TimeRange(starts[0], starts[-1])
    known = {one for one in owner_ids if plan.cost_ids_of(one) and costs.is_known(one, span)}
    ids = {cost_id for one in known for cost_id in plan.cost_ids_of(one)}
    amounts = await async_amounts(hass, ids, days, owner) if ids else {}
    running = [
        start in {bills.day_start, bills.month_start} and end > owner.today
        for start, end in zip(starts[:-1], days[1:], strict=True)
    ]

    def cost(owner_id: str, index: int, amount: float | None) -> float | None:
        first, last = days[index], days[index + 1] - timedelta(days=1)
        if running[index]:
            is_today = first == last
            return bills.cost_today(owner_id) if is_today else bills.cost_this_month(owner_id)
        power = bills.power(owner_id, first, last) if first < last else 0.0
        if amount is None or power is None:
            return None
        return amount + bills.fee_so_far(owner_id, first, last) + power

    def costs_of(owner_id: str) -> Amounts:
        if owner_id not in known:
            return [*unknown]
        found = summed((amounts[key] for key in plan.cost_ids_of(owner_id)), len(unknown))
        return [cost(owner_id, index, amount) for index, amount in enumerate(found)]

    return {one: costs_of(one) for one in owner_ids}
