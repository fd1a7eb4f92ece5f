"""What all Climkit entities have in common."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import ClimkitCoordinator, SiteCoordinator
from .runtime import SiteRuntime


def unique_id(owner_id: str, key: str) -> str:
    """Return the unique id of what an entity shows of a site, meter or sensor."""
    return f"{owner_id}_{key}" if key else owner_id


class ClimkitEntity[CoordinatorT: ClimkitCoordinator[Any]](
    CoordinatorEntity[CoordinatorT], SensorEntity
):
    """An entity of a site, a meter or a Climkit sensor; `owner_id` is that one's id."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: CoordinatorT,
        device_info: DeviceInfo,
        owner_id: str,
        description: SensorEntityDescription,
        context: str | None = None,
    ) -> None:
        """Set up names and ids; `context` tells the coordinator what this entity needs."""
        super().__init__(coordinator, context)
        self.entity_description = description
        self.owner_id = owner_id
        self._attr_device_info = device_info
        self._attr_unique_id = unique_id(owner_id, description.key)
        self._shown: tuple[object, ...] | None = None

    @property
    def is_listed(self) -> bool:
        """Whether Climkit still lists what this entity shows."""
        return True

    @property
    @override
    def available(self) -> bool:
        """A refresh that failed says little: available until Climkit was silent for hours."""
        return self.is_listed and self.coordinator.is_available

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state if what it shows changed: updates are many, changes are few.

        It is written with all its decimals, also with those that are not shown.
        """
        is_available = self.available
        value = self.native_value if is_available else None
        if isinstance(value, float) and (decimals := self.shown_decimals) is not None:
            value = round(value, decimals)
        shown = is_available, value, self.native_unit_of_measurement, self.last_reset
        if shown != self._shown:
            self._shown = shown
            super()._handle_coordinator_update()

    @property
    def shown_decimals(self) -> int | None:
        """Return how many decimals are shown; None where all count, or none knows.

        Fewer than usual are a matter of looks: automations still see what others see.
        """
        if not self.registry_entry or self.unit_of_measurement != self.native_unit_of_measurement:
            return None
        options: Mapping[str, int] = self.registry_entry.options.get(SENSOR_DOMAIN, {})
        kinds = ("display_precision", "suggested_display_precision")
        return max((options[kind] for kind in kinds if kind in options), default=None)


class SiteEntity(ClimkitEntity[SiteCoordinator]):
    """An entity of a site or of one of its meters."""

    def __init__(
        self,
        runtime: SiteRuntime,
        device_info: DeviceInfo,
        owner_id: str,
        description: SensorEntityDescription,
        context: str | None = None,
    ) -> None:
        """Set up an entity that shows what works for the site."""
        super().__init__(runtime.coordinator, device_info, owner_id, description, context)
        self.runtime = runtime
