"""New names at Climkit are followed within a day; what is gone keeps its name."""

from dataclasses import dataclass
from datetime import timedelta
from typing import override

from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from tests.conftest import NOW, Home
from tests.costs.bill import add_tariff, tariff
from tests.simulator import Fault, FaultKind, World
from tests.simulator.site import JsonObject, Rows, Viewer
from tests.stories.source import METER_ID, SITE_ID, Source
from tests.truth import assert_equal_to_climkit, known_names

SENSOR_ID = "6a00000000000000000000d1"
NEW_ID = "6a00000000000000000000b2"
TOTAL = f"climkit:{METER_ID}_total"
GRID = f"climkit:{SITE_ID}_electricity_from_ext"

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]


@dataclass(kw_only=True)
class Named(Source):
    """A source whose names a test controls, and whose meter may be replaced."""

    site_name: str | None = "Mill"
    site_ref: str | None = "S"
    meter_name: str | None = "Flat"
    sensor_name: str = "Hall"
    address: int | None = None
    mode: str = "consumption"
    replaced: float = float("inf")
    unlisted: float = float("inf")

    @override
    def info(self) -> JsonObject:
        return super().info() | {"name": self.site_name, "site_ref": self.site_ref}

    @override
    def meter_info(self) -> list[JsonObject]:
        is_old = dt_util.utcnow().timestamp() < self.unlisted
        [meter] = super().meter_info()
        named = {"name": self.meter_name, "prim_ad": self.address, "mode": self.mode}
        return [meter | named | {"id": METER_ID if is_old else NEW_ID}]

    @override
    def sensors_list(self) -> list[JsonObject]:
        return [{"id": SENSOR_ID, "name": self.sensor_name, "type": "temperature", "unit": "°C"}]

    @override
    def readings(self, sensor_id: str, start: int, end: int) -> list[tuple[int, float]] | None:
        return [(end - 900, 21.0)]

    @override
    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        return {
            at: {key.replace(METER_ID, self._id(at)): value for key, value in row.items()}
            for at, row in super().rows(meter_type, start, end, viewer).items()
        }

    def _id(self, at: int) -> str:
        return METER_ID if at < self.replaced else NEW_ID

    def replace(self, data: timedelta, listed: timedelta) -> None:
        """Let another meter have the data in such a time, and stand in the list."""
        self.replaced = (dt_util.utcnow() + data).timestamp()
        self.unlisted = (dt_util.utcnow() + listed).timestamp()


@pytest.fixture
def source() -> Named:
    """Two days of data."""
    return Named(first=NOW.replace(minute=0) - timedelta(days=2))


@pytest.fixture
def world(source: Named) -> World:
    """The source alone."""
    return World.of(source)


def device(home: Home, climkit_id: str) -> dr.DeviceEntry:
    """The device of a site, meter or sensor."""
    registry = dr.async_get(home.hass)
    found = registry.async_get_device_by_identifier(("climkit", climkit_id), home.entry.entry_id)
    assert found
    return found


class TestRenamed:
    """The administrator gives other names at Climkit."""

    async def test_left_out(self, home: Home, source: Named) -> None:
        """What a list or a description does not say stays, also over a restart."""
        await home.set_up_completely()
        before = [device(home, one).name for one in (SITE_ID, METER_ID)]
        source.site_name = source.meter_name = None
        await home.turn_clock(hours=25)
        assert [device(home, one).name for one in (SITE_ID, METER_ID)] == before
        await home.restart()
        assert [device(home, one).name for one in (SITE_ID, METER_ID)] == before
        assert (await known_names(home.hass))[TOTAL] == "Mill Flat Energy"
        source.site_name = "Old mill"
        await home.restart()
        assert device(home, SITE_ID).name == "Old mill"

    async def test_site_that_had_no_name(self, home: Home, source: Named) -> None:
        """What its device was called for want of one is none; its reference, once known, stays."""
        source.site_name = source.site_ref = None
        await home.set_up()
        assert device(home, SITE_ID).name == SITE_ID[-4:]
        for ref in ("Mill", "Mill 2"):
            source.site_ref = ref
            await home.restart()
            assert device(home, SITE_ID).name == ref
        source.site_ref = None
        await home.turn_clock(hours=25)
        assert device(home, SITE_ID).name == ref

    async def test_site_meter_and_sensor(self, home: Home, source: Named) -> None:
        """Devices, entities and statistics follow within a day; ids stay, nothing is reloaded."""
        await home.set_up_completely()
        add_tariff(home, tariff(SITE_ID, "2026-01-01", grid_price=1.0, solar_price=1.0))
        await home.settle()
        ids, entity_id = set(await known_names(home.hass)), home.entity_id(f"{METER_ID}_total")
        runtime = home.sites[0]
        source.site_name, source.meter_name, source.sensor_name = "Old mill", "Attic", "Cellar"
        await home.turn_clock(hours=25)
        await home.turn_clock(minutes=15)
        assert home.sites[0] is runtime
        names = await known_names(home.hass)
        assert set(names) == ids
        assert names[TOTAL] == "Old mill Attic Energy"
        assert names[GRID] == "Old mill Grid import"
        assert names[f"{GRID}_cost"] == "Old mill Grid import cost"
        assert [device(home, one).name for one in (SITE_ID, METER_ID, SENSOR_ID)] == [
            "Old mill",
            "Attic",
            "Cellar",
        ]
        assert home.entity_id(f"{METER_ID}_total") == entity_id
        assert home.state(f"{METER_ID}_total").attributes["friendly_name"] == "Attic Energy"
        await assert_equal_to_climkit(home)

    async def test_the_name_that_a_person_gave(self, home: Home, source: Named) -> None:
        """It stays what the device is called."""
        await home.set_up()
        registry = dr.async_get(home.hass)
        registry.async_update_device(device(home, METER_ID).id, name_by_user="Upstairs")
        source.meter_name = "Attic"
        await home.turn_clock(hours=25)
        found = device(home, METER_ID)
        assert (found.name, found.name_by_user) == ("Attic", "Upstairs")
        assert home.state(f"{METER_ID}_total").attributes["friendly_name"] == "Upstairs Energy"

    async def test_in_another_language(self, home: Home, source: Named) -> None:
        """A device that Climkit does not name is called by its kind, in the new language."""
        source.meter_name = None
        await home.set_up()
        assert device(home, METER_ID).name == "Electricity meter 00b1"
        await home.hass.config.async_update(language="de")
        await home.turn_clock(minutes=15)
        assert device(home, METER_ID).name == "Stromzähler 00b1"

    async def test_no_answer(self, home: Home, source: Named) -> None:
        """A site that is not described today keeps its name, and its data are read."""
        await home.set_up_completely()
        home.simulator.switches.faults.append(
            Fault(kind=FaultKind.STATUS, status=500, path="installation_infos")
        )
        source.site_name = "Old mill"
        await home.turn_clock(hours=25)
        assert device(home, SITE_ID).name == "Mill"
        assert home.sites[0].coordinator.last_update_success
        await assert_equal_to_climkit(home)

    async def test_asked_once_a_day(self, home: Home) -> None:
        """The limit is the budget: one description a day."""
        await home.set_up_completely()
        home.simulator.requests.clear()
        for _ in range(3 * 24):
            await home.turn_clock(hours=1, settle=False)
        asked = [one for one in home.simulator.requests if "installation_infos" in one.path]
        assert len(asked) == 3


class TestReplaced:
    """Another meter takes a meter's place; its data or its place in the list come first."""

    @pytest.mark.parametrize("hours", [-30, -6, -1, 1, 6])
    async def test_name_stays(self, home: Home, source: Named, hours: int) -> None:
        """The statistics of the old one keep their names, and so does its device while it stays."""
        source.address = 7
        await home.set_up_completely()
        day = timedelta(days=1)
        source.replace(data=day, listed=day + timedelta(hours=hours))
        before = {k: name for k, name in (await known_names(home.hass)).items() if METER_ID in k}
        for _ in range(40):
            await home.turn_clock(hours=1, settle=False)
            await self._assert_named(home, before)
        await home.restart()
        await home.complete()
        for _ in range(3):
            await home.turn_clock(hours=24)
        await self._assert_named(home, before)
        assert before[TOTAL] == "Mill Flat Energy"
        assert (await known_names(home.hass))[f"climkit:{NEW_ID}_total"] == "Mill Flat Energy"
        await home.settle()

    async def _assert_named(self, home: Home, before: dict[str, str | None]) -> None:
        names = await known_names(home.hass)
        assert {key: names[key] for key in before} == before

    async def test_stays_what_it_was(self, home: Home, source: Named) -> None:
        """A production meter that is no longer listed does not become a consumer."""
        source.mode = "production"
        await home.set_up_completely()
        ids = {key for key in await known_names(home.hass) if METER_ID in key}
        source.replace(data=timedelta(hours=30), listed=timedelta(hours=6))
        for _ in range(28):
            await home.turn_clock(hours=1)
        assert {key for key in await known_names(home.hass) if METER_ID in key} == ids
