"""The action `climkit.get_statement`: what it takes, refuses, and how it answers."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockUser
import voluptuous as vol

from custom_components.climkit.const import CONF_METERS, CONF_SITE_TOTALS, DOMAIN
from custom_components.climkit.services.statement import (
    FIGURES,
)
from tests.conftest import NOW, Home
from tests.costs.bill import (
    ZURICH,
    add_tariff,
    tariff,
)
from tests.services.statement import LOW, assert_near, row_of, state
from tests.services.test_data_services import text_of
from tests.simulator import World, apartment_house, single_house


@pytest.mark.recorder
class TestHouse:
    """How a house, whose numbers are known, is stated."""

    @pytest.fixture
    def world(self) -> World:
        """Data since the 5th of this month."""
        return World.of(replace(single_house(1, NOW, timedelta(days=30)), faultless=True))

    @pytest.fixture
    async def site_id(self, home: Home) -> str:
        """It is set up with all its history, and a tariff."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        prices = {"grid_price": 0.31, "grid_price_low": 0.2, "solar_price": 0.15, **LOW}
        add_tariff(home, tariff(site_id, "2026-01-01", **prices, site_fee=28.0, meter_fee=5.0))
        await home.settle()
        return site_id

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
        """Of the days that are asked for, as far as they lie in the running month.

        Of the site what came from the grid counts, of a flat all that it used.
        """
        for first, last in (("2026-11-01", "2026-11-20"), ("2026-11-14", "2026-11-14")):
            answer = await state(home, site_id, first, last)
            begin, end = (
                datetime.fromisoformat(answer[key]).astimezone(UTC) for key in ("start", "end")
            )
            found = home.simulator.intervals(site_id, "electricity", begin, min(end, NOW))
            flat = answer["rows"][-1]["id"]
            for owner, column in ((site_id, "from_ext"), (flat, f"total_{flat}")):
                at, highest = max(found[column].items(), key=lambda item: item[1])
                row = row_of(answer, owner)
                assert_near(row["peak_kw"], 4 * highest)
                assert row["peak_at"] == at.astimezone(ZURICH).isoformat()
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

    async def test_today_is_the_day_of_the_site(self, home: Home) -> None:
        """Home Assistant may stand in another zone, where that day has not begun."""
        await home.hass.config.async_set_time_zone("UTC")
        await home.set_up()
        [site_id] = home.simulator.world.sites
        home.freezer.move_to(datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
        assert (await state(home, site_id, "2026-11-21"))["to"] == "2026-11-21"

    async def test_a_year(self, home: Home) -> None:
        """A leap year's days are not too many; the last day may be to come."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        assert (await state(home, site_id, "2025-11-20", "2027-11-20"))["to"] == "2026-11-20"

    async def test_not_loaded(self, home: Home) -> None:
        """The account rests."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        with pytest.raises(ServiceValidationError) as error:
            await state(home, site_id, "2026-11-19")
        assert error.value.translation_key == "not_loaded"

    async def test_vanished_meter(self, home: Home) -> None:
        """Climkit lists it no more; its device stays for some days."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        *_, flat = (str(meter["id"]) for meter in home.simulator.world.meter_info(site_id))
        home.simulator.switches.hidden_meters = [flat]
        await home.turn_clock(days=1)
        await home.turn_clock(minutes=15)
        with pytest.raises(ServiceValidationError) as error:
            await state(home, flat, "2026-11-19")
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
