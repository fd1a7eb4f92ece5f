"""The Climkit API's nine calls as methods; models come out.

Times go in and come out aware; intervals and readings are in UTC. Every method but
`authenticate` logs in by itself when it must and may raise any error of `exceptions`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import logging
import re
from zoneinfo import ZoneInfo

import aiohttp

from .exceptions import ClimkitResponseError
from .login import Login
from .models import (
    DEFAULT_ZONE,
    ID_PATTERN,
    SITE_KEYS,
    Interval,
    Meter,
    MeterReading,
    Reading,
    Sensor,
    Site,
    SiteReference,
)
from .query import Query
from .queue import Priority, RequestQueue
from .stats import RequestStats
from .timestamps import Sampling
from .transport import Transport

_LOGGER = logging.getLogger(__name__)

DEFAULT_URL = "https://api.climkit.io/api/v1"

_TYPE_PATTERN = re.compile(r"[a-z_]{1,32}")


class ClimkitClient:
    """The API as one account sees it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        username: str,
        password: str,
        *,
        url: str = DEFAULT_URL,
        queue: RequestQueue | None = None,
        login: Login | None = None,
    ) -> None:
        """Prepare a client.

        Clients of the same `url` should share one `queue`, those of the same credentials one
        `login`, which then stands for `username` and `password`.
        """
        self.url = url
        self.queue = queue or RequestQueue()
        self.login = login or Login(username, password)
        self._transport = Transport(session, url, self.login, self.queue)
        self._reported: set[str] = set()

    @property
    def stats(self) -> RequestStats:
        """Return what was seen of the API so far."""
        return self._transport.stats

    @property
    def is_certificate_wrong(self) -> bool:
        """Whether the last answer failed to come because of the server's certificate."""
        return self._transport.is_certificate_wrong

    def close(self) -> None:
        """Ask for nothing any more: who still wants something gets a ClimkitClosedError."""
        self._transport.close()

    async def authenticate(self, *, connect_within: float | None = None) -> None:
        """Log in for a person who waits, with `connect_within` so many seconds for a connection.

        Raises ClimkitAuthenticationError if the API refuses the credentials, be it once.
        """
        await self._transport.authenticate(connect_within=connect_within)

    async def installations(self, *, priority: Priority = Priority.LIVE) -> list[SiteReference]:
        """Return the sites that the account may read."""
        return await self._listed("/all_installations", SiteReference.from_api, priority)

    async def installation(self, site_id: str, *, priority: Priority = Priority.LIVE) -> Site:
        """Return the infos of a site."""
        path = f"/installation_infos/{_id(site_id)}"

        def convert(answer: object) -> Site:
            if not isinstance(answer, Mapping) or SITE_KEYS.isdisjoint(answer):
                raise ClimkitResponseError(f"GET {path}: describes no site", 200)
            return Site.from_api(site_id, answer, datetime.now(UTC))

        return await self._transport.call("GET", path, convert, priority=priority)

    async def meters(self, site_id: str, *, priority: Priority = Priority.LIVE) -> list[Meter]:
        """Return the meters of a site; charge points are not among them (assumed)."""
        path = f"/meter_info/{_id(site_id)}"
        return await self._listed(path, Meter.from_api, priority, site_id)

    async def site_data(self, site_id: str, meter_type: str, query: Query) -> list[Interval]:
        """Return the validated intervals of a whole site for one meter type.

        `meter_type` is electricity, heating, cooling, cold_water, hot_water or charge_point
        (document). Columns: `conso_total`, for electricity also `prod_total`, `self`, `from_ext`,
        `to_ext` (document), `storage_*` and `total_<id>`, `self_<id>`, `ext_<id>` of the site's
        meters (observed). kWh, m3 for water.

        Only intervals that lie within the query are returned, sorted, each once.
        """
        path = f"/site_data/{_id(site_id)}/{_fit(meter_type, _TYPE_PATTERN)}"
        return await self._intervals(path, query)

    async def meter_data(self, site_id: str, meter_id: str, query: Query) -> list[Interval]:
        """Return the validated intervals of one meter, as `site_data` does for a site.

        Columns: `total`, for electricity also `self` and `ext` (document); a production meter
        has `total` alone (observed). kWh, m3 for water.
        """
        path = f"/meter_data/{_id(site_id)}/{_id(meter_id)}"
        return await self._intervals(path, query)

    async def meter_data_raw(self, site_id: str, meter_id: str, query: Query) -> list[MeterReading]:
        """Return the unvalidated registers of a physical meter, sorted by time.

        A reading's time is the end of its period (document), so one at the query's very start is
        left out.
        """
        readings = await self._rows(
            "POST",
            f"/meter_data_raw/{_id(site_id)}/{_id(meter_id)}",
            lambda rows: MeterReading.all_from_api(rows, query.zone),
            body=query.window,
            priority=query.priority,
        )
        wanted: dict[datetime, MeterReading] = {}
        for reading in readings:
            if query.start < reading.at and query.covers(reading.at):
                known = wanted.get(reading.at)
                wanted[reading.at] = known.overlaid(reading) if known else reading
        return [wanted[at] for at in sorted(wanted)]

    async def sensors(self, site_id: str, *, priority: Priority = Priority.LIVE) -> list[Sensor]:
        """Return the sensors of a site."""
        path = f"/{_id(site_id)}/sensors_list"
        return await self._listed(path, Sensor.from_api, priority, site_id)

    async def sensor_data(self, site_id: str, sensor_id: str, query: Query) -> list[Reading]:
        """Return a sensor's values, sorted by time.

        How far back they may reach is limited, by how much is not said (document).
        """
        found = await self._readings(site_id, sensor_id, query.zone, query.window, query.priority)
        return [reading for reading in found if query.covers(reading.at)]

    async def newest_sensor_data(
        self, site_id: str, sensor_id: str, zone: ZoneInfo = DEFAULT_ZONE
    ) -> list[Reading]:
        """Return what the API answers without a start: a sensor's newest values (document)."""
        return await self._readings(site_id, sensor_id, zone)

    async def _readings(
        self,
        site_id: str,
        sensor_id: str,
        zone: ZoneInfo,
        window: Mapping[str, str] | None = None,
        priority: Priority = Priority.LIVE,
    ) -> list[Reading]:
        readings = await self._rows(
            "GET",
            f"/{_id(site_id)}/sensor_data/{_id(sensor_id)}",
            lambda rows: Reading.all_from_api(rows, zone),
            params=window,
            priority=priority,
        )
        wanted = {reading.at: reading for reading in readings}
        return [wanted[at] for at in sorted(wanted)]

    async def _listed[T: (SiteReference, Meter, Sensor)](
        self,
        path: str,
        model: Callable[[object], T | None],
        priority: Priority,
        site_id: str | None = None,
    ) -> list[T]:
        """Return what a list names, the first of each id; nothing in a site has the site's own.

        Ids that differ in case alone count as one, as they make the same statistic.
        """

        def read(rows: list[object]) -> list[T]:
            return [found for row in rows if (found := model(row)) is not None]

        rows = await self._rows("GET", path, read, have_ids=True, priority=priority)
        first = {row.id.lower(): row for row in reversed(rows)}
        if site_id:
            first.pop(site_id.lower(), None)
        distinct = [row for row in rows if first.get(row.id.lower()) is row]
        if repeated := len(rows) - len(distinct):
            _LOGGER.debug("GET %s: %d rows repeat an id", path, repeated)
        return distinct

    async def _intervals(self, path: str, query: Query) -> list[Interval]:
        intervals = await self._rows(
            "POST",
            path,
            lambda rows: Interval.all_from_api(rows, query.sampling, query.zone),
            body=query.sampled_window,
            priority=query.priority,
        )
        if intervals and query.sampling is Sampling.QUARTER_HOUR:
            self.stats.note_window(query.start, min(interval.start for interval in intervals))
        wanted: dict[datetime, Interval] = {}
        for interval in intervals:
            if query.covers(interval.start, interval.end):
                known = wanted.get(interval.start)
                wanted[interval.start] = known.overlaid(interval) if known else interval
        return [wanted[at] for at in sorted(wanted)]

    async def _rows[T](
        self,
        method: str,
        path: str,
        read: Callable[[list[object]], list[T]],
        *,
        body: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        have_ids: bool = False,
        priority: Priority,
    ) -> list[T]:
        """Return the rows of a list as models; `read` leaves out those that cannot be read.

        It raises ValueError where they are other rows than those asked for. Rows of numbers may all
        be without one, but a list of things without an id is not understood.
        """
        what = f"{method} {path}"

        def convert(answer: object) -> tuple[list[T], int, list[object]]:
            if not isinstance(answer, list):
                raise ClimkitResponseError(f"{what}: not a list", 200)
            try:
                rows = read(answer)
            except ValueError as error:
                raise ClimkitResponseError(f"{what}: {error}", 200) from None
            if have_ids and answer and not rows:
                raise ClimkitResponseError(f"{what}: no row has an id", 200)
            return rows, len(answer) - len(rows), [*answer[:1], *answer[1:][-1:]]

        rows, unusable, sample = await self._transport.call(
            method, path, convert, body=body, params=params, priority=priority
        )
        self.stats.note_shape(path, sample, len(rows), unusable)
        if unusable:
            level = logging.DEBUG if path in self._reported else logging.WARNING
            self._reported.add(path)
            _LOGGER.log(level, "%s: %d unusable rows left out", what, unusable)
        return rows


def _id(value: str) -> str:
    return _fit(value, ID_PATTERN)


def _fit(value: str, pattern: re.Pattern[str]) -> str:
    """Return an id or a type for a path, which must not let it lead elsewhere."""
    if not pattern.fullmatch(value):
        raise ClimkitResponseError("An id or a type is not fit for a request's path")
    return value
