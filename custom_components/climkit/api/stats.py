"""What a client has seen of the API, in counts and shapes: for diagnostics, never for decisions.

No value of an answer is kept, and no text of it but the API's own words for columns.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
import re
from typing import TypedDict

from .timestamps import HOUR

_CALLS = {
    "all_installations",
    "meter_info",
    "meter_data",
    "meter_data_raw",
    "sensors_list",
    "sensor_data",
}

# Columns are words, those of meters with an id behind. Anything else could be personal.
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_KEYS = 60
_OTHER = "other"


class Shape(TypedDict):
    """How one kind of answer looked.

    `rows`, `unusable`: of the newest answer. `elements`, `keys`, `stamps`: what was ever seen in
    the first and last rows of an answer; `keys` counts the columns of each word.
    """

    answers: int
    rows: int
    unusable: int
    elements: list[str]
    keys: dict[str, int]
    stamps: list[str]


@dataclass(slots=True)
class RequestStats:
    """Counts of one client since it was made. Times are aware, days UTC, durations seconds."""

    requests: int = 0
    requests_today: int = 0
    limit_hits: int = 0
    bytes: int = 0
    largest: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    last_success: datetime | None = None
    errors: Counter[str] = field(default_factory=Counter)
    windows: Counter[str] = field(default_factory=Counter)
    shapes: dict[str, Shape] = field(default_factory=dict)
    _day: date | None = None

    def note_request(self, now: datetime) -> None:
        """Count a request that begins."""
        self._begin_day(now)
        self.requests += 1
        self.requests_today += 1

    def note_answer(self, size: int, seconds: float, now: datetime) -> None:
        """Count a good answer of `size` bytes after so many seconds."""
        self.bytes += size
        self.largest = max(self.largest, size)
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)
        self.last_success = now

    def note_error(self, kind: str, *, is_limit: bool = False) -> None:
        """Count an error: `kind` is a status or the name of an exception."""
        self.errors[kind] += 1
        self.limit_hits += is_limit

    def note_window(self, start: datetime, first: datetime) -> None:
        """Note how `t_s` was read: asked for rows from `start` on, the first one began at `first`.

        Read as local time, which is ahead of UTC, the answer begins an hour or two too early. Read
        as UTC it begins there, or with the row that ends there; later, where data are missing.
        """
        if first <= start - HOUR:
            self.windows["local time"] += 1
        elif first <= start:
            self.windows["UTC"] += 1

    def today(self, now: datetime) -> int:
        """Return the number of requests of this UTC day."""
        self._begin_day(now)
        return self.requests_today

    def note_shape(self, path: str, sample: Sequence[object], rows: int, unusable: int) -> None:
        """Note how the answer to a path looked; `sample` are some of its rows."""
        shape = self.shapes.setdefault(
            kind_of(path),
            Shape(answers=0, rows=0, unusable=0, elements=[], keys={}, stamps=[]),
        )
        shape["answers"] += 1
        shape["rows"], shape["unusable"] = rows, unusable
        for row in sample:
            _add(shape["elements"], type(row).__name__)
            if isinstance(row, Mapping):
                for key, number in Counter(map(_word, row)).items():
                    if key in shape["keys"] or len(shape["keys"]) < _MOST_KEYS:
                        shape["keys"][key] = max(shape["keys"].get(key, 0), number)
                if "timestamp" in row:
                    _add(shape["stamps"], stamp_form(row["timestamp"]))

    def _begin_day(self, now: datetime) -> None:
        if now.date() != self._day:
            self._day, self.requests_today = now.date(), 0


def kind_of(path: str) -> str:
    """Return which call a path is, without ids; of a site's data also the meter type."""
    parts = path.strip("/").split("/")
    if parts[0] == "site_data":
        return f"site_data {parts[-1]}"
    return next((part for part in parts if part in _CALLS), _OTHER)


def stamp_form(stamp: object) -> str:
    """Say how a time is written, not which it is."""
    if isinstance(stamp, str):
        if re.search(r"[+-]\d\d:?\d\d$", stamp):
            return "text with offset"
        return "text in UTC" if stamp.endswith("Z") else "text without offset"
    return type(stamp).__name__


@lru_cache(maxsize=2048)
def _word(key: object) -> str:
    """Return a column's name; a meter's id becomes a mark. Answers repeat their columns."""
    if not isinstance(key, str):
        return _OTHER
    prefix, _, rest = key.rpartition("_")
    if re.fullmatch(r"[0-9a-fA-F]{24}", rest):
        key = f"{prefix}_id"
    return key if _WORD.fullmatch(key) else _OTHER


def _add(words: list[str], word: str) -> None:
    if word not in words:
        words.append(word)
