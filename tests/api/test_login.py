"""Which answers refuse credentials, how often they must, and who may try again."""

import asyncio
from datetime import timedelta
from http import HTTPStatus

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.climkit.api import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitClient,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitLoginError,
    Login,
    login,
)
from tests.simulator import DEFAULT_PASSWORD, DEFAULT_USERNAME, SimulatorServer

from .conftest import NOW, Answer, ScriptedApi

SITES = "/all_installations"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def clock(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """The clock stands still until a test turns it."""
    freezer.move_to(NOW)
    return freezer


class TestSays:
    """Which JSON says that credentials are wrong."""

    @pytest.mark.parametrize(
        "answer",
        [
            {"error": "Invalid credentials"},
            {"msg": "Bad username or password"},
            {"message": {"text": "The user name or password you entered is incorrect."}},
            {"detail": [{"msg": "No such user"}]},
            {"statusCode": 401, "error": "denied"},
            {"code": 401, "message": "denied"},
            {"error": "invalid_grant"},
            {"error": "InvalidCredentials"},
            {"message": "Unauthorized"},
            {"message": "user not found"},
            {"message": "User does not exist"},
            {"error": "password does not match"},
            {"error": "authentication failed"},
            {"access_token": None},
            {"access_token": ""},
            "Wrong password",
            {"message": "Invalid credentials, too many failed logins"},
        ],
        ids=str,
    )
    def test_wrong(self, answer: object) -> None:
        """In the words of one framework or another."""
        assert login.speaks_of_credentials(answer)

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            [],
            None,
            403,
            {"message": "simulated fault"},
            {"message": "Forbidden"},
            {"message": "maintenance, please enter your password again later"},
            {"title": "Invalid login", "detail": "The user service is temporarily unavailable"},
            {"statusCode": 401, "message": "Maintenance until 06:00"},
            {"statusCode": 401, "message": "Too many requests"},
            {"statusCode": 401, "error": "TooManyRequests"},
            {"message": "Unauthorized: rate limit exceeded"},
            {"message": "Unauthorized: server overloaded"},
            {"error": "too_many_requests", "message": "login failed"},
            {"message": "Enter user name and password"},
            {"message": "Your password expires in 3 days"},
            {"message": "Wrong content type for login"},
            {"message": "Invalid user agent"},
            {"message": "User is not authorized to access this resource"},
            {"message": "Bad gateway"},
            {"token": "other"},
        ],
        ids=str,
    )
    def test_something_else(self, answer: object) -> None:
        """A password that is mentioned is not a wrong one."""
        assert not login.speaks_of_credentials(answer)

    def test_deep_and_long(self) -> None:
        """Whatever is answered is looked at without harm."""
        answer: object = "wrong password"
        for _ in range(5000):
            answer = [answer]
        assert login.speaks_of_credentials(answer)
        assert not login.speaks_of_credentials({"message": "wrong " * 10**6 + "password"})


class Background:
    """Something that works without a person, and how its questions end."""

    def __init__(self, client: ClimkitClient, scripted: ScriptedApi) -> None:
        self.client = client
        self.paths = scripted.paths

    async def asks(self) -> type[ClimkitError] | None:
        """Ask for the sites; return how it ended."""
        try:
            await self.client.installations()
        except ClimkitError as err:
            return type(err)
        return None

    @property
    def logins(self) -> int:
        return self.paths.count("/auth")


@pytest.fixture
def background(scripted: ScriptedApi, scripted_client: ClimkitClient) -> Background:
    """Its credentials are wrong."""
    scripted.answers["/auth"] = Answer(status=401, body={"message": "bad credentials"})
    scripted.answers[SITES] = Answer(body=[])
    return Background(scripted_client, scripted)


class TestBelieved:
    """When credentials count as refused."""

    async def test_three_times_minutes_apart(
        self, background: Background, clock: FrozenDateTimeFactory
    ) -> None:
        """Asked as often as one likes, it is three logins; and then none any more."""
        ends = []
        for _ in range(40):
            ends.append(await background.asks())
            clock.tick(MINUTE)
        believed = ends.index(ClimkitAuthenticationError)
        assert believed == 10
        assert set(ends[:believed]) == {ClimkitLoginError}
        assert set(ends[believed:]) == {ClimkitAuthenticationError}
        assert background.logins == 3
        clock.tick(timedelta(days=3))
        assert await background.asks() is ClimkitAuthenticationError
        assert background.logins == 3

    async def test_in_a_row(
        self, background: Background, scripted: ScriptedApi, clock: FrozenDateTimeFactory
    ) -> None:
        """A login that works begins the count anew."""
        for _ in range(2):
            await background.asks()
            clock.tick(5 * MINUTE)
        wrong, scripted.answers["/auth"] = (
            scripted.answers["/auth"],
            Answer(body={"access_token": "good"}),
        )
        assert await background.asks() is None
        scripted.answers["/auth"] = wrong
        clock.tick(15 * MINUTE)
        for _ in range(2):
            assert await background.asks() is ClimkitLoginError
            clock.tick(5 * MINUTE)
        assert await background.asks() is ClimkitAuthenticationError

    @pytest.mark.parametrize(
        "between",
        [
            Answer(status=HTTPStatus.SERVICE_UNAVAILABLE, body={"message": "deploying"}),
            Answer(body=b"<html>maintenance</html>"),
            Answer(status=401, body={"message": "maintenance until 06:00"}),
            Answer(status=HTTPStatus.TOO_MANY_REQUESTS, body={"message": "too many requests"}),
            Answer(status=401, body={"message": "too many requests"}),
        ],
        ids=["503", "page", "notice", "429", "limit in words"],
    )
    async def test_trouble_in_between(
        self,
        background: Background,
        scripted: ScriptedApi,
        clock: FrozenDateTimeFactory,
        monkeypatch: pytest.MonkeyPatch,
        between: Answer,
    ) -> None:
        """Refused by turns with other trouble, it is trouble; once that ends, three times count."""
        monkeypatch.setattr("custom_components.climkit.api.transport.ATTEMPTS", 1)
        wrong = scripted.answers["/auth"]
        for number in range(8):
            scripted.answers["/auth"] = between if number % 2 else wrong
            assert await background.asks() is not ClimkitAuthenticationError
            clock.tick(6 * MINUTE)
        scripted.answers["/auth"] = wrong
        for _ in range(2):
            assert await background.asks() is ClimkitLoginError
            clock.tick(6 * MINUTE)
        assert await background.asks() is ClimkitAuthenticationError

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(status=401, body=b"<html>gateway</html>"),
            Answer(status=401, body=b""),
            Answer(status=403, body=b"<html>firewall</html>"),
            Answer(status=403, body={"message": "Forbidden"}),
            Answer(status=400, body=b"<html>nginx</html>"),
            Answer(status=400, body={"message": "simulated fault"}),
            Answer(status=422, body={"detail": "?"}),
            Answer(body={"message": "maintenance, please enter your password again later"}),
            Answer(body=b"<html>Please sign in. Password: <input></html>"),
            Answer(status=HTTPStatus.SERVICE_UNAVAILABLE, body={"message": "wrong password"}),
            Answer(status=302),
        ],
        ids=lambda answer: f"{answer.status} {answer.body}"[:40],
    )
    async def test_trouble_is_never_believed(
        self,
        background: Background,
        scripted: ScriptedApi,
        clock: FrozenDateTimeFactory,
        monkeypatch: pytest.MonkeyPatch,
        answer: Answer,
    ) -> None:
        """However long it lasts; and when it is over, all is as before."""
        monkeypatch.setattr("custom_components.climkit.api.transport.ATTEMPTS", 1)
        scripted.answers["/auth"] = answer
        for _ in range(30):
            assert await background.asks() is not ClimkitAuthenticationError
            clock.tick(10 * MINUTE)
        scripted.answers["/auth"] = Answer(body={"access_token": "good"})
        assert await background.asks() is None

    async def test_what_is_not_understood_waits_a_minute(
        self, background: Background, scripted: ScriptedApi, clock: FrozenDateTimeFactory
    ) -> None:
        """So that many who ask at once do not all try."""
        scripted.answers["/auth"] = Answer(status=403, body={"message": "Forbidden"})
        for _ in range(5):
            assert await background.asks() is ClimkitLoginError
        assert background.logins == 1
        clock.tick(MINUTE)
        await background.asks()
        assert background.logins == 2


class TestPerson:
    """Somebody waits for the answer, or wants another try."""

    async def test_is_told_at_once(
        self, background: Background, scripted_client: ClimkitClient
    ) -> None:
        """Each time, however soon; that alone is no refusal that counts thrice."""
        for _ in range(4):
            with pytest.raises(ClimkitAuthenticationError):
                await scripted_client.authenticate()
        assert background.logins == 4
        assert not scripted_client.login.is_refused

    @pytest.mark.parametrize("status", [400, 403, 422])
    async def test_any_refusal_by_the_api_itself(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient, status: int
    ) -> None:
        """A person can judge, and try again."""
        scripted.answers["/auth"] = Answer(status=status, body={"message": "no"})
        with pytest.raises(ClimkitAuthenticationError):
            await scripted_client.authenticate()

    @pytest.mark.parametrize(
        "body", [b"<html>gateway</html>", b"", {"message": "maintenance, no passwords now"}]
    )
    async def test_no_refusal_by_what_stands_before_it(
        self, scripted: ScriptedApi, scripted_client: ClimkitClient, body: object
    ) -> None:
        """Nobody looks for a mistake in a password that is right."""
        scripted.answers["/auth"] = Answer(status=401, body=body)
        with pytest.raises(ClimkitConnectionError):
            await scripted_client.authenticate()

    async def test_right_credentials_end_it(
        self, background: Background, scripted: ScriptedApi, clock: FrozenDateTimeFactory
    ) -> None:
        """They were right again: what rests in the background goes on."""
        for _ in range(3):
            await background.asks()
            clock.tick(5 * MINUTE)
        scripted.answers["/auth"] = Answer(body={"access_token": "good"})
        assert await background.asks() is ClimkitAuthenticationError
        await background.client.authenticate()
        assert await background.asks() is None

    async def test_right_credentials_end_a_rest(
        self, background: Background, scripted: ScriptedApi
    ) -> None:
        """A token that is refused soon after they were right is replaced at once."""
        await background.asks()
        scripted.answers["/auth"] = Answer(body={"access_token": "good"})
        await background.client.authenticate()
        scripted.answers[SITES] = Answer(status=401, body={"message": "token revoked"})
        assert await background.asks() is ClimkitAccessDeniedError
        assert background.logins == 3

    async def test_what_is_not_understood_shortens_no_rest(
        self, background: Background, scripted: ScriptedApi, clock: FrozenDateTimeFactory
    ) -> None:
        """Refused credentials wait their minutes, whatever a person is answered meanwhile."""
        await background.asks()
        scripted.answers["/auth"] = Answer(status=403, body={"message": "Forbidden"})
        with pytest.raises(ClimkitAuthenticationError):
            await background.client.authenticate()
        clock.tick(2 * MINUTE)
        assert await background.asks() is ClimkitLoginError
        assert background.logins == 2

    async def test_trouble_of_the_permitted_one(
        self, background: Background, scripted: ScriptedApi, clock: FrozenDateTimeFactory
    ) -> None:
        """It takes nothing back: the next refusal is the last one, as it was before."""
        for _ in range(3):
            await background.asks()
            clock.tick(5 * MINUTE)
        background.client.login.permit()
        wrong = scripted.answers["/auth"]
        scripted.answers["/auth"] = Answer(body=b"<html>maintenance</html>")
        assert await background.asks() is not ClimkitAuthenticationError
        scripted.answers["/auth"] = wrong
        clock.tick(5 * MINUTE)
        assert await background.asks() is ClimkitAuthenticationError

    async def test_permits_one_more(
        self, background: Background, clock: FrozenDateTimeFactory
    ) -> None:
        """Refused again it is believed at once."""
        background.client.login.permit()  # nothing was refused: that means nothing
        for _ in range(3):
            await background.asks()
            clock.tick(5 * MINUTE)
        background.client.login.permit()
        for _ in range(3):
            assert await background.asks() is ClimkitAuthenticationError
        assert background.logins == 4


async def test_clients_of_the_same_credentials_share_a_token(
    simulator: SimulatorServer, session: aiohttp.ClientSession
) -> None:
    """So an API that ends the old token with each login is not played ping-pong with."""
    shared = Login(DEFAULT_USERNAME, DEFAULT_PASSWORD)
    clients = [ClimkitClient(session, "", "", url=simulator.url, login=shared) for _ in range(3)]
    await asyncio.gather(*(client.installations() for client in clients))
    assert [r.path for r in simulator.requests].count("/auth") == 1
    assert DEFAULT_PASSWORD not in repr(shared)


@pytest.mark.parametrize("skew", [timedelta(minutes=-9), timedelta(minutes=9)])
async def test_clocks_that_differ_cost_no_logins(
    scripted: ScriptedApi,
    scripted_client: ClimkitClient,
    clock: FrozenDateTimeFactory,
    skew: timedelta,
) -> None:
    """A token lives a quarter-hour, whatever the clocks say of its end."""
    scripted.answers[SITES] = Answer(body=[])
    for _ in range(4 * 14):
        ends = NOW + skew + len(scripted.paths) * MINUTE + 15 * MINUTE
        token = {"access_token": "t", "valid_until": {"$date": int(ends.timestamp() * 1000)}}
        scripted.answers["/auth"] = Answer(body=token)
        await scripted_client.installations()
        clock.tick(MINUTE)
    assert scripted.paths.count("/auth") <= 4
