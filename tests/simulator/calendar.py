"""Local days and calendar buckets, the time base of everything simulated.

Inside the simulator an interval is the epoch second (UTC) of its start; only the server turns it
into the stamps of the API. A local day has 96 quarters, 92 or 100 where the clocks change.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

QUARTER = 900
QUARTERS_A_DAY = 96
SAMPLINGS = ("15T", "H", "D", "M", "Y")


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: its quarter-hours, and where it lies in week and year."""

    ordinal: int
    start: int
    slots: tuple[int, ...]
    weekday: int
    day_of_year: int

    @property
    def starts(self) -> range:
        """Starts of the quarter-hours, epoch seconds."""
        return range(self.start, self.end, QUARTER)

    @property
    def end(self) -> int:
        """End of the day, epoch seconds."""
        return self.start + QUARTER * len(self.slots)

    @property
    def is_weekend(self) -> bool:
        """Whether it is a Saturday or a Sunday."""
        return self.weekday >= 5


def local_midnight(ordinal: int, zone: ZoneInfo) -> int:
    """Epoch second at which the local day with this proleptic ordinal begins."""
    day = date.fromordinal(ordinal)
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


@lru_cache(maxsize=2048)
def local_day(ordinal: int, zone: ZoneInfo) -> Day:
    """The local day with this proleptic ordinal; its slots name the quarters by the wall clock."""
    start, end = local_midnight(ordinal, zone), local_midnight(ordinal + 1, zone)
    slots: tuple[int, ...] = tuple(range(QUARTERS_A_DAY))
    if end - start != QUARTERS_A_DAY * QUARTER:
        clock = (datetime.fromtimestamp(start, zone) for start in range(start, end, QUARTER))
        slots = tuple(moment.hour * 4 + moment.minute // 15 for moment in clock)
    day = date.fromordinal(ordinal)
    return Day(ordinal, start, slots, day.weekday(), day.timetuple().tm_yday)


def day_at(epoch: int, zone: ZoneInfo) -> Day:
    """The local day in which this epoch second lies."""
    return local_day(datetime.fromtimestamp(epoch, zone).toordinal(), zone)


def days_between(start: int, end: int, zone: ZoneInfo) -> list[Day]:
    """Every local day that shares a moment with [start, end), oldest first."""
    if end <= start:
        return []
    first, last = day_at(start, zone).ordinal, day_at(end - 1, zone).ordinal
    return [local_day(ordinal, zone) for ordinal in range(first, last + 1)]


def bucket(epoch: int, sampling: str, zone: ZoneInfo) -> tuple[int, int]:
    """Start and end (epoch seconds) of the local quarter, hour, day, month or year round a moment.

    Hours are counted on the absolute time line, so the repeated hour in October is two buckets.
    """
    if sampling in ("15T", "H"):
        length = QUARTER if sampling == "15T" else 4 * QUARTER
        start = epoch - epoch % length
        return start, start + length
    local = datetime.fromtimestamp(epoch, zone).date()
    match sampling:
        case "D":
            first, following = local, date.fromordinal(local.toordinal() + 1)
        case "M":
            first = local.replace(day=1)
            following = date(local.year + local.month // 12, local.month % 12 + 1, 1)
        case "Y":
            first, following = date(local.year, 1, 1), date(local.year + 1, 1, 1)
        case _:
            raise ValueError(f"unknown sampling: {sampling}")
    return local_midnight(first.toordinal(), zone), local_midnight(following.toordinal(), zone)
