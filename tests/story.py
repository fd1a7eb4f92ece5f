"""What can happen to an installation, its server and a Home Assistant, as steps to be played.

A story is a list of steps; `play` lets them happen to a home, `come_to_rest` lets time heal what
happened, and `assert_true` compares every hour with the source. Steps are plain data, so that a
counterexample that hypothesis finds can be copied into a test.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
import json
from math import inf
import random
from typing import Any, Literal, override
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.climkit import coordinator, nights, plausibility, recorder, worker
from custom_components.climkit.api import transport
from custom_components.climkit.coordinator import SiteRuntime
from custom_components.climkit.statistics import Row
from tests.conftest import Home, Stage, account_entry
from tests.simulator import Fault, FaultKind, SimulatorServer, Switches, World
from tests.source import METER_ID, Correction, Late, Source
from tests.truth import climkit_hours, delete_rows, stored_rows

HOUR = timedelta(hours=1)
TOLERANCE = 1e-6

# A walk through the older history takes four weeks; a story has no time for that.
NIGHTS_OF_A_WALK = 3


# What can happen


@dataclass(frozen=True, slots=True)
class Turn:
    """The clock goes on, so many times by so many minutes."""

    minutes: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class ComeLate:
    """Values of the next hours (from `after` hours on) come so many hours late."""

    after: int
    hours: int
    late: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revise:
    """Quarter-hours from so many of them ago on are corrected, or withdrawn (factor None)."""

    ago: int
    quarters: int
    column: str | None
    factor: float | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """The server misbehaves until it is told otherwise; see `misbehave`."""

    kind: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Restart:
    """Home Assistant is off for some hours, and may remember less than it knew.

    memory: "saved"; "lost": what was not yet written to the file is lost; "gone": the file is.
    """

    off: int = 0
    memory: Literal["saved", "lost", "gone"] = "saved"


@dataclass(frozen=True, slots=True)
class RestoreDatabase:
    """Home Assistant is off, and its database is then one of so many hours ago."""

    hours: int


@dataclass(frozen=True, slots=True)
class Delete:
    """The user deletes one of the statistics, while all runs or while Home Assistant is off."""

    which: int
    is_off: bool


@dataclass(frozen=True, slots=True)
class LoseWrites:
    """The recorder loses the next orders to write, from one on."""

    skip: int
    count: int


type Step = Turn | ComeLate | Revise | Trouble | Restart | RestoreDatabase | Delete | LoseWrites

TROUBLES = (
    "none",
    "status",
    "overloaded",
    "disconnect",
    "cut",
    "html",
    "empty_list",
    "broken_json",
    "null",
    "nan",
    "strings",
    "dict",
    "time-out",
    "refused",
    "no columns",
    "hidden meter",
    "dropped rows",
    "short answers",
    "short answers from the end",
    "shuffled",
)


# Answers that look right but are not: only the nights find out.
MISLEADING = {"null", "nan", "dropped rows", "refused"}


def heals_soon(steps: Sequence[Step]) -> bool:
    """Whether all is right again as soon as trouble ends, without a night.

    A meter that is hidden while Home Assistant starts is known again with the next day's list.
    """
    restarts = any(isinstance(step, Restart | RestoreDatabase | Delete) for step in steps)
    for step in steps:
        match step:
            case ComeLate() | Revise() | Delete(is_off=False):
                return False
            case Trouble(kind) if kind in MISLEADING or (kind == "hidden meter" and restarts):
                return False
    return True


# How it happens


@dataclass
class _LossyRecorder:
    """Lets some orders to write vanish, as a failed write does: it is only logged."""

    skip: int = 0
    count: int = 0

    def loses(self) -> bool:
        """Whether the next order is lost; counts it."""
        if self.count == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.count -= 1
        return True


@dataclass
class StoryHome(Home):
    """A home to which a story happens."""

    source: Source = field(kw_only=True)
    storage: dict[str, Any] = field(kw_only=True)
    rate_limit: float = 0.0
    recorder: _LossyRecorder = field(default_factory=_LossyRecorder)

    @property
    @override
    def sites(self) -> list[SiteRuntime]:
        """The sites of an entry that is loaded; where set-up failed, nobody works on others."""
        return super().sites if self.entry.state is ConfigEntryState.LOADED else []

    @override
    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        await super().until(condition, seconds)

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Take chance out, and let the recorder lose what a story says."""
        adds = recorder.async_add_external_statistics

        def add(hass: Any, statistic: Any, rows: Any) -> None:
            if not rows or not self.recorder.loses():
                adds(hass, statistic, rows)

        patches = (
            patch.object(worker, "RECORDER_PAUSE", timedelta(0)),
            patch.object(nights, "NIGHTS_OF_A_WALK", NIGHTS_OF_A_WALK),
            patch.object(coordinator, "uniform", _middle),
            patch("custom_components.climkit.uniform", _middle),
            patch.object(recorder, "async_add_external_statistics", add),
            patch.object(transport, "REQUEST_TIMEOUT", transport.REQUEST_TIMEOUT),
            # Amounts that nobody believes are left out; `test_plausibility` tells of them.
            patch.object(plausibility.Column, "usual_limit", inf),
        )
        with ExitStack() as stack:
            for one in patches:
                stack.enter_context(one)
            yield

    async def play(self, steps: Iterable[Step]) -> None:
        """Let the steps happen, one after the other."""
        for step in steps:
            await self._happen(step)

    async def _happen(self, step: Step) -> None:
        match step:
            case Turn(minutes, times):
                for _ in range(times):
                    await self.turn_clock(minutes=minutes)
            case Restart(off, memory):
                before = json.dumps(self.memory)
                await self.switch_off()
                if memory != "saved":
                    self.forget()
                if memory == "lost":
                    self.storage.update(json.loads(before))
                await self.switch_on(after=off * HOUR)
            case RestoreDatabase(hours):
                await self.switch_off()
                await delete_rows(self.hass, since=_floor(dt_util.utcnow()) - hours * HOUR)
                await self.switch_on()
            case Delete(which, is_off=False):
                await self._delete(which)
            case Delete(which):
                await self.switch_off()
                await self._delete(which)
                await self.switch_on()
            case _:
                self._change(step)

    def _change(self, step: ComeLate | Revise | Trouble | LoseWrites) -> None:
        """Let happen what shows only as time goes on."""
        match step:
            case ComeLate(after, hours, late, columns):
                start = dt_util.utcnow() + after * HOUR
                end = start + hours * HOUR
                self.source.late.append(Late(start, end, end + late * HOUR, columns))
            case Revise():
                self._revise(step)
            case Trouble():
                self.misbehave(step)
            case LoseWrites(skip, count):
                self.recorder.skip, self.recorder.count = skip, count

    @property
    def memory(self) -> dict[str, Any]:
        """What the integration's files hold."""
        return {key: data for key, data in self.storage.items() if key.startswith("climkit.")}

    def forget(self) -> None:
        """Take the integration's files away."""
        for key in self.memory:
            del self.storage[key]

    def _revise(self, step: Revise) -> None:
        now = dt_util.utcnow()
        quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
        start = max(quarter - timedelta(minutes=15 * step.ago), self.source.first)
        end = min(start + timedelta(minutes=15 * step.quarters), quarter)
        self.source.corrections.append(Correction(start, end, step.column, step.factor))

    def misbehave(self, trouble: Trouble) -> None:
        """Switch a trouble on, and what was before off."""
        switches = self.simulator.switches = Switches(rate_limit=self.rate_limit)
        transport.REQUEST_TIMEOUT = 90.0
        fault: dict[str, Any] = {"path": "_data", "probability": trouble.probability}
        match trouble.kind:
            case "none":
                pass
            case "status":
                switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
            case "overloaded":
                switches.faults = [Fault(kind=FaultKind.STATUS, status=429, **fault)]
            case "refused":
                switches.faults = [Fault(kind=FaultKind.STATUS, status=403, **fault)]
            case "time-out":
                transport.REQUEST_TIMEOUT = 1e-12
            case "no columns":
                switches.columns = False
            case "hidden meter":
                switches.hidden_meters = [METER_ID]
            case "dropped rows":
                switches.drop_rate = 0.3
            case "short answers":
                switches.max_rows, switches.cut = 40, "start"
            case "short answers from the end":
                switches.max_rows, switches.cut = 40, "end"
            case "shuffled":
                switches.shuffled = switches.duplicated = True
            case kind:
                switches.faults = [Fault(kind=FaultKind(kind), **fault)]

    async def switch_off(self) -> None:
        """Unload, as when Home Assistant stops; a set-up that is under way comes first."""
        async with self.entry.setup_lock:
            pass
        if self.entry.state in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY):
            await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        await async_wait_recording_done(self.hass)

    async def switch_on(self, after: timedelta = timedelta(0)) -> None:
        """Set up some time later; if that fails, it is tried again as time goes on."""
        self.freezer.move_to(dt_util.utcnow() + after)
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()
        await self.settle()

    async def _delete(self, which: int) -> None:
        if known := sorted(await stored_rows(self.hass)):
            get_instance(self.hass).async_clear_statistics([known[which % len(known)]])
            await async_wait_recording_done(self.hass)

    async def end_trouble(self) -> None:
        """Let all trouble end, and the pauses that followed it."""
        self.misbehave(Trouble("none"))
        self.recorder.count = 0
        for _ in range(6):
            await self.turn_clock(minutes=15)
        assert self.entry.state is ConfigEntryState.LOADED
        assert self.is_complete, self.sites[0].coordinator.history.progress

    async def come_to_rest(self, *, restarts: bool) -> None:
        """Give late data, corrections and deletions the nights that they need."""
        if restarts:
            await self._happen(Restart())
        while any(late.until > dt_util.utcnow() for late in self.source.late):
            await self.turn_clock(hours=20)
        is_long = dt_util.utcnow() - self.source.first > nights.RECENT - timedelta(days=3)
        for _ in range(NIGHTS_OF_A_WALK + 2 if is_long else 2):
            await self.turn_clock(hours=24)
        for _ in range(2):
            await self.turn_clock(hours=1)
        assert self.is_complete, self.sites[0].coordinator.history.progress

    async def leave(self) -> None:
        """Remove the account, its memory and its statistics."""
        await self.hass.config_entries.async_remove(self.entry.entry_id)
        get_instance(self.hass).async_clear_statistics(sorted(await stored_rows(self.hass)))
        await async_wait_recording_done(self.hass)
        self.forget()

    async def assert_true(self) -> None:
        """Every hour of every series is the source's, no other is there, and sums go on."""
        expected = climkit_hours(self, dt_util.utcnow())
        stored = await stored_rows(self.hass)
        assert stored.keys() >= expected.keys()
        for key, rows in stored.items():
            assert_rows(key, rows, expected.get(key, {}))
        [site] = self.sites
        for series in site.coordinator.data.series.values():
            total = site.coordinator.history.total(series)
            last = next(reversed(stored.get(series.statistic_id, [])), None)
            assert total == (last.total if last else None), series.statistic_id


def assert_rows(key: str, rows: Sequence[Row], expected: dict[datetime, float]) -> None:
    """The rows of one statistic say what is expected; an hour that was withdrawn says nothing."""
    amounts = {row.start: row.amount for row in rows if row.amount is not None}
    missing = [hour.isoformat() for hour in sorted(expected.keys() - amounts.keys())]
    assert not missing, f"{key} lacks {len(missing)} hours: {missing[:3]} ... {missing[-1]}"
    outside = [hour.isoformat() for hour in sorted(amounts.keys() - expected.keys())]
    assert not outside, f"{key} has {len(outside)} hours too many: {outside[:3]}"
    wrong = {
        hour.isoformat(): (amounts[hour], amount)
        for hour, amount in expected.items()
        if abs(amounts[hour] - amount) >= TOLERANCE
    }
    assert not wrong, f"{key} is wrong in {len(wrong)} hours: {dict(list(wrong.items())[:3])}"
    assert len({row.start for row in rows}) == len(rows), f"{key} has an hour twice"
    for before, row in pairwise([Row(_LONG_AGO, None, 0.0), *rows]):
        jump = row.total - before.total - (row.amount or 0)
        assert abs(jump) < TOLERANCE, f"{key} jumps by {jump} at {row.start}"


def _middle(low: float, high: float) -> float:
    return (low + high) / 2


_LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)


def _floor(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


_STORIES = count()


async def tell(stage: Stage, source: Source, now: datetime, steps: Sequence[Step]) -> None:
    """Play a story from `now` on in a home without history, and look whether it ends well.

    Account and statistics are removed in the end, so that another story may follow; it has a
    server, and with it a queue of requests, of its own.
    """
    hass, freezer = stage.hass, stage.freezer
    # Hypothesis makes chance repeat itself; but no two entities may get the same id.
    random.seed(next(_STORIES))
    freezer.move_to(now)
    async with SimulatorServer(World.of(source), now=dt_util.utcnow) as simulator:
        entry = account_entry(simulator.url)
        home = StoryHome(hass, simulator, freezer, entry, source=source, storage=stage.storage)
        with home.patched():
            try:
                home.misbehave(Trouble("none"))
                await home.set_up()
                await home.turn_clock(seconds=5)  # meters without a column are asked a second later
                await home.play(steps)
                await home.end_trouble()
                if heals_soon(steps):
                    await home.assert_true()
                await home.come_to_rest(restarts=any(isinstance(step, Delete) for step in steps))
                await home.assert_true()
            finally:
                await home.leave()
