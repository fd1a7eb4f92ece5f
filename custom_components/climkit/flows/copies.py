"""The same prices for other sites of the account: a section of their form."""

from collections.abc import Mapping
from typing import Any

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..const import CONF_COPY, CONF_SITES


def with_copies(schema: vol.Schema, names: Mapping[str, str]) -> vol.Schema:
    """Return a form that asks for which other sites the prices are too; as it is without any."""
    if not names:
        return schema
    options = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
    sites = SelectSelector(
        SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
    )
    fields = vol.Schema({vol.Optional(CONF_SITES): sites})
    return schema.extend(
        {vol.Required(CONF_COPY, default={}): section(fields, {"collapsed": True})}
    )


def chosen_sites(user_input: Mapping[str, Any]) -> list[str]:
    """Return for which other sites prices are too, each once."""
    return list(dict.fromkeys(user_input.get(CONF_COPY, {}).get(CONF_SITES, ())))


def without_copies(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prices themselves."""
    return {key: value for key, value in user_input.items() if key != CONF_COPY}
