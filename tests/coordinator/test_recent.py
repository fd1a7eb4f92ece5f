"""What Climkit said lately: amounts of today, power of now, columns, feeds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.climkit.api import INTERVAL, Interval, Meter, MeterMode
from custom_components.climkit.api.backoff import FIRST_PAUSE, Backoff
from custom_components.climkit.coordinator.live_data import POWER_EXPIRES_AFTER, Recent
from custom_components.climkit.coordinator.schedule import FIRST_DELAY, SHORTEST_PAUSE, UNKNOWN_LOOK
from custom_components.climkit.measures.series import Feed, Series, all_series
from custom_components.climkit.measures.table import CHARGE_POINT, ELECTRICITY
from custom_components.climkit.options import Choice

MIDNIGHT = datetime(2026, 3, 21, 23, tzinfo=UTC)
NOW = MIDNIGHT + timedelta(hours=1, minutes=4)
QUARTER = MIDNIGHT + timedelta(hours=1)
SITE = Feed("site", ELECTRICITY)
FLAT = Meter(
    id="flat",
    type=ELECTRICITY,
    mode=MeterMode.CONSUMPTION,
    name=None,
    bus_address=None,
    is_rule_meter=False,
)


def intervals(*rows: dict[str, float], end: datetime = QUARTER) -> list[Interval]:
    """Quarter-hours in a row, the last of which ends at `end`."""
    first = end - len(rows) * INTERVAL
    return [
        Interval(start=first + i * INTERVAL, end=first + (i + 1) * INTERVAL, values=row)
        for i, row in enumerate(rows)
    ]


@pytest.fixture
def series() -> dict[str, Series]:
    """The series of a flat in a site's columns, by their columns."""
    choice = Choice(site_totals=False)
    found = all_series("site", {"flat": FLAT}, {}, choice, has_battery=False)
    return {one.column: one for one in found}


@dataclass
class Clock:
    """A monotonic clock that a test turns, in seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def backoff(clock: Clock) -> Backoff[Feed]:
    """A back-off without trouble."""
    return Backoff(clock)


@pytest.fixture
def recent(series: dict[str, Series], backoff: Backoff[Feed]) -> Recent:
    """A site that has just been asked for the first time."""
    recent = Recent(backoff=backoff)
    recent.follow([], series.values())
    recent.note_asked(SITE, NOW)
    return recent


class TestToday:
    """Amounts since midnight."""

    def test_amount(self, recent: Recent, series: dict[str, Series]) -> None:
        """Only intervals of today count, and an interval that comes later is added."""
        total = series["total_flat"]
        recent.merge(SITE, intervals(*[{"total_flat": 1.0}] * 6, end=QUARTER - INTERVAL), MIDNIGHT)
        assert recent.amount(total, MIDNIGHT) == 3
        recent.merge(SITE, intervals({"total_flat": 0.5}), MIDNIGHT)
        assert recent.amount(total, MIDNIGHT) == 3.5

    def test_unknown(self, recent: Recent, series: dict[str, Series]) -> None:
        """Without an interval nothing is known, which is not zero."""
        assert recent.amount(series["total_flat"], MIDNIGHT) is None
        recent.merge(SITE, intervals({"total_flat": 0.0}), MIDNIGHT)
        assert recent.amount(series["total_flat"], MIDNIGHT) == 0
        assert recent.amount(series["self_flat"], MIDNIGHT) is None

    def test_next_day(self, recent: Recent, series: dict[str, Series]) -> None:
        """A new day begins with nothing known."""
        recent.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert recent.amount(series["total_flat"], MIDNIGHT) == 1
        assert recent.amount(series["total_flat"], MIDNIGHT + timedelta(days=1)) is None

    def test_another_feed(self, recent: Recent, series: dict[str, Series]) -> None:
        """What a feed said is forgotten with it."""
        recent.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert recent.amount(series["total_flat"], MIDNIGHT) == 1
        recent.follow([], [])
        recent.follow([SITE], [])
        assert recent.amount(series["total_flat"], MIDNIGHT) is None


class TestPower:
    """Mean power of the newest interval."""

    def test_power(self, recent: Recent, series: dict[str, Series]) -> None:
        """0.25 kWh in a quarter-hour are 1 kW; a column that is absent now has an older one."""
        rows = intervals({"total_flat": 1.0, "ext_flat": 0.5}, {"total_flat": 0.25})
        recent.merge(SITE, rows, MIDNIGHT)
        assert recent.power(series["total_flat"], NOW) == 1000
        assert recent.power(series["ext_flat"], NOW) == 2000
        assert recent.power(series["self_flat"], NOW) is None

    def test_never_below_zero(self, recent: Recent, series: dict[str, Series]) -> None:
        """Stand-by of an inverter."""
        recent.merge(SITE, intervals({"self_flat": -0.01}), MIDNIGHT)
        assert recent.power(series["self_flat"], NOW) == 0

    def test_expires(self, recent: Recent, series: dict[str, Series]) -> None:
        """It says nothing of now 45 minutes after its interval."""
        recent.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        last = QUARTER + POWER_EXPIRES_AFTER
        assert recent.power(series["total_flat"], last - timedelta(seconds=1)) == 4000
        assert recent.power(series["total_flat"], last) is None


class TestColumns:
    """Which meters have a column in the site's answer."""

    def test_no_answer_yet(self, recent: Recent) -> None:
        """An empty answer says nothing of columns."""
        recent.merge(SITE, [], MIDNIGHT)
        assert recent.columns == {}

    def test_silent_meter(self, recent: Recent) -> None:
        """A column stays although newer rows lack it; the daily review forgets it."""
        recent.merge(SITE, intervals({"total_flat": 1.0, "total_shop": 1.0}), MIDNIGHT)
        recent.merge(SITE, intervals({"total_flat": 1.0}, end=QUARTER + INTERVAL), QUARTER)
        assert recent.columns == {ELECTRICITY: {"total_flat", "total_shop"}}
        recent.review_columns(set())
        assert recent.columns == {ELECTRICITY: {"total_flat"}}

    def test_gone_meter(self, recent: Recent) -> None:
        """A column of a meter that the list lacks is forgotten, until an answer has it again."""
        recent.merge(SITE, intervals({"total_flat": 1.0, "total_shop": 1.0}), MIDNIGHT)
        recent.review_columns({"shop"})
        assert recent.columns == {ELECTRICITY: {"total_flat"}}
        recent.merge(SITE, intervals({"total_shop": 1.0}), MIDNIGHT)
        assert recent.columns == {ELECTRICITY: {"total_flat", "total_shop"}}

    def test_refused(self, recent: Recent) -> None:
        """A refused site has no columns, so its meters are asked one by one."""
        recent.note_refused(SITE)
        assert recent.columns == {ELECTRICITY: frozenset()}
        found = all_series("site", {"flat": FLAT}, recent.columns, Choice(), has_battery=False)
        assert {s.feed for s in found if s.meter_id} == {Feed("site", ELECTRICITY, "flat")}

    def test_refused_meter(self, recent: Recent) -> None:
        """It says nothing of columns."""
        meter = Feed("site", ELECTRICITY, "flat")
        recent.follow([meter], [])
        recent.note_refused(meter)
        assert recent.columns == {}

    @pytest.mark.parametrize(("value", "has_battery"), [(0.0, False), (0.2, True)])
    def test_battery(self, recent: Recent, value: float, has_battery: bool) -> None:
        """Its columns are there without one, always 0."""
        recent.merge(SITE, intervals({"storage_discharging_total": value}), MIDNIGHT)
        assert recent.has_battery is has_battery


class TestFeeds:
    """What is asked for."""

    def test_failed_come_last(self, recent: Recent, backoff: Backoff[Feed], clock: Clock) -> None:
        """When their rest is over; so they delay no others."""
        heating = Feed("site", "heating")
        recent.follow([heating, SITE], [])
        backoff.after_trouble(heating)
        assert recent.due(NOW + INTERVAL) == [SITE]
        clock.now += FIRST_PAUSE.total_seconds()
        assert recent.due(NOW + INTERVAL) == [SITE, heating]
        backoff.succeeded(heating)
        recent.note_asked(heating, NOW + INTERVAL)
        assert recent.due(NOW + INTERVAL) == [SITE]

    def test_a_little_early(self, recent: Recent) -> None:
        """A coordinator comes up to a second early; it does not turn round and come again."""
        recent.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        look = recent.next_look(NOW, NOW)
        assert recent.due(look - timedelta(seconds=0.9)) == [SITE]
        assert not recent.due(look - timedelta(seconds=2))
        early = look - timedelta(seconds=0.9)
        recent.note_asked(SITE, early)
        assert recent.next_look(early, early) == early + SHORTEST_PAUSE

    def test_next_look(self, recent: Recent) -> None:
        """When the first feed is due; an answer that took long gives no reason for another."""
        recent.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert recent.next_look(NOW, NOW) == QUARTER + INTERVAL + FIRST_DELAY
        late = QUARTER + INTERVAL + FIRST_DELAY
        assert recent.next_look(NOW, late) == late + SHORTEST_PAUSE

    def test_next_look_after_trouble(
        self, recent: Recent, backoff: Backoff[Feed], clock: Clock
    ) -> None:
        """When a rest is over, whatever the wall clock says meanwhile; not before all may go on."""
        recent.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        backoff.after_trouble(SITE)
        backoff.after_trouble(SITE)
        day = timedelta(days=1)
        for now in (NOW, NOW - day, NOW + day):
            assert recent.next_look(now, now) == now + 2 * FIRST_PAUSE
        clock.now += 90
        assert recent.next_look(NOW, NOW) == NOW + SHORTEST_PAUSE
        backoff.succeeded(SITE)
        heating = Feed("site", "heating")
        recent.follow([SITE, heating], [])
        backoff.after_outage(heating, at_least=1800)
        assert recent.next_look(NOW, NOW) == NOW + timedelta(minutes=30)
        assert not recent.due(NOW + INTERVAL)

    def test_rest_of_a_round(self, recent: Recent) -> None:
        """What was due and not asked for comes a minute later."""
        recent.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        recent.follow([SITE, Feed("site", "heating")], [])
        assert recent.next_look(NOW, NOW) == NOW + SHORTEST_PAUSE

    def test_charge_points(self, recent: Recent) -> None:
        """They are looked for once a day, until there are some."""
        points = Feed("site", CHARGE_POINT)
        recent.follow([points], [])
        recent.note_asked(points, NOW)
        recent.merge(points, [], MIDNIGHT)
        assert recent.next_look(NOW, NOW) == NOW + UNKNOWN_LOOK
        assert recent.due(NOW - timedelta(days=400)) == [points]  # the clock was wrong
        recent.merge(points, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert recent.next_look(NOW, NOW) < NOW + INTERVAL

    def test_unasked(self, backoff: Backoff[Feed]) -> None:
        """A feed that rests is not waited for."""
        recent = Recent(backoff=backoff)
        recent.follow([SITE], [])
        assert recent.has_unasked
        backoff.after_refusal(SITE)
        assert not recent.has_unasked

    def test_kept(self, recent: Recent, series: dict[str, Series]) -> None:
        """A feed that is still followed keeps what is known of it."""
        recent.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        recent.follow([SITE, Feed("site", "heating")], series.values())
        assert recent.newest == QUARTER
        assert not recent.follows(Feed("site", "cooling"))
        assert recent.due(NOW) == [Feed("site", "heating")]
