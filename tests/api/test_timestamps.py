"""What a timestamp means."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.climkit.api import (
    INTERVAL,
    Sampling,
    floor_hour,
    floor_interval,
    interval_bounds,
    local_midnight,
    parse_timestamp,
    query_window,
)
from custom_components.climkit.api.timestamps import names_other_rows

ZURICH = ZoneInfo("Europe/Zurich")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-22 05:30:00+01:00", utc(2026, 3, 22, 4, 30)),
        ("2022-05-05T17:00:00+02:00", utc(2022, 5, 5, 15)),
        (" 2022-05-05 15:00:00Z ", utc(2022, 5, 5, 15)),
        ("2022-05-05 17:00:00.250000+02:00", utc(2022, 5, 5, 15, 0, 0, 250000)),
        ("2022-05-05 17:00:00.123456789+02:00", utc(2022, 5, 5, 15, 0, 0, 123456)),
        ("2022-05-05", utc(2022, 5, 4, 22)),
        ("2022-01-05 17:00:00", utc(2022, 1, 5, 16)),
        ("2022-07-05T17:00:00", utc(2022, 7, 5, 15)),
        # The repeated hour: told apart by the offset, the first pass without one.
        ("2026-10-25 02:30:00+02:00", utc(2026, 10, 25, 0, 30)),
        ("2026-10-25 02:30:00+01:00", utc(2026, 10, 25, 1, 30)),
        ("2026-10-25 02:30:00", utc(2026, 10, 25, 0, 30)),
        ({"$date": 1651762800000}, utc(2022, 5, 5, 15)),
        ({"$date": "2022-05-05T15:00:00Z"}, utc(2022, 5, 5, 15)),
        (1651762800, utc(2022, 5, 5, 15)),
        (1651762800000, utc(2022, 5, 5, 15)),
        (1651762800.5, utc(2022, 5, 5, 15, 0, 0, 500000)),
        # Forms that databases and web frameworks make by themselves.
        ({"$date": {"$numberLong": "1651762800000"}}, utc(2022, 5, 5, 15)),
        ("1651762800", utc(2022, 5, 5, 15)),
        ("1651762800500", utc(2022, 5, 5, 15, 0, 0, 500000)),
        ("Thu, 05 May 2022 15:00:00 GMT", utc(2022, 5, 5, 15)),
        ("2022-05-05 24:00:00+02:00", utc(2022, 5, 5, 22)),
    ],
)
def test_parse_timestamp(value: object, expected: datetime) -> None:
    parsed = parse_timestamp(value, ZURICH)
    assert parsed == expected
    assert parsed is not None
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "NaT",
        "yesterday",
        "2026-13-01 00:00:00",
        True,
        float("nan"),
        float("inf"),
        10**400,
        -(10**15),
        "0001-01-01 00:00:00+14:00",
        "9999-12-31 23:59:59-12:00",
        [],
        {},
        {"$date": None},
        {"$date": {"$date": 1}},
        {"$date": {"$numberLong": "soon"}},
        "20220505150",
        "total",
    ],
    ids=repr,
)
def test_unusable_timestamps_are_none(value: object) -> None:
    assert parse_timestamp(value, ZURICH) is None


@pytest.mark.parametrize(
    ("stamp", "sampling", "start", "end"),
    [
        # 08:00 local covers 07:45 to 08:00.
        (utc(2026, 3, 22, 7), "15T", utc(2026, 3, 22, 6, 45), utc(2026, 3, 22, 7)),
        (utc(2026, 3, 22, 7), "H", utc(2026, 3, 22, 7), utc(2026, 3, 22, 8)),
        (utc(2026, 3, 21, 23), "D", utc(2026, 3, 21, 23), utc(2026, 3, 22, 23)),
        # Days of 23 and 25 hours.
        (utc(2026, 3, 28, 23), "D", utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        (utc(2026, 10, 24, 22), "D", utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        # Both passes of the repeated hour.
        (utc(2026, 10, 25, 0), "H", utc(2026, 10, 25, 0), utc(2026, 10, 25, 1)),
        (utc(2026, 10, 25, 1), "H", utc(2026, 10, 25, 1), utc(2026, 10, 25, 2)),
        # A month and a year, labelled at their start or at their last day.
        (utc(2026, 2, 28, 23), "M", utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)),
        (utc(2026, 3, 30, 22), "M", utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)),
        (utc(2025, 11, 30, 23), "M", utc(2025, 11, 30, 23), utc(2025, 12, 31, 23)),
        (utc(2025, 12, 31, 23), "Y", utc(2025, 12, 31, 23), utc(2026, 12, 31, 23)),
        (utc(2026, 12, 30, 23), "Y", utc(2025, 12, 31, 23), utc(2026, 12, 31, 23)),
    ],
)
def test_interval_bounds(stamp: datetime, sampling: str, start: datetime, end: datetime) -> None:
    assert interval_bounds(stamp, Sampling(sampling), ZURICH) == (start, end)


def test_hours_of_a_zone_that_is_off_by_half_an_hour() -> None:
    start, end = interval_bounds(utc(2026, 1, 1, 6, 45), Sampling.HOUR, ZoneInfo("Asia/Kolkata"))
    assert (start, end) == (utc(2026, 1, 1, 6, 30), utc(2026, 1, 1, 7, 30))


def test_query_window_has_naive_utc_digits() -> None:
    start = datetime(2026, 7, 1, 0, 0, tzinfo=ZURICH)
    assert query_window(start, start + timedelta(days=1)) == {
        "t_s": "2026-06-30T22:00:00",
        "t_e": "2026-07-02T01:00:00",
    }
    assert query_window(start, None) == {"t_s": "2026-06-30T22:00:00"}


@pytest.mark.parametrize("day", ["2026-01-15", "2026-03-29", "2026-07-15", "2026-10-25"])
def test_query_window_covers_every_hour_under_both_readings(day: str) -> None:
    first = datetime.fromisoformat(day).replace(tzinfo=UTC)
    for hour in range(-24, 48):
        start = first + timedelta(hours=hour)
        end = start + timedelta(hours=1)
        window = query_window(start, end)
        for zone in (UTC, ZURICH):
            t_s = datetime.fromisoformat(window["t_s"]).replace(tzinfo=zone)
            t_e = datetime.fromisoformat(window["t_e"]).replace(tzinfo=zone)
            assert t_s.astimezone(UTC) <= start
            assert t_e.astimezone(UTC) > end


def test_floors() -> None:
    moment = datetime(2026, 10, 25, 2, 44, 59, 5, tzinfo=ZURICH, fold=1)
    assert floor_interval(moment) == utc(2026, 10, 25, 1, 30)
    assert floor_hour(moment) == utc(2026, 10, 25, 1)
    assert local_midnight(moment, ZURICH) == utc(2026, 10, 24, 22)
    assert floor_interval(moment) + INTERVAL > moment


@pytest.mark.parametrize(
    ("off", "on", "are_others"),
    [(0, 96, False), (1, 1, False), (2, 94, False), (2, 4, False), (2, 3, True), (96, 0, True)],
)
def test_rows_that_are_none_of_quarter_hours(off: int, on: int, are_others: bool) -> None:
    """A few that are off do not make the others wrong; more than a third do."""
    start = datetime(2026, 5, 5, tzinfo=UTC)
    stamps = [start + n * timedelta(minutes=15) for n in range(off + on)]
    stamps[:off] = [stamp + timedelta(minutes=5) for stamp in stamps[:off]]
    assert names_other_rows([stamp.isoformat() for stamp in stamps]) is are_others
