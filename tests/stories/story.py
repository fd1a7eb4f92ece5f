"""Lets steps (see `steps`) happen to a home, and looks whether it ends well.

A story is a list of steps; `play` lets them happen to a home, `come_to_rest` lets time heal what
happened, and `assert_true` compares every hour, of energy and of costs, with the source.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from math import inf
import random
from typing import Any, override
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.climkit.api import floor_hour, transport
from custom_components.climkit.const import DOMAIN
from custom_components.climkit.feeds import plausibility
from custom_components.climkit.history import nights
from custom_components.climkit.runtime import SiteRuntime
from custom_components.climkit.sensor import costs as cost_entities
from custom_components.climkit.statistics import means, recorder, worker
from tests.backup import Copy, adjust_sum, copy_database, restore_database
from tests.conftest import Home, Stage, account_entry
from tests.costs.bill import (
    ZURICH,
    add_tariff,
    correct_tariff,
    delete_tariff,
    feed_in,
    tariff,
)
from tests.simulator import Fault, SimulatorServer, Switches, World
from tests.stories.source import METER_ID, SITE_ID, Correction, Late, Source
from tests.stories.steps import (
    FAULTS,
    AddFeedIn,
    AddTariff,
    AdjustSum,
    Backup,
    ComeLate,
    CorrectTariff,
    Delete,
    DeleteTariff,
    Fields,
    LoseWrites,
    ReloadDuring,
    RenameSensor,
    Restart,
    Restore,
    RestoreDatabase,
    Revise,
    SetClock,
    Step,
    Tariffs,
    Trouble,
    Turn,
    heals_soon,
)
from tests.stories.told_prices import NAMES, ToldPrices
from tests.stories.verdict import assert_true
from tests.truth import delete_rows, stored_rows

HOUR = timedelta(hours=1)

# All entities of costs are on, so that each verdict looks at them.
_ALL_COSTS = tuple(
    replace(one, entity_registry_enabled_default=True) for one in cost_entities.COSTS_OF_OWNER
)

# A sweep through the older history takes four weeks; a story has no time for that.
NIGHTS_OF_A_SWEEP = 3


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
    connect_delay: float = 0.0
    recorder: _LossyRecorder = field(default_factory=_LossyRecorder)
    copy: Copy = field(default_factory=Copy)
    copied_memory: dict[str, Any] = field(default_factory=dict)
    prices: ToldPrices = field(init=False)

    def __post_init__(self) -> None:
        """Let sensors tell prices from before the first data on."""
        self.prices = ToldPrices(self.hass, _floor(self.source.first) - 12 * HOUR)

    @property
    @override
    def sites(self) -> list[SiteRuntime]:
        """The sites of an entry that is loaded; where set-up failed, nobody works on others."""
        return super().sites if self.entry.state is ConfigEntryState.LOADED else []

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Take chance out, and let the recorder lose what a story says."""
        adds = recorder.async_add_external_statistics

        def add(hass: Any, statistic: Any, rows: Any) -> None:
            if not rows or not self.recorder.loses():
                adds(hass, statistic, rows)

        patches = (
            patch.object(worker, "RECORDER_PAUSE", timedelta(0)),
            patch.object(nights, "NIGHTS_OF_A_SWEEP", NIGHTS_OF_A_SWEEP),
            patch("custom_components.climkit.runtime.uniform", _middle),
            patch.object(recorder, "async_add_external_statistics", add),
            patch.object(means, "async_add_external_statistics", add),
            patch.object(transport, "REQUEST_TIMEOUT", transport.REQUEST_TIMEOUT),
            # Amounts that nobody believes are left out; `test_plausibility` tells of them.
            patch.object(plausibility.Column, "usual_limit", inf),
            patch.object(cost_entities, "COSTS_OF_OWNER", _ALL_COSTS),
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
            case Restart():
                await self._restart(step)
            case Backup():
                self.copy = await copy_database(self.hass)
                self.copied_memory = self.memory
            case RestoreDatabase() | Restore():
                await self._restore(step)
            case Delete() | AdjustSum():
                await self._meddle(step)
            case ReloadDuring():
                await self._reload_during(step)
            case AddTariff() | AddFeedIn() | CorrectTariff() | DeleteTariff():
                self._change_tariffs(step)
                await self.compile_prices()
                await self.hass.async_block_till_done(wait_background_tasks=False)
            case RenameSensor(object_id):
                if sensor := self.prices.sensors.get(NAMES[0]):
                    await sensor.rename(object_id)
            case SetClock(hours):
                self.set_clock(hours=hours)
            case _:
                self._change(step)

    async def _restart(self, step: Restart) -> None:
        before = self.memory
        await self.switch_off()
        if step.memory != "saved":
            self.forget()
        if step.memory == "lost":
            self.storage.update(before)
        await self.switch_on(after=step.off * HOUR)

    async def _restore(self, step: RestoreDatabase | Restore) -> None:
        await self.switch_off()
        match step:
            case RestoreDatabase(hours):
                await delete_rows(self.hass, since=_floor(dt_util.utcnow()) - hours * HOUR)
                self.prices.compiled.clear()
            case Restore("database" | "both"):
                await restore_database(self.hass, self.copy)
        if isinstance(step, Restore) and step.what != "database":
            self.forget()
            self.storage.update(deepcopy(self.copied_memory))
        await self.switch_on()

    async def _meddle(self, step: Delete | AdjustSum) -> None:
        """Let a person change what is stored, in Home Assistant's own tools."""
        if step.is_off:
            await self.switch_off()
        if known := sorted(await stored_rows(self.hass)):
            key = known[step.which % len(known)]
            if isinstance(step, AdjustSum):
                start = _floor(dt_util.utcnow()) - step.ago * HOUR
                await adjust_sum(self.hass, key, start, step.amount)
            else:
                get_instance(self.hass).async_clear_statistics([key])
                await async_wait_recording_done(self.hass)
        if step.is_off:
            await self.switch_on()

    async def _reload_during(self, step: ReloadDuring) -> None:
        """Reload the account while an action works; the caller is told, or was faster."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, SITE_ID), self.entry.entry_id
        )
        if self.entry.state is not ConfigEntryState.LOADED or device is None:
            return
        data: dict[str, Any] = {"device_id": device.id}
        if step.action == "import_history":
            data["from"] = (dt_util.utcnow() - timedelta(days=2)).isoformat()
        made = len(self.simulator.requests)
        call = self.hass.async_create_task(
            self.hass.services.async_call(
                DOMAIN, step.action, data, blocking=True, return_response=True
            )
        )
        await self.until(
            lambda: call.done() or len(self.simulator.requests) >= made + step.requests
        )
        await self.switch_off()
        await self.switch_on()
        with suppress(HomeAssistantError):
            await call

    @property
    def tariffs(self) -> dict[str, dict[str, Any]]:
        """The tariffs as they are stored, by the id of their subentry, oldest first."""
        found = {key: dict(one.data) for key, one in self.entry.subentries.items()}
        return dict(sorted(found.items(), key=lambda item: item[1]["valid_from"]))

    def _change_tariffs(self, step: Tariffs) -> None:
        """Let a person add, correct or delete prices."""
        known = self.tariffs
        match step:
            case AddTariff(day, fields) | AddFeedIn(day, fields):
                data = self._prices(day, fields, is_feed_in=isinstance(step, AddFeedIn))
                if _key(data) not in map(_key, known.values()):
                    add_tariff(self, data)
            case _ if not known:
                pass
            case CorrectTariff(which, fields, day):
                key = [*known][which % len(known)]
                old = known[key]
                data = self._prices(day or 0, fields, is_feed_in="feed_in" in old)
                if day is None or _key(data) in map(_key, known.values()):
                    data["valid_from"] = old["valid_from"]
                correct_tariff(self, key, data)
            case DeleteTariff(which):
                delete_tariff(self, [*known][which % len(known)])

    def _prices(self, day: int, fields: Fields, *, is_feed_in: bool) -> dict[str, Any]:
        """A tariff, or a feed-in price, from a day on, counted from today."""
        today = dt_util.utcnow().astimezone(ZURICH).date()
        build = feed_in if is_feed_in else tariff
        named = dict(fields)
        if name := named.get("sensor"):
            named["sensor"] = self.prices.key(str(name))
        return build(SITE_ID, (today + timedelta(days=day)).isoformat(), **named)

    def _change(self, step: ComeLate | Revise | Trouble | LoseWrites) -> None:
        """Let happen what shows only as time goes on."""
        match step:
            case ComeLate(after, hours, late, columns):
                start = self.true_now + after * HOUR
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
        """A copy of what the integration's files hold."""
        found = {key: data for key, data in self.storage.items() if key.startswith("climkit.")}
        return deepcopy(found)

    def forget(self) -> None:
        """Take the integration's files away."""
        for key in self.memory:
            del self.storage[key]

    def _revise(self, step: Revise) -> None:
        now = self.true_now
        quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
        start = max(quarter - timedelta(minutes=15 * step.ago), self.source.first)
        end = min(start + timedelta(minutes=15 * step.quarters), quarter)
        self.source.corrections.append(Correction(start, end, step.column, step.factor))

    def misbehave(self, trouble: Trouble) -> None:
        """Switch a trouble on, and what was before off."""
        switches = self.simulator.switches = Switches(
            rate_limit=self.rate_limit, connect_delay=self.connect_delay
        )
        transport.REQUEST_TIMEOUT = 90.0
        match trouble.kind:
            case "none":
                pass
            case "time-out":
                transport.REQUEST_TIMEOUT = 1e-12
            case "no columns":
                switches.columns = False
            case "hidden meter":
                switches.hidden_meters = [METER_ID]
            case "dropped rows":
                switches.drop_rate = 0.3
            case "unanswered hours":
                ago = (timedelta(hours=7), timedelta(days=1), timedelta(days=3))
                hours = [floor_hour(self.true_now - one) for one in ago]
                switches.unanswered = [hour.isoformat() for hour in hours]
            case "short answers":
                switches.max_rows, switches.cut = 40, "start"
            case "short answers from the end":
                switches.max_rows, switches.cut = 40, "end"
            case "shuffled":
                switches.shuffled = switches.duplicated = True
            case kind:
                fault = {"path": "_data", "probability": trouble.probability}
                fault |= FAULTS.get(kind) or {"kind": kind}
                switches.faults = [Fault(**fault)]

    async def switch_off(self) -> None:
        """Unload, as when Home Assistant stops; a set-up that is under way comes first."""
        await self.let_set_up_end()
        if self.entry.state in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY):
            await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        await async_wait_recording_done(self.hass)

    async def switch_on(self, after: timedelta = timedelta(0)) -> None:
        """Set up some time later; if that fails, it is tried again as time goes on."""
        self.freezer.move_to(dt_util.utcnow() + after)
        await self.compile_prices()
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()
        await self.settle()

    @override
    async def turn_clock(self, *, to: datetime | None = None, **by: float) -> None:
        """Turn the clock, and let the recorder have what sensors told meanwhile."""
        await super().turn_clock(to=to, **by)
        await self.compile_prices()
        await self.settle()

    async def compile_prices(self) -> None:
        """Let the recorder have what sensors told until now."""
        await self.prices.compile(self.true_now)

    def told(self, sensor: str, hour: datetime) -> float | None:
        """What a sensor told of an hour, in a mean that is there by now."""
        return self.prices.mean(sensor, hour, self.true_now)

    async def end_trouble(self) -> None:
        """Let all trouble end, and the pauses that followed it."""
        self.set_clock_right()
        self.misbehave(Trouble("none"))
        self.recorder.count = 0
        for _ in range(6):
            await self.turn_clock(minutes=15)
            await self.let_set_up_end()  # on a busy machine one may still be under way
        await self.turn_clock(hours=1)  # so often meters are polled that are read once a day
        assert self.entry.state is ConfigEntryState.LOADED
        assert self.is_complete, self.sites[0].history.progress

    async def come_to_rest(self) -> None:
        """Give late data, corrections and deletions the nights that they need.

        A night at the end of a gap compares nothing of a series that is still catching up.
        """
        late = (one.until for one in self.source.late)
        awaited = max([*late, *(one.end for one in self.source.gaps)], default=self.source.first)
        while awaited > dt_util.utcnow():
            await self.turn_clock(hours=20)
        is_long = dt_util.utcnow() - self.source.first > nights.RECENT - timedelta(days=3)
        for _ in range(NIGHTS_OF_A_SWEEP + 2 if is_long else 2):
            await self.turn_clock(hours=24)
        for _ in range(2):
            await self.turn_clock(hours=1)
        assert self.is_complete, self.sites[0].history.progress

    async def leave(self) -> None:
        """Remove the account, its memory, its statistics and what is known of its server."""
        await self.hass.config_entries.async_remove(self.entry.entry_id)
        await self.prices.remove()
        get_instance(self.hass).async_clear_statistics(sorted(await stored_rows(self.hass)))
        await async_wait_recording_done(self.hass)
        self.forget()
        # The next story begins at an earlier time, and may get a server of the same address.
        for key in ("queues", "logins", "troubled"):
            self.hass.data.pop(f"{DOMAIN}_{key}", None)

    async def assert_true(self) -> None:
        """Every hour, of energy and of costs, is what it should be."""
        await assert_true(self, self.tariffs.values(), self.told)


def _key(data: dict[str, Any]) -> tuple[str, bool]:
    """What no two prices have in common: two of a kind never begin on the same day."""
    return data["valid_from"], "feed_in" in data


def _middle(low: float, high: float) -> float:
    return (low + high) / 2


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
                await home.come_to_rest()
                await home.assert_true()
            finally:
                await home.leave()
