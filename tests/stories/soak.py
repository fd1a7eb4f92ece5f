"""A simulated year of quarter-hours at speed, with all faults on, against a real recorder.

Not part of the test suite: `scripts/soak` runs it. With SOAK_TRACE=1 it also measures what of the
memory was allocated by the integration's own code; that takes half as long again.
"""

import _sqlite3
from collections.abc import Iterator
import contextlib
import ctypes
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
import gc
from itertools import pairwise
import json
import logging
import os
from pathlib import Path
from random import Random
import sys
import tracemalloc
from typing import override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.runtime import SiteRuntime
from tests.conftest import Stage, account_entry, real_time
from tests.simulator import SimulatorServer, World
from tests.stories.driven import Activity, DrivenHome, forget_calls, quiet_recorder, real_waiting
from tests.stories.fate import HOSTILE, REALISTIC, Fate, Rates
from tests.stories.source import Source
from tests.stories.steps import Trouble
from tests.stories.verdict import TOLERANCE, assert_rows, expected_costs
from tests.truth import climkit_hours, stored_rows

BEGIN = datetime(2026, 1, 5, 0, 7, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)

# Seconds that a new connection takes at most, which the client does not see.
CONNECT_DELAY = 2.0
DAYS = int(os.environ.get("SOAK_DAYS", "365"))

# In quiet times nothing logs in sooner than a token needs it, in minutes: one lasts for 15, less a
# minute of margin.
TOKEN_LASTS = 14

# Live data are back within this time after a trouble that lasted less than an hour, in minutes.
LIVE_AGAIN_WITHIN = 30

# Memory in use may grow by this part of what it was after the first week. Home Assistant, the
# simulator and the tests have theirs in it.
MEMORY_GROWTH = 0.05

# After so many minutes of the machine's time it ends early.
MINUTES = float(os.environ.get("SOAK_MINUTES", "inf"))

# In the end nothing happens any more, for two sweeps of the nights through the older history.
QUIET = min(timedelta(days=12), DAYS * DAY / 3)

# The folder that gets the figures, a file for each run.
FIGURES = Path(os.environ.get("SOAK_FIGURES", "."))

IS_TRACED = "SOAK_TRACE" in os.environ
OURS = tracemalloc.Filter(True, "*/custom_components/climkit/*")


class Log(logging.Handler):
    """Keeps the integration's unexpected errors, and nothing else: a log would count as memory.

    Troubles are told as errors without a traceback; they are expected here.
    """

    def __init__(self) -> None:
        """Take over the integration's log; of all others only the gravest is let through."""
        super().__init__(logging.ERROR)
        self.errors: list[str] = []
        logging.getLogger().setLevel(logging.CRITICAL)
        logger = logging.getLogger("custom_components.climkit")
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        logger.addHandler(self)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and len(self.errors) < 20:
            self.errors.append(f"{dt_util.utcnow():%Y-%m-%dT%H:%M} {self.format(record)}"[:2000])


@pytest.fixture
def persistent_database() -> bool:
    """Keep the rows in a file, so that they do not count as memory."""
    return True


@pytest.mark.timeout(0)
@pytest.mark.parametrize("rates", [REALISTIC, HOSTILE], ids=["realistic", "hostile"])
async def test_soak(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, rates: Rates
) -> None:
    """No hour is wrong, missing or double; no limit is broken, nobody is asked to log in."""
    if IS_TRACED:
        tracemalloc.start()
    log = Log()
    hass, freezer = stage.hass, stage.freezer
    freezer.move_to(BEGIN)
    real_waiting(monkeypatch)
    forget_calls(monkeypatch)
    quiet_recorder(hass)
    source = Source(first=BEGIN.replace(minute=0) - 2 * DAY, has_water=True)
    fate = Fate(rates, Random(1))
    async with SimulatorServer(World.of(source), now=dt_util.utcnow) as simulator:
        home = DrivenHome(
            hass,
            simulator,
            freezer,
            account_entry(simulator.url),
            source=source,
            storage=stage.storage,
            activity=Activity(hass, monkeypatch),
            rate_limit=1.0,
            connect_delay=CONNECT_DELAY,
        )
        figures = Figures(request.node.callspec.id)
        with home.patched(), answered_in_the_end(freezer):
            home.misbehave(Trouble("none"))
            await home.set_up()
            end = BEGIN + timedelta(days=DAYS)
            while (now := dt_util.utcnow()) < end:
                if figures.elapsed > MINUTES and now < end - QUIET:
                    end = now + QUIET
                if now < end - QUIET:
                    await fate.strike(home)
                elif fate.trouble_ends:
                    fate.end_trouble(home, now)
                await home.turn_clock(minutes=15)
                figures.note(home, fate)
            # The newest quarter-hour may be polled a little later; the next one ends in 8 minutes.
            await home.turn_clock(minutes=7)
            figures.days = (end - BEGIN) // DAY
            await figures.compare(home)
            figures.happened = dict(fate.counts)
            figures.errors = log.errors
            figures.write()
            await home.leave()
    assert figures.violations == 0
    assert figures.reauthentications == 0
    assert figures.wrong_hours == 0
    assert figures.logins_apart >= TOKEN_LASTS
    assert figures.longest_until_live <= LIVE_AGAIN_WITHIN
    assert not figures.errors
    assert figures.memory_growth < MEMORY_GROWTH
    assert figures.runtimes == 1  # what worked before a restart is gone


@contextlib.contextmanager
def answered_in_the_end(freezer: FrozenDateTimeFactory) -> Iterator[None]:
    """Let the server answer what it was asked; after a failure its clock stands."""
    try:
        yield
    finally:
        freezer.tick(timedelta(hours=1))


@dataclass
class Figures:
    """What the soak measures."""

    rates: str
    days: int = DAYS
    happened: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    violations: int = 0
    reauthentications: int = 0
    hours: int = 0
    cost_hours: int = 0
    wrong_hours: int = 0
    logins_apart: float = 60.0
    longest_until_live: int = 0
    memory: list[float] = field(default_factory=list)
    page_cache: list[float] = field(default_factory=list)
    own_memory: list[float] = field(default_factory=list)
    runtimes: int = 0
    began: float = field(default_factory=real_time)
    minutes: float = 0.0
    problems: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _login: list[float] = field(default_factory=list)
    """When the last login of a quiet time was."""

    def note(self, home: DrivenHome, fate: Fate) -> None:
        """Look at requests, logins, live data, flows and, once a week, memory."""
        now = dt_util.utcnow()
        requests = home.simulator.requests
        self.requests += len(requests)
        logins = [one.at for one in requests if one.path == "/auth"]
        if fate.is_quiet:
            between = [(b - a) / 60 for a, b in pairwise([*self._login, *logins])]
            self.logins_apart = round(min([self.logins_apart, *between]), 1)
            self._login = logins[-1:] or self._login
        else:
            self._login = []
        requests.clear()
        self._note_live(home, fate, now)
        self.violations = home.simulator.violations
        self.reauthentications = max(
            self.reauthentications, len(home.hass.config_entries.flow.async_progress())
        )
        if (now - BEGIN) % (7 * DAY) < QUARTER and now - BEGIN >= 7 * DAY:
            self._measure()
            self.write()

    def _note_live(self, home: DrivenHome, fate: Fate, now: datetime) -> None:
        """Note how long after a short trouble the data that were there are read."""
        if not (awaited := fate.awaited):
            return
        newest = max((s.coordinator.last_measurement or BEGIN for s in home.sites), default=BEGIN)
        waited = round((now - awaited.since).total_seconds() / 60)
        if newest >= awaited.newest:
            fate.awaited = None
        if waited > LIVE_AGAIN_WITHIN or newest >= awaited.newest:
            self.longest_until_live = max(self.longest_until_live, waited)

    def _measure(self) -> None:
        self.memory.append(_megabytes())
        self.page_cache.append(_sqlite_megabytes())
        alive = sum(type(one) is SiteRuntime for one in gc.get_objects())
        self.runtimes = max(self.runtimes, alive)
        if IS_TRACED:
            self.own_memory.append(_own_megabytes())

    @property
    def elapsed(self) -> float:
        """Minutes of the machine's time since the beginning."""
        return (real_time() - self.began) / 60

    @property
    def memory_growth(self) -> float:
        """How much more memory is in use now than after the first week, but for SQLite's own.

        Each of the recorder's connections keeps pages of the database, up to 16 MB (Home Assistant
        sets it): that follows the size of the database, whoever fills it.
        """
        held = [all_ - pages for all_, pages in zip(self.memory, self.page_cache, strict=True)]
        return held[-1] / held[0] - 1 if held else 0.0

    async def compare(self, home: DrivenHome) -> None:
        """Compare every hour with the source."""
        self._measure()
        energy = climkit_hours(home, dt_util.utcnow())
        costs = expected_costs(home, home.tariffs.values(), home.told)
        self.cost_hours = sum(map(len, costs.values()))
        expected = energy | costs
        stored = await stored_rows(home.hass)
        self.hours = sum(map(len, expected.values()))
        for key in expected.keys() | stored.keys():
            rows = stored.get(key, [])
            amounts = {row.start: row.amount for row in rows if row.amount is not None}
            hours = expected.get(key, {})
            wrong = [h for h in hours.keys() | amounts.keys() if not _same(hours, amounts, h)]
            self.wrong_hours += len(wrong)
            self.problems += [f"{key} {hour.isoformat()}" for hour in sorted(wrong)[:5]]
            with contextlib.suppress(AssertionError):
                assert_rows(key, rows, hours)
                continue
            self.wrong_hours += not wrong
        self.minutes = round(self.elapsed, 1)

    def write(self) -> None:
        """Keep the figures in a file."""
        figures = asdict(self) | {"memory_growth": self.memory_growth}
        (FIGURES / f"{self.rates}.json").write_text(json.dumps(figures, indent=1))


def _same(hours: dict[datetime, float], amounts: dict[datetime, float], hour: datetime) -> bool:
    if hour not in hours or hour not in amounts:
        return False
    return abs(hours[hour] - amounts[hour]) < TOLERANCE


class _Mallinfo(ctypes.Structure):
    """What glibc tells of its memory, of all threads together, in bytes."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _megabytes() -> float:
    """What is in use of the process's memory.

    What lies free between it is the allocator's: threads come and go with each restart here, and
    whole histories are read again, so there is ever more of that, whoever did it.
    """
    assert not sys.getallocatedblocks(), "Python has memory of its own: scripts/soak says how not"
    gc.collect()
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Mallinfo
    told = mallinfo()
    return round((told.uordblks + told.hblkhd) / 1e6, 1)


def _sqlite_megabytes() -> float:
    """What SQLite holds of it: nearly all of that are its pages of the database."""
    used = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    used.restype = ctypes.c_int64
    return round(used() / 1e6, 1)


def _own_megabytes() -> float:
    """What the integration's own code allocated and is still held by anybody."""
    kept = tracemalloc.take_snapshot().filter_traces([OURS]).statistics("filename")
    return round(sum(one.size for one in kept) / 1e6, 3)
