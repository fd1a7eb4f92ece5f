"""Actions that answer data: what they answer is what Climkit says, and what is wrong is said."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import fsum, isclose
from typing import Any, Literal

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol

from custom_components.climkit.api import Priority, queue
from custom_components.climkit.const import CONF_HISTORY, DOMAIN
from custom_components.climkit.services import target
from tests.conftest import NOW, Home
from tests.simulator import Building, Fault, FaultKind, World, apartment_house
from tests.simulator.calendar import bucket
from tests.simulator.site import DEFAULT_ZONE, Viewer

LETTERS = {"quarter_hour": "15T", "hour": "H", "day": "D", "month": "M", "year": "Y"}
TODAY = "2026-11-20"


@pytest.fixture
def world() -> World:
    """A house with a bit of everything, and data since 12 October."""
    return World.of(replace(apartment_house(1, NOW, timedelta(days=60), 1), faultless=True))


@pytest.fixture
async def home(home: Home) -> Home:
    """It is set up without history, which is of no use here."""
    home.entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        home.entry, options={**home.entry.options, CONF_HISTORY: TODAY}
    )
    await home.set_up()
    return home


@pytest.fixture
def site(home: Home) -> Building:
    """The simulated house."""
    [site] = home.simulator.world.sites.values()
    assert isinstance(site, Building)
    return site


def meter_named(site: Building, name: str) -> str:
    """The id of a meter."""
    return next(meter.id for meter in site.meters if meter.info and meter.info.get("name") == name)


async def call(
    home: Home, action: str, climkit_id: str, *, user: MockUser | None = None, **data: object
) -> Mapping[str, Any]:
    """Call an action for a site, meter or sensor, as a user; `since` is its `from`."""
    device = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, climkit_id), home.entry.entry_id
    )
    assert device
    data = {"device_id": device.id, "from": data.pop("since"), **data}
    answer = await home.hass.services.async_call(
        DOMAIN,
        action,
        data,
        blocking=True,
        return_response=True,
        context=Context(user_id=user.id) if user else None,
    )
    assert answer is not None
    return answer


async def text_of(home: Home, error: HomeAssistantError) -> str:
    """What a person reads of an error, in English."""
    texts = await async_get_translations(home.hass, "en", "exceptions", [DOMAIN])
    text = texts[f"component.{DOMAIN}.exceptions.{error.translation_key}.message"]
    return text.format(**(error.translation_placeholders or {}))


def local(text: str) -> datetime:
    """A time of the house."""
    return datetime.fromisoformat(text).replace(tzinfo=DEFAULT_ZONE)


def truth(
    home: Home, meter_type: str, column: str, sampling: str, start: datetime, end: datetime
) -> dict[tuple[str, str], float]:
    """What Climkit says of a column, by start and end of the rows that a stretch touches."""
    [site_id] = home.simulator.world.sites
    letter = LETTERS[sampling]
    first = bucket(int(start.timestamp()), letter, DEFAULT_ZONE)[0]
    last = bucket(int(end.timestamp()) - 1, letter, DEFAULT_ZONE)[1]
    found = home.simulator.intervals(
        site_id, meter_type, datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    )
    rows: dict[tuple[str, str], list[float]] = {}
    for at, value in found[column].items():
        bounds = bucket(int(at.timestamp()), letter, DEFAULT_ZONE)
        begin, close = (datetime.fromtimestamp(one, DEFAULT_ZONE).isoformat() for one in bounds)
        rows.setdefault((begin, close), []).append(value)
    return {bounds: fsum(values) for bounds, values in rows.items()}


def answered(answer: Mapping[str, Any], column: str) -> dict[tuple[str, str], float]:
    """What an action answered of a column."""
    return {(row["start"], row["end"]): row[column] for row in answer["rows"]}


def assert_same(
    found: dict[tuple[str, str], float], expected: dict[tuple[str, str], float]
) -> None:
    """The same rows in the same order, with the same amounts."""
    assert list(found) == list(expected)
    for bounds, amount in expected.items():
        assert isclose(found[bounds], amount, abs_tol=1e-8), bounds


class TestSiteData:
    """Amounts of a whole building."""

    @pytest.mark.parametrize(
        ("sampling", "since", "to", "number"),
        [
            ("quarter_hour", "2026-11-18 00:00:00", "2026-11-19 00:00:00", 96),
            ("quarter_hour", "2026-10-20 00:00:00", "2026-11-20 00:00:00", 31 * 96 + 4),
            ("hour", "2026-10-25 00:00:00", "2026-10-26 00:00:00", 25),
            ("hour", "2026-11-18 03:20:00", "2026-11-18 05:20:00", 3),
            ("day", "2026-10-24 00:00:00", "2026-10-27 00:00:00", 3),
            ("month", "2026-10-01 00:00:00", "2026-11-10 00:00:00", 2),
            ("year", "2026-11-19 00:00:00", "2026-11-20 00:00:00", 1),
        ],
    )
    @pytest.mark.parametrize("reading", ["utc", "local"])
    async def test_equal_to_climkit(
        self,
        home: Home,
        site: Building,
        reading: Literal["utc", "local"],
        sampling: str,
        since: str,
        to: str,
        number: int,
    ) -> None:
        """Each row is the sum of its quarter-hours, on days with a change of clocks too."""
        home.simulator.switches.reading = reading
        answer = await call(home, "get_site_data", site.id, since=since, to=to, sampling=sampling)
        assert len(answer["rows"]) == number
        for column in ("conso_total", "prod_total", "self", "from_ext", "to_ext"):
            expected = truth(home, "electricity", column, sampling, local(since), local(to))
            assert_same(answered(answer, column), expected)
        assert answer["unit"] == "kWh"
        assert answer["sampling"] == sampling

    async def test_until_now(self, home: Home, site: Building) -> None:
        """Without an end up to the newest row; hours without a sampling. The last is not full."""
        answer = await call(home, "get_site_data", site.id, since="2026-11-20 00:00:00")
        expected = truth(home, "electricity", "from_ext", "hour", local("2026-11-20"), NOW)
        assert_same(answered(answer, "from_ext"), expected)
        assert answer["rows"][-1]["end"] == "2026-11-20T11:00:00+01:00"

    @pytest.mark.parametrize(
        ("since", "to"),
        [
            ("2026-11-18T00:00:00+00:00", "2026-11-18T02:00:00Z"),
            ("2026-11-18 01:00:00", "2026-11-18 03:00:00"),
        ],
    )
    async def test_offset(self, home: Home, site: Building, since: str, to: str) -> None:
        """A time may say its own offset; else it is the site's, wherever Home Assistant runs."""
        await home.hass.config.async_set_time_zone("America/New_York")
        answer = await call(home, "get_site_data", site.id, since=since, to=to)
        assert [row["start"] for row in answer["rows"]] == [
            "2026-11-18T01:00:00+01:00",
            "2026-11-18T02:00:00+01:00",
        ]

    async def test_end_in_the_future(self, home: Home, site: Building) -> None:
        """There is nothing behind now, so nothing is asked for it, nor refused as too long."""
        since = f"{TODAY} 10:00:00"
        now = await call(home, "get_site_data", site.id, since=since)
        later = await call(home, "get_site_data", site.id, since=since, to="2036-01-01 00:00:00")
        assert now["rows"]
        assert later == now

    async def test_meters(self, home: Home, site: Building) -> None:
        """Amounts of meters come only on demand, and only of chosen ones."""
        flat, stairs = meter_named(site, "Flat 1"), meter_named(site, "Common parts")
        stretch = {"since": "2026-11-18 00:00:00", "to": "2026-11-18 01:00:00"}
        columns = set((await call(home, "get_site_data", site.id, **stretch))["rows"][0])
        assert {"start", "end", "conso_total", "storage_charging_total"} <= columns
        assert not any(flat in column for column in columns)

        await home.choose(meters=[flat])
        answer = await call(home, "get_site_data", site.id, with_meters=True, **stretch)
        more = set(answer["rows"][0]) - columns
        assert more == {f"total_{flat}", f"self_{flat}", f"ext_{flat}"}
        assert f"total_{stairs}" not in answer["rows"][0]

    async def test_water(self, home: Home, site: Building) -> None:
        """Each kind of meter can be asked for, in its unit."""
        since, to = "2026-11-15 00:00:00", "2026-11-18 00:00:00"
        answer = await call(
            home,
            "get_site_data",
            site.id,
            since=since,
            to=to,
            sampling="day",
            meter_type="cold_water",
        )
        expected = truth(home, "cold_water", "conso_total", "day", local(since), local(to))
        assert len(expected) == 3
        assert_same(answered(answer, "conso_total"), expected)
        assert answer["unit"] == "m³"

    @pytest.mark.parametrize("cut", ["start", "end"])
    async def test_cut_answers(
        self, home: Home, site: Building, cut: Literal["start", "end"]
    ) -> None:
        """What Climkit cuts off is asked for again."""
        home.simulator.switches.max_rows = 30
        home.simulator.switches.cut = cut
        since, to = "2026-11-15 00:00:00", "2026-11-18 00:00:00"
        answer = await call(home, "get_site_data", site.id, since=since, to=to)
        expected = truth(home, "electricity", "self", "hour", local(since), local(to))
        assert_same(answered(answer, "self"), expected)

    async def test_nothing_is_there(self, home: Home, site: Building) -> None:
        """Before the first data there are no rows, which is no error."""
        answer = await call(
            home, "get_site_data", site.id, since="2026-09-01", to="2026-09-10", sampling="day"
        )
        assert answer["rows"] == []


class TestMeterData:
    """Amounts of one meter."""

    @pytest.mark.parametrize("sampling", ["quarter_hour", "hour", "day"])
    async def test_equal_to_climkit(self, home: Home, site: Building, sampling: str) -> None:
        """With the API's names."""
        flat = meter_named(site, "Flat 1")
        since, to = "2026-11-16 00:00:00", "2026-11-18 00:00:00"
        answer = await call(home, "get_meter_data", flat, since=since, to=to, sampling=sampling)
        assert set(answer["rows"][0]) == {"start", "end", "total", "self", "ext"}
        for column in ("total", "self", "ext"):
            name = f"{column}_{flat}"
            expected = truth(home, "electricity", name, sampling, local(since), local(to))
            assert_same(answered(answer, column), expected)
        assert answer["unit"] == "kWh"

    async def test_water(self, home: Home, site: Building) -> None:
        """In its unit."""
        meter = meter_named(site, "Cold water flat 1")
        since, to = "2026-11-15 00:00:00", "2026-11-18 00:00:00"
        answer = await call(home, "get_meter_data", meter, since=since, to=to, sampling="day")
        expected = truth(home, "cold_water", f"total_{meter}", "day", local(since), local(to))
        assert_same(answered(answer, "total"), expected)
        assert answer["unit"] == "m³"


class TestMeterReadings:
    """What meters showed."""

    async def test_equal_to_climkit(self, home: Home, site: Building) -> None:
        """Each quarter-hour's registers, told by the end of the quarter-hour."""
        flat = meter_named(site, "Flat 1")
        start, end = local("2026-11-18"), local("2026-11-19")
        answer = await call(
            home, "get_meter_readings", flat, since="2026-11-18", to="2026-11-19 00:00:00"
        )
        viewer = Viewer(NOW.timestamp())
        registers = site.registers(flat, int(start.timestamp()) + 1, int(end.timestamp()), viewer)
        assert registers
        assert len(registers) == 96
        assert answer["rows"] == [
            {"time": datetime.fromtimestamp(at, DEFAULT_ZONE).isoformat(), **values}
            for at, values in registers.items()
        ]
        assert answer["unit"] == "kWh"

    @pytest.mark.parametrize("action", ["get_meter_data", "get_meter_readings"])
    async def test_vanished_meter(self, home: Home, site: Building, action: str) -> None:
        """It has its device for some days: Climkit is asked, and says that it has none."""
        flat = meter_named(site, "Flat 1")
        home.simulator.switches.hidden_meters = [flat]
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        assert flat not in home.sites[0].meters
        with pytest.raises(HomeAssistantError) as error:
            await call(home, action, flat, since="2026-11-18")
        assert error.value.translation_key == "unknown_at_climkit"

    async def test_computed_meter(self, home: Home, site: Building) -> None:
        """It has none; Climkit is not asked."""
        before = len(home.simulator.requests)
        with pytest.raises(ServiceValidationError) as error:
            await call(
                home, "get_meter_readings", meter_named(site, "Common parts"), since="2026-11-18"
            )
        assert await text_of(home, error.value) == (
            "This meter is calculated from others, so it has no meter readings."
        )
        assert len(home.simulator.requests) == before


class TestSensorData:
    """Values of sensors."""

    async def test_equal_to_climkit(self, home: Home, site: Building) -> None:
        """Each value with its time, in the sensor's unit."""
        sensor = str(site.sensors[0].info["id"])
        start, end = local("2026-11-18"), local("2026-11-19")
        answer = await call(
            home, "get_sensor_data", sensor, since="2026-11-18", to="2026-11-19 00:00:00"
        )
        readings = site.readings(sensor, int(start.timestamp()), int(end.timestamp()))
        assert readings
        assert answer["rows"] == [
            {"time": datetime.fromtimestamp(at, DEFAULT_ZONE).isoformat(), "value": value}
            for at, value in readings
        ]
        assert answer["unit"] == "°C"

    async def test_no_list_yet(self, home: Home, site: Building) -> None:
        """Right after a start that tells no unit, while the values can be asked for."""
        fault = Fault(kind=FaultKind.STATUS, status=500, path="sensors_list")
        home.simulator.switches.faults = [fault]
        await home.restart()
        sensor = str(site.sensors[0].info["id"])
        answer = await call(
            home, "get_sensor_data", sensor, since="2026-11-18", to="2026-11-19 00:00:00"
        )
        assert answer["rows"]
        assert answer["unit"] is None


class TestTooManyValues:
    """Everybody may ask, so nobody gets more than Home Assistant and a browser bear."""

    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A limit for tests."""
        monkeypatch.setattr(target, "MOST_VALUES", 2000)

    async def refused(self, home: Home, action: str, owner: str, **data: object) -> str:
        """What a person reads who asked for too much."""
        with pytest.raises(ServiceValidationError) as error:
            await call(home, action, owner, since="2026-11-15", to="2026-11-20", **data)
        assert error.value.translation_key == "too_many_values"
        return await text_of(home, error.value)

    async def test_what_to_do(self, home: Home, site: Building) -> None:
        """It is said at once, and each of the remedies helps."""
        before = len(home.simulator.requests)
        await self.refused(home, "get_site_data", site.id, with_meters=True)
        meters = {"with_meters": True, "sampling": "quarter_hour"}
        text = await self.refused(home, "get_site_data", site.id, **meters)
        assert len(home.simulator.requests) == before
        assert "a call returns at most 2000. Choose a shorter period, fewer meters" in text
        stretch = {"since": "2026-11-19", "to": "2026-11-20"}
        shorter = {"since": "2026-11-19 23:00:00", "to": "2026-11-20"}
        await call(home, "get_site_data", site.id, **shorter, **meters)
        await call(home, "get_site_data", site.id, **stretch, sampling="quarter_hour")
        await call(home, "get_site_data", site.id, **stretch, with_meters=True)
        flat = meter_named(site, "Flat 1")
        await call(home, "get_meter_data", flat, **stretch, sampling="quarter_hour")

    def test_as_many_as_permitted(self) -> None:
        """They are answered, one more is not."""
        target.refuse_too_many(target.MOST_VALUES)
        with pytest.raises(ServiceValidationError) as error:
            target.refuse_too_many(target.MOST_VALUES + 1)
        assert error.value.translation_key == "too_many_values"
        assert error.value.translation_placeholders == {"number": "2001", "most": "2000"}

    async def test_columns_that_are_not_known_yet(self, home: Home, site: Building) -> None:
        """Then it is the answer that tells: nothing more is asked."""
        [one] = home.sites
        one.coordinator._live_data.columns.clear()
        before = len(home.simulator.requests)
        with pytest.raises(ServiceValidationError) as error:
            await call(
                home,
                "get_site_data",
                site.id,
                since="2026-10-20",
                to="2026-11-20",
                with_meters=True,
                sampling="quarter_hour",
            )
        assert error.value.translation_key == "too_many_values"
        assert len(home.simulator.requests) == before + 1

    async def test_of_a_meter_and_a_sensor(
        self, home: Home, site: Building, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They have the same limit."""
        monkeypatch.setattr(target, "MOST_VALUES", 100)
        flat, sensor = meter_named(site, "Flat 1"), str(site.sensors[0].info["id"])
        await self.refused(home, "get_meter_data", flat)
        await self.refused(home, "get_meter_readings", flat)
        await self.refused(home, "get_sensor_data", sensor)


async def data_requests(home: Home, site: Building, **stretch: str) -> int:
    """How many requests of data the rows of a stretch of a site take."""
    before = len(home.simulator.requests)
    await call(home, "get_site_data", site.id, **stretch)
    return sum("site_data" in one.path for one in home.simulator.requests[before:])


class TestWrongCalls:
    """It is said what is wrong."""

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (
                {"since": "2026-11-20 00:00:00", "to": "2026-11-19 00:00:00"},
                "The start must be before the end.",
            ),
            ({"since": "2026-11-20 12:00:00"}, "The start is in the future."),
            (
                {"since": "2026-10-01", "sampling": "quarter_hour"},
                "At most 32 days can be read at once here. Choose a shorter period or, "
                "if the action has a resolution, a coarser one.",
            ),
            (
                {"since": "2026-05-01", "sampling": "hour"},
                "At most 124 days can be read at once here. Choose a shorter period or, "
                "if the action has a resolution, a coarser one.",
            ),
        ],
    )
    async def test_stretch(
        self, home: Home, site: Building, data: dict[str, str], text: str
    ) -> None:
        """A stretch that is none, has not begun, or is too long."""
        before = len(home.simulator.requests)
        with pytest.raises(ServiceValidationError) as error:
            await call(home, "get_site_data", site.id, **data)
        assert await text_of(home, error.value) == text
        assert len(home.simulator.requests) == before

    @pytest.mark.parametrize(
        ("sampling", "since", "to"),
        [
            ("quarter_hour", "2026-10-01", "2026-11-02"),
            ("quarter_hour", "2026-10-19", "2026-11-20"),
            ("quarter_hour", "2026-10-25", "2026-11-26"),
            ("quarter_hour", "2026-03-01", "2026-04-02"),
            ("hour", "2026-07-19", "2026-11-20"),
            ("hour", "2026-03-01", "2026-07-03"),
        ],
    )
    async def test_days_are_local(
        self, home: Home, site: Building, sampling: str, since: str, to: str
    ) -> None:
        """As many days as are said, in few requests; a day has 23 to 25 hours."""
        number = await data_requests(home, site, sampling=sampling, since=since, to=to)
        assert number in {4, 5}  # where data begin in between, what is missing is asked for

    @pytest.mark.parametrize(
        ("sampling", "since", "to"),
        [
            ("quarter_hour", "2026-03-01 11:07:00", "2026-04-02 11:07:00"),
            ("hour", "2026-04-18 11:07:00", "2026-08-20 11:07:00"),
        ],
    )
    async def test_in_the_middle_of_a_row(
        self, home: Home, site: Building, sampling: str, since: str, to: str
    ) -> None:
        """As many days as are said, also where the first and last row reach further."""
        assert await data_requests(home, site, sampling=sampling, since=since, to=to) == 4

    @pytest.mark.parametrize(
        ("sampling", "since", "to"),
        [
            ("quarter_hour", "2026-10-19", "2026-11-20 00:15:00"),
            ("quarter_hour", "2026-03-01", "2026-04-02 00:15:00"),
            ("hour", "2026-03-01", "2026-07-03 01:00:00"),
        ],
    )
    async def test_a_bit_longer(
        self, home: Home, site: Building, sampling: str, since: str, to: str
    ) -> None:
        """A row more is too long."""
        with pytest.raises(ServiceValidationError) as error:
            await call(home, "get_site_data", site.id, since=since, to=to, sampling=sampling)
        assert error.value.translation_key == "stretch_too_long"

    async def test_days_of_readings_are_local(self, home: Home, site: Building) -> None:
        """For them too."""
        flat, sensor = meter_named(site, "Flat 1"), str(site.sensors[0].info["id"])
        stretch = {"since": "2026-10-19", "to": "2026-11-20"}
        await call(home, "get_meter_readings", flat, **stretch)
        await call(home, "get_sensor_data", sensor, **stretch)

    @pytest.mark.parametrize("action", ["get_meter_readings", "get_sensor_data"])
    async def test_readings_of_too_long(self, home: Home, site: Building, action: str) -> None:
        """They have a bound too."""
        flat, sensor = meter_named(site, "Flat 1"), str(site.sensors[0].info["id"])
        owner = sensor if action == "get_sensor_data" else flat
        with pytest.raises(ServiceValidationError) as error:
            await call(home, action, owner, since="2026-10-01")
        assert error.value.translation_key == "stretch_too_long"

    @pytest.mark.parametrize(
        "data", [{"sampling": "week"}, {"meter_type": "gas"}, {"to": "soon"}, {"to": "0001-01-01"}]
    )
    async def test_words(self, home: Home, site: Building, data: dict[str, str]) -> None:
        """What the form does not offer is refused by Home Assistant."""
        [key] = data
        with pytest.raises(vol.Invalid, match=key):
            await call(home, "get_site_data", site.id, since="2026-11-18", **data)

    @pytest.mark.parametrize(
        ("action", "owner", "text"),
        [
            (
                "get_site_data",
                "Flat 1",
                "This action needs a site, but the chosen device is a meter or a sensor.",
            ),
            (
                "get_meter_data",
                "site",
                "This action needs a meter, but the chosen device is a site or a sensor.",
            ),
            (
                "get_meter_readings",
                "sensor",
                "This action needs a meter, but the chosen device is a site or a sensor.",
            ),
            (
                "get_sensor_data",
                "Flat 1",
                "This action needs a Climkit sensor, but the chosen device is a site or a meter.",
            ),
        ],
    )
    async def test_kind_of_device(
        self, home: Home, site: Building, action: str, owner: str, text: str
    ) -> None:
        """A device of another kind."""
        match owner:
            case "site":
                climkit_id = site.id
            case "sensor":
                climkit_id = str(site.sensors[0].info["id"])
            case _:
                climkit_id = meter_named(site, owner)
        with pytest.raises(ServiceValidationError) as error:
            await call(home, action, climkit_id, since="2026-11-18")
        assert await text_of(home, error.value) == text

    async def test_unknown_device(self, home: Home) -> None:
        """One that Home Assistant does not have."""
        with pytest.raises(ServiceValidationError) as error:
            await home.hass.services.async_call(
                DOMAIN,
                "get_site_data",
                {"device_id": "nobody", "from": "2026-11-18"},
                blocking=True,
                return_response=True,
            )
        assert await text_of(home, error.value) == "There is no Climkit device nobody."

    async def test_device_of_others(self, home: Home) -> None:
        """Some name their devices in three parts."""
        other = MockConfigEntry(domain="other")
        other.add_to_hass(home.hass)
        three: Any = {("other", "bridge", "lamp")}
        lamp = dr.async_get(home.hass).async_get_or_create(
            config_entry_id=other.entry_id, identifiers=three
        )
        for action in ("get_site_data", "get_statement"):
            with pytest.raises(ServiceValidationError) as error:
                await home.hass.services.async_call(
                    DOMAIN,
                    action,
                    {"device_id": lamp.id, "from": "2026-11-18"},
                    blocking=True,
                    return_response=True,
                )
            assert error.value.translation_key == "unknown_device"

    async def test_not_loaded(self, home: Home, site: Building) -> None:
        """The account rests."""
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        with pytest.raises(ServiceValidationError) as error:
            await call(home, "get_site_data", site.id, since="2026-11-18")
        assert await text_of(home, error.value) == (
            "The Climkit account of this device is not loaded at the moment, or the device no "
            "longer belongs to it. Try again once the account is loaded, or choose another device."
        )


class TestClimkitDoesNotAnswer:
    """It is said why."""

    @pytest.mark.parametrize(
        ("fault", "key"),
        [
            (Fault(kind=FaultKind.DISCONNECT), "cannot_connect"),
            (Fault(kind=FaultKind.STATUS, status=429), "rate_limited"),
            (Fault(kind=FaultKind.STATUS, status=403), "access_denied"),
            (Fault(kind=FaultKind.STATUS, status=400), "stretch_refused"),
            (Fault(kind=FaultKind.STATUS, status=413), "stretch_refused"),
            (Fault(kind=FaultKind.STATUS, status=404), "unknown_at_climkit"),
            (Fault(kind=FaultKind.HTML), "bad_answer"),
        ],
    )
    async def test_fault(self, home: Home, site: Building, fault: Fault, key: str) -> None:
        """Each with a text of its own."""
        fault.path = "data"
        home.simulator.switches.faults = [fault]
        for action, owner in (
            ("get_site_data", site.id),
            ("get_meter_data", meter_named(site, "Flat 1")),
            ("get_meter_readings", meter_named(site, "Flat 1")),
            ("get_sensor_data", str(site.sensors[0].info["id"])),
        ):
            with pytest.raises(HomeAssistantError) as error:
                await call(home, action, owner, since="2026-11-19")
            assert error.value.translation_key == key
            assert await text_of(home, error.value)


async def test_sampling_that_is_not_heeded(home: Home, site: Building) -> None:
    """Whether site_data heeds it is in doubt; quarter-hours are never passed off as hours."""
    home.simulator.switches.sampled_sites = False
    with pytest.raises(HomeAssistantError) as error:
        await call(home, "get_site_data", site.id, since="2026-11-19")
    assert error.value.translation_key == "bad_answer"


async def test_everybody_may_ask(home: Home, site: Building, hass_read_only_user: MockUser) -> None:
    """Reading changes nothing, so it is not for administrators only."""
    answer = await call(
        home, "get_site_data", site.id, since="2026-11-19", user=hass_read_only_user
    )
    assert answer
    assert answer["rows"]


async def test_what_is_new_goes_first(
    home: Home, site: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked for waits in line behind it, as history does."""
    sensor = str(site.sensors[0].info["id"])
    turns: list[Priority] = []
    turn = queue.RequestQueue.turn

    def noted(self: queue.RequestQueue, priority: Priority) -> Any:
        turns.append(priority)
        return turn(self, priority)

    await home.settle()
    monkeypatch.setattr(queue.RequestQueue, "turn", noted)
    for action, climkit_id in (
        ("get_site_data", site.id),
        ("get_meter_data", meter_named(site, "Flat 1")),
        ("get_meter_readings", meter_named(site, "Flat 1")),
        ("get_sensor_data", sensor),
    ):
        await call(home, action, climkit_id, since="2026-11-19 00:00", to="2026-11-19 06:00")
    assert turns == [Priority.HISTORY] * 4
