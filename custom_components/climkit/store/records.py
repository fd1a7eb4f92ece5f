"""What is remembered of a site, and how it is read.

What is not understood is left out: a file may be of a newer release, or somebody has edited it. It
is worked out again: from the recorder how far history was read, from Climkit the rest.
"""

from collections.abc import Callable
from datetime import date, datetime
from math import isfinite
from typing import Any, NotRequired, TypedDict, cast

import voluptuous as vol


class EarlierRecord(TypedDict):
    """A stretch before `since` that is being read: where it starts, and from where it is unread."""

    start: str
    begin: str


class SeriesRecord(TypedDict):
    """How far the history of a series was read. Times are ISO, UTC; see `history.SyncState`.

    `first`, `last`, `sum` and `count` tell which rows were stored: their first and newest hour, the
    newest one's running total, and how many there were.
    """

    since: str
    until: str
    last: str | None
    complete: bool
    first: NotRequired[str]
    sum: NotRequired[float]
    count: NotRequired[int]
    earlier: NotRequired[EarlierRecord]


class PeakRecord(TypedDict):
    """A series' peaks in a month, by day: start of the quarter-hour (ISO, UTC) and its mean kW.

    `until`: how far the month was read from its beginning without a gap (ISO, UTC); None: it was
    not.
    """

    until: str | None
    days: dict[str, tuple[str, float]]


class PeaksRecord(TypedDict):
    """The peaks of a month, which is told by its start (ISO, UTC), by statistic id."""

    month: str
    series: dict[str, PeakRecord]


class PlausibilityRecord(TypedDict):
    """Limits that are not the usual ones, and amounts over a limit: pending, and rejected.

    By column, see `plausibility.Column`. `pending`: amounts by the start of their quarter-hour
    (ISO, UTC). `rejected`: ranges (ISO, UTC), each with the most that is believed in it.
    `left_out`, `decided`: both in one, and up to where a person decided (until release 0.1).
    """

    limits: dict[str, float]
    pending: NotRequired[dict[str, dict[str, float]]]
    rejected: NotRequired[dict[str, list[tuple[str, str, float]]]]
    left_out: NotRequired[dict[str, dict[str, float]]]
    decided: NotRequired[dict[str, str]]


class RecheckRecord(TypedDict):
    """What the nights did since the site was set up, and when (ISO, UTC) the last one began."""

    nights: int
    pages: int
    hours: int
    last: str | None


class StoredRecord(TypedDict):
    """Which rows were stored: first and newest hour (ISO, UTC), the latter's sum, how many."""

    first: str
    last: str
    sum: float
    count: int


class WindowRecord(TypedDict):
    """The longest window that Climkit answers, and when (ISO, UTC) a longer one was tried last."""

    hours: int
    tried: str


class CostsRecord(TypedDict):
    """What is remembered of costs: the tariffs they were computed with, and what is left to do.

    `dirty`: the ranges (ISO, UTC) of each known cost statistic that are to be computed anew.
    `stored`: what was stored of each of them.
    """

    tariffs: list[dict[str, Any]]
    dirty: dict[str, list[tuple[str, str]]]
    stored: NotRequired[dict[str, StoredRecord]]


class MeterRecord(TypedDict):
    """What Climkit's list said of a meter; see `api.Meter`."""

    type: str
    mode: str
    name: str | None
    bus_address: int | None
    is_rule_meter: bool


class DashboardRequestRecord(TypedDict):
    """What the Energy dashboard shall show once it can: a site or a meter, and water meters."""

    owner: str
    water: list[str]


class SiteRecord(TypedDict):
    """What is remembered of a site.

    `meters` and `sensors`: those known, by id, with the days (ISO) on which the daily list lacked
    them.
    `described`: what the lists said of each meter that they ever had, by `ids.slug`.
    `walk`: how far the nights' sweep through the history of each feed has come (ISO, UTC).
    `mended`: how much the nights read and mended.
    `again`: by feed, the ranges (ISO, UTC) that are to be read again at any time of the day.
    """

    series: dict[str, SeriesRecord]
    meters: dict[str, list[str]]
    sensors: dict[str, list[str]]
    has_battery: bool
    walk: dict[str, str]
    peaks: NotRequired[PeaksRecord]
    plausibility: NotRequired[PlausibilityRecord]
    mended: NotRequired[RecheckRecord]
    costs: NotRequired[CostsRecord]
    again: NotRequired[dict[str, list[tuple[str, str]]]]
    window: NotRequired[WindowRecord]
    described: NotRequired[dict[str, MeterRecord]]
    energy_wish: NotRequired[DashboardRequestRecord]


type _Reader = Callable[[object], Any]


def read_site(data: object, lost: list[str]) -> SiteRecord:
    """Return the record of a site; what of it is not understood is named in `lost`."""
    record: dict[str, Any] = {"series": {}, "meters": {}, "sensors": {}, "has_battery": False}
    record["walk"] = {}
    if not isinstance(data, dict):
        lost.append("site")
        return cast(SiteRecord, record)
    for key, read in _PARTS.items():
        if key not in data:
            continue
        try:
            record[key] = read(data[key])
        except vol.Invalid:
            lost.append(key)
    lost += [
        key
        for key in _TABLES
        if isinstance(data.get(key), dict) and len(record.get(key, ())) < len(data[key])
    ]
    return cast(SiteRecord, record)


def _time(value: object) -> str:
    """Accept a time as it is remembered: ISO, with its offset."""
    try:
        if isinstance(value, str) and datetime.fromisoformat(value).tzinfo:
            return value
    except ValueError:
        pass
    raise vol.Invalid("not a time")


def _day(value: object) -> str:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise vol.Invalid("not a day")


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return value
    raise vol.Invalid("not a number")


def _hours(value: object) -> int:
    """Accept a length: an hour at least, a year at most."""
    if 1 <= (hours := _count(value)) <= 8784:
        return hours
    raise vol.Invalid("not a length in hours")


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise vol.Invalid("not a number of things")


def _each(read: _Reader, of: _Reader = str) -> _Reader:
    """Read a table by text; rows that are not understood are left out."""

    def table(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise vol.Invalid("not a table")
        found = {}
        for key, item in value.items():
            try:
                found[of(key)] = read(item)
            except vol.Invalid:
                continue
        return found

    return table


def _listed(read: _Reader) -> _Reader:
    """Read a list; what is not understood in it is left out."""

    def some(value: object) -> list[Any]:
        if not isinstance(value, list):
            raise vol.Invalid("not a list")
        return list(_each(read)(dict(enumerate(value))).values())

    return some


def _tuple(*parts: _Reader) -> _Reader:
    def read(value: object) -> tuple[Any, ...]:
        if isinstance(value, list | tuple) and len(value) == len(parts):
            return tuple(part(one) for part, one in zip(parts, value, strict=True))
        raise vol.Invalid("not as many values")

    return read


def _schema(fields: dict[Any, Any]) -> _Reader:
    """Read an object; of a newer release's it may have fields that are not known here."""
    return cast(_Reader, vol.Schema(fields, extra=vol.REMOVE_EXTRA))


_RANGES = [_tuple(_time, _time)]
_SERIES = _schema(
    {
        vol.Required("since"): _time,
        vol.Required("until"): _time,
        vol.Required("last"): vol.Any(None, _time),
        vol.Required("complete"): bool,
        vol.Optional("first"): _time,
        vol.Optional("sum"): _number,
        vol.Optional("count"): _count,
        vol.Optional("earlier"): _schema(
            {vol.Required("start"): _time, vol.Required("begin"): _time}
        ),
    }
)
_PEAKS = _schema(
    {
        vol.Required("month"): _time,
        vol.Required("series"): _each(
            _schema(
                {
                    vol.Required("until"): vol.Any(None, _time),
                    vol.Required("days"): _each(_tuple(_time, _number)),
                }
            )
        ),
    }
)
_PLAUSIBILITY = _schema(
    {
        vol.Required("limits"): _each(_number),
        vol.Optional("pending"): _each(_each(_number, of=_time)),
        vol.Optional("rejected"): _each(_listed(_tuple(_time, _time, _number))),
        vol.Optional("left_out"): _each(_each(_number, of=_time)),
        vol.Optional("decided"): _each(_time),
    }
)
_RECHECK = _schema(
    {
        vol.Required("nights"): _count,
        vol.Required("pages"): _count,
        vol.Required("hours"): _count,
        vol.Required("last"): vol.Any(None, _time),
    }
)
_COSTS = _schema(
    {
        vol.Required("tariffs"): [dict],
        vol.Required("dirty"): _each(vol.Schema(_RANGES)),
        vol.Optional("stored"): _each(
            _schema(
                {
                    vol.Required("first"): _time,
                    vol.Required("last"): _time,
                    vol.Required("sum"): _number,
                    vol.Required("count"): _count,
                }
            )
        ),
    }
)

_METER = _schema(
    {
        vol.Required("type"): str,
        vol.Required("mode"): str,
        vol.Required("name"): vol.Any(None, str),
        vol.Required("bus_address"): vol.Any(None, int),
        vol.Required("is_rule_meter"): bool,
    }
)

_TABLES = ("series", "meters", "sensors", "walk", "again", "described")
_PARTS: dict[str, _Reader] = {
    "series": _each(_SERIES),
    "meters": _each(vol.Schema([_day])),
    "sensors": _each(vol.Schema([_day])),
    "has_battery": vol.Schema(bool),
    "walk": _each(_time),
    "peaks": _PEAKS,
    "plausibility": _PLAUSIBILITY,
    "mended": _RECHECK,
    "costs": _COSTS,
    "again": _each(vol.Schema(_RANGES)),
    "window": _schema({vol.Required("hours"): _hours, vol.Required("tried"): _time}),
    "described": _each(_METER),
    "energy_wish": _schema({vol.Required("owner"): str, vol.Required("water"): [str]}),
}
