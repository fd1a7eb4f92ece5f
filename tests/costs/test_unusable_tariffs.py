"""Tariffs that are stored and with which nothing can be computed: they harm nobody."""

import logging
from math import inf, nan
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.climkit.costs import Payer, Season
from custom_components.climkit.costs.tariffs import tariffs_from_data, unusable_days
from custom_components.climkit.measures.table import Price
from tests.conftest import NOW, Home
from tests.costs.bill import (
    ZURICH,
    add_tariff,
    assert_costs,
    correct_tariff,
    feed_in,
    house_prices,
    tariff,
)
from tests.test_issues import look, told

GOOD = tariff("a", "2026-01-01", grid_price=0.3, solar_price=0.2)
BAD: list[dict[str, Any]] = [
    *({"valid_from": day} for day in ("0001-01-01", "0026-01-01", "9999-12-31", "soon", "", None)),
    *({"electricity": {"grid_price": price}} for price in (nan, inf, -inf, 1e300, "1", None, True)),
    {"fees": {"site_fee": inf}},
    {"water_and_heat": {"cold_water_price": nan}},
    {"low_hours": {"weekday": "25-26"}},
    {"electricity": {"grid_price": 0.3, "solar_price": 0.2, "solar_share": 80}},
    {"electricity": {"grid_price": 0.3, "solar_share": 101}},
    {"season": {"season_from": "1.4."}},
    {"electricity": None},
    {"dynamic": None},
    {"dynamic": {"sensor": "sensor.price"}},
    {"valid_from": 20260501},
    {"currency": None},
    {"electricity": {"solar_share": 80}},
    {"fees": []},
    {"low_hours": {"weekday": 7}},
    {"season": {"season_from": 1, "season_to": 2}},
]


@pytest.mark.parametrize("change", BAD, ids=str)
def test_as_stored(change: dict[str, Any]) -> None:
    """It is left out and named by its first day; the others hold."""
    bad = tariff("a", "2026-05-01", grid_price=9.0, solar_price=9.0) | change
    read = tariffs_from_data([bad, GOOD], ZURICH)
    assert read.price(Price.GRID, NOW) == 0.3
    assert unusable_days([bad, GOOD]) == [str(bad["valid_from"])]


@pytest.mark.parametrize("key", [key for key in GOOD if key not in ("site", "season", "dynamic")])
def test_incomplete(key: str) -> None:
    """A part is missing."""
    assert not tariffs_from_data([{k: v for k, v in GOOD.items() if k != key}], ZURICH)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "currency": st.text(),
            "valid_from": st.dates().map(str) | st.text() | st.none(),
            "electricity": st.dictionaries(
                st.sampled_from(["grid_price", "grid_price_low", "solar_price", "export_price"]),
                st.floats() | st.integers() | st.none() | st.text(),
            ),
            "low_hours": st.dictionaries(st.sampled_from(["weekday", "sunday"]), st.text()),
            "water_and_heat": st.none() | st.just({}),
            "fees": st.dictionaries(st.sampled_from(["site_fee", "meter_fee"]), st.floats()),
        }
    )
)
def test_anything(data: dict[str, Any]) -> None:
    """It can be computed with what is left."""
    read = tariffs_from_data([data, GOOD], ZURICH)
    today = NOW.date()
    assert read.price(Price.GRID, NOW) is None or abs(read.price(Price.GRID, NOW) or 0) < 1e7
    assert abs(read.fee(Payer.SITE, today, today)) < 1e7


FEED_IN = feed_in("a", "2026-01-01", price=0.1, price_low=0.08, weekday="7-12")
PARTS = [part for one in (GOOD, FEED_IN) for part in one.values() if isinstance(part, dict)]
FIELDS = sorted({"season_from", "season_to", "sensor", "solar_share"}.union(*PARTS))
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.sampled_from(["7-12", "1.4.", "x"]),
    lambda parts: st.lists(parts, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), parts),
    max_leaves=4,
)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from([GOOD, FEED_IN]), st.dictionaries(st.sampled_from([*FEED_IN, *GOOD]), ANY_JSON)
)
def test_any_shape(stored: dict[str, Any], change: dict[str, Any]) -> None:
    """What an editor may have made of it is read, or left out."""
    read = tariffs_from_data([stored | change], ZURICH)
    assert all(abs(read.price(price, NOW) or 0) < 1e7 for price in Price)


@pytest.mark.parametrize("error", [AttributeError, KeyError, TypeError])
def test_error_of_ours(error: type[Exception]) -> None:
    """It is raised: no tariff is to be corrected for it."""
    with patch.object(Season, "parse", side_effect=error), pytest.raises(error):
        tariffs_from_data([GOOD], ZURICH)


@pytest.mark.recorder
@pytest.mark.parametrize("change", [BAD[0], BAD[2], BAD[6], BAD[7], BAD[13]], ids=str)
async def test_left_out(
    home: Home, change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Added while all runs, and over a restart; a repair tells until it is corrected."""
    [site_id] = home.simulator.world.sites
    await home.set_up_completely()
    good = tariff(site_id, "2026-01-01", grid_price=0.3, solar_price=0.2, export_price=0.1)
    add_tariff(home, good)
    bad = good | {"valid_from": "2026-05-01"} | change
    subentry_id = add_tariff(home, bad)
    prices = house_prices(home, lambda _: 0.3, lambda _: 0.2, lambda _: 0.1)
    await home.settle()
    for _ in range(2):
        await assert_costs(home, prices)
        await look(home)
        assert told(home) == {"unusable_tariffs"}
        await home.restart()
        await home.complete()
        assert home.entry.state is ConfigEntryState.LOADED
    correct_tariff(home, subentry_id, good | {"valid_from": "2026-11-25"})
    await home.settle()
    await look(home)
    assert not told(home)
    await assert_costs(home, prices)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
