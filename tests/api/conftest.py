"""A simulator, a client of it, and a server that says what it is told."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json

import aiohttp
from aiohttp import web
import pytest

from custom_components.climkit.api import ClimkitClient
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    SimulatorServer,
    Switches,
    World,
)

NOW = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def simulator() -> AsyncIterator[SimulatorServer]:
    """The default world at a fixed moment, without a rate limit."""
    async with SimulatorServer(
        World(created=NOW), now=lambda: NOW, switches=Switches(rate_limit=0.0)
    ) as simulator:
        yield simulator


@pytest.fixture
def client(simulator: SimulatorServer, session: aiohttp.ClientSession) -> ClimkitClient:
    return ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=simulator.url)


@pytest.fixture
def site_id(simulator: SimulatorServer) -> str:
    """The apartment house, which has everything."""
    return next(iter(simulator.world.sites))


@dataclass(kw_only=True)
class Answer:
    """What the scripted server answers; a body that is not bytes is sent as JSON."""

    body: object = field(default_factory=list)
    status: int = 200

    def response(self) -> web.Response:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return web.Response(body=body, status=self.status, content_type="application/json")


@dataclass
class ScriptedApi:
    """A server that answers each path as it is told; paths are without the base URL's."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        return self.answers[request.path].response()


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedApi]:
    """A scripted server whose login works."""
    api = ScriptedApi(answers={"/auth": Answer(body={"access_token": "scripted-token"})})
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield api
    await runner.cleanup()


@pytest.fixture
def scripted_client(scripted: ScriptedApi, session: aiohttp.ClientSession) -> ClimkitClient:
    return ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=scripted.url)
