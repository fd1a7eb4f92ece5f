"""How much history one request asks for."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.climkit.api import INTERVAL, Interval
from custom_components.climkit.feeds.page_size import (
    SHORTEST_PAGE,
    PageSize,
    end_of_page,
    first_length,
    fitting_length,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def answer(width: int) -> list[Interval]:
    values = {f"total_{number}": 1.0 for number in range(width)}
    return [Interval(start=NOW, end=NOW + INTERVAL, values=values)]


def test_grows_up_to_a_month() -> None:
    """Small answers: a week, two, a month."""
    size = PageSize()
    lengths = []
    for _ in range(4):
        lengths.append(size.length.days)
        size.grow(answer(3))
    assert lengths == [7, 14, 28, 30]


def test_empty_answers_grow_too() -> None:
    """Months before a site's first data are passed quickly."""
    size = PageSize()
    size.grow([])
    assert size.length == timedelta(days=14)


@pytest.mark.parametrize(("width", "days"), [(3, 30), (100, 7), (600, 7)])
def test_empty_answers_before_heavy_ones(width: int, days: int) -> None:
    """Behind months without data rows are as wide as they are known to be."""
    size = PageSize(first_length(width), width)
    for _ in range(9):
        size.grow([])
    assert size.length == timedelta(days=days)
    size.grow(answer(width))
    assert size.length == min(timedelta(days=30), fitting_length(width))


def test_halves_on_trouble() -> None:
    """Down to a day, and up again."""
    size = PageSize()
    for _ in range(5):
        size.shrink()
    assert size.length == SHORTEST_PAGE
    size.grow(answer(3))
    assert size.length == 2 * SHORTEST_PAGE


@pytest.mark.parametrize(("width", "days"), [(3, 14), (100, 4), (600, 1), (10_000, 1)])
def test_a_wide_answer_keeps_pages_short(width: int, days: int) -> None:
    """However well it went: what one answer weighs, the next one of twice the length would."""
    size = PageSize()
    size.grow(answer(width))
    assert size.length == timedelta(days=days)
    size.grow(answer(width))
    assert size.length == min(2 * timedelta(days=days), fitting_length(width))


@pytest.mark.parametrize("width", [1, 25, 100, 600, 10_000])
def test_about_two_megabytes(width: int) -> None:
    """A row of 25 values has 0.9 kB (recorded)."""
    megabytes = fitting_length(width).days * 96 * width * 45 / 1e6
    assert megabytes <= 2 or fitting_length(width) == SHORTEST_PAGE
    assert fitting_length(width) >= SHORTEST_PAGE


@pytest.mark.parametrize("days", [1, 2, 30])
@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/Santiago", "Asia/Kathmandu", "UTC"])
@pytest.mark.parametrize("hour", [0, 9, 23])
def test_whole_days(days: int, zone: str, hour: int) -> None:
    """A year of pages: each ends at a local midnight and is hardly longer than wanted."""
    tz = ZoneInfo(zone)
    start = NOW + timedelta(hours=hour)
    while start < NOW + timedelta(days=366):
        end = end_of_page(start, timedelta(days=days), tz)
        local = end.astimezone(tz)
        # In some zones the clocks are set at midnight, which then is not there.
        assert (local - timedelta(hours=1.5)).date() < local.date()
        assert local.hour * 60 + local.minute in {0, 60}
        assert timedelta() < end - start <= timedelta(days=days, hours=1)
        start = end


def test_short_pages() -> None:
    """Where a server wants less than a day, no page is longer than that."""
    length = timedelta(hours=6)
    assert end_of_page(NOW, length, ZoneInfo("Europe/Zurich")) == NOW + length
