"""When to ask again after trouble or a refusal. Pure but for its clock, which is monotonic.

Trouble passes by itself: a rest of a minute, then twice as long, up to half an hour. A refusal
rarely does: what is refused again and again rests for hours, then for a day. But gateways and
deployments refuse too, so for its first hour no rest is longer than one after trouble.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import timedelta

FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=30)

REFUSED_RESTS = (
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
class _Rest:
    """A rest that began at a time of the clock, and what led to it since the last success."""

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
    """The rests of what is asked for by a key, and of all of it together.

    `clock` gives seconds, as the event loop's `time` does; after trouble nothing rests for longer
    than `longest`. One success ends both kinds of rest, that of its key and that of all.
    """

    def __init__(self, clock: Callable[[], float], *, longest: timedelta = LONGEST_REST) -> None:
        """Begin without trouble."""
        self._clock = clock
        self._longest = longest
        self._rests: dict[K | None, _Rest] = {}

    # What happened

    def after_trouble(
        self, key: K, *, at_least: float | None = None, first: timedelta | None = None
    ) -> timedelta:
        """Let a key rest, longer each time in a row; return how long.

        `at_least`: seconds that Climkit asked for. `first`: the first rest, of another length.
        """
        return self._after_trouble(key, at_least, first)

    def after_outage(self, key: K, *, at_least: float | None = None) -> timedelta:
        """Let a key rest after trouble that is likely to be Climkit's, and then all; see above.

        But where only this key was in trouble before, it may be its own: then it alone rests.
        """
        is_its_own = key in self._rests and None not in self._rests
        length = self._after_trouble(key, at_least)
        return length if is_its_own else self._after_trouble(None, at_least)

    def after_refusal(self, key: K) -> timedelta:
        """Let a key rest that Climkit refuses; return how long."""
        now = self._clock()
        rest = self._rests.setdefault(key, _Rest(now))
        if rest.refused_since is None:
            rest.refused_since = now
        length = REFUSED_RESTS[min(rest.refusals, len(REFUSED_RESTS) - 1)]
        if length > LONGEST_REST and not self.is_refused_for_long(key):
            length = LONGEST_REST
        else:
            rest.refusals += 1
        self._begin(rest, length)
        return length

    def succeeded(self, key: K) -> None:
        """Note an answer: the trouble is over."""
        self._rests.pop(key, None)
        self._rests.pop(None, None)

    def _after_trouble(
        self, key: K | None, at_least: float | None, first: timedelta | None = None
    ) -> timedelta:
        rest = self._rests.setdefault(key, _Rest(self._clock()))
        if rest.trouble_since is None:
            rest.trouble_since = self._clock()
        first = FIRST_REST if first is None else first
        length = min(first * 2 ** min(rest.troubles, 10), self._longest)
        rest.troubles += 1
        return self._begin(rest, max(length, timedelta(seconds=at_least or 0.0)))

    def _begin(self, rest: _Rest, length: timedelta) -> timedelta:
        """Begin a rest, unless the present one lasts longer."""
        now = self._clock()
        if length.total_seconds() > rest.left(now):
            rest.begun, rest.length = now, length.total_seconds()
        return length

    # What it means

    def left(self, key: K | None) -> timedelta:
        """Return how long a key, or (None) all, still rests."""
        now = self._clock()
        rests = (self._rests.get(one) for one in {key, None})
        return timedelta(seconds=max((r.left(now) for r in rests if r), default=0.0))

    def is_resting(self, key: K | None) -> bool:
        """Whether a key, or (None) all, is not to be asked for now."""
        return self.left(key).total_seconds() > EARLY

    def is_in_trouble(self, key: K | None) -> bool:
        """Whether a key, or (None) all, had trouble or was refused since its last success."""
        return key in self._rests

    def is_refused_for_long(self, key: K) -> bool:
        """Whether Climkit has refused a key for so long that it is believed."""
        rest = self._rests.get(key)
        if rest is None or rest.refused_since is None:
            return False
        return self._clock() - rest.refused_since >= BELIEVED_AFTER.total_seconds()

    def trouble_lasts(self, keys: Iterable[K], length: timedelta) -> bool:
        """Whether one of these keys has been in trouble for so long."""
        now = self._clock()
        rests = (self._rests.get(key) for key in keys)
        begun = (rest.trouble_since for rest in rests if rest)
        return any(now - since >= length.total_seconds() for since in begun if since is not None)

    @property
    def next_end(self) -> float | None:
        """When the next rest ends, by the clock; None without one."""
        now = self._clock()
        ends = (rest.begun + rest.length for rest in self._rests.values() if rest.left(now) > 0)
        return min(ends, default=None)
