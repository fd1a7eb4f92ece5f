"""What a history is said to cost is about what it costs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
import sys
from typing import Any

from homeassistant import const
from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
import pytest
from sqlalchemy import event, func, select

from custom_components.climkit.api import Meter, MeterMode
from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.history import estimate as estimate_module
from custom_components.climkit.history.estimate import (
    LOOKUPS_PER_ORDER,
    LOOKUPS_PER_ROW,
    REQUESTS_BEFORE,
    REQUESTS_FOR_ENDS,
    Estimate,
    estimate_site,
    told_time,
)
from custom_components.climkit.options import Selection
from custom_components.climkit.statistics.recorder import LOOKUPS, async_lookup_seconds
from tests.conftest import NOW, Home, real_time
from tests.costs.bill import add_tariff, tariff
from tests.simulator import World, apartment_house, single_house

DAY = "2026-11-15"
PRICED = ("grid", "solar", "export", "charge_point")
PRICED += ("heating", "cooling", "hot_water", "cold_water")
PRICES = {f"{key}_price": 0.3 for key in PRICED}
START = datetime(2026, 11, 14, 23, tzinfo=UTC)


def meter(number: int, meter_type: str) -> Meter:
    """A meter of a building."""
    return Meter(
        id=f"6a{number:022x}",
        type=meter_type,
        mode=MeterMode.CONSUMPTION,
        name=None,
        bus_address=None,
        is_rule_meter=False,
    )


def of_building(meters: list[Meter], selection: Selection | None = None, days: int = 6) -> Estimate:
    """What is said of some days of a building's amounts."""
    start = NOW - timedelta(days=days)
    chosen = selection or Selection()
    return estimate_site("6b" * 12, meters, chosen, start, NOW, with_costs=False)


def test_ends_of_the_data() -> None:
    """There may be more than the one page held: both are asked for."""
    found = of_building([meter(1, "heating")])
    assert found.requests == REQUESTS_BEFORE + 1 + REQUESTS_FOR_ENDS


def test_orders() -> None:
    """Each series' rows of a page are one: of a meter, of another one, and of both together."""
    found = of_building([meter(1, "heating"), meter(2, "heating")])
    assert (found.orders, found.rows) == (3, 3 * 6 * 24)


def test_one_flat_of_many() -> None:
    """Answers hold the columns of all meters, so they are as heavy, and their pages as short."""
    meters = [meter(number, "electricity") for number in range(200)]
    one = Selection(meters=frozenset([meters[0].id]))
    flat, building = of_building(meters, one, days=60), of_building(meters, days=60)
    assert flat.rows < building.rows / 50
    assert flat.requests == building.requests > 60


async def count_rows(home: Home) -> int:
    """How many rows of statistics are stored."""

    def count() -> int:
        with session_scope(hass=home.hass, read_only=True) as session:
            return session.execute(select(func.count(Statistics.id))).scalar_one()

    return await get_instance(home.hass).async_add_executor_job(count)


def estimate(home: Home, *, with_costs: bool) -> Estimate:
    """What the flow says of the only site."""
    [site] = home.sites
    coordinator = site.coordinator
    return estimate_site(
        coordinator.site.id,
        coordinator.data.meters.values(),
        Selection.from_options(home.entry.options),
        START,
        NOW,
        with_costs=with_costs,
    )


@pytest.mark.parametrize(
    "world",
    [
        World.of(replace(single_house(1, NOW, timedelta(days=40)), faultless=True)),
        World.of(replace(apartment_house(1, NOW, timedelta(days=40)), faultless=True)),
    ],
    ids=["house", "apartments"],
)
@pytest.mark.parametrize("with_costs", [False, True], ids=["amounts", "costs"])
async def test_rows_and_requests(home: Home, with_costs: bool) -> None:
    """Charge points make the difference: no list tells of them."""
    home.entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        home.entry, options={**home.entry.options, CONF_HISTORY: DAY}
    )
    if with_costs:
        [site_id] = home.simulator.world.sites
        add_tariff(home, tariff(site_id, DAY, **PRICES))
    await home.set_up_completely()
    said, rows = estimate(home, with_costs=with_costs), await count_rows(home)
    assert said.rows == pytest.approx(rows, rel=0.05)
    # What is not counted are the sensors that a building has of its own.
    assert said.requests == pytest.approx(len(home.simulator.requests), rel=0.15)


@pytest.mark.recorder
@pytest.mark.each_database
async def test_lookup(recorder_mock: Any, hass: HomeAssistant) -> None:
    """It is a question to the database, again and again, and leaves no trace there."""
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = get_instance(hass).engine
    assert engine
    await get_instance(hass).async_block_till_done()
    began = real_time()
    event.listen(engine, "before_cursor_execute", note)
    seconds = await async_lookup_seconds(hass)
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) >= LOOKUPS
    assert all(statement.startswith("SELECT") for statement in asked)
    assert 0 < seconds * LOOKUPS / 2 < real_time() - began  # half of them took as long, or longer


def of_release(release: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module as a release of Home Assistant has it."""
    for key, number in zip(("MAJOR_VERSION", "MINOR_VERSION"), release, strict=True):
        monkeypatch.setattr(const, key, number)
    # By a name of its own: it looks at the release once, and others have its classes.
    name = f"{estimate_module.__name__}_of_a_release"
    spec = spec_from_file_location(name, estimate_module.__file__)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("release", "lookups"), [((2026, 10), 3.4), ((2026, 11), 0.25), ((2027, 1), 0.25)]
)
def test_release(release: tuple[int, int], lookups: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 2026.11 on Home Assistant stores many rows at once, which takes much less time."""
    assert lookups == of_release(release, monkeypatch).LOOKUPS_PER_ROW


@pytest.mark.parametrize(
    ("release", "size", "measured"),
    [
        ((2026, 10), {"rows": 72_842, "orders": 607 * 5, "requests": 13}, 83.5),
        ((2026, 11), {"rows": 202_272, "orders": 602 * 14, "requests": 22}, 43.5),
    ],
)
def test_as_measured(
    release: tuple[int, int],
    size: dict[str, int],
    measured: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 200 meters without a tariff, by the clock (docs/measurements.md): about so long."""
    said = of_release(release, monkeypatch).Estimate(**size).seconds(0.00026)
    assert said == pytest.approx(measured, rel=0.25)


def test_sums() -> None:
    """Sites are added up; megabytes are rounded up."""
    both = Estimate.of_all([Estimate(1_000_000, 1000, 100), Estimate(1, 20, 10)])
    assert both == Estimate(1_000_001, 1020, 110)
    assert both.megabytes == 86


def test_time() -> None:
    """Either Climkit or the recorder takes longer; a slow machine only makes the recorder slow."""
    assert Estimate(rows=1, orders=1, requests=100).seconds(0.0001) == pytest.approx(110)
    many = Estimate(rows=24_000, orders=1000, requests=REQUESTS_BEFORE + 3)
    first = 1.1 * (REQUESTS_BEFORE + 1)
    for lookup in (0.0001, 0.0008):
        recorder = lookup * (24_000 * LOOKUPS_PER_ROW + 1000 * LOOKUPS_PER_ORDER)
        assert many.seconds(lookup) == pytest.approx(first + recorder)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "10 s"),
        (14, "10 s"),
        (176, "180 s"),
        (180, "3 min"),
        (10_700, "178 min"),
        (10_800, "3 h"),
        (68_400, "19 h"),
    ],
)
def test_time_in_words(seconds: float, told: str) -> None:
    """It is told in a unit of which there are some."""
    assert told_time(seconds) == told
