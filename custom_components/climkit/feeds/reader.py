"""Reads the intervals of a site's feeds from Climkit."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from homeassistant.util import dt as dt_util

from ..api import (
    HOUR,
    INTERVAL,
    ClimkitClient,
    ClimkitError,
    ClimkitResponseError,
    Interval,
    MeterReading,
    Priority,
    Query,
    Reading,
    Site,
    floor_hour,
    window_start,
)
from ..measures import CHARGE_POINT, METER_TYPES, Feed
from .answer import Answer
from .plausibility import Plausibility
from .windows import Windows, is_refused_at_once

# Clocks differ by so much at most; a row that ends later is nobody's measurement.
CLOCKS_DIFFER_BY = timedelta(minutes=10)

# So many rows that are all full hours apart are none of quarter-hours, of which most are missing.
SHOW_HOURS = 4


def newest_present[T: (Reading, MeterReading)](
    readings: Iterable[T], known: T | None, now: datetime
) -> T | None:
    """Return the newest reading that is not of the future, of an answer and the one `known` before.

    An answer that ends earlier takes nothing back: it may have been cut.
    """
    latest = now + CLOCKS_DIFFER_BY
    newest = known if known and known.at <= latest else None
    for one in readings:
        if one.at <= latest and (newest is None or one.at >= newest.at):
            newest = one
    return newest


async def ask_completely(
    ask: Callable[[datetime, datetime | None], Awaitable[list[Interval]]],
    start: datetime,
    end: datetime | None,
) -> list[Interval]:
    """Return what `async_answer` finds, sorted."""
    return (await async_answer(ask, start, end)).intervals


async def async_answer(
    ask: Callable[[datetime, datetime | None], Awaitable[list[Interval]]],
    start: datetime,
    end: datetime | None,
) -> Answer:
    """Ask for a stretch, and again for what is missing at its beginning or its end.

    Whether the API cuts long answers, and at which end, is unknown. Where there really are no data,
    one more request finds that out. Each request but the last ones brings new rows, so there are
    no more of them than quarter-hours, and few where answers are whole.
    """
    found: list[list[Interval]] = []
    missing = [(start, end)]
    while missing:
        begin, until = missing.pop()
        rows = await ask(begin, until)
        if not rows:
            continue
        found.append(rows)
        first, last = rows[0].start, rows[-1].end
        if until and last <= until - INTERVAL:
            missing.append((last, until))
        if first > begin:
            missing.append((begin, first))
    return Answer(found)


def refuse_coarser(meter_type: str, intervals: Sequence[Interval]) -> None:
    """Raise ClimkitResponseError for rows of hours or days where quarter-hours were asked for.

    Such rows are stamped at their start (document): taken for quarter-hours, their amounts would be
    those of the hour before. Meters that are read once a day may have a single row a day.
    """
    if len(intervals) < SHOW_HOURS or not METER_TYPES[meter_type].read_each_interval:
        return
    if all((later.start - one.start) % HOUR == timedelta() for one, later in pairwise(intervals)):
        raise ClimkitResponseError(f"{meter_type}: rows are coarser than quarter-hours", 200)


class FeedReader:
    """Reads a site's feeds; what cannot be a measurement is left out."""

    def __init__(
        self, client: ClimkitClient, site: Site, plausibility: Plausibility, windows: Windows
    ) -> None:
        """Prepare for one site of an account."""
        self.windows = windows
        self._windows = {
            Priority.LIVE: windows.for_live_data(),
            Priority.ASKED_FOR: windows.for_live_data(),
            Priority.HISTORY: windows,
        }
        self._known: set[Feed] = set()
        self._client = client
        self._site = site
        self._plausibility = plausibility

    async def async_read(
        self, feed: Feed, start: datetime, end: datetime | None, priority: Priority
    ) -> Answer:
        """Ask for the quarter-hours of a feed from `start` to `end` (None: to the newest), in UTC.

        What is missing is asked for again, see `async_answer`; what may be too long in parts, see
        `windows`. Raises ClimkitError.
        """
        windows = self._windows[priority]

        async def ask(start: datetime, end: datetime | None) -> list[Interval]:
            asked = (end or dt_util.utcnow()) - window_start(start, self._site.zone)
            with windows.noted(asked, dt_util.utcnow, may_fail=self._is_known(feed)):
                found = await self._async_ask(feed, start, end, priority)
            self._known.add(feed)
            return found

        parts: list[Sequence[Interval]] = []
        believed = windows.believed
        position: datetime | None = start
        while position:
            until = self._window_end(windows, position, end)
            try:
                answer = await async_answer(ask, position, until)
            except ClimkitError as err:
                shorter = self._window_end(windows, position, end)
                is_shorter = shorter is not None and (until is None or shorter < until)
                if is_refused_at_once(err):
                    if is_shorter:
                        continue
                    windows.take_back(believed)  # no window is short enough
                raise
            parts += answer.parts
            position = until if until != end else None
        return Answer(parts)

    def _window_end(
        self, windows: Windows, start: datetime, end: datetime | None
    ) -> datetime | None:
        """Return where a window has to end that begins at `start`, at the latest at `end`.

        In autumn more is asked for than is wanted, see `window_start`; that counts too.
        """
        now, begin = dt_util.utcnow(), window_start(start, self._site.zone)
        length = windows.length(now)
        if length is None or (end or now) - begin <= length:
            return end
        return start + length if begin == start else max(floor_hour(begin + length), start + HOUR)

    def _is_known(self, feed: Feed) -> bool:
        """Whether Climkit is sure to know a feed; charge points may not be known at all."""
        return feed.meter_id is not None or feed.meter_type != CHARGE_POINT or feed in self._known

    async def async_read_first(self, feed: Feed, earlier: datetime, start: datetime) -> Answer:
        """Ask for what is new of a feed, and in the same request for what there is since `earlier`.

        The latter only where no window is known to be too long; it is asked for once, and never by
        itself. Raises ClimkitError.
        """

        async def ask(begin: datetime, end: datetime | None) -> list[Interval]:
            begin = earlier if begin == start else begin
            return await self._async_ask(feed, begin, end, Priority.LIVE)

        if self._windows[Priority.LIVE].length(dt_util.utcnow()) is None:
            try:
                return await async_answer(ask, start, None)
            except ClimkitError as err:
                if not (self._is_known(feed) and is_refused_at_once(err)):
                    raise
        return await self.async_read(feed, start, None, Priority.LIVE)

    async def _async_ask(
        self, feed: Feed, start: datetime, end: datetime | None, priority: Priority
    ) -> list[Interval]:
        """Ask once. Rows of the future are left out, and asked for when their time has come."""
        query = Query(start, end, self._site.zone, priority=priority)
        if feed.meter_id:
            found = await self._client.meter_data(feed.site_id, feed.meter_id, query)
        else:
            found = await self._client.site_data(feed.site_id, feed.meter_type, query)
        refuse_coarser(feed.meter_type, found)
        latest = dt_util.utcnow() + CLOCKS_DIFFER_BY
        present = [interval for interval in found if interval.end <= latest]
        return self._plausibility.filter(feed, present)
