"""What there is to show: sites, meters, and their entities and statistics by what they mean."""

from collections.abc import Mapping

from homeassistant.auth.models import User
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..api import Meter, MeterMode
from ..const import ALL, CONF_METERS, CONF_SITE_TOTALS, DOMAIN, VIEW_FLAT
from ..devices import name_by_user
from ..measures import ELECTRICITY, METER_TYPES, Series
from ..options import view_of
from ..runtime import SiteRuntime, loaded_sites
from .owners import Owner, Readable, first_day, series_by_owner, site_id_of, sites_not_loaded

_COSTS = {"cost_today": "cost_today", "cost_month": "cost_this_month"}

# The dashboard's words, and what the unique ids of the entities have behind the owner's id.
_SITE_ROLES = {
    "consumption_power": "electricity_conso_total_power",
    "production_power": "electricity_prod_total_power",
    "grid_power": "net_grid_power",
    "battery_power": "net_battery_power",
    "consumption_today": "electricity_conso_total_today",
    "production_today": "electricity_prod_total_today",
    "self_consumption_today": "self_consumption_rate",
    "self_sufficiency_today": "self_sufficiency_rate",
    "consumption_month": "electricity_conso_total_month",
    "peak_month": "electricity_from_ext_peak",
    "history_import": "history_progress",
    **_COSTS,
}
_METER_ROLES = {
    "power": "total_power",
    "today": "total_today",
    "yesterday": "total_yesterday",
    "month": "total_month",
    "solar_share_today": "solar_share_today",
    **_COSTS,
}

ROLES = frozenset({*_SITE_ROLES, *_METER_ROLES})

_KINDS = {
    MeterMode.PRODUCTION: "production",
    MeterMode.INTRODUCTION: "grid",
    MeterMode.BATTERY: "battery",
}


@callback
def async_overview(hass: HomeAssistant, user: User) -> JsonObjectType:
    """Answer all sites that a user may see, with their meters; no request, no database."""
    readable = Readable(hass, user)
    sites = [
        *(_site(hass, runtime, readable) for runtime in loaded_sites(hass)),
        *(
            _site_not_loaded(hass, device)
            for device in sites_not_loaded(hass)
            if readable.has(site_id_of(device))
        ),
    ]
    return {"sites": [site for site in sites if site]}


def kind_of(meter: Meter) -> str:
    """Return what a meter is to the dashboard: its type, for electricity what it measures."""
    return _KINDS.get(meter.mode, "consumer") if meter.type == ELECTRICITY else meter.type


def _site(hass: HomeAssistant, runtime: SiteRuntime, readable: Readable) -> JsonObjectType | None:
    owner = Owner(runtime)
    series = series_by_owner(runtime)
    is_readable = readable.has(owner.id)
    labels = runtime.meter_labels
    meters = [
        _meter(
            hass,
            meter,
            series.get(meter.id, {}),
            name=name_by_user(runtime, meter.id) or labels[meter.id],
        )
        for meter in runtime.meters.values()
        if readable.has(meter.id)
    ]
    if not (is_readable or meters):
        return None
    own = series.get(owner.id, {}) if is_readable else {}
    tariffs = runtime.costs.tariffs
    return {
        "site_id": owner.id,
        "name": name_by_user(runtime, owner.id) or runtime.label,
        "zone": str(runtime.site.zone),
        "currency": tariffs.currency,
        "today": owner.today.isoformat(),
        "first_day": first_day(runtime.history.states, runtime.site.zone).isoformat(),
        "is_loaded": True,
        "chosen": chosen(runtime) if is_readable else "meters",
        "entities": _entities(hass, owner.id, _SITE_ROLES) if is_readable else {},
        "has": {
            "solar": any("production" in one or "solar" in one for one in series.values()),
            "battery": any("discharge" in one for one in series.values()),
            "tariff": bool(tariffs),
            "low_tariff": tariffs.has_low_hours,
        },
        "statistics": {name: one.statistic_id for name, one in own.items()},
        "meters": [*meters],
    }


def _site_not_loaded(hass: HomeAssistant, device: DeviceEntry) -> JsonObjectType:
    """Return as much of a site as the registry knows."""
    return {
        "site_id": site_id_of(device),
        "name": device.name_by_user or device.name,
        "zone": hass.config.time_zone,
        "currency": None,
        "today": dt_util.now().date().isoformat(),
        "first_day": None,
        "is_loaded": False,
        "chosen": "meters",
        "entities": {},
        "has": {"solar": False, "battery": False, "tariff": False, "low_tariff": False},
        "statistics": {},
        "meters": [],
    }


def _meter(
    hass: HomeAssistant, meter: Meter, series: Mapping[str, Series], *, name: str
) -> JsonObjectType:
    return {
        "meter_id": meter.id,
        "name": name,
        "kind": kind_of(meter),
        "is_wanted": True,
        "unit": METER_TYPES[meter.type].unit,
        "entities": _entities(hass, meter.id, _METER_ROLES),
        "statistics": {name: one.statistic_id for name, one in series.items()},
    }


def _entities(hass: HomeAssistant, owner_id: str, roles: Mapping[str, str]) -> JsonObjectType:
    """Return the enabled entities of a site or meter, by what they mean."""
    registry = er.async_get(hass)
    found: JsonObjectType = {}
    for role, key in roles.items():
        entity_id = registry.async_get_entity_id(SENSOR, DOMAIN, f"{owner_id}_{key}")
        entity = registry.async_get(entity_id) if entity_id else None
        if entity and not entity.disabled:
            found[role] = entity.entity_id
    return found


def chosen(runtime: SiteRuntime) -> str:
    """Return what a person chose to see, as far as the options tell: a flat, a building, meters."""
    options = runtime.entry.options
    if view_of(options) == VIEW_FLAT:
        return "flat"
    if options[CONF_METERS] == ALL:
        return "building"
    consumers = [one for one in runtime.meters.values() if kind_of(one) == "consumer"]
    return "flat" if len(consumers) == 1 and not options[CONF_SITE_TOTALS] else "meters"
