"""The simulated Climkit API as a process of its own, and what it saw."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import json
from pathlib import Path
import sys
from typing import Any

import aiohttp

from tests.simulator.houses import DEFAULT_ROOF
from tests.simulator.server import DEFAULT_PASSWORD, DEFAULT_USERNAME
from tests.simulator.world import DEFAULT_SITES, World

from .home_assistant import ROOT, JsonObject
from .processes import free_port, running

START_TIMEOUT = 30


class Simulator:
    """A running simulator. `world` is the same world as the process's own."""

    def __init__(self, session: aiohttp.ClientSession, url: str, world: World) -> None:
        self.url = f"{url}/api/v1"
        self.credentials = {"username": DEFAULT_USERNAME, "password": DEFAULT_PASSWORD}
        self.world = world
        self._control = f"{url}/_simulator"
        self._session = session

    def site_id(self, name: str) -> str:
        """Return the id of the site of this name."""
        return next(key for key, site in self.world.sites.items() if site.info()["name"] == name)

    async def state(self) -> JsonObject:
        """Return what it was asked so far."""
        async with self._session.get(f"{self._control}/state") as response:
            state: JsonObject = await response.json()
            return state

    async def switch(self, **switches: Any) -> None:
        """Change how it behaves; see tests/simulator/switches.py."""
        url = f"{self._control}/switches"
        async with self._session.patch(url, json=switches) as response:
            response.raise_for_status()

    async def withdraw(self, site_id: str, start: datetime, end: datetime) -> None:
        """Let a site be without rows for a while, in this world too."""
        self.world.revise(site_id, None, start, end, withdraw=True)
        hole = {"start": start.isoformat(), "end": end.isoformat(), "withdraw": True}
        revision = {"site_id": site_id, "column_or_meter": None, **hole}
        async with self._session.post(f"{self._control}/revise", json=revision) as response:
            response.raise_for_status()

    async def pages(self) -> int:
        """Return how many answers with intervals it gave."""
        endpoints = (await self.state())["endpoints"]
        return sum(count for name, count in endpoints.items() if "_data" in name)

    async def wait_until_up(self) -> None:
        """Wait until it answers. Raises TimeoutError if it never does."""
        async with asyncio.timeout(START_TIMEOUT):
            while True:
                try:
                    await self.state()
                except aiohttp.ClientError:
                    await asyncio.sleep(0.2)
                else:
                    return


@asynccontextmanager
async def simulating(
    session: aiohttp.ClientSession,
    folder: Path,
    history_days: int,
    *,
    roof: int | None = None,
    sites: Sequence[str] = DEFAULT_SITES,
) -> AsyncIterator[Simulator]:
    """Run a simulator. A folder that is used again finds the same world at the same address.

    roof: the peak power of the apartment house's PV in watts, in a world without faults.
    """
    birth = folder / "simulator.json"
    if not birth.exists():
        created = datetime.now(UTC).isoformat()
        facts = {"port": free_port(), "created": created, "history_days": history_days}
        birth.write_text(json.dumps(facts), encoding="utf-8")
    facts = json.loads(birth.read_text(encoding="utf-8"))
    options = [f"--{name.replace('_', '-')}={value}" for name, value in facts.items()]
    world = World(
        created=datetime.fromisoformat(facts["created"]),
        history_days=facts["history_days"],
        names=sites,
        roof=DEFAULT_ROOF if roof is None else roof,
        faultless=roof is not None,
    )
    if roof is not None:
        options += [f"--roof={roof}", "--faultless"]
    command = [sys.executable, "-m", "tests.simulator", *options, "--sites", *sites]
    async with running(command, folder / "simulator.log", ROOT):
        simulator = Simulator(session, f"http://127.0.0.1:{facts['port']}", world)
        await simulator.wait_until_up()
        yield simulator
