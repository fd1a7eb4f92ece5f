"""A day's curve: the quarter-hours of a flat, a meter or a building."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

from homeassistant.core import HomeAssistant
from homeassistant.util.json import JsonObjectType, JsonValueType

from ..api import HOUR, INTERVAL, floor_hour
from ..coordinator import Amounts, Day, DayRefusedError, DayUnavailableError, Quarters
from ..costs import Means, Tariffs
from ..measures import CHARGE_POINT, Price
from .amounts import all_rounded, async_amounts, async_costs, rounded, total
from .owners import Code, NoAnswerError, Owner

QUARTERS_AN_HOUR = HOUR // INTERVAL


async def async_day(hass: HomeAssistant, owner: Owner, day: date) -> JsonObjectType:
    """Answer a local day of a site or meter. Raises NoAnswerError and RecorderError.

    A day of quarter-hours that is not in memory costs one request; meters that are read once a day
    are answered out of the statistics.
    """
    site = owner.runtime.site
    following = day + timedelta(days=1)
    whole = Day.of(day, site)
    [cost] = (await async_costs(hass, [owner.id], [day, following], owner))[owner.id]
    answer: JsonObjectType = {
        "day": day.isoformat(),
        "zone": str(site.zone),
        "start": int(whole.start.timestamp()),
        "is_today": day == owner.today,
        "cost": rounded(cost),
        "currency": owner.runtime.costs.tariffs.currency,
    }
    if owner.is_read_each_interval:
        columns = await _async_quarters(owner, day)
        step, count = INTERVAL, whole.count
    else:
        columns = await _async_amounts_of_day(hass, owner, day)
        step, count = timedelta(days=1), 1
    means = await owner.runtime.costs.async_copied_means(whole)
    return answer | {
        "step": int(step.total_seconds()),
        "count": count,
        "columns": {name: [*all_rounded(amounts)] for name, amounts in columns.items()},
        "sums": {name: rounded(total(amounts)) for name, amounts in columns.items()},
        **_prices(owner, whole, count, means),
        "peak": _peak(columns, whole) if owner.is_read_each_interval else None,
    }


async def _async_quarters(owner: Owner, day: date) -> dict[str, Amounts]:
    """Return the quarter-hours of all series; those of one feed come with one request."""
    by_feed: dict[object, Quarters] = {}
    columns: dict[str, Amounts] = {}
    for name, series in owner.series.items():
        if series.feed not in by_feed:
            try:
                by_feed[series.feed] = await owner.runtime.days.async_quarters(series.feed, day)
            except DayRefusedError as err:
                raise NoAnswerError(Code.REFUSED) from err
            except DayUnavailableError as err:
                raise NoAnswerError(Code.UNAVAILABLE) from err
        columns[name] = by_feed[series.feed].amounts(series.column)
    return columns


async def _async_amounts_of_day(hass: HomeAssistant, owner: Owner, day: date) -> dict[str, Amounts]:
    ids = {name: series.statistic_id for name, series in owner.series.items()}
    following = day + timedelta(days=1)
    amounts = await async_amounts(hass, set(ids.values()), [day, following], owner)
    columns = {name: amounts[statistic_id] for name, statistic_id in ids.items()}
    if all(one == [None] for one in columns.values()) and owner.is_being_read(day, following):
        raise NoAnswerError(Code.NO_DATA_YET)
    return columns


def _peak(columns: dict[str, Amounts], day: Day) -> JsonObjectType | None:
    """Return the highest quarter-hour of what is consumed, else of all there is, in kW."""
    named = (columns.get(name) for name in ("total", "consumption", "import", "production"))
    amounts = next((one for one in named if one is not None), [])
    known = {index: amount for index, amount in enumerate(amounts) if amount is not None}
    if not known:
        return None
    index, amount = max(known.items(), key=lambda one: one[1])
    start = day.start + index * INTERVAL
    return {
        "kw": rounded(max(0.0, amount) * QUARTERS_AN_HOUR),
        "start": int(start.timestamp()),
    }


def _prices(owner: Owner, day: Day, count: int, means: Means) -> JsonObjectType:
    """Return the price of grid energy in each quarter-hour, and where the low tariff holds.

    `means`: what sensors told of the hours that are over; see `Tariffs.price`.
    """
    tariffs = owner.runtime.costs.tariffs
    is_charge_point = owner.meter is not None and owner.meter.type == CHARGE_POINT
    price = Price.CHARGE_POINT_GRID if is_charge_point else Price.GRID
    if count == 1:
        return {"price": None, "low": []}
    hours = [floor_hour(day.start + index * INTERVAL) for index in range(count)]
    prices = [tariffs.price(price, hour, means) for hour in hours]
    has_price = any(one is not None for one in prices)
    low: list[JsonValueType] = [[*one] for one in _stretches_of_low(tariffs, hours)]
    return {"price": [*prices] if has_price else None, "low": low}


def _stretches_of_low(tariffs: Tariffs, hours: list[datetime]) -> Iterator[tuple[int, int]]:
    """Return the first index and the one behind the last of each stretch of the low tariff."""
    indexes = range(len(hours))
    for is_low, stretch in groupby(indexes, lambda index: tariffs.is_low(hours[index])):
        if is_low:
            first, *others = stretch
            yield first, first + len(others) + 1
