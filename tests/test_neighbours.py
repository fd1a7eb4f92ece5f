"""Other integrations' statistics in the same recorder are complete and untouched."""

from datetime import datetime, timedelta

from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    StatisticsRow,
    async_add_external_statistics,
    statistics_during_period,
)
from homeassistant.components.sensor import (
    ATTR_STATE_CLASS,
    DOMAIN as SENSOR,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    UnitOfEnergy,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from tests.conftest import NOW, Home
from tests.simulator import World
from tests.stories.source import SITE_ID, Source
from tests.truth import LONG_AGO, assert_equal_to_climkit

pytestmark = [pytest.mark.recorder, pytest.mark.each_database, pytest.mark.recorded_states]

HOUR = timedelta(hours=1)
THIS_HOUR = NOW.replace(minute=0)

ENERGY, TEMPERATURE, EXTERNAL = "sensor.plug_energy", "sensor.cellar", "other:energy"


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile the sensors' statistics every five minutes, as at home."""
    return True


@pytest.fixture
def world() -> World:
    """A small site since three days."""
    return World.of(Source(first=THIS_HOUR - timedelta(days=3), has_water=True))


async def test_other_sensors_and_statistics(home: Home) -> None:
    """While ours are imported, read again and deleted, every hour of theirs is compiled."""
    external = StatisticMetaData(
        source="other",
        statistic_id=EXTERNAL,
        name="Other",
        unit_class="energy",
        unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
    )
    rows = [{"start": THIS_HOUR - n * HOUR, "state": n, "sum": 1e6 - n} for n in range(80)]
    async_add_external_statistics(home.hass, external, rows)  # type: ignore[arg-type]
    assert await async_setup_component(home.hass, SENSOR, {})
    await async_wait_recording_done(home.hass)
    before = (await _rows(home.hass))[EXTERNAL]
    assert len(before) == len(rows)

    for step in range(42):
        _set_sensors(home.hass, step)
        await home.turn_clock(minutes=5, settle=False)
        # The recorder's own timer was set before the clock was, so it would come at another time.
        get_instance(home.hass).async_periodic_statistics()
        match step:
            case 9:  # the first import runs while an hour ends
                await home.set_up()
            case 18:
                [site] = home.sites
                site.history.start_night()
            case 21:
                gone = [f"climkit:{SITE_ID}_electricity_from_ext"]
                await home.sites[0].history.async_delete(gone)
            case 33:
                await home.restart()
    for _ in range(12):  # on a busy machine a request may fail near the end, and rests
        if not home.is_complete:
            await home.turn_clock(minutes=5)
    await home.until(lambda: home.is_complete)
    await home.settle()
    await assert_equal_to_climkit(home)

    after = await _rows(home.hass)
    assert after[EXTERNAL] == before
    hours = [THIS_HOUR, THIS_HOUR + HOUR, THIS_HOUR + 2 * HOUR]
    for sensor in (ENERGY, TEMPERATURE):
        assert [_start(row) for row in after[sensor]][:3] == hours
    assert [row["state"] for row in after[ENERGY]][:3] == [10, 22, 34]
    assert [row["sum"] for row in after[ENERGY]][:3] == [10, 22, 34]
    assert all(20 < (row["mean"] or 0) < 24 for row in after[TEMPERATURE])
    ours = {key for key in after if "climkit" in key}
    assert ours == {key for key in ours if key.startswith("climkit:")}  # none of our sensors


def _set_sensors(hass: HomeAssistant, step: int) -> None:
    """Let time go by for sensors of other integrations."""
    energy = {
        ATTR_DEVICE_CLASS: SensorDeviceClass.ENERGY,
        ATTR_STATE_CLASS: SensorStateClass.TOTAL_INCREASING,
        ATTR_UNIT_OF_MEASUREMENT: UnitOfEnergy.KILO_WATT_HOUR,
    }
    temperature = {
        ATTR_DEVICE_CLASS: SensorDeviceClass.TEMPERATURE,
        ATTR_STATE_CLASS: SensorStateClass.MEASUREMENT,
        ATTR_UNIT_OF_MEASUREMENT: UnitOfTemperature.CELSIUS,
    }
    hass.states.async_set(ENERGY, str(step), energy)
    hass.states.async_set(TEMPERATURE, str(21 + step % 3), temperature)


async def _rows(hass: HomeAssistant) -> dict[str, list[StatisticsRow]]:
    """All hourly rows of everybody."""
    return await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, LONG_AGO, None, None, "hour", None, {"state", "sum", "mean"}
    )


def _start(row: StatisticsRow) -> datetime:
    return dt_util.utc_from_timestamp(row["start"])
