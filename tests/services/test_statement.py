"""A statement says what statistics and cost entities say, and what it does not know."""

from collections.abc import Iterable, Mapping, Sequence
import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockUser
import voluptuous as vol

from custom_components.climkit.api import HOUR
from custom_components.climkit.const import CONF_METERS, CONF_SITE_TOTALS, DOMAIN
from custom_components.climkit.costs import Fee
from custom_components.climkit.costs.site_costs import SiteCosts
from custom_components.climkit.costs.tariffs import Tariffs, tariffs_from_data
from custom_components.climkit.services.statement import (
    COSTS,
    FIGURES,
    Costs,
    DaySpan,
    GapReason,
    Gaps,
    Measured,
    Part,
    as_csv,
    figures,
    gaps,
)
from custom_components.climkit.statistics.time_range import TimeRange
from tests.conftest import NOW, Home
from tests.costs.bill import (
    WEEKS,
    ZURICH,
    add_tariff,
    correct_tariff,
    costs_by_hand,
    fees_by_hand,
    house_prices,
    is_low,
    stored_price,
    tariff,
)
from tests.services.test_data_services import text_of
from tests.simulator import World, apartment_house, single_house
from tests.stories.source import METER_ID, SITE_ID, WATER_ID, Gap, Source
from tests.truth import climkit_hours, hourly_changes

MIDNIGHT = datetime(2026, 11, 18, 23, tzinfo=UTC)
LOW = {"weekday": "12-17, 23-07", "saturday": "0-24"}


async def state(
    home: Home,
    climkit_id: str,
    first: str,
    last: str | None = None,
    *,
    user: MockUser | None = None,
    **data: str,
) -> Any:
    """The statement of a site or meter, for a user."""
    device = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, climkit_id), home.entry.entry_id
    )
    assert device
    data |= {"device_id": device.id, "from": first} | ({"to": last} if last else {})
    return await home.hass.services.async_call(
        DOMAIN,
        "get_statement",
        data,
        blocking=True,
        return_response=True,
        context=Context(user_id=user.id) if user else None,
    )


def row_of(answer: Mapping[str, Any], climkit_id: str) -> dict[str, Any]:
    """The row of a site or meter."""
    [row] = [row for row in answer["rows"] if row["id"] == climkit_id]
    return dict(row)


def assert_near(found: float | None, expected: float) -> None:
    """The same to a millionth of a unit."""
    assert found is not None
    assert abs(found - expected) < 1e-5, (found, expected)


def within(hours: Mapping[datetime, float], first: date, last: date) -> dict[datetime, float]:
    """The hours of some local days."""
    return {
        hour: value
        for hour, value in hours.items()
        if first <= hour.astimezone(ZURICH).date() <= last
    }


@WEEKS
@pytest.mark.recorder
class TestWeek:
    """A week with two tariffs, low-tariff hours and, mostly, a change of clocks."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Seven days of data."""
        return World.of(replace(single_house(1, now, timedelta(days=13)), faultless=True))

    async def test_equals_climkit_and_the_bill(self, home: Home, now: datetime) -> None:
        """Whatever days are asked for: a single one, some, all; of the site and of the flat."""
        today = now.astimezone(ZURICH).date()
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        [main, pv, flat] = (str(m["id"]) for m in home.simulator.world.meter_info(site_id))
        second = today - timedelta(days=3)
        fees = {"site_fee": 31.0, "meter_fee": 6.5}
        tariffs = [
            tariff(
                site_id, "2026-01-01", grid_price=0.29, grid_price_low=0.18, solar_price=0.17,
                export_price=0.08, **LOW, **fees,
            ),
            tariff(
                site_id, second.isoformat(), grid_price=0.33, grid_price_low=0.21,
                solar_price=0.19, export_price=0.07, **LOW, site_fee=15.5,
            ),
        ]  # fmt: skip
        for one in tariffs:
            add_tariff(home, one)
        await home.settle()
        amounts = climkit_hours(home, now)
        grid, solar, export = (
            stored_price(tariffs, "electricity", key)
            for key in ("grid_price", "solar_price", "export_price")
        )
        costs = costs_by_hand(home, house_prices(home, grid, solar, export))
        for first, last in (
            (today - timedelta(days=3), today - timedelta(days=3)),
            (today - timedelta(days=4), today - timedelta(days=2)),
            (today - timedelta(days=4), today),
        ):
            answer = await state(home, site_id, first.isoformat(), last.isoformat())
            assert [row["id"] for row in answer["rows"]] == [site_id, main, pv, flat]
            assert answer["currency"] == "CHF"
            assert answer["complete"] is (last < today)
            for owner, stem, names, fee in (
                (
                    site_id,
                    f"climkit:{site_id}_electricity_",
                    {
                        "conso_total": Part.TOTAL,
                        "from_ext": Part.GRID,
                        "self": Part.SOLAR,
                        "to_ext": Part.EXPORTED,
                        "prod_total": Part.PRODUCED,
                    },
                    fees_by_hand(tariffs, "site_fee", first, last),
                ),
                (
                    flat,
                    f"climkit:{flat}_",
                    {"total": Part.TOTAL, "ext": Part.GRID, "self": Part.SOLAR},
                    fees_by_hand(tariffs, "meter_fee", first, last),
                ),
                (main, f"climkit:{main}_", {"from_ext": Part.GRID, "to_ext": Part.EXPORTED}, None),
                (pv, f"climkit:{pv}_", {"total": Part.PRODUCED}, None),
            ):
                row = row_of(answer, owner)
                told = {"total_cost"}
                for measure, part in names.items():
                    told.add(part)
                    hours = within(amounts[stem + measure], first, last)
                    assert_near(row[part], sum(hours.values()))
                    if part in COSTS:
                        told.add(COSTS[part])
                        cost = within(costs[f"{stem}{measure}_cost"], first, last)
                        assert_near(row[COSTS[part]], sum(cost.values()))
                    if part is Part.GRID:
                        told.add("grid_mean_price")
                        mean = sum(cost.values()) / sum(hours[hour] for hour in cost)
                        assert_near(row["grid_mean_price"], mean)
                        for name, low in (("high", False), ("low", True)):
                            of_tariff = [
                                hour for hour in hours if is_low(hour.astimezone(ZURICH)) is low
                            ]
                            key = f"grid_{name}_kwh", f"grid_{name}_cost"
                            if not of_tariff:
                                assert row[key[0]] is row[key[1]] is None
                                continue
                            told.update(key)
                            assert_near(row[key[0]], sum(hours[one] for one in of_tariff))
                            assert_near(row[key[1]], sum(cost[one] for one in of_tariff))
                spent = {
                    site_id: ["conso_total"],
                    flat: ["total"],
                    main: ["from_ext"],
                    pv: [],
                }[owner]
                if spent:
                    whole = within(costs[f"{stem}{spent[0]}_cost"], first, last)
                    assert_near(row["total_cost"], sum(whole.values()) + (fee or 0.0))
                if fee is None:
                    assert row["fees"] is None
                else:
                    told.add("fees")
                    assert_near(row["fees"], fee)
                # What there is nothing of is not 0.
                absent = set(FIGURES) - told
                assert {row[key] for key in absent} == {None}, (owner, absent)
                assert row["missing_hours"] == 0


@pytest.mark.recorder
class TestApartments:
    """A building with flats, water, heat and charge points."""

    @pytest.fixture
    def world(self) -> World:
        """Data since the 11th of this month."""
        return World.of(replace(apartment_house(1, NOW, timedelta(days=30), 1), faultless=True))

    @pytest.fixture
    async def site_id(self, home: Home) -> str:
        """It is set up with all its history, and a tariff for everything."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        add_tariff(
            home,
            tariff(
                site_id, "2026-01-01", grid_price=0.31, grid_price_low=0.2, solar_price=0.15,
                export_price=0.09, cold_water_price=2.1, hot_water_price=9.5,
                heating_price=0.12, charge_point_price=0.4, **LOW, site_fee=28.0, meter_fee=5.0,
            ),
        )  # fmt: skip
        await home.settle()
        return site_id

    async def test_equals_statistics_and_entities(self, home: Home, site_id: str) -> None:
        """The running month, of each meter; and two days of it, by the change of statistics."""
        answer = await state(home, site_id, "2026-11-01", "2026-11-30")
        assert (answer["from"], answer["to"]) == ("2026-11-01", "2026-11-20")
        assert answer["start"] == "2026-11-01T00:00:00+01:00"
        assert answer["end"] == "2026-11-21T00:00:00+01:00"
        assert answer["complete"] is False
        assert answer["reasons"][0] == "still_to_come"
        compared = 0
        for row in answer["rows"]:
            if home.has_entity(f"{row['id']}_cost_this_month"):
                compared += 1
                if shown := home.hass.states.get(home.entity_id(f"{row['id']}_cost_this_month")):
                    assert_near(row["total_cost"], float(shown.state))
            else:
                assert row["total_cost"] is None
        assert compared > 5

        changes = await hourly_changes(home)
        first, last = date(2026, 11, 16), date(2026, 11, 17)
        answer = await state(home, site_id, str(first), str(last))
        assert answer["complete"] is True
        assert answer["reasons"] == []
        seen = set()
        columns = {
            "cold_water": (Part.COLD_WATER, "cold_water_cost"),
            "hot_water": (Part.HOT_WATER, "hot_water_cost"),
            "heating": (Part.HEATING, "heating_cost"),
        }
        for row in answer["rows"]:
            for kind, (part, cost) in columns.items():
                stem = (
                    f"{site_id}_{kind}_conso_total"
                    if row["type"] == "site"
                    else (f"{row['id']}_total" if row["type"] == kind else None)
                )
                if stem is None:
                    assert row[part] is row[cost] is None
                    continue
                seen.add(kind)
                assert_near(
                    row[part], sum(within(changes[f"climkit:{stem}"], first, last).values())
                )
                spent = within(changes[f"climkit:{stem}_cost"], first, last)
                assert_near(row[cost], sum(spent.values()))
        assert seen == columns.keys()
        assert "charge_point" in {row["type"] for row in answer["rows"]}

    async def test_one_meter(self, home: Home, site_id: str) -> None:
        """The same row as in the statement of the site; with the name that a person gave it."""
        whole = await state(home, site_id, "2026-11-16", "2026-11-17")
        device = dr.async_get(home.hass).async_get_device_by_identifier(
            (DOMAIN, whole["rows"][-1]["id"]), home.entry.entry_id
        )
        assert device
        dr.async_get(home.hass).async_update_device(device.id, name_by_user="Rochat")
        for row in whole["rows"][1:]:
            [own] = (await state(home, row["id"], "2026-11-16", "2026-11-17"))["rows"]
            assert own == row | ({"name": "Rochat"} if row is whole["rows"][-1] else {})

    async def test_peak(self, home: Home, site_id: str) -> None:
        """Of the days that are asked for, as far as they lie in the running month."""
        for first, last in (("2026-11-01", "2026-11-20"), ("2026-11-14", "2026-11-15")):
            answer = await state(home, site_id, first, last)
            begin, end = (
                datetime.fromisoformat(answer[key]).astimezone(UTC) for key in ("start", "end")
            )
            found = home.simulator.intervals(site_id, "electricity", begin, min(end, NOW))
            at, highest = max(found["from_ext"].items(), key=lambda item: item[1])
            row = row_of(answer, site_id)
            assert_near(row["peak_kw"], 4 * highest)
            assert datetime.fromisoformat(row["peak_at"]) == at
        for first in ("2026-10-25", "2026-10-31"):
            row = row_of(await state(home, site_id, first, "2026-11-06"), site_id)
            assert row["peak_kw"] is row["peak_at"] is None

    async def test_csv(self, home: Home, site_id: str) -> None:
        """The same as the rows, each with its days and the currency."""
        rows = (await state(home, site_id, "2026-11-16", "2026-11-17"))["rows"]
        answer = await state(home, site_id, "2026-11-16", "2026-11-17", format="csv")
        assert "rows" not in answer
        lines = list(csv.DictReader(StringIO(answer["csv"]), delimiter=";"))
        assert len(lines) == len(rows)
        for line, row in zip(lines, rows, strict=True):
            assert (line["from"], line["to"]) == ("2026-11-16", "2026-11-17")
            assert line["currency"] == "CHF"
            assert list(line) == ["from", "to", "currency", *row]
            assert line["name"] == row["name"]
            for key in FIGURES:
                assert (float(line[key]) if line[key] else None) == row[key]
            assert line["complete"] == "true"

    async def test_only_what_is_chosen(self, home: Home, site_id: str) -> None:
        """Without the site's totals it has no row, and what is not chosen has none either."""
        whole = await state(home, site_id, "2026-11-16", "2026-11-17")
        flat = whole["rows"][-1]["id"]
        await home.choose(**{CONF_METERS: [flat], CONF_SITE_TOTALS: False})
        await home.settle()
        answer = await state(home, site_id, "2026-11-16", "2026-11-17")
        assert [row["id"] for row in answer["rows"]] == [flat]

    async def test_asks_climkit_nothing(self, home: Home, site_id: str) -> None:
        """It is all stored."""
        before = len(home.simulator.requests)
        await state(home, site_id, "2026-11-01")
        assert len(home.simulator.requests) == before

    async def test_everybody_may_ask(
        self, home: Home, site_id: str, hass_read_only_user: MockUser
    ) -> None:
        """As for the other data, which it is made of."""
        answer = await state(home, site_id, "2026-11-19", user=hass_read_only_user)
        assert answer
        assert answer["rows"]


FIRST = datetime(2026, 11, 14, 23, tzinfo=UTC)


@pytest.mark.recorder
class TestNotKnown:
    """What is missing is null, and it is said why."""

    @pytest.fixture
    def source(self) -> Source:
        """Five days of a small site; four hours of the 17th never were, of the flat a whole day."""
        start = datetime(2026, 11, 17, 8, tzinfo=UTC)
        column = f"self_{METER_ID}"
        day = datetime(2026, 11, 17, 23, tzinfo=UTC)
        gaps = [
            Gap(start, start + 4 * HOUR),
            Gap(day, day + 24 * HOUR, [column, f"total_{METER_ID}"]),
        ]
        return Source(first=FIRST, has_water=True, gaps=gaps)

    @pytest.fixture
    def world(self, source: Source) -> World:
        """The small site."""
        return World.of(source)

    async def set_up(self, home: Home, *tariffs: dict[str, Any]) -> None:
        """Set up with tariffs."""
        await home.set_up_completely()
        for one in tariffs:
            add_tariff(home, one)
        await home.settle()

    def prices(self, valid_from: str, **fields: float) -> dict[str, Any]:
        """A tariff."""
        fields = {"grid_price": 0.3, "solar_price": 0.2, "cold_water_price": 2.0} | fields
        return tariff(SITE_ID, valid_from, **fields)

    async def test_hole(self, home: Home) -> None:
        """Four hours are counted; a day without anything is null."""
        await self.set_up(home, self.prices("2026-01-01"))
        answer = await state(home, SITE_ID, "2026-11-17", "2026-11-17")
        assert answer["complete"] is False
        assert answer["reasons"] == ["hours_missing"]
        for owner in (SITE_ID, METER_ID):
            row = row_of(answer, owner)
            assert (row["missing_hours"], row["reasons"]) == (4, ["hours_missing"])
            assert row["total_kwh"] is not None
        answer = await state(home, SITE_ID, "2026-11-18", "2026-11-18")
        assert row_of(answer, SITE_ID)["complete"] is True
        row = row_of(answer, METER_ID)
        assert row["missing_hours"] == 24
        assert {row[key] for key in FIGURES if key != "fees"} == {None}
        answer = await state(home, METER_ID, "2026-11-16", "2026-11-16")
        assert answer["complete"] is True

    async def test_before_history(self, home: Home) -> None:
        """Hours before the first one are missing, but for those in which there was no site."""
        await self.set_up(home)
        [row] = (await state(home, METER_ID, "2026-11-10", "2026-11-14"))["rows"]
        assert (row["missing_hours"], row["total_kwh"]) == (7, None)
        [row] = (await state(home, METER_ID, "2026-11-10", "2026-11-11"))["rows"]
        assert (row["missing_hours"], row["total_kwh"]) == (0, None)

    async def test_newest_hours(self, home: Home) -> None:
        """Today, water of yesterday, and electricity right after midnight are still to come."""
        await self.set_up(home)
        [water] = (await state(home, WATER_ID, "2026-11-20"))["rows"]
        assert (water["reasons"], water["cold_water_m3"]) == (["still_to_come"], None)
        [flat] = (await state(home, METER_ID, "2026-11-19", "2026-11-19"))["rows"]
        assert flat["complete"] is True
        await home.turn_clock(to=datetime(2026, 11, 20, 23, 1, tzinfo=UTC))
        for owner in (WATER_ID, METER_ID):
            [row] = (await state(home, owner, "2026-11-20", "2026-11-20"))["rows"]
            assert row["reasons"] == ["still_to_come"], owner
        await home.turn_clock(to=datetime(2026, 11, 20, 23, 20, tzinfo=UTC))
        [flat] = (await state(home, METER_ID, "2026-11-20", "2026-11-20"))["rows"]
        assert flat["complete"] is True
        await home.turn_clock(to=datetime(2026, 11, 21, 7, tzinfo=UTC))
        await home.turn_clock(minutes=30)
        [water] = (await state(home, WATER_ID, "2026-11-20", "2026-11-20"))["rows"]
        assert water["complete"] is True

    async def test_no_tariff(self, home: Home) -> None:
        """Nothing costs anything, which lacks nothing; nor is there a low tariff."""
        await self.set_up(home)
        answer = await state(home, SITE_ID, "2026-11-16", "2026-11-16")
        assert answer["complete"] is True
        assert answer["currency"] is None
        for row in answer["rows"]:
            costs = [key for key in FIGURES if not key.endswith(("kwh", "m3"))]
            assert {row[key] for key in costs} == {None}
            assert row["grid_high_kwh"] is row["grid_low_kwh"] is None
        assert row_of(answer, SITE_ID)["grid_kwh"] is not None

    async def test_tariff_begins_in_the_middle(self, home: Home) -> None:
        """What was before costs nothing that anybody knows."""
        await self.set_up(home, self.prices("2026-11-19", meter_fee=30.0))
        [row] = (await state(home, METER_ID, "2026-11-16", "2026-11-16"))["rows"]
        assert row["complete"] is True
        answer = await state(home, SITE_ID, "2026-11-15", "2026-11-19")
        for owner in (SITE_ID, WATER_ID):
            assert row_of(answer, owner)["reasons"] == ["hours_missing", "price_missing"], owner
        [row] = (await state(home, METER_ID, "2026-11-19", "2026-11-19"))["rows"]
        assert_near(row["fees"], 1.0)
        answer = await state(home, SITE_ID, "2026-11-19", "2026-11-19")
        assert answer["complete"] is True

    async def test_costs_are_being_computed(self, home: Home) -> None:
        """Then none is said, as it might be an old one; amounts are."""
        fees = {"site_fee": 30.0, "fees_by_hour": True}
        await self.set_up(home, self.prices("2026-01-01", **fees))
        [subentry] = home.entry.subentries
        before = row_of(await state(home, SITE_ID, "2026-11-16", "2026-11-16"), SITE_ID)
        with patch.object(SiteCosts, "_async_compute", side_effect=HomeAssistantError("no")):
            correct_tariff(home, subentry, self.prices("2026-01-01", grid_price=0.6, **fees))
            row = row_of(await state(home, SITE_ID, "2026-11-16", "2026-11-16"), SITE_ID)
            assert row["reasons"] == ["costs_pending"]
            assert row["grid_kwh"] == before["grid_kwh"]
            assert {row[key] for key in FIGURES if not key.endswith(("kwh", "m3"))} == {None}
            await home.hass.async_block_till_done()
        home.sites[0].costs.worker.wake()
        await home.turn_clock(minutes=15)
        row = row_of(await state(home, SITE_ID, "2026-11-16", "2026-11-16"), SITE_ID)
        assert row["complete"] is True
        assert_near(row["fees"], 1.0)
        assert_near(row["grid_cost"], 2 * before["grid_cost"])


class TestWrongCalls:
    """It is said what is wrong."""

    @pytest.mark.parametrize(
        ("first", "last", "text"),
        [
            ("2026-11-21", None, "The start is in the future."),
            ("2026-11-19", "2026-11-18", "The first day must not be after the last day."),
            (
                "2025-11-19",
                "2026-11-20",
                "A statement covers at most 366 days. Choose fewer.",
            ),
        ],
    )
    async def test_days(self, home: Home, first: str, last: str | None, text: str) -> None:
        """Days that have not begun, are none, or too many."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        with pytest.raises(ServiceValidationError) as error:
            await state(home, site_id, first, last)
        assert await text_of(home, error.value) == text

    @pytest.mark.parametrize("first", ["2026-11-31", "1850-01-01", "9999-12-31", "yesterday"])
    async def test_no_day(self, home: Home, first: str) -> None:
        """What is no day, or none of this world, is refused."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        with pytest.raises(vol.Invalid):
            await state(home, site_id, first)

    async def test_a_year(self, home: Home) -> None:
        """A leap year's days are not too many; the last day may be to come."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        assert (await state(home, site_id, "2025-11-20", "2027-11-20"))["to"] == "2026-11-20"
        with pytest.raises(ServiceValidationError) as error:
            await state(home, site_id, "2025-11-19")
        assert error.value.translation_key == "too_many_days"

    async def test_not_loaded(self, home: Home) -> None:
        """The account rests."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        with pytest.raises(ServiceValidationError) as error:
            await state(home, site_id, "2026-11-19")
        assert error.value.translation_key == "not_loaded"


class TestSensor:
    """A Climkit sensor has no statement."""

    @pytest.fixture
    def world(self) -> World:
        """A building with sensors."""
        return World.of(replace(apartment_house(1, NOW, timedelta(days=8), 1), faultless=True))

    async def test_sensor(self, home: Home) -> None:
        """It is said."""
        await home.set_up()
        [site] = home.simulator.world.sites.values()
        with pytest.raises(ServiceValidationError) as error:
            await state(home, str(site.sensors_list()[0]["id"]), "2026-11-19")
        assert error.value.translation_key == "no_meter_or_site"


# Pure


def measured(amounts: Iterable[float], first: int = 0, **others: Any) -> Measured:
    """Hours of a flat's grid energy since midnight, or a later hour."""
    return Measured(
        **{
            "part": Part.GRID,
            "amounts": {MIDNIGHT + n * HOUR: one for n, one in enumerate(amounts, first)},
            "costs": Costs(),
            "is_stored": True,
            "is_awaited": False,
            "lateness": 2 * HOUR,
        }
        | others
    )


def day_gaps(series: Sequence[Measured], **others: Any) -> Gaps:
    """What the day lacks, seen the day after."""
    now = MIDNIGHT + timedelta(days=1, hours=others.pop("later", 12))
    day = TimeRange(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    return gaps(series, day, now, others.pop("created", None), is_pending=False, **others)


def test_hours_missing() -> None:
    """Hours are counted once, whatever number of series lacks them."""
    assert day_gaps([measured([1.0] * 24)]) == Gaps(0, [])
    assert day_gaps([measured([1.0] * 20), measured([1.0] * 21)]) == Gaps(
        4, [GapReason.HOURS_MISSING]
    )
    assert day_gaps([measured([1.0] * 20, is_awaited=True)]) == Gaps(4, [GapReason.IMPORTING])
    assert day_gaps([measured([1.0] * 24, is_awaited=True)]) == Gaps(0, [])


def test_measure_that_is_not_there() -> None:
    """What Climkit never had is nothing that is missing, unless it has nothing at all."""
    never = measured([], is_stored=False)
    assert day_gaps([measured([1.0] * 24), never]) == Gaps(0, [])
    assert day_gaps([never]) == Gaps(24, [GapReason.HOURS_MISSING])
    assert day_gaps([]) == Gaps(0, [])


def test_late_hours() -> None:
    """An hour is missing once it is late; until then it is to come, also if a part is there."""
    assert day_gaps([measured([1.0] * 23)], later=1) == Gaps(0, [GapReason.STILL_TO_COME])
    assert day_gaps([measured([1.0] * 23)], later=2) == Gaps(1, [GapReason.HOURS_MISSING])
    end = MIDNIGHT + timedelta(days=1)
    whole = measured([1.0] * 24, newest=end)
    assert day_gaps([whole], later=1) == Gaps(0, [])
    partly = measured([1.0] * 24, newest=end - HOUR / 4)
    assert day_gaps([partly], later=1) == Gaps(0, [GapReason.STILL_TO_COME])
    assert day_gaps([partly], later=3) == Gaps(0, [])


def test_site_that_is_new() -> None:
    """Nothing is expected from before it was there."""
    series = [measured([1.0] * 14, first=10)]
    assert day_gaps(series, created=MIDNIGHT + 10 * HOUR) == Gaps(0, [])
    assert day_gaps(series, created=MIDNIGHT + 8 * HOUR) == Gaps(2, [GapReason.HOURS_MISSING])
    assert day_gaps(series, created=MIDNIGHT + 99 * HOUR) == Gaps(0, [])


def test_days_with_a_change_of_clocks() -> None:
    """They have 25 and 23 hours."""
    for day, hours in ((date(2026, 10, 25), 25), (date(2026, 3, 29), 23), (date(2026, 7, 1), 24)):
        found = DaySpan.of(day, day, ZURICH).hours
        assert (found.end - found.start) // HOUR == hours


def test_nothing_is_null() -> None:
    """Zero is stated as zero."""
    tariffs = Tariffs([], ZURICH)
    empty = figures([measured([])], [], None, tariffs, is_pending=False)
    assert set(empty.values()) == {None}
    zero = figures([measured([0.0])], [Costs({MIDNIGHT: 0.0})], 0.0, tariffs, is_pending=False)
    assert (zero[Part.GRID], zero["total_cost"], zero["fees"]) == (0.0, 0.0, 0.0)
    assert zero["grid_high_kwh"] is zero["grid_low_kwh"] is None


def test_price_that_a_sensor_tells() -> None:
    """The newest hours may still get one; of older ones nobody told any."""
    costs = {MIDNIGHT + n * HOUR: 0.25 for n in range(24) if n not in (3, 23)}
    series = [measured([1.0] * 24, costs=Costs(costs))]
    assert day_gaps(series) == Gaps(0, [GapReason.PRICE_MISSING])
    awaited = day_gaps(series, is_price_awaited=lambda hour: hour >= MIDNIGHT + 4 * HOUR)
    assert awaited == Gaps(0, [GapReason.STILL_TO_COME, GapReason.PRICE_MISSING])
    awaited = day_gaps(series, is_price_awaited=lambda _hour: True)
    assert awaited == Gaps(0, [GapReason.STILL_TO_COME])


def test_costs_are_pending() -> None:
    """A part of them is none, nor is one of the fees: not even that which no hour holds."""
    whole = [Costs({MIDNIGHT: 0.5}, Fee.SITE)]
    part = measured([1.0], costs=whole[0])
    known = {"fees": 1.0, "tariffs": Tariffs([], ZURICH), "power": 4.0}
    stated = figures([part], whole, is_pending=False, **known)
    assert (stated["fees"], stated["power_cost"], stated["total_cost"]) == (1.0, 4.0, 5.5)
    pending = figures([part], whole, is_pending=True, **known)
    assert {key for key, value in pending.items() if value is not None} == {Part.GRID}


def test_mean_price() -> None:
    """Of the hours that have a cost, and none where nothing was used."""
    costs = {MIDNIGHT: 0.1, MIDNIGHT + HOUR: 0.6}
    part = measured([1.0, 1.0, 8.0], costs=Costs(costs))
    found = figures([part], [], None, Tariffs([], ZURICH), is_pending=False)
    assert found["grid_mean_price"] == 0.35
    for nothing in (measured([0.0], costs=Costs({MIDNIGHT: 0.0})), measured([1.0])):
        found = figures([nothing], [], None, Tariffs([], ZURICH), is_pending=False)
        assert found["grid_mean_price"] is None


def test_single_tariff() -> None:
    """All is high, and there is nothing low."""
    tariffs = tariffs_from_data([tariff("s", "2026-01-01", grid_price=0.3)], ZURICH)
    found = figures([measured([1.0, 2.0])], [], None, tariffs, is_pending=False)
    assert (found["grid_high_kwh"], found["grid_low_kwh"]) == (3.0, None)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Flat 1", "Flat 1"),
        ("=1+1", "'=1+1"),
        ("+41 79", "'+41 79"),
        ("-1. OG", "'-1. OG"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'=1+1"),
        ("  =1+1", "'=1+1"),
        ("Flat\r\n=1+1", "Flat =1+1"),
        ("Flat,=1+1", "Flat,'=1+1"),
        ("Flat; @x", "Flat; '@x"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("|calc", "'|calc"),
        ('A "B"; C', 'A "B"; C'),
        ("Étage 2-3", "Étage 2-3"),
    ],
)
def test_no_name_is_a_formula(name: str, cell: str) -> None:
    """Names come from Climkit or a person, and a spreadsheet shall not carry them out."""
    text = as_csv([{"name": name, "kwh": -1.5, "cost": None, "complete": True, "reasons": []}])
    [row] = csv.DictReader(StringIO(text), delimiter=";")
    assert row["name"] == cell
    # Numbers stay numbers.
    assert (row["kwh"], row["cost"], row["complete"], row["reasons"]) == ("-1.5", "", "true", "")


def test_numbers_are_not_written_with_exponents() -> None:
    """A spreadsheet would take them for texts."""
    text = as_csv([{"a": 1e-6, "b": 1234567.0, "c": 0.0}])
    [row] = csv.DictReader(StringIO(text), delimiter=";")
    assert row == {"a": "0.000001", "b": "1234567", "c": "0"}
