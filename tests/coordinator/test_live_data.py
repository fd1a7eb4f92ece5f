"""What Climkit said lately: amounts of today, power of now, columns, feeds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.climkit.api import INTERVAL, Interval, Meter, MeterMode
from custom_components.climkit.api.backoff import FIRST_PAUSE, Backoff
from custom_components.climkit.coordinator.live_data import POWER_EXPIRES_AFTER, LiveData
from custom_components.climkit.coordinator.schedule import FIRST_DELAY, SHORTEST_PAUSE, UNKNOWN_POLL
from custom_components.climkit.measures.series import Feed, Series, all_series
from custom_components.climkit.measures.table import CHARGE_POINT, ELECTRICITY
from custom_components.climkit.options import Selection

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
    selection = Selection(site_totals=False)
    found = all_series("site", {"flat": FLAT}, {}, selection, has_battery=False)
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
def live_data(series: dict[str, Series], backoff: Backoff[Feed]) -> LiveData:
    """A site that has just been asked for the first time."""
    live_data = LiveData(backoff=backoff)
    live_data.set_feeds([], series.values())
    live_data.note_asked(SITE, NOW)
    return live_data


class TestToday:
    """Amounts since midnight."""

    def test_amount(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """Only intervals of today count, and an interval that comes later is added."""
        total = series["total_flat"]
        live_data.merge(
            SITE, intervals(*[{"total_flat": 1.0}] * 6, end=QUARTER - INTERVAL), MIDNIGHT
        )
        assert live_data.amount(total, MIDNIGHT) == 3
        live_data.merge(SITE, intervals({"total_flat": 0.5}), MIDNIGHT)
        assert live_data.amount(total, MIDNIGHT) == 3.5

    def test_unknown(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """Without an interval nothing is known, which is not zero."""
        assert live_data.amount(series["total_flat"], MIDNIGHT) is None
        live_data.merge(SITE, intervals({"total_flat": 0.0}), MIDNIGHT)
        assert live_data.amount(series["total_flat"], MIDNIGHT) == 0
        assert live_data.amount(series["self_flat"], MIDNIGHT) is None

    def test_next_day(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """A new day begins with nothing known."""
        live_data.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert live_data.amount(series["total_flat"], MIDNIGHT) == 1
        assert live_data.amount(series["total_flat"], MIDNIGHT + timedelta(days=1)) is None

    def test_another_feed(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """What a feed said is forgotten with it."""
        live_data.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert live_data.amount(series["total_flat"], MIDNIGHT) == 1
        live_data.set_feeds([], [])
        live_data.set_feeds([SITE], [])
        assert live_data.amount(series["total_flat"], MIDNIGHT) is None


class TestPower:
    """Mean power of the newest interval."""

    def test_power(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """0.25 kWh in a quarter-hour are 1 kW; a column that is absent now has an older one."""
        rows = intervals({"total_flat": 1.0, "ext_flat": 0.5}, {"total_flat": 0.25})
        live_data.merge(SITE, rows, MIDNIGHT)
        assert live_data.power(series["total_flat"], NOW) == 1000
        assert live_data.power(series["ext_flat"], NOW) == 2000
        assert live_data.power(series["self_flat"], NOW) is None

    def test_never_below_zero(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """Stand-by of an inverter."""
        live_data.merge(SITE, intervals({"self_flat": -0.01}), MIDNIGHT)
        assert live_data.power(series["self_flat"], NOW) == 0

    def test_expires(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """It says nothing of now 45 minutes after its interval."""
        live_data.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        last = QUARTER + POWER_EXPIRES_AFTER
        assert live_data.power(series["total_flat"], last - timedelta(seconds=1)) == 4000
        assert live_data.power(series["total_flat"], last) is None


class TestColumns:
    """Which meters have a column in the site's answer."""

    def test_no_answer_yet(self, live_data: LiveData) -> None:
        """An empty answer says nothing of columns."""
        live_data.merge(SITE, [], MIDNIGHT)
        assert live_data.columns == {}

    def test_silent_meter(self, live_data: LiveData) -> None:
        """A column stays although newer rows lack it; the daily review forgets it."""
        live_data.merge(SITE, intervals({"total_flat": 1.0, "total_shop": 1.0}), MIDNIGHT)
        live_data.merge(SITE, intervals({"total_flat": 1.0}, end=QUARTER + INTERVAL), QUARTER)
        assert live_data.columns == {ELECTRICITY: {"total_flat", "total_shop"}}
        live_data.drop_stale_columns(set())
        assert live_data.columns == {ELECTRICITY: {"total_flat"}}

    def test_gone_meter(self, live_data: LiveData) -> None:
        """A column of a meter that the list lacks is forgotten, until an answer has it again."""
        live_data.merge(SITE, intervals({"total_flat": 1.0, "total_shop": 1.0}), MIDNIGHT)
        live_data.drop_stale_columns({"shop"})
        assert live_data.columns == {ELECTRICITY: {"total_flat"}}
        live_data.merge(SITE, intervals({"total_shop": 1.0}), MIDNIGHT)
        assert live_data.columns == {ELECTRICITY: {"total_flat", "total_shop"}}

    def test_refused(self, live_data: LiveData) -> None:
        """A refused site has no columns, so its meters are asked one by one."""
        live_data.note_refused(SITE)
        assert live_data.columns == {ELECTRICITY: frozenset()}
        found = all_series(
            "site", {"flat": FLAT}, live_data.columns, Selection(), has_battery=False
        )
        assert {s.feed for s in found if s.meter_id} == {Feed("site", ELECTRICITY, "flat")}

    def test_refused_meter(self, live_data: LiveData) -> None:
        """It says nothing of columns."""
        meter = Feed("site", ELECTRICITY, "flat")
        live_data.set_feeds([meter], [])
        live_data.note_refused(meter)
        assert live_data.columns == {}

    @pytest.mark.parametrize(("value", "has_battery"), [(0.0, False), (0.2, True)])
    def test_battery(self, live_data: LiveData, value: float, has_battery: bool) -> None:
        """Its columns are there without one, always 0."""
        live_data.merge(SITE, intervals({"storage_discharging_total": value}), MIDNIGHT)
        assert live_data.has_battery is has_battery


class TestFeeds:
    """What is asked for."""

    def test_failed_come_last(
        self, live_data: LiveData, backoff: Backoff[Feed], clock: Clock
    ) -> None:
        """When their rest is over; so they delay no others."""
        heating = Feed("site", "heating")
        live_data.set_feeds([heating, SITE], [])
        backoff.back_off(heating)
        assert live_data.due(NOW + INTERVAL) == [SITE]
        clock.now += FIRST_PAUSE.total_seconds()
        assert live_data.due(NOW + INTERVAL) == [SITE, heating]
        backoff.succeeded(heating)
        live_data.note_asked(heating, NOW + INTERVAL)
        assert live_data.due(NOW + INTERVAL) == [SITE]

    def test_a_little_early(self, live_data: LiveData) -> None:
        """A coordinator comes up to a second early; it does not turn round and come again."""
        live_data.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        poll = live_data.next_poll(NOW, NOW)
        assert live_data.due(poll - timedelta(seconds=0.9)) == [SITE]
        assert not live_data.due(poll - timedelta(seconds=2))
        early = poll - timedelta(seconds=0.9)
        live_data.note_asked(SITE, early)
        assert live_data.next_poll(early, early) == early + SHORTEST_PAUSE

    def test_next_poll(self, live_data: LiveData) -> None:
        """When the first feed is due; an answer that took long gives no reason for another."""
        live_data.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert live_data.next_poll(NOW, NOW) == QUARTER + INTERVAL + FIRST_DELAY
        late = QUARTER + INTERVAL + FIRST_DELAY
        assert live_data.next_poll(NOW, late) == late + SHORTEST_PAUSE

    def test_next_poll_after_trouble(
        self, live_data: LiveData, backoff: Backoff[Feed], clock: Clock
    ) -> None:
        """When a rest is over, whatever the wall clock says meanwhile; not before all may go on."""
        live_data.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        backoff.back_off(SITE)
        backoff.back_off(SITE)
        day = timedelta(days=1)
        for now in (NOW, NOW - day, NOW + day):
            assert live_data.next_poll(now, now) == now + 2 * FIRST_PAUSE
        clock.now += 90
        assert live_data.next_poll(NOW, NOW) == NOW + SHORTEST_PAUSE
        backoff.succeeded(SITE)
        heating = Feed("site", "heating")
        live_data.set_feeds([SITE, heating], [])
        backoff.back_off_after_outage(heating, at_least=1800)
        assert live_data.next_poll(NOW, NOW) == NOW + timedelta(minutes=30)
        assert not live_data.due(NOW + INTERVAL)

    def test_rest_of_a_round(self, live_data: LiveData) -> None:
        """What was due and not asked for comes a minute later."""
        live_data.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        live_data.set_feeds([SITE, Feed("site", "heating")], [])
        assert live_data.next_poll(NOW, NOW) == NOW + SHORTEST_PAUSE

    def test_charge_points(self, live_data: LiveData) -> None:
        """They are looked for once a day, until there are some."""
        points = Feed("site", CHARGE_POINT)
        live_data.set_feeds([points], [])
        live_data.note_asked(points, NOW)
        live_data.merge(points, [], MIDNIGHT)
        assert live_data.next_poll(NOW, NOW) == NOW + UNKNOWN_POLL
        assert live_data.due(NOW - timedelta(days=400)) == [points]  # the clock was wrong
        live_data.merge(points, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert live_data.next_poll(NOW, NOW) < NOW + INTERVAL

    def test_unasked(self, backoff: Backoff[Feed]) -> None:
        """A feed that rests is not waited for."""
        live_data = LiveData(backoff=backoff)
        live_data.set_feeds([SITE], [])
        assert live_data.has_unasked
        backoff.back_off_after_refusal(SITE)
        assert not live_data.has_unasked

    def test_kept(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """A feed that is still followed keeps what is known of it."""
        live_data.merge(SITE, intervals({"total_flat": 1.0}), MIDNIGHT)
        live_data.set_feeds([SITE, Feed("site", "heating")], series.values())
        assert live_data.newest == QUARTER
        assert not live_data.has_feed(Feed("site", "cooling"))
        assert live_data.due(NOW) == [Feed("site", "heating")]
