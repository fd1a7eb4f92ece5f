"""Amounts of days out of running totals."""

from datetime import UTC, datetime, timedelta

from custom_components.climkit.api import HOUR
from custom_components.climkit.frontend.amounts import amounts_between, rounded
from custom_components.climkit.statistics import Row

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 15, 23, tzinfo=UTC)


def test_a_day_of_a_single_hour() -> None:
    """Be it the first one of a day: it belongs to that day, and the next one has nothing."""
    times = [MONDAY, MONDAY + DAY, MONDAY + 2 * DAY]
    before, first = Row(MONDAY - HOUR, 1.0, 10.0), Row(MONDAY, 2.0, 12.0)
    assert amounts_between([before, first, first], times) == [2.0, None]
    assert amounts_between([None, first, first], times) == [12.0, None]
    assert amounts_between([before, before, first], times) == [None, None]


def test_next_to_nothing() -> None:
    """It is no amount below zero, which "-0" would be read as."""
    assert [str(rounded(amount)) for amount in (-1e-9, 1e-9, None)] == ["0.0", "0.0", "None"]
