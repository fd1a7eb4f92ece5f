"""The file in which an account is remembered: a record for each site."""

from collections.abc import Iterable
from datetime import datetime
import logging
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..statistics import TimeRange
from .records import SiteRecord, read_site

_LOGGER = logging.getLogger(__name__)

# What is lost by a crash is read back from the recorder, so writing seldom spares the disk.
SAVE_DELAY_SECONDS = 300


def read_time(text: str | None) -> datetime | None:
    """Return a remembered time; None where there is none."""
    return datetime.fromisoformat(text) if text else None


def read_ranges(ranges: Iterable[tuple[str, str]]) -> list[TimeRange]:
    """Return remembered ranges; what was remembered upside down is none."""
    found = (
        TimeRange.between(datetime.fromisoformat(start), datetime.fromisoformat(end))
        for start, end in ranges
    )
    return [one for one in found if one]


def ranges_text(ranges: Iterable[TimeRange]) -> list[tuple[str, str]]:
    """Return ranges as they are remembered."""
    return [(one.start.isoformat(), one.end.isoformat()) for one in ranges]


class ClimkitStore(Store[dict[str, SiteRecord]]):
    """The memory of one config entry: a record for each site."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the file of a config entry; nothing is read yet."""
        super().__init__(hass, 1, f"{DOMAIN}.{entry_id}")
        self.sites: dict[str, SiteRecord] = {}
        self._is_closed = False

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
        self.sites = {key: read_site(record, lost) for key, record in (data or {}).items()}
        if lost:
            _LOGGER.warning(
                "What was remembered is not understood (%s); it is worked out again from the "
                "recorder and from Climkit",
                ", ".join(sorted(set(lost))),
            )
        return self.sites

    def site(self, site_id: str) -> SiteRecord:
        """Return the record of a site, to be changed in place and saved."""
        return self.sites.setdefault(
            site_id, SiteRecord(series={}, meters={}, sensors={}, has_battery=False, walk={})
        )

    def save_soon(self) -> None:
        """Write the file before long, at the latest when Home Assistant stops."""
        if not self._is_closed:
            self.async_delay_save(lambda: self.sites, SAVE_DELAY_SECONDS)

    async def async_save_now(self) -> None:
        """Write the file at once."""
        if not self._is_closed:
            await self.async_save(self.sites)

    async def async_close(self) -> None:
        """Write the file for the last time: its entry ends, and may be removed."""
        await self.async_save_now()
        self._is_closed = True
