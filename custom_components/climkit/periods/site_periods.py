"""The amounts of a site's periods and the peaks of its month; history says what it read."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import HOUR, Interval, Site, floor_hour
from ..history import SyncState
from ..measures import Series
from ..statistics import TimeRange, async_rows, by_hour, hourly_amounts, same
from ..store import PeaksRecord
from .amounts import Periods
from .monthly_peaks import MonthlyPeaks, read_peaks
from .peaks import Fallen, MonthPeaks, day_peaks


class SitePeriods:
    """What follows of a site's days and month from what history reads."""

    def __init__(
        self,
        hass: HomeAssistant,
        site: Site,
        record: PeaksRecord,
        on_lost: Callable[[], None],
    ) -> None:
        """Begin with the peaks that are remembered, and without amounts.

        `on_lost` is told once a month's highest quarter-hour is not known any more.
        """
        self._hass = hass
        self._zone = site.zone
        self.amounts = Periods(hass, site)
        self.peaks = MonthPeaks(record, site)
        self._monthly = MonthlyPeaks(record, site)
        self._on_lost = on_lost

    async def async_follow(
        self,
        states: Sequence[SyncState],
        start: datetime,
        end: datetime,
        intervals: Sequence[Interval],
    ) -> None:
        """Take in what Climkit said of some series from `start` (a full hour) to `end`."""
        now = dt_util.utcnow()
        with_power = [state.series for state in states if state.series.measure.has_power]
        columns = {series.column for series in with_power}
        peaks = await self._hass.async_add_executor_job(
            day_peaks, intervals, columns, self.peaks.month(now), self._zone
        )
        fallen = self.peaks.fallen(with_power, start, end, peaks, now)
        believed = await self._async_believed(fallen, intervals) if fallen else ()
        self.peaks.take(with_power, start, end, peaks, now, fallen=believed)
        billed = [state.series for state in states if state.series.is_taken_from_grid]
        await self._async_follow_months(billed, start, end, intervals)
        await self.amounts.async_update(states, start)

    def highest(self, series: Series, month: datetime) -> float | None:
        """Return the highest quarter-hour, in kW, of a month told by its start; None: not known.

        Of the running month it is that of what is read so far.
        """
        now = dt_util.utcnow()
        is_running = month == self.peaks.month(now)
        if not is_running:
            return self._monthly.power(series, month)
        peak = self.peaks.peak(series, now)
        return peak.power if peak else None

    def lacking(self, state: SyncState) -> Iterator[TimeRange]:
        """Return what to read again of a series for the highest quarter-hours of past months.

        Of the running month the next night reads all.
        """
        read = TimeRange.between(state.since, state.until)
        if read and state.is_read and state.series.is_taken_from_grid:
            yield from self._monthly.lacking(state.series, read)

    async def _async_follow_months(
        self,
        billed: Collection[Series],
        start: datetime,
        end: datetime,
        intervals: Sequence[Interval],
    ) -> None:
        if not billed:
            return
        columns = {one.column for one in billed}
        known = self._monthly.known(billed, start, end)
        read = await self._hass.async_add_executor_job(
            read_peaks, intervals, columns, known, start, end, self._zone
        )
        fallen = self._monthly.fallen(billed, read)
        believed = await self._async_believed(fallen, intervals) if fallen else ()
        self._monthly.take(billed, read, believed)
        if believed:
            self._on_lost()

    async def _async_believed(
        self, fallen: Collection[Fallen], intervals: Iterable[Interval]
    ) -> list[Fallen]:
        """Return the peaks whose hour is stored as these intervals say: so less was believed."""
        asked = {one.hour for one in fallen}
        ids = {one.series.statistic_id for one in fallen}
        rows = await async_rows(self._hass, ids, min(asked), max(asked) + HOUR)
        stored = {key: {row.start: row.amount for row in found} for key, (found, _) in rows.items()}
        hours = by_hour(one for one in intervals if floor_hour(one.start) in asked)

        def is_believed(one: Fallen) -> bool:
            said = hourly_amounts({one.hour: hours.get(one.hour, ())}, one.series.column)
            known = stored.get(one.series.statistic_id, {}).get(one.hour)
            return same(known, said.get(one.hour))

        return [one for one in fallen if is_believed(one)]
