"""Accounts: their tokens, and the rate limit each of them is held to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import secrets

from .errors import RefusalError

TOKEN_LIFE = timedelta(minutes=15)
ANONYMOUS = "anonymous"

# More tokens are not remembered: a server may run for years.
MANY_TOKENS = 1000


class Accounts:
    """Passwords by user name, and the tokens given out."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        """Know these accounts; nobody is signed in."""
        self.passwords = dict(passwords)
        self._tokens: dict[str, tuple[str, datetime]] = {}

    def sign_in(self, username: object, password: object, now: datetime) -> tuple[str, datetime]:
        """A new token, and until when it is valid; 401 for a wrong password, 400 without one."""
        if not isinstance(username, str) or not isinstance(password, str):
            raise RefusalError(400, "username and password are needed")
        if self.passwords.get(username) != password:
            raise RefusalError(401, "bad credentials")
        token = ".".join(secrets.token_urlsafe(24) for _ in range(3))
        valid_until = now + TOKEN_LIFE
        self._tokens[token] = (username, valid_until)
        if len(self._tokens) > MANY_TOKENS:
            del self._tokens[next(iter(self._tokens))]
        return token, valid_until

    def holder(self, authorization: str, now: datetime) -> tuple[str | None, bool]:
        """Whose token a header holds, None for an unknown one, and whether it is still valid."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or token not in self._tokens:
            return None, False
        account, valid_until = self._tokens[token]
        return account, now < valid_until

    def revoke_tokens(self) -> None:
        """Make every token invalid."""
        never = datetime.min.replace(tzinfo=UTC)
        self._tokens = {token: (account, never) for token, (account, _) in self._tokens.items()}


@dataclass
class _Traffic:
    """An account's requests: when the last one was let in, and how many run now."""

    last_start: float | None = None
    running: int = 0


@dataclass
class Gate:
    """Lets in one request of an account at a time interval, and counts who does not keep to it.

    violations: requests that came too soon. overlaps: those that came while another one ran.
    """

    violations: int = 0
    overlaps: int = 0
    _traffic: dict[str, _Traffic] = field(default_factory=dict)

    @contextmanager
    def admitted(self, account: str, start: float, spacing: float) -> Iterator[None]:
        """Let a request run that started then (seconds, monotonic); 429 if it came too soon."""
        traffic = self._traffic.setdefault(account, _Traffic())
        self.overlaps += traffic.running > 0
        if traffic.last_start is not None and start - traffic.last_start < spacing:
            self.violations += 1
            raise RefusalError(429, "too many requests")
        traffic.last_start = start
        traffic.running += 1
        try:
            yield
        finally:
            traffic.running -= 1
