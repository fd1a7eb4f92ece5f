"""Each account keeps to its budget and each statistic has one writer, whatever people do.

The pauses between requests are the real ones here, and the server holds the client to its limit.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.climkit.api import floor_interval
from custom_components.climkit.const import ALL, DOMAIN
from custom_components.climkit.feeds import page_size
from tests.conftest import NOW, Stage, account_entry
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    SimulatorServer,
    Switches,
    World,
    single_house,
)
from tests.stories.driven import Activity, DrivenHome, quiet_recorder, real_waiting
from tests.stories.source import Source
from tests.truth import assert_equal_to_climkit, stored_rows

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]

OTHER_USERNAME = "cktDevUser_2"
DAY = timedelta(days=1)

# Seconds that a new connection takes at most, which the client does not see.
CONNECT_DELAY = 2.0


@pytest.fixture
def world() -> World:
    """Two houses with four days of data."""
    houses = [single_house(seed, NOW, timedelta(days=9)) for seed in (1, 2)]
    return World.of(*(replace(house, faultless=True) for house in houses))


@pytest.fixture
async def home(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, world: World
) -> AsyncIterator[DrivenHome]:
    """A home whose pages are of one day, so that its first import takes a while."""
    monkeypatch.setattr(page_size, "FIRST_PAGE", DAY)
    monkeypatch.setattr(page_size, "LONGEST_PAGE", DAY)
    stage.freezer.move_to(NOW)
    real_waiting(monkeypatch)
    quiet_recorder(stage.hass)
    async with SimulatorServer(
        world,
        now=dt_util.utcnow,
        switches=Switches(rate_limit=1.0, connect_delay=CONNECT_DELAY),
        accounts={DEFAULT_USERNAME: DEFAULT_PASSWORD, OTHER_USERNAME: DEFAULT_PASSWORD},
    ) as simulator:
        home = DrivenHome(
            stage.hass,
            simulator,
            stage.freezer,
            account_entry(simulator.url),
            source=Source(first=NOW),
            storage=stage.storage,
            activity=Activity(stage.hass, monkeypatch),
            rate_limit=1.0,
            connect_delay=CONNECT_DELAY,
        )
        with home.patched():
            yield home


async def come_to_rest(home: DrivenHome) -> None:
    """Let the import end, and all looks of the quarter-hour that then is the last one."""
    await home.turn_clock(minutes=20)
    await home.turn_clock(to=floor_interval(dt_util.utcnow()) + timedelta(minutes=27))
    assert home.is_complete


def assert_within_budget(home: DrivenHome) -> None:
    """No request came too soon, none while another one was running, none was too many."""
    assert home.simulator.violations == 0
    assert home.simulator.overlaps == 0
    assert not [one for one in home.simulator.requests if one.status == 429]


class TestTwoAccounts:
    """Two entries of different accounts that see the same sites."""

    @pytest.fixture
    def other(self, home: DrivenHome) -> MockConfigEntry:
        """The entry of the other account."""
        return account_entry(home.simulator.url, OTHER_USERNAME)

    async def set_up_both(self, home: DrivenHome, other: MockConfigEntry) -> None:
        """Set both up at once."""

        async def both() -> None:
            entries = home.hass.config_entries
            await asyncio.gather(
                entries.async_setup(home.entry.entry_id), entries.async_setup(other.entry_id)
            )

        # A first integration of a kind sets all its entries up; these are added after it.
        await home.set_up()
        await home.switch_off()
        other.add_to_hass(home.hass)
        await home.drive(both())

    async def test_a_site_has_one_writer(self, home: DrivenHome, other: MockConfigEntry) -> None:
        """The entry that came later says that its sites are taken, and asks for none of their data.

        When the first one is removed, the other one takes over, and takes the rows as they are.
        """
        await self.set_up_both(home, other)
        assert home.entry.state is ConfigEntryState.LOADED
        assert other.state is ConfigEntryState.SETUP_ERROR
        assert other.reason
        await come_to_rest(home)
        await assert_equal_to_climkit(home)
        assert {r.account for r in home.simulator.requests if "_data" in r.path} == {
            DEFAULT_USERNAME
        }

        before = await stored_rows(home.hass)
        await home.drive(_remove(home))
        home.entry = other
        await home.drive(_reload(home))
        await come_to_rest(home)
        await assert_equal_to_climkit(home)
        after = await stored_rows(home.hass)
        assert all(after[key][: len(rows) - 1] == rows[:-1] for key, rows in before.items())
        assert_within_budget(home)

    async def test_a_site_each(self, home: DrivenHome, other: MockConfigEntry) -> None:
        """Where one entry wants one of two sites, the other one takes the other."""
        first, second = home.simulator.world.sites
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, "sites": [first]}
        )
        await self.set_up_both(home, other)
        assert list(home.entry.runtime_data) == [first]
        assert list(other.runtime_data) == [second]
        await come_to_rest(home)
        await assert_equal_to_climkit_of_all(home, other)
        asked = {(r.account, r.path.split("/")[2]) for r in home.simulator.requests if _data(r)}
        assert asked == {(DEFAULT_USERNAME, first), (OTHER_USERNAME, second)}
        assert_within_budget(home)


async def test_reloads_in_mid_import(home: DrivenHome) -> None:
    """Requests keep their distance over a reload too, and nothing is stored twice."""
    await home.set_up()
    for _ in range(8):
        await home.turn_clock(seconds=3)
        assert not home.is_complete
        await home.drive(_reload(home))
    await come_to_rest(home)
    await assert_equal_to_climkit(home)
    assert_within_budget(home)


async def test_options_changed_in_mid_import(home: DrivenHome) -> None:
    """Sites and meters in and out: what is wanted in the end is complete in the end."""
    await home.set_up()
    first, second = home.simulator.world.sites
    [meter_id, *_] = home.simulator.world.meter_info(first)[1].values()
    for options in (
        {"sites": [second]},
        {"meters": [meter_id], "sites": [first]},
        {"sites": ALL, "site_totals": False},
        {"meters": ALL, "history": (NOW - 2 * DAY).date().isoformat()},
        {"site_totals": True, "history": home.entry.options["history"]},
    ):
        await home.turn_clock(seconds=3)
        await home.drive(_choose(home, options))
    await come_to_rest(home)
    await assert_equal_to_climkit(home)
    assert_within_budget(home)


async def test_many_actions_at_once(home: DrivenHome) -> None:
    """During the import and a reload: they wait for their turn, and all is right afterwards."""
    await home.set_up()
    await home.turn_clock(minutes=1)
    first, second = (_device_id(home, site_id) for site_id in home.simulator.world.sites)
    home.simulator.world.revise(
        next(iter(home.simulator.world.sites)), "conso_total", NOW - 2 * DAY, NOW - DAY, factor=2
    )

    async def act() -> None:
        calls = [
            home.hass.services.async_call(
                DOMAIN,
                action,
                {"device_id": device_id, **more},
                blocking=True,
                return_response=True,
            )
            for device_id in (first, second)
            for action, more in [
                *[("import_history", {"from": (NOW - 3 * DAY).isoformat()})] * 4,
                ("import_history", {"from": (NOW - 2 * DAY).isoformat(), "dry_run": True}),
                ("delete_statistics", {"dry_run": True}),
                ("delete_statistics", {}),
                ("import_history", {"from": (NOW - DAY).isoformat()}),
            ]
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        # While a deleted statistic is read anew, there is nothing that could be compared.
        failed = [one for one in answers if isinstance(one, BaseException)]
        assert {getattr(one, "translation_key", one) for one in failed} <= {"nothing_stored"}

    await home.drive(act())
    await come_to_rest(home)
    await assert_equal_to_climkit(home)
    assert_within_budget(home)


async def assert_equal_to_climkit_of_all(home: DrivenHome, other: MockConfigEntry) -> None:
    """Both entries' statistics together are what Climkit says."""
    own = home.entry
    sites = [*home.entry.runtime_data.values(), *other.runtime_data.values()]
    assert all(site.history.progress == 100 for site in sites)
    merged = account_entry(home.simulator.url)
    merged.mock_state(home.hass, ConfigEntryState.LOADED)
    merged.runtime_data = {site.site.id: site for site in sites}
    home.entry = merged
    await assert_equal_to_climkit(home)
    home.entry = own


async def _reload(home: DrivenHome) -> None:
    await home.hass.config_entries.async_reload(home.entry.entry_id)


async def _remove(home: DrivenHome) -> None:
    await home.hass.config_entries.async_remove(home.entry.entry_id)


async def _choose(home: DrivenHome, options: dict[str, Any]) -> None:
    home.hass.config_entries.async_update_entry(
        home.entry, options={**home.entry.options, **options}
    )
    await _reload(home)


def _device_id(home: DrivenHome, climkit_id: str) -> str:
    found = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, climkit_id), home.entry.entry_id
    )
    assert found
    return found.id


def _data(request: Any) -> bool:
    return "_data" in request.path
