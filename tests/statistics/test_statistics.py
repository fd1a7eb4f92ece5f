"""From intervals to rows: the arithmetic."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.climkit.api import HOUR, INTERVAL, Interval, local_midnight
from custom_components.climkit.feeds.intervals import amounts_since, merge_intervals, newest
from custom_components.climkit.statistics import described
from custom_components.climkit.statistics.rows import (
    Row,
    by_hour,
    hourly_amounts,
    rebuild_rows,
    same,
)

START = datetime(2026, 3, 22, 4, tzinfo=UTC)


def intervals(*values: float | None, start: datetime = START) -> list[Interval]:
    """Quarter-hours in a row; None has no value."""
    return [
        Interval(
            start=start + number * INTERVAL,
            end=start + (number + 1) * INTERVAL,
            values={} if value is None else {"total": value},
        )
        for number, value in enumerate(values)
    ]


def amounts(*values: float | None, start: datetime = START) -> dict[datetime, float]:
    return hourly_amounts(by_hour(intervals(*values, start=start)), "total")


def rows(*amounts_and_totals: tuple[float | None, float]) -> list[Row]:
    return [
        Row(START + number * HOUR, amount, total)
        for number, (amount, total) in enumerate(amounts_and_totals)
    ]


class TestHourlyAmounts:
    """Quarter-hours to hours."""

    def test_four_quarters_make_an_hour(self) -> None:
        """The quarter that ends with the hour belongs to it."""
        assert amounts(1, 2, 3, 4, 10) == {START: 10, START + HOUR: 10}

    def test_negative_amounts_count(self) -> None:
        """Inverters on stand-by: no clamping."""
        assert amounts(-0.01, -0.02, 0, 0.01) == {START: pytest.approx(-0.02)}

    def test_absent_is_not_zero(self) -> None:
        """An hour without values has no amount, one with some has their sum."""
        assert amounts(None, None, None, None, 1, None, None, None) == {START + HOUR: 1}

    @pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (7, 1, 24)])
    def test_days_of_the_clock_change(self, month: int, day: int, hours: int) -> None:
        """A local day has 23 or 25 hours, each with its own row."""
        zone = ZoneInfo("Europe/Zurich")
        start = local_midnight(datetime(2026, month, day, 12, tzinfo=zone), zone)
        end = local_midnight(datetime(2026, month, day, 12, tzinfo=zone) + timedelta(days=1), zone)
        day_amounts = amounts(*[1.0] * int((end - start) / INTERVAL), start=start)
        assert len(day_amounts) == hours
        assert set(day_amounts.values()) == {4.0}


class TestRebuild:
    """Hours to rows."""

    def test_first_rows(self) -> None:
        """The running total begins with the first amount."""
        change = rebuild_rows({START: 1.0, START + HOUR: 2.0}, [], 0.0)
        assert change.rows == rows((1.0, 1.0), (2.0, 3.0))
        assert change.shift == 0

    def test_what_is_equal_is_not_written(self) -> None:
        """The same values again change nothing."""
        stored = rows((1.0, 11.0), (2.0, 13.0))
        change = rebuild_rows({START: 1.0, START + HOUR: 2.0 + 1e-12}, stored, 10.0)
        assert (change.rows, change.shift) == ([], 0)

    def test_a_revised_hour_moves_what_follows(self) -> None:
        """The tail moves by the difference, and the next hour keeps its own amount."""
        stored = rows((1.0, 11.0), (2.0, 13.0))
        following = Row(START + 2 * HOUR, 4.0, 17.0)
        change = rebuild_rows({START: 1.5, START + HOUR: 2.0}, stored, 10.0, following)
        assert change.rows == rows((1.5, 11.5), (2.0, 13.5))
        assert change.shift == pytest.approx(0.5)

    def test_a_missing_hour_stays(self) -> None:
        """Absent is not zero, and not withdrawn."""
        stored = rows((1.0, 1.0), (2.0, 3.0))
        change = rebuild_rows({START + HOUR: 2.5}, stored, 0.0)
        assert change.rows == [Row(START + HOUR, 2.5, 3.5)]

    def test_hours_before_all_others(self) -> None:
        """History that begins earlier lifts everything behind it."""
        following = Row(START + 5 * HOUR, 4.0, 4.0)
        change = rebuild_rows({START: 1.0, START + HOUR: 2.0}, [], 0.0, following)
        assert change.rows == rows((1.0, 1.0), (2.0, 3.0))
        assert change.shift == 3.0

    def test_a_lost_shift_is_mended(self) -> None:
        """The rows were written, the tail was not moved: the next look moves it, once."""
        stored = rows((1.5, 11.5), (2.0, 13.5))
        following = Row(START + 2 * HOUR, 4.0, 17.0)
        change = rebuild_rows({START: 1.5, START + HOUR: 2.0}, stored, 10.0, following)
        assert (change.rows, change.shift) == ([], pytest.approx(0.5))

    def test_a_withdrawn_hour_behind(self) -> None:
        """A row without an amount adds nothing."""
        following = Row(START + HOUR, None, 5.0)
        assert rebuild_rows({START: 2.0}, [], 3.0, following).shift == 0

    @given(
        first=st.lists(st.floats(-5, 100), min_size=1, max_size=48),
        second=st.lists(st.floats(-5, 100), min_size=1, max_size=48),
        start=st.integers(0, 40),
    )
    def test_any_revision(self, first: list[float], second: list[float], start: int) -> None:
        """Whatever is rebuilt over whatever: each row's total is the one before and its amount."""
        stored = {
            row.start: row
            for row in rebuild_rows(
                {START + n * HOUR: amount for n, amount in enumerate(first)}, [], 0.0
            ).rows
        }
        begin = START + start * HOUR
        end = begin + len(second) * HOUR
        new = {begin + n * HOUR: amount for n, amount in enumerate(second)}
        before = [row for row in stored.values() if row.start < begin]
        inside = [row for row in stored.values() if begin <= row.start < end]
        behind = [row for row in stored.values() if row.start >= end]
        change = rebuild_rows(
            new, inside, before[-1].total if before else 0.0, behind[0] if behind else None
        )
        stored |= {row.start: row for row in change.rows}
        stored |= {
            row.start: Row(row.start, row.amount, row.total + change.shift) for row in behind
        }
        total = 0.0
        for hour in sorted(stored):
            total += stored[hour].amount or 0.0
            assert same(stored[hour].total, total) or abs(stored[hour].total - total) < 1e-7
            if hour in new:
                assert same(stored[hour].amount, new[hour])


class TestRecent:
    """Intervals of the last day."""

    def test_merge(self) -> None:
        """New values win, absent ones stay, old intervals go."""
        merged = merge_intervals(
            intervals(1, 2, 3), intervals(None, 5, start=START + INTERVAL), START + INTERVAL
        )
        assert [interval.values for interval in merged] == [{"total": 2}, {"total": 5}]

    def test_amounts_since(self) -> None:
        """Of nothing, nothing is known."""
        assert amounts_since(intervals(1, 2, None, 4), START + INTERVAL) == {"total": 6}
        assert amounts_since(intervals(1, 2), START + HOUR) == {}

    def test_newest(self) -> None:
        """The newest interval is the newest one that has a value."""
        found = newest(intervals(1, 2, None), "total")
        assert found is not None
        assert found.values == {"total": 2}
        assert newest(intervals(None), "total") is None


def test_long_name() -> None:
    """As much of it is kept as fits in the column, which MariaDB and PostgreSQL insist on."""
    assert described("climkit:a_total", "x" * 300, "kWh")["name"] == "x" * 255


def test_same() -> None:
    """Float dust does not count; None equals None only."""
    assert same(0.07, 0.07000000000000006)
    assert not same(0.07, 0.071)
    assert same(None, None)
    assert not same(None, 0.0)
