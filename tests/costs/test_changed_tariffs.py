"""Tariffs are added, corrected and deleted, and the costs follow."""

from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.components.recorder.statistics import get_metadata
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.api import floor_hour
from custom_components.climkit.costs import site_costs
from custom_components.climkit.statistics import rebuild
from tests.conftest import Home
from tests.costs.bill import (
    EXPORT,
    GRID,
    SOLAR,
    add_tariff,
    always,
    assert_costs,
    correct_tariff,
    cost_entities,
    delete_tariff,
    house_prices,
    plain_prices,
    plain_tariff,
    since,
    site_of,
    tariff,
)
from tests.simulator import World
from tests.stories.source import SITE_ID, Source
from tests.truth import assert_equal_to_climkit, climkit_hours, hourly_changes, known_names

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]


class TestTariffs:
    """Added, corrected and deleted: no request, no reload."""

    async def test_add_correct_delete(self, home: Home) -> None:
        """The stretch that a tariff covers is computed anew."""
        await home.set_up_completely()
        before = len(home.simulator.requests)
        coordinator = home.sites[0].coordinator
        assert not cost_entities(home)
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]

        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        await assert_costs(home, plain_prices(home))

        day = date(2026, 11, 19)
        second = add_tariff(home, plain_tariff(home, f"{day}", grid_price=0.5))
        await home.settle()
        grid = lambda local: 0.5 if local.date() >= day else GRID  # noqa: E731 - as short as the prices beside it
        await assert_costs(home, house_prices(home, grid, always(SOLAR), always(EXPORT)))

        correct_tariff(home, first, plain_tariff(home, grid_price=0.4, solar_price=0.1))
        await home.settle()
        grid = lambda local: 0.5 if local.date() >= day else 0.4  # noqa: E731 - as short as the prices beside it
        solar = lambda local: SOLAR if local.date() >= day else 0.1  # noqa: E731 - as short as the prices beside it
        await assert_costs(home, house_prices(home, grid, solar, always(EXPORT)))

        delete_tariff(home, first)
        await home.settle()
        await assert_costs(
            home, house_prices(home, since(day, 0.5), since(day, SOLAR), since(day, EXPORT))
        )

        delete_tariff(home, second)
        await home.settle()
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]
        assert not [key for key in await known_names(home.hass) if key.endswith("_cost")]
        assert not cost_entities(home)

        assert len(home.simulator.requests) == before
        assert home.sites[0].coordinator is coordinator
        await assert_equal_to_climkit(home)

    async def test_what_has_no_price_any_more(self, home: Home) -> None:
        """A tariff that leaves a price out ends its costs; the others go on."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        without = tariff(site_of(home), "2026-11-19", grid_price=GRID, solar_price=SOLAR)
        later = add_tariff(home, without)
        await home.settle()
        export = lambda local: EXPORT if local.date() < date(2026, 11, 19) else None  # noqa: E731 - as short as the prices beside it
        await assert_costs(home, house_prices(home, always(GRID), always(SOLAR), export))
        delete_tariff(home, later)
        await home.settle()
        await assert_costs(home, plain_prices(home))

    async def test_only_what_differs_is_written(self, home: Home) -> None:
        """A correction of fees, or of nothing, writes no row."""
        await home.set_up_completely()
        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        with patch.object(rebuild, "async_write", wraps=rebuild.async_write) as write:
            correct_tariff(home, first, plain_tariff(home, site_fee=10))
            add_tariff(home, plain_tariff(home, "2026-11-18"))
            await home.settle()
        assert write.call_count == 0
        await assert_costs(home, plain_prices(home))

    async def test_next_year(self, home: Home) -> None:
        """A tariff of the future costs nothing yet."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home, "2027-01-01"))
        await home.settle()
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]
        assert home.state(f"{site_of(home)}_cost_today").state == "unknown"
        assert home.state(f"{site_of(home)}_grid_price").state == "unknown"

    async def test_while_it_was_not_loaded(self, home: Home) -> None:
        """What changed meanwhile is found at the next start."""
        await home.set_up_completely()
        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        correct_tariff(home, first, plain_tariff(home, grid_price=0.7))
        await home.set_up_completely()
        prices = house_prices(home, always(0.7), always(SOLAR), always(EXPORT))
        await assert_costs(home, prices)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        delete_tariff(home, first)
        await home.set_up_completely()
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]
        assert not cost_entities(home)

    async def test_names(self, home: Home) -> None:
        """The name of the energy, and cost; what is exported is compensated."""
        await home.set_up_completely()
        add_tariff(home, plain_tariff(home))
        await home.settle()
        names = await known_names(home.hass)
        site = f"climkit:{site_of(home)}_electricity"
        assert names[f"{site}_from_ext_cost"] == "Maison Rochat Grid import cost"
        assert names[f"{site}_to_ext_cost"] == "Maison Rochat Grid export compensation"

    async def test_currency(self, home: Home) -> None:
        """It is the unit of the statistics, also after it was corrected."""
        await home.set_up_completely()
        first = add_tariff(home, plain_tariff(home))
        await home.settle()
        correct_tariff(home, first, plain_tariff(home) | {"currency": "EUR"})
        await home.settle()
        ids = await get_instance(home.hass).async_add_executor_job(units, home)
        assert set(ids.values()) == {"EUR"}
        state = home.state(f"{site_of(home)}_cost_today")
        assert state.attributes["unit_of_measurement"] == "EUR"


def units(home: Home) -> dict[str, str | None]:
    """The units of all cost statistics."""
    return {
        key: data["unit_of_measurement"]
        for key, (_, data) in get_metadata(home.hass, statistic_source="climkit").items()
        if key.endswith("_cost")
    }


class TestZoneOfHalfHours:
    """A site whose local midnight is no full hour."""

    @pytest.fixture
    def now(self) -> datetime:
        """Twenty to eleven in the evening."""
        return datetime(2026, 11, 20, 17, 10, tzinfo=UTC)

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A small site."""
        first = now.replace(minute=0) - timedelta(days=3)
        return World.of(Source(first=first, zone=ZoneInfo("Asia/Kolkata")))

    async def test_tariff_of_tomorrow(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """It begins less than an hour behind the last hour that is computed; work goes on."""
        home.entry.add_to_hass(home.hass)
        add_tariff(home, tariff(SITE_ID, "2026-01-01", grid_price=0.3))
        await home.set_up_completely()
        add_tariff(home, tariff(SITE_ID, "2026-11-21", grid_price=0.4))
        await home.hass.async_block_till_done()
        await home.settle()
        assert home.sites[0].costs.progress == 100
        assert not [one for one in caplog.records if one.levelname == "ERROR"]


class TestAfterMidnight:
    """The day has a single hour that is over."""

    @pytest.fixture
    def now(self) -> datetime:
        """A quarter past one."""
        return datetime(2026, 11, 20, 0, 15, tzinfo=UTC)

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A small site."""
        return World.of(Source(first=now.replace(minute=0) - timedelta(days=3)))

    async def test_moved_to_tomorrow(self, home: Home) -> None:
        """A tariff that held from today on: its only hour costs nothing any more."""
        await home.set_up_completely()
        first = add_tariff(home, tariff(SITE_ID, "2026-11-20", grid_price=0.3))
        await home.settle()
        cost_id = f"climkit:{SITE_ID}_electricity_from_ext_cost"
        midnight = datetime(2026, 11, 19, 23, tzinfo=UTC)
        assert (await hourly_changes(home))[cost_id].keys() == {midnight}
        correct_tariff(home, first, tariff(SITE_ID, "2026-11-21", grid_price=0.3))
        await home.settle()
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]


class TestBeforeTheSite:
    """A tariff that is older than the site is corrected."""

    @pytest.fixture
    def source(self, now: datetime) -> Source:
        """A site of three days."""
        first = now.replace(minute=0) - timedelta(days=3)
        return Source(first=first, created=first - timedelta(minutes=10))

    @pytest.fixture
    def world(self, source: Source) -> World:
        """It alone."""
        return World.of(source)

    @pytest.mark.parametrize("is_off", [False, True], ids=["running", "off"])
    async def test_nothing_is_computed_there(
        self, home: Home, source: Source, is_off: bool
    ) -> None:
        """Corrected, moved and deleted: pages begin with the site's first hour."""
        await home.set_up_completely()
        first = add_tariff(home, tariff(SITE_ID, "2000-01-01", grid_price=0.3))
        await home.settle()
        with patch.object(site_costs, "async_compute", wraps=site_costs.async_compute) as compute:
            if is_off:
                await home.hass.config_entries.async_unload(home.entry.entry_id)
            correct_tariff(home, first, tariff(SITE_ID, "2000-01-01", grid_price=0.4))
            if is_off:
                await home.set_up_completely()
            await home.settle()
            await assert_grid_costs(home, 0.4)
            correct_tariff(home, first, tariff(SITE_ID, "2001-01-01", grid_price=0.5))
            await home.settle()
            await assert_grid_costs(home, 0.5)
            delete_tariff(home, first)
            await home.settle()
        computed = [call.args[1].range for call in compute.call_args_list]
        assert {one.start for one in computed} == {floor_hour(source.first - timedelta(minutes=10))}
        assert home.sites[0].costs.progress == 100

    async def test_rows_of_before_it(self, home: Home, source: Source) -> None:
        """Climkit says later that it was made later: what is stored from before costs the same."""
        await home.set_up_completely()
        only = add_tariff(home, tariff(SITE_ID, "2000-01-01", grid_price=0.3))
        await home.settle()
        source.created = source.first + timedelta(days=2)
        await home.restart()
        await home.complete()
        later = (source.created + timedelta(days=1)).date().isoformat()
        for begin in ("2000-01-01", later, "2000-01-01"):
            correct_tariff(home, only, tariff(SITE_ID, begin, grid_price=0.4))
            await home.settle()
            if begin != later:
                await assert_grid_costs(home, 0.4)

    async def test_tariff_of_before_it(self, home: Home, source: Source) -> None:
        """So it does where nothing cost anything before."""
        await home.set_up_completely()
        source.created = source.first + timedelta(days=2)
        await home.restart()
        await home.complete()
        add_tariff(home, tariff(SITE_ID, "2000-01-01", grid_price=0.3))
        await home.settle()
        await assert_grid_costs(home, 0.3)


async def assert_grid_costs(home: Home, price: float) -> None:
    """Each hour of the site costs this."""
    stored, grid = await hourly_changes(home), f"climkit:{SITE_ID}_electricity_from_ext"
    amounts = climkit_hours(home, dt_util.utcnow())[grid]
    assert len(amounts) > 3 * 24 - 1
    expected = {hour: amount * price for hour, amount in amounts.items()}
    assert stored[f"{grid}_cost"] == pytest.approx(expected, abs=1e-4)
