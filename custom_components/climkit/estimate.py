"""What reading and storing a history will cost. Pure; shown before the user decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from .api import Meter, MeterMode
from .choice import Choice
from .measures import Series, all_series
from .pages import LONGEST_PAGE, fitting_length

# More rows than this are imported only if the user asks for it.
MANY_ROWS = 1_000_000

# A row with its index entries in SQLite (measured).
BYTES_PER_ROW = 130

SECONDS_PER_REQUEST = 1.1


@dataclass(frozen=True, slots=True)
class Estimate:
    """The size of a history: rows of statistics and requests to Climkit."""

    rows: int = 0
    requests: int = 0

    def __add__(self, other: Estimate) -> Estimate:
        """Return both histories together."""
        return Estimate(self.rows + other.rows, self.requests + other.requests)

    @property
    def minutes(self) -> int:
        """Time that the requests take at Climkit's limit."""
        return ceil(self.requests * SECONDS_PER_REQUEST / 60)

    @property
    def megabytes(self) -> int:
        """Space that the rows take in the database."""
        return ceil(self.rows * BYTES_PER_ROW / 1_000_000)


def estimate_site(
    site_id: str, meters: Iterable[Meter], choice: Choice, start: datetime, now: datetime
) -> Estimate:
    """Estimate a site's history from `start`, supposing answers with columns for all meters."""
    listed = {meter.id: meter for meter in meters}
    has_battery = any(meter.mode is MeterMode.BATTERY for meter in listed.values())
    series = all_series(site_id, listed, {}, choice, has_battery=has_battery)
    hours = max(0, int((now - start).total_seconds() // 3600))
    return Estimate(rows=len(series) * hours, requests=_requests(series, start, now))


def _requests(series: Iterable[Series], start: datetime, now: datetime) -> int:
    columns: dict[object, int] = {}
    for one in series:
        columns[one.feed] = columns.get(one.feed, 0) + 1
    pages = (min(LONGEST_PAGE, fitting_length(width)) for width in columns.values())
    return sum(max(1, ceil((now - start) / page)) for page in pages)
