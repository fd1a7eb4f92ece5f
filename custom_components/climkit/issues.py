"""Tells people, in Home Assistant's repairs, what only they can mend; and that it is mended."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util
from yarl import URL

from .api import HOUR, INTERVAL, ClimkitClient, Meter
from .const import DOMAIN
from .feeds import Outliers, column_of_series
from .measures import METER_TYPES, number_in
from .runtime import SiteRuntime

DOCUMENT = "/blob/main/docs/repairs.md"

# A meter without data for so long is silent; of one that has been for a year people know.
SILENT_AFTER = timedelta(days=3)
SILENT_AFTER_IF_READ_DAILY = timedelta(days=7)
SILENT_FOR_GOOD = timedelta(days=365)

MOST_NAMES = 10

SITE_REFUSED = "site_refused"
CERTIFICATE = "certificate"


class Issue(NamedTuple):
    """Something for a person. `subject`: what of the site it is about; `data`: for its repair."""

    kind: str
    subject: str = ""
    placeholders: dict[str, str] | None = None
    data: dict[str, str | int | float | None] | None = None


class SiteIssues:
    """The issues of one site."""

    def __init__(self, runtime: SiteRuntime) -> None:
        """Prepare; nothing is told yet."""
        self._runtime = runtime

    @callback
    def update(self, _now: datetime | None = None) -> None:
        """Tell of what is wrong now, and no more of what no longer is.

        What cannot be known yet, soon after the start, is left as it was: the user may have chosen
        to ignore it.
        """
        kinds: dict[str, Callable[[], Iterable[Issue] | None]] = {
            "silent_meters": self._silent_meters,
            "implausible": self._implausible,
            "differing": self._differing,
            "history_stuck": self._history_stuck,
            "not_stored": self._not_stored,
            "unusable_tariffs": self._unusable_tariffs,
            SITE_REFUSED: self._refused,
        }
        for kind, look in kinds.items():
            if (found := look()) is not None:
                self._tell(kind, list(found))
        runtime = self._runtime
        async_tell_of_certificate(runtime.hass, runtime.entry, runtime.client)

    def _tell(self, kind: str, issues: list[Issue]) -> None:
        site_id = self._runtime.site.id
        told = {f"{kind}_{site_id}_{one.subject}".rstrip("_"): one for one in issues}
        for issue_id, issue in told.items():
            async_raise_issue(self._runtime.hass, issue_id, issue)
        for domain, issue_id in list(ir.async_get(self._runtime.hass).issues):
            # One site's id may be the beginning of another's.
            is_ours = domain == DOMAIN and f"{issue_id}_".startswith(f"{kind}_{site_id}_")
            if is_ours and issue_id not in told:
                ir.async_delete_issue(self._runtime.hass, DOMAIN, issue_id)

    @property
    def _name(self) -> str:
        return self._runtime.label

    def _silent_meters(self) -> list[Issue] | None:
        runtime = self._runtime
        if not (runtime.coordinator.is_available and runtime.history.is_up_to_date):
            return None
        silent = list(silent_meters(runtime, dt_util.utcnow()))
        if not silent:
            return []
        labels = runtime.meter_labels
        names = [labels[meter.id] for meter, _ in silent[:MOST_NAMES]]
        if len(silent) > MOST_NAMES:
            names.append("…")
        since = min(newest for _, newest in silent)
        placeholders = {
            "site": self._name,
            "number": str(len(silent)),
            "meters": ", ".join(names),
            "since": self._local(since),
        }
        return [Issue(kind="silent_meters", placeholders=placeholders)]

    def _implausible(self) -> list[Issue]:
        runtime = self._runtime
        used = {column_of_series(series) for series in runtime.series.values()}
        by_owner: dict[str, list[Outliers]] = {}
        for one in runtime.plausibility.outliers:
            if one.column in used:
                by_owner.setdefault(one.column.meter_id, []).append(one)
        return [self._doubtful(meter_id, outliers) for meter_id, outliers in by_owner.items()]

    def _doubtful(self, meter_id: str, outliers: list[Outliers]) -> Issue:
        """Tell of all quarter-hours that are doubted, and the amount that is doubted most."""
        runtime = self._runtime
        starts = frozenset[datetime]().union(*(one.starts for one in outliers))
        worst = max(outliers, key=lambda one: abs(one.largest) / one.limit)
        unit, language = worst.column.quantity.unit, runtime.names.language
        return Issue(
            kind="implausible",
            subject=meter_id,
            placeholders={
                "name": runtime.meter_labels.get(meter_id, self._name),
                "site": self._name,
                "number": str(len(starts)),
                "largest": f"{number_in(language, worst.largest)} {unit}",
                "limit": f"{number_in(language, worst.limit)} {unit}",
                "first": self._local(min(starts)),
                "last": self._local(max(starts)),
            },
            data={
                "entry_id": runtime.entry.entry_id,
                "site_id": runtime.site.id,
                "meter_id": meter_id,
            },
        )

    def _differing(self) -> list[Issue]:
        if not (hours := self._runtime.history.differing_hours):
            return []
        placeholders = {
            "site": self._name,
            "number": str(len(hours)),
            "first": self._local(hours[0]),
            "last": self._local(hours[-1]),
        }
        return [Issue(kind="differing", placeholders=placeholders)]

    def _history_stuck(self) -> list[Issue]:
        is_stuck = self._runtime.history.is_stuck
        return [Issue(kind="history_stuck", placeholders={"site": self._name})] * is_stuck

    def _not_stored(self) -> list[Issue]:
        runtime = self._runtime
        workers = (runtime.history.worker, runtime.costs.worker)
        is_not_stored = any(worker.is_not_stored for worker in workers)
        return [Issue(kind="not_stored", placeholders={"site": self._name})] * is_not_stored

    def _unusable_tariffs(self) -> list[Issue]:
        if not (days := self._runtime.costs.unusable_tariffs):
            return []
        placeholders = {"site": self._name, "number": str(len(days)), "days": ", ".join(days)}
        return [Issue(kind="unusable_tariffs", placeholders=placeholders)]

    def _refused(self) -> list[Issue]:
        is_refused = self._runtime.coordinator.is_refused
        return [Issue(kind=SITE_REFUSED, placeholders={"site": self._name})] * is_refused

    def _local(self, time: datetime) -> str:
        return f"{time.astimezone(self._runtime.site.zone):%d.%m.%Y, %H:%M}"


def silent_meters(runtime: SiteRuntime, now: datetime) -> Iterator[tuple[Meter, datetime]]:
    """Return the meters of a site that are silent, and when their newest data end."""
    newest: dict[str, datetime] = {}
    for series in runtime.series.values():
        if (row := runtime.history.newest(series)) and series.meter_id:
            end = row + HOUR
            newest[series.meter_id] = max(end, newest.get(series.meter_id, end))
    for meter_id, end in newest.items():
        if meter := runtime.meters.get(meter_id):
            each_interval = METER_TYPES[meter.type].read_each_interval
            limit = SILENT_AFTER if each_interval else SILENT_AFTER_IF_READ_DAILY
            if limit < now - end < SILENT_FOR_GOOD:
                yield meter, end


@callback
def async_raise_issue(hass: HomeAssistant, issue_id: str, issue: Issue) -> None:
    """Raise an issue. Ids and data hold no names: diagnostics append them."""
    integration = async_get_loaded_integration(hass, DOMAIN)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data=issue.data,
        is_fixable=issue.data is not None,
        learn_more_url=f"{integration.documentation}{DOCUMENT}#{issue.kind.replace('_', '-')}",
        severity=ir.IssueSeverity.WARNING,
        translation_key=issue.kind,
        translation_placeholders=issue.placeholders,
    )


@callback
def async_tell_of_refused_sites(
    hass: HomeAssistant, entry_id: str, refused: Iterable[str], read: Iterable[str]
) -> None:
    """Tell of sites that Climkit no longer lets us read; those that were `read` are fine again.

    Of a refused site nothing else is told, as nobody looks at it. One that has no device was never
    permitted, or the user has removed it.
    """
    registry = dr.async_get(hass)
    for site_id in read:
        ir.async_delete_issue(hass, DOMAIN, f"{SITE_REFUSED}_{site_id}")
    for site_id in refused:
        issue_id = f"{SITE_REFUSED}_{site_id}"
        if device := registry.async_get_device_by_identifier((DOMAIN, site_id), entry_id):
            name = device.name_by_user or device.name or site_id[-4:]
            issue = Issue(kind=SITE_REFUSED, placeholders={"site": name})
            async_raise_issue(hass, issue_id, issue)
        async_forget_issues(hass, {site_id}, but=issue_id if device else None)


@callback
def async_tell_of_certificate(
    hass: HomeAssistant, entry: ConfigEntry, client: ClimkitClient
) -> None:
    """Tell whether the server could not prove who it is, when it was asked last."""
    issue_id = f"{CERTIFICATE}_{entry.entry_id}"
    if client.is_certificate_wrong:
        host = URL(client.url).host or ""
        async_raise_issue(hass, issue_id, Issue(kind=CERTIFICATE, placeholders={"host": host}))
    else:
        ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_forget_issues(
    hass: HomeAssistant, ids: Collection[str], *, but: str | None = None
) -> None:
    """Tell no more of the problems of sites, meters and entries that are gone, `but` of one."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if (
            domain == DOMAIN
            and issue_id != but
            and any(f"_{one}_" in f"_{issue_id}_" for one in ids)
        ):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_decide(runtime: SiteRuntime, meter_id: str, *, accept: bool) -> None:
    """Carry out what a person decided on doubted amounts of a meter, or (no id) of the site.

    What is accepted is read again in the background.
    """
    plausibility = runtime.plausibility
    outliers = [one for one in plausibility.outliers if one.column.meter_id == meter_id]
    for one in outliers:
        if accept:
            plausibility.accept(one.column)
            feeds = one.column.feeds(runtime.site.id)
            runtime.history.read_again(feeds, min(one.starts), max(one.starts) + INTERVAL)
        else:
            plausibility.reject(one.column)
    runtime.store.save_soon()
