"""What was used, each day or each month."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import re
from typing import Any, override

from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import CONF_SITE_TOTALS, DOMAIN
from tests.blueprints.using import (
    TELL,
    automate,
    colon,
    decimal,
    devices,
    kwh,
    ready_action,
    ready_texts,
    rename,
    told_by,
)
from tests.conftest import NOW, Home, account_entry
from tests.costs.bill import add_tariff, tariff
from tests.simulator import World, single_house
from tests.simulator.site import JsonObject
from tests.small_site import source, world
from tests.stories.source import METER_ID, SITE_ID, WATER_ID, Correction, Gap, Late, Source
from tests.truth import hourly_changes

__all__ = ["source", "world"]

HOUR = timedelta(hours=1)


async def report_of(
    home: Home, reports: list[Mapping[str, Any]], *chosen: str, **inputs: object
) -> Mapping[str, Any]:
    """What the automation tells at half past eleven of these devices."""
    what = {"devices": list(chosen), "at": "11:30:00", "what": TELL, **inputs}
    await automate(home, "consumption_report", **what)
    await home.turn_clock(to=NOW + HOUR)
    await home.until(lambda: bool(reports), seconds=20)
    [report] = reports
    return report


async def amount(home: Home, key: str, start: datetime, end: datetime) -> float:
    """What the Energy dashboard shows of a stretch."""
    hours = (await hourly_changes(home))[f"climkit:{key}"]
    return sum(amount for hour, amount in hours.items() if start <= hour < end)


@pytest.mark.parametrize(
    ("language", "title", "solar"),
    [
        ("de", "Verbrauch am 19.11.2026", "davon {} % Solarstrom"),
        ("en", "Consumption on 19.11.2026", "{}% of it solar"),
        ("fr", "Consommation du 19.11.2026", "dont {}\N{NO-BREAK SPACE}% de solaire"),
        ("it", "Consumo del giorno 19.11.2026", "di cui {} % solare"),
    ],
)
async def test_daily(
    home: Home, reports: list[Mapping[str, Any]], language: str, title: str, solar: str
) -> None:
    """A line for each: what was used yesterday and its solar share, as in the statistics."""
    await home.set_up_completely()
    rename(home, METER_ID, "Bei Anna")
    add_tariff(home, tariff(SITE_ID, "2026-01-01", grid_price=0.3, solar_price=0.2))
    await home.settle()
    report = await report_of(home, reports, *devices(home, METER_ID, WATER_ID), language=language)
    midnight = dt_util.start_of_local_day(NOW)
    day = (midnight - 24 * HOUR, midnight)
    energy, sunny, cost, water = [
        await amount(home, key, *day)
        for key in (
            f"{METER_ID}_total",
            f"{METER_ID}_self",
            f"{METER_ID}_total_cost",
            f"{WATER_ID}_total",
        )
    ]
    share = solar.replace("{}", f"{100 * sunny / energy:.0f}")
    assert report["title"] == title
    when, flat, tap = report["message"].split("\n")
    assert when == "19.11.2026"
    assert flat == f"Bei Anna{colon(language)}{kwh(language, energy)}, {share}, {cost:.2f} CHF"
    assert tap == f"Water{colon(language)}{decimal(language, water)} m³"


async def test_a_price_for_each_kw(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """What the highest quarter-hour of the month costs, no single day tells; its data is there."""
    await home.set_up_completely()
    fields = {"grid_price": 0.3, "solar_price": 0.2, "meter_power_price": 5.0}
    add_tariff(home, tariff(SITE_ID, "2026-01-01", **fields))
    await home.settle()
    report = await report_of(home, reports, *devices(home, METER_ID))
    line = r"Flat: [\d.]+ kWh, \d+% of it solar \(cost incomplete\)"
    assert re.fullmatch(rf"19.11.2026\n{line}", report["message"])


async def test_nothing_used(home: Home, source: Source, reports: list[Mapping[str, Any]]) -> None:
    """A day of holidays: zero is told as zero, and has no solar share."""
    midnight = dt_util.start_of_local_day(NOW)
    source.corrections = [Correction(midnight - 24 * HOUR, midnight, None, 0.0)]
    await home.set_up_completely()
    report = await report_of(home, reports, *devices(home, METER_ID, WATER_ID))
    assert report["message"].split("\n")[1:] == ["Flat: 0.0 kWh", "Water: 0 L"]


async def test_of_a_site(
    home: Home, reports: list[Mapping[str, Any]], shown: Mapping[str, Mapping[str, Any]]
) -> None:
    """The site as a whole, in one line; so does the notification that the form has ready."""
    await home.set_up_completely()
    what = [*TELL, *ready_action("consumption_report")]
    report = await report_of(home, reports, *devices(home, SITE_ID), what=what)
    await home.until(lambda: shown, seconds=20)
    assert told_by(shown) == [report]
    midnight = dt_util.start_of_local_day(NOW)
    used = f"{SITE_ID}_electricity_conso_total"
    energy = await amount(home, used, midnight - 24 * HOUR, midnight)
    assert re.fullmatch(rf"19.11.2026\nSource: {energy:.1f} kWh, .*", report["message"])


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("de", "noch keine Daten"),
        ("en", "no data yet"),
        ("fr", "pas encore de données"),
        ("it", "ancora nessun dato"),
    ],
)
async def test_without_data(
    home: Home,
    source: Source,
    reports: list[Mapping[str, Any]],
    language: str,
    says: str,
) -> None:
    """Absent is not zero."""
    midnight = dt_util.start_of_local_day(NOW)
    source.gaps = [Gap(midnight - 24 * HOUR, midnight)]
    await home.set_up_completely()
    report = await report_of(home, reports, *devices(home, METER_ID), language=language)
    assert report["message"].endswith(f"Flat{colon(language)}{says}")


TO_COME = {
    "de": "noch nicht vollständig",
    "en": "not complete yet",
    "fr": "pas encore complet",
    "it": "non ancora completo",
}
COST_LACKS = {
    "de": "Kosten unvollständig",
    "en": "cost incomplete",
    "fr": "coût incomplet",
    "it": "costo incompleto",
}
REMOVED = {
    "de": "Entferntes Gerät",
    "en": "Removed device",
    "fr": "Appareil supprimé",
    "it": "Dispositivo rimosso",
}
# What is said of a device that tells nothing.
NO_TOTALS = {
    "de": "die Summen des Gebäudes sind nicht gewählt",
    "en": "the totals of the building are turned off",
    "fr": "les totaux de l\N{RIGHT SINGLE QUOTATION MARK}immeuble sont désactivés",
    "it": "i totali dell\N{RIGHT SINGLE QUOTATION MARK}edificio sono disattivati",
}
NO_DATA = {"de": "keine Daten", "en": "no data", "fr": "pas de données", "it": "nessun dato"}


async def test_own_words(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """A person changes one of the ready texts and leaves the others."""
    await home.set_up_completely()
    texts = ready_texts("consumption_report", "de")
    texts |= {"day": "Unser Strom am", "solar": "{} % vom {{ 'Dach' }}"}
    report = await report_of(home, reports, *devices(home, METER_ID), language="de", de=texts)
    assert report["title"] == "Unser Strom am 19.11.2026"
    assert re.fullmatch(r"19.11.2026\nFlat: [\d.]+ kWh, \d+ % vom Dach", report["message"])


@pytest.mark.parametrize("language", TO_COME)
async def test_what_is_still_to_come(
    home: Home, source: Source, reports: list[Mapping[str, Any]], language: str
) -> None:
    """A part of the day is told as a part."""
    midnight = dt_util.start_of_local_day(NOW)
    source.late = [Late(midnight - 3 * HOUR, NOW + 24 * HOUR, NOW + 24 * HOUR)]
    await home.set_up_completely()
    report = await report_of(home, reports, *devices(home, METER_ID), language=language)
    line = rf"Flat{colon(language)}[\d.,]+ kWh, .* \({TO_COME[language]}\)"
    assert re.fullmatch(rf"19.11.2026\n{line}", report["message"])


@pytest.mark.parametrize("language", NO_DATA)
async def test_device_without_a_statement(
    home: Home, reports: list[Mapping[str, Any]], language: str
) -> None:
    """One that was removed, or is not loaded, costs its own line only."""
    await home.set_up_completely()
    other = account_entry(home.simulator.url, "somebody")
    other.add_to_hass(home.hass)
    device = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={(DOMAIN, "6a01")}, name="At my parents"
    )
    [flat] = devices(home, METER_ID)
    report = await report_of(home, reports, "gone", device.id, flat, language=language)
    removed, unloaded, known = report["message"].split("\n")[-3:]
    nothing = f"{colon(language)}{NO_DATA[language]}"
    assert removed == f"{REMOVED[language]}{nothing}"
    assert unloaded == f"At my parents{nothing}"
    assert " kWh" in known


@pytest.mark.parametrize("language", NO_DATA)
async def test_site_without_totals(
    home: Home, reports: list[Mapping[str, Any]], language: str
) -> None:
    """What its meters used is not what the building used."""
    await home.set_up_completely()
    await home.choose(**{CONF_SITE_TOTALS: False})
    await home.complete()
    report = await report_of(home, reports, *devices(home, SITE_ID), language=language)
    line = report["message"].split("\n")[-1]
    assert line == f"{home.sites[0].site.name}{colon(language)}{NO_TOTALS[language]}"


async def test_nothing_at_all(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Somebody who counts on the report is told that there is none."""
    await home.set_up_completely()
    chosen = devices(home, METER_ID)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    report = await report_of(home, reports, *chosen)
    assert report["message"].endswith("Flat: no data")


class SinceFirst(Source):
    """An installation that lacks no hour."""

    @override
    def info(self) -> JsonObject:
        return super().info() | {"creation_date": self.first.isoformat()}


class TestMonthly:
    """On the first day of a month only."""

    @pytest.fixture
    def now(self) -> datetime:
        """The last day of a month, in the morning."""
        return NOW.replace(month=11, day=30)

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A flat with five days of data."""
        return World.of(SinceFirst(first=now.replace(hour=0, minute=0) - 120 * HOUR))

    @pytest.mark.parametrize(
        ("language", "title"),
        [
            ("de", "Verbrauch im November 2026"),
            ("en", "Consumption in November 2026"),
            ("fr", "Consommation en novembre 2026"),
            ("it", "Consumo di novembre 2026"),
        ],
    )
    async def test_monthly(
        self, home: Home, reports: list[Mapping[str, Any]], language: str, title: str
    ) -> None:
        """The month that has ended."""
        await home.set_up_completely()
        what = {"period": "month", "at": "11:30:00", "what": TELL, "language": language}
        await automate(home, "consumption_report", devices=devices(home, METER_ID), **what)
        await home.turn_clock(hours=1)
        assert not reports
        await home.turn_clock(hours=20)
        await home.turn_clock(hours=5)
        await home.until(lambda: bool(reports), seconds=20)
        first = dt_util.start_of_local_day(NOW.replace(month=11, day=1))
        last = dt_util.start_of_local_day(NOW.replace(month=12, day=1))
        hours = (await hourly_changes(home))[f"climkit:{METER_ID}_total"]
        energy = sum(amount for hour, amount in hours.items() if first <= hour < last)
        [report] = reports
        assert report["title"] == title
        when, line = report["message"].split("\n")
        assert title.endswith(f" {when}")
        assert line.startswith(f"Flat{colon(language)}{kwh(language, energy)}, ")

    @pytest.mark.parametrize("language", COST_LACKS)
    async def test_tariff_of_a_part(
        self, home: Home, reports: list[Mapping[str, Any]], language: str
    ) -> None:
        """What a part of the month cost is not told as what the month cost."""
        await home.set_up_completely()
        add_tariff(home, tariff(SITE_ID, "2026-11-29", grid_price=0.3, solar_price=0.2))
        await home.settle()
        what = {"period": "month", "at": "11:30:00", "what": TELL, "language": language}
        await automate(home, "consumption_report", devices=devices(home, METER_ID), **what)
        for hours in (1, 20, 5):
            await home.turn_clock(hours=hours)
        await home.until(lambda: bool(reports), seconds=20)
        [report] = reports
        assert report["message"].endswith(f" CHF ({COST_LACKS[language]})")


class TestFlatOfAHouse:
    """A flat of which Climkit says too what came from the grid."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A house with three days of data."""
        return World.of(replace(single_house(1, now, timedelta(days=8)), faultless=True))

    async def test_energy_is_told_once(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """The whole and its solar share say what the grid gave."""
        await home.set_up_completely()
        [flat] = [one.id for one in home.sites[0].meters.values() if one.mode == "consumption"]
        report = await report_of(home, reports, *devices(home, flat))
        _, line = report["message"].split("\n")
        assert re.fullmatch(r"[^:]+: \d+\.\d kWh, \d+% of it solar", line)
