"""Is everything there, and is it right?"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
import re
import time

from .home_assistant import HomeAssistant
from .simulator import Simulator
from .truth import Hours, compare, meters_and_sensors

POLL_INTERVAL = 2.0
SAY_INTERVAL = 15.0
STATISTICS_PER_REQUEST = 10


@dataclass
class Findings:
    """What a check found: numbers for a table, and what is wrong."""

    numbers: dict[str, object] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


async def entities(hass: HomeAssistant) -> dict[str, str]:
    """Return the integration's entity ids by unique id."""
    entries = await hass.command("config/entity_registry/list")
    return {
        entry["unique_id"]: entry["entity_id"]
        for entry in entries
        if entry["platform"] == "climkit"
    }


async def history_progress(hass: HomeAssistant) -> dict[str, str]:
    """Return the state of each site's import, in percent, by the entity's name."""
    wanted = {
        entity_id
        for unique_id, entity_id in (await entities(hass)).items()
        if unique_id.endswith("_history_progress")
    }
    states = await hass.command("get_states")
    return {
        state["attributes"]["friendly_name"]: state["state"].partition(".")[0]
        for state in states
        if state["entity_id"] in wanted
    }


async def wait_for_history(hass: HomeAssistant, sites: int) -> None:
    """Wait until the history of so many sites is written, and say how far it is."""
    last_said = -SAY_INTERVAL
    while True:
        progress = await history_progress(hass)
        is_complete = len(progress) >= sites and set(progress.values()) == {"100"}
        if is_complete or time.monotonic() - last_said >= SAY_INTERVAL:
            print(", ".join(f"{name} {percent} %" for name, percent in progress.items()))
            last_said = time.monotonic()
        if is_complete:
            return
        await asyncio.sleep(POLL_INTERVAL)


async def recorded_changes(hass: HomeAssistant) -> dict[str, Hours]:
    """Return the hourly changes of all statistics of the integration, as the recorder has them."""
    listed = await hass.command("recorder/list_statistic_ids", statistic_type="sum")
    ids = [one["statistic_id"] for one in listed if one["source"] == "climkit"]
    changes: dict[str, Hours] = {}
    for some in batched(ids, STATISTICS_PER_REQUEST, strict=False):
        series = await hass.command(
            "recorder/statistics_during_period",
            start_time="2000-01-01T00:00:00+00:00",
            statistic_ids=list(some),
            period="hour",
            types=["change"],
        )
        for statistic_id in some:
            rows = series.get(statistic_id, [])
            changes[statistic_id] = {row["start"] // 1000: row["change"] for row in rows}
    return changes


async def check(
    hass: HomeAssistant, simulator: Simulator | None, since: datetime, log: Path
) -> Findings:
    """Look at all that was written since the import began."""
    findings = Findings()
    unique_ids = await entities(hass)
    recorded = await recorded_changes(hass)
    if simulator is not None:
        world = simulator.world
        state = await simulator.state()
        expected = {site: meters_and_sensors(world, site) for site in world.sites}
        findings.numbers |= {
            "sites": len(world.sites),
            "meters": sum(len(world.meter_info(site)) for site in world.sites),
            "sensors": sum(len(site.sensors_list()) for site in world.sites.values()),
            "requests": state["requests"],
            "limit violations": state["violations"],
            "overlapping requests": state["overlaps"],
        }
        findings.problems += [
            f"{count} {name}"
            for name in ("limit violations", "overlapping requests")
            if (count := findings.numbers[name])
        ]
        findings.problems += _without_entity(expected, unique_ids)
        findings.problems += compare(world, recorded, since, datetime.now(UTC))
    findings.numbers |= {
        "entities": len(unique_ids),
        "statistics": len(recorded),
        "rows": sum(map(len, recorded.values())),
    }
    if not recorded:
        findings.problems.append("there are no statistics")
    findings.problems += complaints(log)
    return findings


def _without_entity(
    expected: Mapping[str, set[str]], unique_ids: Mapping[str, str]
) -> Iterator[str]:
    """Give a sentence for each meter or sensor that has no entity."""
    owners = {unique_id.partition("_")[0] for unique_id in unique_ids}
    for site_id, ids in expected.items():
        for missing in sorted(ids - owners):
            yield f"{missing} of site {site_id} has no entity"


def complaints(log: Path) -> Iterator[str]:
    """Give the lines of a log that tell of a fault in the integration."""
    fault = re.compile(
        r"(ERROR|CRITICAL).*climkit|report it to the author of the 'climkit'"
        r"|^ *File .*custom_components/climkit/"
    )
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if fault.search(line):
            yield f"log: {line.strip()}"
