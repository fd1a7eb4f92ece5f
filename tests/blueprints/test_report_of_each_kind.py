"""What the consumption report says of each kind of device, in four languages."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import re
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import device_registry as dr
import pytest

from tests.blueprints.using import TELL, automate, colon, kwh
from tests.conftest import NOW, Home
from tests.simulator import World
from tests.simulator.houses import apartment_house

YESTERDAY = {"from": "2026-11-19", "to": "2026-11-19"}
NO_DATA = {"de": "keine Daten", "en": "no data", "fr": "pas de données", "it": "nessun dato"}
NOT_STATED = {"de": "keine Angabe", "en": "not stated", "fr": "non indiqué", "it": "non indicato"}
SOLAR = {
    "de": "davon {:.0f} % Solarstrom",
    "en": "{:.0f}% of it solar",
    "fr": "dont {:.0f}\N{NO-BREAK SPACE}% de solaire",
    "it": "di cui {:.0f} % solare",
}
GRID = {
    "de": ("Netzbezug", "Einspeisung"),
    "en": ("grid import", "grid export"),
    "fr": ("soutirage", "injection"),
    "it": ("prelievo", "immissione"),
}
PRODUCTION = {"de": "Produktion", "en": "production", "fr": "production", "it": "produzione"}
OF_THE_SITE = {
    "de": ("Kaltwasser", "Warmwasser", "Heizung", "Kühlung"),
    "en": ("cold water", "hot water", "heating", "cooling"),
    "fr": ("eau froide", "eau chaude", "chauffage", "refroidissement"),
    "it": ("acqua fredda", "acqua calda", "riscaldamento", "raffrescamento"),
}


@pytest.fixture
def world(now: datetime) -> World:
    """A building with a meter of each kind."""
    building = apartment_house(1, now, timedelta(days=24), flats=1)
    return World.of(replace(building, faultless=True))


async def stated(home: Home, device_id: str) -> Mapping[str, Any]:
    """The row of a device itself."""
    answer = await home.hass.services.async_call(
        "climkit",
        "get_statement",
        {"device_id": device_id, **YESTERDAY},
        blocking=True,
        return_response=True,
    )
    row: Mapping[str, Any] = answer["rows"][0]
    return row


@pytest.mark.parametrize("language", SOLAR)
async def test_each_kind(home: Home, reports: list[Mapping[str, Any]], language: str) -> None:
    """Grid connection, PV and consumers say what they measured, and water what fits a day."""
    await home.set_up_completely()
    registry = dr.async_get(home.hass)
    chosen = {
        one.name: one.id for one in dr.async_entries_for_config_entry(registry, home.entry.entry_id)
    }
    what = {"devices": list(chosen.values()), "at": "15:30:00", "what": TELL}
    await automate(home, "consumption_report", language=language, **what)
    await home.turn_clock(to=NOW + timedelta(hours=5))
    await home.until(lambda: bool(reports), seconds=20)
    [report] = reports
    lines = re.findall(rf"^(.+?){colon(language)}(.+)$", report["message"], re.MULTILINE)
    said = dict(lines)
    rows = {
        name: await stated(home, device_id)
        for name, device_id in chosen.items()
        if said[name] != NO_DATA[language]
    }

    bought, sold = GRID[language]
    grid = rows["Introduction"]
    assert said["Introduction"] == (
        f"{bought} {kwh(language, grid['grid_kwh'])}, {sold} {kwh(language, grid['exported_kwh'])}"
    )
    made = f"{PRODUCTION[language]} {kwh(language, rows['PV roof']['produced_kwh'])}"
    assert said["PV roof"] == made
    for name in ("Flat 1", "Heat pump", "Charge point 0009", "Charge point 000a"):
        share = 100 * rows[name]["solar_kwh"] / rows[name]["total_kwh"]
        used = f"{kwh(language, rows[name]['total_kwh'])}"
        assert said[name] == f"{used}, {SOLAR[language].format(share)}"
    assert said["Battery"] == NOT_STATED[language]
    heat, water = rows["Heating flat 1"], rows["Cold water flat 1"]
    assert said["Heating flat 1"] == f"{kwh(language, heat['heating_kwh'])}"
    assert said["Cold water flat 1"] == f"{1000 * water['cold_water_m3']:.0f} L"
    assert said["Outdoor"] == NO_DATA[language]

    site = rows["Les Tilleuls"]
    cold, hot, warm, cool = OF_THE_SITE[language]
    share = 100 * site["solar_kwh"] / site["total_kwh"]
    assert said["Les Tilleuls"].split(", ") == [
        f"{kwh(language, site['total_kwh'])}",
        SOLAR[language].format(share),
        made,
        f"{sold} {kwh(language, site['exported_kwh'])}",
        f"{cold} {1000 * site['cold_water_m3']:.0f} L",
        f"{hot} {1000 * site['hot_water_m3']:.0f} L",
        f"{warm} {kwh(language, site['heating_kwh'])}",
        f"{cool} {kwh(language, site['cooling_kwh'])}",
    ]


@pytest.mark.parametrize(
    ("cubic_meters", "says"), [(0.999, "999 L"), (1.0, "1.0 m³"), (12.34, "12.3 m³")]
)
async def test_amount_of_water(
    home: Home, reports: list[Mapping[str, Any]], cubic_meters: float, says: str
) -> None:
    """In liters below a cubic meter."""
    await home.set_up()
    registry, water = dr.async_get(home.hass), "Cold water flat 1"
    entries = dr.async_entries_for_config_entry(registry, home.entry.entry_id)
    device = next(one for one in entries if one.name == water)
    [(_, meter_id)] = device.identifiers

    async def answer(_call: ServiceCall) -> ServiceResponse:
        row = {"id": meter_id, "type": "cold_water", "cold_water_m3": cubic_meters}
        return {"rows": [{**row, "complete": True, "reasons": []}]}

    home.hass.services.async_register(
        "climkit", "get_statement", answer, supports_response=SupportsResponse.ONLY
    )
    await automate(home, "consumption_report", devices=[device.id], at="15:30:00", what=TELL)
    await home.turn_clock(to=NOW + timedelta(hours=5))
    await home.until(lambda: bool(reports), seconds=20)
    assert reports[0]["message"].split("\n")[1] == f"{water}: {says}"
