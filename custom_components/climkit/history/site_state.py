"""The state of all series of a site: loaded from recorder and memory, remembered as it moves."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
import logging
from math import floor

from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..feeds import CLOCKS_DIFFER_BY
from ..measures import Feed, Series
from ..statistics import (
    Extent,
    async_extents,
    async_extents_until,
    async_jumps,
    async_known_names,
    async_last_rows_before,
    async_publish,
    metadata,
)
from ..store import ClimkitStore, SeriesRecord
from .state import Likeness, SyncState, likeness, resume

_LOGGER = logging.getLogger(__name__)


class SiteSyncState:
    """The series of a site, how far each was read, and what that means for the site."""

    def __init__(
        self,
        hass: HomeAssistant,
        store: ClimkitStore,
        records: dict[str, SeriesRecord],
        start: datetime,
        *,
        is_refused: Callable[[Feed], bool],
    ) -> None:
        """Begin without series; `start` is where history begins, a full hour in UTC.

        `is_refused`: whether Climkit refuses a feed; then nobody waits for it.
        """
        self._hass = hass
        self._store = store
        self._records = records
        self._start = start
        self._states: dict[str, SyncState] = {}
        self._by_feed: dict[Feed, list[SyncState]] = {}
        self._wanted: dict[str, tuple[Series, str]] = {}
        self._loaded: dict[str, tuple[Series, str]] | None = None
        self._is_refused = is_refused
        self._jumps: dict[str, datetime] = {}
        self._newest: dict[str, datetime | None] = {}
        """The newest hours with an amount of series whose newest row has none."""
        self.outdated: set[Feed] = set()
        """Feeds of which older rows were found than were remembered; corrections are lost."""

    def want(self, series: Iterable[tuple[Series, str]]) -> bool:
        """Say which series there are, each with its statistic's name; tell if that is news."""
        wanted = {s.statistic_id: (s, name) for s, name in series}
        is_news = wanted != self._wanted
        if is_news:
            self._wanted = wanted
        return is_news

    @property
    def is_loaded(self) -> bool:
        """Whether it is known of all wanted series where they stand."""
        # The same object: others may be wanted while these are loaded.
        return self._loaded is self._wanted

    @property
    def feeds(self) -> list[Feed]:
        """Return the feeds that the series need."""
        return list(self._by_feed)

    def of(self, feed: Feed) -> list[SyncState]:
        """Return the series of a feed."""
        return self._by_feed.get(feed, [])

    def total(self, series: Series) -> float | None:
        """Return a series' running total, its newest row's sum; None until it can be right."""
        state = self._states.get(series.statistic_id)
        return state.total if state else None

    def newest(self, series: Series) -> datetime | None:
        """Return the start of a series' newest hour with an amount.

        None before reading has reached the present.
        """
        state = self._states.get(series.statistic_id)
        if state is None or not state.has_reached_present or state.last is None:
            return None
        is_withdrawn = state.last.amount is None
        return self._newest.get(state.statistic_id) if is_withdrawn else state.last.start

    def is_read(self, feed: Feed) -> bool:
        """Whether nothing is missing of the series of a feed."""
        return all(state.is_read for state in self.of(feed))

    def is_awaited(self, statistic_id: str) -> bool:
        """Whether some of a series' history is still to be read, and nobody refuses it."""
        state = self._states.get(statistic_id)
        if state is None:
            return not self.is_loaded
        return not state.has_whole_history and not self._is_refused(state.series.feed)

    def are_ahead_of(self, now: datetime) -> bool:
        """Whether hours are stored that have not begun: then the clock is wrong."""
        latest = now + CLOCKS_DIFFER_BY
        return any(t.last.start > latest for t in self._states.values() if t.last)

    @property
    def progress(self) -> float | None:
        """Return how much of the history is stored, in full percents; None before it is known."""
        if not self.is_loaded:
            return None
        now, states = dt_util.utcnow(), self._awaited
        if any(state.start > now and not state.is_read for state in states):
            return 0.0  # the clock is wrong: such a history is not read
        left = sum((_left_to_read(state, now) for state in states), timedelta())
        total = sum((max(now - state.start, timedelta()) for state in states), timedelta())
        return float(max(0, floor(100 * (1 - left / total)))) if left else 100.0

    @property
    def complete_until(self) -> datetime | None:
        """Return the time up to which all statistics of the site are stored."""
        if not self.is_loaded:
            return None
        now = dt_util.utcnow()
        return min((_complete_until(state, now) for state in self._awaited), default=None)

    @property
    def permitted_feeds(self) -> list[Feed]:
        """Return the feeds that Climkit does not refuse."""
        return [feed for feed in self._by_feed if not self._is_refused(feed)]

    @property
    def _awaited(self) -> list[SyncState]:
        """Return the series that people wait for: those that are permitted; all where none is."""
        feeds = self.permitted_feeds or self._by_feed
        return [state for feed in feeds for state in self.of(feed)]

    async def async_load(self) -> None:
        """Learn where each new series stands, and make its statistic known."""
        wanted = self._wanted
        names = await async_known_names(self._hass, set(wanted))
        new = wanted.keys() - self._states.keys()
        stored = await async_extents(self._hass, new)
        until_remembered = await self._async_stored_until_remembered(stored)
        states, changed = {}, 0
        for statistic_id, (series, name) in wanted.items():
            statistic = metadata(series, name)
            if names.get(statistic_id) != statistic["name"]:
                async_publish(self._hass, statistic)
            if state := self._states.get(statistic_id):
                state.series, state.statistic = series, statistic
            else:
                state = self._resume(series, statistic, stored.get(statistic_id))
                match self._likeness(state, until_remembered.get(statistic_id)):
                    case Likeness.OTHER:
                        state.read_again_from(self._start)
                        changed += 1
                    case Likeness.OLDER:
                        self.outdated.add(series.feed)
            states[statistic_id] = state
        await self.async_look_for_newest(states.values())
        self._states, self._loaded = states, wanted
        self._group()
        _tell_of_changed(changed)

    async def async_look_for_newest(self, states: Iterable[SyncState]) -> None:
        """Learn which hours are the newest with an amount, where the newest rows have none."""
        last = {one.statistic_id: one.last for one in states if one.last}
        withdrawn = {key: row.start for key, row in last.items() if row.amount is None}
        if withdrawn:
            end = max(withdrawn.values())
            found = await async_last_rows_before(self._hass, withdrawn, [end])
            self._newest |= {key: row.start if row else None for key, [row] in found.items()}

    async def _async_stored_until_remembered(
        self, stored: Mapping[str, Extent]
    ) -> dict[str, Extent]:
        """Return what is stored of each series up to the newest row that was remembered."""
        return await async_extents_until(
            self._hass,
            {
                statistic_id: (extent, record.extent.last.start)
                for statistic_id, extent in stored.items()
                if (record := self._records.get(statistic_id)) and record.extent
            },
        )

    async def async_examine(self, statistic_ids: Collection[str] | None = None) -> list[str]:
        """Look whether the rows of series (None: of all) are still those that were written.

        What somebody else took away or changed is read again, from the beginning. Return the ids of
        the statistics that were deleted. Of all series each row is looked at, which takes longer.
        """
        states = [
            state
            for statistic_id, state in self._states.items()
            if statistic_ids is None or statistic_id in statistic_ids
        ]
        ids = [one.statistic_id for one in states]
        # Jumps first: what is stored is the measure from now on, so it must not be the older look.
        jumping = await self._async_jumping(states) if statistic_ids is None else ()
        stored = await async_extents(self._hass, ids)
        changed = [
            one
            for one in states
            if one.is_changed(stored.get(one.statistic_id), has_jump=one.statistic_id in jumping)
        ]
        for state in changed:
            self._begin_anew(state, stored.get(state.statistic_id))
        if changed:
            self._group()
            _tell_of_changed(len(changed))
            await self.async_save(self._states[one.statistic_id] for one in changed)
        return [one.statistic_id for one in changed if one.statistic_id not in stored]

    async def _async_jumping(self, states: Iterable[SyncState]) -> set[str]:
        """Return the ids of the statistics with a changed total that is still to be mended.

        What is being read jumps where the rows begin that were read before, rows of before the
        series do what they want, and what reading did not mend once it does not mend each night.
        """
        whole = {one.statistic_id: one.since for one in states if one.backfill is None}
        jumps, known = await async_jumps(self._hass, whole), self._jumps
        self._jumps = {key: at for key, at in known.items() if key not in whole} | jumps
        return {key for key, at in jumps.items() if at >= whole[key] and at != known.get(key)}

    def _begin_anew(self, state: SyncState, extent: Extent | None) -> None:
        """Let a series be read from its beginning; without rows it is as if it were new."""
        if extent:
            state.take(extent)
            state.read_again_from(self._start)
        else:
            self._states[state.statistic_id] = self._resume(state.series, state.statistic, None)

    def _group(self) -> None:
        self._by_feed = {}
        for state in self._states.values():
            self._by_feed.setdefault(state.series.feed, []).append(state)

    async def async_forget(self, statistic_ids: Collection[str]) -> None:
        """Forget series whose statistics were deleted; wanted ones are loaded anew."""
        for statistic_id in statistic_ids:
            self._states.pop(statistic_id, None)
            self._records.pop(statistic_id, None)
        self._group()
        self._loaded = None
        await self._store.async_save_now()

    def _resume(
        self, series: Series, statistic: StatisticMetaData, extent: Extent | None
    ) -> SyncState:
        return resume(
            series,
            statistic,
            record=None if self._is_retyped(series) else self._records.get(series.statistic_id),
            extent=extent,
            start=self._start,
            now=dt_util.utcnow(),
        )

    def _is_retyped(self, series: Series) -> bool:
        """Whether what is remembered is of another kind of meter: then nothing of it holds."""
        record = self._records.get(series.statistic_id)
        return record is not None and record.meter_type not in {None, series.feed.meter_type}

    def _likeness(self, state: SyncState, until_remembered: Extent | None) -> Likeness:
        extent = state.extent
        record = self._records.get(state.statistic_id)
        if extent and self._is_retyped(state.series):
            return Likeness.OTHER
        return likeness(record, extent, until_remembered) if extent else Likeness.SAME

    async def async_save(self, states: Iterable[SyncState], *, at_once: bool = False) -> None:
        """Remember how far series were read: at once where something began or was completed."""
        is_news = at_once
        for state in states:
            old, new = self._records.get(state.statistic_id), state.as_record()
            is_news = is_news or old is None or old.complete != new.complete
            self._records[state.statistic_id] = new
        if is_news:
            await self._store.async_save_now()
        else:
            self._store.save_soon()


def _tell_of_changed(number: int) -> None:
    if number:
        _LOGGER.warning(
            "Rows of %d statistics are not those that were stored; they are read again", number
        )


def _complete_until(state: SyncState, now: datetime) -> datetime:
    if state.backfill:
        return state.backfill.position
    return now if state.is_current else min(now, state.until)


def _left_to_read(state: SyncState, now: datetime) -> timedelta:
    left = state.backfill.end - state.backfill.position if state.backfill else timedelta()
    return left if state.is_current else left + max(now - state.until, timedelta())
