"""The file in which an account is remembered: a record for each site."""

import logging
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from .migration import from_first_release
from .records import SiteRecord

_LOGGER = logging.getLogger(__name__)

# What is lost by a crash is read back from the recorder, so writing seldom spares the disk.
SAVE_DELAY_SECONDS = 300


class ClimkitStore(Store[dict[str, SiteRecord]]):
    """The memory of one config entry: a record for each site."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the file of a config entry; nothing is read yet."""
        super().__init__(hass, 1, f"{DOMAIN}.{entry_id}", minor_version=2)
        self.sites: dict[str, SiteRecord] = {}
        self._is_closed = False
        self._is_to_be_written = False

    @override
    async def async_load(self) -> dict[str, SiteRecord]:
        """Read the file; what is missing or not understood is an empty memory."""
        lost: list[str] = []
        data: object = None
        try:
            data = await super().async_load()
        except (HomeAssistantError, NotImplementedError) as err:
            _LOGGER.warning("What was remembered of the account cannot be read: %s", err)
        if data is not None and not isinstance(data, dict):
            lost.append("account")
            data = None
        self.sites = {key: SiteRecord.from_dict(one, lost) for key, one in (data or {}).items()}
        if lost:
            _LOGGER.warning(
                "What was remembered is not understood (%s); it is worked out again from the "
                "recorder and from Climkit",
                ", ".join(sorted(set(lost))),
            )
        return self.sites

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: object
    ) -> object:
        return from_first_release(old_data) if old_minor_version < 2 else old_data

    def site(self, site_id: str) -> SiteRecord:
        """Return the record of a site, to be changed in place and saved."""
        return self.sites.setdefault(site_id, SiteRecord())

    def save_soon(self) -> None:
        """Write the file before long, at the latest when Home Assistant stops."""
        if not self._is_closed and not self._is_to_be_written:
            self._is_to_be_written = True  # asked again, Home Assistant would wait anew
            self.async_delay_save(self._written, SAVE_DELAY_SECONDS)

    def _written(self) -> dict[str, SiteRecord]:
        self._is_to_be_written = False
        return self.sites

    async def async_save_now(self) -> None:
        """Write the file at once."""
        if not self._is_closed:
            await self.async_save(self._written())

    async def async_close(self) -> None:
        """Write the file for the last time: its entry ends, and may be removed."""
        await self.async_save_now()
        self._is_closed = True
