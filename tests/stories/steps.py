"""What can happen to an installation, its server, a Home Assistant and its people: plain data.

So a counterexample that hypothesis finds can be copied into a test. `story` lets them happen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.simulator import FaultKind


@dataclass(frozen=True, slots=True)
class Turn:
    """The clock goes on, so many times by so many minutes."""

    minutes: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class ComeLate:
    """Values of the next hours (from `after` hours on) come so many hours late."""

    after: int
    hours: int
    late: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revise:
    """Quarter-hours from so many of them ago on are corrected, or withdrawn (factor None)."""

    ago: int
    quarters: int
    column: str | None
    factor: float | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """The server misbehaves until it is told otherwise; see `story.StoryHome.misbehave`."""

    kind: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Restart:
    """Home Assistant is off for some hours, and may remember less than it knew.

    memory: "saved"; "lost": what was not yet written to the file is lost; "gone": the file is.
    """

    off: int = 0
    memory: Literal["saved", "lost", "gone"] = "saved"


@dataclass(frozen=True, slots=True)
class RestoreDatabase:
    """Home Assistant is off, and its database then lacks the rows of so many hours."""

    hours: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy is made of the database and of the integration's files."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Home Assistant is off, and then has the newest copy of one of the two, or of both."""

    what: Literal["database", "memory", "both"]


@dataclass(frozen=True, slots=True)
class Delete:
    """A person deletes a statistic, while all runs or while Home Assistant is off."""

    which: int
    is_off: bool


@dataclass(frozen=True, slots=True)
class AdjustSum:
    """A person adjusts the sum of a statistic from so many hours ago on."""

    which: int
    ago: int
    amount: float
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class LoseWrites:
    """The recorder loses the next orders to write, from one on."""

    skip: int
    count: int


# Sections of a tariff, as `bill.tariff` takes them.
type Fields = tuple[tuple[str, float | str], ...]


@dataclass(frozen=True, slots=True)
class AddTariff:
    """A person adds prices from so many days from today on (negative: past ones)."""

    day: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class AddFeedIn:
    """A person adds what is paid for exported energy from a day on; see `AddTariff`."""

    day: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class CorrectTariff:
    """A person corrects prices; with a day (from today) they begin on another one."""

    which: int
    fields: Fields
    day: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteTariff:
    """A person deletes a tariff or a feed-in price."""

    which: int


@dataclass(frozen=True, slots=True)
class ReloadDuring:
    """The account is reloaded in the middle of an action, after so many of its requests."""

    action: Literal["import_history", "delete_statistics"]
    requests: int = 0


@dataclass(frozen=True, slots=True)
class SetClock:
    """The wall clock is set by so many hours, while the event loop's and Climkit's run on."""

    hours: int


@dataclass(frozen=True, slots=True)
class RenameSensor:
    """A person renames the sensor that tells prices, if there is one."""

    object_id: str


type Tariffs = AddTariff | AddFeedIn | CorrectTariff | DeleteTariff

type Step = (
    Turn
    | ComeLate
    | Revise
    | Trouble
    | Restart
    | RestoreDatabase
    | Backup
    | Restore
    | Delete
    | AdjustSum
    | LoseWrites
    | Tariffs
    | RenameSensor
    | ReloadDuring
    | SetClock
)

TROUBLES = (
    "none",
    "status",
    "overloaded",
    "disconnect",
    "cut",
    "html",
    "empty_list",
    "broken_json",
    "null",
    "nan",
    "strings",
    "dict",
    "time-out",
    "refused",
    "gateway",
    "maintenance",
    "login in trouble",
    "no columns",
    "hidden meter",
    "dropped rows",
    "unanswered hours",
    "short answers",
    "short answers from the end",
    "shuffled",
)

# Those that answer with a status; the others are kinds of faults, or switches.
FAULTS: dict[str, dict[str, Any]] = {
    "status": {"kind": FaultKind.STATUS, "status": 503, "path": ".", "probability": 1.0},
    "overloaded": {"kind": FaultKind.STATUS, "status": 429},
    "refused": {"kind": FaultKind.STATUS, "status": 403},
    "login in trouble": {"kind": FaultKind.STATUS, "status": 400, "path": "auth"},
    "gateway": {
        "kind": FaultKind.STATUS,
        "status": 403,
        "path": ".",
        "text": "<html>Attention! Password: <input></html>",
    },
    "maintenance": {
        "kind": FaultKind.STATUS,
        "status": 200,
        "path": ".",
        "text": '{"message": "maintenance, please enter your password again later"}',
    },
}

# Answers that look right but are not: only the nights find out.
MISLEADING = {"null", "nan", "dropped rows", "unanswered hours", "refused"}


def heals_soon(steps: Sequence[Step]) -> bool:
    """Whether all is right again as soon as trouble ends, without a night."""
    for step in steps:
        match step:
            case (
                ComeLate() | Revise() | Restore() | SetClock() | Delete(is_off=False) | AdjustSum()
            ):
                return False
            case Trouble(kind) if kind in MISLEADING:
                return False
    return True
