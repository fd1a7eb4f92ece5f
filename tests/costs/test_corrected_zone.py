"""Climkit corrects the time zone of a site: other hours are of the low tariff, and costs follow."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.costs import state as cost_state
from tests.conftest import Home
from tests.costs.bill import ZURICH, add_tariff, tariff
from tests.small_site import FIRST, without_pauses, world
from tests.stories.source import SITE_ID, Source
from tests.truth import climkit_hours, hourly_changes

__all__ = ["without_pauses", "world"]

pytestmark = pytest.mark.recorder

GRID = f"climkit:{SITE_ID}_electricity_from_ext"


@pytest.fixture
def source() -> Source:
    """A site of a week that Climkit says is in Helsinki."""
    return Source(first=FIRST - timedelta(days=4), zone=ZoneInfo("Europe/Helsinki"))


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page computes all that it touches, so a long one would mend by chance."""
    monkeypatch.setattr(cost_state, "LONGEST_PAGE", timedelta(days=1))


async def assert_priced(home: Home, is_low: Callable[[datetime], bool]) -> None:
    """Hours of the low tariff cost less."""
    stored, said = await hourly_changes(home), climkit_hours(home, dt_util.utcnow())
    expected = {at: kwh * (0.1 if is_low(at) else 0.3) for at, kwh in said[GRID].items()}
    assert stored[f"{GRID}_cost"] == pytest.approx(expected, abs=1e-4)


async def test_low_hours(home: Home, source: Source) -> None:
    """At the next start, also of hours long ago."""
    await home.set_up_completely()
    low = {"weekday": "0-6", "saturday": "0-6", "sunday": "0-6"}
    add_tariff(home, tariff(SITE_ID, "2026-01-01", grid_price=0.3, grid_price_low=0.1, **low))
    await home.settle()
    await assert_priced(home, lambda at: at.astimezone(source.zone).hour < 6)
    source.zone = ZURICH
    await home.restart()
    await home.complete()
    assert home.sites[0].coordinator.site.zone == ZURICH
    await assert_priced(home, lambda at: at.astimezone(ZURICH).hour < 6)
