"""The steps in which a user says what to see: a flat, the whole building, or chosen meters."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..api import Meter, MeterMode, Site
from ..const import (
    ALL,
    CONF_ALL_METERS,
    CONF_FLAT,
    CONF_METERS,
    CONF_OTHER_METERS,
    CONF_SENSORS,
    CONF_SITE_TOTALS,
    CONF_SITES,
    CONF_VIEW,
    VIEW_BUILDING,
    VIEW_FLAT,
    VIEW_METERS,
)
from ..ids import distinct, slug, slugs
from ..measures import CHARGE_POINT, ELECTRICITY, Names, by_number
from ..options import split_choice, view_of

# A list up to this long is shown whole; a longer one is searched in.
MANY_METERS = 10


class ViewSteps(ConfigEntryBaseFlow):
    """Ask what is wanted of the chosen sites, whose meters were looked up before."""

    def __init__(self) -> None:
        """Begin with nothing chosen."""
        self.options: dict[str, Any] = {}
        self._sites: dict[str, Site] = {}
        self._chosen: list[str] = []
        self._meters: dict[str, dict[str, Meter]] = {}
        self._with_sensors: set[str] = set()

    @abstractmethod
    async def async_step_history(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on, once it is known what is wanted."""

    async def async_step_view(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a flat, the building or single meters; of a small house all is wanted."""
        meters = self._all_meters
        flats = [meter for meter in meters.values() if is_flat(meter)]
        is_small = len(meters) <= MANY_METERS and len(flats) <= 1
        if is_small and view_of(self.options) == VIEW_BUILDING:
            return await self.async_step_building()
        menu = [VIEW_BUILDING, VIEW_METERS]
        return self.async_show_menu(
            step_id="view", menu_options=[VIEW_FLAT, *menu] if flats else menu
        )

    async def async_step_flat(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which consumer is the person's own, and which water and heat meters belong to it."""
        meters = self._all_meters
        stored = self.options[CONF_METERS] if view_of(self.options) == VIEW_FLAT else []
        errors = {}
        if user_input is not None:
            flat = user_input.get(CONF_FLAT)
            others = distinct(user_input.get(CONF_OTHER_METERS, []))
            site_id = self._site_of(flat) if flat else ""
            if not flat:
                errors[CONF_FLAT] = "flat_needed"
            elif any(self._site_of(meter_id) != site_id for meter_id in others):
                errors[CONF_OTHER_METERS] = "meters_of_another_site"
            else:
                is_same = slugs(stored[:1]) == {slug(flat)}
                _, absent = split_choice(stored[1:] if is_same else [], meters)
                self._chosen = [site_id]
                return await self._async_go_on(
                    {
                        CONF_VIEW: VIEW_FLAT,
                        CONF_SITES: [site_id],
                        CONF_METERS: [flat, *others, *absent],
                        CONF_SITE_TOTALS: False,
                        CONF_SENSORS: False,
                    }
                )
        labels = await self._async_meter_labels()
        flats = {key: labels[key] for key, meter in meters.items() if is_flat(meter)}
        offered = {
            key: labels[key]
            for key, meter in meters.items()
            if meter.type not in (ELECTRICITY, CHARGE_POINT)
        }
        # Of what is required the frontend would choose the first by itself: somebody else's.
        fields: dict[vol.Marker, object] = {
            vol.Optional(CONF_FLAT): choice_selector(flats, multiple=False)
        }
        if offered:
            fields[vol.Optional(CONF_OTHER_METERS)] = choice_selector(offered, can_be_listed=False)
        # A form refuses what it does not offer, so what is not listed today is not suggested.
        own, _ = split_choice(stored[:1], flats)
        suggested: dict[str, Any] = {CONF_FLAT: own[0]} if own else {}
        if stored:
            suggested[CONF_OTHER_METERS], _ = split_choice(stored[1:], offered)
        return self.async_show_form(
            step_id="flat",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), user_input or suggested
            ),
            errors=errors,
        )

    async def async_step_building(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take all meters, also those to come; ask for the building's own sensors if there are."""
        if user_input is None and self._with_sensors.intersection(self._chosen):
            schema = vol.Schema({vol.Required(CONF_SENSORS): BooleanSelector()})
            suggested = {CONF_SENSORS: self.options.get(CONF_SENSORS, True)}
            return self.async_show_form(
                step_id="building",
                data_schema=self.add_suggested_values_to_schema(schema, suggested),
            )
        return await self._async_go_on(
            {
                CONF_VIEW: VIEW_BUILDING,
                CONF_METERS: ALL,
                CONF_SITE_TOTALS: True,
                CONF_SENSORS: (user_input or self.options).get(CONF_SENSORS, True),
            }
        )

    async def async_step_meters(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the meters one by one."""
        meters = self._all_meters
        is_known = view_of(self.options) == VIEW_METERS
        current = self.options[CONF_METERS] if is_known else []
        with_sensors = is_known and self.options.get(CONF_SENSORS, True)
        present, absent = split_choice(current, meters)
        errors = {}
        if user_input is not None:
            chosen = distinct(user_input.get(CONF_METERS, []))
            is_all = user_input[CONF_ALL_METERS]
            if is_all or chosen or user_input[CONF_SITE_TOTALS]:
                return await self._async_go_on(
                    {
                        CONF_VIEW: VIEW_METERS,
                        CONF_METERS: ALL if is_all else [*chosen, *absent],
                        CONF_SITE_TOTALS: user_input[CONF_SITE_TOTALS],
                        CONF_SENSORS: user_input.get(CONF_SENSORS, with_sensors),
                    }
                )
            errors["base"] = "nothing_chosen"
        fields: dict[vol.Marker, object] = {
            vol.Required(CONF_ALL_METERS): BooleanSelector(),
            vol.Optional(CONF_METERS): choice_selector(
                await self._async_meter_labels(), can_be_listed=False
            ),
            vol.Required(CONF_SITE_TOTALS): BooleanSelector(),
        }
        if self._with_sensors.intersection(self._chosen):
            fields[vol.Required(CONF_SENSORS)] = BooleanSelector()
        suggested = {
            CONF_ALL_METERS: current == ALL,
            CONF_METERS: present,
            CONF_SITE_TOTALS: self.options.get(CONF_SITE_TOTALS, True) if is_known else True,
            CONF_SENSORS: with_sensors,
        }
        return self.async_show_form(
            step_id="meters",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), user_input or suggested
            ),
            errors=errors,
        )

    async def _async_go_on(self, options: dict[str, Any]) -> ConfigFlowResult:
        self.options |= options
        return await self.async_step_history()

    @property
    def _all_meters(self) -> dict[str, Meter]:
        return {  # one that several sites list is the first one's, see `Owners`
            meter_id: meter
            for site_id in sorted(self._chosen, reverse=True)
            for meter_id, meter in self._meters[site_id].items()
        }

    def _site_of(self, meter_id: str) -> str:
        return next(one for one in sorted(self._chosen) if meter_id in self._meters[one])

    async def _async_meter_labels(self) -> dict[str, str]:
        names = await Names.async_load(self.hass)
        site_names = names.sites(self._sites.values())
        labels: dict[str, str] = {}
        for site_id in sorted(self._chosen, reverse=True):
            prefix = f"{site_names[site_id]} - " if len(self._chosen) > 1 else ""
            own = names.meters(self._meters[site_id].values())
            labels |= {meter_id: prefix + name for meter_id, name in own.items()}
        return labels


def is_flat(meter: Meter) -> bool:
    """Whether a person may call this meter the own one: a consumer of electricity."""
    is_consumer = meter.mode is MeterMode.CONSUMPTION
    return meter.type == CHARGE_POINT or (meter.type == ELECTRICITY and is_consumer)


def choice_selector(
    labels: Mapping[str, str], *, multiple: bool = True, can_be_listed: bool = True
) -> SelectSelector:
    """Return a list to choose from, sorted by label; a long one has a search field."""
    is_short = can_be_listed and len(labels) <= MANY_METERS
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=value, label=label)
                for value, label in sorted(labels.items(), key=lambda item: by_number(item[1]))
            ],
            multiple=multiple,
            mode=SelectSelectorMode.LIST if is_short else SelectSelectorMode.DROPDOWN,
        )
    )
