"""Costs are right after restarts, sudden ends and troubles of the recorder."""

from datetime import date, timedelta
import json
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.climkit.api import HOUR
from custom_components.climkit.costs import computing, state as cost_state
from custom_components.climkit.statistics import rebuild
from custom_components.climkit.statistics.recorder import RecorderError
from custom_components.climkit.store.store import ClimkitStore
from tests.conftest import NOW, Home
from tests.costs.bill import (
    EXPORT,
    GRID,
    SOLAR,
    add_tariff,
    assert_costs,
    correct_tariff,
    house_prices,
    plain_prices,
    plain_tariff,
    since,
    site_of,
)
from tests.truth import assert_equal_to_climkit, delete_rows

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]


class TestRestart:
    """Home Assistant is off for a while, or ends without saying so."""

    async def test_off(self, home: Home) -> None:
        """Costs go on where they ended."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        home.freezer.move_to(NOW + timedelta(hours=30))
        await home.set_up_completely()
        await assert_costs(home, plain_prices(home))

    @pytest.mark.parametrize("is_killed", [False, True])
    async def test_in_the_middle(
        self,
        home: Home,
        hass_storage: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
        is_killed: bool,
    ) -> None:
        """Half of the costs are there: the rest follows, none is there twice."""
        await home.set_up_completely()
        monkeypatch.setattr(cost_state, "ROWS_OF_A_PAGE", 24)
        monkeypatch.setattr(cost_state, "LONGEST_PAGE", timedelta(hours=6))
        add_tariff(home, plain_tariff(home))
        state = home.sites[0].costs._state
        await home.until(lambda: any(state.last for state in state.states.values()))
        assert any(state.dirty for state in state.states.values())
        memory = json.dumps(hass_storage)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await async_wait_recording_done(home.hass)
        if is_killed:
            hass_storage.clear()
            hass_storage.update(json.loads(memory))  # a killed process writes no last memory
        await home.set_up_completely()
        await assert_costs(home, plain_prices(home))

    async def test_without_memory(self, home: Home, hass_storage: dict[str, Any]) -> None:
        """The account was removed and added again: rows are taken as far as they are right."""
        await home.set_up_completely()
        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        correct_tariff(home, first, plain_tariff(home, "2026-11-19"))
        hass_storage.clear()
        await home.set_up_completely()
        day = date(2026, 11, 19)
        prices = house_prices(home, since(day, GRID), since(day, SOLAR), since(day, EXPORT))
        await assert_costs(home, prices)

    async def test_killed_after_an_old_amount(
        self, home: Home, hass_storage: dict[str, Any]
    ) -> None:
        """The amount was revised, its cost was not: that is known from before the write on."""
        start = NOW.replace(minute=0) - timedelta(hours=60)
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.sites[0].costs._state._store.async_save_now()
        home.simulator.world.revise(
            site_of(home), "from_ext", start, start + HOUR, factor=2, since=NOW
        )
        memories: list[str] = []

        def write(*args: Any) -> None:
            memories.append(json.dumps(hass_storage))
            rebuild_write(*args)

        rebuild_write = rebuild.async_write
        with (
            patch.object(computing, "async_rebuild", side_effect=RecorderError("too late")),
            patch.object(rebuild, "async_write", write),
        ):
            home.sites[0].history.start_night()
            await home.settle()
            await home.hass.config_entries.async_unload(home.entry.entry_id)
        assert memories
        hass_storage.clear()
        hass_storage.update(json.loads(memories[0]))
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        await assert_costs(home, plain_prices(home))

    async def test_quiet_refresh_saves_nothing(self, home: Home) -> None:
        """What is new is read again after a restart anyhow, so nothing is remembered at once."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        with patch.object(ClimkitStore, "async_save_now", autospec=True) as save:
            for _ in range(5):
                await home.turn_clock(minutes=15)
        assert save.call_count == 0
        await assert_costs(home, plain_prices(home))

    async def test_database_restored_from_a_backup(self, home: Home) -> None:
        """The memory knows of more rows than the recorder has: the recorder is right."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await delete_rows(home.hass, since=NOW.replace(minute=0) - timedelta(days=1))
        await home.set_up_completely()
        await assert_costs(home, plain_prices(home))

    async def test_recorder_in_trouble(self, home: Home) -> None:
        """Costs that cannot be stored do not hold up energy."""
        await home.set_up()
        with patch.object(computing, "async_rebuild", side_effect=RecorderError("no")) as write:
            add_tariff(home, plain_tariff(home))
            await home.until(lambda: home.is_complete)
            await home.until(lambda: bool(write.call_count))
            await async_wait_recording_done(home.hass)
            await assert_equal_to_climkit(home)
        await home.restart()
        await home.complete()
        await assert_costs(home, plain_prices(home))
