"""The highest quarter-hour of the current month, for each series that has power. Pure.

It is kept day by day, for data are corrected: what is read again of a whole local day replaces that
day's peak, where less is read a peak can only rise until the nights have read the day again. It
falls only where the statistic of its hour holds what was read: less is believed there first.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from ..api import Interval, Sampling, Site, bucket_bounds, floor_hour
from ..const import DECIMALS
from ..measures import Series
from ..store import Peak, PeakRecord, PeaksRecord


class Fallen(NamedTuple):
    """A peak that is no more: of a series, of the local day (or month) from `day` on, in an hour.

    Times are UTC.
    """

    series: Series
    day: datetime
    hour: datetime


# By column, and by the start (UTC) of the local day.
type DayPeaks = Mapping[str, Mapping[datetime, Peak]]


def day_peaks(
    intervals: Iterable[Interval], columns: Collection[str], since: datetime, zone: tzinfo
) -> DayPeaks:
    """Return the peak of each local day from `since` on, for columns that have values.

    No power is below zero: an inverter on stand-by is seen as negative production.
    """
    peaks: defaultdict[str, dict[datetime, Peak]] = defaultdict(dict)
    day, day_end = since, since
    for interval in intervals:
        if interval.start < since:
            continue
        if not day <= interval.start < day_end:
            day, day_end = bucket_bounds(interval.start, Sampling.DAY, zone)
        hours = (interval.end - interval.start) / timedelta(hours=1)
        for column in columns & interval.values.keys():
            power = round(max(0.0, interval.values[column] / hours), DECIMALS)
            known = peaks[column].get(day)
            if known is None or power > known.power:
                peaks[column][day] = Peak(interval.start, power)
    return peaks


class MonthPeaks:
    """The peaks of a site's series, remembered over a restart."""

    def __init__(self, record: PeaksRecord, site: Site) -> None:
        """Go on where the record stopped."""
        self._record = record
        self._zone = site.zone
        self._created = floor_hour(site.created) if site.created else None

    def peak(
        self, series: Series, now: datetime, days: Container[int] = range(1, 32)
    ) -> Peak | None:
        """Return the peak of (some days of) the local month; None until it was read from its start.

        Where nothing was measured there is none.
        """
        known = self._records(self.month(now)).get(series.statistic_id)
        if known is None or known.until is None:
            return None
        peaks = (one for one in known.days.values() if one.start.astimezone(self._zone).day in days)
        return max(peaks, key=lambda peak: peak.power, default=None)

    def month(self, now: datetime) -> datetime:
        """Return the start of the local month in UTC."""
        start, _ = bucket_bounds(now, Sampling.MONTH, self._zone)
        return start

    def fallen(
        self,
        series: Iterable[Series],
        start: datetime,
        end: datetime,
        peaks: DayPeaks,
        now: datetime,
    ) -> list[Fallen]:
        """Return the known peaks that are no more, by what Climkit said of `start` to `end`."""
        if not (days := self._whole_days(max(start, self.month(now)), end)):
            return []
        found, known = [], self._records(self.month(now))
        for one in series:
            if (record := known.get(one.statistic_id)) is None:
                continue
            said = peaks.get(one.column, {})
            for day, key in days.items():
                old = record.days.get(key)
                if old and old.start >= start and not _still_is(old, said.get(day)):
                    found.append(Fallen(one, day, floor_hour(old.start)))
        return found

    def _whole_days(self, start: datetime, end: datetime) -> dict[datetime, str]:
        """Return the local days that lie between two times, with their keys.

        The day on which the site came to be begins with it: no history is read of before.
        """
        day, day_end = bucket_bounds(start, Sampling.DAY, self._zone)
        if day < start and not (self._created and start <= self._created):
            day, day_end = bucket_bounds(day_end, Sampling.DAY, self._zone)
        days = {}
        while day_end <= end:
            days[day] = self._key(day)
            day, day_end = bucket_bounds(day_end, Sampling.DAY, self._zone)
        return days

    def take(
        self,
        series: Iterable[Series],
        start: datetime,
        end: datetime,
        peaks: DayPeaks,
        now: datetime,
        *,
        fallen: Iterable[Fallen] = (),
    ) -> None:
        """Take in the peaks of what Climkit said of `start` to `end`.

        Of the known ones only those fall, or go, that have `fallen`.
        """
        gone = {(one.series.statistic_id, self._key(one.day)) for one in fallen}
        month = self.month(now)
        if end <= month:
            return
        begin = max(month, self._created or month)
        known = self._records(month)
        for one in series:
            record = known.setdefault(one.statistic_id, PeakRecord())
            until = record.until or begin
            if start <= until:
                record.until = max(until, end)
            for key in [key for key in record.days if (one.statistic_id, key) in gone]:
                del record.days[key]
            for day, peak in peaks.get(one.column, {}).items():
                self._take_day(record, day, peak)
        self._record.month, self._record.series = month, known

    def _take_day(self, record: PeakRecord, day: datetime, peak: Peak) -> None:
        old = record.days.get(self._key(day))
        if old is None or peak.power > old.power:
            record.days[self._key(day)] = peak

    def _key(self, day: datetime) -> str:
        return str(day.astimezone(self._zone).day)

    def _records(self, month: datetime) -> dict[str, PeakRecord]:
        """Return what is known of a month; nothing where another one is remembered."""
        return self._record.series if self._record.month == month else {}


def _still_is(old: Peak, peak: Peak | None) -> bool:
    """Whether a remembered peak is the one that was read now, or was lower."""
    return peak is not None and (peak.power > old.power or peak == old)
