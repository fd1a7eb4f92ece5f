"""Control of a running simulator over HTTP: what it does, what it saw, and the truth.

GET, PATCH /_simulator/switches   the switches (PATCH: a JSON object of those that change)
GET        /_simulator/state      requests by endpoint and status, violations, overlaps
GET        /_simulator/world      seed, creation time and the sites with their meters and sensors
GET        /_simulator/truth      ?site_id=&meter_type=&start=&end= (ISO with offset): every series,
                                  {column: {ISO of the interval's start, UTC: value}}
POST       /_simulator/revise     {site_id, column_or_meter, start, end, factor|value|withdraw}
POST       /_simulator/meters     {site_id, meter}: a meter appears
POST       /_simulator/tokens     revokes every token
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from .site import JsonObject

if TYPE_CHECKING:
    from .server import SimulatorServer

PREFIX = "/_simulator"


def add_control(application: web.Application, server: SimulatorServer) -> None:
    """Add the control paths to a server's application."""
    control = _Control(server)
    application.add_routes(
        [
            web.get(f"{PREFIX}/switches", control.switches),
            web.patch(f"{PREFIX}/switches", control.patch_switches),
            web.get(f"{PREFIX}/state", control.state),
            web.get(f"{PREFIX}/world", control.world),
            web.get(f"{PREFIX}/truth", control.truth),
            web.post(f"{PREFIX}/revise", control.revise),
            web.post(f"{PREFIX}/meters", control.add_meter),
            web.post(f"{PREFIX}/tokens", control.revoke_tokens),
        ]
    )


class _Control:
    def __init__(self, server: SimulatorServer) -> None:
        self._server = server

    async def switches(self, _: web.Request) -> web.Response:
        return web.json_response(self._server.switches.as_json())

    async def patch_switches(self, request: web.Request) -> web.Response:
        try:
            self._server.switches.patch(await request.json())
        except (ValueError, TypeError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return await self.switches(request)

    async def state(self, _: web.Request) -> web.Response:
        server = self._server
        return web.json_response(
            {
                "requests": len(server.requests),
                "endpoints": Counter(record.endpoint for record in server.requests),
                "statuses": Counter(str(record.status) for record in server.requests),
                "violations": server.violations,
                "overlaps": server.overlaps,
                "now": server.now().isoformat(),
            }
        )

    async def world(self, _: web.Request) -> web.Response:
        world = self._server.world
        sites: list[JsonObject] = [
            {
                "id": site.id,
                "name": site.info()["name"],
                "begin": site.begin,
                "meters": world.meter_info(site.id),
                "sensors": site.sensors_list(),
            }
            for site in world.sites.values()
        ]
        created = world.created.isoformat()
        answer = {"seed": world.seed, "created": created, "history_days": world.history_days}
        return web.json_response({**answer, "sites": sites})

    async def truth(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            start, end = (datetime.fromisoformat(query[key]) for key in ("start", "end"))
            site_id, meter_type = query["site_id"], query["meter_type"]
        except (KeyError, ValueError) as error:
            raise web.HTTPBadRequest(text=f"site_id, meter_type, start, end: {error}") from error
        if site_id not in self._server.world.sites:
            raise web.HTTPNotFound(text="unknown site")
        series = await self._server.compute(
            lambda: self._server.intervals(site_id, meter_type, start, end)
        )
        return web.json_response(
            {
                column: {moment.isoformat(): value for moment, value in values.items()}
                for column, values in series.items()
            }
        )

    async def revise(self, request: web.Request) -> web.Response:
        body = await request.json()
        try:
            body |= {key: datetime.fromisoformat(body[key]) for key in ("start", "end")}
            self._server.world.revise(**body)
        except (KeyError, TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.Response(status=204)

    async def add_meter(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._server.world.add_meter(body["site_id"], body["meter"])
        return web.Response(status=204)

    async def revoke_tokens(self, _: web.Request) -> web.Response:
        self._server.revoke_tokens()
        return web.Response(status=204)
