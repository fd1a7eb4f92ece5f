"""How much the figures measure, and with what."""

from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.bench.simulator_process import Clock, simulator
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


@pytest.mark.enable_socket
def test_a_simulator_in_a_process_of_its_own() -> None:
    """It starts without the tests' own modules, and answers."""
    with simulator(2, 1, Clock()) as url, pytest.raises(HTTPError) as refused:
        urlopen(f"{url}/v1/installations", timeout=10)  # noqa: S310 - a server of our own
    assert refused.value.code in HTTPStatus
    refused.value.close()
