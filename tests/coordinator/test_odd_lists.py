"""Lists of meters and sensors that no Climkit server should send do no harm."""

from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.json import json_bytes
import pytest

from custom_components.climkit.const import DOMAIN
from tests.conftest import Home
from tests.simulator import World, profiles, single_house
from tests.simulator.building import Sensor

ODD_NAME = "Wash\ud800room\u202e\x00 " + "1" * 10_000


@pytest.fixture
def world(now: datetime) -> World:
    """A house with a sensor that has a meter's id, and a list with the meters in it twice."""
    house = replace(single_house(1, now, timedelta(days=2)), faultless=True)
    [first, *_] = house.meter_info()
    info = {"id": first["id"], "name": ODD_NAME, "type": "temperature", "unit": "°C"}
    house = replace(house, sensors=(Sensor(info=info, gauge=profiles.room_temperature),))
    world = World.of(house)
    for meter in house.meter_info():
        world.add_meter(house.id, meter | {"name": "again"})
        world.add_meter(house.id, meter | {"id": str(meter["id"]).upper()})
    world.add_meter(house.id, {"id": house.id, "type": "electricity", "mode": "consumption"})
    world.add_meter(house.id, {"id": "f" * 24, "type": "electricity", "name": ODD_NAME})
    return world


async def test_odd_lists(home: Home, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Each id is one device with its entities once; all of it can be stored."""
    await home.set_up_completely()
    [house] = world.sites.values()
    listed = [str(meter["id"]) for meter in house.meter_info()]
    assert listed[0] in home.sites[0].sensors.data

    devices = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
    identifiers = {identifier for device in devices for identifier in device.identifiers}
    assert identifiers == {(DOMAIN, i) for i in (house.id, *listed, "f" * 24)}
    [odd] = [device for device in devices if (DOMAIN, "f" * 24) in device.identifiers]
    assert odd.name is not None
    assert odd.name.startswith("Washroom 111")
    assert "again" not in {device.name for device in devices}

    entities = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    unique_ids = [entity.unique_id for entity in entities]
    assert len({unique_id.lower() for unique_id in unique_ids}) == len(unique_ids)
    assert {listed[0], f"{listed[0]}_from_ext_today"} <= set(unique_ids)
    json_bytes([device.dict_repr for device in devices])
    json_bytes([entity.as_partial_dict for entity in entities])
    assert "Traceback" not in caplog.text
    assert "does not generate unique IDs" not in caplog.text
