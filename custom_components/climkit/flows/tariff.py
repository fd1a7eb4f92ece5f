"""How a user adds a tariff of a site, and corrects one."""

from collections.abc import Mapping
from datetime import date
from typing import Any, override

from homeassistant.helpers.selector import DateSelector
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import (
    CONF_CHARGE_POINT,
    CONF_COLD_WATER,
    CONF_COOLING,
    CONF_CURRENCY,
    CONF_DYNAMIC,
    CONF_ELECTRICITY,
    CONF_FEES,
    CONF_FEES_BY_HOUR,
    CONF_GRID,
    CONF_GRID_LOW,
    CONF_HEATING,
    CONF_HOT_WATER,
    CONF_LOW_HOURS,
    CONF_METER_FEE,
    CONF_METER_POWER,
    CONF_SEASON,
    CONF_SENSOR,
    CONF_SENSOR_FACTOR,
    CONF_SENSOR_SURCHARGE,
    CONF_SITE_FEE,
    CONF_SITE_POWER,
    CONF_SOLAR,
    CONF_SOLAR_LOW,
    CONF_SOLAR_SHARE,
    CONF_VALID_FROM,
    CONF_WATER_AND_HEAT,
)
from ..costs import is_factor, is_feed_in, is_price, price_unit
from .price_sensor import as_remembered, as_shown, async_sensor_error, sensor_section
from .prices import PriceSteps, low_hours_section, numbers_section, season_section

_LOW_PRICES = frozenset({CONF_GRID_LOW, CONF_SOLAR_LOW})


class TariffFlow(PriceSteps):
    """Add a tariff of a site, or correct one."""

    @staticmethod
    @override
    def is_of_this_kind(data: Mapping[str, Any]) -> bool:
        return not is_feed_in(data)

    @override
    def _following(self, day: date) -> date:
        return date(max(day.year, dt_util.now().year) + 1, 1, 1)

    @override
    def _unique_id(self, when: str) -> str:
        return when

    @staticmethod
    @override
    def per_kwh(user_input: Mapping[str, Any]) -> tuple[str, list[float]]:
        prices = dict(user_input[CONF_ELECTRICITY])
        prices.pop(CONF_SOLAR_SHARE, None)
        surcharge = user_input[CONF_DYNAMIC].get(CONF_SENSOR_SURCHARGE, 0.0)
        return CONF_ELECTRICITY, [*prices.values(), surcharge]

    @staticmethod
    @override
    def has_low_price(user_input: Mapping[str, Any]) -> bool:
        return not user_input[CONF_ELECTRICITY].keys().isdisjoint(_LOW_PRICES)

    @override
    def _price_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        errors = _missing(user_input)
        for part in (CONF_ELECTRICITY, CONF_WATER_AND_HEAT, CONF_FEES):
            fields = user_input[part].items()
            prices = [price for key, price in fields if key != CONF_FEES_BY_HOUR]
            if not all(map(is_price, prices)):
                errors[part] = "no_price"
            elif any(price < 0 for price in prices):
                errors[part] = "price_below_zero"
        return errors | _wrong_sensor(user_input)

    @override
    async def _async_errors(
        self, user_input: Mapping[str, Any], placeholders: dict[str, str]
    ) -> dict[str, str]:
        """Return why the sensor cannot tell prices; one that is kept is not asked again."""
        sensor = user_input[CONF_DYNAMIC].get(CONF_SENSOR)
        current = self._current or {}
        stored = as_shown(self.hass, current.get(CONF_DYNAMIC, {}))
        is_kept = (sensor, self._currency) == (stored.get(CONF_SENSOR), current.get(CONF_CURRENCY))
        if sensor is None or is_kept:
            return {}
        unit = price_unit(self._currency)
        error = await async_sensor_error(self.hass, sensor, unit, placeholders)
        return {CONF_DYNAMIC: error} if error else {}

    @override
    def _as_stored(self, user_input: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**user_input, CONF_DYNAMIC: as_remembered(self.hass, user_input[CONF_DYNAMIC])}

    @override
    def _suggested(self) -> Mapping[str, Any]:
        suggested = super()._suggested()
        dynamic = suggested.get(CONF_DYNAMIC)
        return {**suggested, CONF_DYNAMIC: as_shown(self.hass, dynamic)} if dynamic else suggested

    @staticmethod
    @override
    def schema(currency: str) -> vol.Schema:
        """Return the form; all prices are optional."""
        per_kwh = f"{currency}/kWh"
        per_m3 = f"{currency}/m³"
        per_month, per_kw = currency, f"{currency}/kW"
        return vol.Schema(
            {
                vol.Required(CONF_VALID_FROM): DateSelector(),
                vol.Required(CONF_ELECTRICITY): numbers_section(
                    {
                        CONF_GRID: per_kwh,
                        CONF_GRID_LOW: per_kwh,
                        CONF_SOLAR: per_kwh,
                        CONF_SOLAR_LOW: per_kwh,
                        CONF_SOLAR_SHARE: "%",
                        CONF_CHARGE_POINT: per_kwh,
                    }
                ),
                vol.Required(CONF_LOW_HOURS): low_hours_section(),
                vol.Required(CONF_DYNAMIC, default={}): sensor_section(per_kwh),
                vol.Required(CONF_WATER_AND_HEAT): numbers_section(
                    {
                        CONF_COLD_WATER: per_m3,
                        CONF_HOT_WATER: per_m3,
                        CONF_HEATING: per_kwh,
                        CONF_COOLING: per_kwh,
                    },
                    is_collapsed=True,
                ),
                vol.Required(CONF_FEES): numbers_section(
                    {
                        CONF_SITE_FEE: per_month,
                        CONF_METER_FEE: per_month,
                        CONF_SITE_POWER: per_kw,
                        CONF_METER_POWER: per_kw,
                    },
                    switches=(CONF_FEES_BY_HOUR,),
                    is_collapsed=True,
                ),
                vol.Required(CONF_SEASON, default={}): season_section(),
            }
        )


def _missing(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return what lacks beside what there is."""
    electricity = dict(user_input[CONF_ELECTRICITY])
    if CONF_SENSOR in user_input[CONF_DYNAMIC]:
        electricity.setdefault(CONF_GRID, None)
    if (share := electricity.get(CONF_SOLAR_SHARE)) is not None:
        if {CONF_SOLAR, CONF_SOLAR_LOW} & electricity.keys():
            return {CONF_ELECTRICITY: "solar_price_twice"}
        if share > 100:
            return {CONF_ELECTRICITY: "share_too_large"}
    solar = {CONF_SOLAR, CONF_SOLAR_SHARE}
    if consumed := {CONF_GRID, *solar, *_LOW_PRICES} & electricity.keys():
        if CONF_GRID not in consumed:
            return {CONF_ELECTRICITY: "grid_price_needed"}
        if not consumed & solar:
            return {CONF_ELECTRICITY: "solar_price_needed"}
    if user_input[CONF_FEES].get(CONF_FEES_BY_HOUR) and CONF_GRID not in electricity:
        return {CONF_FEES: "fees_need_grid_price"}
    if not electricity and not user_input[CONF_WATER_AND_HEAT]:
        return {"base": "nothing_priced"}
    return {}


def _wrong_sensor(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong beside a sensor, or with what its price is multiplied by."""
    told, prices = user_input[CONF_DYNAMIC], user_input[CONF_ELECTRICITY]
    error = None
    if not is_factor(told.get(CONF_SENSOR_FACTOR, 1.0)):
        error = "factor_out_of_range"
    elif not is_price(told.get(CONF_SENSOR_SURCHARGE, 0.0)):
        error = "no_price"
    elif told and CONF_SENSOR not in told:
        error = "sensor_needed"
    elif told and {CONF_GRID, CONF_GRID_LOW} & prices.keys():
        error = "grid_price_twice"
    return {CONF_DYNAMIC: error} if error else {}
