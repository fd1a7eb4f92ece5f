"""Every meter, site and sensor has its entities, and they show what Climkit says."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import fsum, isclose
from typing import Any

from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.core import Event, EventStateChangedData, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import CONF_HISTORY, DOMAIN
from custom_components.climkit.sensor.costs import COSTS, PRICES
from tests.conftest import NOW, Home, is_refreshing
from tests.simulator import Building, Fault, FaultKind, Meter, World

pytestmark = pytest.mark.default_entities

MIDNIGHT = datetime(2026, 11, 19, 23, tzinfo=UTC)
INTERVAL = timedelta(minutes=15)


@dataclass(frozen=True)
class Kind:
    """What an entity is."""

    device_class: str | None
    unit: str | None
    state_class: str | None = None
    enabled: bool = True
    category: EntityCategory | None = None


ENERGY = Kind("energy", "kWh")
VOLUME = Kind("water", "m³")
POWER = Kind("power", "W", "measurement")
RATE = Kind(None, "%", "measurement")
REGISTER = Kind("energy", "kWh", enabled=False, category=EntityCategory.DIAGNOSTIC)
WATER_REGISTER = Kind("water", "m³", enabled=False, category=EntityCategory.DIAGNOSTIC)
TIME = Kind("timestamp", None, category=EntityCategory.DIAGNOSTIC)
PROGRESS = Kind(None, "%", category=EntityCategory.DIAGNOSTIC)
PEAK = Kind("power", "kW")
PEAK_TIME = Kind("timestamp", None)

# So many are shown of what is on: of water single liters.
DECIMALS = {"kWh": 2, "m³": 3, "W": 0, "kW": 2, "%": 0}

type Kinds = dict[str, Kind]


def views(key: str, on: str = "", amount: Kind = ENERGY, *, has_power: bool = True) -> Kinds:
    """The entities of a series; `on`: the ends of the keys of those that are on by default."""
    found = dict.fromkeys((key, f"{key}_today", f"{key}_yesterday", f"{key}_month"), amount)
    if has_power:
        found |= {f"{key}_power": POWER, f"{key}_peak": PEAK, f"{key}_peak_time": PEAK_TIME}
    wanted = {key if end == "total" else f"{key}_{end}" for end in on.split()}
    assert wanted <= found.keys()
    return {name: replace(kind, enabled=name in wanted) for name, kind in found.items()}


ALL = "total today yesterday month power"
DAILY = "total yesterday month"
PERIODS = "today yesterday month"
CONSUMER = views("total", ALL) | views("self", "today") | views("ext", "today")
CONSUMER |= {"solar_share_today": RATE}
GRID = views("from_ext", "today month peak") | views("to_ext", "today") | {"net_grid_power": POWER}
BATTERY = (
    views("storage_charging_total", PERIODS)
    | views("storage_charging_self")
    | views("storage_discharging_total", PERIODS)
    | {"net_battery_power": POWER}
)
REGISTERS = {"reading_en_im": REGISTER, "reading_en_ex": REGISTER}
HEAT = views("total", DAILY, has_power=False) | {"reading_heat_energy_kwh": REGISTER}
WATER = views("total", DAILY, VOLUME, has_power=False) | {"reading_vol_m3": WATER_REGISTER}
OF_SITE = {
    "last_measurement": replace(TIME, enabled=False),
    "complete_until": replace(TIME, enabled=False),
    "history_progress": PROGRESS,
}
ELECTRICITY = (
    views("electricity_conso_total", "today month power")
    | views("electricity_prod_total", "today month power")
    | views("electricity_self")
    | views("electricity_from_ext", "today month peak")
    | views("electricity_to_ext", "today")
    | {"net_grid_power": POWER, "self_consumption_rate": RATE, "self_sufficiency_rate": RATE}
)
SITE_BATTERY = (
    views("electricity_storage_charging_total")
    | views("electricity_storage_charging_self")
    | views("electricity_storage_discharging_total")
    | {"net_battery_power": POWER}
)


def off(kinds: Kinds) -> Kinds:
    """The same, but none is on by default: the site's own entities say it already."""
    return {key: replace(kind, enabled=False) for key, kind in kinds.items()}


def entities_of_meter(meter: Meter, site: Building) -> Kinds:
    """The entities that a meter should have, by the end of their unique ids."""
    of_mode = [one for one in meters_of(site) if (one.type, one.mode) == (meter.type, meter.mode)]
    is_only_one = len(of_mode) == 1
    match meter.type, meter.mode:
        case "electricity", "production":
            found = (off if is_only_one else dict)(views("total", ALL)) | REGISTERS
        case "electricity", "introduction":
            found = off(GRID) | REGISTERS
        case "electricity", "battery":
            found = off(BATTERY) | REGISTERS
        case "electricity", _:
            found = CONSUMER | REGISTERS
        case "charge_point", _:
            return CONSUMER
        case "heating" | "cooling", _:
            found = HEAT
        case _:
            found = WATER
    if meter.is_rule_meter:
        found = {key: kind for key, kind in found.items() if not key.startswith("reading")}
    return found


def meters_of(site: Building) -> list[Meter]:
    """All meters of a simulated site."""
    return [one for meter in site.meters for one in (meter, *meter.parts)]


def entities_of_site(site: Building) -> Kinds:
    """The entities that a site should have."""
    meters = meters_of(site)
    found = dict(OF_SITE)
    types = {meter.type for meter in meters}
    if "electricity" in types:
        found |= ELECTRICITY
    if any(meter.mode == "battery" for meter in meters):
        found |= SITE_BATTERY
    for meter_type in types - {"electricity"}:
        is_water = meter_type.endswith("water")
        key = f"{meter_type}_conso_total"
        on = "month" if meter_type == "charge_point" else ""
        found |= views(key, on, VOLUME if is_water else ENERGY, has_power=False)
    return found


def sites_of(home: Home) -> Iterator[Building]:
    """The simulated sites."""
    for site in home.simulator.world.sites.values():
        assert isinstance(site, Building)
        yield site


def registered(home: Home) -> dict[str, er.RegistryEntry]:
    """The entities in the registry, by their unique ids."""
    entries = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    return {entry.unique_id: entry for entry in entries}


def enabled(home: Home) -> set[str]:
    """The unique ids of the entities that are on."""
    return {key for key, entry in registered(home).items() if not entry.disabled}


def kind_of(home: Home, entry: er.RegistryEntry) -> Kind:
    """What a registered entity is."""
    unit = entry.unit_of_measurement
    if not entry.disabled and (state := home.hass.states.get(entry.entity_id)):
        assert state.attributes.get("unit_of_measurement") == unit
        assert state.attributes.get("device_class") == entry.original_device_class
        shown = entry.options.get("sensor", {}).get("suggested_display_precision")
        assert shown == DECIMALS.get(unit), entry.entity_id
    return Kind(
        entry.original_device_class,
        unit,
        (entry.capabilities or {}).get("state_class"),
        not entry.disabled,
        entry.entity_category,
    )


async def set_up_from_today(home: Home) -> None:
    """Set up without history, which is not asked for here."""
    home.entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        home.entry, options={**home.entry.options, CONF_HISTORY: "2026-11-20"}
    )
    await home.set_up()
    await home.until(lambda: home.is_complete)
    await home.settle()


def truth(home: Home, site_id: str, meter_type: str) -> Mapping[str, Mapping[datetime, float]]:
    """What Climkit says of today, by column and interval start."""
    return home.simulator.intervals(site_id, meter_type, MIDNIGHT, dt_util.utcnow())


def states_from_now_on(home: Home, unique_id: str) -> list[str]:
    """The states that an entity gets, one after the other."""
    seen: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if state := event.data["new_state"]:
            seen.append(state.state)

    async_track_state_change_event(home.hass, [home.entity_id(unique_id)], note)
    return seen


def number(state: State) -> float | None:
    """The value of a state, None where it is unknown."""
    return None if state.state == STATE_UNKNOWN else float(state.state)


class TestEverySite:
    """An apartment house, a single house, a site without electricity: all the simulator has."""

    @pytest.fixture
    def world(self) -> World:
        """Data of the apartment house begin three weeks after its creation."""
        return World(created=NOW, history_days=22)

    async def test_entities(self, home: Home) -> None:
        """Each has exactly the entities it should, with the right unit and classes."""
        await set_up_from_today(home)
        expected: dict[str, Kind] = {}
        for site in sites_of(home):
            owners = [(site.id, entities_of_site(site))]
            owners += [(meter.id, entities_of_meter(meter, site)) for meter in meters_of(site)]
            expected |= {f"{owner}_{key}": kind for owner, e in owners for key, kind in e.items()}
        found = registered(home)
        sensors = {str(s.info["id"]) for site in sites_of(home) for s in site.sensors}
        assert found.keys() == expected.keys() | sensors
        assert {key: kind_of(home, found[key]) for key in expected} == expected

    async def test_few_are_on(self, home: Home) -> None:
        """At most ten of a flat with its costs, 20 of a site, three of heat and water."""
        await set_up_from_today(home)
        of_costs = len(COSTS) + len(PRICES)
        on = Counter(key.partition("_")[0] for key in enabled(home))
        for site in sites_of(home):
            assert on[site.id] + of_costs <= 20
            for meter in meters_of(site):
                limit = 10 - len(COSTS) if meter.type in ("electricity", "charge_point") else 3
                assert on[meter.id] <= limit, meter

    async def test_net_power(self, home: Home) -> None:
        """What flows to the house is positive; it is the difference of both ways."""
        await set_up_from_today(home)
        found = 0
        for runtime in home.sites:
            coordinator, site_id = runtime.coordinator, runtime.site.id
            series = {one.key: one for one in runtime.series.values() if not one.meter_id}
            for key, plus, minus in (
                ("net_grid_power", "from_ext", "to_ext"),
                ("net_battery_power", "storage_discharging_total", "storage_charging_total"),
            ):
                if f"{site_id}_{key}" in enabled(home):
                    to_house = coordinator.power(series[f"electricity_{plus}"])
                    from_house = coordinator.power(series[f"electricity_{minus}"])
                    assert to_house is not None
                    assert from_house is not None
                    state = home.state(f"{site_id}_{key}")
                    assert number(state) == pytest.approx(to_house - from_house, abs=1e-6)
                    assert state.attributes["state_class"] == "measurement"
                    found += 1
        assert found >= 3

    async def test_names(self, home: Home) -> None:
        """Every entity has a translated name of its own, so no entity id needs a number behind."""
        await set_up_from_today(home)
        of_sensors = {str(s.info["id"]) for site in sites_of(home) for s in site.sensors}
        entries = registered(home)
        assert {i for i, entry in entries.items() if entry.original_name is None} == of_sensors
        names = [(entry.device_id, entry.original_name) for entry in entries.values()]
        assert len(set(names)) == len(names)
        assert not [e.entity_id for e in entries.values() if e.entity_id.endswith("_2")]

    async def test_values(self, home: Home) -> None:
        """Today and power are those of Climkit from the first refresh on; days are the site's."""
        await home.hass.config.async_set_time_zone("America/New_York")
        await set_up_from_today(home)
        shown, count = enabled(home), 0
        for runtime in home.sites:
            for series in runtime.series.values():
                column = truth(home, series.feed.site_id, series.feed.meter_type).get(series.column)
                unique_id = f"{series.owner_id}_{series.key}"
                if f"{unique_id}_today" not in shown or not series.measure.has_power:
                    continue
                today = number(home.state(f"{unique_id}_today"))
                if not column:
                    assert today is None
                    continue
                count += 1
                assert today is not None
                assert isclose(today, fsum(column.values()), abs_tol=1e-6), unique_id
                if f"{unique_id}_power" in shown:
                    power = number(home.state(f"{unique_id}_power"))
                    assert power is not None
                    assert isclose(power, max(0.0, column[max(column)] * 4000), abs_tol=1e-6)
        assert count > 50

    async def test_without_site_totals(self, home: Home) -> None:
        """Who no longer wants them has no dead entities left, and those of meters stay."""
        await set_up_from_today(home)
        of_sites = {f"{site.id}_{key}" for site in sites_of(home) for key in OF_SITE}
        before = registered(home)
        await home.choose(site_totals=False)
        await home.settle()
        assert registered(home).keys() == {
            key
            for key in before
            if key in of_sites or key.partition("_")[0] not in home.simulator.world.sites
        }

    async def test_totals(self, home: Home) -> None:
        """A total is the sum of the newest row of its statistic."""
        await set_up_from_today(home)
        shown = enabled(home)
        for runtime in home.sites:
            history = runtime.history
            for series in runtime.series.values():
                if f"{series.owner_id}_{series.key}" in shown:
                    state = home.state(f"{series.owner_id}_{series.key}")
                    assert number(state) == pytest.approx(history.total(series), abs=1e-6)

    async def test_devices(self, home: Home) -> None:
        """The site is a service; meters and sensors hang on it."""
        await set_up_from_today(home)
        registry = dr.async_get(home.hass)
        for site in sites_of(home):
            parent = registry.async_get_device_by_identifier((DOMAIN, site.id), home.entry.entry_id)
            assert parent is not None
            assert parent.entry_type is dr.DeviceEntryType.SERVICE
            assert parent.configuration_url == "https://app.climkit.io"
            assert (parent.name, parent.model) == (site.site_info["name"], "Building")
            owners = [m.id for m in meters_of(site)] + [str(s.info["id"]) for s in site.sensors]
            for owner in owners:
                device = registry.async_get_device_by_identifier(
                    (DOMAIN, owner), home.entry.entry_id
                )
                assert device is not None
                assert device.via_device_id == parent.id
            for sensor in site.sensors:
                device = registry.async_get_device_by_identifier(
                    (DOMAIN, str(sensor.info["id"])), home.entry.entry_id
                )
                assert device is not None
                assert device.model == sensor.info["model"]
        apartments = next(sites_of(home))
        nameless = next(m for m in apartments.meters if m.info and "name" not in m.info)
        device = registry.async_get_device_by_identifier((DOMAIN, nameless.id), home.entry.entry_id)
        assert device is not None
        assert (device.name, device.model) == ("Electricity meter 15", "Electricity meter")

    async def test_sensors(self, home: Home) -> None:
        """One measurement each; an unknown quantity as it is."""
        await set_up_from_today(home)
        [apartments, *_] = sites_of(home)
        first = str(apartments.sensors[0].info["id"])
        await home.until(lambda: home.state(first).state != STATE_UNKNOWN)
        await home.until(lambda: not any(map(is_refreshing, home.coordinators)))
        found = {
            sensor.info["name"]: (
                home.state(str(sensor.info["id"])).attributes.get("device_class"),
                home.state(str(sensor.info["id"])).attributes["unit_of_measurement"],
                home.state(str(sensor.info["id"])).attributes["state_class"],
            )
            for sensor in apartments.sensors
        }
        assert found == {
            "Outdoor": ("temperature", "°C", "measurement"),
            "Laundry": ("temperature", "°C", "measurement"),
            "Laundry humidity": ("humidity", "%", "measurement"),
            "Meeting room": ("carbon_dioxide", "ppm", "measurement"),
            "Box 7": (None, "FI", "measurement"),
        }
        now = int(dt_util.utcnow().timestamp() - home.simulator.switches.latency)
        for sensor in apartments.sensors:
            sensor_id = str(sensor.info["id"])
            readings = apartments.readings(sensor_id, now - 3600, now)
            assert readings
            assert number(home.state(sensor_id)) == readings[-1][1]

    async def test_raw_readings(self, home: Home) -> None:
        """They are asked for only where somebody enabled them, once a quarter-hour."""
        await set_up_from_today(home)
        assert not asked(home, "meter_data_raw")
        [apartments, *_] = sites_of(home)
        electricity = next(m for m in meters_of(apartments) if m.mode == "production")
        water = next(m for m in meters_of(apartments) if m.type == "cold_water")
        unique_ids = [
            f"{electricity.id}_reading_en_im",
            f"{electricity.id}_reading_en_ex",
            f"{water.id}_reading_vol_m3",
        ]
        await home.enable(*unique_ids)
        paths = asked(home, "meter_data_raw")
        assert sorted(paths) == sorted(
            f"/meter_data_raw/{apartments.id}/{m.id}" for m in (electricity, water)
        )
        for unique_id in unique_ids:
            assert number(home.state(unique_id)) is not None
            assert "state_class" not in home.state(unique_id).attributes
            shown = registered(home)[unique_id].options["sensor"]
            assert shown["suggested_display_precision"] == 3
        home.simulator.switches.refused = {electricity.id: 403}
        before = len(asked(home, "meter_data_raw"))
        for _ in range(3):
            await home.turn_clock(minutes=15)
        assert len(asked(home, "meter_data_raw")) == before + 3 + 3
        assert number(home.state(unique_ids[0])) is not None  # that may pass
        for _ in range(4):
            await home.turn_clock(minutes=15)
        assert len(asked(home, "meter_data_raw")) == before + 4 + 7  # refused again, it rests
        assert home.state(unique_ids[0]).state == STATE_UNKNOWN
        assert number(home.state(unique_ids[2])) is not None

    async def test_reload_changes_nothing(self, home: Home) -> None:
        """The registries are the same afterwards."""
        await set_up_from_today(home)
        entities = registered(home)
        devices = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
        await home.restart()
        assert registered(home) == entities
        assert devices == dr.async_entries_for_config_entry(
            dr.async_get(home.hass), home.entry.entry_id
        )


def asked(home: Home, word: str) -> list[str]:
    """The paths of the requests that hold a word."""
    return [request.path for request in home.simulator.requests if word in request.path]


class TestSite:
    """What the entities of a single house show."""

    @pytest.fixture
    def site_id(self, home: Home) -> str:
        """The house."""
        [site_id] = home.simulator.world.sites
        return site_id

    @pytest.fixture
    def flat(self, home: Home) -> str:
        """The consumer in the house."""
        [site] = sites_of(home)
        return next(meter.id for meter in meters_of(site) if meter.mode == "consumption")

    def revise(self, home: Home, site_id: str, column: str, value: float) -> None:
        """Let today's intervals of a column have this sum."""
        home.simulator.world.revise(site_id, column, MIDNIGHT, MIDNIGHT + INTERVAL, value=value)
        home.simulator.world.revise(
            site_id, column, MIDNIGHT + INTERVAL, MIDNIGHT + timedelta(days=1), value=0.0
        )

    @pytest.mark.parametrize(
        ("production", "exported", "rate"),
        [
            (10.0, 2.5, 75),
            (10.0, 0.0, 100),
            (10.0, 12.0, 0),
            (10.0, -1.0, 100),
            (0.05, 0.0, 100),
            (0.049, 0.0, None),
            (-0.2, 0.0, None),
        ],
    )
    async def test_self_consumption_rate(
        self, home: Home, site_id: str, production: float, exported: float, rate: float | None
    ) -> None:
        """What was produced and not exported; unknown where there was no sun."""
        self.revise(home, site_id, "prod_total", production)
        self.revise(home, site_id, "to_ext", exported)
        await set_up_from_today(home)
        assert number(home.state(f"{site_id}_self_consumption_rate")) == rate

    async def test_self_sufficiency_rate(self, home: Home, site_id: str) -> None:
        """What was consumed and not imported."""
        self.revise(home, site_id, "conso_total", 8.0)
        self.revise(home, site_id, "from_ext", 2.0)
        await set_up_from_today(home)
        assert number(home.state(f"{site_id}_self_sufficiency_rate")) == 75

    async def test_solar_share(self, home: Home, site_id: str) -> None:
        """The part of a meter's energy that came from the roof."""
        flat = next(m.id for m in meters_of(next(sites_of(home))) if m.mode == "consumption")
        await set_up_from_today(home)
        columns = truth(home, site_id, "electricity")
        of_sun, total = (fsum(columns[f"{key}_{flat}"].values()) for key in ("self", "total"))
        assert of_sun > 0
        share = number(home.state(f"{flat}_solar_share_today"))
        assert share == pytest.approx(100 * of_sun / total, abs=0.05)

    async def test_last_measurement(self, home: Home, site_id: str) -> None:
        """The end of the newest interval; statistics are complete until then."""
        await home.set_up()
        await home.enable(f"{site_id}_last_measurement", f"{site_id}_complete_until")
        await home.complete()
        assert home.state(f"{site_id}_last_measurement").state == "2026-11-20T10:00:00+00:00"
        assert home.state(f"{site_id}_complete_until").state == "2026-11-20T10:00:00+00:00"
        assert home.state(f"{site_id}_history_progress").state == "100.0"

    async def test_complete_until_while_importing(self, home: Home, site_id: str) -> None:
        """It is known once all is there, and does not go through years until then."""
        await set_up_from_today(home)
        unique_id = f"{site_id}_complete_until"
        await home.enable(unique_id)
        before = home.state(unique_id).state
        seen = states_from_now_on(home, unique_id)
        await home.choose(history="2026-11-10")
        await home.until(lambda: home.is_complete)
        await home.settle()
        assert before not in {STATE_UNKNOWN, "unavailable"}
        assert seen[-1] == before
        assert set(seen) <= {before, STATE_UNKNOWN, "unavailable"}

    async def test_power_expires(self, home: Home, site_id: str) -> None:
        """By itself, 45 minutes after the interval, while Climkit is down."""
        await home.set_up()
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=500)]
        power = f"{site_id}_electricity_conso_total_power"
        await home.turn_clock(to=NOW.replace(minute=44, second=59))
        assert number(home.state(power)) is not None
        await home.turn_clock(to=NOW.replace(minute=45))
        assert home.state(power).state == STATE_UNKNOWN
        assert number(home.state(f"{site_id}_electricity_conso_total_today")) is not None

    async def test_total_is_kept_while_data_are_late(self, home: Home, flat: str) -> None:
        """Late data are not zero."""
        await home.set_up_completely()
        total = f"{flat}_total"
        before = number(home.state(total))
        home.simulator.world.delay(
            home.sites[0].site.id,
            NOW,
            NOW + timedelta(hours=2),
            NOW + timedelta(days=1),
        )
        for _ in range(5):
            await home.turn_clock(minutes=15)
            assert number(home.state(total)) is not None
            assert (number(home.state(total)) or 0) >= (before or 0)
        site = home.sites[0]
        series = site.series[f"climkit:{total}"]
        last = site.history.total(series)
        assert number(home.state(total)) == pytest.approx(last, abs=1e-6)

    async def test_no_writes_without_changes(self, home: Home, site_id: str) -> None:
        """A refresh that brings nothing new writes no state."""
        await home.set_up_completely()
        [site] = home.sites
        site.coordinator.async_update_listeners()
        reported = {s.entity_id: s.last_reported for s in home.hass.states.async_all("sensor")}
        home.freezer.tick(1)
        await site.coordinator.async_refresh()
        site.coordinator.async_update_listeners()
        await home.settle()
        assert reported == {
            s.entity_id: s.last_reported for s in home.hass.states.async_all("sensor")
        }

    @pytest.mark.parametrize(
        ("options", "is_written"),
        [
            ({}, False),
            ({"display_precision": 3}, True),
            ({"display_precision": 0}, False),
            ({"unit_of_measurement": "Wh"}, True),
        ],
    )
    async def test_what_nobody_sees_is_not_written(
        self, home: Home, site_id: str, options: dict[str, Any], is_written: bool
    ) -> None:
        """A state is written when what it shows changes, and then with all its decimals."""
        for minutes, value in ((0, 0.001), (15, 0.106)):
            start = NOW.replace(minute=minutes)
            home.simulator.world.revise(
                site_id, "conso_total", start, start + INTERVAL, value=value
            )
        await home.set_up_completely()
        today = f"{site_id}_electricity_conso_total_today"
        entity_id = home.state(today).entity_id
        er.async_get(home.hass).async_update_entity_options(entity_id, "sensor", options)
        await home.settle()
        before = home.state(today)
        await home.turn_clock(to=NOW.replace(minute=20))
        assert (home.state(today).last_updated != before.last_updated) == is_written
        await home.turn_clock(to=NOW.replace(minute=35))
        in_kwh = 1000 if home.state(today).attributes["unit_of_measurement"] == "Wh" else 1
        grown = (number(home.state(today)) or 0) - (number(before) or 0)
        assert grown / in_kwh == pytest.approx(0.107, abs=1e-6)

    async def test_disabled_entity(self, home: Home, flat: str) -> None:
        """Its statistic is written all the same: the choice of meters decides, not the entity."""
        await home.set_up_completely()
        total = f"{flat}_total"
        er.async_get(home.hass).async_update_entity(
            home.entity_id(total), disabled_by=er.RegistryEntryDisabler.USER
        )
        await home.restart()
        await home.until(lambda: home.is_complete)
        assert home.hass.states.get(home.entity_id(total)) is None
        [site] = home.sites
        series = site.series[f"climkit:{total}"]
        before = site.history.total(series)
        for _ in range(4):
            await home.turn_clock(minutes=15)
        after = site.history.total(series)
        assert before is not None
        assert after is not None
        assert after > before

    async def test_total_after_a_restart(self, home: Home, flat: str) -> None:
        """It is read back; it never passes through a wrong value."""
        await home.set_up_completely()
        unique_id = f"{flat}_total"
        total = home.state(unique_id).state
        seen = states_from_now_on(home, unique_id)
        await home.restart()
        await home.until(lambda: home.is_complete)
        await home.settle()
        assert home.state(unique_id).state == total
        assert set(seen) <= {total, STATE_UNKNOWN, "unavailable"}

    async def test_earlier_start_passes_through_unknown(self, home: Home, flat: str) -> None:
        """A total with another base is no growth: it is unknown in between."""
        await set_up_from_today(home)
        unique_id = f"{flat}_total"
        assert number(home.state(unique_id)) is not None
        seen = states_from_now_on(home, unique_id)
        await home.choose(history="2026-11-18")
        await home.until(lambda: home.is_complete)
        await home.settle()
        values = [state for state in seen if state != "unavailable"]
        assert values[0] == STATE_UNKNOWN
        assert values[-1] == home.state(unique_id).state
        assert float(values[-1]) > 0


class TestMidnight:
    """A day of the site begins while Climkit is asked as ever."""

    @pytest.fixture(
        params=[
            datetime(2026, 10, 25, 22, 40, tzinfo=UTC),  # a day of 25 hours ends
            datetime(2026, 3, 28, 22, 40, tzinfo=UTC),  # a day of 23 hours begins
            datetime(2026, 11, 20, 22, 40, tzinfo=UTC),
        ]
    )
    def now(self, request: pytest.FixtureRequest) -> datetime:
        """Shortly before local midnight."""
        found: datetime = request.param
        return found

    async def test_today(self, home: Home, now: datetime) -> None:
        """Unknown from midnight on, until the first interval of the day."""
        [site_id] = home.simulator.world.sites
        today = f"{site_id}_electricity_conso_total_today"
        await home.set_up()
        before = number(home.state(today))
        start = dt_util.as_utc(dt_util.start_of_local_day(dt_util.as_local(now)))
        column = home.simulator.intervals(site_id, "electricity", start, now)["conso_total"]
        assert before is not None
        assert isclose(before, fsum(column.values()), abs_tol=1e-9)
        midnight = now.replace(hour=23, minute=0)
        await home.turn_clock(to=midnight - timedelta(seconds=1))
        assert number(home.state(today)) is not None
        await home.turn_clock(to=midnight)
        assert home.state(today).state == STATE_UNKNOWN
        await home.turn_clock(to=midnight + timedelta(minutes=18, seconds=30))
        column = home.simulator.intervals(
            site_id, "electricity", midnight, midnight + timedelta(minutes=15)
        )["conso_total"]
        assert len(column) == 1
        found = number(home.state(today))
        assert found is not None
        assert isclose(found, fsum(column.values()), abs_tol=1e-9)
