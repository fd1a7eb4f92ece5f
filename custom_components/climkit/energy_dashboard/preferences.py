"""Stores what the Energy dashboard lacks, through Home Assistant's own energy manager."""

from collections.abc import Collection, Iterable, Mapping
from copy import replace
from datetime import timedelta
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from homeassistant.components.energy.data import (
    DEVICE_CONSUMPTION_SCHEMA,
    ENERGY_SOURCE_SCHEMA,
    EnergyManager,
    EnergyPreferencesUpdate,
    async_get_manager,
)
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import voluptuous as vol

from ..api import HOUR
from ..const import DOMAIN
from ..costs import derived_ids
from ..measures import NET_POWERS, Role, Series, TimeOfUse
from ..runtime import SiteRuntime
from ..statistics import async_hours, async_known_names, async_last_rows
from .merge import MergeResult, has_circle, merge, shows_other_perspective
from .parents import HourlyEnergy, find_inner_parents, find_parents
from .proposal import (
    DEVICES,
    SOURCES,
    WATER_DEVICES,
    Entry,
    Preferences,
    Proposal,
    SiteView,
    SourceKind,
    is_charge_point,
    is_consumer,
    propose_meter,
    propose_site,
)

if TYPE_CHECKING:
    from homeassistant.components.energy.data import EnergyPreferences

ENERGY = "energy"

# How long before the newest hour of a charge point the meter is looked for that it stands behind.
LOOK_BACK = timedelta(days=60)

# These hours are not whole yet for all meters: the running one, and what is asked for in turns.
UNFINISHED = 3 * HOUR


class DashboardRequest(NamedTuple):
    """What a person wants to see: a site, or a meter with the water meters that belong to it.

    `owner_id` is the id of the site or meter. `also`: kinds of source to add beside those of
    others. `parents`: for a meter the one that measures its consumption too, None where none does.
    `finds_parents`: look in the data for those of charge points that are not named. `may_remove`: a
    home's consumption that would be wrong. `by_tariff`: what is taken from the grid is shown by the
    hours of the high and the low tariff, of which the site must have one.
    """

    owner_id: str
    water_ids: Collection[str] = ()
    also: Collection[SourceKind] = ()
    parents: Mapping[str, str | None] = MappingProxyType({})
    finds_parents: bool = True
    may_remove: bool = False
    by_tariff: bool = False


async def async_set_up_dashboard(
    hass: HomeAssistant, runtime: SiteRuntime, request: DashboardRequest, *, dry_run: bool
) -> MergeResult:
    """Append to the dashboard what it lacks; tell what that is, and what was left out and why.

    A home's consumption that would be wrong is removed, if that is permitted. Raises
    ServiceValidationError where a request makes no sense or does not fit what stands there.
    """
    if ENERGY not in hass.config.components:
        raise _error("no_energy")
    _check(runtime, request)
    if request.finds_parents and request.owner_id == runtime.site.id:
        found = await async_find_parents(hass, runtime)
        request = replace(request, parents={**found, **request.parents})
    series = runtime.series
    known = await _async_known(hass, series.values())
    proposal = _propose(hass, runtime, request, known)
    if not proposal:
        raise _error("nothing_to_show")
    if request.by_tariff and _by_tariff(series).keys().isdisjoint(_statistics_of(proposal)):
        raise _error("not_by_tariff")
    if not known >= _statistics_of(proposal):
        raise _error("statistics_not_ready")
    manager = await async_get_manager(hass)
    # From here to `async_update` nothing else may run, or it could be overwritten.
    preferences = _preferences_of(manager.data)
    if shows_other_perspective(preferences, is_site=proposal.is_site):
        raise _error("other_perspective")
    merged = merge(preferences, proposal, {**series, **_by_tariff(series)}, request.also)
    if has_circle(merged.added[DEVICES], preferences[DEVICES]):
        raise _error("parent_in_circle")
    update = _valid_update(preferences, merged)
    if merged.removed and not (dry_run or request.may_remove):
        raise _error("home_would_be_wrong")
    if update and not dry_run:
        await manager.async_update(update)
    return merged


async def async_find_parents(hass: HomeAssistant, runtime: SiteRuntime) -> dict[str, str | None]:
    """Return which consumer measures another one too, by their ids, as far as the data tell.

    Compares the hours that the recorder has, up to the newest ones of all consumers.
    """
    series = runtime.series
    totals = {
        one.meter_id: one
        for one in series.values()
        if one.meter_id and one.measure.role is Role.DEVICE and is_consumer(series, one.meter_id)
    }
    site = [one.statistic_id for one in series.values() if one.measure.role is Role.HOME]
    ids = [one.statistic_id for one in totals.values()]
    newest = await async_last_rows(hass, ids)
    if not newest:
        return {}
    end = max(row.start for row in newest.values()) - UNFINISHED
    hours = await async_hours(hass, [*site, *ids], end - LOOK_BACK, end)

    def find() -> dict[str, str]:
        points: dict[str, HourlyEnergy] = {}
        others: dict[str, HourlyEnergy] = {}
        for meter_id, one in totals.items():
            if is_charge_point(one):
                points[meter_id] = hours.get(one.statistic_id, {})
            elif one.statistic_id in hours:
                others[meter_id] = hours[one.statistic_id]
        found = find_inner_parents(others, hours.get(site[0], {}) if site else {})
        return found | find_parents(points, others)

    return dict(await hass.async_add_executor_job(find))


async def async_lacks_power(hass: HomeAssistant, runtime: SiteRuntime) -> bool:
    """Whether entities of power have no statistics yet; they get them within minutes."""
    powers = _power_entities(hass, runtime.series.values())
    return not powers <= set(await async_known_names(hass, powers))


def consumers(runtime: SiteRuntime) -> list[str]:
    """Return the ids of the meters of a site that can be shown by themselves."""
    data = runtime.coordinator.data
    return [meter_id for meter_id in data.meters if is_consumer(data.series, meter_id)]


def water_meters(runtime: SiteRuntime) -> list[str]:
    """Return the ids of the water meters of a site."""
    return [
        one.meter_id
        for one in runtime.series.values()
        if one.measure.role is Role.WATER and one.meter_id
    ]


def _check(runtime: SiteRuntime, request: DashboardRequest) -> None:
    """Refuse what is no consumer, no water meter, or not of this site."""
    is_site = request.owner_id == runtime.site.id
    known = consumers(runtime)
    if not is_site and request.owner_id not in known:
        raise _error("no_consumer")
    if request.by_tariff and not runtime.costs.tariffs.has_low_hours:
        raise _error("no_low_tariff")
    if request.water_ids and is_site:
        raise _error("water_of_site")
    if not set(request.water_ids) <= set(water_meters(runtime)):
        raise _error("no_water_meter")
    if request.parents and not is_site:
        raise _error("parent_of_meter")
    if not set(known).issuperset({*request.parents, *request.parents.values()} - {None}):
        raise _error("parent_no_consumer")


def _by_tariff(series: Mapping[str, Series]) -> dict[str, Series]:
    """Return the series that are told by tariff, by the ids of these statistics."""
    return {
        one.amount_id_in(hours): one
        for one in series.values()
        if one.is_taken_from_grid
        for hours in TimeOfUse
    }


def _propose(
    hass: HomeAssistant, runtime: SiteRuntime, request: DashboardRequest, known: set[str]
) -> Proposal:
    data = runtime.coordinator.data

    def cost_of(series: Series) -> str | None:
        """Costs are there as soon as a tariff has made them known to the recorder."""
        return series.cost_id if series.cost_id in known else None

    def cost_in(series: Series, hours: TimeOfUse) -> str | None:
        return found if (found := series.cost_id_in(hours)) in known else None

    def usable(entity_id: str | None) -> str | None:
        return entity_id if entity_id in known and _is_numeric(hass, entity_id) else None

    def power_of(series: Series) -> str | None:
        return usable(_power_entity(hass, series))

    def net_power_of(to_house: Series, _from_house: Series) -> str | None:
        return usable(_net_power_entity(hass, to_house))

    names = {runtime.site.id: runtime.label, **runtime.meter_labels}

    view = SiteView(
        series=data.series,
        cost_of=cost_of,
        power_of=power_of,
        net_power_of=net_power_of,
        name_of=names.__getitem__,
        measure_of=runtime.names.measure,
        has_home=_accepts({"type": SourceKind.HOME.value, "stat_energy_to": f"{DOMAIN}:any"}),
        by_tariff=request.by_tariff,
        cost_in=cost_in,
        tariff_of=runtime.names.tariff,
    )
    if request.owner_id == runtime.site.id:
        proposal = propose_site(view, request.parents)
    else:
        proposal = propose_meter(view, request.owner_id, request.water_ids)
    return replace(proposal, sources=[_as_accepted(one) for one in proposal.sources])


async def _async_known(hass: HomeAssistant, series: Collection[Series]) -> set[str]:
    """Return which statistics the recorder has, of the series, their costs and their power.

    What it does not have would be an issue of the dashboard; a power entity gets its statistics
    some minutes after it was enabled.
    """
    ids = {key for one in series for key in (one.statistic_id, *derived_ids(one))}
    return set(await async_known_names(hass, ids | _power_entities(hass, series)))


@callback
def _power_entities(hass: HomeAssistant, series: Iterable[Series]) -> set[str]:
    """Return the enabled entities that show power: of a series, or of both ways together."""
    return {
        entity_id
        for one in series
        for find in (_power_entity, _net_power_entity)
        if one.measure.role and (entity_id := find(hass, one))
    }


@callback
def _power_entity(hass: HomeAssistant, series: Series) -> str | None:
    """Return the enabled entity that shows the power of a series."""
    return _enabled_entity(hass, f"{series.owner_id}_{series.key}_power")


@callback
def _net_power_entity(hass: HomeAssistant, to_house: Series) -> str | None:
    """Return the enabled entity of the power both ways, of which a series is that to the house."""
    keys: dict[Role | None, str] = {role: key for key, role, _ in NET_POWERS}
    if (key := keys.get(to_house.measure.role)) is None:
        return None
    return _enabled_entity(hass, f"{to_house.owner_id}_{key}")


@callback
def _enabled_entity(hass: HomeAssistant, unique_id: str) -> str | None:
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    return entity.entity_id if entity and not entity.disabled else None


def _is_numeric(hass: HomeAssistant, entity_id: str | None) -> bool:
    """Whether an entity shows a number now; else it would be an issue of the dashboard."""
    state = hass.states.get(entity_id) if entity_id else None
    try:
        return state is not None and float(state.state) is not None
    except ValueError:
        return False


def _accepts(source: Entry) -> bool:
    """Whether this release's schema accepts a source; those of the home came with 2026.11."""
    try:
        ENERGY_SOURCE_SCHEMA([dict(source)])
    except vol.Invalid:
        return False
    return True


def _as_accepted(source: Entry) -> Entry:
    """Return a source without its name where this release knows no names of such sources."""
    nameless = {key: value for key, value in source.items() if key != "name"}
    return nameless if _accepts(nameless) and not _accepts(source) else source


def _statistics_of(proposal: Proposal) -> set[str]:
    entries = chain(proposal.sources, proposal.devices, proposal.water_devices)
    return {
        value
        for entry in entries
        for value in entry.values()
        if isinstance(value, str) and value.startswith(f"{DOMAIN}:")
    }


def _preferences_of(data: EnergyPreferences | None) -> Preferences:
    stored = cast(Preferences, data or EnergyManager.default_preferences())
    return {key: list(stored.get(key, [])) for key in (SOURCES, DEVICES, WATER_DEVICES)}


def _valid_update(preferences: Preferences, merged: MergeResult) -> EnergyPreferencesUpdate:
    """Return the lists that change, after this release's own schemas have accepted all of them.

    What stood there is stored as it was; what is new as the schemas return it.
    """
    update: dict[str, list[Entry]] = {}
    for key, schema in (
        (SOURCES, ENERGY_SOURCE_SCHEMA),
        (DEVICES, vol.Schema([DEVICE_CONSUMPTION_SCHEMA])),
        (WATER_DEVICES, vol.Schema([DEVICE_CONSUMPTION_SCHEMA])),
    ):
        before = [one for one in preferences[key] if key != SOURCES or one not in merged.removed]
        try:
            whole = cast(list[Entry], schema([*before, *merged.added[key]]))
        except vol.Invalid as err:
            raise _error("dashboard_refused", error=str(err)) from err
        merged.added[key] = whole[len(before) :]
        if merged.added[key] or len(before) < len(preferences[key]):
            update[key] = [*before, *merged.added[key]]
    return cast(EnergyPreferencesUpdate, update)


def _error(key: str, **placeholders: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders or None,
    )
