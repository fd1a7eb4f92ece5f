"""The entities of costs: what a site or meter costs, what electricity costs now, how far that is.

They are there as long as a tariff is. Costs have a state class, as what they show, fixed fees
included, is in no external statistic; those of energy have none (see docs/costs.md).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfRatio

from ..const import DECIMALS
from ..costs import Bills
from ..devices import meter_device, site_device
from ..entity import SiteEntity, unique_id
from ..measures import METER_TYPES, Price
from ..runtime import SiteRuntime

COST_TODAY = "cost_today"

# Of a projection: what is spent, and of how many days the rest follows.
ATTR_SO_FAR, ATTR_DAYS_USED = "so_far", "days_used"


@dataclass(frozen=True, kw_only=True)
class CostSensorDescription(SensorEntityDescription):
    """What a site or meter costs since a time: that time, and the cost by the owner's id."""

    since_fn: Callable[[Bills], datetime]
    cost_fn: Callable[[Bills, str], float | None]


@dataclass(frozen=True, kw_only=True)
class LastMonthDescription(SensorEntityDescription):
    """What a site or meter cost in the month before."""


@dataclass(frozen=True, kw_only=True)
class ProjectedDescription(SensorEntityDescription):
    """What a site or meter will have cost at the end of the month."""


@dataclass(frozen=True, kw_only=True)
class PriceSensorDescription(SensorEntityDescription):
    """What a kWh costs now."""

    price: Price


@dataclass(frozen=True, kw_only=True)
class CostProgressDescription(SensorEntityDescription):
    """How much of a site's costs is computed."""


COSTS = tuple(
    CostSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        since_fn=since_fn,
        cost_fn=cost_fn,
    )
    for key, since_fn, cost_fn in (
        (COST_TODAY, lambda bills: bills.day_start, Bills.cost_today),
        ("cost_this_month", lambda bills: bills.month_start, Bills.cost_this_month),
    )
)
# No state class: the month's costs are in statistics already.
LAST_MONTH = LastMonthDescription(
    key="cost_last_month",
    translation_key="cost_last_month",
    device_class=SensorDeviceClass.MONETARY,
    suggested_display_precision=2,
    entity_registry_enabled_default=False,
)
PROJECTED = ProjectedDescription(
    key="cost_projected",
    translation_key="cost_projected",
    device_class=SensorDeviceClass.MONETARY,
    suggested_display_precision=2,
    entity_registry_enabled_default=False,
)
COSTS_OF_OWNER: tuple[CostSensorDescription | LastMonthDescription | ProjectedDescription, ...] = (
    *COSTS,
    LAST_MONTH,
    PROJECTED,
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


PROGRESS = CostProgressDescription(
    key="cost_progress",
    translation_key="cost_progress",
    native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
    suggested_display_precision=0,
    entity_category=EntityCategory.DIAGNOSTIC,
)

# The entities of a site that do not need its totals.
WITHOUT_TOTALS = (*PRICES, PROGRESS)

type Description = (
    CostSensorDescription
    | LastMonthDescription
    | ProjectedDescription
    | PriceSensorDescription
    | CostProgressDescription
)


def cost_entities(runtime: SiteRuntime) -> Iterator[SiteEntity]:
    """Return the entities of costs that there should be."""
    for owner_id, description in _wanted(runtime):
        yield _entity(runtime, owner_id, description)


def unpriced_ids(runtime: SiteRuntime) -> Iterator[str]:
    """Return the unique ids of what has no price; of what is not there nothing is known."""
    costs = runtime.costs
    for owner_id in costs.plan.free_owner_ids:
        yield from (unique_id(owner_id, description.key) for description in COSTS_OF_OWNER)
    for price in PRICES:
        if not costs.tariffs.has_price(price.price):
            yield unique_id(runtime.site.id, price.key)
    if not costs.tariffs:
        yield unique_id(runtime.site.id, PROGRESS.key)


def _wanted(runtime: SiteRuntime) -> Iterator[tuple[str, Description]]:
    """Return what there should be entities of, each with its owner's id.

    A meter that joins has costs before there is a device of it.
    """
    site_id, costs, meters = runtime.site.id, runtime.costs, runtime.meters
    for owner_id in costs.plan.owner_ids:
        if owner_id == site_id or owner_id in meters:
            yield from ((owner_id, description) for description in COSTS_OF_OWNER)
    for price in PRICES:
        if costs.tariffs.has_price(price.price):
            yield site_id, price
    if costs.tariffs:
        yield site_id, PROGRESS


def _entity(runtime: SiteRuntime, owner_id: str, description: Description) -> SiteEntity:
    meter = runtime.meters.get(owner_id)
    device = meter_device(runtime, meter) if meter else site_device(runtime)
    match description:
        case PriceSensorDescription():
            return PriceSensor(runtime, device, owner_id, description)
        case CostProgressDescription():
            return CostProgressSensor(runtime, device, owner_id, description)
        case LastMonthDescription():
            return LastMonthSensor(runtime, device, owner_id, description)
        case ProjectedDescription():
            return ProjectedSensor(runtime, device, owner_id, description)
    # Of a meter that is read once a day nothing is known of today.
    is_enabled = meter is None or METER_TYPES[meter.type].read_each_interval
    view = replace(
        description,
        entity_registry_enabled_default=is_enabled or description.key != COST_TODAY,
    )
    return CostSensor(runtime, device, owner_id, view)


class _MonetarySensor(SiteEntity):
    """What a site or meter costs, fixed fees included."""

    @property
    @override
    def is_listed(self) -> bool:
        """Whether this still costs something."""
        return self.owner_id in self.runtime.costs.plan.owner_ids

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """Return the currency."""
        return self.runtime.costs.tariffs.currency


class LastMonthSensor(_MonetarySensor):
    """What a site or meter cost in the month before."""

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum."""
        cost = self.runtime.costs.bills.cost_last_month(self.owner_id)
        return None if cost is None else round(cost, DECIMALS)


class ProjectedSensor(_MonetarySensor):
    """What a site or meter will have cost at the end of the month."""

    _unrecorded_attributes = frozenset({ATTR_SO_FAR, ATTR_DAYS_USED})

    @override
    async def async_added_to_hass(self) -> None:
        """Let it be worked out, as somebody wants it."""
        await super().async_added_to_hass()
        self.async_on_remove(self.runtime.costs.project(self.owner_id))

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum."""
        found = self.runtime.costs.bills.projected(self.owner_id)
        return None if found is None else round(found.cost, DECIMALS)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, float] | None:
        """Return what it was made of."""
        found = self.runtime.costs.bills.projected(self.owner_id)
        if found is None:
            return None
        return {ATTR_SO_FAR: round(found.so_far, DECIMALS), ATTR_DAYS_USED: found.days}


class CostSensor(_MonetarySensor):
    """What a site or meter costs today or this month."""

    entity_description: CostSensorDescription

    @property
    @override
    def last_reset(self) -> datetime:
        """Return when the day or month began."""
        return self.entity_description.since_fn(self.runtime.costs.bills)

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum."""
        cost = self.entity_description.cost_fn(self.runtime.costs.bills, self.owner_id)
        return None if cost is None else round(cost, DECIMALS)


class PriceSensor(SiteEntity):
    """What a kWh costs now."""

    entity_description: PriceSensorDescription

    @property
    @override
    def is_listed(self) -> bool:
        """Whether there is still such a price."""
        return self.runtime.costs.tariffs.has_price(self.entity_description.price)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """Return the currency per kWh."""
        return f"{self.runtime.costs.tariffs.currency}/{UnitOfEnergy.KILO_WATT_HOUR}"

    @property
    @override
    def native_value(self) -> float | None:
        """Return the price of the running hour."""
        return self.runtime.costs.price(self.entity_description.price)


class CostProgressSensor(SiteEntity):
    """How much of the costs is computed."""

    @property
    @override
    def is_listed(self) -> bool:
        """Whether there is still a tariff."""
        return bool(self.runtime.costs.tariffs)

    @property
    @override
    def native_value(self) -> float | None:
        """Return full percents; None before it is known."""
        return self.runtime.costs.progress
