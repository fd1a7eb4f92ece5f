"""Keeps the cost statistics of a site equal to what its hourly amounts cost.

Costs follow from stored amounts and the user's tariffs alone, so Climkit is never asked. A worker
of its own does it for each site: energy never waits for costs. What is to be computed anew, because
an amount was written or a tariff changed, is noted as *dirty* ranges of time and remembered.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_RECORDER_HOURLY_STATISTICS_GENERATED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api import HOUR, Site, floor_hour, local_midnight
from ..measures import Price, Series
from ..statistics import (
    RowsChangedError,
    TimeRange,
    Worker,
    async_hours,
    async_last_rows_before,
    async_rebuild,
    async_rows,
    async_synchronize,
)
from ..store import ClimkitStore
from .cost_series import (
    CostSeries,
    SeriesNames,
    billed_power,
    cost_series_of,
    costs_by_owner,
    pays_meter_fee,
)
from .power import Month, months_of, power_cost
from .projection import DAYS, Projection, RecentDays
from .sensor_prices import AWAITED, SensorPrices, price_unit
from .site_state import SiteCostState
from .state import CostPage, CostState, costs_of, next_page, projection
from .tariff import Fee
from .tariffs import Means, tariffs_from_data, unusable_days


class StoredAmounts(Protocol):
    """How much of what is priced is stored."""

    @property
    def progress(self) -> float | None:
        """How much of all amounts is stored, in percent; None: not known yet."""

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
    """The cost statistics of one site, and what entities show of them."""

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

        `price_name` is the name of the hourly prices that are kept, `peak` tells the highest
        quarter-hour, in kW, of a month (its start, UTC), of the running one as far as it is known.
        """
        self._hass = hass
        self._site = site
        self._on_change = on_change
        self._amounts = amounts
        self._is_to_be_examined = False
        self._is_started = False
        self._state = SiteCostState(hass, site, store)
        self._sensor_prices = SensorPrices(hass, site, price_name, on_change)
        self._data = tariffs
        self.tariffs = tariffs_from_data(tariffs, site.zone)
        self._series: dict[Series, SeriesNames] = {}
        self._cost_series: dict[str, CostSeries] = {}
        self._by_owner: dict[str, list[str]] = {}
        self._meters_with_fee: set[str] = set()
        self._peak = peak
        self._billed_power: dict[str, Series] = {}
        self._written: list[Mapping[str, TimeRange]] = []
        self._deleted: set[str] = set()
        self._summed_up: _Sums | None = None
        self._projected: set[str] = set()
        self._told_progress: float | None = None
        self.worker = Worker(hass, f"climkit costs {site.id}", self._async_work)

    # What entities show

    @property
    def unusable_tariffs(self) -> list[str]:
        """Return the first days of tariffs that are stored and cannot be used."""
        return unusable_days(self._data)

    @property
    def owner_ids(self) -> Collection[str]:
        """Return the ids of the site and the meters that cost something."""
        return self._by_owner.keys()

    @property
    def day_start(self) -> datetime:
        """Return the start of the day, local midnight of the site, in UTC."""
        return local_midnight(self._today, self._site.zone)

    @property
    def month_start(self) -> datetime:
        """Return the start of the month, local midnight of the site, in UTC."""
        return local_midnight(self._today.replace(day=1), self._site.zone)

    @property
    def _month(self) -> Month:
        return Month.of(self._today)

    @property
    def _last_month(self) -> Month:
        return Month.of(self._month.first - timedelta(days=1))

    def _hours(self, first: date, last: date) -> TimeRange:
        """Return the hours of some days of the site."""
        zone, after = self._site.zone, last + timedelta(days=1)
        return TimeRange(local_midnight(first, zone), local_midnight(after, zone))

    @property
    def _today(self) -> date:
        return dt_util.utcnow().astimezone(self._site.zone).date()

    @property
    def free_owner_ids(self) -> Collection[str]:
        """Return the ids of the site and the meters that are there and have no price at all."""
        return {series.owner_id for series in self._series}.difference(self.owner_ids)

    @property
    def progress(self) -> float | None:
        """Return how much of the costs is computed, in full percents; None before it is known.

        It is never more than there is of the amounts.
        """
        amounts = self._amounts().progress
        if amounts is None or not self._state.is_loaded_for(self._cost_series, self._data):
            return None
        return min(self._state.progress, amounts)

    def cost_today(self, owner_id: str) -> float | None:
        """Return what a site or meter costs since local midnight, with this day's part of fees.

        None as long as there is no hour since then, and until all that belongs to it is computed.
        """
        day = self._today
        return _sum(self._spent(owner_id, day, day), self.fee(owner_id, day, day))

    def cost_this_month(self, owner_id: str) -> float | None:
        """Return what a site or meter costs since the local month began: with fees, and power.

        None as for today, and where the highest quarter-hour has a price and is not known.
        """
        return self._cost_of(owner_id, self._month)

    def cost_last_month(self, owner_id: str) -> float | None:
        """Return what a site or meter cost in the local month before: with fees, and power.

        None where no hour of that month had a cost, and until all of it is known.
        """
        return self._cost_of(owner_id, self._last_month)

    def _cost_of(self, owner_id: str, month: Month) -> float | None:
        spent = self._spent(owner_id, *month)
        return _sum(spent, self.fee(owner_id, *month), self.power(owner_id, *month))

    def projected(self, owner_id: str) -> Projection | None:
        """Return what a site or meter will have cost in the local month: with fees, and power.

        None until all that belongs to it is known, and where too few days are.
        """
        days = self._month
        hours = self._hours(*days)
        found = projection(self._states_of(owner_id, hours), hours, self.tariffs)
        power = self.power(owner_id, *days)
        if found is None or power is None:
            return None
        return Projection(
            cost=found.cost + self._fees(owner_id, *days) + power,
            so_far=found.so_far + self.fee(owner_id, *days) + power,
            days=found.days,
        )

    def _spent(self, owner_id: str, first: date, last: date) -> float | None:
        """Return the sum over all that an owner costs in some days; None if one is not known."""
        hours = self._hours(first, last)
        states = self._states_of(owner_id, hours)
        spent = [found for state in states if (found := state.spent[hours]) is not None]
        return sum(spent) if spent else None

    def _states_of(self, owner_id: str, hours: TimeRange) -> list[CostState]:
        """Return all that an owner costs; nothing if one is not summed up in some hours."""
        states = [self._state.states.get(cost_id) for cost_id in self.cost_ids(owner_id)]
        known = [state for state in states if state and hours in state.spent]
        return known if len(known) == len(states) else []

    def cost_ids(self, owner_id: str) -> list[str]:
        """Return the cost statistics that sum up to what a site or meter costs, fees apart."""
        return self._by_owner.get(owner_id, [])

    def fee(self, owner_id: str, first: date, last: date) -> float:
        """Return the fees that a site or meter pays for some days beside those in its hours.

        Days to come cost nothing.
        """
        return self._fees(owner_id, first, min(last, self._today))

    def _fees(self, owner_id: str, first: date, last: date) -> float:
        if (fee := self._fee_of(owner_id)) is None:
            return 0.0
        by_hour = any(self.fee_in(cost_id) for cost_id in self.cost_ids(owner_id))
        return self.tariffs.fees(first, last, but_by_hour=by_hour).of(fee)

    def fee_in(self, cost_id: str) -> Fee | None:
        """Return which fee a cost statistic holds, in the hours of tariffs that say so."""
        found = self._cost_series.get(cost_id)
        return found.fee if found else None

    def power(self, owner_id: str, first: date, last: date) -> float | None:
        """Return what the highest quarter-hours of the local months of some days cost.

        None where that is not known, which it never is of a part of a month; 0 where no kW has a
        price. The month that runs counts with its highest quarter-hour so far.
        """
        price = partial(self._power_price, owner_id)
        return power_cost(first, last, self._today, price, partial(self._power_peak, owner_id))

    def has_power_price(self, owner_id: str, first: date, last: date) -> bool:
        """Whether a site or meter pays for its highest quarter-hour in a month of some days."""
        return any(self._power_price(owner_id, month) for month in months_of(first, last))

    def _power_price(self, owner_id: str, month: Month) -> float:
        fee = self._fee_of(owner_id)
        return self.tariffs.power_prices(*month).of(fee) if fee else 0.0

    def _power_peak(self, owner_id: str, month: Month) -> float | None:
        series = self._billed_power.get(owner_id)
        return self._peak(series, local_midnight(month.first, self._site.zone)) if series else None

    def pays_fee(self, owner_id: str) -> bool:
        """Whether a site or meter has costs to which fixed fees belong."""
        return self._fee_of(owner_id) is not None

    def _fee_of(self, owner_id: str) -> Fee | None:
        if owner_id in self._meters_with_fee:
            return Fee.METER
        is_site = owner_id == self._site.id and owner_id in self._by_owner
        return Fee.SITE if is_site else None

    def is_pending(self, cost_ids: Collection[str], time_range: TimeRange) -> bool:
        """Whether any of these statistics is, in a stretch, still to be computed (anew)."""
        if self._deleted or not self._state.is_loaded_for(self._cost_series, self._data):
            return True
        return self._state.is_dirty(cost_ids, time_range)

    def price(self, price: Price) -> float | None:
        """Return what a kWh costs now; where a sensor tells it, what that tells just now."""
        hour = floor_hour(dt_util.utcnow())
        if (sensor := self.tariffs.sensor(price, hour)) is None:
            return self.tariffs.price(price, hour)
        now = self._sensor_prices.now(sensor, price_unit(self.tariffs.currency))
        return None if now is None else self.tariffs.price(price, hour, {sensor: {hour: now}})

    async def async_means(self, hours: TimeRange) -> Means:
        """Return what sensors told of the hours of a stretch that are over, as it is kept."""
        return await self._sensor_prices.async_kept(self.tariffs, hours)

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
        self._series = dict(series)
        self._plan()

    def set_tariffs(self, tariffs: list[dict[str, Any]]) -> None:
        """Say which tariffs the site has, as they are stored."""
        if tariffs == self._data:
            return
        before, self.tariffs = self.tariffs, tariffs_from_data(tariffs, self._site.zone)
        self._data = tariffs
        self._sensor_prices.look_again(at_all=True)
        self._plan()
        self._state.forget_repriced(before, self.tariffs, self._cost_series)
        self._on_change()

    def project(self, owner_id: str) -> Callable[[], None]:
        """Project what a site or meter will have cost, until the returned function is called."""
        self._projected.add(owner_id)
        self.worker.wake()
        return lambda: self._projected.discard(owner_id)

    def _plan(self) -> None:
        self._cost_series = cost_series_of(self._series.items(), self.tariffs)
        self._by_owner = costs_by_owner(self._cost_series)
        self._meters_with_fee = pays_meter_fee(self._cost_series.values())
        self._billed_power = billed_power(self._series)
        self._follow_sensors()
        self.worker.wake()

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
        await self._state.async_remember(ranges, self._cost_series)
        try:
            yield
        finally:
            self._written.append(ranges)
            self.worker.wake()

    def note_deleted(self, statistic_ids: Collection[str]) -> None:
        """Take note of statistics that were deleted, of amounts or of costs."""
        self._deleted.update(statistic_ids)
        self.worker.wake()

    def start_night(self) -> None:
        """Look whether what was computed is still stored, in the background."""
        self._is_to_be_examined = True
        self._sensor_prices.look_again(at_all=True)
        self.worker.wake()

    def note_time(self) -> None:
        """Take note that an hour begins: prices may be others, and with a day sums begin anew."""
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
        if self._amounts().is_clock_behind:
            return False
        try:
            return await self._async_do_next()
        except RowsChangedError as err:
            await self._state.async_examine(err.statistic_ids)
            return True
        finally:
            if self._told_progress != (progress := self.progress):
                self._told_progress = progress
                self._on_change()

    async def _async_do_next(self) -> bool:
        if not self._state.is_loaded_for(self._cost_series, self._data):
            self._summed_up = None
            await self._state.async_load(self._cost_series, self._data, self._series)
        elif self._is_to_be_examined:
            self._is_to_be_examined = False
            await self._state.async_examine()
        elif self._deleted:
            deleted, self._deleted = self._deleted, set()
            await self._state.async_reset(self._state.affected_by(deleted))
        elif self._written:
            written, self._written = self._written, []
            self._state.mark_dirty(written)
        elif self._sensor_prices.is_due:
            told = await self._sensor_prices.async_look(self._state.tariffs)
            await self._state.async_mark_told(told)
        elif page := next_page(self._state.states.values()):
            self._summed_up = None
            await self._async_compute(page)
        elif unlearned := self._unlearned:
            await self._async_learn_days(unlearned)
        elif self._summed_up != (sums := self._sums):
            await self._async_sum_up(sums)
        else:
            return False
        return True

    async def _async_compute(self, page: CostPage) -> None:
        """Compute a page from the stored amounts, and store what differs.

        An hour without a price, or without an amount, shall have no row. Home Assistant cannot
        delete single rows, so a statistic with one too many is written anew.
        """
        await async_synchronize(self._hass)  # what was about to be written is stored now
        sources = {source for state in page.states for source in state.cost_series.sources}
        found = await async_rows(self._hass, sources, page.range.start, page.range.end)
        amounts = {source: rows for source, (rows, _) in found.items()}
        tariffs = self._state.tariffs
        means = await self._sensor_prices.async_means(tariffs, page.range)
        costs = await self._hass.async_add_executor_job(
            costs_of, page.states, amounts, tariffs, means
        )
        stored = await self._async_stored_hours(page)
        wrong = [
            one
            for one in page.states
            if stored.get(one.statistic_id, set()) - costs[one.statistic_id].keys()
        ]
        if wrong:
            await self._state.async_reset(wrong)
            return
        for state in page.states:
            state.forget_totals(page.range.start)
        await async_rebuild(self._hass, page.states, page.range, costs)
        self._state.note_done(page)

    async def _async_stored_hours(self, page: CostPage) -> dict[str, set[datetime]]:
        """Return the hours of a page that have a cost, by cost id."""
        start, end = page.range.start, page.range.end
        reaching = [one.statistic_id for one in page.states if one.last and one.last.start >= start]
        if not reaching:
            return {}
        found = await async_rows(self._hass, reaching, start, end)
        return {cost_id: {row.start for row in rows} for cost_id, (rows, _) in found.items()}

    @property
    def _sums(self) -> _Sums:
        """Return what entities are to be told of now."""
        unread = {
            cost_id
            for cost_id, state in self._state.states.items()
            if any(map(self._amounts().is_awaited, state.cost_series.sources))
        }
        days = ((self._today, self._today), self._month, self._last_month)
        return _Sums(tuple(self._hours(*one) for one in days), frozenset(unread))

    async def _async_sum_up(self, sums: _Sums) -> None:
        """Work out what was spent, and tell entities; nothing is known of what is not read."""
        shown = {cost_id for cost_ids in self._by_owner.values() for cost_id in cost_ids}
        read = [
            one
            for cost_id, one in self._state.states.items()
            if cost_id in shown and cost_id not in sums.unread
        ]
        for time in {edge for one in sums.stretches for edge in (one.start, one.end)}:
            unknown = {one.statistic_id: one for one in read if not one.knows_before(time)}
            rows = await async_last_rows_before(self._hass, unknown, [time]) if unknown else {}
            for key, [row] in rows.items():
                unknown[key].before[time] = row
        if not self._state.is_loaded_for(self._cost_series, self._data):
            return  # prices or meters changed meanwhile
        self._state.forget_spent()
        for state in read:
            state.sum_up(sums.stretches)
        self._summed_up = sums
        self._on_change()

    @property
    def _unlearned(self) -> list[CostState]:
        """Return what is projected and of which the last days are not known, or no longer."""
        wanted = {cost_id for owner_id in self._projected for cost_id in self.cost_ids(owner_id)}
        read = wanted - self._sums.unread if wanted else wanted
        states = (self._state.states.get(cost_id) for cost_id in read)
        return [one for one in states if one and one.last and not one.knows_days(self.day_start)]

    async def _async_learn_days(self, states: Collection[CostState]) -> None:
        """Learn what the last days cost; once a day, and where their hours changed."""
        today, zone = self._today, self._site.zone
        start = local_midnight(today - timedelta(days=DAYS), zone)
        ids = [state.statistic_id for state in states]
        found = await async_hours(self._hass, ids, start, local_midnight(today, zone))
        for state in states:
            fee, hours = state.cost_series.fee, found.get(state.statistic_id, {})
            amounts = self._state.tariffs.without_fees(fee, hours)
            state.take_recent(
                await self._hass.async_add_executor_job(RecentDays.of, amounts, today, zone)
            )
        self._on_change()


def _sum(*parts: float | None) -> float | None:
    """Return the sum of all parts; None where one is not known."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
