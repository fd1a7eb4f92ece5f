"""The series that a site's meters make of the table of measures, and the feeds that serve them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from ..api import Meter, MeterMode, is_object_id
from ..const import DOMAIN
from ..ids import slug
from ..options import Selection
from .table import (
    BATTERY_COLUMNS,
    ELECTRICITY,
    METER_COLUMNS,
    METER_TYPES,
    Measure,
    Price,
    Role,
    TimeOfUse,
    measures_of,
)


class Feed(NamedTuple):
    """A meter type of a whole site, or a single meter of it.

    The answer for a whole site serves the series of all its meters through its columns.
    """

    site_id: str
    meter_type: str
    meter_id: str | None = None

    @property
    def key(self) -> str:
        """How it is called in what is remembered of its site."""
        return self.meter_id or self.meter_type


class Series(NamedTuple):
    """One measure of one meter or site over time: one column of a feed, one statistic."""

    feed: Feed
    column: str
    measure: Measure
    meter_id: str | None = None

    @property
    def owner_id(self) -> str:
        """Id of the meter or, for a site's own series, of the site."""
        return self.meter_id or self.feed.site_id

    @property
    def key(self) -> str:
        """What distinguishes this series from the others of its owner."""
        if self.meter_id:
            return self.measure.key
        return f"{self.feed.meter_type}_{self.measure.key}"

    @property
    def statistic_id(self) -> str:
        """Id of the external statistic. It can never be renamed, so only API words go into it."""
        return f"{DOMAIN}:{slug(self.owner_id)}_{self.key}"

    @property
    def cost_id(self) -> str:
        """Id of the external statistic of what this costs, beside its own."""
        return f"{self.statistic_id}_cost"

    @property
    def is_taken_from_grid(self) -> bool:
        """Whether this is what a consumer or a whole site takes; its meter only says that again."""
        is_meter_of_site = self.meter_id is not None and self.measure.role is Role.GRID_IMPORT
        return self.measure.price is Price.GRID and not is_meter_of_site

    def amount_id_in(self, hours: TimeOfUse) -> str:
        """Id of the external statistic of the amounts in hours of one tariff alone."""
        return f"{self.statistic_id}_{hours}"

    def cost_id_in(self, hours: TimeOfUse) -> str:
        """Id of the external statistic of what this costs in hours of one tariff alone."""
        return f"{self.statistic_id}_{hours}_cost"

    @property
    def part_ids(self) -> tuple[str, ...]:
        """Ids of the statistics of the parts that this is the sum of."""
        stem = self.statistic_id.removesuffix(self.measure.key)
        return tuple(stem + key for key in self.measure.parts)


def split_column(column: str) -> tuple[str, str] | None:
    """Split a column such as `total_<meter id>`; None for a column of the site itself.

    The site may get new columns of any name, but none that ends like an id.
    """
    prefix, _, meter_id = column.partition("_")
    is_meter = prefix in METER_COLUMNS and is_object_id(meter_id)
    return (prefix, meter_id) if is_meter else None


def measured_by_site(meters: Iterable[Meter]) -> frozenset[str]:
    """Return the ids of the meters for which the site's own columns stand.

    Introduction and battery meters have no column of their own (observed for the introduction), but
    the only one of a site measures just what the site's grid (battery) columns say.
    """
    main = [
        meter
        for meter in meters
        if meter.type == ELECTRICITY and meter.mode in (MeterMode.INTRODUCTION, MeterMode.BATTERY)
    ]
    number = Counter(meter.mode for meter in main)
    return frozenset(meter.id for meter in main if number[meter.mode] == 1)


def repeated_by_site(meters: Iterable[Meter]) -> frozenset[str]:
    """Return the ids of the meters that say what the totals of their site say too.

    Beside those for which the site's own columns stand that is the only one of the production.
    """
    meters = list(meters)
    solar = [
        meter.id
        for meter in meters
        if meter.type == ELECTRICITY and meter.mode is MeterMode.PRODUCTION
    ]
    return measured_by_site(meters) | frozenset(solar if len(solar) == 1 else ())


def series_of_meter(site_id: str, meter: Meter, *, has_column: bool, by_site: bool) -> list[Series]:
    """Return the series of a meter: columns of the site's answer, or of the meter's own.

    `by_site`: the site's own columns stand for a meter without a column.
    """
    feed = Feed(site_id, meter.type, None if has_column or by_site else meter.id)
    return [
        Series(
            feed=feed,
            column=f"{measure.key}_{meter.id}" if has_column else measure.key,
            measure=measure,
            meter_id=meter.id,
        )
        for measure in measures_of(meter, by_site=by_site)
    ]


def series_of_site(site_id: str, meter_type: str, *, has_battery: bool) -> list[Series]:
    """Return the series of a whole site for one meter type."""
    feed = Feed(site_id, meter_type)
    return [
        Series(feed=feed, column=measure.key, measure=measure)
        for measure in METER_TYPES[meter_type].site_measures
        if has_battery or measure.key not in BATTERY_COLUMNS
    ]


def known_meters(
    listed: Iterable[Meter],
    columns: Mapping[str, frozenset[str]],
    remembered: Mapping[str, Meter] = MappingProxyType({}),
) -> dict[str, Meter]:
    """Return all meters of known types: the listed ones, and those that only columns tell of.

    `columns` are those of the site's answers, by meter type. Charge points stand in no list
    (document), and a meter that was replaced still has the last day's data: it is what it was while
    it was listed, as `remembered`. Ids that differ in case alone are one meter's, as they make the
    same statistic.
    """
    meters: dict[str, Meter] = {}
    known: set[str] = set()
    for meter in listed:
        if meter.type in METER_TYPES and slug(meter.id) not in known:
            known.add(slug(meter.id))
            meters[meter.id] = meter
    for meter_type, names in columns.items():
        for meter_id in sorted({parts[1] for name in names if (parts := split_column(name))}):
            if slug(meter_id) in known:
                continue
            known.add(slug(meter_id))
            before = remembered.get(slug(meter_id))
            if before and before.type == meter_type:
                meters[meter_id] = replace(before, id=meter_id)
            else:
                meters[meter_id] = Meter(
                    id=meter_id,
                    type=meter_type,
                    mode=MeterMode.CONSUMPTION,
                    name=None,
                    bus_address=None,
                    is_rule_meter=True,
                )
    return meters


def all_series(
    site_id: str,
    meters: Mapping[str, Meter],
    columns: Mapping[str, frozenset[str]],
    selection: Selection,
    *,
    has_battery: bool,
) -> list[Series]:
    """Return every series of a site that the user wants.

    A meter that has no column in the site's answer is asked for by itself; before there was an
    answer, a column is expected.
    """
    series: list[Series] = []
    if selection.site_totals:
        answered = [meter_type for meter_type, names in columns.items() if names]
        for meter_type in dict.fromkeys([meter.type for meter in meters.values()] + answered):
            series += series_of_site(site_id, meter_type, has_battery=has_battery)
    main = measured_by_site(meters.values())
    for meter in meters.values():
        if not selection.wants(meter.id):
            continue
        found = columns.get(meter.type)
        is_main = meter.id in main
        has_column = not is_main if found is None else f"total_{meter.id}" in found
        series += series_of_meter(
            site_id, meter, has_column=has_column, by_site=is_main and not has_column
        )
    return series
