"""How the server behaves, and misbehaves: all of it can be changed while it runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Literal

from .site import DEFAULT_LATENCY, JsonObject

_WORDS = {
    "reading": ("utc", "local"),
    "installations": ("ids", "objects", "oid"),
    "sensor_timestamps": ("seconds", "milliseconds"),
    "cut": ("start", "end"),
    "too_long": ("400", "413", "422", "504", "cut", "disconnect"),
}


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    DELAY = "delay"
    BROKEN_JSON = "broken_json"
    CUT = "cut"
    NAN = "nan"
    NULL = "null"
    STRINGS = "strings"
    DICT = "dict"
    EMPTY_LIST = "empty_list"
    HTML = "html"
    HUGE = "huge"
    REDIRECT = "redirect"
    DISCONNECT = "disconnect"


@dataclass(kw_only=True)
class Fault:
    """A fault of the requests whose path (without /api/v1) the pattern is found in; None: all.

    times: how often it still happens, None for ever. retry_after: that header, in seconds or as
    given. delay: seconds before the answer, with every kind. size: bytes of a huge answer.
    body: only requests in whose JSON body this pattern is found, such as t_e, which history has.
    text: what a status answers instead of the API's JSON, such as a gateway's page.
    NAN and NULL replace the numbers of every second row, STRINGS those of all rows.
    """

    kind: FaultKind
    path: str | None = None
    status: int = 500
    times: int | None = None
    probability: float = 1.0
    retry_after: float | str | None = None
    delay: float = 0.0
    size: int = 64 * 1024 * 1024
    body: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        """Accept the kind as a word."""
        self.kind = FaultKind(self.kind)


@dataclass(kw_only=True)
class Switches:
    """The server's behaviour.

    latency: seconds from the end of a quarter-hour to its row. rate_limit: seconds between two
    requests of an account, 0 for none; rate_tolerance is taken off, for a late scheduler.
    retry_after: that header of a 429. response_delay: seconds every answer takes.
    connect_delay: the longest time in seconds until the first request of a new connection is
    seen, as behind a gateway. closes: whether each connection is closed after its answer.
    reading: as what the digits of t_s and t_e are read. installations: shape of all_installations.
    sites: which site ids an account sees, for accounts not named all.
    refused: status (401 or 403) by site, meter or sensor id.
    sampled_sites: whether site_data heeds sampling_frequency, which is in doubt.
    columns: whether site_data has a column for each meter. hidden_meters: ids that vanish.
    unanswered: starts (ISO, aware) of hours; a window that has a part of one gets the status
    unanswered_by.
    longest_window: hours from t_s to t_e (or now) that are answered, 0 for any; too_long: what a
    longer one gets: a status, half a body, or a connection that is closed.
    max_rows: longest answer; beyond it rows are cut off at the `cut` of the window.
    dropped: starts (ISO, aware) of intervals whose rows are missing; drop_rate: share of them.
    ahead: seconds; where it is not 0, the newest row comes once more with a stamp so far ahead.
    sensor_days: how far back t_s of sensors may reach, earlier is moved up.
    """

    latency: float = DEFAULT_LATENCY
    rate_limit: float = 1.0
    rate_tolerance: float = 0.05
    retry_after: float | None = None
    response_delay: float = 0.0
    connect_delay: float = 0.0
    closes: bool = False
    reading: Literal["utc", "local"] = "utc"
    installations: Literal["ids", "objects", "oid"] = "ids"
    sites: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    sampled_sites: bool = True
    columns: bool = True
    hidden_meters: list[str] = field(default_factory=list)
    naive_timestamps: bool = False
    sensor_timestamps: Literal["seconds", "milliseconds"] = "seconds"
    sensor_days: int = 31
    unanswered: list[str] = field(default_factory=list)
    unanswered_by: int = 500
    longest_window: float = 0.0
    too_long: Literal["400", "413", "422", "504", "cut", "disconnect"] = "400"
    max_rows: int | None = None
    cut: Literal["start", "end"] = "end"
    dropped: list[str] = field(default_factory=list)
    drop_rate: float = 0.0
    shuffled: bool = False
    duplicated: bool = False
    ahead: float = 0.0
    faults: list[Fault] = field(default_factory=list)

    def patch(self, changes: Mapping[str, object]) -> None:
        """Set some switches; faults are given as objects. Raises ValueError for unknown ones."""
        unknown = changes.keys() - {one.name for one in fields(self)}
        if unknown:
            raise ValueError(f"unknown switches: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            if not _fits(name, value):
                raise ValueError(f"{name} cannot be {value!r}")
        for name, value in changes.items():
            if name == "faults" and isinstance(value, list):
                self.faults = [Fault(**fault) for fault in value]
            else:
                setattr(self, name, value)

    def as_json(self) -> JsonObject:
        """All switches, as `patch` takes them."""
        return asdict(self)


def _fits(name: str, value: object) -> bool:
    """Whether a switch can have this value: one of its words, or of its default's type."""
    default = getattr(Switches(), name)
    if name in _WORDS:
        return value in _WORDS[name]
    if default is None or isinstance(default, float):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number or value is default
    return type(value) is type(default)
