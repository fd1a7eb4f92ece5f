"""Loads, sun and weather as pure functions of a day and a seed.

A profile answers the amount of every quarter-hour of a local day: watt-hours for electricity and
heat, litres for water. The same day and seed always give the same answer, so years need no storage.
Randomness is an integer hash, because a page asks for some 100,000 numbers.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import cos, pi, radians, sin

from .calendar import QUARTER, Day

type Profile = Callable[[Day, int], Sequence[float]]
type Gauge = Callable[[int, int], float]

LATITUDE = radians(46.46)
LONGITUDE_SECONDS = 6.84 / 360 * 86400

_WEEKDAY = [90, 80, 75, 75, 80, 120, 260, 320, 240, 180, 170, 260]
_WEEKDAY += [320, 220, 170, 170, 210, 320, 480, 460, 380, 310, 220, 140]
_WEEKEND = [110, 90, 80, 75, 75, 80, 110, 180, 300, 340, 320, 380]
_WEEKEND += [420, 320, 260, 250, 280, 340, 440, 430, 380, 330, 250, 160]
_WATER = (1, 1, 0, 0, 1, 4, 12, 16, 10, 6, 5, 7, 8, 5, 4, 4, 5, 8, 12, 11, 9, 8, 5, 2)


def noise(seed: int, first: int, second: int = 0) -> float:
    """A number in [0, 1) that depends on nothing but the three integers."""
    value = (seed * 0x9E3779B1 + first * 0x85EBCA77 + second * 0xC2B2AE3D) & 0xFFFFFFFF
    value = ((value ^ value >> 15) * 0x2C1B3C6D) & 0xFFFFFFFF
    value = ((value ^ value >> 12) * 0x297A2D39) & 0xFFFFFFFF
    return (value ^ value >> 15) / 0x100000000


# Weather


@lru_cache(maxsize=2048)
def cloudiness(ordinal: int, seed: int) -> float:
    """Cover of the sky over a day: 0 clear, 1 dull."""
    return float(noise(seed, ordinal, 11) ** 1.5)


def outdoor_temperature(epoch: int, seed: int) -> float:
    """Outdoor temperature in degrees Celsius at a moment (epoch seconds)."""
    day, second = divmod(epoch, 86400)
    season = -9.5 * cos(2 * pi * (day % 365.25 - 18) / 365.25)
    hours = -3.5 * cos(2 * pi * (second / 86400 - 0.12))
    spell = sum(6 * (noise(seed, day + late, 12) - 0.5) * weight for late, weight in _spell(second))
    return 10.5 + season + hours + spell


def _spell(second: int) -> tuple[tuple[int, float], tuple[int, float]]:
    """Weights that lead from one day's weather into the next."""
    share = second / 86400
    return (0, 1 - share), (1, share)


def sun(epoch: int) -> float:
    """Sine of the sun's elevation over Vevey at a moment, 0 at night."""
    day, second = divmod(epoch, 86400)
    declination = -0.409 * cos(2 * pi * (day % 365.25 + 10) / 365.25)
    angle = 2 * pi * ((second + LONGITUDE_SECONDS) / 86400 - 0.5)
    height = sin(LATITUDE) * sin(declination) + cos(LATITUDE) * cos(declination) * cos(angle)
    return max(height, 0.0)


# Electricity


def household(day: Day, seed: int) -> list[int]:
    """A flat: base load, meals, quieter on some weeks when nobody is at home."""
    shape = _WEEKEND if day.is_weekend else _WEEKDAY
    size = 0.16 + 0.2 * noise(seed, 1)
    if noise(seed, day.ordinal // 7, 2) < 0.06:
        size *= 0.3
    size *= 0.7 + 0.6 * noise(seed, day.ordinal, 3)
    energies = []
    for start, slot in zip(day.starts, day.slots, strict=True):
        chance = noise(seed, start // QUARTER)
        energy = shape[slot // 4] * size * (0.4 + 1.2 * chance)
        if chance > 0.97 and 24 <= slot < 90:
            energy += 500 * (chance - 0.97) / 0.03
        energies.append(int(energy))
    return energies


def common_parts(day: Day, seed: int) -> list[int]:
    """Stairs, lift, laundry: light in the dark, washing on weekdays."""
    energies = []
    for start, slot in zip(day.starts, day.slots, strict=True):
        chance = noise(seed, start // QUARTER)
        energy = 60 + 40 * chance + (0 if sun(start) else 90)
        if not day.is_weekend and 30 <= slot < 76 and chance > 0.8:
            energy += 450
        energies.append(int(energy))
    return energies


def heat_pump(day: Day, seed: int) -> list[int]:
    """A compressor that is on or off, oftener the colder it is outside."""
    cold = max(0.0, 17 - outdoor_temperature(day.start + 43200, seed)) / 25
    share = min(0.95, 0.08 + cold)
    starts = (start // QUARTER for start in day.starts)
    return [1400 if noise(seed, start // 2, start % 2) < share else 6 for start in starts]


def charge_point(day: Day, seed: int) -> list[int]:
    """A charge point: on about half of the evenings one car, 11 kW for one to four hours."""
    energies = [0] * len(day.slots)
    if noise(seed, day.ordinal, 5) < 0.5:
        begin = 68 + int(14 * noise(seed, day.ordinal, 6))
        length = 4 + int(12 * noise(seed, day.ordinal, 7))
        for index in range(begin, min(begin + length, len(energies) - 1)):
            energies[index] = 2750 - int(40 * noise(seed, day.ordinal, index))
    return energies


def photovoltaics(peak: int) -> Profile:
    """A PV plant with this peak power in watts; at night its inverter may take 10 to 40 Wh."""

    def profile(day: Day, seed: int) -> list[int]:
        cover = cloudiness(day.ordinal, seed)
        energies = []
        for start in day.starts:
            chance = noise(seed, start // QUARTER, 8)
            light = sun(start + QUARTER // 2)
            energy = int(peak / 4 * light**1.2 * (1 - cover * (0.6 + 0.4 * chance)))
            if energy < 10:
                energy = -int(10 + 60 * (chance - 0.5)) if chance >= 0.5 else 0
            energies.append(energy)
        return energies

    return profile


def plain(day: Day, seed: int) -> list[int]:
    """A load without a shape, cheap to compute, for very large sites."""
    return [int(20 + 60 * noise(seed, start)) for start in range(len(day.slots))]


# Heat and water: read once a day, so a day's amount is all the meter knows


def heating(day: Day, seed: int) -> list[float]:
    """Whole kilowatt-hours of a day, by how cold it is; evenly spread."""
    cold = max(0.0, 16 - outdoor_temperature(day.start + 43200, seed))
    size = 1.2 + 1.6 * noise(seed, 1)
    return _evenly(1000 * round(cold * size * (0.8 + 0.4 * noise(seed, day.ordinal))), day)


def cooling(day: Day, seed: int) -> list[float]:
    """Whole kilowatt-hours of a day, by how hot it is; evenly spread."""
    warm = max(0.0, outdoor_temperature(day.start + 54000, seed) - 20)
    return _evenly(1000 * round(3 * warm), day)


def cold_water(day: Day, seed: int) -> list[int]:
    """Litres of a flat, in the hours when people use water."""
    return _litres(day, seed, 110)


def hot_water(day: Day, seed: int) -> list[int]:
    """Litres of a flat, in the hours when people use water."""
    return _litres(day, seed, 45)


def _litres(day: Day, seed: int, mean: float) -> list[int]:
    amount = mean * (0.6 + noise(seed, 1)) * (0.5 + noise(seed, day.ordinal, 2))
    unit = amount / (4 * sum(_WATER))
    return [
        int(unit * _WATER[slot // 4] * (0.5 + noise(seed, day.ordinal, slot))) for slot in day.slots
    ]


def _evenly(amount: float, day: Day) -> list[float]:
    return [amount / len(day.slots)] * len(day.slots)


# Sensors


def room_temperature(epoch: int, seed: int) -> float:
    """Degrees Celsius in a room."""
    return round(20.8 + 0.06 * outdoor_temperature(epoch, seed) + noise(seed, epoch // 600) / 2, 1)


def outdoor_sensor(epoch: int, seed: int) -> float:
    """Degrees Celsius outside, to a tenth."""
    return round(outdoor_temperature(epoch, seed) + noise(seed, epoch // 600) / 2, 1)


def humidity(epoch: int, seed: int) -> float:
    """Relative humidity in per cent."""
    return round(48 + 8 * sin(2 * pi * epoch / 864000) + 4 * noise(seed, epoch // 600))


def carbon_dioxide(epoch: int, seed: int) -> float:
    """CO2 in parts per million."""
    return round(430 + 350 * (1 - abs(epoch % 86400 - 43200) / 43200) + 80 * noise(seed, epoch))


def unknown_quantity(epoch: int, seed: int) -> float:
    """Something that nobody has named."""
    return round(100 * noise(seed, epoch // 3600), 2)
