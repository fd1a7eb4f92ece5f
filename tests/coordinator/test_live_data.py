"""What Climkit said lately: amounts of today, power of now, columns."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.climkit.api import INTERVAL, Interval, Meter, MeterMode
from custom_components.climkit.coordinator.live_data import POWER_EXPIRES_AFTER, LiveData
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


@pytest.fixture
def live_data() -> LiveData:
    """A site of which nothing is known yet."""
    return LiveData()


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

    def test_withdrawn(self, live_data: LiveData, series: dict[str, Series]) -> None:
        """What Climkit took back is forgotten, of its column alone; then the rest is the newest."""
        total, own = series["total_flat"], series["self_flat"]
        live_data.merge(SITE, intervals(*[{"total_flat": 1.0, "self_flat": 0.5}] * 4), MIDNIGHT)
        assert live_data.amount(total, MIDNIGHT) == 4
        last = QUARTER - INTERVAL
        live_data.drop_withdrawn(SITE, {"total_flat": {MIDNIGHT, last}})
        assert (live_data.amount(total, MIDNIGHT), live_data.amount(own, MIDNIGHT)) == (2, 2)
        live_data.drop_withdrawn(SITE, {"self_flat": {last}})
        assert [one.end for one in live_data.intervals(SITE)][-1] == last
        live_data.drop_withdrawn(Feed("site", "heating"), {"total_flat": {last}})

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
        live_data.keep_only([SITE, Feed("site", "heating")])
        assert live_data.amount(series["total_flat"], MIDNIGHT) == 1
        live_data.keep_only([])
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

    def test_charge_points(self, live_data: LiveData) -> None:
        """No list tells of them: there are none until a column does."""
        points = Feed("site", CHARGE_POINT)
        live_data.merge(points, [], MIDNIGHT)
        assert live_data.is_unknown(points)
        live_data.merge(points, intervals({"total_flat": 1.0}), MIDNIGHT)
        assert not live_data.is_unknown(points)
        assert not live_data.is_unknown(SITE)

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
        live_data.note_refused(meter)
        assert live_data.columns == {}

    @pytest.mark.parametrize(("value", "has_battery"), [(0.0, False), (0.2, True)])
    def test_battery(self, live_data: LiveData, value: float, has_battery: bool) -> None:
        """Its columns are there without one, always 0."""
        live_data.merge(SITE, intervals({"storage_discharging_total": value}), MIDNIGHT)
        assert live_data.has_battery is has_battery


def test_steps_between_rows(live_data: LiveData) -> None:
    """Diagnostics tell ten, the shortest first: so a quarter-hour is seen among gaps."""
    ends = [MIDNIGHT + timedelta(minutes=15 * number * (number + 1) // 2) for number in range(14)]
    rows = [Interval(start=end - INTERVAL, end=end, values={}) for end in ends]
    live_data.merge(SITE, rows, MIDNIGHT - INTERVAL)
    steps = live_data.observations["minutes_between_rows"]
    assert steps == [15 * number for number in range(1, 11)]
