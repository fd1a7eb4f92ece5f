"""Data stay away, and come back."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.blueprints.using import TELL, automate
from tests.conftest import Home
from tests.simulator import Fault, FaultKind


async def watch(home: Home, *, hours: int, language: str = "en") -> None:
    """As a user would, who turns the entity on first."""
    await home.set_up_completely()
    newest = f"{home.sites[0].site.id}_last_measurement"
    await home.enable(newest)
    entity_id = home.entity_id(newest)
    inputs = {"last_measurement": entity_id, "hours": hours, "language": language}
    await automate(home, "data_missing", **inputs, what=TELL)


async def test_missing_and_back(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Told once each."""
    await watch(home, hours=6)
    home.simulator.switches.latency = 3600 * 24 * 7
    for _ in range(7):
        await home.turn_clock(hours=1)
    assert [one["title"] for one in reports] == ["Climkit data is missing"]
    assert "20.11.2026, 11:00" in reports[0]["message"]
    home.simulator.switches.latency = 60
    await home.turn_clock(minutes=15)
    assert [one["title"] for one in reports][1:] == ["Climkit data is back"]


async def test_reloads_and_restarts(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Nobody is told that data are back that were not missing."""
    await watch(home, hours=6)
    for _ in range(3):
        await home.restart()
        await home.turn_clock(minutes=15)
    assert not reports
    home.simulator.switches.latency = 3600 * 24 * 7
    for _ in range(7):
        await home.turn_clock(hours=1)
    assert [one["title"] for one in reports] == ["Climkit data is missing"]
    home.simulator.switches.latency = 60
    await home.turn_clock(minutes=15)
    assert [one["title"] for one in reports][1:] == ["Climkit data is back"]
    for _ in range(2):
        await home.restart()
        await home.turn_clock(minutes=15)
    assert len(reports) == 2


async def test_missing_again(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Another time it is told again."""
    await watch(home, hours=2)
    for _ in range(2):
        home.simulator.switches.latency = 3600 * 24 * 7
        for _ in range(3):
            await home.turn_clock(hours=1)
        home.simulator.switches.latency = 60
        await home.turn_clock(minutes=15)
    assert [one["title"].rpartition(" ")[2] for one in reports] == ["missing", "back"] * 2


async def test_climkit_is_down(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Also told when nothing is known at all."""
    await watch(home, hours=4)
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
    for _ in range(9):
        await home.turn_clock(hours=1)
    assert {one["title"] for one in reports} == {"Climkit data is missing"}
    home.simulator.switches.faults = []
    for _ in range(3):
        await home.turn_clock(minutes=15)
    assert reports[-1]["title"] == "Climkit data is back"


@pytest.mark.parametrize(
    ("language", "missing", "back"),
    [
        ("de", "hat seit dem 20.11.2026, 11:00 Uhr keine Daten mehr.", "hat wieder Daten"),
        (
            "fr",
            "n\N{RIGHT SINGLE QUOTATION MARK}a plus de données depuis le 20.11.2026, 11:00.",
            "a de nouveau des données",
        ),
        ("it", "non ha più dati dal giorno 20.11.2026, 11:00.", "ha di nuovo dati"),
    ],
)
async def test_languages(
    home: Home, reports: list[Mapping[str, Any]], language: str, missing: str, back: str
) -> None:
    """In the person's own."""
    await watch(home, hours=6, language=language)
    home.simulator.switches.latency = 3600 * 24 * 7
    for _ in range(7):
        await home.turn_clock(hours=1)
    assert reports[0]["message"].endswith(missing)
    home.simulator.switches.latency = 60
    await home.turn_clock(minutes=15)
    assert back in reports[1]["message"]
