"""The longest window that Climkit answers for a site. No I/O, no clock.

Nobody knows whether there is one. What is not answered may be too long, or in trouble that no
shorter window would end. So after a failure half as much is asked for, down to an hour, and after
a success twice as much. A longest window is believed, and remembered, once longer ones failed twice
after one that worked; each day a longer one is tried, and if it works a longer one still.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus

from ..api import (
    HOUR,
    ClimkitAccessDeniedError,
    ClimkitCertificateError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitLoginError,
    ClimkitResponseError,
)
from ..store import WindowRecord
from .page_size import LONGEST_PAGE

SHORTEST_WINDOW = HOUR

# A longer window than the believed one is tried this often.
TRIED_EACH = timedelta(days=1)

# So often longer windows have to fail after shorter ones that worked.
BELIEVED_AFTER = 2

# The answer may be another one for a shorter window (assumed). The client takes an answer that is
# too large for 413 too. 422 may be a refusal, but also what some frameworks say of a wrong window.
_OF_LENGTH = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


def is_refused_at_once(err: ClimkitError) -> bool:
    """Whether Climkit answered at once, so that a shorter window may be asked for at once."""
    if isinstance(err, ClimkitResponseError | ClimkitAccessDeniedError):
        return err.status in _OF_LENGTH
    return False


def may_be_too_long(err: ClimkitError) -> bool:
    """Whether an error may be one of the window's length: a refusal, no answer or half of one."""
    if isinstance(err, ClimkitLoginError | ClimkitCertificateError):
        return False
    if isinstance(err, ClimkitResponseError) and err.status == HTTPStatus.OK:
        return True  # no JSON, be it a gateway's page or cut
    return is_refused_at_once(err) or isinstance(err, ClimkitConnectionError)


class Windows:
    """How much to ask for at once; the longest window that is believed is remembered."""

    def __init__(self, record: WindowRecord) -> None:
        """Begin with what is remembered."""
        self._record = record
        self._next: timedelta | None = None
        self._worked: timedelta | None = None
        self._failed: timedelta | None = None
        self._failures = 0

    def for_live_data(self) -> Windows:
        """Return others of the same site, which trouble with history does not shorten."""
        return Windows(self._record)

    @property
    def longest(self) -> timedelta | None:
        """Return the longest window that is believed to be answered; None: no limit is known."""
        hours = self._record.hours
        return timedelta(hours=hours) if hours else None

    def length(self, now: datetime) -> timedelta | None:
        """Return how much to ask for at once; None: as much as is wanted."""
        longest, tried = self.longest, self._record.tried
        if longest and tried and not timedelta() <= now - tried < TRIED_EACH:
            longest *= 2
        return min((one for one in (longest, self._next) if one), default=None)

    @contextmanager
    def noted(
        self, asked: timedelta, clock: Callable[[], datetime], *, may_fail: bool = True
    ) -> Iterator[None]:
        """Note whether a window is answered within; the error goes on.

        may_fail: whether an error may be one of the window's length.
        """
        try:
            yield
        except ClimkitError as err:
            if may_fail and may_be_too_long(err):
                self.failed(asked, clock())
            raise
        self.succeeded(asked)

    def succeeded(self, asked: timedelta) -> None:
        """Note that a window was answered."""
        self._worked = max(asked, self._worked or asked)
        if self._failed and asked >= self._failed:
            self._failed, self._failures = None, 0  # it was no matter of length
        if self._next and asked >= self._next:
            self._next = 2 * self._next if 2 * self._next < LONGEST_PAGE else None
        if self.longest and asked > self.longest:
            if asked < LONGEST_PAGE:
                self._record.hours = asked // HOUR
            else:
                self._record.hours = self._record.tried = None

    @property
    def believed(self) -> WindowRecord:
        """Return a copy of what is remembered."""
        return replace(self._record)

    def take_back(self, believed: WindowRecord) -> None:
        """Believe what was believed before: it was no matter of length."""
        self._record.hours, self._record.tried = believed.hours, believed.tried
        self._next, self._failures = None, 0

    def failed(self, asked: timedelta, now: datetime) -> None:
        """Note that a window was not answered.

        Where an hour is not answered either, length is not what matters.
        """
        worked, self._worked = self._worked, None
        if self.longest and asked > self.longest:
            self._record.tried, self._next = now, None
        elif asked <= SHORTEST_WINDOW:
            self._next, self._failures = None, 0
        else:
            self._failed = min(asked, self._failed or asked)
            self._next = _half(asked)
            self._failures += worked is not None and self._next <= worked < asked
        if self._failures >= BELIEVED_AFTER and worked:
            self._record.hours, self._record.tried = worked // HOUR, now
            self._next, self._failures = None, 0


def _half(asked: timedelta) -> timedelta:
    """Return half of a window in full hours, as windows begin at full hours."""
    return max(SHORTEST_WINDOW, asked / 2 // HOUR * HOUR)
