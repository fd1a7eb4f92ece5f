"""How much the figures measure."""

import pytest

from tests.bench.sizes import size, sizes


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody said anything of sizes."""
    monkeypatch.delenv("BENCH_FULL", raising=False)
    monkeypatch.delenv("BENCH_METERS", raising=False)


def test_a_part_by_default() -> None:
    """So all figures take half an hour at most."""
    assert sizes("METERS", part="10 100", full="10 100 500") == [10, 100]
    assert size("METERS", part=60, full=200) == 60


def test_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sizes of the goals."""
    monkeypatch.setenv("BENCH_FULL", "")
    assert sizes("METERS", part="10 100", full="10 100 500") == [10, 100, 500]
    assert size("METERS", part=60, full=200) == 200


def test_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody says goes first."""
    monkeypatch.setenv("BENCH_FULL", "")
    monkeypatch.setenv("BENCH_METERS", "3")
    assert sizes("METERS", part="10 100", full="10 100 500") == [3]
    assert size("METERS", part=60, full=200) == 3
