"""How a user adds an account, and changes it later."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.climkit.const import (
    CONF_ADVANCED,
    CONF_DATE,
    CONF_HISTORY,
    CONF_METERS,
    CONF_SITE_TOTALS,
    CONF_SITES,
    DOMAIN,
    HISTORY_DATE,
    HISTORY_EVERYTHING,
    HISTORY_NOW,
)
from tests.conftest import ALL_CHOSEN, NOW, Home, account_entry
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
from tests.test_translations import placeholders as placeholders_in, read as texts


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
        return {
            str(key): key.description["suggested_value"]
            for key in self.result["data_schema"].schema
            if key.description
        }


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
        assert flow.result["step_id"] == "meters"
        assert len(flow.suggested[CONF_METERS]) > 30
        await flow.answer(flow.suggested)
        assert flow.result["step_id"] == "history"
        assert flow.suggested[CONF_HISTORY] == HISTORY_EVERYTHING
        placeholders = flow.result["description_placeholders"]
        assert int(placeholders["everything_requests"]) > 10
        for section in ("config", "options"):
            text = texts("en")[f"{section}.step.history.description"]
            assert placeholders_in(text) == placeholders.keys()
        await flow.answer({CONF_HISTORY: HISTORY_EVERYTHING})
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY
        assert flow.result["title"] == "Les Tilleuls, Maison Rochat, Camping du Lac"
        assert flow.result["data"] == {
            CONF_USERNAME: DEFAULT_USERNAME,
            CONF_PASSWORD: DEFAULT_PASSWORD,
            CONF_URL: home.simulator.url,
        }
        assert flow.result["options"] == ALL_CHOSEN
        await home.hass.async_block_till_done()

    async def test_two_sites_of_one_name(self, home: Home, flow: Flow) -> None:
        """Where they stand tells them apart, for their meters too."""
        sites = home.simulator.world.sites
        for site_id, city in zip(list(sites)[:2], ("Bern", "Thun"), strict=True):
            house = sites[site_id]
            assert isinstance(house, Building)
            info = {**house.site_info, "name": "Mill", "address": {"city": city}}
            sites[site_id] = replace(house, site_info=info)
        await flow.answer(credentials(home.simulator.url))
        labels = [one["label"] for one in flow.options(CONF_SITES)]
        assert labels == ["Camping du Lac", "Mill (Bern)", "Mill (Thun)"]
        await flow.answer(flow.suggested)
        labels = [one["label"] for one in flow.options(CONF_METERS)]
        assert len(set(labels)) == len(labels)
        assert {label.partition(" - ")[0] for label in labels} == {
            "Camping du Lac",
            "Mill (Bern)",
            "Mill (Thun)",
        }

    async def test_explicit_choices(self, home: Home, flow: Flow) -> None:
        """A list is stored as a list: it never grows."""
        apartments = next(iter(home.simulator.world.sites))
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: [apartments]})
        flats = [
            str(meter["id"])
            for meter in home.simulator.world.meter_info(apartments)
            if meter.get("name") == "Flat 1"
        ]
        await flow.answer({CONF_METERS: flats, CONF_SITE_TOTALS: False})
        await flow.answer({CONF_HISTORY: HISTORY_DATE, CONF_DATE: "2026-11-19"})
        assert flow.result["title"] == "Les Tilleuls"
        assert flow.result["options"] == {
            CONF_SITES: [apartments],
            CONF_METERS: flats,
            CONF_SITE_TOTALS: False,
            CONF_HISTORY: "2026-11-19",
        }
        await home.hass.async_block_till_done()
        [entry] = home.hass.config_entries.async_entries(DOMAIN)
        [runtime] = entry.runtime_data.values()
        series = runtime.coordinator.data.series
        assert {one.meter_id for one in series.values()} == set(flats)

    async def test_nothing_chosen(self, home: Home, flow: Flow) -> None:
        """Something has to be chosen; then it goes on."""
        await flow.answer(credentials(home.simulator.url))
        await flow.answer({CONF_SITES: []})
        assert flow.result["errors"] == {CONF_SITES: "nothing_chosen"}
        await flow.answer({CONF_SITES: list(home.simulator.world.sites)})
        await flow.answer({CONF_METERS: [], CONF_SITE_TOTALS: False})
        assert flow.result["errors"] == {"base": "nothing_chosen"}
        await flow.answer({CONF_METERS: [], CONF_SITE_TOTALS: True})
        assert flow.result["step_id"] == "history"

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
        assert flow.result["step_id"] == "meters"

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
        assert flow.result["step_id"] == "meters"  # one site: no choice of sites
        await flow.answer({CONF_METERS: flow.suggested[CONF_METERS], CONF_SITE_TOTALS: True})
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
        await flow.answer(flow.suggested)
        assert flow.suggested == {CONF_HISTORY: HISTORY_DATE, CONF_DATE: "2026-11-20"}
        await flow.answer({CONF_HISTORY: HISTORY_EVERYTHING})
        await home.hass.async_block_till_done()
        assert home.entry.options == ALL_CHOSEN
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
        assert flow.suggested[CONF_METERS] == [listed[0]]
        wanted = flow.suggested[CONF_METERS] if not more else listed
        await flow.answer({CONF_METERS: wanted, CONF_SITE_TOTALS: True})
        await flow.answer(flow.suggested)
        assert home.entry.options[CONF_METERS] == [*wanted, absent]
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
        while flow.result["type"] is FlowResultType.FORM:
            await flow.answer(flow.suggested)
        assert home.entry.options[CONF_SITES] == [second, first]

    async def test_trouble(self, home: Home) -> None:
        """Climkit does not answer."""
        await home.set_up()
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=500)]
        flow = await options_flow(home)
        assert flow.result["reason"] == "cannot_connect"


def add_other_entry(home: Home, *site_ids: str) -> None:
    """Let another entry have sites."""
    other = MockConfigEntry(domain=DOMAIN, unique_id="other")
    other.add_to_hass(home.hass)
    for site_id in site_ids:
        dr.async_get(home.hass).async_get_or_create(
            config_entry_id=other.entry_id, identifiers={(DOMAIN, site_id)}
        )
