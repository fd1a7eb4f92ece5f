"""What a simulated installation is: a protocol, and one that answers fixed rows.

Rows are keyed by the epoch second of the interval's start and hold every column that `site_data`
could answer; a meter's own answer is a choice of those columns. kWh, m3 for water.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from .calendar import QUARTER

type Json = bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None
type JsonObject = dict[str, Json]
type Values = Mapping[str, float]
type Rows = dict[int, Values]

METER_TYPES = ("electricity", "heating", "cooling", "cold_water", "hot_water", "charge_point")
DEFAULT_ZONE = ZoneInfo("Europe/Zurich")
DEFAULT_LATENCY = 150.0


@dataclass(frozen=True, slots=True)
class Viewer:
    """From when one looks: rows not yet read at `now` are absent, provisional ones provisional.

    now: epoch seconds, None for the end of time (all rows are there and settled).
    latency: seconds from the end of a quarter-hour to its row.
    """

    now: float | None = None
    latency: float = DEFAULT_LATENCY


class Site(Protocol):
    """An installation. Meters and sensors are as the API shows them, warts included."""

    @property
    def id(self) -> str:
        """The 24-hex id."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its stamps."""

    @property
    def begin(self) -> int:
        """Start of its first interval, epoch seconds."""

    def info(self) -> JsonObject:
        """The answer of installation_infos."""

    def meter_info(self) -> list[JsonObject]:
        """The answer of meter_info."""

    def sensors_list(self) -> list[JsonObject]:
        """The answer of sensors_list."""

    def columns(self, meter_id: str) -> Mapping[str, str] | None:
        """Which site column each measure of meter_data is; None for a meter nobody knows."""

    def type_of(self, meter_id: str) -> str | None:
        """The meter type under which the columns of this meter are found."""

    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        """The quarter-hours with start <= interval start < end, oldest first."""

    def registers(self, meter_id: str, start: int, end: int, viewer: Viewer) -> Rows | None:
        """The raw registers, keyed by the moment of reading; None for a rule meter."""

    def readings(self, sensor_id: str, start: int, end: int) -> list[tuple[int, float]] | None:
        """Moments and values of a sensor; None for a sensor nobody knows."""


@dataclass(kw_only=True)
class StaticSite:
    """An installation that answers given rows, for instance recorded ones.

    info, meters, sensors: as the API answers them. rows: for each meter type the rows of site_data
    as the API answers them at 15T, stamped at the END with an offset. readings: by sensor id.
    """

    id: str
    site_info: JsonObject
    meters: list[JsonObject]
    answers: Mapping[str, Sequence[Mapping[str, str | float]]]
    sensors: list[JsonObject] = field(default_factory=list)
    sensor_readings: Mapping[str, list[tuple[int, float]]] = field(default_factory=dict)
    zone: ZoneInfo = DEFAULT_ZONE

    def __post_init__(self) -> None:
        """Key the rows by their intervals' starts."""
        self._rows = {kind: _keyed(rows) for kind, rows in self.answers.items()}

    @property
    def begin(self) -> int:
        """Start of the first interval of any type; 0 without rows."""
        return min((min(rows) for rows in self._rows.values() if rows), default=0)

    def info(self) -> JsonObject:
        """The given answer."""
        return self.site_info

    def meter_info(self) -> list[JsonObject]:
        """The given answer."""
        return self.meters

    def sensors_list(self) -> list[JsonObject]:
        """The given answer."""
        return self.sensors

    def type_of(self, meter_id: str) -> str | None:
        """The type in meter_info, else the type whose rows have a column of this meter."""
        for meter in self.meters:
            if meter["id"] == meter_id:
                return str(meter["type"])
        for kind, rows in self._rows.items():
            if any(f"total_{meter_id}" in row for row in rows.values()):
                return kind
        return None

    def columns(self, meter_id: str) -> Mapping[str, str] | None:
        """The meter's own columns; without any it is the introduction meter."""
        kind = self.type_of(meter_id)
        if kind is None:
            return None
        present = {column for row in self._rows.get(kind, {}).values() for column in row}
        own = {measure: f"{measure}_{meter_id}" for measure in ("total", "self", "ext")}
        found = {measure: column for measure, column in own.items() if column in present}
        return found or {"total": "from_ext"}

    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        """The given rows of the window, once their quarter-hour and the latency are over."""
        newest = end if viewer.now is None else viewer.now - viewer.latency - QUARTER
        rows = self._rows.get(meter_type, {})
        return {at: values for at, values in rows.items() if start <= at < end and at <= newest}

    def registers(self, meter_id: str, start: int, end: int, viewer: Viewer) -> Rows | None:
        """No raw registers are given."""
        return {}

    def readings(self, sensor_id: str, start: int, end: int) -> list[tuple[int, float]] | None:
        """The given readings of the window."""
        found = self.sensor_readings.get(sensor_id)
        return None if found is None else [row for row in found if start <= row[0] <= end]


def _keyed(rows: Sequence[Mapping[str, str | float]]) -> Rows:
    keyed: Rows = {}
    for row in rows:
        stamp = datetime.fromisoformat(str(row["timestamp"])).astimezone(UTC)
        values = {key: value for key, value in row.items() if not isinstance(value, str)}
        keyed[int(stamp.timestamp()) - QUARTER] = values
    return dict(sorted(keyed.items()))
