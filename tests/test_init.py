"""An entry from set-up to removal."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_PASSWORD
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest

from custom_components.climkit import async_remove_config_entry_device
from custom_components.climkit.api.batch import read_each_site
from custom_components.climkit.const import CONF_SITE_TOTALS, CONF_SITES, DOMAIN
from custom_components.climkit.coordinator.site import SiteCoordinator
from custom_components.climkit.feeds import Answer
from custom_components.climkit.history.pages import Page, Purpose
from custom_components.climkit.statistics import TimeRange
from tests.conftest import NOW, Home, account_entry, fire_timers
from tests.costs.bill import add_tariff, delete_tariff, plain_tariff
from tests.simulator import DEFAULT_USERNAME, Fault, FaultKind, World
from tests.truth import assert_equal_to_climkit, stored_rows


def devices(home: Home) -> set[str]:
    """The Climkit ids of all devices."""
    found = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
    return {identifier for device in found for _, identifier in device.identifiers}


class TestSites:
    """Accounts with several sites."""

    @pytest.fixture
    def world(self) -> World:
        """Three young sites."""
        return World(created=NOW, history_days=6, flats=5)

    async def test_new_site_joins(self, home: Home) -> None:
        """Where all are wanted, a site that Climkit adds joins by itself."""
        *known, new = home.simulator.world.sites
        home.simulator.switches.sites = {DEFAULT_USERNAME: known}
        await home.set_up()
        assert len(home.sites) == 2
        home.simulator.switches.sites = {}
        await home.turn_clock(hours=24, minutes=1)
        await home.until(lambda: len(home.sites) == 3)
        assert new in home.entry.runtime_data

    async def test_site_that_one_list_lacks(self, home: Home) -> None:
        """Lists can be wrong, also at a start: it is asked once more, and not a day later."""
        *others, lacking = home.simulator.world.sites
        await home.set_up()
        home.simulator.switches.sites = {DEFAULT_USERNAME: others}
        await home.restart()
        assert lacking not in home.entry.runtime_data
        home.simulator.requests.clear()
        for minutes in (2, 30, 90):
            await home.turn_clock(minutes=minutes)
        listed = [one for one in home.simulator.requests if "all_installations" in one.path]
        assert [one.status for one in listed if one.status != 401] == [200]
        assert lacking not in home.entry.runtime_data
        await home.restart()
        home.simulator.switches.sites = {}
        await home.turn_clock(minutes=2)
        await home.until(lambda: lacking in home.entry.runtime_data)

    async def test_a_list_never_grows(self, home: Home) -> None:
        """Where some are wanted, no other joins."""
        *known, _ = home.simulator.world.sites
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_SITES: known}
        )
        await home.set_up()
        await home.turn_clock(hours=24, minutes=1)
        assert list(home.entry.runtime_data) == known

    async def test_refused_site(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """It does no harm to the others."""
        refused, *others = home.simulator.world.sites
        home.simulator.switches.refused = {refused: 403}
        await home.set_up()
        assert home.entry.state is ConfigEntryState.LOADED
        assert list(home.entry.runtime_data) == others
        assert "does not permit access" in caplog.text

    @pytest.mark.parametrize("path", ["installation_infos", "meter_info"])
    @pytest.mark.parametrize("status", [200, 403, 500])
    async def test_site_in_trouble(self, home: Home, path: str, status: int) -> None:
        """It does no harm to the others, and comes back by itself."""
        first, *others = home.simulator.world.sites
        fault = Fault(kind=FaultKind.STATUS, status=status, path=f"{path}/{first}")
        home.simulator.switches.faults = [fault]
        await home.set_up()
        assert home.entry.state is ConfigEntryState.LOADED
        assert list(home.entry.runtime_data) == others
        for site_id in others:
            assert home.entry.runtime_data[site_id].coordinator.last_measurement
        home.simulator.switches.faults = []
        for _ in range(3):
            await home.turn_clock(hours=8, minutes=1)
        await home.until(lambda: first in home.entry.runtime_data)
        assert home.entry.runtime_data[first].coordinator.is_available
        assert not home.hass.config_entries.flow.async_progress()

    async def test_two_sites_in_trouble_for_good(self, home: Home) -> None:
        """They do not keep those behind them from being loaded, soon."""
        *troubled, healthy = home.simulator.world.sites
        assert len(troubled) == 2
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path=f"installation_infos/{one}")
            for one in troubled
        ]
        await home.begin()
        for _ in range(25):
            await home.turn_clock(minutes=2)
            await home.let_set_up_end()
        assert set(home.entry.runtime_data) == {healthy}

    async def test_site_in_trouble_is_back_within_an_hour(self, home: Home) -> None:
        """It is not waited for until sites are looked for that are new, once a day."""
        first, *_ = home.simulator.world.sites
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path=f"installation_infos/{first}")
        ]
        await home.set_up()
        for _ in range(8):
            await home.turn_clock(minutes=15)
        assert first not in home.entry.runtime_data
        home.simulator.switches.faults = []
        for _ in range(4):
            await home.turn_clock(minutes=15)
        await home.until(lambda: first in home.entry.runtime_data, seconds=30)

    @pytest.mark.parametrize("status", [403, 500])
    async def test_devices_of_a_site_that_cannot_be_read(self, home: Home, status: int) -> None:
        """They stay, as nothing is known of them; what the user no longer wants goes."""
        await home.set_up()
        before = devices(home)
        first, *others = home.simulator.world.sites
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=status, path=f"installation_infos/{first}")
        ]
        await home.restart()
        assert first not in home.entry.runtime_data
        assert devices(home) == before
        await home.choose(sites=others)
        assert devices(home) < before
        assert first not in devices(home)
        assert set(others) < devices(home)

    async def test_climkit_is_down(self, home: Home) -> None:
        """Trouble with two sites in a row is no trouble of theirs: set-up is tried again later."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path="installation_infos")
        ]
        await home.set_up()
        assert home.entry.state is ConfigEntryState.SETUP_RETRY

    async def test_all_sites_are_refused(self, home: Home) -> None:
        """Nobody has to log in for that; Home Assistant tries again."""
        home.simulator.switches.refused = dict.fromkeys(home.simulator.world.sites, 403)
        await home.set_up()
        assert home.entry.state is ConfigEntryState.SETUP_RETRY
        assert not home.hass.config_entries.flow.async_progress()

    async def test_new_sites_cannot_be_looked_for(self, home: Home) -> None:
        """Trouble of a day changes nothing."""
        await home.set_up()
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=500, path="all_installations")
        ]
        await home.turn_clock(hours=24, minutes=1)
        assert len(home.sites) == 3

    async def test_unloaded_while_looking(self, home: Home) -> None:
        """The answer comes after the account was unloaded: it stays so."""
        *known, _ = home.simulator.world.sites
        home.simulator.switches.sites = {DEFAULT_USERNAME: known}
        await home.set_up()
        home.simulator.switches.sites = {}
        began, may_end = asyncio.Event(), asyncio.Event()

        async def read(*args: Any, **kwargs: Any) -> dict[str, Any]:
            began.set()
            await may_end.wait()
            return await read_each_site(*args, **kwargs)

        with patch("custom_components.climkit.sites.read_each_site", read):
            home.freezer.tick(timedelta(hours=24, minutes=1))
            fire_timers(home.hass)
            await home.until(began.is_set)
            await home.hass.config_entries.async_unload(home.entry.entry_id)
            asked = len(home.simulator.requests)
            may_end.set()
            await home.hass.async_block_till_done(wait_background_tasks=True)
        assert home.entry.state is ConfigEntryState.NOT_LOADED
        assert len(home.simulator.requests) == asked


class TestChangedDuringSetUp:
    """What a person changes while Climkit takes its time with the first data."""

    @pytest.fixture
    async def changed(self, home: Home) -> Callable[[Callable[[], object]], Awaitable[None]]:
        """Do something in the middle of set-up, and wait until that and what follows is done."""

        async def during_set_up(change: Callable[[], object]) -> None:
            slow = Fault(kind=FaultKind.DELAY, path="/site_data/", delay=1.0, times=1)
            home.simulator.switches.faults = [slow]
            task = home.hass.async_create_task(home.set_up())
            await home.until(lambda: not slow.times)
            assert home.entry.state is ConfigEntryState.SETUP_IN_PROGRESS
            change()
            home.freezer.tick(2)
            await home.until(task.done)
            await home.let_set_up_end()
            assert home.entry.state is ConfigEntryState.LOADED

        return during_set_up

    async def test_options(
        self, home: Home, changed: Callable[[Callable[[], object]], Awaitable[None]]
    ) -> None:
        """They are followed, by a reload."""
        options = {**account_entry("").options, CONF_SITE_TOTALS: False}
        await changed(
            lambda: home.hass.config_entries.async_update_entry(home.entry, options=options)
        )
        [site] = home.sites
        assert all(one.meter_id for one in site.series.values())

    async def test_tariff_added_and_deleted(
        self, home: Home, changed: Callable[[Callable[[], object]], Awaitable[None]]
    ) -> None:
        """What comes has its costs, what goes has none."""
        added: list[str] = []
        await changed(lambda: added.append(add_tariff(home, plain_tariff(home))))
        [site] = home.sites
        assert site.costs.tariffs
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await changed(lambda: delete_tariff(home, added[0]))
        [site] = home.sites
        assert not site.costs.tariffs


async def test_entry_of_a_newer_release(home: Home) -> None:
    """After a downgrade nobody knows what it says, so it is not set up."""
    home.entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(home.entry, version=2)
    await home.begin()
    assert home.entry.state is ConfigEntryState.MIGRATION_ERROR
    assert not home.simulator.requests


async def test_wrong_password(home: Home) -> None:
    """One refusal may be a gateway's: set-up is tried again, and the third one asks the user."""
    home.entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        home.entry, data={**home.entry.data, CONF_PASSWORD: "old"}
    )
    await home.begin()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    for _ in range(30):
        assert not home.flows
        await wait_a_minute(home)
        if home.entry.state is ConfigEntryState.SETUP_ERROR:
            break
    assert home.flows == [SOURCE_REAUTH]
    assert logins(home) == 3
    await home.turn_clock(days=3)
    assert logins(home) == 3


async def test_a_login_refused_once_at_the_start(home: Home) -> None:
    """It is there with the next try that may be made."""
    fault = Fault(kind=FaultKind.STATUS, status=401, path="auth", times=1)
    home.simulator.switches.faults = [fault]
    await home.begin()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    for _ in range(9):
        await wait_a_minute(home)
    assert home.entry.state is ConfigEntryState.LOADED
    assert not home.flows


async def wait_a_minute(home: Home) -> None:
    """Turn the clock, and let a set-up that is tried again come to its end."""
    await home.turn_clock(minutes=1, settle=False)
    await home.until(lambda: home.entry.state is not ConfigEntryState.SETUP_IN_PROGRESS)


async def test_password_changed_while_running(home: Home) -> None:
    """Polling goes on until the third refusal; then the user is asked, once."""
    await home.set_up_completely()
    home.simulator.revoke_tokens()
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=401, path="auth")]
    before = logins(home)
    for _ in range(60):
        await home.turn_clock(minutes=1, settle=False)
        assert logins(home) == before + 3 or not home.flows
    await home.settle()
    assert home.flows == [SOURCE_REAUTH]
    assert logins(home) == before + 3


class TestRefusedCredentials:
    """They are refused: nothing logs in before a person acts."""

    @pytest.fixture
    async def refused(self, home: Home) -> Home:
        """A home that waits for the user."""
        await home.set_up_completely()
        home.simulator.revoke_tokens()
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=401, path="auth")]
        for _ in range(3):
            await home.turn_clock(minutes=15)
        assert home.flows == [SOURCE_REAUTH]
        return home

    async def test_nothing_logs_in(self, refused: Home) -> None:
        """Neither nights, nor the look for new sites, nor sensors, nor an action."""
        before = len(refused.simulator.requests)
        [device, *_] = dr.async_entries_for_config_entry(
            dr.async_get(refused.hass), refused.entry.entry_id
        )
        for _ in range(12):
            await refused.turn_clock(hours=4)
            with pytest.raises(HomeAssistantError) as raised:
                await refused.hass.services.async_call(
                    DOMAIN,
                    "import_history",
                    {"device_id": device.id, "from": (NOW - timedelta(days=1)).isoformat()},
                    blocking=True,
                    return_response=True,
                )
            assert raised.value.translation_key == "invalid_auth"
        assert len(refused.simulator.requests) == before
        assert refused.flows == [SOURCE_REAUTH]

    async def test_reload(self, refused: Home) -> None:
        """A person's reload is worth one try; refused, it asks at once."""
        before = logins(refused)
        await refused.hass.config_entries.async_reload(refused.entry.entry_id)
        await refused.hass.async_block_till_done()
        assert refused.entry.state is ConfigEntryState.SETUP_ERROR
        assert logins(refused) == before + 1
        refused.simulator.switches.faults = []
        await refused.hass.config_entries.async_reload(refused.entry.entry_id)
        await refused.let_follow()
        assert refused.entry.state is ConfigEntryState.LOADED
        assert logins(refused) == before + 2


def logins(home: Home) -> int:
    """How many logins there were."""
    return sum(request.path == "/auth" for request in home.simulator.requests)


async def test_wrong_password_at_night(home: Home) -> None:
    """One login is tried, not one for each feed: that could lock the account."""
    await home.set_up_completely()
    home.simulator.revoke_tokens()
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=401, path="auth")]
    before = len(home.simulator.requests)
    history = home.sites[0].history
    for _ in range(3):
        history.start_night()
        await home.settle()
    logins = [r for r in home.simulator.requests[before:] if r.path == "/auth"]
    assert len(logins) == 1


async def test_removal_after_a_failed_set_up(home: Home, hass_storage: dict[str, Any]) -> None:
    """No memory is written behind."""
    await home.set_up()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    with patch.object(SiteCoordinator, "async_config_entry_first_refresh", side_effect=OSError):
        await home.set_up()
    assert home.entry.state is ConfigEntryState.SETUP_ERROR
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.turn_clock(minutes=10, settle=False)
    assert f"{DOMAIN}.{home.entry.entry_id}" not in hass_storage


async def test_removing_a_device_while_not_set_up(home: Home) -> None:
    """Nothing is known then, so nothing goes."""
    await home.set_up()
    [device, *_] = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
    home.simulator.switches.faults = [Fault(kind=FaultKind.DISCONNECT)]
    await home.restart()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert not await async_remove_config_entry_device(home.hass, home.entry, device)


@pytest.mark.recorder
async def test_revoked_token(home: Home) -> None:
    """A token that ends early is renewed, and nobody notices."""
    await home.set_up_completely()
    for _ in range(4):
        home.simulator.revoke_tokens()
        await home.turn_clock(minutes=15)
    await assert_equal_to_climkit(home)
    assert not home.hass.config_entries.flow.async_progress()


@pytest.mark.recorder
async def test_removal(home: Home, hass_storage: dict[str, Any]) -> None:
    """The memory goes, the statistics stay: they are the user's."""
    await home.set_up_completely()
    rows = await stored_rows(home.hass)
    key = f"{DOMAIN}.{home.entry.entry_id}"
    assert key in hass_storage
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.hass.async_block_till_done()
    assert key not in hass_storage
    assert await stored_rows(home.hass) == rows


async def test_removing_a_device(home: Home) -> None:
    """A device that Climkit lists cannot be removed by hand, an old one can."""
    await home.set_up()
    registry = dr.async_get(home.hass)
    devices = dr.async_entries_for_config_entry(registry, home.entry.entry_id)
    assert len(devices) == 4
    for device in devices:
        assert not await async_remove_config_entry_device(home.hass, home.entry, device)
    old = registry.async_get_or_create(
        config_entry_id=home.entry.entry_id, identifiers={(DOMAIN, "gone")}
    )
    assert await async_remove_config_entry_device(home.hass, home.entry, old)


async def test_what_is_asked_ahead_is_given_up(home: Home) -> None:
    """The next page of history is asked for before its turn: not after an unload."""
    await home.set_up()
    [site] = home.sites
    await home.until(lambda: site.history.states)
    ahead = site.history._fetcher._prefetcher

    async def wait(_page: Page) -> Answer:
        await asyncio.Event().wait()
        return Answer()

    ahead._read = wait
    states = site.history.states[:1]
    hours = TimeRange(NOW - timedelta(days=1), NOW)
    ahead.begin(Page(states[0].series.feed, Purpose.CATCH_UP, hours, states))
    asking = ahead._task
    assert asking
    try:
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        assert asking.cancelling()
    finally:
        asking.cancel()


async def test_a_refresh_ends_with_the_account(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody asks for news, meters one by one; the account is unloaded in the middle."""
    assert await async_setup_component(home.hass, "homeassistant", {})
    home.simulator.switches.columns = False
    await home.set_up_completely()
    home.freezer.tick(timedelta(hours=1))
    slow = Fault(kind=FaultKind.DELAY, delay=1.0, times=1)
    home.simulator.switches.faults = [slow]
    [site] = home.sites
    asked = len(home.simulator.requests)
    newest = home.entity_id(f"{site.site.id}_last_measurement")
    task = home.hass.async_create_task(
        home.hass.services.async_call(
            "homeassistant", "update_entity", {"entity_id": newest}, blocking=True
        )
    )
    await home.until(lambda: not slow.times)
    caplog.clear()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.freezer.tick(2)
    await home.until(task.done)
    assert len(home.simulator.requests) == asked + 1  # what was on its way
    assert not [one for one in caplog.records if one.levelname in {"WARNING", "ERROR"}]


async def test_nothing_is_left_running(home: Home) -> None:
    """After an unload in mid import no request is made any more."""
    await home.set_up()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.hass.async_block_till_done()
    asked = len(home.simulator.requests)
    home.freezer.tick(timedelta(hours=30))
    await home.hass.async_block_till_done()
    assert len(home.simulator.requests) == asked
