"""The demonstration's comparison with the simulator finds what is wrong."""

from argparse import Namespace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from socket import socket

import pytest

from tests.simulator.world import World
from tools.demonstration.__main__ import port_for
from tools.demonstration.home_assistant import fill_in, kept_port, prepare
from tools.demonstration.truth import HOUR, Hours, compare, hourly

NOW = datetime(2026, 4, 5, 12, tzinfo=UTC)


@pytest.fixture(name="world")
def fixture_world() -> World:
    return World(created=NOW, history_days=40, names=("house",))


@pytest.fixture(name="recorded")
def fixture_recorded(world: World) -> dict[str, Hours]:
    """Return what a flawless import would have recorded."""
    (site,) = world.sites.values()
    begin = datetime.fromtimestamp(site.begin // HOUR * HOUR, UTC)
    return {
        statistic: hours
        for statistic, hours in hourly(world, site.id, "electricity", begin, NOW, NOW).items()
        if any(hours.values())
    }


def problems(world: World, recorded: dict[str, Hours]) -> list[str]:
    return list(compare(world, recorded, NOW - timedelta(minutes=5), NOW))


def started_at(folder: Path, port: int) -> None:
    """Leave what a Home Assistant leaves that was started at a port."""
    (folder / ".storage").mkdir(exist_ok=True)
    stored = {"version": 3, "data": {"stable": {"server_port": port}, "yaml_migration_done": True}}
    (folder / ".storage" / "http").write_text(json.dumps(stored), encoding="utf-8")


@pytest.mark.parametrize("is_check", [True, False])
def test_kept_twice(tmp_path: Path, is_check: bool) -> None:
    """A folder's Home Assistant starts where it was, or elsewhere if something else is there."""
    arguments = Namespace(check=is_check)
    port = port_for(tmp_path, arguments)
    prepare(tmp_path, port)
    assert f"server_port: {port}" in (tmp_path / "configuration.yaml").read_text("utf-8")
    with socket() as other:
        other.bind(("127.0.0.1", 0))
        taken: int = other.getsockname()[1]
        started_at(tmp_path, taken)
        other.listen()
        elsewhere = port_for(tmp_path, arguments)
        assert elsewhere != taken
        prepare(tmp_path, elsewhere)
        assert kept_port(tmp_path) == elsewhere
    assert port_for(tmp_path, arguments) == elsewhere
    assert "server_port" not in (tmp_path / "configuration.yaml").read_text("utf-8")


def test_what_is_made_in_it_appears(tmp_path: Path) -> None:
    """Automations, scripts and scenes of its editors are read, and kept the next time."""
    prepare(tmp_path, 8123)
    configuration = (tmp_path / "configuration.yaml").read_text("utf-8")
    for name in ("automations.yaml", "scripts.yaml", "scenes.yaml"):
        assert f"!include {name}" in configuration
        (tmp_path / name).write_text(f"# {name}", encoding="utf-8")
    prepare(tmp_path, 8123)
    assert (tmp_path / "automations.yaml").read_text("utf-8") == "# automations.yaml"


def test_flawless_import_is_accepted(world: World, recorded: dict[str, Hours]) -> None:
    assert len(recorded) >= 10
    assert problems(world, recorded) == []


def test_missing_statistic_is_found(world: World, recorded: dict[str, Hours]) -> None:
    statistic, _ = recorded.popitem()
    assert problems(world, recorded) == [f"{statistic} is missing"]


def test_unknown_statistic_is_found(world: World, recorded: dict[str, Hours]) -> None:
    assert problems(world, {**recorded, "climkit:other": {0: 0.0}}) == [
        "climkit:other is nothing the simulator knows of"
    ]


@pytest.mark.parametrize("error", [2e-6, -2e-6, float("nan")])
def test_wrong_hour_is_found(world: World, recorded: dict[str, Hours], error: float) -> None:
    statistic, hours = next(iter(recorded.items()))
    hours[min(hours)] += error
    (problem,) = problems(world, recorded)
    assert problem.startswith(f"{statistic} is wrong in 1 hours")


def test_lost_hour_is_found(world: World, recorded: dict[str, Hours]) -> None:
    statistic, hours = next(iter(recorded.items()))
    del hours[min(hours)]
    (problem,) = problems(world, recorded)
    assert problem.startswith(f"{statistic} is wrong in 1 hours")


def test_surplus_hour_is_found(world: World, recorded: dict[str, Hours]) -> None:
    statistic, hours = next(iter(recorded.items()))
    hours[min(hours) - HOUR] = 0.5
    (problem,) = problems(world, recorded)
    assert problem.startswith(f"{statistic} has 1 hours")


def test_hour_that_changed_meanwhile_is_not_compared(
    world: World, recorded: dict[str, Hours]
) -> None:
    (site_id,) = world.sites
    start = NOW - timedelta(hours=6)
    revised_at = NOW - timedelta(minutes=1)
    end = start + timedelta(hours=1)
    world.revise(site_id, "conso_total", start, end, factor=2, since=revised_at)
    assert problems(world, recorded) == []


def test_form_is_filled_with_answers_and_suggestions() -> None:
    schema = [
        {"name": "username", "type": "string", "required": True},
        {"name": "advanced", "type": "expandable", "schema": [{"name": "url", "default": "x"}]},
        {"name": "sites", "default": ["a", "b"]},
        {"name": "note", "description": {"suggested_value": "one"}},
        {"name": "date", "optional": True},
    ]
    assert fill_in(schema, {"username": "me", "url": "y"}) == {
        "username": "me",
        "advanced": {"url": "y"},
        "sites": ["a", "b"],
        "note": "one",
    }
