"""What reading and storing a history will cost. Pure; shown before the user decides."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple, Self

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

# What the recorder does takes so many times as long as a look-up in its database: that takes longer
# on a small machine too. Rows are stored in orders, of a series' rows of a page. Until 2026.11 each
# row was looked up and stored by itself. Measured: docs/measurements.md.
LOOKUPS_PER_ROW = 0.25 if (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11) else 3.4
LOOKUPS_PER_ORDER = 7

# A time is told in the largest unit of which there are as many as this: rounding hides little then.
FEWEST = 3

# What comes before a site's history: login, site, meters, charge points, and the newest data.
REQUESTS_BEFORE = 5

# Both ends of a feed's data are asked for once more: there may be more than the answer held.
REQUESTS_FOR_ENDS = 2


class Estimate(NamedTuple):
    """The size of a history: rows of statistics, orders to store them, requests to Climkit."""

    rows: int = 0
    orders: int = 0
    requests: int = 0

    @classmethod
    def of_all(cls, estimates: Iterable[Self]) -> Self:
        """Return several histories together."""
        return cls(*map(sum, zip(*estimates, strict=True)))

    def seconds(self, lookup: float) -> float:
        """Return how long it takes where the recorder needs `lookup` seconds for a look-up.

        The next rows are asked for while the recorder stores the last; it waits for the first.
        """
        lookups = self.rows * LOOKUPS_PER_ROW + self.orders * LOOKUPS_PER_ORDER
        first = (REQUESTS_BEFORE + 1) * SECONDS_PER_REQUEST
        return max(self.requests * SECONDS_PER_REQUEST, first + lookups * lookup)

    @property
    def megabytes(self) -> int:
        """Space that the rows take in the database."""
        return ceil(self.rows * BYTES_PER_ROW / 1_000_000)


def estimate_site(
    site_id: str,
    meters: Iterable[Meter],
    selection: Selection,
    start: datetime,
    now: datetime,
    *,
    with_costs: bool,
) -> Estimate:
    """Estimate a site's history from `start`, supposing answers with columns for all meters.

    `with_costs`: with a tariff that has a price for everything, the same all day.
    """
    listed = {meter.id: meter for meter in meters}
    has_battery = any(meter.mode is MeterMode.BATTERY for meter in listed.values())
    series = all_series(site_id, listed, {}, selection, has_battery=has_battery)
    # An answer holds the columns of all meters, whatever the user chose.
    answered = all_series(site_id, listed, {}, Selection(), has_battery=has_battery)
    widths = Counter(one.feed for one in answered)
    statistics = Counter(one.feed for one in series)
    if with_costs:
        statistics += Counter(one.feed for one in series if one.measure.price or one.measure.parts)
    stretch = max(timedelta(), now - start)
    pages = {feed: _pages(stretch, widths[feed]) for feed in statistics}
    return Estimate(
        rows=statistics.total() * int(stretch.total_seconds() // 3600),
        orders=sum(statistics[feed] * pages[feed] for feed in pages),
        requests=REQUESTS_BEFORE + sum(pages.values()) + len(pages) * REQUESTS_FOR_ENDS,
    )


def told_time(seconds: float) -> str:
    """Return a time in a unit that all languages write alike."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= FEWEST * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(10, round(seconds, -1)):.0f} s"


def _pages(stretch: timedelta, width: int) -> int:
    """Return how many pages of rows with `width` values cover a stretch."""
    longest = min(LONGEST_PAGE, fitting_length(width))
    length, pages = first_length(width), 0
    while stretch > timedelta():
        stretch -= length
        length = min(length * 2, longest)
        pages += 1
    return pages
