"""What is remembered over a restart: how far history was read, and which meters are missing."""

from collections.abc import Iterable
from datetime import datetime
import logging
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from .api import Meter, MeterMode
from .const import DOMAIN
from .ids import slug
from .records import MeterRecord, SiteRecord, read_site
from .statistics import TimeRange

_LOGGER = logging.getLogger(__name__)

# What is lost by a crash is read back from the recorder, so writing seldom spares the disk.
SAVE_DELAY_SECONDS = 300


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


# A device goes once this many daily lists were without it.
DAYS_MISSING = 3


def note_listed(devices: dict[str, list[str]], listed: Iterable[str], day: str) -> list[str]:
    """Note which devices a day's list lacks; forget and return those missed on several days."""
    present, gone = set(listed), []
    for device_id in devices.keys() - present:
        days = devices[device_id]
        if day not in days:
            days.append(day)
        if len(days) >= DAYS_MISSING:
            del devices[device_id]
            gone.append(device_id)
    note_seen(devices, present)
    return gone


def note_seen(devices: dict[str, list[str]], seen: Iterable[str]) -> None:
    """Note devices that are there, whatever a list said."""
    devices.update({device_id: [] for device_id in seen})


def described_meters(record: SiteRecord) -> dict[str, Meter]:
    """Return the meters that the lists of a site ever had, by `ids.slug`, as they were last."""
    return {
        key: Meter(
            id=key,
            type=one["type"],
            mode=MeterMode(one["mode"]) if one["mode"] in MeterMode else MeterMode.UNKNOWN,
            name=one["name"],
            bus_address=one["bus_address"],
            is_rule_meter=one["is_rule_meter"],
        )
        for key, one in record.get("described", {}).items()
    }


def describe_meters(record: SiteRecord, listed: Iterable[Meter]) -> None:
    """Remember what a list says of its meters."""
    described = record.setdefault("described", {})
    for meter in listed:
        described[slug(meter.id)] = MeterRecord(
            type=meter.type,
            mode=meter.mode.value,
            name=meter.name,
            bus_address=meter.bus_address,
            is_rule_meter=meter.is_rule_meter,
        )


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
