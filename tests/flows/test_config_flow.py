"""How a user adds an account, and changes it later."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, FlowType
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
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
from custom_components.climkit.runtime import SiteRuntime
from tests.conftest import ALL_CHOSEN, NOW, Home, account_entry
from tests.project.test_translations import placeholders as placeholders_in, read as texts
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Building,
    Fault,
    FaultKind,
    World,
    big_site,
    single_house,
)

pytestmark = pytest.mark.default_entities

BUILDING = ALL_CHOSEN | {CONF_VIEW: VIEW_BUILDING, CONF_SENSORS: True, CONF_DASHBOARD: False}


@pytest.fixture
def world() -> World:
    """All three sites, young ones."""
    return World(created=NOW, history_days=22)


def credentials(url: str, password: str = DEFAULT_PASSWORD) -> dict[str, Any]:
    """What a user enters."""
    return {
        CONF_USERNAME: DEFAULT_USERNAME,
        CONF_PASSWORD: password,
        CONF_ADVANCED: {CONF_URL: url},
    }


class Flow:
    """A user's way through a flow."""

    def __init__(self, home: Home, manager: Any) -> None:
        self.home = home
        self.manager = manager
        self.result: dict[str, Any] = {}

    async def answer(self, user_input: dict[str, Any]) -> dict[str, Any]:
        """Fill in a form and wait while Climkit is asked."""
        self.result = await self.manager.async_configure(self.result["flow_id"], user_input)
        return await self.wait()

    async def choose(self, option: str) -> dict[str, Any]:
        """Take an option of a menu."""
        assert self.result["type"] is FlowResultType.MENU, self.result
        return await self.answer({"next_step_id": option})

    async def take_suggestions(self, view: str = VIEW_BUILDING) -> dict[str, Any]:
        """Go on to the end: of menus `view`, of forms what they suggest."""
        while self.result["type"] in (FlowResultType.FORM, FlowResultType.MENU):
            is_menu = self.result["type"] is FlowResultType.MENU
            await (self.choose(view) if is_menu else self.answer(self.suggested))
        return self.result

    async def wait(self) -> dict[str, Any]:
        """Wait for the end of the progress."""
        while self.result["type"] is FlowResultType.SHOW_PROGRESS:
            await self.home.hass.async_block_till_done()
            self.result = await self.manager.async_configure(self.result["flow_id"])
        return self.result

    def options(self, field: str) -> list[dict[str, str]]:
        """What the form lets a user choose from."""
        schema = self.result["data_schema"].schema
        return list(schema[field].config["options"])

    @property
    def suggested(self) -> dict[str, Any]:
        """What the form suggests."""
        fields = self.result["data_schema"].schema
        return {str(key): key.description["suggested_value"] for key in fields if key.description}


@pytest.fixture
async def flow(home: Home) -> Flow:
    """The flow that adds an account."""
    flow = Flow(home, home.hass.config_entries.flow)
    flow.result = await flow.manager.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert flow.result["step_id"] == "user"
    return flow


async def options_flow(home: Home) -> Flow:
    """The flow that changes the choices of an account."""
    flow = Flow(home, home.hass.config_entries.options)
    flow.result = await flow.manager.async_init(home.entry.entry_id)
    await flow.answer({"next_step_id": "choice"})
    await flow.wait()
    return flow


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
        owners = {one.meter_id for one in runtime.coordinator.data.series.values()}
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
        series = runtime.coordinator.data.series
        assert {one.meter_id for one in series.values()} == {meters["Flat 1"]}

    async def test_nothing_chosen(self, home: Home, flow: Flow) -> None:
        """Something has to be chosen; then it goes on."""
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: []})
        assert flow.result["errors"] == {CONF_SITES: "nothing_chosen"}
        await flow.answer({CONF_SITES: list(home.simulator.world.sites)})
        await flow.choose(VIEW_METERS)
        nothing = {CONF_ALL_METERS: False, CONF_SITE_TOTALS: False, CONF_SENSORS: False}
        await flow.answer(nothing)
        assert flow.result["errors"] == {"base": "nothing_chosen"}
        await flow.answer(nothing | {CONF_ALL_METERS: True})
        assert flow.result["step_id"] == "history"

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
        """It shows the flat as soon as its statistics are there."""
        await async_setup_component(home.hass, "energy", {})
        _, meters = apartment_meters(home)
        await flow.answer(credentials(home.simulator.url))
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        await flow.answer({CONF_FLAT: meters["Flat 1"]})
        await flow.answer(flow.suggested)
        assert offered(flow) == {CONF_ENERGY: True, CONF_TARIFF: False}
        await flow.answer(offered(flow))
        assert "(/energy)" in flow.result["description_placeholders"]["done"]
        [home.entry] = home.hass.config_entries.async_entries(DOMAIN)
        manager = await async_get_manager(home.hass)
        assert manager.data is None
        while manager.data is None:
            await home.turn_clock(minutes=1)
        assert manager.data is not None
        sources = {source["type"] for source in manager.data["energy_sources"]}
        assert sources == {"grid", "solar"}
        [runtime] = home.sites
        await home.until(lambda: "energy_wish" not in runtime.coordinator.record)

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
        assert letter.endswith("/docs/credentials.md")

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

    async def test_wrong_password_then_right(self, home: Home, flow: Flow) -> None:
        """The form comes again; nothing is stored before."""
        await flow.answer(credentials(home.simulator.url, "wrong"))
        assert flow.result["errors"] == {"base": "invalid_auth"}
        assert not home.hass.config_entries.async_entries(DOMAIN)
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["step_id"] == "sites"

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


class TestCredentials:
    """Logging in again, and other credentials."""

    @pytest.fixture
    def world(self) -> World:
        """A small site."""
        return World.of(replace(single_house(1, NOW, timedelta(days=6)), faultless=True))

    async def test_reauth(self, home: Home) -> None:
        """Climkit refuses the password: the user is asked, and it goes on."""
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, data={**home.entry.data, CONF_PASSWORD: "old"}
        )
        await home.begin()
        for _ in range(2):
            await home.turn_clock(minutes=6)
            await home.until(lambda: home.entry.state is not ConfigEntryState.SETUP_IN_PROGRESS)
        assert home.entry.state is ConfigEntryState.SETUP_ERROR
        [progress] = home.hass.config_entries.flow.async_progress()
        flow = Flow(home, home.hass.config_entries.flow)
        flow.result = await flow.manager.async_configure(progress["flow_id"])
        assert flow.result["step_id"] == "reauth_confirm"
        assert flow.suggested[CONF_USERNAME] == DEFAULT_USERNAME
        await flow.answer(credentials(home.simulator.url, "wrong"))
        assert flow.result["errors"] == {"base": "invalid_auth"}
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "reauth_successful"
        await home.hass.async_block_till_done()
        assert home.entry.data[CONF_PASSWORD] == DEFAULT_PASSWORD
        assert home.entry.state is ConfigEntryState.LOADED

    async def test_reauth_with_the_same_password(self, home: Home) -> None:
        """It was right all the time: the account is loaded anew, so that it is tried again."""
        await home.set_up()
        before = home.entry.runtime_data
        flow = Flow(home, home.hass.config_entries.flow)
        flow.result = await home.entry.start_reauth_flow(home.hass)
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "reauth_successful"
        await home.hass.async_block_till_done()
        assert home.entry.state is ConfigEntryState.LOADED
        assert home.entry.runtime_data is not before

    async def test_reauth_with_another_account(self, home: Home) -> None:
        """Its sites could be others: refused."""
        entry = account_entry(home.simulator.url, "cktDevUser_9")
        entry.add_to_hass(home.hass)
        flow = Flow(home, home.hass.config_entries.flow)
        flow.result = await entry.start_reauth_flow(home.hass)
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "wrong_account"

    async def test_reconfigure(self, home: Home) -> None:
        """Another user name is fine, unless another entry has it."""
        home.entry.add_to_hass(home.hass)
        flow = Flow(home, home.hass.config_entries.flow)
        flow.result = await home.entry.start_reconfigure_flow(home.hass)
        assert flow.result["step_id"] == "reconfigure"
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "reconfigure_successful"
        await home.hass.async_block_till_done()  # the reload that follows

        other = account_entry(home.simulator.url, "cktDevUser_9")
        other.add_to_hass(home.hass)
        flow.result = await other.start_reconfigure_flow(home.hass)
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "already_configured"


class TestOptions:
    """Other choices later."""

    async def test_all_list_all(self, home: Home) -> None:
        """The choice of sites changes what there is."""
        house = list(home.simulator.world.sites)[1]
        await home.set_up()
        assert len(home.sites) == 3
        flow = await options_flow(home)
        await flow.answer({CONF_SITES: [house]})
        await flow.answer({CONF_HISTORY: HISTORY_NOW})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        await home.hass.async_block_till_done()
        assert [site.coordinator.site.id for site in home.sites] == [house]

        flow = await options_flow(home)
        assert flow.suggested[CONF_SITES] == [house]
        await flow.answer({CONF_SITES: list(home.simulator.world.sites)})
        await flow.choose(VIEW_BUILDING)
        assert flow.suggested == {CONF_SENSORS: True}
        await flow.answer({CONF_SENSORS: True})
        assert flow.suggested == {CONF_HISTORY: HISTORY_DATE, CONF_DATE: "2026-11-20"}
        await flow.answer({CONF_HISTORY: HISTORY_EVERYTHING})
        await home.hass.async_block_till_done()
        assert {**home.entry.options, CONF_DASHBOARD: False} == BUILDING
        assert len(home.sites) == 3

    @pytest.mark.parametrize("more", [0, 1])
    async def test_meter_that_is_absent_today(self, home: Home, more: int) -> None:
        """It stays chosen, although it is not in the form; also where all in the form are."""
        site_id = list(home.simulator.world.sites)[1]
        listed = [str(meter["id"]) for meter in home.simulator.world.meter_info(site_id)]
        absent = "6a00000000000000000000ff"
        home.entry.add_to_hass(home.hass)
        chosen = {
            CONF_SITES: [site_id],
            CONF_METERS: [listed[0], absent],
            CONF_HISTORY: "2026-11-19",
        }
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, **chosen}
        )
        await home.set_up()
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_METERS)
        assert flow.suggested[CONF_METERS] == [listed[0]]
        wanted = flow.suggested[CONF_METERS] if not more else listed
        await flow.answer(flow.suggested | {CONF_METERS: wanted})
        await flow.answer(flow.suggested)
        assert home.entry.options[CONF_METERS] == [*wanted, absent]
        await home.hass.async_block_till_done()

    async def test_flat_and_back(self, home: Home) -> None:
        """The title follows; what is not listed today stays chosen; a menu remembers nothing."""
        _, meters = apartment_meters(home)
        await home.set_up()
        title = "Les Tilleuls, Maison Rochat, Camping du Lac"
        home.hass.config_entries.async_update_entry(home.entry, title=title)
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        waters = list(labels(flow, CONF_OTHER_METERS))
        water = next(key for key in waters if key in meters.values())
        await flow.answer({CONF_FLAT: meters["Flat 1"], CONF_OTHER_METERS: [water]})
        await flow.answer(flow.suggested)
        await home.hass.async_block_till_done()
        assert home.entry.title == "Flat 1, Les Tilleuls"
        gone = "6ae28c814a34854e0000ffff"
        await home.choose(**{CONF_METERS: [*home.entry.options[CONF_METERS], gone]})

        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        assert flow.suggested[CONF_FLAT] == meters["Flat 1"]
        await flow.answer({**flow.suggested, CONF_OTHER_METERS: [water]})
        await flow.answer(flow.suggested)
        await home.hass.async_block_till_done()
        assert home.entry.options[CONF_METERS] == [meters["Flat 1"], water, gone]

    async def test_title_of_a_person(self, home: Home) -> None:
        """A title that somebody chose stays."""
        await home.set_up()
        home.hass.config_entries.async_update_entry(home.entry, title="Zuhause")
        flow = await options_flow(home)
        await flow.answer({CONF_SITES: [next(iter(home.simulator.world.sites))]})
        await flow.take_suggestions()
        assert home.entry.title == "Zuhause"

    async def test_options_of_the_first_release(self, home: Home) -> None:
        """They knew neither views nor sensors, and mean what they meant."""
        _, meters = apartment_meters(home)
        await home.set_up()
        chosen = {CONF_METERS: [meters["Flat 1"], meters["Flat 2"]], CONF_SITE_TOTALS: False}
        await home.choose(**chosen)
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_METERS)
        assert flow.suggested == {CONF_ALL_METERS: False, CONF_SENSORS: True, **chosen}
        await flow.take_suggestions()
        expected = {CONF_VIEW: VIEW_METERS, CONF_SENSORS: True, **chosen}
        assert expected.items() <= home.entry.options.items()

    async def test_climkit_dashboard(self, home: Home) -> None:
        """It can be shown later too."""
        await home.set_up()
        flow = Flow(home, home.hass.config_entries.options)
        flow.result = await flow.manager.async_init(home.entry.entry_id)
        await flow.choose("dashboard")
        assert flow.suggested == {CONF_DASHBOARD: False}
        await flow.answer({CONF_DASHBOARD: True})
        assert home.entry.options == ALL_CHOSEN | {CONF_DASHBOARD: True}
        await home.hass.async_block_till_done()

    async def test_site_that_cannot_be_read(self, home: Home) -> None:
        """It stays chosen, although it is not in the form."""
        first, second, _ = home.simulator.world.sites
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_SITES: [first, second]}
        )
        await home.set_up()
        home.simulator.switches.refused = {first: 403}
        flow = await options_flow(home)
        assert flow.suggested[CONF_SITES] == [second]
        await flow.answer(flow.suggested)
        await flow.take_suggestions()
        assert home.entry.options[CONF_SITES] == [second, first]

    async def test_trouble(self, home: Home) -> None:
        """Climkit does not answer."""
        await home.set_up()
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=500)]
        flow = await options_flow(home)
        assert flow.result["reason"] == "cannot_connect"


def apartment_meters(home: Home) -> tuple[str, dict[str, str]]:
    """The id of the apartment house, and those of its meters by name."""
    site_id = next(iter(home.simulator.world.sites))
    found = home.simulator.world.meter_info(site_id)
    return site_id, {str(meter.get("name") or meter["id"]): str(meter["id"]) for meter in found}


def labels(flow: Flow, field: str) -> dict[str, str]:
    """What a form lets choose from, by value."""
    selector = flow.result["data_schema"].schema[field]
    return {option["value"]: option["label"] for option in selector.config["options"]}


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
