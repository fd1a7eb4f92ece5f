"""What a month will have cost: so far, and days to come like those before. Pure: no I/O, no clock.

A day to come costs what the last days of its kind did on average: workdays, Saturdays, Sundays.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from math import fsum
from statistics import fmean
from typing import NamedTuple, Self

from ..api import local_midnight
from ..statistics import TimeRange, are_one_a_day, hours_of_day

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

    Only days are there of which every hour has a cost, or where rows are `by_day` its only one.
    `zone` is the site's.
    """

    end: datetime
    costs: Mapping[date, float]
    zone: tzinfo
    by_day: bool = False

    @classmethod
    def of(
        cls,
        hours: Mapping[datetime, float],
        today: date,
        zone: tzinfo,
        *,
        is_read_daily: bool = False,
    ) -> Self:
        """Sum up what hours (their start, UTC) cost, of the days before today.

        Meters that are read daily may have a single row a day, which tells of the whole day.
        """
        by_day = is_read_daily and are_one_a_day(hours, zone)
        costs = {}
        for number in range(1, DAYS + 1):
            day = today - timedelta(days=number)
            whole = set(hours_of_day(day, zone))
            known = whole & hours.keys()
            if known == whole or (by_day and known):
                costs[day] = fsum(hours[hour] for hour in known)
        return cls(local_midnight(today, zone), costs, zone, by_day)

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

        A day whose only row is there has none left. `fee` is what the hours of a day hold beside
        that. Days that are not priced cost nothing.
        """
        day, cost = time_range.start.astimezone(self.zone).date(), 0.0
        while (start := local_midnight(day, self.zone)) < time_range.end:
            end = local_midnight(day + timedelta(days=1), self.zone)
            left = min(end, time_range.end) - max(start, time_range.start)
            is_told = self.by_day and start < time_range.start
            if is_priced(day) and not is_told:
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
