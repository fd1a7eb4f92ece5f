"""The steps in which a user sets up the Energy dashboard; a part of the options flow."""

from collections.abc import Iterable, Mapping
from copy import replace
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    BooleanSelector,
    ObjectSelector,
    ObjectSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol

from ..const import DOMAIN
from ..energy_dashboard import (
    DEVICE,
    REPEATABLE,
    DashboardRequest,
    Entry,
    MergeResult,
    SkipReason,
    SourceKind,
    async_find_parents,
    async_set_up_dashboard,
    consumers,
    energy_ids,
    water_meters,
)
from ..runtime import ClimkitConfigEntry, SiteRuntime
from ..services import ATTR_INCLUDED_IN, ATTR_PARENT, parents_of
from ..statistics import async_known_names
from .view import choice_selector

CONF_OWNER = "owner"
CONF_WATER = "water"
CONF_ALSO = "also"
CONF_BY_TARIFF = "by_tariff"


# A row says which meter is a part of which; the frontend shows devices by their names.
_METER = {"device": {"filter": [{"integration": DOMAIN}]}}
_PARENTS = ObjectSelector(
    ObjectSelectorConfig(
        fields={
            ATTR_DEVICE_ID: {"selector": _METER, "required": True},
            ATTR_PARENT: {"selector": _METER},
        },
        multiple=True,
        label_field=ATTR_DEVICE_ID,
        description_field=ATTR_PARENT,
        translation_key=ATTR_INCLUDED_IN,
    )
)
_ALSO = SelectSelector(
    SelectSelectorConfig(
        options=[kind.value for kind in REPEATABLE],
        translation_key="dashboard_kind",
        multiple=True,
        mode=SelectSelectorMode.LIST,
    )
)


class EnergyDashboardSteps(OptionsFlow):
    """Ask what the dashboard should show, tell what would be added, then add it."""

    _request: DashboardRequest
    _answer: dict[str, Any] | None = None

    async def async_step_energy_dashboard(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the site or the flat."""
        if user_input is None:
            return self._ask()
        self._request = DashboardRequest(
            owner_id=user_input[CONF_OWNER],
            water_ids=user_input.get(CONF_WATER, []),
            also=[SourceKind(kind) for kind in user_input.get(CONF_ALSO, [])],
            by_tariff=user_input.get(CONF_BY_TARIFF, False),
        )
        self._answer = user_input
        runtime = _runtime_of(self.config_entry, self._request.owner_id)
        if runtime and self._request.owner_id == runtime.site.id:
            try:
                found = await runtime.async_run(async_find_parents(self.hass, runtime))
            except HomeAssistantError as err:  # the recorder does not answer
                return self._ask(err)
            self._request = replace(self._request, parents=found, finds_parents=False)
        return await self.async_step_energy_dashboard_confirm()

    def _ask(self, error: HomeAssistantError | None = None) -> ConfigFlowResult:
        """Show the form; after an error with what was answered before."""
        entry: ClimkitConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        owners, waters = _choices(entry)
        fields: dict[vol.Marker, object] = {
            vol.Required(CONF_OWNER): choice_selector(owners, multiple=False, can_be_listed=False)
        }
        if waters:
            fields[vol.Optional(CONF_WATER)] = choice_selector(waters, can_be_listed=False)
        if any(one.costs.tariffs.has_low_hours for one in entry.runtime_data.values()):
            fields[vol.Optional(CONF_BY_TARIFF, default=False)] = BooleanSelector()
        fields[vol.Optional(CONF_ALSO)] = _ALSO
        return self.async_show_form(
            step_id="energy_dashboard",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), self._answer or {CONF_OWNER: next(iter(owners))}
            ),
            errors={"base": error.translation_key or "dashboard_refused"} if error else None,
            description_placeholders=_placeholders(error),
        )

    async def async_step_energy_dashboard_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what would be added and what not; then add it, unless it was corrected."""
        runtime = _runtime_of(self.config_entry, self._request.owner_id)
        if runtime is None:
            return self.async_abort(reason="not_loaded")
        is_site = self._request.owner_id == runtime.site.id
        try:
            is_confirmed = user_input is not None
            if user_input and ATTR_INCLUDED_IN in user_input:
                parents = parents_of(self.hass, user_input[ATTR_INCLUDED_IN])
                is_confirmed = parents == self._request.parents
                self._request = replace(self._request, parents=parents)
            names = await async_known_names(self.hass)
            merged = await runtime.async_run(
                async_set_up_dashboard(self.hass, runtime, self._request, dry_run=not is_confirmed)
            )
        except HomeAssistantError as err:  # also when the dashboard was changed meanwhile
            return self._ask(err)
        added, removed, skipped = await self._async_texts(merged, names)
        changes = any(merged.added.values()) or bool(merged.removed)
        lacks_parents = any(one.reason is SkipReason.PARENT_UNKNOWN for one in merged.skipped)
        if not changes and (is_confirmed or not lacks_parents):
            return self.async_abort(
                reason="nothing_to_add", description_placeholders={"skipped": skipped}
            )
        if is_confirmed:
            return self.async_abort(reason="dashboard_set_up")
        # What is shown as removed is what a confirmation permits.
        self._request = replace(self._request, may_remove=bool(merged.removed))
        rows = {vol.Optional(ATTR_INCLUDED_IN, default=self._rows()): _PARENTS}
        return self.async_show_form(
            step_id="energy_dashboard_confirm",
            data_schema=vol.Schema(rows if is_site and len(consumers(runtime)) > 1 else {}),
            description_placeholders={"added": added, "removed": removed, "skipped": skipped},
        )

    def _rows(self) -> list[dict[str, str]]:
        """Return which meter is a part of which, as rows that name their devices."""
        registry, entry_id = dr.async_get(self.hass), self.config_entry.entry_id

        def device_id(meter_id: str) -> str | None:
            device = registry.async_get_device_by_identifier((DOMAIN, meter_id), entry_id)
            return device.id if device else None

        rows = [
            {ATTR_DEVICE_ID: device_id(meter_id), ATTR_PARENT: parent and device_id(parent)}
            for meter_id, parent in self._request.parents.items()
        ]
        return [{key: value for key, value in row.items() if value} for row in rows]

    async def _async_texts(
        self, merged: MergeResult, names: Mapping[str, str | None]
    ) -> tuple[str, str, str]:
        """Return what is added, removed and left out, as lists a person can read."""
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "selector", [DOMAIN]
        )

        def word(key: str) -> str:
            return texts.get(f"component.{DOMAIN}.selector.{key}", key)

        def line(kind: str, statistic_ids: Iterable[str]) -> str:
            found = ", ".join(names.get(key) or key for key in statistic_ids)
            return f"- {word(f'dashboard_kind.options.{kind}')} · {found}"

        def entry_line(entry: Entry) -> str:
            if "type" in entry:
                return line(str(entry["type"]), energy_ids(entry))
            device = line(DEVICE, [str(entry["stat_consumption"])])
            parent = entry.get("included_in_stat")
            within = word(f"{ATTR_INCLUDED_IN}.fields.{ATTR_PARENT}.name")
            return f"{device} ({within} {names.get(str(parent), parent)})" if parent else device

        added = [entry_line(one) for entries in merged.added.values() for one in entries]
        removed = [entry_line(one) for one in merged.removed]
        reason = "dashboard_reason.options"
        skipped = [
            f"{line(one.kind, one.statistic_ids)} ({word(f'{reason}.{one.reason}')})"
            for one in merged.skipped
        ]
        return _listed(added), _listed(removed), _listed(skipped)


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(lines) or "—"


def _runtime_of(entry: ClimkitConfigEntry, owner_id: str) -> SiteRuntime | None:
    """Return what knows a site or one of its consumers; None if that was unloaded meanwhile."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    return next(
        (one for one in entry.runtime_data.values() if owner_id in {one.site.id, *consumers(one)}),
        None,
    )


def _choices(entry: ClimkitConfigEntry) -> tuple[dict[str, str], dict[str, str]]:
    """Return what may be shown, sites and consumers, and the water meters: by id what they are."""
    runtimes = list(entry.runtime_data.values())
    sites = runtimes[0].names.sites(one.site for one in runtimes)
    owners: dict[str, str] = {}
    waters: dict[str, str] = {}
    for one in runtimes:
        site = sites[one.site.id]
        owners |= {one.site.id: site} | _labels(one, site, consumers(one))
        waters |= _labels(one, site, water_meters(one))
    return owners, waters


def _placeholders(error: HomeAssistantError | None) -> dict[str, str]:
    """Return what the form's texts name, in an error and without one."""
    return {"error": "", **((error.translation_placeholders if error else None) or {})}


def _labels(runtime: SiteRuntime, site: str, meter_ids: Iterable[str]) -> dict[str, str]:
    """Return what meters of a site are called beside those of others."""
    meters = [runtime.meters[meter_id] for meter_id in meter_ids]
    names = runtime.names.meters(meters)
    return {meter_id: f"{site} - {name}" for meter_id, name in names.items()}
