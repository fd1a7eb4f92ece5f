"""An import whose rows are looked up and sent together.

Home Assistant does so row by row, with an object and two statements each, which is more than half
of a test's time. What is stored is the same, but for an hour that stands twice in one import.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from homeassistant.components.recorder import statistics
from homeassistant.components.recorder.db_schema import Statistics, StatisticsBase
from homeassistant.components.recorder.models import StatisticData
from sqlalchemy import event, insert
from sqlalchemy.orm import Session, SessionTransaction

_insert_one = statistics._insert_statistics


@dataclass(slots=True)
class _Import:
    """What one transaction knows of stored rows, by series, and the new rows it is to send.

    Ids of rows by their start; those before the first start that was asked for are not among them.
    """

    stored: dict[tuple[str, int], tuple[float, dict[float, int]]] = field(default_factory=dict)
    new: list[dict[str, Any]] = field(default_factory=list)


_imports: WeakKeyDictionary[SessionTransaction, _Import] = WeakKeyDictionary()


@contextmanager
def rows_together() -> Iterator[None]:
    """Let the recorder look up and send the rows of an import together."""
    event.listen(Session, "before_commit", _send)
    try:
        with (
            patch.object(statistics, "_statistics_exists", _statistics_exists),
            patch.object(statistics, "_insert_statistics", _insert_statistics),
        ):
            yield
    finally:
        event.remove(Session, "before_commit", _send)


def _import_of(session: Session) -> _Import:
    session.connection()  # begins a transaction, if there is none
    transaction = session.get_transaction()
    assert transaction
    return _imports.setdefault(transaction, _Import())


def _statistics_exists(
    session: Session, table: type[StatisticsBase], metadata_id: int, start: datetime
) -> int | None:
    """Tell the row of an hour; all from the first hour on are asked for at once."""
    stored, at = _import_of(session).stored, start.timestamp()
    key = (table.__tablename__, metadata_id)
    if key not in stored or at < stored[key][0]:
        later = f"SELECT start_ts, id FROM {key[0]} WHERE metadata_id = ? AND start_ts >= ?"  # noqa: S608
        rows = session.connection().exec_driver_sql(later, (metadata_id, at))
        stored[key] = at, {row.start_ts: row.id for row in rows}
    return stored[key][1].get(at)


def _insert_statistics(
    session: Session,
    table: type[StatisticsBase],
    metadata_id: int,
    statistic: StatisticData,
    now_timestamp: float,
) -> StatisticsBase | None:
    """Keep a new row until the import ends; five-minute rows are read back before."""
    if table is not Statistics:
        return _insert_one(session, table, metadata_id, statistic, now_timestamp)
    columns: Any = table.from_stats
    _import_of(session).new.append(columns.__func__(dict, metadata_id, statistic, now_timestamp))
    return None


def _send(session: Session) -> None:
    transaction = session.get_transaction()
    known = _imports.pop(transaction, None) if transaction else None
    if known and known.new:
        session.execute(insert(Statistics), known.new)
