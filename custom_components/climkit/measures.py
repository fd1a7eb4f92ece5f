"""The table of measures, and the series that a site's meters make of it.

A measure is one column of numbers of the Climkit API. Entities, statistics and the Energy dashboard
read its meaning here; nothing repeats it. Column names are the API's own (document, sections 3 and
"Zähler"); the `storage_*` columns and the columns for each meter (`total_<meter id>`, ...) are in
no document, but stand in recorded answers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from .api import Meter, MeterMode, is_object_id
from .choice import Choice
from .const import DOMAIN
from .feed import Feed
from .ids import slug


class Quantity(StrEnum):
    """What a measure counts: the amount within each interval."""

    ENERGY = "energy"
    WATER = "water"

    @property
    def unit(self) -> str:
        """Unit of the amounts (energy: observed; water: from the raw registers' document)."""
        return UnitOfEnergy.KILO_WATT_HOUR if self is Quantity.ENERGY else UnitOfVolume.CUBIC_METERS

    @property
    def unit_class(self) -> str:
        """Home Assistant's unit converter for statistics in this unit."""
        converter = EnergyConverter if self is Quantity.ENERGY else VolumeConverter
        return converter.UNIT_CLASS

    @property
    def device_class(self) -> SensorDeviceClass:
        """Device class of an entity that shows an amount."""
        return SensorDeviceClass.ENERGY if self is Quantity.ENERGY else SensorDeviceClass.WATER


class Role(StrEnum):
    """The place of a measure in Home Assistant's Energy dashboard."""

    HOME = "home"
    GRID_IMPORT = "grid_import"
    GRID_EXPORT = "grid_export"
    SOLAR = "solar"
    BATTERY_CHARGE = "battery_charge"
    BATTERY_DISCHARGE = "battery_discharge"
    DEVICE = "device"
    WATER = "water"


class Price(StrEnum):
    """Which price of a tariff a measure costs."""

    GRID = "grid"
    SOLAR = "solar"
    EXPORT = "export"
    CHARGE_POINT = "charge_point"
    CHARGE_POINT_GRID = "charge_point_grid"
    CHARGE_POINT_SOLAR = "charge_point_solar"
    HEATING = "heating"
    COOLING = "cooling"
    COLD_WATER = "cold_water"
    HOT_WATER = "hot_water"


class EntityView(StrEnum):
    """What an entity can show of a series."""

    TOTAL = "total"
    TODAY = "today"
    YESTERDAY = "yesterday"
    MONTH = "month"
    POWER = "power"
    PEAK = "peak"


_PERIODS = frozenset({EntityView.TODAY, EntityView.YESTERDAY, EntityView.MONTH})
_ALL_BUT_PEAK = _PERIODS | {EntityView.TOTAL, EntityView.POWER}
_SITE = frozenset({EntityView.TODAY, EntityView.MONTH, EntityView.POWER})
_DAILY = frozenset({EntityView.TOTAL, EntityView.YESTERDAY, EntityView.MONTH})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One column of numbers of a site or a meter.

    `key` is the API's name of the column, `name` the translation key of what it means. A measure
    costs its `price`, or the sum of what its `parts` (keys) cost; one with neither costs nothing.
    `shown`: the entities that are on by default, so few that a person finds what is looked for.
    """

    key: str
    name: str
    quantity: Quantity = Quantity.ENERGY
    role: Role | None = None
    price: Price | None = None
    parts: tuple[str, ...] = ()
    has_power: bool = False
    shown: frozenset[EntityView] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterType:
    """A kind of meter the API has data for, and the measure of a whole site's meters of this kind.

    `read_each_interval`: data come each quarter-hour; else once a day for the day before
    (documented for heat and water, whose meters are read over M-Bus).
    """

    key: str
    site_measures: tuple[Measure, ...]
    meter_measures: tuple[Measure, ...]
    read_each_interval: bool = False

    @property
    def unit(self) -> str:
        """Unit of all its amounts."""
        return self.site_measures[0].quantity.unit


def _total(name: str, quantity: Quantity, role: Role | None, price: Price) -> tuple[Measure, ...]:
    return (
        Measure(key="total", name=name, quantity=quantity, role=role, price=price, shown=_DAILY),
    )


def _conso(name: str, quantity: Quantity, role: Role | None, price: Price) -> tuple[Measure, ...]:
    return (Measure(key="conso_total", name=name, quantity=quantity, role=role, price=price),)


def _consumer(solar: Price, grid: Price) -> tuple[Measure, ...]:
    return (
        Measure(
            key="total",
            name="energy",
            role=Role.DEVICE,
            parts=("self", "ext"),
            has_power=True,
            shown=_ALL_BUT_PEAK,
        ),
        Measure(
            key="self",
            name="solar_energy",
            price=solar,
            has_power=True,
            shown=frozenset({EntityView.TODAY}),
        ),
        Measure(
            key="ext",
            name="grid_energy",
            price=grid,
            has_power=True,
            shown=frozenset({EntityView.TODAY}),
        ),
    )


_ELECTRICITY_CONSUMER = _consumer(Price.SOLAR, Price.GRID)
_PRODUCTION = (
    Measure(key="total", name="production", role=Role.SOLAR, has_power=True, shown=_ALL_BUT_PEAK),
)
_GRID_IMPORT = Measure(
    key="from_ext",
    name="grid_import",
    role=Role.GRID_IMPORT,
    price=Price.GRID,
    has_power=True,
    shown=frozenset({EntityView.TODAY, EntityView.MONTH, EntityView.PEAK}),
)
_GRID_EXPORT = Measure(
    key="to_ext",
    name="grid_export",
    role=Role.GRID_EXPORT,
    price=Price.EXPORT,
    has_power=True,
    shown=frozenset({EntityView.TODAY}),
)
_BATTERY_CHARGE = Measure(
    key="storage_charging_total",
    name="battery_charge",
    role=Role.BATTERY_CHARGE,
    has_power=True,
)
_BATTERY_CHARGE_SOLAR = Measure(
    key="storage_charging_self",
    name="battery_charge_solar",
    has_power=True,
)
_BATTERY_DISCHARGE = Measure(
    key="storage_discharging_total",
    name="battery_discharge",
    role=Role.BATTERY_DISCHARGE,
    has_power=True,
)
_BATTERY = (_BATTERY_CHARGE, _BATTERY_CHARGE_SOLAR, _BATTERY_DISCHARGE)
# Of a meter that is named as what it is, a battery.
_BATTERY_METER = tuple(
    replace(
        one, name=one.name.removeprefix("battery_"), shown=_PERIODS if one.role else frozenset()
    )
    for one in _BATTERY
)
BATTERY_COLUMNS = frozenset(measure.key for measure in _BATTERY)

# A site's answer has these for each meter, with the meter's id behind.
METER_COLUMNS = frozenset({"total", "self", "ext"})

CHARGE_POINT = "charge_point"
ELECTRICITY = "electricity"

METER_TYPES: dict[str, MeterType] = {
    meter_type.key: meter_type
    for meter_type in (
        MeterType(
            key=ELECTRICITY,
            site_measures=(
                Measure(
                    key="conso_total",
                    name="consumption",
                    role=Role.HOME,
                    parts=("self", "from_ext"),
                    has_power=True,
                    shown=_SITE,
                ),
                Measure(
                    key="prod_total",
                    name="production",
                    role=Role.SOLAR,
                    has_power=True,
                    shown=_SITE,
                ),
                Measure(key="self", name="self_consumption", price=Price.SOLAR, has_power=True),
                _GRID_IMPORT,
                _GRID_EXPORT,
                *_BATTERY,
            ),
            meter_measures=_ELECTRICITY_CONSUMER,
            read_each_interval=True,
        ),
        MeterType(
            key=CHARGE_POINT,
            site_measures=(
                replace(
                    _conso("charge_points", Quantity.ENERGY, None, Price.CHARGE_POINT)[0],
                    shown=frozenset({EntityView.MONTH}),
                ),
            ),
            meter_measures=_consumer(Price.CHARGE_POINT_SOLAR, Price.CHARGE_POINT_GRID),
            read_each_interval=True,
        ),
        MeterType(
            key="heating",
            site_measures=_conso("heating", Quantity.ENERGY, None, Price.HEATING),
            meter_measures=_total("energy", Quantity.ENERGY, None, Price.HEATING),
        ),
        MeterType(
            key="cooling",
            site_measures=_conso("cooling", Quantity.ENERGY, None, Price.COOLING),
            meter_measures=_total("energy", Quantity.ENERGY, None, Price.COOLING),
        ),
        MeterType(
            key="cold_water",
            site_measures=_conso("cold_water", Quantity.WATER, Role.WATER, Price.COLD_WATER),
            meter_measures=_total("volume", Quantity.WATER, Role.WATER, Price.COLD_WATER),
        ),
        MeterType(
            key="hot_water",
            site_measures=_conso("hot_water", Quantity.WATER, Role.WATER, Price.HOT_WATER),
            meter_measures=_total("volume", Quantity.WATER, Role.WATER, Price.HOT_WATER),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Series:
    """One measure of one meter or site over time: one column of a feed, one statistic."""

    feed: Feed
    column: str
    measure: Measure
    meter_id: str | None = None

    @property
    def owner_id(self) -> str:
        """Id of the meter or, for a site's own series, of the site."""
        return self.meter_id or self.feed.site_id

    @property
    def key(self) -> str:
        """What distinguishes this series from the others of its owner."""
        if self.meter_id:
            return self.measure.key
        return f"{self.feed.meter_type}_{self.measure.key}"

    @property
    def statistic_id(self) -> str:
        """Id of the external statistic. It can never be renamed, so only API words go into it."""
        return f"{DOMAIN}:{slug(self.owner_id)}_{self.key}"

    @property
    def cost_id(self) -> str:
        """Id of the external statistic of what this costs, beside its own."""
        return f"{self.statistic_id}_cost"

    @property
    def part_ids(self) -> tuple[str, ...]:
        """Ids of the statistics of the parts that this is the sum of."""
        stem = self.statistic_id.removesuffix(self.measure.key)
        return tuple(stem + key for key in self.measure.parts)


def split_column(column: str) -> tuple[str, str] | None:
    """Split a column such as `total_<meter id>`; None for a column of the site itself.

    The site may get new columns of any name, but none that ends like an id.
    """
    prefix, _, meter_id = column.partition("_")
    is_meter = prefix in METER_COLUMNS and is_object_id(meter_id)
    return (prefix, meter_id) if is_meter else None


def measured_by_site(meters: Iterable[Meter]) -> frozenset[str]:
    """Return the ids of the meters for which the site's own columns stand.

    Introduction and battery meters have no column of their own (observed for the introduction), but
    the only one of a site measures just what the site's grid (battery) columns say.
    """
    main = [
        meter
        for meter in meters
        if meter.type == ELECTRICITY and meter.mode in (MeterMode.INTRODUCTION, MeterMode.BATTERY)
    ]
    number = Counter(meter.mode for meter in main)
    return frozenset(meter.id for meter in main if number[meter.mode] == 1)


def repeated_by_site(meters: Iterable[Meter]) -> frozenset[str]:
    """Return the ids of the meters that say what the totals of their site say too.

    Beside those for which the site's own columns stand that is the only one of the production.
    """
    meters = list(meters)
    solar = [
        meter.id
        for meter in meters
        if meter.type == ELECTRICITY and meter.mode is MeterMode.PRODUCTION
    ]
    return measured_by_site(meters) | frozenset(solar if len(solar) == 1 else ())


def _measures_of(meter: Meter, *, by_site: bool) -> tuple[Measure, ...]:
    """Return the measures of a meter."""
    if meter.type != ELECTRICITY:
        return METER_TYPES[meter.type].meter_measures
    match meter.mode:
        case MeterMode.PRODUCTION:
            return _PRODUCTION
        case MeterMode.INTRODUCTION if by_site:
            return (_GRID_IMPORT, _GRID_EXPORT)
        case MeterMode.BATTERY if by_site:
            return _BATTERY_METER
        case MeterMode.INTRODUCTION | MeterMode.BATTERY:
            return _ELECTRICITY_CONSUMER[:1]
    return _ELECTRICITY_CONSUMER


def series_of_meter(site_id: str, meter: Meter, *, has_column: bool, by_site: bool) -> list[Series]:
    """Return the series of a meter: columns of the site's answer, or of the meter's own.

    `by_site`: the site's own columns stand for a meter without a column.
    """
    feed = Feed(site_id, meter.type, None if has_column or by_site else meter.id)
    return [
        Series(
            feed=feed,
            column=f"{measure.key}_{meter.id}" if has_column else measure.key,
            measure=measure,
            meter_id=meter.id,
        )
        for measure in _measures_of(meter, by_site=by_site)
    ]


def series_of_site(site_id: str, meter_type: str, *, has_battery: bool) -> list[Series]:
    """Return the series of a whole site for one meter type."""
    feed = Feed(site_id, meter_type)
    return [
        Series(feed=feed, column=measure.key, measure=measure)
        for measure in METER_TYPES[meter_type].site_measures
        if has_battery or measure.key not in BATTERY_COLUMNS
    ]


def known_meters(
    listed: Iterable[Meter],
    columns: Mapping[str, frozenset[str]],
    remembered: Mapping[str, Meter] = MappingProxyType({}),
) -> dict[str, Meter]:
    """Return all meters of known types: the listed ones, and those that only columns tell of.

    `columns` are those of the site's answers, by meter type. Charge points stand in no list
    (document), and a meter that was replaced still has the last day's data: it is what it was while
    it was listed, as `remembered`. Ids that differ in case alone are one meter's, as they make the
    same statistic.
    """
    meters: dict[str, Meter] = {}
    known: set[str] = set()
    for meter in listed:
        if meter.type in METER_TYPES and slug(meter.id) not in known:
            known.add(slug(meter.id))
            meters[meter.id] = meter
    for meter_type, names in columns.items():
        for meter_id in sorted({parts[1] for name in names if (parts := split_column(name))}):
            if slug(meter_id) in known:
                continue
            known.add(slug(meter_id))
            before = remembered.get(slug(meter_id))
            if before and before.type == meter_type:
                meters[meter_id] = replace(before, id=meter_id)
            else:
                meters[meter_id] = Meter(
                    id=meter_id,
                    type=meter_type,
                    mode=MeterMode.CONSUMPTION,
                    name=None,
                    bus_address=None,
                    is_rule_meter=True,
                )
    return meters


def all_series(
    site_id: str,
    meters: Mapping[str, Meter],
    columns: Mapping[str, frozenset[str]],
    choice: Choice,
    *,
    has_battery: bool,
) -> list[Series]:
    """Return every series of a site that the user wants.

    A meter that has no column in the site's answer is asked for by itself; before there was an
    answer, a column is expected.
    """
    series: list[Series] = []
    if choice.site_totals:
        answered = [meter_type for meter_type, names in columns.items() if names]
        for meter_type in dict.fromkeys([meter.type for meter in meters.values()] + answered):
            series += series_of_site(site_id, meter_type, has_battery=has_battery)
    main = measured_by_site(meters.values())
    for meter in meters.values():
        if not choice.wants(meter.id):
            continue
        found = columns.get(meter.type)
        is_main = meter.id in main
        has_column = not is_main if found is None else f"total_{meter.id}" in found
        series += series_of_meter(
            site_id, meter, has_column=has_column, by_site=is_main and not has_column
        )
    return series
