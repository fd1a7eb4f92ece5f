"""Months and years are sums of Climkit's intervals, and cost what the entities say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from threading import get_ident
from typing import Any
from unittest.mock import patch

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState
from homeassistant.util.json import JsonObjectType
import pytest

from custom_components.climkit.coordinator.inventory import SiteData
from custom_components.climkit.frontend import meters, month
from custom_components.climkit.runtime import SiteRuntime
from custom_components.climkit.store import Unanswered
from tests.conftest import NOW, Home
from tests.costs.bill import ZURICH, add_tariff, tariff
from tests.frontend.conftest import (
    CONSUMER,
    SITE_COLUMNS,
    Amounts,
    Dashboard,
    assert_same,
    midnight,
    total,
)
from tests.simulator import World, apartment_house, single_house
from tests.stories.source import METER_ID, SITE_ID, WATER_ID, Correction, Gap, Source

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def days_from(first: date, number: int) -> list[date]:
    """So many days."""
    return [first + day * DAY for day in range(number)]


def hours_of(amounts: Amounts) -> Amounts:
    """Quarter-hours summed up by hours."""
    return [total(amounts[index : index + 4]) for index in range(0, len(amounts), 4)]


class TestMonth:
    """A month with a change of clocks."""

    @pytest.fixture
    def now(self) -> datetime:
        """The third of November."""
        return datetime(2026, 11, 3, 9, 40, tzinfo=UTC)

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Data since 20 October, in the afternoon, and a hole."""
        world = World.of(replace(single_house(1, now, timedelta(days=19)), faultless=True))
        hole = midnight(date(2026, 10, 28)) + 5 * HOUR
        world.revise(next(iter(world.sites)), None, hole, hole + 2 * HOUR, withdraw=True)
        return world

    async def test_october(self, dashboard: Dashboard) -> None:
        await dashboard.home.complete()
        requests = dashboard.requests
        answer = await dashboard.ask("month", site_id=dashboard.site_id, month="2026-10")
        assert dashboard.requests == requests
        days = days_from(date(2026, 10, 1), 31)
        assert answer["start"] == midnight(days[0]).timestamp()
        assert answer["day_starts"] == [
            int((midnight(day) - midnight(days[0])) / HOUR) for day in [*days, days[-1] + DAY]
        ]
        assert answer["day_starts"][-1] == 31 * 24 + 1
        for name, column in SITE_COLUMNS.items():
            truth = [dashboard.truth(column, day) for day in days]
            assert_same(answer["hours"][name], [a for day in truth for a in hours_of(day)])
            assert_same(answer["days"][name], [total(day) for day in truth])
            assert answer["days_before"][name] == [None] * 31
        assert answer["hours"].keys() == SITE_COLUMNS.keys()
        assert None in answer["hours"]["consumption"][27 * 24 : 28 * 24]
        assert answer["cost_days"] is None

    async def test_the_event_loop_does_not_wait(
        self, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Hours of a month are so many that they are arranged in a thread."""
        await dashboard.home.complete()
        threads: list[int] = []

        def note(*args: Any) -> JsonObjectType:
            threads.append(get_ident())
            return arranged(*args)

        arranged = month._hours_and_days
        monkeypatch.setattr(month, "_hours_and_days", note)
        await dashboard.ask("month", site_id=dashboard.site_id, month="2026-10")
        assert threads
        assert dashboard.home.hass.loop_thread_id not in threads

    async def test_of_a_flat(self, dashboard: Dashboard) -> None:
        """Of this month as much as there is."""
        await dashboard.home.complete()
        site_id = dashboard.site_id
        flat = str(dashboard.home.simulator.world.meter_info(site_id)[2]["id"])
        answer = await dashboard.ask("month", site_id=site_id, meter_id=flat, month="2026-11")
        for name, column in CONSUMER.items():
            truth = [
                dashboard.truth(f"{column}_{flat}", d) for d in days_from(date(2026, 11, 1), 30)
            ]
            assert_same(answer["days"][name], [total(day) for day in truth])
            assert_same(answer["hours"][name], [a for day in truth for a in hours_of(day)])

    async def test_a_meter_leaves_while_the_table_is_read(
        self, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The table is of the meters that there were when it was asked for."""
        await dashboard.home.complete()
        [runtime] = dashboard.home.sites
        listed, costs = runtime.meters, meters.async_costs

        async def leave(*args: Any) -> Any:
            monkeypatch.setattr(runtime.coordinator, "data", SiteData({}, {}))
            return await costs(*args)

        monkeypatch.setattr(meters, "async_costs", leave)
        table = await dashboard.ask("meters", site_id=dashboard.site_id, month="2026-10")
        assert [row["meter_id"] for row in table["meters"]] == [*listed]

    async def test_of_a_month_without_anything(self, dashboard: Dashboard) -> None:
        await dashboard.home.complete()
        answer = await dashboard.ask("month", site_id=dashboard.site_id, month="2025-02")
        assert answer["days"]["import"] == [None] * 28
        assert set(answer["hours"]["import"]) == {None}


@pytest.mark.recorder
@pytest.mark.each_database
class TestBefore:
    """The same time of a year before stands beside it."""

    @pytest.fixture
    def now(self) -> datetime:
        """In March of a leap year."""
        return datetime(2028, 3, 2, 9, 40, tzinfo=UTC)

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Data of a year and some, few columns, with a gap of half a year."""
        gap = Gap(datetime(2027, 3, 20, tzinfo=UTC), datetime(2028, 1, 30, 4, tzinfo=UTC))
        return World.of(Source(first=datetime(2027, 1, 25, 8, tzinfo=UTC), gaps=[gap]))

    async def test_month_and_year(self, dashboard: Dashboard) -> None:
        await dashboard.home.complete()
        requests = dashboard.requests
        flat = {"site_id": SITE_ID, "meter_id": METER_ID}
        month = await dashboard.ask("month", **flat, month="2028-02")
        column = f"total_{METER_ID}"
        now = [total(dashboard.truth(column, one)) for one in days_from(date(2028, 2, 1), 29)]
        before = [total(dashboard.truth(column, one)) for one in days_from(date(2027, 2, 1), 28)]
        assert_same(month["days"]["total"], now)
        assert_same(month["days_before"]["total"], before)
        year = await dashboard.ask("year", **flat, year=2028)
        assert_same(year["months"]["total"][1:2], [total(now)])
        assert_same(year["months_before"]["total"][1:2], [total(before)])
        assert year["months"]["total"][3:] == [None] * 9
        assert year["months_before"]["total"][3:] == [None] * 9
        assert None not in year["months"]["total"][:3] + year["months_before"]["total"][:3]
        table = await dashboard.ask("meters", site_id=SITE_ID, month="2028-02")
        [row] = table["meters"]
        assert row["months"] == year["months"]["total"]
        assert dashboard.requests == requests


class TestWithdrawn:
    """Absent is not zero."""

    @pytest.fixture
    def source(self) -> Source:
        """A small site since the last two days of October."""
        return Source(first=midnight(date(2026, 10, 30)))

    @pytest.fixture
    def world(self, source: Source) -> World:
        """The small site."""
        return World.of(source)

    async def test_year(self, dashboard: Dashboard, source: Source) -> None:
        """A month whose hours Climkit took back has no amount, and costs nothing known."""
        home, november = dashboard.home, midnight(date(2026, 11, 1))
        add_tariff(home, tariff(SITE_ID, "2026-01-01", grid_price=0.3, site_fee=30.0))
        await home.complete()
        year = await dashboard.ask("year", site_id=SITE_ID, year=2026)
        assert year["months"]["import"][9] > 0
        assert year["cost"][9] > 30
        source.corrections.append(Correction(source.first, november, None, None))
        for _ in range(2):  # with nothing on one side two nights have to say the same
            home.sites[0].history.start_night()
            await home.settle()
        year = await dashboard.ask("year", site_id=SITE_ID, year=2026)
        assert year["months"]["import"][9] is None
        assert year["months"]["import"][10] > 0
        assert year["cost"][9] is None
        assert year["cost"][10] > 30


class TestDaily:
    """Meters that are read once a day have an amount a day, out of the statistics."""

    @pytest.fixture
    def world(self) -> World:
        """A flat and its water."""
        return World.of(Source(first=NOW.replace(minute=0) - 6 * DAY, has_water=True))

    async def test_water(self, dashboard: Dashboard) -> None:
        await dashboard.home.complete()
        requests = dashboard.requests
        day = NOW.date() - 2 * DAY
        water = {"site_id": SITE_ID, "meter_id": WATER_ID}
        answer = await dashboard.ask("day", **water, day=f"{day}")
        amount = total(dashboard.truth(f"total_{WATER_ID}", day, "cold_water"))
        assert (answer["step"], answer["count"]) == (86400, 1)
        assert_same(answer["columns"]["total"], [amount])
        assert_same([answer["sums"]["total"]], [amount])
        assert answer["peak"] is None
        month = await dashboard.ask("month", **water, month="2026-11")
        assert_same(month["days"]["total"][day.day - 1 : day.day], [amount])
        today = await dashboard.ask("day", **water, day=f"{NOW.date()}")
        assert today["columns"]["total"] == [None]
        assert dashboard.requests == requests


class TestSilent:
    """A meter of which nothing has come for days is marked."""

    @pytest.fixture
    def world(self) -> World:
        """A flat and its water, of which nothing has come for four days."""
        gap = Gap(NOW - 4 * DAY, NOW + DAY)
        return World.of(Source(first=NOW.replace(minute=0) - 6 * DAY, has_water=True, gaps=[gap]))

    async def test_table(self, dashboard: Dashboard) -> None:
        """Four days are long for a flat, and not for water, which is read once a day."""
        await dashboard.home.complete()
        table = await dashboard.ask("meters", site_id=SITE_ID, month="2026-11")
        marks = {row["meter_id"]: row["is_silent"] for row in table["meters"]}
        assert marks == {METER_ID: True, WATER_ID: False}


class TestCosts:
    """What is paid is what the entities say, of today and of this month, and of days before."""

    @pytest.fixture
    def world(self) -> World:
        """A house with a bit of everything, and data since 27 October."""
        return World.of(replace(apartment_house(1, NOW, timedelta(days=45), 1), faultless=True))

    async def test_same_as_entities(self, dashboard: Dashboard) -> None:
        home, site_id = dashboard.home, dashboard.site_id
        add_tariff(
            home,
            tariff(site_id, "2026-10-20", grid_price=0.31, grid_price_low=0.21, solar_price=0.19,
                   export_price=0.07, charge_point_price=0.4, cold_water_price=3.5,
                   heating_price=0.12, weekday="22-6", sunday="0-24", site_fee=12.0,
                   meter_fee=7.5),
        )  # fmt: skip
        await home.complete()
        overview = await dashboard.ask("overview")
        [site] = overview["sites"]
        assert site["has"] == {"solar": True, "battery": True, "tariff": True, "low_tariff": True}
        table = await dashboard.ask("meters", site_id=site_id, month="2026-11")
        assert table["currency"] == "CHF"
        rows = {row["meter_id"]: row for row in table["meters"]}
        compared = 0
        for meter_id in (None, *(one["meter_id"] for one in site["meters"])):
            owner = {"site_id": site_id, "meter_id": meter_id}
            month = await dashboard.ask("month", **owner, month="2026-11")
            year = await dashboard.ask("year", **owner, year=2026)
            state = (
                home.hass.states.get(home.entity_id(f"{meter_id or site_id}_cost_this_month"))
                if _costs(home, meter_id or site_id)
                else None
            )
            if state is None:
                assert month["cost_days"] is None
                continue
            compared += 1
            cost = float(state.state)
            assert_same([round(year["cost"][10], 4)], [round(cost, 4)])
            assert abs(sum(one or 0 for one in month["cost_days"]) - cost) < 2e-3
            if meter_id:
                assert_same([rows[meter_id]["cost"]], [round(cost, 4)])
        assert compared > 8

    async def test_an_hour_that_is_never_answered_for(self, dashboard: Dashboard) -> None:
        """Takes no cost of other time away: the import never ends then."""
        home, site_id = dashboard.home, dashboard.site_id
        add_tariff(home, tariff(site_id, "2026-01-01", grid_price=0.31, solar_price=0.19))
        await home.complete()
        [site] = home.sites
        hour = datetime(2026, 11, 2, 7, tzinfo=UTC)
        lacking = Unanswered(hour, hour + timedelta(hours=1), is_missing=True)
        site.record.recheck.unanswered["cold_water"] = [lacking]
        assert site.history.progress == 99
        month = await dashboard.ask("month", site_id=site_id, month="2026-11")
        cost = float(home.state(f"{site_id}_cost_this_month").state)
        assert abs(sum(one or 0 for one in month["cost_days"]) - cost) < 2e-3

    async def test_power(self, dashboard: Dashboard) -> None:
        """The highest quarter-hour is in what months cost, and in no day."""
        home, site_id = dashboard.home, dashboard.site_id
        add_tariff(
            home,
            tariff(site_id, "2026-01-01", grid_price=0.31, solar_price=0.19, site_power_price=5.0),
        )
        await home.complete()
        edges = [datetime(2026, month, 1, tzinfo=ZURICH) for month in (10, 11, 12)]
        year = await dashboard.ask("year", site_id=site_id, year=2026)
        for start, end in pairwise(edges):
            found = home.simulator.intervals(
                site_id, "electricity", start.astimezone(UTC), min(end.astimezone(UTC), NOW)
            )
            power = 5.0 * 4 * max(found["from_ext"].values())
            month = await dashboard.ask("month", site_id=site_id, month=f"{start:%Y-%m}")
            days = sum(one or 0 for one in month["cost_days"])
            assert power > 10
            assert abs(year["cost"][start.month - 1] - days - power) < 5e-3
        state = float(home.state(f"{site_id}_cost_this_month").state)
        assert_same([round(year["cost"][10], 4)], [round(state, 4)])

    async def test_table(self, dashboard: Dashboard) -> None:
        """Months, shares and the newest data are Climkit's."""
        home, site_id = dashboard.home, dashboard.site_id
        await home.complete()
        days = days_from(date(2026, 11, 1), 20)

        def amount(column: str, meter_type: str = "electricity") -> float:
            return total([total(dashboard.truth(column, d, meter_type)) for d in days]) or 0.0

        table = await dashboard.ask("meters", site_id=site_id, month="2026-11")
        rows = {row["meter_id"]: row for row in table["meters"]}
        flat = dashboard.meter("Flat 1")
        used, own = amount(f"total_{flat}"), amount(f"self_{flat}")
        row = rows[flat]
        assert (row["kind"], row["unit"], row["name"]) == ("consumer", "kWh", "Flat 1")
        assert_same([row["total"], row["months"][10]], [used, used])
        assert_same([row["solar_share"]], [own / used])
        assert_same([row["share"]], [used / amount("conso_total")])
        assert row["last_data"] == datetime(2026, 11, 20, 10, 0, tzinfo=UTC).timestamp()
        assert row["is_silent"] is False
        assert row["cost"] is None
        water = rows[dashboard.meter("Cold water flat 1")]
        assert (water["kind"], water["unit"]) == ("cold_water", "m³")
        whole = amount(f"total_{water['meter_id']}", "cold_water")
        assert_same([water["total"]], [whole])
        assert_same([water["share"]], [whole / amount("conso_total", "cold_water")])
        points = [row for row in rows.values() if row["kind"] == "charge_point"]
        whole = amount("conso_total")  # their energy is a part of the building's
        assert_same([row["share"] for row in points], [row["total"] / whole for row in points])
        assert rows[dashboard.meter("PV roof")]["share"] is None
        assert rows[dashboard.meter("PV roof")]["kind"] == "production"
        assert rows[dashboard.meter("Battery")]["kind"] == "battery"
        assert {row["kind"] for row in rows.values()} >= {"grid", "charge_point", "heating"}
        peak = home.state(f"{site_id}_electricity_from_ext_peak")
        assert_same([table["peak"]["kw"]], [float(peak.state)])
        await home.enable(f"{site_id}_electricity_from_ext_peak_time")
        when = home.state(f"{site_id}_electricity_from_ext_peak_time").state
        assert table["peak"]["start"] == datetime.fromisoformat(when).timestamp()
        assert (await dashboard.ask("meters", site_id=site_id, month="2026-10"))["peak"] is None
        ages = {"total": 2, "self": 0, "ext": 1}  # hours
        with patch.object(
            SiteRuntime, "newest", lambda _, one: NOW - timedelta(hours=ages.get(one.key, 3))
        ):
            table = await dashboard.ask("meters", site_id=site_id, month="2026-11")
        row = next(one for one in table["meters"] if one["meter_id"] == flat)
        assert row["last_data"] == int(NOW.timestamp()), "the newest of all its numbers"


def _costs(home: Home, owner_id: str) -> bool:
    [runtime] = home.sites
    return owner_id in runtime.costs.plan.owner_ids


class TestImport:
    """History that is still to be read is said to be missing."""

    async def test_no_data_yet(self, home: Home, dashboard_at_start: Dashboard) -> None:
        dashboard = dashboard_at_start
        site_id = dashboard.site_id
        assert await dashboard.refusal("month", site_id=site_id, month="2026-11") == "no_data_yet"
        assert await dashboard.refusal("meters", site_id=site_id, month="2026-11") == "no_data_yet"
        today = await dashboard.ask("day", site_id=site_id, day="2026-11-20")
        dashboard.assert_day(today, date(2026, 11, 20), SITE_COLUMNS)
        home.hass.set_state(CoreState.running)
        home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await home.complete()
        await dashboard.ask("month", site_id=site_id, month="2026-11")
        await dashboard.ask("meters", site_id=site_id, month="2026-11")

    @pytest.fixture
    def dashboard_at_start(self, starting: None, dashboard: Dashboard) -> Dashboard:
        """While Home Assistant starts no history is read."""
        return dashboard

    @pytest.fixture
    def starting(self, home: Home) -> None:
        """Home Assistant starts."""
        home.hass.set_state(CoreState.starting)
