"""When prices hold: from a day on, perhaps in a part of each year only, until others do. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
import re
from typing import NamedTuple, Protocol, Self

from ..const import CONF_SEASON_FROM, CONF_SEASON_TO

_DAY = r"(\d{1,2})\s*\.\s*(\d{1,2})\.?"
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class SeasonError(ValueError):
    """Texts that name no part of a year; `key` is the translation key of the reason."""

    def __init__(self, key: str) -> None:
        """Keep the reason."""
        super().__init__(key)
        self.key = key


# A day of any year: month, day.
type YearDay = tuple[int, int]


class Season(NamedTuple):
    """A part of each year, from its first to its last day; it may go over New Year."""

    first: YearDay
    last: YearDay

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self | None:
        """Read two days such as `1.4.` and `30.9.`; None: the whole year. Raises SeasonError."""
        first, last = texts.get(CONF_SEASON_FROM), texts.get(CONF_SEASON_TO)
        if not first and not last:
            return None
        if not first or not last:
            raise SeasonError("season_needs_both")
        last_day = _year_day(last)
        # The end of February is meant, in leap years too: no day shall be without a price.
        return cls(_year_day(first), (2, 29) if last_day == (2, 28) else last_day)

    def includes(self, day: date) -> bool:
        """Whether a day belongs to it."""
        at = day.month, day.day
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last

    def overlaps(self, other: Self) -> bool:
        """Whether two seasons have a day in common."""
        leap_year = (date(2024, 1, 1) + timedelta(days=number) for number in range(366))
        return any(self.includes(day) and other.includes(day) for day in leap_year)

    def edges(self, year: int) -> Iterator[date]:
        """Return the first day, and the day after the last one, of a year."""
        yield _date(year, self.first)
        yield _date(year, self.last, is_last=True) + timedelta(days=1)


def _year_day(text: str) -> YearDay:
    if not (match := re.fullmatch(_DAY, text.strip())):
        raise SeasonError("season_unreadable")
    day, month = map(int, match.groups())
    if not (1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]):
        raise SeasonError("season_unreadable")
    return month, day


def _date(year: int, at: YearDay, *, is_last: bool = False) -> date:
    """Return the day in a year; 29 February is 1 March or, as a last day, 28 February in others."""
    try:
        return date(year, *at)
    except ValueError:
        return date(year, 2, 28) if is_last else date(year, 3, 1)


class Dated(Protocol):
    """Something that holds from a local day on; in its season only, where it has one."""

    @property
    def valid_from(self) -> date:
        """The first day."""

    @property
    def season(self) -> Season | None:
        """The part of each year; None: all of it."""


class Calendar[T: Dated]:
    """Which of several things holds on which day.

    The newest one does, in whose season the day is; of two from the same day that with a season.
    """

    def __init__(self, items: Iterable[T]) -> None:
        """Sort them."""
        self.items = sorted(items, key=lambda one: (one.valid_from, one.season is not None))
        self._held: dict[date, T | None] = {}

    def on(self, day: date) -> T | None:
        """Return what holds on a local day."""
        if day not in self._held:
            self._held[day] = next((one for one in reversed(self.items) if _holds(one, day)), None)
        return self._held[day]

    def edges(self, until: date) -> set[date]:
        """Return the days on which another one may begin to hold, until one (not included)."""
        return {
            day
            for one in self.items
            for day in (one.valid_from, *_season_edges(one, until))
            if one.valid_from <= day < until
        }


def _holds(one: Dated, day: date) -> bool:
    return one.valid_from <= day and (one.season is None or one.season.includes(day))


def _season_edges(one: Dated, until: date) -> Iterator[date]:
    if one.season:
        for year in range(one.valid_from.year, until.year + 1):
            yield from one.season.edges(year)
