"""Which page comes next, whatever the clock said before."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.climkit.history.pages import (
    Purpose,
    advance_past,
    backfill_page,
    catch_up_page,
    next_after,
    recheck_page,
)
from custom_components.climkit.history.state import SyncState
from custom_components.climkit.measures.series import Feed, Series
from custom_components.climkit.measures.table import METER_TYPES
from custom_components.climkit.statistics.recorder import metadata
from custom_components.climkit.statistics.rows import Row
from custom_components.climkit.statistics.time_range import TimeRange

NOW = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
FEED = Feed("site", "electricity")


def state(until: datetime, column: str = "conso_total") -> SyncState:
    """A series that was read up to a time, and then fell behind."""
    measure = METER_TYPES["electricity"].site_measures[0]
    series = Series(feed=FEED, column=column, measure=measure)
    since = NOW.replace(minute=0) - timedelta(days=30)
    last = Row(min(until, NOW.replace(minute=0)) - HOUR, 1.0, 1.0)
    return SyncState(
        series=series, statistic=metadata(series, "Site"), since=since, until=until, last=last
    )


@pytest.mark.parametrize("hours", [0, 1, 80, 24 * 400])
def test_read_up_to_a_future(hours: int) -> None:
    """The clock was ahead and was set right: the running hour is read, and then all is."""
    one = state(NOW.replace(minute=0) + hours * HOUR)
    page = catch_up_page(FEED, [one], WEEK, NOW)
    assert page
    assert page.range == TimeRange(NOW.replace(minute=0), NOW)
    assert page.states == [one]
    advance_past(page)
    assert catch_up_page(FEED, [one], WEEK, NOW) is None


def test_one_of_them_read_up_to_a_future() -> None:
    """The page begins with the other one; both are read to the present."""
    ahead, behind = state(NOW + 80 * HOUR), state(NOW.replace(minute=0) - 3 * HOUR, "self")
    page = catch_up_page(FEED, [ahead, behind], WEEK, NOW)
    assert page
    assert page.range == TimeRange(NOW.replace(minute=0) - 3 * HOUR, NOW)
    assert page.states == [ahead, behind]


def test_the_last_page_is_not_asked_for_ahead() -> None:
    """It ends at the present, which is another one once its turn comes: it would be in vain."""
    page = catch_up_page(FEED, [state(NOW.replace(minute=0) - 10 * DAY)], WEEK, NOW)
    assert page
    assert next_after(page, WEEK, NOW) is None
    following = next_after(page, DAY, NOW)
    assert following
    assert following.range == TimeRange(page.end, page.end + DAY)


def test_what_is_asked_for_ahead_moves_nothing() -> None:
    """The page before it may still fail to be stored, and then it is the next one again."""
    one = state(NOW.replace(minute=0))
    one.backfill_from(one.since - 3 * WEEK)
    page = backfill_page(FEED, [one], WEEK)
    assert page
    following = next_after(page, WEEK, NOW)
    assert following
    assert following.range == TimeRange(page.end, page.end + WEEK)
    assert backfill_page(FEED, [one], WEEK) == page


def test_what_is_read_again_are_full_hours() -> None:
    """Also where other times are remembered: an hour read in part would be too small."""
    one = state(NOW.replace(minute=0))
    one.is_current = one.has_reached_present = True
    part = TimeRange(NOW - 5 * HOUR, NOW - 3 * HOUR)
    page = recheck_page(FEED, Purpose.RECHECK, [one], part)
    assert page
    assert page.range == TimeRange(part.start.replace(minute=0), part.end.replace(minute=0) + HOUR)
