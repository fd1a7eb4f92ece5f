"""A tiny installation whose data a test controls: what is there, and since when.

It has one electricity meter with two of its columns, three columns of the site and, if wanted, a
water meter that is read once a day. Few columns keep the recorder quick; the values are hostile
(negative, float dust, large) and a pure function of seed, column and time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.simulator.calendar import QUARTER, day_at
from tests.simulator.profiles import noise
from tests.simulator.site import DEFAULT_ZONE, JsonObject, Rows, Viewer

SITE_ID = "6a00000000000000000000a1"
METER_ID = "6a00000000000000000000b1"
WATER_ID = "6a00000000000000000000c1"

METER_COLUMNS = {"total": f"total_{METER_ID}", "self": f"self_{METER_ID}"}
ELECTRICITY = ("conso_total", "from_ext", *METER_COLUMNS.values(), "to_ext")
WATER = ("conso_total", f"total_{WATER_ID}")

# Meters that are read once a day answer for a day in the next morning.
READ_AT = 5 * 3600


@dataclass(frozen=True, slots=True)
class Late:
    """Values that come only at `until`: start <= interval start < end; no columns: whole rows."""

    start: datetime
    end: datetime
    until: datetime
    columns: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Values that never were."""

    start: datetime
    end: datetime
    columns: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """Values that are now other ones: times `factor`, or withdrawn (None). No column: all."""

    start: datetime
    end: datetime
    column: str | None
    factor: float | None


@dataclass(kw_only=True)
class Source:
    """An installation with data from `first` (a full quarter-hour) on.

    `created`: when Climkit says that it was made; None: a little earlier.
    """

    first: datetime
    created: datetime | None = None
    seed: int = 0
    has_water: bool = False
    has_export: bool = True
    gaps: list[Gap] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    zone: ZoneInfo = DEFAULT_ZONE
    id: str = SITE_ID

    @property
    def begin(self) -> int:
        """Start of the first interval, epoch seconds."""
        return int(self.first.timestamp())

    def info(self) -> JsonObject:
        """The answer of installation_infos."""
        created = self.created or self.first - timedelta(hours=7)
        return {
            "site_ref": "S",
            "name": "Source",
            "timezone": str(self.zone),
            "creation_date": created.isoformat(),
        }

    def meter_info(self) -> list[JsonObject]:
        """The answer of meter_info."""
        flat: JsonObject = {"id": METER_ID, "type": "electricity", "mode": "consumption"}
        water: JsonObject = {"id": WATER_ID, "type": "cold_water", "mode": "consumption"}
        meters = [{**flat, "name": "Flat"}, {**water, "name": "Water"}]
        return meters[: 1 + self.has_water]

    def sensors_list(self) -> list[JsonObject]:
        """There are no sensors."""
        return []

    def type_of(self, meter_id: str) -> str | None:
        """The type of a meter."""
        types = {METER_ID: "electricity"} | ({WATER_ID: "cold_water"} if self.has_water else {})
        return types.get(meter_id)

    def columns(self, meter_id: str) -> Mapping[str, str] | None:
        """Which site column each measure of a meter is."""
        match self.type_of(meter_id):
            case "electricity":
                return METER_COLUMNS
            case "cold_water":
                return {"total": WATER[1]}
            case _:
                return None

    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        """The rows of a window that are there for this viewer, without values that are not."""
        first = max(start, self.begin)
        # Nobody sees the future, so an open end costs nothing.
        last = end if viewer.now is None else min(end, int(viewer.now))
        electricity = [one for one in ELECTRICITY if self.has_export or one != "to_ext"]
        columns = {"electricity": electricity, "cold_water": WATER * self.has_water}
        rows: Rows = {
            at: {column: value(self.seed, column, at) for column in columns.get(meter_type, ())}
            for at in range(first + -first % QUARTER, last, QUARTER)
            if viewer.now is None or self._read_at(meter_type, at, viewer.latency) <= viewer.now
        }
        for correction in self.corrections:
            chosen = None if correction.column is None else (correction.column,)
            _change(rows, correction.start, correction.end, chosen, correction.factor)
        for gap in self.gaps:
            _change(rows, gap.start, gap.end, gap.columns, None)
        for late in self.late:
            if viewer.now is not None and viewer.now < late.until.timestamp():
                _change(rows, late.start, late.end, late.columns, None)
        return {at: values for at, values in rows.items() if values}

    def _read_at(self, meter_type: str, at: int, latency: float) -> float:
        if meter_type == "electricity":
            return at + QUARTER + latency
        return day_at(at, self.zone).end + READ_AT

    def registers(self, meter_id: str, start: int, end: int, viewer: Viewer) -> Rows | None:
        """No raw registers are given."""
        return {}

    def readings(self, sensor_id: str, start: int, end: int) -> list[tuple[int, float]] | None:
        """There are no sensors."""
        return None


def _change(
    rows: Rows,
    start: datetime,
    end: datetime,
    columns: Collection[str] | None,
    factor: float | None,
) -> None:
    """Multiply values of a stretch, or take them away (None); no columns: whole rows."""
    if not rows:
        return
    begin, last = int(start.timestamp()), int(end.timestamp())
    first_row, last_row = next(iter(rows)), next(reversed(rows))
    for at in range(max(begin + -begin % QUARTER, first_row), min(last, last_row + 1), QUARTER):
        if values := rows.get(at):
            rows[at] = {
                key: amount if columns and key not in columns else amount * (factor or 0.0)
                for key, amount in values.items()
                if factor is not None or (columns and key not in columns)
            }


def value(seed: int, column: str, at: int) -> float:
    """The energy of a quarter-hour: mostly in steps of 1 Wh, sometimes odd."""
    seed = seed * 64 + len(column)
    chance, amount = noise(seed, at, 1), noise(seed, at, 2)
    if chance < 0.02:
        return -amount / 100
    if chance < 0.04:
        return amount * 50
    if chance < 0.10:
        return 0.0
    return round(amount, 3) if chance < 0.9 else amount / 3
