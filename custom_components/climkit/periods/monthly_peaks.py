"""The highest quarter-hour of grid energy in each month, which some tariffs bill. Pure.

It is kept of what such a tariff can bill: what a site, or a consumer, takes from the grid.

History reads all quarter-hours, so those of past months follow from it. Of a month only its peak is
kept: once less is believed of that quarter-hour, the peak is not known until the month is read
again from its start.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from ..api import Interval, Sampling, Site, bucket_bounds, floor_hour
from ..const import DECIMALS
from ..measures import Series
from ..statistics import TimeRange
from ..store import MonthlyPeakRecord, Peak, PeaksRecord, Stamp
from .peaks import Fallen


class ReadPeaks(NamedTuple):
    """What was read of a stretch (UTC): the peak of each month, told by its start, by column.

    `powers`: those of single quarter-hours, by column and start; none where nothing was read.
    """

    start: datetime
    end: datetime
    peaks: Mapping[str, Mapping[datetime, Peak]]
    powers: Mapping[tuple[str, datetime], float]


def read_peaks(
    intervals: Iterable[Interval],
    columns: Collection[str],
    known: Collection[datetime],
    start: datetime,
    end: datetime,
    zone: tzinfo,
) -> ReadPeaks:
    """Return what some columns say of a stretch; of the quarter-hours that are `known` by itself.

    No power is below zero.
    """
    peaks: dict[str, dict[datetime, Peak]] = {column: {} for column in columns}
    powers: dict[tuple[str, datetime], float] = {}
    month, month_end = start, start
    for interval in intervals:
        if not month <= interval.start < month_end:
            month, month_end = bucket_bounds(interval.start, Sampling.MONTH, zone)
        hours = (interval.end - interval.start) / timedelta(hours=1)
        for column in columns & interval.values.keys():
            power = round(max(0.0, interval.values[column] / hours), DECIMALS)
            if interval.start in known:
                powers[column, interval.start] = power
            highest = peaks[column].get(month)
            if highest is None or power > highest.power:
                peaks[column][month] = Peak(interval.start, power)
    return ReadPeaks(start, end, peaks, powers)


class MonthlyPeaks:
    """The peaks of a site's months, remembered over a restart."""

    def __init__(self, record: PeaksRecord, site: Site) -> None:
        """Go on where the record stopped; months of another time zone are no more."""
        self._zone = site.zone
        self._months = record.months = {
            key: {start: known for start, known in months.items() if self._is_month(start, known)}
            for key, months in record.months.items()
        }
        self._created = floor_hour(site.created) if site.created else None

    def peak(self, series: Series, month: datetime) -> Peak | None:
        """Return the peak of a month that is over, told by its start; None until all is read."""
        known = self._whole(series, month)
        return known.peak if known else None

    def power(self, series: Series, month: datetime) -> float | None:
        """Return the highest quarter-hour, in kW, of a month that is over; None until all is read.

        0 where there was nothing to measure: before the site was there, or a meter.
        """
        if (known := self._whole(series, month)) is None:
            return None
        return known.peak.power if known.peak else 0.0

    def _whole(self, series: Series, month: datetime) -> MonthlyPeakRecord | None:
        """Return what is known of a month of which all was read, or nothing can be."""
        _, end = bucket_bounds(month, Sampling.MONTH, self._zone)
        if self._created and end <= self._created:
            return MonthlyPeakRecord()
        known = self._months.get(series.statistic_id, {}).get(_stamp(month))
        return known if known and known.until and known.until >= end else None

    def lacking(self, series: Series, read: TimeRange) -> Iterator[TimeRange]:
        """Return of each month within a stretch that was read what is to be read again.

        That is what lies behind its first gap: it was forgotten as it was read before the gap, or
        with a peak that has fallen, or with the memory.
        """
        for start, end in self._months_of(read.start, read.end):
            begin = max(self._created or start, start)
            known = self._months.get(series.statistic_id, {}).get(_stamp(start))
            hours = TimeRange.between((known and known.until) or begin, end)
            if hours and read.start <= begin and end <= read.end:
                yield hours

    def known(self, series: Iterable[Series], start: datetime, end: datetime) -> set[datetime]:
        """Return the quarter-hours of a stretch that are the peak of a month."""
        return {peak.start for one in series for peak in self._within(one, start, end)}

    def fallen(self, series: Iterable[Series], read: ReadPeaks) -> list[Fallen]:
        """Return the peaks that are no more, by what was read."""
        return [
            Fallen(
                one,
                self._month(peak.start),
                floor_hour(peak.start),
            )
            for one in series
            for peak in self._within(one, read.start, read.end)
            if read.powers.get((one.column, peak.start), -1.0) < peak.power
        ]

    def take(self, series: Iterable[Series], read: ReadPeaks, fallen: Iterable[Fallen]) -> None:
        """Take in what was read; of the known peaks only those go that have `fallen`."""
        for gone in fallen:
            del self._months[gone.series.statistic_id][_stamp(gone.day)]
        months = self._months_of(read.start, read.end)
        for one in series:
            found = read.peaks.get(one.column, {})
            known = self._months.setdefault(one.statistic_id, {})
            for start, end in months:
                record = known.setdefault(_stamp(start), MonthlyPeakRecord())
                self._note_read(record, start, read.start, min(end, read.end))
                peak = found.get(start)
                if peak and (record.peak is None or peak.power > record.peak.power):
                    record.peak = peak

    def _note_read(
        self, record: MonthlyPeakRecord, month: datetime, start: datetime, end: datetime
    ) -> None:
        """Note that a month was read from one time to another; behind a gap that says nothing."""
        begin = max(self._created or month, month)
        if start <= (until := record.until or begin):
            record.until = max(until, end)

    def _months_of(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        found = []
        while start < end:
            month = bucket_bounds(start, Sampling.MONTH, self._zone)
            found.append(month)
            start = month[1]
        return found

    def _month(self, when: datetime) -> datetime:
        start, _ = bucket_bounds(when, Sampling.MONTH, self._zone)
        return start

    def _is_month(self, start: Stamp, known: MonthlyPeakRecord) -> bool:
        """Whether a month begins at `start`, and holds the peak that is known of it."""
        when = known.peak.start if known.peak else datetime.fromisoformat(start)
        return _stamp(self._month(when)) == start

    def _within(self, series: Series, start: datetime, end: datetime) -> list[Peak]:
        known = self._months.get(series.statistic_id, {}).values()
        return [one.peak for one in known if one.peak and start <= one.peak.start < end]


def _stamp(month: datetime) -> Stamp:
    return Stamp(month.isoformat())
