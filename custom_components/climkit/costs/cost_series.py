"""What follows from series and prices, and what belongs to the costs of a site or meter. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import replace
from typing import NamedTuple

from homeassistant.components.recorder.models import StatisticMetaData

from ..measures import CHARGE_POINT, ELECTRICITY, Price, Role, Series, TimeOfUse
from ..statistics import described, metadata
from .tariff import Payer
from .tariffs import Tariffs, Term

# A series that costs something, with the statistics of the amounts and what each is priced as.
type Sources = Mapping[str, Price]


class SeriesNames(NamedTuple):
    """What the statistics of a series are called, in hours of one tariff alone too."""

    cost: Callable[[TimeOfUse | None], str]
    amount: Callable[[TimeOfUse | None], str]


class CostSeries(NamedTuple):
    """What a series costs, or what it has at one of two tariffs; a statistic of its own.

    `sources` are its amounts: statistic ids and their prices. `hours`: only those of one tariff
    count. `is_amount`: the amounts themselves, not what they cost. `payer`: whose fee is in its
    hours, where a tariff says so. `name` is the one of the statistic.
    """

    series: Series
    statistic_id: str
    name: str
    sources: Sources
    hours: TimeOfUse | None = None
    is_amount: bool = False
    payer: Payer | None = None

    @property
    def meter_type(self) -> str:
        """Return the kind of its meters: with the statistic's id it says at which prices it is."""
        return self.series.feed.meter_type

    @property
    def terms(self) -> frozenset[Term]:
        """Return what of a tariff this follows from."""
        return frozenset([*self.sources.values(), *([self.payer] if self.payer else [])])

    @property
    def is_own_cost(self) -> bool:
        """Whether this is a part of what its site or meter costs.

        What is exported is paid by others. Charge points are behind the meters of the building, so
        a site's consumption holds them.
        """
        is_twice = self.meter_type == CHARGE_POINT and self.series.meter_id is None
        is_part = self.hours is not None
        return Price.EXPORT not in self.sources.values() and not is_twice and not is_part

    def describe(self, currency: str) -> StatisticMetaData:
        """Describe the statistic."""
        if self.is_amount:
            return metadata(self.series, self.name, self.statistic_id)
        return described(self.statistic_id, self.name, currency)


def cost_series_of(
    series: Iterable[tuple[Series, SeriesNames]], tariffs: Tariffs
) -> dict[str, CostSeries]:
    """Return all that ever follows from prices, by statistic id."""
    known = {one.statistic_id: (one, names) for one, names in series}
    found: dict[str, CostSeries] = {}
    for one, names in known.values():
        ids = one.part_ids or (one.statistic_id,)
        sources = {
            key: price
            for key in ids
            if key in known and (price := known[key][0].measure.price) and tariffs.has_price(price)
        }
        if sources:
            whole = CostSeries(
                series=one,
                statistic_id=one.cost_id,
                name=names.cost(None),
                sources=sources,
                payer=_payer(one, sources),
            )
            splits = _by_tariff(whole, names) if tariffs.has_low_hours else ()
            found |= {derived.statistic_id: derived for derived in (whole, *splits)}
    return found


def derived_ids(series: Series) -> set[str]:
    """Return the ids of all statistics that can follow from a series and prices."""
    ids = {series.cost_id}
    for hours in TimeOfUse:
        ids |= {series.amount_id_in(hours), series.cost_id_in(hours)}
    return ids


def _by_tariff(whole: CostSeries, names: SeriesNames) -> Iterator[CostSeries]:
    """Yield what is told by the hours of the two tariffs: what the grid gives, and what that costs.

    The cost is the one that the Energy dashboard shows beside it: of a consumer solar and fees too.
    """
    series = whole.series
    if Price.GRID not in whole.sources.values():
        return
    for hours in TimeOfUse:
        if series.is_taken_from_grid:
            yield replace(
                whole,
                statistic_id=series.amount_id_in(hours),
                name=names.amount(hours),
                hours=hours,
                is_amount=True,
                payer=None,
            )
        if _is_cost_of_grid(series):
            yield replace(
                whole, statistic_id=series.cost_id_in(hours), name=names.cost(hours), hours=hours
            )


def _is_cost_of_grid(series: Series) -> bool:
    if series.meter_id is None:
        return series.measure.role is Role.GRID_IMPORT
    return is_consumer(series)


def is_consumer(series: Series) -> bool:
    """Whether a series is all that a consumer of electricity uses, from wherever."""
    is_electricity = series.feed.meter_type == ELECTRICITY
    return series.meter_id is not None and is_electricity and bool(series.part_ids)


def _payer(series: Series, sources: Sources) -> Payer | None:
    """Return whose fee the costs of a series hold: what an owner costs, and the grid's costs."""
    if Price.GRID not in sources.values():
        return None
    if is_consumer(series):
        return Payer.METER
    is_of_site = series.meter_id is None and series.measure.role in (Role.HOME, Role.GRID_IMPORT)
    return Payer.SITE if is_of_site else None
