"""Copies of the recorder's long-term statistics, and what a person does to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
import pickle
from tempfile import TemporaryFile
from typing import IO, Any

from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from sqlalchemy import delete, insert, select

from custom_components.climkit.const import DOMAIN

# So many rows are in memory at once: that of the soak is measured.
ROWS = 1000


@dataclass
class Copy:
    """What a database held of this integration's statistics, in a file."""

    file: IO[bytes] = field(default_factory=TemporaryFile)

    def add(self, statistic_id: str, rows: list[dict[str, Any]]) -> None:
        """Keep rows of a statistic."""
        pickle.dump((statistic_id, rows), self.file)

    def parts(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Return what was added, in that order."""
        end = self.file.tell()
        self.file.seek(0)
        while self.file.tell() < end:
            yield pickle.load(self.file)  # noqa: S301 - our own file


async def copy_database(hass: HomeAssistant) -> Copy:
    """Copy all rows."""
    await async_wait_recording_done(hass)
    return await get_instance(hass).async_add_executor_job(_read, hass)


async def restore_database(hass: HomeAssistant, copy: Copy) -> None:
    """Let the database hold the rows of a copy, and no others.

    A statistic that is newer than the copy stays known, without rows.
    """
    await get_instance(hass).async_add_executor_job(_write, hass, copy)


async def adjust_sum(hass: HomeAssistant, statistic_id: str, start: datetime, by: float) -> None:
    """Adjust a sum as Home Assistant's own tools do: all rows from a time on move."""
    instance = get_instance(hass)
    units = await instance.async_add_executor_job(_units, hass)
    if unit := units.get(statistic_id):
        instance.async_adjust_statistics(statistic_id, start, by, unit)
        await async_wait_recording_done(hass)


def _read(hass: HomeAssistant) -> Copy:
    copy = Copy()
    columns = [column for column in Statistics.__table__.columns if column.name != "id"]
    with session_scope(hass=hass, read_only=True) as session:
        for statistic_id, number in _ids(session).items():
            rows = session.execute(select(*columns).where(Statistics.metadata_id == number))
            for part in batched(rows.mappings(), ROWS, strict=False):
                copy.add(statistic_id, [dict(row) for row in part])
    return copy


def _write(hass: HomeAssistant, copy: Copy) -> None:
    with session_scope(hass=hass) as session:
        numbers = _ids(session)
        session.execute(delete(Statistics).where(Statistics.metadata_id.in_(numbers.values())))
        for statistic_id, rows in copy.parts():
            if number := numbers.get(statistic_id):
                session.execute(
                    insert(Statistics), [{**row, "metadata_id": number} for row in rows]
                )


def _units(hass: HomeAssistant) -> dict[str, str]:
    with session_scope(hass=hass, read_only=True) as session:
        found = select(StatisticsMeta.statistic_id, StatisticsMeta.unit_of_measurement)
        return {key: unit for key, unit in session.execute(found) if unit}


def _ids(session: Any) -> dict[str, int]:
    found = select(StatisticsMeta.statistic_id, StatisticsMeta.id)
    return {key: number for key, number in session.execute(found) if key.startswith(f"{DOMAIN}:")}
