"""What a site and its meters pay in a day or a month: for what they used, with fees and power."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from homeassistant.util import dt as dt_util

from ..api import Site, local_midnight
from ..measures import Series
from ..statistics import TimeRange
from .plan import CostPlan
from .power import Month, power_cost
from .projection import Projection
from .site_state import SiteCostState
from .state import CostState, projection


class Bills:
    """What there is to pay, as far as it is computed; today is the site's."""

    def __init__(
        self,
        site: Site,
        state: SiteCostState,
        plan: Callable[[], CostPlan],
        peak: Callable[[Series, datetime], float | None],
    ) -> None:
        """Prepare.

        `plan` tells what has a price now, and `peak` the highest quarter-hour, in kW, of a month
        (its start, UTC), of the running one as far as it is known.
        """
        self._zone = site.zone
        self._created = site.created.astimezone(site.zone).date() if site.created else None
        self._state = state
        self._plan = plan
        self._peak = peak

    @property
    def today(self) -> date:
        """Return the day that runs."""
        return dt_util.utcnow().astimezone(self._zone).date()

    @property
    def month(self) -> Month:
        """Return the month that runs."""
        return Month.of(self.today)

    @property
    def last_month(self) -> Month:
        """Return the month before."""
        return Month.of(self.month.first - timedelta(days=1))

    @property
    def day_start(self) -> datetime:
        """Return the start of the day, local midnight of the site, in UTC."""
        return local_midnight(self.today, self._zone)

    @property
    def month_start(self) -> datetime:
        """Return the start of the month, local midnight of the site, in UTC."""
        return local_midnight(self.month.first, self._zone)

    @property
    def stretches(self) -> tuple[TimeRange, ...]:
        """Return the hours of the days for which it is told what there is to pay."""
        days = ((self.today, self.today), self.month, self.last_month)
        return tuple(self._hours(*one) for one in days)

    def cost_today(self, owner_id: str) -> float | None:
        """Return what a site or meter costs since local midnight, with this day's part of fees.

        None as long as there is no hour since then, and until all that belongs to it is computed.
        """
        day = self.today
        return _sum(self._spent(owner_id, day, day), self.fee_so_far(owner_id, day, day))

    def cost_this_month(self, owner_id: str) -> float | None:
        """Return what a site or meter costs since the local month began: with fees, and power.

        None as for today, and where the highest quarter-hour has a price and is not known.
        """
        return self._cost_of(owner_id, self.month)

    def cost_last_month(self, owner_id: str) -> float | None:
        """Return what a site or meter cost in the local month before: with fees, and power.

        None where no hour of that month had a cost, and until all of it is known.
        """
        return self._cost_of(owner_id, self.last_month)

    def _cost_of(self, owner_id: str, month: Month) -> float | None:
        spent = self._spent(owner_id, *month)
        return _sum(spent, self.fee_so_far(owner_id, *month), self.power(owner_id, *month))

    def projected(self, owner_id: str) -> Projection | None:
        """Return what a site or meter will have cost in the local month: with fees, and power.

        None until all that belongs to it is known, and where too few days are.
        """
        plan, days = self._plan(), self.month
        hours = self._hours(*days)
        found = projection(self._states_of(owner_id, hours), hours, plan.tariffs)
        power = self.power(owner_id, *days)
        if found is None or power is None:
            return None
        # At the month's end all of its fee is paid, and so far that of the days up to today.
        return Projection(
            cost=found.cost + plan.fee(owner_id, *days) + power,
            so_far=found.so_far + self.fee_so_far(owner_id, *days) + power,
            days=found.days,
        )

    def fee_so_far(self, owner_id: str, first: date, last: date) -> float:
        """Return the fees that a site or meter pays for some days beside those in its hours.

        Days to come cost nothing.
        """
        return self._plan().fee(owner_id, first, min(last, self.today))

    def power(self, owner_id: str, first: date, last: date) -> float | None:
        """Return what the highest quarter-hours of the local months of some days cost.

        None where that is not known, which it never is of a part of a month; 0 where no kW has a
        price. The month that runs counts with its highest quarter-hour so far, and the one in which
        the site began from that day on.
        """
        if self._created and first <= self._created:
            first = Month.of(first).first  # nothing was measured before
        price = partial(self._plan().power_price, owner_id)
        return power_cost(first, last, self.today, price, partial(self._power_peak, owner_id))

    def _power_peak(self, owner_id: str, month: Month) -> float | None:
        series = self._plan().billed_power.get(owner_id)
        return self._peak(series, local_midnight(month.first, self._zone)) if series else None

    def _spent(self, owner_id: str, first: date, last: date) -> float | None:
        """Return the sum over all that an owner costs in some days; None if one is not known."""
        hours = self._hours(first, last)
        states = self._states_of(owner_id, hours)
        spent = [found for state in states if (found := state.spent[hours]) is not None]
        return sum(spent) if spent else None

    def _states_of(self, owner_id: str, hours: TimeRange) -> list[CostState]:
        """Return all that an owner costs; nothing if one is not summed up in some hours."""
        cost_ids = self._plan().cost_ids_of(owner_id)
        states = [self._state.states.get(cost_id) for cost_id in cost_ids]
        known = [state for state in states if state and hours in state.spent]
        return known if len(known) == len(states) else []

    def _hours(self, first: date, last: date) -> TimeRange:
        """Return the hours of some days of the site."""
        after = last + timedelta(days=1)
        return TimeRange(local_midnight(first, self._zone), local_midnight(after, self._zone))


def _sum(*parts: float | None) -> float | None:
    """Return the sum of all parts; None where one is not known."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
