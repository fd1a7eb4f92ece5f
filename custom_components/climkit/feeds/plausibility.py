"""Which amounts no meter can have measured, and what became of them. No I/O, no clock.

An amount over its column's limit is left out, as if Climkit had not said it, until a person
decides: it may be right (a very large building), or a fault of Climkit or of the meter. Nothing is
lost: what is *pending* is remembered, and read again once it is accepted. What was *rejected* stays
left out for good, whatever is accepted later, unless Climkit corrects it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import replace
from datetime import datetime
from math import inf, isfinite, nextafter
from typing import NamedTuple, Self

from ..api import INTERVAL, Interval
from ..measures import METER_COLUMNS, METER_TYPES, Feed, Quantity, Series, split_column
from ..statistics import TimeRange, merged, without
from ..store import PlausibilityRecord, Rejected, Stamp

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

# So many pending amounts of a column are remembered one by one: the oldest, and the newest.
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
    def from_key(cls, key: str) -> Self | None:
        """Return the column that was remembered by this key; None where none has such a key."""
        parts = key.split(":", 2)
        return cls(*parts) if len(parts) == 3 and parts[0] in METER_TYPES else None

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

    def feeds(self, site_id: str) -> list[Feed]:
        """Return the feeds of a site whose answers can hold the column."""
        of_site = Feed(site_id, self.meter_type)
        if not self.meter_id:
            return [of_site]
        return [of_site, Feed(site_id, self.meter_type, self.meter_id)]

    def is_answered(self, feed: Feed, intervals: Iterable[Interval]) -> bool:
        """Whether an answer of a feed tells of the column, be it that there is no amount.

        A meter's column may be missing from its site's answers: then it is asked for by itself.
        """
        if not (name := self.name_in(feed)):
            return False
        is_its_own = (feed.meter_id or "") == self.meter_id
        return is_its_own or any(name in interval.values for interval in intervals)

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


class Outliers(NamedTuple):
    """Amounts of a column that a person has to decide on.

    `starts` (UTC) are those of its quarter-hours; `largest` and `limit` are in the unit of the
    column.
    """

    column: Column
    starts: frozenset[datetime]
    largest: float
    limit: float


class Plausibility:
    """The limits of a site's columns, and what was left out; both are remembered."""

    def __init__(self, record: PlausibilityRecord) -> None:
        """Begin with what is remembered."""
        self._limits = record.limits
        self._pending = record.pending
        self._rejected = record.rejected
        for key in [key for key, limit in self._limits.items() if not is_limit(limit)]:
            del self._limits[key]

    def filter(self, feed: Feed, intervals: Sequence[Interval]) -> list[Interval]:
        """Return the intervals without what is over a limit, and remember that.

        What was over it and no longer is, as Climkit corrected or withdrew it, is forgotten.
        """
        self._forget_corrected(feed, intervals)
        rejected = (one.limit for found in self._rejected.values() for one in found)
        lowest = min([_LOWEST_LIMIT, *self._limits.values(), *rejected])
        return [
            interval if _largest(interval) <= lowest else self._without_implausible(feed, interval)
            for interval in intervals
        ]

    def limit(self, column: Column) -> float:
        """Return the most that is believed of a quarter-hour, in the unit of the column."""
        return self._limits.get(column.key, column.usual_limit)

    def set_limit(self, column: Column, limit: float | None) -> list[TimeRange]:
        """Let a column have a limit of its own; ValueError for what is none, see `is_limit`.

        None: the usual one again, and what was rejected is asked about anew. Returns the
        stretches that have to be read again for that, or as pending amounts are permitted now.
        """
        if limit is not None and not is_limit(limit):
            raise ValueError(f"{limit} is no limit")
        asked: list[TimeRange] = []
        if limit is None:
            self._limits.pop(column.key, None)
            asked += self._rejected.pop(column.key, [])
        else:
            self._limits[column.key] = limit
        pending = self._pending.get(column.key, {}).items()
        asked += [_quarter(at) for at, amount in pending if abs(amount) <= self.limit(column)]
        return merged(asked)

    @property
    def outliers(self) -> list[Outliers]:
        """What a person has to decide on."""
        columns = ((Column.from_key(key), found) for key, found in self._pending.items())
        return [self._outliers(column, found) for column, found in columns if column and found]

    def accept(self, column: Column) -> None:
        """Believe what is pending of a column; it has to be read again then."""
        if found := self._pending.pop(column.key, None):
            accepted = ACCEPTED_FACTOR * max(map(abs, found.values()))
            self._limits[column.key] = max(self.limit(column), accepted)

    def reject(self, column: Column) -> None:
        """Reject what is pending of a column: it stays left out for good."""
        if found := self._pending.pop(column.key, None):
            self._reject(column, found)

    def _reject(self, column: Column, found: Mapping[Stamp, float]) -> None:
        quarters = merged(map(_quarter, found))
        if len(found) >= MANY:  # there may be more in between; all that was shown is decided on
            quarters = [TimeRange(quarters[0].start, quarters[-1].end)]
        limit = min(self.limit(column), nextafter(min(map(abs, found.values())), 0.0))
        self._rejected.setdefault(column.key, []).extend(
            Rejected(one.start, one.end, limit) for one in quarters
        )

    def _without_implausible(self, feed: Feed, interval: Interval) -> Interval:
        kept = dict(interval.values)
        for name, amount in interval.values.items():
            column = Column.of(feed, name)
            if column is None:
                continue
            if abs(amount) > self._limit_where_rejected(column, interval.start):
                del kept[name]
            elif abs(amount) > self.limit(column):
                self._remember(column, _stamp(interval.start), amount)
                del kept[name]
        return replace(interval, values=kept)

    def _limit_where_rejected(self, column: Column, start: datetime) -> float:
        """Return over which amount a quarter-hour was rejected; infinite where it was not."""
        found = self._rejected.get(column.key, ())
        return min((one.limit for one in found if start in one), default=inf)

    def _remember(self, column: Column, stamp: Stamp, amount: float) -> None:
        found = self._pending.setdefault(column.key, {})
        if stamp not in found and len(found) >= MANY:
            del found[max(found)]
        found[stamp] = amount

    def _forget_corrected(self, feed: Feed, intervals: Sequence[Interval]) -> None:
        """Forget what an answer no longer says.

        What is missing between its first and its last row is pending no more; a rejection stays
        until there is an amount that can be: one answer with a hole takes no decision away.
        """
        answered = {interval.start: interval.values for interval in intervals}
        for key in {*self._pending, *self._rejected} if intervals else ():
            column = Column.from_key(key)
            if not column or not column.is_answered(feed, intervals):
                continue
            name = column.name_in(feed) or ""
            amounts = {start: values.get(name) for start, values in answered.items()}
            _drop_no_longer_said(self._pending.get(key, {}), amounts, self.limit(column))
            if not self._pending.get(key, True):
                del self._pending[key]
            self._end_corrected(key, amounts)

    def _end_corrected(self, key: str, amounts: Mapping[datetime, float | None]) -> None:
        """End rejections where Climkit says an amount that can be."""
        ranges = self._rejected.get(key, [])
        if not 0 < len(ranges) < MANY:  # a broken meter's: it need not be known more precisely
            return
        starts = sorted(amounts)
        left: list[Rejected] = []
        for one in ranges:
            parts: list[TimeRange] = [one]
            for start in starts[bisect_left(starts, one.start) : bisect_left(starts, one.end)]:
                if (amount := amounts[start]) is not None and abs(amount) <= one.limit:
                    parts = without(parts, TimeRange(start, start + INTERVAL))
            left += [Rejected(part.start, part.end, one.limit) for part in parts]
        if left:
            self._rejected[key] = left
        else:
            del self._rejected[key]

    def _outliers(self, column: Column, found: Mapping[Stamp, float]) -> Outliers:
        return Outliers(
            column=column,
            starts=frozenset(map(datetime.fromisoformat, found)),
            largest=max(found.values(), key=abs),
            limit=self.limit(column),
        )


def is_limit(amount: float) -> bool:
    """Whether something can be a limit: a positive, finite amount."""
    return isfinite(amount) and amount > 0


def column_of_series(series: Series) -> Column | None:
    """Return the column that a series is made of."""
    return Column.of(series.feed, series.column)


def _stamp(start: datetime) -> Stamp:
    return Stamp(start.isoformat())


def _quarter(stamp: Stamp) -> TimeRange:
    start = datetime.fromisoformat(stamp)
    return TimeRange(start, start + INTERVAL)


def _drop_no_longer_said(
    found: dict[Stamp, float], amounts: Mapping[datetime, float | None], limit: float
) -> None:
    """Drop what an answer says otherwise now, or says no more between its first and last row."""
    first, last = min(amounts), max(amounts)
    for stamp, start in [(stamp, datetime.fromisoformat(stamp)) for stamp in found]:
        amount = amounts.get(start)
        if first <= start <= last and (amount is None or abs(amount) <= limit):
            del found[stamp]


def _site_columns(meter_type: str) -> Iterator[str]:
    return (measure.key for measure in METER_TYPES[meter_type].site_measures)


def _largest(interval: Interval) -> float:
    amounts = interval.values.values()
    return max(max(amounts, default=0.0), -min(amounts, default=0.0))
