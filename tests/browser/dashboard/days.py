"""The days that the tests look at, and what the simulator says of them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from math import fsum
from zoneinfo import ZoneInfo

from tests.simulator.site import METER_TYPES
from tests.simulator.world import World
from tools.demonstration.truth import hourly

ZONE = ZoneInfo("Europe/Zurich")
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)

# The dashboard's names of what a flat and a building have, and the simulator's columns.
OF_FLAT = {"Solar": "self_{}", "Grid": "ext_{}", "Consumption": "total_{}"}
OF_BUILDING = {
    "Production": "prod_total",
    "Solar, used directly": "self",
    "From the battery": "storage_discharging_total",
    "From the grid": "from_ext",
    "Into the battery": "storage_charging_total",
    "To the grid": "to_ext",
    "Consumption": "conso_total",
}
# What a meter's amount is in the table of meters: the first of these that it has.
MAIN = ("total", "from_ext", "storage_charging_total")

type Amounts = list[float | None]


def today() -> date:
    """Return the day that it is at the sites."""
    return datetime.now(ZONE).date()


def last_change(month: int, before: date) -> date:
    """Return the last day before another one on which clocks changed in March or October."""
    ends = (date(year, month, 31) for year in (before.year, before.year - 1))
    sundays = (end - timedelta(days=(end.weekday() + 1) % 7) for end in ends)
    return next(sunday for sunday in sundays if sunday < before)


def midnight(day: date) -> datetime:
    """Return when a day begins at the sites."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def times(day: date, step: timedelta) -> list[datetime]:
    """Return the beginnings of a day's quarter-hours or hours, in UTC."""
    start, end = midnight(day), midnight(day + timedelta(days=1))
    return [start + index * step for index in range((end - start) // step)]


def days_of(month: str) -> list[date]:
    """Return the days of a month such as 2026-11."""
    day = date.fromisoformat(f"{month}-01")
    return [
        one
        for one in (day + timedelta(days=index) for index in range(31))
        if one.month == day.month
    ]


def month_before(day: date) -> str:
    """Return the month before that of a day, such as 2026-10."""
    return f"{day.replace(day=1) - timedelta(days=1):%Y-%m}"


class Truth:
    """What the simulator says of a site or, with `meter_id`, of a flat, in kWh."""

    def __init__(self, world: World, site_id: str, meter_id: str | None = None) -> None:
        self._world = world
        self._site_id = site_id
        names = OF_FLAT if meter_id else OF_BUILDING
        self.columns = {name: column.format(meter_id) for name, column in names.items()}

    def quarters(self, day: date) -> dict[str, Amounts]:
        """Return the amounts of a day's quarter-hours; None where there is none yet."""
        starts = times(day, QUARTER)
        now = datetime.now(UTC)
        found = self._world.intervals(
            self._site_id, "electricity", starts[0], starts[-1] + QUARTER, now=now
        )
        return {
            name: [found.get(column, {}).get(start) for start in starts]
            for name, column in self.columns.items()
        }

    def hours(self, day: date, name: str) -> Amounts:
        """Return the amounts of a day's hours; None where no quarter-hour has one."""
        quarters = self.quarters(day)[name]
        return [total(quarters[index : index + 4]) for index in range(0, len(quarters), 4)]


def months_of_meters(world: World, site_id: str, month: str) -> dict[str, dict[str, float]]:
    """Return what each meter measured in a month, by its id and the measure; kWh or m³."""
    first, *_, last = days_of(month)
    start, end = midnight(first), midnight(last + timedelta(days=1))
    found: dict[str, dict[str, float]] = {}
    for meter_type in METER_TYPES:
        series = hourly(world, site_id, meter_type, start, end, datetime.now(UTC))
        for statistic_id, hours in series.items():
            owner, _, measure = statistic_id.removeprefix("climkit:").partition("_")
            if owner != site_id:
                found.setdefault(owner, {})[measure] = fsum(hours.values())
    return found


def total(amounts: Iterable[float | None]) -> float | None:
    """Return the sum of what there is; None where there is nothing."""
    known = [amount for amount in amounts if amount is not None]
    return fsum(known) if known else None
