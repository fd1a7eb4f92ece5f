"""A year of an apartment house under real tariffs: each hour costs what its quarter-hours do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import fsum
from typing import Any

import pytest

from custom_components.climkit.api import floor_hour
from custom_components.climkit.costs.tariffs import hourly_costs, tariffs_from_data
from custom_components.climkit.measures.table import Price
from tests.costs.bill import (
    ZURICH,
    Price as PriceByHand,
    feed_in,
    feed_in_price,
    grid_price,
    solar_price,
    tariff,
)
from tests.costs.price_sensor import varying
from tests.simulator import World, apartment_house

BEGIN = datetime(2025, 11, 1, tzinfo=UTC)
NOW = BEGIN + timedelta(days=396)
SUMMER = {"season_from": "1.4.", "season_to": "30.9."}
WINTER = {"season_from": "1.10.", "season_to": "31.3."}
QUARTERS = (("1.1.", "31.3."), ("1.4.", "30.6."), ("1.7.", "30.9."), ("1.10.", "31.12."))
SOLAR: dict[str, Any] = {"solar_price": 0.17}
SENSOR = "sensor.ckw_price"


def told(_sensor: str, hour: datetime) -> float | None:
    """What a sensor told of an hour; now and then nothing."""
    return varying(hour) if int(hour.timestamp()) // 3600 % 500 else None


def low(weekday: str, saturday: str, sunday: str) -> dict[str, Any]:
    return {"weekday": weekday, "saturday": saturday, "sunday": sunday}


@dataclass(frozen=True)
class Utility:
    """What a person enters of it: tariffs and feed-in prices."""

    tariffs: list[dict[str, Any]]
    feed_in: list[dict[str, Any]] = field(default_factory=list)


def one(**fields: Any) -> dict[str, Any]:
    return tariff("a", "2025-11-01", **fields)


def paid(day: str = "2025-11-01", **fields: Any) -> dict[str, Any]:
    return feed_in("a", day, **fields)


UTILITIES = {
    "Groupe E": Utility(
        [one(grid_price=0.2921, grid_price_low=0.1834, **SOLAR, **low(*["12-17, 23-07"] * 3))],
        [paid(price=0.062, bonus=0.04)],
    ),
    "TB Gränichen": Utility(
        [one(grid_price=0.3, grid_price_low=0.22, **SOLAR, **low("0-6, 12-18", "0-24", "0-24"))]
    ),
    "SiL": Utility(
        [
            one(
                grid_price=0.3465,
                grid_price_low=0.2497,
                solar_share=80,
                **low("22-06", "0-7, 14-24", "0-24"),
            )
        ]
    ),
    "Schübelbach": Utility(
        [
            one(
                grid_price=price,
                grid_price_low=0.2,
                **SOLAR,
                **low("20-07", "0-7, 13-24", "0-24"),
                **season,
            )
            for price, season in ((0.28, SUMMER), (0.33, WINTER))
        ]
    ),
    "ewz": Utility(
        [one(grid_price=0.27, grid_price_low=0.21, **SOLAR, **low("22-06", "22-06", "0-24"))],
        [paid(price=0.105, price_low=0.0645, **low("22-6", "0-24", "0-24"))],
    ),
    "Eniwa": Utility(
        [
            one(grid_price=0.29, **SOLAR),
            one(
                grid_price=0.29, grid_price_low=0.2, **SOLAR, **low("12-15", "12-15", ""), **SUMMER
            ),
        ],
        [paid(price=0.098)],
    ),
    "EKZ": Utility(
        [
            one(grid_price=0.2 + number / 50, **SOLAR, season_from=first, season_to=last)
            for number, (first, last) in enumerate(QUARTERS)
        ],
        [
            paid(day, price=price, floor=0.06, bonus=0.03)
            for day, price in (
                ("2026-01-01", 0.104),
                ("2026-04-01", 0.028),
                ("2026-07-01", 0.033),
            )
        ],
    ),
    "Regio Energie Solothurn": Utility(
        [one(grid_price=0.277, solar_price=0.2216)],
        [paid(price=0.062, **SUMMER), paid(price=0.09, **WINTER)],
    ),
}


DYNAMIC = {
    "CKW, dynamic": Utility(
        [one(sensor=SENSOR, sensor_factor=1.081, sensor_surcharge=0.1, solar_share=80)]
    )
}


def by_hand(utility: Utility) -> tuple[PriceByHand, PriceByHand, PriceByHand]:
    """What the grid, solar and exports cost, worked out in a second way."""
    return (
        grid_price(utility.tariffs, told),
        solar_price(utility.tariffs, told),
        feed_in_price(utility.feed_in),
    )


@pytest.fixture(scope="module")
def quarters() -> Mapping[str, Mapping[datetime, float]]:
    """The quarter-hours of the building: what it drew, what it gave, and what stayed within."""
    world = World.of(apartment_house(1, NOW, NOW - BEGIN, flats=3))
    [site_id] = world.sites
    found = world.intervals(site_id, "electricity", BEGIN, NOW)
    return {key: found[key] for key in ("from_ext", "to_ext", "self")}


@pytest.mark.parametrize("name", UTILITIES | DYNAMIC)
def test_year(name: str, quarters: Mapping[str, Mapping[datetime, float]]) -> None:
    """Both nights of the clocks, holidays, seasons and quarters are in it."""
    utility = (UTILITIES | DYNAMIC)[name]
    known = tariffs_from_data([*utility.tariffs, *utility.feed_in], ZURICH)
    kinds = {Price.GRID: "from_ext", Price.SOLAR: "self", Price.EXPORT: "to_ext"}
    for (price, column), price_by_hand in zip(kinds.items(), by_hand(utility), strict=True):
        amounts: dict[datetime, list[float]] = {}
        costs: dict[datetime, list[float]] = {}
        for start, amount in quarters[column].items():
            amounts.setdefault(floor_hour(start), []).append(amount)
            if (unit_price := price_by_hand(start.astimezone(ZURICH))) is not None:
                costs.setdefault(floor_hour(start), []).append(amount * unit_price)
        whole = {hour: fsum(amount) for hour, amount in amounts.items()}
        means = {hour: mean for hour in whole if (mean := told(SENSOR, hour)) is not None}
        found = hourly_costs([(price, whole)], known, {SENSOR: means})
        assert found.keys() == costs.keys(), price
        assert all(abs((found[h] or 0.0) - fsum(c)) < 1e-6 for h, c in costs.items()), price
        if price is Price.GRID:
            assert len(found) > 8760
