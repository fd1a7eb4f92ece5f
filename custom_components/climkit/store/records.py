"""What is remembered of a site, as data classes, and how they are read.

Home Assistant's JSON writes them as they are: by field, times as ISO. Times are UTC, statistics
and columns are told by their ids. Each part belongs to one room, which alone changes it.

What is not understood is left out: a file may be of a newer release, or somebody has edited it. It
is worked out again: from the recorder how far history was read, from Climkit the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from typing import Any, NewType, Self, get_args, get_origin

from ..api import PLAUSIBLE_YEARS, Meter, MeterMode
from ..statistics import Extent, TimeRange

# A time that is a key, as JSON has only text there: ISO, UTC.
Stamp = NewType("Stamp", str)

# A site that so many lists lacked, one after the other, is gone.
BELIEVED_LISTS = 2


@dataclass(slots=True, kw_only=True)
class Backfill:
    """The hours from `start` to before `end`; those before `position` are read already."""

    start: datetime
    position: datetime
    end: datetime


@dataclass(slots=True, kw_only=True)
class SeriesRecord:
    """How far a series was read, see `history.SyncState`; `extent`: which rows were stored.

    `complete`: reading has reached the present at least once.
    `meter_type`: of which kind of meter they are; None: of the present one, release 0.1.0 did not
    say.
    """

    since: datetime
    until: datetime
    complete: bool
    extent: Extent | None
    backfill: Backfill | None
    meter_type: str | None = None

    @property
    def start(self) -> datetime:
        """Where its history begins, once all of it is read."""
        return self.backfill.start if self.backfill else self.since


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest quarter-hour of a stretch: its start, in UTC, and its mean power in kW."""

    start: datetime
    power: float


@dataclass(slots=True, kw_only=True)
class PeakRecord:
    """A series' peaks in a month, by local day of the month.

    `until`: how far the month was read from its beginning without a gap; None: it was not.
    """

    until: datetime | None = None
    days: dict[str, Peak] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class MonthlyPeakRecord:
    """The peak of a series' month; `until` as that of a `PeakRecord`."""

    until: datetime | None = None
    peak: Peak | None = None


@dataclass(slots=True, kw_only=True)
class PeaksRecord:
    """The peaks of a month, which is told by its start, by statistic id.

    `months`: those of each month that was read, by statistic id and by its start.
    """

    month: datetime | None = None
    series: dict[str, PeakRecord] = field(default_factory=dict)
    months: dict[str, dict[Stamp, MonthlyPeakRecord]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected(TimeRange):
    """A range in which a person rejected amounts, and the most that is believed in it."""

    limit: float


@dataclass(frozen=True, slots=True)
class Unanswered(TimeRange):
    """Hours that Climkit did not answer for; `is_missing`: so they were never read."""

    is_missing: bool


@dataclass(slots=True, kw_only=True)
class PlausibilityRecord:
    """By column, see `feeds.Column`: limits that are not the usual ones, and amounts over one."""

    limits: dict[str, float] = field(default_factory=dict)
    pending: dict[str, dict[Stamp, float]] = field(default_factory=dict)
    rejected: dict[str, list[Rejected]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class RecheckRecord:
    """What is read again.

    What the nights did since the site was set up, and when the `last` one began; how far their
    `sweep` through the history of each feed has come; what is to be read at any time of the day.
    `unanswered`: what Climkit did not answer for, see `history.UnansweredHours`.
    """

    nights: int = 0
    pages: int = 0
    hours: int = 0
    last: datetime | None = None
    sweep: dict[str, datetime] = field(default_factory=dict)
    unread: dict[str, list[TimeRange]] = field(default_factory=dict)
    unanswered: dict[str, list[Unanswered]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class WindowRecord:
    """The longest window that Climkit answers, and when a longer one was tried last.

    None: no limit is known.
    """

    hours: int | None = None
    tried: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what is shorter than an hour or longer than a year, and half of a memory."""
        hours = 1 if self.hours is None else self.hours
        if (self.hours is None) != (self.tried is None) or not 1 <= hours <= 8784:
            raise ValueError("not a longest window")


@dataclass(slots=True, kw_only=True)
class CostsRecord:
    """The tariffs that costs were computed with, and what is left to do.

    `dirty`: the ranges of each known cost statistic that are to be computed anew. `stored`: which
    rows it had. `meter_types`: as what kind of meter each was computed. `zone`: the site's, in
    which all were. What is not there (None) is as now: release 0.1.0 did not say.
    """

    tariffs: list[dict[str, Any]] = field(default_factory=list)
    dirty: dict[str, list[TimeRange]] = field(default_factory=dict)
    stored: dict[str, Extent] = field(default_factory=dict)
    meter_types: dict[str, str] = field(default_factory=dict)
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardRequestRecord:
    """What the Energy dashboard shall show once it can: a site or a meter, and water meters."""

    owner: str
    water: list[str]


@dataclass(slots=True, kw_only=True)
class SiteRecord:
    """What is remembered of a site.

    `name`: as Climkit told it last. `meters` and `sensors`: those known, by id, with the days (ISO)
    on which the daily list lacked them. `described`: each meter that the lists ever had, as it was
    last, by `ids.slug`. `lists_without`: how many of the account's lists of sites, one after the
    other, lacked it.
    """

    name: str | None = None
    series: dict[str, SeriesRecord] = field(default_factory=dict)
    meters: dict[str, list[str]] = field(default_factory=dict)
    sensors: dict[str, list[str]] = field(default_factory=dict)
    described: dict[str, Meter] = field(default_factory=dict)
    has_battery: bool = False
    lists_without: int = 0
    peaks: PeaksRecord = field(default_factory=PeaksRecord)
    plausibility: PlausibilityRecord = field(default_factory=PlausibilityRecord)
    recheck: RecheckRecord = field(default_factory=RecheckRecord)
    costs: CostsRecord = field(default_factory=CostsRecord)
    window: WindowRecord = field(default_factory=WindowRecord)
    dashboard_request: DashboardRequestRecord | None = None

    @property
    def is_gone(self) -> bool:
        """Whether Climkit no longer lists the site; one list may be wrong."""
        return self.lists_without >= BELIEVED_LISTS

    @property
    def first_row(self) -> datetime | None:
        """The first hour of which rows are stored, and all series were read; None without rows.

        Not earlier rows of a single series: a meter may have come from another site.
        """
        first = min((one.extent.first for one in self.series.values() if one.extent), default=None)
        return first and max(first, *(one.start for one in self.series.values()))

    @classmethod
    def from_dict(cls, data: object, lost: list[str]) -> Self:
        """Read a record; parts of which something is not understood are named in `lost`."""
        if not isinstance(data, dict):
            lost.append("site")
            return cls()
        found: dict[str, Any] = {}
        for one in fields(cls):
            if one.name not in data:
                continue
            lose = partial(lost.append, one.name)
            try:
                found[one.name] = _reader(one.type)(data[one.name], lose)
            except TypeError, ValueError:
                lose()
        return cls(**found)


# Reads a value, and tells of rows of tables that are left out. Raises TypeError or ValueError for
# what is not understood.
type _Reader = Callable[[object, Callable[[], None]], object]


def _reader(kind: object) -> _Reader:
    """Return what reads values of a type, which is made once."""
    if kind not in _READERS:
        _READERS[kind] = _make_reader(kind)
    return _READERS[kind]


def _make_reader(kind: object) -> _Reader:
    if isinstance(kind, type) and is_dataclass(kind):
        return partial(_read_object, kind, {one.name: _reader(one.type) for one in fields(kind)})
    args = get_args(kind)
    read = _reader(args[0])
    if get_origin(kind) is dict:
        return partial(_read_table, read, _reader(args[1]))
    if get_origin(kind) is list:
        return lambda value, lose: [read(one, lose) for one in _of(list, value)]
    return lambda value, lose: None if value is None else read(value, lose)  # it may be None


def _read_object(
    kind: Callable[..., object],
    readers: Mapping[str, _Reader],
    value: object,
    lose: Callable[[], None],
) -> object:
    data = _of(dict, value)
    return kind(**{key: read(data[key], lose) for key, read in readers.items() if key in data})


def _read_table(
    read_key: _Reader, read: _Reader, value: object, lose: Callable[[], None]
) -> dict[object, object]:
    found = {}
    for key, one in _of(dict, value).items():
        try:
            found[read_key(key, lose)] = read(one, lose)
        except TypeError, ValueError:
            lose()
    return found


def _of[T](kind: type[T], value: object, _lose: object = None) -> T:
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise TypeError(f"not a {kind.__name__}")


def _time(value: object, _lose: object) -> datetime:
    time = datetime.fromisoformat(_of(str, value))
    if time.tzinfo and time.year in PLAUSIBLE_YEARS:
        return time.astimezone(UTC)
    raise ValueError("a time without its offset, or of no clock")


def _number(value: object, _lose: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return value
    raise ValueError("not a number")


def _mode(value: object, _lose: object) -> MeterMode:
    return MeterMode(_of(str, value)) if value in MeterMode else MeterMode.UNKNOWN


_READERS: dict[object, _Reader] = {
    Any: lambda value, _lose: value,
    bool: partial(_of, bool),
    str: partial(_of, str),
    int: partial(_of, int),
    float: _number,
    datetime: _time,
    Stamp: lambda value, lose: _time(value, lose).isoformat(),
    MeterMode: _mode,
}
