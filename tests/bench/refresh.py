"""How many requests a refresh of a site takes, with and without columns of meters in its answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import CONF_HISTORY
from tests.bench.conftest import Build
from tests.bench.sizes import sizes
from tests.simulator import Switches
from tests.simulator.houses import big_site
from tests.stories.driven import DrivenHome
from tools.benchmark.table import Cell, Table

COLUMNS = ("meters", "columns", "requests in a quarter-hour", "one a meter", "oldest meter, min")
SIZES = sizes("METERS", part="10 100", full="1 10 100 500")
MINUTE = timedelta(minutes=1)
# Just after midnight, so that history from this day on has hardly a row to be stored.
BEGIN = datetime(2026, 11, 19, 23, 7, tzinfo=UTC)


@pytest.mark.usefixtures("still_entities")
async def test_refresh(build: Build, keep: Callable[[Table], None]) -> None:
    """Count what is asked in a quarter-hour, once all has settled."""
    cases = [(meters, has_columns) for has_columns in (True, False) for meters in SIZES]
    rows = [await measure(build, meters, has_columns=columns) for meters, columns in cases]
    note = (
        "Consumers of electricity, as many as said. The most requests in any quarter-hour of an "
        "hour; one more is due once a day for each list, and a login each quarter-hour or less. "
        "`oldest meter`: how long ago the newest quarter-hour known ended, of the meter that is "
        "farthest behind, at its worst; data appear 2.5 minutes after a quarter-hour."
    )
    keep(Table("Requests for one refresh of a site", COLUMNS, rows, note))


async def measure(build: Build, meters: int, *, has_columns: bool) -> list[Cell]:
    """Refresh a site of so many meters for two hours."""
    site = big_site(meters, now=BEGIN, days=1)
    site = replace(site, meters=site.meters[2:])  # the others have no columns of their own
    switches = Switches(columns=has_columns)
    async with build(BEGIN, site, switches=switches, **{CONF_HISTORY: "2026-11-20"}) as home:
        await home.set_up()
        while not home.is_complete:
            await home.turn_clock(minutes=15)
        await home.turn_clock(minutes=30)
        requests, oldest = [], 0.0
        for _ in range(4):
            home.simulator.requests.clear()
            for _ in range(15):
                await home.turn_clock(minutes=1)
                oldest = max(oldest, oldest_meter(home))
            requests.append(sum("_data" in one.endpoint for one in home.simulator.requests))
        assert home.simulator.violations == 0
    return [meters, "yes" if has_columns else "no", max(requests), meters, round(oldest, 1)]


def oldest_meter(home: DrivenHome) -> float:
    """Return the minutes since the end of the newest interval of the meter farthest behind."""
    [site] = home.sites
    feeds = {one.feed for one in site.series.values() if one.meter_id}
    ends = [site.coordinator._live_data.intervals(feed)[-1].end for feed in feeds]
    return (dt_util.utcnow() - min(ends)) / MINUTE
