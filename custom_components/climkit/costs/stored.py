"""The prices that an entry's subentries store."""

from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from ..const import (
    CONF_ELECTRICITY,
    CONF_EXPORT,
    CONF_SITE,
    CONF_VALID_FROM,
    SUBENTRY_FEED_IN,
    SUBENTRY_TARIFF,
)
from .tariff import feed_in_of_tariffs, tariff_or_none

_PRICED = (SUBENTRY_TARIFF, SUBENTRY_FEED_IN)


def stored_prices(entry: ConfigEntry[Any], site_id: str) -> list[dict[str, Any]]:
    """Return the tariffs and feed-in prices of a site, as subentries of its entry store them."""
    return [
        dict(subentry.data)
        for subentry in entry.subentries.values()
        if subentry.subentry_type in _PRICED and subentry.data.get(CONF_SITE) == site_id
    ]


@callback
def async_move_feed_in(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Let what tariffs of release 0.1.0 say of exported energy be feed-in prices of their own."""
    by_site: dict[str, list[ConfigSubentry]] = {}
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_TARIFF:
            by_site.setdefault(str(subentry.data.get(CONF_SITE)), []).append(subentry)
    for tariffs in by_site.values():
        titles = {one.data.get(CONF_VALID_FROM): one.title for one in tariffs}
        for data in feed_in_of_tariffs(one.data for one in tariffs):
            _async_add(hass, entry, data, titles[data[CONF_VALID_FROM]])
        for one in tariffs:
            _async_drop_export(hass, entry, one)


def _async_add(
    hass: HomeAssistant, entry: ConfigEntry[Any], data: dict[str, Any], title: str
) -> None:
    unique_id = f"{data[CONF_SITE]}_{data[CONF_VALID_FROM]}_feed_in"
    subentry = ConfigSubentry(
        data=MappingProxyType(data),
        subentry_type=SUBENTRY_FEED_IN,
        title=title,
        unique_id=unique_id,
    )
    if unique_id not in {one.unique_id for one in entry.subentries.values()}:
        hass.config_entries.async_add_subentry(entry, subentry)


def _async_drop_export(
    hass: HomeAssistant, entry: ConfigEntry[Any], tariff: ConfigSubentry
) -> None:
    # One that cannot be used keeps its price until somebody has corrected it.
    if tariff_or_none(tariff.data) and CONF_EXPORT in (prices := tariff.data[CONF_ELECTRICITY]):
        left = {key: price for key, price in prices.items() if key != CONF_EXPORT}
        data = {**tariff.data, CONF_ELECTRICITY: left}
        hass.config_entries.async_update_subentry(entry, tariff, data=data)
