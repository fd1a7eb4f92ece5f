"""Which meters, series and feeds a site has, as its lists and answers say from day to day."""

from collections.abc import Iterable
from copy import replace
from typing import NamedTuple

from ..api import Meter, MeterMode, Site
from ..ids import slug, slugs
from ..measures import (
    CHARGE_POINT,
    ELECTRICITY,
    METER_TYPES,
    Feed,
    Names,
    Series,
    all_series,
    known_meters,
    repeated_by_site,
)
from ..options import Selection
from ..store import ClimkitStore
from .live_data import LiveData
from .owners import Owners

# A device goes once this many daily lists were without it.
DAYS_MISSING = 3


class SiteData(NamedTuple):
    """What there are entities of: the wanted meters and series. Replaced only when it changes."""

    meters: dict[str, Meter]
    series: dict[str, Series]


class SiteInventory:
    """The meters and series of a site: those that are listed, or that answers tell of."""

    def __init__(
        self,
        site: Site,
        store: ClimkitStore,
        selection: Selection,
        owners: Owners,
        live_data: LiveData,
    ) -> None:
        """Begin with what is remembered; nothing is wanted before a list was taken."""
        self._site_id = site.id
        self._store = store
        self._record = store.site(site.id)
        self._selection = selection
        self._owners = owners
        self._live_data = live_data
        self._listed: list[Meter] = []
        self._has_new_list = False
        self._known: tuple[object, ...] | None = None
        self.data = SiteData({}, {})
        self.feeds: list[Feed] = []

    @property
    def listed(self) -> list[Meter]:
        """Return the meters of the newest list."""
        return self._listed

    @property
    def repeated_meters(self) -> frozenset[str]:
        """Return the meters that say what the site's own totals say too, where there are any."""
        if not self._selection.site_totals:
            return frozenset()
        return repeated_by_site(self.data.meters.values())

    def wants(self, meter_id: str) -> bool:
        """Whether the user wants this meter, and no other site has it."""
        return self._selection.wants(meter_id)

    @property
    def series_with_meters(self) -> list[tuple[Series, Meter | None]]:
        """Return each series with its meter; None for the site's own."""
        meters = self._meters()
        return [(s, meters[s.meter_id] if s.meter_id else None) for s in self.data.series.values()]

    def are_retyped(self, listed: Iterable[Meter]) -> bool:
        """Whether a meter is listed as another type than before: it counts something else."""
        known = (one for one in listed if one.type in METER_TYPES)
        pairs = ((self._record.described.get(slug(meter.id)), meter) for meter in known)
        return any(before and before.type != meter.type for before, meter in pairs)

    def take_list(self, listed: list[Meter]) -> None:
        """Take in the day's list; a meter of a type that nobody knows stays what it was."""
        listed = [self._as_described(one) for one in listed]
        self._live_data.drop_stale_columns(_ids(self._listed) - _ids(listed))
        self._listed = listed
        for meter in (one for one in listed if one.type in METER_TYPES):
            self._record.described[slug(meter.id)] = replace(meter, id=slug(meter.id))
        self._has_new_list = True

    def _as_described(self, meter: Meter) -> Meter:
        """Return a meter with what lists said of it before, where this one does not."""
        before = self._record.described.get(slug(meter.id), meter)
        if meter.type not in METER_TYPES:
            return replace(before, id=meter.id)
        mode = before.mode if meter.mode is MeterMode.UNKNOWN else meter.mode
        return replace(meter, name=meter.name or before.name, mode=mode)

    def update(self, site: Site, names: Names) -> bool:
        """Work out what there is; tell whether that, or what it is called, changed."""
        meters = self._meters()
        self._claim(meters.keys())
        columns, has_battery = self._live_data.columns.copy(), self._has_battery(meters)
        known = meters, columns, has_battery, self._selection, site, names
        if known == self._known:
            return False
        self._known = known
        self._record.name = site.name
        series = all_series(site.id, meters, columns, self._selection, has_battery=has_battery)
        self.data = SiteData(
            meters={key: meter for key, meter in meters.items() if self.wants(key)},
            series={one.statistic_id: one for one in series},
        )
        site_feeds = self._site_feeds(self._remembered | meters)
        self.feeds = list(dict.fromkeys([*site_feeds, *(one.feed for one in series)]))
        return True

    def note_present(self, day: str) -> None:
        """Remember which meters there are; what a new list lacks is missing on this day (ISO)."""
        meters = self._meters().keys() - self._selection.others
        if self._has_new_list:
            self._has_new_list = False
            gone = note_listed(self._record.meters, meters, day)
            self._owners.release(self._site_id, "meters", gone)
            self._store.save_soon()
        else:
            note_seen(self._record.meters, meters)

    def _meters(self) -> dict[str, Meter]:
        return known_meters(self._listed, self._live_data.columns, self._record.described)

    @property
    def _remembered(self) -> dict[str, Meter]:
        """Return what lists had before: answers may still tell of a meter that one list lacks."""
        known = {key: self._record.described.get(slug(key)) for key in self._record.meters}
        return {key: one for key, one in known.items() if one and one.type in METER_TYPES}

    def _claim(self, meters: Iterable[str]) -> None:
        """Take what no other site has; what another one has is not this one's."""
        meters = list(meters)
        wanted = replace(self._selection, others=frozenset())
        self._owners.claim(self._site_id, "meters", filter(wanted.wants, meters))
        others = self._owners.of_others(self._site_id, "meters", meters)
        self._selection = replace(self._selection, others=others)
        for meter_id in others:
            self._record.meters.pop(meter_id, None)

    def _site_feeds(self, meters: dict[str, Meter]) -> list[Feed]:
        """Return the meter types to ask for, also where no series needs their answer yet."""
        wants_totals, wanted = self._selection.site_totals, self._selection.meters
        types = dict.fromkeys(
            meter.type for meter in meters.values() if wants_totals or self.wants(meter.id)
        )
        has_electricity = any(meter.type == ELECTRICITY for meter in meters.values())
        if has_electricity and (
            wants_totals or wanted is None or wanted - slugs(_ids(self._listed))
        ):
            types[CHARGE_POINT] = None
        return [Feed(self._site_id, meter_type) for meter_type in types]

    def _has_battery(self, meters: dict[str, Meter]) -> bool:
        """Whether there is a battery, or was one: its columns are always there, filled with 0."""
        if not self._record.has_battery:
            self._record.has_battery = self._live_data.has_battery or any(
                meter.mode is MeterMode.BATTERY for meter in meters.values()
            )
        return self._record.has_battery


def note_listed(devices: dict[str, list[str]], listed: Iterable[str], day: str) -> list[str]:
    """Note which devices a day's list lacks; forget and return those missed on several days."""
    present, gone = set(listed), []
    for device_id in devices.keys() - present:
        days = devices[device_id]
        if day not in days:
            days.append(day)
        if len(days) >= DAYS_MISSING:
            del devices[device_id]
            gone.append(device_id)
    note_seen(devices, present)
    return gone


def note_seen(devices: dict[str, list[str]], seen: Iterable[str]) -> None:
    """Note devices that are there, whatever a list said."""
    devices.update({device_id: [] for device_id in seen})


def _ids(meters: Iterable[Meter]) -> set[str]:
    return {meter.id for meter in meters}
