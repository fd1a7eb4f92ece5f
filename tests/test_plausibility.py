"""Amounts that no meter can have measured."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.climkit.api import Interval
from custom_components.climkit.feed import Feed
from custom_components.climkit.plausibility import (
    ELECTRICITY_LIMIT,
    HEAT_LIMIT,
    MANY,
    SITE_FACTOR,
    WATER_LIMIT,
    Column,
    Plausibility,
)
from custom_components.climkit.records import SiteRecord

SITE, METER = "5" * 24, "a" * 24
FEED = Feed(SITE, "electricity")
QUARTER = timedelta(minutes=15)
BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
TOTAL = Column("electricity", METER, "total")


def new_record() -> SiteRecord:
    """The record of a new site."""
    return SiteRecord(series={}, meters={}, sensors={}, has_battery=False, walk={})


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
    plausibility = Plausibility(new_record())
    for sign in (1, -1):
        at, beyond = interval(**{column: sign * limit}), interval(**{column: sign * limit * 1.001})
        assert plausibility.keep(feed, [at]) == [at]
        assert plausibility.keep(feed, [beyond]) == [interval()]
    assert len(plausibility.doubts) == 1


def test_only_the_amount_is_left_out() -> None:
    """The others of the quarter-hour stay, and columns that nobody uses are not looked at."""
    plausibility = Plausibility(new_record())
    rows = [interval(0, conso_total=1.0, new_column=1e9, **of_meter(23_900.0)), interval(1, self=2)]
    kept = plausibility.keep(FEED, rows)
    assert kept == [interval(0, conso_total=1.0, new_column=1e9), interval(1, self=2)]
    [doubt] = plausibility.doubts
    assert (doubt.column, doubt.count, doubt.largest) == (TOTAL, 1, 23_900.0)
    assert doubt.first == doubt.last == BEGIN


def test_a_correction_ends_the_doubt() -> None:
    """Where Climkit later says an amount that can be."""
    plausibility = Plausibility(new_record())
    plausibility.keep(FEED, [interval(n, **of_meter(1e6)) for n in range(3)])
    plausibility.keep(FEED, [interval(n, **of_meter(0.2)) for n in range(2)])
    assert [doubt.first for doubt in plausibility.doubts] == [BEGIN + 2 * QUARTER]
    plausibility.keep(Feed(SITE, "electricity", METER), [interval(2, total=0.2)])
    assert not plausibility.doubts


def test_accepted() -> None:
    """It is believed from then on, twice as much too, also after a restart."""
    record = new_record()
    plausibility = Plausibility(record)
    rows = [interval(0, **of_meter(-400.0)), interval(1, **of_meter(700.0))]
    plausibility.keep(FEED, rows)
    plausibility.accept(TOTAL)
    assert not plausibility.doubts
    again = Plausibility(record)
    assert again.keep(FEED, rows) == rows
    assert again.keep(FEED, [interval(2, **of_meter(1400.0))])[0].values
    assert not again.keep(FEED, [interval(2, **of_meter(1400.1))])[0].values


def test_left_out_for_good() -> None:
    """Nobody is asked again, unless there is something newer."""
    record = new_record()
    plausibility = Plausibility(record)
    old = interval(0, **of_meter(1e6))
    plausibility.keep(FEED, [old])
    plausibility.leave_out(TOTAL)
    again = Plausibility(record)
    assert again.keep(FEED, [old]) == [interval(0)]
    assert not again.doubts
    again.keep(FEED, [interval(1, **of_meter(1e6))])
    [doubt] = again.doubts
    assert (doubt.count, doubt.first) == (1, BEGIN + QUARTER)


def test_a_limit_of_its_own() -> None:
    """Lower than the usual one or higher; and the usual one again."""
    plausibility = Plausibility(new_record())
    plausibility.set_limit(TOTAL, 5.0)
    six = [interval(0, **of_meter(6.0), **{f"ext_{METER}": 6.0})]
    assert plausibility.keep(FEED, six) == [interval(0, **{f"ext_{METER}": 6.0})]
    plausibility.set_limit(TOTAL, None)
    assert plausibility.keep(FEED, six) == six


def test_many() -> None:
    """A meter that is broken for long costs no memory; the first and the newest time are known."""
    record = new_record()
    plausibility = Plausibility(record)
    for number in range(2 * MANY):
        plausibility.keep(FEED, [interval(number, **of_meter(1e6))])
    [doubt] = plausibility.doubts
    assert doubt.count == MANY
    assert (doubt.first, doubt.last) == (BEGIN, BEGIN + (2 * MANY - 1) * QUARTER)
