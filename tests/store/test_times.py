"""Times in what is remembered."""

import pytest

from custom_components.climkit.store import SiteRecord


def test_a_time_without_an_offset_is_none() -> None:
    """It could be of any zone, and comparing it with others would fail; the rest stays."""
    lost: list[str] = []
    recheck = {"nights": 7, "sweep": {"a": "2026-11-20T00:00:00", "b": "2026-11-20T00:00:00+00:00"}}
    record = SiteRecord.from_dict({"recheck": recheck}, lost)
    assert lost == ["recheck"]
    assert record.recheck.nights == 7
    assert list(record.recheck.sweep) == ["b"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_a_time_of_no_clock_is_none(time: str) -> None:
    """Nothing can be worked out with it: a series that is read since the year 1 ended each night
    with an error."""
    lost: list[str] = []
    record = SiteRecord.from_dict({"recheck": {"sweep": {"a": time}}}, lost)
    assert lost == ["recheck"]
    assert not record.recheck.sweep


def test_a_time_with_another_offset() -> None:
    """It is the same time in UTC, of which all else is."""
    recheck = {"last": "2026-11-20T01:30:00+01:00"}
    last = SiteRecord.from_dict({"recheck": recheck}, []).recheck.last
    assert last
    assert last.isoformat() == "2026-11-20T00:30:00+00:00"
