"""Reads and writes rows of statistics in Home Assistant's recorder.

Times are UTC. Statistics are external (`climkit:...`), so this integration is their only writer.
The recorder's functions block and are called in its executor; writes are queued by it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import batched
from statistics import median
from time import perf_counter
from typing import ClassVar, override

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    StatisticsRow,
    async_add_external_statistics,
    get_last_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util
from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased

from ..api import HOUR
from ..const import DOMAIN
from ..measures import Series
from .rows import Change, Extent, Row

# The width of the column. SQLite does not mind, MariaDB and PostgreSQL refuse what is longer.
LONGEST_NAME = 255

# While the recorder is waited for, it is looked so often whether it is still there, in seconds.
ALIVE_LOOKS = 30.0

# The rows of so many statistics are counted in one go; others wait for the database meanwhile.
COUNTED_AT_ONCE = 50

# The totals of so many statistics are gone through in one go, which takes longer than counting.
GONE_THROUGH_AT_ONCE = 10

# So far a total may be from the one before plus the amount: in the unit, and as a part of itself.
JUMP = 1e-6
JUMP_OF_TOTAL = 1e-12

# The rows of so many statistics are looked up in one go.
LOOKED_UP_AT_ONCE = 200

# So many times a row is looked up to know how long it takes.
LOOKUPS = 100


def described(
    statistic_id: str, name: str, unit: str, *, unit_class: str | None = None, is_mean: bool = False
) -> StatisticMetaData:
    """Describe a statistic of ours, of sums or of hourly means; of a long name as much as fits."""
    return StatisticMetaData(
        source=DOMAIN,
        statistic_id=statistic_id,
        name=name[:LONGEST_NAME],
        unit_class=unit_class,
        unit_of_measurement=unit,
        mean_type=StatisticMeanType.ARITHMETIC if is_mean else StatisticMeanType.NONE,
        has_sum=not is_mean,
    )


def metadata(series: Series, name: str, statistic_id: str | None = None) -> StatisticMetaData:
    """Describe the statistic of a series, or of a part of it."""
    quantity = series.measure.quantity
    return described(
        statistic_id or series.statistic_id, name, quantity.unit, unit_class=quantity.unit_class
    )


class RecorderError(HomeAssistantError):
    """The recorder has ended, or rows that were written are not there: it only logs a failed write.

    Callers of actions are told so in their language.
    """

    key: ClassVar = "not_stored"

    def __init__(self, message: str) -> None:
        """Keep the message for the log."""
        super().__init__(message, translation_domain=DOMAIN, translation_key=self.key)
        self.message = message

    @override
    def __str__(self) -> str:
        return self.message


class RecorderEndedError(RecorderError):
    """The recorder's thread or executor has ended: nothing is stored before the next start."""


class RecorderSilentError(RecorderError):
    """The database does not answer: it is locked, its server restarts, its disk is in trouble."""

    key = "recorder_silent"


@callback
def async_publish(hass: HomeAssistant, statistic: StatisticMetaData) -> None:
    """Make a statistic known, so that it can be chosen before its first row is there."""
    async_add_external_statistics(hass, statistic, [])


@callback
def async_write(
    hass: HomeAssistant, statistic: StatisticMetaData, change: Change, end: datetime
) -> None:
    """Queue the changed rows, and the shift of all rows from `end` (the stretch's end) on."""
    if change.rows:
        async_add_external_statistics(hass, statistic, [_data(row) for row in change.rows])
    unit = statistic["unit_of_measurement"]
    if change.shift and unit:
        _instance(hass).async_adjust_statistics(statistic["statistic_id"], end, change.shift, unit)


async def async_known(
    hass: HomeAssistant, statistic_ids: set[str] | None = None
) -> dict[str, tuple[str | None, str | None]]:
    """Return name and unit of those statistics that the recorder knows; of None: of all of ours."""
    source = DOMAIN if statistic_ids is None else None
    known = await async_ask(
        hass, get_metadata, hass, statistic_ids=statistic_ids, statistic_source=source
    )
    return {key: (data["name"], data["unit_of_measurement"]) for key, (_, data) in known.items()}


async def async_known_names(
    hass: HomeAssistant, statistic_ids: set[str] | None = None
) -> dict[str, str | None]:
    """Return the names of those statistics that the recorder knows; of None: of all of ours."""
    return {key: name for key, (name, _) in (await async_known(hass, statistic_ids)).items()}


async def async_clear(hass: HomeAssistant, statistic_ids: Collection[str]) -> None:
    """Delete statistics, and wait until they are gone."""
    _instance(hass).async_clear_statistics(list(statistic_ids))
    await async_synchronize(hass)


async def async_synchronize(hass: HomeAssistant) -> None:
    """Wait until the recorder has carried out all that was queued so far.

    It may take hours (a migration, a backup): nothing more is queued meanwhile. Raises
    RecorderEndedError where the recorder's thread has ended, and so will never answer.
    """
    done = asyncio.get_running_loop().create_future()
    _instance(hass).queue_task(SynchronizeTask(done))
    while not done.done():
        await asyncio.wait([done], timeout=ALIVE_LOOKS)
        _instance(hass)


def _instance(hass: HomeAssistant) -> Recorder:
    """Return the recorder; raises RecorderEndedError where its thread has ended."""
    instance = get_instance(hass)
    if not instance.is_alive():
        raise RecorderEndedError("The recorder has ended")
    return instance


async def async_ask[**P, T](
    hass: HomeAssistant, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Ask the recorder in its executor.

    Raises RecorderEndedError where that has ended, RecorderSilentError where the database does not
    answer.
    """
    instance = _instance(hass)
    try:
        job = instance.async_add_executor_job(partial(ask, *args, **kwargs))
    except RuntimeError as err:  # its executor takes no more work
        raise RecorderEndedError(str(err)) from err
    try:
        return await job
    except RuntimeError as err:
        if not getattr(instance, "stop_requested", False):  # it has none before it is connected
            raise
        raise RecorderEndedError(str(err)) from err  # its thread is still there, its database not
    except SQLAlchemyError as err:
        # What the database said, without the statement that was sent.
        raise RecorderSilentError(str(getattr(err, "orig", None) or err)) from err


async def async_lookup_seconds(hass: HomeAssistant) -> float:
    """Return how long the recorder's database needs to look one row up; nothing is written."""
    return await async_ask(hass, _lookup_seconds, hass)


async def async_last_rows(hass: HomeAssistant, statistic_ids: Iterable[str]) -> dict[str, Row]:
    """Return the newest row of each statistic; one without rows is left out."""
    return await async_ask(hass, _last_rows, hass, list(statistic_ids))


async def async_extents(
    hass: HomeAssistant, statistic_ids: Iterable[str], until: datetime | None = None
) -> dict[str, Extent]:
    """Return what is stored of each statistic, up to the hour `until`; without rows it is left out.

    All rows are counted, in one statement for some statistics at a time.
    """
    found: dict[str, Extent] = {}
    for ids in batched(statistic_ids, COUNTED_AT_ONCE, strict=False):
        found |= await async_ask(hass, _extents, hass, ids, until)
    return found


async def async_jumps(hass: HomeAssistant, statistic_ids: Iterable[str]) -> dict[str, datetime]:
    """Return the newest hour (its start, UTC) of each statistic that has a jump.

    There the total is not that of the row before and the row's amount: somebody else changed it,
    or a write was cut off. All rows are gone through, of some statistics at a time.
    """
    found: dict[str, datetime] = {}
    for ids in batched(statistic_ids, GONE_THROUGH_AT_ONCE, strict=False):
        found |= await async_ask(hass, _jumps, hass, ids)
    return found


async def async_extents_until(
    hass: HomeAssistant, extents: Mapping[str, tuple[Extent, datetime]]
) -> dict[str, Extent]:
    """Return what is stored of statistics up to an hour of each, given all that is stored of them.

    Most often that is all; only where Home Assistant was killed, or has another database or memory
    than before, the recorder has to be asked.
    """
    found: dict[str, Extent] = {}
    later: defaultdict[datetime, list[str]] = defaultdict(list)
    for statistic_id, (extent, until) in extents.items():
        if extent.last.start <= until:
            found[statistic_id] = extent
        else:
            later[until].append(statistic_id)
    for until, ids in later.items():
        found |= await async_extents(hass, ids, until)
    return found


async def async_rows_at(
    hass: HomeAssistant, statistic_ids: Iterable[str], hour: datetime
) -> dict[str, Row]:
    """Return the row of an hour of each statistic that has one."""
    return await async_ask(hass, _rows_at, hass, set(statistic_ids), hour)


async def async_rows(
    hass: HomeAssistant, statistic_ids: Iterable[str], start: datetime, end: datetime
) -> dict[str, tuple[list[Row], float]]:
    """Return the rows from `start` to before `end`, and the running total before the first.

    A statistic without rows in the stretch is left out.
    """
    return await async_ask(hass, _rows, hass, set(statistic_ids), start, end)


async def async_hours(
    hass: HomeAssistant, statistic_ids: Iterable[str], start: datetime, end: datetime
) -> dict[str, dict[datetime, float]]:
    """Return the amounts from `start` to before `end` by their hour, for each statistic with rows.

    Some statistics are asked for at a time, as others wait for the database meanwhile.
    """
    found: dict[str, dict[datetime, float]] = {}
    for ids in batched(statistic_ids, COUNTED_AT_ONCE, strict=False):
        for statistic_id, (rows, _) in (await async_rows(hass, ids, start, end)).items():
            found[statistic_id] = {row.start: row.amount for row in rows if row.amount is not None}
    return found


async def async_last_rows_before(
    hass: HomeAssistant, statistic_ids: Iterable[str], times: Sequence[datetime]
) -> dict[str, list[Row | None]]:
    """Return the last row with an amount of each statistic before each of some times.

    None where none is earlier. Rows without an amount are passed over: their total is that of the
    row before. Rows are looked through from the time back, so gaps cost nothing.
    """
    found: dict[str, list[Row | None]] = {}
    for ids in batched(statistic_ids, LOOKED_UP_AT_ONCE, strict=False):
        found |= await async_ask(hass, _last_rows_before, hass, ids, times)
    return found


async def async_totals_before(
    hass: HomeAssistant, statistic_ids: Collection[str], time: datetime
) -> dict[str, float]:
    """Return the running totals of statistics before a time; 0 without an earlier row."""
    rows = await async_last_rows_before(hass, statistic_ids, [time])
    return {key: row.total if row else 0.0 for key, [row] in rows.items()}


async def async_next_row(
    hass: HomeAssistant, statistic_id: str, time: datetime, last: datetime
) -> Row | None:
    """Return the first row at a time or later; `last` is the start of the newest row."""
    step = HOUR
    while time <= last:
        if found := await async_rows(hass, [statistic_id], time, time + step):
            rows, _ = found[statistic_id]
            return rows[0]
        time, step = time + step, step * 4
    return None


def _lookup_seconds(hass: HomeAssistant) -> float:
    """Look for rows that are not there, one by one, as the recorder does before it stores them."""
    with session_scope(hass=hass, read_only=True) as session:

        def look_up(start: int) -> float:
            began = perf_counter()
            ids = session.query(Statistics.id)
            ids.filter((Statistics.metadata_id == 0) & (Statistics.start_ts == start)).first()
            return perf_counter() - began

        # Not the mean: the first one connects, and a machine does other things now and then.
        return median(map(look_up, range(LOOKUPS)))


def _last_rows(hass: HomeAssistant, statistic_ids: list[str]) -> dict[str, Row]:
    last = partial(get_last_statistics, hass, 1, convert_units=False, types={"state", "sum"})
    found = {statistic_id: last(statistic_id=statistic_id) for statistic_id in statistic_ids}
    return {key: _row(rows[key][0]) for key, rows in found.items() if rows}


def _extents(
    hass: HomeAssistant, statistic_ids: Collection[str], until: datetime | None
) -> dict[str, Extent]:
    counted = (
        select(
            Statistics.metadata_id,
            func.min(Statistics.start_ts).label("first"),
            func.max(Statistics.start_ts).label("last"),
            func.count().label("number"),
        )
        .join(StatisticsMeta, StatisticsMeta.id == Statistics.metadata_id)
        .where(StatisticsMeta.statistic_id.in_(statistic_ids))
        .group_by(Statistics.metadata_id)
    )
    if until:
        counted = counted.where(Statistics.start_ts <= until.timestamp())
    known = counted.subquery()
    newest = (
        select(
            StatisticsMeta.statistic_id,
            known.c.first,
            known.c.last,
            known.c.number,
            Statistics.state,
            Statistics.sum,
        )
        .join(StatisticsMeta, StatisticsMeta.id == known.c.metadata_id)
        .join(
            Statistics,
            and_(
                Statistics.metadata_id == known.c.metadata_id,
                Statistics.start_ts == known.c.last,
            ),
        )
    )
    with session_scope(hass=hass, read_only=True) as session:
        return {
            statistic_id: Extent(
                dt_util.utc_from_timestamp(first),
                Row(dt_util.utc_from_timestamp(last), state, total or 0.0),
                number,
            )
            for statistic_id, first, last, number, state, total in session.execute(newest)
        }


def _jumps(hass: HomeAssistant, statistic_ids: Collection[str]) -> dict[str, datetime]:
    before = func.lag(Statistics.sum).over(
        partition_by=Statistics.metadata_id, order_by=Statistics.start_ts
    )
    rows = (
        select(
            StatisticsMeta.statistic_id,
            Statistics.start_ts,
            Statistics.sum,
            (Statistics.sum - before - func.coalesce(Statistics.state, 0.0)).label("jump"),
        )
        .join(StatisticsMeta, StatisticsMeta.id == Statistics.metadata_id)
        .where(StatisticsMeta.statistic_id.in_(statistic_ids))
        .subquery()
    )
    allowed = JUMP + JUMP_OF_TOTAL * func.abs(rows.c.sum)
    jumps = (
        select(rows.c.statistic_id, func.max(rows.c.start_ts))
        .where(func.abs(rows.c.jump) > allowed)
        .group_by(rows.c.statistic_id)
    )
    with session_scope(hass=hass, read_only=True) as session:
        return {key: dt_util.utc_from_timestamp(at) for key, at in session.execute(jumps)}


def _last_rows_before(
    hass: HomeAssistant, statistic_ids: Collection[str], times: Sequence[datetime]
) -> dict[str, list[Row | None]]:
    found: dict[str, list[Row | None]] = {key: [None] * len(times) for key in statistic_ids}
    earlier = aliased(Statistics)
    newest = (
        select(earlier.start_ts)
        .where(
            earlier.metadata_id == StatisticsMeta.id,
            earlier.start_ts < bindparam("time"),
            earlier.state.is_not(None),
        )
        .order_by(earlier.start_ts.desc())
        .limit(1)
    )
    rows = (
        select(StatisticsMeta.statistic_id, Statistics.start_ts, Statistics.state, Statistics.sum)
        .join(
            Statistics,
            and_(
                Statistics.metadata_id == StatisticsMeta.id,
                Statistics.start_ts == newest.scalar_subquery(),
            ),
        )
        .where(StatisticsMeta.statistic_id.in_(statistic_ids))
    )
    with session_scope(hass=hass, read_only=True) as session:
        for index, time in enumerate(times):
            for key, start, state, total in session.execute(rows, {"time": time.timestamp()}):
                row = Row(dt_util.utc_from_timestamp(start), state, total or 0.0)
                found[key][index] = row
    return found


def _rows(
    hass: HomeAssistant, statistic_ids: set[str], start: datetime, end: datetime
) -> dict[str, tuple[list[Row], float]]:
    found = statistics_during_period(
        hass, start, end, statistic_ids, "hour", None, {"state", "sum", "change"}
    )
    return {
        key: ([_row(row) for row in rows], (rows[0]["sum"] or 0) - (rows[0]["change"] or 0))
        for key, rows in found.items()
        if rows
    }


def _rows_at(hass: HomeAssistant, statistic_ids: set[str], hour: datetime) -> dict[str, Row]:
    found = statistics_during_period(
        hass, hour, hour + HOUR, statistic_ids, "hour", None, {"state", "sum"}
    )
    return {key: _row(rows[0]) for key, rows in found.items() if rows}


def _data(row: Row) -> StatisticData:
    data = StatisticData(start=row.start, sum=row.total)
    if row.amount is not None:
        data["state"] = row.amount
    return data


def _row(row: StatisticsRow) -> Row:
    start = dt_util.utc_from_timestamp(row["start"])
    return Row(start, row["state"], row["sum"] or 0.0)
