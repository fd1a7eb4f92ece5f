"""Trouble is not a refusal: wrong answers of Climkit and gateways cost little and ask nobody."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.account import async_create_client
from custom_components.climkit.api import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitResponseError,
)
from custom_components.climkit.api.batch import read_each_site
from custom_components.climkit.const import DOMAIN
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind, World
from tests.stories.source import SITE_ID, Source
from tests.truth import assert_equal_to_climkit

MINUTE = timedelta(minutes=1)
HISTORY = "t_e"
PAGE = "<html><title>Attention Required!</title>Password: <input></html>"
MAINTENANCE = '{"message": "maintenance, please enter your password again later"}'


@pytest.fixture
def world() -> World:
    """A tiny site with three days of data."""
    return World.of(Source(first=NOW.replace(minute=0) - timedelta(days=3)))


def fault(status: int = 403, path: str = "_data", **more: Any) -> Fault:
    """An answer with a bad status; JSON, as the API's own answers are, unless a text is given."""
    return Fault(kind=FaultKind.STATUS, status=status, path=path, **more)


TROUBLES = {
    "refused data": fault(403),
    "refused data, as if logged out": fault(401),
    "a firewall's page": fault(403, path=".", text=PAGE),
    "a firewall's page for the login": fault(403, path="auth", text=PAGE),
    "a gateway that wants a login": fault(401, path=".", text=PAGE),
    "a gateway's bare refusal": fault(401, path=".", text=""),
    "everything refused but the login": fault(403, path="^/(?!auth)"),
    "the login refused without a reason": fault(400, path="auth"),
    "a maintenance": fault(200, path=".", text=MAINTENANCE),
    "down": fault(503, path="."),
    "overloaded": fault(429, path="."),
    "a hotel's page": Fault(kind=FaultKind.HTML),
    "silence": Fault(kind=FaultKind.DISCONNECT),
}


class Traffic:
    """The requests since this began."""

    def __init__(self, home: Home) -> None:
        self._requests = home.simulator.requests
        self._before = len(self._requests)

    def count(self, chosen: Callable[[Any], bool] = lambda _: True) -> int:
        """How many there were of a kind."""
        return sum(map(chosen, self._requests[self._before :]))

    @property
    def logins(self) -> int:
        """How many logins there were."""
        return self.count(lambda one: one.path == "/auth")

    @property
    def history(self) -> int:
        """How many requests for history there were."""
        return self.count(lambda one: HISTORY in (one.body or {}))


def newest(home: Home) -> datetime:
    """The end of the newest data."""
    [site] = home.sites
    assert site.coordinator.last_measurement
    return site.coordinator.last_measurement


class TestLive:
    """New data, when there was trouble for less than an hour."""

    @pytest.mark.parametrize("trouble", TROUBLES)
    async def test_back_within_half_an_hour(self, home: Home, trouble: str) -> None:
        """Whatever it was; nobody has to log in, and nothing is missing."""
        await home.set_up_completely()
        home.simulator.switches.faults = [TROUBLES[trouble]]
        for _ in range(11):
            await home.turn_clock(minutes=5)
        assert newest(home) < NOW + 5 * MINUTE
        home.simulator.switches.faults = []
        for _ in range(6):
            await home.turn_clock(minutes=5)
        assert newest(home) > dt_util.utcnow() - 30 * MINUTE
        assert not home.flows
        await home.turn_clock(minutes=5)
        await assert_equal_to_climkit(home)

    @pytest.mark.parametrize(
        "trouble",
        ["refused data", "a firewall's page", "everything refused but the login", "down"],
    )
    async def test_is_no_storm(self, home: Home, trouble: str) -> None:
        """Trouble of a day is a request now and then, and a login even less often."""
        await home.set_up_completely()
        home.simulator.switches.faults = [TROUBLES[trouble]]
        for _ in range(12):  # the rests are as long as they get
            await home.turn_clock(minutes=10)
        traffic = Traffic(home)
        for _ in range(12):
            await home.turn_clock(minutes=10)
        # In two hours four tries of new data and of the history each; and of sensors' list.
        assert traffic.count() <= 4 * 4 * 3 + 8
        assert not home.flows

    async def test_refused_for_long(self, home: Home) -> None:
        """The site's data alone: an hour later its meter is asked for by itself, until they are
        permitted again."""
        await home.set_up_completely()
        home.simulator.switches.faults = [fault(path="site_data")]
        alone = Traffic(home)
        for _ in range(3):
            await home.turn_clock(minutes=15)
        assert not alone.count(lambda one: "/meter_data/" in one.path)
        for _ in range(5):
            await home.turn_clock(minutes=15)
        assert alone.count(lambda one: "/meter_data/" in one.path)
        assert newest(home) > dt_util.utcnow() - 30 * MINUTE
        home.simulator.switches.faults = []
        for _ in range(6):
            await home.turn_clock(hours=1)
        await assert_equal_to_climkit(home)


class TestHistory:
    """The history, when only it is refused or in trouble: what is new goes on."""

    async def test_refused(self, home: Home) -> None:
        """Not before a tenant moved in, say: a handful of tries in a day, and no login for them."""
        home.simulator.switches.faults = [fault(body=HISTORY)]
        await home.set_up()
        traffic = Traffic(home)
        for _ in range(24 * 4):
            await home.turn_clock(minutes=15)
        assert traffic.history <= 7
        assert traffic.logins <= 24 * 4
        assert newest(home) > dt_util.utcnow() - 30 * MINUTE
        assert not home.flows

    async def test_trouble(self, home: Home) -> None:
        """Live answers do not make it ask sooner: after an hour it rests for half an hour."""
        home.simulator.switches.faults = [fault(500, body=HISTORY)]
        await home.set_up()
        for _ in range(60):
            await home.turn_clock(minutes=1)
        traffic = Traffic(home)
        for _ in range(12 * 3):
            await home.turn_clock(minutes=5)
        assert traffic.history <= 4 * 7
        home.simulator.switches.faults = []
        for _ in range(7):
            await home.turn_clock(minutes=5)
        await home.complete()
        await assert_equal_to_climkit(home)


class TestLogins:
    """How often the integration logs in."""

    async def test_quiet(self, home: Home) -> None:
        """Once a quarter-hour at most."""
        await home.set_up_completely()
        traffic = Traffic(home)
        for _ in range(8 * 12):
            await home.turn_clock(minutes=5)
        assert 0 < traffic.logins <= 8 * 4

    async def test_refused_site(self, home: Home) -> None:
        """A refusal is no reason to log in."""
        await home.set_up_completely()
        home.simulator.switches.refused = {SITE_ID: 401}
        traffic = Traffic(home)
        for _ in range(2 * 12):
            await home.turn_clock(minutes=5)
        assert traffic.logins <= 2 * 4 + 1
        assert not home.flows

    async def test_revoked_while_nothing_logs_in(self, home: Home) -> None:
        """Four tries, and again after each rest, which grow; new data once it is over."""
        await home.set_up_completely()
        home.simulator.revoke_tokens()
        home.simulator.switches.faults = [fault(503, "/auth")]
        traffic = Traffic(home)
        for _ in range(14):
            await home.turn_clock(minutes=1)
        assert 4 <= traffic.logins <= 4 * 4  # at 2 minutes and a half, 1, 2 and 4 later
        home.simulator.switches.faults = []
        for _ in range(3):
            await home.turn_clock(minutes=5)
        assert newest(home) > dt_util.utcnow() - 30 * MINUTE
        await assert_equal_to_climkit(home)

    async def test_one_token_for_each_user(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each login ends the token before, and another program logs in at the worst moments."""
        await home.set_up_completely()
        accounts = home.simulator.accounts
        sign_in, holder = accounts.sign_in, accounts.holder
        worst = iter([True, True, False, True, False, False, True])

        def sign_in_alone(*args: Any) -> Any:
            accounts.revoke_tokens()
            return sign_in(*args)

        def holder_after_another(authorization: str, now: datetime) -> Any:
            if authorization and next(worst, False):
                accounts.revoke_tokens()
            return holder(authorization, now)

        monkeypatch.setattr(accounts, "sign_in", sign_in_alone)
        monkeypatch.setattr(accounts, "holder", holder_after_another)
        for _ in range(12):
            await home.turn_clock(minutes=5)
        assert newest(home) > dt_util.utcnow() - 30 * MINUTE
        assert not home.flows
        await assert_equal_to_climkit(home)

    async def test_a_form_and_an_account_share_it(self, home: Home) -> None:
        """Options ask with the token that is there."""
        await home.set_up_completely()
        traffic = Traffic(home)
        await async_create_client(home.hass, home.entry.data).installations()
        other = {**home.entry.data, "password": "other"}
        with pytest.raises(ClimkitAuthenticationError):
            await async_create_client(home.hass, other).authenticate()
        await async_create_client(home.hass, home.entry.data).installations()
        assert traffic.logins == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_that_climkit_asks_for(home: Home, status: int) -> None:
    """All that would ask waits for it, an hour at most; an action says so instead of waiting."""
    home.simulator.switches.faults = [fault(status, body=HISTORY, retry_after=86_400, times=1)]
    await home.set_up()
    await home.until(lambda: not home.simulator.switches.faults[0].times)
    await home.settle()
    [device, *_] = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
    traffic = Traffic(home)
    for _ in range(11):
        await home.turn_clock(minutes=5)
    with pytest.raises(HomeAssistantError) as raised:
        await home.hass.services.async_call(
            DOMAIN,
            "get_site_data",
            {"device_id": device.id, "from": NOW.isoformat()},
            blocking=True,
            return_response=True,
        )
    assert raised.value.translation_key == "rate_limited"
    assert not traffic.count()
    for _ in range(4):
        await home.turn_clock(minutes=5)
    await home.complete()
    await assert_equal_to_climkit(home)


class TestSites:
    """Sites that are read one after the other."""

    @pytest.mark.parametrize(
        ("answers", "read"),
        [
            ("-+-+", [1, 3]),
            ("+--+", [0]),
            ("x+x+", [1, 3]),
            ("-x-+", []),
            ("--", None),
            ("xx", []),
            ("-x", None),
            ("+??+", [0, 3]),
            ("??", None),
            ("-?-+", [3]),
        ],
    )
    async def test_trouble_with_some(self, answers: str, read: list[int] | None) -> None:
        """Of one (-) is its own, of two in a row Climkit's; a refusal (x) says nothing of others.

        What is not understood (?), as of a site that is not known, is always a site's own. Where
        nothing was read, trouble is told.
        """
        errors = {
            "-": ClimkitConnectionError("down"),
            "x": ClimkitAccessDeniedError("refused"),
            "?": ClimkitResponseError("404"),
        }
        refused: list[str] = []

        async def ask(site_id: str) -> str:
            if error := errors.get(answers[int(site_id)]):
                raise error
            return site_id

        ids = [str(number) for number in range(len(answers))]
        if read is None or answers == "-x-+":
            with pytest.raises(ClimkitError):
                await read_each_site(ids, ask, [], on_refused=refused.append)
        else:
            found = await read_each_site(ids, ask, [], on_refused=refused.append)
            assert list(found) == [str(number) for number in read]

    @pytest.mark.parametrize("before", ["", "abcde"])
    async def test_two_in_trouble_for_good(self, before: str) -> None:
        """Those behind them are read the next time, also where all of it was in trouble once."""
        troubled = list(before)

        async def ask(site_id: str) -> str:
            if site_id in "ab":
                raise ClimkitConnectionError("down")
            return site_id

        with pytest.raises(ClimkitConnectionError):
            await read_each_site("abcde", ask, troubled)
        for _ in range(2):
            assert list(await read_each_site("abcde", ask, troubled)) == ["c", "d", "e"]

    async def test_all_is_refused(self) -> None:
        """That is trouble, and no site's own."""

        async def ask(site_id: str) -> None:
            raise ClimkitAccessDeniedError("all", others_answered=False)

        refused: list[str] = []
        with pytest.raises(ClimkitAccessDeniedError):
            await read_each_site(["a", "b", "c"], ask, [], on_refused=refused.append)
        assert not refused
