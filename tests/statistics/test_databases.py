"""What SQLite never minds: MariaDB and PostgreSQL have columns of a width, and connections."""

from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest

from custom_components.climkit.feeds import page_size
from custom_components.climkit.history import site_state
from custom_components.climkit.statistics import worker
from custom_components.climkit.statistics.recorder import LONGEST_NAME
from tests.conftest import Home
from tests.database_server import DIALECTS, server_of
from tests.simulator import World, single_house
from tests.truth import assert_equal_to_climkit, known_names

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]


class TestOddName:
    """Names that are too long are refused, by PostgreSQL also the character of number zero."""

    NAME = "Résidence\x00 🏠 \ud83c" * 25

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A site with such a name."""
        house = single_house(1, now, timedelta(days=6))
        info = {**house.site_info, "name": self.NAME}
        return World.of(replace(house, site_info=info, faultless=True))

    async def test_is_stored(self, home: Home) -> None:
        """As much of it as fits, and only once."""
        await home.set_up_completely()
        await assert_equal_to_climkit(home)
        known = await known_names(home.hass)
        assert {len(name or "") for name in known.values()} <= {*range(60, LONGEST_NAME)}
        assert all((name or "").startswith("Résidence 🏠 Résidence") for name in known.values())
        with patch.object(site_state, "async_publish") as publish:
            await home.restart()
            await home.until(lambda: home.is_complete)
        assert publish.call_count == 0


async def test_server_restarts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """All connections end in mid import, and once more later: no hour is lost, none is twice."""
    if get_instance(home.hass).dialect_name not in DIALECTS:
        pytest.skip("SQLite has no server")
    monkeypatch.setattr(page_size, "FIRST_PAGE", timedelta(days=1))
    monkeypatch.setattr(page_size, "LONGEST_PAGE", timedelta(days=1))
    monkeypatch.setattr(worker, "RECORDER_PAUSE", timedelta(0))
    await home.set_up()
    await home.until(lambda: (home.sites[0].history.progress or 0) > 30)
    assert not home.is_complete
    await home.hass.async_add_executor_job(end_connections, home.hass)
    await home.until(lambda: home.is_complete)
    await home.settle()
    await assert_equal_to_climkit(home)
    await home.hass.async_add_executor_job(end_connections, home.hass)
    for _ in range(3):
        await home.turn_clock(minutes=15)
    await assert_equal_to_climkit(home)


def end_connections(hass: HomeAssistant) -> None:
    """End all connections of the recorder, as a restart of the server does."""
    with server_of(get_instance(hass).db_url) as server:
        assert server
        server.end_connections()
