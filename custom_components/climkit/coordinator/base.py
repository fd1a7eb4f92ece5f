"""What the coordinators of a site have in common."""

import asyncio
from collections.abc import Awaitable, Callable, Sized
from datetime import datetime, timedelta
from itertools import batched
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..api import (
    INTERVAL,
    Backoff,
    ClimkitAuthenticationError,
    ClimkitClient,
    ClimkitError,
    Site,
    local_midnight,
    pause,
)
from ..const import DOMAIN
from ..store import ClimkitStore

_LOGGER = logging.getLogger(__name__)

# Entities become unavailable when Climkit has not answered for this long.
UNAVAILABLE_AFTER = timedelta(hours=3)

LISTS_INTERVAL = timedelta(days=1)

# So many states are written at once; a big site has thousands, and nothing else may wait for them.
BATCH = 100

# All entities of a big site are updated at most this often, in seconds: where its meters are asked
# one by one there is news each second, of a single meter.
UPDATE_COOLDOWN = 5.0


class ClimkitCoordinator[T](DataUpdateCoordinator[T]):
    """Tells whether Climkit has answered lately, and lets time itself change states.

    Power expires, a day begins, entities become unavailable: all of it happens at a quarter-hour,
    without any answer from Climkit. States are those of `now`, the time of the last update;
    `midnight` began its day at the site.
    """

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        client: ClimkitClient,
        site: Site,
        store: ClimkitStore,
        *,
        kind: str,
    ) -> None:
        """Prepare for one site of an account."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} {site.id} {kind}",
            update_interval=INTERVAL,
        )
        self._kind = kind
        self.client = client
        self.site = site
        self.store = store
        self.record = store.site(site.id)
        self._look_at_clock()
        self.answered: datetime | None = None
        self._answered_at: float | None = None
        self.listed: datetime | None = None
        self._was_list_empty = False
        self._update_debouncer = Debouncer(
            hass,
            _LOGGER,
            cooldown=UPDATE_COOLDOWN,
            immediate=True,
            function=self._async_update_in_batches,
        )

    @property
    def is_available(self) -> bool:
        """Whether Climkit has answered lately."""
        limit = UNAVAILABLE_AFTER.total_seconds()
        return self._answered_at is not None and self._looked_at - self._answered_at < limit

    def mark_answered(self) -> None:
        """Note that Climkit answered now."""
        self.answered, self._answered_at = dt_util.utcnow(), self.hass.loop.time()

    async def _async_list[E](
        self, read: Callable[[str], Awaitable[list[E]]], backoff: Backoff[str], key: str
    ) -> list[E] | None:
        """Return the day's list; None while it is in trouble, which is no news: some is known.

        Raises ClimkitAuthenticationError.
        """
        if backoff.is_paused(key):
            return None
        try:
            listed = await read(self.site.id)
        except ClimkitAuthenticationError:
            raise
        except ClimkitError as err:
            _LOGGER.debug("No list of the %s of %s: %s", self._kind, self.site.id, err)
            pause(backoff, key, err)
            return None
        backoff.succeeded(key)
        return listed

    def _is_doubtful(self, listed: Sized, *, had_some: bool) -> bool:
        """Whether a day's list is empty for the first time; if the next one is too, it is believed.

        To be asked once for each list.
        """
        is_doubtful = not listed and had_some and not self._was_list_empty
        self._was_list_empty = not listed
        return is_doubtful

    def lists_are_old(self, now: datetime) -> bool:
        """Whether the day's list of meters or sensors is due."""
        # A list of the future was asked for while the clock was wrong.
        return self.listed is None or not timedelta() <= now - self.listed < LISTS_INTERVAL

    def day(self, now: datetime) -> str:
        """Return the local day of the site (ISO)."""
        return now.astimezone(self.site.zone).date().isoformat()

    def _look_at_clock(self) -> None:
        self.now = dt_util.utcnow()
        # How long something lasts the event loop's clock tells; nobody sets that one.
        self._looked_at = self.hass.loop.time()
        self.midnight = local_midnight(self.now, self.site.zone)

    @override
    async def _async_setup(self) -> None:
        self.config_entry.async_on_unload(
            async_track_utc_time_change(
                self.hass, self._async_tick, minute=range(0, 60, 15), second=0
            )
        )

    @override
    async def async_shutdown(self) -> None:
        self._update_debouncer.async_shutdown()
        self.last_update_success = False  # the error of a refresh that is going on is no news
        await super().async_shutdown()

    @callback
    @override
    def async_update_listeners(self) -> None:
        self._look_at_clock()
        if len(self._listeners) <= BATCH:
            super().async_update_listeners()
        else:
            self._update_debouncer.async_schedule_call()

    async def _async_update_in_batches(self) -> None:
        for batch in batched(list(self._listeners), BATCH, strict=False):
            for listener in batch:
                if found := self._listeners.get(listener):  # not removed meanwhile
                    self._update(found[0])
            await asyncio.sleep(0)

    def _update(self, listener: CALLBACK_TYPE) -> None:
        try:
            listener()
        except Exception:  # one entity's trouble is not the others'
            _LOGGER.exception("Unexpected error updating an entity of site %s", self.site.id)

    @callback
    def _async_tick(self, _now: datetime) -> None:
        self.async_update_listeners()
