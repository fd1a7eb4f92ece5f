"""How a user makes other choices later."""

from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.climkit.const import (
    ALL,
    CONF_ALL_METERS,
    CONF_DASHBOARD,
    CONF_DATE,
    CONF_FLAT,
    CONF_HISTORY,
    CONF_METERS,
    CONF_OTHER_METERS,
    CONF_SENSORS,
    CONF_SITE_TOTALS,
    CONF_SITES,
    CONF_VIEW,
    HISTORY_DATE,
    HISTORY_EVERYTHING,
    HISTORY_NOW,
    VIEW_BUILDING,
    VIEW_FLAT,
    VIEW_METERS,
)
from tests.conftest import ALL_CHOSEN, Home
from tests.flows.way import BUILDING, Flow, apartment_meters, labels
from tests.simulator import Fault, FaultKind

pytestmark = pytest.mark.default_entities


async def options_flow(home: Home) -> Flow:
    """The flow that changes the choices of an account."""
    flow = Flow(home, home.hass.config_entries.options)
    flow.result = await flow.manager.async_init(home.entry.entry_id)
    await flow.answer({"next_step_id": "choice"})
    await flow.wait()
    return flow


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
        assert [site.site.id for site in home.sites] == [house]

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

    async def test_named_twice(self, home: Home) -> None:
        """A list that a program sends may name something twice: it is wanted, and told, once."""
        site_id, meters = apartment_meters(home)
        flat, water = meters["Flat 1"], meters["Cold water flat 1"]
        await home.set_up()
        told = []
        for times in (1, 2):
            flow = await options_flow(home)
            await flow.answer({CONF_SITES: [site_id] * times})
            await flow.choose(VIEW_METERS)
            meters_of = {CONF_ALL_METERS: False, CONF_SITE_TOTALS: True, CONF_SENSORS: False}
            await flow.answer(meters_of | {CONF_METERS: [flat] * times})
            told.append(flow.result["description_placeholders"])
            await flow.answer({CONF_HISTORY: HISTORY_NOW})
            assert home.entry.options[CONF_SITES] == [site_id]
            assert home.entry.options[CONF_METERS] == [flat]
        assert told[0]["everything_megabytes"] == told[1]["everything_megabytes"]
        flow = await options_flow(home)
        await flow.answer({CONF_SITES: [site_id]})
        await flow.choose(VIEW_FLAT)
        await flow.answer({CONF_FLAT: flat, CONF_OTHER_METERS: [water, water]})
        await flow.answer({CONF_HISTORY: HISTORY_NOW})
        assert home.entry.options[CONF_METERS] == [flat, water]

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
        assert flow.suggested == {CONF_FLAT: meters["Flat 1"], CONF_OTHER_METERS: [water]}
        await flow.answer(flow.suggested)
        await flow.answer(flow.suggested)
        await home.hass.async_block_till_done()
        assert home.entry.options[CONF_METERS] == [meters["Flat 1"], water, gone]

        # What belonged to the former flat is none of the other one's.
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        await flow.answer({CONF_FLAT: meters["Flat 2"], CONF_OTHER_METERS: []})
        await flow.answer(flow.suggested)
        await home.hass.async_block_till_done()
        assert home.entry.options[CONF_METERS] == [meters["Flat 2"]]

    async def test_flat_of_another_site(self, home: Home) -> None:
        """Who moves reads the new flat in the title too; where is no water, none is asked for."""
        apartments, meters = apartment_meters(home)
        house = list(home.simulator.world.sites)[1]
        await home.set_up()
        flat = {CONF_VIEW: VIEW_FLAT, CONF_SITES: [apartments], CONF_METERS: [meters["Flat 1"]]}
        await home.choose(**flat)
        home.hass.config_entries.async_update_entry(home.entry, title="Flat 1, Les Tilleuls")
        flow = await options_flow(home)
        await flow.answer({CONF_SITES: [house]})
        await flow.choose(VIEW_FLAT)
        assert CONF_OTHER_METERS not in flow.result["data_schema"].schema
        [(consumer, name)] = labels(flow, CONF_FLAT).items()
        await flow.answer({CONF_FLAT: consumer})
        await flow.answer(flow.suggested)
        await home.hass.async_block_till_done()
        assert home.entry.options[CONF_METERS] == [consumer]
        assert home.entry.title == f"{name}, Maison Rochat"

    async def test_not_loaded(self, home: Home) -> None:
        """Other choices can be made while the account is not loaded; the title follows."""
        apartments, meters = apartment_meters(home)
        home.entry.add_to_hass(home.hass)
        flat = {CONF_VIEW: VIEW_FLAT, CONF_SITES: [apartments], CONF_METERS: [meters["Flat 1"]]}
        home.hass.config_entries.async_update_entry(
            home.entry, title="Flat 1, Les Tilleuls", options={**home.entry.options, **flat}
        )
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        await flow.answer({CONF_FLAT: meters["Flat 2"]})
        await flow.answer(flow.suggested)
        assert home.entry.options[CONF_METERS] == [meters["Flat 2"]]
        assert home.entry.title == "Flat 2, Les Tilleuls"

    async def test_flat_that_is_gone(self, home: Home) -> None:
        """Another one can be chosen; what it was called nobody knows, so the title stays."""
        apartments, meters = apartment_meters(home)
        await home.set_up()
        gone = {CONF_VIEW: VIEW_FLAT, CONF_SITES: [apartments], CONF_METERS: ["6a0000000000ffff"]}
        await home.choose(**gone)
        home.hass.config_entries.async_update_entry(home.entry, title="Flat 99, Les Tilleuls")
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_FLAT)
        assert CONF_FLAT not in flow.suggested
        await flow.answer({CONF_FLAT: meters["Flat 2"]})
        await flow.answer(flow.suggested)
        await home.hass.async_block_till_done()
        assert home.entry.options[CONF_METERS] == [meters["Flat 2"]]
        assert home.entry.title == "Flat 99, Les Tilleuls"

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

    async def test_all_meters(self, home: Home) -> None:
        """Who chose all of the list finds that chosen, and keeps it: those to come too."""
        home.entry.add_to_hass(home.hass)
        options = {**home.entry.options, CONF_VIEW: VIEW_METERS, CONF_METERS: ALL}
        home.hass.config_entries.async_update_entry(home.entry, options=options)
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_METERS)
        assert flow.suggested[CONF_ALL_METERS] is True
        await flow.take_suggestions()
        assert home.entry.options[CONF_METERS] == ALL

    @pytest.mark.parametrize("is_wanted", [True, False])
    async def test_sensors_that_cannot_be_listed(self, home: Home, is_wanted: bool) -> None:
        """They are not asked for then, and stay what they were: wanted or not."""
        _, meters = apartment_meters(home)
        await home.set_up()
        chosen = {CONF_METERS: [meters["Flat 1"]], CONF_SITE_TOTALS: False}
        await home.choose(**{CONF_VIEW: VIEW_METERS, CONF_SENSORS: is_wanted, **chosen})
        refused = Fault(kind=FaultKind.STATUS, status=403, path="sensors_list")
        home.simulator.switches.faults = [refused]
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.choose(VIEW_METERS)
        assert CONF_SENSORS not in flow.suggested
        await flow.take_suggestions()
        assert home.entry.options[CONF_SENSORS] is is_wanted

    @pytest.mark.parametrize("is_wanted", [True, False])
    async def test_sensors_of_a_building_that_cannot_be_listed(
        self, home: Home, is_wanted: bool
    ) -> None:
        """Likewise who sees the whole building."""
        await home.set_up()
        await home.choose(**{CONF_VIEW: VIEW_BUILDING, CONF_SENSORS: is_wanted})
        refused = Fault(kind=FaultKind.STATUS, status=403, path="sensors_list")
        home.simulator.switches.faults = [refused]
        flow = await options_flow(home)
        await flow.answer(flow.suggested)
        await flow.take_suggestions(VIEW_BUILDING)
        assert home.entry.options[CONF_SENSORS] is is_wanted

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

    async def test_two_dialogs_at_once(self, home: Home) -> None:
        """The one that is finished last takes nothing back of what the other one decided."""
        await home.set_up()
        choice = await options_flow(home)
        dashboard = Flow(home, home.hass.config_entries.options)
        dashboard.result = await dashboard.manager.async_init(home.entry.entry_id)
        await dashboard.choose("dashboard")
        await dashboard.answer({CONF_DASHBOARD: True})
        await home.hass.async_block_till_done()
        await choice.take_suggestions()
        await home.hass.async_block_till_done()
        assert home.entry.options == BUILDING | {CONF_DASHBOARD: True}

    @pytest.mark.parametrize("more", [0, 1])
    async def test_site_that_cannot_be_read(self, home: Home, more: int) -> None:
        """It stays chosen, although it is not in the form; also where all in the form are."""
        first, *others = home.simulator.world.sites
        second, wanted = others[0], others[: 1 + more]
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_SITES: [first, second]}
        )
        await home.set_up()
        home.simulator.switches.refused = {first: 403}
        flow = await options_flow(home)
        assert flow.suggested[CONF_SITES] == [second]
        await flow.answer({CONF_SITES: wanted})
        await flow.take_suggestions()
        assert home.entry.options[CONF_SITES] == [*wanted, first]

    async def test_site_that_cannot_be_read_where_all_are_wanted(self, home: Home) -> None:
        """Who takes another one out keeps it; who leaves the form as it is wants all, as before."""
        first, second, hidden = home.simulator.world.sites
        await home.set_up()
        home.simulator.switches.refused = {hidden: 403}
        for shown, stored in (([first, second], ALL), ([first], [first, hidden])):
            flow = await options_flow(home)
            assert flow.suggested[CONF_SITES] == [first, second]
            await flow.answer({CONF_SITES: shown})
            await flow.take_suggestions()
            assert home.entry.options[CONF_SITES] == stored

    async def test_trouble(self, home: Home) -> None:
        """Climkit does not answer."""
        await home.set_up()
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=500)]
        flow = await options_flow(home)
        assert flow.result["reason"] == "cannot_connect"
