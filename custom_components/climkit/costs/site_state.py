"""The cost statistics of a site: loaded from recorder and memory, remembered as they grow."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
import logging
from math import floor
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import FIRST_TIME, HOUR, Site, floor_hour
from ..measures import Series
from ..statistics import (
    Extent,
    LastRows,
    TimeRange,
    async_clear,
    async_extents,
    async_extents_until,
    async_jumps,
    async_known,
    async_publish,
    merged,
    within,
    without,
)
from ..store import ClimkitStore
from .cost_series import CostSeries, derived_ids
from .state import CostPage, CostState
from .tariffs import ALL_TERMS, Tariffs, Term, changed_ranges, tariffs_from_data

_LOGGER = logging.getLogger(__name__)

# Costs this new are computed again after a restart, so nothing of them must be remembered at once.
COMPUTED_AT_START = timedelta(days=2)


@dataclass(eq=False, slots=True)
class Write:
    """Amounts that are being written: in which range, by statistic id, and if that is over."""

    ranges: Mapping[str, TimeRange]
    is_over: bool = False


class SiteCostState:
    """The cost statistics of a site, how far each is right, and what is remembered of that.

    `states`: by cost id. `tariffs`: those that rows are, or are to be, computed with. `now`: when
    the step of work began that runs, or else the last one.
    """

    def __init__(self, hass: HomeAssistant, site: Site, store: ClimkitStore) -> None:
        """Begin without statistics."""
        self._hass = hass
        self._site = site
        self._store = store
        self._record = store.site(site.id).costs
        self._loaded: Mapping[str, CostSeries] | None = None
        self.tariffs = self._read_tariffs()
        self.now = dt_util.utcnow()
        self._writes: list[Write] = []
        self.states: dict[str, CostState] = {}
        self.last_rows = LastRows(hass)

    def is_loaded_for(
        self, cost_series: Mapping[str, CostSeries], tariffs: list[dict[str, Any]]
    ) -> bool:
        """Whether it is known where these statistics stand, with these tariffs.

        Each plan has statistics of its own: those of one made while they were loaded are others.
        """
        return self._loaded is cost_series and self._record.tariffs == tariffs

    @property
    def progress(self) -> float:
        """Return how much of the costs is computed, in full percents.

        What a start computes anew is not waited for: it is computed again each quarter-hour, too.
        """
        until = floor_hour(self.now) - COMPUTED_AT_START
        missing = sum(state.hours_to_compute(until) for state in self.states.values())
        if not missing:
            return 100.0
        whole = sum((one.end - one.start) / HOUR for one in self._whole) * len(self.states)
        return float(max(0, floor(100 * (1 - missing / whole)))) if whole else 0.0

    async def async_load(
        self,
        cost_series: Mapping[str, CostSeries],
        tariffs: list[dict[str, Any]],
        series: Iterable[Series],
    ) -> None:
        """Learn where each statistic stands, and what is left to do.

        `series` are all there are now: one that cost something and does no longer loses its cost
        statistic. That of a meter that is not there now stays as it is.
        """
        dirty = self._record.dirty
        is_known = self._record.tariffs == tariffs and cost_series.keys() <= dirty.keys()
        self._mark_changed(tariffs, cost_series)
        unpriced = set().union(*map(derived_ids, series)) & dirty.keys() - cost_series.keys()
        if unpriced:
            await async_clear(self._hass, unpriced)
            self._forget(unpriced)
        known = await async_known(self._hass, set(cost_series))
        stored = await async_extents(self._hass, cost_series.keys() - self.states.keys())
        until_remembered = await self._async_until_remembered(stored)
        states = {}
        for cost_id, one in cost_series.items():
            statistic = one.describe(self.tariffs.currency or "")
            if known.get(cost_id) != (statistic["name"], statistic["unit_of_measurement"]):
                async_publish(self._hass, statistic)
            state = self.states.get(cost_id)
            if state is None:
                self.last_rows.forget(cost_id)
                state = CostState(cost_series=one, statistic=statistic)
                state.take(stored.get(cost_id))
                state.dirty = self._unsure(state, until_remembered.get(cost_id))
            if self._is_retyped(one):
                state.dirty = self._all_of(state)
            self._record.meter_types[cost_id] = one.meter_type
            state.cost_series, state.statistic = one, statistic
            state.dirty = merged([*state.dirty, *dirty.get(cost_id, ())])
            states[cost_id] = state
        self.states, self._loaded = states, cost_series
        self._save(states.values())
        if not is_known:
            await self._store.async_save_now()

    def _mark_changed(
        self, tariffs: list[dict[str, Any]], cost_series: Mapping[str, CostSeries]
    ) -> None:
        """Mark the ranges in which prices change, also of what is not there now.

        Not the time before the site: a tariff may be many years older. In another time zone all
        days and low hours are others.
        """
        before, self._record.tariffs = self.tariffs, tariffs
        self.tariffs = self._read_tariffs()
        is_moved = self._record.zone not in {None, str(self._site.zone)}
        self._record.zone = str(self._site.zone)
        changed = cache(partial(changed_ranges, before, self.tariffs, self._horizon))
        for cost_id, ranges in self._record.dirty.items():
            terms = self._terms(cost_id, cost_series)
            extent = self._record.stored.get(cost_id)
            begin = min(self._begin, extent.first) if extent else self._begin
            new = whole = self._from(begin)
            if not is_moved:
                new = [part for time in whole for part in within(changed(terms), time)]
            self._record.dirty[cost_id] = merged([*ranges, *new])

    def _terms(self, cost_id: str, cost_series: Mapping[str, CostSeries]) -> frozenset[Term]:
        """Return what of a tariff a cost followed and follows from; anything where not known."""
        if (state := self.states.get(cost_id)) is None:
            return ALL_TERMS
        return state.cost_series.terms | cost_series.get(cost_id, state.cost_series).terms

    async def _async_until_remembered(self, stored: Mapping[str, Extent]) -> dict[str, Extent]:
        """Return what is stored of each statistic up to the newest row that was remembered."""
        return await async_extents_until(
            self._hass,
            {
                cost_id: (extent, record.last.start)
                for cost_id, extent in stored.items()
                if (record := self._record.stored.get(cost_id))
            },
        )

    def _unsure(self, state: CostState, until_remembered: Extent | None) -> list[TimeRange]:
        """Return what may be wrong of a statistic at a start, whatever was remembered.

        `until_remembered` is what is stored up to the newest row that was remembered, None without
        one. If that is not what was remembered, the database or the memory is one of another day,
        and all is computed again.
        """
        if state.last is None or state.statistic_id not in self._record.dirty:
            return self._all_of(state)
        record = self._record.stored.get(state.statistic_id)
        if until_remembered is None or not until_remembered.equals(record):
            _LOGGER.debug("Rows of %s are not those that were stored", state.statistic_id)
            return self._all_of(state)
        return self._from(until_remembered.last.start - COMPUTED_AT_START)

    def _is_retyped(self, cost_series: CostSeries) -> bool:
        """Whether a cost was computed as that of another kind of meter, at another price."""
        known = self._record.meter_types.get(cost_series.statistic_id)
        return known not in {None, cost_series.meter_type}

    def _all_of(self, state: CostState) -> list[TimeRange]:
        """Return all time in which a statistic has rows or can have some."""
        stored = self._from(state.first) if state.first else []
        return merged([*stored, *self._whole])

    async def async_examine(self, cost_ids: Collection[str] | None = None) -> None:
        """Look whether rows of statistics (None: of all) are still those that were written.

        What somebody else took away or changed is computed again. Of all statistics each row is
        looked at, which takes longer.
        """
        examined = [self.states[key] for key in self.states if cost_ids is None or key in cost_ids]
        ids = [state.statistic_id for state in examined]
        # Jumps first: what is stored is the measure from now on, so it must not be the older look.
        jumps = await async_jumps(self._hass, ids) if cost_ids is None else {}
        stored = await async_extents(self._hass, ids)
        for state in examined:
            extent = stored.get(state.statistic_id)
            if state.is_changed(extent, has_jump=state.statistic_id in jumps):
                state.take(extent)
                self.last_rows.forget(state.statistic_id)
                state.dirty = merged([*state.dirty, *self._all_of(state)])
                self._save([state])

    @property
    def _whole(self) -> list[TimeRange]:
        """Return the time with a tariff that can have amounts; none where all is to come."""
        start = self.tariffs.start
        return self._from(max(start, self._begin)) if start else []

    @property
    def _begin(self) -> datetime:
        """Return the first hour of the site; older rows are of a time when it told another."""
        return floor_hour(self._site.created or FIRST_TIME)

    def _from(self, start: datetime) -> list[TimeRange]:
        found = TimeRange.between(start, self._horizon)
        return [found] if found else []

    @property
    def _horizon(self) -> datetime:
        """Return a time behind all rows; of later ones history will tell."""
        return floor_hour(self.now) + 2 * HOUR

    async def async_forget(self, statistic_ids: Collection[str]) -> None:
        """Remember nothing of those that were deleted and are not loaded."""
        remembered = self._record.dirty.keys() | self._record.stored.keys()
        if forgotten := remembered & set(statistic_ids) - self.states.keys():
            self._forget(forgotten)
            await self._store.async_save_now()

    def _forget(self, cost_ids: Iterable[str]) -> None:
        for cost_id in cost_ids:
            self._record.dirty.pop(cost_id, None)
            self._record.stored.pop(cost_id, None)
            self._record.meter_types.pop(cost_id, None)

    def affected_by(self, statistic_ids: Collection[str]) -> list[CostState]:
        """Return the statistics among these, and those that follow from them."""
        return [
            state
            for state in self.states.values()
            if not {state.statistic_id, *state.cost_series.sources}.isdisjoint(statistic_ids)
        ]

    async def async_begin_write(
        self, ranges: Mapping[str, TimeRange], cost_series: Mapping[str, CostSeries]
    ) -> Write:
        """Remember that amounts are being written, until that is over and they are marked.

        A meter may have left while its amounts were read: what follows from them waits for it. What
        is old is remembered at once; what is new is looked at after a restart anyhow.
        """
        self._writes.append(write := Write(ranges))
        is_old = False
        loaded = {cost_id: state.cost_series for cost_id, state in self.states.items()}
        for cost_id, one in (loaded | dict(cost_series)).items():
            new = [ranges[source] for source in one.sources if source in ranges]
            if not new or cost_id not in self._record.dirty:
                continue  # of what is not known yet all is computed
            self._record.dirty[cost_id] = merged([*self._record.dirty[cost_id], *new])
            is_old = is_old or self._is_old(cost_id, new)
        if is_old:
            await self._store.async_save_now()
        return write

    def _is_old(self, cost_id: str, ranges: Iterable[TimeRange]) -> bool:
        """Whether some time of a statistic would not be computed anew at a start."""
        state = self.states.get(cost_id)
        newest = state.last.start if state and state.last else self._horizon
        return min(ranges).start < newest - COMPUTED_AT_START

    @property
    def has_written(self) -> bool:
        """Whether amounts were written of which nothing is marked yet."""
        return any(write.is_over for write in self._writes)

    def mark_written(self) -> None:
        """Mark what follows from amounts that were written."""
        written = [write for write in self._writes if write.is_over]
        self._writes = [write for write in self._writes if not write.is_over]
        marked = []
        for state in self.states.values():
            if new := _following(state.cost_series, written):
                state.dirty = merged([*state.dirty, *new])
                marked.append(state)
        self._save(marked)

    async def async_mark_told(self, ranges: Collection[TimeRange]) -> None:
        """Mark hours of which a sensor told a price that was not known.

        No tariff changes within one of the ranges. Each is told once, so what is not there now, and
        may have such a price, is marked too. What is old is remembered at once.
        """
        if not ranges:
            return
        marked, is_old = [], False
        for cost_id in self._record.dirty.keys() - self.states.keys():
            self._record.dirty[cost_id] = merged([*self._record.dirty[cost_id], *ranges])
            is_old = is_old or self._is_old(cost_id, ranges)
        for state in self.states.values():
            if state.cost_series.is_amount:
                continue
            prices = set(state.cost_series.sources.values())
            new = [
                one
                for one in ranges
                if any(self.tariffs.sensor(price, one.start) for price in prices)
            ]
            if new:
                state.dirty = merged([*state.dirty, *new])
                marked.append(state)
                is_old = is_old or self._is_old(state.statistic_id, new)
        self._save(marked)
        if is_old:
            await self._store.async_save_now()

    def is_dirty(self, cost_ids: Collection[str], time_range: TimeRange) -> bool:
        """Whether any of these statistics is to be computed in a stretch, or its amounts change."""
        return any(
            one.overlap(time_range)
            for state in map(self.states.get, cost_ids)
            if state
            for one in (*state.dirty, *_following(state.cost_series, self._writes))
        )

    def forget_spent(self) -> None:
        """Forget what was spent: it is no longer true, or not true yet."""
        for state in self.states.values():
            state.spent = {}

    def forget_repriced(
        self, before: Tariffs, after: Tariffs, cost_series: Mapping[str, CostSeries]
    ) -> None:
        """Forget what was spent where prices of the past change."""
        changed = cache(partial(changed_ranges, before, after, self.now))
        for cost_id, state in self.states.items():
            if changed(self._terms(cost_id, cost_series)):
                state.spent = {}

    def note_change(self, page: CostPage) -> None:
        """Note that rows of a page, and the totals behind it, may change."""
        for state in page.states:
            state.note_change(page.range.start)
            self.last_rows.forget(state.statistic_id, page.range.start)

    def note_done(self, page: CostPage) -> None:
        """Note that a page was stored."""
        for state in page.states:
            state.dirty = without(state.dirty, page.range)
        self._save(page.states)

    async def async_reset(self, states: Collection[CostState]) -> None:
        """Delete statistics, to compute all of them again."""
        if not states:
            return
        for state in states:
            state.dirty = self._whole
            self.last_rows.forget(state.statistic_id)
        self._save(states)
        await self._store.async_save_now()
        await async_clear(self._hass, [state.statistic_id for state in states])
        for state in states:
            state.take(None)
            async_publish(self._hass, state.statistic)

    def _save(self, states: Iterable[CostState]) -> None:
        for state in states:
            following = _following(state.cost_series, self._writes)
            self._record.dirty[state.statistic_id] = merged([*state.dirty, *following])
            if extent := state.extent:
                self._record.stored[state.statistic_id] = extent
            else:
                self._record.stored.pop(state.statistic_id, None)
        self._store.save_soon()

    def _read_tariffs(self) -> Tariffs:
        return tariffs_from_data(self._record.tariffs, self._site.zone)


def _following(cost_series: CostSeries, writes: Iterable[Write]) -> list[TimeRange]:
    """Return the ranges in which a cost follows from amounts that are written."""
    return [
        one.ranges[source]
        for one in writes
        for source in cost_series.sources
        if source in one.ranges
    ]
