"""A real Home Assistant, the simulator and a browser."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.simulator.world import DEFAULT_SITES
from tools.demonstration.browser import Frontend, browsing
from tools.demonstration.home_assistant import HomeAssistant
from tools.demonstration.playground import playground
from tools.demonstration.simulator import Simulator


@dataclass
class Home:
    """All that is at work."""

    hass: HomeAssistant
    simulator: Simulator
    frontend: Frontend
    log: Path


@asynccontextmanager
async def living(
    folder: Path,
    environment: str,
    *,
    history_days: int,
    roof: int,
    sites: Sequence[str] = DEFAULT_SITES,
) -> AsyncIterator[Home]:
    """Give Home Assistant without the integration, and a browser that is signed in.

    environment, roof: as `playground` has them.
    """
    timeout = aiohttp.ClientTimeout(total=120)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        playground(session, folder, history_days, roof, sites=sites, environment=environment) as (
            hass,
            simulator,
        ),
        browsing(hass) as frontend,
    ):
        yield Home(hass, simulator, frontend, folder / "hass.log")
