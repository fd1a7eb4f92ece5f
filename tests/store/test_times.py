"""Times in what is remembered."""

from custom_components.climkit.store import SiteRecord


def test_a_time_without_an_offset_is_none() -> None:
    """It could be of any zone, and comparing it with others would fail; the rest stays."""
    lost: list[str] = []
    recheck = {"nights": 7, "sweep": {"a": "2026-11-20T00:00:00", "b": "2026-11-20T00:00:00+00:00"}}
    record = SiteRecord.from_dict({"recheck": recheck}, lost)
    assert lost == ["recheck"]
    assert record.recheck.nights == 7
    assert list(record.recheck.sweep) == ["b"]
