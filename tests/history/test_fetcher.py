"""Which feed is asked for next, how long one that is not answered for is tried, and what then."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.climkit.api import (
    ClimkitAccessDeniedError,
    ClimkitConnectionError,
    ClimkitError,
)
from custom_components.climkit.feeds import Answer
from custom_components.climkit.history.fetcher import PageFetcher
from custom_components.climkit.history.pages import Page, Purpose
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.statistics import TimeRange

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)
FEED = Feed("site", "electricity")
METER = Feed("site", "electricity", "meter")
PAGE = Page(FEED, Purpose.CATCH_UP, TimeRange(START, START + DAY), [])


class Reader:
    """A reader whose answers hold nothing."""

    async def async_read(self, *_: Any) -> Answer:
        """Return one of them."""
        return Answer()


@pytest.fixture
def fetcher(hass: HomeAssistant) -> PageFetcher:
    """What asks for the pages of a site."""
    return PageFetcher(hass, cast(Any, Reader()), UTC, width=lambda _feed: 1)


def skip(fetcher: PageFetcher) -> timedelta:
    """Skip what follows, and return how much that is."""
    step = fetcher.step_of(PAGE)
    fetcher.skipped(FEED, step)
    return step


class TestOrder:
    """Of feeds that may be asked for."""

    def test_the_house_before_single_meters(self, fetcher: PageFetcher) -> None:
        """What all of it used is there first."""
        assert fetcher.ready([METER, FEED]) == [FEED, METER]

    def test_while_climkit_is_in_doubt(
        self, fetcher: PageFetcher, freezer: FrozenDateTimeFactory
    ) -> None:
        """Who had no trouble comes first: an answer ends the doubt, and there it is likely."""
        fetcher.failed(FEED, ClimkitConnectionError("time-out"), is_unanswered=False)
        assert not fetcher.ready([FEED, METER])
        freezer.tick(timedelta(minutes=2))
        assert fetcher.is_in_doubt
        assert fetcher.ready([FEED, METER]) == [METER, FEED]


@pytest.mark.usefixtures("freezer")
@pytest.mark.parametrize("is_unanswered", [False, True])
def test_when_a_rest_ends(hass: HomeAssistant, fetcher: PageFetcher, is_unanswered: bool) -> None:
    """It is known, whatever it is for: what rests is waited for, and not for the next poll."""
    assert fetcher.next_end is None
    fetcher.failed(FEED, ClimkitError("500"), is_unanswered=is_unanswered)
    assert fetcher.is_resting(FEED)
    assert fetcher.next_end == hass.loop.time() + 60


class TestSteps:
    """A stretch that is not answered for is skipped in steps that become longer."""

    def test_a_week_at_most(self, fetcher: PageFetcher) -> None:
        """The nights have to read all that was too much."""
        assert [skip(fetcher) // DAY for _ in range(5)] == [1, 2, 4, 7, 7]

    def test_a_year_at_most_where_it_is_refused(
        self, fetcher: PageFetcher, freezer: FrozenDateTimeFactory
    ) -> None:
        """Each of these takes a day."""
        for _ in range(2):
            fetcher.failed(FEED, ClimkitAccessDeniedError("", status=403), is_unanswered=False)
            freezer.tick(timedelta(hours=1))
        steps = [skip(fetcher) // DAY for _ in range(11)]
        assert steps == [1, 2, 4, 8, 16, 32, 64, 128, 256, 366, 366]

    async def test_behind_an_answer(self, fetcher: PageFetcher) -> None:
        """The next place is skipped by itself at first."""
        for _ in range(3):
            skip(fetcher)
        await fetcher.async_fetch(PAGE)
        assert skip(fetcher) == DAY


@pytest.mark.parametrize("has_some", [False, True], ids=["a day", "an hour"])
def test_what_follows_is_tried_as_long(
    fetcher: PageFetcher, freezer: FrozenDateTimeFactory, has_some: bool
) -> None:
    """Trouble with what was skipped says nothing of what lies behind it."""

    def is_tried_for_long() -> bool:
        fetcher.failed(FEED, ClimkitError("500"), is_unanswered=False)
        return fetcher.is_tried_for_long(FEED, has_some=has_some)

    for _ in range(2):
        assert not is_tried_for_long()
        freezer.tick(timedelta(hours=1 if has_some else 24))
        assert is_tried_for_long()
        skip(fetcher)
