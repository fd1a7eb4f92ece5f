"""Amounts of yesterday and of this month, from the running totals of the statistics.

The amount of a period is the running total at its end minus the one at its beginning. So it is what
the Energy dashboard shows, late and corrected data included, and costs no request.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
import logging
from typing import NamedTuple, Self

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import Sampling, Site, bucket_bounds, floor_hour, local_midnight
from ..history import SyncState
from ..measures import Series
from ..statistics import LastRows, RecorderError, Row, RowsBefore

_LOGGER = logging.getLogger(__name__)


class Boundaries(NamedTuple):
    """Where a site's local periods begin, in UTC; this month ends with today, for now."""

    tomorrow: datetime
    today: datetime
    yesterday: datetime
    month: datetime

    @classmethod
    def of(cls, now: datetime, site: Site) -> Self:
        """Return those of now."""
        today, tomorrow = bucket_bounds(now, Sampling.DAY, site.zone)
        yesterday = local_midnight(today - datetime.resolution, site.zone)
        month, _ = bucket_bounds(now, Sampling.MONTH, site.zone)
        return cls(tomorrow, today, yesterday, month)

    @property
    def all(self) -> set[datetime]:
        """Return each moment once."""
        return {self.tomorrow, self.today, self.yesterday, self.month}


class PeriodAmounts(NamedTuple):
    """What a series measured yesterday and has measured this month; None where nobody knows.

    `of` says which days these were.
    """

    of: Boundaries
    yesterday: float | None
    month: float | None


def period_amounts(
    state: SyncState, before: RowsBefore, boundaries: Boundaries, created: datetime | None
) -> PeriodAmounts:
    """Work out the amounts of a series whose history is complete.

    `before` has the last row with an amount before each boundary, None where there is none. A
    period without one has no amount, nor has one in which history begins, unless the site itself
    was `created` then.
    """

    def amount(start: datetime, last: Row | None) -> float | None:
        is_known = state.since <= max(start, created or start)
        if not is_known or last is None or last.start < start:
            return None
        first = before[start]
        return last.total - (first.total if first else 0.0)

    return PeriodAmounts(
        of=boundaries,
        yesterday=amount(boundaries.yesterday, before[boundaries.today]),
        month=amount(boundaries.month, before[boundaries.tomorrow]),
    )


class Periods:
    """The amounts of a site's series, up to date with what is stored."""

    def __init__(self, hass: HomeAssistant, site: Site) -> None:
        """Begin with nothing known."""
        self._site = site
        self._created = floor_hour(site.created) if site.created else None
        self._boundaries: Boundaries | None = None
        self._last_rows = LastRows(hass)
        self._amounts: dict[str, PeriodAmounts] = {}
        self._lock = asyncio.Lock()

    def yesterday(self, series: Series) -> float | None:
        """Return the amount of the site's last local day; None until it can be right."""
        amounts = self._amounts.get(series.statistic_id)
        return amounts.yesterday if amounts else None

    def month(self, series: Series) -> float | None:
        """Return the amount since the local month began; None until it can be right."""
        amounts = self._amounts.get(series.statistic_id)
        return amounts.month if amounts else None

    def is_outdated(self, now: datetime) -> bool:
        """Whether another day has begun since all series were looked at."""
        return self._boundaries != Boundaries.of(now, self._site)

    async def async_begin_day(self, states: Sequence[SyncState]) -> None:
        """Work out the amounts of all series for the day that has begun."""
        now = dt_util.utcnow()
        self._boundaries = Boundaries.of(now, self._site)
        await self.async_update(states, now)

    async def async_update(self, states: Sequence[SyncState], changed_from: datetime) -> None:
        """Work out the amounts of some series anew; rows from `changed_from` on may have changed.

        The recorder is asked only for running totals that are not known or may have moved.
        """
        async with self._lock:
            try:
                await self._async_update(states, changed_from)
            except RecorderError as err:
                self._boundaries = None  # the next quarter-hour tries again
                now = Boundaries.of(dt_util.utcnow(), self._site)
                self._amounts = {key: one for key, one in self._amounts.items() if one.of == now}
                _LOGGER.debug("Amounts of periods of %s are not known: %s", self._site.id, err)

    async def _async_update(self, states: Sequence[SyncState], changed_from: datetime) -> None:
        boundaries = Boundaries.of(dt_util.utcnow(), self._site)
        complete = {t.statistic_id: t for t in states if t.total is not None}
        for state in states:
            is_complete = state.statistic_id in complete
            self._last_rows.forget(state.statistic_id, changed_from if is_complete else None)
        before = await self._last_rows.async_before(complete.values(), boundaries.all)
        for state in states:
            self._amounts.pop(state.statistic_id, None)
        for statistic_id, state in complete.items():
            self._amounts[statistic_id] = period_amounts(
                state, before[statistic_id], boundaries, self._created
            )
