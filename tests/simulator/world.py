"""The simulated world: its sites, what was changed in it, and the truth that tests compare with.

It is a pure function of the seed, of `created` (the "now" its history is counted from) and of the
changes made to it, so any window of years is answered without stored data.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from .building import Building
from .calendar import QUARTER
from .houses import DEFAULT_FLATS, DEFAULT_ROOF, apartment_house, single_house, water_site
from .profiles import noise
from .site import DEFAULT_LATENCY, JsonObject, Rows, Site, Values, Viewer

DEFAULT_HISTORY_DAYS = 400
DEFAULT_SITES = ("apartments", "house", "water")


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A later truth for a stretch of one site: start <= interval start < end, epoch seconds.

    target: a column, a meter id (its columns keep their proportions) or None for whole rows.
    Exactly one of factor, value (kWh or m3 an interval), withdraw and late_until (rows appear only
    then) says what changes. since: the change is seen from this moment on.
    """

    site_id: str
    target: str | None
    start: int
    end: int
    factor: float | None = None
    value: float | None = None
    withdraw: bool = False
    late_until: float | None = None
    since: float | None = None


@dataclass(kw_only=True)
class World:
    """The sites by id: those given, else the named ones of the default sites.

    created: the "now" (aware) from which the sites' history is counted back.
    flats, roof: of the apartment house, how many, and the peak power of its PV in watts.
    faultless: the default sites are without gateway outages, late rows and provisional values.
    """

    seed: int = 1
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    history_days: int = DEFAULT_HISTORY_DAYS
    names: Sequence[str] = DEFAULT_SITES
    flats: int = DEFAULT_FLATS
    roof: int = DEFAULT_ROOF
    faultless: bool = False
    sites: Mapping[str, Site] = field(default_factory=dict)
    revisions: list[Revision] = field(default_factory=list)
    extra_meters: dict[str, list[JsonObject]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Build the default sites where none are given."""
        self.sites = dict(self.sites) or self._default_sites()

    @classmethod
    def of(cls, *sites: Site) -> World:
        """A world of these sites."""
        return cls(sites={site.id: site for site in sites})

    def _default_sites(self) -> dict[str, Site]:
        history = timedelta(days=self.history_days)
        builders: dict[str, Callable[[int, datetime, timedelta], Building]] = {
            "apartments": partial(apartment_house, flats=self.flats, roof=self.roof),
            "house": single_house,
            "water": water_site,
        }
        built = (builders[name](self.seed, self.created, history) for name in self.names)
        return {site.id: replace(site, faultless=self.faultless) for site in built}

    # Changes

    def revise(
        self,
        site_id: str,
        column_or_meter: str | None,
        start: datetime,
        end: datetime,
        *,
        factor: float | None = None,
        value: float | None = None,
        withdraw: bool = False,
        since: datetime | None = None,
    ) -> None:
        """Change a column, or a meter's columns (None: whole rows), for intervals in [start, end).

        Other columns stay as they are: a revised flat does not change `conso_total`.
        """
        self.revisions.append(
            Revision(
                site_id=site_id,
                target=column_or_meter,
                start=_epoch(start),
                end=_epoch(end),
                factor=factor,
                value=value,
                withdraw=withdraw,
                since=None if since is None else since.timestamp(),
            )
        )

    def delay(self, site_id: str, start: datetime, end: datetime, until: datetime) -> None:
        """Let the rows of a stretch appear only at `until`."""
        self.revisions.append(
            Revision(
                site_id=site_id,
                target=None,
                start=_epoch(start),
                end=_epoch(end),
                late_until=until.timestamp(),
            )
        )

    def add_meter(self, site_id: str, meter: JsonObject) -> None:
        """Let a consumer appear, in meter_info and as columns; `conso_total` does not count it."""
        self.extra_meters.setdefault(site_id, []).append(meter)

    # Answers

    def meter_info(self, site_id: str) -> list[JsonObject]:
        """The site's meters and those that were added."""
        return [*self.sites[site_id].meter_info(), *self.extra_meters.get(site_id, [])]

    def columns(self, site_id: str, meter_id: str) -> tuple[str, Mapping[str, str]] | None:
        """The meter type, and which site column each measure of a meter is; None if unknown."""
        site = self.sites[site_id]
        kind, columns = site.type_of(meter_id), site.columns(meter_id)
        if kind is not None and columns is not None:
            return kind, columns
        for meter in self.extra_meters.get(site_id, []):
            if meter["id"] == meter_id:
                measures = ("total", "self", "ext")
                return str(meter["type"]), {one: f"{one}_{meter_id}" for one in measures}
        return None

    def rows(self, site_id: str, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        """The quarter-hours of a site with all columns; start and end are epoch seconds."""
        rows = self.sites[site_id].rows(meter_type, start, end, viewer)
        extras = [one for one in self.extra_meters.get(site_id, []) if one["type"] == meter_type]
        if extras:
            rows = {at: {**values, **_extra_columns(extras, at)} for at, values in rows.items()}
        for revision in self.revisions:
            if revision.site_id == site_id and _is_seen(revision, viewer):
                rows = self._revised(rows, revision)
        return rows

    def _revised(self, rows: Rows, revision: Revision) -> Rows:
        inside = {at for at in rows if revision.start <= at < revision.end}
        if revision.late_until is not None or (revision.withdraw and revision.target is None):
            return {at: values for at, values in rows.items() if at not in inside}
        columns = {revision.target}
        if revision.target is not None:
            known = self.columns(revision.site_id, revision.target)
            columns = set(known[1].values()) if known is not None else columns
        return {
            at: _changed(values, columns, revision) if at in inside else values
            for at, values in rows.items()
        }

    def intervals(
        self,
        site_id: str,
        meter_type: str,
        start: datetime,
        end: datetime,
        *,
        now: datetime | None = None,
        latency: float = DEFAULT_LATENCY,
    ) -> dict[str, dict[datetime, float]]:
        """Every series of a site: by column the values by interval START (aware UTC), kWh or m3.

        What the server answers at `now` for intervals inside [start, end] (None: when all is read
        and settled). Introduction and battery meters, which have no column, come as `total_<id>`.
        """
        viewer = Viewer(None if now is None else now.timestamp(), latency)
        rows = self.rows(site_id, meter_type, _epoch(start), _epoch(end) - QUARTER + 1, viewer)
        aliases = dict(self._aliases(site_id, meter_type))
        series: dict[str, dict[datetime, float]] = {}
        for at, values in rows.items():
            moment = datetime.fromtimestamp(at, UTC)
            for column, value in values.items():
                series.setdefault(column, {})[moment] = value
            for alias, column in aliases.items():
                if column in values:
                    series.setdefault(alias, {})[moment] = values[column]
        return series

    def _aliases(self, site_id: str, meter_type: str) -> Iterable[tuple[str, str]]:
        for meter in self.meter_info(site_id):
            known = self.columns(site_id, str(meter["id"]))
            if known is not None and known[0] == meter_type:
                column = known[1].get("total")
                if column is not None and column != f"total_{meter['id']}":
                    yield f"total_{meter['id']}", column


def _is_seen(revision: Revision, viewer: Viewer) -> bool:
    if viewer.now is None:
        return revision.late_until is None
    if revision.late_until is not None:
        return viewer.now < revision.late_until
    return revision.since is None or revision.since <= viewer.now


def _changed(values: Values, columns: set[str | None], revision: Revision) -> Values:
    if revision.withdraw:
        return {key: value for key, value in values.items() if key not in columns}
    affected = {key: value for key, value in values.items() if key in columns}
    if revision.factor is not None:
        return {**values, **{key: value * revision.factor for key, value in affected.items()}}
    if revision.value is None or not affected:
        return values
    total = next((value for key, value in affected.items() if key.startswith("total_")), None)
    if len(affected) == 1 or not total:
        is_grid = {key: not key.startswith("self_") for key in affected}
        return {**values, **{key: revision.value * is_grid[key] for key in affected}}
    scale = revision.value / total
    return {**values, **{key: value * scale for key, value in affected.items()}}


def _extra_columns(meters: list[JsonObject], at: int) -> Values:
    columns: dict[str, float] = {}
    for meter in meters:
        total = round(0.02 + 0.08 * noise(int(str(meter["id"])[-6:], 16), at // QUARTER), 3)
        columns |= {f"total_{meter['id']}": total}
        if meter["type"] == "electricity":
            columns |= {f"self_{meter['id']}": 0.0, f"ext_{meter['id']}": total}
    return columns


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())
