"""What reading and storing a history will cost. Pure; shown before the user decides."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from .api import Meter, MeterMode
from .choice import Choice
from .measures import all_series
from .pages import LONGEST_PAGE, first_length, fitting_length

# More rows than this are imported only if the user asks for it.
MANY_ROWS = 1_000_000

# A row with its index entries in SQLite (measured: 81 with 115,000 rows, ids grow with more).
BYTES_PER_ROW = 85

SECONDS_PER_REQUEST = 1.1

# Both ends of a feed's data are asked for once more: there may be more than the answer held.
REQUESTS_FOR_ENDS = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """The size of a history: rows of statistics and requests to Climkit.

    `cost_rows`: those that come to it with a tariff, if it has a price for everything.
    """

    rows: int = 0
    requests: int = 0
    cost_rows: int = 0

    def __add__(self, other: Estimate) -> Estimate:
        """Return both histories together."""
        return Estimate(
            self.rows + other.rows,
            self.requests + other.requests,
            self.cost_rows + other.cost_rows,
        )

    @property
    def minutes(self) -> int:
        """Time that the requests take at Climkit's limit."""
        return ceil(self.requests * SECONDS_PER_REQUEST / 60)

    @property
    def megabytes(self) -> int:
        """Space that the rows take in the database."""
        return ceil(self.rows * BYTES_PER_ROW / 1_000_000)

    @property
    def megabytes_with_costs(self) -> int:
        """Space that the rows take with those of costs."""
        return ceil((self.rows + self.cost_rows) * BYTES_PER_ROW / 1_000_000)


def estimate_site(
    site_id: str, meters: Iterable[Meter], choice: Choice, start: datetime, now: datetime
) -> Estimate:
    """Estimate a site's history from `start`, supposing answers with columns for all meters."""
    listed = {meter.id: meter for meter in meters}
    has_battery = any(meter.mode is MeterMode.BATTERY for meter in listed.values())
    series = all_series(site_id, listed, {}, choice, has_battery=has_battery)
    # An answer holds the columns of all meters, whatever the user chose.
    answered = all_series(site_id, listed, {}, Choice(), has_battery=has_battery)
    widths = Counter(one.feed for one in answered)
    stretch = max(timedelta(), now - start)
    hours = int(stretch.total_seconds() // 3600)
    costing = sum(bool(one.measure.price or one.measure.parts) for one in series)
    return Estimate(
        rows=len(series) * hours,
        cost_rows=costing * hours,
        requests=sum(
            _pages(stretch, widths[feed]) + REQUESTS_FOR_ENDS
            for feed in {one.feed for one in series}
        ),
    )


def _pages(stretch: timedelta, width: int) -> int:
    """Return how many pages of rows with `width` values cover a stretch."""
    longest = min(LONGEST_PAGE, fitting_length(width))
    length, pages = first_length(width), 0
    while stretch > timedelta():
        stretch -= length
        length = min(length * 2, longest)
        pages += 1
    return pages
