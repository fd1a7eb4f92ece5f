"""The highest quarter-hour of the current month, for each series that has power. Pure.

It is kept day by day, for data are corrected: what is read again of a whole local day replaces that
day's peak, where less is read a peak can only rise until the nights have read the day again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from .api import Interval, Sampling, Site, bucket_bounds, floor_hour
from .measures import Series
from .records import PeakRecord, PeaksRecord, SiteRecord

# Decimals that are remembered (kW): what lies behind them is float dust.
DUST = 6


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest quarter-hour of a stretch: its start, in UTC, and its mean power in kW."""

    start: datetime
    power: float


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
            power = max(0.0, interval.values[column] / hours)
            known = peaks[column].get(day)
            if known is None or power > known.power:
                peaks[column][day] = Peak(interval.start, power)
    return peaks


class MonthPeaks:
    """The peaks of a site's series, kept in the site's record and so over a restart."""

    def __init__(self, record: SiteRecord, site: Site) -> None:
        """Go on where the record stopped."""
        self._record = record
        self._zone = site.zone
        self._created = floor_hour(site.created) if site.created else None

    def peak(self, series: Series, now: datetime) -> Peak | None:
        """Return the peak of the local month; None until it was read from its beginning."""
        known = self._records(self.month(now)).get(series.statistic_id)
        if known is None or known["until"] is None or not known["days"]:
            return None
        start, power = max(known["days"].values(), key=lambda peak: peak[1])
        return Peak(datetime.fromisoformat(start), power)

    def month(self, now: datetime) -> datetime:
        """Return the start of the local month in UTC."""
        start, _ = bucket_bounds(now, Sampling.MONTH, self._zone)
        return start

    def take(
        self,
        series: Iterable[Series],
        start: datetime,
        end: datetime,
        peaks: DayPeaks,
        now: datetime,
    ) -> None:
        """Take in the peaks of what Climkit said of `start` to `end`."""
        month = self.month(now)
        if end <= month:
            return
        begin = max(month, self._created or month)
        known = self._records(month)
        for one in series:
            record = known.setdefault(one.statistic_id, PeakRecord(until=None, days={}))
            until = datetime.fromisoformat(record["until"]) if record["until"] else begin
            if start <= until:
                record["until"] = max(until, end).isoformat()
            for day, peak in peaks.get(one.column, {}).items():
                self._take_day(record, day, peak, is_whole=self._is_whole(day, start, end))
        self._record["peaks"] = PeaksRecord(month=month.isoformat(), series=known)

    def _take_day(self, record: PeakRecord, day: datetime, peak: Peak, *, is_whole: bool) -> None:
        key = str(day.astimezone(self._zone).day)
        old = record["days"].get(key)
        if old is None or is_whole or peak.power > old[1]:
            record["days"][key] = (peak.start.isoformat(), round(peak.power, DUST))

    def _is_whole(self, day: datetime, start: datetime, end: datetime) -> bool:
        _, day_end = bucket_bounds(day, Sampling.DAY, self._zone)
        return start <= day and day_end <= end

    def _records(self, month: datetime) -> dict[str, PeakRecord]:
        """Return what is known of a month; nothing where another one is remembered."""
        known = self._record.get("peaks")
        return known["series"] if known and known["month"] == month.isoformat() else {}
