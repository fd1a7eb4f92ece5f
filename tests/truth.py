"""What is stored, and what should be."""

from datetime import UTC, datetime
from functools import cache, partial

from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.components.recorder.statistics import (
    get_metadata,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util
from sqlalchemy import delete as sa_delete

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.statistics.rows import Row
from tests.conftest import Home

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def hourly_changes(home: Home) -> dict[str, dict[datetime, float]]:
    """What the Energy dashboard reads: the change of each hour of every Climkit statistic."""
    found = await get_instance(home.hass).async_add_executor_job(
        statistics_during_period, home.hass, LONG_AGO, None, None, "hour", None, {"change"}
    )
    return {
        key: {dt_util.utc_from_timestamp(row["start"]): row["change"] for row in rows}
        for key, rows in found.items()
        if key.startswith("climkit:")
    }


def climkit_hours(home: Home, until: datetime) -> dict[str, dict[datetime, float]]:
    """What Climkit says of each hour, for all series."""
    hours: dict[str, dict[datetime, float]] = {}
    # What a site measured is worked out once for all series of a type.
    of_type = cache(partial(home.simulator.world.intervals, start=LONG_AGO, end=until, now=until))
    for site in home.sites:
        for series in site.series.values():
            truth = of_type(series.feed.site_id, series.feed.meter_type)
            sums: dict[datetime, float] = {}
            # A meter that is asked for by itself answers without its id.
            column = f"{series.column}_{series.feed.meter_id}"
            for start, value in truth.get(column, truth.get(series.column, {})).items():
                hour = start.replace(minute=0)
                sums[hour] = sums.get(hour, 0.0) + value
            if sums:
                hours[series.statistic_id] = sums
    return hours


async def assert_equal_to_climkit(home: Home) -> None:
    """Every hour of every series is stored, and no other; costs are looked at elsewhere."""
    changes = await hourly_changes(home)
    derived = ("_cost", "_ext_high", "_ext_low")
    stored = {key: hours for key, hours in changes.items() if not key.endswith(derived)}
    expected = climkit_hours(home, dt_util.utcnow())
    assert stored.keys() == expected.keys()
    for key, hours in expected.items():
        assert stored[key].keys() == hours.keys(), key
        for hour, amount in hours.items():
            assert abs(stored[key][hour] - amount) < 1e-6, (key, hour)


async def stored_rows(hass: HomeAssistant) -> dict[str, list[Row]]:
    """All rows of Climkit's statistics."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, LONG_AGO, None, None, "hour", None, {"state", "sum"}
    )
    return {
        key: [
            Row(dt_util.utc_from_timestamp(r["start"]), r["state"], r["sum"] or 0.0) for r in rows
        ]
        for key, rows in found.items()
        if key.startswith("climkit:")
    }


async def known_names(hass: HomeAssistant) -> dict[str, str | None]:
    """The names of Climkit's statistics."""
    known = await get_instance(hass).async_add_executor_job(
        partial(get_metadata, hass, statistic_source=DOMAIN)
    )
    return {statistic_id: data["name"] for statistic_id, (_, data) in known.items()}


async def delete_rows(hass: HomeAssistant, *, since: datetime) -> None:
    """Take rows away as a restored backup does."""

    def delete() -> None:
        with session_scope(hass=hass) as session:
            session.execute(sa_delete(Statistics).where(Statistics.start_ts >= since.timestamp()))

    await get_instance(hass).async_add_executor_job(delete)
