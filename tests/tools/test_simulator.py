"""The simulator keeps to what is known of the Climkit API, and its numbers add up."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import time
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from freezegun import freeze_time
import pytest

from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    SimulatorServer,
    StaticSite,
    Switches,
    World,
    big_site,
)
from tests.simulator.site import JsonObject, Rows, Site, Viewer

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 20, 12, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DUST = 1e-9
RECORDED = Path(__file__).parents[3] / "shared" / "recorded"
EVERYTHING = Viewer()
type Row = dict[str, Any]

METER_MEASURES = ("total", "self", "ext")


@pytest.fixture(scope="module")
def world() -> World:
    """A world nobody changes."""
    return World(created=NOW)


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncIterator[SimulatorServer]:
    """A server of a fresh world at NOW, without a rate limit."""
    switches = Switches(rate_limit=0)
    async with SimulatorServer(World(created=NOW), now=lambda: NOW, switches=switches) as server:
        yield server


@dataclass
class Api:
    """A client that asks and believes everything."""

    session: aiohttp.ClientSession
    url: str
    token: str = ""

    async def sign_in(self, password: str = DEFAULT_PASSWORD) -> int:
        """Get a token; the status."""
        body = {"username": DEFAULT_USERNAME, "password": password}
        async with self.session.post(f"{self.url}/auth", json=body) as response:
            answer = await response.json()
            self.token = answer.get("access_token", "")
            return response.status

    async def ask(self, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        """Status and JSON of a POST with a body, or a GET."""
        method = "GET" if body is None else "POST"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.request(
            method, self.url + path, json=body, params=query, headers=headers
        ) as response:
            return response.status, await response.json()

    async def rows(self, path: str, **body: object) -> list[Row]:
        """The rows of a data endpoint."""
        status, answer = await self.ask(path, body)
        assert status == 200
        return list(answer)


@pytest.fixture
async def api(simulator: SimulatorServer) -> AsyncIterator[Api]:
    """A signed-in client."""
    async with aiohttp.ClientSession() as session:
        api = Api(session, simulator.url)
        assert await api.sign_in() == 200
        yield api


def site_of(world: World, name: str) -> Site:
    """The site of this name."""
    return next(site for site in world.sites.values() if site.info()["name"] == name)


def apartments(world: World) -> Site:
    """The apartment house."""
    return site_of(world, "Les Tilleuls")


def rows_of_day(site: Site, year: int, month: int, day: int, kind: str = "electricity") -> Rows:
    """The settled rows of a local day."""
    start = datetime(year, month, day, tzinfo=ZURICH)
    end = datetime(year, month, day, tzinfo=ZURICH) + timedelta(days=1)
    return site.rows(kind, int(start.timestamp()), int(end.timestamp()), EVERYTHING)


def consumers(site: Site) -> list[str]:
    """Ids of the electricity meters that have all three columns."""
    ids = (str(meter["id"]) for meter in site.meter_info() if meter["type"] == "electricity")
    return [one for one in ids if len(site.columns(one) or {}) == len(METER_MEASURES)]


# The world


@pytest.mark.parametrize("name", ["Les Tilleuls", "Maison Rochat"])
@pytest.mark.parametrize("month", [1, 6, 11])
def test_energy_adds_up(name: str, month: int) -> None:
    """Consumption, production, battery and every meter balance in every quarter-hour."""
    site = site_of(World(created=datetime(2026, month, 28, tzinfo=UTC)), name)
    rows = [row for day in range(4, 9) for row in rows_of_day(site, 2026, month, day).values()]
    assert len(rows) == 5 * 96
    ids = consumers(site)
    for row in rows:
        assert row["conso_total"] == pytest.approx(row["self"] + row["from_ext"], abs=DUST)
        consumed = sum(row[f"total_{one}"] for one in ids)
        assert row["conso_total"] == pytest.approx(consumed, abs=DUST)
        produced = row["self"] - row["storage_discharging_total"]
        produced += row["to_ext"] + row["storage_charging_self"]
        assert row["prod_total"] == pytest.approx(produced, abs=DUST)
        for one in ids:
            total = row[f"self_{one}"] + row[f"ext_{one}"]
            assert row[f"total_{one}"] == pytest.approx(total, abs=DUST)
            assert row[f"self_{one}"] >= 0
        shared = sum(row[f"self_{one}"] for one in ids)
        assert shared == pytest.approx(max(row["self"], 0), abs=DUST)


def test_charge_points_are_behind_the_garage(world: World) -> None:
    """Their columns add up to the garage's meter, and meter_info does not know them."""
    site = apartments(world)
    garage = next(one["id"] for one in site.meter_info() if one.get("name") == "Garage")
    points = rows_of_day(site, 2026, 6, 10, "charge_point")
    electricity = rows_of_day(site, 2026, 6, 10)
    listed = {meter["id"] for meter in site.meter_info()}
    assert sum(row["conso_total"] for row in points.values()) > 1
    for at, row in points.items():
        for measure in METER_MEASURES:
            parts = {key: row[key] for key in row if key.startswith(f"{measure}_")}
            assert len(parts) == 2
            assert not listed & {key.partition("_")[2] for key in parts}
            total = electricity[at][f"{measure}_{garage}"]
            assert total == pytest.approx(sum(parts.values()), abs=DUST)


def test_warts_of_real_answers(world: World) -> None:
    """Negative production at night, float dust, evenly filled gaps, keys that are missing."""
    site = apartments(world)
    start = datetime(2026, 5, 1, tzinfo=UTC)
    series = world.intervals(site.id, "electricity", start, start + timedelta(days=60))
    produced = series["prod_total"].values()
    assert -0.041 < min(produced) < -0.009
    assert sum(value < 0 for value in produced) > len(produced) / 10
    flat = list(series[f"total_{consumers(site)[0]}"].values())
    assert any(value != round(value, 6) for value in flat)
    heat_pump = next(one["id"] for one in site.meter_info() if one.get("name") == "Heat pump")
    pump = list(series[f"total_{heat_pump}"].values())
    filled = [one for one in zip(pump, pump[1:], pump[2:], strict=False) if len(set(one)) == 1]
    assert filled
    meters = site.meter_info()
    assert {type(one["prim_ad"]) for one in meters if one["type"] == "electricity"} == {
        str,
        int,
        type(None),
    }
    for key in ("name", "mode", "is_rule_meter"):
        assert any(key not in meter for meter in meters)
    assert any("virtual" in meter for meter in meters)


def test_columns_are_those_observed(world: World) -> None:
    """A producer has its total only, introduction and battery have no column."""
    site = apartments(world)
    row = next(iter(rows_of_day(site, 2026, 6, 10).values()))
    for meter in site.meter_info():
        if meter["type"] == "electricity":
            has = {one for one in METER_MEASURES if f"{one}_{meter['id']}" in row}
            match meter.get("mode"):
                case "introduction" | "battery":
                    assert not has
                case "production":
                    assert has == {"total"}
                case _:
                    assert has == set(METER_MEASURES)
    heat = next(iter(rows_of_day(site, 2026, 1, 10, "heating").values()))
    assert {key.partition("_")[0] for key in heat} == {"conso", "total"}


@pytest.mark.parametrize(("month", "day", "quarters"), [(3, 29, 92), (10, 25, 100), (7, 1, 96)])
@pytest.mark.parametrize("kind", ["electricity", "hot_water", "charge_point"])
def test_days_of_clock_changes(
    world: World, kind: str, month: int, day: int, quarters: int
) -> None:
    """A local day has 92, 96 or 100 quarter-hours, without a hole."""
    starts = list(rows_of_day(apartments(world), 2026, month, day, kind))
    assert starts == list(range(starts[0], starts[0] + 900 * quarters, 900))


def test_the_same_seed_gives_the_same_world() -> None:
    """Windows do not depend on what was asked before; another seed is another world."""
    first, second, other = World(created=NOW), World(created=NOW), World(created=NOW, seed=2)
    assert list(first.sites) == list(second.sites)
    site = apartments(first)
    start = int(datetime(2026, 10, 9, tzinfo=UTC).timestamp())
    whole = first.rows(site.id, "electricity", start, start + 2 * 86400, EVERYTHING)
    middle = start + 100 * 900
    part = second.rows(site.id, "electricity", middle, middle + 900, EVERYTHING)
    assert part == {middle: whole[middle]}
    strange = other.rows(apartments(other).id, "electricity", middle, middle + 900, EVERYTHING)
    assert sorted(strange[middle].values()) != sorted(part[middle].values())


def test_history_holds_both_clock_changes(world: World) -> None:
    """The apartment house goes back 13 months, its data begin three weeks later."""
    site = apartments(world)
    created = datetime.fromisoformat(str(site.info()["creation_date"])).replace(tzinfo=UTC)
    begin = datetime.fromtimestamp(site.begin, UTC)
    assert timedelta(days=399) < NOW - created <= timedelta(days=401)
    assert timedelta(days=21) <= begin - created < timedelta(days=22)
    assert begin < datetime(2026, 3, 29, tzinfo=UTC)
    assert not site.rows("electricity", site.begin - 86400, site.begin, EVERYTHING)


def test_values_are_provisional_at_first(world: World) -> None:
    """Some rows of the last hours change later; rows of last week do not."""
    site = apartments(world)
    day = timedelta(days=1)

    def differing(start: datetime) -> int:
        at_once = world.intervals(site.id, "electricity", start, start + day, now=NOW)
        settled = world.intervals(site.id, "electricity", start, start + day)
        return sum(
            at_once["conso_total"].get(moment) not in (value, None)
            for moment, value in settled["conso_total"].items()
        )

    assert differing(NOW - day) > 0
    assert differing(NOW - 8 * day) == 0


def test_daily_read_meters_show_yesterday_in_the_morning(world: World) -> None:
    """Before three o'clock yesterday's water is unknown, at six it is there as a whole."""
    site = apartments(world)
    yesterday = datetime(2026, 11, 18, tzinfo=ZURICH)
    today = datetime(2026, 11, 19, tzinfo=ZURICH)

    def known(hour: int) -> int:
        now = today.replace(hour=hour)
        return len(
            world.intervals(site.id, "cold_water", yesterday, today, now=now).get("conso_total", {})
        )

    assert (known(2), known(7)) == (0, 96)


def test_newest_row_is_there_after_the_latency(world: World) -> None:
    """A row appears some minutes after its quarter-hour; rows of the future never."""
    site = apartments(world)
    begin = datetime(2026, 11, 18, 10, tzinfo=UTC)

    def known(now: datetime) -> int:
        rows = world.intervals(site.id, "electricity", begin, begin + timedelta(days=1), now=now)
        return len(rows.get("conso_total", {}))

    assert known(begin + QUARTER) == 0
    assert known(begin + QUARTER + timedelta(seconds=200)) == 1


def test_revisions() -> None:
    """A column, a meter or whole rows change for a stretch, from a moment on, or come late."""
    world = World(created=NOW)
    site = apartments(world)
    start = datetime(2026, 10, 9, 1, tzinfo=UTC)
    end = start + 4 * QUARTER
    flat = consumers(site)[0]

    def answer(now: datetime | None = None) -> dict[str, dict[datetime, float]]:
        return world.intervals(site.id, "electricity", start, end + QUARTER, now=now)

    before = answer()
    world.revise(site.id, "from_ext", start, end, factor=2, since=NOW)
    assert answer(NOW - timedelta(seconds=1)) == before
    after = answer(NOW)["from_ext"]
    assert [after[at] / before["from_ext"][at] for at in after] == [2, 2, 2, 2, 1]

    world.revise(site.id, flat, start, start + QUARTER, value=3.0)
    changed = {measure: answer()[f"{measure}_{flat}"][start] for measure in METER_MEASURES}
    assert changed["total"] == 3.0
    assert changed["self"] + changed["ext"] == pytest.approx(3.0)

    world.revise(site.id, flat, start, end, withdraw=True)
    assert len(answer()[f"ext_{flat}"]) == 1
    world.delay(site.id, start, end, until=NOW)
    assert list(answer(NOW - timedelta(seconds=1))["conso_total"]) == [end]
    assert len(answer(NOW)["conso_total"]) == 5
    world.revise(site.id, None, start, end, withdraw=True)
    assert list(answer()["conso_total"]) == [end]


def test_a_big_site_is_as_big_as_asked() -> None:
    """200 consumers with three columns each."""
    site = big_site(200, now=NOW)
    rows = site.rows("electricity", site.begin, site.begin + 900, EVERYTHING)
    assert len(consumers(site)) == 200
    assert sum(key.startswith("ext_") for key in rows[site.begin]) == 200


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")
def test_recorded_answers_are_served_as_they_are() -> None:
    """What went in comes out, keyed by the start of the interval."""
    meters: list[JsonObject] = json.loads((RECORDED / "meter_info.json").read_text())
    recorded = json.loads((RECORDED / "site_data_electricity_15T.json").read_text())
    site = StaticSite(
        id="61dfca85eba4e3564021f36a",
        site_info={"name": "Recorded"},
        meters=meters,
        answers={"electricity": recorded},
    )
    world = World.of(site)
    first = datetime.fromisoformat(recorded[0]["timestamp"])
    series = world.intervals(site.id, "electricity", first - QUARTER, first + QUARTER, now=NOW)
    assert series["from_ext"] == {
        first - QUARTER: recorded[0]["from_ext"],
        first: recorded[1]["from_ext"],
    }
    assert site.columns("61dfca85eba4e3564021f36d") == {"total": "from_ext"}
    assert set(site.columns("61dfca85eba4e3564021f36f") or ()) == {"total"}
    assert set(site.columns("61dfcb4beba4e3563fdf3d9f") or ()) == set(METER_MEASURES)


# The server


async def test_quarter_hours_are_stamped_at_the_end(simulator: SimulatorServer, api: Api) -> None:
    """15T rows are END-stamped, all coarser ones START-stamped, in the site's zone."""
    site = apartments(simulator.world)
    path = f"/site_data/{site.id}/electricity"
    window = {"t_s": "2026-10-01T00:00:00", "t_e": "2026-10-01T01:00:00"}
    rows = await api.rows(path, **window)
    assert [row["timestamp"] for row in rows] == [
        f"2026-10-01 {clock}:00+02:00" for clock in ("02:00", "02:15", "02:30", "02:45", "03:00")
    ]
    start = datetime(2026, 10, 1, tzinfo=UTC)
    truth = simulator.intervals(site.id, "electricity", start - QUARTER, start + 4 * QUARTER)
    assert [row["conso_total"] for row in rows] == list(truth["conso_total"].values())

    hours = await api.rows(path, **window, sampling_frequency="H")
    assert [row["timestamp"] for row in hours] == [
        "2026-10-01 02:00:00+02:00",
        "2026-10-01 03:00:00+02:00",
    ]
    whole = sum(row["conso_total"] for row in rows[1:])
    assert hours[0]["conso_total"] == pytest.approx(whole)


@pytest.mark.parametrize(
    ("sampling", "stamps"),
    [
        ("D", ["2026-10-24 00:00:00+02:00", "2026-10-25 00:00:00+02:00"]),
        ("M", ["2026-10-01 00:00:00+02:00"]),
        ("Y", ["2026-01-01 00:00:00+01:00"]),
    ],
)
async def test_calendar_samplings(
    simulator: SimulatorServer, api: Api, sampling: str, stamps: list[str]
) -> None:
    """Days, months and years are local ones; the day of the change has 100 quarter-hours."""
    site = site_of(simulator.world, "Maison Rochat")
    starts = {"D": "2026-10-23T22:00:00", "M": "2026-09-30T22:00:00", "Y": "2025-12-31T23:00:00"}
    rows = await api.rows(
        f"/site_data/{site.id}/electricity",
        t_s=starts[sampling],
        t_e="2026-10-25T20:00:00",
        sampling_frequency=sampling,
    )
    assert [row["timestamp"] for row in rows] == stamps
    first = datetime.fromisoformat(stamps[-1])
    end = {"D": first + timedelta(hours=25), "M": first + timedelta(days=31, hours=1), "Y": NOW}
    truth = simulator.intervals(site.id, "electricity", first, end[sampling])
    assert rows[-1]["conso_total"] == pytest.approx(sum(truth["conso_total"].values()))


async def test_windows_read_as_utc_or_local(simulator: SimulatorServer, api: Api) -> None:
    """The same digits mean two hours less where the server reads them as local time."""
    site = apartments(simulator.world)
    path, window = f"/site_data/{site.id}/electricity", {"t_s": "2026-07-01 10:00:00"}
    in_utc = await api.rows(path, **window, t_e="2026-07-01 11:00:00")
    simulator.switches.reading = "local"
    in_local = await api.rows(path, **window, t_e="2026-07-01 11:00:00")
    assert in_utc[0]["timestamp"] == "2026-07-01 12:00:00+02:00"
    assert in_local[0]["timestamp"] == "2026-07-01 10:00:00+02:00"


@pytest.mark.parametrize(
    "body",
    [
        {"t_s": "2026-07-01T10:00:00Z"},
        {"t_e": "2026-07-01T10:00:00+02:00"},
        {"t_s": "yesterday"},
        {"t_s": 1780000000},
        {"sampling_frequency": "30T"},
        {"from": "2026-07-01T10:00:00"},
        [],
    ],
)
async def test_questions_the_document_does_not_know(
    simulator: SimulatorServer, api: Api, body: object
) -> None:
    """They are a 400."""
    site = apartments(simulator.world)
    status, _ = await api.ask(f"/site_data/{site.id}/electricity", body)
    assert status == 400


async def test_meters_answer_their_measures(simulator: SimulatorServer, api: Api) -> None:
    """Consumers answer total, self and ext; producer, introduction and battery only a total."""
    site = apartments(simulator.world)
    start, end = datetime(2026, 6, 10, 9, tzinfo=UTC), datetime(2026, 6, 10, 10, tzinfo=UTC)
    truth = simulator.intervals(site.id, "electricity", start, end)
    window = {"t_s": "2026-06-10T09:15:00", "t_e": "2026-06-10T10:00:00"}
    for meter in site.meter_info():
        if meter["type"] != "electricity":
            continue
        rows = await api.rows(f"/meter_data/{site.id}/{meter['id']}", **window)
        measures = {"total"} if meter.get("mode") != "consumption" else set(METER_MEASURES)
        if meter.get("mode") is None:
            measures = set(METER_MEASURES)
        assert rows[0].keys() - {"timestamp"} == measures
        totals = list(truth[f"total_{meter['id']}"].values())
        assert [row["total"] for row in rows] == totals


async def test_raw_registers_count_on(simulator: SimulatorServer, api: Api) -> None:
    """Counters of physical meters only grow, by what was validated; a rule meter has none."""
    site = apartments(simulator.world)
    window = {"t_s": "2026-06-10T09:00:00", "t_e": "2026-06-10T12:00:00"}
    by_name = {meter.get("name"): meter["id"] for meter in site.meter_info()}
    rows = await api.rows(f"/meter_data_raw/{site.id}/{by_name['Flat 1']}", **window)
    counters = [row["en_im"] for row in rows]
    assert counters == sorted(counters)
    start, end = (datetime(2026, 6, 10, hour, tzinfo=UTC) for hour in (9, 12))
    truth = simulator.intervals(site.id, "electricity", start, end)
    whole = sum(truth[f"total_{by_name['Flat 1']}"].values())
    assert counters[-1] - counters[0] == pytest.approx(whole, abs=0.0011)

    status, _ = await api.ask(f"/meter_data_raw/{site.id}/{by_name['Common parts']}", window)
    assert status == 400
    water = await api.rows(
        f"/meter_data_raw/{site.id}/{by_name['Cold water flat 1']}", t_s="2026-06-10T00:00:00"
    )
    assert water[0].keys() == {"vol_m3", "timestamp"}
    stamps = [datetime.fromisoformat(str(row["timestamp"])) for row in water[:3]]
    assert stamps[1] - stamps[0] == stamps[2] - stamps[1] == timedelta(days=1)


async def test_sensors(simulator: SimulatorServer, api: Api) -> None:
    """The newest values without a period; whole-number stamps in seconds or milliseconds."""
    site = apartments(simulator.world)
    _, sensors = await api.ask(f"/{site.id}/sensors_list")
    path = f"/{site.id}/sensor_data/{sensors[0]['id']}"
    _, newest = await api.ask(path)
    assert 0 < len(newest) < 10
    assert NOW.timestamp() - 1200 < newest[-1]["timestamp"] <= NOW.timestamp()
    simulator.switches.sensor_timestamps = "milliseconds"
    _, window = await api.ask(path, t_s="2026-11-19T00:00:00", t_e="2026-11-19T01:00:00")
    assert len(window) == 7
    assert window[0]["timestamp"] == int(datetime(2026, 11, 19, tzinfo=UTC).timestamp()) * 1000


async def test_tokens_live_for_fifteen_minutes(socket_enabled: None) -> None:
    """No token, a wrong password, an old or a revoked token: 401."""
    time = [NOW]
    switches = Switches(rate_limit=0)
    async with (
        SimulatorServer(World(created=NOW), now=lambda: time[0], switches=switches) as simulator,
        aiohttp.ClientSession() as session,
    ):
        api = Api(session, simulator.url)
        assert (await api.ask("/all_installations"))[0] == 401
        assert await api.sign_in("wrong") == 401
        assert await api.sign_in() == 200
        time[0] += timedelta(minutes=14, seconds=59)
        assert await api.ask("/all_installations") == (200, list(simulator.world.sites))
        time[0] += timedelta(seconds=1)
        assert (await api.ask("/all_installations"))[0] == 401
        assert await api.sign_in() == 200
        simulator.revoke_tokens()
        assert (await api.ask("/all_installations"))[0] == 401
        assert all("password" not in (record.body or {}) for record in simulator.requests)


async def test_one_request_a_second(simulator: SimulatorServer, api: Api) -> None:
    """Sooner is a 429 and is counted, by the real clock even where time is frozen."""
    simulator.switches.rate_limit = 0.3
    simulator.switches.rate_tolerance = 0.0
    await asyncio.sleep(0.3)
    with freeze_time(NOW, ignore=["asyncio"]):
        assert (await api.ask("/all_installations"))[0] == 200
        assert (await api.ask("/all_installations"))[0] == 429
        await asyncio.sleep(0.35)
        assert (await api.ask("/all_installations"))[0] == 200
    assert simulator.violations == 1
    statuses = [record.status for record in simulator.requests]
    assert statuses == [200, 200, 429, 200]


async def test_two_requests_at_once_are_noticed(simulator: SimulatorServer, api: Api) -> None:
    """Overlaps are counted for each account."""
    simulator.switches.response_delay = 0.05
    await api.ask("/all_installations")
    assert simulator.overlaps == 0
    await asyncio.gather(api.ask("/all_installations"), api.ask("/all_installations"))
    assert simulator.overlaps == 1


async def test_shapes_of_installations(simulator: SimulatorServer, api: Api) -> None:
    """Ids, objects, or ids as databases write them; and only what the account may see."""
    first, *_ = simulator.world.sites
    simulator.switches.sites = {DEFAULT_USERNAME: [first]}
    assert await api.ask("/all_installations") == (200, [first])
    simulator.switches.installations = "objects"
    expected = [{"id": first, "name": "Les Tilleuls"}]
    assert await api.ask("/all_installations") == (200, expected)
    simulator.switches.installations = "oid"
    assert await api.ask("/all_installations") == (200, [{"_id": {"$oid": first}}])
    assert (await api.ask(f"/meter_info/{list(simulator.world.sites)[1]}"))[0] == 403


async def test_refused_hidden_and_new_meters(simulator: SimulatorServer, api: Api) -> None:
    """A refused meter stays listed, a hidden one vanishes everywhere, a new one appears."""
    site = apartments(simulator.world)
    flat, other = consumers(site)[:2]
    new = "0123456789abcdef01234567"
    simulator.switches.refused = {flat: 403}
    simulator.switches.hidden_meters = [other]
    simulator.world.add_meter(site.id, {"id": new, "type": "electricity", "mode": "consumption"})
    window = {"t_s": "2026-06-10T09:15:00", "t_e": "2026-06-10T10:00:00"}
    assert (await api.ask(f"/meter_data/{site.id}/{flat}", window))[0] == 403
    assert (await api.ask(f"/meter_data/{site.id}/{other}", window))[0] == 404
    _, meters = await api.ask(f"/meter_info/{site.id}")
    listed = {meter["id"] for meter in meters}
    assert flat in listed
    assert new in listed
    assert other not in listed
    row = (await api.rows(f"/site_data/{site.id}/electricity", **window))[0]
    assert f"total_{flat}" in row
    assert f"total_{new}" in row
    assert f"total_{other}" not in row
    assert (await api.rows(f"/meter_data/{site.id}/{new}", **window))[0]["total"] == row[
        f"total_{new}"
    ]
    simulator.switches.columns = False
    row = (await api.rows(f"/site_data/{site.id}/electricity", **window))[0]
    assert not [key for key in row if new in key or flat in key]
    assert "storage_charging_total" in row


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"max_rows": 3}, lambda rows, plain: rows == plain[:3]),
        ({"max_rows": 3, "cut": "start"}, lambda rows, plain: rows == plain[-3:]),
        ({"dropped": ["2026-06-10T09:00:00+00:00"]}, lambda rows, plain: rows == plain[1:]),
        ({"drop_rate": 0.5}, lambda rows, plain: 0 < len(rows) < len(plain)),
        (
            {"shuffled": True},
            lambda rows, plain: rows != plain and sorted(rows, key=stamp_of) == plain,
        ),
        ({"duplicated": True}, lambda rows, plain: rows[::2] == rows[1::2] == plain),
        ({"naive_timestamps": True}, lambda rows, _: rows[0]["timestamp"] == "2026-06-10 11:15:00"),
    ],
)
async def test_spoiled_rows(
    simulator: SimulatorServer,
    api: Api,
    change: Mapping[str, object],
    check: Callable[[list[Row], list[Row]], bool],
) -> None:
    """Rows that are cut off, missing, out of order, doubled or without their offset."""
    path = f"/site_data/{apartments(simulator.world).id}/electricity"
    window = {"t_s": "2026-06-10T09:15:00", "t_e": "2026-06-10T16:00:00"}
    plain = await api.rows(path, **window)
    simulator.switches.patch(change)
    assert check(await api.rows(path, **window), plain)


def stamp_of(row: Row) -> str:
    """The stamp, to sort by."""
    return str(row["timestamp"])


async def test_faults(simulator: SimulatorServer, api: Api) -> None:
    """Every fault happens as often as it was asked for, to the paths it was asked for."""
    path = f"/site_data/{apartments(simulator.world).id}/electricity"
    url, headers = simulator.url + path, {"Authorization": f"Bearer {api.token}"}
    body = {"t_s": "2026-06-10T09:15:00", "t_e": "2026-06-10T10:00:00"}

    async def text(**fault: object) -> tuple[int, str, Mapping[str, str]]:
        simulator.switches.patch({"faults": [{"path": "site_data", "times": 1, **fault}]})
        assert (await api.ask("/all_installations"))[0] == 200
        async with api.session.post(
            url, json=body, headers=headers, allow_redirects=False
        ) as response:
            return response.status, await response.text(), response.headers

    status, _, answer = await text(kind="status", status=503, retry_after=7)
    assert (status, answer["Retry-After"]) == (503, "7")
    assert (await text(kind="status", status=403, text="<html>"))[:2] == (403, "<html>")
    assert (await text(kind="status", status=400, body="t_e"))[0] == 400
    assert (await text(kind="status", status=400, body="none"))[0] == 200
    assert (await text(kind="html"))[1].startswith("<!DOCTYPE")
    assert (await text(kind="empty_list"))[1] == "[]"
    assert (await text(kind="redirect"))[0] == 302
    assert len((await text(kind="huge", size=200_000))[1]) > 200_000
    assert "NaN" in (await text(kind="nan"))[1]
    assert "null" in (await text(kind="null"))[1]
    assert '"prod_total":"' in (await text(kind="strings"))[1]
    assert "data" in json.loads((await text(kind="dict"))[1])
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        json.loads((await text(kind="broken_json"))[1])
    with pytest.raises(aiohttp.ClientPayloadError):
        await text(kind="cut")
    with pytest.raises(aiohttp.ClientConnectionError):
        await text(kind="disconnect")
    before = len(simulator.requests)
    await text(kind="delay", delay=0.1)
    assert simulator.requests[before + 1].seconds >= 0.1
    assert (await api.ask(path, body))[0] == 200


@pytest.mark.parametrize("closes", [False, True])
async def test_connections_take_time(simulator: SimulatorServer, api: Api, closes: bool) -> None:
    """A request on a new connection is seen later; one on a connection that is kept is not."""
    simulator.switches.patch({"connect_delay": 0.6, "closes": closes})
    seen = []
    for _ in range(4):
        before = time.clock_gettime(time.CLOCK_MONOTONIC)
        assert (await api.ask("/all_installations"))[0] == 200
        seen.append(simulator.requests[-1].at - before)
    late = [delay > 0.1 for delay in seen]
    assert any(late[1:]) is closes


async def test_control_over_http(simulator: SimulatorServer, api: Api) -> None:
    """Switches, state, world and truth of a running process."""
    control = Api(api.session, f"{simulator.origin}/_simulator")
    async with api.session.patch(f"{control.url}/switches", json={"reading": "local"}) as answer:
        assert (await answer.json())["reading"] == "local"
    mistakes: list[Row] = [{"reading": "x"}, {"unheard_of": 1}, {"latency": "1"}, {"faults": [{}]}]
    for wrong in mistakes:
        async with api.session.patch(f"{control.url}/switches", json=wrong) as answer:
            assert answer.status == 400
    assert simulator.switches.reading == "local"
    await api.ask("/all_installations")
    _, state = await control.ask("/state")
    assert state["endpoints"] == {"/auth": 1, "/all_installations": 1}
    site = apartments(simulator.world)
    start, end = "2026-06-10T09:00:00+00:00", "2026-06-10T09:30:00+00:00"
    revision = {"site_id": site.id, "column_or_meter": "from_ext", "start": start, "end": end}
    async with api.session.post(f"{control.url}/revise", json={**revision, "value": 9}) as answer:
        assert answer.status == 204
    _, truth = await control.ask(
        "/truth", site_id=site.id, meter_type="electricity", start=start, end=end
    )
    assert truth["from_ext"] == {start: 9, "2026-06-10T09:15:00+00:00": 9}
    _, world = await control.ask("/world")
    assert [one["id"] for one in world["sites"]] == list(simulator.world.sites)
