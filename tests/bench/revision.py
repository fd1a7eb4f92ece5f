"""What it costs that Climkit revises one hour of all series, six months back."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
import time
from typing import Any

from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_metadata,
)
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from sqlalchemy import event, insert

from custom_components.climkit.api import HOUR, INTERVAL, Interval, Meter, floor_hour
from custom_components.climkit.history.doubts import always
from custom_components.climkit.history.rebuild import SeriesRebuilder
from custom_components.climkit.history.state import SyncState
from custom_components.climkit.measures.series import series_of_meter
from custom_components.climkit.statistics.recorder import async_publish, async_synchronize, metadata
from custom_components.climkit.statistics.rows import Row
from custom_components.climkit.statistics.time_range import TimeRange
from tests.bench.sizes import size
from tests.conftest import real_time
from tools.benchmark.table import Cell, Table

COLUMNS = (
    "way",
    "series",
    "rows behind",
    "statements that write",
    "... a series",
    "reads",
    "seconds",
    "ms a series",
    "recorder's CPU, s",
)
SERIES = size("SERIES", part=60, full=600)
REWRITTEN = 1
DAYS = 182
SITE_ID = "6a00000000000000000000a1"


async def test_revision(
    recorder_mock: Any, hass: HomeAssistant, keep: Callable[[Table], None]
) -> None:
    """Fill the recorder, revise an hour our way, and in some series by rewriting what follows."""
    hass.loop.set_debug(False)
    end = floor_hour(datetime.now().astimezone())
    start = end - timedelta(days=DAYS)
    states = await filled(hass, start, end)
    behind = (end - start) // HOUR - 2
    hour = TimeRange(start + HOUR, start + 2 * HOUR)
    revised = [interval(states, hour.start + n * INTERVAL) for n in range(4)]
    with measured(hass) as ours:
        found = await SeriesRebuilder(hass, lambda _: nullcontext()).async_rebuild(
            states, hour, revised, is_doubted=always
        )
    assert found.changed == len(states)
    with measured(hass) as rewriting:
        for state in states[:REWRITTEN]:
            rows: list[StatisticData] = [
                {"start": start + n * HOUR, "state": 1.0, "sum": n + 3.0}
                for n in range(1, behind + 2)
            ]
            async_add_external_statistics(hass, state.statistic, rows)
        await async_synchronize(hass)
    note = (
        f"Home Assistant {__version__}, SQLite. One hour {DAYS} days back is another one in all "
        f"series; rewriting every later row takes so long that it was done for {REWRITTEN} series. "
        "`a series`: a row for the hour, and Home Assistant's two updates that shift the rest (of "
        "long-term and of short-term statistics, the latter empty)."
    )
    table = [
        ["shift", *_cells(ours, len(states), behind)],
        ["rewrite every later row", *_cells(rewriting, REWRITTEN, behind)],
    ]
    keep(Table("A revised hour, six months back", COLUMNS, table, note))


async def filled(
    hass: HomeAssistant, start: datetime, end: datetime, number: int = SERIES
) -> list[SyncState]:
    """Store an hour of 1 kWh after the other for all series; they are complete then.

    Three of them belong to a meter each.
    """
    series = [
        one
        for index in range(-(-number // 3))
        if (
            meter := Meter.from_api(
                {"id": f"{index:024x}", "type": "electricity", "mode": "consumption"}
            )
        )
        for one in series_of_meter(SITE_ID, meter, has_column=True, by_site=True)
    ][:number]
    statistics = {one.statistic_id: metadata(one, one.statistic_id) for one in series}
    for statistic in statistics.values():
        async_publish(hass, statistic)
    await async_synchronize(hass)
    hours = (end - start) // HOUR
    first = start.timestamp()

    def fill() -> None:
        with get_instance(hass).get_session() as session:
            for key, _ in get_metadata(hass, statistic_ids=set(statistics)).values():
                rows = [
                    {
                        "created_ts": first,
                        "metadata_id": key,
                        "start_ts": first + n * 3600,
                        "state": 1.0,
                        "sum": n + 1.0,
                    }
                    for n in range(hours)
                ]
                session.execute(insert(Statistics.__table__), rows)
            session.commit()

    await get_instance(hass).async_add_executor_job(fill)
    last = Row(end - HOUR, 1.0, float(hours))
    return [
        SyncState(
            series=one,
            statistic=statistics[one.statistic_id],
            since=start,
            until=end,
            last=last,
            is_current=True,
            has_reached_present=True,
        )
        for one in series
    ]


def interval(states: Sequence[SyncState], start: datetime) -> Interval:
    """Return a quarter-hour that is twice what is stored."""
    values = {state.series.column: 0.5 for state in states}
    return Interval(start=start, end=start + INTERVAL, values=values)


@contextmanager
def measured(hass: HomeAssistant) -> Iterator[Counter[str]]:
    """Count statements by verb, seconds, and the processor's time of the recorder's thread."""
    counted: Counter[str] = Counter()
    instance = get_instance(hass)
    assert instance.engine is not None
    assert instance.ident is not None
    cpu = time.pthread_getcpuclockid(instance.ident)

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        counted[statement.split(maxsplit=1)[0]] += 1

    event.listen(instance.engine, "after_cursor_execute", note)
    began, used = real_time(), time.clock_gettime(cpu)
    try:
        yield counted
    finally:
        counted["ms"] = round(1000 * (real_time() - began))
        counted["recorder ms"] = round(1000 * (time.clock_gettime(cpu) - used))
        event.remove(instance.engine, "after_cursor_execute", note)


def _cells(counted: Counter[str], series: int, behind: int) -> list[Cell]:
    writes = sum(counted[verb] for verb in ("INSERT", "UPDATE", "DELETE"))
    return [
        series,
        series * behind,
        writes,
        writes / series,
        counted["SELECT"],
        counted["ms"] / 1000,
        counted["ms"] / series,
        counted["recorder ms"] / 1000,
    ]
