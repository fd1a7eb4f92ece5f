"""What a site or meter used in some days, what it cost, and what is not known of it.

Pure: no I/O, no clock. Sums are those of hours as statistics hold them, so they equal statistics
and cost entities. What is absent is None, never 0.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
import csv
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from io import StringIO
from math import fsum
import re
from typing import NamedTuple, Self

from homeassistant.util.json import JsonValueType

from ..api import floor_hour, local_midnight
from ..const import DECIMALS
from ..costs import Payer, Tariffs
from ..measures import Series, TimeOfUse
from ..statistics import TimeRange


class Part(StrEnum):
    """What is stated of an amount; the value is the name of its figure, with the unit."""

    TOTAL = "total_kwh"
    GRID = "grid_kwh"
    SOLAR = "solar_kwh"
    PRODUCED = "produced_kwh"
    EXPORTED = "exported_kwh"
    COLD_WATER = "cold_water_m3"
    HOT_WATER = "hot_water_m3"
    HEATING = "heating_kwh"
    COOLING = "cooling_kwh"


# The figure of what a part costs; what is exported is earned. The total is the sum of its parts.
COSTS: Mapping[Part, str] = {
    Part.GRID: "grid_cost",
    Part.SOLAR: "solar_cost",
    Part.EXPORTED: "export_compensation",
    Part.COLD_WATER: "cold_water_cost",
    Part.HOT_WATER: "hot_water_cost",
    Part.HEATING: "heating_cost",
    Part.COOLING: "cooling_cost",
}

# All figures of a row, in the order of a table.
FIGURES = (
    Part.TOTAL.value,
    Part.GRID.value,
    "grid_high_kwh",
    "grid_low_kwh",
    *(part.value for part in Part if part not in {Part.TOTAL, Part.GRID}),
    COSTS[Part.GRID],
    "grid_high_cost",
    "grid_low_cost",
    "grid_mean_price",
    *(key for part, key in COSTS.items() if part is not Part.GRID),
    "fees",
    "power_cost",
    "total_cost",
)

_BY_METER_TYPE = {
    "cold_water": Part.COLD_WATER,
    "hot_water": Part.HOT_WATER,
    "heating": Part.HEATING,
    "cooling": Part.COOLING,
}
_BY_MEASURE = {
    "energy": Part.TOTAL,
    "consumption": Part.TOTAL,
    "grid_energy": Part.GRID,
    "grid_import": Part.GRID,
    "solar_energy": Part.SOLAR,
    "self_consumption": Part.SOLAR,
    "production": Part.PRODUCED,
    "grid_export": Part.EXPORTED,
}

# The measures whose peak is stated, the first one that an owner has.
_PEAKS = ("grid_import", "energy", "production")


class GapReason(StrEnum):
    """Why a row is not complete."""

    STILL_TO_COME = "still_to_come"
    """The stretch is not over, or the newest hours are not there yet."""
    IMPORTING = "importing"
    """Hours are missing that are still to be read from Climkit."""
    HOURS_MISSING = "hours_missing"
    """Hours are missing that nobody reads any more."""
    COSTS_PENDING = "costs_pending"
    """Costs are being computed; none is stated until then."""
    PRICE_MISSING = "price_missing"
    """Some hours had a price, others had none."""
    PEAK_UNKNOWN = "peak_unknown"
    """The highest quarter-hour of a month has a price, and is not known; nor is what all costs."""


class DaySpan(NamedTuple):
    """Some local days of a site, both included, and the hours (UTC) from midnight to midnight."""

    first: date
    last: date
    hours: TimeRange

    @classmethod
    def of(cls, first: date, last: date, zone: tzinfo) -> Self:
        """Return the days of a zone."""
        end = local_midnight(last + timedelta(days=1), zone)
        return cls(first, last, TimeRange(local_midnight(first, zone), end))


@dataclass(frozen=True, slots=True)
class Costs:
    """What hours cost, by their start, UTC; `payer`: whose fee is in them."""

    hours: Mapping[datetime, float] = field(default_factory=dict)
    payer: Payer | None = None

    def fees(self, tariffs: Tariffs) -> float:
        """Return how much of it is fees."""
        return fsum(tariffs.hourly_fee(self.payer, hour) for hour in self.hours)

    def without_fees(self, tariffs: Tariffs) -> Mapping[datetime, float]:
        """Return what the amounts of the hours cost."""
        return tariffs.without_fees(self.payer, self.hours)


class Measured(NamedTuple):
    """What is stored of a series in a stretch: amounts by the start of the hour, UTC, and costs.

    `is_stored`: whether there is any row, at whatever time; `is_awaited`: whether some are still to
    be read. Rows come up to `lateness` late; nothing is known after `newest` (None: rows tell).
    `told`: the hours of which the only row of their day tells.
    """

    part: Part
    amounts: Mapping[datetime, float]
    costs: Costs
    is_stored: bool
    is_awaited: bool
    lateness: timedelta
    newest: datetime | None = None
    told: Set[datetime] = frozenset()

    @property
    def known(self) -> Set[datetime]:
        """Return the hours whose amounts are known."""
        return self.amounts.keys() | self.told


class Gaps(NamedTuple):
    """How many hours of a row lack something, and why it is not complete."""

    missing_hours: int
    reasons: list[GapReason]


def part_of(series: Series) -> Part | None:
    """Return what is stated of a series; of batteries and a site's charge points nothing is.

    Charge points have rows of their own, and a building's consumption holds them.
    """
    by_type = _BY_METER_TYPE.get(series.feed.meter_type)
    return by_type or _BY_MEASURE.get(series.measure.name)


def peak_series(series: Iterable[Series]) -> Series | None:
    """Return the series of an owner whose peak is stated."""
    with_power = {one.measure.name: one for one in series if one.measure.has_power}
    return next((with_power[name] for name in _PEAKS if name in with_power), None)


def figures(
    measured: Iterable[Measured],
    whole: Collection[Costs],
    fees: float | None,
    tariffs: Tariffs,
    *,
    is_pending: bool,
    power: float | None = None,
    is_peak_unknown: bool = False,
) -> dict[str, float | None]:
    """Return the figures of a row: kWh, m3 and the tariffs' currency.

    `whole` are the costs that make up what the owner costs. `fees` are those beside the ones in its
    hours; None for who pays none. While costs are pending nothing of them is stated, and no total
    where a highest quarter-hour that costs something is not known; `power` is what those cost, None
    where they cost nothing.
    """
    found: dict[str, float | None] = dict.fromkeys(FIGURES)
    for one in measured:
        costs = {} if is_pending else one.costs.without_fees(tariffs)
        found[one.part] = _sum(one.amounts.values())
        if key := COSTS.get(one.part):
            found[key] = _sum(costs.values())
        if one.part is Part.GRID:
            for name in TimeOfUse:
                hours = {hour for hour in one.amounts if tariffs.time_of_use(hour) is name}
                found[f"grid_{name}_kwh"] = _sum(one.amounts[hour] for hour in hours)
                found[f"grid_{name}_cost"] = _sum(costs[hour] for hour in hours & costs.keys())
            found["grid_mean_price"] = _mean_price(one.amounts, costs)
    if is_pending:
        return found
    by_hour = fsum(one.fees(tariffs) for one in whole)
    found["fees"] = None if fees is None else round(fees + by_hour, DECIMALS)
    found["power_cost"] = None if power is None else round(power, DECIMALS)
    spent = [cost for one in whole for cost in one.hours.values()]
    if spent and not is_peak_unknown:
        found["total_cost"] = _sum([*spent, fees or 0.0, power or 0.0])
    return found


def _sum(amounts: Iterable[float]) -> float | None:
    known = list(amounts)
    return round(fsum(known), DECIMALS) if known else None


def _mean_price(amounts: Mapping[datetime, float], costs: Mapping[datetime, float]) -> float | None:
    """Return what a unit cost in the mean of the hours that have a cost."""
    amount = fsum(amounts[hour] for hour in amounts.keys() & costs.keys())
    return round(fsum(costs.values()) / amount, DECIMALS) if amount > 0 else None


def gaps(
    measured: Sequence[Measured],
    hours: TimeRange,
    now: datetime,
    created: datetime | None,
    *,
    is_pending: bool,
    is_peak_unknown: bool = False,
    is_price_awaited: Callable[[datetime], bool] = lambda _hour: False,
) -> Gaps:
    """Say what is not known of a row. Nothing is expected from before a site was `created`.

    A series without any row is none that Climkit has, unless all are. `is_price_awaited`: whether
    the price of an hour may still come, where a sensor tells it.
    """
    begin = max(hours.start, created or hours.start)
    missing: set[datetime] = set()
    found: set[GapReason] = set()
    for one in [one for one in measured if one.is_stored] or measured:
        settled = min(hours.end, floor_hour(now - one.lateness))
        lacking = _hours(begin, settled) - one.known
        if lacking:
            found.add(GapReason.IMPORTING if one.is_awaited else GapReason.HOURS_MISSING)
            missing |= lacking
        if settled < hours.end and _is_to_come(one, max(begin, settled), hours.end, now):
            found.add(GapReason.STILL_TO_COME)
        if one.costs.hours and not is_pending:
            for hour in one.amounts.keys() - one.costs.hours.keys():
                to_come = is_price_awaited(hour)
                found.add(GapReason.STILL_TO_COME if to_come else GapReason.PRICE_MISSING)
    if is_pending:
        found.add(GapReason.COSTS_PENDING)
    if is_peak_unknown:
        found.add(GapReason.PEAK_UNKNOWN)
    if hours.end > now:
        found.add(GapReason.STILL_TO_COME)
    return Gaps(len(missing), [reason for reason in GapReason if reason in found])


def _is_to_come(one: Measured, start: datetime, end: datetime, now: datetime) -> bool:
    """Whether something may still come of the newest hours, which end at `end`."""
    is_read = one.newest is None or one.newest >= min(end, now)
    return not is_read or not _hours(start, end) <= one.known


def _hours(start: datetime, end: datetime) -> set[datetime]:
    """Return the full hours that begin in a stretch."""
    found = TimeRange.between(start, end)
    return set(found.hours) if found else set()


# A text that begins like a formula would be one for a spreadsheet, also behind a comma where that
# separates its columns.
_FORMULA = re.compile("(^|[,;])(\\s*)(?=[=+\\-@|%\uff1d\uff0b\uff0d\uff20])")


def as_csv(rows: Iterable[Mapping[str, JsonValueType]]) -> str:
    """Return rows as text: a line of names, semicolons, points in numbers; what is None is empty.

    Semicolons are what spreadsheets of Switzerland, Germany, France and Italy expect.
    """
    file = StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(file, list(row), delimiter=";")
            writer.writeheader()
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return file.getvalue()


def _cell(value: JsonValueType) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
        case str():
            return _FORMULA.sub(r"\1\2'", " ".join(value.split()))
    return " ".join(map(str, value))
