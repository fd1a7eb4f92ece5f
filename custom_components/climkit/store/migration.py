"""From the file of release 0.1.0 to the present one. Pure."""

from typing import Any

type _Json = dict[str, Any]


def from_first_release(data: object) -> object:
    """Return what an account's file of release 0.1.0 holds, as it is read now."""
    if not isinstance(data, dict):
        return data
    return {site_id: _site(record) for site_id, record in data.items()}


def _site(record: _Json) -> object:
    """Return a site's record; what is odd stays as it is, and is then not understood."""
    try:
        return record | {
            "series": {key: _series(one) for key, one in record["series"].items()},
            "described": {k: one | {"id": k} for k, one in record.get("described", {}).items()},
            "peaks": _peaks(record.get("peaks", {})),
            "plausibility": _plausibility(record.get("plausibility", {})),
            "recheck": record.get("mended", {})
            | {"sweep": record["walk"], "unread": _ranges(record.get("again", {}))},
            "costs": _costs(record.get("costs", {})),
            "dashboard_request": record.get("energy_wish"),
        }
    except AttributeError, KeyError, TypeError, ValueError:
        return record


def _series(one: _Json) -> _Json:
    earlier = one.get("earlier")
    backfill = earlier and earlier | {"position": earlier["begin"], "end": one["since"]}
    return one | {"extent": _extent(one) if one["last"] else None, "backfill": backfill}


def _extent(stored: _Json) -> _Json:
    newest = {"start": stored["last"], "amount": None, "total": stored["sum"]}
    return {"first": stored["first"], "last": newest, "count": stored["count"]}


def _peaks(peaks: _Json) -> _Json:
    series = {
        key: one
        | {"days": {day: {"start": at, "power": kw} for day, (at, kw) in one["days"].items()}}
        for key, one in peaks.get("series", {}).items()
    }
    return peaks | {"series": series}


def _plausibility(found: _Json) -> _Json:
    return found | {"rejected": _ranges(found.get("rejected", {}))}


def _costs(costs: _Json) -> _Json:
    stored = {key: _extent(one) for key, one in costs.get("stored", {}).items()}
    return costs | {"dirty": _ranges(costs.get("dirty", {})), "stored": stored}


def _ranges(table: dict[str, list[list[Any]]]) -> dict[str, list[_Json]]:
    """Return ranges, which were lists, as they are now."""
    names = "start", "end", "limit"
    return {
        key: [dict(zip(names, one, strict=False)) for one in ranges]
        for key, ranges in table.items()
    }
