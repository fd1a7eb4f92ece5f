"""How a user adds a feed-in price, and how those of release 0.1.0's tariffs become such."""

from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.climkit.const import SUBENTRY_FEED_IN, SUBENTRY_TARIFF
from custom_components.climkit.flows import FeedInFlow
from tests.conftest import Home
from tests.costs.bill import add_tariff, assert_costs, feed_in, plain_prices, tariff
from tests.flows.test_tariff_flow import PRICES, Flow, first_day, site_of, world

__all__ = ["world"]

FEED_IN: dict[str, Any] = {
    "valid_from": "2026-01-01",
    "feed_in": {"feed_in_price": 0.104},
    "low_hours": {},
    "season": {},
}


@pytest.fixture
async def flow(home: Home) -> Flow:
    """A user who looks at a loaded account."""
    await home.hass.config.async_update(currency="CHF")
    await home.set_up()
    return Flow(home, SUBENTRY_FEED_IN)


def test_units() -> None:
    """All that is paid is paid for a kWh."""
    fields = FeedInFlow.schema("CHF").schema["feed_in"].schema.schema
    assert {str(key): field.config["unit_of_measurement"] for key, field in fields.items()} == {
        "feed_in_price": "CHF/kWh",
        "feed_in_price_low": "CHF/kWh",
        "feed_in_floor": "CHF/kWh",
        "feed_in_bonus": "CHF/kWh",
    }


class TestAdd:
    """A new feed-in price."""

    async def test_first(self, flow: Flow) -> None:
        """From where history begins; beside a tariff of the same day."""
        tariffs = Flow(flow.home)
        await tariffs.add()
        await tariffs.answer(PRICES)
        result = await flow.add()
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "prices")
        assert flow.suggested["valid_from"] == first_day(flow)
        await flow.answer(FEED_IN)
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert flow.titles == ["2026 - Maison Rochat"] * 2
        assert flow.tariffs[1] == {"site": site_of(flow), "currency": "CHF", **FEED_IN}

    @pytest.mark.parametrize(
        ("day", "following"), [("2026-01-01", "2026-04-01"), ("2026-12-24", "2027-01-01")]
    )
    async def test_next_quarter(self, flow: Flow, day: str, following: str) -> None:
        """Reference prices are those of a quarter."""
        await flow.add()
        await flow.answer(FEED_IN | {"valid_from": day})
        await flow.add()
        assert flow.suggested == FEED_IN | {"valid_from": following}

    @pytest.mark.parametrize(
        ("changes", "errors"),
        [
            ({"feed_in": {"feed_in_floor": 0.06}}, {"feed_in": "feed_in_price_needed"}),
            ({"feed_in": {"feed_in_price": float("inf")}}, {"feed_in": "no_price"}),
            (
                {"feed_in": {"feed_in_price": 0.1, "feed_in_price_low": 0.06}},
                {"low_hours": "low_hours_needed"},
            ),
            ({"low_hours": {"sunday": "0-24"}}, {"feed_in": "low_price_needed"}),
            ({"low_hours": {"sunday": "0-25"}}, {"low_hours": "hours_out_of_range"}),
            ({"season": {"season_to": "1.4."}}, {"season": "season_needs_both"}),
            ({"valid_from": "0026-01-01"}, {"valid_from": "odd_year"}),
            ({"feed_in": {"feed_in_price": 10.4}}, {"feed_in": "unlikely_price"}),
            ({"feed_in": {"feed_in_price": -2.5}}, {"feed_in": "unlikely_price"}),
        ],
    )
    async def test_refused(
        self, flow: Flow, changes: dict[str, Any], errors: dict[str, str]
    ) -> None:
        """The form says what is wrong, where, and keeps what was entered."""
        await flow.add()
        await flow.answer(FEED_IN | changes)
        assert flow.result["errors"] == errors
        assert flow.suggested == FEED_IN | changes
        await flow.answer(FEED_IN)
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY

    async def test_day_without_zeros(self, flow: Flow) -> None:
        """The selector takes it."""
        await flow.add()
        await flow.answer(FEED_IN | {"valid_from": "2026-7-1"})
        assert [one["valid_from"] for one in flow.tariffs] == ["2026-07-01"]

    @pytest.mark.parametrize("prices", [{}, {"feed_in_price": -0.02}])
    async def test_nothing_or_less(self, flow: Flow, prices: dict[str, float]) -> None:
        """From a day on nothing is paid; or the producer pays."""
        await flow.add()
        await flow.answer(FEED_IN | {"feed_in": prices})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY

    async def test_same_day(self, flow: Flow) -> None:
        """No other one begins on that day."""
        await flow.add()
        await flow.answer(FEED_IN)
        await flow.add()
        await flow.answer(FEED_IN)
        assert flow.result["errors"] == {"valid_from": "same_day"}

    async def test_correct(self, flow: Flow) -> None:
        """A reference price that was not known yet; nothing is reloaded."""
        await flow.add()
        await flow.answer(FEED_IN)
        runtime = flow.home.sites[0]
        [subentry_id] = flow.home.entry.subentries
        await flow.correct(subentry_id)
        assert flow.suggested == FEED_IN
        corrected = FEED_IN | {"feed_in": {"feed_in_price": 0.028, "feed_in_floor": 0.06}}
        await flow.answer(corrected)
        assert flow.result["reason"] == "reconfigure_successful"
        assert flow.tariffs == [{"site": site_of(flow), "currency": "CHF", **corrected}]
        assert flow.home.sites[0] is runtime


class TestReleaseZeroOne:
    """Tariffs of release 0.1.0 had the price of exported energy among their fields."""

    @staticmethod
    async def update_from_first_release(home: Home) -> None:
        """Start again, as an entry that release 0.1.0 stored."""
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        home.hass.config_entries.async_update_entry(home.entry, minor_version=1)
        home.freezer.tick(timedelta(minutes=1))
        await home.hass.config_entries.async_setup(home.entry.entry_id)
        await home.settle()

    async def test_moved(self, home: Home) -> None:
        """It is shown as a feed-in price, and costs stay what they were."""
        await home.set_up_completely()
        [site_id] = home.simulator.world.sites
        fields = {"grid_price": 0.3, "solar_price": 0.2, "export_price": 0.1}
        add_tariff(home, tariff(site_id, "2026-01-01", **fields))
        await home.settle()
        await assert_costs(home, plain_prices(home))
        await self.update_from_first_release(home)
        assert home.entry.state is ConfigEntryState.LOADED
        assert home.entry.minor_version == 2
        assert [one.title for one in home.entry.subentries.values()] == ["2026-01-01"] * 2
        found = {one.subentry_type: one.data for one in home.entry.subentries.values()}
        assert found[SUBENTRY_FEED_IN]["feed_in"] == {"feed_in_price": 0.1}
        assert found[SUBENTRY_TARIFF]["electricity"] == {"grid_price": 0.3, "solar_price": 0.2}
        await assert_costs(home, plain_prices(home))

    async def test_moved_before_a_crash(self, home: Home) -> None:
        """That it was moved was not stored any more: it is not added again."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        fields = {"grid_price": 0.3, "solar_price": 0.2, "export_price": 0.1}
        add_tariff(home, tariff(site_id, "2026-01-01", **fields))
        add_tariff(home, feed_in(site_id, "2026-01-01", price=0.1))
        await self.update_from_first_release(home)
        assert home.entry.state is ConfigEntryState.LOADED
        kinds = sorted(one.subentry_type for one in home.entry.subentries.values())
        assert kinds == [SUBENTRY_FEED_IN, SUBENTRY_TARIFF]

    async def test_one_that_cannot_be_used(self, home: Home) -> None:
        """It keeps its price until somebody has corrected it."""
        await home.set_up()
        [site_id] = home.simulator.world.sites
        fields: dict[str, Any] = {"grid_price": 0.3, "solar_price": 0.2, "export_price": 0.1}
        add_tariff(home, tariff(site_id, "2026-01-01", **fields, weekday="22:30-6"))
        await self.update_from_first_release(home)
        [kept] = home.entry.subentries.values()
        assert kept.data["electricity"] == fields
