"""Puts the blueprints where Home Assistant looks for them, and hears what they tell."""

from collections.abc import AsyncIterator
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components import automation, persistent_notification
from homeassistant.core import ServiceCall, callback
from homeassistant.setup import async_setup_component
import pytest

from tests.conftest import Home

FOLDER = Path(__file__).parents[2] / "blueprints"


@pytest.fixture(autouse=True)
async def config_folder(home: Home, tmp_path: Path) -> AsyncIterator[None]:
    """Put the blueprints where Home Assistant looks for a user's; end automations afterwards."""
    shutil.copytree(FOLDER, tmp_path / "blueprints")
    home.hass.config.config_dir = str(tmp_path)
    yield
    if home.hass.states.get("automation.it"):
        off = {"entity_id": "automation.it"}
        await home.hass.services.async_call(automation.DOMAIN, "turn_off", off, blocking=True)


@pytest.fixture
def reports(home: Home) -> list[dict[str, Any]]:
    """What the automations tell somebody."""
    found: list[dict[str, Any]] = []

    def note(call: ServiceCall) -> None:
        found.append(dict(call.data))

    home.hass.services.async_register("test", "tell", note)
    return found


@pytest.fixture
async def shown(home: Home) -> dict[str, persistent_notification.Notification]:
    """The notifications that stand in the sidebar, by their id."""
    assert await async_setup_component(home.hass, persistent_notification.DOMAIN, {})
    found: dict[str, persistent_notification.Notification] = {}

    @callback
    def note(
        _: persistent_notification.UpdateType,
        changed: dict[str, persistent_notification.Notification],
    ) -> None:
        found.update(changed)

    persistent_notification.async_register_callback(home.hass, note)
    return found
