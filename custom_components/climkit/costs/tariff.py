"""What a user says of prices: a tariff, and what is paid for exported energy. Pure: no I/O.

A tariff holds from a day of the site's zone until the next one's day, perhaps in a part of each
year only. What is paid for feed-in has days of its own. Prices are per kWh or m3 and include all
taxes; fees are a month's.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self, TypeGuard

from ..api import PLAUSIBLE_YEARS
from ..const import (
    CONF_CHARGE_POINT,
    CONF_COLD_WATER,
    CONF_COOLING,
    CONF_CURRENCY,
    CONF_DYNAMIC,
    CONF_ELECTRICITY,
    CONF_EXPORT,
    CONF_FEED_IN,
    CONF_FEED_IN_BONUS,
    CONF_FEED_IN_FLOOR,
    CONF_FEED_IN_LOW,
    CONF_FEED_IN_PRICE,
    CONF_FEES,
    CONF_FEES_BY_HOUR,
    CONF_GRID,
    CONF_GRID_LOW,
    CONF_HEATING,
    CONF_HOT_WATER,
    CONF_LOW_HOURS,
    CONF_METER_FEE,
    CONF_METER_POWER,
    CONF_SEASON,
    CONF_SENSOR,
    CONF_SENSOR_FACTOR,
    CONF_SENSOR_SURCHARGE,
    CONF_SITE,
    CONF_SITE_FEE,
    CONF_SITE_POWER,
    CONF_SOLAR,
    CONF_SOLAR_LOW,
    CONF_SOLAR_SHARE,
    CONF_VALID_FROM,
    CONF_WATER_AND_HEAT,
)
from ..measures import Price
from .calendar import Season
from .low_hours import LowHours

# Which field holds which price; the second one is the price of the low-tariff hours.
_FIELDS: tuple[tuple[Price, str, str, str | None], ...] = (
    (Price.GRID, CONF_ELECTRICITY, CONF_GRID, CONF_GRID_LOW),
    (Price.SOLAR, CONF_ELECTRICITY, CONF_SOLAR, CONF_SOLAR_LOW),
    (Price.CHARGE_POINT, CONF_ELECTRICITY, CONF_CHARGE_POINT, None),
    (Price.COLD_WATER, CONF_WATER_AND_HEAT, CONF_COLD_WATER, None),
    (Price.HOT_WATER, CONF_WATER_AND_HEAT, CONF_HOT_WATER, None),
    (Price.HEATING, CONF_WATER_AND_HEAT, CONF_HEATING, None),
    (Price.COOLING, CONF_WATER_AND_HEAT, CONF_COOLING, None),
)

# Sections that the forms of the first releases did not have.
_LATER_SECTIONS: Final[Mapping[str, Any]] = {CONF_DYNAMIC: {}, CONF_SEASON: {}}

# What a feed-in price has of the tariff that it was a part of.
_KEPT = (CONF_SITE, CONF_CURRENCY, CONF_VALID_FROM)

# No unit and no month costs more, whatever the currency: a larger number was mistyped.
LARGEST_PRICE = 1_000_000.0

# What makes of a sensor's price the one that is paid is taxes; who enters 8.1 means per cent.
LARGEST_FACTOR = 2.0

# A charge point costs its own price where the tariff has one, else what electricity costs.
_ELSE = {Price.CHARGE_POINT_GRID: Price.GRID, Price.CHARGE_POINT_SOLAR: Price.SOLAR}


class Payer(StrEnum):
    """Who pays fixed fees, and for highest quarter-hours: the site, or each consumer's meter."""

    SITE = "site"
    METER = "meter"


def is_price(value: object) -> TypeGuard[float]:
    """Whether something can be a price: a number, neither infinite nor huge."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= LARGEST_PRICE


def is_factor(value: object) -> TypeGuard[float]:
    """Whether a sensor's price can be multiplied by something: 1.081 adds a tax of 8.1 %."""
    return is_price(value) and 0 < value <= LARGEST_FACTOR


def first_day(text: str) -> date:
    """Return the day from which a tariff is valid. Raises ValueError, for odd years too."""
    day = date.fromisoformat(text)
    if day.year not in PLAUSIBLE_YEARS:
        raise ValueError(f"no tariff begins in the year {day.year}")
    return day


class Rate(NamedTuple):
    """What one unit costs; in low-tariff hours `low`, where there is one."""

    high: float
    low: float | None = None

    def at(self, *, is_low: bool) -> float:
        """Return the price."""
        return self.low if is_low and self.low is not None else self.high

    def times(self, factor: float) -> Self:
        """Return a share of it."""
        return type(self)(self.high * factor, None if self.low is None else self.low * factor)


class SensorRate(NamedTuple):
    """What one unit costs in an hour, as a sensor tells: `factor` times its mean, and `surcharge`.

    `sensor`: the entity's id in the registry, so that it may be renamed, else its entity id.
    """

    sensor: str
    factor: float = 1.0
    surcharge: float = 0.0

    def at(self, mean: float) -> float:
        """Return the price in an hour with a mean."""
        return mean * self.factor + self.surcharge

    def times(self, factor: float) -> Self:
        """Return a share of it."""
        return type(self)(self.sensor, self.factor * factor, self.surcharge * factor)


class Tariff(NamedTuple):
    """The prices of a site from a day on (local date of the site); what has none has no cost.

    `site_fee` and `meter_fee` (of each consumer's electricity meter) are a month's; `spreads_fees`:
    the hours of the cost statistics hold them. Power prices are a month's too, per kW of its
    highest quarter-hour from the grid.
    """

    valid_from: date
    currency: str
    rates: Mapping[Price, Rate | SensorRate] = MappingProxyType({})
    low_hours: LowHours = LowHours()
    season: Season | None = None
    site_fee: float = 0.0
    meter_fee: float = 0.0
    spreads_fees: bool = False
    site_power: float = 0.0
    meter_power: float = 0.0

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read what a subentry of either kind stores: the form's fields, by section.

        A feed-in price is a tariff that prices exports only. Raises ValueError for what no form
        would have stored.
        """
        data = {**_LATER_SECTIONS, **data}
        if is_feed_in(data):
            rates, fees = _feed_in_rates(_prices(data, CONF_FEED_IN)), {}
        else:
            rates, fees = _tariff_rates(data), _prices(data, CONF_FEES)
        return cls(
            valid_from=first_day(_text(data, CONF_VALID_FROM)),
            currency=_text(data, CONF_CURRENCY),
            rates=rates,
            low_hours=LowHours.parse(_texts(data, CONF_LOW_HOURS)),
            season=Season.parse(_texts(data, CONF_SEASON)),
            site_fee=fees.get(CONF_SITE_FEE, 0.0),
            meter_fee=fees.get(CONF_METER_FEE, 0.0),
            # They go into the costs of electricity from the grid, so those must be known.
            spreads_fees=Price.GRID in rates and data[CONF_FEES].get(CONF_FEES_BY_HOUR) is True,
            site_power=fees.get(CONF_SITE_POWER, 0.0),
            meter_power=fees.get(CONF_METER_POWER, 0.0),
        )

    def fee(self, payer: Payer) -> float:
        """Return the fee of a month."""
        return self.site_fee if payer is Payer.SITE else self.meter_fee

    def power_price(self, payer: Payer) -> float:
        """Return what a kW costs in a month."""
        return self.site_power if payer is Payer.SITE else self.meter_power

    def rate(self, price: Price) -> Rate | SensorRate | None:
        """Return what something costs; None where this tariff does not say."""
        if price in _ELSE:
            return self.rates.get(Price.CHARGE_POINT) or self.rates.get(_ELSE[price])
        return self.rates.get(price)


def _tariff_rates(data: Mapping[str, Any]) -> dict[Price, Rate | SensorRate]:
    prices = {key: _prices(data, key) for key in (CONF_ELECTRICITY, CONF_WATER_AND_HEAT)}
    rates: dict[Price, Rate | SensorRate] = {
        price: Rate(prices[section][high], prices[section].get(low) if low else None)
        for price, section, high, low in _FIELDS
        if high in prices[section]
    }
    dynamic = _section(data, CONF_DYNAMIC)
    if told := dynamic.get(CONF_SENSOR):
        if Price.GRID in rates:
            raise ValueError("a price beside a sensor")
        rates[Price.GRID] = _sensor_rate(told, dynamic)
    if (share := prices[CONF_ELECTRICITY].get(CONF_SOLAR_SHARE)) is not None:
        grid = rates.get(Price.GRID)
        if grid is None or Price.SOLAR in rates or not 0 <= share <= 100:
            raise ValueError("not a share, or a share of nothing, or a price beside it")
        rates[Price.SOLAR] = grid.times(share / 100)
    return rates


def _sensor_rate(sensor: object, data: Mapping[str, Any]) -> SensorRate:
    factor, surcharge = data.get(CONF_SENSOR_FACTOR, 1.0), data.get(CONF_SENSOR_SURCHARGE, 0.0)
    if not (isinstance(sensor, str) and is_factor(factor) and is_price(surcharge)):
        raise ValueError("not a sensor's price")
    return SensorRate(sensor, float(factor), float(surcharge))


def _feed_in_rates(prices: Mapping[str, float]) -> dict[Price, Rate | SensorRate]:
    """Return what exports are paid: at least the floor, and the bonus; nothing if not known."""
    floor, bonus = prices.get(CONF_FEED_IN_FLOOR), prices.get(CONF_FEED_IN_BONUS, 0.0)

    def paid(key: str) -> float | None:
        if (price := prices.get(key)) is None:
            return None
        return float(price if floor is None else max(price, floor)) + float(bonus)

    high = paid(CONF_FEED_IN_PRICE)
    return {} if high is None else {Price.EXPORT: Rate(high, paid(CONF_FEED_IN_LOW))}


def feed_in_of_tariffs(stored: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what tariffs say of exported energy, as subentries of feed-in prices store it.

    Until release 0.1 the price was a field of the tariff; where a later tariff has none, none is
    known from then on.
    """
    usable = (data for data in stored if tariff_or_none(data))
    found: list[dict[str, Any]] = []
    for data in sorted(usable, key=lambda one: str(one[CONF_VALID_FROM])):
        price = data[CONF_ELECTRICITY].get(CONF_EXPORT)
        if price is not None or found:
            paid = {} if price is None else {CONF_FEED_IN_PRICE: price}
            kept = {key: data.get(key) for key in _KEPT}
            found.append({**kept, CONF_FEED_IN: paid, CONF_LOW_HOURS: {}})
    return found


# Parts of what a form stores, or a ValueError: no error of our own is taken for one of a tariff.


def _section(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = data.get(key)
    if isinstance(section, Mapping):
        return section
    raise ValueError(f"{key} is no section")


def _prices(data: Mapping[str, Any], key: str) -> dict[str, float]:
    """Return the fields of a section: all are prices, but for one switch."""
    fields = _section(data, key).items()
    prices = {field: value for field, value in fields if field != CONF_FEES_BY_HOUR}
    if not all(map(is_price, prices.values())):
        raise ValueError(f"not a price in {key}")
    return prices


def _texts(data: Mapping[str, Any], key: str) -> dict[str, str]:
    section = _section(data, key)
    return {field: _text(section, field) for field in section}


def _text(fields: Mapping[str, Any], key: str) -> str:
    text = fields.get(key)
    if isinstance(text, str):
        return text
    raise ValueError(f"{key} is no text")


def is_feed_in(data: Mapping[str, Any]) -> bool:
    """Whether this is what a subentry of a feed-in price stores, not of a tariff."""
    return CONF_FEED_IN in data


def tariff_or_none(data: Mapping[str, Any]) -> Tariff | None:
    """Return what is stored; None for what an earlier release or an editor let pass."""
    try:
        return Tariff.from_data(data)
    except ValueError:
        return None
