"""The calls of the API, against the simulator."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path
from typing import Literal, cast

import aiohttp
import pytest

from custom_components.climkit.api import (
    DEFAULT_ZONE,
    INTERVAL,
    ClimkitClient,
    ClimkitResponseError,
    Interval,
    Meter,
    MeterMode,
    Query,
    Sampling,
    Sensor,
    SiteReference,
    interval_bounds,
)
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Fault,
    FaultKind,
    SimulatorServer,
    StaticSite,
    Switches,
    World,
)

from .conftest import NOW, Answer, ScriptedApi

RECORDED = Path(__file__).parents[3] / "shared" / "recorded"
MIDNIGHT = datetime(2026, 11, 18, 23, tzinfo=UTC)
DAY = timedelta(days=1)

type Ask = Callable[[ClimkitClient], Awaitable[Sequence[SiteReference | Meter | Sensor]]]


def told_by_client(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the client's log lines; the event loop adds its own on a slow machine."""
    return [record.message for record in caplog.records if "climkit" in record.name]


def column(intervals: list[Interval], name: str) -> dict[datetime, float]:
    return {one.start: one.values[name] for one in intervals if name in one.values}


# Sites, meters, sensors


@pytest.mark.parametrize("shape", ["ids", "objects", "oid"])
async def test_installations_in_every_shape(
    simulator: SimulatorServer, client: ClimkitClient, shape: Literal["ids", "objects", "oid"]
) -> None:
    simulator.switches.installations = shape
    sites = await client.installations()
    assert [site.id for site in sites] == list(simulator.world.sites)


async def test_installations_that_cannot_be_read_are_left_out(
    scripted: ScriptedApi, scripted_client: ClimkitClient, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.answers["/all_installations"] = Answer(
        body=["a" * 24, "../etc", None, {"_id": {"$oid": "b" * 24}}, {}, "a" * 24]
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            sites = await scripted_client.installations()
            assert [site.id for site in sites] == ["a" * 24, "b" * 24]
    assert told_by_client(caplog) == ["GET /all_installations: 3 unusable rows left out"]


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        ("/all_installations", lambda client: client.installations()),
        ("/meter_info/villa", lambda client: client.meters("villa")),
        ("/villa/sensors_list", lambda client: client.sensors("villa")),
    ],
)
class TestLists:
    """Lists of sites, meters and sensors."""

    async def test_an_id_counts_once(
        self,
        scripted: ScriptedApi,
        scripted_client: ClimkitClient,
        caplog: pytest.LogCaptureFixture,
        path: str,
        ask: Ask,
    ) -> None:
        """The first of two counts; ids in another case would be the same statistic."""
        ids = ["a" * 24, "b" * 24, "A" * 24, "a" * 24]
        scripted.answers[path] = Answer(
            body=[{"id": i, "name": f"number {n}"} for n, i in enumerate(ids)]
        )
        with caplog.at_level(logging.DEBUG, "custom_components.climkit"):
            found = await ask(scripted_client)
        assert [(one.id, one.name) for one in found] == [
            ("a" * 24, "number 0"),
            ("b" * 24, "number 1"),
        ]
        [told] = [r for r in caplog.records if r.message == f"GET {path}: 2 rows repeat an id"]
        assert told.levelno == logging.DEBUG

    async def test_upper_case_ids_stay_so(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient, path: str, ask: Ask
    ) -> None:
        """Climkit must recognise them in a path."""
        scripted.answers[path] = Answer(body=[{"id": "A" * 24}])
        assert [one.id for one in await ask(scripted_client)] == ["A" * 24]

    @pytest.mark.parametrize("written", ["a" * 24, {"$oid": "a" * 24}], ids=["text", "oid"])
    async def test_ids_as_a_database_writes_them(
        self,
        scripted: ScriptedApi,
        scripted_client: ClimkitClient,
        path: str,
        ask: Ask,
        written: object,
    ) -> None:
        """They are understood in each list."""
        scripted.answers[path] = Answer(body=[{"_id": written}])
        assert [one.id for one in await ask(scripted_client)] == ["a" * 24]

    async def test_ten_thousand(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient, path: str, ask: Ask
    ) -> None:
        """All are read."""
        scripted.answers[path] = Answer(body=[{"id": f"{n:024x}"} for n in range(10_000)])
        assert len(await ask(scripted_client)) == 10_000

    async def test_not_one_row_is_usable(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient, path: str, ask: Ask
    ) -> None:
        """That is an answer which is not understood, not an empty list."""
        scripted.answers[path] = Answer(body=[{"key": "a" * 24}, None])
        with pytest.raises(ClimkitResponseError, match="no row has an id"):
            await ask(scripted_client)
        scripted.answers[path] = Answer(body=[])
        assert await ask(scripted_client) == []


async def test_nothing_in_a_site_has_its_id(
    scripted: ScriptedApi, scripted_client: ClimkitClient
) -> None:
    """It would be the same device."""
    site_id, other = "a" * 24, "b" * 24
    for path in (f"/meter_info/{site_id}", f"/{site_id}/sensors_list"):
        scripted.answers[path] = Answer(body=[{"id": site_id}, {"id": other}])
    assert [meter.id for meter in await scripted_client.meters(site_id)] == [other]
    assert [sensor.id for sensor in await scripted_client.sensors(site_id)] == [other]


async def test_a_name_that_is_no_unicode(
    scripted: ScriptedApi, scripted_client: ClimkitClient
) -> None:
    """JSON may escape half a character; Home Assistant could not store it."""
    scripted.answers["/meter_info/villa"] = Answer(
        body=b'[{"id": "%s", "name": "Flat \\ud800 1"}]' % (b"a" * 24)
    )
    [meter] = await scripted_client.meters("villa")
    assert meter.name == "Flat 1"


async def test_a_row_that_is_deeply_nested_is_left_out(
    scripted: ScriptedApi, scripted_client: ClimkitClient
) -> None:
    deep = b"[" * 2000 + b"]" * 2000
    row = b'{"timestamp": "2026-11-19 00:15:00+01:00", "total": 1, "deep": %s}' % deep
    scripted.answers["/meter_data/villa/meter"] = Answer(body=b"[%s, %s]" % (row, deep))
    [found] = await scripted_client.meter_data("villa", "meter", Query(MIDNIGHT))
    assert found.values == {"total": 1.0}


async def test_installation(client: ClimkitClient, site_id: str) -> None:
    site = await client.installation(site_id)
    assert site.id == site_id
    assert site.name
    assert site.zone == DEFAULT_ZONE
    assert site.created is not None
    assert site.created < NOW - 300 * DAY


@pytest.mark.parametrize(
    "answer",
    [["villa"], "villa", None, {}, {"error": "internal"}, {"data": {"name": "Villa"}}],
    ids=str,
)
async def test_an_installation_that_is_not_described(
    scripted: ScriptedApi, scripted_client: ClimkitClient, answer: object
) -> None:
    """An error with status 200 is no site without a name."""
    scripted.answers["/installation_infos/villa"] = Answer(body=answer)
    with pytest.raises(ClimkitResponseError, match="describes no site"):
        await scripted_client.installation("villa")


async def test_an_installation_with_little_to_say(
    scripted: ScriptedApi, scripted_client: ClimkitClient
) -> None:
    """Anything that is documented will do, be it empty."""
    scripted.answers["/installation_infos/villa"] = Answer(body={"latitude": None})
    assert (await scripted_client.installation("villa")).zone == DEFAULT_ZONE


async def test_meters(simulator: SimulatorServer, client: ClimkitClient, site_id: str) -> None:
    meters = await client.meters(site_id)
    assert len(meters) == len(simulator.world.meter_info(site_id))
    assert {meter.mode for meter in meters} >= {
        MeterMode.CONSUMPTION,
        MeterMode.PRODUCTION,
        MeterMode.INTRODUCTION,
        MeterMode.BATTERY,
    }
    assert {meter.type for meter in meters} >= {"electricity", "heating", "hot_water"}
    assert any(meter.is_rule_meter for meter in meters)


async def test_sensors_and_their_readings(client: ClimkitClient, site_id: str) -> None:
    sensors = await client.sensors(site_id)
    assert len(sensors) >= 3
    sensor = sensors[0]
    newest = await client.newest_sensor_data(site_id, sensor.id)
    assert newest
    assert NOW - DAY < newest[-1].at <= NOW
    day = await client.sensor_data(site_id, sensor.id, Query(NOW - DAY, NOW - DAY / 2))
    assert [reading.at for reading in day] == sorted({reading.at for reading in day})
    assert NOW - DAY <= day[0].at < NOW - DAY + timedelta(hours=1)
    assert NOW - DAY / 2 >= day[-1].at > NOW - DAY / 2 - timedelta(hours=1)


async def test_sensor_times_in_milliseconds(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    sensor = (await client.sensors(site_id))[0]
    seconds = await client.sensor_data(site_id, sensor.id, Query(NOW - DAY))
    simulator.switches.sensor_timestamps = "milliseconds"
    assert await client.sensor_data(site_id, sensor.id, Query(NOW - DAY)) == seconds


# Windows


@pytest.mark.parametrize("reading", ["utc", "local"])
@pytest.mark.parametrize("day", ["2026-01-15", "2026-03-28", "2026-07-15", "2026-10-24"])
async def test_windows_are_exact_under_both_readings(
    simulator: SimulatorServer,
    client: ClimkitClient,
    site_id: str,
    reading: Literal["utc", "local"],
    day: str,
) -> None:
    """Two days from local midnight on: over each change of the clocks, and far from any."""
    simulator.switches.reading = reading
    start = datetime.fromisoformat(day).replace(tzinfo=DEFAULT_ZONE).astimezone(UTC)
    for offset in (timedelta(), timedelta(hours=23, minutes=45)):
        for length in (INTERVAL, timedelta(hours=3), 2 * DAY):
            begin, end = start + offset, start + offset + length
            truth = simulator.intervals(site_id, "electricity", begin, end)["conso_total"]
            assert len(truth) == length / INTERVAL
            found = await client.site_data(site_id, "electricity", Query(begin, end))
            assert column(found, "conso_total") == truth
            assert [one.start for one in found] == sorted(truth)
            assert all(one.end - one.start == INTERVAL for one in found)


@pytest.mark.parametrize("reading", ["utc", "local"])
async def test_a_window_without_an_end_reaches_the_newest_row(
    simulator: SimulatorServer,
    client: ClimkitClient,
    site_id: str,
    reading: Literal["utc", "local"],
) -> None:
    simulator.switches.reading = reading
    start = NOW.replace(minute=0) - timedelta(hours=2)
    found = await client.site_data(site_id, "electricity", Query(start))
    assert found[0].start == start
    assert found[-1].end == datetime(2026, 11, 20, 10, tzinfo=UTC)


async def test_every_column_is_the_truth(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    """Site totals and the columns of meters; a single meter's answer is the same numbers."""
    found = await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY))
    truth = simulator.intervals(site_id, "electricity", MIDNIGHT, MIDNIGHT + DAY)
    names = {name for one in found for name in one.values}
    assert len(names) > 20
    assert all(column(found, name) == truth[name] for name in names)
    meters = [one for one in await client.meters(site_id) if one.type == "electricity"]
    assert {meter.mode for meter in meters} > {MeterMode.INTRODUCTION, MeterMode.PRODUCTION}
    for meter in meters[:5]:
        alone = await client.meter_data(site_id, meter.id, Query(MIDNIGHT, MIDNIGHT + DAY))
        assert column(alone, "total") == truth[f"total_{meter.id}"]


@pytest.mark.parametrize("reading", ["utc", "local"])
@pytest.mark.parametrize("sampling", [Sampling.HOUR, Sampling.DAY])
@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
async def test_coarser_rows_are_local_calendar_buckets(
    simulator: SimulatorServer,
    client: ClimkitClient,
    site_id: str,
    reading: Literal["utc", "local"],
    sampling: Sampling,
    night: str,
) -> None:
    simulator.switches.reading = reading
    noon = datetime.fromisoformat(night).replace(hour=12, tzinfo=DEFAULT_ZONE)
    start, end = interval_bounds(noon, Sampling.DAY, DEFAULT_ZONE)
    fine = await client.site_data(site_id, "electricity", Query(start, end))
    coarse = await client.site_data(site_id, "electricity", Query(start, end, sampling=sampling))
    assert (coarse[0].start, coarse[-1].end) == (start, end)
    assert len(coarse) == (1 if sampling is Sampling.DAY else (end - start) / timedelta(hours=1))
    for one in coarse:
        parts = [part.values["conso_total"] for part in fine if one.start <= part.start < one.end]
        assert one.values["conso_total"] == pytest.approx(sum(parts))
        assert len(parts) == (one.end - one.start) / INTERVAL


async def test_quarter_hours_are_asked_for_without_the_key(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY))
    assert simulator.requests[-1].body == {
        "t_s": "2026-11-18T23:00:00",
        "t_e": "2026-11-20T02:00:00",
    }
    await client.site_data(site_id, "electricity", Query(MIDNIGHT, sampling=Sampling.DAY))
    assert simulator.requests[-1].body == {
        "t_s": "2026-11-18T22:45:00",
        "sampling_frequency": "D",
    }


async def test_raw_registers(client: ClimkitClient, site_id: str) -> None:
    meter = next(
        meter
        for meter in await client.meters(site_id)
        if meter.type == "electricity" and not meter.is_rule_meter
    )
    readings = await client.meter_data_raw(site_id, meter.id, Query(MIDNIGHT, MIDNIGHT + DAY))
    assert len(readings) == 96
    assert (readings[0].at, readings[-1].at) == (MIDNIGHT + INTERVAL, MIDNIGHT + DAY)
    assert {"en_im", "en_ex"} >= readings[0].registers.keys() != set()


async def test_raw_registers_of_a_rule_meter(client: ClimkitClient, site_id: str) -> None:
    rule = next(meter for meter in await client.meters(site_id) if meter.is_rule_meter)
    with pytest.raises(ClimkitResponseError):
        await client.meter_data_raw(site_id, rule.id, Query(MIDNIGHT, MIDNIGHT + DAY))


# Warts of answers


async def test_order_and_duplicates_do_not_matter(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    plain = await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY))
    simulator.switches.shuffled = simulator.switches.duplicated = True
    assert await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY)) == plain


async def test_the_later_of_two_rows_counts(
    scripted: ScriptedApi, scripted_client: ClimkitClient
) -> None:
    scripted.answers["/meter_data/villa/meter"] = Answer(
        body=[
            {"timestamp": "2026-11-19 00:30:00+01:00", "total": 3},
            {"timestamp": "2026-11-19 00:15:00+01:00", "total": 1},
            {"timestamp": "2026-11-18 23:15:00Z", "total": 2},
        ]
    )
    found = await scripted_client.meter_data("villa", "meter", Query(MIDNIGHT))
    assert [one.values for one in found] == [{"total": 2.0}, {"total": 3.0}]


async def test_bad_rows_are_left_out_and_told_once(
    scripted: ScriptedApi, scripted_client: ClimkitClient, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.answers["/site_data/villa/electricity"] = Answer(
        body=[
            {"timestamp": "2026-11-19 00:15:00+01:00", "self": 0.5, "surprise": {"a": 1}},
            {"timestamp": None, "self": 1.0},
            {"self": 1.0},
            "row",
            None,
            [],
            {"timestamp": "2026-11-19 00:30:00+01:00"},
        ]
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            found = await scripted_client.site_data("villa", "electricity", Query(MIDNIGHT))
            assert [one.values for one in found] == [{"self": 0.5}, {}]
    assert told_by_client(caplog) == ["POST /site_data/villa/electricity: 5 unusable rows left out"]


@pytest.mark.parametrize("kind", [FaultKind.NAN, FaultKind.NULL])
async def test_nan_and_null_are_absent_not_zero(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str, kind: FaultKind
) -> None:
    plain = await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY))
    simulator.switches.faults = [Fault(kind=kind, path="site_data")]
    spoiled = await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY))
    assert [one.start for one in spoiled] == [one.start for one in plain]
    kept = [one for one in spoiled if one.values]
    assert len(kept) == len(plain) / 2
    assert all(one in plain for one in kept)


async def test_numbers_as_text(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    plain = await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY))
    simulator.switches.faults = [Fault(kind=FaultKind.STRINGS, path="site_data")]
    assert await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY)) == plain


async def test_an_empty_answer_is_no_error(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    simulator.switches.faults = [Fault(kind=FaultKind.EMPTY_LIST, path=site_id)]
    assert await client.site_data(site_id, "electricity", Query(MIDNIGHT)) == []
    assert await client.meters(site_id) == []
    assert await client.sensors(site_id) == []


async def test_naive_stamps_are_local_time(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    plain = await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY))
    simulator.switches.naive_timestamps = True
    assert await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY)) == plain


async def test_negative_production_is_kept(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    found = await client.site_data(site_id, "electricity", Query(MIDNIGHT, MIDNIGHT + DAY))
    assert min(column(found, "prod_total").values()) < 0


# Paths


@pytest.mark.parametrize(
    "evil",
    ["", "..", ".", "a/b", "../auth", "a?b=c", "a#b", "a%2fb", "a b", "a\n", "é", "x" * 65],
    ids=repr,
)
async def test_ids_that_would_lead_elsewhere_never_leave(
    simulator: SimulatorServer, client: ClimkitClient, evil: str
) -> None:
    calls = [
        client.installation(evil),
        client.meters(evil),
        client.sensors(evil),
        client.site_data(evil, "electricity", Query(NOW)),
        client.site_data("villa", evil, Query(NOW)),
        client.site_data("villa", "Electricity", Query(NOW)),
        client.meter_data(evil, "meter", Query(NOW)),
        client.meter_data("villa", evil, Query(NOW)),
        client.meter_data_raw(evil, "meter", Query(NOW)),
        client.meter_data_raw("villa", evil, Query(NOW)),
        client.newest_sensor_data(evil, "sensor"),
        client.newest_sensor_data("villa", evil),
    ]
    for call in calls:
        with pytest.raises(ClimkitResponseError) as raised:
            await call
        assert raised.value.status is None
    assert simulator.requests == []


async def test_a_base_url_may_end_in_a_slash(
    simulator: SimulatorServer, session: aiohttp.ClientSession
) -> None:
    url = simulator.url + "/"
    client = ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=url)
    assert await client.installations()


# Recorded answers


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")
async def test_recorded_answers(session: aiohttp.ClientSession) -> None:
    site_id = "61dfca85eba4e3564021f300"
    rows = cast(
        list[Mapping[str, str | float]],
        json.loads((RECORDED / "site_data_electricity_15T.json").read_text(encoding="utf-8")),
    )
    meters = json.loads((RECORDED / "meter_info.json").read_text(encoding="utf-8"))
    site = StaticSite(
        id=site_id, site_info={"name": "Recorded"}, meters=meters, answers={"electricity": rows}
    )
    now = datetime(2022, 6, 1, tzinfo=UTC)
    async with SimulatorServer(
        World.of(site), now=lambda: now, switches=Switches(rate_limit=0.0)
    ) as simulator:
        client = ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=simulator.url)
        modes = [meter.mode for meter in await client.meters(site_id)]
        start, end = datetime(2022, 5, 5, tzinfo=UTC), datetime(2022, 5, 12, tzinfo=UTC)
        found = await client.site_data(site_id, "electricity", Query(start, end))
    assert modes == [MeterMode.INTRODUCTION, MeterMode.PRODUCTION, *[MeterMode.CONSUMPTION] * 4]
    assert len(found) == len(rows) == 480
    assert found[0].start == datetime(2022, 5, 5, 14, 45, tzinfo=UTC)
    assert found[-1].end == datetime(2022, 5, 10, 14, 45, tzinfo=UTC)
    for name in rows[0].keys() - {"timestamp"}:
        assert [one.values[name] for one in found] == [row[name] for row in rows]
    assert min(column(found, "prod_total").values()) < 0


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")
async def test_recorded_rows_of_meters(
    scripted: ScriptedApi, scripted_client: ClimkitClient
) -> None:
    text = (RECORDED / "meter_data_15T_samples.json").read_text(encoding="utf-8")
    for rows in cast(dict[str, list[dict[str, object]]], json.loads(text)).values():
        scripted.answers["/meter_data/villa/meter"] = Answer(body=rows)
        start = datetime(2026, 3, 22, tzinfo=UTC)
        found = await scripted_client.meter_data("villa", "meter", Query(start, start + DAY))
        assert [one.values["total"] for one in found] == [row["total"] for row in rows]
        assert all(one.values.keys() | {"timestamp"} == rows[0].keys() for one in found)
