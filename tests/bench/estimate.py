"""What set-up says of a history, and what the import then takes, with a tariff and without."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product

from homeassistant.const import __version__
import pytest

from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.history import Estimate, estimate_site, told_time
from custom_components.climkit.options import Selection, history_start
from custom_components.climkit.statistics.recorder import (
    async_extents,
    async_known,
    async_lookup_seconds,
)
from tests.bench.beside import BuildMachine, MachineHome
from tests.bench.simulator_process import START
from tests.bench.sizes import sizes
from tests.conftest import real_time
from tests.costs.bill import subentry_of, tariff
from tests.stories.driven import real_waiting
from tools.benchmark.table import Cell, Table

COLUMNS = (
    "meters",
    "days",
    "tariff",
    "rows said",
    "rows",
    "requests said",
    "requests",
    "seconds said",
    "seconds",
    "said for each that it took",
    "a look-up, ms",
)
PRICES = {"grid_price": 0.29, "solar_price": 0.17, "export_price": 0.1}
CASES = product(
    sizes("METERS", part="6 60", full="6 60 200"),
    sizes("DAYS", part="14", full="60 365"),
    (False, True),
)


async def test_estimate(
    build_machine: BuildMachine,
    monkeypatch: pytest.MonkeyPatch,
    keep: Callable[[Table], None],
) -> None:
    """Set up sites of some sizes in the machine's time, with the real spacing of requests."""
    real_waiting(monkeypatch)
    rows = [await measure(build_machine, *case) for case in CASES]
    note = (
        f"Home Assistant {__version__}, SQLite in a file; a simulator without latency, in a "
        "process of its own. From the end of the dialog until all of the history is stored, and "
        "its costs."
    )
    keep(Table("What set-up says of a history, and what it takes", COLUMNS, rows, note))


async def measure(build: BuildMachine, meters: int, days: int, has_tariff: bool) -> list[Cell]:
    """Set a site up, and return what was said and what was so."""
    begin = START - timedelta(days=days)
    async with build(meters, begin=begin, site_days=days) as home:
        lookup = await async_lookup_seconds(home.hass)
        began = real_time()
        await home.set_up()
        if has_tariff:
            prices = tariff(home.site.coordinator.site.id, begin.date().isoformat(), **PRICES)
            home.hass.config_entries.async_add_subentry(home.entry, subentry_of(prices))
        await home.complete()
        seconds = real_time() - began
        assert not has_tariff or home.site.costs.progress == 100
        requests = home.site.client.stats.requests
        said = estimate_of(home, with_costs=has_tariff)
        extents = await async_extents(home.hass, await async_known(home.hass))
    said_seconds = said.seconds(lookup)
    return [
        meters,
        days,
        "yes" if has_tariff else "no",
        said.rows,
        sum(extent.count for extent in extents.values()),
        said.requests,
        requests,
        f"{said_seconds:.0f} ({told_time(said_seconds)})",
        round(seconds, 1),
        round(said_seconds / seconds, 2),
        lookup * 1000,
    ]


def estimate_of(home: MachineHome, *, with_costs: bool) -> Estimate:
    """What the dialog says of the only site."""
    coordinator, options = home.site.coordinator, home.entry.options
    return estimate_site(
        coordinator.site.id,
        coordinator.data.meters.values(),
        Selection.from_options(options),
        history_start(options[CONF_HISTORY], coordinator.site, START),
        START,
        with_costs=with_costs,
    )
