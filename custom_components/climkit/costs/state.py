"""How far the statistic of what something costs is right. Pure: no I/O, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from ..api import HOUR
from ..statistics import Row, RowsBefore, StoredStatistic, TimeRange
from .cost_series import CostSeries
from .projection import DAYS, Projection, RecentDays
from .tariffs import NO_MEANS, Hours, Means, Tariffs, hourly_costs, in_hours_of, priced_amounts


@dataclass(slots=True, kw_only=True)
class CostState(StoredStatistic):
    """A cost statistic, and the ranges in which it is to be computed anew.

    `spent`: what was spent in certain stretches (None: no hour there has a cost), `spent_until` the
    end of the newest hour of that. This stays until it is known anew, and so do the `recent` days
    (None: nobody asked), which are `is_recent_valid` until one of their rows is to change.
    """

    cost_series: CostSeries
    dirty: list[TimeRange] = field(default_factory=list)
    spent: dict[TimeRange, float | None] = field(default_factory=dict)
    spent_until: datetime | None = None
    recent: RecentDays | None = None
    is_recent_valid: bool = False

    def note_change(self, start: datetime) -> None:
        """Take note that rows from `start` on may change."""
        if self.recent and start < self.recent.end:
            self.is_recent_valid = False

    def sum_up(self, stretches: Iterable[TimeRange], before: RowsBefore) -> None:
        """Work out what was spent in stretches, from the rows before their edges."""
        self.spent = {one: _spent_in(one, before) for one in stretches}
        newest = max((row.start for row in before.values() if row), default=None)
        self.spent_until = newest + HOUR if newest else None

    def knows_days(self, end: datetime) -> bool:
        """Whether it is known what the days before a midnight cost."""
        return self.is_recent_valid and self.recent is not None and self.recent.end == end

    def take_recent(self, days: RecentDays) -> None:
        """Take what the amounts of the last days cost."""
        self.recent, self.is_recent_valid = days, True

    def projected(self, month: TimeRange, tariffs: Tariffs) -> Projection | None:
        """Return what a month will have cost that is summed up; None where too few days are known.

        Behind the newest hour the month goes on like the last days, with its own fees. What has no
        price any more costs nothing more, whatever is known of the days before.
        """
        if not self.spent_until:
            return None
        prices = self.cost_series.sources.values()
        spent = self.spent[month] or 0.0
        rest = TimeRange.between(max(self.spent_until, month.start), month.end)
        if not rest or not any(tariffs.is_priced_in(price, rest) for price in prices):
            return Projection(spent, spent, DAYS)
        if not self.recent or not self.recent.are_enough:
            return None

        def is_priced(day: date) -> bool:
            return any(tariffs.is_priced_on(price, day) for price in prices)

        fee = partial(tariffs.daily_fee, self.cost_series.payer)
        to_come = self.recent.to_come(rest, is_priced, fee)
        return Projection(spent + to_come, spent, len(self.recent.costs))

    def hours_to_compute(self, until: datetime) -> float:
        """Return how many hours before a time are still to be computed."""
        parts = (TimeRange.between(one.start, min(one.end, until)) for one in self.dirty)
        return sum((part.end - part.start) / HOUR for part in parts if part)


def _spent_in(stretch: TimeRange, before: RowsBefore) -> float | None:
    newest, first = before[stretch.end], before[stretch.start]
    if newest is None or newest.start < stretch.start:
        return None
    return newest.total - (first.total if first else 0.0)


def projection(
    states: Iterable[CostState], month: TimeRange, tariffs: Tariffs
) -> Projection | None:
    """Return what some things will have cost in a month; None where one of them is not known.

    What never had a cost is none of them.
    """
    parts = [one.projected(month, tariffs) for one in states if one.spent_until]
    found = [part for part in parts if part]
    if not found or len(found) < len(parts):
        return None
    cost, so_far, days = zip(*found, strict=True)
    return Projection(sum(cost), sum(so_far), min(days))


def costs_of(
    states: Iterable[CostState],
    rows: Mapping[str, Iterable[Row]],
    tariffs: Tariffs,
    means: Means = NO_MEANS,
) -> dict[str, Hours]:
    """Return what each hour costs, by cost id, from the rows of the amounts, by statistic id."""
    return {
        state.statistic_id: _hours_of(state.cost_series, rows, tariffs, means) for state in states
    }


def _hours_of(
    cost_series: CostSeries,
    rows: Mapping[str, Iterable[Row]],
    tariffs: Tariffs,
    means: Means,
) -> Hours:
    parts = [
        (price, {row.start: row.amount for row in rows.get(source, ())})
        for source, price in cost_series.sources.items()
    ]
    if cost_series.is_amount:
        [part] = parts
        found = priced_amounts(*part, tariffs)
    else:
        found = hourly_costs(parts, tariffs, means, cost_series.payer)
    return in_hours_of(cost_series.hours, found, tariffs) if cost_series.hours else found


# At most this is computed and stored in one go, so that energy never waits long.
LONGEST_PAGE = timedelta(days=31)
ROWS_OF_A_PAGE = 3000


class CostPage(NamedTuple):
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
    number = max(1, int(ROWS_OF_A_PAGE / ((page.end - page.start) / HOUR)))
    touched = [one for one in waiting if any(page.overlap(dirty) for dirty in one.dirty)]
    return CostPage(page, touched[:number])
