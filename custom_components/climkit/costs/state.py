"""How far the statistic of what something costs is right. Pure: no I/O, no clock."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..api import HOUR
from ..statistics import Row, StoredStatistic, TimeRange
from .cost_series import CostSeries
from .tariffs import NO_MEANS, Means, Tariffs, hourly_costs


@dataclass(slots=True, kw_only=True)
class CostState(StoredStatistic):
    """A cost statistic, and the ranges in which it is to be computed anew.

    `before` holds running totals before certain times, as far as they are known, and `spent` what
    was spent since then (None: no hour has a cost); that stays until it is known anew.
    """

    cost_series: CostSeries
    dirty: list[TimeRange] = field(default_factory=list)
    before: dict[datetime, float] = field(default_factory=dict)
    spent: dict[datetime, float | None] = field(default_factory=dict)

    def forget_totals(self, start: datetime) -> None:
        """Forget the totals that rows from `start` on may move."""
        self.before = {time: total for time, total in self.before.items() if time <= start}

    def sum_up(self, times: Collection[datetime]) -> None:
        """Work out what was spent since times, of which `before` holds the totals."""
        self.before = {time: total for time, total in self.before.items() if time in times}
        self.spent = {time: self._spent_since(time) for time in times}

    def _spent_since(self, time: datetime) -> float | None:
        if self.last is None or self.last.start < time:
            return None
        return self.last.total - self.before[time]

    def spent_between(self, start: datetime, end: datetime) -> float | None:
        """Return what was spent between two times of `spent`; None: no hour there has a cost."""
        if (spent := self.spent[start]) is None or self.first is None or self.first >= end:
            return None
        return spent - (self.spent[end] or 0.0)

    def hours_to_compute(self, until: datetime) -> float:
        """Return how many hours before a time are still to be computed."""
        parts = (TimeRange.between(one.start, min(one.end, until)) for one in self.dirty)
        return sum((part.end - part.start) / HOUR for part in parts if part)


def costs_of(
    states: Iterable[CostState],
    rows: Mapping[str, Iterable[Row]],
    tariffs: Tariffs,
    means: Means = NO_MEANS,
) -> dict[str, dict[datetime, float | None]]:
    """Return what each hour costs, by cost id, from the rows of the amounts, by statistic id."""
    return {
        state.statistic_id: hourly_costs(
            [
                (price, {row.start: row.amount for row in rows.get(source, ())})
                for source, price in state.cost_series.sources.items()
            ],
            tariffs,
            means,
        )
        for state in states
    }


# At most this is computed and stored in one go, so that energy never waits long.
LONGEST_PAGE = timedelta(days=31)
ROWS_OF_A_PAGE = 3000


@dataclass(frozen=True, slots=True)
class CostPage:
    """A range that is computed in one go, for some cost statistics."""

    range: TimeRange
    states: list[CostState]


def next_page(states: Iterable[CostState]) -> CostPage | None:
    """Return what is computed next, oldest first; None where all is right."""
    waiting = sorted((one for one in states if one.dirty), key=lambda one: one.dirty[0])
    if not waiting:
        return None
    first = waiting[0].dirty[0]
    page = TimeRange(first.start, min(first.end, first.start + LONGEST_PAGE))
    number = max(1, ROWS_OF_A_PAGE // ((page.end - page.start) // HOUR))
    touched = [one for one in waiting if any(page.overlap(dirty) for dirty in one.dirty)]
    return CostPage(page, touched[:number])
