"""What a month will have cost: so far, and days to come like those before. Pure: no I/O, no clock.

A day to come costs what the last days of its kind did on average: workdays, Saturdays, Sundays.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from math import fsum
from statistics import fmean
from typing import NamedTuple, Self

from ..api import HOUR, local_midnight
from ..statistics import TimeRange

# So many days before today are looked at; with fewer whole ones among them nothing is projected.
DAYS = 14
FEWEST_DAYS = 3

_FRIDAY = 4


class Projection(NamedTuple):
    """What a site or meter will have cost, of which so much is spent, in the tariffs' currency.

    `days`: how many days the rest follows from; of several amounts the fewest.
    """

    cost: float
    so_far: float
    days: int


class RecentDays(NamedTuple):
    """What the amounts of the days before a local midnight (`end`, UTC) cost, by local date.

    Only days are there of which every hour has a cost. `zone` is the site's.
    """

    end: datetime
    costs: Mapping[date, float]
    zone: tzinfo

    @classmethod
    def of(cls, hours: Mapping[datetime, float], today: date, zone: tzinfo) -> Self:
        """Sum up what hours (their start, UTC) cost, of the days before today."""
        costs = {}
        for number in range(1, DAYS + 1):
            day = today - timedelta(days=number)
            known = [hours.get(hour) for hour in _hours(day, zone)]
            if None not in known:
                costs[day] = fsum(cost for cost in known if cost is not None)
        return cls(local_midnight(today, zone), costs, zone)

    @property
    def are_enough(self) -> bool:
        """Whether something can be told of other days."""
        return len(self.costs) >= FEWEST_DAYS

    def to_come(
        self,
        time_range: TimeRange,
        is_priced: Callable[[date], bool],
        fee: Callable[[date], float],
    ) -> float:
        """Return what a stretch will cost; of a day that has begun its hours that are left count.

        `fee` is what the hours of a day hold beside that. Days that are not priced cost nothing.
        """
        day, cost = time_range.start.astimezone(self.zone).date(), 0.0
        while (start := local_midnight(day, self.zone)) < time_range.end:
            end = local_midnight(day + timedelta(days=1), self.zone)
            left = min(end, time_range.end) - max(start, time_range.start)
            if is_priced(day):
                cost += (self._like(day) + fee(day)) * (left / (end - start))
            day += timedelta(days=1)
        return cost

    def _like(self, day: date) -> float:
        """Return what a day costs on average; where none of its kind is known, what any does."""
        alike = [cost for one, cost in self.costs.items() if _kind(one) == _kind(day)]
        return fmean(alike or self.costs.values())


def _kind(day: date) -> int:
    """Return which days are alike: Monday to Friday, Saturday, Sunday."""
    return max(day.weekday(), _FRIDAY)


def _hours(day: date, zone: tzinfo) -> Iterator[datetime]:
    """Return the hours of a local day, 23 or 25 where the clocks change."""
    hour, end = local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone)
    while hour < end:
        yield hour
        hour += HOUR
