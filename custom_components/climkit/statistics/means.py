"""Statistics of hourly means: those of sensors, which are read, and copies that are kept of them.

Times are UTC. As in `recorder`, the recorder is asked in its executor, and writes are queued by it.
"""

from collections.abc import Mapping
from datetime import datetime

from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_add_external_statistics, get_metadata
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import session_scope
from homeassistant.util import dt as dt_util
from sqlalchemy import select

from .recorder import async_ask


async def async_mean_unit(hass: HomeAssistant, statistic_id: str) -> tuple[bool, str | None]:
    """Return whether a statistic with means is known, and in what unit they are."""
    known = await async_ask(hass, get_metadata, hass, statistic_ids={statistic_id})
    if statistic_id not in known:
        return False, None
    _, data = known[statistic_id]
    has_mean = data["mean_type"] is StatisticMeanType.ARITHMETIC
    return has_mean, data["unit_of_measurement"] if has_mean else None


async def async_means(
    hass: HomeAssistant, statistic_id: str, start: datetime, end: datetime
) -> dict[datetime, float]:
    """Return the means of the hours from `start` to before `end`, as they are stored."""
    return await async_ask(hass, _means, hass, statistic_id, start, end)


@callback
def async_write_means(
    hass: HomeAssistant, statistic: StatisticMetaData, means: Mapping[datetime, float]
) -> None:
    """Queue rows of a statistic."""
    rows = [StatisticData(start=hour, mean=mean) for hour, mean in sorted(means.items())]
    async_add_external_statistics(hass, statistic, rows)


def _means(
    hass: HomeAssistant, statistic_id: str, start: datetime, end: datetime
) -> dict[datetime, float]:
    rows = (
        select(Statistics.start_ts, Statistics.mean)
        .join(StatisticsMeta, StatisticsMeta.id == Statistics.metadata_id)
        .where(
            StatisticsMeta.statistic_id == statistic_id,
            Statistics.start_ts >= start.timestamp(),
            Statistics.start_ts < end.timestamp(),
            Statistics.mean.is_not(None),
        )
    )
    with session_scope(hass=hass, read_only=True) as session:
        found = session.execute(rows).all()
    return {dt_util.utc_from_timestamp(start): mean for start, mean in found}
