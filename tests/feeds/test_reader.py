"""What one look at a feed asks for."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.climkit.api import (
    INTERVAL,
    ClimkitConnectionError,
    ClimkitResponseError,
    Interval,
    Priority,
    Query,
    Site,
)
from custom_components.climkit.feeds.plausibility import Plausibility
from custom_components.climkit.feeds.reader import FeedReader, ask_completely, refuse_coarser
from custom_components.climkit.feeds.windows import Windows
from custom_components.climkit.measures import Feed
from custom_components.climkit.store import PlausibilityRecord, WindowRecord

START = datetime(2026, 10, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
DAY = 96


def quarters(numbers: Sequence[int]) -> list[Interval]:
    """These quarter-hours since `START`."""
    starts = [START + n * INTERVAL for n in numbers]
    return [Interval(start=at, end=at + INTERVAL, values={"a": 1.0}) for at in starts]


class Api:
    """Answers windows of the data it has, `rows` at most, cut off at the end or at the start."""

    def __init__(
        self, data: Sequence[Interval], rows: int | None = None, *, cut: str = "end"
    ) -> None:
        self.data, self.rows, self.cut = data, rows, cut
        self.requests = 0

    async def ask(self, start: datetime, end: datetime | None) -> list[Interval]:
        self.requests += 1
        await asyncio.sleep(0)
        found = [i for i in self.data if start <= i.start and (end is None or i.end <= end)]
        if self.rows is None:
            return found
        return found[: self.rows] if self.cut == "end" else found[-self.rows :]


class TestCutAnswers:
    """The API answers so many rows at most."""

    @pytest.mark.parametrize("rows", [1, 2, 3, 4, 40, 96, 2879, 2880])
    @pytest.mark.parametrize("cut", ["start", "end"])
    async def test_all_is_read(self, rows: int, cut: str) -> None:
        """However few: no request is made in vain."""
        api = Api(quarters(range(30 * DAY)), rows, cut=cut)
        assert await ask_completely(api.ask, START, START + MONTH) == api.data
        assert api.requests == -(-30 * DAY // rows)

    @pytest.mark.parametrize("cut", ["start", "end"])
    async def test_with_holes(self, cut: str) -> None:
        """Data begin late, end early and have a hole: one more request finds out each end."""
        data = quarters([*range(DAY, 5 * DAY), *range(9 * DAY, 20 * DAY)])
        api = Api(data, 100, cut=cut)
        assert await ask_completely(api.ask, START, START + MONTH) == data
        assert api.requests <= len(data) // 100 + 1 + 2

    async def test_to_the_newest(self) -> None:
        """Where the newest row lies nobody knows, so the answer's end is taken for it."""
        api = Api(quarters(range(12)))
        assert await ask_completely(api.ask, START, None) == api.data
        assert api.requests == 1


class TestEnds:
    """What is missing at either end is asked for once more."""

    @pytest.mark.parametrize(
        ("first", "last", "requests"),
        [
            (0, DAY, 1),
            (1, DAY, 2),
            (0, DAY - 1, 2),
            (1, DAY - 1, 3),
            (40, 41, 3),
            (0, 0, 1),
        ],
    )
    async def test_once(self, first: int, last: int, requests: int) -> None:
        """Also where a single quarter-hour is missing."""
        api = Api(quarters(range(first, last)))
        assert await ask_completely(api.ask, START, START + DAY * INTERVAL) == api.data
        assert api.requests == requests

    async def test_an_end_within_a_quarter_hour(self) -> None:
        """What is not over yet is not missing."""
        api = Api(quarters(range(DAY)))
        end = START + DAY * INTERVAL + timedelta(minutes=14)
        assert await ask_completely(api.ask, START, end) == api.data
        assert api.requests == 1


class TestCoarseRows:
    """Rows of hours or days, though quarter-hours were asked for."""

    @pytest.mark.parametrize("step", [4, 8, DAY, 7 * DAY])
    def test_are_refused(self, step: int) -> None:
        """Taken for quarter-hours, each would count for the hour before."""
        with pytest.raises(ClimkitResponseError, match="coarser"):
            refuse_coarser("electricity", quarters(range(0, 4 * step, step)))

    def test_of_meters_read_once_a_day(self) -> None:
        """A row a day is what they may have."""
        refuse_coarser("cold_water", quarters(range(0, 5 * DAY, DAY)))

    @pytest.mark.parametrize(
        "numbers", [range(96), [0, 4, 8], [0, 4, 8, 12, 13], [3, 7, 30, 34], []]
    )
    def test_quarter_hours_with_holes(self, numbers: Sequence[int]) -> None:
        """A few rows that are hours apart show nothing."""
        refuse_coarser("electricity", quarters(numbers))


class Silent:
    """Answers nothing."""

    async def site_data(self, _site: str, _type: str, _query: Query) -> list[Interval]:
        raise ClimkitConnectionError("HTTP 504")


@pytest.mark.parametrize("priority", Priority)
async def test_windows_after_trouble(freezer: FrozenDateTimeFactory, priority: Priority) -> None:
    """History's become shorter by its own trouble only, not by that of a day somebody looks at."""
    freezer.move_to(START + MONTH)
    client: Any = Silent()
    site = Site.from_api("a" * 24, {"timezone": "UTC"})
    windows = Windows(WindowRecord())
    reader = FeedReader(client, site, Plausibility(PlausibilityRecord()), windows)
    with pytest.raises(ClimkitConnectionError):
        await reader.async_read(
            Feed(site.id, "electricity"), START, START + DAY * INTERVAL, priority
        )
    assert (windows.length(START + MONTH) is not None) == (priority is Priority.HISTORY)


class Whole:
    """Answers all quarter-hours of a window."""

    def __init__(self) -> None:
        self.requests = 0

    async def site_data(self, _site: str, _type: str, query: Query) -> list[Interval]:
        self.requests += 1
        assert self.requests < 40, "it goes round and round"
        assert query.end
        first, last = ((one - START) // INTERVAL for one in (query.start, query.end))
        return quarters(range(first, last))


@pytest.mark.parametrize("hours", [1, 2, 3])
async def test_short_windows_in_autumn(freezer: FrozenDateTimeFactory, hours: int) -> None:
    """A window that begins in the repeated hour reaches back before it, and ahead all the same."""
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    freezer.move_to(midnight + timedelta(hours=12))
    client: Any = Whole()
    site = Site.from_api("a" * 24, {"timezone": "Europe/Zurich"})
    windows = Windows(WindowRecord(hours=hours, tried=midnight + timedelta(hours=12)))
    reader = FeedReader(client, site, Plausibility(PlausibilityRecord()), windows)
    end = midnight + timedelta(hours=8)
    feed = Feed(site.id, "electricity")
    answer = await reader.async_read(feed, midnight, end, Priority.HISTORY)
    begin = (midnight - START) // INTERVAL
    assert answer.intervals == quarters(range(begin, begin + 32))


class Client:
    """Answers the same rows, whatever is asked for."""

    async def site_data(self, _site: str, _type: str, _query: Query) -> list[Interval]:
        return quarters(range(3))


@pytest.mark.parametrize(
    ("clock_is_behind", "rows"),
    [
        (timedelta(minutes=-1), 3),
        (timedelta(minutes=10), 3),
        (timedelta(minutes=10, seconds=1), 2),
        (timedelta(minutes=25, seconds=1), 1),
    ],
)
async def test_rows_of_the_future(
    freezer: FrozenDateTimeFactory, clock_is_behind: timedelta, rows: int
) -> None:
    """A row that ends later than clocks differ is nobody's measurement, though it has begun."""
    freezer.move_to(START + 3 * INTERVAL - clock_is_behind)
    client: Any = Client()
    site = Site.from_api("a" * 24, {"timezone": "UTC"})
    reader = FeedReader(client, site, Plausibility(PlausibilityRecord()), Windows(WindowRecord()))
    answer = await reader.async_read(Feed(site.id, "electricity"), START, None, Priority.LIVE)
    assert answer.intervals == quarters(range(rows))
