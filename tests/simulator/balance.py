"""The electricity balance of one quarter-hour, and what the resolution of a counter makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Battery:
    """Capacity in kWh, and the most it takes or gives in a quarter-hour in kWh."""

    capacity: float
    rate: float


class Balance:
    """Shares a day's quarter-hours out between sun, battery and grid; empty at midnight."""

    def __init__(self, battery: Battery | None) -> None:
        """Start a day, with or without a battery."""
        self._battery = battery or Battery(0.0, 0.0)
        self._stored = 0.0

    def quarter(self, consumed: float, produced: float) -> dict[str, float]:
        """The site columns of the next quarter-hour, kWh."""
        battery = self._battery
        direct = min(produced, consumed)
        charged = min(produced - direct, battery.rate, battery.capacity - self._stored)
        discharged = min(consumed - max(direct, 0.0), battery.rate, self._stored)
        self._stored += charged - discharged
        covered = direct + discharged
        return {
            "conso_total": consumed,
            "prod_total": produced,
            "self": covered,
            "from_ext": consumed - covered,
            "to_ext": produced - direct - charged,
            "storage_charging_total": charged,
            "storage_charging_self": charged,
            "storage_discharging_total": discharged,
        }


def stepped(amounts: Sequence[float], step: int) -> Sequence[float]:
    """Differences of a counter that shows whole steps only; what is left over counts later."""
    if step == 1:
        return amounts
    total, shown = 0.0, 0.0
    differences: list[float] = []
    for amount in amounts:
        total += amount
        index = total // step * step
        differences.append(index - shown)
        shown = index
    return differences
