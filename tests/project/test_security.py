"""Threats of docs/security.md that no other test shows, and that the page's tests are there."""

import ast
from pathlib import Path
import re

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
import pytest

from custom_components.climkit.account import async_create_client
from custom_components.climkit.api import ClimkitClient, ClimkitError

ROOT = Path(__file__).parents[2]


async def test_a_redirect_takes_no_credentials_along(socket_enabled: None) -> None:
    """Another server that the first one names is never spoken to."""
    visits: list[str] = []

    async def lure(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": str(elsewhere.make_url("/auth"))})

    async def catch(request: web.Request) -> web.Response:
        visits.append(await request.text())
        return web.json_response({"access_token": "stolen"})

    first, second = web.Application(), web.Application()
    first.router.add_route("*", "/{path:.*}", lure)
    second.router.add_route("*", "/{path:.*}", catch)
    async with (
        TestServer(second) as elsewhere,
        TestServer(first) as server,
        aiohttp.ClientSession() as session,
    ):
        client = ClimkitClient(session, "user", "password", url=str(server.make_url("/")))
        with pytest.raises(ClimkitError):
            await client.authenticate()
    assert visits == []


async def test_tls_is_always_verified(hass: HomeAssistant) -> None:
    """The session verifies, and no request says anything else."""
    client = async_create_client(hass, {"username": "user", "password": "password"})
    assert client.url.startswith("https://")
    connector = client._transport._session.connector
    assert isinstance(connector, aiohttp.TCPConnector)
    assert connector._ssl is not False
    for path in (ROOT / "custom_components" / "climkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword):
                assert node.arg not in {"ssl", "verify_ssl", "ssl_context"}, path


def test_every_test_that_the_page_names_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    tests = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 15
    assert named <= set(re.findall(r"def (test_\w+)", tests))
