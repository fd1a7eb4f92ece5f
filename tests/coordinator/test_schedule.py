"""When Climkit is asked: soon after each quarter-hour, and no more often than it helps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

import pytest

from custom_components.climkit import runtime
from custom_components.climkit.api import INTERVAL
from custom_components.climkit.api.backoff import FIRST_PAUSE, Backoff
from custom_components.climkit.coordinator.schedule import (
    FIRST_DELAY,
    LONGEST_TAIL,
    SHORTEST_DELAY,
    SHORTEST_PAUSE,
    STEP,
    TAIL,
    FeedSchedule,
    PollDelay,
    PollSchedule,
)
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.measures.table import CHARGE_POINT, ELECTRICITY

QUARTER = datetime(2026, 3, 22, 10, 15, tzinfo=UTC)
NOW = QUARTER + timedelta(minutes=4)
MIDNIGHT = datetime(2026, 3, 21, 23, tzinfo=UTC)
DELAY = FIRST_DELAY
MINUTE = timedelta(minutes=1)
SITE = Feed("site", ELECTRICITY)


def due_at(schedule: FeedSchedule) -> datetime:
    """When a feed of quarter-hours is due that was asked before."""
    assert schedule.asked
    return schedule.due_at(schedule.asked)


def looks(
    latency: Callable[[int], timedelta], quarters: int, poll_delay: PollDelay | None = None
) -> tuple[list[timedelta], float]:
    """Look for so many quarter-hours, of which number n appears `latency(n)` after its end.

    Returns how long each stood there before it was found, and the mean number of looks.
    """
    schedule = FeedSchedule(poll_delay or PollDelay())
    appears = {n: QUARTER + n * INTERVAL + latency(n) for n in range(-8, quarters + 8)}
    now, found, count = QUARTER + MINUTE, dict[int, datetime](), 0
    while now < QUARTER + quarters * INTERVAL:
        count += 1
        schedule.asked = now
        there = [n for n, since in appears.items() if since <= now]
        for n in there:
            found.setdefault(n, now)
        schedule.note_newest(QUARTER + max(there) * INTERVAL)
        now = schedule.due_at(now)
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

    def test_clock_that_was_ahead(self) -> None:
        """What was asked by it says nothing of how late data are: polls waited for hours or days,
        a twelfth of what the clock was ahead."""
        poll_delay = PollDelay(newest=QUARTER, is_known=True)
        before = poll_delay.delay
        poll_delay.note(QUARTER, QUARTER + timedelta(hours=30))
        poll_delay.note(QUARTER + INTERVAL, QUARTER + INTERVAL + before)
        assert poll_delay.delay <= before


class TestDueAt:
    """When a feed is asked next."""

    def test_all_is_there(self) -> None:
        """After the next quarter-hour, when its data are expected."""
        schedule = FeedSchedule(asked=NOW, newest=QUARTER)
        assert due_at(schedule) == QUARTER + INTERVAL + DELAY

    def test_waiting(self) -> None:
        """Each minute for a while, then each quarter-hour."""
        schedule, times = FeedSchedule(asked=NOW, newest=QUARTER - INTERVAL), []
        while not times or times[-1] < QUARTER + 3 * INTERVAL:
            schedule.asked = due_at(schedule)
            times.append(schedule.asked)
        minutes = [(time - QUARTER - DELAY) / MINUTE for time in times]
        assert minutes == pytest.approx([2.5, 3.5, 4.5, 5.5, 6.5, 15, 30, 45])

    def test_silent_for_long(self) -> None:
        """Once a quarter-hour, as waiting makes no sense."""
        schedule = FeedSchedule(asked=QUARTER + DELAY, newest=QUARTER - timedelta(hours=5))
        assert due_at(schedule) == QUARTER + INTERVAL + DELAY

    def test_without_data(self) -> None:
        """An empty answer is an answer."""
        assert due_at(FeedSchedule(asked=NOW)) == QUARTER + INTERVAL + DELAY

    def test_shortest_pause(self) -> None:
        """Whoever asked at a moment of their own: not again within the minute."""
        asked = QUARTER + DELAY - timedelta(seconds=5)
        schedule = FeedSchedule(asked=asked, newest=QUARTER - INTERVAL)
        assert due_at(schedule) == asked + SHORTEST_PAUSE

    def test_read_once_a_day(self) -> None:
        """Once an hour is enough."""
        schedule = FeedSchedule(each_interval=False, asked=NOW, newest=MIDNIGHT)
        assert schedule.due_at(NOW) == NOW + timedelta(minutes=59)

    @pytest.mark.parametrize("each_interval", [True, False])
    def test_never_asked(self, each_interval: bool) -> None:
        """At once."""
        assert FeedSchedule(each_interval=each_interval).due_at(NOW) == NOW

    def test_clock_was_wrong(self) -> None:
        """A question of the future stops nothing."""
        schedule = FeedSchedule(asked=NOW + timedelta(days=1), newest=NOW + timedelta(days=1))
        assert schedule.due_at(NOW) == NOW


class TestWindow:
    """Where a question starts."""

    @pytest.mark.parametrize(
        ("now", "start"),
        [(NOW, MIDNIGHT), (MIDNIGHT + timedelta(hours=1), MIDNIGHT + timedelta(hours=1) - TAIL)],
    )
    def test_first(self, now: datetime, start: datetime) -> None:
        """With the local day, so that today's amount is right, but not less than the tail."""
        assert FeedSchedule().window_start(now, MIDNIGHT) == start

    def test_first_of_daily_read(self) -> None:
        """With the day before yesterday: yesterday's data may come today."""
        start = FeedSchedule(each_interval=False).window_start(NOW, MIDNIGHT)
        assert start == NOW - LONGEST_TAIL

    def test_first_had_no_data(self) -> None:
        """Further back."""
        start = FeedSchedule(asked=NOW).window_start(NOW, MIDNIGHT)
        assert start == NOW - LONGEST_TAIL

    def test_tail(self) -> None:
        """A short tail, for what came late."""
        schedule = FeedSchedule(asked=NOW, newest=QUARTER)
        assert schedule.window_start(NOW, MIDNIGHT) == QUARTER - TAIL

    def test_after_a_gap(self) -> None:
        """From before the newest data."""
        newest = QUARTER - timedelta(hours=20)
        schedule = FeedSchedule(asked=NOW, newest=newest)
        start = schedule.window_start(NOW, MIDNIGHT)
        assert start == newest - TAIL

    def test_answer_that_begins_late(self) -> None:
        """It may have been cut, so it is asked for once more from there; then that is so."""
        schedule = FeedSchedule(asked=NOW, newest=QUARTER)
        cut = QUARTER - timedelta(hours=20)
        schedule.note_first(cut, QUARTER - INTERVAL)
        assert schedule.window_start(NOW, MIDNIGHT) == cut
        schedule.note_first(cut, QUARTER - INTERVAL)
        assert schedule.window_start(NOW, MIDNIGHT) == QUARTER - TAIL

    def test_rows_of_days_begin_late(self) -> None:
        """Meters that are read once a day have no row in most hours: nothing was cut."""
        schedule = FeedSchedule(each_interval=False, asked=NOW, newest=MIDNIGHT)
        schedule.note_first(NOW - LONGEST_TAIL, MIDNIGHT - INTERVAL)
        assert schedule.window_start(NOW, MIDNIGHT) == MIDNIGHT - TAIL

    def test_after_days(self) -> None:
        """A series that lags by days does not widen the window: that is for the nights."""
        schedule = FeedSchedule(asked=NOW, newest=QUARTER - timedelta(days=9))
        assert schedule.window_start(NOW, MIDNIGHT) == NOW - LONGEST_TAIL


@dataclass
class Clock:
    """A monotonic clock that a test turns, in seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def backoff(clock: Clock) -> Backoff[Feed]:
    """A back-off without trouble."""
    return Backoff(clock)


@pytest.fixture
def unknown() -> set[Feed]:
    """What there is not, as far as is known."""
    return set()


@pytest.fixture
def schedule(backoff: Backoff[Feed], unknown: set[Feed]) -> PollSchedule:
    """That of a site that has just been asked for the first time."""
    schedule = PollSchedule(backoff, unknown.__contains__)
    schedule.set_feeds([SITE])
    schedule.note_asked(SITE, NOW)
    return schedule


class TestPollSchedule:
    """Which feeds of a site are asked, and when."""

    def test_failed_come_last(
        self, schedule: PollSchedule, backoff: Backoff[Feed], clock: Clock
    ) -> None:
        """When their rest is over; so they delay no others."""
        heating = Feed("site", "heating")
        schedule.set_feeds([heating, SITE])
        backoff.back_off(heating)
        assert schedule.due(NOW + INTERVAL) == [SITE]
        clock.now += FIRST_PAUSE.total_seconds()
        assert schedule.due(NOW + INTERVAL) == [SITE, heating]
        backoff.succeeded(heating)
        schedule.note_asked(heating, NOW + INTERVAL)
        assert schedule.due(NOW + INTERVAL) == [SITE]

    def test_a_little_early(self, schedule: PollSchedule) -> None:
        """A coordinator comes up to a second early; it does not turn round and come again."""
        schedule.note_newest(SITE, QUARTER)
        poll = schedule.next_poll(NOW, NOW)
        assert schedule.due(poll - timedelta(seconds=0.9)) == [SITE]
        assert not schedule.due(poll - timedelta(seconds=2))
        early = poll - timedelta(seconds=0.9)
        schedule.note_asked(SITE, early)
        assert schedule.next_poll(early, early) == early + SHORTEST_PAUSE

    def test_next_poll(self, schedule: PollSchedule) -> None:
        """When the first feed is due; an answer that took long gives no reason for another."""
        schedule.note_newest(SITE, QUARTER)
        assert schedule.next_poll(NOW, NOW) == QUARTER + INTERVAL + FIRST_DELAY
        late = QUARTER + INTERVAL + FIRST_DELAY
        assert schedule.next_poll(NOW, late) == late + SHORTEST_PAUSE

    @pytest.mark.parametrize("offset", [timedelta(), timedelta(seconds=17)])
    def test_homes_are_spread(
        self, backoff: Backoff[Feed], unknown: set[Feed], offset: timedelta
    ) -> None:
        """Nothing is learned yet: each home asks so much later than the first one."""
        schedule = PollSchedule(backoff, unknown.__contains__, offset)
        schedule.set_feeds([SITE])
        schedule.note_asked(SITE, NOW)
        schedule.note_newest(SITE, QUARTER)
        assert schedule.next_poll(NOW, NOW) == QUARTER + INTERVAL + FIRST_DELAY + offset

    def test_next_poll_after_trouble(
        self, schedule: PollSchedule, backoff: Backoff[Feed], clock: Clock
    ) -> None:
        """When a rest is over, whatever the wall clock says meanwhile; not before all may go on."""
        schedule.note_newest(SITE, QUARTER)
        backoff.back_off(SITE)
        backoff.back_off(SITE)
        day = timedelta(days=1)
        for now in (NOW, NOW - day, NOW + day):
            assert schedule.next_poll(now, now) == now + 2 * FIRST_PAUSE
        clock.now += 90
        assert schedule.next_poll(NOW, NOW) == NOW + SHORTEST_PAUSE
        backoff.succeeded(SITE)
        heating = Feed("site", "heating")
        schedule.set_feeds([SITE, heating])
        backoff.back_off_after_outage(heating, at_least=1800)
        assert schedule.next_poll(NOW, NOW) == NOW + timedelta(minutes=30)
        assert not schedule.due(NOW + INTERVAL)

    def test_rest_of_a_round(self, schedule: PollSchedule) -> None:
        """What was due and not asked for comes a minute later."""
        schedule.note_newest(SITE, QUARTER)
        schedule.set_feeds([SITE, Feed("site", "heating")])
        assert schedule.next_poll(NOW, NOW) == NOW + SHORTEST_PAUSE

    def test_charge_points(self, schedule: PollSchedule, unknown: set[Feed]) -> None:
        """They are looked for once a day, until there are some."""
        points = Feed("site", CHARGE_POINT)
        schedule.set_feeds([points])
        schedule.note_asked(points, NOW)
        unknown.add(points)
        assert schedule.next_poll(NOW, NOW) == NOW + timedelta(days=1)
        assert schedule.due(NOW - timedelta(days=400)) == [points]  # the clock was wrong
        unknown.clear()
        schedule.note_newest(points, QUARTER)
        assert schedule.next_poll(NOW, NOW) < NOW + INTERVAL

    def test_unasked(self, backoff: Backoff[Feed], unknown: set[Feed]) -> None:
        """A feed that rests is not waited for."""
        schedule = PollSchedule(backoff, unknown.__contains__)
        schedule.set_feeds([SITE])
        assert schedule.has_unasked
        backoff.back_off_after_refusal(SITE)
        assert not schedule.has_unasked

    def test_kept(self, schedule: PollSchedule) -> None:
        """A feed that is still followed keeps what is known of it."""
        schedule.note_newest(SITE, QUARTER)
        schedule.set_feeds([SITE, Feed("site", "heating")])
        assert schedule.newest == QUARTER
        assert not schedule.has_feed(Feed("site", "cooling"))
        assert schedule.due(NOW) == [Feed("site", "heating")]


def test_homes_do_not_ask_in_the_same_second() -> None:
    """Climkit's server has all of them, and each polls soon after a quarter-hour."""
    offsets = [runtime._polls_offset() for _ in range(200)]
    assert all(timedelta() <= one <= runtime.POLLS_SPREAD for one in offsets)
    assert len({one // timedelta(seconds=1) for one in offsets}) > 20
