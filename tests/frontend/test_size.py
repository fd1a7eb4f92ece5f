"""What the commands cost for 200 meters: the answer's size and the event loop's time."""

from collections.abc import Awaitable
from datetime import datetime
import time
from typing import Any

from homeassistant.helpers.json import json_bytes
import pytest

from tests.conftest import real_time
from tests.frontend.conftest import Dashboard
from tests.simulator import World
from tests.simulator.houses import big_site

METERS = 200


@pytest.fixture
def world(now: datetime) -> World:
    """A big site with two days of data."""
    return World.of(big_site(METERS, now=now, days=2))


class Measured:
    """The size of an answer, how long it took, and the processor's time of the event loop in it."""

    def __init__(self, answer: dict[str, Any], seconds: float, cpu: float) -> None:
        self.answer = answer
        self.kilobytes = len(json_bytes(answer)) / 1000
        self.milliseconds = 1000 * seconds
        self.loop_milliseconds = 1000 * cpu


async def measured(answer: Awaitable[dict[str, Any]]) -> Measured:
    """Wait for an answer of this process's event loop."""
    begun, cpu = real_time(), time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)
    found = await answer
    spent = time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID) - cpu
    return Measured(found, real_time() - begun, spent)


async def test_200_meters(dashboard: Dashboard, capsys: pytest.CaptureFixture[str]) -> None:
    """No command makes anybody wait; for docs/measurements.md."""
    home, site_id = dashboard.home, dashboard.site_id
    flat = dashboard.meter("Lot 7")
    owner = {"site_id": site_id, "meter_id": flat}
    await home.complete()
    lines = []
    for command, fields in (
        ("overview", {}),
        ("day", {**owner, "day": "2026-11-20"}),
        ("day", {**owner, "day": "2026-11-19"}),
        ("day", {"site_id": site_id, "day": "2026-11-19"}),
        ("month", {**owner, "month": "2026-11"}),
        ("year", {**owner, "year": 2026}),
        ("meters", {"site_id": site_id, "month": "2026-11"}),
    ):
        await dashboard.ask(command, **fields)
        one = await measured(dashboard.ask(command, **fields))
        assert one.loop_milliseconds < 500, command
        lines.append(
            f"{command:10} {one.kilobytes:8.1f} kB {one.milliseconds:8.1f} ms"
            f" {one.loop_milliseconds:8.1f} ms in the event loop"
        )
    [runtime] = home.sites
    [*kept] = runtime.days.kept
    weight = sum(amounts.itemsize * len(amounts) for amounts in kept[0].columns.values())
    lines.append(f"a kept day {weight / 1000:8.1f} kB in {len(kept[0].columns)} columns")
    assert weight < 600_000
    with capsys.disabled():
        print(*["", *lines], sep="\n")  # noqa: T201 - figures for the docs
