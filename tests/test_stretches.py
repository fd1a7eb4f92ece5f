"""Stretches of time that wait for something."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, strategies as st

from custom_components.climkit.api import HOUR
from custom_components.climkit.stretches import Stretch, merged, within, without

START = datetime(2026, 11, 20, tzinfo=UTC)


def stretch(first: int, last: int) -> Stretch:
    """From one hour to before another."""
    return START + first * HOUR, START + last * HOUR


def hours(stretches: list[Stretch]) -> set[int]:
    """All hours that are covered."""
    return {
        number
        for first, last in stretches
        for number in range((first - START) // HOUR, (last - START) // HOUR)
    }


some = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: stretch(*pair)), max_size=6
)


@given(some)
def test_merged(stretches: list[Stretch]) -> None:
    """The same hours, oldest first, with gaps between."""
    found = merged(stretches)
    assert hours(found) == hours(stretches)
    assert found == sorted(found)
    assert all(first < last for first, last in found)
    assert all(one[1] < other[0] for one, other in pairwise(found))


@given(some, st.integers(0, 30), st.integers(0, 30))
def test_without_and_within(stretches: list[Stretch], first: int, last: int) -> None:
    """What is taken away and what remains."""
    start, end = stretch(min(first, last), max(first, last))
    taken = set(range(min(first, last), max(first, last)))
    assert hours(without(stretches, start, end)) == hours(stretches) - taken
    assert hours(within(stretches, start, end)) == hours(stretches) & taken
