"""A meter is not there for a while: what happens to its costs meanwhile is done when it is back."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.api import HOUR, Priority
from custom_components.climkit.costs import state as cost_state
from custom_components.climkit.feeds import FeedReader
from tests.conftest import NOW, Home
from tests.costs.bill import add_tariff, tariff
from tests.costs.price_sensor import PriceSensor, means_between, varying
from tests.small_site import FIRST, without_pauses, world
from tests.stories.source import METER_COLUMNS, METER_ID, SITE_ID, Correction, Source
from tests.truth import climkit_hours, hourly_changes

__all__ = ["without_pauses", "world"]

pytestmark = pytest.mark.recorder

AMOUNT = f"climkit:{METER_ID}_self"
COST = f"{AMOUNT}_cost"
BEGIN = FIRST - timedelta(days=2)


@pytest.fixture
def source() -> Source:
    """Electricity and water since five days."""
    return Source(first=BEGIN, has_water=True)


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page computes all that it touches, so a long one would mend by chance."""
    monkeypatch.setattr(cost_state, "LONGEST_PAGE", timedelta(hours=12))


async def is_away(home: Home) -> None:
    """The day's list lacks the meter."""
    home.simulator.switches.hidden_meters = [METER_ID]
    await home.turn_clock(hours=25, settle=False)
    await home.until(lambda: COST not in home.sites[0].costs.plan.cost_series, seconds=20)


async def is_back(home: Home) -> None:
    """The next one has it."""
    home.simulator.switches.hidden_meters = []
    await home.turn_clock(hours=25)
    await home.turn_clock(minutes=15)
    await home.complete()
    assert COST in home.sites[0].costs.plan.cost_series


async def test_amounts_that_were_being_read(
    home: Home, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were corrected, and are stored after it left."""
    await home.set_up_completely()
    add_tariff(home, tariff(SITE_ID, "2026-01-01", solar_price=0.2))
    await home.settle()
    start = BEGIN + 3 * HOUR
    source.corrections.append(Correction(start, start + HOUR, METER_COLUMNS["self"], 3))
    is_read, may_be_stored, read = asyncio.Event(), asyncio.Event(), FeedReader.async_read

    async def slow(self: FeedReader, *args: Any) -> Any:
        answer = await read(self, *args)
        if args[-1] is Priority.HISTORY:
            is_read.set()
            await may_be_stored.wait()
        return answer

    monkeypatch.setattr(FeedReader, "async_read", slow)
    home.sites[0].history.start_night()
    await home.until(is_read.is_set)
    before = (await hourly_changes(home))[AMOUNT][start]
    await is_away(home)
    may_be_stored.set()
    await home.settle()
    assert (await hourly_changes(home))[AMOUNT][start] == pytest.approx(3 * before)
    await is_back(home)
    stored, said = await hourly_changes(home), climkit_hours(home, dt_util.utcnow())
    assert stored[COST] == pytest.approx({h: 0.2 * kwh for h, kwh in said[AMOUNT].items()})


async def test_price_that_was_told_meanwhile(home: Home) -> None:
    """A sensor's mean comes after days, is copied for the others, and is not new any more."""
    await home.hass.config.async_update(currency="CHF")
    await home.set_up_completely()
    sensor, late = PriceSensor(home.hass), BEGIN + 3 * HOUR
    means = means_between(BEGIN, NOW, varying)
    await sensor.compile({hour: mean for hour, mean in means.items() if hour != late})
    add_tariff(home, tariff(SITE_ID, "2026-01-01", sensor=sensor.key, solar_share=80.0))
    await home.settle()
    assert late not in (await hourly_changes(home))[COST]
    await is_away(home)
    await home.settle()
    await sensor.compile({late: means[late]})
    home.sites[0].costs.start_night()
    await home.settle()
    await is_back(home)
    stored, said = await hourly_changes(home), climkit_hours(home, dt_util.utcnow())
    expected = {h: 0.8 * means[h] * kwh for h, kwh in said[AMOUNT].items() if h in means}
    assert late in expected
    assert stored[COST] == pytest.approx(expected, abs=1e-6)
