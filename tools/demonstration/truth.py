"""What the simulator's intervals say about each statistic, hour by hour."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import fsum
import re

from tests.simulator.site import METER_TYPES
from tests.simulator.world import World

HOUR = 3600
PAGE = timedelta(days=30)
TOLERANCE = 1e-6
# Intervals older than this neither arrive nor change any more in the simulator's default world.
SETTLED = timedelta(days=7)
# Introduction and battery meters are what these columns of the site say.
GRID = ("from_ext", "to_ext")
STORAGE = ("storage_charging_total", "storage_charging_self", "storage_discharging_total")

type Hours = dict[int, float]


@dataclass
class Tally:
    """What the comparison of one statistic found; hours by their start in epoch seconds."""

    hours: int = 0
    wrong: list[int] = field(default_factory=list)
    is_zero: bool = True


def meters_and_sensors(world: World, site_id: str) -> set[str]:
    """Return the ids of all that must have entities."""
    listed = [*world.meter_info(site_id), *world.sites[site_id].sensors_list()]
    return {str(one["id"]) for one in listed}


def compare(
    world: World, recorded: Mapping[str, Hours], since: datetime, until: datetime
) -> Iterator[str]:
    """Give a sentence for each statistic that is missing or is not what the intervals say.

    `recorded` holds the change of each hour by its start (epoch seconds). Data that arrived or were
    revised between `since` (the import began) and `until` (it was read) may or may not be in it, so
    hours that differ between the two are not compared.
    """
    left = {statistic: dict(hours) for statistic, hours in recorded.items()}
    tallies: dict[str, Tally] = {}
    for statistic, before, after in _pages(world, since, until):
        tally = tallies.setdefault(statistic, Tally())
        tally.is_zero = tally.is_zero and not any(after.values())
        for hour in before.keys() | after.keys():
            change = left.get(statistic, {}).pop(hour, None)
            if before.get(hour) == after.get(hour):
                tally.hours += 1
                if change is None or not abs(change - after[hour]) <= TOLERANCE:
                    tally.wrong.append(hour)
    for statistic, tally in sorted(tallies.items()):
        if statistic not in recorded:
            if not tally.is_zero:
                yield f"{statistic} is missing"
        elif tally.wrong:
            yield f"{statistic} is wrong in {_hours(tally.wrong)} of {tally.hours}"
    for statistic, changes in sorted(left.items()):
        if statistic not in tallies and changes:
            yield f"{statistic} is nothing the simulator knows of"
        elif surplus := [hour for hour, change in changes.items() if change]:
            yield f"{statistic} has {_hours(surplus)} too many"


def _pages(world: World, since: datetime, until: datetime) -> Iterator[tuple[str, Hours, Hours]]:
    """Give each statistic page by page, as it was at `since` and as it is at `until`."""
    for site_id, site in world.sites.items():
        start = datetime.fromtimestamp(site.begin // HOUR * HOUR, UTC)
        while start < until:
            end = start + PAGE
            for meter_type in METER_TYPES:
                after = hourly(world, site_id, meter_type, start, end, until)
                before = after
                if end > since - SETTLED:
                    before = hourly(world, site_id, meter_type, start, end, since)
                for statistic in before.keys() | after.keys():
                    yield statistic, before.get(statistic, {}), after.get(statistic, {})
            start = end


def hourly(
    world: World, site_id: str, meter_type: str, start: datetime, end: datetime, now: datetime
) -> dict[str, Hours]:
    """Return the sums of the intervals of each hour that has any, by statistic id."""
    series = world.intervals(site_id, meter_type, start, end, now=now)
    return {
        statistic: _hour_sums(series[column])
        for column in series
        for statistic, column in _statistics(world, site_id, meter_type, column)
        if column in series
    }


def _statistics(
    world: World, site_id: str, meter_type: str, column: str
) -> Iterator[tuple[str, str]]:
    """Give the id of each statistic that comes of a column, and the column its numbers are in."""
    measure, _, meter_id = column.partition("_")
    if not re.fullmatch("[0-9a-f]{24}", meter_id):
        yield f"climkit:{site_id}_{meter_type}_{column}", column
        return
    known = world.columns(site_id, meter_id)
    match known and known[1][measure]:
        case "from_ext":
            yield from ((f"climkit:{meter_id}_{one}", one) for one in GRID)
        case "storage_charging_total":
            yield from ((f"climkit:{meter_id}_{one}", one) for one in STORAGE)
        case _:
            yield f"climkit:{meter_id}_{measure}", column


def _hour_sums(intervals: Mapping[datetime, float]) -> Hours:
    hours: dict[int, list[float]] = {}
    for at, value in intervals.items():
        hours.setdefault(int(at.timestamp()) // HOUR * HOUR, []).append(value)
    return {hour: fsum(values) for hour, values in hours.items()}


def _hours(hours: list[int]) -> str:
    return (
        f"{len(hours)} hours (first {datetime.fromtimestamp(min(hours), UTC):%Y-%m-%d %H:%M} UTC)"
    )
