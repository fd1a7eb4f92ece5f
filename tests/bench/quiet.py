"""What a refresh writes to the database: one that brings a quarter-hour, and one without news."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from sqlalchemy import event

from custom_components.climkit.api import INTERVAL
from tests.bench.beside import BuildMachine
from tests.bench.simulator_process import START
from tests.bench.sizes import size
from tools.benchmark.table import Cell, Table

COLUMNS = ("refresh", "statements that write", "of them to statistics", "to states")
METERS = size("METERS", part=20, full=200)
WRITING = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")


async def test_quiet(build_machine: BuildMachine, keep: Callable[[Table], None]) -> None:
    """Refresh with news, then several times without."""
    rows: list[list[Cell]] = []
    begin = START  # its midnight
    async with build_machine(METERS, begin=begin, site_days=3) as home:
        await home.set_up()
        await home.complete()
        await home.refresh(START + INTERVAL)
        with statements(home.hass) as counted:
            await home.refresh(START + 2 * INTERVAL)
        rows.append(["a new quarter-hour", *_cells(counted)])
        with statements(home.hass) as counted:
            await home.refresh(START + 2 * INTERVAL + timedelta(minutes=3), is_quiet=True)
        rows.append(["a second look at the same", *_cells(counted)])
        with statements(home.hass) as counted:
            await home.refresh(START + 3 * INTERVAL, is_quiet=True)
        rows.append(["nothing new in the quarter-hour", *_cells(counted)])
    note = (
        f"{METERS} meters. `statements that write`: INSERT, UPDATE and DELETE of any table; rows "
        "of states come many in one."
    )
    keep(Table("Database writes of a refresh", COLUMNS, rows, note))


@contextmanager
def statements(hass: HomeAssistant) -> Iterator[Counter[tuple[str, str]]]:
    """Count the statements of the recorder that write, by verb and table."""
    counted: Counter[tuple[str, str]] = Counter()
    engine = get_instance(hass).engine
    assert engine is not None

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if found := WRITING.match(statement):
            counted[found[1], found[2]] += 1

    event.listen(engine, "after_cursor_execute", note)
    try:
        yield counted
    finally:
        event.remove(engine, "after_cursor_execute", note)


def _cells(counted: Counter[tuple[str, str]]) -> list[Cell]:
    return [
        counted.total(),
        sum(number for (_, table), number in counted.items() if table == "statistics"),
        sum(number for (_, table), number in counted.items() if table == "states"),
    ]
