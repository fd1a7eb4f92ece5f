"""Raw registers: what the counters of a building's meters show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from .calendar import QUARTER, Day, day_at, local_day
from .site import Rows, Values

type Flows = tuple[Sequence[float], Sequence[float]]

_REGISTER = {"heating": "heat_energy_kwh", "cooling": "heat_energy_kwh"}
_REGISTER |= {"cold_water": "vol_m3", "hot_water": "vol_m3"}


def flows(mode: str, total: str, rows: Rows) -> Flows:
    """What went into and out of a meter in each interval; PV counts its production outward."""
    match mode:
        case "introduction":
            inward, outward = "from_ext", "to_ext"
        case "battery":
            inward, outward = "storage_charging_total", "storage_discharging_total"
        case "production":
            totals = [row[total] for row in rows.values()]
            return [max(-one, 0.0) for one in totals], [max(one, 0.0) for one in totals]
        case _:
            return [row[total] for row in rows.values()], [0.0] * len(rows)
    return [row[inward] for row in rows.values()], [row[outward] for row in rows.values()]


@dataclass
class Counter:
    """The counters of one meter: an index at the beginning of every day, filled as asked for."""

    meter_type: str
    begin: int
    zone: ZoneInfo
    flows: Callable[[Day], Flows]
    base: float
    is_differential: bool = False
    _indices: list[tuple[float, float]] = field(default_factory=list)

    def index(self, ordinal: int) -> tuple[float, float]:
        """Both counters at the beginning of a local day."""
        first = day_at(self.begin, self.zone).ordinal
        known = self._indices = self._indices or [(self.base, 0.0)]
        while len(known) <= ordinal - first:
            inward, outward = self.flows(local_day(first + len(known) - 1, self.zone))
            known.append((known[-1][0] + sum(inward), known[-1][1] + sum(outward)))
        return known[ordinal - first]

    def day(self, day: Day, gap: range) -> Rows:
        """The readings of a day, keyed by the end of the period; none in a gap of the gateway.

        Heat and water are read once, at the end of the day.
        """
        imported, exported = self.index(day.ordinal)
        inward, outward = self.flows(day)
        rows: Rows = {}
        for index, start in enumerate(day.starts):
            imported, exported = imported + inward[index], exported + outward[index]
            if start >= self.begin and index not in gap:
                rows[start + QUARTER] = (
                    self._shown(inward[index], outward[index])
                    if self.is_differential
                    else self._shown(imported, exported)
                )
        if self.meter_type in _REGISTER:
            return {day.end: self._shown(imported, exported)}
        return rows

    def _shown(self, inward: float, outward: float) -> Values:
        if self.meter_type in _REGISTER:
            return {_REGISTER[self.meter_type]: round(inward, 3)}
        return {"en_im": round(inward, 3), "en_ex": round(outward, 3)}
