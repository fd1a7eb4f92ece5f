"""The limit as the server sees it, in real time, where connections take their time to be made.

The server wants a tenth of a second between two requests, and a new connection takes up to twice
as long. The client leaves more than that, as a busy machine is late by tens of milliseconds.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
import socket
from typing import override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest

from custom_components.climkit.api import (
    ClimkitClient,
    ClimkitError,
    Query,
    RequestQueue,
    transport,
)
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Fault,
    FaultKind,
    SimulatorServer,
    Switches,
    World,
)

from .conftest import NOW

LIMIT = 0.1
SPACING = 0.16
CONNECTING = 0.2


class Resolver(AbstractResolver):
    """Finds the server after a while: connecting takes time, and the client knows."""

    seconds = 0.0

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        await asyncio.sleep(self.seconds)
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    @override
    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def resolver() -> Resolver:
    return Resolver()


@pytest.fixture
async def session(resolver: Resolver) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


@pytest.fixture
async def simulator() -> AsyncIterator[SimulatorServer]:
    switches = Switches(rate_limit=LIMIT, rate_tolerance=0.0)
    async with SimulatorServer(World(created=NOW), now=lambda: NOW, switches=switches) as server:
        yield server


@pytest.fixture
def client(simulator: SimulatorServer, session: aiohttp.ClientSession) -> ClimkitClient:
    return ClimkitClient(
        session,
        DEFAULT_USERNAME,
        DEFAULT_PASSWORD,
        url=simulator.url.replace("127.0.0.1", "climkit.test"),
        queue=RequestQueue(SPACING),
    )


async def ask(client: ClimkitClient, site_id: str, number: int) -> None:
    """Ask something, with a body or without one; trouble is none of ours."""
    try:
        if number % 3:
            await client.site_data(site_id, "electricity", Query(NOW - timedelta(minutes=30)))
        else:
            await client.meters(site_id)
    except ClimkitError:
        pass


def assert_kept(simulator: SimulatorServer) -> None:
    """No request was seen sooner after another than the limit allows, nor beside it."""
    gaps = [after.at - before.at for before, after in pairwise(simulator.requests)]
    assert min(gaps) >= LIMIT
    assert simulator.violations == 0


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("closes", [True, False])
async def test_connections_take_time(
    simulator: SimulatorServer,
    client: ClimkitClient,
    site_id: str,
    resolver: Resolver,
    seen: bool,
    closes: bool,
) -> None:
    """The client sees it (name, TCP, TLS), or it does not (a gateway, which connects onwards)."""
    simulator.switches.closes = closes
    if seen:
        resolver.seconds = CONNECTING
    else:
        simulator.switches.connect_delay = CONNECTING
    for number in range(5):
        await ask(client, site_id, number)
    assert len(simulator.requests) == 6
    assert_kept(simulator)


async def test_connections_that_are_kept_lose_no_time(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    """A slow answer is followed at once, a quick one at the distance: whatever the answers take."""
    simulator.switches.response_delay = SPACING * 0.9
    for _ in range(3):
        await ask(client, site_id, 1)
    begun = len(simulator.requests)
    for _ in range(8):
        await ask(client, site_id, 1)
    requests = simulator.requests[begun:]
    mean = (requests[-1].at - requests[0].at) / (len(requests) - 1)
    assert mean < SPACING * 1.5
    assert_kept(simulator)


@pytest.mark.parametrize("kind", [FaultKind.DISCONNECT, FaultKind.CUT])
async def test_trouble_on_the_way(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str, kind: FaultKind
) -> None:
    """A request that was lost may have left, and no further try comes before its turn."""
    simulator.switches.connect_delay = CONNECTING
    simulator.switches.faults = [Fault(kind=kind, status=503, probability=0.5, path="_info|data")]
    for number in range(4):
        await ask(client, site_id, number)
    assert_kept(simulator)


@pytest.mark.parametrize("after", [0.02, 0.1])
async def test_requests_that_are_given_up(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str, after: float
) -> None:
    """Cancelled, by an unload say: it may arrive all the same, later than the next one's turn."""
    simulator.switches.connect_delay = CONNECTING
    simulator.switches.closes = True
    await client.authenticate()
    for number in range(4):
        asking = asyncio.create_task(ask(client, site_id, number))
        await asyncio.sleep(SPACING + after)
        asking.cancel()
        await asyncio.wait([asking])
    await ask(client, site_id, 0)
    assert_kept(simulator)


async def test_time_outs(
    simulator: SimulatorServer,
    client: ClimkitClient,
    site_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same."""
    simulator.switches.connect_delay = CONNECTING
    await client.authenticate()
    monkeypatch.setattr(transport, "REQUEST_TIMEOUT", 0.08)
    await ask(client, site_id, 1)
    assert_kept(simulator)
