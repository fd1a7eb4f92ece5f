"""A small site of three days; a file of tests that imports these fixtures has it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from custom_components.climkit.statistics import worker
from tests.conftest import NOW, Home
from tests.simulator import World
from tests.stories.source import Source

FIRST = NOW.replace(minute=0) - timedelta(days=3)


@pytest.fixture
def source() -> Source:
    """A small site with electricity and water since three days."""
    return Source(first=FIRST, has_water=True)


@pytest.fixture
def world(source: Source) -> World:
    """The small site."""
    return World.of(source)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses would take real time: the loop's clock stands still."""
    monkeypatch.setattr(worker, "RECORDER_PAUSE", timedelta(0))


async def correct(home: Home, change: Callable[[], None], *, is_off: bool) -> None:
    """Let Climkit correct what its lists say, and all that follows from it be done.

    The next list tells of it, a day later, or the start where Home Assistant `is_off` meanwhile.
    """
    if is_off:
        await home.hass.config_entries.async_unload(home.entry.entry_id)
    change()
    if is_off:
        await home.set_up()
    else:
        await home.turn_clock(hours=25, settle=False)
        await home.hass.async_block_till_done()
        await home.let_set_up_end()
        await home.let_follow()
    await home.turn_clock(minutes=15)
    await home.complete()
