"""A meter that Climkit lists as another type counts something else: all of it is made anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import override

from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.statistics.recorder import async_known
from tests.conftest import Home
from tests.simulator.site import JsonObject, Rows, Viewer
from tests.small_site import FIRST, correct, without_pauses, world
from tests.stories.source import WATER_ID, Source
from tests.truth import climkit_hours, hourly_changes

__all__ = ["without_pauses", "world"]

pytestmark = pytest.mark.recorder

STATISTIC = f"climkit:{WATER_ID}_total"


@dataclass(kw_only=True)
class Corrected(Source):
    """A site whose water meter turns out to be one of electricity, and always to have been."""

    is_corrected: bool = False

    @override
    def meter_info(self) -> list[JsonObject]:
        return [meter | {"type": self.type_of(str(meter["id"]))} for meter in super().meter_info()]

    @override
    def type_of(self, meter_id: str) -> str | None:
        return "electricity" if self.is_corrected else super().type_of(meter_id)

    @override
    def columns(self, meter_id: str) -> Mapping[str, str] | None:
        is_water = self.is_corrected and meter_id == WATER_ID
        return {"total": f"total_{WATER_ID}"} if is_water else super().columns(meter_id)

    @override
    def rows(self, meter_type: str, start: int, end: int, viewer: Viewer) -> Rows:
        found = super().rows(meter_type, start, end, viewer)
        if not self.is_corrected:
            return found
        if meter_type != "electricity":
            return {}
        return {at: row | {f"total_{WATER_ID}": row["conso_total"]} for at, row in found.items()}


@pytest.fixture
def source() -> Corrected:
    """Electricity and water since two weeks."""
    return Corrected(first=FIRST - timedelta(days=11), has_water=True)


@pytest.mark.parametrize("is_off", [False, True], ids=["running", "off"])
async def test_all_is_made_anew(home: Home, source: Corrected, is_off: bool) -> None:
    """At the next list, and soon after it: unit, entities, and each hour that is stored."""
    await home.set_up_completely()
    assert home.state(f"{WATER_ID}_total").attributes["unit_of_measurement"] == "m³"
    await correct(home, lambda: setattr(source, "is_corrected", True), is_off=is_off)
    assert home.state(f"{WATER_ID}_total").attributes["unit_of_measurement"] == "kWh"
    _, unit = (await async_known(home.hass))[STATISTIC]
    assert unit == "kWh"
    stored, said = await hourly_changes(home), climkit_hours(home, dt_util.utcnow())
    assert len(said[STATISTIC]) > 14 * 24
    assert stored[STATISTIC] == pytest.approx(said[STATISTIC])
