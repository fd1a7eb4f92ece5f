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
from .tariff import Fee, Rate, SensorRate, Tariff, feed_in_of_tariffs, is_feed_in, usable

# What sensors told: the mean of each hour, by its start in UTC, by sensor; see `SensorRate`.
type Means = Mapping[str, Mapping[datetime, float]]

NO_MEANS: Means = MappingProxyType({})

# What a tariff says, and costs follow from.
type Term = Price | Fee

ALL_TERMS: Final[frozenset[Term]] = frozenset([*Price, *Fee])

# What hours have, by their start in UTC; None: Climkit withdrew it.
type Hours = Mapping[datetime, float | None]


class Fees(NamedTuple):
    """What the site, and each meter of a consumer, pay: in all, or for each kW."""

    site: float
    meter: float

    def of(self, fee: Fee) -> float:
        """Return one of them."""
        return self.site if fee is Fee.SITE else self.meter


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
        self._fees_by_hour: dict[tuple[Fee, date], float] = {}

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
        return tariff.fee(term) if tariff and tariff.fees_by_hour else 0.0

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
            return held.rate.at(is_low=local in held.low_hours)
        mean = means.get(held.rate.sensor, {}).get(hour)
        return None if mean is None else held.rate.at(mean)

    def is_priced(self, price: Price, hour: datetime) -> bool:
        """Whether a tariff says what something costs in an hour, or a sensor shall."""
        return self.holds(price, self._day(hour))

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

    def holds(self, price: Price, day: date) -> bool:
        """Whether it is said what something costs on a local day."""
        return self._rate_on(price, day) is not None

    def is_low(self, hour: datetime) -> bool | None:
        """Whether an hour is one of the low tariff; None where there is no tariff."""
        local = hour.astimezone(self._zone)
        tariff = self._tariffs.on(local.date())
        return local in tariff.low_hours if tariff else None

    def time_of_use(self, hour: datetime) -> TimeOfUse | None:
        """Return of which tariff an hour is; None where there is none."""
        match self.is_low(hour):
            case None:
                return None
            case True:
                return TimeOfUse.LOW
        return TimeOfUse.HIGH

    def fee_by_hour(self, fee: Fee, hour: datetime) -> float:
        """Return what is in the cost of an hour of a fee; a day's is spread evenly over its hours.

        The two days a year when clocks are changed have 23 and 25 of them.
        """
        key = fee, self._day(hour)
        if key not in self._fees_by_hour:
            self._fees_by_hour[key] = self._fee_of_hours(*key)
        return self._fees_by_hour[key]

    def _fee_of_hours(self, fee: Fee, day: date) -> float:
        start, end = (local_midnight(one, self._zone) for one in (day, day + timedelta(days=1)))
        return self.fee_by_day(fee, day) / ((end - start) / HOUR)

    def fee_by_day(self, fee: Fee | None, day: date) -> float:
        """Return what is in the costs of the hours of a local day of a fee; None: of no fee."""
        tariff = self._tariffs.on(day)
        if fee is None or tariff is None or not tariff.fees_by_hour:
            return 0.0
        return tariff.fee(fee) / days_of_month(day)

    def without_fees(
        self, fee: Fee | None, hours: Mapping[datetime, float]
    ) -> dict[datetime, float]:
        """Return what the amounts of hours cost that hold a fee."""
        if fee is None:
            return dict(hours)
        return {hour: cost - self.fee_by_hour(fee, hour) for hour, cost in hours.items()}

    def fees(self, first: date, last: date, *, but_by_hour: bool = False) -> Fees:
        """Return the fees of some days; a month's fee is spread evenly over its days.

        `but_by_hour`: without those that the costs of hours hold.
        """
        valid = [
            (part, tariff)
            for part, tariff in self._parts(first, last)
            if not (but_by_hour and tariff.fees_by_hour)
        ]
        return Fees(
            site=sum(part * tariff.site_fee for part, tariff in valid),
            meter=sum(part * tariff.meter_fee for part, tariff in valid),
        )

    def power_prices(self, first: date, last: date) -> Fees:
        """Return what a kW costs in a month, from its first to its last day.

        A price that holds on some of its days only counts by their share.
        """
        parts = list(self._parts(first, last))
        return Fees(
            site=sum(part * tariff.site_power for part, tariff in parts),
            meter=sum(part * tariff.meter_power for part, tariff in parts),
        )

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
    fee: Fee | None = None,
) -> Hours:
    """Return what each hour costs: the sum of what its parts cost, each at its own price.

    `parts` are hourly amounts, each with what it is priced as; `fee` is the one that the costs
    hold, if the tariff says so. None is an amount that Climkit withdrew, and an hour of which all
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
        hour: cost + tariffs.fee_by_hour(fee, hour) if fee and cost is not None else cost
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
    return Tariffs(filter(None, map(usable, tariffs)), zone, filter(None, map(usable, feed_in)))


def unusable_days(stored: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the first days, as they are stored, of tariffs that cannot be used."""
    return [str(data.get(CONF_VALID_FROM)) for data in stored if not usable(data)]
