"""Rows of an answer as they can come: repeated, off the grid, without an offset, too fine."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
import random
from zoneinfo import ZoneInfo

import pytest

from custom_components.climkit.api import (
    DEFAULT_ZONE,
    INTERVAL,
    ClimkitClient,
    ClimkitResponseError,
    Interval,
    MeterReading,
    Query,
    Reading,
    Sampling,
)
from tests.api.conftest import Answer, ScriptedApi
from tests.simulator import SimulatorServer

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 18, 23, tzinfo=UTC)

# The local hour from 2 o'clock comes twice: from 0:00 and from 1:00 UTC.
AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)

type Row = dict[str, object]


def rows_of(
    start: datetime, quarters: int, *, zone: ZoneInfo = DEFAULT_ZONE, naive: bool = True
) -> list[Row]:
    """Rows from `start` on; each amount tells its quarter-hour."""
    ends = [start + n * INTERVAL for n in range(1, quarters + 1)]
    return [{"timestamp": stamp(end, zone, naive=naive), "total": amount(end)} for end in ends]


def stamp(moment: datetime, zone: ZoneInfo = DEFAULT_ZONE, *, naive: bool = True) -> str:
    local = moment.astimezone(zone)
    return str(local.replace(tzinfo=None) if naive else local)


def amount(end: datetime) -> float:
    return (end - AUTUMN) / INTERVAL


def read(rows: Sequence[object], zone: ZoneInfo = DEFAULT_ZONE) -> dict[datetime, float]:
    """The amounts by the end of their quarter-hour."""
    found = Interval.all_from_api(rows, Sampling.QUARTER_HOUR, zone)
    return {one.end: one.values["total"] for one in found if one.values}


def assert_each_its_own(found: dict[datetime, float]) -> None:
    assert found == {end: amount(end) for end in found}


def in_repeated_hour(end: datetime) -> bool:
    return AUTUMN <= end < AUTUMN + 2 * HOUR


class TestRepeatedRows:
    """The same quarter-hour comes more than once in an answer."""

    @pytest.mark.parametrize(
        ("second", "expected"),
        [
            ({"total": None}, {"total": 1.5, "self": 0.5}),
            ({"total": float("nan"), "self": ""}, {"total": 1.5, "self": 0.5}),
            ({}, {"total": 1.5, "self": 0.5}),
            ({"ext": 1.0}, {"total": 1.5, "self": 0.5, "ext": 1.0}),
            ({"total": 2.5}, {"total": 2.5, "self": 0.5}),
            ({"total": 0, "self": None}, {"total": 0.0, "self": 0.5}),
        ],
    )
    @pytest.mark.parametrize("path", ["meter_data", "site_data"])
    async def test_nothing_deletes_a_value(
        self,
        scripted: ScriptedApi,
        scripted_client: ClimkitClient,
        second: Row,
        expected: dict[str, float],
        path: str,
    ) -> None:
        """Column by column; of two values the later one counts."""
        at = {"timestamp": "2026-11-19 00:15:00+01:00"}
        rows = [at | {"total": 1.5, "self": 0.5}, at | second]
        scripted.answers[f"/{path}/villa/electricity"] = Answer(body=rows)
        ask = getattr(scripted_client, path)
        [found] = await ask("villa", "electricity", Query(MIDNIGHT))
        assert found.values == expected

    async def test_of_longer_rows(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient
    ) -> None:
        """A day that comes twice is one day, though it says less the second time."""
        at = {"timestamp": "2026-11-19 00:00:00+01:00"}
        scripted.answers["/meter_data/villa/meter"] = Answer(
            body=[at | {"total": 4.0}, at | {"total": None}]
        )
        [found] = await scripted_client.meter_data(
            "villa", "meter", Query(MIDNIGHT, MIDNIGHT + DAY, sampling=Sampling.DAY)
        )
        assert found.values == {"total": 4.0}

    async def test_of_readings(self, scripted: ScriptedApi, scripted_client: ClimkitClient) -> None:
        """A register that is null in the second row keeps what the first one says."""
        at = {"timestamp": "2026-11-19 00:15:00+01:00"}
        scripted.answers["/meter_data_raw/villa/meter"] = Answer(
            body=[at | {"en_im": 10, "en_ex": 1}, at | {"en_im": None, "en_ex": 2}]
        )
        [found] = await scripted_client.meter_data_raw("villa", "meter", Query(MIDNIGHT))
        assert found.registers == {"en_im": 10.0, "en_ex": 2.0}

    async def test_of_sensors(self, scripted: ScriptedApi, scripted_client: ClimkitClient) -> None:
        at = {"timestamp": 1_795_000_000}
        scripted.answers["/villa/sensor_data/sensor"] = Answer(
            body=[at | {"value": 21.0}, at | {"value": None}]
        )
        [found] = await scripted_client.newest_sensor_data("villa", "sensor")
        assert found.value == 21.0


class TestGrid:
    """Stamps that are not exactly those of quarter-hours."""

    @pytest.mark.parametrize(
        "off", [timedelta(microseconds=1), timedelta(seconds=1), timedelta(seconds=59)]
    )
    @pytest.mark.parametrize("sign", [1, -1])
    @pytest.mark.parametrize("naive", [True, False])
    def test_a_little_off(self, off: timedelta, sign: int, naive: bool) -> None:
        """They mean the quarter-hour, which counts once."""
        rows = rows_of(MIDNIGHT, 8, naive=naive)
        shifted = [
            row | {"timestamp": stamp(end + sign * off, naive=naive)}
            for row, end in zip(rows, read(rows), strict=True)
        ]
        assert read(shifted) == read(rows + shifted) == read(rows)

    @pytest.mark.parametrize("value", [1_795_046_400, 1_795_046_400.4, 1_795_046_399_999])
    def test_numbers(self, value: float) -> None:
        [found] = Interval.all_from_api([{"timestamp": value}], Sampling.QUARTER_HOUR, DEFAULT_ZONE)
        assert found.end == datetime.fromtimestamp(1_795_046_400, UTC)

    def test_the_end_of_the_repeated_hour(self) -> None:
        """A microsecond before 3 o'clock lies in it, 3 o'clock does not."""
        rows = [{"timestamp": "2026-10-25 02:59:59.999999", "total": amount(AUTUMN + 2 * HOUR)}]
        assert_each_its_own(read(rows))
        assert len(read(rows)) == 1

    def test_a_day_a_microsecond_early(self) -> None:
        """It is not the day before."""
        rows = [{"timestamp": "2026-11-18 23:59:59.999999+01:00", "total": 1.0}]
        [found] = Interval.all_from_api(rows, Sampling.DAY, DEFAULT_ZONE)
        assert found.start == MIDNIGHT

    async def test_a_row_between(
        self,
        scripted: ScriptedApi,
        scripted_client: ClimkitClient,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """It is nobody's quarter-hour: left out, counted; the others stay."""
        rows = rows_of(MIDNIGHT, 8)
        odd = {"timestamp": "2026-11-19 00:07:00+01:00", "total": 50.0}
        scripted.answers["/meter_data/villa/meter"] = Answer(body=[rows[0], odd, *rows[1:]])
        found = await scripted_client.meter_data("villa", "meter", Query(MIDNIGHT))
        assert {one.end: one.values["total"] for one in found} == read(rows)
        assert "1 unusable rows left out" in caplog.text
        assert scripted_client.stats.shapes["meter_data"]["unusable"] == 1

    @pytest.mark.parametrize("minutes", [1, 5, 7.5, 10])
    @pytest.mark.parametrize("length", [2, 3, 50])
    async def test_finer_rows(
        self,
        scripted: ScriptedApi,
        scripted_client: ClimkitClient,
        minutes: float,
        length: int,
    ) -> None:
        """Whoever takes those on the grid for quarter-hours has a third of the energy."""
        step = timedelta(minutes=minutes)
        rows = [
            {"timestamp": stamp(MIDNIGHT + n * step, naive=False), "total": 1.0}
            for n in range(1, length * round(INTERVAL / step) + 2)
        ]
        scripted.answers["/meter_data/villa/meter"] = Answer(body=rows)
        with pytest.raises(ClimkitResponseError, match="not those of quarter-hours"):
            await scripted_client.meter_data("villa", "meter", Query(MIDNIGHT))

    async def test_a_grid_of_its_own(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient
    ) -> None:
        """Quarter-hours from seven minutes past the hour are not understood."""
        rows = rows_of(MIDNIGHT + timedelta(minutes=7), 40)
        scripted.answers["/meter_data/villa/meter"] = Answer(body=rows)
        with pytest.raises(ClimkitResponseError, match="not those of quarter-hours"):
            await scripted_client.meter_data("villa", "meter", Query(MIDNIGHT))

    async def test_no_times(self, scripted: ScriptedApi, scripted_client: ClimkitClient) -> None:
        """Rows that nobody can place are not understood; a single one may say that none is."""
        rows = [{"timestamp": f"20.11.26 at {n}", "total": 1.0} for n in range(2)]
        scripted.answers["/meter_data/villa/meter"] = Answer(body=rows)
        with pytest.raises(ClimkitResponseError, match="not those of quarter-hours"):
            await scripted_client.meter_data("villa", "meter", Query(MIDNIGHT))
        scripted.answers["/meter_data/villa/meter"] = Answer(body=[{"timestamp": None}])
        assert await scripted_client.meter_data("villa", "meter", Query(MIDNIGHT)) == []

    @pytest.mark.parametrize("sampling", [Sampling.HOUR, Sampling.DAY])
    async def test_equal_parts_are_no_sum(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient, sampling: Sampling
    ) -> None:
        """Quarter-hours where longer rows were asked for, though each has the same amount."""
        rows = [row | {"total": 0.1} for row in rows_of(MIDNIGHT, 96)]
        scripted.answers["/meter_data/villa/meter"] = Answer(body=rows)
        with pytest.raises(ClimkitResponseError, match="finer"):
            await scripted_client.meter_data(
                "villa", "meter", Query(MIDNIGHT, MIDNIGHT + DAY, sampling=sampling)
            )


class TestWithoutOffset:
    """Naive stamps of the night on which the clocks are set back."""

    @pytest.mark.parametrize("order", [1, -1])
    def test_both_passes(self, order: int) -> None:
        """The order tells them apart."""
        rows = rows_of(AUTUMN - 3 * HOUR, 32)[::order]
        assert len(read(rows)) == 32
        assert_each_its_own(read(rows))

    @pytest.mark.parametrize("order", [1, -1])
    def test_rows_twice(self, order: int) -> None:
        rows = [row for row in rows_of(AUTUMN - 3 * HOUR, 32)[::order] for _ in range(2)]
        assert len(read(rows)) == 32
        assert_each_its_own(read(rows))

    def test_an_order_of_nulls(self) -> None:
        """Rows that say nothing of an amount tell the order too."""
        rows = rows_of(AUTUMN - 3 * HOUR, 32)
        for row in rows[12:16]:
            row["total"] = None
        assert len(read(rows)) == 28
        assert_each_its_own(read(rows))

    @pytest.mark.parametrize("quarters", range(1, 20))
    def test_as_it_grows(self, quarters: int) -> None:
        """An answer that ends within the hour: its first pass waits for the second one."""
        found = read(rows_of(AUTUMN - 2 * HOUR, quarters))
        assert_each_its_own(found)
        is_decided = quarters >= 12
        assert len(found) == (quarters if is_decided else min(quarters, 7))

    @pytest.mark.parametrize("first", range(16))
    def test_cut_at_its_begin(self, first: int) -> None:
        """What begins within the hour does not give one pass the other's amounts."""
        assert_each_its_own(read(rows_of(AUTUMN - 2 * HOUR, 32)[first:]))

    @pytest.mark.parametrize("seed", range(50))
    @pytest.mark.parametrize("order", [1, -1])
    def test_with_holes(self, seed: int, order: int) -> None:
        """Whatever is missing: never the other pass's amounts."""
        chance = random.Random(seed)
        rows = [r for r in rows_of(AUTUMN - 4 * HOUR, 40)[::order] if chance.random() < 0.6]
        assert_each_its_own(read(rows))

    @pytest.mark.parametrize("seed", range(50))
    def test_shuffled(self, seed: int) -> None:
        """Nothing tells the passes apart: both are left out, all else is kept."""
        rows = rows_of(AUTUMN - 4 * HOUR, 40)
        random.Random(seed).shuffle(rows)
        found = read(rows)
        assert_each_its_own(found)
        assert len(found) == 32
        assert not any(map(in_repeated_hour, found))

    @pytest.mark.parametrize("seed", range(20))
    def test_a_few_rows(self, seed: int) -> None:
        """So few rows show no order."""
        chance = random.Random(seed)
        rows = rows_of(AUTUMN - HOUR / 2, 12)
        assert_each_its_own(read(chance.sample(rows, 4)))

    def test_half_of_them_have_an_offset(self) -> None:
        """Those of the repeated hour that have one are certain."""
        rows = rows_of(AUTUMN - 3 * HOUR, 32)
        certain = rows_of(AUTUMN - 3 * HOUR, 32, naive=False)
        mixed = [certain[n] if n % 2 else rows[n] for n in range(32)]
        found = read(mixed)
        assert len(found) == 32
        assert_each_its_own(found)

    def test_another_zone(self) -> None:
        """Lord Howe sets its clocks back by half an hour."""
        zone = ZoneInfo("Australia/Lord_Howe")
        begin = datetime(2026, 4, 4, 10, tzinfo=UTC)
        rows = rows_of(begin, 40, zone=zone)
        found = read(rows, zone)
        assert len(found) == 40
        assert_each_its_own(found)

    async def test_sensors_of_another_zone(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient
    ) -> None:
        """Their times are the site's, whether a stretch is asked for or what is newest."""
        zone = ZoneInfo("Europe/Helsinki")
        scripted.answers["/villa/sensor_data/sensor"] = Answer(
            body=[{"timestamp": stamp(MIDNIGHT, zone), "value": 21.0}]
        )
        expected = [Reading(at=MIDNIGHT, value=21.0)]
        assert await scripted_client.newest_sensor_data("villa", "sensor", zone) == expected
        query = Query(MIDNIGHT, MIDNIGHT + DAY, zone)
        assert await scripted_client.sensor_data("villa", "sensor", query) == expected

    def test_skipped_in_spring(self) -> None:
        """A time that the clocks skip is none: it would be taken for the hour behind it."""
        rows = rows_of(datetime(2026, 3, 28, 23, tzinfo=UTC), 24)
        odd = [{"timestamp": f"2026-03-29 02:{n}:00", "total": 99.0} for n in ("00", "15", "45")]
        assert read([*rows[:4], *odd, *rows[4:]]) == read(rows)

    @pytest.mark.parametrize(("order", "times"), [(1, 1), (-1, 1), (1, 2)])
    def test_hours(self, order: int, times: int) -> None:
        """Each pass is one row; where rows come twice, nothing tells them from a repeated one."""
        starts = [AUTUMN + n * HOUR for n in range(-5, 8)]
        rows = [{"timestamp": stamp(start), "total": amount(start)} for start in starts]
        rows = [row for row in rows[::order] for _ in range(times)]
        found = Interval.all_from_api(rows, Sampling.HOUR, DEFAULT_ZONE)
        assert {one.start: one.values["total"] for one in found} == {
            start: amount(start) for start in starts if times == 1 or not in_repeated_hour(start)
        }

    def test_readings_of_meters_and_sensors(self) -> None:
        ends = [AUTUMN + n * INTERVAL for n in range(-8, 16)]
        rows = [{"timestamp": stamp(end), "value": amount(end)} for end in ends]
        readings = MeterReading.all_from_api(rows, DEFAULT_ZONE)
        assert [(one.at, one.registers["value"]) for one in readings] == [
            (end, amount(end)) for end in ends
        ]
        values = Reading.all_from_api(rows, DEFAULT_ZONE)
        assert [(one.at, one.value) for one in values] == [(end, amount(end)) for end in ends]
        assert MeterReading.from_api(rows[8], DEFAULT_ZONE) is None
        assert Reading.from_api(rows[8], DEFAULT_ZONE) is None

    @pytest.mark.parametrize("reading", ["utc", "local"])
    async def test_any_window(
        self, simulator: SimulatorServer, client: ClimkitClient, site_id: str, reading: str
    ) -> None:
        """Wherever a window begins in that night, all of it is there."""
        night = AUTUMN - 3 * HOUR, AUTUMN + 6 * HOUR
        whole = await client.site_data(site_id, "electricity", Query(*night))
        hours = await client.site_data(
            site_id, "electricity", Query(*night, sampling=Sampling.HOUR)
        )
        simulator.switches.patch({"naive_timestamps": True, "reading": reading})
        assert hours == await client.site_data(
            site_id, "electricity", Query(*night, sampling=Sampling.HOUR)
        )
        for start in (one.start for one in whole[:24]):
            end = start + 3 * HOUR
            found = await client.site_data(site_id, "electricity", Query(start, end))
            assert found == [one for one in whole if start <= one.start < end]
            found = await client.site_data(
                site_id, "electricity", Query(start, end, sampling=Sampling.HOUR)
            )
            # So few rows may not show the order.
            assert all(one in hours for one in found)
