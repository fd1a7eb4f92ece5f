"""A statement says what it does not know."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.costs.site_costs import SiteCosts
from custom_components.climkit.services.statement import (
    FIGURES,
)
from tests.conftest import Home
from tests.costs.bill import (
    add_tariff,
    correct_tariff,
    tariff,
)
from tests.services.statement import assert_near, row_of, state
from tests.simulator import World
from tests.stories.source import METER_ID, SITE_ID, WATER_ID, Gap, Source

MIDNIGHT = datetime(2026, 11, 18, 23, tzinfo=UTC)
FIRST = datetime(2026, 11, 14, 23, tzinfo=UTC)


@pytest.mark.recorder
class TestNotKnown:
    """What is missing is null, and it is said why."""

    @pytest.fixture
    def source(self) -> Source:
        """Five days of a small site; four hours of the 17th never were, of the flat a whole day.

        It was made in the middle of an hour.
        """
        start = datetime(2026, 11, 17, 8, tzinfo=UTC)
        column = f"self_{METER_ID}"
        day = datetime(2026, 11, 17, 23, tzinfo=UTC)
        gaps = [
            Gap(start, start + 4 * HOUR),
            Gap(day, day + 24 * HOUR, [column, f"total_{METER_ID}"]),
        ]
        created = FIRST - timedelta(hours=6, minutes=39, seconds=29)
        return Source(first=FIRST, created=created, has_water=True, gaps=gaps)

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


@pytest.mark.recorder
class TestAnHourOfADay:
    """Of two days of a water meter an hour each is left."""

    @pytest.fixture
    def world(self) -> World:
        """The small site; its water is told by the hour."""
        days = [FIRST + 24 * HOUR, FIRST + 48 * HOUR]
        gaps = [
            gap
            for day in days
            for gap in (
                Gap(day, day + 9 * HOUR, [f"total_{WATER_ID}"]),
                Gap(day + 10 * HOUR, day + 24 * HOUR, [f"total_{WATER_ID}"]),
            )
        ]
        return World.of(Source(first=FIRST, has_water=True, gaps=gaps))

    @pytest.mark.parametrize(("last", "hours"), [("2026-11-16", 23), ("2026-11-17", 46)])
    async def test_days_before(self, home: Home, last: str, hours: int) -> None:
        """The others are missing: days before had a row an hour."""
        await home.set_up_completely()
        [water] = (await state(home, WATER_ID, "2026-11-16", last))["rows"]
        assert (water["missing_hours"], water["reasons"]) == (hours, ["hours_missing"])
