"""Sites of many meters: one request, and updates that let others have a turn."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import CONF_METERS
from custom_components.climkit.coordinator import base
from tests.conftest import NOW, Home, account_entry, fire_timers
from tests.coordinator.steps import Requests, building, meters, set_up, state
from tests.simulator import World, big_site

# As it is at home; in other tests nothing pauses.
COOLDOWN = base.UPDATE_COOLDOWN


class TestBigSite:
    """200 meters."""

    @pytest.fixture
    def world(self) -> World:
        """A site since yesterday."""
        return World.of(big_site(200, now=NOW, days=1))

    async def test_one_request(self, home: Home) -> None:
        """They refresh with one request, and no step of it takes the loop for long."""
        await set_up(home)
        requests = Requests(home)
        await home.turn_clock(to=NOW.replace(minute=19))
        assert requests("_data") == [f"/site_data/{building(home).id}/electricity"]
        for meter in meters(home)[::40]:
            assert float(state(home, f"{meter.id}_total_today")) > 0
        assert home.sites[0].coordinator.last_measurement == NOW.replace(minute=15)


class TestFirstAnswer:
    """What a site is asked for after a start."""

    @pytest.fixture
    def world(self, request: pytest.FixtureRequest) -> World:
        """A site of so many meters, since three days."""
        return World.of(big_site(request.param - 2, now=NOW, days=3))

    @pytest.mark.parametrize(
        ("world", "since"),
        [(69, "2026-11-18T23:00:00"), (70, "2026-11-19T23:00:00")],
        indirect=["world"],
    )
    async def test_since_when(self, home: Home, since: str) -> None:
        """Yesterday comes with today, but for a site of so many meters that the answer is heavy."""
        home.entry = account_entry(home.simulator.url, **{CONF_METERS: []})
        await home.begin()
        first = next(one for one in home.simulator.requests if "site_data" in one.path)
        assert first.body == {"t_s": since}


class TestUpdates:
    """Of the many entities of a big site."""

    @pytest.fixture
    def world(self) -> World:
        """More entities than are updated at once."""
        return World.of(big_site(40, now=NOW, days=1))

    @pytest.mark.parametrize("at_once", [1, 10])
    async def test_news_each_second(
        self,
        home: Home,
        freezer: FrozenDateTimeFactory,
        monkeypatch: pytest.MonkeyPatch,
        at_once: int,
    ) -> None:
        """All entities hear of the first at once, of what follows every five seconds."""
        monkeypatch.setattr(base, "UPDATE_COOLDOWN", COOLDOWN)
        await set_up(home)
        for _ in range(2):  # what set-up told is over
            await home.turn_clock(seconds=10)
        [site] = home.sites
        seen = []
        site.coordinator.async_add_listener(lambda: seen.append(dt_util.utcnow()))
        begin = dt_util.utcnow()
        for _ in range(12):
            for _ in range(at_once):
                site.coordinator.async_update_listeners()
            await home.hass.async_block_till_done()
            freezer.tick(1)
            fire_timers(home.hass)
            await home.hass.async_block_till_done()
        assert [time - begin for time in seen] == [timedelta(seconds=s) for s in (0, 5, 10)]

    async def test_entity_in_trouble(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """It is logged, and keeps no other from its update."""
        await set_up(home)
        [site] = home.sites

        def fail() -> None:
            raise OSError("of this entity")

        seen = []
        site.coordinator.async_add_listener(fail)
        site.coordinator.async_add_listener(lambda: seen.append(1))
        site.coordinator.async_update_listeners()
        await home.hass.async_block_till_done()
        assert seen
        assert "of this entity" in caplog.text
