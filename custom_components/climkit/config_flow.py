"""How a user adds an account, and changes the choices later."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.loader import async_get_integration
import voluptuous as vol

from .account import account_id, async_create_client, normalized_url
from .api import DEFAULT_URL, ClimkitError
from .const import CONF_ADVANCED, CONF_DASHBOARD, DOMAIN, SUBENTRY_FEED_IN, SUBENTRY_TARIFF
from .errors import error_key
from .flows import (
    EnergyDashboardSteps,
    FeedInFlow,
    SelectionSteps,
    TariffFlow,
    async_set_up,
    offers,
)

# Who waits before a form wants to know soon that nothing answers; in seconds.
CONNECT_WITHIN = 4.0


def credentials_schema(*, is_advanced: bool) -> vol.Schema:
    """Return the form; what is rarely needed is behind a fold, unless that is what is wrong."""
    address = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
    return vol.Schema(
        {
            vol.Required(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
            vol.Required(CONF_PASSWORD): TextSelector(
                TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
            ),
            vol.Required(CONF_ADVANCED): section(
                vol.Schema({vol.Required(CONF_URL, default=DEFAULT_URL): address}),
                {"collapsed": not is_advanced},
            ),
        }
    )


class ClimkitConfigFlow(SelectionSteps, ConfigFlow, domain=DOMAIN):
    """Add an account, log in again, or change its credentials."""

    VERSION = 1
    MINOR_VERSION = 2

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> ClimkitOptionsFlow:
        """Return the flow that changes the choices."""
        return ClimkitOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what a user can add to an account."""
        return {SUBENTRY_TARIFF: TariffFlow, SUBENTRY_FEED_IN: FeedInFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the credentials and try them."""
        errors: dict[str, str] = {}
        documentation = (await async_get_integration(self.hass, DOMAIN)).documentation
        if user_input is not None:
            data = _flat(user_input)
            errors = await self._async_try(data)
            if not errors:
                return await self._async_accept(data)
        return self.async_show_form(
            step_id=self._form,
            data_schema=self.add_suggested_values_to_schema(
                credentials_schema(is_advanced=_is_address_wrong(errors, user_input)),
                user_input or self._known_credentials(),
            ),
            errors=errors,
            # A letter to Climkit that is ready to be sent.
            description_placeholders={
                "letter_url": f"{documentation}/blob/main/docs/credentials.md"
            },
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Climkit refused the credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the credentials again."""
        return await self.async_step_user(user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for other credentials."""
        return await self.async_step_user(user_input)

    @property
    def _form(self) -> str:
        if self.source == SOURCE_REAUTH:
            return "reauth_confirm"
        return "reconfigure" if self.source == SOURCE_RECONFIGURE else "user"

    def _known_credentials(self) -> dict[str, Any]:
        if self.source == SOURCE_REAUTH:
            entry = self._get_reauth_entry()
        elif self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
        else:
            return {}
        return {
            CONF_USERNAME: entry.data[CONF_USERNAME],
            CONF_ADVANCED: {CONF_URL: entry.data[CONF_URL]},
        }

    async def _async_try(self, data: dict[str, str]) -> dict[str, str]:
        """Log in and list the sites; return what a person has to mend."""
        try:
            data[CONF_URL] = normalized_url(data[CONF_URL])
        except ValueError:
            return {"base": "invalid_url"}
        self.client = async_create_client(self.hass, data)
        try:
            await self.client.authenticate(connect_within=CONNECT_WITHIN)
            self.references = await self.client.installations()
        except ClimkitError as err:
            return {"base": error_key(err)}
        return {} if self.references else {"base": "no_sites"}

    async def _async_accept(self, data: dict[str, str]) -> ConfigFlowResult:
        """Go on with credentials that work."""
        await self.async_set_unique_id(account_id(data[CONF_USERNAME], data[CONF_URL]))
        if self.source == SOURCE_REAUTH:
            self._abort_if_unique_id_mismatch(reason="wrong_account")
            return self._store(self._get_reauth_entry(), data)
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            if self.unique_id != entry.unique_id:
                self._abort_if_unique_id_configured()
            return self._store(entry, data)
        self._abort_if_unique_id_configured()
        self.credentials = data
        return await self.async_step_look_up_sites()

    def _store(self, entry: ConfigEntry, data: dict[str, str]) -> ConfigFlowResult:
        """Store the credentials.

        What changes a loaded entry reloads it; else it is reloaded here.
        """
        is_followed = bool(entry.update_listeners) and entry.data != data
        result = self.async_update_and_abort(entry, unique_id=self.unique_id, data=data)
        if not is_followed:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    @override
    async def async_finish(self) -> ConfigFlowResult:
        """Ask what else to set up, before the entry is created."""
        return await self.async_step_set_up()

    async def async_step_set_up(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what most people want next; all of it can be done later."""
        if user_input is None:
            schema = {
                vol.Required(key, default=is_on): BooleanSelector()
                for key, is_on in offers(self.hass).items()
            }
            return self.async_show_form(step_id="set_up", data_schema=vol.Schema(schema))
        self._wanted = user_input
        self.options[CONF_DASHBOARD] = user_input.get(CONF_DASHBOARD, False)
        return self.async_create_entry(
            title=await self._async_title(self.options), data=self.credentials, options=self.options
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Set up what was wanted, now that the entry is there, and say what was done."""
        return await async_set_up(self.hass, result, self._wanted)


class ClimkitOptionsFlow(SelectionSteps, EnergyDashboardSteps, OptionsFlow):
    """Change which sites and meters are wanted and how far back history goes.

    The entry's update listener reloads it.
    """

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to do."""
        menu = ["choice", "energy_dashboard", "dashboard"]
        return self.async_show_menu(step_id="init", menu_options=menu)

    async def async_step_dashboard(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the Climkit dashboard is wanted in the sidebar."""
        options = dict(self.config_entry.options)
        if user_input is not None:
            return self.async_create_entry(data=options | user_input)
        schema = vol.Schema({vol.Required(CONF_DASHBOARD): BooleanSelector()})
        return self.async_show_form(
            step_id="dashboard",
            data_schema=self.add_suggested_values_to_schema(
                schema, {CONF_DASHBOARD: options.get(CONF_DASHBOARD, False)}
            ),
        )

    async def async_step_choice(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """List the sites and begin."""
        self.entry_id = self.config_entry.entry_id
        stored = self.config_entry.options
        self.options = {key: value for key, value in stored.items() if key != CONF_DASHBOARD}
        self.client = async_create_client(self.hass, self.config_entry.data)
        try:
            self.references = await self.client.installations()
        except ClimkitError as err:
            return self.async_abort(reason=error_key(err))
        if self.config_entry.state is ConfigEntryState.LOADED:
            # The title may be made of a flat that is at none of the sites chosen now.
            runtimes = self.config_entry.runtime_data
            self._meters = {key: dict(runtime.meters) for key, runtime in runtimes.items()}
        return await self.async_step_look_up_sites()

    @override
    async def async_finish(self) -> ConfigFlowResult:
        """Store the choices; the title follows them, unless a person chose another one."""
        entry = self.config_entry
        if entry.title == await self._async_title(entry.options):
            title = await self._async_title(self.options)
            self.hass.config_entries.async_update_entry(entry, title=title)
        # Another dialog may have decided on the dashboard meanwhile.
        return self.async_create_entry(data={**entry.options, **self.options})


def _flat(user_input: dict[str, Any]) -> dict[str, str]:
    """Return the form's values without its sections, to be stored."""
    return {
        CONF_USERNAME: user_input[CONF_USERNAME].strip(),
        CONF_PASSWORD: user_input[CONF_PASSWORD],
        CONF_URL: user_input[CONF_ADVANCED][CONF_URL],
    }


def _is_address_wrong(errors: Mapping[str, str], user_input: Mapping[str, Any] | None) -> bool:
    """Whether the address is what a person has to look at."""
    if user_input is None or not errors:
        return False
    return errors["base"] == "invalid_url" or user_input[CONF_ADVANCED][CONF_URL] != DEFAULT_URL
