"""How long data stand in the API before an entity shows them, over a day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from custom_components.climkit.const import CONF_HISTORY
from tests.bench.conftest import Build
from tests.bench.sizes import sizes
from tests.conftest import NOW
from tests.simulator import Switches
from tests.simulator.building import Building
from tests.simulator.calendar import QUARTER, day_at
from tests.simulator.houses import single_house
from tools.benchmark.table import Cell, Table

COLUMNS = ("latency, s", "quarter-hours", "median delay, s", "90 %, s", "longest, s", "looks")
DAY = timedelta(days=1)
LATENCIES = sizes("LATENCIES", part="60 300 1500", full="60 150 300 480 900 1500")


async def test_delay(build: Build, keep: Callable[[Table], None]) -> None:
    """Live through a day for each latency."""
    rows = [await measure(build, latency) for latency in LATENCIES]
    note = (
        "A simulated day each. `latency`: from the end of a quarter-hour to its row, in the mean; "
        "it differs by 20 % from row to row, and one row in 300 comes 10 to 70 minutes later. "
        "`delay`: from then until the entities show it. `looks`: requests of data a quarter-hour "
        "and meter type. What the real latency is nobody has measured: 1 to 30 minutes."
    )
    keep(Table("Delay from data in the API to the entity's state", COLUMNS, rows, note))


async def measure(build: Build, latency: float) -> list[Cell]:
    """Live through a day."""
    site = single_house(1, NOW, timedelta(days=8))
    site = replace(site, faultless=False)
    shown: dict[datetime, datetime] = {}
    switches = Switches(latency=latency)
    async with build(NOW, site, switches=switches, **{CONF_HISTORY: "2026-11-20"}) as home:
        with home.patched():
            await home.set_up()
        await home.turn_clock(minutes=30)
        [runtime] = home.sites

        @callback
        def note() -> None:
            if newest := runtime.coordinator.last_measurement:
                shown.setdefault(newest, dt_util.utcnow())

        note()
        stop = runtime.coordinator.async_add_listener(note)
        shown_before = set(shown)
        home.simulator.requests.clear()
        began = dt_util.utcnow()
        while dt_util.utcnow() < began + DAY:
            await home.turn_clock(minutes=15)
        stop()
        looks = sum("_data/{site_id}/{meter_type}" in r.endpoint for r in home.simulator.requests)
    stamps = [end for end in shown if end not in shown_before]
    delays = [(shown[end] - standing(site, end, latency)).total_seconds() for end in stamps]
    assert min(delays) > -1
    tenths = quantiles(delays, n=10)
    return [latency, len(delays), median(delays), tenths[-1], max(delays), round(looks / 96, 2)]


def standing(site: Building, end: datetime, latency: float) -> datetime:
    """Return when the row of the quarter-hour that ended then appeared in the API."""
    start = int(end.timestamp()) - QUARTER
    visible = site._visible_at("electricity", day_at(start, site.zone), start, latency)
    return datetime.fromtimestamp(visible, UTC)
