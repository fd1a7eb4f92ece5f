"""Amounts that no meter can have measured."""

from datetime import UTC, datetime, timedelta

from homeassistant.helpers.json import json_dumps
import pytest

from custom_components.climkit.api import Interval
from custom_components.climkit.feeds.plausibility import (
    ELECTRICITY_LIMIT,
    HEAT_LIMIT,
    MANY,
    SITE_FACTOR,
    WATER_LIMIT,
    Column,
    Plausibility,
)
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.store.records import PlausibilityRecord

SITE, METER = "5" * 24, "a" * 24
FEED = Feed(SITE, "electricity")
QUARTER = timedelta(minutes=15)
BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
TOTAL = Column("electricity", METER, "total")


def interval(number: int = 0, **values: float) -> Interval:
    """A quarter-hour."""
    start = BEGIN + number * QUARTER
    return Interval(start=start, end=start + QUARTER, values=values)


def of_meter(amount: float) -> dict[str, float]:
    """An amount of the meter in the site's answer."""
    return {f"total_{METER}": amount}


@pytest.mark.parametrize(
    ("feed", "column", "limit"),
    [
        (FEED, f"total_{METER}", ELECTRICITY_LIMIT),
        (FEED, f"ext_{METER}", ELECTRICITY_LIMIT),
        (FEED, "prod_total", ELECTRICITY_LIMIT * SITE_FACTOR),
        (Feed(SITE, "charge_point"), "conso_total", ELECTRICITY_LIMIT * SITE_FACTOR),
        (Feed(SITE, "electricity", METER), "self", ELECTRICITY_LIMIT),
        (Feed(SITE, "heating", METER), "total", HEAT_LIMIT),
        (Feed(SITE, "cooling"), "conso_total", HEAT_LIMIT * SITE_FACTOR),
        (Feed(SITE, "hot_water"), f"total_{METER}", WATER_LIMIT),
        (Feed(SITE, "cold_water"), "conso_total", WATER_LIMIT * SITE_FACTOR),
    ],
)
def test_limits(feed: Feed, column: str, limit: float) -> None:
    """An amount at the limit is believed, one beyond it is not, in both directions."""
    plausibility = Plausibility(PlausibilityRecord())
    for sign in (1, -1):
        at, beyond = interval(**{column: sign * limit}), interval(**{column: sign * limit * 1.001})
        assert plausibility.filter(feed, [at]) == [at]
        assert plausibility.filter(feed, [beyond]) == [interval()]
    assert len(plausibility.outliers) == 1


def test_only_the_amount_is_left_out() -> None:
    """The others of the quarter-hour stay, and columns that nobody uses are not looked at."""
    plausibility = Plausibility(PlausibilityRecord())
    rows = [interval(0, conso_total=1.0, new_column=1e9, **of_meter(23_900.0)), interval(1, self=2)]
    kept = plausibility.filter(FEED, rows)
    assert kept == [interval(0, conso_total=1.0, new_column=1e9), interval(1, self=2)]
    [outliers] = plausibility.outliers
    assert (outliers.column, outliers.largest) == (TOTAL, 23_900.0)
    assert outliers.starts == {BEGIN}


def test_a_correction_ends_the_doubt() -> None:
    """Where Climkit later says an amount that can be."""
    plausibility = Plausibility(PlausibilityRecord())
    plausibility.filter(FEED, [interval(n, **of_meter(1e6)) for n in range(3)])
    plausibility.filter(FEED, [interval(n, **of_meter(0.2)) for n in range(2)])
    assert [outliers.starts for outliers in plausibility.outliers] == [{BEGIN + 2 * QUARTER}]
    plausibility.filter(Feed(SITE, "electricity", METER), [interval(2, total=0.2)])
    assert not plausibility.outliers


def test_accepted() -> None:
    """It is believed from then on, twice as much too, also after a restart."""
    record = PlausibilityRecord()
    plausibility = Plausibility(record)
    rows = [interval(0, **of_meter(-400.0)), interval(1, **of_meter(700.0))]
    plausibility.filter(FEED, rows)
    plausibility.accept(TOTAL)
    assert not plausibility.outliers
    again = Plausibility(record)
    assert again.filter(FEED, rows) == rows
    assert again.filter(FEED, [interval(2, **of_meter(1400.0))])[0].values
    assert not again.filter(FEED, [interval(2, **of_meter(1400.1))])[0].values


def test_accepted_below_a_limit_that_a_person_set() -> None:
    """What was believed before is believed still."""
    plausibility = Plausibility(PlausibilityRecord())
    plausibility.filter(FEED, [interval(**of_meter(300.0))])
    plausibility.set_limit(TOTAL, 1000.0)
    plausibility.accept(TOTAL)
    assert plausibility.limit(TOTAL) == 1000.0


def test_accepted_below_zero() -> None:
    """What counts is how large it is, not its sign."""
    plausibility = Plausibility(PlausibilityRecord())
    rows = [interval(0, **of_meter(-400.0)), interval(1, **of_meter(300.0))]
    plausibility.filter(FEED, rows)
    assert [outliers.largest for outliers in plausibility.outliers] == [-400.0]
    plausibility.accept(TOTAL)
    assert plausibility.filter(FEED, rows) == rows
    assert plausibility.limit(TOTAL) == 800.0


def decided(record: PlausibilityRecord, *rows: Interval) -> Plausibility:
    """Rows were read, and what cannot be in them was left out for good, before a restart."""
    plausibility = Plausibility(record)
    plausibility.filter(FEED, rows)
    plausibility.reject(TOTAL)
    assert not plausibility.outliers
    return Plausibility(record)


class TestLeftOutForGood:
    """What a person rejected."""

    @pytest.mark.parametrize("number", [-5, 1, 9000])
    def test_another_is_asked_about(self, number: int) -> None:
        """Be it newer or older, which came to light later; nobody is asked again of the first."""
        old = interval(0, **of_meter(1e6))
        plausibility = decided(PlausibilityRecord(), old)
        assert plausibility.filter(FEED, [old]) == [interval(0)]
        assert not plausibility.outliers
        plausibility.filter(FEED, [interval(number, **of_meter(1e6))])
        [outliers] = plausibility.outliers
        assert outliers.starts == {BEGIN + number * QUARTER}

    @pytest.mark.parametrize("later", [300.0, 1e6, 1e9])
    def test_another_is_accepted(self, later: float) -> None:
        """Smaller ones, as large ones, and larger ones; the rejected one is not believed."""
        wrong, right = interval(0, **of_meter(23_900.0)), interval(7, **of_meter(later))
        record = PlausibilityRecord()
        plausibility = decided(record, wrong)
        plausibility.filter(FEED, [wrong, right])
        plausibility.accept(TOTAL)
        for again in (plausibility, Plausibility(record)):
            assert again.filter(FEED, [wrong, right]) == [interval(0), right]
            assert again.filter(FEED, [interval(0, **of_meter(23_899.9))]) == [interval(0)]
            of_its_own = Feed(SITE, "electricity", METER)
            assert again.filter(of_its_own, [interval(0, total=-23_900.0)]) == [interval(0)]
            assert not again.outliers

    def test_a_higher_limit(self) -> None:
        """It is of others; without one, what was rejected is asked about anew."""
        wrong = interval(0, **of_meter(400.0))
        plausibility = decided(PlausibilityRecord(), wrong)
        plausibility.set_limit(TOTAL, 1000.0)
        assert plausibility.filter(FEED, [wrong]) == [interval(0)]
        plausibility.set_limit(TOTAL, None)
        assert plausibility.filter(FEED, [wrong]) == [interval(0)]
        assert plausibility.outliers

    def test_under_a_lower_limit(self) -> None:
        """That the limit is raised later does not bring it back."""
        plausibility = Plausibility(PlausibilityRecord())
        plausibility.set_limit(TOTAL, 5.0)
        wrong = interval(0, **of_meter(6.0))
        plausibility.filter(FEED, [wrong])
        plausibility.reject(TOTAL)
        plausibility.set_limit(TOTAL, 100.0)
        assert plausibility.filter(FEED, [wrong]) == [interval(0)]
        assert plausibility.filter(FEED, [interval(1, **of_meter(6.0))])[0].values

    def test_a_limit_was_raised_before_the_decision(self) -> None:
        """What a person calls wrong is left out, whatever the limit is now."""
        plausibility = Plausibility(PlausibilityRecord())
        wrong = interval(0, **of_meter(300.0))
        plausibility.filter(FEED, [wrong])
        plausibility.set_limit(TOTAL, 400.0)
        plausibility.reject(TOTAL)
        assert plausibility.filter(FEED, [wrong]) == [interval(0)]

    @pytest.mark.parametrize("amount", [1e6, -1e6])
    def test_corrected(self, amount: float) -> None:
        """The correction is believed, and ends it: what is wrong anew is asked about."""
        record = PlausibilityRecord()
        rows = [interval(number, **of_meter(amount)) for number in range(3)]
        plausibility = decided(record, *rows)
        right = interval(1, **of_meter(0.2))
        assert plausibility.filter(FEED, [rows[0], right, rows[2]]) == [
            interval(0),
            right,
            interval(2),
        ]
        again = Plausibility(record)
        again.filter(FEED, rows)
        [outliers] = again.outliers
        assert outliers.starts == {BEGIN + QUARTER}

    def test_withdrawn_for_a_while(self) -> None:
        """An answer with a hole takes no decision away."""
        wrong = interval(1, **of_meter(400.0))
        around = [interval(0, **of_meter(0.1)), interval(2, **of_meter(0.1))]
        plausibility = decided(PlausibilityRecord(), wrong)
        plausibility.filter(FEED, around)
        plausibility.set_limit(TOTAL, 1e6)
        assert plausibility.filter(FEED, [wrong]) == [interval(1)]

    def test_a_meter_that_is_broken_for_long(self) -> None:
        """All that a person was shown is left out, also what is not remembered one by one."""
        record = PlausibilityRecord()
        rows = [interval(number, **of_meter(1e6)) for number in range(3 * MANY)]
        plausibility = decided(record, *rows)
        assert not any(one.values for one in plausibility.filter(FEED, rows))
        assert not plausibility.outliers
        plausibility.filter(FEED, [interval(3 * MANY, **of_meter(1e6))])
        assert plausibility.outliers
        assert len(json_dumps(record)) < 1000

    def test_wrong_now_and_then(self) -> None:
        """It is remembered which, not more and more of them."""
        record = PlausibilityRecord()
        rows = [interval(n, **of_meter(1e6 if n % 2 else 0.1)) for n in range(3 * MANY)]
        plausibility = decided(record, *rows)
        for _ in range(2):
            kept = plausibility.filter(FEED, rows)
            assert [bool(one.values) for one in kept] == [n % 2 == 0 for n in range(3 * MANY)]
        assert not plausibility.outliers
        assert len(json_dumps(record)) < 300 * MANY


class TestWithdrawn:
    """Climkit says a pending amount no more."""

    @pytest.mark.parametrize(
        "answer",
        [
            [interval(0, conso_total=1.0), interval(1, **of_meter(0.1))],
            [interval(-1, **of_meter(0.1)), interval(1, **of_meter(0.1))],
        ],
    )
    def test_nobody_is_asked(self, answer: list[Interval]) -> None:
        """The amount is missing from its row, or the row is missing."""
        plausibility = Plausibility(PlausibilityRecord())
        plausibility.filter(FEED, [interval(0, **of_meter(1e6))])
        plausibility.filter(FEED, answer)
        assert not plausibility.outliers

    @pytest.mark.parametrize(
        "answer",
        [
            [],
            [interval(1, **of_meter(0.1))],
            [interval(-1, **of_meter(0.1))],
            [interval(0, conso_total=1.0)],  # the meter is asked for by itself
        ],
    )
    def test_answers_that_do_not_tell(self, answer: list[Interval]) -> None:
        """They are of another time, or do not hold the column at all."""
        plausibility = Plausibility(PlausibilityRecord())
        plausibility.filter(FEED, [interval(0, **of_meter(1e6))])
        plausibility.filter(FEED, answer)
        plausibility.filter(Feed(SITE, "heating"), [interval(0)])
        plausibility.filter(Feed(SITE, "electricity", "b" * 24), [interval(0, total=1.0)])
        assert len(plausibility.outliers) == 1

    def test_from_the_meter_itself(self) -> None:
        """A meter's own answer tells of all its columns."""
        plausibility = Plausibility(PlausibilityRecord())
        feed = Feed(SITE, "electricity", METER)
        plausibility.filter(feed, [interval(0, total=1e6)])
        plausibility.filter(feed, [interval(0, self=0.1)])
        assert not plausibility.outliers


@pytest.mark.parametrize("limit", [0.0, -1.0, float("inf"), float("nan")])
def test_what_is_no_limit(limit: float) -> None:
    """It is refused, and where it is stored the usual one holds."""
    record = PlausibilityRecord()
    record.limits = {TOTAL.key: limit}
    plausibility = Plausibility(record)
    assert plausibility.limit(TOTAL) == ELECTRICITY_LIMIT
    with pytest.raises(ValueError, match="no limit"):
        plausibility.set_limit(TOTAL, limit)
    assert record.limits == {}


def test_a_limit_of_its_own() -> None:
    """Lower than the usual one or higher; and the usual one again."""
    plausibility = Plausibility(PlausibilityRecord())
    plausibility.set_limit(TOTAL, 5.0)
    six = [interval(0, **of_meter(6.0), **{f"ext_{METER}": 6.0})]
    assert plausibility.filter(FEED, six) == [interval(0, **{f"ext_{METER}": 6.0})]
    plausibility.set_limit(TOTAL, None)
    assert plausibility.filter(FEED, six) == six


def test_many() -> None:
    """A meter that is broken for long costs no memory; the first and the newest time are known."""
    record = PlausibilityRecord()
    plausibility = Plausibility(record)
    for number in range(2 * MANY):
        plausibility.filter(FEED, [interval(number, **of_meter(1e6))])
    [outliers] = plausibility.outliers
    assert len(outliers.starts) == MANY
    assert min(outliers.starts) == BEGIN
    assert max(outliers.starts) == BEGIN + (2 * MANY - 1) * QUARTER
