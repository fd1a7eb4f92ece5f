"""The amounts of a site's periods and the peaks of its month; history says what it read."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import HOUR, Interval, Site, floor_hour
from ..history import SyncState
from ..statistics import async_rows, by_hour, hourly_amounts, same
from ..store import PeaksRecord
from .amounts import Periods
from .peaks import Fallen, MonthPeaks, day_peaks


class SitePeriods:
    """What follows of a site's days and month from what history reads."""

    def __init__(self, hass: HomeAssistant, site: Site, record: PeaksRecord) -> None:
        """Begin with the peaks that are remembered, and without amounts."""
        self._hass = hass
        self._zone = site.zone
        self.amounts = Periods(hass, site)
        self.peaks = MonthPeaks(record, site)

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
        await self.amounts.async_update(states, start)

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
