"""The Climkit API over HTTP: accounts, tokens, the rate limit and the endpoints."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from random import Random
import time
from types import TracebackType
from typing import Self
from weakref import WeakSet

from aiohttp import web

from . import faults
from .accounts import ANONYMOUS, Accounts, Gate
from .answers import Answers, Query, parse_query, reading_zone
from .control import add_control
from .errors import RefusalError
from .site import Json, JsonObject, Viewer
from .switches import Fault, FaultKind, Switches
from .world import World

DEFAULT_USERNAME = "cktDevUser_1"
DEFAULT_PASSWORD = "climkit-simulator"
PREFIX = "/api/v1"
PATH_IDS = ("site_id", "meter_id", "sensor_id")


@dataclass
class RequestRecord:
    """One request that arrived, with its answer's status (0: not answered yet).

    at, seconds: start and length on the machine's monotonic clock. path: without /api/v1.
    endpoint: the path's pattern. body: None for /auth, so that no password is kept.
    """

    at: float
    account: str
    method: str
    path: str
    endpoint: str
    query: dict[str, str]
    body: JsonObject | None = None
    status: int = 0
    seconds: float = 0.0


@dataclass
class _Call:
    """A request on its way through the server."""

    request: web.Request
    record: RequestRecord
    body: JsonObject
    is_json: bool
    authorized: bool

    def argument(self, name: str) -> str:
        return self.request.match_info[name]


type _Endpoint = Callable[[SimulatorServer, _Call, Answers], Json]


class SimulatorServer:
    """A Climkit API server; use it as an async context manager."""

    def __init__(
        self,
        world: World | None = None,
        *,
        now: Callable[[], datetime] | None = None,
        switches: Switches | None = None,
        accounts: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Prepare a server; port 0 is any free one.

        now: the simulated time (aware UTC), for tokens and for which rows are visible. The rate
        limit is measured by the machine's own clock, also where a test froze the time.
        accounts: passwords by user name.
        """
        self.now = now or (lambda: datetime.now(UTC))
        self.world = world or World(created=self.now())
        self.switches = switches or Switches()
        self.accounts = Accounts(accounts or {DEFAULT_USERNAME: DEFAULT_PASSWORD})
        self.requests: list[RequestRecord] = []
        self.sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._host, self._port = host, port
        self._gate = Gate()
        self.random = Random(self.world.seed)
        self._connected = WeakSet[asyncio.Transport]()
        self._threads = ThreadPoolExecutor(2, "simulator")
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.2)

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening; requests that still run are cancelled."""
        await self._runner.cleanup()
        self._threads.shutdown()

    @property
    def origin(self) -> str:
        """Where the server listens; the control paths lie below it."""
        return f"http://{self._host}:{self._port}"

    @property
    def url(self) -> str:
        """The API's base URL."""
        return self.origin + PREFIX

    @property
    def violations(self) -> int:
        """How many requests came sooner after another one of the account than the limit allows."""
        return self._gate.violations

    @property
    def overlaps(self) -> int:
        """How many requests came while another one of the same account was running."""
        return self._gate.overlaps

    def revoke_tokens(self) -> None:
        """Make every token invalid."""
        self.accounts.revoke_tokens()

    def intervals(
        self, site_id: str, meter_type: str, start: datetime, end: datetime
    ) -> dict[str, dict[datetime, float]]:
        """World.intervals, as this server answers now."""
        latency = self.switches.latency
        return self.world.intervals(
            site_id, meter_type, start, end, now=self.now(), latency=latency
        )

    async def compute[T](self, function: Callable[[], T]) -> T:
        """The function's result, computed beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    # A request's way

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=1024**2)
        add_control(application, self)
        for method, path, endpoint in _ENDPOINTS:
            application.router.add_route(method, PREFIX + path, self._handler(path, endpoint))
        return application

    def _handler(
        self, path: str, endpoint: _Endpoint
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            await self._connect(request)
            start = _monotonic()
            call = await self._call(request, path, start)
            self.requests.append(call.record)
            try:
                spacing = self.switches.rate_limit - self.switches.rate_tolerance
                with self._gate.admitted(call.record.account, start, spacing):
                    response = await self._respond(call, endpoint)
                call.record.status = response.status
            except RefusalError as refusal:
                call.record.status = refusal.status
                response = self._refusal(refusal)
            finally:
                call.record.seconds = _monotonic() - start
            if self.switches.closes:
                response.force_close()
            return response

        return handle

    async def _connect(self, request: web.Request) -> None:
        """Take the time that a new connection needs; of it the client sees nothing."""
        if request.transport and request.transport not in self._connected:
            self._connected.add(request.transport)
            if delay := self.switches.connect_delay * self.random.random():
                await self.sleep(delay)

    async def _call(self, request: web.Request, endpoint: str, start: float) -> _Call:
        body = _parsed(await request.read())
        account, authorized = self._account(request, body)
        record = RequestRecord(
            at=start,
            account=account,
            method=request.method,
            path=request.path.removeprefix(PREFIX),
            endpoint=endpoint,
            query=dict(request.query),
            body=None if endpoint == "/auth" else body,
        )
        is_json = request.content_type == "application/json" and body is not None
        return _Call(request, record, body or {}, is_json, authorized)

    def _account(self, request: web.Request, body: JsonObject | None) -> tuple[str, bool]:
        """Whose request it is, by token or by user name, and whether the token is valid."""
        header = request.headers.get("Authorization", "")
        account, is_valid = self.accounts.holder(header, self.now())
        username = (body or {}).get("username")
        name = account or (username if isinstance(username, str) else ANONYMOUS)
        return name, is_valid

    def _refusal(self, refusal: RefusalError) -> web.Response:
        headers = {}
        if refusal.status == 429 and self.switches.retry_after is not None:
            headers["Retry-After"] = f"{self.switches.retry_after:g}"
        text = faults.dumps({"message": str(refusal)})
        return web.Response(
            status=refusal.status, text=text, headers=headers, content_type="application/json"
        )

    async def _respond(self, call: _Call, endpoint: _Endpoint) -> web.StreamResponse:
        await asyncio.sleep(self.switches.response_delay)
        record = call.record
        fault = faults.pick_fault(
            self.switches, record.path, record.body, self.random
        ) or faults.fault_of_window(self.switches, record.body, self.now())
        if fault is not None:
            await asyncio.sleep(fault.delay)
            early = faults.early_response(fault, call.request)
            if early is not None:
                return early
        text = await self._text(call, endpoint, fault)
        if fault is not None and fault.kind is FaultKind.CUT:
            return await faults.cut_off(call.request, text)
        return web.Response(text=text, content_type="application/json")

    async def _text(self, call: _Call, endpoint: _Endpoint, fault: Fault | None) -> str:
        self._check(call)
        viewer = Viewer(self.now().timestamp(), self.switches.latency)
        answers = Answers(self.world, self.switches, viewer)

        def compute() -> str:
            answer = endpoint(self, call, answers)
            return faults.dumps(answer) if fault is None else faults.spoiled(fault, answer)

        return await self.compute(compute)

    def _check(self, call: _Call) -> None:
        """Refuse what is not authorized, not allowed or not there."""
        if call.record.endpoint != "/auth" and not call.authorized:
            raise RefusalError(401, "missing, invalid or expired token")
        if call.request.method == "POST" and not call.is_json:
            raise RefusalError(400, "the body must be a JSON object")
        for name in PATH_IDS:
            status = self.switches.refused.get(call.request.match_info.get(name, ""))
            if status is not None:
                raise RefusalError(status, "no access")
        site_id = call.request.match_info.get("site_id")
        if site_id is not None and site_id not in self.world.sites:
            raise RefusalError(404, "unknown site")
        if site_id is not None and site_id not in self.switches.sites.get(
            call.record.account, self.world.sites
        ):
            raise RefusalError(403, "no access")

    # The endpoints

    def authenticate(self, call: _Call, _: Answers) -> Json:
        """POST /auth."""
        username, password = call.body.get("username"), call.body.get("password")
        token, valid_until = self.accounts.sign_in(username, password, self.now())
        milliseconds = int(valid_until.timestamp() * 1000)
        return {"access_token": token, "valid_until": {"$date": milliseconds}}

    def installations(self, call: _Call, answers: Answers) -> Json:
        """GET /all_installations."""
        return answers.installations(call.record.account)

    def installation(self, call: _Call, _: Answers) -> Json:
        """GET /installation_infos/<site_id>."""
        return self.world.sites[call.argument("site_id")].info()

    def meters(self, call: _Call, answers: Answers) -> Json:
        """GET /meter_info/<site_id>."""
        return answers.meters(call.argument("site_id"))

    def site_data(self, call: _Call, answers: Answers) -> Json:
        """POST /site_data/<site_id>/<meter_type>."""
        site_id = call.argument("site_id")
        return answers.site_rows(site_id, call.argument("meter_type"), self._query(call))

    def meter_data(self, call: _Call, answers: Answers) -> Json:
        """POST /meter_data/<site_id>/<meter_id>."""
        site_id = call.argument("site_id")
        return answers.meter_rows(site_id, call.argument("meter_id"), self._query(call))

    def meter_data_raw(self, call: _Call, answers: Answers) -> Json:
        """POST /meter_data_raw/<site_id>/<meter_id>."""
        query = self._query(call, sampled=False)
        return answers.raw_rows(call.argument("site_id"), call.argument("meter_id"), query)

    def sensors(self, call: _Call, _: Answers) -> Json:
        """GET /<site_id>/sensors_list."""
        return self.world.sites[call.argument("site_id")].sensors_list()

    def sensor_data(self, call: _Call, answers: Answers) -> Json:
        """GET /<site_id>/sensor_data/<sensor_id>."""
        zone = reading_zone(self.switches, self.world.sites[call.argument("site_id")].zone)
        query = parse_query(call.record.query, zone, sampled=False)
        return answers.readings(call.argument("site_id"), call.argument("sensor_id"), query)

    def unknown(self, call: _Call, _: Answers) -> Json:
        """Any other path."""
        raise RefusalError(404, "unknown path")

    def _query(self, call: _Call, *, sampled: bool = True) -> Query:
        zone = reading_zone(self.switches, self.world.sites[call.argument("site_id")].zone)
        return parse_query(call.body, zone, sampled=sampled)


_ENDPOINTS: tuple[tuple[str, str, _Endpoint], ...] = (
    ("POST", "/auth", SimulatorServer.authenticate),
    ("GET", "/all_installations", SimulatorServer.installations),
    ("GET", "/installation_infos/{site_id}", SimulatorServer.installation),
    ("GET", "/meter_info/{site_id}", SimulatorServer.meters),
    ("POST", "/site_data/{site_id}/{meter_type}", SimulatorServer.site_data),
    ("POST", "/meter_data/{site_id}/{meter_id}", SimulatorServer.meter_data),
    ("POST", "/meter_data_raw/{site_id}/{meter_id}", SimulatorServer.meter_data_raw),
    ("GET", "/{site_id}/sensors_list", SimulatorServer.sensors),
    ("GET", "/{site_id}/sensor_data/{sensor_id}", SimulatorServer.sensor_data),
    ("*", "/{path:.*}", SimulatorServer.unknown),
)


def _parsed(body: bytes) -> JsonObject | None:
    """The JSON object in a body, an empty one for no body; None for anything else."""
    try:
        parsed: object = json.loads(body or b"{}")
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _monotonic() -> float:
    """Seconds on the machine's clock; freezegun replaces time.monotonic, but not this one."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)
