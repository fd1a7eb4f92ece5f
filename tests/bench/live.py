"""How long it takes from credentials to the first live values of one site."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, callback
from homeassistant.util import dt as dt_util

from custom_components.climkit.const import CONF_HISTORY
from tests.bench.conftest import Build
from tests.conftest import NOW
from tests.simulator.building import Building
from tests.simulator.houses import apartment_house, big_site, single_house
from tools.benchmark.table import Cell, Table

COLUMNS = ("site", "requests needed", "requests before", "seconds", "ratio", "all values, s")
DAYS = timedelta(days=30)

# Login, the account's sites, the site, its meters, and the data of electricity.
NEEDED = 5


async def test_live(build: Build, keep: Callable[[Table], None]) -> None:
    """Set an account up and look when the first entity shows a power."""
    sites = {
        "house": single_house(1, NOW, DAYS),
        "apartments": apartment_house(1, NOW, DAYS),
        "200 meters": big_site(200, now=NOW, days=2),
    }
    rows = [await measure(build, name, site) for name, site in sites.items()]
    note = (
        "By the driven clock, so without the answers' own time. Needed: login, list of sites, the "
        "site, its meters, its data of electricity; the ratio is to a second for each of them. "
        "`all values`: until the last entity that shows a power has one."
    )
    keep(Table("From credentials to the first live values", COLUMNS, rows, note))


async def measure(build: Build, name: str, site: Building) -> list[Cell]:
    """Set one site up."""
    seen: dict[str, tuple[datetime, int]] = {}
    async with build(NOW, site, **{CONF_HISTORY: "2026-11-20"}) as home:

        @callback
        def note(event: Event) -> None:
            state = event.data["new_state"]
            if state and state.attributes.get("device_class") == "power" and is_number(state.state):
                counted = len(home.simulator.requests)
                seen.setdefault(state.entity_id, (dt_util.utcnow(), counted))

        stop = home.hass.bus.async_listen(EVENT_STATE_CHANGED, note)
        await home.set_up()
        await home.turn_clock(minutes=2)
        stop()
    first, requests = min(seen.values())
    last, _ = max(seen.values())
    seconds = (first - NOW).total_seconds()
    ratio = round(seconds / NEEDED, 2)
    return [name, NEEDED, requests, seconds, ratio, round((last - NOW).total_seconds(), 1)]


def is_number(state: str) -> bool:
    """Whether an entity shows a value."""
    return state not in {"unknown", "unavailable"}
