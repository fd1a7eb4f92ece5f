"""What one data request asks for, and the request."""

from dataclasses import dataclass
from datetime import datetime

from .api import ClimkitClient, Interval, Priority, Site


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
    """Ask for the quarter-hours of a feed from `start` to `end` (None: to the newest), in UTC."""
    if feed.meter_id:
        return await client.meter_data(
            feed.site_id, feed.meter_id, start, end, zone=site.zone, priority=priority
        )
    return await client.site_data(
        feed.site_id, feed.meter_type, start, end, zone=site.zone, priority=priority
    )
