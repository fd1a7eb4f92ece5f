"""What every figure has: where its table goes, and a home whose clock goes from timer to timer."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
import os
from pathlib import Path
from typing import Any, Protocol

from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.coordinator.base import ClimkitCoordinator
from tests.bench.beside import build_machine
from tests.conftest import Stage, account_entry
from tests.simulator import SimulatorServer, Switches, World
from tests.simulator.site import Site
from tests.stories.driven import Activity, DrivenHome, forget_calls, quiet_recorder, real_waiting
from tests.stories.source import Source
from tools.benchmark.table import Table

__all__ = ["build_machine"]


@pytest.fixture
def persistent_database() -> bool:
    """Keep the recorder's rows in a file, as at home."""
    return True


@pytest.fixture
def recorder_config() -> None:
    """Record states and events too, as at home."""


@pytest.fixture(scope="session")
def garbage_waits() -> None:
    """Look for garbage as often as at home."""


@pytest.fixture
def imports_are_quick() -> None:
    """Leave the recorder's way of storing rows as it is at home."""


@pytest.fixture
def keep() -> Callable[[Table], None]:
    """Hand the table of a figure over."""
    return lambda table: table.write(Path(os.environ["BENCH_TABLE"]))


@pytest.fixture
def still_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let entities of big sites keep their first states, for figures that only count requests.

    Meters that are asked one by one have all entities of their site look for news each second.
    """
    monkeypatch.setattr(ClimkitCoordinator, "_update", lambda *_: None)


class Build(Protocol):
    """Makes a home, as often as a figure wants one."""

    def __call__(
        self, now: datetime, *sites: Site, switches: Switches | None = None, **options: Any
    ) -> AbstractAsyncContextManager[DrivenHome]:
        """Return a home that is not set up, at a server with these sites; options of the entry."""


@pytest.fixture
def build(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Make driven homes: spacing of requests, retries and pauses are the real ones."""
    hass = stage.hass
    hass.loop.set_debug(False)
    real_waiting(monkeypatch)
    forget_calls(monkeypatch)
    quiet_recorder(hass)
    get_instance(hass).commit_interval = 5  # as at home: tests commit each state by itself
    activity = Activity(hass, monkeypatch)
    activity.patience = 900.0  # thousands of entities are added at once

    @asynccontextmanager
    async def build(
        now: datetime, *sites: Site, switches: Switches | None = None, **options: Any
    ) -> AsyncIterator[DrivenHome]:
        stage.freezer.move_to(now)
        world = World.of(*sites)
        async with SimulatorServer(world, now=dt_util.utcnow, switches=switches) as simulator:
            home = DrivenHome(
                hass,
                simulator,
                stage.freezer,
                account_entry(simulator.url, **options),
                source=Source(first=now),  # only stories look at it
                storage=stage.storage,
                activity=activity,
                rate_limit=1.0,
            )
            yield home
            await home.drive(home.leave())

    return build
