"""Work in the background rests while the recorder is in trouble, and does not shout."""

import asyncio
from datetime import timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.climkit.statistics.recorder import RecorderError
from custom_components.climkit.statistics.worker import Worker


@pytest.mark.parametrize("error", [RecorderError("locked"), ValueError("a mistake")])
async def test_rests_longer_and_longer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """A minute first, ten at most; then all goes on, and new trouble begins with a minute."""
    tried: list[int] = []
    minute = 0
    is_broken = True

    async def work() -> bool:
        tried.append(minute)
        if is_broken:
            raise error
        return False

    worker = Worker(hass, "worker", work)
    worker.start(MockConfigEntry())

    async def wait_a_minute() -> None:
        nonlocal minute
        for _ in range(5):
            await asyncio.sleep(0)
        freezer.tick(timedelta(seconds=60.5))
        minute += 1

    for _ in range(60):
        await wait_a_minute()
    assert tried == [0, 1, 3, 7, 15, 25, 35, 45, 55]
    assert sum(one.levelno >= logging.WARNING for one in caplog.records) <= len(tried)
    is_broken = False
    for _ in range(11):
        await wait_a_minute()
    assert tried[-1] == 65
    assert not worker.is_not_stored
    is_broken = True
    worker.wake()
    for _ in range(4):
        await wait_a_minute()
    assert tried[-3:] == [71, 72, 74]
    await worker.async_stop()
