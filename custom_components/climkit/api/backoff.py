"""When to ask again after trouble or a refusal. Pure but for its clock, which is monotonic.

Trouble passes by itself: a pause of a minute, then twice as long, up to half an hour. A refusal
rarely does: what is refused again and again is paused for hours, then for a day. But gateways and
deployments refuse too, so for its first hour no pause is longer than one after trouble.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import timedelta

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)

REFUSED_PAUSES = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(days=1),
)

# A refusal that has lasted for so long is believed.
BELIEVED_AFTER = timedelta(hours=1)

# Home Assistant's timers come up to this much early.
EARLY = 1.0


@dataclass(slots=True)
class _Pause:
    """A pause that began at a time of the clock, and what led to it since the last success."""

    begun: float
    length: float = 0.0
    troubles: int = 0
    refusals: int = 0
    trouble_since: float | None = None
    refused_since: float | None = None

    def left(self, now: float) -> float:
        """Return how long it still lasts; a clock that ran back says nothing of it."""
        return self.length - (now - self.begun) if now >= self.begun else 0.0


class Backoff[K: Hashable]:
    """The pauses of what is asked for by a key, and of all of it together.

    `clock` gives seconds, as the event loop's `time` does; after trouble nothing is paused for
    longer than `longest`. One success ends both kinds of pause, that of its key and that of all.
    """

    def __init__(self, clock: Callable[[], float], *, longest: timedelta = LONGEST_PAUSE) -> None:
        """Begin without trouble."""
        self._clock = clock
        self._longest = longest
        self._pauses: dict[K | None, _Pause] = {}

    # What happened

    def back_off(
        self, key: K, *, at_least: float | None = None, first: timedelta | None = None
    ) -> timedelta:
        """Pause a key, longer each time in a row; return how long.

        `at_least`: seconds that Climkit asked for. `first`: the first pause, of another length.
        """
        return self._back_off(key, at_least, first)

    def back_off_after_outage(self, key: K, *, at_least: float | None = None) -> timedelta:
        """Pause a key after trouble that is likely to be Climkit's, and then all; see above.

        But where only this key was in trouble before, it may be its own: then it alone is paused.
        """
        is_its_own = key in self._pauses and None not in self._pauses
        length = self._back_off(key, at_least)
        return length if is_its_own else self._back_off(None, at_least)

    def back_off_after_refusal(self, key: K) -> timedelta:
        """Pause a key that Climkit refuses; return how long."""
        now = self._clock()
        pause = self._pauses.setdefault(key, _Pause(now))
        if pause.refused_since is None:
            pause.refused_since = now
        length = REFUSED_PAUSES[min(pause.refusals, len(REFUSED_PAUSES) - 1)]
        if length > LONGEST_PAUSE and not self.is_refused_for_long(key):
            length = LONGEST_PAUSE
        else:
            pause.refusals += 1
        self._begin(pause, length)
        return length

    def succeeded(self, key: K) -> None:
        """Note an answer: the trouble is over."""
        self._pauses.pop(key, None)
        self._pauses.pop(None, None)

    def clear(self) -> None:
        """Begin anew with all."""
        self._pauses.clear()

    def forgive_trouble(self, key: K) -> None:
        """Begin anew with a key: something else is asked for, which may be answered.

        A refusal goes on until something is answered.
        """
        if (pause := self._pauses.get(key)) and pause.refused_since is None:
            del self._pauses[key]

    def _back_off(
        self, key: K | None, at_least: float | None, first: timedelta | None = None
    ) -> timedelta:
        pause = self._pauses.setdefault(key, _Pause(self._clock()))
        if pause.trouble_since is None:
            pause.trouble_since = self._clock()
        first = FIRST_PAUSE if first is None else first
        length = min(first * 2 ** min(pause.troubles, 10), self._longest)
        pause.troubles += 1
        return self._begin(pause, max(length, timedelta(seconds=at_least or 0.0)))

    def _begin(self, pause: _Pause, length: timedelta) -> timedelta:
        """Begin a pause, unless the present one lasts longer."""
        now = self._clock()
        if length.total_seconds() > pause.left(now):
            pause.begun, pause.length = now, length.total_seconds()
        return length

    # What it means

    def left(self, key: K | None) -> timedelta:
        """Return how long a key, or (None) all, is still paused."""
        now = self._clock()
        pauses = (self._pauses.get(one) for one in {key, None})
        return timedelta(seconds=max((r.left(now) for r in pauses if r), default=0.0))

    def is_paused(self, key: K | None) -> bool:
        """Whether a key, or (None) all, is not to be asked for now."""
        return self.left(key).total_seconds() > EARLY

    def is_in_trouble(self, key: K | None) -> bool:
        """Whether a key, or (None) all, had trouble or was refused since its last success."""
        return key in self._pauses

    @property
    def is_down(self) -> bool:
        """Whether all is paused for longer than at first: this trouble does not pass at once."""
        return self.left(None) > FIRST_PAUSE

    def is_refused_for_long(self, key: K) -> bool:
        """Whether Climkit has refused a key for so long that it is believed."""
        pause = self._pauses.get(key)
        if pause is None or pause.refused_since is None:
            return False
        return self._clock() - pause.refused_since >= BELIEVED_AFTER.total_seconds()

    def failing_for(self, keys: Iterable[K], length: timedelta) -> bool:
        """Whether one of these keys has been in trouble, or refused, for so long."""
        now = self._clock()
        pauses = (pause for key in keys if (pause := self._pauses.get(key)))
        begun = (since for one in pauses for since in (one.trouble_since, one.refused_since))
        return any(now - since >= length.total_seconds() for since in begun if since is not None)

    @property
    def next_end(self) -> float | None:
        """When the next pause ends, by the clock; None without one."""
        now = self._clock()
        ends = (
            pause.begun + pause.length for pause in self._pauses.values() if pause.left(now) > 0
        )
        return min(ends, default=None)
