"""All that works for one site, started and closed as a whole."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import uniform
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import SensorsCoordinator, SiteCoordinator
from .history import STARTS_WITHIN, next_night

# How often to look whether a night has begun.
NIGHT_LOOKS = timedelta(minutes=10)


@dataclass(kw_only=True)
class SiteRuntime:
    """What works for one site. What asks or writes for it ends with it, whoever wanted it."""

    coordinator: SiteCoordinator
    sensors: SensorsCoordinator
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _is_closed: bool = False

    async def async_run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do what an action or a dialog wants of this site, and return what it answers.

        Raises HomeAssistantError if the account is unloaded before it is done; what was written
        until then stays.
        """
        if self._is_closed:
            work.close()
            raise _unloaded()
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await task
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller and caller.cancelling():
                raise
            raise _unloaded() from None

    async def async_close(self) -> None:
        """End all that asks or writes, and wait for it."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.coordinator.history.async_stop()
        await self.coordinator.costs.worker.async_stop()


type ClimkitConfigEntry = ConfigEntry[dict[str, SiteRuntime]]


@callback
def loaded_sites(hass: HomeAssistant) -> Iterator[SiteRuntime]:
    """Return the sites of all accounts that are loaded."""
    entries: list[ClimkitConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        yield from entry.runtime_data.values()


def _unloaded() -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded_meanwhile")


@callback
def plan_nights(hass: HomeAssistant, entry: ClimkitConfigEntry, runtime: SiteRuntime) -> None:
    """Let history be read again each night, at a minute that is another one in every home.

    It is looked whether the night has come, rather than waited for it: a clock that is set would
    let a night begin days too late.
    """
    zone = runtime.coordinator.site.zone
    delay = timedelta(seconds=uniform(0, STARTS_WITHIN.total_seconds()))  # noqa: S311 - no secret
    planned = next_night(dt_util.utcnow(), zone, delay)

    @callback
    def look(_now: datetime) -> None:
        nonlocal planned
        now = dt_util.utcnow()
        following = next_night(now, zone, delay)
        if now >= planned:
            runtime.coordinator.history.start_night()
            runtime.coordinator.costs.start_night()
        planned = following

    entry.async_on_unload(async_track_time_interval(hass, look, NIGHT_LOOKS))
