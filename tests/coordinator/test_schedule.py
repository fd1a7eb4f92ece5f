"""When Climkit is asked: soon after each quarter-hour, and no more often than it helps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

import pytest

from custom_components.climkit.api import INTERVAL
from custom_components.climkit.coordinator.schedule import (
    FIRST_DELAY,
    LONGEST_TAIL,
    SHORTEST_DELAY,
    SHORTEST_PAUSE,
    STEP,
    TAIL,
    FeedState,
    PollDelay,
)

QUARTER = datetime(2026, 3, 22, 10, 15, tzinfo=UTC)
NOW = QUARTER + timedelta(minutes=4)
MIDNIGHT = datetime(2026, 3, 21, 23, tzinfo=UTC)
DELAY = FIRST_DELAY
MINUTE = timedelta(minutes=1)


def due_at(state: FeedState) -> datetime:
    """When a feed of quarter-hours is due that was asked before."""
    assert state.asked
    return state.due_at(state.asked, DELAY, each_interval=True)


def looks(
    latency: Callable[[int], timedelta], quarters: int, poll_delay: PollDelay | None = None
) -> tuple[list[timedelta], float]:
    """Look for so many quarter-hours, of which number n appears `latency(n)` after its end.

    Returns how long each stood there before it was found, and the mean number of looks.
    """
    poll_delay, state = poll_delay or PollDelay(), FeedState()
    appears = {n: QUARTER + n * INTERVAL + latency(n) for n in range(-8, quarters + 8)}
    now, found, count = QUARTER + MINUTE, dict[int, datetime](), 0
    while now < QUARTER + quarters * INTERVAL:
        count += 1
        state.asked = now
        there = [n for n, since in appears.items() if since <= now]
        for n in there:
            found.setdefault(n, now)
        state.newest = QUARTER + max(there) * INTERVAL
        poll_delay.note(state.newest, now)
        now = state.due_at(now, poll_delay.delay, each_interval=True)
    delays = [found[n] - appears[n] for n in found if n >= 0]
    return delays, count / quarters


def spread(mean: float, share: float) -> Callable[[int], timedelta]:
    """Latencies around a mean of so many seconds, evenly spread by a share of it to each side."""
    random = Random(1)
    known: dict[int, float] = {}
    return lambda n: timedelta(
        seconds=known.setdefault(n, mean * random.uniform(1 - share, 1 + share))
    )


class TestPace:
    """When the data of a quarter-hour are looked for."""

    @pytest.mark.parametrize("share", [0.01, 0.2])
    @pytest.mark.parametrize("mean", [60, 150, 300, 480, 900, 1500])
    def test_day(self, mean: float, share: float) -> None:
        """Whenever data come: half of them are found within a minute, in less than three looks."""
        delays, count = looks(spread(mean, share), 96)
        assert median(delays) < MINUTE
        assert count < 3

    @pytest.mark.parametrize(("before", "after"), [(150, 1500), (1500, 150), (60, 600)])
    def test_change(self, before: float, after: float) -> None:
        """What was learned is learned anew when Climkit becomes slower or faster."""
        poll_delay = PollDelay()
        looks(spread(before, 0.1), 48, poll_delay)
        poll_delay.newest = poll_delay.missed = None  # the clock of the second day begins anew
        looks(spread(after, 0.1), 48, poll_delay)
        assert after * 0.8 < poll_delay.delay.total_seconds() < after * 1.2

    def test_data_of_days_ago(self) -> None:
        """Meters of the grid operator, days late, tell nothing."""
        poll_delay = PollDelay()
        for n in range(5):
            end = QUARTER + n * INTERVAL
            poll_delay.note(end, end + timedelta(days=2))
            poll_delay.note(end, end + timedelta(days=3))
        assert poll_delay.delay == PollDelay().delay

    def test_meters_one_by_one(self) -> None:
        """They have the same quarter-hour; the first answer is the one that counts."""
        poll_delay = PollDelay(is_known=True)
        for meter in range(500):
            poll_delay.note(QUARTER - INTERVAL, QUARTER - INTERVAL + timedelta(seconds=meter))
        poll_delay.note(QUARTER - INTERVAL, QUARTER + DELAY)  # the first is not there yet
        for _ in range(499):
            poll_delay.note(QUARTER, QUARTER + DELAY)
        assert poll_delay.delay == DELAY + STEP
        for _ in range(500):  # the first is there
            poll_delay.note(QUARTER + INTERVAL, QUARTER + INTERVAL + poll_delay.delay)
        assert poll_delay.delay == DELAY

    def test_meter_that_lags(self) -> None:
        """It is not there at any look, which tells nothing of the others."""
        poll_delay = PollDelay(newest=QUARTER, is_known=True)
        for n in range(1, 5):
            end = QUARTER + n * INTERVAL
            poll_delay.note(end - timedelta(days=3), end + poll_delay.delay)
            poll_delay.note(end, end + poll_delay.delay)
        assert poll_delay.delay == DELAY - 4 * STEP

    def test_not_at_once(self) -> None:
        """However soon data are there, it is not asked in the very second of all homes."""
        poll_delay = PollDelay()
        looks(lambda _: timedelta(), 96, poll_delay)
        assert poll_delay.delay == SHORTEST_DELAY


class TestDueAt:
    """When a feed is asked next."""

    def test_all_is_there(self) -> None:
        """After the next quarter-hour, when its data are expected."""
        state = FeedState(asked=NOW, newest=QUARTER)
        assert due_at(state) == QUARTER + INTERVAL + DELAY

    def test_waiting(self) -> None:
        """Each minute for a while, then each quarter-hour."""
        state, times = FeedState(asked=NOW, newest=QUARTER - INTERVAL), []
        while not times or times[-1] < QUARTER + 3 * INTERVAL:
            state.asked = due_at(state)
            times.append(state.asked)
        minutes = [(time - QUARTER - DELAY) / MINUTE for time in times]
        assert minutes == pytest.approx([2.5, 3.5, 4.5, 5.5, 6.5, 15, 30, 45])

    def test_silent_for_long(self) -> None:
        """Once a quarter-hour, as waiting makes no sense."""
        state = FeedState(asked=QUARTER + DELAY, newest=QUARTER - timedelta(hours=5))
        assert due_at(state) == QUARTER + INTERVAL + DELAY

    def test_without_data(self) -> None:
        """An empty answer is an answer."""
        assert due_at(FeedState(asked=NOW)) == QUARTER + INTERVAL + DELAY

    def test_shortest_pause(self) -> None:
        """Whoever asked at a moment of their own: not again within the minute."""
        asked = QUARTER + DELAY - timedelta(seconds=5)
        state = FeedState(asked=asked, newest=QUARTER - INTERVAL)
        assert due_at(state) == asked + SHORTEST_PAUSE

    def test_read_once_a_day(self) -> None:
        """Once an hour is enough."""
        state = FeedState(asked=NOW, newest=MIDNIGHT)
        due = state.due_at(NOW, DELAY, each_interval=False)
        assert due == NOW + timedelta(minutes=59)

    @pytest.mark.parametrize("each_interval", [True, False])
    def test_never_asked(self, each_interval: bool) -> None:
        """At once."""
        assert FeedState().due_at(NOW, DELAY, each_interval=each_interval) == NOW

    def test_clock_was_wrong(self) -> None:
        """A question of the future stops nothing."""
        state = FeedState(asked=NOW + timedelta(days=1), newest=NOW + timedelta(days=1))
        assert state.due_at(NOW, DELAY, each_interval=True) == NOW


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
