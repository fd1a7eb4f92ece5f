"""Which series cost something, and what belongs to the costs of a site or meter. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..measures import CHARGE_POINT, ELECTRICITY, Price, Series
from .tariffs import Tariffs

# A series that costs something, with the statistics of the amounts and what each is priced as.
type Sources = Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class CostSeries:
    """A series that costs something; `sources` are its amounts: statistic ids and their prices.

    `name` is the one of the cost statistic.
    """

    series: Series
    name: str
    sources: Sources

    @property
    def is_own_cost(self) -> bool:
        """Whether this is a part of what its site or meter costs.

        What is exported is paid by others. Charge points are behind the meters of the building, so
        a site's consumption holds them.
        """
        is_twice = self.series.feed.meter_type == CHARGE_POINT and self.series.meter_id is None
        return Price.EXPORT not in self.sources.values() and not is_twice


def cost_series_of(series: Iterable[tuple[Series, str]], tariffs: Tariffs) -> dict[str, CostSeries]:
    """Return the series that ever cost something, by cost id; each series comes with a name."""
    known = {one.statistic_id: (one, name) for one, name in series}
    found = {}
    for one, name in known.values():
        ids = one.part_ids or (one.statistic_id,)
        sources = {
            key: price
            for key in ids
            if key in known and (price := known[key][0].measure.price) and tariffs.has_price(price)
        }
        if sources:
            found[one.cost_id] = CostSeries(one, name, sources)
    return found


def costs_by_owner(cost_series: Mapping[str, CostSeries]) -> dict[str, list[str]]:
    """Return the cost ids that sum up to what each site and meter costs; none is there twice."""
    parts = {part for one in cost_series.values() for part in one.series.part_ids}
    owners: dict[str, list[str]] = {}
    for cost_id, one in cost_series.items():
        if one.is_own_cost and one.series.statistic_id not in parts:
            owners.setdefault(one.series.owner_id, []).append(cost_id)
    return owners


def pays_meter_fee(cost_series: Iterable[CostSeries]) -> set[str]:
    """Return the ids of the meters that pay a fee: those of electricity of consumers."""
    return {
        one.series.meter_id
        for one in cost_series
        if one.series.meter_id and one.series.feed.meter_type == ELECTRICITY and one.series.part_ids
    }
