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
    CONF_ELECTRICITY,
    CONF_FEES,
    CONF_GRID,
    CONF_GRID_LOW,
    CONF_HEATING,
    CONF_HOT_WATER,
    CONF_LOW_HOURS,
    CONF_METER_FEE,
    CONF_SEASON,
    CONF_SITE_FEE,
    CONF_SOLAR,
    CONF_SOLAR_LOW,
    CONF_SOLAR_SHARE,
    CONF_VALID_FROM,
    CONF_WATER_AND_HEAT,
)
from ..costs import is_feed_in, is_price
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
        prices = user_input[CONF_ELECTRICITY].items()
        return CONF_ELECTRICITY, [price for key, price in prices if key != CONF_SOLAR_SHARE]

    @staticmethod
    @override
    def has_low_price(user_input: Mapping[str, Any]) -> bool:
        return not user_input[CONF_ELECTRICITY].keys().isdisjoint(_LOW_PRICES)

    @override
    def _price_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        errors = _missing(user_input)
        for part in (CONF_ELECTRICITY, CONF_WATER_AND_HEAT, CONF_FEES):
            prices = user_input[part]
            if not all(map(is_price, prices.values())):
                errors[part] = "no_price"
            elif any(price < 0 for price in prices.values()):
                errors[part] = "price_below_zero"
        return errors

    @staticmethod
    @override
    def schema(currency: str) -> vol.Schema:
        """Return the form; all prices are optional."""
        per_kwh = f"{currency}/kWh"
        per_m3 = f"{currency}/m³"
        per_month = currency
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
                    {CONF_SITE_FEE: per_month, CONF_METER_FEE: per_month}, is_collapsed=True
                ),
                vol.Required(CONF_SEASON, default={}): season_section(),
            }
        )


def _missing(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return what lacks beside what there is."""
    electricity = user_input[CONF_ELECTRICITY]
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
    if not electricity and not user_input[CONF_WATER_AND_HEAT]:
        return {"base": "nothing_priced"}
    return {}
