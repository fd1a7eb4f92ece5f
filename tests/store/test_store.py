"""When what is remembered is written."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant

from custom_components.climkit.store import ClimkitStore
from tests.conftest import fire_timers


async def a_store(hass: HomeAssistant) -> ClimkitStore:
    """An empty memory."""
    store = ClimkitStore(hass, "an_entry")
    await store.async_load()
    return store


async def pass_minutes(hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: int) -> None:
    """Let time pass, and what it is time for be done."""
    freezer.tick(timedelta(minutes=minutes))
    fire_timers(hass)
    await hass.async_block_till_done()


def written(hass_storage: dict[str, Any]) -> int:
    """What the file says."""
    nights: int = hass_storage["climkit.an_entry"]["data"]["a"]["recheck"]["nights"]
    return nights


async def test_many_changes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> None:
    """It is written within five minutes, however often something changes meanwhile."""
    store = await a_store(hass)
    for minute in range(1, 12):
        store.site("a").recheck.nights = minute
        store.save_soon()
        await pass_minutes(hass, freezer, 1)
        assert minute < 5 or written(hass_storage) >= minute - 4


async def test_a_change_after_it_was_written_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> None:
    """It is written before long, though what was to be written then had been written by then."""
    store = await a_store(hass)
    store.save_soon()
    await store.async_save_now()
    store.site("a").recheck.nights = 7
    store.save_soon()
    await pass_minutes(hass, freezer, 5)
    assert written(hass_storage) == 7
