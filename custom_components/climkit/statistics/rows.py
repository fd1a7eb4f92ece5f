"""From intervals to hourly rows and running sums. Pure: no I/O, no clock.

A statistic's row holds the amount of one hour (`state`) and the running total at its end (`sum`).
Hours are told by their start, in UTC; so a day with a change of clocks needs no special care.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from math import fsum, isclose
from typing import NamedTuple

from ..api import HOUR, Interval, floor_hour, local_midnight

# Amounts this near are equal (kWh or m3): far below what a meter resolves, far above float dust.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Row:
    """One hour of a statistic.

    `amount` is the hour's own amount, None where Climkit withdrew it; `total` the running total at
    the hour's end. Unit: the one of the measure.
    """

    start: datetime
    amount: float | None
    total: float


@dataclass(frozen=True, slots=True)
class Extent:
    """What is stored of a statistic: the start of its first row, its newest row, how many rows."""

    first: datetime
    last: Row
    count: int

    @property
    def is_whole(self) -> bool:
        """Whether there is a row for each hour from the first to the newest."""
        return self.count == (self.last.start - self.first) // HOUR + 1

    def equals(self, other: Extent | None) -> bool:
        """Whether another one describes the same rows; sums are equal but for float dust."""
        return (
            other is not None
            and (self.first, self.last.start, self.count)
            == (other.first, other.last.start, other.count)
            and same(self.last.total, other.last.total)
        )


class Change(NamedTuple):
    """What has to be written so that a statistic says what Climkit says.

    `rows` differ from the stored ones; everything behind the stretch moves by `shift`.
    """

    rows: list[Row]
    shift: float


def by_hour(intervals: Iterable[Interval]) -> dict[datetime, list[Interval]]:
    """Group intervals by the start of their hour."""
    hours: defaultdict[datetime, list[Interval]] = defaultdict(list)
    for interval in intervals:
        hours[floor_hour(interval.start)].append(interval)
    return dict(hours)


def hourly_amounts(
    hours: Mapping[datetime, Iterable[Interval]], column: str
) -> dict[datetime, float]:
    """Sum the intervals of each hour. An hour without a value in the column is left out."""
    amounts = {}
    for hour, intervals in hours.items():
        if values := [i.values[column] for i in intervals if column in i.values]:
            amounts[hour] = fsum(values)
    return amounts


def are_one_a_day(hours: Iterable[datetime], zone: tzinfo) -> bool:
    """Whether some days have one of the hours each: of a meter that is read daily it is the day's.

    A single hour says nothing of that: it may be what is left of a day.
    """
    days = set()
    for hour in hours:
        if (day := hour.astimezone(zone).date()) in days:
            return False
        days.add(day)
    return len(days) > 1


def hours_of_day(day: date, zone: tzinfo) -> Iterator[datetime]:
    """Return the hours of a local day, 23 or 25 where the clocks change."""
    hour, end = local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone)
    while hour < end:
        yield hour
        hour += HOUR


def rebuild_rows(
    amounts: Mapping[datetime, float | None],
    stored: Iterable[Row],
    anchor: float,
    following: Row | None = None,
    *,
    withdraw: bool = False,
) -> Change:
    """Work out how a stretch of a statistic changes.

    `amounts` are the stretch's amounts now, by hour; `stored` its rows so far; `anchor` the running
    total before it; `following` the first row behind it. An hour that is stored but has no amount
    now keeps what it had, as absent is not zero; with `withdraw` its row loses its amount. The
    shift is measured at the seam itself, so a write that was lost half-way is mended by the next
    look at the same stretch.
    """
    before = {row.start: row for row in stored}
    total = anchor
    rows = []
    for hour in sorted(amounts.keys() | before.keys()):
        old = before.get(hour)
        kept = old.amount if old and not withdraw else None
        amount = amounts.get(hour, kept)
        total += amount or 0
        if old is None or not same(old.amount, amount) or not same(old.total, total):
            rows.append(Row(hour, amount, total))
    seam = following.total - (following.amount or 0) if following else total
    return Change(rows, 0.0 if same(total, seam) else total - seam)


class Difference(NamedTuple):
    """An hour, told by its start in UTC, whose stored amount is not the one of Climkit.

    None: nothing is stored, or Climkit has nothing. Unit: the one of the measure.
    """

    start: datetime
    stored: float | None
    measured: float | None


def differences(
    amounts: Mapping[datetime, float | None], stored: Iterable[Row]
) -> list[Difference]:
    """Compare a stretch hour by hour."""
    before = {row.start: row.amount for row in stored}
    return [
        Difference(hour, before.get(hour), amounts.get(hour))
        for hour in sorted(amounts.keys() | before.keys())
        if not same(before.get(hour), amounts.get(hour))
    ]


def same(first: float | None, second: float | None) -> bool:
    """Whether two amounts are equal but for float dust; None equals None only."""
    if first is None or second is None:
        return first is second
    return isclose(first, second, rel_tol=1e-13, abs_tol=TOLERANCE)
