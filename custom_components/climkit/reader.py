"""Reads the intervals of a site's feeds from Climkit."""

from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from .api import INTERVAL, ClimkitClient, Interval, Priority, Site
from .feed import Feed
from .plausibility import Plausibility

# Clocks differ by so much at most; a row that ends later is nobody's measurement.
CLOCKS_DIFFER_BY = timedelta(minutes=10)


class FeedReader:
    """Reads a site's feeds; what cannot be a measurement is left out."""

    def __init__(self, client: ClimkitClient, site: Site, plausibility: Plausibility) -> None:
        """Prepare for one site of an account."""
        self._client = client
        self._site = site
        self._plausibility = plausibility

    async def async_read(
        self, feed: Feed, start: datetime, end: datetime | None, priority: Priority
    ) -> list[Interval]:
        """Ask for the quarter-hours of a feed from `start` to `end` (None: to the newest), in UTC.

        What is missing at the beginning or the end of the answer is asked for again: whether the
        API cuts long answers, and at which end, is unknown. Where there really are no data, one
        more request finds that out. Raises ClimkitError.
        """
        found = await self._async_ask(feed, start, end, priority)
        if not found:
            return []
        first, last = found[0].start, found[-1].end
        if first > start:
            found = [*await self.async_read(feed, start, first, priority), *found]
        if end and last <= end - INTERVAL:
            found = [*found, *await self.async_read(feed, last, end, priority)]
        return found

    async def _async_ask(
        self, feed: Feed, start: datetime, end: datetime | None, priority: Priority
    ) -> list[Interval]:
        """Ask once. Rows of the future are left out, and asked for when their time has come."""
        zone = self._site.zone
        if feed.meter_id:
            found = await self._client.meter_data(
                feed.site_id, feed.meter_id, start, end, zone=zone, priority=priority
            )
        else:
            found = await self._client.site_data(
                feed.site_id, feed.meter_type, start, end, zone=zone, priority=priority
            )
        latest = dt_util.utcnow() + CLOCKS_DIFFER_BY
        present = [interval for interval in found if interval.end <= latest]
        return self._plausibility.keep(feed, present)
