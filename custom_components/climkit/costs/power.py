"""What the highest quarter-hours of months cost: a price for each kW and month. Pure: no clock."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple, Self

from .tariffs import days_of_month


class Month(NamedTuple):
    """A local month, told by its first and its last day."""

    first: date
    last: date

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month of a day."""
        return cls(day.replace(day=1), day.replace(day=days_of_month(day)))


def months_of(first: date, last: date) -> Iterator[Month]:
    """Return the months of some days."""
    while first <= last:
        month = Month.of(first)
        yield month
        first = month.last + timedelta(days=1)


def power_cost(
    first: date,
    last: date,
    today: date,
    price: Callable[[Month], float],
    peak: Callable[[Month], float | None],
) -> float | None:
    """Return what the highest quarter-hours of the months of some days cost; None: not known.

    `price` is that of a kW in a month, 0 where there is none, and `peak` the month's in kW. Of a
    part of a month nobody knows what it costs; the one that runs counts up to today.
    """
    cost = 0.0
    for month in months_of(first, last):
        if not (per_kw := price(month)):
            continue
        kw = peak(month) if first <= month.first and min(month.last, today) <= last else None
        if kw is None:
            return None
        cost += per_kw * kw
    return cost
