"""A home whose history is there: an apartment house with a tariff, and a single house."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import pytest

from tools.demonstration.check import wait_for_history
from tools.demonstration.dashboard import Dashboard

from ..home import Home, living
from .days import ZONE, Truth, last_change, month_before, today

SITE, OTHER_SITE, FLAT = "Les Tilleuls", "Maison Rochat", "Flat 1"
# Of each kind one, and flats to be sorted; all would take twice the time to read.
METERS = ("Introduction", "PV roof", "Battery", "Flat 1", "Flat 2", "Flat 3", "Flat 9", "Flat 10")
METERS += ("Heat pump", "Garage", "Heating flat 1", "Hot water flat 1", "Cold water flat 1")
PAGE_OF_CARDS = "some-cards"
ROOF = 60_000  # watts of peak power: some of it is exported, some is missing
PRICES = {"Grid electricity": "0.29", "Solar electricity": "0.21"}

TODAY = today()
NORMAL, HOLE = TODAY - timedelta(days=10), TODAY - timedelta(days=16)
SPRING, AUTUMN = (last_change(month, TODAY) for month in (3, 10))
HOLE_FROM, HOLE_TO = time(9, 30), time(14)
# The apartment house begins three weeks after its creation.
HISTORY_DAYS = (TODAY - min(SPRING, AUTUMN)).days + 30


@dataclass
class Shown:
    """A page of the dashboard, and what the simulator says of what it shows."""

    path: str
    truth: Truth


@pytest.fixture(scope="package")
async def home(tmp_path_factory: pytest.TempPathFactory, environment: str) -> AsyncIterator[Home]:
    """Give a home with two sites whose history is written; one has no data for some hours."""
    folder = tmp_path_factory.mktemp("dashboard")
    sites = ("apartments", "house")
    async with living(
        folder, environment, history_days=HISTORY_DAYS, roof=ROOF, sites=sites
    ) as home:
        start, end = (
            datetime.combine(HOLE, one, ZONE).astimezone(UTC) for one in (HOLE_FROM, HOLE_TO)
        )
        await home.simulator.withdraw(home.simulator.site_id(SITE), start, end)
        answers = {**home.simulator.credentials, "url": home.simulator.url}
        others = home.simulator.world.meter_info(home.simulator.site_id(OTHER_SITE))
        meters = [*(meter_named(home, name) for name in METERS), *(one["id"] for one in others)]
        answers |= {"view": "meters", "all_meters": False, "meters": meters, "sensors": False}
        answers |= {"history": "everything", "energy_dashboard": False}
        await home.hass.add_integration("climkit", answers)
        await home.frontend.add_tariff(SITE, PRICES)
        await wait_for_history(home.hass, sites=2)
        await wait_for_costs(home)
        yield home


async def wait_for_costs(home: Home) -> None:
    """Wait until a month is not without costs any more; they follow the history.

    That is as far behind it as the machine is busy; pytest's time-out ends it.
    """
    month = month_before(TODAY)
    site_id = home.simulator.site_id(SITE)
    while True:
        answer = await home.hass.command("climkit/meters", site_id=site_id, month=month)
        if any(meter["cost"] for meter in answer["meters"]):
            return
        await asyncio.sleep(1)


@pytest.fixture
def dashboard(home: Home) -> Dashboard:
    """Return the dashboard in the browser of all tests."""
    return Dashboard(home.frontend)


@pytest.fixture
def building(home: Home) -> Shown:
    """Return the page of the apartment house."""
    site_id = home.simulator.site_id(SITE)
    return Shown(f"/climkit/building-{site_id}", Truth(home.simulator.world, site_id))


@pytest.fixture
def flat(home: Home) -> Shown:
    """Return the page of a flat."""
    site_id = home.simulator.site_id(SITE)
    meter_id = meter_named(home, FLAT)
    return Shown(f"/climkit/meter-{meter_id}", Truth(home.simulator.world, site_id, meter_id))


def meter_named(home: Home, name: str) -> str:
    """Return the id of a meter of the apartment house."""
    meters = home.simulator.world.meter_info(home.simulator.site_id(SITE))
    return next(str(one["id"]) for one in meters if one.get("name") == name)
