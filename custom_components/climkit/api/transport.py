"""One request to the Climkit API: token, queue, retries, error mapping, size limit.

The document describes no error answers. What each status is taken for is therefore assumed; the
words "too many requests" and refused meters were observed.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import json
import logging
import re
from time import monotonic
from typing import override

import aiohttp
import orjson
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from .exceptions import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitConnectionError,
    ClimkitRateLimitError,
    ClimkitResponseError,
)
from .figures import Figures
from .queue import MAX_PAUSE, Priority, RequestQueue
from .timestamps import parse_timestamp

_LOGGER = logging.getLogger(__name__)

# Seconds. Answers can be slow: the server may validate data only when it is asked for (document).
REQUEST_TIMEOUT = 90.0
CONNECT_TIMEOUT = 15.0

MAX_BODY = 32 * 1024 * 1024
CHUNK = 64 * 1024

# A request is tried this often; the waits between, in seconds, grow from the first to the longest.
ATTEMPTS = 4
RETRY_WAIT = 2.0
RETRY_WAIT_LONGEST = 30.0
RETRY_JITTER = 1.0

# A token lives 15 minutes (document). An end that cannot be true means that the clocks differ.
TOKEN_MARGIN = timedelta(minutes=1)
TOKEN_FALLBACK = timedelta(minutes=14)
TOKEN_LONGEST = timedelta(hours=1)

# A longer pause than this, in seconds, is not believed.
LONGEST_RETRY_AFTER = 86_400.0

_TOKEN = re.compile(r"[\x21-\x7e]+")

# What makes a login's answer without a token, but with a good status, a refusal (assumed).
_WRONG_CREDENTIALS = re.compile(rb"credential|password|unauthori[sz]ed", re.IGNORECASE)

_REFUSALS = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


class _RefusedError(Exception):
    """The API refused a request: the token's fault, or the resource's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    path: str
    body: Mapping[str, str] | None = field(default=None, repr=False)
    params: Mapping[str, str] | None = None
    priority: Priority = Priority.LIVE

    @override
    def __str__(self) -> str:
        """Name the request in logs and errors, without what is sent."""
        return f"{self.method} {self.path}"


class Transport:
    """Makes the requests of one account, one at a time."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        username: str,
        password: str,
        queue: RequestQueue,
    ) -> None:
        """Keep what requests need; nothing is sent yet."""
        self._session = session
        self._url = url.rstrip("/")
        self._username = username
        self._password = password
        self._queue = queue
        self.figures = Figures()
        self._login = asyncio.Lock()
        self._token: str | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    async def authenticate(self) -> None:
        """Fetch a new token.

        Raises ClimkitAuthenticationError if the API refuses the credentials, and the errors of
        `call` otherwise.
        """
        async for attempt in _attempts():
            with attempt:
                await self._renew(self._token)

    async def call[T](
        self,
        method: str,
        path: str,
        convert: Callable[[object], T],
        *,
        body: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        priority: Priority = Priority.LIVE,
    ) -> T:
        """Make a request and return what `convert` makes of the JSON answer.

        Big answers would stall the event loop, so `convert` runs in a thread; it raises
        ClimkitResponseError if the answer has the wrong shape. See the exceptions for the rest.
        """
        request = _Request(method=method, path=path, body=body, params=params, priority=priority)
        async for attempt in _attempts():
            with attempt:
                answer = await self._authorized(request)
        return await _in_thread(lambda: convert(_parse(answer, request)))

    async def _authorized(self, request: _Request) -> bytes:
        """Make a request with a token; if it is refused, once more with a new one."""
        token = await self._valid_token()
        try:
            return await self._send(request, token)
        except _RefusedError:
            token = await self._renew(token)
        try:
            return await self._send(request, token)
        except _RefusedError:
            raise ClimkitAccessDeniedError(f"{request}: access denied") from None

    async def _valid_token(self) -> str:
        if self._token and datetime.now(UTC) < self._renew_at:
            return self._token
        return await self._renew(self._token)

    async def _renew(self, old: str | None) -> str:
        """Log in, unless another task has replaced the `old` token in the meantime."""
        async with self._login:
            if self._token and self._token != old:
                return self._token
            credentials = {"username": self._username, "password": self._password}
            request = _Request(method="POST", path="/auth", body=credentials)
            try:
                answer = await self._send(request, token=None)
            except _RefusedError:
                raise ClimkitAuthenticationError("The API refused the credentials") from None
            grant = await _in_thread(lambda: _parse(answer, request))
            if not isinstance(grant, Mapping):
                raise ClimkitResponseError(f"{request}: not an object", HTTPStatus.OK)
            token = grant.get("access_token")
            if not isinstance(token, str) or not _TOKEN.fullmatch(token):
                if _refuses(grant, answer):
                    raise ClimkitAuthenticationError("The API answered the login without a token")
                raise ClimkitResponseError(f"{request}: no token", HTTPStatus.OK)
            self._token = token
            self._renew_at = _renew_at(grant.get("valid_until"), datetime.now(UTC))
            return token

    async def _send(self, request: _Request, token: str | None) -> bytes:
        """Take a turn, make one request and return the body of a good answer."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT, connect=CONNECT_TIMEOUT)
        async with self._queue.turn(request.priority):
            started = monotonic()
            self.figures.note_request(datetime.now(UTC))
            try:
                async with self._session.request(
                    request.method,
                    self._url + request.path,
                    json=request.body,
                    params=request.params,
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response:
                    self._check(response, request, is_login=token is None)
                    answer = await _read(response, request)
            except (aiohttp.ClientError, OSError) as error:
                self.figures.note_error(type(error).__name__)
                # Not chained: aiohttp's errors may carry the request's headers.
                raise ClimkitConnectionError(f"{request}: {_reason(error)}") from None
            self._queue.ease()
            seconds = monotonic() - started
            self.figures.note_answer(len(answer), seconds, datetime.now(UTC))
            _LOGGER.debug(
                "%s: %d, %d bytes, %.2f s",
                request,
                response.status,
                len(answer),
                seconds,
            )
            return answer

    def _check(
        self, response: aiohttp.ClientResponse, request: _Request, *, is_login: bool
    ) -> None:
        """Raise what a bad status means."""
        status = response.status
        if 200 <= status < 300:
            return
        message = f"{request}: HTTP {status}"
        _LOGGER.debug("%s", message)
        is_limit = status == HTTPStatus.TOO_MANY_REQUESTS
        self.figures.note_error(f"HTTP {status}", is_limit=is_limit)
        pause = _retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        if is_limit:
            self._queue.back_off(pause)
            raise ClimkitRateLimitError(message, pause)
        if status in _REFUSALS or (is_login and status == HTTPStatus.BAD_REQUEST):
            raise _RefusedError(message)
        if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:
            self._queue.pause(pause or 0.0)
            raise ClimkitConnectionError(message, pause)
        raise ClimkitResponseError(message, status)


def _attempts() -> AsyncRetrying:
    """Return the tries of a request: again after what may soon pass by itself."""
    return AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=RETRY_WAIT, max=RETRY_WAIT_LONGEST)
        + wait_random(0.0, RETRY_JITTER),
        reraise=True,
    )


def _may_pass(error: BaseException) -> bool:
    if not isinstance(error, ClimkitConnectionError | ClimkitRateLimitError):
        return False
    return (error.retry_after or 0.0) <= MAX_PAUSE


async def _read(response: aiohttp.ClientResponse, request: _Request) -> bytes:
    """Read a body, but no more than the limit of it."""
    answer = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        answer += chunk
        if len(answer) > MAX_BODY:
            response.close()
            raise ClimkitResponseError(f"{request}: answer too large", response.status)
    return bytes(answer)


def _parse(answer: bytes, request: _Request) -> object:
    """Return the JSON value; where it holds NaN, which orjson refuses, the slower parser's."""
    try:
        try:
            value: object = orjson.loads(answer)
        except orjson.JSONDecodeError:
            value = json.loads(answer)
    except ValueError, RecursionError:
        # Not chained: the parser's error holds the whole answer.
        raise ClimkitResponseError(f"{request}: not JSON", HTTPStatus.OK) from None
    return value


async def _in_thread[T](work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


def _refuses(grant: Mapping[str, object], answer: bytes) -> bool:
    """Whether a login's answer without a token means the credentials (assumed).

    The token is there but empty, or the answer speaks of credentials. Anything else, such as the
    notice of a maintenance, is no reason to ask the user for a password.
    """
    is_empty = "access_token" in grant and grant["access_token"] in (None, "")
    return is_empty or _WRONG_CREDENTIALS.search(answer) is not None


def _renew_at(valid_until: object, now: datetime) -> datetime:
    """Return when to replace a token: a minute before its end, if that end can be true."""
    end = parse_timestamp(valid_until, UTC)
    if end is None or not now + TOKEN_MARGIN < end <= now + TOKEN_LONGEST:
        return now + TOKEN_FALLBACK
    return end - TOKEN_MARGIN


def _retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number or an HTTP date."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError, OverflowError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _reason(error: Exception) -> str:
    """Say what went wrong on the way, without what was sent."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return str(error)
    return "time-out" if isinstance(error, TimeoutError) else type(error).__name__
