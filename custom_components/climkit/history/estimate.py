"""What reading and storing a history will cost. Pure; shown before the user decides."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION

from ..api import Meter, MeterMode
from ..feeds import LONGEST_PAGE, first_length, fitting_length
from ..measures import all_series
from ..options import Selection

# More rows than this are imported only if the user asks for it.
MANY_ROWS = 1_000_000

# A row with its index entries in SQLite (measured: 81 with 115,000 rows, ids grow with more).
BYTES_PER_ROW = 85

SECONDS_PER_REQUEST = 1.1

# Seconds of the recorder for a row: from 2026.11 on it takes many at once. Measured on a server
# (docs/measurements.md); a small machine needs longer.
SECONDS_PER_ROW = 0.0005 if (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11) else 0.0015

# From so many minutes on a time is told in hours.
MANY_MINUTES = 100

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
        """Time that it takes; the next rows are asked for while the recorder stores the last."""
        return ceil(self._seconds / 60)

    @property
    def minutes_with_costs(self) -> int:
        """Time that it takes with costs, which follow the amounts."""
        return ceil((self._seconds + self.cost_rows * SECONDS_PER_ROW) / 60)

    @property
    def _seconds(self) -> float:
        return max(self.requests * SECONDS_PER_REQUEST, self.rows * SECONDS_PER_ROW)

    @property
    def megabytes(self) -> int:
        """Space that the rows take in the database."""
        return ceil(self.rows * BYTES_PER_ROW / 1_000_000)

    @property
    def megabytes_with_costs(self) -> int:
        """Space that the rows take with those of costs."""
        return ceil((self.rows + self.cost_rows) * BYTES_PER_ROW / 1_000_000)


def estimate_site(
    site_id: str, meters: Iterable[Meter], selection: Selection, start: datetime, now: datetime
) -> Estimate:
    """Estimate a site's history from `start`, supposing answers with columns for all meters."""
    listed = {meter.id: meter for meter in meters}
    has_battery = any(meter.mode is MeterMode.BATTERY for meter in listed.values())
    series = all_series(site_id, listed, {}, selection, has_battery=has_battery)
    # An answer holds the columns of all meters, whatever the user chose.
    answered = all_series(site_id, listed, {}, Selection(), has_battery=has_battery)
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


def told_time(minutes: int) -> str:
    """Return a time in a unit that all languages write alike."""
    return f"{minutes} min" if minutes < MANY_MINUTES else f"{minutes / 60:.0f} h"


def _pages(stretch: timedelta, width: int) -> int:
    """Return how many pages of rows with `width` values cover a stretch."""
    longest = min(LONGEST_PAGE, fitting_length(width))
    length, pages = first_length(width), 0
    while stretch > timedelta():
        stretch -= length
        length = min(length * 2, longest)
        pages += 1
    return pages
