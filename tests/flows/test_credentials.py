"""How a user logs in again, and gives other credentials."""

from dataclasses import replace
from datetime import timedelta

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
import pytest

from custom_components.climkit.const import CONF_ADVANCED, DOMAIN
from tests.conftest import NOW, Home, account_entry
from tests.flows.way import Flow, credentials
from tests.simulator import DEFAULT_PASSWORD, DEFAULT_USERNAME, World, single_house

pytestmark = pytest.mark.default_entities


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
        password = flow.result["data_schema"].schema[CONF_PASSWORD].config
        assert password["type"] == "password", "nobody sees what is typed"
        assert flow.suggested[CONF_USERNAME] == DEFAULT_USERNAME
        # Else a password for another server would go to Climkit.
        advanced = flow.result["data_schema"].schema[CONF_ADVANCED].schema.schema
        [address] = [one for one in advanced if one == CONF_URL]
        assert address.description == {"suggested_value": home.simulator.url}
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

    async def test_user_name_with_blanks(self, home: Home) -> None:
        """As people paste it; it is the same account."""
        home.entry.add_to_hass(home.hass)
        flow = Flow(home, home.hass.config_entries.flow)
        flow.result = await home.entry.start_reauth_flow(home.hass)
        pasted = {CONF_USERNAME: f" {DEFAULT_USERNAME}\n"}
        await flow.answer(credentials(home.simulator.url) | pasted)
        assert flow.result["reason"] == "reauth_successful"
        assert home.entry.data[CONF_USERNAME] == DEFAULT_USERNAME
        await home.hass.async_block_till_done()

    @pytest.mark.parametrize(
        "password",
        [
            "Pässwörtli-ÄÖÜ-ß-é",
            "x9-Ü" * 50,
            "a\"b'c\\d{e}%f&g=h+i <j>",
            "🔑🔑🔑",
            "{{ 1 }} ${HOME} !secret",
            "  two words ",
        ],
    )
    async def test_any_password(self, home: Home, password: str) -> None:
        """It arrives as it was typed."""
        home.simulator.accounts.passwords[DEFAULT_USERNAME] = password
        home.entry.add_to_hass(home.hass)
        flow = Flow(home, home.hass.config_entries.flow)
        flow.result = await home.entry.start_reauth_flow(home.hass)
        await flow.answer(credentials(home.simulator.url) | {CONF_PASSWORD: password})
        assert flow.result["reason"] == "reauth_successful"
        assert home.entry.data[CONF_PASSWORD] == password
        await home.hass.async_block_till_done()

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

    async def test_another_user_name(self, home: Home) -> None:
        """It is that account from then on, which cannot be added a second time."""
        entry = account_entry(home.simulator.url, "cktDevUser_9")
        entry.add_to_hass(home.hass)
        flow = Flow(home, home.hass.config_entries.flow)
        flow.result = await entry.start_reconfigure_flow(home.hass)
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "reconfigure_successful"
        await home.hass.async_block_till_done()
        flow.result = await flow.manager.async_init(DOMAIN, context={"source": SOURCE_USER})
        await flow.answer(credentials(home.simulator.url))
        assert flow.result["reason"] == "already_configured"

    async def test_another_password_of_a_loaded_account(self, home: Home) -> None:
        """It is loaded anew with it, once: each time Climkit is asked for everything again."""
        await home.set_up()
        before = home.entry.runtime_data
        home.simulator.accounts.passwords[DEFAULT_USERNAME] = "new"
        flow = Flow(home, home.hass.config_entries.flow)
        flow.result = await home.entry.start_reconfigure_flow(home.hass)
        home.simulator.requests.clear()
        await flow.answer(credentials(home.simulator.url, "new"))
        assert flow.result["reason"] == "reconfigure_successful"
        await home.hass.async_block_till_done()
        assert home.entry.data[CONF_PASSWORD] == "new"
        assert home.entry.state is ConfigEntryState.LOADED
        assert home.entry.runtime_data is not before
        listed = [one for one in home.simulator.requests if "all_installations" in one.path]
        assert len(listed) == 2  # by the form, and by the account
