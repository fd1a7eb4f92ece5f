"""What the Climkit API describes: sites, meters, sensors and their rows.

Every model is built from one JSON value and tolerates what real answers hold: keys may be
missing, null, of another type, or new. What is absent stays absent (None, or no key), never zero.
Field names that differ from the document's are noted; the source of a fact stands in brackets.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
import re
from typing import NamedTuple, Self
import unicodedata
from zoneinfo import ZoneInfo

from .timestamps import Sampling, interval_bounds, names_other_rows, parse_timestamp, row_timestamps

DEFAULT_ZONE = ZoneInfo("Europe/Zurich")

UNKNOWN_TYPE = "unknown"

# No amount, counter or reading is larger; sums of larger ones could overflow.
LARGEST_NUMBER = 1e12

# A statistic's name, 255 letters at most in Home Assistant, holds two texts and a measure's name.
TEXT_LIMIT = 100

# Climkit was founded after this: an earlier date of a site is none, such as the first of 1970.
FIRST_TIME = datetime(2010, 1, 1, tzinfo=UTC)

# What a site says of itself (document); an object without any of it is an error with status 200.
SITE_KEYS = frozenset(
    {"site_ref", "name", "address", "creation_date", "timezone", "latitude", "longitude"}
)

# Ids may be anything that is safe in a path, for what they look like is not documented.
ID_PATTERN = re.compile(r"[0-9A-Za-z_-]{1,64}")
_OBJECT_ID_PATTERN = re.compile(r"[0-9A-Fa-f]{24}")

# Control characters, invisible ones (zero width, writing direction), halves of surrogate pairs.
_UNFIT_CATEGORIES = {"Cc", "Cf", "Cs"}

# The installer's convention for bus addresses of electricity meters (installer manual, observed).
_INTRODUCTION_ADDRESS = 10
_PRODUCTION_ADDRESSES = range(101, 200)


def is_object_id(text: str) -> bool:
    """Whether a text has the form of Climkit's ids: 24 hexadecimal digits (observed for meters)."""
    return _OBJECT_ID_PATTERN.fullmatch(text) is not None


class MeterMode(StrEnum):
    """What a meter's energy is to the site (document)."""

    CONSUMPTION = "consumption"
    PRODUCTION = "production"
    INTRODUCTION = "introduction"
    """The main meter between the site and the grid."""
    BATTERY = "battery"
    UNKNOWN = "unknown"
    """A mode that the document does not name, or no hint at all."""


class Address(NamedTuple):
    """Where a site stands; any part may be missing."""

    street_name: str | None
    street_number: str | None
    postal_code: str | None
    city: str | None

    @classmethod
    def from_api(cls, data: object) -> Self | None:
        """Read an address; None if it says nothing."""
        if not isinstance(data, Mapping):
            return None
        parts = {
            "street_name": _text(data.get("street_name")),
            "street_number": _text(data.get("street_number")),
            "postal_code": _text(data.get("postal_code")),  # an integer by the document
            "city": _text(data.get("city")) or _text(data.get("city_name")),  # the latter observed
        }
        return cls(**parts) if any(parts.values()) else None


class SiteReference(NamedTuple):
    """A site as the list of all sites names it."""

    id: str
    name: str | None

    @classmethod
    def from_api(cls, data: object) -> Self | None:
        """Read an element: an id (observed) or an object (document); None if it has no id."""
        if isinstance(data, Mapping):
            found = _identifier(data, "id", "_id", "site_id", "installation_id") or _id(data)
            name = _text(data.get("name"))
        else:
            found, name = _id(data), None
        return cls(id=found, name=name) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site, which the API calls an installation."""

    id: str
    name: str | None
    ref: str | None
    """Climkit's human reference, `site_ref`."""
    created: datetime | None
    """UTC. When the site was entered at Climkit; its data may begin months later (observed)."""
    latitude: float | None = field(repr=False)
    """Degrees north."""
    longitude: float | None = field(repr=False)
    """Degrees east."""
    zone: ZoneInfo
    """The site's time zone, Swiss time if the API names none that is known."""
    address: Address | None = field(repr=False)

    @classmethod
    def from_api(
        cls, site_id: str, data: Mapping[str, object], now: datetime | None = None
    ) -> Self:
        """Read the infos of the site; only its zone touches the disk, once for each zone.

        A date before there was Climkit is none. Where it is still to come `now`, date or clock is
        wrong, so the date counts or that in its id, whichever is earlier.
        """
        zone = _zone(data.get("timezone"))
        made = _id_time(site_id)
        created = parse_timestamp(data.get("creation_date"), zone)
        if created and created < FIRST_TIME:
            created = None
        if created and now and created > now:
            created = min(created, made) if made else None
        return cls(
            id=site_id,
            name=_text(data.get("name")),
            ref=_text(data.get("site_ref")),
            created=created or made,
            latitude=_degrees(data.get("latitude"), 90),
            longitude=_degrees(data.get("longitude"), 180),
            zone=zone,
            address=Address.from_api(data.get("address")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter of a site, physical or computed."""

    id: str
    type: str
    """`electricity`, `heating`, `cold_water`, `hot_water` by the document, but an open set."""
    mode: MeterMode
    name: str | None
    bus_address: int | None
    """`prim_ad`; not unique in a site with several gateways (assumed)."""
    is_rule_meter: bool
    """Computed from other meters; it has no raw data (document)."""

    @classmethod
    def from_api(cls, data: object) -> Self | None:
        """Read a meter; None if it has no id.

        Answers of 2022 had neither `name`, `mode` nor `is_rule_meter`, but `virtual`, and
        `prim_ad` was text (observed).
        """
        if not isinstance(data, Mapping) or not (meter_id := _identifier(data, "id", "_id")):
            return None
        meter_type = _text(data.get("type")) or UNKNOWN_TYPE
        address = _integer(data.get("prim_ad"))
        return cls(
            id=meter_id,
            type=meter_type,
            mode=_mode(_text(data.get("mode")), meter_type, address),
            name=_text(data.get("name")),
            bus_address=address,
            is_rule_meter=_first_bool(data.get("is_rule_meter"), data.get("virtual")),
        )


class Sensor(NamedTuple):
    """A sensor of a site; type and unit are free text (document), nobody has seen one."""

    id: str
    name: str | None
    type: str | None
    unit: str | None
    model: str | None

    @classmethod
    def from_api(cls, data: object) -> Self | None:
        """Read a sensor; None if it has no id."""
        if not isinstance(data, Mapping) or not (sensor_id := _identifier(data, "id", "_id")):
            return None
        return cls(
            id=sensor_id,
            name=_text(data.get("name")),
            type=_text(data.get("type")),
            unit=_text(data.get("unit")),
            model=_text(data.get("model")),
        )


class Interval(NamedTuple):
    """Validated amounts of one interval: kWh, or m3 for water (observed, units assumed)."""

    start: datetime
    """UTC."""
    end: datetime
    """UTC."""
    values: Mapping[str, float]
    """By the API's column; a column without a number in this row is left out. May be negative."""

    @classmethod
    def from_api(cls, data: object, sampling: Sampling, zone: tzinfo) -> Interval | None:
        """Read a single row; None if it has no usable timestamp."""
        return next(iter(cls.all_from_api([data], sampling, zone)), None)

    @classmethod
    def all_from_api(
        cls, rows: Sequence[object], sampling: Sampling, zone: tzinfo
    ) -> list[Interval]:
        """Read the rows of an answer, in its order; those without a usable timestamp are left out.

        Raises ValueError for rows that are finer than asked for: whether site_data heeds the
        sampling is in doubt, and a part is no sum. So it does for quarter-hours of which not one
        has such a timestamp: they are not the same as none.
        """
        if sampling is Sampling.QUARTER_HOUR and names_other_rows(_stamps(rows)):
            raise ValueError("rows are not those of quarter-hours")
        stamp_of: dict[datetime, datetime] = {}

        def read(stamp: datetime, row: Mapping[str, object]) -> Interval:
            start, end = interval_bounds(stamp, sampling, zone)
            if stamp_of.setdefault(start, stamp) != stamp:
                raise ValueError("rows are finer than asked for")
            return Interval(start=start, end=end, values=_numbers(row))

        return _read_rows(rows, row_timestamps(_stamps(rows), zone, sampling), read)

    def overlaid(self, later: Interval) -> Interval:
        """Return what both rows say of the interval: the later one's values win, none is lost."""
        return replace(later, values={**self.values, **later.values})


class MeterReading(NamedTuple):
    """Unvalidated registers of one physical meter.

    Counters or amounts of a load curve's interval; no flag tells which (document).
    """

    at: datetime
    """UTC, the end of the measured period."""
    registers: Mapping[str, float]
    """`en_im`, `en_ex`, `heat_energy_kwh` in kWh, `vol_m3` in m3; what has no number is absent."""

    @classmethod
    def from_api(cls, data: object, zone: tzinfo) -> MeterReading | None:
        """Read a single row; None if it has no usable timestamp."""
        return next(iter(cls.all_from_api([data], zone)), None)

    @classmethod
    def all_from_api(cls, rows: Sequence[object], zone: tzinfo) -> list[MeterReading]:
        """Read the rows of an answer, in its order, without those that have no usable timestamp."""
        return _read_rows(
            rows,
            row_timestamps(_stamps(rows), zone),
            lambda stamp, row: MeterReading(at=stamp, registers=_numbers(row)),
        )

    def overlaid(self, later: MeterReading) -> MeterReading:
        """Return what both rows say of the time: the later one's registers win, none is lost."""
        return replace(later, registers={**self.registers, **later.registers})


class Reading(NamedTuple):
    """One value of a sensor, in the sensor's unit."""

    at: datetime
    """UTC."""
    value: float

    @classmethod
    def from_api(cls, data: object, zone: tzinfo) -> Reading | None:
        """Read a single row; None if it has no usable timestamp or no number."""
        return next(iter(cls.all_from_api([data], zone)), None)

    @classmethod
    def all_from_api(cls, rows: Sequence[object], zone: tzinfo) -> list[Reading]:
        """Read the rows of an answer, in its order, without those that say nothing."""

        def read(stamp: datetime, row: Mapping[str, object]) -> Reading | None:
            value = _number(row.get("value"))
            return None if value is None else Reading(at=stamp, value=value)

        return _read_rows(rows, row_timestamps(_stamps(rows), zone), read)


def _number(value: object) -> float | None:
    """Return a finite number, also from text; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, float | int | str):
        return None
    if isinstance(value, str) and "_" in value:
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if abs(number) <= LARGEST_NUMBER else None


def _numbers(row: Mapping[str, object]) -> dict[str, float]:
    """Return the numbers of a row by column; all known columns are plain ASCII.

    A page of history has tens of thousands of them, so plain ones take the short way.
    """
    largest = LARGEST_NUMBER
    numbers = {
        key: value if type(value) is float and -largest <= value <= largest else _number(value)
        for key, value in row.items()
        if key.isascii() and key != "timestamp"
    }
    return {key: number for key, number in numbers.items() if number is not None}


def _stamps(rows: Sequence[object]) -> list[object]:
    return [row.get("timestamp") if isinstance(row, Mapping) else None for row in rows]


def _read_rows[T](
    rows: Sequence[object],
    stamps: Sequence[datetime | None],
    read: Callable[[datetime, Mapping[str, object]], T | None],
) -> list[T]:
    found = (
        read(stamp, row)
        for row, stamp in zip(rows, stamps, strict=True)
        if stamp and isinstance(row, Mapping)
    )
    return [model for model in found if model is not None]


def _integer(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


def _degrees(value: object, limit: float) -> float | None:
    number = _number(value)
    return number if number is not None and abs(number) <= limit else None


def _text(value: object) -> str | None:
    """Return text that says something; numbers become text (a postal code, a house number)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:TEXT_LIMIT]
    return (_clean(value) or None) if isinstance(value, str) else None


def _clean(text: str) -> str:
    """Return text fit for a registry: one line, visible characters only, not too long."""
    visible = "".join(
        letter
        for letter in text[: 10 * TEXT_LIMIT]
        if letter.isspace() or unicodedata.category(letter) not in _UNFIT_CATEGORIES
    )
    return " ".join(visible.split())[:TEXT_LIMIT].rstrip()


def _first_bool(*values: object) -> bool:
    return next((value for value in values if isinstance(value, bool)), False)


def _id(value: object) -> str | None:
    """Return an id that is fit for a path; the BSON form `{"$oid": ...}` too (assumed)."""
    if isinstance(value, Mapping):
        value = value.get("$oid")
    return value if isinstance(value, str) and ID_PATTERN.fullmatch(value) else None


def _identifier(data: Mapping[str, object], *keys: str) -> str | None:
    return next((found for key in keys if (found := _id(data.get(key)))), None)


def _id_time(object_id: str) -> datetime | None:
    """Return when an ObjectId was made: its first four bytes are epoch seconds."""
    if not is_object_id(object_id):
        return None
    made = datetime.fromtimestamp(int(object_id[:8], 16), UTC)
    return made if made >= FIRST_TIME else None


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(value) if isinstance(value, str) else DEFAULT_ZONE
    except ValueError, KeyError, OSError:  # not a zone's name, no such zone, not a file
        return DEFAULT_ZONE


def _mode(mode: str | None, meter_type: str, address: int | None) -> MeterMode:
    """Return the mode the API names, else what the bus address of an electricity meter tells."""
    if mode is not None:
        return MeterMode(mode) if mode in MeterMode else MeterMode.UNKNOWN
    if meter_type != "electricity":
        return MeterMode.CONSUMPTION
    if address is None:
        return MeterMode.UNKNOWN
    if address == _INTRODUCTION_ADDRESS:
        return MeterMode.INTRODUCTION
    if address in _PRODUCTION_ADDRESSES:
        return MeterMode.PRODUCTION
    return MeterMode.CONSUMPTION
