"""Answers that are right in an odd wrapping are understood; what cannot be unwrapped is trouble."""

from dataclasses import dataclass, field
import gzip
import json
from typing import override

from aiohttp import web
import pytest

from custom_components.climkit.api import ClimkitClient, ClimkitError

from .conftest import Answer, ScriptedApi

SITES = "/all_installations"
SITE_ID = "6a00000000000000000000a1"
BODY = json.dumps([{"id": SITE_ID}]).encode()


@dataclass
class Wrapped(Answer):
    """An answer with these headers, whose body is sent as it is."""

    headers: dict[str, str] = field(default_factory=dict)

    @override
    def response(self) -> web.Response:
        assert isinstance(self.body, bytes)
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@pytest.mark.parametrize(
    "answer",
    [
        Wrapped(body=gzip.compress(BODY), headers={"Content-Encoding": "gzip"}),
        Wrapped(body=b"\xef\xbb\xbf" + BODY, headers={"Content-Type": "application/json"}),
        Wrapped(body=BODY, headers={"Content-Type": "text/plain; charset=iso-8859-1"}),
        Wrapped(body=BODY, headers={"Content-Type": "text/html"}),
        Wrapped(body=BODY, status=201, headers={"Content-Type": "application/json"}),
    ],
    ids=["gzip", "byte order mark", "plain text", "called a page", "created"],
)
async def test_odd_but_whole(
    scripted: ScriptedApi, scripted_client: ClimkitClient, answer: Wrapped
) -> None:
    scripted.answers[SITES] = answer
    assert [one.id for one in await scripted_client.installations()] == [SITE_ID]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"no gzip at all" * 10, "gzip"),
        (gzip.compress(BODY)[:-9], "gzip"),
        (b"no deflate", "deflate"),
    ],
    ids=["garbage", "cut", "deflate"],
)
async def test_cannot_be_unwrapped(
    scripted: ScriptedApi, scripted_client: ClimkitClient, body: bytes, encoding: str
) -> None:
    """It is an error of ours, which all callers know."""
    scripted.answers[SITES] = Wrapped(body=body, headers={"Content-Encoding": encoding})
    with pytest.raises(ClimkitError):
        await scripted_client.installations()
