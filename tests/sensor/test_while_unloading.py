"""What an answer brings while the account is being unloaded waits for the next set-up."""

from unittest.mock import patch

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
import pytest

from custom_components.climkit.history import SiteHistory
from tests.conftest import Home
from tests.coordinator.steps import apartments, building, set_up, state
from tests.simulator import World


@pytest.fixture
def world() -> World:
    """A house with everything."""
    return apartments()


async def test_new_sensor(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Its entity is added to what is loaded then, not to what goes."""
    house = building(home)
    first, new, *others = house.sensors
    house.sensors = (first, *others)
    await set_up(home)
    [runtime] = home.sites
    stop = SiteHistory.async_stop

    async def stopped(self: SiteHistory) -> None:
        house.sensors = (first, new, *others)
        runtime.sensors.listed = None  # the day's list is due
        await runtime.sensors.async_refresh()
        await stop(self)

    with patch.object(SiteHistory, "async_stop", stopped):
        await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.let_follow()
    await home.turn_clock(minutes=15)
    assert "does not generate unique IDs" not in caplog.text
    assert state(home, str(new.info["id"])) not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
