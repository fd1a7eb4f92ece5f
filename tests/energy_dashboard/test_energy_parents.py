"""Which consumer measures the energy of others too, as the hours tell."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from custom_components.climkit.energy_dashboard.parents import (
    HourlyEnergy,
    find_inner_parents,
    find_parents,
)

pytestmark = pytest.mark.default_entities

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = [FIRST + timedelta(hours=number) for number in range(24 * 30)]


def amounts(values: Iterable[float]) -> dict[datetime, float]:
    """Hours from the first on, kWh."""
    return dict(zip(HOURS, values, strict=False))


def household(seed: int, mean: float = 0.4) -> dict[datetime, float]:
    """A flat that cooks, washes and sleeps: mostly little, sometimes much."""
    random = Random(seed)
    return amounts(random.expovariate(1 / mean) for _ in HOURS)


def charger(seed: int, kilowatts: float = 11.0) -> dict[datetime, float]:
    """A charge point: on some evenings for some hours, else its stand-by."""
    random = Random(seed)
    evenings = {day: random.randint(1, 4) for day in range(31) if random.random() < 0.5}
    return amounts(
        kilowatts * random.uniform(0.6, 1)
        if 18 <= hour.hour < 18 + evenings.get((hour - FIRST).days, 0)
        else 0.004
        for hour in HOURS
    )


def summed(*parts: HourlyEnergy) -> dict[datetime, float]:
    """What a meter before others measures."""
    return {hour: sum(part[hour] for part in parts) for hour in HOURS}


def flats(number: int = 6) -> dict[str, HourlyEnergy]:
    """Consumers that have nothing to do with cars."""
    return {f"flat {seed}": household(seed) for seed in range(number)}


POINTS: Mapping[str, HourlyEnergy] = {"point 1": charger(11), "point 2": charger(12)}
IN_GARAGE = dict.fromkeys(POINTS, "garage")


class TestOneParent:
    """A garage's meter and the charge points behind it."""

    @pytest.mark.parametrize("light", [0.0, 0.2, 3.0])
    def test_garage_with_its_light(self, light: float) -> None:
        """The rest of the garage may be nothing, or more than the cars use."""
        garage = summed(*POINTS.values(), household(21, light) if light else amounts([0] * 720))
        assert find_parents(POINTS, {**flats(), "garage": garage}) == IN_GARAGE

    @pytest.mark.parametrize("step", [0.001, 0.01])
    @pytest.mark.parametrize("error", [-0.02, 0.0, 0.02])
    def test_meters_round_and_err(self, step: float, error: float) -> None:
        """A calibrated meter may measure two percent less than those behind it."""
        whole = summed(*POINTS.values())
        garage = {hour: amount * (1 + error) // step * step for hour, amount in whole.items()}
        assert find_parents(POINTS, {**flats(), "garage": garage}) == IN_GARAGE

    def test_each_meter_has_steps_of_its_own(self) -> None:
        """In a quiet hour both points may count one too many, and the garage one too few."""
        points = dict.fromkeys(POINTS, amounts([*[1.0] * 8, 0.015]))
        garage = amounts([*[2.0] * 8, 0.0])
        assert find_parents(points, {"garage": garage}) == IN_GARAGE

    def test_hours_that_are_missing(self) -> None:
        """What one of them lacks tells nothing; a garage's meter may be newer than the points."""
        random = Random(1)
        points = {
            name: {hour: amount for hour, amount in point.items() if random.random() < 0.9}
            for name, point in POINTS.items()
        }
        whole = summed(*POINTS.values())
        garage = {hour: whole[hour] for hour in HOURS[200:] if random.random() < 0.9}
        assert find_parents(points, {**flats(), "garage": garage}) == IN_GARAGE

    def test_an_hour_that_came_in_half(self) -> None:
        """One hour of many that is not right yet is no proof of the contrary."""
        points = {"point": amounts([8.0] * 120)}
        garage = amounts([8.1] * 119 + [4.0])
        assert find_parents(points, {"garage": garage}) == {"point": "garage"}
        assert find_parents(points, {"garage": amounts([8.1] * 115 + [4.0] * 5)}) == {}

    def test_point_that_is_never_used(self) -> None:
        """It goes with the others: what holds all of them holds its nothing too."""
        points = {**POINTS, "idle": amounts([0.0] * 720)}
        garage = summed(*POINTS.values())
        assert find_parents(points, {"garage": garage}) == dict.fromkeys(points, "garage")


class TestNobody:
    """Where the hours do not tell, nothing is said."""

    def test_no_consumer_holds_them(self) -> None:
        assert find_parents(POINTS, flats()) == {}

    def test_no_hours(self) -> None:
        assert find_parents({"point": {}}, {"garage": {}}) == {}
        assert find_parents({}, flats()) == {}

    def test_cars_that_are_not_there_yet(self) -> None:
        """Every consumer holds nothing."""
        idle = {"point": amounts([0.003] * 720)}
        assert find_parents(idle, {**flats(), "garage": amounts([0.003] * 720)}) == {}

    @pytest.mark.parametrize(
        ("hours", "found"), [(1, {}), (3, {}), (4, {"point": "garage"})], ids=str
    )
    def test_car_that_was_there_once(self, hours: int, found: Mapping[str, str]) -> None:
        """Some hours are held by whoever cooked meanwhile; four are enough to tell."""
        car = amounts(3.0 if 18 <= number < 18 + hours else 0.0 for number in range(720))
        garage = summed(car, household(31, 0.1))
        assert find_parents({"point": car}, {"garage": garage}) == found

    def test_several_fit(self) -> None:
        """A car that charges while somebody cooks: two consumers may be meant."""
        meal = amounts(4.0 if hour.hour == 19 else 0.1 for hour in HOURS)
        car = {"point": amounts(3.0 if hour.hour == 19 else 0.0 for hour in HOURS)}
        one = summed(meal, household(31, 0.1))
        other = summed(meal, household(32, 0.1))
        assert find_parents(car, {"one": one, "other": other}) == {}

    @pytest.mark.parametrize("seed", range(5))
    def test_shop_that_is_bigger_than_a_charger(self, seed: int) -> None:
        """It holds each hour by chance, but it does not become calmer without the car."""
        shop = {hour: 20 + amount for hour, amount in household(seed, 2.0).items()}
        assert find_parents({"point": charger(seed, 3.7)}, {"shop": shop, **flats()}) == {}

    def test_prosumer_who_feeds_in(self) -> None:
        """A meter that the sun turns back holds no car at noon, although it is behind it."""
        sun = amounts(-9.0 if 10 <= hour.hour <= 15 else 0.0 for hour in HOURS)
        car = amounts(6.0 if hour.hour == 12 else 0.0 for hour in HOURS)
        assert find_parents({"point": car}, {"house": summed(car, sun)}) == {}


class TestSome:
    """Several parents, and parents of parents."""

    def test_two_garages(self) -> None:
        third = charger(13)
        consumers = {
            **flats(),
            "garage": summed(*POINTS.values(), household(21, 0.1)),
            "yard": summed(third, household(22, 0.1)),
        }
        found = find_parents({**POINTS, "point 3": third}, consumers)
        assert found == {**IN_GARAGE, "point 3": "yard"}

    def test_point_that_stands_elsewhere(self) -> None:
        """Of the one behind no consumer nothing is said; the others are found."""
        garage = summed(*POINTS.values())
        found = find_parents({**POINTS, "street": charger(13)}, {**flats(), "garage": garage})
        assert found == IN_GARAGE

    def test_one_that_holds_each_but_not_all(self) -> None:
        """Each alone fits, the two together do not: so it is neither's parent."""
        points = {
            "early": amounts(5.0 if hour.hour in (5, 6) else 0.0 for hour in HOURS),
            "both": amounts(5.0 if hour.hour in (6, 7) else 0.0 for hour in HOURS),
        }
        house = amounts(5.0 if hour.hour in (5, 6, 7) else 0.0 for hour in HOURS)
        assert find_parents(points, {"house": house}) == {}

    def test_parent_of_the_parent(self) -> None:
        """The innermost holds the points, and is a part of the next one."""
        garage = summed(*POINTS.values(), household(21, 0.1))
        cellar = summed(garage, household(22, 0.5))
        main = summed(cellar, household(23, 0.5))
        consumers = {"main": main, **flats(), "garage": garage, "cellar": cellar}
        assert find_parents(POINTS, consumers) == {
            **IN_GARAGE,
            "garage": "cellar",
            "cellar": "main",
        }


class TestInner:
    """Consumers that other consumers measure too: the site's consumption has their energy once."""

    def test_nobody(self) -> None:
        """All of them are the site, or some have not been chosen."""
        consumers = flats()
        assert find_inner_parents(consumers, summed(*consumers.values())) == {}
        assert find_inner_parents(consumers, summed(*consumers.values(), household(50))) == {}
        assert find_inner_parents(consumers, {}) == {}
        assert find_inner_parents({}, {}) == {}

    @pytest.mark.parametrize("step", [0.0, 0.01])
    def test_heat_pump_behind_the_common_meter(self, step: float) -> None:
        """The common meter is the only one that holds it; meters may count in steps."""

        def counted(exact: HourlyEnergy) -> HourlyEnergy:
            return {
                hour: round(value / step) * step if step else value for hour, value in exact.items()
            }

        pump = household(40, 1.5)
        common = summed(pump, household(41, 0.3))
        consumers = {key: counted(one) for key, one in {**flats(), "common": common}.items()}
        site = summed(*consumers.values())
        consumers["pump"] = counted(pump)
        assert find_inner_parents(consumers, site) == {"pump": "common"}

    def test_rooms_of_a_flat_and_a_cellar_in_a_cellar(self) -> None:
        """Several of several, and one within one within one."""
        room, other_room = household(51, 0.3), household(52, 0.4)
        flat = summed(room, other_room, household(53, 0.2))
        freezer = household(54, 1.0)
        cellar = summed(freezer, household(55, 0.6))
        shared = summed(cellar, household(56, 0.5))
        outer = {**flats(), "flat": flat, "shared": shared}
        inner = {"room": room, "other room": other_room, "cellar": cellar, "freezer": freezer}
        assert find_inner_parents({**outer, **inner}, summed(*outer.values())) == {
            "room": "flat",
            "other room": "flat",
            "cellar": "shared",
            "freezer": "cellar",
        }

    def test_more_than_the_site_for_another_reason(self) -> None:
        """What is used more is not what any of them used: nothing is said."""
        consumers = flats()
        site = {hour: amount * 0.8 for hour, amount in summed(*consumers.values()).items()}
        assert find_inner_parents(consumers, site) == {}
