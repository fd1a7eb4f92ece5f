"""How a user adds a tariff of a site, and corrects one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import (
    CONF_CHARGE_POINT,
    CONF_COLD_WATER,
    CONF_COOLING,
    CONF_CURRENCY,
    CONF_ELECTRICITY,
    CONF_EXPORT,
    CONF_FEES,
    CONF_GRID,
    CONF_GRID_LOW,
    CONF_HEATING,
    CONF_HOT_WATER,
    CONF_LOW_HOURS,
    CONF_METER_FEE,
    CONF_SATURDAY,
    CONF_SITE,
    CONF_SITE_FEE,
    CONF_SOLAR,
    CONF_SOLAR_LOW,
    CONF_SUNDAY,
    CONF_VALID_FROM,
    CONF_WATER_AND_HEAT,
    CONF_WEEKDAY,
)
from ..costs import LowHours, LowHoursError, first_day, is_price, stored_tariffs, unusable_days
from ..runtime import ClimkitConfigEntry

_LOW_PRICES = (CONF_GRID_LOW, CONF_SOLAR_LOW)


class TariffFlow(ConfigSubentryFlow):
    """Add a tariff of a site, or correct one.

    A tariff is stored as the form gives it, by section, together with the site and the currency.
    """

    def __init__(self) -> None:
        """Begin without a site."""
        self._site_id = ""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask of which site the tariff is, where there is a choice."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        names = self._site_names()
        if len(names) == 1:
            user_input = {CONF_SITE: next(iter(names))}
        if user_input is not None:
            self._site_id = user_input[CONF_SITE]
            return await self.async_step_prices()
        options = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
        schema = vol.Schema(
            {vol.Required(CONF_SITE): SelectSelector(SelectSelectorConfig(options=options))}
        )
        return self.async_show_form(step_id="user", data_schema=schema)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Correct a tariff; it stays one of the same site."""
        self._site_id = self._get_reconfigure_subentry().data[CONF_SITE]
        return await self.async_step_prices()

    async def async_step_prices(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask from when on what costs how much."""
        if (
            self._entry.state is not ConfigEntryState.LOADED
            or self._site_id not in self._site_names()
        ):
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        placeholders = {"site": self._site_names()[self._site_id], "window": ""}
        if user_input is not None:
            errors = self._errors(user_input, placeholders)
            if not errors:
                return self._finish(user_input)
        schema = prices_schema(self._currency)
        return self.async_show_form(
            step_id="prices",
            data_schema=self.add_suggested_values_to_schema(
                schema, user_input or self._suggested()
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    @property
    def _entry(self) -> ClimkitConfigEntry:
        return self._get_entry()

    def _site_names(self) -> dict[str, str]:
        runtimes = list(self._entry.runtime_data.values())
        sites = [runtime.site for runtime in runtimes]
        return runtimes[0].names.sites(sites) if runtimes else {}

    @property
    def _current(self) -> Mapping[str, Any] | None:
        """Return the tariff that is corrected."""
        is_correction = self.source == SOURCE_RECONFIGURE
        return self._get_reconfigure_subentry().data if is_correction else None

    @property
    def _others(self) -> list[dict[str, Any]]:
        """Return the other tariffs of the site."""
        tariffs = stored_tariffs(self._entry, self._site_id)
        if self._current:
            tariffs.remove(dict(self._current))
        return tariffs

    @property
    def _currency(self) -> str:
        """Return the currency: the one of the site's other tariffs, else Home Assistant's."""
        others = (data[CONF_CURRENCY] for data in self._others if data.get(CONF_CURRENCY))
        return next(others, self.hass.config.currency)

    def _suggested(self) -> Mapping[str, Any]:
        """Return what the form suggests: prices as before, from the next January on."""
        if self._current:
            return self._current
        this_year = dt_util.now().year
        usable = [data for data in self._others if not unusable_days([data])]
        previous = max(usable, key=lambda data: str(data[CONF_VALID_FROM]), default=None)
        if previous is None:
            return {CONF_VALID_FROM: date(this_year, 1, 1).isoformat()}
        return {**previous, CONF_VALID_FROM: date(this_year + 1, 1, 1).isoformat()}

    def _errors(
        self, user_input: Mapping[str, Any], placeholders: dict[str, str]
    ) -> dict[str, str]:
        """Return what a person has to mend. The frontend shows errors above a section."""
        return (
            _hour_errors(user_input, placeholders)
            | _price_errors(user_input)
            | self._day_errors(user_input[CONF_VALID_FROM])
        )

    def _day_errors(self, day: str) -> dict[str, str]:
        if any(data.get(CONF_VALID_FROM) == day for data in self._others):
            return {CONF_VALID_FROM: "same_day"}
        try:
            first_day(day)
        except ValueError:
            return {CONF_VALID_FROM: "odd_year"}
        return {}

    def _finish(self, user_input: Mapping[str, Any]) -> SubentryFlowResult:
        data = {CONF_SITE: self._site_id, CONF_CURRENCY: self._currency, **user_input}
        day = date.fromisoformat(user_input[CONF_VALID_FROM])
        when = str(day.year) if (day.month, day.day) == (1, 1) else day.isoformat()
        title = f"{when} - {self._site_names()[self._site_id]}"
        unique_id = f"{self._site_id}_{day.isoformat()}"
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._entry,
                self._get_reconfigure_subentry(),
                unique_id=unique_id,
                title=title,
                data=data,
            )
        return self.async_create_entry(title=title, data=data, unique_id=unique_id)


def _hour_errors(user_input: Mapping[str, Any], placeholders: dict[str, str]) -> dict[str, str]:
    """Return what is no list of hours, and whether hours or low prices lack the other."""
    try:
        low_hours = LowHours.parse(user_input[CONF_LOW_HOURS])
    except LowHoursError as err:
        placeholders["window"] = err.window
        return {CONF_LOW_HOURS: err.key}
    has_low_price = not user_input[CONF_ELECTRICITY].keys().isdisjoint(_LOW_PRICES)
    if has_low_price and not low_hours:
        return {CONF_LOW_HOURS: "low_hours_needed"}
    if low_hours and not has_low_price:
        return {CONF_ELECTRICITY: "low_price_needed"}
    return {}


def _price_errors(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return which prices are missing, and by section what is none.

    Only what is exported can be worth less than nothing.
    """
    errors = {}
    electricity = user_input[CONF_ELECTRICITY]
    if consumed := {CONF_GRID, CONF_SOLAR, *_LOW_PRICES} & electricity.keys():
        if CONF_GRID not in consumed:
            errors[CONF_ELECTRICITY] = "grid_price_needed"
        elif CONF_SOLAR not in consumed:
            errors[CONF_ELECTRICITY] = "solar_price_needed"
    if not electricity and not user_input[CONF_WATER_AND_HEAT]:
        errors["base"] = "nothing_priced"
    for part in (CONF_ELECTRICITY, CONF_WATER_AND_HEAT, CONF_FEES):
        prices = user_input[part]
        if not all(map(is_price, prices.values())):
            errors[part] = "no_price"
        elif any(price < 0 for key, price in prices.items() if key != CONF_EXPORT):
            errors[part] = "price_below_zero"
    return errors


def prices_schema(currency: str) -> vol.Schema:
    """Return the form of a tariff; all prices are optional."""
    per_kwh = f"{currency}/kWh"
    per_m3 = f"{currency}/m³"
    per_month = currency
    return vol.Schema(
        {
            vol.Required(CONF_VALID_FROM): DateSelector(),
            vol.Required(CONF_ELECTRICITY): _numbers(
                {
                    CONF_GRID: per_kwh,
                    CONF_GRID_LOW: per_kwh,
                    CONF_SOLAR: per_kwh,
                    CONF_SOLAR_LOW: per_kwh,
                    CONF_EXPORT: per_kwh,
                    CONF_CHARGE_POINT: per_kwh,
                }
            ),
            vol.Required(CONF_LOW_HOURS): section(
                vol.Schema(
                    {
                        vol.Optional(key): TextSelector()
                        for key in (CONF_WEEKDAY, CONF_SATURDAY, CONF_SUNDAY)
                    }
                )
            ),
            vol.Required(CONF_WATER_AND_HEAT): _numbers(
                {
                    CONF_COLD_WATER: per_m3,
                    CONF_HOT_WATER: per_m3,
                    CONF_HEATING: per_kwh,
                    CONF_COOLING: per_kwh,
                },
                is_collapsed=True,
            ),
            vol.Required(CONF_FEES): _numbers(
                {CONF_SITE_FEE: per_month, CONF_METER_FEE: per_month}, is_collapsed=True
            ),
        }
    )


def _numbers(units: Mapping[str, str], *, is_collapsed: bool = False) -> section:
    """Return a section of prices, each in its unit; see `_price_errors` for what is one."""
    fields = {
        vol.Optional(key): NumberSelector(
            NumberSelectorConfig(mode=NumberSelectorMode.BOX, step="any", unit_of_measurement=unit)
        )
        for key, unit in units.items()
    }
    return section(vol.Schema(fields), {"collapsed": is_collapsed})
