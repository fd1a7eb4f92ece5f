"""What a person's Energy dashboard lacks of a proposal, and what speaks against adding it. Pure.

`merge` appends to the preferences of a person what they lack, and changes nothing of theirs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
import re
from typing import NamedTuple

from homeassistant.util.json import JsonValueType

from ..const import DOMAIN
from ..measures import Series, TimeOfUse
from .proposal import (
    BALANCE,
    DEVICE,
    DEVICES,
    SOURCES,
    WATER_DEVICES,
    Entry,
    Preferences,
    Proposal,
    SourceKind,
)

# How the statistics end of what is taken from the grid at one of two tariffs.
_TARIFF = re.compile(f"_({'|'.join(TimeOfUse)})$")


class SkipReason(StrEnum):
    """Why something was not added."""

    ALREADY_THERE = "already_there"
    THERE_WITHOUT_COST = "there_without_cost"
    SAME_ENERGY = "same_energy"
    """The site's total stands there where its meters would be added, or the other way round.

    Likewise the whole where its parts by tariff would be.
    """
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


class Skipped(NamedTuple):
    """What was not added: statistics of a kind of source, or of a device."""

    kind: str
    statistic_ids: tuple[str, ...]
    reason: SkipReason


@dataclass(slots=True)
class MergeResult:
    """What is appended to each list of the preferences, and what is left out and why.

    `removed`: sources of the home's consumption that are of Climkit and would be wrong.
    """

    added: dict[str, list[Entry]] = field(
        default_factory=lambda: {SOURCES: [], DEVICES: [], WATER_DEVICES: []}
    )
    removed: list[Entry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def note(self, key: str, kind: str, ids: Iterable[str], place: Entry | SkipReason) -> None:
        """Append an entry to a list of the preferences, or say why statistics are left out."""
        if isinstance(place, SkipReason):
            self.skipped.append(Skipped(kind, tuple(ids), place))
        else:
            self.added[key].append(place)


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
    key = _TARIFF.sub("", statistic_id.partition("_")[2])
    if kind not in set(SourceKind) or (kind == SourceKind.WATER and key == "total"):
        return None
    if key == "total":  # of a roof; else of a consumer
        return kind == SourceKind.SOLAR
    return key not in {"ext", "self"}


def has_circle(devices: Sequence[Entry], there: Sequence[Entry] = ()) -> bool:
    """Whether a device is a part of itself; a circle of those that are there is the person's."""
    parents = {
        one.get("stat_consumption"): one.get("included_in_stat") for one in (*there, *devices)
    }
    for device in (one.get("stat_consumption") for one in devices):
        seen, above = set(), parents.get(device)
        while above is not None and above not in seen:
            if above == device:
                return True
            seen.add(above)
            above = parents.get(above)
    return False


def merge(
    preferences: Preferences,
    proposal: Proposal,
    series: Mapping[str, Series],
    also: Collection[SourceKind],
) -> MergeResult:
    """Return what of a proposal the preferences lack.

    `series`: those of the site, those by tariff too. A kind of source that has one of somebody else
    is left as it is, unless `also` names it, since the dashboard would add them up.
    """
    merged = MergeResult()
    for source in proposal.sources:
        if source["type"] != SourceKind.HOME:
            place = _place(source, preferences[SOURCES], series, also)
            merged.note(SOURCES, str(source["type"]), energy_ids(source), place)
    _merge_home(merged, preferences[SOURCES], proposal, series)
    for key, devices in ((DEVICES, proposal.devices), (WATER_DEVICES, proposal.water_devices)):
        known = {str(one.get("stat_consumption")): one for one in preferences[key]}
        for device in devices:
            statistic_id = str(device["stat_consumption"])
            place = _place_device(device, known, series[statistic_id], proposal.alone)
            merged.note(key, DEVICE, [statistic_id], place)
    there = {one.get("stat_consumption") for one in preferences[DEVICES]}
    for statistic_id in proposal.orphans:
        reason = SkipReason.ALREADY_THERE if statistic_id in there else SkipReason.PARENT_UNKNOWN
        merged.note(DEVICES, DEVICE, [statistic_id], reason)
    return merged


def _place(
    source: Entry,
    sources: Sequence[Entry],
    series: Mapping[str, Series],
    also: Collection[SourceKind],
) -> Entry | SkipReason:
    """Return what the sources lack of one, or why it is not added."""
    kind = SourceKind(str(source["type"]))
    present = [one for one in sources if one["type"] == kind]
    lacking = _without(source, present)
    if lacking is None:
        return _reason_of_present(source, present)
    return _obstacle(energy_ids(lacking), present, series, may_repeat=kind in also) or lacking


def _place_device(
    device: Entry, known: Mapping[str, Entry], series: Series, alone: Collection[str]
) -> Entry | SkipReason:
    """Return a device that the known ones (by statistic) lack, or why it is not added."""
    if present := known.get(str(device["stat_consumption"])):
        return _reason_of_device(device, present, alone)
    return SkipReason.SAME_ENERGY if known.keys() & set(series.part_ids) else device


def _merge_home(
    merged: MergeResult, sources: Sequence[Entry], proposal: Proposal, series: Mapping[str, Series]
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
        if one["type"] == SourceKind.HOME
        and any(shown)
        and any(_is_own(key) and not (all(shown) and is_proposed(key)) for key in energy_ids(one))
    ]
    stays = [one for one in sources if one not in merged.removed]
    for home in (one for one in proposal.sources if one["type"] == SourceKind.HOME):
        place = _place(home, stays, series, ()) if all(shown) else SkipReason.SEVERAL_SHOWN
        merged.note(SOURCES, SourceKind.HOME, energy_ids(home), place)


def _reason_of_device(device: Entry, present: Entry, alone: Collection[str]) -> SkipReason:
    """Return what to say of a device that is there; what it is a part of is not changed."""
    wanted, there = device.get("included_in_stat"), present.get("included_in_stat")
    if wanted and not there:
        return SkipReason.THERE_WITHOUT_PARENT
    if wanted != there and (wanted or device["stat_consumption"] in alone):
        return SkipReason.THERE_WITH_OTHER_PARENT
    return SkipReason.ALREADY_THERE


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


def _without(source: Entry, present: Sequence[Entry]) -> Entry | None:
    """Return a source without what is there already; None if nothing remains.

    Only the grid can be told in two parts: import and export. Its power is told in one of them.
    """
    ids = energy_ids(source)
    parts = [one for one in present if not set(ids).isdisjoint(energy_ids(one))]
    there = {key for one in parts for key in energy_ids(one)}
    known = [one for one in ids if one in there]
    if not known:
        return source
    if source["type"] != SourceKind.GRID or len(known) == len(ids):
        return None
    way, cost = (
        ("stat_energy_from", "stat_cost")
        if source["stat_energy_from"] in there
        else ("stat_energy_to", "stat_compensation")
    )
    is_power_told = any("stat_rate" in one for one in parts)
    rest = {key: value for key, value in source.items() if key != "stat_rate" or not is_power_told}
    return rest | {way: None, cost: None}


def _reason_of_present(source: Entry, present: Sequence[Entry]) -> SkipReason:
    there = {value for one in present for value in one.values() if isinstance(value, str)}
    costs = {source.get("stat_cost"), source.get("stat_compensation")} - {None}
    return SkipReason.ALREADY_THERE if costs <= there else SkipReason.THERE_WITHOUT_COST


def _obstacle(
    ids: Sequence[str],
    present: Sequence[Entry],
    series: Mapping[str, Series],
    *,
    may_repeat: bool,
) -> SkipReason | None:
    """Return what speaks against adding a source with these statistics."""
    there = [key for one in present for key in energy_ids(one)]
    if any(_is_same_energy(series, new, old) for new in ids for old in there if old in series):
        return SkipReason.SAME_ENERGY
    if not may_repeat and not all(map(_is_own, there)):
        return SkipReason.OTHER_SOURCE
    if any(one["type"] == SourceKind.HOME for one in present):
        return SkipReason.OTHER_HOME
    return None


def _is_same_energy(series: Mapping[str, Series], new: str, old: str) -> bool:
    """Whether of two statistics one is the total, of the site or both tariffs, the other a part."""
    one, other = series[new], series[old]
    if one is other:
        return one.statistic_id in {new, old}
    return (
        one.measure.role is not None
        and one.measure.role is other.measure.role
        and one.feed.meter_type == other.feed.meter_type
        and (one.meter_id is None) != (other.meter_id is None)
    )
