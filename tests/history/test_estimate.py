"""What a history is said to cost is about what it costs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.helpers.recorder import get_instance, session_scope
import pytest
from sqlalchemy import func, select

from custom_components.climkit.api import Meter, MeterMode
from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.history.estimate import (
    REQUESTS_FOR_ENDS,
    SECONDS_PER_ROW,
    Estimate,
    estimate_site,
    told_time,
)
from custom_components.climkit.options import Selection
from tests.conftest import NOW, Home
from tests.simulator import World, apartment_house, single_house

DAY = "2026-11-15"
START = datetime(2026, 11, 14, 23, tzinfo=UTC)


def test_ends_of_the_data() -> None:
    """There may be more than the one page held: both are asked for."""
    meter = Meter(
        id="6a" * 12,
        type="heating",
        mode=MeterMode.CONSUMPTION,
        name=None,
        bus_address=None,
        is_rule_meter=False,
    )
    found = estimate_site("6b" * 12, [meter], Selection(), START, NOW)
    assert found.requests == 1 + REQUESTS_FOR_ENDS


async def count_rows(home: Home) -> int:
    """How many rows of statistics are stored."""

    def count() -> int:
        with session_scope(hass=home.hass, read_only=True) as session:
            return session.execute(select(func.count(Statistics.id))).scalar_one()

    return await get_instance(home.hass).async_add_executor_job(count)


def estimate(home: Home) -> Estimate:
    """What the flow says of the only site."""
    [site] = home.sites
    coordinator = site.coordinator
    return estimate_site(
        coordinator.site.id,
        coordinator.data.meters.values(),
        Selection.from_options(home.entry.options),
        START,
        NOW,
    )


@pytest.mark.parametrize(
    "world",
    [
        World.of(replace(single_house(1, NOW, timedelta(days=40)), faultless=True)),
        World.of(replace(apartment_house(1, NOW, timedelta(days=40)), faultless=True)),
    ],
    ids=["house", "apartments"],
)
async def test_rows_and_requests(home: Home) -> None:
    """Charge points make the difference: no list tells of them."""
    home.entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        home.entry, options={**home.entry.options, CONF_HISTORY: DAY}
    )
    await home.set_up_completely()
    said, rows = estimate(home), await count_rows(home)
    assert 0 < rows * 0.8 <= said.rows <= rows * 1.2
    asked = sum("t_e" in (request.body or {}) for request in home.simulator.requests)
    assert asked / 2 <= said.requests <= (asked + REQUESTS_FOR_ENDS) * 2


def test_sums() -> None:
    """Sites are added up; minutes and megabytes are rounded up."""
    both = Estimate(1_000_000, 100) + Estimate(1, 10)
    assert both == Estimate(1_000_001, 110)
    assert both.megabytes == 86
    with_costs = both + Estimate(cost_rows=1_000_000)
    assert (with_costs.megabytes, with_costs.megabytes_with_costs) == (86, 171)


def test_time() -> None:
    """Either the requests or the recorder takes longer; costs come behind."""
    assert Estimate(rows=1, requests=110).minutes == 3
    rows = round(600 / SECONDS_PER_ROW)
    assert Estimate(rows=rows, requests=110).minutes == 10
    assert Estimate(rows=rows, requests=1, cost_rows=rows // 2).minutes_with_costs == 15


def test_time_in_words() -> None:
    """Many minutes are hours."""
    assert [told_time(minutes) for minutes in (1, 99, 100, 1140)] == [
        "1 min",
        "99 min",
        "2 h",
        "19 h",
    ]
