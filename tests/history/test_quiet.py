"""Nothing is written that is stored already, and nothing is asked for in vain."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
import re
from typing import Any

from homeassistant.helpers.recorder import get_instance
import pytest
from sqlalchemy import event

from tests.conftest import NOW, Home
from tests.simulator import World
from tests.stories.source import (
    ELECTRICITY,
    METER_COLUMNS,
    WATER,
    WATER_ID,
    Correction,
    Gap,
    Late,
    Source,
)
from tests.truth import assert_equal_to_climkit, climkit_hours, stored_rows

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
THIS_HOUR = NOW.replace(minute=0)

ROWS_CHANGE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM) statistics[\s(]", re.IGNORECASE)


@pytest.fixture
def source() -> Source:
    """Electricity and water since three days."""
    return Source(first=THIS_HOUR - 3 * DAY, has_water=True)


@pytest.fixture
def world(source: Source) -> World:
    """The small site."""
    return World.of(source)


@pytest.fixture
def imports_are_quick() -> None:
    """One statement a row, as Home Assistant does it: they are counted here."""


@contextmanager
def counted_writes(home: Home) -> Iterator[Callable[[], int]]:
    """Count the rows that the recorder inserts, updates or deletes in its table of statistics."""
    rows = 0

    def count(_c: Any, _cursor: Any, statement: str, values: Any, _x: Any, many: bool) -> None:
        nonlocal rows
        if ROWS_CHANGE.match(statement):
            rows += len(values) if many else 1

    engine = get_instance(home.hass).engine
    assert engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield lambda: rows
    finally:
        event.remove(engine, "before_cursor_execute", count)


def data_requests(home: Home) -> int:
    """How many questions for data there were."""
    return sum("_data" in one.path for one in home.simulator.requests)


async def test_a_quarter_hour(home: Home) -> None:
    """One row for each series of electricity, and none for water, which is read once a day."""
    await home.set_up_completely()
    with counted_writes(home) as writes:
        for quarters in range(1, 5):
            await home.turn_clock(minutes=15)
            assert writes() == len(ELECTRICITY) * quarters
    await assert_equal_to_climkit(home)


async def test_answers_without_news(home: Home, source: Source) -> None:
    """Climkit is asked, and says what it said before: nothing is written."""
    source.late = [Late(THIS_HOUR, THIS_HOUR + DAY, THIS_HOUR + DAY)]
    await home.set_up_completely()
    asked = data_requests(home)
    with counted_writes(home) as writes:
        for _ in range(6):
            await home.turn_clock(minutes=15)
        assert data_requests(home) > asked + 4
        assert writes() == 0


async def test_a_night_without_revisions(home: Home) -> None:
    """All is read again, and nothing is written."""
    await home.set_up_completely()
    asked = data_requests(home)
    with counted_writes(home) as writes:
        for site in home.sites:
            site.history.start_night()
        await home.settle()
        assert data_requests(home) > asked
        assert writes() == 0


async def test_a_night_with_corrections(home: Home, source: Source) -> None:
    """Hours that are whole are believed at once, be they less: no page is asked for twice.

    Of a meter that is read once a day one row may be all of an hour.
    """
    start = THIS_HOUR - 2 * DAY
    for hour in (start + n * HOUR for n in range(5)):
        source.gaps.append(Gap(hour + HOUR / 4, hour + HOUR, [f"total_{WATER_ID}"]))

    async def night() -> int:
        asked = data_requests(home)
        for site in home.sites:
            site.history.start_night()
        await home.settle()
        return data_requests(home) - asked

    await home.set_up_completely()
    asked = await night()
    source.corrections = [Correction(start, start + 5 * HOUR, None, 0.5)]
    assert await night() == asked
    await assert_equal_to_climkit(home)


async def test_water(home: Home) -> None:
    """A look an hour, and a day's rows once a day, when they are read."""
    await home.set_up_completely()
    before = await stored_rows(home.hass)
    water = [key for key in before if "water" in key or "c1_" in key]
    with counted_writes(home) as writes:
        await home.turn_clock(to=THIS_HOUR + 13 * HOUR)  # over the night
        asked, written = data_requests(home), writes()
        for _ in range(12):
            await home.turn_clock(minutes=60)
        looks = data_requests(home) - asked
        assert looks <= 12 * (1 + 3)  # water once, electricity soon after its quarter-hour
        new = await stored_rows(home.hass)
        added = sum(len(new[key]) - len(before[key]) for key in water)
        assert len(water) == len(WATER)
        assert added == 24 * len(WATER)
        assert writes() - written <= 12 * len(ELECTRICITY) * 2 + added
    await assert_equal_to_climkit(home)


async def test_meters_of_the_grid_operator(home: Home, source: Source) -> None:
    """They come three days late, a day at a time: each night all is right that is there by then.

    Nobody asks more often because of them, and each row is written once.
    """
    columns = tuple(METER_COLUMNS.values())
    source.has_water = False
    midnight = THIS_HOUR.replace(hour=23) - 4 * DAY  # local
    source.late = [
        Late(midnight + n * DAY, midnight + (n + 1) * DAY, midnight + (n + 4) * DAY, columns)
        for n in range(10)
    ]
    await home.set_up()
    await home.turn_clock(seconds=5)  # a meter without a column is asked for by itself
    await home.until(lambda: home.is_complete)
    await home.settle()
    await assert_equal_to_climkit(home)
    with counted_writes(home) as writes:
        for _ in range(6):
            before = climkit_hours(home, home.simulator.now())
            asked, written = data_requests(home), writes()
            for _ in range(8):
                await home.turn_clock(hours=3)
            await assert_equal_to_climkit(home)
            after = climkit_hours(home, home.simulator.now())
            hours = sum(len(after[key]) - len(before.get(key, ())) for key in after)
            assert hours > 70
            assert writes() - written <= hours + 9 * len(after)  # shifts, and hours begun
            assert data_requests(home) - asked <= 8 * 3
