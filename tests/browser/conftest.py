"""One home for all tests together, and a picture of what a test saw when it failed."""

from collections.abc import AsyncIterator, Generator
from pathlib import Path

from playwright.async_api import expect
import pytest

from tools.demonstration.browser import TIMEOUT
from tools.demonstration.playground import ENVIRONMENT

from .home import Home, living

# The apartment house begins three weeks after its creation.
HISTORY_DAYS = 24
# So large (watts of peak power) that solar energy is exported on the dullest day of a winter.
ROOF = 250_000

expect.set_options(timeout=TIMEOUT)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let scripts/test-browser choose the Home Assistant."""
    parser.addoption("--hass", default=ENVIRONMENT, help="folder that scripts/setup installed")


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> str:
    """Return the folder with the Home Assistant to run."""
    return str(request.config.getoption("--hass"))


@pytest.fixture(scope="session")
async def home(tmp_path_factory: pytest.TempPathFactory, environment: str) -> AsyncIterator[Home]:
    """Give Home Assistant without the integration, and a browser that is signed in."""
    folder = tmp_path_factory.mktemp("hass")
    async with living(folder, environment, history_days=HISTORY_DAYS, roof=ROOF) as home:
        yield home


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
