"""When Climkit is asked: soon after each quarter-hour, and no more often than it helps."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.climkit.api import INTERVAL
from custom_components.climkit.schedule import (
    LONGEST_TAIL,
    LOOKS,
    TAIL,
    FeedState,
    next_look,
)

QUARTER = datetime(2026, 3, 22, 10, 15, tzinfo=UTC)
NOW = QUARTER + timedelta(minutes=4)
MIDNIGHT = datetime(2026, 3, 21, 23, tzinfo=UTC)
OFFSET = timedelta(seconds=20)
MINUTE = timedelta(minutes=1)


class TestNextLook:
    """Between two quarter-hours."""

    def test_all_is_there(self) -> None:
        """The next look is soon after the next quarter-hour."""
        look = next_look(NOW, is_waiting=False, offset=OFFSET)
        assert look == QUARTER + INTERVAL + LOOKS[0] + OFFSET

    def test_waiting(self) -> None:
        """A few looks follow, ever later, then none before the next quarter-hour."""
        looks = [NOW]
        while looks[-1] < QUARTER + INTERVAL:
            looks.append(next_look(looks[-1], is_waiting=True, offset=OFFSET))
        assert looks[1:-1] == [QUARTER + look + OFFSET for look in LOOKS[1:]]
        assert looks[-1] == QUARTER + INTERVAL + LOOKS[0] + OFFSET

    def test_a_little_early(self) -> None:
        """A coordinator comes up to a second early; it does not turn round and come again."""
        early = QUARTER + LOOKS[1] + OFFSET - timedelta(seconds=0.9)
        look = next_look(early, is_waiting=True, offset=OFFSET)
        assert look == QUARTER + LOOKS[2] + OFFSET


class TestIsDue:
    """Whether a feed is asked at a look."""

    @pytest.mark.parametrize("each_interval", [True, False])
    def test_never_asked(self, each_interval: bool) -> None:
        """At once."""
        assert FeedState().is_due(NOW, each_interval=each_interval)

    def test_newest_is_there(self) -> None:
        """Not before the next quarter-hour."""
        state = FeedState(asked=NOW - 2 * MINUTE, newest=QUARTER)
        assert not state.is_due(NOW, each_interval=True)
        assert state.is_due(NOW + INTERVAL, each_interval=True)

    def test_late(self) -> None:
        """At each look, but never twice within a minute."""
        state = FeedState(asked=NOW - MINUTE, newest=QUARTER - INTERVAL)
        assert state.is_late(NOW)
        assert state.is_due(NOW, each_interval=True)
        state.asked = NOW - timedelta(seconds=59)
        assert not state.is_due(NOW, each_interval=True)

    def test_silent_for_long(self) -> None:
        """Once a quarter-hour, as waiting makes no sense."""
        state = FeedState(asked=NOW - 2 * MINUTE, newest=QUARTER - timedelta(minutes=75))
        assert not state.is_late(NOW)
        assert not state.is_due(NOW, each_interval=True)
        assert state.is_due(NOW + INTERVAL, each_interval=True)

    def test_without_data(self) -> None:
        """An empty answer is an answer."""
        state = FeedState(asked=NOW - 2 * MINUTE)
        assert not state.is_late(NOW)
        assert not state.is_due(NOW, each_interval=True)

    def test_read_once_a_day(self) -> None:
        """Once an hour is enough."""
        state = FeedState(asked=NOW, newest=MIDNIGHT)
        assert not state.is_due(NOW + timedelta(minutes=58), each_interval=False)
        assert state.is_due(NOW + timedelta(minutes=59), each_interval=False)

    def test_clock_was_wrong(self) -> None:
        """A question of the future stops nothing."""
        state = FeedState(asked=NOW + timedelta(days=1), newest=NOW + timedelta(days=1))
        assert state.is_due(NOW, each_interval=True)

    def test_failed(self) -> None:
        """At the next look."""
        state = FeedState(asked=NOW - 2 * MINUTE, newest=MIDNIGHT, failed=True)
        assert state.is_due(NOW, each_interval=False)

    def test_rests(self) -> None:
        """Not before the rest is over, whatever happened."""
        state = FeedState(rests_until=NOW + MINUTE, failed=True)
        assert not state.is_due(NOW, each_interval=True)
        assert state.is_due(NOW + MINUTE, each_interval=True)


class TestWindow:
    """Where a question starts."""

    @pytest.mark.parametrize(
        ("now", "start"),
        [(NOW, MIDNIGHT), (MIDNIGHT + timedelta(hours=1), MIDNIGHT + timedelta(hours=1) - TAIL)],
    )
    def test_first(self, now: datetime, start: datetime) -> None:
        """With the local day, so that today's amount is right, but not less than the tail."""
        assert FeedState().window_start(now, MIDNIGHT, each_interval=True) == start

    def test_first_of_daily_read(self) -> None:
        """With the day before yesterday: yesterday's data may come today."""
        start = FeedState().window_start(NOW, MIDNIGHT, each_interval=False)
        assert start == NOW - LONGEST_TAIL

    def test_first_had_no_data(self) -> None:
        """Further back."""
        start = FeedState(asked=NOW).window_start(NOW, MIDNIGHT, each_interval=True)
        assert start == NOW - LONGEST_TAIL

    def test_tail(self) -> None:
        """A short tail, for what came late."""
        state = FeedState(asked=NOW, newest=QUARTER)
        assert state.window_start(NOW, MIDNIGHT, each_interval=True) == QUARTER - TAIL

    def test_after_a_gap(self) -> None:
        """From before the newest data."""
        newest = QUARTER - timedelta(hours=20)
        state = FeedState(asked=NOW, newest=newest)
        start = state.window_start(NOW, MIDNIGHT, each_interval=True)
        assert start == newest - TAIL

    def test_after_days(self) -> None:
        """A series that lags by days does not widen the window: that is for the nights."""
        state = FeedState(asked=NOW, newest=QUARTER - timedelta(days=9))
        assert state.window_start(NOW, MIDNIGHT, each_interval=True) == NOW - LONGEST_TAIL
