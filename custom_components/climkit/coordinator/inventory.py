"""Which meters and sensors a site has, as its lists said from day to day."""

from collections.abc import Iterable

from ..api import Meter, MeterMode
from ..ids import slug
from ..store import MeterRecord, SiteRecord

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
