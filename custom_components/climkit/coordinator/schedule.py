"""When to ask Climkit. Pure.

Data of a quarter-hour appear some minutes after its end; how many nobody has documented, and it
may be another time tomorrow. So the first poll comes when half of the data have been there by now
(observed, by each account for itself), and more follow while they are not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..api import INTERVAL, Backoff, floor_hour, floor_interval
from ..measures import METER_TYPES, Feed

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
            # A poll of the future was one of a clock that was ahead: it says nothing.
            missed = self.missed if self.missed and self.missed <= asked else newest
            self._learn(missed - newest, age)
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
class FeedSchedule:
    """When a feed was asked and will be, and its newest interval's end.

    `poll_delay`: that of its kind of meter. `each_interval`: whether these meters are read each
    quarter-hour, not once a day. `gap`: where the last answer should have begun, but did not; it
    may have been cut.
    """

    poll_delay: PollDelay = field(default_factory=PollDelay)
    each_interval: bool = True
    asked: datetime | None = None
    newest: datetime | None = None
    gap: datetime | None = None

    def note_first(self, start: datetime, first: datetime) -> None:
        """Note where an answer begins that was asked from `start` on; a gap is asked for twice."""
        if self.each_interval:
            self.gap = start if first > start and self.gap is None else None

    def note_newest(self, newest: datetime) -> None:
        """Note the end of the newest interval there is, and learn from it when to ask."""
        self.newest = newest
        if self.asked:
            self.poll_delay.note(newest, self.asked)

    def due_at(self, now: datetime) -> datetime:
        """Return when to ask it next; never in the past of a clock that was put back."""
        if self.asked is None or now < self.asked:  # the clock was wrong then
            return now
        if not self.each_interval:
            return self.asked + DAILY_READ_POLL
        return max(self._next_poll(self.asked, self.poll_delay.delay), self.asked + SHORTEST_PAUSE)

    def _next_poll(self, asked: datetime, delay: timedelta) -> datetime:
        """Return when the quarter-hour after the newest one is polled for, after the last poll."""
        regular = floor_interval(asked - delay) + delay + INTERVAL
        if self.newest is None:
            return regular
        first = self.newest + INTERVAL + delay
        if asked < first - COORDINATOR_ROUNDS:
            return first
        return asked + SHORTEST_PAUSE if asked - first < WAITING else regular

    def window_start(
        self, now: datetime, midnight: datetime, held: datetime | None = None
    ) -> datetime:
        """Return where the next question has to start; `midnight` began the local day.

        `held`: since when there is what was answered. While the clock was ahead, some of today was
        forgotten.
        """
        earliest = now - LONGEST_TAIL
        if self.newest is None:
            is_first = self.asked is None
            return min(midnight, now - TAIL) if self.each_interval and is_first else earliest
        usual = self.newest - TAIL
        if held and held > midnight and self.newest <= now:
            usual = min(usual, midnight)
        return max(earliest, min(usual, self.gap) if self.gap else usual)


class PollSchedule:
    """When each feed of a site is polled; one that is in trouble when its pause is over."""

    def __init__(
        self,
        backoff: Backoff[Feed],
        is_unknown: Callable[[Feed], bool],
        offset: timedelta = timedelta(),
    ) -> None:
        """Begin without feeds; `offset` spreads the accounts of this world over the minute.

        `backoff` knows which feeds are paused, `is_unknown` what no list tells of.
        """
        self.backoff = backoff
        self._is_unknown = is_unknown
        self._feeds: dict[Feed, FeedSchedule] = {}
        self._poll_delays = defaultdict[str, PollDelay](lambda: PollDelay(FIRST_DELAY + offset))

    def set_feeds(self, feeds: Iterable[Feed]) -> None:
        """Ask from now on for these feeds, and for no others."""
        self._feeds = {feed: self._feeds.get(feed) or self._new(feed) for feed in feeds}

    def _new(self, feed: Feed) -> FeedSchedule:
        each_interval = METER_TYPES[feed.meter_type].read_each_interval
        return FeedSchedule(self._poll_delays[feed.meter_type], each_interval)

    def has_feed(self, feed: Feed) -> bool:
        """Whether a feed is still asked for."""
        return feed in self._feeds

    def due(self, now: datetime) -> list[Feed]:
        """Return the feeds to be asked now; those that failed last time delay no others."""
        due = [feed for feed in self._feeds if self._is_due(feed, now)]
        return sorted(due, key=self.backoff.is_in_trouble)

    def next_poll(self, asked: datetime, now: datetime) -> datetime:
        """Return when something is due next, after a round of questions that began at `asked`."""
        times = (self._due_at(feed, asked, now) for feed in self._feeds)
        return max(
            min(times, default=now + INTERVAL),
            now + self.backoff.left(None),
            now + SHORTEST_PAUSE,
        )

    def _is_due(self, feed: Feed, now: datetime) -> bool:
        if self.backoff.is_paused(feed):
            return False
        return now >= self._due_at(feed, now, now) - COORDINATOR_ROUNDS

    def _due_at(self, feed: Feed, asked: datetime, now: datetime) -> datetime:
        """Return when to ask a feed next; what failed is due when its pause is over."""
        if self.backoff.is_in_trouble(feed):
            return now + self.backoff.left(feed)
        schedule = self._feeds[feed]
        if self._is_unknown(feed) and schedule.asked and schedule.asked <= asked:
            return schedule.asked + UNKNOWN_POLL
        return schedule.due_at(asked)

    def window_start(
        self, feed: Feed, now: datetime, midnight: datetime, held: datetime | None
    ) -> datetime:
        """Return where the next question for a feed starts: a full hour."""
        return floor_hour(self._feeds[feed].window_start(now, midnight, held))

    def note_asked(self, feed: Feed, now: datetime) -> None:
        """Note a question."""
        self._feeds[feed].asked = now

    def note_first(self, feed: Feed, start: datetime, first: datetime) -> None:
        """Note where an answer begins that was asked from `start` on."""
        self._feeds[feed].note_first(start, first)

    def note_newest(self, feed: Feed, newest: datetime) -> None:
        """Note the end of the newest interval there is of a feed."""
        self._feeds[feed].note_newest(newest)

    def was_asked(self, feed: Feed) -> bool:
        """Whether a feed was ever asked for."""
        return self._feeds[feed].asked is not None

    @property
    def has_unasked(self) -> bool:
        """Whether a feed was never asked."""
        return any(
            not schedule.asked and not self.backoff.is_paused(feed)
            for feed, schedule in self._feeds.items()
        )

    @property
    def newest(self) -> datetime | None:
        """Return the end of the site's newest interval; it stays when that is forgotten."""
        return max((one.newest for one in self._feeds.values() if one.newest), default=None)

    @property
    def learned_delays(self) -> dict[str, float]:
        """Return the minutes from the end of a quarter-hour until its data, by kind of meter."""
        return {
            meter_type: round(poll_delay.delay / timedelta(minutes=1), 1)
            for meter_type, poll_delay in self._poll_delays.items()
            if poll_delay.is_known
        }
