"""Meters and sensors that several sites list have one writer, and are one device."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest

from custom_components.climkit.const import ALL, CONF_METERS, CONF_SITES, DOMAIN
from custom_components.climkit.coordinator import async_owners
from custom_components.climkit.coordinator.owners import Owners
from custom_components.climkit.issues import Issue, async_raise_issue
from custom_components.climkit.statistics import worker
from tests.conftest import NOW, Home, account_entry
from tests.simulator import DEFAULT_PASSWORD, DEFAULT_USERNAME, Fault, FaultKind, World
from tests.simulator.site import JsonObject, Rows, Viewer
from tests.stories.source import METER_ID, SITE_ID, WATER_ID, Source
from tests.truth import assert_equal_to_climkit, hourly_changes, known_names, stored_rows

FIRST = NOW.replace(minute=0) - timedelta(days=2)
NEIGHBOUR_ID = "6a00000000000000000000a2"
SENSOR_ID = "6a00000000000000000000d1"
TOTAL = f"climkit:{METER_ID}_total"

pytestmark = pytest.mark.recorder


@dataclass(kw_only=True)
class Listing(Source):
    """A site of the source's meter, of which a test says whether it is listed, and how large."""

    lists: bool = True
    share: float = 1.0
    sensors: list[JsonObject] = field(default_factory=list)

    @override
    def meter_info(self) -> list[JsonObject]:
        return [m for m in super().meter_info() if self.lists or m["id"] != METER_ID]

    @override
    def sensors_list(self) -> list[JsonObject]:
        return self.sensors

    @override
    def readings(self, sensor_id: str, start: int, end: int) -> list[tuple[int, float]] | None:
        return [(end - 900, 21.0)]

    @override
    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        rows = super().rows(meter_type, start, end, viewer)
        if self.lists:
            return {at: {k: v * self.share for k, v in row.items()} for at, row in rows.items()}
        return {
            at: {key: v for key, v in row.items() if METER_ID not in key}
            for at, row in rows.items()
        }


@pytest.fixture
def house() -> Listing:
    """The site with the lower id."""
    return Listing(first=FIRST, has_water=True)


@pytest.fixture
def neighbour() -> Listing:
    """The other one, which says that half as much was used."""
    return Listing(first=FIRST, id=NEIGHBOUR_ID, share=0.5)


@pytest.fixture
def world(house: Listing, neighbour: Listing) -> World:
    """Both, the higher id first."""
    return World.of(neighbour, house)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a recorder's trouble be no reason to wait."""
    monkeypatch.setattr(worker, "RECORDER_PAUSE", timedelta(0))


def writers(home: Home, meter_id: str = METER_ID) -> list[str]:
    """The loaded sites that have a meter's series."""
    return [site.site.id for site in home.sites if f"climkit:{meter_id}_total" in site.series]


def home_of(home: Home, climkit_id: str = METER_ID) -> str | None:
    """The id of the site whose device a device hangs on."""
    registry = dr.async_get(home.hass)
    entries = home.hass.config_entries.async_entries(DOMAIN)
    [device] = [
        one
        for entry in entries
        for one in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if (DOMAIN, climkit_id) in one.identifiers
    ]
    site = registry.async_get(device.via_device_id or "")
    return next(iter(site.identifiers))[1] if site else None


async def test_one_writer(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The lowest id has it, and its numbers stay what they are, also after restarts."""
    await home.set_up_completely()
    assert (writers(home), home_of(home)) == ([SITE_ID], SITE_ID)
    before = await hourly_changes(home)
    for _ in range(3):
        await home.turn_clock(minutes=15)
    await home.restart()
    await home.complete()
    assert (writers(home), home_of(home)) == ([SITE_ID], SITE_ID)
    await assert_equal_to_climkit(home)
    after = await hourly_changes(home)
    assert {hour: after[TOTAL][hour] for hour in list(before[TOTAL])[:-2]} == dict(
        list(before[TOTAL].items())[:-2]
    )
    assert "does not generate unique IDs" not in caplog.text


async def test_who_had_it_first(home: Home, house: Listing) -> None:
    """A site that lists it later does not get it, though its id is the lower one."""
    house.lists = False
    await home.set_up_completely()
    assert writers(home) == [NEIGHBOUR_ID]
    house.lists = True
    await home.turn_clock(hours=25)
    await home.restart()
    await home.complete()
    assert (writers(home), home_of(home)) == ([NEIGHBOUR_ID], NEIGHBOUR_ID)
    await assert_equal_to_climkit(home)


async def test_left_by_its_site(home: Home, house: Listing) -> None:
    """Once it is gone for good there, the other site has it; nobody writes in between."""
    await home.set_up_completely()
    house.lists = False
    await home.turn_clock(hours=25)
    assert writers(home) == []
    for _ in range(4):
        await home.turn_clock(hours=25)
    await home.turn_clock(minutes=15)
    assert writers(home) == [NEIGHBOUR_ID]
    await home.complete()
    rows = (await stored_rows(home.hass))[TOTAL]
    assert len({row.start for row in rows}) == len(rows)
    assert rows[-1].start > NOW + timedelta(days=4)


async def test_its_site_is_no_longer_wanted(home: Home) -> None:
    """Then the other one has it."""
    await home.set_up_completely()
    await home.choose(**{CONF_SITES: [NEIGHBOUR_ID]})
    await home.complete()
    assert (writers(home), home_of(home)) == ([NEIGHBOUR_ID], NEIGHBOUR_ID)


async def test_its_site_is_in_trouble(home: Home) -> None:
    """A site that cannot be read at a start keeps its meters."""
    await home.set_up_completely()
    home.simulator.switches.faults.append(
        Fault(kind=FaultKind.STATUS, status=503, path=f"installation_infos/{SITE_ID}|{SITE_ID}/")
    )
    await home.restart()
    assert [site.site.id for site in home.sites] == [NEIGHBOUR_ID]
    await home.turn_clock(minutes=15)
    assert writers(home) == []
    assert home_of(home) == SITE_ID


class TestItsSiteIsNotListed:
    """The neighbour had the meter first; then lists of the account's sites lack it."""

    @pytest.fixture
    async def listed(self, home: Home, house: Listing) -> dict[str, list[str]]:
        """The sites that lists have, by user; the house, whose id is the lower one, lists it."""
        house.lists = False
        await home.set_up_completely()
        house.lists = True
        home.simulator.switches.sites = {DEFAULT_USERNAME: [SITE_ID]}
        await home.restart()
        assert [site.site.id for site in home.sites] == [SITE_ID]
        return home.simulator.switches.sites

    async def test_once(self, home: Home, listed: dict[str, list[str]]) -> None:
        """It keeps it, and nobody is told that access was withdrawn."""
        assert (writers(home), home_of(home)) == ([], NEIGHBOUR_ID)
        assert not ir.async_get(home.hass).issues
        listed.clear()
        await home.turn_clock(minutes=2)
        await home.until(lambda: NEIGHBOUR_ID in home.entry.runtime_data)
        await home.let_set_up_end()
        await home.turn_clock(minutes=15)
        await home.complete()
        assert (writers(home), home_of(home)) == ([NEIGHBOUR_ID], NEIGHBOUR_ID)
        await assert_equal_to_climkit(home)

    async def test_twice(self, home: Home, listed: dict[str, list[str]]) -> None:
        """Then the other one has it, and keeps it when the first is back."""
        await home.turn_clock(minutes=2)
        assert (DOMAIN, f"site_refused_{NEIGHBOUR_ID}") in ir.async_get(home.hass).issues
        await home.turn_clock(minutes=15)
        assert (writers(home), home_of(home)) == ([SITE_ID], SITE_ID)
        await home.restart()
        assert (writers(home), home_of(home)) == ([SITE_ID], SITE_ID)
        listed.clear()
        await home.restart()
        await home.complete()
        assert len(home.sites) == 2
        assert (writers(home), home_of(home)) == ([SITE_ID], SITE_ID)
        assert not ir.async_get(home.hass).issues

    async def test_by_turns(self, home: Home, listed: dict[str, list[str]]) -> None:
        """Only lists that follow one another count."""
        for sites in ({}, listed.copy()):
            home.simulator.switches.sites = sites
            await home.restart()
        assert not ir.async_get(home.hass).issues
        home.simulator.switches.sites = {}
        await home.restart()
        assert (writers(home), home_of(home)) == ([NEIGHBOUR_ID], NEIGHBOUR_ID)


async def test_a_lower_id_is_no_longer_listed(home: Home) -> None:
    """What is gone for good claims nothing at a start either."""
    await home.set_up_completely()
    home.simulator.switches.sites = {DEFAULT_USERNAME: [NEIGHBOUR_ID]}
    await home.restart()
    await home.turn_clock(minutes=2)
    await home.turn_clock(minutes=15)
    assert (writers(home), home_of(home)) == ([NEIGHBOUR_ID], NEIGHBOUR_ID)
    await home.restart()
    assert (writers(home), home_of(home)) == ([NEIGHBOUR_ID], NEIGHBOUR_ID)


async def test_of_two_accounts(home: Home) -> None:
    """The entry that came first has it, until it is removed."""
    home.simulator.accounts.passwords["neighbour"] = DEFAULT_PASSWORD
    first, second = home.entry, account_entry(home.simulator.url, "neighbour")
    for entry, site_id in ((first, NEIGHBOUR_ID), (second, SITE_ID)):
        home.entry = entry
        entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            entry, options={**entry.options, CONF_SITES: [site_id]}
        )
        await home.set_up_completely()
    assert writers(home) == []
    home.entry = first
    assert (writers(home), home_of(home)) == ([NEIGHBOUR_ID], NEIGHBOUR_ID)

    await home.hass.config_entries.async_remove(first.entry_id)
    home.entry = second
    await home.turn_clock(minutes=15)
    await home.complete()
    assert (writers(home), home_of(home)) == ([SITE_ID], SITE_ID)


async def test_a_list_of_the_first_account_is_empty(home: Home) -> None:
    """Once, so that it cannot be set up: that gives nothing to the other account."""
    home.simulator.accounts.passwords["neighbour"] = DEFAULT_PASSWORD
    first, second = home.entry, account_entry(home.simulator.url, "neighbour", sites=[SITE_ID])
    home.simulator.switches.sites = {DEFAULT_USERNAME: [NEIGHBOUR_ID]}
    for home.entry in (first, second):
        await home.set_up_completely()
    home.simulator.switches.sites = {DEFAULT_USERNAME: []}
    await home.hass.config_entries.async_reload(first.entry_id)
    assert first.state is ConfigEntryState.SETUP_RETRY
    assert async_owners(home.hass).of_others(SITE_ID, "meters", [METER_ID])
    await home.hass.config_entries.async_reload(first.entry_id)  # empty again
    await home.turn_clock(minutes=15)
    assert writers(home) == [SITE_ID]


@pytest.mark.parametrize("is_removed", [False, True])
async def test_an_account_had_its_site_before(home: Home, is_removed: bool) -> None:
    """It says nothing of what another account has now, be it loaded anew or removed."""
    home.simulator.accounts.passwords["neighbour"] = DEFAULT_PASSWORD
    first, second = home.entry, account_entry(home.simulator.url, "neighbour")
    first.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        first, options={**first.options, CONF_METERS: [WATER_ID]}
    )
    await home.set_up_completely()
    await home.choose(**{CONF_SITES: [NEIGHBOUR_ID]})
    home.entry = second
    second.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        second, options={**second.options, CONF_SITES: [SITE_ID]}
    )
    await home.set_up_completely()
    assert writers(home) == [SITE_ID]
    issue = f"silent_meters_{SITE_ID}"
    async_raise_issue(home.hass, issue, Issue(kind="silent_meters"))
    home.entry = first
    if is_removed:
        await home.hass.config_entries.async_remove(first.entry_id)
    else:
        await home.choose(**{CONF_METERS: ALL})
        assert writers(home) == []
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue)
    assert async_owners(home.hass).of_others(NEIGHBOUR_ID, "meters", [METER_ID])
    home.entry = second
    await home.turn_clock(minutes=15)
    assert (writers(home), home_of(home)) == ([SITE_ID], SITE_ID)


async def test_not_wanted_by_the_first(home: Home) -> None:
    """What a person did not choose there is no reason to lack it here."""
    home.simulator.accounts.passwords["neighbour"] = DEFAULT_PASSWORD
    first, second = home.entry, account_entry(home.simulator.url, "neighbour")
    chosen = {CONF_SITES: [SITE_ID], CONF_METERS: []}, {CONF_SITES: [NEIGHBOUR_ID]}
    for entry, options in zip((first, second), chosen, strict=True):
        home.entry = entry
        entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
        await home.set_up_completely()
    assert writers(home) == [NEIGHBOUR_ID]


async def test_memory_of_before(home: Home, hass_storage: dict[str, Any]) -> None:
    """Earlier releases remembered it for both sites."""
    record = {"series": {}, "meters": {METER_ID: []}, "sensors": {}, "has_battery": False}
    hass_storage[f"{DOMAIN}.{home.entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{home.entry.entry_id}",
        "data": {key: record | {"walk": {}} for key in (NEIGHBOUR_ID, SITE_ID)},
    }
    await home.set_up_completely()
    assert (writers(home), home_of(home)) == ([SITE_ID], SITE_ID)
    [meters] = [site.record.meters for site in home.sites if site.site.id == NEIGHBOUR_ID]
    assert METER_ID not in meters


async def test_a_sensor_of_both(
    home: Home, house: Listing, neighbour: Listing, caplog: pytest.LogCaptureFixture
) -> None:
    """It is one entity, asked for once."""
    house.sensors = neighbour.sensors = [
        {"id": SENSOR_ID, "name": "Hall", "type": "temperature", "unit": "°C"}
    ]
    await home.set_up()
    for _ in range(3):
        await home.turn_clock(minutes=15)
    assert sum(SENSOR_ID in site.sensors.data for site in home.sites) == 1
    assert home.state(SENSOR_ID).state == "21.0"
    assert home_of(home, SENSOR_ID) in {SITE_ID, NEIGHBOUR_ID}
    asked = {request.path for request in home.simulator.requests if SENSOR_ID in request.path}
    assert len(asked) == 1
    assert "does not generate unique IDs" not in caplog.text


async def test_sensors_after_a_lost_memory(
    home: Home, house: Listing, neighbour: Listing, hass_storage: dict[str, Any]
) -> None:
    """Each site's list tells which there are: until all are there, no device goes."""
    for number, site in enumerate((house, neighbour)):
        site.sensors = [{"id": f"{SENSOR_ID[:-1]}{number}", "name": "Hall", "type": "temperature"}]
    await home.set_up()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    del hass_storage[f"{DOMAIN}.{home.entry.entry_id}"]
    removed: list[str] = []

    @callback
    def note(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        if event.data["action"] == "remove":
            removed.append(event.data["device_id"])

    home.hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, note)
    await home.set_up()
    assert sum(len(site.sensors.data) for site in home.sites) == 2
    assert not removed


async def test_a_sensor_that_moved(home: Home, house: Listing, neighbour: Listing) -> None:
    """Once it is gone for good at the first site, it is the other one's."""
    moved: JsonObject = {"id": SENSOR_ID, "name": "Hall", "type": "temperature", "unit": "°C"}
    of_house: JsonObject = {**moved, "id": f"{SENSOR_ID[:-1]}2"}
    of_neighbour: JsonObject = {**moved, "id": f"{SENSOR_ID[:-1]}3"}
    house.sensors, neighbour.sensors = [of_house, moved], [of_neighbour]
    await home.set_up()
    assert home_of(home, SENSOR_ID) == SITE_ID
    house.sensors, neighbour.sensors = [of_house], [of_neighbour, moved]
    for _ in range(4):
        await home.turn_clock(hours=25)
    await home.turn_clock(minutes=15)  # what a new one tells is asked for behind its list
    await home.until(lambda: home.state(SENSOR_ID).state == "21.0")
    assert home_of(home, SENSOR_ID) == NEIGHBOUR_ID


class Capitals(Listing):
    """Its list writes ids in capitals, and so do the columns of its answers."""

    @override
    def meter_info(self) -> list[JsonObject]:
        return [{**meter, "id": str(meter["id"]).upper()} for meter in super().meter_info()]

    @override
    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        rows = super().rows(meter_type, start, end, viewer)
        upper = METER_ID.upper()
        return {
            at: {key.replace(METER_ID, upper): v for key, v in row.items()}
            for at, row in rows.items()
        }


class TestCapitals:
    """Two sites that have the same meter, one of which writes its id in capitals."""

    @pytest.fixture
    def world(self, neighbour: Listing) -> World:
        """The first one writes them."""
        return World.of(Capitals(first=FIRST), neighbour)

    async def test_one_writer(self, home: Home) -> None:
        """It is the same meter, whose statistic there is once."""
        await home.set_up_completely()
        assert writers(home) == [SITE_ID]
        assert [key for key in await known_names(home.hass) if METER_ID in key.lower()] == [
            TOTAL,
            TOTAL.replace("total", "self"),
            TOTAL.replace("total", "ext"),
        ]

    @pytest.mark.parametrize("of_owner", [METER_ID, METER_ID.upper()])
    def test_whichever_writes_them(self, of_owner: str) -> None:
        """The other one is told that it is not its meter, by the id that it wrote."""
        owners, of_other = Owners(), of_owner.swapcase()
        owners.claim(SITE_ID, "meters", [of_owner])
        assert owners.of_others(NEIGHBOUR_ID, "meters", [of_other]) == {of_other}

    async def test_statistics_without_device(self, home: Home) -> None:
        """All of them have one, and those of a device are found."""
        await home.set_up_completely()
        answer = await delete(home, without_device=True)
        assert answer == []
        registry = dr.async_get(home.hass)
        [device] = [
            one
            for one in dr.async_entries_for_config_entry(registry, home.entry.entry_id)
            if (DOMAIN, METER_ID.upper()) in one.identifiers
        ]
        assert set(await delete(home, device_id=device.id)) == {
            TOTAL,
            TOTAL.replace("total", "self"),
            TOTAL.replace("total", "ext"),
        }


async def delete(home: Home, **what: Any) -> list[str]:
    """The ids that `delete_statistics` would delete."""
    answer = await home.hass.services.async_call(
        DOMAIN,
        "delete_statistics",
        {"dry_run": True, **what},
        blocking=True,
        return_response=True,
    )
    assert isinstance(answer, dict)
    return [str(one["statistic_id"]) for one in answer["deleted"]]  # type: ignore[union-attr, index, call-overload]
