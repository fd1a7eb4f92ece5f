"""The Climkit dashboard in the sidebar: there as long as an account wants it."""

from homeassistant.components.frontend import (
    DATA_PANELS,
    async_panel_exists,
    async_register_built_in_panel,
)
from homeassistant.components.lovelace import LovelaceData
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceYAMLCollection
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import CoreState
from homeassistant.helpers.json import json_bytes
import pytest

from custom_components.climkit.const import CONF_DASHBOARD
from custom_components.climkit.frontend import OPENER_PATH
from custom_components.climkit.frontend.panel import URL_PATH
from tests.conftest import Home
from tests.simulator import Fault, FaultKind


@pytest.fixture(autouse=True)
def lovelace(home: Home) -> LovelaceData:
    """Home Assistant's dashboards, of which there are none."""
    found = LovelaceData("yaml", {}, ResourceYAMLCollection([]), {})
    home.hass.data[LOVELACE_DATA] = found
    return found


async def choose(home: Home, is_wanted: bool) -> None:
    """Add the account, with or without the dashboard."""
    home.entry.add_to_hass(home.hass)
    options = {**home.entry.options, CONF_DASHBOARD: is_wanted}
    home.hass.config_entries.async_update_entry(home.entry, options=options)


async def test_shows_the_strategy(home: Home, lovelace: LovelaceData) -> None:
    """It is made anew each time it is opened, and cannot be edited in place."""
    await choose(home, is_wanted=True)
    await home.set_up()
    assert async_panel_exists(home.hass, URL_PATH)
    dashboard = lovelace.dashboards[URL_PATH]
    assert await dashboard.async_load(False) == {"strategy": {"type": "custom:climkit"}}
    assert b"custom:climkit" in json_bytes(await dashboard.async_json(False))
    assert await dashboard.async_get_info() == {"mode": "yaml"}


def in_sidebar(home: Home) -> list[str]:
    """The paths to which the sidebar leads."""
    panels = home.hass.data[DATA_PANELS].values()
    return [one.frontend_url_path for one in panels if one.show_in_sidebar]


async def test_pages_that_were_open_before(home: Home) -> None:
    """They lack the strategy: the sidebar leads them to it, until all are loaded anew."""
    await choose(home, is_wanted=True)
    await home.set_up()
    assert in_sidebar(home) == [OPENER_PATH]
    opener = home.hass.data[DATA_PANELS][OPENER_PATH]
    assert opener.component_name == "custom"
    assert opener.config
    assert opener.config["_panel_custom"]["module_url"].endswith("/opener.js")
    assert opener.config["_panel_custom"]["trust_external"] is False
    assert opener.config["_panel_custom"]["embed_iframe"] is False, "the page itself is led"


async def test_start(home: Home) -> None:
    """Pages of a Home Assistant that starts with Climkit have the strategy."""
    await choose(home, is_wanted=True)
    home.hass.set_state(CoreState.not_running)
    await home.begin()
    assert in_sidebar(home) == [URL_PATH]


async def test_not_wanted(home: Home) -> None:
    """Who declined has none; who wants it later gets it, and may change his mind."""
    await choose(home, is_wanted=False)
    await home.set_up()
    assert not async_panel_exists(home.hass, URL_PATH)
    for is_wanted in (True, False):
        await home.choose(**{CONF_DASHBOARD: is_wanted})
        assert async_panel_exists(home.hass, URL_PATH) is is_wanted


async def test_climkit_is_down(home: Home) -> None:
    """Also at the start of Home Assistant: what is stored can be looked at."""
    await choose(home, is_wanted=True)
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
    await home.begin()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert async_panel_exists(home.hass, URL_PATH)


async def test_goes_with_the_account(home: Home, lovelace: LovelaceData) -> None:
    """One that is disabled or removed wants none."""
    await choose(home, is_wanted=True)
    await home.set_up()
    entries = home.hass.config_entries
    await entries.async_set_disabled_by(home.entry.entry_id, ConfigEntryDisabler.USER)
    assert not async_panel_exists(home.hass, URL_PATH)
    await entries.async_set_disabled_by(home.entry.entry_id, None)
    await home.let_follow()
    assert async_panel_exists(home.hass, URL_PATH)
    await entries.async_remove(home.entry.entry_id)
    assert not home.hass.data[DATA_PANELS]
    assert not lovelace.dashboards


async def test_path_of_another_panel(home: Home) -> None:
    """Whatever shows something else there stays, and the account loads without a dashboard."""
    async_register_built_in_panel(home.hass, "iframe", frontend_url_path=URL_PATH)
    await choose(home, is_wanted=True)
    await home.set_up()
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.hass.data[DATA_PANELS][URL_PATH].component_name == "iframe"
    assert not async_panel_exists(home.hass, OPENER_PATH)


async def test_path_that_is_taken(home: Home, lovelace: LovelaceData) -> None:
    """A dashboard that a person has made under the same path stays."""
    own = object()
    lovelace.dashboards[URL_PATH] = own
    await choose(home, is_wanted=True)
    await home.set_up()
    assert lovelace.dashboards[URL_PATH] is own
    await home.choose(**{CONF_DASHBOARD: False})
    assert lovelace.dashboards[URL_PATH] is own
