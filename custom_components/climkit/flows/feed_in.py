"""How a user adds what is paid for exported energy, and corrects it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, override

from homeassistant.helpers.selector import DateSelector
import voluptuous as vol

from ..const import (
    CONF_FEED_IN,
    CONF_FEED_IN_BONUS,
    CONF_FEED_IN_FLOOR,
    CONF_FEED_IN_LOW,
    CONF_FEED_IN_PRICE,
    CONF_LOW_HOURS,
    CONF_SEASON,
    CONF_VALID_FROM,
)
from ..costs import is_feed_in, is_price
from .prices import PriceSteps, low_feed_in_section, numbers_section, season_section


class FeedInFlow(PriceSteps):
    """Add a feed-in price of a site, or correct one; a negative one is paid by the producer."""

    @staticmethod
    @override
    def is_of_this_kind(data: Mapping[str, Any]) -> bool:
        return is_feed_in(data)

    @override
    def _following(self, day: date) -> date:
        """Return when the next quarter begins: reference prices are those of a quarter."""
        quarter = day.year * 4 + (day.month - 1) // 3 + 1
        return date(quarter // 4, quarter % 4 * 3 + 1, 1)

    @override
    def _unique_id(self, when: str) -> str:
        return f"{when}_feed_in"

    @staticmethod
    @override
    def per_kwh(user_input: Mapping[str, Any]) -> tuple[str, list[float]]:
        return CONF_FEED_IN, list(user_input[CONF_FEED_IN].values())

    @staticmethod
    @override
    def has_low_price(user_input: Mapping[str, Any]) -> bool:
        return CONF_FEED_IN_LOW in user_input[CONF_FEED_IN]

    @override
    def _price_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        prices = user_input[CONF_FEED_IN]
        if not all(map(is_price, prices.values())):
            return {CONF_FEED_IN: "no_price"}
        if prices and CONF_FEED_IN_PRICE not in prices:
            return {CONF_FEED_IN: "feed_in_price_needed"}
        return {}

    @staticmethod
    @override
    def schema(currency: str) -> vol.Schema:
        """Return the form; without a price none is known from then on."""
        keys = (CONF_FEED_IN_PRICE, CONF_FEED_IN_LOW, CONF_FEED_IN_FLOOR, CONF_FEED_IN_BONUS)
        return vol.Schema(
            {
                vol.Required(CONF_VALID_FROM): DateSelector(),
                vol.Required(CONF_FEED_IN): numbers_section(dict.fromkeys(keys, f"{currency}/kWh")),
                vol.Required(CONF_LOW_HOURS, default={}): low_feed_in_section(),
                vol.Required(CONF_SEASON, default={}): season_section(),
            }
        )
