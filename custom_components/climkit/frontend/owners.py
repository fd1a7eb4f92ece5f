"""Whose data a command asks for: a site or one of its meters, if the user may see that."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from enum import StrEnum
from typing import NamedTuple

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry, DeviceEntryType
from homeassistant.util import dt as dt_util

from ..api import Meter, local_midnight
from ..const import DOMAIN
from ..history import SyncState
from ..measures import ELECTRICITY, METER_TYPES, Series
from ..runtime import SiteRuntime, loaded_sites

# What the dashboard calls the measures, the API's words.
_OF_GRID_AND_BATTERY = {
    "from_ext": "import",
    "to_ext": "export",
    "storage_charging_total": "charge",
    "storage_discharging_total": "discharge",
}
_OF_SITE = {
    "prod_total": "production",
    "conso_total": "consumption",
    "self": "self",
    **_OF_GRID_AND_BATTERY,
}
_OF_METER = {"total": "total", "self": "solar", "ext": "grid", **_OF_GRID_AND_BATTERY}


class Code(StrEnum):
    """Why there is no answer; a card says it in the person's language."""

    NOT_LOADED = "not_loaded"
    NOT_FOUND = "not_found"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    NO_DATA_YET = "no_data_yet"


class NoAnswerError(Exception):
    """There is no answer, for a reason that has a code."""

    def __init__(self, code: Code) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class Owner(NamedTuple):
    """A site or, with `meter`, one of its meters."""

    runtime: SiteRuntime
    meter: Meter | None = None

    @property
    def id(self) -> str:
        """Return Climkit's id."""
        return self.meter.id if self.meter else self.runtime.site.id

    @property
    def series(self) -> Mapping[str, Series]:
        """Return the series by the dashboard's names; of a site those of its electricity."""
        return series_by_owner(self.runtime).get(self.id, {})

    @property
    def is_read_each_interval(self) -> bool:
        """Whether there are quarter-hours; meters of water and heat are read once a day."""
        return self.meter is None or METER_TYPES[self.meter.type].read_each_interval

    @property
    def states(self) -> list[SyncState]:
        """Return how far the history of the series was read."""
        wanted = {one.statistic_id for one in self.series.values()}
        states = self.runtime.history.states
        return [state for state in states if state.statistic_id in wanted]

    @property
    def today(self) -> date:
        """Return the local day."""
        return dt_util.utcnow().astimezone(self.runtime.site.zone).date()

    def is_being_read(self, first: date, end: date) -> bool:
        """Whether history of these days (`end` not included) is still to be read."""
        zone = self.runtime.site.zone
        start = local_midnight(first, zone)
        stop = min(local_midnight(end, zone), dt_util.utcnow())
        return any(
            (state.backfill and state.backfill.position < stop and start < state.backfill.end)
            or (not state.is_current and state.until < stop)
            for state in self.states
        )


def first_day(states: Iterable[SyncState], zone: tzinfo) -> date:
    """Return the local day with which the earliest history begins; today where there is none."""
    firsts = (
        state.backfill.start if state.backfill else state.first or state.since for state in states
    )
    return min(firsts, default=dt_util.utcnow()).astimezone(zone).date()


def series_by_owner(runtime: SiteRuntime) -> dict[str, dict[str, Series]]:
    """Return the series of a site and of its meters, each by the dashboard's names."""
    owners: dict[str, dict[str, Series]] = {}
    for one in runtime.series.values():
        names = _OF_METER if one.meter_id else _OF_SITE
        if one.measure.key in names and (one.meter_id or one.feed.meter_type == ELECTRICITY):
            is_produced = one.measure.name == "production"  # also the total of a meter of panels
            name = "production" if is_produced else names[one.measure.key]
            owners.setdefault(one.owner_id, {})[name] = one
    return owners


@callback
def async_find_owner(
    hass: HomeAssistant, user: User, site_id: str, meter_id: str | None = None
) -> Owner:
    """Return the site or meter of these ids. Raises NoAnswerError."""
    if not Readable(hass, user).has(meter_id or site_id):
        raise NoAnswerError(Code.NOT_FOUND)
    for runtime in loaded_sites(hass):
        if runtime.site.id == site_id:
            meter = runtime.meters.get(meter_id) if meter_id else None
            if meter_id and meter is None:
                raise NoAnswerError(Code.NOT_FOUND)
            return Owner(runtime, meter)
    if any(site_id_of(device) == site_id for device in sites_not_loaded(hass)):
        raise NoAnswerError(Code.NOT_LOADED)
    raise NoAnswerError(Code.NOT_FOUND)


@callback
def async_find_site(hass: HomeAssistant, user: User, site_id: str) -> Owner:
    """Return a site of which the user may see at least a meter. Raises NoAnswerError."""
    readable = Readable(hass, user)
    for runtime in loaded_sites(hass):
        if runtime.site.id == site_id and any(map(readable.has, runtime.meters)):
            return Owner(runtime)
    return async_find_owner(hass, user, site_id)


@callback
def sites_not_loaded(hass: HomeAssistant) -> Iterator[DeviceEntry]:
    """Return the devices of sites whose accounts are not loaded."""
    registry = dr.async_get(hass)
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if entry.state is not ConfigEntryState.LOADED:
            for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
                if device.entry_type is DeviceEntryType.SERVICE:
                    yield device


def site_id_of(device: DeviceEntry) -> str:
    """Return Climkit's id of the site that a device stands for."""
    return next(found for domain, found in device.identifiers if domain == DOMAIN)


class Readable:
    """What a user may see: a site or meter of which at least one entity may be read.

    Statistics know no permissions; what they show, those entities show.
    """

    def __init__(self, hass: HomeAssistant, user: User) -> None:
        """Look up once what the user may read."""
        self._all = user.permissions.access_all_entities(POLICY_READ)
        self._unique_ids: list[str] = []
        if not self._all:
            registry = er.async_get(hass)
            self._unique_ids = [
                entity.unique_id
                for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
                for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
                if user.permissions.check_entity(entity.entity_id, POLICY_READ)
            ]

    def has(self, owner_id: str) -> bool:
        """Whether the user may see the site or meter of this id."""
        return self._all or any(one.startswith(f"{owner_id}_") for one in self._unique_ids)
