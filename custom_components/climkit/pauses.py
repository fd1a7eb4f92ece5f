"""Which feeds rest after trouble, and how long there has been trouble. Pure but for its clock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from .feed import Feed

# After trouble a feed's history rests this long, then twice as long, and so on.
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class _Pause:
    until: float
    length: timedelta


class Pauses:
    """The pauses of a site's feeds. `clock` gives seconds, as the event loop's `time` does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without trouble."""
        self._clock = clock
        self._pauses: dict[Feed, _Pause] = {}
        self._trouble_since: dict[Feed, float] = {}

    def after_trouble(self, feed: Feed) -> timedelta:
        """Let a feed rest, longer each time it was in trouble in a row; return how long."""
        self._trouble_since.setdefault(feed, self._clock())
        last = self._pauses.get(feed)
        length = min(last.length * 2, LONGEST_PAUSE) if last else FIRST_PAUSE
        self.rest(feed, length)
        return length

    def rest(self, feed: Feed, length: timedelta) -> None:
        """Let a feed rest."""
        self._pauses[feed] = _Pause(self._clock() + length.total_seconds(), length)

    def end(self, feed: Feed) -> None:
        """Let a feed rest no more."""
        self._pauses.pop(feed, None)

    def worked(self, feed: Feed) -> None:
        """Note that a feed's history was answered: its trouble is over."""
        self.end(feed)
        self._trouble_since.pop(feed, None)

    def is_paused(self, feed: Feed) -> bool:
        """Whether a feed rests now."""
        pause = self._pauses.get(feed)
        return pause is not None and pause.until > self._clock()

    @property
    def next_end(self) -> float | None:
        """When the next pause ends; None without one."""
        now = self._clock()
        return min((p.until for p in self._pauses.values() if p.until > now), default=None)

    def trouble_lasts(self, feeds: Iterable[Feed], length: timedelta) -> bool:
        """Whether one of these feeds has been in trouble for so long."""
        begun = self._clock() - length.total_seconds()
        return any(self._trouble_since.get(feed, begun + 1) <= begun for feed in feeds)
