"""Five sites and 500 meters on one account, without columns: as many requests as there can be."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import median

from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.coordinator.site import SiteCoordinator
from tests.bench.conftest import Build
from tests.bench.sizes import size
from tests.conftest import NOW
from tests.simulator import Switches
from tests.simulator.houses import big_site
from tests.stories.driven import DrivenHome
from tools.benchmark.table import Cell, Table

COLUMNS = (
    "site",
    "oldest meter, median min",
    "oldest meter, worst min",
    "history after the first hour",
    "history at the end",
)
HOURS = size("HOURS", part=2, full=24)
MINUTE = timedelta(minutes=1)
SITES, METERS, DAYS = 5, 100, size("DAYS", part=2, full=14)


@pytest.mark.usefixtures("still_entities")
async def test_account(build: Build, keep: Callable[[Table], None]) -> None:
    """Live through a day in which every second has its request."""
    built = [big_site(METERS, seed=seed, now=NOW, days=DAYS) for seed in range(SITES)]
    # Without Climkit's introduction and roof: only meters that need a request of their own.
    sites = [replace(site, meters=site.meters[2:]) for site in built]
    begin = (NOW - timedelta(days=DAYS)).date().isoformat()
    switches = Switches(columns=False)
    async with build(NOW, *sites, switches=switches, **{CONF_HISTORY: begin}) as home:
        await home.set_up()
        await home.turn_clock(minutes=60)
        early, ages = progress(home), [ages_of(home)]
        before = len(home.simulator.requests)
        began = dt_util.utcnow()
        while dt_util.utcnow() < began + timedelta(hours=HOURS - 1):
            await home.turn_clock(minutes=5)
            ages.append(ages_of(home))
        requests = len(home.simulator.requests) - before
        seconds = (dt_util.utcnow() - began).total_seconds()
        late, violations = progress(home), home.simulator.violations
    rows: list[list[Cell]] = [
        [f"site {n + 1}", median(a[n] for a in ages), max(a[n] for a in ages), early[n], late[n]]
        for n in range(SITES)
    ]
    note = (
        f"{SITES} sites with {METERS} meters each, all asked one by one; {HOURS} hours from set-up "
        f"on, with {DAYS} days of history to read. {requests:,} requests in {seconds:,.0f} s after "
        f"the first hour; violations of the limit: {violations}."
    )
    keep(Table("Five sites and 500 meters on one account", COLUMNS, rows, note))


def progress(home: DrivenHome) -> list[str]:
    """Return how much of the history of each site is stored."""
    return [f"{site.history.progress or 0:.0f} %" for site in home.sites]


def ages_of(home: DrivenHome) -> list[float]:
    """Return for each site the minutes since the newest interval of its meter farthest behind."""
    return [_age(site.coordinator) for site in home.sites]


def _age(coordinator: SiteCoordinator) -> float:
    feeds = {one.feed for one in coordinator.data.series.values() if one.meter_id}
    ends = [rows[-1].end for feed in feeds if (rows := coordinator._live_data.intervals(feed))]
    assert len(ends) == len(feeds), "a meter has no data at all"
    return round((dt_util.utcnow() - min(ends)) / MINUTE, 1)
