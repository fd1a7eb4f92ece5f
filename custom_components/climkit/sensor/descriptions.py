"""Which entities there are: the views of a series, rates, raw readings, a site's diagnostics."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower, UnitOfRatio, UnitOfVolume

from ..measures import ELECTRICITY, NET_POWERS, EntityView, Quantity, Series
from ..runtime import SiteRuntime


@dataclass(frozen=True, kw_only=True)
class SeriesSensorDescription(SensorEntityDescription):
    """One view of a series: its running total, the amount of a period, its power or its peak."""

    value_fn: Callable[[SiteRuntime, Series], float | datetime | None]


@dataclass(frozen=True, kw_only=True)
class RateSensorDescription(SensorEntityDescription):
    """A share of today's amounts: `part` of `whole`, or `whole` without `part` where `is_rest`.

    Both are statistic ids.
    """

    part: str
    whole: str
    is_rest: bool = False


@dataclass(frozen=True, kw_only=True)
class NetPowerDescription(SensorEntityDescription):
    """What flows to the house less what flows from it, in W; both are statistic ids."""

    to_house: str
    from_house: str


@dataclass(frozen=True, kw_only=True)
class ReadingSensorDescription(SensorEntityDescription):
    """A register of a meter; `register` is the API's name."""

    register: str


@dataclass(frozen=True, kw_only=True)
class SiteSensorDescription(SensorEntityDescription):
    """Something about a site's data."""

    value_fn: Callable[[SiteRuntime], float | datetime | None]


# History import in percent, once all is stored.
COMPLETE = 100.0


def _reading(
    register: str, name: str, device_class: SensorDeviceClass, unit: str
) -> ReadingSensorDescription:
    return ReadingSensorDescription(
        key=f"reading_{register}",
        translation_key=name,
        register=register,
        device_class=device_class,
        native_unit_of_measurement=unit,
        suggested_display_precision=3,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )


_ELECTRICITY_READINGS = tuple(
    _reading(register, name, SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR)
    for register, name in (("en_im", "reading_import"), ("en_ex", "reading_export"))
)
_HEAT_READINGS = (
    _reading("heat_energy_kwh", "reading", SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR),
)
_WATER_READINGS = (
    _reading("vol_m3", "reading", SensorDeviceClass.WATER, UnitOfVolume.CUBIC_METERS),
)

READINGS: dict[str, tuple[ReadingSensorDescription, ...]] = {
    ELECTRICITY: _ELECTRICITY_READINGS,
    "heating": _HEAT_READINGS,
    "cooling": _HEAT_READINGS,
    "cold_water": _WATER_READINGS,
    "hot_water": _WATER_READINGS,
}

SITE_SENSORS: tuple[SiteSensorDescription, ...] = (
    SiteSensorDescription(
        # Home Assistant's activity would tell each new time: 96 lines a day that say nothing.
        key="last_measurement",
        translation_key="last_measurement",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda runtime: runtime.coordinator.last_measurement,
    ),
    SiteSensorDescription(
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
    SiteSensorDescription(
        key="history_progress",
        translation_key="history_progress",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda runtime: runtime.history.progress,
    ),
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


def series_descriptions(series: Series) -> Iterator[SeriesSensorDescription]:
    """Return the views of a series."""
    measure = series.measure
    for view, suffix, amount in _AMOUNTS:
        yield SeriesSensorDescription(
            key=f"{series.key}{suffix}",
            translation_key=f"{measure.name}{suffix}",
            device_class=measure.quantity.device_class,
            native_unit_of_measurement=measure.quantity.unit,
            suggested_display_precision=2 if measure.quantity is Quantity.ENERGY else 3,
            entity_registry_enabled_default=view in measure.shown,
            value_fn=amount,
        )
    if measure.has_power:
        yield SeriesSensorDescription(
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


def _peak_descriptions(series: Series) -> Iterator[SeriesSensorDescription]:
    """Return the month's peak and its time; what is billed in some tariffs is the site's import.

    Hourly statistics of a value that holds for a month would say nothing: no state class.
    """
    is_shown = EntityView.PEAK in series.measure.shown
    yield SeriesSensorDescription(
        key=f"{series.key}_peak",
        translation_key=f"{series.measure.name}_peak",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
        entity_registry_enabled_default=is_shown,
        value_fn=lambda runtime, series: peak.power if (peak := runtime.peak(series)) else None,
    )
    yield SeriesSensorDescription(
        key=f"{series.key}_peak_time",
        translation_key=f"{series.measure.name}_peak_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value_fn=lambda runtime, series: peak.start if (peak := runtime.peak(series)) else None,
    )


def _rate(key: str, part: Series, whole: Series, *, is_rest: bool = False) -> RateSensorDescription:
    return RateSensorDescription(
        key=key,
        translation_key=key,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        part=part.statistic_id,
        whole=whole.statistic_id,
        is_rest=is_rest,
    )


def rate_descriptions(series: Iterable[Series]) -> Iterator[tuple[str, RateSensorDescription]]:
    """Return the rates that the series allow, each with the id of its meter or site."""
    by_key: dict[tuple[str, str], Series] = {(s.owner_id, s.key): s for s in series}
    for owner_id in dict.fromkeys(owner_id for owner_id, _ in by_key):
        for key, part_key, whole_key, is_rest in (
            ("solar_share_today", "self", "total", False),
            ("self_consumption_rate", "electricity_to_ext", "electricity_prod_total", True),
            ("self_sufficiency_rate", "electricity_from_ext", "electricity_conso_total", True),
        ):
            part, whole = by_key.get((owner_id, part_key)), by_key.get((owner_id, whole_key))
            if part and whole:
                yield owner_id, _rate(key, part, whole, is_rest=is_rest)


def net_power_descriptions(series: Iterable[Series]) -> Iterator[tuple[str, NetPowerDescription]]:
    """Return the power of grid and battery with the Energy dashboard's sign, by meter or site.

    What flows to the house is positive: import, and discharge.
    """
    by_role = {(one.owner_id, one.measure.role): one for one in series}
    for owner_id in dict.fromkeys(owner_id for owner_id, _ in by_role):
        for key, to_house, from_house in NET_POWERS:
            plus, minus = by_role.get((owner_id, to_house)), by_role.get((owner_id, from_house))
            if plus and minus:
                yield (
                    owner_id,
                    NetPowerDescription(
                        key=key,
                        translation_key=key,
                        device_class=SensorDeviceClass.POWER,
                        native_unit_of_measurement=UnitOfPower.WATT,
                        state_class=SensorStateClass.MEASUREMENT,
                        suggested_display_precision=0,
                        to_house=plus.statistic_id,
                        from_house=minus.statistic_id,
                    ),
                )
