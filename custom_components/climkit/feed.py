"""What one data request asks for, and the request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from .api import INTERVAL, ClimkitClient, Interval, Priority, Site

# Clocks differ by so much at most; a row that ends later is nobody's measurement.
CLOCKS_DIFFER_BY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Feed:
    """A meter type of a whole site, or a single meter of it.

    The answer for a whole site serves the series of all its meters through its columns.
    """

    site_id: str
    meter_type: str
    meter_id: str | None = None


async def async_fetch(
    client: ClimkitClient,
    site: Site,
    feed: Feed,
    start: datetime,
    end: datetime | None,
    priority: Priority,
) -> list[Interval]:
    """Ask for the quarter-hours of a feed from `start` to `end` (None: to the newest), in UTC.

    Rows stamped in the future are left out; they are asked for again when their time has come.
    """
    if feed.meter_id:
        found = await client.meter_data(
            feed.site_id, feed.meter_id, start, end, zone=site.zone, priority=priority
        )
    else:
        found = await client.site_data(
            feed.site_id, feed.meter_type, start, end, zone=site.zone, priority=priority
        )
    latest = dt_util.utcnow() + CLOCKS_DIFFER_BY
    return [interval for interval in found if interval.end <= latest]


async def async_fetch_whole(
    client: ClimkitClient,
    site: Site,
    feed: Feed,
    start: datetime,
    end: datetime | None,
    priority: Priority,
) -> list[Interval]:
    """Ask for the quarter-hours of a stretch, whatever the API cuts off; see `async_complete`."""

    async def ask(start: datetime, end: datetime | None) -> list[Interval]:
        return await async_fetch(client, site, feed, start, end, priority)

    return await async_complete(ask, start, end)


async def async_complete(
    ask: Callable[[datetime, datetime | None], Awaitable[list[Interval]]],
    start: datetime,
    end: datetime | None,
) -> list[Interval]:
    """Ask for a stretch, and again for what is missing at its beginning or its end.

    Whether the API cuts long answers, and at which end, is unknown. Where there really are no data,
    one more request finds that out.
    """
    found = await ask(start, end)
    if not found:
        return []
    first, last = found[0].start, found[-1].end
    if first > start:
        found = [*await async_complete(ask, start, first), *found]
    if end and last <= end - INTERVAL:
        found = [*found, *await async_complete(ask, last, end)]
    return found
