"""What the client makes of every way a request can end."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise
import logging
import socket
from ssl import SSLCertVerificationError
from threading import current_thread
import traceback
from typing import override
from unittest.mock import Mock, patch

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from freezegun.api import FrozenDateTimeFactory
import orjson
import pytest

from custom_components.climkit.api import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitCertificateError,
    ClimkitClient,
    ClimkitClosedError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitLoginError,
    ClimkitRateLimitError,
    ClimkitResponseError,
    Priority,
    Query,
    RequestQueue,
    login,
    queue,
    transport,
)
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Fault,
    FaultKind,
    SimulatorServer,
    World,
)

from .conftest import NOW, Answer, ScriptedApi

SITES = "/all_installations"


def paths(simulator: SimulatorServer) -> list[str]:
    return [record.path for record in simulator.requests]


def spoil(simulator: SimulatorServer, kind: FaultKind, *, path: str = SITES, **how: object) -> None:
    fault = Fault(kind=kind, path=path)
    for name, value in how.items():
        setattr(fault, name, value)
    simulator.switches.faults = [fault]


# Login


async def test_one_login_serves_all_requests(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    await client.authenticate()
    await client.installations()
    await client.installations()
    assert paths(simulator) == ["/auth", SITES, SITES]


async def test_requests_at_once_share_a_login(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    await asyncio.gather(*(client.installations() for _ in range(4)))
    assert paths(simulator) == ["/auth", *[SITES] * 4]
    assert simulator.overlaps == 0


async def test_wrong_password(simulator: SimulatorServer, session: aiohttp.ClientSession) -> None:
    client = ClimkitClient(session, DEFAULT_USERNAME, "wrong", url=simulator.url)
    with pytest.raises(ClimkitAuthenticationError):
        await client.authenticate()
    with pytest.raises(ClimkitLoginError) as raised:
        await client.installations()
    assert raised.value.retry_after == pytest.approx(login.REFUSAL_PAUSE, abs=5)
    assert paths(simulator) == ["/auth"]


@pytest.mark.parametrize(
    "answer",
    [
        *(Answer(status=status) for status in (400, 401, 403, 422)),
        Answer(body={"access_token": None}),
        Answer(body={"access_token": ""}),
        Answer(body={"error": "Invalid credentials"}),
        Answer(body={"message": {"text": "Bad username or password"}}),
        Answer(body={"statusCode": 401, "detail": "Unauthorized"}),
    ],
    ids=repr,
)
async def test_refused_credentials(
    scripted: ScriptedApi, scripted_client: ClimkitClient, answer: Answer
) -> None:
    scripted.answers["/auth"] = answer
    with pytest.raises(ClimkitAuthenticationError):
        await scripted_client.authenticate()
    assert scripted.paths == ["/auth"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(status=302),
        Answer(body=b"<html>captive portal</html>"),
        Answer(body=[]),
        Answer(body="token"),
        Answer(body={}),
        Answer(body={"token": "other"}),
        Answer(body={"message": "Maintenance until 06:00", "status": 200}),
        Answer(body={"access_token": 17}),
        Answer(body={"access_token": "two\r\nlines"}),
    ],
    ids=repr,
)
async def test_a_strange_login_is_not_blamed_on_the_credentials(
    scripted: ScriptedApi, scripted_client: ClimkitClient, answer: Answer
) -> None:
    scripted.answers["/auth"] = answer
    with pytest.raises(ClimkitResponseError):
        await scripted_client.authenticate()


async def test_a_strange_login_asks_nobody_for_credentials_while_data_are_read(
    scripted: ScriptedApi, scripted_client: ClimkitClient
) -> None:
    scripted.answers["/auth"] = Answer(body={"message": "Maintenance"})
    with pytest.raises(ClimkitResponseError) as raised:
        await scripted_client.installations()
    assert raised.value.status == 200
    with pytest.raises(ClimkitLoginError) as waiting:
        await scripted_client.installations()
    assert waiting.value.retry_after == pytest.approx(60, abs=5)
    assert scripted.paths == ["/auth"]  # what is not understood is not repeated at once


async def test_login_is_tried_again_after_a_server_error(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    spoil(simulator, FaultKind.STATUS, path="/auth", status=503, times=2)
    await client.authenticate()
    assert paths(simulator) == ["/auth"] * 3


async def test_a_token_is_replaced_before_it_ends(
    session: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    async with SimulatorServer(World(created=NOW)) as simulator:
        simulator.switches.rate_limit = 0.0
        client = ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=simulator.url)
        await client.installations()
        freezer.move_to(NOW + timedelta(minutes=13, seconds=55))
        await client.installations()
        freezer.move_to(NOW + timedelta(minutes=14, seconds=5))
        await client.installations()
        assert paths(simulator) == ["/auth", SITES, SITES, "/auth", SITES]
        assert all(record.status == 200 for record in simulator.requests)


@pytest.mark.parametrize(
    ("valid_until", "minutes"),
    [
        ({"$date": int((NOW + timedelta(minutes=15)).timestamp() * 1000)}, 14),
        ("2026-11-20T10:27:00Z", 19),
        (None, 14),
        ("soon", 14),
        ({"$date": int((NOW - timedelta(minutes=1)).timestamp() * 1000)}, 14),
        ({"$date": int((NOW + timedelta(seconds=30)).timestamp() * 1000)}, 14),
        ({"$date": int((NOW + timedelta(hours=2)).timestamp() * 1000)}, 14),
    ],
)
def test_when_a_token_is_replaced(valid_until: object, minutes: int) -> None:
    assert transport._renew_at(valid_until, NOW) == NOW + timedelta(minutes=minutes)


async def test_a_login_without_an_end_is_kept(
    scripted: ScriptedApi, scripted_client: ClimkitClient
) -> None:
    scripted.answers[SITES] = Answer(body=[])
    await scripted_client.installations()
    await scripted_client.installations()
    assert scripted.paths == ["/auth", SITES, SITES]


# Refusals


async def test_a_revoked_token_is_replaced(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    await client.authenticate()
    simulator.revoke_tokens()
    assert await client.installations()
    assert paths(simulator) == ["/auth", SITES, "/auth", SITES]


async def test_a_revoked_token_is_replaced_for_all_at_work(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    """Whoever finds it refused while another logs in takes the new one: nothing was denied."""
    sites = list(simulator.world.sites)
    for site_id in sites:
        await client.meters(site_id)
    simulator.revoke_tokens()
    simulator.requests.clear()
    assert all(await asyncio.gather(*map(client.meters, sites)))
    assert paths(simulator).count("/auth") == 1


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FaultKind.STATUS, 503), (FaultKind.STATUS, 429), (FaultKind.DISCONNECT, 0)],
    ids=["503", "429", "cut"],
)
@pytest.mark.parametrize("path", ["/auth", SITES])
@pytest.mark.parametrize("is_proved", [False, True], ids=["", "proved"])
async def test_a_revoked_token_is_replaced_whatever_fails_on_the_way(
    simulator: SimulatorServer,
    client: ClimkitClient,
    site_id: str,
    kind: FaultKind,
    status: int,
    path: str,
    is_proved: bool,
) -> None:
    """A login that fails on the way replaced nothing, and an older proof is none any more."""
    refused, known, *_ = await client.meters(site_id)
    query = Query(NOW - timedelta(hours=2))
    assert await client.meter_data(site_id, known.id, query)
    if is_proved:
        simulator.switches.refused = {refused.id: 403}
        with pytest.raises(ClimkitAccessDeniedError):
            await client.meter_data(site_id, refused.id, query)
    simulator.revoke_tokens()
    spoil(simulator, kind, path=path, status=status, times=1)
    assert await client.meter_data(site_id, known.id, query)


@pytest.mark.parametrize("status", [503, 429])
async def test_a_revoked_token_while_nothing_logs_in(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str, status: int
) -> None:
    """It is trouble; there are as many logins as tries, and one more when it is over."""
    await client.meters(site_id)
    simulator.revoke_tokens()
    spoil(simulator, FaultKind.STATUS, path="/auth", status=status)
    for _ in range(2):
        simulator.requests.clear()
        with pytest.raises((ClimkitConnectionError, ClimkitRateLimitError)):
            await client.meters(site_id)
        assert paths(simulator).count("/auth") == transport.ATTEMPTS
    simulator.switches.faults = []
    simulator.requests.clear()
    assert await client.meters(site_id)
    assert paths(simulator).count("/auth") == 1


async def test_a_revoked_token_while_a_login_is_not_understood(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str, freezer: FrozenDateTimeFactory
) -> None:
    """One login a minute at most, and as soon as it is understood all is well."""
    await client.meters(site_id)
    simulator.revoke_tokens()
    spoil(simulator, FaultKind.HTML, path="/auth")
    simulator.requests.clear()
    for _ in range(5):
        with pytest.raises((ClimkitResponseError, ClimkitLoginError)):
            await client.meters(site_id)
    assert paths(simulator).count("/auth") == 1
    simulator.switches.faults = []
    freezer.tick(61)
    assert await client.meters(site_id)


@pytest.mark.parametrize("status", [401, 403, 422])
async def test_a_refused_meter_is_denied_where_the_token_is_good_for_other_things(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str, status: int
) -> None:
    """No login is needed for that, and the next one is judged by the same proof."""
    first, second, other = (await client.meters(site_id))[:3]
    simulator.switches.refused = {first.id: status, second.id: status}
    simulator.requests.clear()
    for meter in (first, second):
        with pytest.raises(ClimkitAccessDeniedError) as raised:
            await client.meter_data(site_id, meter.id, Query(NOW - timedelta(hours=2)))
        assert raised.value.others_answered
    refused = [f"/meter_data/{site_id}/{meter.id}" for meter in (first, second)]
    assert paths(simulator) == [refused[0], SITES, refused[1]]
    assert await client.meter_data(site_id, other.id, Query(NOW - timedelta(hours=2)))


async def test_a_proof_of_the_token_holds_for_a_minute(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str, freezer: FrozenDateTimeFactory
) -> None:
    meters = (await client.meters(site_id))[:3]
    simulator.switches.refused = {meter.id: 403 for meter in meters}
    simulator.requests.clear()
    for meter, seconds in zip(meters, (0, 59, 2), strict=True):
        freezer.tick(seconds)
        with pytest.raises(ClimkitAccessDeniedError):
            await client.meter_data(site_id, meter.id, Query(NOW - timedelta(hours=2)))
    first, second, third = (f"/meter_data/{site_id}/{meter.id}" for meter in meters)
    assert paths(simulator) == [first, SITES, second, third, SITES]


async def test_a_token_that_ends_soon_after_a_refusal(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    """What was answered before is not refused now: another login has ended the token."""
    refused, known, *_ = await client.meters(site_id)
    query = Query(NOW - timedelta(hours=2))
    assert await client.meter_data(site_id, known.id, query)
    simulator.switches.refused = {refused.id: 403}
    with pytest.raises(ClimkitAccessDeniedError):
        await client.meter_data(site_id, refused.id, query)
    simulator.revoke_tokens()
    assert await client.meter_data(site_id, known.id, query)


async def test_a_closed_client_asks_for_nothing(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    """Neither at once nor in another try."""
    await client.authenticate()
    client.close()
    simulator.requests.clear()
    with pytest.raises(ClimkitClosedError):
        await client.installations()
    assert not simulator.requests


async def test_a_thing_is_refused_where_the_list_of_sites_is_refused_too(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    """Whatever was answered lately proves the token."""
    meter, *_ = await client.meters(site_id)
    simulator.switches.refused = {meter.id: 403}
    spoil(simulator, FaultKind.STATUS, status=403)
    with pytest.raises(ClimkitAccessDeniedError) as raised:
        await client.meter_data(site_id, meter.id, Query(NOW - timedelta(hours=2)))
    assert raised.value.others_answered
    assert paths(simulator).count("/auth") == 1


@pytest.mark.parametrize("status", [401, 403, 422])
async def test_all_is_refused_after_a_fresh_login(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str, status: int
) -> None:
    """That is no refusal of a thing; and one login in five minutes finds it out."""
    await client.authenticate()
    simulator.requests.clear()
    spoil(simulator, FaultKind.STATUS, path="^/(?!auth)", status=status)
    for _ in range(3):
        with pytest.raises(ClimkitAccessDeniedError) as raised:
            await client.meters(site_id)
        assert not raised.value.others_answered
    asked = f"/meter_info/{site_id}"
    assert paths(simulator) == [asked, SITES, "/auth", *[asked, SITES] * 3]


@pytest.mark.parametrize("status", [401, 403, 422])
@pytest.mark.parametrize("body", [b"<html>Attention required</html>", b"", b"Forbidden", b"403"])
async def test_a_refusal_that_is_no_json_comes_from_a_gateway(
    scripted: ScriptedApi, scripted_client: ClimkitClient, status: int, body: bytes
) -> None:
    scripted.answers[SITES] = Answer(status=status, body=body)
    with pytest.raises(ClimkitConnectionError):
        await scripted_client.installations()
    assert scripted.paths.count("/auth") == 1


@pytest.mark.parametrize("status", [400, 401, 403, 422])
async def test_a_gateways_page_for_a_login_is_trouble(
    scripted: ScriptedApi, scripted_client: ClimkitClient, status: int
) -> None:
    """It says nothing of the credentials, and is tried again as an error of the server is."""
    scripted.answers["/auth"] = Answer(status=status, body=b"<html>Attention required</html>")
    with pytest.raises(ClimkitConnectionError):
        await scripted_client.installations()
    assert scripted.paths == ["/auth"] * transport.ATTEMPTS


async def test_another_login_ends_the_token_between_two_requests(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    """An API with one token for each user: what was answered a moment ago proves nothing."""
    await client.installations()
    simulator.revoke_tokens()
    assert await client.meters(site_id)
    simulator.revoke_tokens()
    with pytest.raises(ClimkitAccessDeniedError) as raised:
        await client.meters(site_id)  # twice within minutes: that waits
    assert not raised.value.others_answered


# Rate limit


@pytest.mark.parametrize("retry_after", [None, 0, "Fri, 20 Nov 2026 10:07:00 GMT", "gibberish"])
async def test_a_429_is_tried_again(
    simulator: SimulatorServer, client: ClimkitClient, retry_after: float | str | None
) -> None:
    spoil(simulator, FaultKind.STATUS, status=429, times=2, retry_after=retry_after)
    assert await client.installations()
    assert paths(simulator) == ["/auth", *[SITES] * 3]


async def test_a_429_is_followed_by_the_pause_that_the_server_asks_for(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    spoil(simulator, FaultKind.STATUS, status=429, times=1, retry_after=1)
    await client.installations()
    refused, answered = simulator.requests[-2:]
    assert answered.at - refused.at >= 0.99


async def test_a_429_without_a_wish_is_followed_by_a_pause(
    simulator: SimulatorServer, client: ClimkitClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MIN_PAUSE", 0.1)
    spoil(simulator, FaultKind.STATUS, status=429, times=1)
    await client.installations()
    refused, answered = simulator.requests[-2:]
    assert answered.at - refused.at >= 0.099


async def test_requests_slow_down_after_a_429_and_speed_up_again(
    simulator: SimulatorServer, session: aiohttp.ClientSession
) -> None:
    requests = RequestQueue(0.005)
    client = ClimkitClient(
        session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=simulator.url, queue=requests
    )
    spoil(simulator, FaultKind.STATUS, status=429, times=2)
    await client.installations()
    slowest = requests.spacing
    assert slowest > 0.01
    await client.installations()
    assert 0.005 < requests.spacing < slowest


async def test_a_lasting_429(simulator: SimulatorServer, client: ClimkitClient) -> None:
    spoil(simulator, FaultKind.STATUS, status=429)
    with pytest.raises(ClimkitRateLimitError) as raised:
        await client.installations()
    assert raised.value.retry_after is None
    assert paths(simulator).count(SITES) == transport.ATTEMPTS


async def test_a_pause_longer_than_one_waits_is_handed_on(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    spoil(simulator, FaultKind.STATUS, status=429, retry_after=3600)
    with pytest.raises(ClimkitRateLimitError) as raised:
        await client.installations()
    assert raised.value.retry_after == 3600
    assert paths(simulator).count(SITES) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_long_pause_holds_for_all_who_share_the_queue(
    simulator: SimulatorServer,
    session: aiohttp.ClientSession,
    freezer: FrozenDateTimeFactory,
    status: int,
) -> None:
    """Those who wait in line too; an hour of it is believed, whatever is asked for."""
    shared = RequestQueue()
    first, second = (
        ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=simulator.url, queue=shared)
        for _ in range(2)
    )
    await first.authenticate()
    spoil(simulator, FaultKind.STATUS, status=status, retry_after=86_400)
    ends = await asyncio.gather(
        *(one.installations() for one in (first, second, second)), return_exceptions=True
    )
    assert all(isinstance(end, ClimkitError) for end in ends)
    simulator.switches.faults = []
    made = len(simulator.requests)
    freezer.tick(timedelta(minutes=57))
    with pytest.raises(ClimkitRateLimitError) as raised:
        await second.installations()
    assert raised.value.retry_after == pytest.approx(180, abs=10)
    assert len(simulator.requests) == made
    freezer.tick(timedelta(minutes=3, seconds=1))
    assert await second.installations()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7.5 ", 7.5),
        ("86400", 3600.0),
        ("9" * 400, transport.LONGEST_RETRY_AFTER),
        ("Fri, 20 Nov 2026 10:08:30 GMT", 90.0),
        ("Fri, 20 Nov 2026 10:08:30 -0000", 90.0),
        ("Fri, 20 Nov 2026 10:00:00 GMT", 0.0),
        ("Fri, 20 Nov 9026 10:00:00 GMT", transport.LONGEST_RETRY_AFTER),
        ("Fri, 20 Nov 99999999999 10:00:00 GMT", None),
        ("-5", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert transport._retry_after(header, NOW) == seconds


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_pause_until_a_time_of_the_servers_clock(
    simulator: SimulatorServer, client: ClimkitClient, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """A clock of ours that is wrong by hours makes it neither shorter nor longer."""
    await client.authenticate()
    theirs = NOW + timedelta(hours=hours)
    until = format_datetime(theirs + timedelta(minutes=20), usegmt=True)
    spoil(simulator, FaultKind.STATUS, status=503, retry_after=until)
    sent = format_datetime(theirs, usegmt=True)
    monkeypatch.setattr("aiohttp.web_response.rfc822_formatted_time", lambda: sent)
    with pytest.raises(ClimkitConnectionError) as raised:
        await client.installations()
    assert raised.value.retry_after == 1200


async def test_the_real_limit_is_kept(
    simulator: SimulatorServer, session: aiohttp.ClientSession
) -> None:
    """In real time: clients that share a queue make no two requests within a second."""
    simulator.switches.rate_limit = 1.0
    simulator.switches.rate_tolerance = 0.0
    shared = RequestQueue(1.1)
    first, second = (
        ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=simulator.url, queue=shared)
        for _ in range(2)
    )
    await asyncio.gather(first.installations(), second.installations())
    assert paths(simulator).count("/auth") == 2
    assert len(simulator.requests) == shared.requests == 4
    assert simulator.violations == 0
    assert simulator.overlaps == 0


async def test_live_requests_overtake_history(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    await client.authenticate()
    simulator.requests.clear()
    simulator.switches.response_delay = 0.02
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(client.meters(site_id, priority=Priority.HISTORY))
        await asyncio.sleep(0.01)
        tasks.create_task(client.installations())
    history = f"/meter_info/{site_id}"
    assert paths(simulator) == [history, SITES, history, history]


async def test_a_proof_of_the_token_waits_as_what_was_refused(
    simulator: SimulatorServer, client: ClimkitClient, site_id: str
) -> None:
    """History that is refused keeps nobody waiting, nor does what is asked because of it."""
    meter, *_ = await client.meters(site_id)
    simulator.switches.refused = {meter.id: 403}
    simulator.switches.response_delay = 0.02
    simulator.requests.clear()
    history = Query(NOW - timedelta(hours=2), priority=Priority.HISTORY)
    refused, *_ = await asyncio.gather(
        client.meter_data(site_id, meter.id, history),
        *(client.meters(site_id, priority=Priority.ASKED_FOR) for _ in range(2)),
        return_exceptions=True,
    )
    assert isinstance(refused, ClimkitAccessDeniedError)
    asked = [f"/meter_info/{site_id}"] * 2
    assert paths(simulator) == [f"/meter_data/{site_id}/{meter.id}", *asked, SITES]


# Servers and networks that fail


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.CUT, FaultKind.DISCONNECT])
async def test_what_passes_is_tried_again(
    simulator: SimulatorServer, client: ClimkitClient, kind: FaultKind
) -> None:
    spoil(simulator, kind, status=500, times=1)
    assert await client.installations()
    assert paths(simulator) == ["/auth", SITES, SITES]


@pytest.mark.parametrize("status", [408, 500, 502, 504])
async def test_a_lasting_server_error(
    simulator: SimulatorServer, client: ClimkitClient, status: int
) -> None:
    spoil(simulator, FaultKind.STATUS, status=status)
    with pytest.raises(ClimkitConnectionError):
        await client.installations()
    assert paths(simulator).count(SITES) == transport.ATTEMPTS


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.CUT, "ClientPayloadError"),
        (FaultKind.DISCONNECT, "ServerDisconnectedError"),
    ],
)
async def test_a_connection_that_always_breaks(
    simulator: SimulatorServer, client: ClimkitClient, kind: FaultKind, error: str
) -> None:
    """It is counted by the name that the error has in aiohttp."""
    spoil(simulator, kind)
    with pytest.raises(ClimkitConnectionError):
        await client.installations()
    assert paths(simulator).count(SITES) == transport.ATTEMPTS
    assert client.stats.errors == {error: transport.ATTEMPTS}


async def test_time_out(
    simulator: SimulatorServer, client: ClimkitClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.authenticate()
    monkeypatch.setattr(transport, "REQUEST_TIMEOUT", 0.2)
    spoil(simulator, FaultKind.DELAY, delay=0.4)
    with pytest.raises(ClimkitConnectionError, match="time-out"):
        await client.installations()
    assert paths(simulator).count(SITES) == transport.ATTEMPTS
    simulator.switches.faults = []
    assert await client.installations()


@pytest.mark.parametrize("status", [502, 503])
async def test_a_server_that_names_the_end_of_its_trouble(
    simulator: SimulatorServer, client: ClimkitClient, status: int
) -> None:
    spoil(simulator, FaultKind.STATUS, status=status, times=1, retry_after=1)
    await client.installations()
    refused, answered = simulator.requests[-2:]
    assert answered.at - refused.at >= 0.99


async def test_trouble_longer_than_one_waits_is_handed_on(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    spoil(simulator, FaultKind.STATUS, status=503, retry_after=3600)
    with pytest.raises(ClimkitConnectionError) as raised:
        await client.installations()
    assert raised.value.retry_after == 3600
    assert paths(simulator).count(SITES) == 1


async def test_a_certificate_that_nobody_vouches_for(client: ClimkitClient) -> None:
    """Another try a moment later would find the same one."""
    key = Mock(host="127.0.0.1", port=443, is_ssl=True)
    error = aiohttp.ClientConnectorCertificateError(key, SSLCertVerificationError("expired"))
    with (
        patch.object(aiohttp.TCPConnector, "connect", side_effect=error) as connect,
        pytest.raises(ClimkitCertificateError),
    ):
        await client.installations()
    assert connect.call_count == 1


async def test_no_server(session: aiohttp.ClientSession) -> None:
    client = ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url="http://127.0.0.1:9")
    with pytest.raises(ClimkitConnectionError, match="Cannot connect"):
        await client.authenticate()


class Nowhere(AbstractResolver):
    """Never finds a server."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_over = asyncio.Event()

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        await self.is_over.wait()
        return []

    @override
    async def close(self) -> None:
        self.is_over.set()


async def test_no_connection(freezer: FrozenDateTimeFactory) -> None:
    """It is given up much sooner than an answer that takes its time."""
    nowhere = Nowhere()
    connector = aiohttp.TCPConnector(resolver=nowhere, use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = ClimkitClient(session, "somebody", "word", url="http://nowhere.example")
        asking = asyncio.create_task(client.installations())
        for tries in range(1, transport.ATTEMPTS + 1):
            for seconds in (0, transport.CONNECT_TIMEOUT - 1):
                freezer.tick(seconds)
                for _ in range(100):  # whatever happens now
                    await asyncio.sleep(0)
                assert nowhere.asked == tries
            freezer.tick(2)
        with pytest.raises(ClimkitConnectionError, match="time-out"):
            await asking
        await nowhere.close()


async def test_who_waits_is_told_soon_that_there_is_no_connection() -> None:
    """After as long as they want to wait, at the first try."""
    nowhere = Nowhere()
    connector = aiohttp.TCPConnector(resolver=nowhere, use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = ClimkitClient(session, "somebody", "word", url="http://nowhere.example")
        with pytest.raises(ClimkitConnectionError, match="time-out"):
            async with asyncio.timeout(transport.CONNECT_TIMEOUT / 5):
                await client.authenticate(connect_within=0.02)
        assert nowhere.asked == 1
        await nowhere.close()


@pytest.mark.parametrize(
    ("wait", "jitter", "pauses"),
    [(0.05, 0.0, (0.049, 0.099)), (0.0, 0.05, (0.049, 0.049)), (0.05, 0.05, (0.099, 0.149))],
)
async def test_the_time_between_tries_grows(
    simulator: SimulatorServer,
    client: ClimkitClient,
    monkeypatch: pytest.MonkeyPatch,
    wait: float,
    jitter: float,
    pauses: tuple[float, float],
) -> None:
    """Up to some more by chance, as all homes are in trouble together; here it is all of that."""
    monkeypatch.setattr(transport, "RETRY_WAIT", wait)
    monkeypatch.setattr(transport, "RETRY_JITTER", jitter)
    monkeypatch.setattr("random.random", lambda: 1.0)
    spoil(simulator, FaultKind.STATUS, status=500, times=2)
    await client.installations()
    times = [record.at for record in simulator.requests[-3:]]
    made = [after - before for before, after in pairwise(times)]
    assert all(pause >= least for pause, least in zip(made, pauses, strict=True))


async def test_a_cancelled_request_leaves_nothing_blocked(
    simulator: SimulatorServer, client: ClimkitClient
) -> None:
    await client.authenticate()
    spoil(simulator, FaultKind.DELAY, delay=0.15, times=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.installations()
    assert await client.installations()


# Answers that are not understood


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.HTML, 200),
        (FaultKind.BROKEN_JSON, 200),
        (FaultKind.DICT, 200),
        (FaultKind.REDIRECT, 302),
    ],
)
async def test_answers_of_another_kind(
    simulator: SimulatorServer, client: ClimkitClient, kind: FaultKind, status: int
) -> None:
    spoil(simulator, kind)
    with pytest.raises(ClimkitResponseError) as raised:
        await client.installations()
    assert raised.value.status == status
    assert paths(simulator) == ["/auth", SITES]  # neither followed nor tried again


@pytest.mark.parametrize("status", [304, 400, 404, 410, 413])
async def test_requests_that_the_api_calls_wrong(
    simulator: SimulatorServer, client: ClimkitClient, status: int
) -> None:
    spoil(simulator, FaultKind.STATUS, status=status)
    with pytest.raises(ClimkitResponseError) as raised:
        await client.installations()
    assert raised.value.status == status
    assert paths(simulator) == ["/auth", SITES]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b"\xff\xfe\xfa",
        b"[" + b"9" * 5000 + b"]",
        b"null",
        b"{}",
        b'"text"',
        b"NaN",
    ],
    ids=lambda body: body[:8],
)
async def test_bodies_that_are_no_list(
    scripted: ScriptedApi, scripted_client: ClimkitClient, body: bytes
) -> None:
    scripted.answers[SITES] = Answer(body=body)
    with pytest.raises(ClimkitResponseError):
        await scripted_client.installations()
    assert scripted.paths == ["/auth", SITES]


async def test_an_answer_over_the_limit_is_not_read(
    simulator: SimulatorServer, client: ClimkitClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 200_000)
    spoil(simulator, FaultKind.HUGE, size=10**9)
    with pytest.raises(ClimkitResponseError, match="too large"):
        await client.installations()
    assert paths(simulator) == ["/auth", SITES]
    simulator.switches.faults = []
    assert await client.installations()


async def test_an_error_page_over_the_limit_is_not_read(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway's, of which more would follow: its status says enough, and nobody waits for it."""
    monkeypatch.setattr(transport, "ATTEMPTS", 1)
    monkeypatch.setattr(transport, "REQUEST_TIMEOUT", 5.0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1000000000\r\n\r\n")
        writer.write(b" " * (transport.MAX_ERROR + 1))
        await reader.read()  # until nobody listens any more
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=url)
    async with server:
        with pytest.raises(ClimkitConnectionError, match="HTTP 502"):
            await client.authenticate()


async def test_answers_are_read_beside_the_event_loop(
    client: ClimkitClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large ones take long to parse and to convert; the loop goes on meanwhile."""
    await client.authenticate()
    threads = []
    loads = orjson.loads

    def parse(answer: bytes) -> object:
        threads.append(current_thread())
        return loads(answer)

    monkeypatch.setattr(orjson, "loads", parse)
    threads.append(await client._transport.call("GET", SITES, lambda _: current_thread()))
    assert len(threads) == 2
    assert current_thread() not in threads


# Secrets


async def test_secrets_are_in_no_log_and_no_error(
    simulator: SimulatorServer,
    session: aiohttp.ClientSession,
    site_id: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(transport, "REQUEST_TIMEOUT", 0.1)
    client = ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=simulator.url)
    stranger = ClimkitClient(session, "somebody", "wrong-password", url=simulator.url)
    seen: list[str] = []
    secrets = {DEFAULT_USERNAME, DEFAULT_PASSWORD, "somebody", "wrong-password"}

    async def fail(asking: ClimkitClient, path: str = SITES) -> None:
        with pytest.raises(ClimkitError) as raised:
            await (asking.authenticate() if path == "/auth" else asking.installations())
        seen.extend((repr(raised.value), *traceback.format_exception(raised.value)))
        if raised.value.__cause__:
            seen.append(repr(raised.value.__cause__))
        if token := asking._transport._token:
            secrets.add(token)

    for path in ("/auth", SITES):
        for kind in set(FaultKind) - {FaultKind.EMPTY_LIST, FaultKind.NAN, FaultKind.NULL}:
            if kind in (FaultKind.STRINGS, FaultKind.HUGE) or (path, kind) == ("/auth", "dict"):
                continue
            spoil(simulator, kind, path=path, delay=0.2 if kind is FaultKind.DELAY else 0.0)
            await fail(client, path)
        for status in (400, 403, 404, 429):
            spoil(simulator, FaultKind.STATUS, path=path, status=status)
            await fail(client, path)
        simulator.switches.faults = []
        await client.authenticate()
        await client.installations()
    await fail(stranger)

    told = "\n".join([*seen, caplog.text, repr(client), *(str(r.__dict__) for r in caplog.records)])
    assert len(secrets) > 4
    assert "Bearer" not in told
    assert not [secret for secret in secrets if secret in told]
    assert "GET /all_installations: 200, " in caplog.text


async def test_an_answer_that_is_no_http_tells_no_token(session: aiohttp.ClientSession) -> None:
    """The error that aiohttp raises then has the request's headers in it."""
    login = b'{"access_token": "secret-token"}'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if b"/auth" in request:
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + login)
        else:
            assert b"secret-token" in request
            writer.write(b"HTTP/1.1 two hundred\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = ClimkitClient(session, DEFAULT_USERNAME, DEFAULT_PASSWORD, url=url)
    async with server:
        with pytest.raises(ClimkitConnectionError) as raised:
            await client.installations()
    chain = [raised.value, raised.value.__cause__]
    assert raised.value.__suppress_context__
    assert "secret-token" not in repr(chain)
    assert "secret-token" not in "".join(traceback.format_exception(raised.value))


async def test_no_secret_is_in_a_url(simulator: SimulatorServer, client: ClimkitClient) -> None:
    await client.installations()
    assert [record.query for record in simulator.requests] == [{}, {}]
