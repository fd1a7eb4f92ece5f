"""What helps to help: counts, shapes and states; nothing that names a person or tells of use.

Ids are numbered instead of shown, names, places, credentials and amounts left out. What is shown
is chosen here, piece by piece, so that a new field elsewhere never appears by itself.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
import re

from homeassistant.const import CONF_URL, __version__ as ha_version
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from .api import DEFAULT_URL, HOUR, ClimkitClient, RequestStats
from .const import ALL, CONF_HISTORY, CONF_METERS, CONF_SITE_TOTALS, CONF_SITES, DOMAIN
from .history import SyncState
from .measures import Series
from .runtime import ClimkitConfigEntry, SiteRuntime
from .statistics import TimeRange
from .store import Backfill, RecheckRecord

type Diagnostics = dict[str, object]


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ClimkitConfigEntry
) -> Diagnostics:
    """Return what is known of an account."""
    runtimes = _runtimes(entry)
    return {
        **await _async_versions(hass),
        "account": _account(entry),
        "api": _api(runtimes[0].client) if runtimes else None,
        "sites": [_site(runtime) for runtime in runtimes],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: ClimkitConfigEntry, device: DeviceEntry
) -> Diagnostics:
    """Return what is known of a site, a meter or a sensor, and of its series."""
    ids = {identifier for _, identifier in device.identifiers}
    about: Diagnostics = {**await _async_versions(hass), "kind": "not there now"}
    for runtime in _runtimes(entry):
        numbers = _numbers(runtime)
        if runtime.site.id in ids:
            return {**about, "kind": "site", "site": _site(runtime)}
        if found := ids & runtime.meters.keys():
            meter = runtime.meters[found.pop()]
            states = [t for t in runtime.history.states if t.series.meter_id == meter.id]
            return {
                **about,
                "kind": "meter",
                "type": _word(meter.type),
                "mode": meter.mode,
                "is_rule_meter": meter.is_rule_meter,
                "is_available": runtime.coordinator.is_available,
                "series": _series(states, numbers),
            }
        if ids & runtime.sensors.data.keys():
            return {**about, "kind": "sensor", "is_available": runtime.sensors.is_available}
    return about


async def _async_versions(hass: HomeAssistant) -> Diagnostics:
    integration = await async_get_integration(hass, DOMAIN)
    return {"home_assistant": ha_version, "climkit": str(integration.version)}


def _account(entry: ClimkitConfigEntry) -> Diagnostics:
    sites, meters = entry.options[CONF_SITES], entry.options[CONF_METERS]
    return {
        "state": entry.state.value,
        "is_usual_url": entry.data.get(CONF_URL, DEFAULT_URL) == DEFAULT_URL,
        "sites": sites if sites == ALL else len(sites),
        "meters": meters if meters == ALL else len(meters),
        "site_totals": entry.options[CONF_SITE_TOTALS],
        "history": entry.options[CONF_HISTORY],
        "prices": len(entry.subentries),
    }


def _api(client: ClimkitClient) -> Diagnostics:
    stats, answered = client.stats, client.stats.requests - client.stats.errors.total()
    return {
        "requests": stats.requests,
        "requests_today": stats.today(dt_util.utcnow()),
        "errors": dict(stats.errors),
        "limit_hits": stats.limit_hits,
        "seconds_between_requests": round(client.queue.spacing, 2),
        "mean_seconds": round(stats.seconds / answered, 3) if answered > 0 else None,
        "slowest_seconds": round(stats.slowest, 3),
        "bytes": stats.bytes,
        "largest_answer_bytes": stats.largest,
        "last_success": _iso(stats.last_success),
        "settled": _settled(stats),
        "answers": stats.shapes,
    }


def _settled(stats: RequestStats) -> Diagnostics:
    """Return how the API answered what its document leaves open; None: not seen yet."""
    data = {kind: shape for kind, shape in stats.shapes.items() if "_data" in kind}
    listed = stats.shapes.get("all_installations")
    return {
        "sites_are_listed_as": listed["elements"] if listed else None,
        "windows_are_read_as": dict(stats.windows) or None,
        "stamps_are": {kind: shape["stamps"] for kind, shape in data.items()} or None,
    }


def _site(runtime: SiteRuntime) -> Diagnostics:
    history = runtime.history
    meters = runtime.meters
    numbers = _numbers(runtime)
    exception = runtime.coordinator.last_exception
    return {
        "zone": str(runtime.site.zone),
        "is_available": runtime.coordinator.is_available,
        "is_refused": runtime.coordinator.is_refused,
        "last_error": type(exception).__name__ if exception else None,
        "answered": _iso(runtime.coordinator.answered),
        "listed": _iso(runtime.coordinator.listed),
        "last_measurement": _iso(runtime.coordinator.last_measurement),
        "settled": runtime.coordinator.observations,
        "longest_window_hours": _hours(runtime.windows.longest),
        "sensors": len(runtime.sensors.data),
        "meters": {
            numbers[meter_id]: {
                "type": _word(meter.type),
                "mode": meter.mode,
                "is_rule_meter": meter.is_rule_meter,
                "has_columns": any(
                    t.series.meter_id == meter_id and t.series.feed.meter_id is None
                    for t in history.states
                ),
            }
            for meter_id, meter in meters.items()
        },
        "history": {
            "progress_percent": history.progress,
            "complete_until": _iso(history.complete_until),
            "resting_feeds": history.resting,
            "is_stuck": history.is_stuck,
            "is_not_stored": history.worker.is_not_stored,
            "hours_mended_again_and_again": len(history.differing_hours),
            "nights": _nights(history.recheck_stats),
            "series": _series(history.states, numbers),
        },
        "costs": {
            "progress_percent": runtime.costs.progress,
            "hours_without_price": runtime.costs.hours_without_price,
            "is_not_stored": runtime.costs.worker.is_not_stored,
        },
    }


def _series(states: list[SyncState], numbers: dict[str, str]) -> dict[str, Diagnostics]:
    """Return how far each series was read; of its rows, only when the newest one begins."""
    return {
        _label(state.series, numbers): {
            "since": _iso(state.since),
            "until": _iso(state.until),
            "newest_row": _iso(state.last.start) if state.last else None,
            "is_current": state.is_current,
            "complete": state.has_reached_present,
            "earlier": _backfill(state.backfill) if state.backfill else None,
        }
        for state in states
    }


def _nights(recheck: RecheckRecord) -> Diagnostics:
    unanswered = [one for ranges in recheck.unanswered.values() for one in ranges]
    return {
        "nights": recheck.nights,
        "pages": recheck.pages,
        "hours": recheck.hours,
        "last": _iso(recheck.last),
        "unanswered_hours": _number_of_hours(unanswered),
        "missing_hours": _number_of_hours(one for one in unanswered if one.is_missing),
    }


def _number_of_hours(ranges: Iterable[TimeRange]) -> int:
    return sum((one.end - one.start) // HOUR for one in ranges)


def _backfill(backfill: Backfill) -> Diagnostics:
    return {"start": backfill.start, "begin": backfill.position, "end": backfill.end}


def _word(text: str) -> str:
    """Return a word of the API; what is none could be anything."""
    return text if re.fullmatch(r"[a-z_]{1,32}", text) else "other"


def _label(series: Series, numbers: dict[str, str]) -> str:
    owner = numbers.get(series.meter_id, "meter") if series.meter_id else "site"
    return f"{owner} {_word(series.key)}"


def _numbers(runtime: SiteRuntime) -> dict[str, str]:
    """Number the meters, always in the same order."""
    ids = sorted(runtime.meters)
    return {meter_id: f"meter {number}" for number, meter_id in enumerate(ids, 1)}


def _runtimes(entry: ClimkitConfigEntry) -> list[SiteRuntime]:
    """Return the sites; none while the entry is not loaded."""
    runtimes = getattr(entry, "runtime_data", {})
    return [r for _, r in sorted(runtimes.items()) if r.coordinator.data is not None]


def _hours(length: timedelta | None) -> int | None:
    return length // timedelta(hours=1) if length else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
