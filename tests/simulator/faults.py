"""Answers that went wrong: what a fault makes of a response."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import json
from random import Random
from re import search

from aiohttp import web

from .site import Json, JsonObject
from .switches import Fault, FaultKind, Switches

HOUR = timedelta(hours=1)
_HTML = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
_CHUNK = b'{"conso_total": 0.0},' * 3000


def pick_fault(
    switches: Switches, path: str, body: JsonObject | None, random: Random
) -> Fault | None:
    """The first fault that applies to this request now; counts it."""
    for fault in switches.faults:
        if fault.times == 0 or (fault.path is not None and search(fault.path, path) is None):
            continue
        if fault.body is not None and search(fault.body, json.dumps(body)) is None:
            continue
        if fault.probability < 1 and random.random() >= fault.probability:
            continue
        if fault.times is not None:
            fault.times -= 1
        return fault
    return None


def fault_of_window(switches: Switches, body: JsonObject | None, now: datetime) -> Fault | None:
    """The fault of a window that this server does not answer; without t_e it ends now."""
    begin, end = ((body or {}).get(key) for key in ("t_s", "t_e"))
    if not (switches.unanswered or switches.longest_window) or not isinstance(begin, str):
        return None
    start = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    until = datetime.fromisoformat(end).replace(tzinfo=UTC) if isinstance(end, str) else now
    hours = map(datetime.fromisoformat, switches.unanswered)
    if any(start < hour + HOUR and hour < until for hour in hours):
        return Fault(kind=FaultKind.STATUS, status=switches.unanswered_by)
    if not 0 < switches.longest_window < (until - start) / HOUR:
        return None
    word = switches.too_long
    if word.isdigit():
        return Fault(kind=FaultKind.STATUS, status=int(word))
    return Fault(kind=FaultKind(word))


def early_response(fault: Fault, request: web.Request) -> web.StreamResponse | None:
    """The response of a fault that needs no real answer, None for the others."""
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    match fault.kind:
        case FaultKind.STATUS if fault.text is not None:
            return web.Response(
                status=fault.status, text=fault.text, headers=headers, content_type="text/html"
            )
        case FaultKind.STATUS:
            body = json.dumps({"message": "simulated fault"})
            return web.Response(
                status=fault.status, text=body, headers=headers, content_type="application/json"
            )
        case FaultKind.HTML:
            return web.Response(text=_HTML, content_type="text/html")
        case FaultKind.EMPTY_LIST:
            return web.Response(text="[]", content_type="application/json")
        case FaultKind.REDIRECT:
            return web.Response(status=302, headers={"Location": "/api/v1/elsewhere"})
        case FaultKind.DISCONNECT:
            disconnect(request)
            return web.Response(status=503)
        case FaultKind.HUGE:
            return web.Response(body=_huge(fault.size), content_type="application/json")
        case _:
            return None


async def _huge(size: int) -> AsyncIterator[bytes]:
    yield b"["
    for _ in range(size // len(_CHUNK) + 1):
        yield _CHUNK
        await asyncio.sleep(0)
    yield b"{}]"


def spoiled(fault: Fault, answer: Json) -> str:
    """The text of a real answer after this fault."""
    match fault.kind:
        case FaultKind.BROKEN_JSON:
            text = dumps(answer)
            return text[: len(text) * 2 // 3]
        case FaultKind.NAN:
            return dumps(_replaced(answer, float("nan")))
        case FaultKind.NULL:
            return dumps(_replaced(answer, None))
        case FaultKind.STRINGS:
            return dumps(_as_strings(answer))
        case FaultKind.DICT:
            return dumps({"data": answer})
        case _:
            return dumps(answer)


def dumps(answer: Json) -> str:
    """Compact JSON."""
    return json.dumps(answer, separators=(",", ":"))


async def cut_off(request: web.Request, text: str) -> web.StreamResponse:
    """Promise the whole body, send half of it, and close the connection."""
    body = text.encode()
    response = web.StreamResponse(headers={"Content-Length": str(max(len(body), 2))})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    disconnect(request)
    return response


def disconnect(request: web.Request) -> None:
    """Close the connection without another byte."""
    if request.transport is not None:
        request.transport.close()


def _replaced(answer: Json, instead: Json) -> Json:
    """Every second row with its numbers replaced."""
    if not isinstance(answer, list):
        return answer
    return [
        {key: value if isinstance(value, str) else instead for key, value in row.items()}
        if index % 2 and isinstance(row, dict)
        else row
        for index, row in enumerate(answer)
    ]


def _as_strings(answer: Json) -> Json:
    if isinstance(answer, list):
        return [_as_strings(one) for one in answer]
    if isinstance(answer, dict):
        return {key: _as_strings(value) for key, value in answer.items()}
    return str(answer) if isinstance(answer, (int, float)) else answer
