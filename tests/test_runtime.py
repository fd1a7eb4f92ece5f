"""What asks or writes for a site ends with it, whoever wanted it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from homeassistant.components.recorder.tasks import StopTask
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
import pytest

from custom_components.climkit.api import Priority
from custom_components.climkit.const import DOMAIN
from custom_components.climkit.feeds.reader import FeedReader
from custom_components.climkit.services import statement_rows
from custom_components.climkit.statistics import rebuild, worker
from tests.conftest import NOW, Home
from tests.costs.bill import add_tariff, tariff
from tests.services.test_services import device_id
from tests.simulator import World
from tests.stories.source import ELECTRICITY, METER_ID, SITE_ID, Correction, Source
from tests.stories.verdict import assert_true
from tests.truth import assert_equal_to_climkit, stored_rows

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]

HOUR = timedelta(hours=1)
FIRST = NOW.replace(minute=0) - timedelta(days=3)


@pytest.fixture
def source() -> Source:
    """A small site with data since three days."""
    return Source(first=FIRST)


@pytest.fixture
def world(source: Source) -> World:
    """The small site."""
    return World.of(source)


class Gate:
    """Holds what comes first, until it is opened."""

    def __init__(self) -> None:
        self._opened, self._reached = asyncio.Event(), asyncio.Event()

    async def pass_through(self) -> None:
        """Wait; only the first one is held."""
        if not self._reached.is_set():
            self._reached.set()
            await self._opened.wait()

    def open(self) -> None:
        """Let go on what waits."""
        self._opened.set()

    @property
    def is_reached(self) -> bool:
        """Whether somebody waits, or has waited."""
        return self._reached.is_set()


def hold_questions(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Hold the first question for history."""
    gate, read = Gate(), FeedReader.async_read

    async def async_read(self: FeedReader, *args: Any) -> Any:
        if args[-1] is Priority.HISTORY:
            await gate.pass_through()
        return await read(self, *args)

    monkeypatch.setattr(FeedReader, "async_read", async_read)
    return gate


def hold_writes(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Hold the first write, after it was read what is stored."""
    gate, stored = Gate(), rebuild._async_stored

    async def async_stored(*args: Any) -> Any:
        found = await stored(*args)
        await gate.pass_through()
        return found

    monkeypatch.setattr(rebuild, "_async_stored", async_stored)
    return gate


HOLDS = [hold_questions, hold_writes]


def call(home: Home, action: str, **data: Any) -> asyncio.Task[Any]:
    """Call an action of the site's device."""
    return home.hass.async_create_background_task(
        home.hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": device_id(home, SITE_ID), **data},
            blocking=True,
            return_response=True,
        ),
        action,
    )


async def reload(home: Home) -> None:
    """Unload and set up again, without waiting for what is under way."""
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.hass.config_entries.async_setup(home.entry.entry_id)


async def remove(home: Home) -> None:
    """Remove the account."""
    await home.hass.config_entries.async_remove(home.entry.entry_id)


class TestImportHistory:
    """An action that works for minutes."""

    @pytest.mark.parametrize("hold", HOLDS)
    @pytest.mark.parametrize("end", [reload, remove])
    async def test_the_caller_is_told(
        self,
        home: Home,
        source: Source,
        monkeypatch: pytest.MonkeyPatch,
        hold: Callable[[pytest.MonkeyPatch], Gate],
        end: Callable[[Home], Awaitable[None]],
    ) -> None:
        """It ends at once; nothing is asked or written for the old account any more."""
        await home.set_up_completely()
        source.corrections.append(Correction(FIRST, FIRST + 5 * HOUR, None, 2.0))
        gate = hold(monkeypatch)
        task = call(home, "import_history", **{"from": FIRST.isoformat()})
        await home.until(lambda: gate.is_reached)
        old = home.sites[0]
        await end(home)
        await home.until(task.done)
        error = task.exception()
        assert isinstance(error, HomeAssistantError)
        assert error.translation_key == "unloaded_meanwhile"
        gate.open()
        await home.settle()
        assert not old.history.worker.is_idle or old is not home.sites[0]

    @pytest.mark.parametrize("hold", HOLDS)
    async def test_what_was_asked_for_is_read(
        self,
        home: Home,
        source: Source,
        monkeypatch: pytest.MonkeyPatch,
        hold: Callable[[pytest.MonkeyPatch], Gate],
    ) -> None:
        """The account that is loaded then reads the rest, and costs follow."""
        await home.set_up_completely()
        add_tariff(home, tariff(SITE_ID, "2026-11-01", grid_price=0.3, solar_price=0.2))
        await home.settle()
        source.corrections.append(Correction(FIRST, FIRST + 5 * HOUR, None, 2.0))
        gate = hold(monkeypatch)
        task = call(home, "import_history", **{"from": FIRST.isoformat()})
        await home.until(lambda: gate.is_reached)
        await reload(home)
        gate.open()
        await home.until(task.done)
        assert task.exception()
        await home.let_follow()
        await home.complete()
        await assert_true(home, [dict(one.data) for one in home.entry.subentries.values()])

    async def test_the_caller_gives_up(
        self, home: Home, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A script that is stopped: what it asked for is read in the background."""
        await home.set_up_completely()
        source.corrections.append(Correction(FIRST, FIRST + 5 * HOUR, None, 2.0))
        gate = hold_questions(monkeypatch)
        task = call(home, "import_history", **{"from": FIRST.isoformat()})
        await home.until(lambda: gate.is_reached)
        task.cancel()
        await home.until(task.done)
        assert task.cancelled()
        gate.open()
        await home.complete()
        await assert_equal_to_climkit(home)

    async def test_a_removed_account_leaves_nothing(
        self, home: Home, monkeypatch: pytest.MonkeyPatch, hass_storage: dict[str, Any]
    ) -> None:
        """Neither a request nor a row nor its file comes after it."""
        await home.set_up_completely()
        gate = hold_writes(monkeypatch)
        task = call(home, "import_history", **{"from": FIRST.isoformat()})
        await home.until(lambda: gate.is_reached)
        rows, store = await stored_rows(home.hass), home.sites[0].store
        await remove(home)
        requests = len(home.simulator.requests)
        gate.open()
        await home.until(task.done)
        assert task.exception()
        store.save_soon()
        await store.async_save_now()
        await home.turn_clock(minutes=15, settle=False)
        assert f"{DOMAIN}.{home.entry.entry_id}" not in hass_storage
        assert await stored_rows(home.hass) == rows
        assert len(home.simulator.requests) == requests


@pytest.mark.parametrize("action", ["get_site_data", "get_statement", "delete_statistics"])
async def test_other_actions(home: Home, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """All that works for a site ends with it."""
    await home.set_up_completely()
    [site] = home.sites
    gate = Gate()

    async def wait(*args: Any, **kwargs: Any) -> list[Any]:
        await gate.pass_through()
        return []

    monkeypatch.setattr(site.client, "site_data", wait)
    monkeypatch.setattr(site, "async_delete", wait)
    monkeypatch.setattr(statement_rows, "async_hours", wait)
    data = {} if action == "delete_statistics" else {"from": "2026-11-18"}
    task = call(home, action, **data)
    await home.until(lambda: gate.is_reached)
    await reload(home)
    gate.open()
    await home.until(task.done)
    error = task.exception()
    assert isinstance(error, HomeAssistantError)
    assert error.translation_key == "unloaded_meanwhile"
    with pytest.raises(HomeAssistantError):
        await site.async_run(wait())


async def test_reloads_in_the_middle_of_an_import(home: Home) -> None:
    """At any moment; in the end all is there, once."""
    for turns in (1, 5, 20, 60, 150):
        await home.begin()
        for _ in range(turns):
            await asyncio.sleep(0)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        assert home.entry.state is ConfigEntryState.NOT_LOADED
    await home.set_up_completely()
    await assert_equal_to_climkit(home)


class TestRecorder:
    """The recorder does not work any more."""

    @pytest.fixture(autouse=True)
    def without_pauses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing may be tried over and over, even without a pause between."""
        monkeypatch.setattr(worker, "RECORDER_PAUSE", timedelta(0))

    async def test_has_ended(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """Live values go on, people are told once, and unloading does not hang."""
        await home.set_up_completely()
        [site] = home.sites
        instance = get_instance(home.hass)
        instance.stop_requested = True
        instance.queue_task(StopTask())
        await home.until(lambda: not instance.is_alive())
        caplog.clear()
        before = home.state(f"{METER_ID}_total_today").last_changed
        for _ in range(6):
            await home.turn_clock(minutes=15, settle=False)
        assert site.history.worker.is_not_stored
        assert home.state(f"{METER_ID}_total_today").last_changed > before
        told = [r for r in caplog.records if "climkit" in r.name and r.levelname != "DEBUG"]
        assert len(told) <= 2
        with pytest.raises(HomeAssistantError):
            await call(home, "import_history", **{"from": FIRST.isoformat()})
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        assert home.entry.state is ConfigEntryState.NOT_LOADED

    async def test_does_not_answer(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """It hangs for hours: nothing more is queued, people are told, then all is stored."""
        await home.set_up_completely()
        [site] = home.sites
        queued: list[Any] = []
        instance = get_instance(home.hass)
        put = instance.queue_task
        monkeypatch.setattr(instance, "queue_task", queued.append)
        for _ in range(8):
            await home.turn_clock(minutes=15, settle=False)
        is_not_stored = site.history.worker.is_not_stored
        monkeypatch.setattr(instance, "queue_task", put)
        for one in queued:
            put(one)
        assert is_not_stored
        # Each series once.
        imports = [one for one in queued if "Import" in type(one).__name__]
        assert len(imports) <= len(ELECTRICITY)
        await home.settle()
        await home.turn_clock(minutes=15)
        assert not site.history.worker.is_not_stored
        await assert_equal_to_climkit(home)
