"""Whether a home holds what its source says, hour by hour, and what its tariffs make of it."""

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from homeassistant.util import dt as dt_util

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.statistics.rows import Row
from tests.conftest import Home
from tests.costs.bill import (
    ZURICH,
    Told,
    always,
    anything_told,
    costs_by_hand,
    fees_by_hand,
    nothing_told,
    power_by_hand,
    projected_by_hand,
    source_fees,
    source_prices,
)
from tests.stories.source import SITE_ID
from tests.truth import climkit_hours, stored_rows

TOLERANCE = 1e-6
HOUR = timedelta(hours=1)

_PARTS = [
    f"{DOMAIN}:{SITE_ID}_{part}_cost"
    for part in ("electricity_conso_total", "cold_water_conso_total")
]

_LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)


async def assert_true(
    home: Home, tariffs: Collection[Mapping[str, Any]], told: Told = nothing_told
) -> None:
    """Every hour of every series is the source's, and costs what its tariff or a sensor says.

    No other hour is there, and sums go on.
    """
    expected = climkit_hours(home, dt_util.utcnow())
    costs = expected_costs(home, tariffs, told)
    stored = await stored_rows(home.hass)
    assert stored.keys() >= expected.keys() | costs.keys()
    for key, rows in stored.items():
        assert_rows(key, rows, (expected | costs).get(key, {}))
    [site] = home.sites
    for series in site.series.values():
        total = site.history.total(series)
        last = next(reversed(stored.get(series.statistic_id, [])), None)
        assert total == (last.total if last else None), series.statistic_id
    _assert_spent(home, tariffs, costs)
    _assert_projected(home, tariffs, costs, stored)


def expected_costs(
    home: Home, tariffs: Collection[Mapping[str, Any]], told: Told
) -> dict[str, dict[datetime, float]]:
    """What each hour costs, of what costs something."""
    costs = costs_by_hand(home, source_prices(tariffs, told), source_fees(tariffs))
    return {key: hours for key, hours in costs.items() if hours}


def _assert_spent(
    home: Home,
    tariffs: Collection[Mapping[str, Any]],
    costs: Mapping[str, Mapping[datetime, float]],
) -> None:
    """The entities say what the site cost today and this month, with fees and power."""
    now = dt_util.utcnow().astimezone(ZURICH)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [costs.get(part, {}) for part in _PARTS]
    if not any(hours) and not home.has_entity(f"{SITE_ID}_cost_today"):
        return
    for key, since in (("cost_today", today), ("cost_this_month", today.replace(day=1))):
        spent = [cost for one in hours for hour, cost in one.items() if hour >= since]
        fees = fees_by_hand(tariffs, "site_fee", since.date(), today.date(), but_spread=True)
        power = (
            power_by_hand(home, tariffs, since.date(), dt_util.utcnow())
            if key == "cost_this_month"
            else 0.0
        )
        state = home.state(f"{SITE_ID}_{key}").state
        if spent and power is not None:
            assert abs(float(state) - sum(spent) - fees - power) < 1e-4, (key, state)
        else:
            assert state == "unknown", (key, state)
    _assert_last_month(home, tariffs, hours, today.replace(day=1))


def _assert_last_month(
    home: Home,
    tariffs: Collection[Mapping[str, Any]],
    hours: Collection[Mapping[datetime, float]],
    month: datetime,
) -> None:
    """What is known of the month before is all of it, its fees and its power too."""
    last_day = (month - timedelta(days=1)).date()
    start = datetime.combine(last_day.replace(day=1), time.min, tzinfo=ZURICH)
    spent = [cost for one in hours for hour, cost in one.items() if start <= hour < month]
    known = home.sites[0].costs.bills.cost_last_month(SITE_ID)
    if spent:
        fees = fees_by_hand(tariffs, "site_fee", start.date(), last_day, but_spread=True)
        power = power_by_hand(home, tariffs, start.date(), dt_util.utcnow())
        assert None not in (known, power)
        assert abs((known or 0) - sum(spent) - fees - (power or 0)) < 1e-4, known
    else:
        assert known is None


def _assert_projected(
    home: Home,
    tariffs: Collection[Mapping[str, Any]],
    costs: Mapping[str, Mapping[datetime, float]],
    stored: Mapping[str, Sequence[Row]],
) -> None:
    """What is projected goes on from the newest hour like the last days; where it is on."""
    unique_id = f"{SITE_ID}_cost_projected"
    if not home.has_entity(unique_id) or not home.is_on(unique_id):
        return
    known_until = {
        key: max(
            (row.start + HOUR for row in stored.get(key, ()) if row.amount is not None),
            default=None,
        )
        for key in _PARTS
    }
    prices = source_prices(tariffs, anything_told)
    in_hours = source_fees(tariffs)
    expected = [
        projected_by_hand(
            costs.get(key, {}), until, [*prices[key].values()], in_hours.get(key, always(0.0))
        )
        for key, until in known_until.items()
        if until
    ]
    state = home.state(unique_id)
    known = [one for one in expected if one is not None]
    today = dt_util.utcnow().astimezone(ZURICH).date()
    power = power_by_hand(home, tariffs, today.replace(day=1), dt_util.utcnow())
    if known and len(known) == len(expected) and power is not None:
        last = today.replace(day=monthrange(today.year, today.month)[1])
        fees = fees_by_hand(tariffs, "site_fee", today.replace(day=1), last, but_spread=True)
        assert abs(float(state.state) - sum(known) - fees - power) < 1e-4, state
    else:
        assert state.state == "unknown", state


def assert_rows(key: str, rows: Sequence[Row], expected: dict[datetime, float]) -> None:
    """The rows of one statistic say what is expected; an hour that was withdrawn says nothing."""
    amounts = {row.start: row.amount for row in rows if row.amount is not None}
    missing = [hour.isoformat() for hour in sorted(expected.keys() - amounts.keys())]
    assert not missing, f"{key} lacks {len(missing)} hours: {missing[:3]} ... {missing[-1]}"
    outside = [hour.isoformat() for hour in sorted(amounts.keys() - expected.keys())]
    assert not outside, f"{key} has {len(outside)} hours too many: {outside[:3]}"
    wrong = {
        hour.isoformat(): (amounts[hour], amount)
        for hour, amount in expected.items()
        if abs(amounts[hour] - amount) >= TOLERANCE
    }
    assert not wrong, f"{key} is wrong in {len(wrong)} hours: {dict(list(wrong.items())[:3])}"
    assert len({row.start for row in rows}) == len(rows), f"{key} has an hour twice"
    for before, row in pairwise([Row(_LONG_AGO, None, 0.0), *rows]):
        jump = row.total - before.total - (row.amount or 0)
        assert abs(jump) < TOLERANCE, f"{key} jumps by {jump} at {row.start}"
