"""A browser that asks the dashboard's commands, and what Climkit says of the same days."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from homeassistant.auth.models import Group
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import CLIENT_ID, MockUser

from tests.conftest import Home
from tests.simulator.site import DEFAULT_ZONE

QUARTER = timedelta(minutes=15)

# What the dashboard calls the columns of a site, and the measures of a consumer.
SITE_COLUMNS = {
    "production": "prod_total",
    "consumption": "conso_total",
    "self": "self",
    "import": "from_ext",
    "export": "to_ext",
}
CONSUMER = {"total": "total", "solar": "self", "grid": "ext"}

type Amounts = list[float | None]


@dataclass
class Dashboard:
    """One screen, and the home it shows."""

    home: Home
    user: MockUser
    connect: Callable[[HomeAssistant, str], Awaitable[Any]]
    _socket: Any = None
    _connected: datetime | None = None

    async def ask(self, command: str, **fields: object) -> dict[str, Any]:
        """Ask a command and return its answer."""
        answer = await self.send(command, **fields)
        assert answer["success"], answer
        return answer["result"]

    async def refusal(self, command: str, **fields: object) -> str:
        """Ask a command that is not answered; return the code of the reason."""
        answer = await self.send(command, **fields)
        assert not answer["success"], answer
        return answer["error"]["code"]

    async def send(self, command: str, **fields: object) -> dict[str, Any]:
        """Ask a command."""
        if self._connected != dt_util.utcnow():  # no connection outlives a turn of the clock
            self._connected = dt_util.utcnow()
            hass = self.home.hass
            token = await hass.auth.async_create_refresh_token(self.user, CLIENT_ID)
            self._socket = await self.connect(hass, hass.auth.async_create_access_token(token))
        await self._socket.send_json_auto_id({"type": f"climkit/{command}", **fields})
        return await self._socket.receive_json()

    def another(self) -> Dashboard:
        """Another screen of the same person."""
        return Dashboard(self.home, self.user, self.connect)

    def of_user(self, *entity_ids: str) -> Dashboard:
        """The same home on the screen of somebody who may read these entities only."""
        hass = self.home.hass
        policy = {"entities": {"entity_ids": {one: {"read": True} for one in entity_ids}}}
        group = Group(name="Some", id="some", policy=policy)
        return Dashboard(self.home, MockUser(groups=[group]).add_to_hass(hass), self.connect)

    # What it shows

    @property
    def site_id(self) -> str:
        """The id of the only site."""
        [site_id] = self.home.simulator.world.sites
        return site_id

    def meter(self, name: str) -> str:
        """The id of the meter of this name in the simulator."""
        meters = self.home.simulator.world.meter_info(self.site_id)
        return next(str(one["id"]) for one in meters if one.get("name") == name)

    @property
    def requests(self) -> int:
        """How many requests Climkit has got."""
        return len(self.home.simulator.requests)

    def truth(self, column: str, day: date, meter_type: str = "electricity") -> Amounts:
        """What Climkit says of each quarter-hour of a local day now; None where it says nothing."""
        start, end = midnight(day), midnight(day + timedelta(days=1))
        found = self.home.simulator.intervals(self.site_id, meter_type, start, end)
        values = found.get(column, {})
        return [values.get(start + index * QUARTER) for index in range((end - start) // QUARTER)]

    def assert_day(self, answer: dict[str, Any], day: date, columns: dict[str, str]) -> None:
        """The answer is what Climkit says of the columns."""
        assert answer["day"] == day.isoformat()
        assert answer["start"] == midnight(day).timestamp()
        assert answer["columns"].keys() == columns.keys()
        for name, column in columns.items():
            expected = self.truth(column, day)
            assert answer["count"] == len(expected)
            assert_same(answer["columns"][name], expected)
            assert_same([answer["sums"][name]], [total(expected)])


def midnight(day: date) -> datetime:
    """When a local day begins, in UTC."""
    return datetime.combine(day, time.min, tzinfo=DEFAULT_ZONE).astimezone(UTC)


def total(amounts: Amounts) -> float | None:
    """The sum of amounts; None where there is none."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def assert_same(found: Amounts, expected: Amounts) -> None:
    """The same amounts, but for what four decimals do not show; nothing where there is nothing."""
    assert len(found) == len(expected)
    for index, (one, other) in enumerate(zip(found, expected, strict=True)):
        if one is None or other is None:
            assert one is other, index
        else:
            assert abs(one - other) < 5.1e-5, index


@pytest.fixture
async def dashboard(
    home: Home, hass_admin_user: MockUser, hass_ws_client: Callable[..., Awaitable[Any]]
) -> Dashboard:
    """A screen of an administrator; the home is not set up yet."""
    await home.begin()
    await home.let_follow()
    return Dashboard(home, hass_admin_user, hass_ws_client)
