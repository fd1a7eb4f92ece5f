"""The credentials of an account: its token, and whether the API still accepts them.

Everything that uses the same credentials shares one `Login`, so one token serves all of it, and
nobody knocks at a door that was just shut to another. A refusal of the credentials is believed
when it came several times in a row, minutes apart: gateways and deployments refuse good ones too.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
import re
from typing import override

from .exceptions import ClimkitAuthenticationError, ClimkitLoginError

# So many refusals in a row, each so many seconds after the one before, are believed; and what is
# asked once more after a refusal waits as long.
BELIEVED_REFUSALS = 3
REFUSAL_PAUSE = 300.0

# Seconds after an answer to the login that was not understood.
STRANGE_PAUSE = 60.0

# A token that was just seen to work is not looked at again for so many seconds.
PROOF_HOLDS = 60.0

# Compiled when there is a refusal to read, which is seldom: that takes a while.
# How an answer says that the credentials are wrong (assumed; English, as the API's errors are),
# and how it speaks of something that passes.
_CREDENTIALS = r"(?:credentials?|passwords?|user ?names?|users?(?! ?agent)|logins?|accounts?)"
_WRONG = r"(?:invalid|wrong|bad|incorrect|unknown|unrecogni[sz]ed|no such)"
_IS_WRONG = r"(?:invalid|wrong|incorrect|unknown|not (?:found|valid|correct|known|exist|match))"
_SAYS_SO = (
    rf"\b{_WRONG}(?:\W+\w+){{0,2}}?\W+{_CREDENTIALS}\b"
    rf"|\b{_CREDENTIALS}(?:\W+\w+){{0,4}}?\W+{_IS_WRONG}\b"
    r"|\bunauthori[sz]ed\b|\binvalid grant\b|\b(?:authentication|login) failed\b"
)
_PASSES = r"maintenance|unavailable|temporar|overload|\blater\b|too.?many.?requests|\brate.?limit"

# Between the words of a name such as invalid_grant or InvalidCredentials.
_SEAM = r"_|(?<=[a-z])(?=[A-Z])"

LONGEST_TEXT = 1000

_STATUS = {"status", "statusCode", "status_code", "code"}


class Login:
    """What is known of an account's credentials. Times are the event loop's, in seconds."""

    def __init__(self, username: str, password: str) -> None:
        """Begin without a token; the credentials count as good."""
        self.username = username
        self.password = password
        self.lock = asyncio.Lock()
        self.token: str | None = None
        self._ends = 0.0
        self._proved_at: float | None = None
        self._replaced_at: float | None = None
        self._refusals = 0
        self._is_permitted = False
        self._rests_until = 0.0

    @override
    def __repr__(self) -> str:
        """Show nothing of what it holds."""
        return "<Login>"

    @property
    def valid_token(self) -> str | None:
        """Return the token; None where there is none, or it is to be replaced."""
        return self.token if _now() < self._ends else None

    @property
    def is_refused(self) -> bool:
        """Whether the credentials count as refused: then only a person's act is a reason to try."""
        return self._refusals >= BELIEVED_REFUSALS and not self._is_permitted

    def check(self) -> None:
        """Raise unless a login may be tried without a person who waits for it.

        ClimkitAuthenticationError: the credentials are refused. ClimkitLoginError: too soon.
        """
        if self.is_refused:
            raise ClimkitAuthenticationError("The API refused the credentials")
        if (wait := self._rests_until - _now()) > 0:
            raise ClimkitLoginError("The last login failed; the next one waits", wait)

    def note_token(self, token: str, lives: timedelta) -> None:
        """Take a new token, to be used for so long."""
        self.token = token
        self._ends = _now() + lives.total_seconds()
        self._proved_at = None
        self._refusals = 0
        self._is_permitted = False
        self._rests_until = 0.0

    def note_refused(self) -> None:
        """Note that the API refused the credentials; soon after one another they count once."""
        now = _now()
        if now >= self._rests_until:
            self._refusals += 1
            self._is_permitted = False
        self._rests_until = now + REFUSAL_PAUSE

    def note_trouble(self) -> None:
        """Note a login that failed for another reason: what was refused before was trouble too.

        Refusals that were believed stay so until a login works, also where a person had it tried.
        """
        if self._refusals < BELIEVED_REFUSALS:
            self._refusals = 0

    def note_strange(self) -> None:
        """Note an answer to the login that was not understood."""
        self.note_trouble()
        self._rests_until = max(self._rests_until, _now() + STRANGE_PAUSE)

    def permit(self) -> None:
        """Let refused credentials be tried once more, since a person wants it."""
        if self.is_refused:
            self._is_permitted = True
            self._rests_until = 0.0

    # What a refused request means

    def note_proved(self) -> None:
        """Note that the token was just accepted, for the sake of this question."""
        self._proved_at = _now()

    @property
    def is_proved(self) -> bool:
        """Whether the token was lately seen to work."""
        return self._proved_at is not None and 0 <= _now() - self._proved_at < PROOF_HOLDS

    def note_doubted(self) -> None:
        """Note that the token has to be looked at again: an older proof does not hold any more."""
        self._proved_at = None

    @property
    def may_replace(self) -> bool:
        """Whether a refused token is a reason to log in.

        Not again minutes later: if a fresh token is refused as well, it is not the token.
        """
        replaced = self._replaced_at
        return replaced is None or not 0 <= _now() - replaced < REFUSAL_PAUSE

    def note_replaced(self) -> None:
        """Note that a login has replaced a refused token; one that failed replaces nothing."""
        self._replaced_at = _now()


def speaks_of_credentials(answer: object) -> bool:
    """Whether a JSON answer to a login, without a token, says that the credentials are wrong.

    The token is there but empty, a status is 401, or a text says so. A notice is none, whatever
    words it has: a maintenance asks for the password again later.
    """
    return not is_notice(answer) and any(
        (key == "access_token" and value in (None, ""))
        or (key in _STATUS and str(value) == "401")
        or (isinstance(value, str) and _says_so(value[:LONGEST_TEXT]))
        for key, value in _values(answer)
    )


def _says_so(text: str) -> bool:
    return bool(re.search(_SAYS_SO, re.sub(_SEAM, " ", text), re.IGNORECASE))


def is_notice(answer: object) -> bool:
    """Whether a JSON answer speaks of something that passes, such as a maintenance or a limit."""
    texts = (value for _, value in _values(answer) if isinstance(value, str))
    return any(re.search(_PASSES, text[:LONGEST_TEXT], re.IGNORECASE) for text in texts)


def _values(answer: object) -> Iterator[tuple[object, object]]:
    """Return the values in a JSON value that hold no others, each with its key."""
    left: list[tuple[object, object]] = [(None, answer)]
    while left:
        key, value = left.pop()
        match value:
            case Mapping():
                left += value.items()
            case list():
                left += ((key, inner) for inner in value)
            case _:
                yield key, value


def _now() -> float:
    return asyncio.get_running_loop().time()
