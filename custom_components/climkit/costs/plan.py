"""What of a site has a price, and who pays for it. Pure: no I/O, no clock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, Self

from ..measures import ELECTRICITY, Series
from .cost_series import CostSeries, SeriesNames, cost_series_of, is_consumer
from .power import Month, months_of
from .tariff import Payer
from .tariffs import Tariffs


class CostPlan(NamedTuple):
    """What follows from the series and the tariffs of a site, until one of them changes.

    `cost_series`: the statistics to be computed, by their id. `cost_ids`: those that sum up to what
    a site or meter costs, by its id. `payers`: as what these pay fees and for power.
    `billed_power`: of what their highest quarter-hours are billed; `with_electricity`: of whom one
    is, others have no power.
    """

    series: Mapping[Series, SeriesNames]
    tariffs: Tariffs
    cost_series: Mapping[str, CostSeries]
    cost_ids: Mapping[str, list[str]]
    payers: Mapping[str, Payer]
    billed_power: Mapping[str, Series]
    with_electricity: Collection[str]

    @classmethod
    def of(cls, site_id: str, series: Mapping[Series, SeriesNames], tariffs: Tariffs) -> Self:
        """Make it; each series comes with the names of what follows from it and prices."""
        cost_series = cost_series_of(series.items(), tariffs)
        cost_ids = _costs_by_owner(cost_series)
        payers = {site_id: Payer.SITE} if site_id in cost_ids else {}
        payers |= dict.fromkeys(_pay_meter_fee(cost_series.values()), Payer.METER)
        with_electricity = {one.owner_id for one in series if one.feed.meter_type == ELECTRICITY}
        return cls(
            series,
            tariffs,
            cost_series,
            cost_ids,
            payers,
            billed_power=_billed_power(series),
            with_electricity=with_electricity,
        )

    @property
    def owner_ids(self) -> Collection[str]:
        """Return the ids of the site and the meters that cost something."""
        return self.cost_ids.keys()

    @property
    def free_owner_ids(self) -> Collection[str]:
        """Return the ids of the site and the meters that are there and have no price at all."""
        return {series.owner_id for series in self.series}.difference(self.owner_ids)

    def cost_ids_of(self, owner_id: str) -> Sequence[str]:
        """Return the ids of what sums up to what a site or meter costs; none where it is free."""
        return self.cost_ids.get(owner_id, ())

    def payer_in(self, cost_id: str) -> Payer | None:
        """Return whose fee a cost statistic holds, in the hours of tariffs that say so."""
        found = self.cost_series.get(cost_id)
        return found.payer if found else None

    def fee(self, owner_id: str, first: date, last: date) -> float:
        """Return the fees that a site or meter pays for some days beside those in its hours."""
        if (payer := self.payers.get(owner_id)) is None:
            return 0.0
        is_in_hours = any(map(self.payer_in, self.cost_ids_of(owner_id)))
        return self.tariffs.fee(payer, first, last, but_spread=is_in_hours)

    def power_price(self, owner_id: str, month: Month) -> float:
        """Return what a site or meter pays for each kW of a month's highest quarter-hour."""
        payer = self.payers.get(owner_id) if owner_id in self.with_electricity else None
        return self.tariffs.power_price(payer, *month) if payer else 0.0

    def has_power_price(self, owner_id: str, first: date, last: date) -> bool:
        """Whether a site or meter pays for its highest quarter-hour in a month of some days."""
        return any(self.power_price(owner_id, month) for month in months_of(first, last))


def _costs_by_owner(cost_series: Mapping[str, CostSeries]) -> dict[str, list[str]]:
    """Return the cost ids that sum up to what each site and meter costs; none is there twice."""
    parts = {part for one in cost_series.values() for part in one.series.part_ids}
    owners: dict[str, list[str]] = {}
    for cost_id, one in cost_series.items():
        if one.is_own_cost and one.series.statistic_id not in parts:
            owners.setdefault(one.series.owner_id, []).append(cost_id)
    return owners


def _pay_meter_fee(cost_series: Iterable[CostSeries]) -> set[str]:
    """Return the ids of the meters that pay a fee: those of electricity of consumers."""
    return {one.series.owner_id for one in cost_series if is_consumer(one.series)}


def _billed_power(series: Iterable[Series]) -> dict[str, Series]:
    """Return of what the highest quarter-hours are billed, by the id of a site or consumer.

    It is what they draw from the grid. The meter at a site's grid connection pays nothing itself.
    """
    return {one.owner_id: one for one in series if one.is_taken_from_grid}
