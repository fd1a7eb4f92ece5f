"""When what is remembered is written."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant

from custom_components.climkit.store import ClimkitStore
from tests.conftest import fire_timers


async def test_many_changes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> None:
    """It is written within five minutes, however often something changes meanwhile."""
    store = ClimkitStore(hass, "an_entry")
    await store.async_load()
    for minute in range(11):
        store.site("a").recheck.nights = minute
        store.save_soon()
        freezer.tick(timedelta(minutes=1))
        fire_timers(hass)
        await hass.async_block_till_done()
    assert hass_storage["climkit.an_entry"]["data"]["a"]["recheck"]["nights"] >= 9
