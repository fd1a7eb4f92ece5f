"""A Home Assistant that nobody has set up anything in, beside a simulator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from .home_assistant import ROOT, HomeAssistant, prepare
from .processes import free_port, running
from .simulator import Simulator, simulating

# Home Assistant has an environment of its own; scripts/setup hass makes it.
PYTHON = ROOT / ".venv-hass" / "bin" / "python"


@asynccontextmanager
async def playground(
    session: aiohttp.ClientSession, folder: Path, history_days: int, roof: int
) -> AsyncIterator[tuple[HomeAssistant, Simulator]]:
    """Run both in a folder; the user of the demo is there, and the integration can be added.

    roof: the peak power of the apartment house's PV in watts.
    """
    port = free_port()
    prepare(folder, port)
    command = [PYTHON, "-m", "homeassistant", "--config", folder, "--skip-pip", "--log-no-color"]
    async with (
        simulating(session, folder, history_days, roof=roof) as simulator,
        running([str(word) for word in command], folder / "hass.log", folder) as process,
    ):
        hass = HomeAssistant(session, f"http://127.0.0.1:{port}")
        await hass.wait_until_up(process)
        await hass.onboard()
        yield hass, simulator
