"""The entities of costs: what a site or meter costs, and what electricity costs now.

They are there as long as a tariff is. Costs have a state class, as what they show, fixed fees
included, is in no external statistic; those of energy have none (see docs/costs.md).
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import ClimkitConfigEntry, SiteCoordinator, SiteRuntime
from .costs import SiteCosts
from .devices import site_device_ids
from .entity import ClimkitEntity, meter_device, site_device
from .measures import METER_TYPES, Price

# Decimals of a state: what lies behind them is float dust.
DUST = 6

COST_TODAY = "cost_today"


@dataclass(frozen=True, kw_only=True)
class CostSensorDescription(SensorEntityDescription):
    """What a site or meter costs since a time."""

    since_fn: Callable[[SiteCosts], datetime]


@dataclass(frozen=True, kw_only=True)
class PriceSensorDescription(SensorEntityDescription):
    """What a kWh costs now."""

    price: Price


COSTS = tuple(
    CostSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        since_fn=since_fn,
    )
    for key, since_fn in (
        (COST_TODAY, lambda costs: costs.day_start),
        ("cost_this_month", lambda costs: costs.month_start),
    )
)
PRICES = tuple(
    PriceSensorDescription(
        key=key,
        translation_key=key,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=4,
        price=price,
    )
    for key, price in (("grid_price", Price.GRID), ("solar_price", Price.SOLAR))
)


@callback
def async_follow_costs(
    hass: HomeAssistant,
    entry: ClimkitConfigEntry,
    runtime: SiteRuntime,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a site's entities of costs as soon as tariffs allow them, and remove them again."""
    coordinator = runtime.coordinator
    present: set[tuple[str, str]] = set()
    seen: object = None

    @callback
    def update() -> None:
        nonlocal present, seen
        wanted = dict(_wanted(coordinator))
        device_ids = site_device_ids(runtime)
        if (known := (coordinator.data, wanted.keys(), device_ids)) == seen:
            return
        seen = known
        _async_remove_others(hass, coordinator, wanted)
        present &= {key for key in wanted if key[0] in device_ids}
        async_add_entities([entity for key, entity in wanted.items() if key not in present])
        present |= wanted.keys()

    update()
    entry.async_on_unload(coordinator.async_add_listener(update))


@callback
def _async_remove_others(
    hass: HomeAssistant, coordinator: SiteCoordinator, wanted: Collection[tuple[str, str]]
) -> None:
    """Remove the entities of what has no price any more; of what is not known yet they stay."""
    registry = er.async_get(hass)
    known = {series.owner_id for series in coordinator.data.series.values()}
    for owner_id in {coordinator.site.id, *known}:
        for description in (*COSTS, *PRICES):
            unique_id = f"{owner_id}_{description.key}"
            entity_id = registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, unique_id)
            if entity_id and (owner_id, description.key) not in wanted:
                registry.async_remove(entity_id)


def _wanted(
    coordinator: SiteCoordinator,
) -> Iterator[tuple[tuple[str, str], CostSensor | PriceSensor]]:
    """Return the entities there should be, by owner and kind."""
    site, costs, meters = coordinator.site, coordinator.costs, coordinator.data.meters
    device = site_device(coordinator)
    for owner_id in costs.owner_ids:
        meter = meters.get(owner_id)
        owner = meter_device(coordinator, meter) if meter else device
        for description in COSTS:
            # Of a meter that is read once a day nothing is known of today.
            is_enabled = meter is None or METER_TYPES[meter.type].read_each_interval
            view = replace(
                description,
                entity_registry_enabled_default=is_enabled or description.key != COST_TODAY,
            )
            yield (owner_id, view.key), CostSensor(coordinator, owner, owner_id, view)
    for price in PRICES:
        if costs.tariffs.has_price(price.price):
            yield (site.id, price.key), PriceSensor(coordinator, device, site.id, price)


class CostSensor(ClimkitEntity[SiteCoordinator]):
    """What a site or meter costs today or this month, fixed fees included."""

    entity_description: CostSensorDescription

    @property
    @override
    def is_there(self) -> bool:
        """Whether this still costs something."""
        return self.owner_id in self.coordinator.costs.owner_ids

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """Return the currency."""
        return self.coordinator.costs.tariffs.currency

    @property
    @override
    def last_reset(self) -> datetime:
        """Return when the day or month began."""
        return self.entity_description.since_fn(self.coordinator.costs)

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum."""
        cost = self.coordinator.costs.cost(self.owner_id, self.last_reset)
        return None if cost is None else round(cost, DUST)


class PriceSensor(ClimkitEntity[SiteCoordinator]):
    """What a kWh costs now."""

    entity_description: PriceSensorDescription

    @property
    @override
    def is_there(self) -> bool:
        """Whether there is still such a price."""
        return self.coordinator.costs.tariffs.has_price(self.entity_description.price)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """Return the currency per kWh."""
        return f"{self.coordinator.costs.tariffs.currency}/{UnitOfEnergy.KILO_WATT_HOUR}"

    @property
    @override
    def native_value(self) -> float | None:
        """Return the price of the running hour."""
        return self.coordinator.costs.price(self.entity_description.price)
