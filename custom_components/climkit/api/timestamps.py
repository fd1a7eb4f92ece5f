"""The one place that knows what a timestamp of the Climkit API means.

Everything leaves this module as aware UTC. Three facts rule it:

* A quarter-hour's stamp is the END of its interval, every other sampling's the START (document).
* Stamps are local site time with an offset, `2026-03-22 05:30:00+01:00` (observed); sensors have
  epoch integers (document), whether in seconds or milliseconds is not said.
* The window `t_s`/`t_e` is naive UTC by the document, but clients behave as if the server read it
  as local time (observed). `query_window` is right under both readings.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

INTERVAL = timedelta(minutes=15)
HOUR = timedelta(hours=1)

# Swiss local time is at most two hours ahead of UTC; the third hour covers an open window edge.
WINDOW_MARGIN = timedelta(hours=3)

# Epoch numbers above this are milliseconds: as seconds they would lie after the year 5100.
MILLISECONDS_FROM = 1e11

# What lies outside is no measurement, and would overflow when bounds are computed.
PLAUSIBLE_YEARS = range(1970, 2200)

_A_MONTH = timedelta(days=31)


class Sampling(StrEnum):
    """The length of a row: the document's `sampling_frequency`."""

    QUARTER_HOUR = "15T"
    HOUR = "H"
    DAY = "D"
    MONTH = "M"
    YEAR = "Y"


def parse_timestamp(value: object, zone: tzinfo) -> datetime | None:
    """Return the instant in UTC that a stamp of the API names, None if it names none.

    Takes ISO text with a blank or a `T`, with or without fraction and offset, epoch numbers in
    seconds or milliseconds, and the BSON form `{"$date": ...}`.

    Text without an offset is local time in `zone` (assumed). Of the hour that is repeated in
    autumn it then means the first pass; such text cannot tell the second one.
    """
    if isinstance(value, Mapping):
        value = value.get("$date")
    try:
        stamp = _stamp(value, zone)
    except ValueError, OverflowError, OSError:
        return None
    return stamp if stamp and stamp.year in PLAUSIBLE_YEARS else None


def interval_bounds(stamp: datetime, sampling: Sampling, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return start and end in UTC of the interval that a row stamped `stamp` covers.

    A quarter-hour ends at its stamp. Longer rows are the calendar bucket of `zone` around the
    stamp, so that a month or a year may be labelled at its start or at its end (nobody has seen
    one).
    """
    if sampling is Sampling.QUARTER_HOUR:
        end = stamp.astimezone(UTC)
        return end - INTERVAL, end
    return bucket_bounds(stamp, sampling, zone)


def bucket_bounds(moment: datetime, sampling: Sampling, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return start and end in UTC of the row that holds `moment`, its end not included.

    Hours are those of the local clock, days, months and years those of the local calendar. A local
    day has 23 or 25 hours when the clocks change.
    """
    local = moment.astimezone(zone)
    match sampling:
        case Sampling.QUARTER_HOUR:
            start = floor_interval(moment)
            return start, start + INTERVAL
        case Sampling.HOUR:
            past = timedelta(
                minutes=local.minute, seconds=local.second, microseconds=local.microsecond
            )
            start = moment.astimezone(UTC) - past
            return start, start + HOUR
        case Sampling.DAY:
            return _midnight(local, zone), _midnight(local + timedelta(days=1), zone)
        case Sampling.MONTH:
            first = local.replace(day=1)
            return _midnight(first, zone), _midnight((first + _A_MONTH).replace(day=1), zone)
        case Sampling.YEAR:
            first = local.replace(month=1, day=1)
            return _midnight(first, zone), _midnight(first.replace(year=first.year + 1), zone)


def query_window(start: datetime, end: datetime | None) -> dict[str, str]:
    """Return the `t_s` and `t_e` whose answer holds every row between `start` and `end`.

    Read as UTC the window is exact at its start and three hours too long; read as Swiss local
    time it begins one or two hours early and still covers the end. The caller drops the surplus
    by the rows' own stamps. Without `end` there is no `t_e`: rows up to the newest (observed).
    """
    window = {"t_s": _naive(start)}
    if end is not None:
        window["t_e"] = _naive(end + WINDOW_MARGIN)
    return window


def floor_hour(moment: datetime) -> datetime:
    """Return the start, in UTC, of the UTC hour that holds `moment`."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def floor_interval(moment: datetime) -> datetime:
    """Return the start, in UTC, of the quarter-hour that holds `moment`."""
    utc = moment.astimezone(UTC)
    return utc.replace(minute=utc.minute // 15 * 15, second=0, microsecond=0)


def local_midnight(moment: datetime, zone: tzinfo) -> datetime:
    """Return, in UTC, the start of the local day of `zone` that holds `moment`."""
    return _midnight(moment.astimezone(zone), zone)


def _stamp(value: object, zone: tzinfo) -> datetime | None:
    match value:
        case bool():
            return None
        case int() | float():
            seconds = value / 1000 if value > MILLISECONDS_FROM else value
            return datetime.fromtimestamp(seconds, UTC)
        case str():
            stamp = datetime.fromisoformat(value.strip())
            return (stamp if stamp.tzinfo else stamp.replace(tzinfo=zone)).astimezone(UTC)
    return None


def _midnight(day: datetime, zone: tzinfo) -> datetime:
    return datetime.combine(day.date(), time.min, tzinfo=zone).astimezone(UTC)


def _naive(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
