"""A simulated installation: meters with profiles, and the energy balance between them.

For every quarter-hour (kWh):
    conso_total = sum of the consumers' totals = self + from_ext
    prod_total = self - storage_discharging_total + to_ext + storage_charging_self
`self` counts what comes out of the battery, which only the sun charges (assumed). It is negative
where the inverter's stand-by makes the production negative (observed).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from .balance import Balance, Battery, stepped
from .calendar import QUARTER, Day, days_between
from .profiles import Gauge, Profile, noise
from .registers import Counter, flows
from .site import DEFAULT_ZONE, JsonObject, Rows, Values, Viewer

SETTLED_AFTER = 3 * 86400
SENSOR_STEP = 600
_CACHED_VALUES = 200 * 96 * 60


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A meter: its answer in meter_info, and what it measures.

    info: None for a meter that meter_info leaves out (a charge point). parts: the meters behind it,
    whose sum it is. is_differential: its raw registers hold each interval's energy.
    """

    id: str
    type: str = "electricity"
    mode: str = "consumption"
    info: JsonObject | None = None
    profile: Profile | None = None
    parts: tuple[Meter, ...] = ()
    is_rule_meter: bool = False
    is_differential: bool = False

    @property
    def measures(self) -> Mapping[str, str]:
        """The site column behind each measure; introduction and battery have none of their own."""
        total = f"total_{self.id}"
        match self.type, self.mode:
            case "electricity", "introduction":
                return {"total": "from_ext"}
            case "electricity", "battery":
                return {"total": "storage_charging_total"}
            case "electricity" | "charge_point", "consumption":
                return {"total": total, "self": f"self_{self.id}", "ext": f"ext_{self.id}"}
            case _:
                return {"total": total}


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """A sensor: its answer in sensors_list, and its values."""

    info: JsonObject
    gauge: Gauge


@dataclass(kw_only=True)
class Building:
    """An installation whose rows are a pure function of time and seed.

    begin: start of the first interval, epoch seconds. step: resolution of the electricity meters
    in Wh. faultless: leave out gateway outages, late rows and provisional values.
    """

    id: str
    begin: int
    seed: int
    site_info: JsonObject
    meters: tuple[Meter, ...]
    sensors: tuple[Sensor, ...] = ()
    battery: Battery | None = None
    step: int = 1
    faultless: bool = False
    zone: ZoneInfo = DEFAULT_ZONE

    def __post_init__(self) -> None:
        """Sort the meters by what they are, and bound the memory of computed days."""
        everyone = [one for meter in self.meters for one in (meter, *meter.parts)]
        self._meters = {meter.id: meter for meter in everyone}
        self._sensors = {str(sensor.info["id"]): sensor for sensor in self.sensors}
        self._types = {meter.type for meter in everyone}
        self._seeds = {meter.id: self.seed * 1009 + place for place, meter in enumerate(everyone)}
        self._counters = {meter.id: self._counter(meter) for meter in everyone}
        days = _CACHED_VALUES // (96 * (8 + 3 * len(everyone)))
        self._settled: Callable[[str, Day], Rows] = lru_cache(min(max(days, 8), 400))(self._compute)

    # What the installation says of itself

    def info(self) -> JsonObject:
        """The answer of installation_infos."""
        return self.site_info

    def meter_info(self) -> list[JsonObject]:
        """The answer of meter_info: every meter but the charge points."""
        return [meter.info for meter in self.meters if meter.info is not None]

    def sensors_list(self) -> list[JsonObject]:
        """The answer of sensors_list."""
        return [sensor.info for sensor in self.sensors]

    def type_of(self, meter_id: str) -> str | None:
        """The type of a meter, None where it is unknown."""
        meter = self._meters.get(meter_id)
        return None if meter is None else meter.type

    def columns(self, meter_id: str) -> Mapping[str, str] | None:
        """The site column behind each measure of a meter."""
        meter = self._meters.get(meter_id)
        return None if meter is None else meter.measures

    # Rows

    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        """The rows of a window that are there for this viewer, oldest first."""
        found: Rows = {}
        if meter_type not in self._types:
            return found
        start = max(start, self.begin)
        for day in days_between(start, end, self.zone):
            now = viewer.now
            is_settled = now is None or day.end + SETTLED_AFTER < now
            if is_settled or self.faultless:  # nothing provisional: amounts never change
                rows = self._settled(meter_type, day)
            else:
                rows = self._compute(meter_type, day, now)
            if now is not None and not is_settled:
                rows = {
                    at: values
                    for at, values in rows.items()
                    if self._visible_at(meter_type, day, at, viewer.latency) <= now
                }
            if start <= day.start and day.end <= end:
                found |= rows
            else:
                found |= {at: values for at, values in rows.items() if start <= at < end}
        return found

    def _compute(self, meter_type: str, day: Day, now: float | None = None) -> Rows:
        if meter_type == "electricity":
            return self._electricity(day, now)
        if meter_type == "charge_point":
            return self._charging(day, now)
        meters = [meter for meter in self._meters.values() if meter.type == meter_type]
        keys = [f"total_{meter.id}" for meter in meters]
        amounts = [self._amounts(meter, day) for meter in meters]
        rows: Rows = {}
        for index, start in enumerate(day.starts):
            totals = [series[index] / 1000 for series in amounts]
            rows[start] = {"conso_total": sum(totals), **dict(zip(keys, totals, strict=True))}
        return rows

    def _electricity(self, day: Day, now: float | None) -> Rows:
        consumers, producers = self._electric("consumption"), self._electric("production")
        consumed = [self._energies(meter, day, now) for meter in consumers]
        produced = [self._energies(meter, day, now) for meter in producers]
        consumer_ids = [meter.id for meter in consumers]
        producer_keys = [f"total_{meter.id}" for meter in producers]
        balance = Balance(self.battery)
        rows: Rows = {}
        for index, start in enumerate(day.starts):
            totals = [series[index] for series in consumed]
            yields = [series[index] for series in produced]
            row = balance.quarter(sum(totals), sum(yields))
            row |= _shared(consumer_ids, totals, _solar_share(row))
            row.update(zip(producer_keys, yields, strict=True))
            rows[start] = row
        return rows

    def _charging(self, day: Day, now: float | None) -> Rows:
        """The charge points share the sun of the meter they stand behind."""
        points = [part for meter in self.meters for part in meter.parts]
        amounts = [self._energies(point, day, now) for point in points]
        ids = [point.id for point in points]
        site = self._settled("electricity", day) if now is None else self._electricity(day, now)
        rows: Rows = {}
        for index, (start, electricity) in enumerate(site.items()):
            totals = [series[index] for series in amounts]
            shared = _shared(ids, totals, _solar_share(electricity))
            rows[start] = {"conso_total": sum(totals), **shared}
        return rows

    # What the meters measure

    def _electric(self, mode: str) -> list[Meter]:
        return [one for one in self.meters if one.type == "electricity" and one.mode == mode]

    def _amounts(self, meter: Meter, day: Day) -> Sequence[float]:
        if meter.parts:
            parts = [self._amounts(part, day) for part in meter.parts]
            return [sum(amounts) for amounts in zip(*parts, strict=True)]
        if meter.profile is None:
            return [0] * len(day.slots)
        return meter.profile(day, self._seeds[meter.id])

    def _energies(self, meter: Meter, day: Day, now: float | None) -> list[float]:
        """kWh of a day as a server finds them: differences of a counter, gaps evenly filled."""
        amounts = stepped(self._amounts(meter, day), self.step)
        counter = int(1e6 * noise(self._seeds[meter.id], day.ordinal, 21))
        energies = [(counter + amount) / 1000 - counter / 1000 for amount in amounts]
        gap = self._gap(day)
        if gap:
            inside = slice(gap.start, gap.stop)
            energies[inside] = [sum(amounts[inside]) / 1000 / len(gap)] * len(gap)
        if now is not None and not self.faultless and _can_be_provisional(meter):
            for index, start in enumerate(day.starts):
                if now < self._settled_at(meter, start):
                    energies[index] *= 0.5
        return energies

    # What comes late, and what changes

    def _gap(self, day: Day) -> range:
        """The quarters of this day in which the gateway was off: mostly none, else 3 to 7."""
        chance = noise(self.seed, day.ordinal, 31)
        if self.faultless or chance >= 0.06:
            return range(0)
        begin = 4 + int(80 * noise(self.seed, day.ordinal, 32))
        return range(begin, begin + 3 + int(chance * 80))

    def _settled_at(self, meter: Meter, start: int) -> float:
        """One value in 200 is half of the truth for its first 1 to 20 hours."""
        chance = noise(self._seeds[meter.id], start, 33)
        return start + QUARTER + 3600 * (1 + chance * 3800) if chance < 1 / 200 else start

    def _visible_at(self, meter_type: str, day: Day, start: int, latency: float) -> float:
        """When a row appears: daily-read meters on the next morning, one row in 300 is late."""
        if meter_type not in ("electricity", "charge_point"):
            return day.end + 3600 * (3 + 3 * noise(self.seed, day.ordinal, 34))
        if self.faultless:
            return start + QUARTER + latency
        gap = self._gap(day)
        if (start - day.start) // QUARTER in gap:
            start = day.start + QUARTER * gap[-1]
        chance = noise(self.seed, start, 35)
        late = 600 + 3600 * noise(self.seed, start, 36) if chance < 1 / 300 else 0
        return start + QUARTER + latency * (0.8 + 0.4 * chance) + late

    # Raw registers and sensors

    def registers(self, meter_id: str, start: int, end: int, viewer: Viewer) -> Rows | None:
        """Counters at the end of each period (of each interval the energy, if differential).

        Both ends of the window count. Heat and water give one reading a day; a gap is not filled.
        """
        meter, counter = self._meters[meter_id], self._counters[meter_id]
        if meter.is_rule_meter:
            return None
        found: Rows = {}
        for day in days_between(max(start, self.begin) - QUARTER, end + 1, self.zone):
            if day.end <= self.begin:
                continue
            for at, values in counter.day(day, self._gap(day)).items():
                visible = self._visible_at(meter.type, day, at - QUARTER, viewer.latency)
                if start <= at <= end and (viewer.now is None or visible <= viewer.now):
                    found[at] = values
        return found

    def _counter(self, meter: Meter) -> Counter:
        return Counter(
            meter.type,
            self.begin,
            self.zone,
            lambda day: flows(meter.mode, f"total_{meter.id}", self._settled(meter.type, day)),
            base=1000 * noise(self._seeds[meter.id], 41),
            is_differential=meter.is_differential,
        )

    def readings(self, sensor_id: str, start: int, end: int) -> list[tuple[int, float]] | None:
        """A value every ten minutes, both ends of the window included."""
        sensor = self._sensors.get(sensor_id)
        if sensor is None:
            return None
        first = max(start, self.begin)
        moments = range(first + -first % SENSOR_STEP, end + 1, SENSOR_STEP)
        return [(moment, sensor.gauge(moment, self.seed)) for moment in moments]


def _can_be_provisional(meter: Meter) -> bool:
    return meter.type == "electricity" and meter.mode == "consumption" and not meter.parts


def _solar_share(row: Values) -> float:
    """Observed: the sun is shared out by consumption, and is never negative for a meter."""
    return max(row["self"], 0.0) / row["conso_total"] if row["conso_total"] else 0.0


def _shared(ids: Sequence[str], totals: Sequence[float], share: float) -> dict[str, float]:
    columns: dict[str, float] = {}
    for meter_id, total in zip(ids, totals, strict=True):
        own = total * share
        columns[f"total_{meter_id}"] = total
        columns[f"self_{meter_id}"] = own
        columns[f"ext_{meter_id}"] = total - own
    return columns
