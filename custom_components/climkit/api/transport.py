"""One request to the Climkit API: token, queue, retries, error mapping, size limit.

The document describes no error answers. What each status is taken for is therefore assumed; the
words "too many requests" and refused meters were observed. Between us and the API stand gateways,
whose answers say nothing of what it thinks: only JSON is believed to be its own.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
import json
import logging
import re
from time import monotonic
from typing import NamedTuple, override
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractStreamWriter
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
    ClimkitCertificateError,
    ClimkitClosedError,
    ClimkitConnectionError,
    ClimkitLoginError,
    ClimkitRateLimitError,
    ClimkitResponseError,
)
from .login import REFUSAL_PAUSE, Login, is_notice, speaks_of_credentials
from .queue import GIVEN_UP, LONGEST_WAIT, Priority, QueuePausedError, RequestQueue
from .stats import RequestStats
from .timestamps import parse_timestamp

_LOGGER = logging.getLogger(__name__)

# Seconds. Answers can be slow: the server may validate data only when it is asked for (document).
REQUEST_TIMEOUT = 90.0
CONNECT_TIMEOUT = 15.0

MAX_BODY = 32 * 1024 * 1024
MAX_ERROR = 64 * 1024
CHUNK = 64 * 1024

# A request is tried this often; the first wait between, in seconds, each next one twice as long,
# and up to so many seconds more by chance.
ATTEMPTS = 4
RETRY_WAIT = 2.0
RETRY_JITTER = 1.0

# A token lives 15 minutes (document), and a minute less here. An end that is sooner, or much later,
# means that the clocks differ.
TOKEN_MARGIN = timedelta(minutes=1)
TOKEN_FALLBACK = timedelta(minutes=14)
TOKEN_LONGEST = timedelta(hours=1)

# A longer pause than this, in seconds, is not believed.
LONGEST_RETRY_AFTER = 3600.0

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_TOKEN = re.compile(r"[\x21-\x7e]+")

# What is asked to learn whether a token works, and what may stand in for it: little lists.
_SITES = "/all_installations"
_SMALL = re.compile(r"/(?:all_installations|installation_infos/.*|meter_info/.*)")

_REFUSALS = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


class _RefusedError(Exception):
    """The API itself refused a request: the token's fault, or the resource's, or the login's."""

    def __init__(self, answer: object, status: int | None = None) -> None:
        """Keep the JSON answer and the HTTP status."""
        super().__init__()
        self.answer = answer
        self.status = status


class _Request(NamedTuple):
    method: str
    path: str
    body: Mapping[str, str] | None = None
    params: Mapping[str, str] | None = None
    priority: Priority = Priority.LIVE
    connect_within: float = CONNECT_TIMEOUT
    """Seconds."""

    @override
    def __repr__(self) -> str:
        """Name the request in logs and errors, without what is sent."""
        return f"{self.method} {self.path}"


class _Body(aiohttp.BytesPayload):
    """A JSON body that tells when it leaves, and on which connection."""

    def __init__(
        self, content: Mapping[str, str], on_leave: Callable[[AbstractStreamWriter], None]
    ) -> None:
        """Prepare to send JSON; `on_leave` is called with a connection that is there."""
        super().__init__(orjson.dumps(content), content_type="application/json")
        self._on_leave = on_leave

    @override
    async def write(self, writer: AbstractStreamWriter) -> None:
        self._on_leave(writer)
        await super().write(writer)

    @override
    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        self._on_leave(writer)
        await super().write_with_length(writer, content_length)


class _LostError(aiohttp.ClientConnectionError):
    """A connection that broke while an answer was expected; its text is the error's name."""


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a request by itself: each try takes its turn in the queue."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _LostError(type(error).__name__) from None


class _Departure:
    """When a request can have left, as far as the distance to the next one is concerned.

    On a connection that has carried an answer before it leaves at once. A new one takes its time,
    behind a gateway unseen by us too, so the distance counts from the answer. Of a request without
    a body nobody knows which connection it takes.
    """

    def __init__(self, queue: RequestQueue, proven: WeakSet[asyncio.WriteTransport]) -> None:
        """Prepare for a request whose turn it is; `proven` are connections that worked."""
        self._queue = queue
        self._proven = proven
        self._connection: asyncio.WriteTransport | None = None
        self._is_known = False

    def leave(self, writer: AbstractStreamWriter) -> None:
        """Note the connection on which the request leaves now."""
        self._connection = getattr(writer, "transport", None)
        self._is_known = self._connection in self._proven
        self._queue.keep_distance()

    def arrived(self) -> None:
        """Note that there is an answer."""
        if not self._is_known:
            self._queue.keep_distance()
        if self._connection:
            self._proven.add(self._connection)

    def gave_up(self) -> None:
        """Note that nobody waits for the answer any more."""
        self._queue.keep_distance(GIVEN_UP)


class Transport:
    """Makes the requests of one account, one at a time."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, login: Login, queue: RequestQueue
    ) -> None:
        """Keep what requests need; nothing is sent yet."""
        self._session = session
        self._url = url.rstrip("/")
        self._login = login
        self._queue = queue
        self._proven = WeakSet[asyncio.WriteTransport]()
        self._known = _SITES
        self.stats = RequestStats()
        self.is_certificate_wrong = False
        self._is_closed = False
        self._answered: set[str] = set()

    def close(self) -> None:
        """Ask for nothing any more; what waits for its turn ends with ClimkitClosedError."""
        self._is_closed = True

    @property
    def _token(self) -> str | None:
        return self._login.token

    async def authenticate(self, *, connect_within: float | None = None) -> None:
        """Fetch a new token, for a person who waits.

        `connect_within`: seconds for a connection, which then is tried once only. Raises
        ClimkitAuthenticationError if the API refuses the credentials, and the errors of `call`
        otherwise.
        """
        if connect_within is not None:
            await self._renew(self._token, at_once=True, connect_within=connect_within)
            return
        async for attempt in _attempts():
            with attempt:
                await self._renew(self._token, at_once=True)

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
        self._answered.add(path)
        found = await _in_thread(lambda: convert(_parse(answer, request)))
        if _SMALL.fullmatch(path):
            self._known = path
        return found

    async def _authorized(self, request: _Request) -> bytes:
        """Make a request with a token; find out what it means if that is refused.

        A token that is accepted for something else is no reason to log in again: then it is this
        thing that is refused. One that is not is replaced, and the request repeated.
        """
        token = self._login.valid_token or await self._renew(self._token)
        while True:
            try:
                return await self._send(request, token)
            except _RefusedError as refusal:
                status = refusal.status
            if self._token == token and await self._is_accepted(token, request):
                raise ClimkitAccessDeniedError(f"{request}: access denied", status=status)
            token = await self._renew(token, refused=request)

    async def _is_accepted(self, token: str, refused: _Request) -> bool:
        """Whether a token works for something else than what was refused with it.

        That it was just seen to work is believed, but for what was answered before: there it is
        more likely that another login has ended the token since.
        """
        if self._login.is_proved and refused.path not in self._answered:
            return True
        self._answered.discard(refused.path)
        self._login.note_doubted()
        for path in dict.fromkeys((_SITES, self._known)):
            if path == refused.path:
                continue
            request = _Request(method="GET", path=path, priority=refused.priority)
            try:
                answer = await self._send(request, token)
            except _RefusedError:
                continue
            await _in_thread(partial(_parse, answer, request))
            self._login.note_proved()
            return True
        return False

    async def _renew(
        self,
        old: str | None,
        *,
        refused: _Request | None = None,
        at_once: bool = False,
        connect_within: float = CONNECT_TIMEOUT,
    ) -> str:
        """Log in, unless another task has replaced the `old` token in the meantime.

        `refused`: what was refused with it, where that is the reason. `at_once`: a person waits,
        who is told what the first answer says.
        """
        login = self._login
        async with login.lock:
            if login.token and login.token != old:
                return login.token
            if not at_once:
                login.check()
            if refused and not login.may_replace:
                message = f"{refused}: access denied to all"
                raise ClimkitAccessDeniedError(message, others_answered=False)
            try:
                token = await self._log_in(connect_within)
            except ClimkitClosedError:
                raise
            except ClimkitConnectionError, ClimkitRateLimitError:
                login.note_trouble()
                raise
            except ClimkitResponseError:
                login.note_strange()
                raise
            except _RefusedError as refusal:
                answer = {"status": refusal.status, "said": refusal.answer}
            else:
                if refused:
                    login.note_replaced()
                return token
            is_told = speaks_of_credentials(answer)
            (login.note_refused if is_told else login.note_strange)()
            if login.is_refused or (at_once and not is_notice(answer)):
                raise ClimkitAuthenticationError("The API refused the credentials")
            raise ClimkitLoginError(
                "The API refused the login, for now", REFUSAL_PAUSE if is_told else None
            )

    async def _log_in(self, connect_within: float) -> str:
        """Ask for a token, and keep it."""
        credentials = {"username": self._login.username, "password": self._login.password}
        request = _Request(
            method="POST", path="/auth", body=credentials, connect_within=connect_within
        )
        answer = await self._send(request, token=None)
        grant = await _in_thread(partial(_parse, answer, request))
        if not isinstance(grant, Mapping):
            raise ClimkitResponseError(f"{request}: not an object", HTTPStatus.OK)
        token = grant.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            if speaks_of_credentials(grant):
                raise _RefusedError(grant)
            raise ClimkitResponseError(f"{request}: no token", HTTPStatus.OK)
        now = datetime.now(UTC)
        self._login.note_token(token, _renew_at(grant.get("valid_until"), now) - now)
        return token

    async def _send(self, request: _Request, token: str | None) -> bytes:
        """Take a turn, make one request and return the body of a good answer."""
        try:
            self._refuse_if_closed(request)
            async with self._queue.turn(request.priority):
                self._refuse_if_closed(request)
                return await self._send_now(request, token)
        except QueuePausedError as pause:
            message = f"{request}: the API asked for a pause"
            raise ClimkitRateLimitError(message, pause.seconds) from None

    def _refuse_if_closed(self, request: _Request) -> None:
        if self._is_closed:
            raise ClimkitClosedError(f"{request}: the client is closed")

    async def _send_now(self, request: _Request, token: str | None) -> bytes:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT, connect=request.connect_within)
        departure = _Departure(self._queue, self._proven)
        started = monotonic()
        self.stats.note_request(datetime.now(UTC))
        is_answered = False
        try:
            async with self._session.request(
                request.method,
                self._url + request.path,
                data=_Body(request.body, departure.leave) if request.body is not None else None,
                params=request.params,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                middlewares=(_once,),
            ) as response:
                is_answered = True
                departure.arrived()
                self.is_certificate_wrong = False
                answer = await _read(response, request)
        except (aiohttp.ClientError, OSError) as error:
            self.stats.note_error(_name(error))
            self.is_certificate_wrong = isinstance(error, aiohttp.ClientConnectorCertificateError)
            kind = ClimkitCertificateError if self.is_certificate_wrong else ClimkitConnectionError
            # Not chained: aiohttp's errors may carry the request's headers.
            raise kind(f"{request}: {_reason(error)}") from None
        finally:
            if not is_answered:
                departure.gave_up()
        self._check(response, answer, request, is_login=token is None)
        self._queue.ease()
        seconds = monotonic() - started
        self.stats.note_answer(len(answer), seconds, datetime.now(UTC))
        _LOGGER.debug("%s: %d, %d bytes, %.2f s", request, response.status, len(answer), seconds)
        return answer

    def _check(
        self,
        response: aiohttp.ClientResponse,
        answer: bytes,
        request: _Request,
        *,
        is_login: bool,
    ) -> None:
        """Raise what a bad status means."""
        status = response.status
        if 200 <= status < 300:
            return
        message = f"{request}: HTTP {status}"
        _LOGGER.debug("%s", message)
        is_limit = status == HTTPStatus.TOO_MANY_REQUESTS
        self.stats.note_error(f"HTTP {status}", is_limit=is_limit)
        # A date is compared with the server's own: our clock may be wrong.
        now = _http_date(response.headers.get("Date", "")) or datetime.now(UTC)
        pause = _retry_after(response.headers.get("Retry-After"), now)
        if is_limit:
            self._queue.back_off(pause)
            raise ClimkitRateLimitError(message, pause)
        if status in _REFUSALS or (is_login and status == HTTPStatus.BAD_REQUEST):
            raise _refusal(answer, request, status)
        if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:
            self._queue.pause(pause or 0.0)
            raise ClimkitConnectionError(message, pause)
        raise ClimkitResponseError(message, status)


def _attempts() -> AsyncRetrying:
    """Return the tries of a request: again after what may soon pass by itself."""
    return AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=RETRY_WAIT) + wait_random(0.0, RETRY_JITTER),
        reraise=True,
    )


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, ClimkitLoginError | ClimkitCertificateError | ClimkitClosedError):
        return False
    if not isinstance(error, ClimkitConnectionError | ClimkitRateLimitError):
        return False
    return (error.retry_after or 0.0) <= LONGEST_WAIT


async def _read(response: aiohttp.ClientResponse, request: _Request) -> bytes:
    """Read a body, but no more than the limit of it; of an error, its beginning."""
    answer = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        answer += chunk
        if not response.ok and len(answer) > MAX_ERROR:
            response.close()
            break
        if len(answer) > MAX_BODY:
            response.close()
            raise ClimkitResponseError(
                f"{request}: answer too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
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


def _refusal(answer: bytes, request: _Request, status: int) -> Exception:
    """Return what a refusal means: the API's own is JSON, anything else comes from before it."""
    message = f"{request}: HTTP {status}"
    try:
        said = _parse(answer, request)
    except ClimkitResponseError:
        said = None
    if not isinstance(said, Mapping | list | str):
        return ClimkitConnectionError(message)
    return _RefusedError(said, status)


def _renew_at(valid_until: object, now: datetime) -> datetime:
    """Return when to replace a token: a minute before its end, if that end can be true."""
    end = parse_timestamp(valid_until, UTC)
    if end is None or not now + TOKEN_FALLBACK < end <= now + TOKEN_LONGEST:
        return now + TOKEN_FALLBACK
    return end - TOKEN_MARGIN


def _retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number or an HTTP date."""
    if header is None:
        return None
    if _SECONDS.fullmatch(header.strip()):
        return min(float(header), LONGEST_RETRY_AFTER)
    if (until := _http_date(header)) is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _http_date(text: str) -> datetime | None:
    """Return the time, in UTC, that an HTTP date names."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError, OverflowError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reason(error: Exception) -> str:
    """Say what went wrong on the way, without what was sent."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return str(error)
    return "time-out" if isinstance(error, TimeoutError) else _name(error)


def _name(error: Exception) -> str:
    return str(error) if isinstance(error, _LostError) else type(error).__name__
