"""Prices over time, and what hourly amounts cost. Pure: no I/O, no clock.

A tariff is the user's: it is valid from a day of the site's zone until the next one's day. Prices
are per kWh or m3 and include all taxes; fees are a month's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from itertools import zip_longest
from typing import Any, NamedTuple, Self

from ..api import PLAUSIBLE_YEARS, local_midnight
from ..const import (
    CONF_CHARGE_POINT,
    CONF_COLD_WATER,
    CONF_COOLING,
    CONF_CURRENCY,
    CONF_ELECTRICITY,
    CONF_EXPORT,
    CONF_FEES,
    CONF_GRID,
    CONF_GRID_LOW,
    CONF_HEATING,
    CONF_HOT_WATER,
    CONF_LOW_HOURS,
    CONF_METER_FEE,
    CONF_SITE_FEE,
    CONF_SOLAR,
    CONF_SOLAR_LOW,
    CONF_VALID_FROM,
    CONF_WATER_AND_HEAT,
)
from ..measures import Price
from .low_hours import LowHours

# Which field holds which price; the second one is the price of the low-tariff hours.
_FIELDS: tuple[tuple[Price, str, str, str | None], ...] = (
    (Price.GRID, CONF_ELECTRICITY, CONF_GRID, CONF_GRID_LOW),
    (Price.SOLAR, CONF_ELECTRICITY, CONF_SOLAR, CONF_SOLAR_LOW),
    (Price.EXPORT, CONF_ELECTRICITY, CONF_EXPORT, None),
    (Price.CHARGE_POINT, CONF_ELECTRICITY, CONF_CHARGE_POINT, None),
    (Price.COLD_WATER, CONF_WATER_AND_HEAT, CONF_COLD_WATER, None),
    (Price.HOT_WATER, CONF_WATER_AND_HEAT, CONF_HOT_WATER, None),
    (Price.HEATING, CONF_WATER_AND_HEAT, CONF_HEATING, None),
    (Price.COOLING, CONF_WATER_AND_HEAT, CONF_COOLING, None),
)

# No unit and no month costs more, whatever the currency: a larger number was mistyped.
LARGEST_PRICE = 1_000_000.0

# A charge point costs its own price where the tariff has one, else what electricity costs.
_ELSE = {Price.CHARGE_POINT_GRID: Price.GRID, Price.CHARGE_POINT_SOLAR: Price.SOLAR}


def is_price(value: object) -> bool:
    """Whether something can be a price: a number, neither infinite nor huge."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= LARGEST_PRICE


def first_day(text: str) -> date:
    """Return the day from which a tariff is valid. Raises ValueError, for odd years too."""
    day = date.fromisoformat(text)
    if day.year not in PLAUSIBLE_YEARS:
        raise ValueError(f"no tariff begins in the year {day.year}")
    return day


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit costs; in low-tariff hours `low`, where there is one."""

    high: float
    low: float | None = None

    def at(self, *, is_low: bool) -> float:
        """Return the price."""
        return self.low if is_low and self.low is not None else self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """The prices of a site from a day on (local date of the site); what has none has no cost.

    `site_fee` and `meter_fee` (of each consumer's electricity meter) are a month's.
    """

    valid_from: date
    currency: str
    rates: Mapping[Price, Rate] = field(default_factory=dict)
    low_hours: LowHours = field(default_factory=LowHours)
    site_fee: float = 0.0
    meter_fee: float = 0.0

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read what a subentry stores: the form's fields, by section.

        Raises ValueError for what no form would have stored.
        """
        fees = data[CONF_FEES]
        prices = (
            price
            for section in (CONF_ELECTRICITY, CONF_WATER_AND_HEAT, CONF_FEES)
            for price in data[section].values()
        )
        if not all(map(is_price, prices)):
            raise ValueError("not a price")
        return cls(
            valid_from=first_day(data[CONF_VALID_FROM]),
            currency=data[CONF_CURRENCY],
            rates={
                price: Rate(data[section][high], data[section].get(low))
                for price, section, high, low in _FIELDS
                if high in data[section]
            },
            low_hours=LowHours.parse(data[CONF_LOW_HOURS]),
            site_fee=fees.get(CONF_SITE_FEE, 0.0),
            meter_fee=fees.get(CONF_METER_FEE, 0.0),
        )

    def rate(self, price: Price) -> Rate | None:
        """Return what something costs; None where this tariff does not say."""
        if price in _ELSE:
            return self.rates.get(Price.CHARGE_POINT) or self.rates.get(_ELSE[price])
        return self.rates.get(price)

    def costs_as(self, other: Self | None) -> bool:
        """Whether energy and water cost the same as with another tariff."""
        return other is not None and (self.rates, self.low_hours, self.currency) == (
            other.rates,
            other.low_hours,
            other.currency,
        )


class Fees(NamedTuple):
    """What the site, and each meter of a consumer, pay however much they use."""

    site: float
    meter: float


class Tariffs:
    """The tariffs of a site, oldest first; `zone` is the site's."""

    def __init__(self, tariffs: Iterable[Tariff], zone: tzinfo) -> None:
        """Sort them."""
        self._tariffs = sorted(tariffs, key=lambda tariff: tariff.valid_from)
        self._starts = [local_midnight(tariff.valid_from, zone) for tariff in self._tariffs]
        self._zone = zone

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._tariffs)

    @property
    def currency(self) -> str | None:
        """Return the currency; all tariffs of a site have the same."""
        return self._tariffs[-1].currency if self._tariffs else None

    @property
    def has_low_hours(self) -> bool:
        """Whether any tariff has hours with a low tariff."""
        return any(tariff.low_hours for tariff in self._tariffs)

    @property
    def start(self) -> datetime | None:
        """Return the first hour with a tariff, in UTC."""
        return self._starts[0] if self._starts else None

    @property
    def starts(self) -> Sequence[datetime]:
        """Return the first hour of each tariff, in UTC."""
        return self._starts

    def has_price(self, price: Price) -> bool:
        """Whether any tariff says what something costs."""
        return any(tariff.rate(price) for tariff in self._tariffs)

    def at(self, when: datetime) -> Tariff | None:
        """Return the tariff of a time."""
        valid = (
            tariff
            for start, tariff in zip(reversed(self._starts), reversed(self._tariffs), strict=True)
            if start <= when
        )
        return next(valid, None)

    def price(self, price: Price, hour: datetime) -> float | None:
        """Return what one unit costs in the hour that starts then; None where nobody says."""
        tariff = self.at(hour)
        rate = tariff.rate(price) if tariff else None
        if tariff is None or rate is None:
            return None
        return rate.at(is_low=hour.astimezone(self._zone) in tariff.low_hours)

    def is_low(self, hour: datetime) -> bool | None:
        """Whether an hour is one of the low tariff; None where there is no tariff."""
        tariff = self.at(hour)
        return hour.astimezone(self._zone) in tariff.low_hours if tariff else None

    def fees(self, first: date, last: date) -> Fees:
        """Return the fees of some days; a month's fee is spread evenly over its days."""
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        valid = [
            (day, tariff) for day in days if (tariff := self.at(local_midnight(day, self._zone)))
        ]
        return Fees(
            site=sum(tariff.site_fee / days_of_month(day) for day, tariff in valid),
            meter=sum(tariff.meter_fee / days_of_month(day) for day, tariff in valid),
        )


def days_of_month(day: date) -> int:
    """Return how many days the month of a day has."""
    first = day.replace(day=1)
    return ((first + timedelta(days=31)).replace(day=1) - first).days


def changed_ranges(old: Tariffs, new: Tariffs) -> list[tuple[datetime, datetime | None]]:
    """Return the ranges (UTC; None: without end) in which something costs another price."""
    edges = sorted({*old.starts, *new.starts})
    ranges = []
    for start, end in zip_longest(edges, edges[1:]):
        before, after = old.at(start), new.at(start)
        if not (after.costs_as(before) if after else before is None):
            ranges.append((start, end))
    return ranges


def hourly_costs(
    parts: Iterable[tuple[Price, Mapping[datetime, float | None]]], tariffs: Tariffs
) -> dict[datetime, float | None]:
    """Return what each hour costs: the sum of what its parts cost, each at its own price.

    `parts` are hourly amounts, each with what it is priced as. None is an amount that Climkit
    withdrew, and an hour of which all were withdrawn costs None. An hour without a price, or
    without amounts, is left out.
    """
    costs: dict[datetime, float | None] = {}
    for price, hours in parts:
        for hour, amount in hours.items():
            if (unit_price := tariffs.price(price, hour)) is None:
                continue
            if amount is not None:
                costs[hour] = (costs.get(hour) or 0.0) + amount * unit_price
            else:
                costs.setdefault(hour, None)
    return costs


def tariffs_from_data(stored: Iterable[Mapping[str, Any]], zone: tzinfo) -> Tariffs:
    """Return the tariffs of a site from what its subentries store; unusable ones are left out."""
    return Tariffs(filter(None, map(_usable, stored)), zone)


def unusable_days(stored: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the first days, as they are stored, of tariffs that cannot be used."""
    return [str(data.get(CONF_VALID_FROM)) for data in stored if not _usable(data)]


def _usable(data: Mapping[str, Any]) -> Tariff | None:
    """Return a stored tariff; None for what an earlier release or an editor let pass."""
    try:
        return Tariff.from_data(data)
    except AttributeError, KeyError, TypeError, ValueError:
        return None
