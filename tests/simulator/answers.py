"""What the API answers to a question about data: pure functions of world, switches and time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from .calendar import QUARTER, SAMPLINGS, bucket
from .errors import RefusalError
from .profiles import noise
from .site import METER_TYPES, Json, JsonObject, Rows, Viewer
from .switches import Switches
from .world import World

NEWEST_READINGS = 4
_FAR_FUTURE = 4102444800
_KEYS = {"t_s", "t_e", "sampling_frequency"}


@dataclass(frozen=True, slots=True)
class Query:
    """A window in epoch seconds, both ends included, and a sampling."""

    start: int | None
    end: int | None
    sampling: str = "15T"


def parse_query(body: Mapping[str, object], reading: tzinfo, *, sampled: bool = True) -> Query:
    """The query in a request; anything the document does not know is a 400."""
    unknown = body.keys() - (_KEYS if sampled else _KEYS - {"sampling_frequency"})
    if unknown:
        raise RefusalError(400, f"unknown parameter: {', '.join(sorted(unknown))}")
    sampling = body.get("sampling_frequency") or "15T"
    if sampling not in SAMPLINGS:
        raise RefusalError(400, "sampling_frequency must be one of 15T, H, D, M, Y")
    return Query(_moment(body, "t_s", reading), _moment(body, "t_e", reading), str(sampling))


def _moment(body: Mapping[str, object], key: str, reading: tzinfo) -> int | None:
    """Epoch seconds of an ISO date without zone, which is all the API takes."""
    text = body.get(key)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise RefusalError(400, f"{key} must be an ISO date without a time zone")
    return int(moment.replace(tzinfo=reading).timestamp())


@dataclass(frozen=True)
class Answers:
    """Answers of the data endpoints, as seen by one viewer."""

    world: World
    switches: Switches
    viewer: Viewer

    def installations(self, account: str) -> Json:
        """The ids the account sees, in the shape the switch says."""
        seen = self.switches.sites.get(account)
        ids = [one for one in self.world.sites if seen is None or one in seen]
        match self.switches.installations:
            case "ids":
                return ids
            case "objects":
                return [{"id": one, "name": self.world.sites[one].info()["name"]} for one in ids]
            case "oid":
                return [{"_id": {"$oid": one}} for one in ids]

    def meters(self, site_id: str) -> Json:
        """The meters that are not hidden."""
        hidden = self.switches.hidden_meters
        return [one for one in self.world.meter_info(site_id) if one["id"] not in hidden]

    def site_rows(self, site_id: str, meter_type: str, query: Query) -> list[JsonObject]:
        """The answer of site_data."""
        if meter_type not in METER_TYPES:
            raise RefusalError(404, "unknown meter type")
        if not self.switches.sampled_sites:
            query = Query(query.start, query.end)
        rows = self._rows(site_id, meter_type, query)
        return self._listed(site_id, self._without_columns(rows), query)

    def meter_rows(self, site_id: str, meter_id: str, query: Query) -> list[JsonObject]:
        """The answer of meter_data; nought is a whole number here, as observed."""
        known = self.world.columns(site_id, meter_id)
        if known is None or meter_id in self.switches.hidden_meters:
            raise RefusalError(404, "unknown meter")
        meter_type, columns = known
        rows: Rows = {
            at: {
                measure: values[column] or 0
                for measure, column in columns.items()
                if column in values
            }
            for at, values in self._rows(site_id, meter_type, query).items()
        }
        measured = {at: values for at, values in rows.items() if values}
        return self._listed(site_id, measured, query)

    def raw_rows(self, site_id: str, meter_id: str, query: Query) -> list[JsonObject]:
        """The answer of meter_data_raw, stamped at the end of the period."""
        site = self.world.sites[site_id]
        if site.columns(meter_id) is None or meter_id in self.switches.hidden_meters:
            raise RefusalError(404, "unknown meter")
        start, end = self._edges(site_id, query)
        rows = site.registers(meter_id, start, end, self.viewer)
        if rows is None:
            raise RefusalError(400, "no raw data for a rule meter")
        return [{**values, "timestamp": self._stamp(at, site.zone)} for at, values in rows.items()]

    def readings(self, site_id: str, sensor_id: str, query: Query) -> Json:
        """The answer of sensor_data: newest readings without a period, and t_s is limited."""
        now = _FAR_FUTURE if self.viewer.now is None else self.viewer.now
        oldest = int(now) - self.switches.sensor_days * 86400
        start = int(now) - 3600 if query.start is None else max(query.start, oldest)
        end = min(int(now - self.viewer.latency), _FAR_FUTURE if query.end is None else query.end)
        readings = self.world.sites[site_id].readings(sensor_id, start, end)
        if readings is None:
            raise RefusalError(404, "unknown sensor")
        if query.start is None and query.end is None:
            readings = readings[-NEWEST_READINGS:]
        unit = 1000 if self.switches.sensor_timestamps == "milliseconds" else 1
        return [{"timestamp": at * unit, "value": value} for at, value in readings]

    # Steps on the way to an answer

    def _edges(self, site_id: str, query: Query) -> tuple[int, int]:
        """The window's ends; without t_s from the first data on, without t_e to the newest."""
        newest = _FAR_FUTURE if self.viewer.now is None else int(self.viewer.now) + 1
        start = self.world.sites[site_id].begin if query.start is None else query.start
        return start, newest if query.end is None else min(query.end, newest)

    def _rows(self, site_id: str, meter_type: str, query: Query) -> Rows:
        """The rows whose stamp is in the window: the end of a quarter-hour, else the start."""
        start, end = self._edges(site_id, query)
        if start > end:
            return {}
        if query.sampling == "15T":
            first, last = start - QUARTER, end - QUARTER + 1
            return self.world.rows(site_id, meter_type, first, last, self.viewer)
        zone = self.world.sites[site_id].zone
        first, last = bucket(start, query.sampling, zone)[0], bucket(end, query.sampling, zone)[1]
        rows = self.world.rows(site_id, meter_type, first, last, self.viewer)
        sums = summed(rows, query.sampling, zone)
        return {at: values for at, values in sums.items() if start <= at <= end}

    def _without_columns(self, rows: Rows) -> Rows:
        hidden = set(self.switches.hidden_meters)
        if self.switches.columns and not hidden:
            return rows
        return {
            at: {
                key: value
                for key, value in values.items()
                if not _is_meter_column(key)
                or (self.switches.columns and key.partition("_")[2] not in hidden)
            }
            for at, values in rows.items()
        }

    def _listed(self, site_id: str, rows: Rows, query: Query) -> list[JsonObject]:
        """The rows as they are sent, with the warts that are switched on."""
        switches, zone = self.switches, self.world.sites[site_id].zone
        late = QUARTER if query.sampling == "15T" else 0
        dropped = {int(datetime.fromisoformat(one).timestamp()) for one in switches.dropped}
        listed: list[JsonObject] = [
            {**values, "timestamp": self._stamp(at + late, zone)}
            for at, values in rows.items()
            if at not in dropped and noise(7, at) >= switches.drop_rate
        ]
        if switches.max_rows is not None and len(listed) > switches.max_rows:
            surplus = len(listed) - switches.max_rows
            listed = listed[surplus:] if switches.cut == "start" else listed[:-surplus]
        if switches.ahead and rows:
            newest = max(rows)
            stamp = self._stamp(newest + late + int(switches.ahead), zone)
            listed.append({**rows[newest], "timestamp": stamp})
        if switches.duplicated:
            listed = [row for row in listed for _ in range(2)]
        if switches.shuffled:
            listed.sort(key=lambda row: hash(row["timestamp"]))
        return listed

    def _stamp(self, at: int, zone: ZoneInfo) -> str:
        moment = datetime.fromtimestamp(at, zone)
        return str(moment.replace(tzinfo=None) if self.switches.naive_timestamps else moment)


def summed(rows: Rows, sampling: str, zone: ZoneInfo) -> Rows:
    """Sums of quarter-hours over local hours, days, months or years, keyed by their starts."""
    sums: dict[int, dict[str, float]] = {}
    start, end = 0, 0
    for at, values in rows.items():
        if not start <= at < end:
            start, end = bucket(at, sampling, zone)
        total = sums.setdefault(start, {})
        for key, value in values.items():
            total[key] = total.get(key, 0.0) + value
    return dict(sums)


def reading_zone(switches: Switches, zone: ZoneInfo) -> tzinfo:
    """The zone in which the server reads t_s and t_e."""
    return zone if switches.reading == "local" else UTC


def _is_meter_column(key: str) -> bool:
    prefix, _, rest = key.partition("_")
    return prefix in ("total", "self", "ext") and len(rest) == 24
