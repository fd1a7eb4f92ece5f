"""Which amounts no meter can have measured, and what became of them. No I/O, no clock.

An amount over its column's limit is left out, as if Climkit had not said it, until a person
decides: it may be right (a very large building), or a fault of Climkit or of the meter. Nothing is
lost: what was left out is remembered, and read again once it is accepted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self

from .api import Interval
from .feed import Feed
from .measures import METER_COLUMNS, METER_TYPES, Quantity, Series, split_column
from .records import SiteRecord

# The most of a quarter-hour that is believed of a single meter without asking (assumed): 1 MW of
# electricity; of meters that are read once a day, what gathers while they cannot be read.
ELECTRICITY_LIMIT = 250.0  # kWh
HEAT_LIMIT = 2_500.0  # kWh
WATER_LIMIT = 250.0  # m3
_LOWEST_LIMIT = min(ELECTRICITY_LIMIT, HEAT_LIMIT, WATER_LIMIT)

# A whole site's limit is this many times that of a meter.
SITE_FACTOR = 10

# Who accepts amounts gets a limit this many times the largest one.
ACCEPTED_FACTOR = 2

# So many amounts of a column are remembered one by one: the oldest, and the newest.
MANY = 500


class Column(NamedTuple):
    """A measure of a meter, or of all meters of a type; whichever answer it comes in."""

    meter_type: str
    meter_id: str
    """Empty for the column of a whole site."""
    measure: str

    @classmethod
    def of(cls, feed: Feed, name: str) -> Self | None:
        """Return the column that has this name in a feed's answers; None if nobody knows it."""
        meter_id, measure = feed.meter_id or "", name
        if not meter_id and (parts := split_column(name)):
            measure, meter_id = parts
        known = METER_COLUMNS if meter_id else _site_columns(feed.meter_type)
        return cls(feed.meter_type, meter_id, measure) if measure in known else None

    @classmethod
    def from_key(cls, key: str) -> Self:
        """Return the column that was remembered by this key."""
        return cls(*key.split(":", 2))

    @property
    def key(self) -> str:
        """What the column is remembered by."""
        return ":".join(self)

    def name_in(self, feed: Feed) -> str | None:
        """Return what the column is called in a feed's answers; None where it is not in them."""
        if feed.meter_type != self.meter_type or feed.meter_id not in {None, self.meter_id}:
            return None
        return (
            f"{self.measure}_{self.meter_id}"
            if self.meter_id and not feed.meter_id
            else self.measure
        )

    @property
    def quantity(self) -> Quantity:
        """What the column counts."""
        return METER_TYPES[self.meter_type].site_measures[0].quantity

    @property
    def usual_limit(self) -> float:
        """The most of a quarter-hour that is believed without asking."""
        if self.quantity is Quantity.WATER:
            limit = WATER_LIMIT
        elif METER_TYPES[self.meter_type].read_each_interval:
            limit = ELECTRICITY_LIMIT
        else:
            limit = HEAT_LIMIT
        return limit if self.meter_id else limit * SITE_FACTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Amounts of a column that a person has to decide on.

    `first` and `last` are the starts (UTC) of the earliest and the latest quarter-hour; `largest`
    and `limit` are in the unit of the column.
    """

    column: Column
    count: int
    largest: float
    limit: float
    first: datetime
    last: datetime


class Plausibility:
    """The limits of a site's columns, and what was left out; both are kept in the site's record."""

    def __init__(self, record: SiteRecord) -> None:
        """Begin with what is remembered."""
        kept = record.setdefault("plausibility", {"limits": {}, "left_out": {}, "decided": {}})
        self._limits = kept["limits"]
        self._left_out = kept["left_out"]
        self._decided = kept["decided"]

    def keep(self, feed: Feed, intervals: Sequence[Interval]) -> list[Interval]:
        """Return the intervals without what is over a limit, and remember that.

        What was over it and no longer is, as Climkit corrected it, is forgotten.
        """
        self._forget_corrected(feed, intervals)
        lowest = min([_LOWEST_LIMIT, *self._limits.values()])
        return [
            interval if _largest(interval) <= lowest else self._without_implausible(feed, interval)
            for interval in intervals
        ]

    def limit(self, column: Column) -> float:
        """Return the most that is believed of a quarter-hour, in the unit of the column."""
        return self._limits.get(column.key, column.usual_limit)

    def set_limit(self, column: Column, limit: float | None) -> None:
        """Let a column have a limit of its own; None: the usual one again."""
        if limit is None:
            self._limits.pop(column.key, None)
        else:
            self._limits[column.key] = limit

    @property
    def doubts(self) -> list[Doubt]:
        """What a person has to decide on."""
        return [
            self._doubt(Column.from_key(key), found)
            for key in self._left_out
            if (found := self._undecided(key))
        ]

    def accept(self, column: Column) -> None:
        """Believe what was left out of a column; it has to be read again then."""
        if found := self._left_out.pop(column.key, None):
            self._limits[column.key] = ACCEPTED_FACTOR * max(map(abs, found.values()))
            self._decided.pop(column.key, None)

    def leave_out(self, column: Column) -> None:
        """Leave out for good what was found of a column until now."""
        if found := self._left_out.get(column.key):
            self._decided[column.key] = max(found)

    def _without_implausible(self, feed: Feed, interval: Interval) -> Interval:
        kept = dict(interval.values)
        for name, amount in interval.values.items():
            column = Column.of(feed, name)
            if column and abs(amount) > self.limit(column):
                self._remember(column, interval.start, amount)
                del kept[name]
        return replace(interval, values=kept)

    def _remember(self, column: Column, start: datetime, amount: float) -> None:
        found = self._left_out.setdefault(column.key, {})
        stamp = start.isoformat()
        if stamp not in found and len(found) >= MANY:
            del found[max(found)]
        found[stamp] = amount

    def _forget_corrected(self, feed: Feed, intervals: Sequence[Interval]) -> None:
        for key, found in list(self._left_out.items()):
            column = Column.from_key(key)
            if not (name := column.name_in(feed)):
                continue
            limit = self.limit(column)
            for interval in intervals:
                amount = interval.values.get(name)
                if amount is not None and abs(amount) <= limit:
                    found.pop(interval.start.isoformat(), None)
            if not found:
                del self._left_out[key]

    def _undecided(self, key: str) -> dict[str, float]:
        decided = self._decided.get(key, "")
        return {stamp: amount for stamp, amount in self._left_out[key].items() if stamp > decided}

    def _doubt(self, column: Column, found: Mapping[str, float]) -> Doubt:
        return Doubt(
            column=column,
            count=len(found),
            largest=max(found.values(), key=abs),
            limit=self.limit(column),
            first=datetime.fromisoformat(min(found)),
            last=datetime.fromisoformat(max(found)),
        )


def column_of_series(series: Series) -> Column | None:
    """Return the column that a series is made of."""
    return Column.of(series.feed, series.column)


def _site_columns(meter_type: str) -> Iterator[str]:
    return (measure.key for measure in METER_TYPES[meter_type].site_measures)


def _largest(interval: Interval) -> float:
    amounts = interval.values.values()
    return max(max(amounts, default=0.0), -min(amounts, default=0.0))
