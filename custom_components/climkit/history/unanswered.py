"""What Climkit does not answer for: it keeps nothing else waiting, and is not forgotten.

Each night it is asked for last, and for half as much each time, until only the hours are left that
Climkit never answers for. No I/O, no clock.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from ..api import (
    ClimkitAuthenticationError,
    ClimkitCertificateError,
    ClimkitError,
    ClimkitLoginError,
    ClimkitRateLimitError,
)
from ..measures import Feed
from ..statistics import TimeRange, within, without
from ..store import Unanswered

_OF_NO_WINDOW = (
    ClimkitAuthenticationError,
    ClimkitCertificateError,
    ClimkitLoginError,
    ClimkitRateLimitError,
)


def may_be_of_the_hours(err: ClimkitError) -> bool:
    """Whether an error may be one of the hours that were asked for."""
    return not isinstance(err, _OF_NO_WINDOW)


class UnansweredHours:
    """The full hours of each feed that Climkit did not answer for, longest ranges first."""

    def __init__(self, record: dict[str, list[Unanswered]]) -> None:
        """Begin with what is remembered."""
        self._record = record

    def of(self, feed: Feed) -> Sequence[Unanswered]:
        """Return those of a feed in the order they are asked for again."""
        return self._record.get(feed.key, ())

    def hold(self, feed: Feed, hours: TimeRange) -> bool:
        """Whether hours are among them, all of them."""
        return not without([hours], *self.of(feed))

    def are_missing(self, feed: Feed, hours: TimeRange) -> bool:
        """Whether some of these hours were never read."""
        return any(one.is_missing and one.overlap(hours) for one in self.of(feed))

    def is_any_missing(self, feed: Feed, since: datetime) -> bool:
        """Whether some hours of a feed's history, which begins at `since`, were never read."""
        return any(one.is_missing and one.end > since for one in self.of(feed))

    def add(self, feed: Feed, hours: TimeRange, *, is_missing: bool = False) -> None:
        """Add both halves of a range; what was never read stays so.

        Of ranges of the same length those come first that were asked for less recently.
        """
        hours = hours.touched_hours
        missing = [hours] if is_missing else within(self._missing(feed), hours)
        parts = [(part, True) for part in missing]
        parts += [(part, False) for part in without([hours], *missing)]
        halves = [
            Unanswered(half.start, half.end, is_missing)
            for part, is_missing in parts
            for half in part.halves
        ]
        kept = self._without(feed, hours)
        self._record[feed.key] = sorted(kept + halves, key=lambda one: one.start - one.end)

    def mark_read(self, feed: Feed, hours: TimeRange) -> None:
        """Take away what was answered for."""
        if left := self._without(feed, hours):
            self._record[feed.key] = left
        else:
            self._record.pop(feed.key, None)

    def _missing(self, feed: Feed) -> Iterable[TimeRange]:
        return (TimeRange(one.start, one.end) for one in self.of(feed) if one.is_missing)

    def _without(self, feed: Feed, hours: TimeRange) -> list[Unanswered]:
        return [
            Unanswered(part.start, part.end, one.is_missing)
            for one in self.of(feed)
            for part in without([TimeRange(one.start, one.end)], hours)
        ]
