"""What a steady day costs: which states are written, and the processor's work of all of it."""

from collections import Counter
from collections.abc import Callable

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, State, callback
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.climkit.api import INTERVAL
from tests.bench.beside import BuildMachine, Cpu
from tests.bench.simulator_process import START
from tests.bench.sizes import size, sizes
from tools.benchmark.table import Cell, Table

COLUMNS = (
    "meters",
    "states written",
    "of them showing what was shown before",
    "event loop, s",
    "recorder, s",
    "other threads, s",
    "of a core at a quarter of this speed",
)
METERS = sizes("METERS", part="12 200", full="12 200")
REFRESHES = size("REFRESHES", part=24, full=96)
DAY = 96

# A small computer, such as a Raspberry Pi, takes so many times as long (assumed).
SLOWER = 4


class Written:
    """Counts the states that are written, by what they show."""

    def __init__(self, registry: er.EntityRegistry) -> None:
        """Begin at zero."""
        self._registry = registry
        self.kinds: Counter[str] = Counter()
        self.unseen = 0

    @callback
    def note(self, event: Event[EventStateChangedData]) -> None:
        """Count a state, unless it is an entity's first or last."""
        old, new = event.data["old_state"], event.data["new_state"]
        if old is None or new is None:
            return
        entry = self._registry.entities[event.data["entity_id"]]
        self.kinds[entry.unique_id.partition("_")[2]] += 1
        decimals = entry.options.get("sensor", {}).get("suggested_display_precision")
        self.unseen += _shown(old, decimals) == _shown(new, decimals)


def _shown(state: State, decimals: int | None) -> object:
    try:
        return round(float(state.state), decimals)
    except ValueError:
        return state.state


@pytest.mark.default_entities
async def test_day(
    build_machine: BuildMachine,
    keep: Callable[[Table], None],
) -> None:
    """Live through the quarter-hours of a day, each with news; the usual entities are on."""
    rows: list[list[Cell]] = []
    kinds: list[str] = []
    for meters in METERS:
        async with build_machine(meters, begin=START, site_days=3) as home:
            await home.set_up()
            await home.complete()
            written = Written(er.async_get(home.hass))
            stop = home.hass.bus.async_listen(EVENT_STATE_CHANGED, written.note)
            before = Cpu.now(home.hass)
            for number in range(1, REFRESHES + 1):
                await home.refresh(START + number * INTERVAL)
            used = Cpu.now(home.hass) - before
            stop()
        share = 100 * SLOWER * used.process / (REFRESHES * INTERVAL.total_seconds())
        rows.append(
            [
                meters,
                written.kinds.total(),
                written.unseen,
                used.loop,
                used.recorder,
                used.others,
                f"{share:.2g} %",
            ]
        )
        most = ", ".join(f"{kind} {number:,}" for kind, number in written.kinds.most_common(8))
        kinds.append(f"{meters} meters: {most}")
    note = (
        f"{REFRESHES} refreshes, each with a new quarter-hour, of {DAY} a day. The processor's "
        "time is that of the whole process, with the harness, without the simulator. States by "
        f"the end of the unique id, the most frequent: {'; '.join(kinds)}."
    )
    keep(Table("A steady day", COLUMNS, rows, note))
