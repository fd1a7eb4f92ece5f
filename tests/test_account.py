"""Which account somebody means, and where its password may be sent."""

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest

from custom_components.climkit.account import account_id, async_create_client, normalized_url

URL = "https://api.climkit.io/api/v1"


def test_account() -> None:
    """Stored with each entry, so it stays what it is: a user of a server, not a name alone."""
    assert account_id("cktDevUser_1", URL) == f"cktDevUser_1@{URL}"
    assert account_id("cktDevUser_1", "http://localhost:8000") != account_id("cktDevUser_1", URL)


@pytest.mark.parametrize(
    "other",
    [
        {CONF_URL: "https://proxy.example.com"},
        {CONF_USERNAME: "cktDevUser_2"},
        {CONF_PASSWORD: "another"},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_whose_token_it_is(hass: HomeAssistant, other: dict[str, str]) -> None:
    """Clients share one if user, password and server are the same: it is sent to no other one."""
    data = {CONF_URL: URL, CONF_USERNAME: "cktDevUser_1", CONF_PASSWORD: "word"}
    login = async_create_client(hass, data).login
    assert async_create_client(hass, data).login is login
    assert async_create_client(hass, data | other).login is not login


async def test_whom_it_asks(hass: HomeAssistant) -> None:
    """Climkit's own server, where nobody named another one."""
    client = async_create_client(hass, {CONF_USERNAME: "cktDevUser_1", CONF_PASSWORD: "word"})
    assert client.url == URL


@pytest.mark.parametrize("entered", [URL, f"{URL}/", f" {URL} ", f"{URL}//\n"])
def test_one_address_in_several_spellings(entered: str) -> None:
    """As people paste it; in another spelling it would be another account."""
    assert normalized_url(entered) == URL


@pytest.mark.parametrize("more", ["?key=1", "#auth"])
def test_more_than_a_base(more: str) -> None:
    """Paths are put behind it: behind a query or a fragment they would be lost."""
    with pytest.raises(ValueError, match="not a base URL"):
        normalized_url(f"{URL}{more}")


@pytest.mark.parametrize(
    ("host", "is_fine"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3:8000", True),
        ("[::1]:8000", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - refused
    ],
)
def test_plain_http(host: str, is_fine: bool) -> None:
    """To this very machine only."""
    if is_fine:
        assert normalized_url(f"http://{host}/v1") == f"http://{host}/v1"
        return
    with pytest.raises(ValueError, match="readable on the way"):
        normalized_url(f"http://{host}/v1")
