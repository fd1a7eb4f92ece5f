"""Which sensor can tell a price, and how a tariff remembers it."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.sensor import ATTR_STATE_CLASS, SensorStateClass
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import get_capability, get_unit_of_measurement
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import voluptuous as vol

from ..const import CONF_SENSOR, CONF_SENSOR_FACTOR, CONF_SENSOR_SURCHARGE, DOMAIN
from ..statistics import RecorderError, async_mean_unit


def sensor_section(unit: str) -> section:
    """Return the section of a sensor that tells the grid's price, in a unit."""
    shown = EntitySelectorConfig(filter={"domain": "sensor", "unit_of_measurement": unit})
    box = NumberSelectorConfig(mode=NumberSelectorMode.BOX, step="any")
    per_kwh = NumberSelectorConfig(
        mode=NumberSelectorMode.BOX, step="any", unit_of_measurement=unit
    )
    fields = {
        vol.Optional(CONF_SENSOR): EntitySelector(shown),
        vol.Optional(CONF_SENSOR_FACTOR): NumberSelector(box),
        vol.Optional(CONF_SENSOR_SURCHARGE): NumberSelector(per_kwh),
    }
    return section(vol.Schema(fields), {"collapsed": True})


async def async_sensor_error(
    hass: HomeAssistant, entity_id: str, unit: str, placeholders: dict[str, str]
) -> str | None:
    """Return why a sensor cannot tell a price; None: it can.

    Its hours have means as soon as the recorder has compiled some, in the unit that it has now.
    """
    placeholders |= {"sensor": entity_id, "needed": unit}
    entry = er.async_get(hass).async_get(entity_id)
    if entry and entry.platform == DOMAIN:
        return "sensor_is_own"
    try:
        units = [get_unit_of_measurement(hass, entity_id)]
        state_class = get_capability(hass, entity_id, ATTR_STATE_CLASS)
    except HomeAssistantError:
        return "sensor_unknown"
    if state_class != SensorStateClass.MEASUREMENT:
        return "sensor_without_statistics"
    try:
        has_means, compiled = await async_mean_unit(hass, entity_id)
    except RecorderError:
        return "recorder_silent"
    if has_means:
        units.append(compiled)
    if wrong := [str(one) for one in units if one != unit]:
        placeholders["unit"] = wrong[0]
        return "sensor_unit"
    return None if has_means else "sensor_without_means"


def as_remembered(hass: HomeAssistant, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered, with the sensor's id in the registry: it may be renamed."""
    entry = er.async_get(hass).async_get(told[CONF_SENSOR]) if CONF_SENSOR in told else None
    return {**told, CONF_SENSOR: entry.id} if entry else dict(told)


def as_shown(hass: HomeAssistant, remembered: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored, with the sensor's entity id of now, if there is one."""
    sensor = remembered.get(CONF_SENSOR)
    entity_id = er.async_resolve_entity_id(er.async_get(hass), sensor) if sensor else None
    return {**remembered, CONF_SENSOR: entity_id} if entity_id else dict(remembered)
