"""When to ask Climkit. Pure.

Data of a quarter-hour appear some minutes after its end (inferred from what other clients do). So
the first look comes soon after, and a few more follow, ever later, while the data are not there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .api import INTERVAL, floor_interval

LOOKS = (timedelta(seconds=150), timedelta(seconds=300), timedelta(seconds=540))

# Whoever asks for a refresh: no question is repeated sooner.
SHORTEST_PAUSE = timedelta(minutes=1)

# Home Assistant's coordinator rounds times down and so refreshes up to this much early. A look that
# is nearer counts as done, else the coordinator would refresh over and over until its time.
COORDINATOR_ROUNDS = timedelta(seconds=1)

# Data this late are not waited for with more than one look a quarter-hour.
PROMPT = timedelta(hours=1)

# How often to look at meters that are read once a day.
DAILY_READ_LOOK = timedelta(minutes=59)

# Every answer is asked to begin this long before the newest row known, for what came late or was
# corrected at once.
TAIL = timedelta(hours=3)

# ... and for data that are later, up to this far; what comes later still is for the nights.
LONGEST_TAIL = timedelta(hours=48)

# What Climkit refuses is asked for again after this time.
REFUSED_FOR = timedelta(days=1)


@dataclass(slots=True)
class FeedState:
    """What is known of a feed: when it was asked, its newest interval's end, whether it works.

    `failed`: the last question got no answer at all.
    """

    asked: datetime | None = None
    newest: datetime | None = None
    rests_until: datetime | None = None
    failed: bool = False

    def is_prompt(self, now: datetime) -> bool:
        """Whether its data usually come within the hour, so that waiting for them makes sense."""
        return self.newest is not None and self.newest >= floor_interval(now) - PROMPT

    def is_late(self, now: datetime) -> bool:
        """Whether the last quarter-hour's data are still to come."""
        return self.is_prompt(now) and self.newest != floor_interval(now)

    def rests(self, now: datetime) -> bool:
        """Whether it is not to be asked for a while."""
        return self.rests_until is not None and now < self.rests_until

    def is_due(self, now: datetime, *, each_interval: bool) -> bool:
        """Whether to ask it now."""
        quarter = floor_interval(now)
        if self.rests(now):
            return False
        if self.asked is None:
            return True
        if timedelta() <= now - self.asked < SHORTEST_PAUSE:
            return False
        if self.failed:
            return True
        if now < self.asked:  # the clock was wrong then
            return True
        if self.newest is not None and self.newest >= quarter:
            return False
        if self.is_prompt(now):
            return True
        return self.asked < quarter if each_interval else now - self.asked >= DAILY_READ_LOOK

    def window_start(self, now: datetime, midnight: datetime, *, each_interval: bool) -> datetime:
        """Return where the next question has to start; `midnight` began the local day."""
        earliest = now - LONGEST_TAIL
        if self.newest is None:
            is_first = self.asked is None
            return min(midnight, now - TAIL) if each_interval and is_first else earliest
        return max(earliest, self.newest - TAIL)


def next_look(now: datetime, *, is_waiting: bool, offset: timedelta) -> datetime:
    """Return when to look next; before the next quarter-hour only if data are waited for.

    `offset` spreads the accounts of this world over the minute.
    """
    quarter = floor_interval(now)
    looks = [quarter + look + offset for look in LOOKS] if is_waiting else []
    first_of_next = quarter + INTERVAL + LOOKS[0] + offset
    return next((look for look in looks if look - now > COORDINATOR_ROUNDS), first_of_next)
