"""What is stored of a statistic."""

from datetime import UTC, datetime

import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.statistics import Extent, Row

FIRST = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "count", "is_whole"), [(0, 1, True), (5, 6, True), (5, 5, False), (5, 7, False)]
)
def test_is_whole(hours: int, count: int, is_whole: bool) -> None:
    """There is a row for each hour, the first and the newest included."""
    extent = Extent(FIRST, Row(FIRST + hours * HOUR, 1.0, 9.0), count)
    assert extent.is_whole is is_whole
