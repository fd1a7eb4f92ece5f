"""Which entities there are: the views of a series, rates, raw readings, a site's diagnostics."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower, UnitOfRatio, UnitOfVolume

from ..const import DECIMALS
from ..measures import ELECTRICITY, NET_POWERS, EntityView, Quantity, Series
from ..runtime import SiteRuntime


@dataclass(frozen=True, kw_only=True)
class ValueDescription[**Of, Value](SensorEntityDescription):
    """What an entity shows of something, None while that is unknown."""

    value_fn: Callable[Of, Value | None]


# One view of a series: its running total, the amount of a period, its power or its peak.
type SeriesDescription = ValueDescription[[SiteRuntime, Series], float | datetime]

# Something about a site's data.
type SiteDescription = ValueDescription[[SiteRuntime], float | datetime]

type PairDescription = ValueDescription[[SiteRuntime, Series, Series], float]


class Pair(NamedTuple):
    """What two series tell together of a meter or a site, the owner."""

    owner_id: str
    description: PairDescription
    first: Series
    second: Series


# History import in percent, once all is stored.
COMPLETE = 100.0

# Below this much energy (kWh) a rate of today says nothing.
RATE_FROM = 0.05


def _reading(
    register: str, name: str, device_class: SensorDeviceClass, unit: str
) -> SensorEntityDescription:
    return SensorEntityDescription(
        key=f"reading_{register}",
        translation_key=name,
        device_class=device_class,
        native_unit_of_measurement=unit,
        suggested_display_precision=3,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )


def _readings(
    device_class: SensorDeviceClass, unit: str, **names: str
) -> dict[str, SensorEntityDescription]:
    return {
        register: _reading(register, name, device_class, unit) for register, name in names.items()
    }


_ELECTRICITY_READINGS = _readings(
    SensorDeviceClass.ENERGY,
    UnitOfEnergy.KILO_WATT_HOUR,
    en_im="reading_import",
    en_ex="reading_export",
)
_HEAT_READINGS = _readings(
    SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR, heat_energy_kwh="reading"
)
_WATER_READINGS = _readings(SensorDeviceClass.WATER, UnitOfVolume.CUBIC_METERS, vol_m3="reading")

# The registers of a meter by its type, each by the API's name.
READINGS: dict[str, dict[str, SensorEntityDescription]] = {
    ELECTRICITY: _ELECTRICITY_READINGS,
    "heating": _HEAT_READINGS,
    "cooling": _HEAT_READINGS,
    "cold_water": _WATER_READINGS,
    "hot_water": _WATER_READINGS,
}

HISTORY_SENSOR: SiteDescription = ValueDescription(
    key="history_progress",
    translation_key="history_progress",
    native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
    suggested_display_precision=0,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda runtime: runtime.history.progress,
)

SITE_SENSORS: tuple[SiteDescription, ...] = (
    ValueDescription(
        # Home Assistant's activity would tell each new time: 96 lines a day that say nothing.
        key="last_measurement",
        translation_key="last_measurement",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda runtime: runtime.coordinator.last_measurement,
    ),
    ValueDescription(
        key="complete_until",
        translation_key="complete_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        # While history is imported it would change with each page.
        value_fn=lambda runtime: (
            runtime.complete_until if runtime.history.progress == COMPLETE else None
        ),
    ),
    HISTORY_SENSOR,
)


# The views that are amounts: what the key of the series gets behind it, and the amount.
_AMOUNTS: tuple[tuple[EntityView, str, Callable[[SiteRuntime, Series], float | None]], ...] = (
    (EntityView.TOTAL, "", lambda runtime, series: runtime.history.total(series)),
    # A meter that is read once a day has nothing of today: its data are of the day before.
    (EntityView.TODAY, "_today", lambda runtime, series: runtime.coordinator.today(series)),
    (
        EntityView.YESTERDAY,
        "_yesterday",
        lambda runtime, series: runtime.periods.amounts.yesterday(series),
    ),
    (EntityView.MONTH, "_month", lambda runtime, series: runtime.periods.amounts.month(series)),
)


def series_descriptions(series: Series) -> Iterator[SeriesDescription]:
    """Return the views of a series."""
    measure = series.measure
    for view, suffix, amount in _AMOUNTS:
        yield ValueDescription(
            key=f"{series.key}{suffix}",
            translation_key=f"{measure.name}{suffix}",
            device_class=measure.quantity.device_class,
            native_unit_of_measurement=measure.quantity.unit,
            suggested_display_precision=2 if measure.quantity is Quantity.ENERGY else 3,
            entity_registry_enabled_default=view in measure.shown,
            value_fn=amount,
        )
    if measure.has_power:
        yield ValueDescription(
            key=f"{series.key}_power",
            translation_key=f"{measure.name}_power",
            device_class=SensorDeviceClass.POWER,
            native_unit_of_measurement=UnitOfPower.WATT,
            state_class=SensorStateClass.MEASUREMENT,
            suggested_display_precision=0,
            entity_registry_enabled_default=EntityView.POWER in measure.shown,
            value_fn=lambda runtime, series: runtime.coordinator.power(series),
        )
        yield from _peak_descriptions(series)


def _peak_descriptions(series: Series) -> Iterator[SeriesDescription]:
    """Return the month's peak and its time; what is billed in some tariffs is the site's import.

    Hourly statistics of a value that holds for a month would say nothing: no state class.
    """
    is_shown = EntityView.PEAK in series.measure.shown
    yield ValueDescription(
        key=f"{series.key}_peak",
        translation_key=f"{series.measure.name}_peak",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
        entity_registry_enabled_default=is_shown,
        value_fn=lambda runtime, series: peak.power if (peak := runtime.peak(series)) else None,
    )
    yield ValueDescription(
        key=f"{series.key}_peak_time",
        translation_key=f"{series.measure.name}_peak_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value_fn=lambda runtime, series: peak.start if (peak := runtime.peak(series)) else None,
    )


def _share(runtime: SiteRuntime, part: Series, whole: Series) -> float | None:
    """Return which share of one of today's amounts another one is."""
    amount, total = runtime.coordinator.today(part), runtime.coordinator.today(whole)
    if amount is None or total is None or total < RATE_FROM:
        return None
    return min(max(amount / total, 0.0), 1.0)


def _part(runtime: SiteRuntime, part: Series, whole: Series) -> float | None:
    share = _share(runtime, part, whole)
    return None if share is None else round(100 * share, 1)


def _rest(runtime: SiteRuntime, part: Series, whole: Series) -> float | None:
    share = _share(runtime, part, whole)
    return None if share is None else round(100 * (1 - share), 1)


def _net_power(runtime: SiteRuntime, to_house: Series, from_house: Series) -> float | None:
    """Return W, as the mean of the newest quarter-hour; None unless both are known."""
    plus, minus = runtime.coordinator.power(to_house), runtime.coordinator.power(from_house)
    return None if plus is None or minus is None else round(plus - minus, DECIMALS)


def _rate(
    key: str, value_fn: Callable[[SiteRuntime, Series, Series], float | None]
) -> PairDescription:
    """Return a share of today's amounts in percent, unknown where there is too little to tell."""
    return ValueDescription(
        key=key,
        translation_key=key,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=value_fn,
    )


def rates(series: Iterable[Series]) -> Iterator[Pair]:
    """Return the rates that the series allow."""
    by_key: dict[tuple[str, str], Series] = {(s.owner_id, s.key): s for s in series}
    for owner_id in dict.fromkeys(owner_id for owner_id, _ in by_key):
        for key, part_key, whole_key, value_fn in (
            ("solar_share_today", "self", "total", _part),
            ("self_consumption_rate", "electricity_to_ext", "electricity_prod_total", _rest),
            ("self_sufficiency_rate", "electricity_from_ext", "electricity_conso_total", _rest),
        ):
            part, whole = by_key.get((owner_id, part_key)), by_key.get((owner_id, whole_key))
            if part and whole:
                yield Pair(owner_id, _rate(key, value_fn), part, whole)


def _net(key: str) -> PairDescription:
    """Return a power with its sign, in W."""
    return ValueDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=_net_power,
    )


def net_powers(series: Iterable[Series]) -> Iterator[Pair]:
    """Return the power of grid and battery with the Energy dashboard's sign.

    What flows to the house is positive: import, and discharge.
    """
    by_role = {(one.owner_id, one.measure.role): one for one in series}
    for owner_id in dict.fromkeys(owner_id for owner_id, _ in by_role):
        for key, to_house, from_house in NET_POWERS:
            plus, minus = by_role.get((owner_id, to_house)), by_role.get((owner_id, from_house))
            if plus and minus:
                yield Pair(owner_id, _net(key), plus, minus)
