"""A Home Assistant with a real recorder, an account at the simulator, and a clock that we turn."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import gc
import logging
import os
import threading
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.core import MAX_DB_EXECUTOR_WORKERS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    EVENT_CALL_SERVICE,
    EVENT_COMPONENT_LOADED,
    EVENT_CORE_CONFIG_UPDATE,
    EVENT_SERVICE_REGISTERED,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import entity_registry as er, event
from homeassistant.helpers.device_registry import EVENT_DEVICE_REGISTRY_UPDATED
from homeassistant.helpers.entity_registry import EVENT_ENTITY_REGISTRY_UPDATED
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component import patch_recorder
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.climkit import sensor
from custom_components.climkit.account import account_id
from custom_components.climkit.api import queue, transport
from custom_components.climkit.const import (
    ALL,
    CONF_HISTORY,
    CONF_METERS,
    CONF_SITE_TOTALS,
    CONF_SITES,
    DOMAIN,
    HISTORY_EVERYTHING,
)
from custom_components.climkit.coordinator import base
from custom_components.climkit.coordinator.schedule import FOLLOW_UP_DELAY
from custom_components.climkit.measures.series import Series
from custom_components.climkit.measures.table import EntityView
from custom_components.climkit.runtime import SiteRuntime
from custom_components.climkit.sensor.descriptions import (
    SITE_SENSORS,
    SeriesDescription,
    series_descriptions,
)
from tests.database_server import server_of
from tests.plain_datetimes import make_plain_datetimes
from tests.rows_together import rows_together
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    SimulatorServer,
    Switches,
    World,
    single_house,
)

# Millions of logged statements would be most of a test's time.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
logging.getLogger("homeassistant.components.recorder.pool").setLevel(logging.WARNING)
# A line for each new entity costs 2 % of the suite.
logging.getLogger("homeassistant.helpers.entity_registry").setLevel(logging.WARNING)

make_plain_datetimes()

NOW = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
PAUSE = threading.Event()
# Between two looks at what happens in the background, in seconds: most takes some milliseconds.
SHORTEST_PAUSE = 0.0005
LONGEST_PAUSE = 0.01
CLOCK_RESOLUTION = time.get_clock_info("monotonic").resolution
# What Home Assistant tells most while it starts.
UNRECORDED_EVENTS = (
    EVENT_CALL_SERVICE,
    EVENT_COMPONENT_LOADED,
    EVENT_CORE_CONFIG_UPDATE,
    EVENT_SERVICE_REGISTERED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
)
ALL_CHOSEN = {
    CONF_SITES: ALL,
    CONF_METERS: ALL,
    CONF_SITE_TOTALS: True,
    CONF_HISTORY: HISTORY_EVERYTHING,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what scripts/test-databases and scripts/test-oldest ask for."""
    parser.addoption(
        "--first-case", action="store_true", help="run the first case of each test and no others"
    )


@pytest.hookimpl(trylast=True)  # of the cases that other arguments leave
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the first case of each test, where it is asked for."""
    if not config.option.first_case:
        return
    tests: dict[str, pytest.Item] = {}
    for item in items:
        tests.setdefault(item.nodeid.partition("[")[0], item)
    first = set(tests.values())
    config.hook.pytest_deselected(items=[item for item in items if item not in first])
    items[:] = [item for item in items if item in first]


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker a database of its own on the server of scripts/test-databases.

    Nor write each line of the log to the standard error, as the harness does: pytest keeps it too.
    """
    root = logging.getLogger()
    for handler in [one for one in root.handlers if type(one) is logging.StreamHandler]:
        root.removeHandler(handler)
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        config.option.dburl = config.option.dburl.replace("/climkit?", f"/climkit_{worker}?")


@pytest.fixture
def recorder_config(request: pytest.FixtureRequest) -> dict[str, Any] | None:
    """Record statistics only: writing and committing each state and event is a third of the time.

    With the mark `recorded_states` all is recorded, as at home.
    """
    if request.node.get_closest_marker("recorded_states"):
        return None
    return {"exclude": {"entity_globs": "*", "event_types": list(UNRECORDED_EVENTS)}}


@pytest.fixture(scope="session", autouse=True)
def garbage_waits() -> None:
    """Look for garbage a tenth as often as at home: that is a tenth of the time.

    All of it goes once a module's tests are over.
    """
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True)
def imports_are_quick(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the recorder look up and send the rows of an import together.

    scripts/test-databases stores in Home Assistant's own way, on each database.
    """
    with nullcontext() if is_run_of_databases(request.config) else rows_together():
        yield


@pytest.fixture
def persistent_database(request: pytest.FixtureRequest) -> bool:
    """Keep SQLite's database in a file, as at home, where scripts/test-databases asks for it."""
    return is_run_of_databases(request.config)


@pytest.fixture
def recorder_db_url(recorder_db_url: str) -> Iterator[str]:
    """Let a server close the test's connections: before that no database can be dropped."""
    yield recorder_db_url
    with server_of(recorder_db_url) as server:
        if server:
            server.release()


@pytest.fixture
async def recorder(recorder_mock: Recorder, persistent_database: bool) -> AsyncIterator[Recorder]:
    """Have a real recorder that in the end is asked for nothing any more.

    Home Assistant closes the connections of all threads when it stops; SQLite does not survive
    that where one of them is just asking.
    """
    # The harness looks at each session, which stays; a mock around that notes all that is asked.
    scope: Any = patch_recorder.real_session_scope
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patch_recorder, "real_session_scope", scope.mock.side_effect)
        yield recorder_mock
    if persistent_database and recorder_mock.is_alive():
        all_at_once = threading.Barrier(MAX_DB_EXECUTOR_WORKERS)
        waits = (
            recorder_mock.async_add_executor_job(all_at_once.wait)
            for _ in range(all_at_once.parties)
        )
        await asyncio.gather(*waits)


def is_run_of_databases(config: pytest.Config) -> bool:
    """Whether this is a run of scripts/test-databases."""
    return config.option.markexpr in ("recorder", "each_database")


@pytest.fixture(autouse=True)
async def enable_event_loop_debug() -> None:
    """Leave asyncio's debug mode off, which keeps a stack of each callback: a third of the time.

    Home Assistant's own checks, of calls that block and of calls from other threads, stay.
    """


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> None:
    """Let nothing pause: neither between requests and attempts nor between updates of entities."""
    monkeypatch.setattr(queue, "REQUEST_SPACING", 0.0)
    monkeypatch.setattr(queue, "MIN_PAUSE", 0.0)
    monkeypatch.setattr(transport, "RETRY_WAIT", 0.0)
    monkeypatch.setattr(transport, "RETRY_JITTER", 0.0)
    # While the clock stands still a timer is due only if it was before.
    monkeypatch.setattr(base, "UPDATE_COOLDOWN", -1.0)


@pytest.fixture(autouse=True)
def entities_are_on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all amounts, powers and times be on, for the many tests that look at what they show.

    Which ones a new home has on is seen with the mark `default_entities`.
    """
    if request.node.get_closest_marker("default_entities"):
        return

    def descriptions(series: Series) -> Iterator[SeriesDescription]:
        is_billed = EntityView.PEAK in series.measure.shown and not series.meter_id
        for one in series_descriptions(series):
            is_peak = one.key.endswith(("_peak", "_peak_time"))
            yield replace(one, entity_registry_enabled_default=is_billed or not is_peak)

    of_site = tuple(replace(one, entity_registry_enabled_default=True) for one in SITE_SENSORS)
    monkeypatch.setattr(sensor, "series_descriptions", descriptions)
    monkeypatch.setattr(sensor, "SITE_SENSORS", of_site)
    monkeypatch.setattr(sensor, "_off", lambda description: description)


@pytest.fixture
def now() -> datetime:
    """When the test begins."""
    return NOW


@pytest.fixture
def world(now: datetime) -> World:
    """A single house with three days of data that are never revised; tests may name another."""
    return World.of(replace(single_house(1, now, timedelta(days=8)), faultless=True))


@dataclass
class Home:
    """A Home Assistant with the integration, and the simulator that it talks to."""

    hass: HomeAssistant
    simulator: SimulatorServer
    freezer: FrozenDateTimeFactory
    entry: MockConfigEntry
    clock_error: timedelta = field(default=timedelta(0), kw_only=True)

    def set_clock(self, **by: float) -> None:
        """Set the wall clock, as people and time servers do; the event loop's clock runs on.

        Climkit's clock stays right.
        """
        loop: Any = self.hass.loop
        before = loop.time()
        self.freezer.move_to(dt_util.utcnow() + timedelta(**by))
        since, monotonic = time.monotonic(), type(loop).time
        assert monotonic(loop) == since, "freezegun moves both clocks"
        loop.time = lambda: before + (time.monotonic() - since)
        self.clock_error += timedelta(**by)
        self.simulator.now = lambda: self.true_now

    @property
    def true_now(self) -> datetime:
        """The time by Climkit's clock, which is right."""
        return dt_util.utcnow() - self.clock_error

    def set_clock_right(self) -> None:
        """Set the wall clock right again."""
        self.set_clock(seconds=-self.clock_error.total_seconds())

    async def set_up(self) -> None:
        """Set the entry up and wait for the first values, and for those that follow right after."""
        await self.begin()
        await self.let_follow()

    async def begin(self) -> None:
        """Set the entry up, and nothing more."""
        if self.entry.entry_id not in {
            e.entry_id for e in self.hass.config_entries.async_entries()
        }:
            self.entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def let_follow(self) -> None:
        """Let happen what follows right after set-up, as if the next second had come."""
        for _ in range(2):
            await self.until(lambda: not any(map(is_refreshing, self.coordinators)))
            await self.hass.async_block_till_done()
            fire_timers(self.hass, in_advance=1.5 * FOLLOW_UP_DELAY)
            await self.hass.async_block_till_done()
        await self.until(lambda: not any(map(is_refreshing, self.coordinators)))

    async def set_up_completely(self) -> None:
        """Set the entry up and wait until all history is stored."""
        await self.set_up()
        assert self.entry.state is ConfigEntryState.LOADED
        await self.complete()

    async def complete(self) -> None:
        """Wait until all history is stored."""
        await self.until(lambda: self.is_complete)
        await self.settle()

    async def until(self, condition: Callable[[], object], seconds: float = 120) -> None:
        """Wait in real time for something that happens in the background.

        The event loop's clock stands still too, so the pause is a thread's.
        """
        end, pause = real_time() + seconds, SHORTEST_PAUSE
        while not condition():
            assert real_time() < end, "it did not happen"
            await asyncio.to_thread(PAUSE.wait, pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)

    async def let_set_up_end(self) -> None:
        """Wait for an attempt to set up that Home Assistant makes by itself."""
        async with self.entry.setup_lock:
            pass

    async def settle(self) -> None:
        """Wait until what was begun is done and stored."""
        await self.until(lambda: not self.is_looking_for_sites)
        await self.hass.async_block_till_done(wait_background_tasks=False)
        await self.until(lambda: all(site.history.worker.is_idle for site in self.sites))
        await self.until(lambda: all(site.costs.worker.is_idle for site in self.sites))
        await async_wait_recording_done(self.hass)

    async def turn_clock(
        self, *, to: datetime | None = None, settle: bool = True, **by: float
    ) -> None:
        """Turn the clock and let happen what then happens."""
        self.freezer.move_to(to or dt_util.utcnow() + timedelta(**by))
        fire_timers(self.hass)
        await self.hass.async_block_till_done()
        await self.until(lambda: not any(map(is_refreshing, self.coordinators)))
        if settle:
            await self.settle()

    async def choose(self, **options: Any) -> None:
        """Change options of a loaded entry, which reloads it."""
        self.hass.config_entries.async_update_entry(
            self.entry, options={**self.entry.options, **options}
        )
        await self.hass.async_block_till_done()
        await self.let_follow()

    async def enable(self, *unique_ids: str) -> None:
        """Turn entities on, as a user does; Home Assistant then reloads the entry by itself."""
        for unique_id in unique_ids:
            er.async_get(self.hass).async_update_entity(self.entity_id(unique_id), disabled_by=None)
        await self.turn_clock(seconds=31)
        await self.turn_clock(seconds=2)

    async def restart(self) -> None:
        """Unload and set up again, as a restart does."""
        await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        await self.set_up()

    @property
    def sites(self) -> list[SiteRuntime]:
        """The loaded sites."""
        return list(getattr(self.entry, "runtime_data", {}).values())

    @property
    def coordinators(self) -> list[DataUpdateCoordinator[Any]]:
        """The coordinators of the loaded sites."""
        return [c for site in self.sites for c in (site.coordinator, site.sensors)]

    @property
    def is_looking_for_sites(self) -> bool:
        """Whether the account is being asked for sites that are new."""
        tasks = self.entry._background_tasks
        return any(task.get_name() == "climkit look for sites" for task in tasks)

    @property
    def is_complete(self) -> bool:
        """Whether all history is stored."""
        return all(site.history.progress == 100 for site in self.sites)

    @property
    def flows(self) -> list[str]:
        """What Home Assistant asks the user for."""
        return [one["context"]["source"] for one in self.hass.config_entries.flow.async_progress()]

    def entity_id(self, unique_id: str) -> str:
        """The entity with a unique id."""
        found = er.async_get(self.hass).async_get_entity_id("sensor", DOMAIN, unique_id)
        assert found, f"no entity {unique_id}"
        return found

    def has_entity(self, unique_id: str) -> bool:
        """Whether there is an entity with a unique id."""
        return er.async_get(self.hass).async_get_entity_id("sensor", DOMAIN, unique_id) is not None

    def is_on(self, unique_id: str) -> bool:
        """Whether an entity that there is was not turned off."""
        entry = er.async_get(self.hass).async_get(self.entity_id(unique_id))
        return entry is not None and not entry.disabled

    def state(self, unique_id: str) -> State:
        """The state of the entity with a unique id."""
        state = self.hass.states.get(self.entity_id(unique_id))
        assert state, f"no state of {unique_id}"
        return state


def fire_timers(hass: HomeAssistant, *, in_advance: timedelta = timedelta(0)) -> None:
    """Let all timers be due that are until now, or a little in advance of it.

    As `async_fire_time_changed` does, which builds two mocks for each timer: these took as long as
    a tenth of what then happens.
    """
    # Home Assistant spreads timers over the first half of a second.
    now = dt_util.utcnow() + in_advance + timedelta(microseconds=event.RANDOM_MICROSECOND_MAX)
    loop: Any = hass.loop
    due = loop.time() + (now - dt_util.utcnow()).total_seconds() + CLOCK_RESOLUTION
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event, "time_tracker_utcnow", lambda: now)
        patch.setattr(event, "time_tracker_timestamp", now.timestamp)
        for timer in list(get_scheduled_timer_handles(loop)):
            if not timer.cancelled() and timer.when() <= due:
                timer._run()
                timer.cancel()


def real_time() -> float:
    """Seconds of the machine's clock, the only one that freezegun does not stop."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def is_refreshing(coordinator: DataUpdateCoordinator[Any]) -> bool:
    """Whether a coordinator is at work: the next refresh is planned when one has ended."""
    if isinstance(coordinator.last_exception, ConfigEntryAuthFailed):
        return False  # it waits for the user
    return bool(coordinator._listeners) and coordinator._unsub_refresh is None


def account_entry(url: str, username: str = DEFAULT_USERNAME, **options: Any) -> MockConfigEntry:
    """A config entry as the flow makes it."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Les Tilleuls",
        unique_id=account_id(username, url),
        data={CONF_USERNAME: username, CONF_PASSWORD: DEFAULT_PASSWORD, CONF_URL: url},
        options=ALL_CHOSEN | options,
    )


@pytest.fixture
async def simulator(
    recorder: Recorder, freezer: FrozenDateTimeFactory, now: datetime, world: World
) -> AsyncIterator[SimulatorServer]:
    """The simulator, without a rate limit, living in the test's time."""
    freezer.move_to(now)
    async with SimulatorServer(
        world, now=dt_util.utcnow, switches=Switches(rate_limit=0.0)
    ) as server:
        yield server


@pytest.fixture
async def home(
    simulator: SimulatorServer,
    hass: HomeAssistant,
    enable_custom_integrations: None,
    freezer: FrozenDateTimeFactory,
) -> AsyncIterator[Home]:
    """A Home Assistant with an account that is not set up yet.

    In the end it is unloaded: a server cannot drop a database that is still asked for something.
    """
    await hass.config.async_set_time_zone("Europe/Zurich")
    home = Home(hass, simulator, freezer, account_entry(simulator.url))
    yield home
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


class Stage:
    """Where stories are played; a class of its own, since hypothesis prints what it passes on."""

    def __init__(
        self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, storage: dict[str, Any]
    ) -> None:
        """Keep what every story needs."""
        self.hass, self.freezer, self.storage = hass, freezer, storage


@pytest.fixture
def stage(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    enable_custom_integrations: None,
) -> Stage:
    """A stage with a real recorder."""
    return Stage(hass, freezer, hass_storage)
