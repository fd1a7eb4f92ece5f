"""The figures of a statement, and what they lack: the arithmetic."""

from collections.abc import Iterable, Sequence
import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.costs import Payer
from custom_components.climkit.costs.tariffs import Tariffs, tariffs_from_data
from custom_components.climkit.services.statement import (
    Costs,
    DaySpan,
    GapReason,
    Gaps,
    Measured,
    Part,
    as_csv,
    figures,
    gaps,
)
from custom_components.climkit.statistics.time_range import TimeRange
from tests.costs.bill import (
    ZURICH,
    tariff,
)

MIDNIGHT = datetime(2026, 11, 18, 23, tzinfo=UTC)


def measured(amounts: Iterable[float], first: int = 0, **others: Any) -> Measured:
    """Hours of a flat's grid energy since midnight, or a later hour."""
    return Measured(
        **{
            "part": Part.GRID,
            "amounts": {MIDNIGHT + n * HOUR: one for n, one in enumerate(amounts, first)},
            "costs": Costs(),
            "is_stored": True,
            "is_awaited": False,
            "lateness": 2 * HOUR,
        }
        | others
    )


def day_gaps(series: Sequence[Measured], **others: Any) -> Gaps:
    """What the day lacks, seen the day after."""
    now = MIDNIGHT + timedelta(days=1, hours=others.pop("later", 12))
    day = TimeRange(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    return gaps(series, day, now, others.pop("created", None), is_pending=False, **others)


def test_hours_missing() -> None:
    """Hours are counted once, whatever number of series lacks them."""
    assert day_gaps([measured([1.0] * 24)]) == Gaps(0, [])
    assert day_gaps([measured([1.0] * 20), measured([1.0] * 21)]) == Gaps(
        4, [GapReason.HOURS_MISSING]
    )
    assert day_gaps([measured([1.0] * 20, is_awaited=True)]) == Gaps(4, [GapReason.IMPORTING])
    assert day_gaps([measured([1.0] * 24, is_awaited=True)]) == Gaps(0, [])


def test_measure_that_is_not_there() -> None:
    """What Climkit never had is nothing that is missing, unless it has nothing at all."""
    never = measured([], is_stored=False)
    assert day_gaps([measured([1.0] * 24), never]) == Gaps(0, [])
    assert day_gaps([never]) == Gaps(24, [GapReason.HOURS_MISSING])
    assert day_gaps([]) == Gaps(0, [])


def test_late_hours() -> None:
    """An hour is missing once it is late; until then it is to come, also if a part is there."""
    assert day_gaps([measured([1.0] * 23)], later=1) == Gaps(0, [GapReason.STILL_TO_COME])
    assert day_gaps([measured([1.0] * 23)], later=2) == Gaps(1, [GapReason.HOURS_MISSING])
    end = MIDNIGHT + timedelta(days=1)
    whole = measured([1.0] * 24, newest=end)
    assert day_gaps([whole], later=1) == Gaps(0, [])
    partly = measured([1.0] * 24, newest=end - HOUR / 4)
    assert day_gaps([partly], later=1) == Gaps(0, [GapReason.STILL_TO_COME])
    assert day_gaps([partly], later=3) == Gaps(0, [])


def test_row_of_a_day() -> None:
    """What it tells of is there, before and behind it; of another day it tells nothing."""
    told = {MIDNIGHT + n * HOUR for n in range(24)}
    row = measured([5.0], 9, told=told)
    assert day_gaps([row]) == day_gaps([row], later=1) == Gaps(0, [])
    other = measured([5.0], 9, told={hour - 24 * HOUR for hour in told})
    assert day_gaps([other]) == Gaps(23, [GapReason.HOURS_MISSING])


def test_site_that_is_new() -> None:
    """Nothing is expected from before it was there."""
    series = [measured([1.0] * 14, first=10)]
    assert day_gaps(series, created=MIDNIGHT + 10 * HOUR) == Gaps(0, [])
    assert day_gaps(series, created=MIDNIGHT + 8 * HOUR) == Gaps(2, [GapReason.HOURS_MISSING])
    assert day_gaps(series, created=MIDNIGHT + 99 * HOUR) == Gaps(0, [])


def test_days_with_a_change_of_clocks() -> None:
    """They have 25 and 23 hours."""
    for day, hours in ((date(2026, 10, 25), 25), (date(2026, 3, 29), 23), (date(2026, 7, 1), 24)):
        found = DaySpan.of(day, day, ZURICH).hours
        assert (found.end - found.start) // HOUR == hours


def test_nothing_is_null() -> None:
    """Zero is stated as zero."""
    tariffs = Tariffs([], ZURICH)
    empty = figures([measured([])], [], None, tariffs, is_pending=False)
    assert set(empty.values()) == {None}
    zero = figures([measured([0.0])], [Costs({MIDNIGHT: 0.0})], 0.0, tariffs, is_pending=False)
    assert (zero[Part.GRID], zero["total_cost"], zero["fees"]) == (0.0, 0.0, 0.0)
    assert zero["grid_high_kwh"] is zero["grid_low_kwh"] is None


def test_price_that_a_sensor_tells() -> None:
    """The newest hours may still get one; of older ones nobody told any."""
    costs = {MIDNIGHT + n * HOUR: 0.25 for n in range(24) if n not in (3, 23)}
    series = [measured([1.0] * 24, costs=Costs(costs))]
    assert day_gaps(series) == Gaps(0, [GapReason.PRICE_MISSING])
    awaited = day_gaps(series, is_price_awaited=lambda hour: hour >= MIDNIGHT + 4 * HOUR)
    assert awaited == Gaps(0, [GapReason.STILL_TO_COME, GapReason.PRICE_MISSING])
    awaited = day_gaps(series, is_price_awaited=lambda _hour: True)
    assert awaited == Gaps(0, [GapReason.STILL_TO_COME])


def test_costs_are_pending() -> None:
    """A part of them is none, nor is one of the fees: not even that which no hour holds."""
    whole = [Costs({MIDNIGHT: 0.5}, Payer.SITE)]
    part = measured([1.0], costs=whole[0])
    known = {"fees": 1.0, "tariffs": Tariffs([], ZURICH), "power": 4.0}
    stated = figures([part], whole, is_pending=False, **known)
    assert (stated["fees"], stated["power_cost"], stated["total_cost"]) == (1.0, 4.0, 5.5)
    pending = figures([part], whole, is_pending=True, **known)
    assert {key for key, value in pending.items() if value is not None} == {Part.GRID}


def test_mean_price() -> None:
    """Of the hours that have a cost, and none where nothing was used."""
    costs = {MIDNIGHT: 0.1, MIDNIGHT + HOUR: 0.6}
    part = measured([1.0, 1.0, 8.0], costs=Costs(costs))
    found = figures([part], [], None, Tariffs([], ZURICH), is_pending=False)
    assert found["grid_mean_price"] == 0.35
    for nothing in (measured([0.0], costs=Costs({MIDNIGHT: 0.0})), measured([1.0])):
        found = figures([nothing], [], None, Tariffs([], ZURICH), is_pending=False)
        assert found["grid_mean_price"] is None


def test_single_tariff() -> None:
    """All is high, and there is nothing low."""
    tariffs = tariffs_from_data([tariff("s", "2026-01-01", grid_price=0.3)], ZURICH)
    found = figures([measured([1.0, 2.0])], [], None, tariffs, is_pending=False)
    assert (found["grid_high_kwh"], found["grid_low_kwh"]) == (3.0, None)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Flat 1", "Flat 1"),
        ("=1+1", "'=1+1"),
        ("+41 79", "'+41 79"),
        ("-1. OG", "'-1. OG"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'=1+1"),
        ("  =1+1", "'=1+1"),
        ("Flat\r\n=1+1", "Flat =1+1"),
        ("Flat,=1+1", "Flat,'=1+1"),
        ("Flat; @x", "Flat; '@x"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("|calc", "'|calc"),
        ('A "B"; C', 'A "B"; C'),
        ("Étage 2-3", "Étage 2-3"),
    ],
)
def test_no_name_is_a_formula(name: str, cell: str) -> None:
    """Names come from Climkit or a person, and a spreadsheet shall not carry them out."""
    text = as_csv([{"name": name, "kwh": -1.5, "cost": None, "complete": True, "reasons": []}])
    [row] = csv.DictReader(StringIO(text), delimiter=";")
    assert row["name"] == cell
    # Numbers stay numbers.
    assert (row["kwh"], row["cost"], row["complete"], row["reasons"]) == ("-1.5", "", "true", "")


def test_several_reasons() -> None:
    """They are told apart."""
    text = as_csv([{"reasons": ["hours_missing", "price_missing"]}])
    [row] = csv.DictReader(StringIO(text), delimiter=";")
    assert row["reasons"] == "hours_missing price_missing"


def test_numbers_are_not_written_with_exponents() -> None:
    """A spreadsheet would take them for texts."""
    text = as_csv([{"a": 1e-6, "b": 1234567.0, "c": 0.0}])
    [row] = csv.DictReader(StringIO(text), delimiter=";")
    assert row == {"a": "0.000001", "b": "1234567", "c": "0"}
