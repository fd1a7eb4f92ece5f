"""What Climkit does not answer for: it keeps nothing else waiting, and is not forgotten.

Each night it is asked for last, and for half as much each time, until only the hours are left that
Climkit never answers for. No I/O, no clock.
"""

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
    """The full hours of each feed that Climkit did not answer for; so some were never read."""

    def __init__(self, record: dict[str, list[Unanswered]]) -> None:
        """Begin with what is remembered."""
        self._record = record

    def of(self, feed: Feed) -> list[Unanswered]:
        """Return those of a feed in the order they are asked for again: longest ranges first.

        Of ranges of the same length those come first that were asked for less recently.
        """
        return sorted(self._record.get(feed.key, ()), key=lambda one: one.start - one.end)

    def never_read(self, feed: Feed) -> list[Unanswered]:
        """Return those of a feed that were never read, in the same order."""
        return [one for one in self.of(feed) if one.is_missing]

    def cover(self, feed: Feed, hours: TimeRange) -> bool:
        """Whether hours are among them, all of them."""
        return not without([hours], *self.of(feed))

    def add_halves(self, feed: Feed, hours: TimeRange, *, never_read: bool = False) -> None:
        """Add a range, as the halves that are asked for next; what was never read stays so."""
        hours = hours.touched_hours
        missing = [hours] if never_read else within(self.never_read(feed), hours)
        parts = [(part, True) for part in missing]
        parts += [(part, False) for part in without([hours], *missing)]
        self._record[feed.key] = self._without(feed, hours) + [
            Unanswered(half.start, half.end, is_missing)
            for part, is_missing in parts
            for half in part.halves
        ]

    def mark_read(self, feed: Feed, hours: TimeRange) -> None:
        """Take away what was answered for."""
        if left := self._without(feed, hours):
            self._record[feed.key] = left
        else:
            self._record.pop(feed.key, None)

    def _without(self, feed: Feed, hours: TimeRange) -> list[Unanswered]:
        return [
            Unanswered(part.start, part.end, one.is_missing)
            for one in self.of(feed)
            for part in without([TimeRange(one.start, one.end)], hours)
        ]
