"""The steps in which costs are computed, and learned, from what the recorder has."""

from collections.abc import Collection
from datetime import date, datetime, timedelta, tzinfo
from functools import partial

from homeassistant.core import HomeAssistant

from ..api import local_midnight
from ..measures import METER_TYPES
from ..statistics import (
    async_hours,
    async_rebuild,
    async_rows,
    async_synchronize,
)
from .projection import DAYS, RecentDays
from .state import CostPage, CostState, costs_of
from .tariffs import Means, Tariffs


async def async_compute(
    hass: HomeAssistant, page: CostPage, tariffs: Tariffs, means: Means
) -> list[CostState]:
    """Compute a page from the stored amounts, and store what differs.

    An hour without a price, or without an amount, shall have no row. Home Assistant cannot delete
    single rows, so statistics with one too many are returned, to be written anew; then nothing is
    stored.
    """
    await async_synchronize(hass)  # what was about to be written is stored now
    start, end = page.range.start, page.range.end
    sources = {source for state in page.states for source in state.cost_series.sources}
    found = await async_rows(hass, sources, start, end)
    amounts = {source: rows for source, (rows, _) in found.items()}
    costs = await hass.async_add_executor_job(costs_of, page.states, amounts, tariffs, means)
    stored = await _async_stored_hours(hass, page)
    if wrong := [
        one
        for one in page.states
        if stored.get(one.statistic_id, set()) - costs[one.statistic_id].keys()
    ]:
        return wrong
    await async_rebuild(hass, page.states, page.range, costs)
    return []


async def _async_stored_hours(hass: HomeAssistant, page: CostPage) -> dict[str, set[datetime]]:
    """Return the hours of a page that have a cost, by cost id."""
    start, end = page.range.start, page.range.end
    reaching = [one.statistic_id for one in page.states if one.last and one.last.start >= start]
    if not reaching:
        return {}
    found = await async_rows(hass, reaching, start, end)
    return {cost_id: {row.start for row in rows} for cost_id, (rows, _) in found.items()}


async def async_learn_days(
    hass: HomeAssistant,
    states: Collection[CostState],
    today: date,
    zone: tzinfo,
    tariffs: Tariffs,
) -> None:
    """Let statistics know what the amounts of the last days before `today` cost."""
    start = local_midnight(today - timedelta(days=DAYS), zone)
    ids = [state.statistic_id for state in states]
    found = await async_hours(hass, ids, start, local_midnight(today, zone))
    for state in states:
        hours = found.get(state.statistic_id, {})
        amounts = tariffs.without_fees(state.cost_series.payer, hours)
        is_read_daily = not METER_TYPES[state.cost_series.meter_type].read_each_interval
        of = partial(RecentDays.of, amounts, today, zone, is_read_daily=is_read_daily)
        recent = await hass.async_add_executor_job(of)
        state.take_recent(recent)
