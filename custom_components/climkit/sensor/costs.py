"""The entities of costs: what a site or meter costs, what electricity costs now, how far that is.

They are there as long as a tariff is. Costs have a state class, as what they show, fixed fees
included, is in no external statistic; those of energy have none (see docs/costs.md).
"""

from collections.abc import Iterator
from copy import replace
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfRatio
from homeassistant.helpers.device_registry import DeviceInfo

from ..const import DECIMALS
from ..costs import Bills
from ..devices import meter_device, site_device
from ..entity import SiteEntity, unique_id
from ..measures import METER_TYPES, Price
from ..runtime import SiteRuntime
from .descriptions import ValueDescription

COST_TODAY = "cost_today"
COST_THIS_MONTH = "cost_this_month"
COST_PROJECTED = "cost_projected"

# Of a projection: what is spent, and of how many days the rest follows.
ATTR_SO_FAR, ATTR_DAYS_USED = "so_far", "days_used"

# What a site or meter costs, by the owner's id.
type CostDescription = ValueDescription[[Bills, str], float]


def _projected_cost(bills: Bills, owner_id: str) -> float | None:
    found = bills.projected(owner_id)
    return found.cost if found else None


COSTS: tuple[CostDescription, ...] = tuple(
    ValueDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        value_fn=value_fn,
    )
    for key, value_fn in ((COST_TODAY, Bills.cost_today), (COST_THIS_MONTH, Bills.cost_this_month))
)
# No state class: the month's costs are in statistics already.
_OF_WHOLE_MONTHS: tuple[CostDescription, ...] = tuple(
    ValueDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        value_fn=value_fn,
    )
    for key, value_fn in (
        ("cost_last_month", Bills.cost_last_month),
        (COST_PROJECTED, _projected_cost),
    )
)
COSTS_OF_OWNER = (*COSTS, *_OF_WHOLE_MONTHS)
PRICES = {
    price: SensorEntityDescription(
        key=key,
        translation_key=key,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=4,
    )
    for price, key in ((Price.GRID, "grid_price"), (Price.SOLAR, "solar_price"))
}

PROGRESS = SensorEntityDescription(
    key="cost_progress",
    translation_key="cost_progress",
    native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
    suggested_display_precision=0,
    entity_category=EntityCategory.DIAGNOSTIC,
)

# The entities of a site that do not need its totals.
WITHOUT_TOTALS = (*PRICES.values(), PROGRESS)


def cost_entities(runtime: SiteRuntime) -> Iterator[SiteEntity]:
    """Return the entities of costs that there should be.

    A meter that joins has costs before there is a device of it.
    """
    site_id, costs = runtime.site.id, runtime.costs
    site, meters = site_device(runtime), runtime.meters
    for owner_id in costs.plan.owner_ids:
        if owner_id == site_id or owner_id in meters:
            yield from _costs_of(runtime, owner_id)
    for price, description in PRICES.items():
        if costs.tariffs.has_price(price):
            yield PriceSensor(runtime, site, site_id, description, price)
    if costs.tariffs:
        yield CostProgressSensor(runtime, site, site_id, PROGRESS)


def unpriced_ids(runtime: SiteRuntime) -> Iterator[str]:
    """Return the unique ids of what has no price; of what is not there nothing is known."""
    costs = runtime.costs
    for owner_id in costs.plan.free_owner_ids:
        yield from (unique_id(owner_id, description.key) for description in COSTS_OF_OWNER)
    for price, description in PRICES.items():
        if not costs.tariffs.has_price(price):
            yield unique_id(runtime.site.id, description.key)
    if not costs.tariffs:
        yield unique_id(runtime.site.id, PROGRESS.key)


def _costs_of(runtime: SiteRuntime, owner_id: str) -> Iterator[SiteEntity]:
    meter = runtime.meters.get(owner_id)
    device = meter_device(runtime, meter) if meter else site_device(runtime)
    is_read_daily = meter is not None and not METER_TYPES[meter.type].read_each_interval
    for description in COSTS_OF_OWNER:
        view = description
        if is_read_daily and description.key == COST_TODAY:  # nothing is known of today
            view = replace(description, entity_registry_enabled_default=False)
        kind = ProjectedSensor if description.key == COST_PROJECTED else CostSensor
        yield kind(runtime, device, owner_id, view)


class CostSensor(SiteEntity):
    """What a site or meter costs in a day or month, fixed fees included."""

    entity_description: CostDescription

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

    @property
    @override
    def shown_decimals(self) -> None:
        """Write each fraction of it: Home Assistant makes statistics of these sums."""
        return

    @property
    @override
    def last_reset(self) -> datetime | None:
        """Return when the day or month began, of one that is not over."""
        if self.entity_description.key == COST_TODAY:
            return self.runtime.costs.bills.day_start
        if self.entity_description.key == COST_THIS_MONTH:
            return self.runtime.costs.bills.month_start
        return None

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum."""
        cost = self.entity_description.value_fn(self.runtime.costs.bills, self.owner_id)
        return None if cost is None else round(cost, DECIMALS)


class ProjectedSensor(CostSensor):
    """What a site or meter will have cost at the end of the month."""

    _unrecorded_attributes = frozenset({ATTR_SO_FAR, ATTR_DAYS_USED})

    @override
    async def async_added_to_hass(self) -> None:
        """Let it be worked out, as somebody wants it."""
        await super().async_added_to_hass()
        self.async_on_remove(self.runtime.costs.project(self.owner_id))

    @property
    @override
    def extra_state_attributes(self) -> dict[str, float] | None:
        """Return what it was made of."""
        found = self.runtime.costs.bills.projected(self.owner_id)
        if found is None:
            return None
        return {ATTR_SO_FAR: round(found.so_far, DECIMALS), ATTR_DAYS_USED: found.days}


class PriceSensor(SiteEntity):
    """What a kWh costs now."""

    def __init__(
        self,
        runtime: SiteRuntime,
        device_info: DeviceInfo,
        owner_id: str,
        description: SensorEntityDescription,
        price: Price,
    ) -> None:
        """Show one of a site's prices."""
        super().__init__(runtime, device_info, owner_id, description)
        self._price = price

    @property
    @override
    def is_listed(self) -> bool:
        """Whether there is still such a price."""
        return self.runtime.costs.tariffs.has_price(self._price)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """Return the currency per kWh."""
        return f"{self.runtime.costs.tariffs.currency}/{UnitOfEnergy.KILO_WATT_HOUR}"

    @property
    @override
    def native_value(self) -> float | None:
        """Return the price of the running hour."""
        return self.runtime.costs.price(self._price)


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
