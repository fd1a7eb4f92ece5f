"""The steps in which a user sets up the Energy dashboard; a part of the options flow."""

from collections.abc import Iterable
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol

from .const import DOMAIN
from .coordinator import ClimkitConfigEntry, SiteCoordinator
from .energy_dashboard import REPEATABLE, SOURCES, Entry, Kind, Merged, energy_ids
from .energy_preferences import Wish, async_set_up_dashboard, consumers, water_meters
from .recorder import async_own_names

CONF_OWNER = "owner"
CONF_WATER = "water"
CONF_ALSO = "also"


class EnergyDashboardSteps(OptionsFlow):
    """Ask what the dashboard should show, tell what would be added, then add it."""

    _wish: Wish
    _answer: dict[str, Any] | None = None

    async def async_step_energy_dashboard(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the site or the flat."""
        entry: ClimkitConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return self._ask(entry)
        self._wish = Wish(
            owner_id=user_input[CONF_OWNER],
            water_ids=user_input.get(CONF_WATER, []),
            also=[Kind(kind) for kind in user_input.get(CONF_ALSO, [])],
        )
        self._answer = user_input
        return await self.async_step_energy_dashboard_confirm()

    def _ask(
        self, entry: ClimkitConfigEntry, error: ServiceValidationError | None = None
    ) -> ConfigFlowResult:
        """Show the form; after an error with what was answered before."""
        coordinators = [runtime.coordinator for runtime in entry.runtime_data.values()]
        owners = {key: label for one in coordinators for key, label in _owners(one).items()}
        waters = {
            meter_id: _label(one, meter_id)
            for one in coordinators
            for meter_id in water_meters(one)
        }
        schema = vol.Schema(
            {
                vol.Required(CONF_OWNER): _choice(owners),
                **({vol.Optional(CONF_WATER): _choice(waters, multiple=True)} if waters else {}),
                vol.Optional(CONF_ALSO): SelectSelector(
                    SelectSelectorConfig(
                        options=[kind.value for kind in REPEATABLE],
                        translation_key="dashboard_kind",
                        multiple=True,
                        mode=SelectSelectorMode.LIST,
                    )
                ),
            }
        )
        return self.async_show_form(
            step_id="energy_dashboard",
            data_schema=self.add_suggested_values_to_schema(
                schema, self._answer or {CONF_OWNER: next(iter(owners))}
            ),
            errors={"base": error.translation_key or "dashboard_refused"} if error else None,
            description_placeholders={
                "error": "",
                **((error.translation_placeholders if error else None) or {}),
            },
        )

    async def async_step_energy_dashboard_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what would be added and what not; then add it."""
        is_confirmed = user_input is not None
        coordinator = _coordinator_of(self.config_entry, self._wish.owner_id)
        if coordinator is None:
            return self.async_abort(reason="not_loaded")
        try:
            merged = await async_set_up_dashboard(
                self.hass, coordinator, self._wish, dry_run=not is_confirmed
            )
        except ServiceValidationError as err:  # also when the dashboard was changed meanwhile
            return self._ask(self.config_entry, err)
        if is_confirmed:
            return self.async_abort(reason="dashboard_set_up")
        if not any(merged.added.values()):
            return self.async_abort(
                reason="nothing_to_add",
                description_placeholders={"skipped": (await self._async_texts(merged))[1]},
            )
        added, skipped = await self._async_texts(merged)
        return self.async_show_form(
            step_id="energy_dashboard_confirm",
            data_schema=vol.Schema({}),
            description_placeholders={"added": added, "skipped": skipped},
        )

    async def _async_texts(self, merged: Merged) -> tuple[str, str]:
        """Return what is added and what is left out, as lists a person can read."""
        names = await async_own_names(self.hass)
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "selector", [DOMAIN]
        )

        def word(selector: str, key: str) -> str:
            return texts.get(f"component.{DOMAIN}.selector.{selector}.options.{key}", key)

        def line(kind: str, statistic_ids: Iterable[str]) -> str:
            found = ", ".join(names.get(key) or key for key in statistic_ids)
            return f"- {word('dashboard_kind', kind)}: {found}"

        added = [
            line(_kind(key, entry), energy_ids(entry) or [str(entry["stat_consumption"])])
            for key, entries in merged.added.items()
            for entry in entries
        ]
        skipped = [
            f"{line(one.kind, one.statistic_ids)} ({word('dashboard_reason', one.reason)})"
            for one in merged.skipped
        ]
        return "\n".join(added), "\n".join(skipped) or "—"


def _kind(key: str, entry: Entry) -> str:
    return str(entry["type"]) if key == SOURCES else "device"


def _coordinator_of(entry: ClimkitConfigEntry, owner_id: str) -> SiteCoordinator | None:
    """Return what knows a site or one of its consumers; None if that was unloaded meanwhile."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    coordinators = (runtime.coordinator for runtime in entry.runtime_data.values())
    return next((one for one in coordinators if owner_id in _owners(one)), None)


def _owners(coordinator: SiteCoordinator) -> dict[str, str]:
    """Return what can be shown of a site: itself, or one of its consumers."""
    own = {coordinator.site.id: coordinator.names.site(coordinator.site)}
    return own | {meter_id: _label(coordinator, meter_id) for meter_id in consumers(coordinator)}


def _label(coordinator: SiteCoordinator, meter_id: str) -> str:
    names = coordinator.names
    meter = coordinator.data.meters[meter_id]
    return f"{names.site(coordinator.site)} - {names.meter(meter)}"


def _choice(labels: dict[str, str], *, multiple: bool = False) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=label) for key, label in labels.items()],
            multiple=multiple,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
