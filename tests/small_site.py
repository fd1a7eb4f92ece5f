"""A small site of three days; a file of tests that imports these fixtures has it."""

from datetime import timedelta

import pytest

from custom_components.climkit.statistics import worker
from tests.conftest import NOW
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
