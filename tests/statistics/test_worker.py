"""Work in the background rests while the recorder is in trouble, and does not shout."""

import asyncio
from datetime import timedelta
import logging
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.climkit.statistics.recorder import (
    RecorderEndedError,
    RecorderError,
    async_ask,
    async_synchronize,
)
from custom_components.climkit.statistics.worker import Worker


@pytest.mark.parametrize("error", [RecorderError("locked"), ValueError("a mistake")])
async def test_rests_longer_and_longer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """A minute first, ten at most; then all goes on, and new trouble begins with a minute.

    After a mistake each time what would only fail again is dropped.
    """
    tried: list[int] = []
    dropped: list[int] = []
    minute = 0
    is_broken = True

    async def work() -> bool:
        tried.append(minute)
        if is_broken:
            raise error
        return False

    worker = Worker(hass, "worker", work, on_bug=lambda: dropped.append(minute))
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
    assert dropped == ([] if isinstance(error, RecorderError) else tried)
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


async def test_the_recorder_has_ended(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """For good: work that needs no recorder, as for a meter that is not read so far, does not say
    that all is well; it was told once."""
    done = 0

    async def work() -> bool:
        nonlocal done
        done += 1
        if done % 3 == 1:
            raise RecorderEndedError("it has ended")
        return done % 3 == 2

    worker = Worker(hass, "worker", work)
    worker.start(MockConfigEntry())
    for _ in range(5):
        worker.wake()
        for _ in range(8):
            await asyncio.sleep(0)
        freezer.tick(timedelta(minutes=15))
    assert done >= 6
    assert worker.is_not_stored
    assert sum(one.levelno >= logging.WARNING for one in caplog.records) == 1
    await worker.async_stop()


@pytest.mark.recorder
async def test_asked_while_the_recorder_ends(recorder_mock: Any, hass: HomeAssistant) -> None:
    """Its thread is still there, its database is not."""

    def ask() -> None:
        raise RuntimeError("The database connection has not been established")

    with pytest.raises(RuntimeError):
        await async_ask(hass, ask)
    ends = patch.object(get_instance(hass), "stop_requested", new=True)
    with ends, pytest.raises(RecorderEndedError):
        await async_ask(hass, ask)


@pytest.mark.recorder
async def test_waited_for_while_the_recorder_ends(
    recorder_mock: Any, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It will never answer, which is noticed within a minute: an action does not hang for long."""
    instance, queued = get_instance(hass), asyncio.Event()
    with patch.object(instance, "queue_task", lambda _: queued.set()):
        waiting = hass.async_create_task(async_synchronize(hass))
        await queued.wait()
        with patch.object(instance, "is_alive", return_value=False):
            for _ in range(60):
                freezer.tick(1)
                await asyncio.sleep(0)
    assert waiting.done()
    assert isinstance(waiting.exception(), RecorderEndedError)
