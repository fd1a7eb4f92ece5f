"""What the Energy dashboard can show of a site or of one meter. Pure.

There are two perspectives, and they exclude each other. `propose_site`: the building, with its
consumers as devices. `propose_meter`: one flat, whose grid is what it takes from the grid (`ext`)
and whose solar is its share of the building's (`self`).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from homeassistant.util.json import JsonValueType

from ..measures import CHARGE_POINT, Role, Series, TimeOfUse

# A source or device as Home Assistant stores it, and the three lists of them.
type Entry = Mapping[str, JsonValueType]
type Preferences = Mapping[str, Sequence[Entry]]

DEVICE = "device"
SOURCES = "energy_sources"
DEVICES = "device_consumption"
WATER_DEVICES = "device_consumption_water"


class SourceKind(StrEnum):
    """A type of source; the dashboard adds up all sources of a type."""

    GRID = "grid"
    SOLAR = "solar"
    BATTERY = "battery"
    WATER = "water"
    HOME = "home"


# Of these a dashboard may have several sources.
REPEATABLE = (SourceKind.GRID, SourceKind.SOLAR, SourceKind.BATTERY, SourceKind.WATER)

# From these the dashboard computes what a home consumes.
BALANCE = (SourceKind.GRID, SourceKind.SOLAR, SourceKind.BATTERY)


class SiteView(NamedTuple):
    """What a proposal is made of.

    `series`: those of a site, by statistic id. `cost_of` tells the statistic with the costs of a
    series, `power_of` the entity with its power, `net_power_of` the one with the power of what
    flows to the house less what flows from it, `name_of` the name of a meter or of the site,
    `measure_of` what a series measures. `has_home`: this Home Assistant knows sources of the type
    "home". `by_tariff`: the grid is shown by the hours of the high and the low tariff; `cost_in`
    tells the statistic with the costs in those, `tariff_of` what the tariff is called.
    """

    series: Mapping[str, Series]
    cost_of: Callable[[Series], str | None]
    power_of: Callable[[Series], str | None]
    name_of: Callable[[str], str]
    has_home: bool
    measure_of: Callable[[Series], str] = lambda series: series.measure.name
    net_power_of: Callable[[Series, Series], str | None] = lambda *_: None
    by_tariff: bool = False
    cost_in: Callable[[Series, TimeOfUse], str | None] = lambda *_: None
    tariff_of: Callable[[TimeOfUse], str] = str


class Proposal(NamedTuple):
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


def propose_site(view: SiteView, parents: Mapping[str, str | None]) -> Proposal:
    """Return what shows a whole site.

    `parents` names, for a meter's id, the id of the meter that measures its consumption too; None
    where no other does. A charge point stands behind another meter as a rule, and would count
    twice; so one that is not named is no device.
    """
    sources: list[Entry] = [
        source
        for imported, exported in _pairs(view, Role.GRID_IMPORT, Role.GRID_EXPORT)
        for source in _grids(view, imported, exported, imported)
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


def propose_meter(view: SiteView, meter_id: str, water_ids: Collection[str]) -> Proposal:
    """Return what shows one consumer, with the water meters that belong to it.

    A solar source takes no cost in Home Assistant, so the grid has that of both.
    """
    own = series_of_meter(view.series, meter_id)
    waters = [
        one for one in _of_role(view, Role.WATER) if one.meter_id and one.meter_id in water_ids
    ]
    return Proposal(
        is_site=False,
        sources=[
            *_grids(view, own["ext"], None, own["total"]),
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


def _of_role(view: SiteView, role: Role) -> list[Series]:
    return [one for one in view.series.values() if one.measure.role is role]


def _totals_or_meters(view: SiteView, role: Role) -> list[Series]:
    """Return the site's own series of a role; where there is none, those of its meters."""
    found = _of_role(view, role)
    return [one for one in found if one.meter_id is None] or found


def _pairs(view: SiteView, one: Role, other: Role) -> Iterator[tuple[Series | None, Series | None]]:
    ones = {series.owner_id: series for series in _totals_or_meters(view, one)}
    others = {series.owner_id: series for series in _totals_or_meters(view, other)}
    for owner_id in ones | others:
        yield ones.get(owner_id), others.get(owner_id)


def _name(view: SiteView, *series: Series) -> str:
    """Return the name of a source: its owner's, and what of that it is if it is a part.

    Of sources with two ways Home Assistant says which is which: "imported", "discharged".
    """
    owner = view.name_of(series[0].owner_id)
    is_whole = series[0].meter_id is not None and series[0].measure.key == "total"
    if len(series) > 1 or is_whole:
        return owner
    return f"{owner} {view.measure_of(series[0])}"


def _grids(
    view: SiteView, imported: Series | None, exported: Series | None, paid: Series | None
) -> list[Entry]:
    """Return the grid as one source, or as one for each tariff; `paid` is what costs something."""
    whole = _grid(view, imported, exported, paid)
    if not (view.by_tariff and imported and paid and imported.is_taken_from_grid):
        return [whole]
    high, low = (
        {
            "name": f"{whole['name']} {view.tariff_of(hours)}",
            "stat_energy_from": imported.amount_id_in(hours),
            "stat_cost": view.cost_in(paid, hours),
        }
        for hours in TimeOfUse
    )
    # What flows back, and the power, are told once.
    told = {"stat_energy_to": None, "stat_compensation": None}
    rest = {key: value for key, value in whole.items() if key != "stat_rate"}
    return [whole | high, rest | told | low]


def _grid(
    view: SiteView, imported: Series | None, exported: Series | None, paid: Series | None
) -> dict[str, JsonValueType]:
    return {
        "type": SourceKind.GRID.value,
        "name": _name(view, *filter(None, (imported, exported))),
        "stat_energy_from": imported.statistic_id if imported else None,
        "stat_energy_to": exported.statistic_id if exported else None,
        "stat_cost": view.cost_of(paid) if paid else None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": view.cost_of(exported) if exported else None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
        **_power(view, imported, exported),
    }


def _solar(view: SiteView, series: Series) -> Entry:
    return {
        "type": SourceKind.SOLAR.value,
        "name": _name(view, series),
        "stat_energy_from": series.statistic_id,
        "config_entry_solar_forecast": None,
        **_power(view, series, None),
    }


def _battery(view: SiteView, discharge: Series, charge: Series) -> Entry:
    return {
        "type": SourceKind.BATTERY.value,
        "name": _name(view, discharge, charge),
        "stat_energy_from": discharge.statistic_id,
        "stat_energy_to": charge.statistic_id,
        **_power(view, discharge, charge),
    }


def _water(view: SiteView, series: Series) -> Entry:
    return {
        "type": SourceKind.WATER.value,
        "name": _name(view, series),
        "stat_energy_from": series.statistic_id,
        "stat_cost": view.cost_of(series),
        "entity_energy_price": None,
        "number_energy_price": None,
    }


def _home(view: SiteView, series: Series) -> Entry:
    return {
        "type": SourceKind.HOME.value,
        "name": view.name_of(series.owner_id),
        "stat_energy_to": series.statistic_id,
        **_power(view, series, None),
    }


def _device(view: SiteView, series: Series, parents: Mapping[str, str | None]) -> Entry:
    meter_id = series.owner_id
    entry: dict[str, JsonValueType] = {
        "stat_consumption": series.statistic_id,
        "name": view.name_of(meter_id),
        **_power(view, series, None),
    }
    if parent := parents.get(meter_id):
        entry["included_in_stat"] = series_of_meter(view.series, parent)["total"].statistic_id
    return entry


def _power(view: SiteView, plus: Series | None, minus: Series | None) -> dict[str, JsonValueType]:
    """Return the power of a source: what flows to the house is positive.

    Half of a two-way power would be wrong, so it is that of both or none. Of two entities Home
    Assistant would make a third one, and complain until that one has statistics.
    """
    if plus is None:
        return {}
    entity_id = view.power_of(plus) if minus is None else view.net_power_of(plus, minus)
    return {"stat_rate": entity_id} if entity_id else {}
