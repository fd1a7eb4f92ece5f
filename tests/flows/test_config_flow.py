"""How a user adds an account."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL, UrlManager
from homeassistant.components.lovelace import LovelaceData
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceYAMLCollection
from homeassistant.config_entries import ConfigEntryState, FlowType
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.climkit import config_flow
from custom_components.climkit.const import (
    CONF_ADVANCED,
    CONF_ALL_METERS,
    CONF_DASHBOARD,
    CONF_DATE,
    CONF_ENERGY,
    CONF_FLAT,
    CONF_HISTORY,
    CONF_METERS,
    CONF_OTHER_METERS,
    CONF_SENSORS,
    CONF_SITE_TOTALS,
    CONF_SITES,
    CONF_TARIFF,
    CONF_VIEW,
    DOMAIN,
    HISTORY_DATE,
    HISTORY_EVERYTHING,
    HISTORY_NOW,
    SUBENTRY_TARIFF,
    VIEW_BUILDING,
    VIEW_FLAT,
    VIEW_METERS,
)
from custom_components.climkit.flows import selection, view
from custom_components.climkit.runtime import SiteRuntime
from custom_components.climkit.statistics.recorder import RecorderEndedError
from tests.conftest import NOW, Home
from tests.flows.way import BUILDING, Flow, apartment_meters, credentials, labels
from tests.project.test_translations import placeholders as placeholders_in, read as texts
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Building,
    Fault,
    FaultKind,
    World,
    big_site,
    water_site,
)

pytestmark = pytest.mark.default_entities


class TestAdd:
    """A new account."""

    async def test_everything(self, home: Home, flow: Flow) -> None:
        """Several sites with many meters: all forms, all suggestions taken."""
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["step_id"] == "sites"
        assert set(flow.suggested[CONF_SITES]) == set(home.simulator.world.sites)
        await flow.answer(flow.suggested)
        assert flow.result["menu_options"] == [VIEW_FLAT, VIEW_BUILDING, VIEW_METERS]
        await flow.choose(VIEW_BUILDING)
        assert flow.suggested == {CONF_SENSORS: True}
        await flow.answer(flow.suggested)
        assert flow.result["step_id"] == "history"
        assert flow.suggested[CONF_HISTORY] == HISTORY_EVERYTHING
        placeholders = flow.result["description_placeholders"]
        without, with_costs = (
            int(placeholders[f"everything_{key}"]) for key in ("megabytes", "megabytes_with_costs")
        )
        assert 0 < without < with_costs < 2 * without
        for section in ("config", "options"):
            text = texts("en")[f"{section}.step.history.description"]
            assert placeholders_in(text) == placeholders.keys()
        await flow.answer({CONF_HISTORY: HISTORY_EVERYTHING})
        assert flow.result["step_id"] == "set_up"
        await flow.answer({CONF_TARIFF: False})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert flow.result["title"] == "Les Tilleuls, Maison Rochat, Camping du Lac"
        assert flow.result["data"] == {
            CONF_USERNAME: DEFAULT_USERNAME,
            CONF_PASSWORD: DEFAULT_PASSWORD,
            CONF_URL: home.simulator.url,
        }
        assert flow.result["options"] == BUILDING
        await home.hass.async_block_till_done()
        await home.until(lambda: any(site.sensors.data for site in loaded_sites(home)))

    async def test_duration_is_this_recorders(
        self, home: Home, flow: Flow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A slow one takes longer; of one that has ended only Climkit's part is told."""

        async def ended(_hass: HomeAssistant) -> float:
            raise RecorderEndedError("The recorder has ended")

        async def slow(_hass: HomeAssistant) -> float:
            return 0.1

        async def duration(lookup: Callable[[HomeAssistant], Awaitable[float]]) -> str:
            monkeypatch.setattr(selection, "async_lookup_seconds", lookup)
            await flow.answer({CONF_HISTORY: HISTORY_DATE})  # a form again: there is no date
            return str(flow.result["description_placeholders"]["everything_time"])

        await flow.answer(credentials(home.simulator.url))
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_BUILDING)
        await flow.answer(flow.suggested)
        assert (await duration(slow)).endswith(" h")
        assert (await duration(ended)).endswith(" s")

    async def test_two_sites_of_one_name(self, home: Home, flow: Flow) -> None:
        """Where they stand tells them apart, for their meters too."""
        sites = home.simulator.world.sites
        for site_id, city in zip(list(sites)[:2], ("Bern", "Thun"), strict=True):
            house = sites[site_id]
            assert isinstance(house, Building)
            info = {**house.site_info, "name": "Mill", "address": {"city": city}}
            sites[site_id] = replace(house, site_info=info)
        await flow.answer(credentials(home.simulator.url))
        found = list(labels(flow, CONF_SITES).values())
        assert found == ["Camping du Lac", "Mill (Bern)", "Mill (Thun)"]
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_METERS)
        found = list(labels(flow, CONF_METERS).values())
        assert len(set(found)) == len(found)
        assert {label.partition(" - ")[0] for label in found} == {
            "Camping du Lac",
            "Mill (Bern)",
            "Mill (Thun)",
        }

    async def test_flat(self, home: Home, flow: Flow) -> None:
        """A tenant sees the own consumer, and the water meter that belongs to it."""
        apartments, meters = apartment_meters(home)
        await flow.answer(credentials(home.simulator.url))
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        assert flow.suggested == {}
        assert "Les Tilleuls - Flat 1" in labels(flow, CONF_FLAT).values()
        assert any("Charge point" in label for label in labels(flow, CONF_FLAT).values())
        assert not any("PV" in label for label in labels(flow, CONF_FLAT).values())
        assert not labels(flow, CONF_FLAT).keys() & labels(flow, CONF_OTHER_METERS).keys()
        water = next(key for key in labels(flow, CONF_OTHER_METERS) if key in meters.values())
        # The frontend would choose the first of them, somebody else's, if it were required.
        await flow.answer({CONF_OTHER_METERS: [water]})
        assert flow.result["errors"] == {CONF_FLAT: "flat_needed"}
        assert flow.suggested == {CONF_OTHER_METERS: [water]}
        await flow.answer({CONF_FLAT: meters["Flat 1"], CONF_OTHER_METERS: [water]})
        await flow.answer({CONF_HISTORY: HISTORY_NOW})
        await flow.answer({CONF_TARIFF: False})
        assert flow.result["title"] == "Flat 1, Les Tilleuls"
        assert flow.result["options"] == {
            CONF_VIEW: VIEW_FLAT,
            CONF_SITES: [apartments],
            CONF_METERS: [meters["Flat 1"], water],
            CONF_SITE_TOTALS: False,
            CONF_SENSORS: False,
            CONF_HISTORY: "2026-11-20",
            CONF_DASHBOARD: False,
        }
        await home.hass.async_block_till_done()
        [runtime] = loaded_sites(home)
        owners = {one.meter_id for one in runtime.series.values()}
        assert owners == {meters["Flat 1"], water}
        await home.turn_clock(minutes=15)
        asked = {request.path for request in home.simulator.requests}
        assert not any("sensor_data" in path for path in asked)
        assert home.hass.states.async_entity_ids_count("sensor") < 30

    async def test_meters_of_another_site(self, home: Home, flow: Flow) -> None:
        """A flat's water is in its own house."""
        _, meters = apartment_meters(home)
        await flow.answer(credentials(home.simulator.url))
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        elsewhere = next(
            key for key in labels(flow, CONF_OTHER_METERS) if key not in meters.values()
        )
        await flow.answer({CONF_FLAT: meters["Flat 1"], CONF_OTHER_METERS: [elsewhere]})
        assert flow.result["errors"] == {CONF_OTHER_METERS: "meters_of_another_site"}
        assert flow.suggested[CONF_FLAT] == meters["Flat 1"]

    async def test_chosen_meters(self, home: Home, flow: Flow) -> None:
        """None is chosen at first, and a list is stored as a list: it never grows."""
        apartments, meters = apartment_meters(home)
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [apartments]})
        await flow.choose(VIEW_METERS)
        assert flow.suggested == {
            CONF_ALL_METERS: False,
            CONF_METERS: [],
            CONF_SITE_TOTALS: True,
            CONF_SENSORS: False,
        }
        chosen = {CONF_METERS: [meters["Flat 1"]], CONF_SITE_TOTALS: False}
        await flow.answer({CONF_ALL_METERS: False, CONF_SENSORS: False, **chosen})
        await flow.answer({CONF_HISTORY: HISTORY_DATE, CONF_DATE: "2026-11-19"})
        await flow.answer({CONF_TARIFF: False})
        assert flow.result["title"] == "Les Tilleuls"
        assert flow.result["options"] == {
            CONF_VIEW: VIEW_METERS,
            CONF_SITES: [apartments],
            **chosen,
            CONF_SENSORS: False,
            CONF_HISTORY: "2026-11-19",
            CONF_DASHBOARD: False,
        }
        await home.hass.async_block_till_done()
        [runtime] = loaded_sites(home)
        series = runtime.series
        assert {one.meter_id for one in series.values()} == {meters["Flat 1"]}

    @pytest.mark.parametrize("enough", [CONF_ALL_METERS, CONF_SITE_TOTALS])
    async def test_nothing_chosen(self, home: Home, flow: Flow, enough: str) -> None:
        """Something has to be chosen, be it what sites use alone; then it goes on."""
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: []})
        assert flow.result["errors"] == {CONF_SITES: "nothing_chosen"}
        await flow.answer({CONF_SITES: list(home.simulator.world.sites)})
        await flow.choose(VIEW_METERS)
        nothing = {CONF_ALL_METERS: False, CONF_SITE_TOTALS: False, CONF_SENSORS: False}
        await flow.answer(nothing)
        assert flow.result["errors"] == {"base": "nothing_chosen"}
        await flow.answer(nothing | {enough: True})
        assert flow.result["step_id"] == "history"

    @pytest.mark.parametrize(("number", "many"), [(0, 100), (1, 2)])
    async def test_what_is_no_small_house(
        self, home: Home, flow: Flow, monkeypatch: pytest.MonkeyPatch, number: int, many: int
    ) -> None:
        """Who has several flats is asked, and who has one, but many meters."""
        monkeypatch.setattr(view, "MANY_METERS", many)
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [list(home.simulator.world.sites)[number]]})
        assert flow.result["type"] is FlowResultType.MENU

    async def test_tariff_is_next(self, home: Home, flow: Flow) -> None:
        """Who wants to enter prices gets the form, with the account already there."""
        house = list(home.simulator.world.sites)[1]
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [house]})
        await flow.answer(flow.suggested)
        await flow.answer({CONF_TARIFF: True})
        kind, flow_id = flow.result["next_flow"]
        assert kind == FlowType.CONFIG_SUBENTRIES_FLOW
        form = home.hass.config_entries.subentries.async_get(flow_id)
        assert form["handler"] == (flow.result["result"].entry_id, SUBENTRY_TARIFF)
        await home.hass.async_block_till_done()

    async def test_energy_dashboard(self, home: Home, flow: Flow) -> None:
        """It shows the flat and its water as soon as the statistics are there; no heat."""
        await async_setup_component(home.hass, "energy", {})
        _, meters = apartment_meters(home)
        await flow.answer(credentials(home.simulator.url))
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        others = [meters[f"{kind} flat 1"] for kind in ("Cold water", "Heating")]
        await flow.answer({CONF_FLAT: meters["Flat 1"], CONF_OTHER_METERS: others})
        await flow.answer(flow.suggested)
        assert offered(flow) == {CONF_ENERGY: True, CONF_TARIFF: False}
        await flow.answer(offered(flow))
        assert "(/energy)" in flow.result["description_placeholders"]["done"]
        [home.entry] = home.hass.config_entries.async_entries(DOMAIN)
        manager = await async_get_manager(home.hass)
        assert manager.data is None
        [runtime] = home.sites
        while runtime.record.dashboard_request:
            await home.turn_clock(minutes=1)
        assert manager.data is not None
        sources = {source["type"] for source in manager.data["energy_sources"]}
        assert sources == {"grid", "solar", "water"}

    async def test_dashboards_of_the_building(self, home: Home, flow: Flow) -> None:
        """Both are suggested, and where to find them is said at the end."""
        home.hass.config.components.add("frontend")
        home.hass.data[DATA_EXTRA_MODULE_URL] = UrlManager(lambda *_: None, [])
        home.hass.data[LOVELACE_DATA] = LovelaceData("yaml", {}, ResourceYAMLCollection([]), {})
        await async_setup_component(home.hass, "energy", {})
        house = list(home.simulator.world.sites)[1]
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [house]})
        await flow.answer(flow.suggested)
        assert offered(flow) == {CONF_ENERGY: True, CONF_DASHBOARD: True, CONF_TARIFF: False}
        await flow.answer(offered(flow))
        assert flow.result["description_placeholders"]["done"].split("\n") == [
            "- [Energy dashboard, filled within ten minutes](/energy)",
            "- [Climkit dashboard](/climkit-open)",
        ]
        [runtime] = loaded_sites(home)
        while runtime.record.dashboard_request:
            await home.turn_clock(minutes=1)
        assert f"climkit:{house}_electricity_from_ext" in str(
            (await async_get_manager(home.hass)).data
        )

    async def test_trouble_at_the_end(self, home: Home, flow: Flow) -> None:
        """The account is there, but nobody is told of a dashboard, or asked for prices."""
        await async_setup_component(home.hass, "energy", {})
        house = list(home.simulator.world.sites)[1]
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [house]})
        await flow.answer(flow.suggested)
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        await flow.answer({CONF_ENERGY: True, CONF_TARIFF: True})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert flow.result["result"].state is ConfigEntryState.SETUP_RETRY
        assert flow.result["description_placeholders"] == {"done": ""}
        assert "next_flow" not in flow.result

    @pytest.mark.parametrize(
        ("url", "error", "is_open"),
        [
            ("http://127.0.0.1:9/api/v1", "cannot_connect", True),
            ("http://192.168.1.2/api/v1", "invalid_url", True),
        ],
    )
    async def test_wrong_address(self, flow: Flow, url: str, error: str, is_open: bool) -> None:
        """Who waits is told soon; what is behind the fold is shown where it may be wrong."""
        assert config_flow.CONNECT_WITHIN < 5
        assert is_folded(flow)
        await flow.answer(credentials(url))
        assert flow.result["errors"] == {"base": error}
        assert is_folded(flow) is not is_open
        letter = flow.result["description_placeholders"]["letter_url"]
        assert letter.endswith("/blob/main/docs/credentials.md")

    async def test_day_without_zeros(self, home: Home, flow: Flow) -> None:
        """The selector takes it; it is stored as any other day, and the account loads."""
        house = list(home.simulator.world.sites)[1]
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [house]})
        await flow.answer({CONF_HISTORY: HISTORY_DATE, CONF_DATE: "2026-9-1"})
        await flow.answer({CONF_TARIFF: False})
        assert flow.result["options"][CONF_HISTORY] == "2026-09-01"
        await home.hass.async_block_till_done()
        assert flow.result["result"].state is ConfigEntryState.LOADED

    async def test_dates(self, home: Home, flow: Flow) -> None:
        """A date is needed, and not one to come."""
        house = list(home.simulator.world.sites)[1]
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [house]})
        assert flow.result["step_id"] == "history"  # three meters: no choice of meters
        await flow.answer({CONF_HISTORY: HISTORY_DATE})
        assert flow.result["errors"] == {CONF_DATE: "date_needed"}
        await flow.answer({CONF_HISTORY: HISTORY_DATE, CONF_DATE: "2026-11-21"})
        assert flow.result["errors"] == {CONF_DATE: "date_in_future"}
        await flow.answer({CONF_HISTORY: HISTORY_NOW})
        await flow.answer({CONF_TARIFF: False})
        assert flow.result["options"][CONF_HISTORY] == "2026-11-20"
        await home.hass.async_block_till_done()

    @pytest.mark.parametrize("now", [datetime(2026, 11, 20, 23, 30, tzinfo=UTC)])
    async def test_day_that_has_just_begun(self, home: Home, flow: Flow) -> None:
        """It is the one of the house's clock, not of that in Greenwich."""
        house = list(home.simulator.world.sites)[1]
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [house]})
        await flow.answer({CONF_HISTORY: HISTORY_DATE, CONF_DATE: "2026-11-22"})
        assert flow.result["errors"] == {CONF_DATE: "date_in_future"}
        await flow.answer({CONF_HISTORY: HISTORY_NOW})
        await flow.answer({CONF_TARIFF: False})
        assert flow.result["options"][CONF_HISTORY] == "2026-11-21"
        await home.hass.async_block_till_done()

    async def test_wrong_password_then_right(self, home: Home, flow: Flow) -> None:
        """The form comes again; nothing is stored before."""
        await flow.answer(credentials(home.simulator.url, "wrong"))
        assert flow.result["errors"] == {"base": "invalid_auth"}
        assert not home.hass.config_entries.async_entries(DOMAIN)
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["step_id"] == "sites"

    async def test_no_connection(self, home: Home, flow: Flow) -> None:
        """Whoever waits at a form is told after one attempt."""
        home.simulator.switches.faults = [Fault(kind=FaultKind.DISCONNECT)]
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["errors"] == {"base": "cannot_connect"}
        assert len(home.simulator.requests) == 1

    async def test_wrong_password_at_the_usual_address(
        self, home: Home, flow: Flow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There is nothing to mend behind the fold."""
        monkeypatch.setattr(config_flow, "DEFAULT_URL", home.simulator.url)
        await flow.answer(credentials(home.simulator.url, "wrong"))
        assert flow.result["errors"] == {"base": "invalid_auth"}
        assert is_folded(flow)

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(kind=FaultKind.STATUS, status=500), "cannot_connect"),
            (Fault(kind=FaultKind.DISCONNECT), "cannot_connect"),
            (Fault(kind=FaultKind.STATUS, status=429), "rate_limited"),
            (Fault(kind=FaultKind.HTML, path="all_installations"), "bad_answer"),
            (Fault(kind=FaultKind.EMPTY_LIST, path="all_installations"), "no_sites"),
            (Fault(kind=FaultKind.STATUS, status=403, path="all_inst"), "access_denied"),
        ],
    )
    async def test_trouble(self, home: Home, flow: Flow, fault: Fault, error: str) -> None:
        """A person is told what is wrong, and can try again."""
        home.simulator.switches.faults = [fault]
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["errors"] == {"base": error}
        home.simulator.switches.faults = []
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["step_id"] == "sites"

    @pytest.mark.parametrize(
        "url",
        [
            "http://api.climkit.io/api/v1",
            "http://192.168.1.2/api/v1",
            "ftp://127.0.0.1/",
            "https://user:secret@api.climkit.io",
            "https://api.climkit.io/?key=1",
            "https://[",
            "climkit",
            "",
        ],
    )
    async def test_address_to_which_no_password_goes(self, flow: Flow, url: str) -> None:
        """Plain http only to this very machine."""
        await flow.answer(credentials(url))
        assert flow.result["errors"] == {"base": "invalid_url"}

    async def test_trouble_in_the_middle(self, home: Home, flow: Flow) -> None:
        """While Climkit is asked for the sites."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path="installation_infos")
        ]
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["type"] is FlowResultType.ABORT
        assert flow.result["reason"] == "cannot_connect"

    async def test_refused_site(self, home: Home, flow: Flow) -> None:
        """The other sites can be chosen."""
        refused = next(iter(home.simulator.world.sites))
        home.simulator.switches.refused = {refused: 403}
        await flow.answer(credentials(home.simulator.url))
        assert refused not in flow.suggested[CONF_SITES]
        assert len(flow.suggested[CONF_SITES]) == 2

    async def test_refused_meters(self, home: Home, flow: Flow) -> None:
        """A site whose meters are refused has its place all the same."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=403, path="meter_info")
        ]
        await flow.answer(credentials(home.simulator.url))
        await flow.answer(flow.suggested)
        assert flow.result["step_id"] == "history"

    async def test_no_charge_points(self, home: Home, flow: Flow) -> None:
        """Where data of charge points are refused, there are none."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=403, path="charge_point")
        ]
        await flow.answer(credentials(home.simulator.url))
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        assert flow.result["step_id"] == "flat"

    async def test_same_account_twice(self, home: Home, flow: Flow) -> None:
        """Refused."""
        home.entry.add_to_hass(home.hass)
        await flow.answer(credentials(home.simulator.url + "/"))
        assert flow.result["reason"] == "already_configured"

    async def test_sites_of_another_entry(self, home: Home, flow: Flow) -> None:
        """They are not suggested, and refused when chosen."""
        other, *free = home.simulator.world.sites
        add_other_entry(home, other)
        await flow.answer(credentials(home.simulator.url))
        assert flow.suggested[CONF_SITES] == free
        await flow.answer({CONF_SITES: [other]})
        assert flow.result["errors"] == {CONF_SITES: "sites_taken"}

    async def test_all_sites_are_taken(self, home: Home, flow: Flow) -> None:
        """Nothing is left for this account."""
        add_other_entry(home, *home.simulator.world.sites)
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "sites_taken"

    async def test_all_sites_are_refused(self, home: Home, flow: Flow) -> None:
        """Sites are listed, but none may be read."""
        home.simulator.switches.refused = dict.fromkeys(home.simulator.world.sites, 403)
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "no_sites"


class TestBigSite:
    """A site with 200 meters that is ten years old."""

    @pytest.fixture
    def world(self) -> World:
        """Old enough for more than a million rows."""
        return World.of(big_site(200, now=NOW, days=3650))

    async def test_one_year_is_suggested(self, home: Home, flow: Flow) -> None:
        """Everything would be millions of rows."""
        await flow.answer(credentials(home.simulator.url))
        await flow.choose(VIEW_BUILDING)  # one site: no choice of sites
        if flow.result["step_id"] == "building":
            await flow.answer(flow.suggested)
        assert flow.suggested == {CONF_HISTORY: HISTORY_DATE, CONF_DATE: "2025-11-20"}
        numbers = flow.result["description_placeholders"]
        assert int(numbers["everything_megabytes"]) > 5 * int(numbers["year_megabytes"])

    async def test_everything_of_a_flat(self, home: Home, flow: Flow) -> None:
        """What a tenant chose is little: it is told for that, and suggested."""
        await flow.answer(credentials(home.simulator.url))
        await flow.choose(VIEW_FLAT)
        await flow.answer({CONF_FLAT: next(iter(labels(flow, CONF_FLAT)))})
        assert flow.suggested[CONF_HISTORY] == HISTORY_EVERYTHING
        assert int(flow.result["description_placeholders"]["everything_megabytes"]) < 100


class TestManySites:
    """An account with more sites than a title has room for."""

    @pytest.fixture
    def world(self) -> World:
        """Five small ones."""
        houses = [water_site(seed, NOW, timedelta(days=1)) for seed in range(5)]
        infos = [{**house.site_info, "name": f"House {n}"} for n, house in enumerate(houses, 1)]
        return World.of(
            *(replace(one, site_info=info) for one, info in zip(houses, infos, strict=True))
        )

    async def test_title(self, home: Home, flow: Flow) -> None:
        """The first three stand for all."""
        await flow.answer(credentials(home.simulator.url))
        await flow.take_suggestions()
        assert flow.result["title"] == "House 1, House 2, House 3"
        await home.hass.async_block_till_done()


def test_order_of_a_list() -> None:
    """As people count."""
    names = ("Flat 10", "Flat 2", "Flat 1")
    options: list[Any] = list(
        view.choice_selector({name: name for name in names}).config["options"]
    )
    assert [one["label"] for one in options] == ["Flat 1", "Flat 2", "Flat 10"]


@pytest.mark.parametrize(
    ("number", "can_be_listed", "mode"),
    [(10, True, "list"), (11, True, "dropdown"), (1, False, "dropdown")],
)
def test_long_list(number: int, can_be_listed: bool, mode: str) -> None:
    """A short one is seen whole, a long one is searched in; so is one that may get long."""
    labels = {f"{one}": f"Flat {one}" for one in range(number)}
    assert view.choice_selector(labels, can_be_listed=can_be_listed).config["mode"] == mode


def is_folded(flow: Flow) -> bool:
    """Whether what is rarely needed is out of sight."""
    return bool(flow.result["data_schema"].schema[CONF_ADVANCED].options["collapsed"])


def offered(flow: Flow) -> dict[str, bool]:
    """What is offered at the end, and whether it is suggested."""
    return {str(key): key.default() for key in flow.result["data_schema"].schema}


def loaded_sites(home: Home) -> list[SiteRuntime]:
    """The sites of the account that a flow added."""
    [home.entry] = home.hass.config_entries.async_entries(DOMAIN)
    return home.sites


def add_other_entry(home: Home, *site_ids: str) -> None:
    """Let another entry have sites."""
    other = MockConfigEntry(domain=DOMAIN, unique_id="other")
    other.add_to_hass(home.hass)
    for site_id in site_ids:
        dr.async_get(home.hass).async_get_or_create(
            config_entry_id=other.entry_id, identifiers={(DOMAIN, site_id)}
        )
