"""Models are read from whatever an answer holds."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from custom_components.climkit.api import (
    DEFAULT_ZONE,
    Address,
    Interval,
    Meter,
    MeterMode,
    MeterReading,
    Reading,
    Sampling,
    Sensor,
    Site,
    SiteReference,
    is_object_id,
)
from custom_components.climkit.api.models import TEXT_LIMIT

METER_ID = "61dfca85eba4e3564021f36d"
SITE_ID = "61df0000eba4e3564021f300"
STAMP = "2026-03-22 05:30:00+01:00"
AT = datetime(2026, 3, 22, 4, 30, tzinfo=UTC)


def interval(row: object) -> Interval | None:
    return Interval.from_api(row, Sampling.QUARTER_HOUR, DEFAULT_ZONE)


def test_site() -> None:
    site = Site.from_api(
        SITE_ID,
        {
            "site_ref": "CH-17",
            "name": " Rue du Lac 3 ",
            "address": {
                "street_name": "Rue du Lac",
                "street_number": 3,
                "city": "Vevey",
                "postal_code": 1800,
                "new": 1,
            },
            "creation_date": "2022-01-13T08:00:00",
            "latitude": 46.46,
            "longitude": 6.84,
            "timezone": "Europe/Paris",
        },
    )
    assert site == Site(
        id=SITE_ID,
        name="Rue du Lac 3",
        ref="CH-17",
        created=datetime(2022, 1, 13, 7, tzinfo=UTC),
        latitude=46.46,
        longitude=6.84,
        zone=ZoneInfo("Europe/Paris"),
        address=Address(
            street_name="Rue du Lac", street_number="3", postal_code="1800", city="Vevey"
        ),
    )


@pytest.mark.parametrize(
    "data",
    [
        {},
        {
            "name": "",
            "address": None,
            "creation_date": None,
            "latitude": None,
            "longitude": "east",
            "timezone": None,
        },
        {"name": [], "address": {"city": " "}, "latitude": 146.0, "timezone": "../../etc/hosts"},
        {"name": True, "address": [], "creation_date": "soon", "timezone": "Mars/Olympus"},
    ],
)
def test_site_that_says_nothing(data: dict[str, object]) -> None:
    assert Site.from_api(SITE_ID, data) == Site(
        id=SITE_ID,
        name=None,
        ref=None,
        created=datetime.fromtimestamp(0x61DF0000, UTC),  # the id's own time
        latitude=None,
        longitude=None,
        zone=DEFAULT_ZONE,
        address=None,
    )


@pytest.mark.parametrize(
    ("said", "created"),
    [("2021-12-01", "2021-12-01"), ("2022-01-13", "2022-01-12"), ("2062-01-01", "2022-01-12")],
)
def test_site_that_is_still_to_be_made(said: str, created: str) -> None:
    """A date in the future is wrong, or the clock is: the id's own time may be earlier."""
    now = datetime(2021, 11, 1, tzinfo=UTC)
    site = Site.from_api(SITE_ID, {"creation_date": said, "timezone": "UTC"}, now)
    assert site.created
    assert site.created.date().isoformat() == created


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (-33.9, 151.2, (-33.9, 151.2)),
        (90, -180, (90.0, -180.0)),
        (-90, 180, (-90.0, 180.0)),
        (90.1, 180.1, (None, None)),
        (151.2, -33.9, (None, -33.9)),
    ],
)
def test_where_a_site_may_stand(
    latitude: float, longitude: float, expected: tuple[float | None, float | None]
) -> None:
    """Anywhere on earth; the two have limits of their own."""
    site = Site.from_api(SITE_ID, {"latitude": latitude, "longitude": longitude})
    assert (site.latitude, site.longitude) == expected


@pytest.mark.parametrize(
    ("site_id", "created"),
    [
        ("villa", None),
        ("12df0000eba4e3564021f300", None),
        ("4b3d3affeba4e3564021f300", None),
        ("4b3d3b00eba4e3564021f300", datetime(2010, 1, 1, tzinfo=UTC)),
    ],
)
def test_site_with_an_id_of_another_kind_has_no_time(
    site_id: str, created: datetime | None
) -> None:
    """Nor has one whose digits would be a time at which there was no Climkit."""
    assert Site.from_api(site_id, {}).created == created


def test_where_a_site_stands_is_not_in_its_repr() -> None:
    site = Site.from_api(
        SITE_ID, {"latitude": 46.46, "longitude": 6.84, "address": {"city_name": "Vevey"}}
    )
    assert site.address is not None
    assert (site.latitude, site.longitude, site.address.city) == (46.46, 6.84, "Vevey")
    assert not [one for one in ("46.46", "6.84", "Vevey") if one in repr(site)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (SITE_ID, SiteReference(id=SITE_ID, name=None)),
        ({"id": SITE_ID, "name": "Villa"}, SiteReference(id=SITE_ID, name="Villa")),
        ({"_id": {"$oid": SITE_ID}}, SiteReference(id=SITE_ID, name=None)),
        ({"$oid": SITE_ID}, SiteReference(id=SITE_ID, name=None)),
        ({"id": "", "site_id": SITE_ID}, SiteReference(id=SITE_ID, name=None)),
        ({"installation_id": SITE_ID, "name": 5}, SiteReference(id=SITE_ID, name="5")),
        ({"name": "Villa"}, None),
        ("../auth", None),
        ({"id": "a/b"}, None),
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_site_reference(data: object, expected: SiteReference | None) -> None:
    assert SiteReference.from_api(data) == expected


def test_meter_as_documented() -> None:
    assert Meter.from_api(
        {
            "id": METER_ID,
            "type": "electricity",
            "name": "Flat 1",
            "mode": "consumption",
            "prim_ad": 101,
            "is_rule_meter": True,
        }
    ) == Meter(
        id=METER_ID,
        type="electricity",
        mode=MeterMode.CONSUMPTION,
        name="Flat 1",
        bus_address=101,
        is_rule_meter=True,
    )


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        ({"prim_ad": "10"}, MeterMode.INTRODUCTION),
        ({"prim_ad": "101"}, MeterMode.PRODUCTION),
        ({"prim_ad": 199}, MeterMode.PRODUCTION),
        ({"prim_ad": 100}, MeterMode.CONSUMPTION),
        ({"prim_ad": 200}, MeterMode.CONSUMPTION),
        ({"prim_ad": 11.0, "mode": None}, MeterMode.CONSUMPTION),
        ({}, MeterMode.UNKNOWN),
        ({"prim_ad": True}, MeterMode.UNKNOWN),
        ({"prim_ad": "ten"}, MeterMode.UNKNOWN),
        ({"mode": "battery", "prim_ad": 10}, MeterMode.BATTERY),
        ({"mode": "sorcery", "prim_ad": 10}, MeterMode.UNKNOWN),
        ({"type": "heating", "prim_ad": 10}, MeterMode.CONSUMPTION),
        ({"type": "hot_water"}, MeterMode.CONSUMPTION),
    ],
)
def test_mode_of_a_meter(data: dict[str, object], mode: MeterMode) -> None:
    meter = Meter.from_api({"id": METER_ID, "type": "electricity"} | data)
    assert meter is not None
    assert meter.mode is mode


def test_meter_of_2022() -> None:
    meter = Meter.from_api(
        {"id": METER_ID, "type": "electricity", "prim_ad": "11", "virtual": True}
    )
    assert meter is not None
    assert meter.name is None
    assert meter.bus_address == 11
    assert meter.is_rule_meter


def test_meter_of_a_new_type_and_of_none() -> None:
    reactive = Meter.from_api({"id": METER_ID, "type": "Reactive", "is_rule_meter": "no"})
    nameless = Meter.from_api({"id": METER_ID, "type": None})
    assert reactive is not None
    assert nameless is not None
    assert reactive.type == "Reactive"
    assert not reactive.is_rule_meter
    assert nameless.type == "unknown"


@pytest.mark.parametrize("data", [None, [], "meter", {}, {"id": None}, {"id": 5}, {"id": "a b"}])
def test_meters_and_sensors_without_an_id(data: object) -> None:
    assert Meter.from_api(data) is None
    assert Sensor.from_api(data) is None


def test_sensor() -> None:
    assert Sensor.from_api({"id": METER_ID, "type": "co2", "unit": "ppm", "name": ""}) == Sensor(
        id=METER_ID, name=None, type="co2", unit="ppm", model=None
    )


def test_values_that_are_no_numbers_are_absent() -> None:
    row = interval(
        {
            "timestamp": STAMP,
            "total": 0.029,
            "negative": -0.19,
            "whole": 0,
            "text": " 1.5e-3 ",
            "null": None,
            "nan": float("nan"),
            "infinite": float("inf"),
            "text_nan": "NaN",
            "empty": "",
            "bool": True,
            "list": [1],
            "too_large": 10**400,
        }
    )
    assert row is not None
    assert row.values == {"total": 0.029, "negative": -0.19, "whole": 0.0, "text": 0.0015}
    assert all(isinstance(value, float) for value in row.values.values())
    assert (row.start, row.end) == (datetime(2026, 3, 22, 4, 15, tzinfo=UTC), AT)


@pytest.mark.parametrize("row", [None, [], "row", {}, {"timestamp": None, "total": 1.0}])
def test_rows_without_a_time(row: object) -> None:
    assert interval(row) is None
    assert MeterReading.from_api(row, DEFAULT_ZONE) is None
    assert Reading.from_api(row, DEFAULT_ZONE) is None


def test_raw_registers() -> None:
    row = {"timestamp": STAMP, "en_im": "1234.5", "en_ex": None}
    assert MeterReading.from_api(row, DEFAULT_ZONE) == MeterReading(
        at=AT, registers={"en_im": 1234.5}
    )


def test_sensor_reading() -> None:
    epoch = int(AT.timestamp())
    expected = Reading(at=AT, value=21.0)
    assert Reading.from_api({"timestamp": epoch, "value": 21}, DEFAULT_ZONE) == expected
    assert Reading.from_api({"timestamp": epoch * 1000, "value": 21}, DEFAULT_ZONE) == expected
    assert Reading.from_api({"timestamp": epoch, "value": None}, DEFAULT_ZONE) is None


@pytest.mark.parametrize("value", [1e308, -1e308, 1e13, "1_000", "inf", "nan"])
def test_absurd_numbers_are_none(value: object) -> None:
    """They would break sums; what is absent can be told from what is zero."""
    row = {"timestamp": "2026-03-22 05:30:00+01:00", "total": value, "ext": 1.5}
    interval = Interval.from_api(row, Sampling.QUARTER_HOUR, DEFAULT_ZONE)
    assert interval is not None
    assert interval.values == {"ext": 1.5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Flat\ud800 1\udfff", "Flat 1"),
        ("Flat\x00\x1b 1\x7f", "Flat 1"),
        ("\u202eFlat\u202c\u2066 1\u2069", "Flat 1"),
        ("\ufeffFl\u200bat\u200d 1", "Flat 1"),
        (" Flat\r\n\t1\u2028 ", "Flat 1"),
        ("Flat\u00a0 1", "Flat 1"),
        ("Zürich, Wäscherei № 3 · 洗衣房 🧺", "Zürich, Wäscherei № 3 · 洗衣房 🧺"),
        ("x" * 10_000_000, "x" * TEXT_LIMIT),
        ("x" * (TEXT_LIMIT - 1) + " y", "x" * (TEXT_LIMIT - 1)),
        ("\ud800", None),
        ("\u200b \x00\u202e", None),
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_texts_are_clean(text: str, expected: str | None) -> None:
    """Home Assistant stores them as JSON, which knows no lone surrogate, and shows them."""
    words = {"name": text, "type": text, "unit": text, "model": text}
    sensor = Sensor.from_api({"id": METER_ID} | words)
    meter = Meter.from_api({"id": METER_ID} | words)
    site = Site.from_api(SITE_ID, {"name": text, "site_ref": text, "address": {"city": text}})
    assert sensor == Sensor(
        id=METER_ID, name=expected, type=expected, unit=expected, model=expected
    )
    assert meter is not None
    assert (meter.name, meter.type) == (expected, expected or "unknown")
    assert (site.name, site.ref) == (expected, expected)
    assert (site.address and site.address.city) == expected


def test_columns_of_strange_letters_are_left_out() -> None:
    row = interval({"timestamp": STAMP, "total": 1.0, "tot\ud800al": 2.0, "\u202etotal": 3.0})
    assert row is not None
    assert row.values == {"total": 1.0}


@pytest.mark.parametrize("value", ["9" * 100_000, "1e999999999", "0x10", 10**4000, "-" * 100_000])
def test_huge_numbers_are_absent(value: object) -> None:
    row = {"timestamp": value, "value": value}
    assert interval(row) is None
    assert Reading.from_api({"timestamp": STAMP, "value": value}, DEFAULT_ZONE) is None
    site = Site.from_api(SITE_ID, {"latitude": value, "creation_date": value})
    assert site.latitude is None
    meter = Meter.from_api({"id": METER_ID, "prim_ad": value})
    assert meter is not None
    assert meter.bus_address is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (METER_ID, True),
        (METER_ID.upper(), True),
        (METER_ID[:-1], False),
        (METER_ID + "0", False),
        (METER_ID + "\n", False),
        ("g" * 24, False),
        ("\u0661" * 24, False),
        ("", False),
    ],
)
def test_what_is_an_object_id(text: str, expected: bool) -> None:
    assert is_object_id(text) is expected
