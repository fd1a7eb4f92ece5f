"""What is remembered over a restart: how far history was read, and which meters are missing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NotRequired, TypedDict, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .time_range import TimeRange

# What is lost by a crash is read back from the recorder, so writing seldom spares the disk.
SAVE_DELAY_SECONDS = 300


class EarlierRecord(TypedDict):
    """A stretch before `since` that is being read: where it starts, and from where it is unread."""

    start: str
    begin: str


class SeriesRecord(TypedDict):
    """How far the history of a series was read. Times are ISO, UTC; see `track.Track`.

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
    """Limits that are not the usual ones, amounts over a limit, and up to where a person decided.

    By column, see `plausibility.Column`; amounts by the start of their quarter-hour (ISO, UTC).
    """

    limits: dict[str, float]
    left_out: dict[str, dict[str, float]]
    decided: dict[str, str]


class MendedRecord(TypedDict):
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


class CostsRecord(TypedDict):
    """What is remembered of costs: the tariffs they were computed with, and what is left to do.

    `dirty`: the ranges (ISO, UTC) of each known cost statistic that are to be computed anew.
    `stored`: what was stored of each of them.
    """

    tariffs: list[dict[str, Any]]
    dirty: dict[str, list[tuple[str, str]]]
    stored: NotRequired[dict[str, StoredRecord]]


class SiteRecord(TypedDict):
    """What is remembered of a site.

    `meters` and `sensors`: those known, by id, with the days (ISO) on which the daily list lacked
    them.
    `walk`: how far the nights' walk through the history of each feed has come (ISO, UTC).
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
    mended: NotRequired[MendedRecord]
    costs: NotRequired[CostsRecord]
    again: NotRequired[dict[str, list[tuple[str, str]]]]


def read_ranges(ranges: Iterable[tuple[str, str]]) -> list[TimeRange]:
    """Return remembered ranges; what was remembered upside down is none."""
    found = (
        TimeRange.between(datetime.fromisoformat(start), datetime.fromisoformat(end))
        for start, end in ranges
    )
    return [one for one in found if one]


def ranges_text(ranges: Iterable[TimeRange]) -> list[tuple[str, str]]:
    """Return ranges as they are remembered."""
    return [(one.start.isoformat(), one.end.isoformat()) for one in ranges]


# A device goes once this many daily lists were without it.
DAYS_MISSING = 3


def note_listed(devices: dict[str, list[str]], listed: Iterable[str], day: str) -> None:
    """Note which devices a day's list lacks; forget those missed on several days."""
    present = set(listed)
    for device_id in devices.keys() - present:
        days = devices[device_id]
        if day not in days:
            days.append(day)
        if len(days) >= DAYS_MISSING:
            del devices[device_id]
    note_seen(devices, present)


def note_seen(devices: dict[str, list[str]], seen: Iterable[str]) -> None:
    """Note devices that are there, whatever a list said."""
    devices.update({device_id: [] for device_id in seen})


class ClimkitStore(Store[dict[str, SiteRecord]]):
    """The memory of one config entry: a record for each site."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the file of a config entry; nothing is read yet."""
        super().__init__(hass, 1, f"{DOMAIN}.{entry_id}")
        self.sites: dict[str, SiteRecord] = {}

    @override
    async def async_load(self) -> dict[str, SiteRecord]:
        """Read the file; a missing one is an empty memory."""
        self.sites = await super().async_load() or {}
        return self.sites

    def site(self, site_id: str) -> SiteRecord:
        """Return the record of a site, to be changed in place and saved."""
        return self.sites.setdefault(
            site_id, SiteRecord(series={}, meters={}, sensors={}, has_battery=False, walk={})
        )

    def save_soon(self) -> None:
        """Write the file before long, at the latest when Home Assistant stops."""
        self.async_delay_save(lambda: self.sites, SAVE_DELAY_SECONDS)

    async def async_save_now(self) -> None:
        """Write the file at once."""
        await self.async_save(self.sites)
