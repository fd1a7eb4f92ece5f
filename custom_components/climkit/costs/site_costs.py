"""Keeps the cost statistics of a site equal to what its hourly amounts cost.

Costs follow from stored amounts and the user's tariffs alone, so Climkit is never asked. A worker
of its own does it for each site: energy never waits for costs. What is to be computed anew, because
an amount was written or a tariff changed, is noted as *dirty* ranges of time and remembered.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_RECORDER_HOURLY_STATISTICS_GENERATED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api import HOUR, Site, floor_hour
from ..measures import Price, Series
from ..statistics import RowsChangedError, TimeRange, Worker
from ..store import ClimkitStore
from .bills import Bills
from .computing import async_compute, async_learn_days
from .cost_series import SeriesNames
from .plan import CostPlan
from .sensor_prices import AWAITED, SensorPrices, price_unit
from .site_state import SiteCostState
from .state import CostPage, CostState, next_page
from .tariffs import Means, Tariffs, tariffs_from_data, unusable_days


class StoredAmounts(Protocol):
    """How much of what is priced is stored."""

    @property
    def progress(self) -> float | None:
        """How much of all amounts is stored, in percent; None: not known yet."""

    @property
    def is_loaded(self) -> bool:
        """Whether it is known how far all amounts are stored; until then nothing is computed."""

    @property
    def is_clock_behind(self) -> bool:
        """Whether hours are stored that seem to be still to come: then nothing is computed."""

    def is_awaited(self, statistic_id: str) -> bool:
        """Whether amounts of a statistic are still to be read."""


class _Sums(NamedTuple):
    """What was spent in which stretches, except of the statistics whose amounts are not read."""

    stretches: tuple[TimeRange, ...]
    unread: frozenset[str]


class SiteCosts:
    """The cost statistics of one site: what they follow from, and the work on them.

    `plan` says what has a price now, and `bills` what there is to pay.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        site: Site,
        store: ClimkitStore,
        tariffs: list[dict[str, Any]],
        *,
        price_name: str,
        peak: Callable[[Series, datetime], float | None],
        amounts: Callable[[], StoredAmounts],
        on_change: Callable[[], None],
    ) -> None:
        """Prepare with the site's stored tariffs; `on_change` tells of new costs and progress.

        `price_name` is the name of the hourly prices that are copied; see `Bills` for `peak`.
        `amounts` are asked for when needed: history is made later, with the `write_guard`.
        """
        self._hass = hass
        self._site = site
        self._on_change = on_change
        self._amounts = amounts
        self._is_to_be_examined = False
        self._is_started = False
        self._state = SiteCostState(hass, site, store)
        self._sensor_prices = SensorPrices(hass, site, price_name, on_change)
        self._stored = tariffs
        self.plan = CostPlan.of(site.id, {}, tariffs_from_data(tariffs, site.zone))
        self.bills = Bills(site, self._state, lambda: self.plan, peak)
        self._deleted: set[str] = set()
        self._summed_up: _Sums | None = None
        self._projected: set[str] = set()
        self._told_progress: float | None = None
        self.worker = Worker(hass, f"climkit costs {site.id}", self._async_work)

    # What is known

    @property
    def tariffs(self) -> Tariffs:
        """Return the tariffs that hold now."""
        return self.plan.tariffs

    @property
    def unusable_tariffs(self) -> list[str]:
        """Return the first days of tariffs that are stored and cannot be used."""
        return unusable_days(self._stored)

    @property
    def _is_loaded(self) -> bool:
        """Whether it is known where all statistics stand, with the prices of now."""
        return self._state.is_loaded_for(self.plan.cost_series, self._stored)

    @property
    def progress(self) -> float | None:
        """Return how much of the costs is computed, in full percents; None before it is known.

        It is never more than there is of the amounts.
        """
        amounts = self._amounts().progress
        return (
            min(self._state.progress, amounts) if amounts is not None and self._is_loaded else None
        )

    def is_pending(self, cost_ids: Collection[str], time_range: TimeRange) -> bool:
        """Whether any of these statistics is, in a stretch, still to be computed (anew)."""
        is_known = self._is_loaded and not self._deleted
        return not is_known or self._state.is_dirty(cost_ids, time_range)

    def is_known(self, owner_id: str, time_range: TimeRange) -> bool:
        """Whether all that a site or meter paid in a stretch is computed, out of all amounts."""
        cost_ids = self.plan.cost_ids_of(owner_id)
        return not self.is_pending(cost_ids, time_range) and not self._unread(cost_ids)

    def _unread(self, cost_ids: Iterable[str]) -> set[str]:
        """Return the statistics among these whose amounts are still to be read."""
        states = [state for one in cost_ids if (state := self._state.states.get(one))]
        return {
            state.statistic_id
            for state in states
            if any(map(self._amounts().is_awaited, state.cost_series.sources))
        }

    def price(self, price: Price) -> float | None:
        """Return what a kWh costs now; where a sensor tells it, what that tells just now."""
        hour = floor_hour(dt_util.utcnow())
        if (sensor := self.tariffs.sensor(price, hour)) is None:
            return self.tariffs.price(price, hour)
        now = self._sensor_prices.now(sensor, price_unit(self.tariffs.currency))
        return None if now is None else self.tariffs.price(price, hour, {sensor: {hour: now}})

    async def async_copied_means(self, hours: TimeRange) -> Means:
        """Return what sensors told of the hours of a stretch that are over, as it is copied."""
        return await self._sensor_prices.async_copied_means(self.tariffs, hours)

    def is_price_awaited(self, hour: datetime) -> bool:
        """Whether a sensor tells what the grid costs in an hour, so lately that it may still."""
        is_late = hour < dt_util.utcnow() - AWAITED
        return not is_late and self.tariffs.sensor(Price.GRID, hour) is not None

    @property
    def hours_without_price(self) -> int:
        """Return how many hours have no price, since no sensor told one, at the last look."""
        ranges = [one for untold in self._sensor_prices.untold.values() for one in untold]
        return sum((one.end - one.start) // HOUR for one in ranges)

    # What others tell

    def set_series(self, series: Iterable[tuple[Series, SeriesNames]]) -> None:
        """Say which series there are, each with the names of what follows from it and prices."""
        self._plan_with(dict(series), self.tariffs)

    def set_tariffs(self, tariffs: list[dict[str, Any]]) -> None:
        """Say which tariffs the site has, as they are stored."""
        if tariffs == self._stored:
            return
        before, self._stored = self.tariffs, tariffs
        self._sensor_prices.look_again(all_time=True)
        self._plan_with(self.plan.series, tariffs_from_data(tariffs, self._site.zone))
        self._state.forget_repriced(before, self.tariffs, self.plan.cost_series)
        self._on_change()

    def _plan_with(self, series: Mapping[Series, SeriesNames], tariffs: Tariffs) -> None:
        self.plan = CostPlan.of(self._site.id, series, tariffs)
        self._follow_sensors()
        self.worker.wake()

    def project(self, owner_id: str) -> Callable[[], None]:
        """Project what a site or meter will have cost, until the returned function is called."""
        self._projected.add(owner_id)
        self.worker.wake()
        return lambda: self._projected.discard(owner_id)

    def _follow_sensors(self) -> None:
        """Hear of the prices of now that sensors tell, once this works."""
        if self._is_started:
            now = dt_util.utcnow()
            self._sensor_prices.follow(
                {told for price in Price if (told := self.tariffs.sensor(price, now))}
            )

    @asynccontextmanager
    async def write_guard(self, ranges: Mapping[str, TimeRange]) -> AsyncIterator[None]:
        """Take note of amounts that are written now: in which range, by statistic id.

        What a kill of Home Assistant would leave wrong is remembered before the first write; it is
        computed after the last one.
        """
        write = await self._state.async_begin_write(ranges, self.plan.cost_series)
        try:
            yield
        finally:
            write.is_over = True
            self.worker.wake()

    def note_deleted(self, statistic_ids: Collection[str]) -> None:
        """Take note of statistics that were deleted, of amounts or of costs."""
        self._deleted.update(statistic_ids)
        self.worker.wake()

    def start_night(self) -> None:
        """Look whether what was computed is still stored, in the background."""
        self._is_to_be_examined = True
        self._sensor_prices.look_again(all_time=True)
        self.worker.wake()

    def start_hour(self) -> None:
        """Let prices be others, and with a day sums begin anew."""
        self._sensor_prices.look_again()
        self._follow_sensors()
        self.worker.wake()
        self._on_change()

    # The work

    def start(self, entry: ConfigEntry[Any]) -> None:
        """Start to work, and to hear of what sensors tell; that ends with the entry."""
        self._is_started = True
        self._follow_sensors()
        self.worker.start(entry)
        compiled = EVENT_RECORDER_HOURLY_STATISTICS_GENERATED
        entry.async_on_unload(self._hass.bus.async_listen(compiled, self._note_means))
        entry.async_on_unload(self._sensor_prices.unfollow)

    @callback
    def _note_means(self, _event: Event[Any]) -> None:
        """Take note that the recorder has the means of another hour."""
        self._sensor_prices.look_again()
        self.worker.wake()

    async def _async_work(self) -> bool:
        """Do what comes next; tell whether there was anything to do."""
        amounts = self._amounts()
        if not amounts.is_loaded or amounts.is_clock_behind:
            return False
        self._state.now = dt_util.utcnow()  # it is right now, and may be set during the step
        try:
            return await self._async_do_next()
        except RowsChangedError as err:
            await self._state.async_examine(err.statistic_ids)
            return True
        finally:
            self._tell_progress()

    def _tell_progress(self) -> None:
        if self._told_progress != (progress := self.progress):
            self._told_progress = progress
            self._on_change()

    async def _async_do_next(self) -> bool:
        """Do what comes next.

        What is to be stored comes before all that stores nothing: as long as it fails, nothing else
        may look to the worker as if the recorder were well again.
        """
        if not self._is_loaded:
            self._summed_up = None
            await self._state.async_load(self.plan.cost_series, self._stored, self.plan.series)
        elif self._deleted:
            deleted, self._deleted = self._deleted, set()
            await self._state.async_forget(deleted)
            await self._state.async_reset(self._state.affected_by(deleted))
        elif page := self._take_next_page():
            self._summed_up = None
            await self._async_compute(page)
        elif self._sensor_prices.is_due:
            told = await self._sensor_prices.async_look(self._state.tariffs)
            await self._state.async_mark_told(told)
        elif unlearned := self._unlearned:
            await self._async_learn_days(unlearned)
        elif self._summed_up != (sums := self._sums):
            await self._async_sum_up(sums)
        elif self._is_to_be_examined:  # it may take long, or fail, so what is new comes first
            await self._state.async_examine()
            self._is_to_be_examined = False
        else:
            return False
        return True

    def _take_next_page(self) -> CostPage | None:
        """Take in which amounts were written, and return what to compute next."""
        if self._state.has_written:
            self._state.mark_written()
            self._tell_progress()
        return next_page(self._state.states.values())

    async def _async_compute(self, page: CostPage) -> None:
        tariffs = self._state.tariffs
        means = await self._sensor_prices.async_copy_means(tariffs, page.range)
        self._state.note_change(page)
        if wrong := await async_compute(self._hass, page, tariffs, means):
            await self._state.async_reset(wrong)
        else:
            self._state.note_done(page)

    @property
    def _sums(self) -> _Sums:
        """Return what entities are to be told of now."""
        return _Sums(self.bills.stretches, frozenset(self._unread(self._state.states)))

    async def _async_sum_up(self, sums: _Sums) -> None:
        """Work out what was spent, and tell entities; nothing is known of what is not read."""
        shown = {cost_id for cost_ids in self.plan.cost_ids.values() for cost_id in cost_ids}
        read = [
            one
            for cost_id, one in self._state.states.items()
            if cost_id in shown and cost_id not in sums.unread
        ]
        edges = {edge for one in sums.stretches for edge in (one.start, one.end)}
        before = await self._state.last_rows.async_before(read, edges)
        if not self._is_loaded:
            return  # prices or meters changed meanwhile
        self._state.forget_spent()
        for state in read:
            state.sum_up(sums.stretches, before[state.statistic_id])
        self._summed_up = sums
        self._on_change()

    @property
    def _unlearned(self) -> list[CostState]:
        """Return what is projected and of which the last days are not known, or no longer."""
        wanted = {key for one in self._projected for key in self.plan.cost_ids_of(one)}
        read = wanted - self._sums.unread if wanted else wanted
        states, today = map(self._state.states.get, read), self.bills.day_start
        return [one for one in states if one and one.last and not one.knows_days(today)]

    async def _async_learn_days(self, states: Collection[CostState]) -> None:
        """Learn what the last days cost; once a day, and where their hours changed."""
        await async_learn_days(
            self._hass, states, self.bills.today, self._site.zone, self._state.tariffs
        )
        self._on_change()
