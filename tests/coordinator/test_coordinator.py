"""How Climkit is asked for what is new, and what happens when it does not answer as it should."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
from math import fsum
import re
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.climkit.api import ClimkitRateLimitError, transport
from custom_components.climkit.const import CONF_HISTORY, CONF_METERS, CONF_SITE_TOTALS, DOMAIN
from custom_components.climkit.coordinator import base
from custom_components.climkit.errors import refresh_errors
from tests.conftest import NOW, Home
from tests.simulator import (
    DEFAULT_USERNAME,
    Building,
    Fault,
    FaultKind,
    Meter,
    World,
    big_site,
    single_house,
    water_site,
)

TODAY = "2026-11-20"
INTERVAL = timedelta(minutes=15)
DOWN = Fault(kind=FaultKind.STATUS, status=503)


async def set_up(home: Home, history: str = TODAY, **options: object) -> None:
    """Set up with little history, which is not asked for here."""
    home.entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        home.entry, options={**home.entry.options, CONF_HISTORY: history, **options}
    )
    await home.set_up()
    assert home.entry.state is ConfigEntryState.LOADED
    await home.turn_clock(seconds=2)
    await home.until(lambda: home.is_complete)
    await home.settle()


def building(home: Home) -> Building:
    """The first simulated site."""
    site = next(iter(home.simulator.world.sites.values()))
    assert isinstance(site, Building)
    return site


def meters(home: Home, mode: str = "consumption", kind: str = "electricity") -> list[Meter]:
    """The simulated meters of a kind, charge points too."""
    everyone = [one for meter in building(home).meters for one in (meter, *meter.parts)]
    return [meter for meter in everyone if (meter.mode, meter.type) == (mode, kind)]


class Requests:
    """The requests since this began, without logins and history."""

    def __init__(self, home: Home) -> None:
        self._requests = home.simulator.requests
        self._before = len(self._requests)

    def __call__(self, word: str = "") -> list[str]:
        """The paths of those that hold a word."""
        return [
            one.path
            for one in self._requests[self._before :]
            if word in one.path and one.path != "/auth" and "t_e" not in (one.body or {})
        ]


def state(home: Home, unique_id: str) -> str:
    """The state of an entity."""
    return home.state(unique_id).state


def has_entity(home: Home, unique_id: str) -> bool:
    """Whether there is an entity."""
    return er.async_get(home.hass).async_get_entity_id("sensor", DOMAIN, unique_id) is not None


def has_device(home: Home, device_id: str) -> bool:
    """Whether there is a device."""
    registry = dr.async_get(home.hass)
    found = registry.async_get_device_by_identifier((DOMAIN, device_id), home.entry.entry_id)
    return found is not None


def flows(home: Home) -> list[str]:
    """What Home Assistant asks the user for."""
    return [flow["context"]["source"] for flow in home.hass.config_entries.flow.async_progress()]


def consumption(home: Home, key: str = "today") -> str:
    """The state of the site's consumption."""
    return state(home, f"{building(home).id}_electricity_conso_total_{key}")


class TestBudget:
    """How often Climkit is asked."""

    async def test_one_request_a_quarter_hour(self, home: Home) -> None:
        """For the site's meters of one type together; charge points are looked for once a day."""
        await set_up(home)
        requests = Requests(home)
        for _ in range(4 * 25):
            await home.turn_clock(minutes=15)
        found = Counter(path.split("/")[-1] for path in requests("site_data"))
        assert found == {"electricity": 100, "charge_point": 1}
        assert Counter(path.split("/")[1] for path in requests()) == {
            "site_data": 101,
            "meter_info": 1,
            "installation_infos": 1,
            "all_installations": 1,
            building(home).id: 1,  # the list of sensors
        }
        assert home.simulator.overlaps == 0

    @pytest.mark.parametrize(("latency", "looks"), [(100, 1), (240, 3), (420, 6), (720, 7)])
    async def test_looks(self, home: Home, latency: float, looks: int) -> None:
        """A look each minute where data are late, none once they are there, none for ever."""
        home.simulator.switches.latency = latency
        await set_up(home)
        await home.turn_clock(to=NOW.replace(minute=29, second=59))
        requests = Requests(home)
        for second in range(0, 900, 30):
            await home.turn_clock(to=NOW.replace(minute=30) + timedelta(seconds=second))
        assert abs(len(requests("site_data")) - looks) <= 1  # it begins within half a minute
        newest = home.sites[0].coordinator.last_measurement
        assert newest == NOW.replace(minute=30 if latency < 540 else 15)

    async def test_learns(self, home: Home) -> None:
        """Data that are late each time are looked for when they come."""
        home.simulator.switches.latency = 420
        await set_up(home)
        for _ in range(4 * 30):
            await home.turn_clock(seconds=30)
        requests = Requests(home)
        for _ in range(4 * 30):
            await home.turn_clock(seconds=30)
        assert len(requests("site_data")) <= 8

    async def test_late_for_hours(self, home: Home) -> None:
        """One look a quarter-hour is enough then."""
        await set_up(home)
        tomorrow = NOW + timedelta(days=1)
        home.simulator.world.delay(building(home).id, NOW, tomorrow, tomorrow)
        await home.turn_clock(hours=2)
        await home.turn_clock(to=NOW.replace(hour=13, minute=14))
        requests = Requests(home)
        for minute in range(60):
            await home.turn_clock(to=NOW.replace(hour=13, minute=15) + timedelta(minutes=minute))
        assert len(requests("site_data")) == 4

    async def test_user_asks_for_updates(self, home: Home) -> None:
        """The same question is not repeated within a minute."""
        home.simulator.switches.latency = 800
        await set_up(home)
        requests = Requests(home)
        for _ in range(10):
            await home.sites[0].coordinator.async_refresh()
        assert len(requests()) <= 1

    async def test_api_down(self, home: Home) -> None:
        """Three attempts a quarter-hour, each of which the client repeats a few times."""
        await set_up(home)
        home.simulator.switches.faults = [DOWN]
        requests = Requests(home)
        for _ in range(120):
            await home.turn_clock(seconds=30)
        looks = 4 * 3 + 4  # of the meters three a quarter-hour, of the sensors' list none
        assert len(requests()) <= looks * transport.ATTEMPTS

    async def test_too_many_requests(self, home: Home) -> None:
        """A pause that Climkit asks for is kept, an hour of it at most."""
        await set_up(home)
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=429, retry_after=7200)
        ]
        await home.turn_clock(to=NOW.replace(minute=19))
        home.simulator.switches.faults = []
        requests = Requests(home)
        for _ in range(59):
            await home.turn_clock(minutes=1)
        assert not requests()
        for _ in range(2):
            await home.turn_clock(minutes=1)
        assert requests("site_data")
        assert home.sites[0].coordinator.last_update_success
        assert not flows(home)

    @pytest.mark.parametrize(("asked", "kept"), [(None, None), (5, None), (7200, 7200)])
    def test_short_pause(self, asked: float | None, kept: float | None) -> None:
        """A pause shorter than the one to the next look does not mean to ask sooner."""
        with pytest.raises(UpdateFailed) as failed, refresh_errors():
            raise ClimkitRateLimitError("too many requests", asked)
        assert failed.value.retry_after == kept

    async def test_unwanted_types(self, home: Home) -> None:
        """With a choice of meters, only what they need is asked for."""
        home.simulator.world.add_meter(
            building(home).id, {"id": "6" * 24, "type": "heating", "name": "Heat"}
        )
        [flat] = meters(home)
        await set_up(home, **{CONF_METERS: [flat.id], CONF_SITE_TOTALS: False})
        assert {path.split("/")[-1] for path in Requests(home)()} == set()
        asked = {r.path.split("/")[-1] for r in home.simulator.requests if "site_data" in r.path}
        assert asked == {"electricity"}
        assert state(home, f"{flat.id}_total_today") != STATE_UNKNOWN


class TestReadOnceADay:
    """Heat and water meters."""

    @pytest.fixture
    def world(self) -> World:
        """A site without electricity."""
        return World.of(replace(water_site(1, NOW, timedelta(days=4)), faultless=True))

    async def test_hourly(self, home: Home) -> None:
        """One look an hour for each type."""
        await set_up(home, "2026-11-18")
        requests = Requests(home)
        for _ in range(16):
            await home.turn_clock(minutes=15)
        assert Counter(path.split("/")[-1] for path in requests("site_data")) == {
            "cold_water": 4,
            "hot_water": 4,
            "heating": 4,
        }

    @pytest.mark.default_entities
    async def test_totals(self, home: Home) -> None:
        """Yesterday's data make the total; of today nothing can be known, so that is off."""
        await set_up(home, "2026-11-18")
        [water] = meters(home, kind="cold_water")
        assert float(state(home, f"{water.id}_total")) > 0
        entity_id = home.entity_id(f"{water.id}_total_today")
        assert home.hass.states.get(entity_id) is None


class TestBigSite:
    """200 meters."""

    @pytest.fixture
    def world(self) -> World:
        """A site since yesterday."""
        return World.of(big_site(200, now=NOW, days=1))

    async def test_one_request(self, home: Home) -> None:
        """They refresh with one request, and no step of it takes the loop for long."""
        await set_up(home)
        requests = Requests(home)
        await home.turn_clock(to=NOW.replace(minute=19))
        assert requests("_data") == [f"/site_data/{building(home).id}/electricity"]
        for meter in meters(home)[::40]:
            assert float(state(home, f"{meter.id}_total_today")) > 0
        assert home.sites[0].coordinator.last_measurement == NOW.replace(minute=15)


class TestUpdates:
    """Of the many entities of a big site."""

    @pytest.fixture
    def world(self) -> World:
        """More entities than are updated at once."""
        return World.of(big_site(40, now=NOW, days=1))

    @pytest.mark.parametrize("at_once", [1, 10])
    async def test_news_each_second(
        self,
        home: Home,
        freezer: FrozenDateTimeFactory,
        monkeypatch: pytest.MonkeyPatch,
        at_once: int,
    ) -> None:
        """All entities hear of the first at once, of what follows every five seconds."""
        monkeypatch.setattr(base, "UPDATE_COOLDOWN", 5.0)
        await set_up(home)
        for _ in range(2):  # what set-up told is over
            await home.turn_clock(seconds=10)
        [site] = home.sites
        seen = []
        site.coordinator.async_add_listener(lambda: seen.append(dt_util.utcnow()))
        begin = dt_util.utcnow()
        for _ in range(12):
            for _ in range(at_once):
                site.coordinator.async_update_listeners()
            await home.hass.async_block_till_done()
            freezer.tick(1)
            async_fire_time_changed(home.hass)
            await home.hass.async_block_till_done()
        assert [time - begin for time in seen] == [timedelta(seconds=s) for s in (0, 5, 10)]

    async def test_entity_in_trouble(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """It is logged, and keeps no other from its update."""
        await set_up(home)
        [site] = home.sites

        def fail() -> None:
            raise OSError("of this entity")

        seen = []
        site.coordinator.async_add_listener(fail)
        site.coordinator.async_add_listener(lambda: seen.append(1))
        site.coordinator.async_update_listeners()
        await home.hass.async_block_till_done()
        assert seen
        assert "of this entity" in caplog.text


class TestApartments:
    """A house with everything: flats, sun, battery, charge points, heat and water."""

    @pytest.fixture
    def world(self) -> World:
        """Its data began yesterday."""
        return World(created=NOW, names=("apartments",), history_days=22)

    async def test_charge_points(self, home: Home) -> None:
        """No list tells of them, their columns do; their devices stay."""
        await set_up(home)
        points = meters(home, kind="charge_point")
        assert len(points) == 2
        for _ in range(3):
            await home.turn_clock(minutes=15)
        for point in points:
            assert has_device(home, point.id)
            assert state(home, f"{point.id}_total_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_charge_points_after_restarts(self, home: Home) -> None:
        """Restarts on several days, each before anything was answered, do not remove them."""
        await set_up(home)
        [point, _] = meters(home, kind="charge_point")
        for _ in range(4):
            await home.hass.config_entries.async_unload(home.entry.entry_id)
            home.freezer.tick(timedelta(hours=20))
            await home.set_up()
            assert has_device(home, point.id)

    async def test_without_columns(self, home: Home) -> None:
        """Each meter is asked for by itself and shows the same."""
        await set_up(home)
        everyone = [*meters(home), *meters(home, "production")]
        with_columns = {m.id: state(home, f"{m.id}_total_today") for m in everyone}
        by_site = {
            unique_id: state(home, unique_id)
            for unique_id in (
                f"{meters(home, 'introduction')[0].id}_from_ext_today",
                f"{meters(home, 'battery')[0].id}_storage_discharging_total_today",
            )
        }
        home.simulator.switches.columns = False
        await home.restart()
        await home.turn_clock(seconds=2)
        assert {m.id: state(home, f"{m.id}_total_today") for m in everyone} == with_columns
        assert {unique_id: state(home, unique_id) for unique_id in by_site} == by_site
        await home.turn_clock(to=NOW.replace(minute=16))
        requests = Requests(home)
        await home.turn_clock(to=NOW.replace(minute=19))
        asked = {path.split("/")[-1] for path in requests("meter_data")}
        listed = {m.id for m in [*meters(home), *meters(home, "production")]}
        assert asked == listed
        assert home.simulator.overlaps == 0

    async def test_first_refresh_leaves_single_meters_out(self, home: Home) -> None:
        """Set-up does not wait for them, nor for anything but the site's electricity."""
        home.simulator.switches.columns = False
        await home.begin()
        [flat, *_] = meters(home)
        assert [r.path.split("/")[1] for r in home.simulator.requests if "_data" in r.path] == [
            "site_data"
        ]
        assert state(home, f"{flat.id}_total_today") == STATE_UNKNOWN
        assert consumption(home) != STATE_UNKNOWN
        await home.turn_clock(seconds=2)
        assert state(home, f"{flat.id}_total_today") != STATE_UNKNOWN

    async def test_refused_meter(self, home: Home) -> None:
        """It rests longer and longer, nobody is asked to log in, the others go on."""
        home.simulator.switches.columns = False
        refused, other, *_ = meters(home)
        home.simulator.switches.refused = {refused.id: 403}
        await set_up(home)
        assert state(home, f"{refused.id}_total_today") == STATE_UNKNOWN
        before = float(state(home, f"{other.id}_total_today"))
        requests = Requests(home)
        for _ in range(4 * 3):
            await home.turn_clock(minutes=15)
        assert 3 <= len(requests(refused.id)) <= 6
        assert float(state(home, f"{other.id}_total_today")) > before
        home.simulator.switches.refused = {}
        for _ in range(5):
            await home.turn_clock(hours=1)
        assert state(home, f"{refused.id}_total_today") != STATE_UNKNOWN
        assert not flows(home)

    async def test_refused_site_data(self, home: Home) -> None:
        """Somebody who may see single meters only sees those."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=403, path="/site_data/.*/electricity")
        ]
        await set_up(home)
        [flat, *_] = meters(home)
        assert float(state(home, f"{flat.id}_total_today")) > 0
        assert consumption(home) == STATE_UNKNOWN
        assert not flows(home)

    async def test_one_type_fails(self, home: Home) -> None:
        """Server errors of one type keep neither electricity nor the types behind waiting."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path="/site_data/.*/heating")
        ]
        await home.set_up()
        assert home.entry.state is ConfigEntryState.LOADED
        await home.turn_clock(seconds=2)
        await home.turn_clock(to=NOW.replace(minute=19))
        requests = Requests(home)
        await home.turn_clock(to=NOW.replace(hour=12, minute=4))
        assert consumption(home, "power") != STATE_UNKNOWN
        asked = [path.split("/")[-1] for path in requests("site_data")]
        assert {"electricity", "hot_water", "cold_water", "cooling"} <= set(asked)
        assert "heating" in home.simulator.requests[-1].path  # in halves: it may be too long

    async def test_new_meter(self, home: Home) -> None:
        """It appears with the next daily list, or with its column."""
        await set_up(home)
        new = {"id": "6ae28c9a3780515400000077", "type": "electricity", "name": "Sauna"}
        home.simulator.world.add_meter(building(home).id, new)
        await home.turn_clock(minutes=15)
        assert state(home, f"{new['id']}_total_today") != STATE_UNAVAILABLE
        await home.turn_clock(days=1)
        await home.restart()
        registry = dr.async_get(home.hass)
        device = registry.async_get_device_by_identifier((DOMAIN, new["id"]), home.entry.entry_id)
        assert device is not None
        assert device.name == "Sauna"

    async def test_vanished_meter(self, home: Home) -> None:
        """Unavailable at once; its device goes with the third daily list, and may come back."""
        await set_up(home)
        gone, other, *_ = meters(home)
        home.simulator.switches.hidden_meters = [gone.id]
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        assert state(home, f"{gone.id}_total_today") == STATE_UNAVAILABLE
        assert has_device(home, gone.id)
        await home.turn_clock(days=1)
        assert has_device(home, gone.id)
        await home.turn_clock(days=1)
        assert not has_device(home, gone.id)
        assert not has_entity(home, f"{gone.id}_total")
        assert has_device(home, other.id)
        home.simulator.switches.hidden_meters = []
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        assert has_device(home, gone.id)
        assert state(home, f"{gone.id}_total_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_meter_that_is_missing_for_a_day(self, home: Home) -> None:
        """It is available again; lists can be wrong."""
        await set_up(home)
        [gone, *_] = meters(home)
        home.simulator.switches.hidden_meters = [gone.id]
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        home.simulator.switches.hidden_meters = []
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        assert state(home, f"{gone.id}_total_today") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(kind=FaultKind.EMPTY_LIST, path="meter_info"),
            Fault(kind=FaultKind.HTML, path="meter_info"),
            Fault(kind=FaultKind.STATUS, status=500, path="meter_info"),
            Fault(kind=FaultKind.STATUS, status=403, path="meter_info"),
        ],
    )
    async def test_bad_list(self, home: Home, fault: Fault) -> None:
        """What was known goes on."""
        await set_up(home)
        home.simulator.switches.faults = [fault]
        for _ in range(4):
            await home.turn_clock(days=1)
        [flat, *_] = meters(home)
        assert has_device(home, flat.id)
        assert state(home, f"{flat.id}_total_power") not in (STATE_UNKNOWN, STATE_UNAVAILABLE)

    async def test_unknown_meter_type(self, home: Home) -> None:
        """It is passed over."""
        new = {"id": "6ae28c9a3780515400000077", "type": "reactive", "name": "Reactive"}
        home.simulator.world.add_meter(building(home).id, new)
        await set_up(home)
        assert not has_device(home, new["id"])
        assert consumption(home) != STATE_UNKNOWN

    # Sensors

    def sensor_ids(self, home: Home) -> list[str]:
        """The house's sensors."""
        return [str(sensor.info["id"]) for sensor in building(home).sensors]

    async def test_refused_sensor(self, home: Home) -> None:
        """The others go on."""
        refused, other, *_ = self.sensor_ids(home)
        home.simulator.switches.refused = {refused: 403}
        await set_up(home)
        requests = Requests(home)
        for _ in range(4 * 3):
            await home.turn_clock(minutes=15)
        assert 3 <= len(requests(refused)) <= 6
        assert len(requests(other)) == 4 * 3
        assert state(home, refused) == STATE_UNKNOWN
        assert state(home, other) != STATE_UNKNOWN
        assert not flows(home)

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(kind=FaultKind.STATUS, status=403, path="sensors_list"),
            Fault(kind=FaultKind.STATUS, status=404, path="sensors_list"),
            Fault(kind=FaultKind.STATUS, status=500, path="sensors_list"),
            Fault(kind=FaultKind.HTML, path="sensors_list"),
        ],
    )
    async def test_without_list_of_sensors(self, home: Home, fault: Fault) -> None:
        """Meters need no sensors; these come once there is a list."""
        home.simulator.switches.faults = [fault]
        await set_up(home)
        [sensor, *_] = self.sensor_ids(home)
        assert consumption(home) != STATE_UNKNOWN
        assert not has_entity(home, sensor)
        home.simulator.switches.faults = []
        await home.turn_clock(minutes=15)
        await home.turn_clock(minutes=15)
        assert state(home, sensor) != STATE_UNKNOWN

    async def test_old_reading(self, home: Home) -> None:
        """A value is shown for a day, not longer."""
        await set_up(home)
        [sensor, *_] = self.sensor_ids(home)
        home.simulator.switches.faults = [Fault(kind=FaultKind.EMPTY_LIST, path="sensor_data")]
        await home.turn_clock(hours=23)
        assert state(home, sensor) not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        await home.turn_clock(hours=1)
        assert state(home, sensor) == STATE_UNKNOWN

    async def test_vanished_sensor(self, home: Home) -> None:
        """Its device goes with the third daily list without it."""
        await set_up(home)
        [gone, *_] = self.sensor_ids(home)
        building(home).sensors = building(home).sensors[1:]
        for _ in range(2):
            await home.turn_clock(days=1)
        assert has_device(home, gone)
        assert state(home, gone) == STATE_UNAVAILABLE
        await home.turn_clock(days=1)
        assert not has_device(home, gone)

    async def test_sensors_down(self, home: Home) -> None:
        """Only they become unavailable."""
        await set_up(home)
        [sensor, *_] = self.sensor_ids(home)
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path="sensor_data|sensors_list")
        ]
        for _ in range(13):
            await home.turn_clock(minutes=15)
        assert state(home, sensor) == STATE_UNAVAILABLE
        assert consumption(home) != STATE_UNAVAILABLE


class TestTrouble:
    """Climkit answers wrongly or not at all, in mid-run."""

    @pytest.mark.parametrize(
        "fault",
        [
            DOWN,
            Fault(kind=FaultKind.STATUS, status=500),
            Fault(kind=FaultKind.STATUS, status=429),
            Fault(kind=FaultKind.HTML),
            Fault(kind=FaultKind.BROKEN_JSON),
            Fault(kind=FaultKind.DICT),
            Fault(kind=FaultKind.DISCONNECT),
        ],
        ids=lambda fault: f"{fault.kind}-{fault.status}",
    )
    async def test_unavailable_after_hours(self, home: Home, fault: Fault) -> None:
        """States stay for three hours, then they are unavailable; all comes back by itself."""
        await set_up(home)
        today = consumption(home)
        home.simulator.switches.faults = [replace(fault, path="_data|meter_info")]
        await home.turn_clock(to=NOW.replace(minute=19))
        assert not home.sites[0].coordinator.last_update_success
        await home.turn_clock(to=NOW.replace(hour=13, minute=0))
        assert consumption(home) == today
        assert consumption(home, "power") == STATE_UNKNOWN
        await home.turn_clock(to=NOW.replace(hour=13, minute=15))
        assert consumption(home) == STATE_UNAVAILABLE
        home.simulator.switches.faults = []
        await home.turn_clock(to=NOW.replace(hour=13, minute=34))
        assert float(consumption(home)) > float(today)
        assert not flows(home)

    async def test_logged_once(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """Trouble of hours is told once, and once that it is over."""
        await set_up(home)
        caplog.clear()
        home.simulator.switches.faults = [DOWN]
        for _ in range(20):
            await home.turn_clock(minutes=15)
        assert consumption(home) == STATE_UNAVAILABLE
        home.simulator.switches.faults = []
        for _ in range(4):
            await home.turn_clock(minutes=15)
        assert consumption(home) != STATE_UNAVAILABLE
        told = [one for one in caplog.records if f"{building(home).id} meters" in one.getMessage()]
        loud = [one.getMessage() for one in told if one.levelno > logging.DEBUG]
        assert [line.split()[0] for line in loud] == ["Error", "Fetching"]

    async def test_empty_answers(self, home: Home) -> None:
        """No data are no zeros: everything stays, only power expires."""
        await set_up(home)
        today, total = consumption(home), self.total(home)
        home.simulator.switches.faults = [Fault(kind=FaultKind.EMPTY_LIST, path="_data")]
        for _ in range(16):
            await home.turn_clock(minutes=15)
        assert consumption(home) == today
        assert self.total(home) == total
        assert consumption(home, "power") == STATE_UNKNOWN

    def total(self, home: Home) -> str:
        """The state of the site's running total."""
        return state(home, f"{building(home).id}_electricity_conso_total")

    async def test_time_out(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """A slow answer is no answer."""
        await set_up(home)
        monkeypatch.setattr(transport, "ATTEMPTS", 1)
        with patch.object(transport.Transport, "_send", side_effect=TimeoutError):
            await home.turn_clock(to=NOW.replace(minute=19))
        assert not home.sites[0].coordinator.last_update_success
        await home.turn_clock(minutes=15)
        assert home.sites[0].coordinator.last_update_success

    async def test_revoked_token(self, home: Home) -> None:
        """A new one is fetched, nobody notices."""
        await set_up(home)
        home.simulator.revoke_tokens()
        await home.turn_clock(to=NOW.replace(minute=19))
        assert home.sites[0].coordinator.last_measurement == NOW.replace(minute=15)
        assert not flows(home)

    async def test_wrong_password(self, home: Home) -> None:
        """The user is asked to log in again, once; states expire as ever."""
        await set_up(home)
        home.simulator.accounts.passwords[DEFAULT_USERNAME] = "another"
        home.simulator.revoke_tokens()
        await home.turn_clock(to=NOW.replace(minute=19))
        assert not flows(home)  # a single refusal may be a gateway's
        for minute in (24, 29):
            await home.turn_clock(to=NOW.replace(minute=minute))
        assert flows(home) == [SOURCE_REAUTH]
        assert consumption(home) != STATE_UNAVAILABLE
        await home.turn_clock(to=NOW.replace(hour=13, minute=15))
        assert consumption(home) == STATE_UNAVAILABLE
        assert flows(home) == [SOURCE_REAUTH]

    async def test_lists_but_no_data(self, home: Home) -> None:
        """The entry is loaded, its entities know nothing; data come with a later look."""
        home.simulator.switches.faults = [replace(DOWN, path="_data")]
        await home.set_up()
        assert home.entry.state is ConfigEntryState.LOADED
        assert consumption(home) == STATE_UNKNOWN
        home.simulator.switches.faults = []
        await home.turn_clock(to=NOW.replace(minute=13))
        assert consumption(home) != STATE_UNKNOWN

    async def test_no_list(self, home: Home) -> None:
        """Without any list there is nothing to show: set-up is tried again."""
        home.simulator.switches.faults = [replace(DOWN, path="meter_info")]
        await home.set_up()
        assert home.entry.state is ConfigEntryState.SETUP_RETRY


class TestTwoSites:
    """Two sites of one account, one of which is down."""

    @pytest.fixture
    def world(self) -> World:
        """Two houses."""
        houses = [single_house(seed, NOW, timedelta(days=8)) for seed in (1, 2)]
        return World.of(*(replace(house, faultless=True) for house in houses))

    @pytest.mark.parametrize("from_the_start", [True, False])
    async def test_other_goes_on(self, home: Home, from_the_start: bool) -> None:
        """Its values are those of now, its statistics too."""
        good, bad = home.simulator.world.sites
        down = [replace(DOWN, path=f"_data/{bad}")]
        if from_the_start:
            home.simulator.switches.faults = down
            await home.set_up()
        else:
            await set_up(home)
            home.simulator.switches.faults = down
        for _ in range(14):
            await home.turn_clock(minutes=15)
        now = dt_util.utcnow()
        today = datetime(2026, 11, 19, 23, tzinfo=UTC)
        column = home.simulator.intervals(good, "electricity", today, now)["conso_total"]
        shown = float(state(home, f"{good}_electricity_conso_total_today"))
        assert shown == pytest.approx(fsum(column.values()), abs=1e-6)
        assert state(home, f"{bad}_electricity_conso_total_today") in (
            STATE_UNAVAILABLE,
            STATE_UNKNOWN,
        )
        home.simulator.switches.faults = []
        for _ in range(2):
            await home.turn_clock(minutes=15)
        assert float(state(home, f"{bad}_electricity_conso_total_today")) > 0


async def test_a_refresh_is_told_in_a_line(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """How much was asked and what came, and when to look again."""
    await set_up(home)
    caplog.set_level(logging.DEBUG, logger="custom_components.climkit.site")
    caplog.clear()
    await home.turn_clock(minutes=16)
    [site] = home.sites
    [line] = [text for text in caplog.messages if text.startswith("Refresh of ")]
    newest = site.coordinator.last_measurement
    assert newest
    assert re.fullmatch(
        rf"Refresh of {site.site.id}: [1-9]\d* feeds answered, [1-9]\d* requests,"
        rf" [1-9]\d* new rows, newest {re.escape(newest.isoformat())}, next look in \S+",
        line,
    )
