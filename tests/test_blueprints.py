"""The blueprints, run by Home Assistant's own automations with entities and statistics of ours."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components import automation
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import models
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import ServiceCall
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml
import pytest

from custom_components.climkit.const import DOMAIN
from tests.conftest import NOW, Home
from tests.costs.bill import add_tariff, tariff
from tests.simulator import Fault, FaultKind, World
from tests.stories.source import METER_ID, SITE_ID, WATER_ID, Correction, Gap, Source
from tests.truth import hourly_changes

FOLDER = Path(__file__).parents[1] / "blueprints"
AUTOMATIONS = FOLDER / "automation" / "climkit"
CONSUMER = "input_boolean.boiler"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def config_folder(home: Home, tmp_path: Path) -> AsyncIterator[None]:
    """Put the blueprints where Home Assistant looks for a user's; end automations afterwards."""
    shutil.copytree(FOLDER, tmp_path / "blueprints")
    home.hass.config.config_dir = str(tmp_path)
    yield
    if home.hass.states.get("automation.it"):
        off = {"entity_id": "automation.it"}
        await home.hass.services.async_call(automation.DOMAIN, "turn_off", off, blocking=True)


@pytest.fixture
def reports(home: Home) -> list[dict[str, Any]]:
    """What the automations tell somebody."""
    found: list[dict[str, Any]] = []

    def note(call: ServiceCall) -> None:
        found.append(dict(call.data))

    home.hass.services.async_register("test", "tell", note)
    return found


TELL = [{"action": "test.tell", "data": {"title": "{{ title }}", "message": "{{ message }}"}}]


async def automate(home: Home, blueprint: str, **inputs: object) -> None:
    """Set up an automation from a blueprint."""
    use = {"path": f"climkit/{blueprint}.yaml", "input": inputs}
    config = {"automation": {"id": "it", "alias": "It", "use_blueprint": use}}
    assert await async_setup_component(home.hass, automation.DOMAIN, config)
    await home.hass.async_block_till_done()
    assert home.hass.states.get("automation.it")
    assert home.hass.states.is_state("automation.it", STATE_ON)


@pytest.mark.parametrize("path", sorted(AUTOMATIONS.iterdir()), ids=lambda path: path.stem)
def test_what_each_says(path: Path) -> None:
    """Each is valid, of this repository, and explains all that it asks."""
    blueprint = models.Blueprint(
        load_yaml(str(path)),
        expected_domain=automation.DOMAIN,
        path=path.name,
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    assert blueprint.name.startswith("Climkit: ")
    assert blueprint.metadata["source_url"].endswith(f"/blueprints/automation/climkit/{path.name}")
    assert blueprint.metadata["homeassistant"]["min_version"] == "2026.9.0"
    assert all(one["name"] and one["selector"] for one in blueprint.inputs.values())


class TestSolarSurplus:
    """A consumer is started while the house exports."""

    @pytest.fixture
    async def site_id(self, home: Home) -> str:
        """A house with a consumer that is off."""
        await home.set_up_completely()
        assert await async_setup_component(home.hass, "homeassistant", {})
        boiler = {"input_boolean": {"boiler": {"name": "Boiler"}}}
        assert await async_setup_component(home.hass, "input_boolean", boiler)
        return home.sites[0].site.id

    async def automate(self, home: Home, site_id: str) -> None:
        """As a user would."""
        await automate(
            home,
            "solar_surplus",
            grid_power=home.entity_id(f"{site_id}_net_grid_power"),
            consumer=CONSUMER,
            start_above=1500,
            stop_above=300,
            minimum_run=45,
            minimum_pause=30,
        )

    async def quarter(self, home: Home, site_id: str, *, export: float, grid: float) -> None:
        """A quarter-hour with these powers in W, and the look after it."""
        start = dt_util.utcnow().replace(minute=dt_util.utcnow().minute // 15 * 15)
        for column, power in (("to_ext", export), ("from_ext", grid)):
            home.simulator.world.revise(
                site_id, column, start, start + HOUR / 4, value=power / 4000
            )
        await home.turn_clock(minutes=15)

    def is_on(self, home: Home) -> bool:
        """Whether the consumer runs."""
        return home.hass.states.is_state(CONSUMER, STATE_ON)

    async def test_hysteresis(self, home: Home, site_id: str) -> None:
        """Started by a clear surplus, stopped only by import, and each for a while."""
        await self.automate(home, site_id)
        for _ in range(3):  # so that the pause is over
            await self.quarter(home, site_id, export=1400, grid=0)
        assert home.hass.states.is_state(CONSUMER, STATE_OFF)
        await self.quarter(home, site_id, export=2000, grid=0)
        assert self.is_on(home)
        await self.quarter(home, site_id, export=0, grid=900)
        assert self.is_on(home), "it shall run 45 minutes"
        await self.quarter(home, site_id, export=100, grid=200)
        await self.quarter(home, site_id, export=0, grid=200)
        assert self.is_on(home), "a little import does not matter"
        await self.quarter(home, site_id, export=0, grid=900)
        assert not self.is_on(home)
        await self.quarter(home, site_id, export=5000, grid=0)
        assert not self.is_on(home), "it shall rest 30 minutes"
        await self.quarter(home, site_id, export=5000, grid=0)
        await self.quarter(home, site_id, export=5000, grid=0)
        assert self.is_on(home)

    async def test_without_data(self, home: Home, site_id: str) -> None:
        """Nothing runs on what nobody knows."""
        await self.automate(home, site_id)
        for _ in range(3):
            await self.quarter(home, site_id, export=5000, grid=0)
        assert self.is_on(home)
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        for _ in range(6):
            await home.turn_clock(minutes=15)
        assert not self.is_on(home)


def devices(home: Home, *climkit_ids: str) -> list[str]:
    """What a person chooses in a device picker."""
    registry = dr.async_get(home.hass)
    entry_id = home.entry.entry_id
    found = [
        registry.async_get_device_by_identifier((DOMAIN, climkit_id), entry_id)
        for climkit_id in climkit_ids
    ]
    return [device.id for device in found if device]


def rename(home: Home, climkit_id: str, name: str) -> None:
    """Give a device a name of one's own."""
    [device_id] = devices(home, climkit_id)
    dr.async_get(home.hass).async_update_device(device_id, name_by_user=name)


class OfAFlat:
    """Tests of a small site."""

    @pytest.fixture
    def source(self) -> Source:
        """A flat and a meter of water with three days of data."""
        return Source(first=NOW.replace(hour=0, minute=0) - 72 * HOUR, has_water=True)

    @pytest.fixture
    def world(self, source: Source) -> World:
        """Only that."""
        return World.of(source)


class TestConsumptionReport(OfAFlat):
    """What was used, each day or each month."""

    async def report(self, home: Home, *climkit_ids: str, **inputs: str) -> None:
        """Let the automation tell somebody of these meters at half past eleven."""
        chosen = devices(home, *climkit_ids)
        assert len(chosen) == len(climkit_ids)
        what = {"devices": chosen, "at": "11:30:00", "what": TELL}
        await automate(home, "consumption_report", **what, **inputs)

    async def amount(self, home: Home, key: str, start: datetime, end: datetime) -> float:
        """What the Energy dashboard shows of a stretch."""
        hours = (await hourly_changes(home))[f"climkit:{key}"]
        return sum(amount for hour, amount in hours.items() if start <= hour < end)

    @pytest.mark.parametrize(
        ("language", "title", "solar"),
        [
            ("de", "Verbrauch am 19.11.2026", "davon {} % Solarstrom"),
            ("en", "Consumption on 19.11.2026", "{} % of it solar"),
            ("fr", "Consommation du 19.11.2026", "dont {} % de solaire"),
            ("it", "Consumo del 19.11.2026", "di cui {} % solare"),
        ],
    )
    async def test_daily(
        self, home: Home, reports: list[Mapping[str, Any]], language: str, title: str, solar: str
    ) -> None:
        """A line for each: what was used yesterday and its solar share, as in the statistics."""
        await home.set_up_completely()
        rename(home, METER_ID, "Bei Anna")
        add_tariff(home, tariff(SITE_ID, "2026-01-01", grid_price=0.3, solar_price=0.2))
        await home.settle()
        await self.report(home, METER_ID, WATER_ID, language=language)
        await home.turn_clock(to=NOW + HOUR)
        await home.until(lambda: bool(reports))
        midnight = dt_util.start_of_local_day(NOW)
        day = (midnight - 24 * HOUR, midnight)
        energy, sunny, cost, water = [
            await self.amount(home, key, *day)
            for key in (
                f"{METER_ID}_total",
                f"{METER_ID}_self",
                f"{METER_ID}_total_cost",
                f"{WATER_ID}_total",
            )
        ]
        share = solar.replace("{}", f"{100 * sunny / energy:.0f}")
        [report] = reports
        assert report["title"] == title
        flat, tap = report["message"].split("\n")
        assert flat == f"Bei Anna: {energy:.1f} kWh, {share}, {cost:.2f} CHF"
        assert tap.endswith(f": {water:.1f} m³")

    async def test_of_a_site(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """The site as a whole, in one line."""
        await home.set_up_completely()
        await self.report(home, SITE_ID)
        await home.turn_clock(to=NOW + HOUR)
        await home.until(lambda: bool(reports))
        midnight = dt_util.start_of_local_day(NOW)
        used = f"{SITE_ID}_electricity_conso_total"
        energy = await self.amount(home, used, midnight - 24 * HOUR, midnight)
        [report] = reports
        assert f": {energy:.1f} kWh" in report["message"]
        assert "\n" not in report["message"]

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
        self,
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
        await self.report(home, METER_ID, language=language)
        await home.turn_clock(to=NOW + HOUR)
        await home.until(lambda: bool(reports))
        [report] = reports
        assert report["message"].endswith(f": {says}")

    class TestMonthly:
        """On the first day of a month only."""

        @pytest.fixture
        def now(self) -> datetime:
            """The last day of a month, in the morning."""
            return NOW.replace(month=11, day=30)

        @pytest.fixture
        def world(self, now: datetime) -> World:
            """A flat with five days of data."""
            return World.of(Source(first=now.replace(hour=0, minute=0) - 120 * HOUR))

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
            await home.until(lambda: bool(reports))
            first = dt_util.start_of_local_day(NOW.replace(month=11, day=1))
            last = dt_util.start_of_local_day(NOW.replace(month=12, day=1))
            hours = (await hourly_changes(home))[f"climkit:{METER_ID}_total"]
            energy = sum(amount for hour, amount in hours.items() if first <= hour < last)
            [report] = reports
            assert report["title"] == title
            assert f": {energy:.1f} kWh, " in report["message"]


class TestWaterAtNight(OfAFlat):
    """Water that flows all night."""

    async def look(self, home: Home, **inputs: object) -> None:
        """Let the automation look at yesterday's night."""
        await home.set_up_completely()
        await automate(
            home,
            "water_at_night",
            devices=devices(home, WATER_ID),
            at="11:30:00",
            what=TELL,
            **inputs,
        )
        await home.turn_clock(to=NOW + HOUR)
        await home.settle()

    async def test_leak(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """Told, with the smallest amount of an hour."""
        await self.look(home, liters=1)
        [report] = reports
        midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
        hours = (await hourly_changes(home))[f"climkit:{WATER_ID}_total"]
        least = min(1000 * hours[midnight + n * HOUR] for n in range(1, 5))
        assert report["title"] == "Water ran all night until 19.11.2026"
        assert f": at least {least:.1f} liters in each hour from 1 to 5 " in report["message"]
        assert report["message"].endswith("is a toilet running, is a pipe leaking?")

    @pytest.mark.parametrize(
        ("language", "title", "says"),
        [
            ("de", "In der Nacht auf den 19.11.2026 lief", "Liter in jeder Stunde von 1 bis 5 Uhr"),
            (
                "fr",
                "L\N{RIGHT SINGLE QUOTATION MARK}eau a coulé toute la nuit",
                "litres à chaque heure de 1 h à 5 h",
            ),
            (
                "it",
                "L\N{RIGHT SINGLE QUOTATION MARK}acqua è scorsa tutta la notte",
                "litri in ogni ora dalle 1 alle 5",
            ),
        ],
    )
    async def test_languages(
        self,
        home: Home,
        reports: list[Mapping[str, Any]],
        language: str,
        title: str,
        says: str,
    ) -> None:
        """In the person's own."""
        await self.look(home, liters=1, language=language)
        [report] = reports
        assert report["title"].startswith(title)
        assert says in report["message"]

    async def test_many(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """Each by itself: who has none is not told of; a line for each that has."""
        await home.set_up_completely()
        rename(home, WATER_ID, "Bad")
        both = devices(home, WATER_ID, METER_ID)
        await automate(home, "water_at_night", devices=both, liters=5000, at="11:30:00", what=TELL)
        midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
        hours = (await hourly_changes(home))[f"climkit:{METER_ID}_total"]
        is_told = min(1000 * hours[midnight + n * HOUR] for n in range(1, 5)) >= 5000
        await home.turn_clock(to=NOW + HOUR)
        await home.settle()
        names = [line.split(":")[0] for one in reports for line in one["message"].split("\n")]
        assert "Bad" not in names
        assert bool(names) == is_told

    @pytest.mark.parametrize(("begin", "end"), [(22, 5), (23, 0), (5, 5), (0, 23)])
    async def test_any_window(
        self, home: Home, begin: int, end: int, reports: list[Mapping[str, Any]]
    ) -> None:
        """A night that begins before midnight is the one that ended yesterday."""
        await self.look(home, liters=1, from_hour=begin, to_hour=end)
        [report] = reports
        midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
        hours = (await hourly_changes(home))[f"climkit:{WATER_ID}_total"]
        first = begin if begin < end else begin - 24
        least = min(1000 * hours[midnight + n * HOUR] for n in range(first, end))
        assert f"at least {least:.1f} liters" in report["message"]

    async def test_evening_without_data(
        self, home: Home, source: Source, reports: list[Mapping[str, Any]]
    ) -> None:
        """The hours before midnight count."""
        midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
        source.gaps = [Gap(midnight - HOUR, midnight)]
        await self.look(home, liters=1, from_hour=22, to_hour=5)
        assert not reports

    async def test_spread(
        self, home: Home, source: Source, reports: list[Mapping[str, Any]]
    ) -> None:
        """A day whose hours are all the same says nothing, be it the one before midnight."""
        midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
        source.corrections = [Correction(midnight - 24 * HOUR, midnight, None, 0.0)]
        await self.look(home, liters=1, from_hour=22, to_hour=5)
        assert not reports

    class TestClocksAreChanged:
        """A night of which an hour is missing, or there twice."""

        @pytest.fixture(params=["2026-03-29", "2026-10-25"])
        def now(self, request: pytest.FixtureRequest) -> datetime:
            """The day after."""
            day = datetime.fromisoformat(f"{request.param} 10:07:00+00:00")
            return day + timedelta(days=1)

        @pytest.fixture
        def world(self, now: datetime) -> World:
            """A meter of water with three days of data."""
            first = now.replace(hour=0, minute=0) - 72 * HOUR
            return World.of(Source(first=first, has_water=True))

        async def test_leak(
            self, home: Home, now: datetime, reports: list[Mapping[str, Any]]
        ) -> None:
            """All its hours are looked at."""
            await home.set_up_completely()
            inputs = {
                "from_hour": 22,
                "to_hour": 5,
                "liters": 1,
                "devices": devices(home, WATER_ID),
            }
            await automate(home, "water_at_night", at="13:30:00", what=TELL, **inputs)
            await home.turn_clock(to=now.replace(hour=13))
            await home.settle()
            [report] = reports
            midnight = dt_util.start_of_local_day(now) - 24 * HOUR
            begin = midnight.replace(hour=22) - timedelta(days=1)
            hours = (await hourly_changes(home))[f"climkit:{WATER_ID}_total"]
            night = [
                1000 * v for hour, v in hours.items() if begin <= hour < midnight.replace(hour=5)
            ]
            assert f"at least {min(night):.1f} liters" in report["message"]

    async def test_tight(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """Less than the limit in one hour is enough to stay quiet."""
        await self.look(home, liters=10_000)
        assert not reports

    async def test_no_data(
        self, home: Home, source: Source, reports: list[Mapping[str, Any]]
    ) -> None:
        """An hour that is missing is no hour without water."""
        midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
        source.gaps = [Gap(midnight + 2 * HOUR, midnight + 3 * HOUR)]
        await self.look(home, liters=1)
        assert not reports


class TestDataMissing:
    """Data stay away, and come back."""

    async def watch(self, home: Home, *, hours: int, language: str = "en") -> None:
        """As a user would, who turns the entity on first."""
        await home.set_up_completely()
        newest = f"{home.sites[0].site.id}_last_measurement"
        await home.enable(newest)
        entity_id = home.entity_id(newest)
        inputs = {"last_measurement": entity_id, "hours": hours, "language": language}
        await automate(home, "data_missing", **inputs, what=TELL)

    async def test_missing_and_back(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """Told once each."""
        await self.watch(home, hours=6)
        home.simulator.switches.latency = 3600 * 24 * 7
        for _ in range(7):
            await home.turn_clock(hours=1)
        assert [one["title"] for one in reports] == ["Climkit data is missing"]
        assert "20.11.2026, 11:00" in reports[0]["message"]
        home.simulator.switches.latency = 60
        await home.turn_clock(minutes=15)
        assert [one["title"] for one in reports][1:] == ["Climkit data is back"]

    async def test_reloads_and_restarts(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """Nobody is told that data are back that were not missing."""
        await self.watch(home, hours=6)
        for _ in range(3):
            await home.restart()
            await home.turn_clock(minutes=15)
        assert not reports
        home.simulator.switches.latency = 3600 * 24 * 7
        for _ in range(7):
            await home.turn_clock(hours=1)
        assert [one["title"] for one in reports] == ["Climkit data is missing"]
        home.simulator.switches.latency = 60
        await home.turn_clock(minutes=15)
        assert [one["title"] for one in reports][1:] == ["Climkit data is back"]
        for _ in range(2):
            await home.restart()
            await home.turn_clock(minutes=15)
        assert len(reports) == 2

    async def test_missing_again(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """Another time it is told again."""
        await self.watch(home, hours=2)
        for _ in range(2):
            home.simulator.switches.latency = 3600 * 24 * 7
            for _ in range(3):
                await home.turn_clock(hours=1)
            home.simulator.switches.latency = 60
            await home.turn_clock(minutes=15)
        assert [one["title"].rpartition(" ")[2] for one in reports] == ["missing", "back"] * 2

    async def test_climkit_is_down(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """Also told when nothing is known at all."""
        await self.watch(home, hours=4)
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        for _ in range(9):
            await home.turn_clock(hours=1)
        assert {one["title"] for one in reports} == {"Climkit data is missing"}
        home.simulator.switches.faults = []
        for _ in range(3):
            await home.turn_clock(minutes=15)
        assert reports[-1]["title"] == "Climkit data is back"

    @pytest.mark.parametrize(
        ("language", "missing", "back"),
        [
            ("de", "hat seit dem 20.11.2026, 11:00 keine Daten mehr.", "hat wieder Daten"),
            (
                "fr",
                "n\N{RIGHT SINGLE QUOTATION MARK}a plus de données depuis le 20.11.2026, 11:00.",
                "a de nouveau des données",
            ),
            ("it", "non ha più dati dal 20.11.2026, 11:00.", "ha di nuovo dati"),
        ],
    )
    async def test_languages(
        self, home: Home, reports: list[Mapping[str, Any]], language: str, missing: str, back: str
    ) -> None:
        """In the person's own."""
        await self.watch(home, hours=6, language=language)
        home.simulator.switches.latency = 3600 * 24 * 7
        for _ in range(7):
            await home.turn_clock(hours=1)
        assert reports[0]["message"].endswith(missing)
        home.simulator.switches.latency = 60
        await home.turn_clock(minutes=15)
        assert back in reports[1]["message"]
