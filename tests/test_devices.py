"""Which devices are known, and which are missing."""

from custom_components.climkit.coordinator.inventory import note_listed, note_seen


def test_missing_on_three_days() -> None:
    """It goes with the third daily list that lacks it."""
    devices: dict[str, list[str]] = {}
    note_listed(devices, ["a", "b"], "2026-03-20")
    note_listed(devices, ["a"], "2026-03-21")
    note_listed(devices, ["a"], "2026-03-22")
    assert devices == {"a": [], "b": ["2026-03-21", "2026-03-22"]}
    note_listed(devices, ["a"], "2026-03-23")
    assert devices == {"a": []}


def test_many_lists_of_a_day() -> None:
    """They count once: restarts remove nothing."""
    devices: dict[str, list[str]] = {"a": []}
    for _ in range(5):
        note_listed(devices, [], "2026-03-21")
    assert devices == {"a": ["2026-03-21"]}


def test_back_again() -> None:
    """The days before count no more."""
    devices = {"a": ["2026-03-20", "2026-03-21"], "b": ["2026-03-21"]}
    note_listed(devices, ["a"], "2026-03-22")
    note_seen(devices, ["b", "c"])
    assert devices == {"a": [], "b": [], "c": []}
