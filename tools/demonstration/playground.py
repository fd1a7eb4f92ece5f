"""A Home Assistant that nobody has set up anything in, beside a simulator."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.simulator.world import DEFAULT_SITES

from .home_assistant import ROOT, HomeAssistant, prepare
from .processes import free_port, running
from .simulator import Simulator, simulating

# Home Assistant has an environment of its own; scripts/setup hass makes it.
ENVIRONMENT = ".venv-hass"


@asynccontextmanager
async def playground(
    session: aiohttp.ClientSession,
    folder: Path,
    history_days: int,
    roof: int,
    *,
    sites: Sequence[str] = DEFAULT_SITES,
    environment: str = ENVIRONMENT,
) -> AsyncIterator[tuple[HomeAssistant, Simulator]]:
    """Run both in a folder; the user of the demo is there, and the integration can be added.

    roof: the peak power of the apartment house's PV in watts. environment: the folder of the
    checkout in which scripts/setup has installed the Home Assistant to run.
    """
    port = free_port()
    prepare(folder, port)
    python = ROOT / environment / "bin" / "python"
    command = [python, "-m", "homeassistant", "--config", folder, "--skip-pip", "--log-no-color"]
    async with (
        simulating(session, folder, history_days, roof=roof, sites=sites) as simulator,
        running([str(word) for word in command], folder / "hass.log", folder) as process,
    ):
        hass = HomeAssistant(session, f"http://127.0.0.1:{port}")
        await hass.wait_until_up(process)
        await hass.onboard()
        yield hass, simulator
