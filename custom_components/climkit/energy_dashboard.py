"""What the Energy dashboard can show of a site or of one meter, and what of it is missing. Pure.

There are two perspectives, and they exclude each other. `propose_site`: the building, with its
consumers as devices. `propose_meter`: one flat, whose grid is what it takes from the grid (`ext`)
and whose solar is its share of the building's (`self`). `merge` appends to the preferences of a
person what they lack, and changes nothing of theirs.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from homeassistant.util.json import JsonValueType

from .const import DOMAIN
from .measures import CHARGE_POINT, Role, Series

# A source or device as Home Assistant stores it, and the three lists of them.
type Entry = Mapping[str, JsonValueType]
type Preferences = Mapping[str, Sequence[Entry]]

DEVICE = "device"
SOURCES = "energy_sources"
DEVICES = "device_consumption"
WATER_DEVICES = "device_consumption_water"


class Kind(StrEnum):
    """A type of source; the dashboard adds up all sources of a type."""

    GRID = "grid"
    SOLAR = "solar"
    BATTERY = "battery"
    WATER = "water"
    HOME = "home"


# Of these a dashboard may have several sources.
REPEATABLE = (Kind.GRID, Kind.SOLAR, Kind.BATTERY, Kind.WATER)

# From these the dashboard computes what a home consumes.
BALANCE = (Kind.GRID, Kind.SOLAR, Kind.BATTERY)


class Reason(StrEnum):
    """Why something was not added."""

    ALREADY_THERE = "already_there"
    THERE_WITHOUT_COST = "there_without_cost"
    SAME_ENERGY = "same_energy"
    """The site's total stands there where its meters would be added, or the other way round."""
    OTHER_SOURCE = "other_source"
    """The kind has a source that is not of Climkit."""
    OTHER_HOME = "other_home"
    """Another series is the home's consumption, and there can be only one."""
    SEVERAL_SHOWN = "several_shown"
    """The home's consumption is that of one site or meter, and the dashboard shows several."""
    PARENT_UNKNOWN = "parent_unknown"
    """Which consumer measures a charge point's energy too is not known: it might count twice."""
    THERE_WITHOUT_PARENT = "there_without_parent"
    THERE_WITH_OTHER_PARENT = "there_with_other_parent"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a proposal is made of.

    `series`: those of a site, by statistic id. `cost_of` tells the statistic with the costs of a
    series, `power_of` the entity with its power, `net_power_of` the one with the power of what
    flows to the house less what flows from it, `name_of` the name of a meter or of the site,
    `measure_of` what a series measures. `has_home`: this Home Assistant knows sources of the type
    "home".
    """

    series: Mapping[str, Series]
    cost_of: Callable[[Series], str | None]
    power_of: Callable[[Series], str | None]
    name_of: Callable[[str], str]
    has_home: bool
    measure_of: Callable[[Series], str] = lambda series: series.measure.name
    net_power_of: Callable[[Series, Series], str | None] = lambda *_: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The sources and devices of a perspective.

    `alone`: statistics of devices of which somebody said that no other device measures them too.
    `orphans`: those of charge points of which nobody knows.
    """

    is_site: bool
    sources: Sequence[Entry]
    devices: Sequence[Entry] = ()
    water_devices: Sequence[Entry] = ()
    alone: Collection[str] = ()
    orphans: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.sources or self.devices or self.water_devices)


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was not added: statistics of a kind of source, or of a device."""

    kind: str
    statistic_ids: tuple[str, ...]
    reason: Reason


@dataclass(slots=True)
class Merged:
    """What is appended to each list of the preferences, and what is left out and why.

    `removed`: sources of the home's consumption that are of Climkit and would be wrong.
    """

    added: dict[str, list[Entry]] = field(
        default_factory=lambda: {SOURCES: [], DEVICES: [], WATER_DEVICES: []}
    )
    removed: list[Entry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


# Proposals


def propose_site(view: View, parents: Mapping[str, str | None]) -> Proposal:
    """Return what shows a whole site.

    `parents` names, for a meter's id, the id of the meter that measures its consumption too; None
    where no other does. A charge point stands behind another meter as a rule, and would count
    twice; so one that is not named is no device.
    """
    sources: list[Entry] = [
        _grid(view, *pair) for pair in _pairs(view, Role.GRID_IMPORT, Role.GRID_EXPORT)
    ]
    sources += [_solar(view, one) for one in _totals_or_meters(view, Role.SOLAR)]
    sources += [
        _battery(view, discharge, charge)
        for discharge, charge in _pairs(view, Role.BATTERY_DISCHARGE, Role.BATTERY_CHARGE)
        if discharge and charge
    ]
    waters = _totals_or_meters(view, Role.WATER)
    sources += [_water(view, one) for one in waters]
    sources += [_home(view, one) for one in _of_role(view, Role.HOME) if view.has_home]
    consumers = [
        one
        for one in _of_role(view, Role.DEVICE)
        if one.meter_id and is_consumer(view.series, one.meter_id)
    ]
    orphans = [one for one in consumers if is_charge_point(one) and one.meter_id not in parents]
    return Proposal(
        is_site=True,
        sources=sources,
        devices=[_device(view, one, parents) for one in consumers if one not in orphans],
        water_devices=[
            _device(view, one, parents) for one in _of_role(view, Role.WATER) if one not in waters
        ],
        alone={
            one.statistic_id for one in consumers if parents.get(one.owner_id, "unnamed") is None
        },
        orphans=[one.statistic_id for one in orphans],
    )


def propose_meter(view: View, meter_id: str, water_ids: Collection[str]) -> Proposal:
    """Return what shows one consumer, with the water meters that belong to it.

    A solar source takes no cost in Home Assistant, so the grid has that of both.
    """
    own = series_of_meter(view.series, meter_id)
    grid = _grid(view, own["ext"], None) | {"stat_cost": view.cost_of(own["total"])}
    waters = [
        one for one in _of_role(view, Role.WATER) if one.meter_id and one.meter_id in water_ids
    ]
    return Proposal(
        is_site=False,
        sources=[
            grid,
            _solar(view, own["self"]),
            *(_water(view, one) for one in waters),
            *([_home(view, own["total"])] if view.has_home else []),
        ],
    )


def series_of_meter(series: Mapping[str, Series], meter_id: str) -> dict[str, Series]:
    """Return the series of a meter by their key."""
    return {one.key: one for one in series.values() if one.meter_id == meter_id}


def is_consumer(series: Mapping[str, Series], meter_id: str) -> bool:
    """Whether a meter's energy is told apart by where it comes from: a flat, a charge point."""
    return {"total", "self", "ext"} <= series_of_meter(series, meter_id).keys()


def is_charge_point(series: Series) -> bool:
    """Whether a series is one of a charge point."""
    return series.feed.meter_type == CHARGE_POINT


def _of_role(view: View, role: Role) -> list[Series]:
    return [one for one in view.series.values() if one.measure.role is role]


def _totals_or_meters(view: View, role: Role) -> list[Series]:
    """Return the site's own series of a role; where there is none, those of its meters."""
    found = _of_role(view, role)
    return [one for one in found if one.meter_id is None] or found


def _pairs(view: View, one: Role, other: Role) -> Iterator[tuple[Series | None, Series | None]]:
    ones = {series.owner_id: series for series in _totals_or_meters(view, one)}
    others = {series.owner_id: series for series in _totals_or_meters(view, other)}
    for owner_id in ones | others:
        yield ones.get(owner_id), others.get(owner_id)


def _name(view: View, *series: Series) -> str:
    """Return the name of a source: its owner's, and what of that it is if it is a part.

    Of sources with two ways Home Assistant says which is which: "imported", "discharged".
    """
    owner = view.name_of(series[0].owner_id)
    is_whole = series[0].meter_id is not None and series[0].measure.key == "total"
    if len(series) > 1 or is_whole:
        return owner
    return f"{owner} {view.measure_of(series[0])}"


def _grid(view: View, imported: Series | None, exported: Series | None) -> dict[str, JsonValueType]:
    return {
        "type": Kind.GRID.value,
        "name": _name(view, *(one for one in (imported, exported) if one)),
        "stat_energy_from": imported.statistic_id if imported else None,
        "stat_energy_to": exported.statistic_id if exported else None,
        "stat_cost": view.cost_of(imported) if imported else None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": view.cost_of(exported) if exported else None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
        **_power(view, imported, exported),
    }


def _solar(view: View, series: Series) -> Entry:
    return {
        "type": Kind.SOLAR.value,
        "name": _name(view, series),
        "stat_energy_from": series.statistic_id,
        "config_entry_solar_forecast": None,
        **_power(view, series, None),
    }


def _battery(view: View, discharge: Series, charge: Series) -> Entry:
    return {
        "type": Kind.BATTERY.value,
        "name": _name(view, discharge, charge),
        "stat_energy_from": discharge.statistic_id,
        "stat_energy_to": charge.statistic_id,
        **_power(view, discharge, charge),
    }


def _water(view: View, series: Series) -> Entry:
    return {
        "type": Kind.WATER.value,
        "name": _name(view, series),
        "stat_energy_from": series.statistic_id,
        "stat_cost": view.cost_of(series),
        "entity_energy_price": None,
        "number_energy_price": None,
    }


def _home(view: View, series: Series) -> Entry:
    return {
        "type": Kind.HOME.value,
        "name": view.name_of(series.owner_id),
        "stat_energy_to": series.statistic_id,
        **_power(view, series, None),
    }


def _device(view: View, series: Series, parents: Mapping[str, str | None]) -> Entry:
    meter_id = series.owner_id
    entry: dict[str, JsonValueType] = {
        "stat_consumption": series.statistic_id,
        "name": view.name_of(meter_id),
        **_power(view, series, None),
    }
    if parent := parents.get(meter_id):
        entry["included_in_stat"] = series_of_meter(view.series, parent)["total"].statistic_id
    return entry


def _power(view: View, plus: Series | None, minus: Series | None) -> dict[str, JsonValueType]:
    """Return the power of a source: what flows to the house is positive.

    Half of a two-way power would be wrong, so it is that of both or none. Of two entities Home
    Assistant would make a third one, and complain until that one has statistics.
    """
    if plus is None:
        return {}
    entity_id = view.power_of(plus) if minus is None else view.net_power_of(plus, minus)
    return {"stat_rate": entity_id} if entity_id else {}


# What stands there


def shows_other_perspective(preferences: Preferences, *, is_site: bool) -> bool:
    """Whether sources of a meter stand there for a site's, or the other way round."""
    found = {
        _is_of_site(str(source["type"]), statistic_id)
        for source in preferences[SOURCES]
        for statistic_id in energy_ids(source)
        if _is_own(statistic_id)
    }
    return (not is_site) in found


def _is_of_site(kind: str, statistic_id: str) -> bool | None:
    """Whether a source of ours shows a site; None where it may be of either."""
    key = statistic_id.partition("_")[2]
    if kind not in set(Kind) or (kind == Kind.WATER and key == "total"):
        return None
    if key == "total":  # of a roof; else of a consumer
        return kind == Kind.SOLAR
    return key not in {"ext", "self"}


def has_circle(devices: Sequence[Entry]) -> bool:
    """Whether a device is a part of itself."""
    parents = {one.get("stat_consumption"): one.get("included_in_stat") for one in devices}
    for device in parents:
        seen, above = {device}, parents.get(device)
        while above is not None:
            if above in seen:
                return True
            seen.add(above)
            above = parents.get(above)
    return False


def merge(
    preferences: Preferences,
    proposal: Proposal,
    series: Mapping[str, Series],
    also: Collection[Kind],
) -> Merged:
    """Return what of a proposal the preferences lack.

    `series`: those of the site. A kind of source that has one of somebody else is left as it is,
    unless `also` names it, since the dashboard would add them up.
    """
    merged = Merged()
    for source in proposal.sources:
        if source["type"] != Kind.HOME:
            _merge_source(merged, source, preferences[SOURCES], series, also)
    _merge_home(merged, preferences[SOURCES], proposal, series)
    for key, devices in ((DEVICES, proposal.devices), (WATER_DEVICES, proposal.water_devices)):
        known = {str(one.get("stat_consumption")): one for one in preferences[key]}
        for device in devices:
            statistic_id = str(device["stat_consumption"])
            if present := known.get(statistic_id):
                reason = _reason_of_device(device, present, proposal.alone)
                merged.skipped.append(Skipped(DEVICE, (statistic_id,), reason))
            elif known.keys() & set(series[statistic_id].part_ids):
                merged.skipped.append(Skipped(DEVICE, (statistic_id,), Reason.SAME_ENERGY))
            else:
                merged.added[key].append(device)
    there = {one.get("stat_consumption") for one in preferences[DEVICES]}
    for statistic_id in proposal.orphans:
        reason = Reason.ALREADY_THERE if statistic_id in there else Reason.PARENT_UNKNOWN
        merged.skipped.append(Skipped(DEVICE, (statistic_id,), reason))
    return merged


def _merge_source(
    merged: Merged,
    source: Entry,
    sources: Sequence[Entry],
    series: Mapping[str, Series],
    also: Collection[Kind],
) -> None:
    """Add what the sources lack of one, or say why not."""
    kind = Kind(str(source["type"]))
    present = [one for one in sources if one["type"] == kind]
    lacking = _without(source, {key for one in present for key in energy_ids(one)})
    reason = (
        _obstacle(energy_ids(lacking), present, series, may_repeat=kind in also)
        if lacking
        else _reason_of_present(source, present)
    )
    if reason:
        merged.skipped.append(Skipped(kind, tuple(energy_ids(source)), reason))
    elif lacking:
        merged.added[SOURCES].append(lacking)


def _merge_home(
    merged: Merged, sources: Sequence[Entry], proposal: Proposal, series: Mapping[str, Series]
) -> None:
    """Add the home's consumption if it is that of all that is shown; else remove one that is ours.

    The dashboard takes it for the consumption behind all grids, roofs and batteries, but it is that
    of one site or meter.
    """
    balance = [one for one in proposal.sources if one["type"] in BALANCE]
    owners = {series[key].owner_id for one in balance for key in energy_ids(one)}

    def is_proposed(statistic_id: str) -> bool:
        found = series.get(statistic_id)
        return found is not None and (proposal.is_site or found.owner_id in owners)

    shown = [
        is_proposed(key)
        for one in (*sources, *merged.added[SOURCES])
        if one["type"] in BALANCE
        for key in energy_ids(one)
        if _is_own(key)
    ]
    merged.removed = [
        one
        for one in sources
        if one["type"] == Kind.HOME
        and any(shown)
        and any(_is_own(key) and not (all(shown) and is_proposed(key)) for key in energy_ids(one))
    ]
    for home in (one for one in proposal.sources if one["type"] == Kind.HOME):
        if all(shown):
            stays = [one for one in sources if one not in merged.removed]
            _merge_source(merged, home, stays, series, ())
        else:
            merged.skipped.append(Skipped(Kind.HOME, tuple(energy_ids(home)), Reason.SEVERAL_SHOWN))


def _reason_of_device(device: Entry, present: Entry, alone: Collection[str]) -> Reason:
    """Return what to say of a device that is there; what it is a part of is not changed."""
    wanted, there = device.get("included_in_stat"), present.get("included_in_stat")
    if wanted and not there:
        return Reason.THERE_WITHOUT_PARENT
    if wanted != there and (wanted or device["stat_consumption"] in alone):
        return Reason.THERE_WITH_OTHER_PARENT
    return Reason.ALREADY_THERE


def _is_own(statistic_id: str) -> bool:
    return statistic_id.startswith(f"{DOMAIN}:")


def energy_ids(value: JsonValueType | Entry) -> list[str]:
    """Return the statistics that a source sums up, however deep they are, as before 2026.4."""
    if isinstance(value, Mapping):
        return [
            found
            for key, inner in value.items()
            for found in (
                [inner]
                if isinstance(inner, str) and key.startswith("stat_energy")
                else energy_ids(inner)
            )
        ]
    if isinstance(value, list):
        return [found for inner in value for found in energy_ids(inner)]
    return []


def _without(source: Entry, present: Collection[str]) -> Entry | None:
    """Return a source without what is there already; None if nothing remains.

    Only the grid can be told in two parts: import and export.
    """
    ids = energy_ids(source)
    known = [one for one in ids if one in present]
    if not known:
        return source
    if source["type"] != Kind.GRID or len(known) == len(ids):
        return None
    way, cost = (
        ("stat_energy_from", "stat_cost")
        if source["stat_energy_from"] in present
        else ("stat_energy_to", "stat_compensation")
    )
    rest = {key: value for key, value in source.items() if key != "power_config"}
    return rest | {way: None, cost: None}


def _reason_of_present(source: Entry, present: Sequence[Entry]) -> Reason:
    there = {value for one in present for value in one.values() if isinstance(value, str)}
    costs = {source.get("stat_cost"), source.get("stat_compensation")} - {None}
    return Reason.ALREADY_THERE if costs <= there else Reason.THERE_WITHOUT_COST


def _obstacle(
    ids: Sequence[str],
    present: Sequence[Entry],
    series: Mapping[str, Series],
    *,
    may_repeat: bool,
) -> Reason | None:
    """Return what speaks against adding a source with these statistics."""
    there = [key for one in present for key in energy_ids(one)]
    if any(
        _is_same_energy(series[new], series[old]) for new in ids for old in there if old in series
    ):
        return Reason.SAME_ENERGY
    if not may_repeat and not all(map(_is_own, there)):
        return Reason.OTHER_SOURCE
    if any(one["type"] == Kind.HOME for one in present):
        return Reason.OTHER_HOME
    return None


def _is_same_energy(one: Series, other: Series) -> bool:
    """Whether one is the site's total and the other a meter's part of it."""
    return (
        one.measure.role is not None
        and one.measure.role is other.measure.role
        and one.feed.meter_type == other.feed.meter_type
        and (one.meter_id is None) != (other.meter_id is None)
    )
