"""A home goes on with the file that release 0.1.0 wrote of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.climkit.api import INTERVAL, Interval
from custom_components.climkit.const import DOMAIN
from custom_components.climkit.feeds.plausibility import Column
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.store.migration import from_first_release
from custom_components.climkit.store.records import Backfill, SiteRecord
from tests.conftest import NOW, Home
from tests.costs.bill import add_tariff, tariff
from tests.simulator import World
from tests.small_site import without_pauses
from tests.stories.source import METER_ID, SITE_ID, Source

__all__ = ["without_pauses"]

pytestmark = [pytest.mark.recorder, pytest.mark.each_database]

FILE = Path(__file__).parent / "release_0_1_0.json"
FIRST = NOW.replace(minute=0) - timedelta(days=38)
TOTAL = Column("electricity", METER_ID, "total")


@pytest.fixture
def world() -> World:
    """Some days of history are old enough for the nights' sweep."""
    return World.of(Source(first=FIRST, has_export=False))


def exceed(home: Home, number: int) -> None:
    """Let Climkit say of a quarter-hour what no meter can have measured."""
    start = FIRST + number * INTERVAL
    row = Interval(start=start, end=start + INTERVAL, values={f"total_{METER_ID}": 1e6})
    home.sites[0].plausibility.filter(Feed(SITE_ID, "electricity"), [row])


async def test_file(
    home: Home, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """All of it is remembered: as if this release had written it, and nothing is read again."""
    await home.set_up_completely()
    prices = {"grid_price": 0.3, "solar_price": 0.2, "cold_water_price": 2.0}
    stored = tariff(SITE_ID, "2026-11-01", **prices)
    del stored["season"]  # that release did not know any
    add_tariff(home, stored)
    await home.settle()
    await home.turn_clock(hours=20)
    plausibility = home.sites[0].plausibility
    exceed(home, 0)
    plausibility.reject(TOTAL)
    exceed(home, 1)
    plausibility.set_limit(Column("electricity", "", "conso_total"), 5000.0)
    before = home.sites[0].record
    await home.hass.config_entries.async_unload(home.entry.entry_id)

    remembered = json.loads(FILE.read_text(encoding="utf-8"))
    for key, one in remembered["data"][SITE_ID]["costs"]["stored"].items():
        one["sum"] = before.costs.stored[key].last.total  # that release rounded it, as its rows
    hass_storage[f"{DOMAIN}.{home.entry.entry_id}"] = remembered
    await home.begin()
    after = home.sites[0].record
    assert after is not before
    # Months it did not know: the nights read them again.
    peaks = [replace(one.peaks, months={}) for one in (before, after)]
    assert peaks[0] == peaks[1]
    rest = replace(after, series={}, costs=before.costs, peaks=before.peaks)
    assert rest == replace(before, series={})
    assert after.series.keys() == before.series.keys()
    for statistic_id, one in after.series.items():
        known = before.series[statistic_id]
        assert (one.since, one.until, one.complete) == (known.since, known.until, known.complete)
        assert one.extent == known.extent or (one.extent and one.extent.equals(known.extent))
    await home.until(lambda: home.sites[0].costs.progress is not None)  # what it knows is loaded
    assert after.costs.tariffs == before.costs.tariffs
    assert after.costs.dirty.keys() == before.costs.dirty.keys()
    assert after.costs.stored.keys() == before.costs.stored.keys()
    assert "not understood" not in caplog.text
    assert "not those that were stored" not in caplog.text


def test_backfill() -> None:
    """What was still to be read before the stored rows goes on where it was."""
    data = json.loads(FILE.read_text(encoding="utf-8"))["data"]
    [(site_id, site)] = data.items()
    key, one = next(iter(site["series"].items()))
    one["earlier"] = {"start": "2026-01-01T00:00:00+00:00", "begin": "2026-03-01T00:00:00+00:00"}
    migrated, lost = from_first_release(data), list[str]()
    assert isinstance(migrated, dict)
    record = SiteRecord.from_dict(migrated[site_id], lost)
    assert not lost
    assert record.series[key].backfill == Backfill(
        start=datetime(2026, 1, 1, tzinfo=UTC),
        position=datetime(2026, 3, 1, tzinfo=UTC),
        end=datetime(2026, 10, 13, 3, tzinfo=UTC),
    )
