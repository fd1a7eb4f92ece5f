"""When to ask Climkit. Pure.

Data of a quarter-hour appear some minutes after its end; how many nobody has documented, and it
may be another time tomorrow. So the first poll comes when half of the data have been there by now
(observed, by each account for itself), and more follow while they are not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..api import INTERVAL, floor_interval

# Whoever asks for a refresh: no question is repeated sooner. While data are waited for, polls
# are this far from one another ...
SHORTEST_PAUSE = timedelta(minutes=1)

# ... for so long, then once a quarter-hour.
WAITING = timedelta(minutes=6)

# Home Assistant's coordinator rounds times down and so refreshes up to this much early. A poll that
# is nearer counts as done, else the coordinator would refresh over and over until its time.
COORDINATOR_ROUNDS = timedelta(seconds=1)

# How often to poll meters that are read once a day.
DAILY_READ_POLL = timedelta(minutes=59)

# Every answer is asked to begin this long before the newest row known, for what came late or was
# corrected at once.
TAIL = timedelta(hours=3)

# ... and for data that are later, up to this far; what comes later still is for the nights.
LONGEST_TAIL = timedelta(hours=48)

# How often to poll for what no list tells of.
UNKNOWN_POLL = timedelta(days=1)

# The time from the end of a quarter-hour to the first poll: at first (inferred from what other
# clients do), at least, and at most. Data later than that tell nothing of when to poll.
FIRST_DELAY = timedelta(seconds=150)
SHORTEST_DELAY = timedelta(seconds=20)
LONGEST_DELAY = timedelta(hours=1)

# How much sooner or later the next first poll is, after one that found the data or did not.
STEP = timedelta(seconds=20)

# What the first refresh left out (heat, single meters, what entities need) follows right after it.
FOLLOW_UP_DELAY = timedelta(seconds=1)


@dataclass(slots=True)
class PollDelay:
    """How long after the end of a quarter-hour its data are polled first; learns from polls.

    A step sooner after each first poll that found them, a step later after each that did not:
    that ends where half of the data have come, however they are spread. `missed`: the last poll
    at which there was nothing newer than `newest`.
    """

    delay: timedelta = FIRST_DELAY
    newest: datetime | None = None
    missed: datetime | None = None
    is_known: bool = False
    found_at_once: int = 0

    def note(self, newest: datetime, asked: datetime) -> None:
        """Note the end of the newest quarter-hour in an answer, and when it was asked for.

        Of meters that are asked one by one the first decides; those that lag behind do not count.
        """
        if self.newest and newest < self.newest:
            return
        age = asked - newest
        if self.newest and newest > self.newest and timedelta() <= age < LONGEST_DELAY:
            self._learn(self.missed - newest if self.missed else timedelta(), age)
        self.newest, self.missed = newest, asked

    def _learn(self, missed: timedelta, age: timedelta) -> None:
        late = missed - self.delay
        if late >= -COORDINATOR_ROUNDS:
            self.found_at_once = 0
            self.delay = self.delay + max(STEP, late / 12) if self.is_known else age
        else:
            self.found_at_once += 1
            # So many in a row are no chance: data come much sooner than they did.
            hurry = min(max(0, self.found_at_once - 4), 3)
            self.delay = max(SHORTEST_DELAY, min(self.delay - STEP * 2**hurry, age))
        self.is_known = True


@dataclass(slots=True)
class FeedState:
    """What is known of a feed that works: when it was asked, its newest interval's end.

    `gap`: where the last answer should have begun, but did not; it may have been cut.
    """

    asked: datetime | None = None
    newest: datetime | None = None
    gap: datetime | None = None

    def note_first(self, start: datetime, first: datetime) -> None:
        """Note where an answer begins that was asked from `start` on; a gap is asked for twice."""
        self.gap = start if first > start and self.gap is None else None

    def due_at(self, now: datetime, delay: timedelta, *, each_interval: bool) -> datetime:
        """Return when to ask it next; never in the past of a clock that was put back.

        `delay` is that of its kind of meter.
        """
        if self.asked is None or now < self.asked:  # the clock was wrong then
            return now
        if not each_interval:
            return self.asked + DAILY_READ_POLL
        return max(self._next_poll(self.asked, delay), self.asked + SHORTEST_PAUSE)

    def _next_poll(self, asked: datetime, delay: timedelta) -> datetime:
        """Return when the quarter-hour after the newest one is polled for, after the last poll."""
        regular = floor_interval(asked - delay) + delay + INTERVAL
        if self.newest is None:
            return regular
        first = self.newest + INTERVAL + delay
        if asked < first - COORDINATOR_ROUNDS:
            return first
        return asked + SHORTEST_PAUSE if asked - first < WAITING else regular

    def window_start(self, now: datetime, midnight: datetime, *, each_interval: bool) -> datetime:
        """Return where the next question has to start; `midnight` began the local day."""
        earliest = now - LONGEST_TAIL
        if self.newest is None:
            is_first = self.asked is None
            return min(midnight, now - TAIL) if each_interval and is_first else earliest
        usual = self.newest - TAIL
        return max(earliest, min(usual, self.gap) if self.gap else usual)
