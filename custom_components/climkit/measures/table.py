"""The table of measures.

A measure is one column of numbers of the Climkit API. Entities, statistics and the Energy dashboard
read its meaning here; nothing repeats it. Column names are the API's own (document, sections 3 and
"Zähler"); the `storage_*` columns and the columns for each meter (`total_<meter id>`, ...) are in
no document, but stand in recorded answers.
"""

from copy import replace
from enum import StrEnum
from typing import NamedTuple

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from ..api import Meter, MeterMode


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


class TimeOfUse(StrEnum):
    """Whether an hour is one of the high or of the low tariff."""

    HIGH = "high"
    LOW = "low"


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


class Measure(NamedTuple):
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


class MeterType(NamedTuple):
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

# Two-way powers: what flows to the house, and what flows from it.
NET_POWERS = (
    ("net_grid_power", Role.GRID_IMPORT, Role.GRID_EXPORT),
    ("net_battery_power", Role.BATTERY_DISCHARGE, Role.BATTERY_CHARGE),
)

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


def measures_of(meter: Meter, *, by_site: bool) -> tuple[Measure, ...]:
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
