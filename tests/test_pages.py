"""How much history one request asks for."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.climkit.api import INTERVAL, Interval
from custom_components.climkit.pages import SHORTEST_PAGE, PageSize, fitting_length

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
        size.worked(answer(3))
    assert lengths == [7, 14, 28, 30]


def test_empty_answers_grow_too() -> None:
    """Months before a site's first data are passed quickly."""
    size = PageSize()
    size.worked([])
    assert size.length == timedelta(days=14)


def test_halves_on_trouble() -> None:
    """Down to a day, and up again."""
    size = PageSize()
    for _ in range(5):
        size.failed()
    assert size.length == SHORTEST_PAGE
    size.worked(answer(3))
    assert size.length == 2 * SHORTEST_PAGE


@pytest.mark.parametrize("width", [1, 25, 100, 600, 10_000])
def test_about_two_megabytes(width: int) -> None:
    """A row of 25 values has 0.9 kB (recorded)."""
    megabytes = fitting_length(width).days * 96 * width * 45 / 1e6
    assert megabytes <= 2 or fitting_length(width) == SHORTEST_PAGE
    assert fitting_length(width) >= SHORTEST_PAGE
