"""Climkit's own sensors: their list, their readings, and what of it is refused."""

from datetime import timedelta

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import CONF_SENSORS
from custom_components.climkit.devices import sensor_device
from tests.conftest import Home
from tests.coordinator.steps import (
    Requests,
    apartments,
    building,
    consumption,
    has_device,
    set_up,
    state,
)
from tests.simulator import Fault, FaultKind, World


@pytest.fixture
def world() -> World:
    """A house with everything."""
    return apartments()


def sensor_ids(home: Home) -> list[str]:
    """The house's sensors."""
    return [str(sensor.info["id"]) for sensor in building(home).sensors]


async def test_refused_sensor(home: Home) -> None:
    """The others go on."""
    refused, other, *_ = sensor_ids(home)
    home.simulator.switches.refused = {refused: 403}
    await set_up(home)
    requests = Requests(home)
    for _ in range(4 * 3):
        await home.turn_clock(minutes=15)
    assert 3 <= len(requests(refused)) <= 6
    assert len(requests(other)) == 4 * 3
    assert state(home, refused) == STATE_UNKNOWN
    assert state(home, other) != STATE_UNKNOWN
    assert not home.flows


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.STATUS, status=403, path="sensors_list"),
        Fault(kind=FaultKind.STATUS, status=404, path="sensors_list"),
        Fault(kind=FaultKind.STATUS, status=500, path="sensors_list"),
        Fault(kind=FaultKind.HTML, path="sensors_list"),
    ],
)
async def test_without_list_of_sensors(home: Home, fault: Fault) -> None:
    """Meters need no sensors; these come once there is a list."""
    home.simulator.switches.faults = [fault]
    await set_up(home)
    [sensor, *_] = sensor_ids(home)
    assert consumption(home) != STATE_UNKNOWN
    assert not home.has_entity(sensor)
    home.simulator.switches.faults = []
    await home.turn_clock(minutes=15)
    await home.turn_clock(minutes=15)
    assert state(home, sensor) != STATE_UNKNOWN


async def test_list_that_is_refused_now_and_then(home: Home) -> None:
    """It is asked for again five minutes later each time: what is over counts no more."""
    await set_up(home)
    for _ in range(2):
        refusal = Fault(kind=FaultKind.STATUS, status=403, path="sensors_list", times=1)
        home.simulator.switches.faults = [refusal]
        await home.turn_clock(days=1)
        assert not refusal.times
        requests = Requests(home)
        await home.turn_clock(minutes=4)
        assert not requests("sensors_list")
        await home.turn_clock(minutes=2)
        assert len(requests("sensors_list")) == 1


async def test_old_reading(home: Home) -> None:
    """A value is shown for a day, not longer."""
    await set_up(home)
    [sensor, *_] = sensor_ids(home)
    home.simulator.switches.faults = [Fault(kind=FaultKind.EMPTY_LIST, path="sensor_data")]
    await home.turn_clock(hours=23)
    assert state(home, sensor) not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
    await home.turn_clock(hours=1)
    assert state(home, sensor) == STATE_UNKNOWN


async def test_reading_of_a_day_ago(home: Home) -> None:
    """It is no longer shown in the moment that it is a day old."""
    await set_up(home)
    house, now = building(home), int(dt_util.utcnow().timestamp())
    [sensor, *_] = sensor_ids(home)
    readings = house.readings(sensor, now - 86_400, now)
    assert readings
    newest, value = max(readings)
    coordinator = next(one.sensors for one in home.sites if sensor in one.sensors.data)
    expires = dt_util.utc_from_timestamp(newest) + timedelta(days=1)
    coordinator.now = expires - timedelta.resolution
    assert coordinator.value(sensor) == pytest.approx(value)
    coordinator.now = expires
    assert coordinator.value(sensor) is None


async def test_reading_of_a_site_abroad(home: Home) -> None:
    """A time without an offset is the site's own; taken for Swiss time it would be the future."""
    building(home).site_info["timezone"] = "Europe/Helsinki"
    readings = '[{"timestamp": "2026-11-20 12:00:00", "value": 19.5}]'
    home.simulator.switches.faults = [
        Fault(kind=FaultKind.STATUS, status=200, path="sensor_data", text=readings)
    ]
    await set_up(home)
    [sensor, *_] = sensor_ids(home)
    assert state(home, sensor) == "19.5"


async def test_vanished_sensor(home: Home) -> None:
    """Its device goes with the third daily list without it."""
    await set_up(home)
    [gone, *_] = sensor_ids(home)
    building(home).sensors = building(home).sensors[1:]
    for _ in range(2):
        await home.turn_clock(days=1)
    assert has_device(home, gone)
    assert state(home, gone) == STATE_UNAVAILABLE
    await home.turn_clock(days=1)
    assert not has_device(home, gone)


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
async def test_empty_list(home: Home, is_restarted: bool) -> None:
    """Believed when it is asked for twice; a single one takes no value away for a day."""
    await set_up(home)
    [sensor, *_] = sensor_ids(home)
    odd = Fault(kind=FaultKind.EMPTY_LIST, path="sensors_list", times=1)
    home.simulator.switches.faults = [odd]
    await home.turn_clock(days=1)
    if is_restarted:
        odd.times = 1
        await home.restart()
    for _ in range(2):
        await home.turn_clock(minutes=15)
    assert not odd.times
    assert state(home, sensor) not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
    odd.times = 2
    await home.turn_clock(days=1)
    for _ in range(2):
        await home.turn_clock(minutes=15)
    assert not odd.times
    assert state(home, sensor) == STATE_UNAVAILABLE


@pytest.mark.parametrize(
    ("told", "unit", "kind"),
    [
        ({"type": "pressure", "unit": "hPa"}, "hPa", "pressure"),
        ({"type": None, "unit": None}, "°C", "temperature"),
    ],
)
async def test_another_unit(home: Home, told: dict[str, str | None], unit: str, kind: str) -> None:
    """What it measures now is shown in that unit within a day; what a list leaves out stays."""
    await set_up(home)
    [first, *_] = building(home).sensors
    sensor, before = str(first.info["id"]), home.sites[0]
    assert home.state(sensor).attributes["unit_of_measurement"] == "°C"
    first.info.update(told)
    await home.turn_clock(days=1)
    await home.let_set_up_end()
    await home.let_follow()
    await home.turn_clock(minutes=15)
    found = home.state(sensor).attributes
    assert (found["unit_of_measurement"], found["device_class"]) == (unit, kind)
    assert (home.sites[0] is before) is (unit == "°C")


async def test_unit_that_one_list_lacks(home: Home) -> None:
    """The next list that has it says nothing new."""
    await set_up(home)
    [first, *_] = building(home).sensors
    sensor, before, unit = str(first.info["id"]), home.sites[0], first.info["unit"]
    for told in (None, unit):
        first.info["unit"] = told
        await home.turn_clock(days=1)
        await home.let_set_up_end()
        assert home.sites[0] is before
    assert home.state(sensor).attributes["unit_of_measurement"] == unit


async def test_unit_of_one_that_is_back(home: Home) -> None:
    """A sensor that lists lacked meanwhile is shown in the unit that it has now."""
    await set_up(home)
    house = building(home)
    first, *others = house.sensors
    house.sensors = tuple(others)
    await home.turn_clock(days=1)
    first.info.update({"type": "pressure", "unit": "hPa"})
    house.sensors = (first, *others)
    await home.turn_clock(days=1)
    await home.let_set_up_end()
    await home.let_follow()
    assert home.state(str(first.info["id"])).attributes["unit_of_measurement"] == "hPa"


async def test_another_unit_and_a_new_sensor(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The account is loaded anew before there are entities of what is new, which then is there."""
    await set_up(home)
    house = building(home)
    first, new, *others = house.sensors
    house.sensors = (first, *others)
    await home.restart()
    for _ in range(3):
        await home.turn_clock(days=1)
    assert not has_device(home, str(new.info["id"]))
    first.info["unit"] = "K"
    house.sensors = (first, new, *others)
    await home.turn_clock(days=1)
    await home.let_set_up_end()
    await home.let_follow()
    await home.turn_clock(minutes=15)
    assert state(home, str(new.info["id"])) not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
    assert "does not generate unique IDs" not in caplog.text


async def test_sensors_down(home: Home) -> None:
    """Only they become unavailable."""
    await set_up(home)
    [sensor, *_] = sensor_ids(home)
    home.simulator.switches.faults = [
        Fault(kind=FaultKind.STATUS, status=500, path="sensor_data|sensors_list")
    ]
    for _ in range(13):
        await home.turn_clock(minutes=15)
    assert state(home, sensor) == STATE_UNAVAILABLE
    assert consumption(home) != STATE_UNAVAILABLE


async def test_clock_set_right(home: Home) -> None:
    """What was asked while the clock was days ahead is asked again, not in days."""
    await set_up(home)
    [sensor, *_] = sensor_ids(home)
    home.set_clock(days=3)
    await home.turn_clock(minutes=15)
    home.set_clock_right()
    requests = Requests(home)
    for _ in range(2):
        await home.turn_clock(minutes=15)
    assert requests(sensor)


async def test_no_longer_wanted(home: Home) -> None:
    """They go with all that they had, and nothing is asked; who wants them again has them again."""
    await set_up(home)
    found = sensor_ids(home)
    assert all(has_device(home, one) for one in found)
    await home.choose(**{CONF_SENSORS: False})
    assert not any(has_device(home, one) for one in found)
    requests = Requests(home)
    await home.turn_clock(minutes=30)
    assert not any(requests(one) for one in found)
    await home.choose(**{CONF_SENSORS: True})
    assert all(has_device(home, one) for one in found)


async def test_without_a_name(home: Home) -> None:
    """It is called what it measures, or else by the end of its id."""
    await set_up(home)
    [runtime, *_] = home.sites
    sensor = next(iter(runtime.sensors.data.values()))
    for known, name in (
        (sensor._replace(name="Roof", type="temperature"), "Roof"),
        (sensor._replace(name=None, type="temperature"), "temperature"),
        (sensor._replace(name=None, type=None), sensor.id[-4:]),
    ):
        assert sensor_device(runtime, known)["name"] == name
