"""Which consumer measures the energy of others too. Climkit does not tell, but the hours do. Pure.

A garage's meter and the charge points behind it measure the same energy, so a dashboard that shows
them side by side would count it twice. A site's consumption counts it once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

# Energy in kWh by the start of its hour; an hour without data is absent.
type HourlyEnergy = Mapping[datetime, float]

# An hour tells something where this much was used, in kWh; so many such hours are enough.
USED = 0.5
ENOUGH_HOURS = 4

# Meters may err by 1 to 2 % (classes B and A of EN 50470), and count in steps of up to 10 Wh.
METER_ERROR = 0.03
METER_STEP = 0.01

# One in so many hours of use may lack a part of its data.
HOURS_FOR_A_MISS = 50


def find_parents(
    parts: Mapping[str, HourlyEnergy], consumers: Mapping[str, HourlyEnergy]
) -> dict[str, str]:
    """Return for each part the consumer that measures it too, and for that one what is above it.

    That is the only consumer whose every hour holds the sum of the parts; of several it is the
    innermost, if each holds the one before. Where no consumer holds all parts, one may hold some.
    A part for which nothing or no single consumer fits is left out.
    """
    together = _holders(parts.values(), consumers)
    if together:
        return dict.fromkeys(parts, together[0]) | dict(pairwise(together))
    found: dict[str, str] = {}
    chains = {part: _holders([amounts], consumers) for part, amounts in parts.items()}
    for parent in {chain[0] for chain in chains.values() if chain}:
        own = {part: chain for part, chain in chains.items() if chain and chain[0] == parent}
        if _holds(consumers[parent], *_sum(parts[part] for part in own)):
            found |= dict.fromkeys(own, parent)
            for chain in own.values():
                found |= dict(pairwise(chain))
    return found


def find_inner_parents(consumers: Mapping[str, HourlyEnergy], site: HourlyEnergy) -> dict[str, str]:
    """Return the same for consumers that others of them measure too.

    There are some if all of them together use more than the site. They are those that this is the
    sum of, in every hour; else nothing is said.
    """
    whole, number = _sum(consumers.values())
    known = set(site).intersection(*consumers.values())
    twice = {hour: whole[hour] - site[hour] for hour in known}
    inner = {key: amounts for key, amounts in consumers.items() if _holds(twice, amounts, number)}
    if not inner or not _holds(_sum(inner.values())[0], twice, number):
        return {}
    found: dict[str, str] = {}
    for key, amounts in inner.items():
        others = {other: consumers[other] for other in consumers if other != key}
        found |= find_parents({key: amounts}, others)
    return found


def _holders(parts: Iterable[HourlyEnergy], consumers: Mapping[str, HourlyEnergy]) -> Sequence[str]:
    """Return the consumers that hold the sum of the parts, the innermost first.

    There is none too where it is not clear which of several is meant.
    """
    whole, number = _sum(parts)
    holders = [key for key, amounts in consumers.items() if _holds(amounts, whole, number)]
    if len(holders) > 1:
        known = set.intersection(*(set(consumers[key]) for key in holders))
        holders.sort(key=lambda key: sum(consumers[key][hour] for hour in known))
    if all(_holds(consumers[above], consumers[key], 1) for key, above in pairwise(holders)):
        return holders
    return ()


def _sum(parts: Iterable[HourlyEnergy]) -> tuple[HourlyEnergy, int]:
    """Return the sum of parts, and how many there are. Where one lacks an hour it is too little."""
    total: dict[datetime, float] = {}
    number = 0
    for amounts in parts:
        number += 1
        for hour, amount in amounts.items():
            total[hour] = total.get(hour, 0.0) + amount
    return total, number


def _holds(whole: HourlyEnergy, part: HourlyEnergy, meters: int) -> bool:
    """Whether every hour of a consumer holds that of a part, which is the sum of some meters.

    That may be by chance, as a big shop holds a small charger. So the consumer has to become calmer
    without the part: what is not in it only adds its own ups and downs.
    """
    used = [hour for hour, amount in part.items() if amount >= USED and hour in whole]
    if len(used) < ENOUGH_HOURS:
        return False
    slack = METER_STEP * (meters + 1)

    def misses(hours: Iterable[datetime]) -> int:
        return sum(part[hour] * (1 - METER_ERROR) > whole[hour] + slack for hour in hours)

    permitted = len(used) // HOURS_FOR_A_MISS
    if misses(used) > permitted:  # most often, and soon known
        return False
    hours = sorted(whole.keys() & part.keys())
    if misses(hours) > permitted:
        return False
    rest = [whole[hour] - part[hour] for hour in hours]
    return _unrest(rest) <= _unrest([whole[hour] for hour in hours]) + slack


def _unrest(amounts: Sequence[float]) -> float:
    """Return the sum of the steps from hour to hour."""
    return sum(abs(later - earlier) for earlier, later in pairwise(amounts))
