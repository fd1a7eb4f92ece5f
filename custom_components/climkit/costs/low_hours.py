"""The hours of the low tariff, as a person writes them. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
import re
from typing import NamedTuple, Self

from ..const import CONF_SATURDAY, CONF_SUNDAY, CONF_WEEKDAY

_WINDOW = r"(\d{1,2})(?:[:.](\d{2}))?\s*h?\s*[-\u2013]\s*(\d{1,2})(?:[:.](\d{2}))?\s*h?"


class LowHoursError(ValueError):
    """A text that names no windows of full hours; `key` is the translation key of the reason."""

    def __init__(self, key: str, window: str) -> None:
        """Keep the reason and the window concerned."""
        super().__init__(f"{key}: {window}")
        self.key = key
        self.window = window


def parse_hours(text: str) -> frozenset[int]:
    """Return the hours of a day (0 to 23, by their start) in windows such as `12-17, 23-07`.

    A window over midnight means the hours before it and those after it of the same kind of day:
    `23-07` of weekdays is 0 to 7 and 23 to 24 on each of Monday to Friday. Raises LowHoursError.
    """
    hours: set[int] = set()
    for window in filter(None, map(str.strip, text.split(","))):
        hours.update(_window_hours(window))
    return frozenset(hours)


def _window_hours(window: str) -> Iterable[int]:
    match = re.fullmatch(_WINDOW, window)
    if not match:
        raise LowHoursError("hours_unreadable", window)
    start, start_minutes, end, end_minutes = match.groups(default="00")
    if (start_minutes, end_minutes) != ("00", "00"):
        raise LowHoursError("hours_not_full", window)
    first, last = int(start), int(end)
    if first > 23 or last > 24:
        raise LowHoursError("hours_out_of_range", window)
    if first == last:
        raise LowHoursError("hours_without_length", window)
    return range(first, last) if first < last else (*range(first, 24), *range(last))


class LowHours(NamedTuple):
    """The hours of a week with the low tariff, by the weekday and local time of their start."""

    weekday: frozenset[int] = frozenset()
    saturday: frozenset[int] = frozenset()
    sunday: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """Read the texts of a tariff. Raises LowHoursError."""
        return cls(
            *(parse_hours(texts.get(key, "")) for key in (CONF_WEEKDAY, CONF_SATURDAY, CONF_SUNDAY))
        )

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.weekday or self.saturday or self.sunday)

    def include(self, local: datetime) -> bool:
        """Whether an hour is one of them; public holidays are days like others."""
        match local.weekday():
            case 5:
                return local.hour in self.saturday
            case 6:
                return local.hour in self.sunday
        return local.hour in self.weekday
