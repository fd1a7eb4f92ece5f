"""A real Home Assistant, the simulator and a browser, for all tests together."""

from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from scripts.demonstration.browser import Frontend, browsing
from scripts.demonstration.home_assistant import HomeAssistant
from scripts.demonstration.playground import playground
from scripts.demonstration.simulator import Simulator

# The apartment house begins three weeks after its creation.
HISTORY_DAYS = 24
# So large (watts of peak power) that solar energy is exported on the dullest day of a winter.
ROOF = 250_000


@dataclass
class Home:
    """All that is at work."""

    hass: HomeAssistant
    simulator: Simulator
    frontend: Frontend
    log: Path


@pytest.fixture(scope="session")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    """Give Home Assistant without the integration, and a browser that is signed in."""
    folder = tmp_path_factory.mktemp("hass")
    timeout = aiohttp.ClientTimeout(total=120)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        playground(session, folder, HISTORY_DAYS, ROOF) as (hass, simulator),
        browsing(hass) as frontend,
    ):
        yield Home(hass, simulator, frontend, folder / "hass.log")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests failed."""
    report = yield
    item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(autouse=True)
async def picture(request: pytest.FixtureRequest, home: Home) -> AsyncIterator[None]:
    """Keep what the browser shows when a test fails, in .cache/browser."""
    yield
    if request.node.stash.get(FAILED, False):
        folder = Path(__file__).parents[2] / ".cache" / "browser"
        await home.frontend.page.screenshot(path=folder / f"{request.node.name}.png")
