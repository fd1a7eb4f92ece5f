"""The one place that knows what a timestamp of the Climkit API means.

Everything leaves this module as aware UTC. These facts rule it:

* A quarter-hour's stamp is the END of its interval, every other sampling's the START (document).
* Stamps are local site time with an offset, `2026-03-22 05:30:00+01:00` (observed); sensors have
  epoch integers (document), whether in seconds or milliseconds is not said.
* Stamps without an offset are local time (assumed). Which pass of the hour that is repeated in
  autumn they mean, only the order of an answer's rows can tell; where it does not, they mean none.
* The window `t_s`/`t_e` is naive UTC by the document, but clients behave as if the server read it
  as local time (observed). `query_window` is right under both readings.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from enum import StrEnum
from itertools import pairwise
import re

INTERVAL = timedelta(minutes=15)
HOUR = timedelta(hours=1)

# Swiss local time is at most two hours ahead of UTC; the third hour covers an open window edge.
WINDOW_MARGIN = timedelta(hours=3)

# Epoch numbers above this are milliseconds: as seconds they would lie after the year 5100.
MILLISECONDS_FROM = 1e11

# Epoch numbers that come as text; no ISO date has as many digits.
_EPOCH = re.compile(r"\d{9,13}(\.\d+)?", re.ASCII)

# What lies outside is no measurement, and would overflow when bounds are computed.
PLAUSIBLE_YEARS = range(1970, 2200)

_A_MONTH = timedelta(days=31)

# A stamp so little off a quarter-hour means it (assumed): computed from a float, or a clock's
# second. Rows of single minutes are further away.
_OFF_GRID = timedelta(minutes=1)

# The order of an answer's rows is believed when so many different stamps show it.
_SHOWS_ORDER = 6


class Sampling(StrEnum):
    """The length of a row: the document's `sampling_frequency`."""

    QUARTER_HOUR = "15T"
    HOUR = "H"
    DAY = "D"
    MONTH = "M"
    YEAR = "Y"


def parse_timestamp(value: object, zone: tzinfo) -> datetime | None:
    """Return the instant in UTC that a stamp of the API names, None if it names none.

    Takes ISO text with a blank or a `T`, with or without fraction and offset, HTTP dates, epoch
    numbers in seconds or milliseconds, also as text, and the BSON forms `{"$date": ...}`.

    Text without an offset is local time in `zone` (assumed); of the hour that is repeated in
    autumn it means the first pass. Rows are told apart by `row_timestamps`.
    """
    try:
        stamp = _moment(value)
        utc = stamp and _first_pass(stamp, zone)
    except ValueError, OverflowError, OSError:
        return None
    return utc if utc and utc.year in PLAUSIBLE_YEARS else None


def row_timestamps(
    values: Sequence[object], zone: tzinfo, sampling: Sampling | None = None
) -> list[datetime | None]:
    """Return the instants in UTC that the stamps of an answer's rows name, None for no instant.

    They are in the answer's order, which tells the two passes of autumn's repeated hour apart where
    stamps have no offset: once the local time steps back in an answer that goes forward (or the
    other way round), it is the other pass. Where nothing shows that, both are left out, as are
    times that the clocks skip in spring.

    Stamps of a `sampling` are brought to the quarter-hour they are less than a minute off; what is
    further off is no quarter-hour's stamp. Without one, of readings, they are left as they are.
    """
    moments = [_row_moment(value, sampling) for value in values]
    stamps = [moment and _only_meaning(moment, zone) for moment in moments]
    repeated: defaultdict[date, list[int]] = defaultdict(list)
    for index, moment in enumerate(moments):
        if moment and _is_repeated(moment, zone):
            repeated[moment.date()].append(index)
    if repeated:
        _tell_passes(stamps, moments, repeated.values(), zone, sampling)
    return [stamp if stamp and stamp.year in PLAUSIBLE_YEARS else None for stamp in stamps]


def names_other_rows(values: Sequence[object]) -> bool:
    """Whether the stamps of an answer are not those of quarter-hours: finer, between, or no times.

    A single row that is off does not make the others wrong.
    """
    moments = [moment for value in values if (moment := _row_moment(value, None))]
    if not moments:
        return len(values) > 1
    off = sum(_on_grid(moment) is None for moment in moments)
    return off > 1 and 3 * off > len(moments)


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
            following = local.date() + timedelta(days=1)
            return local_midnight(local, zone), local_midnight(following, zone)
        case Sampling.MONTH:
            first = local.date().replace(day=1)
            following = (first + _A_MONTH).replace(day=1)
            return local_midnight(first, zone), local_midnight(following, zone)
        case Sampling.YEAR:
            first = local.date().replace(month=1, day=1)
            following = first.replace(year=first.year + 1)
            return local_midnight(first, zone), local_midnight(following, zone)


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


def window_start(start: datetime, zone: tzinfo) -> datetime:
    """Return where the window of an answer has to begin whose first row begins at `start`.

    It never begins within autumn's repeated hour: an answer with half of it could not tell the
    passes apart.
    """
    while _is_repeated(start.astimezone(zone).replace(tzinfo=None), zone):
        start -= INTERVAL
    return start


def floor_hour(moment: datetime) -> datetime:
    """Return the start, in UTC, of the UTC hour that holds `moment`."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def floor_interval(moment: datetime) -> datetime:
    """Return the start, in UTC, of the quarter-hour that holds `moment`."""
    utc = moment.astimezone(UTC)
    return utc.replace(minute=utc.minute // 15 * 15, second=0, microsecond=0)


def local_midnight(day: date, zone: tzinfo) -> datetime:
    """Return, in UTC, the start of a local day of `zone`; of a moment: of the day that holds it."""
    if isinstance(day, datetime):
        day = day.astimezone(zone).date()
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _moment(value: object) -> datetime | None:
    """Read a stamp: aware, or naive where it has no offset."""
    match value:
        case {"$date": {"$numberLong": inner}} | {"$date": inner}:
            value = inner
    match value:
        case bool():
            return None
        case int() | float():
            seconds = value / 1000 if value > MILLISECONDS_FROM else value
            return datetime.fromtimestamp(seconds, UTC)
        case str():
            return _moment_of_text(value.strip())
    return None


def _moment_of_text(text: str) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return _moment(float(text))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)  # what a web framework may make of a time by itself


def _row_moment(value: object, sampling: Sampling | None) -> datetime | None:
    """Read the stamp of a row; None for one that is none, or none of the sampling."""
    try:
        moment = _moment(value)
        if moment is None or moment.year not in PLAUSIBLE_YEARS:
            return None
        near = _on_grid(moment) if sampling else moment
    except ValueError, OverflowError, OSError:
        return None
    return near or (None if sampling is Sampling.QUARTER_HOUR else moment)


def _on_grid(moment: datetime) -> datetime | None:
    """Return the quarter-hour that a stamp means; all zones are whole quarter-hours from UTC."""
    later = moment + INTERVAL / 2
    near = later.replace(minute=later.minute // 15 * 15, second=0, microsecond=0)
    return near if abs(moment - near) < _OFF_GRID else None


def _first_pass(moment: datetime, zone: tzinfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone, fold=0)).astimezone(UTC)


def _second_pass(moment: datetime, zone: tzinfo) -> datetime:
    return moment.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _is_repeated(moment: datetime, zone: tzinfo) -> bool:
    return not moment.tzinfo and _first_pass(moment, zone) < _second_pass(moment, zone)


def _only_meaning(moment: datetime, zone: tzinfo) -> datetime | None:
    """Return the instant in UTC; None where the clocks repeat or skip a local time."""
    first = _first_pass(moment, zone)
    return first if moment.tzinfo or first == _second_pass(moment, zone) else None


def _tell_passes(
    stamps: list[datetime | None],
    moments: Sequence[datetime | None],
    repeated: Iterable[list[int]],
    zone: tzinfo,
    sampling: Sampling | None,
) -> None:
    """Fill in the stamps of the repeated hours (by their indices), where the order tells them."""
    known = [stamp for stamp in stamps if stamp]
    distinct = set(known)
    if len(distinct) < _SHOWS_ORDER:
        return
    is_reversed = known[0] > known[-1]
    # The only row of a pass in hours is the same as that of the other: told apart by their number.
    same_means_other = sampling is Sampling.HOUR and len(distinct) == len(known)
    for indices in repeated:
        told = stamps.copy()
        in_order = indices[::-1] if is_reversed else indices
        local = [moment for index in in_order if (moment := moments[index])]
        steps_back = [
            place
            for place, (before, after) in enumerate(pairwise(local), 1)
            if after < before or (same_means_other and after == before)
        ]
        if len(steps_back) != 1:
            continue
        for place, index in enumerate(in_order):
            convert = _first_pass if place < steps_back[0] else _second_pass
            told[index] = convert(local[place], zone)
        in_time = [stamp for stamp in (told[::-1] if is_reversed else told) if stamp]
        if all(before <= after for before, after in pairwise(in_time)):
            stamps[:] = told


def _naive(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
