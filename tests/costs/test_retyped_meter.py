"""A meter turns out to be of another type: all its hours cost what its new type costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, override
from unittest.mock import patch

from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.costs import site_costs, state as cost_state
from tests.conftest import Home
from tests.costs.bill import add_tariff, tariff
from tests.simulator.site import JsonObject, Rows, Viewer
from tests.small_site import FIRST, correct, without_pauses, world
from tests.stories.source import ELECTRICITY, METER_COLUMNS, METER_ID, SITE_ID, WATER_ID, Source
from tests.truth import climkit_hours, hourly_changes

__all__ = ["without_pauses", "world"]

pytestmark = pytest.mark.recorder


@dataclass(kw_only=True)
class Corrected(Source):
    """A site whose cold water was hot water all along, and whose flat may be a charge point."""

    is_hot: bool = False
    is_charge_point: bool = False

    @override
    def meter_info(self) -> list[JsonObject]:
        meters = [one | {"type": self.type_of(str(one["id"]))} for one in super().meter_info()]
        return [one for one in meters if one["type"] != "charge_point"]  # no list has these

    @override
    def type_of(self, meter_id: str) -> str | None:
        if meter_id == METER_ID:
            return "charge_point" if self.is_charge_point else "electricity"
        return "hot_water" if self.is_hot else "cold_water"

    @override
    def columns(self, meter_id: str) -> Mapping[str, str] | None:
        return METER_COLUMNS if meter_id == METER_ID else super().columns(meter_id)

    @override
    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        if meter_type in ("hot_water", "cold_water"):
            is_there = meter_type == self.type_of(WATER_ID)
            return super().rows("cold_water", start, end, viewer) if is_there else {}
        of_flat = set(METER_COLUMNS.values())
        columns = set(ELECTRICITY) - of_flat if meter_type == "electricity" else set()
        columns |= of_flat if meter_type == self.type_of(METER_ID) else set()
        found = super().rows("electricity", start, end, viewer) if columns else {}
        told = {at: {key: row[key] for key in columns & row.keys()} for at, row in found.items()}
        return {at: row for at, row in told.items() if row}


@pytest.fixture
def source() -> Corrected:
    """Electricity and water since two weeks."""
    return Corrected(first=FIRST - timedelta(days=11), has_water=True)


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page computes all that it touches; two weeks of short ones are as a year."""
    monkeypatch.setattr(cost_state, "LONGEST_PAGE", timedelta(days=1))


async def assert_cost(home: Home, statistic_id: str, price: float) -> None:
    """Every hour that Climkit tells of costs this."""
    stored, said = await hourly_changes(home), climkit_hours(home, dt_util.utcnow())
    expected = {hour: amount * price for hour, amount in said[statistic_id].items()}
    assert len(expected) > 13 * 24
    assert stored[f"{statistic_id}_cost"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("is_off", [False, True], ids=["running", "off"])
async def test_listed_as_another_type(home: Home, source: Corrected, is_off: bool) -> None:
    """Its amounts stay what they were, so nobody writes them and only prices differ."""
    await home.set_up_completely()
    add_tariff(home, tariff(SITE_ID, "2026-01-01", cold_water_price=2, hot_water_price=8))
    await home.settle()
    await assert_cost(home, f"climkit:{WATER_ID}_total", 2)
    await correct(home, lambda: setattr(source, "is_hot", True), is_off=is_off)
    await assert_cost(home, f"climkit:{WATER_ID}_total", 8)


async def test_told_of_as_another_type(home: Home, source: Corrected) -> None:
    """The list lacks it, and another answer has its columns: nothing is loaded anew."""
    await home.set_up_completely()
    add_tariff(home, tariff(SITE_ID, "2026-01-01", solar_price=0.2, charge_point_price=0.5))
    await home.settle()
    await assert_cost(home, f"climkit:{METER_ID}_self", 0.2)
    coordinator = home.sites[0].coordinator
    source.is_charge_point = True
    await home.turn_clock(hours=25)
    await home.turn_clock(minutes=15)
    await home.complete()
    assert home.sites[0].coordinator is coordinator
    assert home.sites[0].meters[METER_ID].type == "charge_point"
    await assert_cost(home, f"climkit:{METER_ID}_self", 0.5)


async def test_memory_of_release_0_1_0(home: Home, hass_storage: dict[str, Any]) -> None:
    """It names no type and no zone, and is believed: an update computes only what is new."""
    await home.set_up_completely()
    add_tariff(home, tariff(SITE_ID, "2026-01-01", cold_water_price=2))
    await home.settle()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    [memory] = (one for one in hass_storage.values() if SITE_ID in one["data"])
    for key in ("meter_types", "zone"):
        assert memory["data"][SITE_ID]["costs"].pop(key)
    with patch.object(site_costs, "async_compute", wraps=site_costs.async_compute) as compute:
        await home.set_up_completely()
    newest = max((await hourly_changes(home))[f"climkit:{WATER_ID}_total_cost"])
    computed = [call.args[1].range.start for call in compute.call_args_list]
    assert min(computed) >= newest - timedelta(days=2)
    await assert_cost(home, f"climkit:{WATER_ID}_total", 2)
