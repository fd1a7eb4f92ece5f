"""How much history one request asks for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from ..api import Interval, Sampling, bucket_bounds, local_midnight

FIRST_PAGE = timedelta(days=7)
SHORTEST_PAGE = timedelta(days=1)
# A month at once is what other clients ask for (observed); the API names no limit.
LONGEST_PAGE = timedelta(days=30)

# Longer answers would keep live requests waiting.
PAGE_BYTES = 2_000_000
# A value with its column name, such as "total_<24 digits>":0.123456 (recorded answers: 41 to 60).
BYTES_PER_VALUE = 50
INTERVALS_PER_DAY = 96


@dataclass(slots=True)
class PageSize:
    """The length of the next page of a feed; it adapts to the weight of the answers.

    `width`: how many values rows are known to have; an empty answer makes those behind it no
    lighter.
    """

    length: timedelta = FIRST_PAGE
    width: int = 0

    def grow(self, intervals: Sequence[Interval]) -> None:
        """Grow again after an answer, up to about 2 MB; a week may be empty in any case."""
        self.width = max((len(one.values) for one in intervals), default=self.width)
        longest = fitting_length(self.width)
        if not intervals:
            longest = max(FIRST_PAGE, longest)
        self.length = min(self.length * 2, LONGEST_PAGE, longest)

    def shrink(self) -> None:
        """Ask for half as much after trouble."""
        self.length = max(SHORTEST_PAGE, self.length / 2)


def first_length(width: int) -> timedelta:
    """Return how long the first page of rows with `width` values is."""
    return min(FIRST_PAGE, fitting_length(width))


def fitting_length(width: int) -> timedelta:
    """Return how long a page of rows with `width` values may be, a day at least."""
    row = BYTES_PER_VALUE * (width + 1)
    return max(SHORTEST_PAGE, timedelta(days=PAGE_BYTES // (INTERVALS_PER_DAY * row)))


def end_of_page(start: datetime, length: timedelta, zone: tzinfo) -> datetime:
    """Return where a page of about a length ends, so that the next one holds whole local days.

    At a local midnight where it is a day long or more: only of whole days it is known what is gone.
    A day of 25 hours is not parted either.
    """
    end = start + length
    if length < SHORTEST_PAGE:
        return end
    midnight = local_midnight(end, zone)
    _, next_midnight = bucket_bounds(start, Sampling.DAY, zone)
    return max(midnight, next_midnight)
