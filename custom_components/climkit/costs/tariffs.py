"""Prices over time, and what hourly amounts cost. Pure: no I/O, no clock."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

from ..api import HOUR, local_midnight
from ..const import CONF_VALID_FROM
from ..measures import Price, TimeOfUse
from ..statistics import TimeRange
from .calendar import Calendar
from .low_hours import LowHours
from .tariff import Payer, Rate, SensorRate, Tariff, feed_in_of_tariffs, is_feed_in, tariff_or_none

# What sensors told: the mean of each hour, by its start in UTC, by sensor; see `SensorRate`.
type Means = Mapping[str, Mapping[datetime, float]]

NO_MEANS: Means = MappingProxyType({})

# What a tariff says, and costs follow from: a price, or the fee that somebody pays.
type Term = Price | Payer

ALL_TERMS: Final[frozenset[Term]] = frozenset([*Price, *Payer])

# What hours have, by their start in UTC; None: Climkit withdrew it.
type Hours = Mapping[datetime, float | None]


class _Held(NamedTuple):
    """What something costs on a day: its rate, in which hours that is the low one, and in what."""

    rate: Rate | SensorRate
    low_hours: LowHours
    currency: str


class Tariffs:
    """The tariffs and feed-in prices of a site; `zone` is the site's."""

    def __init__(
        self, tariffs: Iterable[Tariff], zone: tzinfo, feed_in: Iterable[Tariff] = ()
    ) -> None:
        """Sort them."""
        self._tariffs = Calendar(tariffs)
        self._feed_in = Calendar(feed_in)
        self._zone = zone
        self._hourly_fees: dict[tuple[Payer, date], float] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._all)

    @property
    def _all(self) -> list[Tariff]:
        return [*self._feed_in.items, *self._tariffs.items]

    @property
    def currency(self) -> str | None:
        """Return the currency; all tariffs of a site have the same."""
        return self._all[-1].currency if self._all else None

    @property
    def has_low_hours(self) -> bool:
        """Whether any tariff has hours with a low tariff."""
        return any(tariff.low_hours for tariff in self._tariffs.items)

    @property
    def has_power_price(self) -> bool:
        """Whether any tariff has a price of the highest quarter-hour, whoever pays it."""
        return any(one.power_price(payer) for one in self._tariffs.items for payer in Payer)

    @property
    def start(self) -> datetime | None:
        """Return the first hour with a price, in UTC."""
        first = min((one.valid_from for one in self._all), default=None)
        return local_midnight(first, self._zone) if first else None

    def edges(self, until: datetime) -> set[datetime]:
        """Return the hours (UTC), before one, from which on something may cost another price."""
        last = self._day(until) + timedelta(days=1)
        days = self._tariffs.edges(last) | self._feed_in.edges(last)
        return {start for day in days if (start := local_midnight(day, self._zone)) < until}

    def has_price(self, price: Price) -> bool:
        """Whether it is ever said what something costs."""
        return any(one.rate(price) for one in self._calendar(price).items)

    def _calendar(self, price: Price) -> Calendar[Tariff]:
        return self._feed_in if price is Price.EXPORT else self._tariffs

    def _day(self, when: datetime) -> date:
        return when.astimezone(self._zone).date()

    def _says_on(self, term: Term, day: date) -> _Held | float | None:
        """Return all that a tariff says of something on a local day."""
        if isinstance(term, Price):
            return self._rate_on(term, day)
        tariff = self._tariffs.on(day)
        return tariff.fee(term) if tariff and tariff.spreads_fees else 0.0

    def _rate_on(self, price: Price, day: date) -> _Held | None:
        """Return what something costs on a local day; None where nobody says."""
        tariff = self._calendar(price).on(day)
        rate = tariff.rate(price) if tariff else None
        return _Held(rate, tariff.low_hours, tariff.currency) if tariff and rate else None

    def price(self, price: Price, hour: datetime, means: Means = NO_MEANS) -> float | None:
        """Return what one unit costs in the hour that starts then; None where nobody says."""
        local = hour.astimezone(self._zone)
        held = self._rate_on(price, local.date())
        if held is None:
            return None
        if isinstance(held.rate, Rate):
            return held.rate.at(is_low=held.low_hours.include(local))
        mean = means.get(held.rate.sensor, {}).get(hour)
        return None if mean is None else held.rate.at(mean)

    def is_priced(self, price: Price, hour: datetime) -> bool:
        """Whether a tariff says what something costs in an hour, or a sensor shall."""
        return self.is_priced_on(price, self._day(hour))

    def sensor(self, price: Price, when: datetime) -> str | None:
        """Return which sensor tells at a time what something costs; None where none does."""
        held = self._rate_on(price, self._day(when))
        return held.rate.sensor if held and isinstance(held.rate, SensorRate) else None

    def told_by_sensors(self, hours: TimeRange) -> list[tuple[str, TimeRange]]:
        """Return the stretches in which a sensor tells a price; no tariff changes in one."""
        edges = sorted({hours.start, *filter(hours.__contains__, self.edges(hours.end))})
        stretches = [TimeRange(*ends) for ends in pairwise([*edges, hours.end])]
        return [
            (sensor, one) for one in stretches if (sensor := self.sensor(Price.GRID, one.start))
        ]

    def is_priced_on(self, price: Price, day: date) -> bool:
        """Whether it is said what something costs on a local day."""
        return self._rate_on(price, day) is not None

    def is_priced_in(self, price: Price, hours: TimeRange) -> bool:
        """Whether it is said what something costs on any local day that a stretch touches."""
        first, last = self._day(hours.start), self._day(hours.end - datetime.resolution)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return any(self.is_priced_on(price, day) for day in days)

    def is_low(self, hour: datetime) -> bool | None:
        """Whether an hour is one of the low tariff; None where there is no tariff."""
        local = hour.astimezone(self._zone)
        tariff = self._tariffs.on(local.date())
        return tariff.low_hours.include(local) if tariff else None

    def time_of_use(self, hour: datetime) -> TimeOfUse | None:
        """Return of which tariff an hour is; None where there is none."""
        match self.is_low(hour):
            case None:
                return None
            case True:
                return TimeOfUse.LOW
        return TimeOfUse.HIGH

    def hourly_fee(self, payer: Payer | None, hour: datetime) -> float:
        """Return what the cost of an hour holds of a fee; 0 where nobody (None) pays it.

        A day's is spread evenly over its hours: 23 or 25 where clocks are changed.
        """
        if payer is None:
            return 0.0
        key = payer, self._day(hour)
        if key not in self._hourly_fees:
            self._hourly_fees[key] = self._hourly_fee_on(*key)
        return self._hourly_fees[key]

    def _hourly_fee_on(self, payer: Payer, day: date) -> float:
        start, end = (local_midnight(one, self._zone) for one in (day, day + timedelta(days=1)))
        return self.daily_fee(payer, day) / ((end - start) / HOUR)

    def daily_fee(self, payer: Payer | None, day: date) -> float:
        """Return what the costs of a local day's hours hold of a fee; 0 where nobody pays it."""
        tariff = self._tariffs.on(day)
        if payer is None or tariff is None or not tariff.spreads_fees:
            return 0.0
        return tariff.fee(payer) / days_of_month(day)

    def without_fees(
        self, payer: Payer | None, hours: Mapping[datetime, float]
    ) -> dict[datetime, float]:
        """Return what the amounts of hours cost, without the fee that their costs hold."""
        return {hour: cost - self.hourly_fee(payer, hour) for hour, cost in hours.items()}

    def fee(self, payer: Payer, first: date, last: date, *, but_spread: bool = False) -> float:
        """Return the fee of some days; a month's is spread evenly over its days.

        `but_spread`: without what the costs of hours hold.
        """
        return sum(
            part * tariff.fee(payer)
            for part, tariff in self._parts(first, last)
            if not (but_spread and tariff.spreads_fees)
        )

    def power_price(self, payer: Payer, first: date, last: date) -> float:
        """Return what a kW costs in a month, from its first to its last day.

        A price that holds on some of its days only counts by their share.
        """
        return sum(part * tariff.power_price(payer) for part, tariff in self._parts(first, last))

    def _parts(self, first: date, last: date) -> Iterator[tuple[float, Tariff]]:
        """Return which part of its month each day is, with the tariff that holds then."""
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if tariff := self._tariffs.on(day):
                yield 1 / days_of_month(day), tariff

    def cost_alike(self, other: Self, terms: Iterable[Term], when: datetime) -> bool:
        """Whether some things cost at a time what they cost with others."""
        day = self._day(when)
        return all(self._says_on(term, day) == other._says_on(term, day) for term in terms)


def days_of_month(day: date) -> int:
    """Return how many days the month of a day has."""
    first = day.replace(day=1)
    return ((first + timedelta(days=31)).replace(day=1) - first).days


def changed_ranges(
    old: Tariffs, new: Tariffs, until: datetime, terms: Collection[Term] = ALL_TERMS
) -> list[TimeRange]:
    """Return the stretches (UTC), before a time, in which some things cost another price."""
    edges = sorted(old.edges(until) | new.edges(until))
    return [
        TimeRange(start, end)
        for start, end in pairwise([*edges, until])
        if not new.cost_alike(old, terms, start)
    ]


def hourly_costs(
    parts: Iterable[tuple[Price, Hours]],
    tariffs: Tariffs,
    means: Means = NO_MEANS,
    payer: Payer | None = None,
) -> Hours:
    """Return what each hour costs: the sum of what its parts cost, each at its own price.

    `parts` are hourly amounts, each with what it is priced as; `payer` is whose fee the costs hold,
    if the tariff says so. None is an amount that Climkit withdrew, and an hour of which all
    were withdrawn costs None. An hour without a price, or without amounts, is left out, and so is
    one of which a sensor did not tell a part's price (yet): half of a cost is none.
    """
    costs: dict[datetime, float | None] = {}
    untold: set[datetime] = set()
    for price, hours in parts:
        for hour, amount in hours.items():
            if (unit_price := tariffs.price(price, hour, means)) is None:
                if amount is not None and tariffs.sensor(price, hour):
                    untold.add(hour)
                continue
            if amount is not None:
                costs[hour] = (costs.get(hour) or 0.0) + amount * unit_price
            else:
                costs.setdefault(hour, None)
    return {
        hour: None if cost is None else cost + tariffs.hourly_fee(payer, hour)
        for hour, cost in costs.items()
        if hour not in untold
    }


def priced_amounts(price: Price, hours: Hours, tariffs: Tariffs) -> Hours:
    """Return the amounts of those hours in which a tariff says what they cost."""
    return {hour: amount for hour, amount in hours.items() if tariffs.is_priced(price, hour)}


def in_hours_of(time_of_use: TimeOfUse, hours: Hours, tariffs: Tariffs) -> Hours:
    """Return what hours have of one tariff: those of the other one nothing, which is 0."""
    return {
        hour: value if value is None or tariffs.time_of_use(hour) is time_of_use else 0.0
        for hour, value in hours.items()
    }


def tariffs_from_data(stored: Collection[Mapping[str, Any]], zone: tzinfo) -> Tariffs:
    """Return the prices of a site from what its subentries store; unusable ones are left out."""
    tariffs = [data for data in stored if not is_feed_in(data)]
    feed_in = list(filter(is_feed_in, stored)) or feed_in_of_tariffs(tariffs)
    return Tariffs(_usable(tariffs), zone, _usable(feed_in))


def _usable(stored: Iterable[Mapping[str, Any]]) -> list[Tariff]:
    return [tariff for data in stored if (tariff := tariff_or_none(data))]


def unusable_days(stored: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the first days, as they are stored, of tariffs that cannot be used."""
    return [str(data.get(CONF_VALID_FROM)) for data in stored if not tariff_or_none(data)]
