"""How a user adds a tariff, corrects it and deletes it."""

from dataclasses import replace
from datetime import timedelta
from math import inf, nan
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType, InvalidData, section
import pytest

from custom_components.climkit.const import CONF_HISTORY, SUBENTRY_FEED_IN, SUBENTRY_TARIFF
from custom_components.climkit.costs.tariff import Tariff
from custom_components.climkit.flows import FeedInFlow, TariffFlow
from custom_components.climkit.flows.prices import READY_WINDOWS, PriceSteps
from tests.conftest import NOW, Home
from tests.costs.bill import ZURICH, add_tariff, delete_tariff
from tests.simulator import DEFAULT_USERNAME, World, single_house, water_site

PRICES: dict[str, Any] = {
    "valid_from": "2026-01-01",
    "electricity": {"grid_price": 0.3, "solar_price": 0.2},
    "low_hours": {},
    "dynamic": {},
    "water_and_heat": {},
    "fees": {},
    "season": {},
}


WATER: dict[str, Any] = {"water_and_heat": {"cold_water_price": 2.0}}

SEASONS = (("1.4.", "30.9."), ("1.10.", "31.3."))
ODD_DAYS = ("0001-01-01", "0026-01-01", "1969-12-31", "2200-01-01", "9999-12-31")
NO_PRICE = {"electricity": "no_price"}


class Flow:
    """A user's way through the form of a tariff, or of a feed-in price."""

    def __init__(self, home: Home, kind: str = SUBENTRY_TARIFF) -> None:
        self.home = home
        self.kind = kind
        self.manager = home.hass.config_entries.subentries
        self.result: dict[str, Any] = {}

    async def add(self) -> dict[str, Any]:
        """Choose "Add tariff"."""
        self.result = await self.manager.async_init(
            (self.home.entry.entry_id, self.kind), context={"source": SOURCE_USER}
        )
        return self.result

    async def correct(self, subentry_id: str) -> dict[str, Any]:
        """Choose "Reconfigure" of a tariff."""
        self.result = await self.manager.async_init(
            (self.home.entry.entry_id, self.kind),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id},
        )
        return self.result

    async def answer(self, user_input: dict[str, Any]) -> dict[str, Any]:
        """Fill in the form."""
        self.result = await self.manager.async_configure(self.result["flow_id"], user_input)
        await self.home.hass.async_block_till_done()
        return self.result

    @property
    def suggested(self) -> dict[str, Any]:
        """What the form suggests, without empty fields."""
        return suggested(self.result["data_schema"].schema)

    @property
    def tariffs(self) -> list[dict[str, Any]]:
        """The tariffs that are stored."""
        return [dict(subentry.data) for subentry in self.home.entry.subentries.values()]

    @property
    def titles(self) -> list[str]:
        """What they are called."""
        return [subentry.title for subentry in self.home.entry.subentries.values()]


def suggested(schema: dict[Any, Any]) -> dict[str, Any]:
    """The suggested values of a form, by section."""
    values = {}
    for key, field in schema.items():
        if hasattr(field, "schema") and hasattr(field, "options"):
            values[str(key)] = suggested(field.schema.schema)
        elif key.description:
            values[str(key)] = key.description["suggested_value"]
    return values


@pytest.fixture
def world() -> World:
    """A small site."""
    return World.of(replace(single_house(1, NOW, timedelta(days=6)), faultless=True))


@pytest.fixture
async def flow(home: Home) -> Flow:
    """A user who looks at a loaded account."""
    await home.hass.config.async_update(currency="CHF")
    await home.set_up()
    return Flow(home)


def site_of(flow: Flow) -> str:
    """The id of the first site."""
    return next(iter(flow.home.simulator.world.sites))


def first_day(flow: Flow, site_id: str | None = None) -> str:
    """The local day on which the statistics of a site begin: it has existed since then."""
    created = flow.home.entry.runtime_data[site_id or site_of(flow)].site.created
    assert created
    return created.astimezone(ZURICH).date().isoformat()


class TestAdd:
    """A new tariff."""

    async def test_first(self, flow: Flow) -> None:
        """Of the only site, in Home Assistant's currency, from where its history begins."""
        result = await flow.add()
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "prices")
        assert result["description_placeholders"]["site"] == "Maison Rochat"
        assert flow.suggested["valid_from"] == first_day(flow)
        await flow.answer(PRICES)
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert flow.titles == ["2026 - Maison Rochat"]
        assert flow.tariffs == [{"site": site_of(flow), "currency": "CHF", **PRICES}]

    def test_units(self) -> None:
        """Each number is asked for in its own."""
        parts = (
            one for one in TariffFlow.schema("CHF").schema.values() if isinstance(one, section)
        )
        fields = {
            str(key): field.config for part in parts for key, field in part.schema.schema.items()
        }
        by_unit: dict[str | None, set[str]] = {}
        for key, config in fields.items():
            by_unit.setdefault(unit := config.get("unit_of_measurement"), set()).add(key)
            assert unit is None or config["step"] == "any", "prices have any number of decimals"
        del by_unit[None]
        told_by = TariffFlow.schema("CHF").schema["dynamic"].schema.schema["sensor"].config
        assert [one["unit_of_measurement"] for one in told_by["filter"]] == [["CHF/kWh"]]
        assert by_unit == {
            "CHF/kWh": {
                *("grid_price", "grid_price_low", "solar_price", "solar_price_low"),
                *("charge_point_price", "sensor_surcharge", "heating_price", "cooling_price"),
            },
            "CHF/m³": {"cold_water_price", "hot_water_price"},
            "CHF": {"site_fee", "meter_fee"},
            "CHF/kW": {"site_power_price", "meter_power_price"},
            "%": {"solar_share"},
        }

    @pytest.mark.parametrize(
        ("form", "seen"),
        [(TariffFlow, ["electricity", "low_hours"]), (FeedInFlow, ["feed_in"])],
    )
    def test_what_is_seen_at_once(self, form: type[PriceSteps], seen: list[str]) -> None:
        """The main prices; what few people need is folded."""
        fields = form.schema("CHF").schema.items()
        folded = {
            str(key): one.options["collapsed"] for key, one in fields if isinstance(one, section)
        }
        assert [key for key, is_folded in folded.items() if not is_folded] == seen

    async def test_everything(self, flow: Flow) -> None:
        """All fields; what is stored is what costs are computed with."""
        await flow.add()
        prices = {
            "valid_from": "2026-04-15",
            "electricity": {
                "grid_price": 0.3,
                "grid_price_low": 0.2,
                "solar_price": 0.15,
                "solar_price_low": 0.1,
                "charge_point_price": 0.4,
            },
            "low_hours": {"weekday": "12-17, 23-07", "saturday": "0-24", "sunday": "0-24"},
            "water_and_heat": {
                "cold_water_price": 2.1,
                "hot_water_price": 9.0,
                "heating_price": 0.1,
                "cooling_price": 0.12,
            },
            "fees": {
                "site_fee": 100.0,
                "meter_fee": 4.5,
                "fees_by_hour": True,
                "site_power_price": 5.2,
                "meter_power_price": 3.1,
            },
        }
        await flow.answer(prices)
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert flow.titles == ["2026-04-15 - Maison Rochat"]
        [stored] = flow.tariffs
        assert {key: stored[key] for key in prices} == prices
        assert len(Tariff.from_data(stored).rates) == 7

    async def test_next_year(self, flow: Flow) -> None:
        """It suggests the prices of before, from the next January on."""
        await flow.add()
        await flow.answer(PRICES | {"fees": {"site_fee": 5.0}})
        await flow.home.hass.config.async_update(currency="EUR")
        await flow.add()
        assert flow.suggested == PRICES | {"fees": {"site_fee": 5.0}, "valid_from": "2027-01-01"}
        await flow.answer(flow.suggested)
        assert flow.titles == ["2026 - Maison Rochat", "2027 - Maison Rochat"]
        assert {tariff["currency"] for tariff in flow.tariffs} == {"CHF"}

    async def test_year_after_next(self, flow: Flow) -> None:
        """Of several tariffs it suggests the prices of the newest one, whichever was added last."""
        for year, fee in ((2027, 7.0), (2026, 6.0)):
            await flow.add()
            await flow.answer(PRICES | {"valid_from": f"{year}-01-01", "fees": {"site_fee": fee}})
        await flow.add()
        assert flow.suggested == PRICES | {"fees": {"site_fee": 7.0}, "valid_from": "2028-01-01"}

    async def test_first_of_a_chosen_history(self, flow: Flow) -> None:
        """There is nothing to price before the day from which on history is wanted."""
        await flow.home.choose(**{CONF_HISTORY: "2026-11-18"})
        await flow.add()
        assert flow.suggested["valid_from"] == "2026-11-18"

    async def test_next_year_after_a_pause(self, flow: Flow) -> None:
        """Who entered none for years is not led back to one that is over."""
        await flow.add()
        await flow.answer(PRICES | {"valid_from": "2021-07-01"})
        assert flow.titles == ["2021-07-01 - Maison Rochat"]
        await flow.add()
        assert flow.suggested["valid_from"] == "2027-01-01"

    async def test_all_solar_energy_at_the_price_of_the_grid(self, flow: Flow) -> None:
        """A share of 100 % is one."""
        await flow.add()
        await flow.answer(PRICES | {"electricity": {"grid_price": 0.3, "solar_share": 100}})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY

    @pytest.mark.parametrize(
        ("changes", "errors"),
        [
            ({"electricity": {"grid_price": 0.3}}, {"electricity": "solar_price_needed"}),
            ({"electricity": {"solar_price": 0.3}}, {"electricity": "grid_price_needed"}),
            (
                {"electricity": {"grid_price_low": 0.2, "solar_price": 0.2}},
                {"electricity": "grid_price_needed", "low_hours": "low_hours_needed"},
            ),
            (
                {"electricity": {"grid_price": 0.2, "solar_price_low": 0.2}},
                {"electricity": "solar_price_needed", "low_hours": "low_hours_needed"},
            ),
            (
                {"electricity": {"grid_price": 0.3, "grid_price_low": 0.2, "solar_price": 0}},
                {"low_hours": "low_hours_needed"},
            ),
            ({"low_hours": {"saturday": "0-24"}}, {"electricity": "low_price_needed"}),
            ({"electricity": {}, "fees": {"site_fee": 3.0}}, {"base": "nothing_priced"}),
            ({"low_hours": {"weekday": "22:30-6"}}, {"low_hours": "hours_not_full"}),
            ({"low_hours": {"saturday": "all day"}}, {"low_hours": "hours_unreadable"}),
            ({"low_hours": {"sunday": "0-25"}}, {"low_hours": "hours_out_of_range"}),
            ({"low_hours": {"sunday": "5-5"}}, {"low_hours": "hours_without_length"}),
            *(({"valid_from": day}, {"valid_from": "odd_year"}) for day in ODD_DAYS),
            *(
                ({"electricity": {"grid_price": price, "solar_price": 0}}, NO_PRICE)
                for price in (inf, -inf, 1e300, -1_000_001)
            ),
            ({"electricity": {"solar_price": inf}}, NO_PRICE),
            (
                {"electricity": PRICES["electricity"] | {"solar_share": 80}},
                {"electricity": "solar_price_twice"},
            ),
            (
                {
                    "electricity": {"grid_price": 0.3, "solar_price_low": 0.1, "solar_share": 80},
                    "low_hours": {"sunday": "0-24"},
                },
                {"electricity": "solar_price_twice"},
            ),
            ({"electricity": {"solar_share": 80}}, {"electricity": "grid_price_needed"}),
            (
                {"electricity": {"grid_price": 0.3, "solar_share": 8000}},
                {"electricity": "share_too_large"},
            ),
            ({"season": {"season_from": "1.4."}}, {"season": "season_needs_both"}),
            *(
                (
                    {"season": {"season_from": day, "season_to": "30.9."}},
                    {"season": "season_unreadable"},
                )
                for day in ("31.4.", "1.13.", "0.4.", "April", "1", "2026-04-01")
            ),
            ({"water_and_heat": {"heating_price": inf}}, {"water_and_heat": "no_price"}),
            ({"fees": {"site_fee": inf, "meter_fee": -1}}, {"fees": "no_price"}),
            ({"fees": {"meter_fee": -0.5}}, {"fees": "price_below_zero"}),
            ({"fees": {"site_power_price": -5.0}}, {"fees": "price_below_zero"}),
            ({"fees": {"meter_fee": -0.5, "fees_by_hour": True}}, {"fees": "price_below_zero"}),
            (
                {"electricity": {"charge_point_price": 0.3}, "fees": {"fees_by_hour": True}},
                {"fees": "fees_need_grid_price"},
            ),
            ({"water_and_heat": {"hot_water_price": -2}}, {"water_and_heat": "price_below_zero"}),
            (
                {"electricity": {"grid_price": 0.3, "solar_price": -0.1}},
                {"electricity": "price_below_zero"},
            ),
            (
                {"electricity": {"grid_price": 0.3}, "low_hours": {"sunday": "5"}},
                {"electricity": "solar_price_needed", "low_hours": "hours_unreadable"},
            ),
        ],
    )
    async def test_refused(
        self, flow: Flow, changes: dict[str, Any], errors: dict[str, str]
    ) -> None:
        """The form says what is wrong, where, and keeps what was entered."""
        await flow.add()
        await flow.answer(PRICES | changes)
        assert flow.result["errors"] == errors
        assert flow.suggested == PRICES | changes
        if errors.get("low_hours", "").startswith("hours_"):
            [text] = changes["low_hours"].values()
            assert flow.result["description_placeholders"]["window"] == text
        await flow.answer(PRICES)
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY

    async def test_day_without_zeros(self, flow: Flow) -> None:
        """The selector takes it; it is the same day, also when another one is added."""
        await flow.add()
        await flow.answer(PRICES | {"valid_from": "2026-9-1"})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert [one["valid_from"] for one in flow.tariffs] == ["2026-09-01"]
        await flow.add()
        await flow.answer(PRICES | {"valid_from": "2026-09-1"})
        assert flow.result["errors"] == {"valid_from": "same_day"}

    @pytest.mark.parametrize("price", [nan, "nan", "inf", "-Infinity", 10**400])
    async def test_no_number(self, flow: Flow, price: Any) -> None:
        """Whoever calls the flow's API can send what no form would."""
        await flow.add()
        prices = {"electricity": {"grid_price": 0.3, "solar_price": price}}
        try:
            await flow.answer(PRICES | prices)
        except InvalidData:
            assert price == 10**400
        else:
            assert flow.result["errors"] == NO_PRICE
        assert not flow.tariffs

    async def test_same_day(self, flow: Flow) -> None:
        """Two tariffs of a site cannot begin on the same day."""
        await flow.add()
        await flow.answer(PRICES)
        await flow.add()
        await flow.answer(PRICES)
        assert flow.result["errors"] == {"valid_from": "same_day"}
        await flow.answer(PRICES | {"valid_from": "2026-01-02"})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert flow.titles == ["2026 - Maison Rochat", "2026-01-02 - Maison Rochat"]

    async def test_parts_of_the_year(self, flow: Flow) -> None:
        """Several tariffs begin on one day, as long as no day has two of the same kind."""
        summer, winter = ({"season_from": a, "season_to": b} for a, b in SEASONS)
        for season in ({}, summer, winter):
            await flow.add()
            await flow.answer(PRICES | {"season": season})
            assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert flow.titles[1] == "2026, 1.4.\u201330.9. - Maison Rochat"
        for season in ({}, summer, {"season_from": "30.9.", "season_to": "1.10."}):
            await flow.add()
            await flow.answer(PRICES | {"season": season})
            assert flow.result["errors"] == {"valid_from": "same_day"}

    @pytest.mark.parametrize("utility", READY_WINDOWS)
    async def test_hours_of_a_utility(self, flow: Flow, utility: str) -> None:
        """Chosen from a list; what is stored are its hours, as if they had been entered."""
        prices = PRICES | {"electricity": PRICES["electricity"] | {"grid_price_low": 0.2}}
        await flow.add()
        await flow.answer(prices | {"low_hours": {"windows": utility, "weekday": "1-2"}})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        [stored] = flow.tariffs
        days = dict(zip(("weekday", "saturday", "sunday"), READY_WINDOWS[utility], strict=True))
        assert stored["low_hours"] == days
        assert Tariff.from_data(stored).low_hours

    async def test_unlikely_price(self, flow: Flow) -> None:
        """Somebody entered Rappen: asked once, then it is the user's."""
        await flow.add()
        prices = PRICES | {"electricity": {"grid_price": 27.7, "solar_share": 80}}
        await flow.answer(prices)
        assert flow.result["errors"] == {"electricity": "unlikely_price"}
        assert flow.result["description_placeholders"]["price"] == "27.7 CHF/kWh"
        other = PRICES | {"electricity": {"grid_price": 27.8, "solar_share": 80}}
        await flow.answer(other)
        assert flow.result["errors"] == {"electricity": "unlikely_price"}
        await flow.answer(other)
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY

    async def test_unlikely_price_in_french(self, flow: Flow) -> None:
        """The price that is asked about is written as people write it."""
        flow.home.hass.config.language = "fr"
        await flow.add()
        await flow.answer(PRICES | {"electricity": {"grid_price": 27.7, "solar_share": 80}})
        assert flow.result["description_placeholders"]["price"] == "27,7 CHF/kWh"

    @pytest.mark.parametrize(("currency", "is_doubted"), [("EUR", True), ("JPY", False)])
    async def test_unlikely_price_of_a_currency(
        self, flow: Flow, currency: str, is_doubted: bool
    ) -> None:
        """Cents are told from euros; what a kWh costs elsewhere nobody here knows."""
        await flow.home.hass.config.async_update(currency=currency)
        await flow.add()
        await flow.answer(PRICES | {"electricity": {"grid_price": 27.7, "solar_price": 20.0}})
        assert (flow.result.get("errors") == {"electricity": "unlikely_price"}) is is_doubted
        assert bool(flow.tariffs) is not is_doubted

    async def test_two_forms_at_once(self, flow: Flow) -> None:
        """The faster one wins."""
        other = Flow(flow.home)
        await flow.add()
        await other.add()
        await flow.answer(PRICES)
        await other.answer(PRICES)
        assert other.result["errors"] == {"valid_from": "same_day"}

    async def test_not_loaded(self, flow: Flow) -> None:
        """Without the account nobody knows which sites there are."""
        await flow.home.hass.config_entries.async_unload(flow.home.entry.entry_id)
        await flow.add()
        assert flow.result["reason"] == "not_loaded"

    async def test_unloaded_meanwhile(self, flow: Flow) -> None:
        """While somebody fills in the form."""
        await flow.add()
        await flow.home.hass.config_entries.async_unload(flow.home.entry.entry_id)
        await flow.answer(PRICES)
        assert flow.result["reason"] == "not_loaded"
        assert not flow.tariffs


class TestSeveralSites:
    """An account with several sites."""

    @pytest.fixture
    def world(self) -> World:
        """A house, and a site without electricity."""
        built = (build(1, NOW, timedelta(days=4)) for build in (single_house, water_site))
        return World.of(*(replace(site, faultless=True) for site in built))

    async def test_choice(self, flow: Flow) -> None:
        """Each tariff is of one site; the other one's do not matter."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        assert flow.result["step_id"] == "user"
        await flow.answer({"site": house})
        await flow.answer(PRICES)
        await flow.add()
        await flow.answer({"site": camping})
        assert flow.suggested["valid_from"] == first_day(flow, camping)
        await flow.answer(PRICES | {"electricity": {}, "water_and_heat": {"cold_water_price": 2.0}})
        assert flow.titles == ["2026 - Maison Rochat", "2026 - Camping du Lac"]
        runtime = flow.home.entry.runtime_data
        assert runtime[house].costs.plan.owner_ids
        assert camping in runtime[camping].costs.plan.owner_ids

    async def test_copies(self, flow: Flow) -> None:
        """The same prices for another site, as a tariff of its own."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        await flow.answer({"site": house})
        await flow.answer(PRICES | WATER | {"copy": {"sites": [camping]}})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        stored = {one["site"]: one for one in flow.tariffs}
        assert stored[house] == {"site": house, "currency": "CHF", **PRICES, **WATER}
        assert stored[camping] == stored[house] | {"site": camping}
        assert sorted(flow.titles) == ["2026 - Camping du Lac", "2026 - Maison Rochat"]
        ids = {one.unique_id for one in flow.home.entry.subentries.values()}
        assert ids == {f"{house}_2026-01-01", f"{camping}_2026-01-01"}
        await flow.home.complete()
        for site_id, runtime in flow.home.entry.runtime_data.items():
            assert site_id in runtime.costs.plan.owner_ids

    async def test_copies_named_twice(self, flow: Flow) -> None:
        """A list that a program sends may name a site twice: it gets one, and so does the own."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        await flow.answer({"site": house})
        await flow.answer(PRICES | WATER | {"copy": {"sites": [camping, camping]}})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert sorted(one["site"] for one in flow.tariffs) == sorted((house, camping))

    async def test_copies_of_a_corrected_one(self, flow: Flow) -> None:
        """It is corrected and copied in one step."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        await flow.answer({"site": house})
        await flow.answer(PRICES)
        [subentry_id] = flow.home.entry.subentries
        await flow.correct(subentry_id)
        assert flow.suggested == PRICES | {"copy": {}}
        await flow.answer(PRICES | WATER | {"copy": {"sites": [camping]}})
        assert flow.result["reason"] == "reconfigure_successful"
        for one in flow.tariffs:
            assert one["water_and_heat"] == WATER["water_and_heat"]
            assert "copy" not in one
        assert {one["site"] for one in flow.tariffs} == {house, camping}

    async def test_copies_for_a_site_that_went(self, flow: Flow) -> None:
        """Climkit stopped listing it while the form was open: nothing is stored, for no site."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        await flow.answer({"site": house})
        flow.home.simulator.switches.sites = {DEFAULT_USERNAME: [house]}
        await flow.home.restart()
        await flow.answer(PRICES | WATER | {"copy": {"sites": [camping]}})
        assert flow.result["reason"] == "not_loaded"
        assert not flow.tariffs

    async def test_nothing_is_overwritten(self, flow: Flow) -> None:
        """A site with a tariff from that day is named, and nothing is stored; then it is."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        await flow.answer({"site": camping})
        await flow.answer(PRICES | WATER)
        before = flow.tariffs
        await flow.add()
        await flow.answer({"site": house})
        chosen = PRICES | {"copy": {"sites": [camping]}}
        await flow.answer(chosen)
        assert flow.result["errors"] == {"copy": "copy_same_day"}
        assert flow.result["description_placeholders"]["sites"] == "Camping du Lac"
        assert flow.suggested == chosen
        assert flow.tariffs == before
        await flow.answer(chosen | {"valid_from": "2026-02-01"})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert len(flow.tariffs) == 3

    async def test_seasons_of_a_day(self, flow: Flow) -> None:
        """Other parts of the year may begin on the same day there."""
        house, camping = flow.home.simulator.world.sites
        seasons = [{"season_from": first, "season_to": last} for first, last in SEASONS]
        await flow.add()
        await flow.answer({"site": camping})
        await flow.answer(PRICES | {"season": seasons[0]})
        for season, errors in ((seasons[0], {"copy": "copy_same_day"}), (seasons[1], None)):
            await flow.add()
            await flow.answer({"site": house})
            await flow.answer(PRICES | {"season": season, "copy": {"sites": [camping]}})
            assert (flow.result.get("errors") or None) == errors
        assert len(flow.tariffs) == 3

    async def test_another_currency(self, flow: Flow) -> None:
        """All tariffs of one site have one currency."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        await flow.answer({"site": camping})
        await flow.answer(PRICES)
        await flow.home.hass.config.async_update(currency="EUR")
        await flow.add()
        await flow.answer({"site": house})
        chosen = PRICES | {"valid_from": "2026-03-01", "copy": {"sites": [camping]}}
        await flow.answer(chosen)
        assert flow.result["errors"] == {"copy": "copy_currency"}
        assert flow.result["description_placeholders"]["sites"] == "Camping du Lac"
        await flow.answer(chosen | {"copy": {}})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert [one["currency"] for one in flow.tariffs] == ["CHF", "EUR"]

    async def test_feed_in(self, flow: Flow) -> None:
        """What is paid for exports can be copied too; a tariff of that day does not matter."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        await flow.answer({"site": camping})
        await flow.answer(PRICES)
        feed_in = Flow(flow.home, SUBENTRY_FEED_IN)
        await feed_in.add()
        await feed_in.answer({"site": house})
        await feed_in.answer(
            {
                "valid_from": "2026-01-01",
                "feed_in": {"feed_in_price": 0.1},
                "copy": {"sites": [camping]},
            }
        )
        assert feed_in.result["type"] is FlowResultType.CREATE_ENTRY
        stored = [one.data for one in flow.home.entry.subentries.values()]
        paid = {one["site"]: one["feed_in"] for one in stored if "feed_in" in one}
        assert paid == {house: {"feed_in_price": 0.1}, camping: {"feed_in_price": 0.1}}
        kinds = sorted(one.subentry_type for one in flow.home.entry.subentries.values())
        assert kinds == [SUBENTRY_FEED_IN, SUBENTRY_FEED_IN, SUBENTRY_TARIFF]

    async def test_site_that_cannot_be_read(self, flow: Flow) -> None:
        """Its tariffs cannot be corrected now."""
        house, camping = flow.home.simulator.world.sites
        await flow.add()
        await flow.answer({"site": house})
        await flow.answer(PRICES)
        flow.home.simulator.switches.sites = {DEFAULT_USERNAME: [camping]}
        await flow.home.restart()
        [subentry_id] = flow.home.entry.subentries
        await flow.correct(subentry_id)
        assert flow.result["reason"] == "not_loaded"


class TestCorrect:
    """A tariff that was wrong."""

    async def test_correct(self, flow: Flow) -> None:
        """Prices and first day; nothing is reloaded."""
        await flow.add()
        await flow.answer(PRICES)
        coordinator = flow.home.sites[0].coordinator
        [subentry_id] = flow.home.entry.subentries
        await flow.correct(subentry_id)
        assert flow.result["step_id"] == "prices"
        assert flow.suggested == PRICES
        corrected = PRICES | {
            "valid_from": "2026-02-01",
            "electricity": {"grid_price": 0.4, "solar_price": 0.2},
        }
        await flow.answer(corrected)
        assert flow.result["reason"] == "reconfigure_successful"
        assert flow.tariffs == [{"site": site_of(flow), "currency": "CHF", **corrected}]
        assert flow.titles == ["2026-02-01 - Maison Rochat"]
        assert flow.home.sites[0].coordinator is coordinator

    async def test_currency(self, flow: Flow) -> None:
        """The only tariff takes over Home Assistant's, so a wrong one can be corrected."""
        await flow.home.hass.config.async_update(currency="EUR")
        await flow.add()
        await flow.answer(PRICES)
        await flow.home.hass.config.async_update(currency="CHF")
        [subentry_id] = flow.home.entry.subentries
        await flow.correct(subentry_id)
        await flow.answer(flow.suggested)
        assert [tariff["currency"] for tariff in flow.tariffs] == ["CHF"]

    async def test_same_day(self, flow: Flow) -> None:
        """Not the first day of another one."""
        for day in ("2026-01-01", "2027-01-01"):
            await flow.add()
            await flow.answer(PRICES | {"valid_from": day})
        first, _ = flow.home.entry.subentries
        await flow.correct(first)
        await flow.answer(PRICES | {"valid_from": "2027-01-01"})
        assert flow.result["errors"] == {"valid_from": "same_day"}

    async def test_an_unusable_one(self, flow: Flow) -> None:
        """What an earlier version let pass can be corrected, and is not suggested for others."""
        bad = PRICES | {"valid_from": "9999-12-31", "fees": {"site_fee": nan}}
        subentry_id = add_tariff(flow.home, {"site": site_of(flow), "currency": "CHF", **bad})
        await flow.add()
        assert flow.suggested["valid_from"] == first_day(flow)
        assert not flow.suggested["electricity"]
        await flow.correct(subentry_id)
        assert flow.suggested["valid_from"] == "9999-12-31"
        await flow.answer(bad)
        assert flow.result["errors"] == {"valid_from": "odd_year", "fees": "no_price"}
        await flow.answer(PRICES)
        assert flow.result["reason"] == "reconfigure_successful"

    @pytest.mark.parametrize("season", [None, {"season_from": "1.4."}])
    async def test_season_that_cannot_be_read(self, flow: Flow, season: Any) -> None:
        """Nobody knows what such a tariff holds for: another one from its day has to wait."""
        odd = PRICES | {"season": season}
        add_tariff(flow.home, {"site": site_of(flow), "currency": "CHF", **odd})
        await flow.add()
        await flow.answer(PRICES)
        assert flow.result["errors"] == {"valid_from": "same_day"}
        await flow.answer(PRICES | {"valid_from": "2026-01-02"})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY

    async def test_deleted_meanwhile(self, flow: Flow) -> None:
        """In another window, while the form is open."""
        await flow.add()
        await flow.answer(PRICES)
        [subentry_id] = flow.home.entry.subentries
        await flow.correct(subentry_id)
        delete_tariff(flow.home, subentry_id)
        await flow.answer(PRICES)
        assert flow.result["reason"] == "deleted_meanwhile"
        assert not flow.tariffs

    async def test_moved_day(self, flow: Flow) -> None:
        """The old day is free for another one, the new one is not."""
        await flow.add()
        await flow.answer(PRICES)
        [subentry_id] = flow.home.entry.subentries
        await flow.correct(subentry_id)
        await flow.answer(PRICES | {"valid_from": "2026-03-01"})
        await flow.add()
        await flow.answer(PRICES)
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert [tariff["valid_from"] for tariff in flow.tariffs] == ["2026-03-01", "2026-01-01"]
        ids = {one.unique_id for one in flow.home.entry.subentries.values()}
        assert ids == {f"{site_of(flow)}_2026-03-01", f"{site_of(flow)}_2026-01-01"}

    async def test_not_loaded(self, flow: Flow) -> None:
        """As when adding."""
        await flow.add()
        await flow.answer(PRICES)
        [subentry_id] = flow.home.entry.subentries
        await flow.home.hass.config_entries.async_unload(flow.home.entry.entry_id)
        await flow.correct(subentry_id)
        assert flow.result["reason"] == "not_loaded"
