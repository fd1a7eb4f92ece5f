"""What happens to a home in each quarter-hour, by chance and at given rates."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from homeassistant.util import dt as dt_util

from tests.stories.driven import DrivenHome
from tests.stories.source import ELECTRICITY, SITE_ID, Correction, Late
from tests.stories.steps import (
    TROUBLES,
    AddFeedIn,
    AddTariff,
    AdjustSum,
    Backup,
    CorrectTariff,
    Delete,
    DeleteTariff,
    Fields,
    LoseWrites,
    ReloadDuring,
    Restart,
    Restore,
    Step,
    Trouble,
)
from tests.stories.told_prices import NAMES

# Quarter-hours in the hundred days that rates are given for.
QUARTERS = 100 * 96

QUARTER = timedelta(minutes=15)

# A home has about so many tariffs; then some go.
MANY_TARIFFS = 6

# Trouble that lasts no longer than this must leave no trace in live data that lasts long.
SHORT_TROUBLE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How many times in a hundred days each thing happens."""

    trouble: float
    late: float
    corrections: float
    old_corrections: float
    restarts: float
    crashes: float
    lost_writes: float
    deletions: float
    adjusted_sums: float
    backups: float
    restores: float
    tariffs: float
    reloads: float
    revoked_tokens: float
    longest_trouble: timedelta


REALISTIC = Rates(
    trouble=20,
    late=30,
    corrections=30,
    old_corrections=5,
    restarts=10,
    crashes=2,
    lost_writes=2,
    deletions=0.5,
    adjusted_sums=0.2,
    backups=10,
    restores=0.3,
    tariffs=3,
    reloads=1,
    revoked_tokens=5,
    longest_trouble=timedelta(hours=12),
)
HOSTILE = Rates(
    trouble=300,
    late=200,
    corrections=200,
    old_corrections=30,
    restarts=60,
    crashes=20,
    lost_writes=50,
    deletions=4,
    adjusted_sums=4,
    backups=20,
    restores=4,
    tariffs=30,
    reloads=20,
    revoked_tokens=300,
    longest_trouble=timedelta(hours=60),
)


# After these a login is no surprise, and live data may take longer.
DISTURBING = {
    "trouble",
    "restarts",
    "crashes",
    "deletions",
    "restores",
    "reloads",
    "revoked_tokens",
}


@dataclass(frozen=True, slots=True)
class Awaited:
    """Data that were there when a trouble ended, at `since`: their newest quarter-hour's end."""

    since: datetime
    newest: datetime


def newest_visible(home: DrivenHome, now: datetime) -> datetime:
    """Return the end of the newest quarter-hour of electricity that Climkit has now."""
    found = home.simulator.world.intervals(
        SITE_ID, "electricity", now - timedelta(days=4), now, now=now
    )
    return max(max(values) for values in found.values()) + QUARTER if found else home.source.first


@dataclass
class Fate:
    """Decides what happens in each quarter-hour."""

    rates: Rates
    random: Random
    counts: Counter[str] = field(default_factory=Counter)
    trouble_began: datetime | None = None
    trouble_ends: datetime | None = None
    disturbed: datetime | None = None
    """When anything last happened after which a login is no surprise."""
    awaited: Awaited | None = None

    async def strike(self, home: DrivenHome) -> None:
        """Let happen what happens now."""
        now = dt_util.utcnow()
        if self.trouble_ends and now >= self.trouble_ends:
            self.end_trouble(home, now)
        happens = {
            "trouble": self._trouble,
            "late": self._late,
            "corrections": self._correct,
            "old_corrections": self._correct_old,
            "restarts": self._restart,
            "crashes": self._crash,
            "lost_writes": self._lose_writes,
            "deletions": self._delete,
            "adjusted_sums": self._adjust,
            "backups": self._back_up,
            "restores": self._restore,
            "tariffs": self._change_tariffs,
            "reloads": self._reload,
            "revoked_tokens": self._revoke,
        }
        for name, act in happens.items():
            if self.random.random() < getattr(self.rates, name) / QUARTERS:
                self.counts[name] += 1
                await act(home, now)
                if name in DISTURBING:
                    self.disturbed, self.awaited = dt_util.utcnow(), None

    def end_trouble(self, home: DrivenHome, now: datetime) -> None:
        """Let the trouble end; what was there to be read by then has to be read soon."""
        home.misbehave(Trouble("none"))
        if self.trouble_began and now - self.trouble_began <= SHORT_TROUBLE:
            self.awaited = Awaited(now, newest_visible(home, now))
        self.trouble_began = self.trouble_ends = None
        self.disturbed = now

    @property
    def is_quiet(self) -> bool:
        """Whether for an hour nothing has happened that asks for another login."""
        now = dt_util.utcnow()
        return self.trouble_ends is None and (
            self.disturbed is None or now - self.disturbed > timedelta(hours=1)
        )

    async def _trouble(self, home: DrivenHome, now: datetime) -> None:
        kind = self.random.choice(TROUBLES[1:])
        self.counts[f"trouble: {kind}"] += 1
        home.misbehave(Trouble(kind, self.random.choice([1.0, 0.5, 0.1])))
        self.trouble_began = self.trouble_began or now
        self.trouble_ends = now + self.rates.longest_trouble * self.random.random() ** 3

    async def _late(self, home: DrivenHome, now: datetime) -> None:
        start = now + timedelta(hours=self.random.randrange(6))
        end = start + timedelta(hours=self.random.randrange(1, 30))
        until = end + timedelta(hours=self.random.randrange(60))
        home.source.late = [late for late in home.source.late if late.until > now]
        home.source.late.append(Late(start, end, until, self._columns()))

    def _columns(self) -> tuple[str, ...]:
        return self.random.choice([(), ELECTRICITY[:1], ELECTRICITY[1:2], ELECTRICITY[2:]])

    async def _correct(self, home: DrivenHome, now: datetime) -> None:
        self._correct_between(home, now - timedelta(days=30), now)

    async def _correct_old(self, home: DrivenHome, now: datetime) -> None:
        self._correct_between(home, home.source.first, now)

    def _correct_between(self, home: DrivenHome, earliest: datetime, now: datetime) -> None:
        earliest = max(earliest, home.source.first)
        start = earliest + (now - earliest) * self.random.random()
        end = min(start + QUARTER * self.random.randrange(1, 100), now)
        column = self.random.choice([None, *ELECTRICITY])
        factor = self.random.choice([0.0, 0.5, 2.0, -1.0])
        home.source.corrections.append(Correction(start, end, column, factor))

    async def _restart(self, home: DrivenHome, _now: datetime) -> None:
        await home.play([Restart(off=self.random.choice([0, 0, 0, 1, 9, 30]))])

    async def _crash(self, home: DrivenHome, _now: datetime) -> None:
        await home.play([Restart(off=0, memory="lost")])

    async def _lose_writes(self, home: DrivenHome, _now: datetime) -> None:
        await home.play([LoseWrites(self.random.randrange(3), 1)])

    async def _delete(self, home: DrivenHome, _now: datetime) -> None:
        await home.play([Delete(self.random.randrange(12), is_off=self.random.random() < 0.5)])

    async def _adjust(self, home: DrivenHome, _now: datetime) -> None:
        ago, amount = self.random.randrange(2000), self.random.choice([-5.0, 0.5, 900.0])
        await home.play([AdjustSum(self.random.randrange(12), ago, amount)])

    async def _back_up(self, home: DrivenHome, _now: datetime) -> None:
        await home.play([Backup()])

    async def _restore(self, home: DrivenHome, _now: datetime) -> None:
        await home.play([Restore(self.random.choice(["database", "memory", "both"]))])

    async def _change_tariffs(self, home: DrivenHome, _now: datetime) -> None:
        which, day = self.random.randrange(9), self.random.randrange(-300, 60)
        steps: list[Step] = [
            AddTariff(day, self._fields()),
            AddFeedIn(day, self._feed_in()),
            CorrectTariff(which, self._fields()),
            CorrectTariff(which, self._fields(), day),
        ]
        if len(home.tariffs) > MANY_TARIFFS:
            steps = [DeleteTariff(which)]
        await home.play([self.random.choice(steps)])

    def _fields(self) -> Fields:
        fields: dict[str, float | str] = {"grid_price": round(self.random.uniform(0.1, 0.5), 4)}
        if self.random.random() < 0.5:
            fields["grid_price_low"] = round(self.random.uniform(0.05, 0.2), 4)
            fields["weekday"] = self.random.choice(["12-17, 23-07", "22-6", "0-24"])
            fields["sunday"] = self.random.choice(["", "0-24"])
        if self.random.random() < 0.7:
            fields |= {"solar_price": 0.17, "cold_water_price": 2.4}
        if self.random.random() < 0.5:
            fields |= {"site_fee": 30.0, "fees_by_hour": self.random.random() < 0.5}
        if self.random.random() < 0.5:
            fields["site_power_price"] = round(self.random.uniform(1.0, 8.0), 2)
        if self.random.random() < 0.2:
            fields = {**fields, "solar_share": 80.0}
            fields.pop("solar_price", None)
        if self.random.random() < 0.2:
            kept = {key: value for key, value in fields.items() if "grid" not in key}
            fields = {**kept, "sensor": self.random.choice(NAMES), "sensor_factor": 1.081}
        return self._with_season(fields)

    def _feed_in(self) -> Fields:
        fields: dict[str, float | str] = {"price": round(self.random.uniform(-0.02, 0.15), 4)}
        if self.random.random() < 0.5:
            fields |= {"price_low": 0.0645, "weekday": "22-6", "sunday": "0-24"}
        if self.random.random() < 0.5:
            fields |= {"floor": 0.06, "bonus": 0.04}
        return self._with_season(fields)

    def _with_season(self, fields: dict[str, float | str]) -> Fields:
        seasons = [("1.4.", "30.9."), ("1.10.", "31.3.")]
        if self.random.random() < 0.3:
            first, last = self.random.choice(seasons)
            fields |= {"season_from": first, "season_to": last}
        return tuple(fields.items())

    async def _reload(self, home: DrivenHome, _now: datetime) -> None:
        action = self.random.choice(["import_history", "import_history", "delete_statistics"])
        await home.play([ReloadDuring(action, self.random.randrange(3))])

    async def _revoke(self, home: DrivenHome, _now: datetime) -> None:
        home.simulator.revoke_tokens()
