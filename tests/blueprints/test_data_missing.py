"""Data stay away, and come back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryState
import pytest

from tests.blueprints.using import (
    TELL,
    automate,
    colon,
    devices,
    ready_action,
    rename,
    told_by,
)
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind, World, single_house, water_site
from tests.stories.source import METER_ID, SITE_ID, Late, Source

HOUR = timedelta(hours=1)


async def watch(home: Home, *chosen: str, **inputs: object) -> None:
    """Let the automation look after these, or the site; the form is left as it comes: six hours."""
    await home.set_up_completely()
    found = devices(home, *(chosen or [home.sites[0].site.id]))
    await automate(home, "data_missing", **{"devices": found, "what": TELL, **inputs})


async def test_missing_and_back(
    home: Home, reports: list[Mapping[str, Any]], shown: Mapping[str, Mapping[str, Any]]
) -> None:
    """Told once each; of the notifications that the form has ready, the last one stays alone."""
    await watch(home, what=[*TELL, *ready_action("data_missing")])
    home.simulator.switches.latency = 3600 * 24 * 7
    for _ in range(7):
        await home.turn_clock(hours=1)
    assert [one["title"] for one in reports] == ["Climkit data is missing"]
    assert "20.11.2026, 11:00" in reports[0]["message"]
    home.simulator.switches.latency = 60
    await home.turn_clock(minutes=15)
    await home.turn_clock(minutes=5)
    assert [one["title"] for one in reports][1:] == ["Climkit data is back"]
    assert told_by(shown) == reports[1:]


async def test_reloads_and_restarts(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Nobody is told that data are back that were not missing."""
    await watch(home)
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
    await home.turn_clock(minutes=5)
    assert [one["title"] for one in reports][1:] == ["Climkit data is back"]
    for _ in range(2):
        await home.restart()
        await home.turn_clock(minutes=15)
    assert len(reports) == 2


async def test_missing_again(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Another time it is told again."""
    await watch(home, hours=2)
    for _ in range(2):
        home.simulator.switches.latency = 3600 * 24 * 7
        for _ in range(3):
            await home.turn_clock(hours=1)
        home.simulator.switches.latency = 60
        await home.turn_clock(minutes=15)
        await home.turn_clock(minutes=5)
    assert [one["title"].rpartition(" ")[2] for one in reports] == ["missing", "back"] * 2


async def test_climkit_is_down(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Also told when nothing is known at all."""
    await watch(home, hours=2)
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
    for _ in range(9):
        await home.turn_clock(hours=1)
    assert [one["title"] for one in reports] == ["Climkit data is missing"]
    home.simulator.switches.faults = []
    for _ in range(3):
        await home.turn_clock(minutes=15)
    assert [one["title"] for one in reports[1:]] == ["Climkit data is back"]


@pytest.mark.parametrize(
    ("language", "missing", "back"),
    [
        ("en", "has had no data since 20.11.2026, 11:00.", "has data again"),
        ("de", "hat seit dem 20.11.2026, 11:00 Uhr keine Daten mehr.", "hat wieder Daten"),
        (
            "fr",
            "n\N{RIGHT SINGLE QUOTATION MARK}a plus de données depuis le 20.11.2026, 11:00.",
            "a de nouveau des données",
        ),
        ("it", "non ha più dati dal giorno 20.11.2026, 11:00.", "ha di nuovo dati"),
    ],
)
async def test_languages(
    home: Home, reports: list[Mapping[str, Any]], language: str, missing: str, back: str
) -> None:
    """In the person's own."""
    await watch(home, language=language)
    home.simulator.switches.latency = 3600 * 24 * 7
    for _ in range(7):
        await home.turn_clock(hours=1)
    assert reports[0]["message"].endswith(missing)
    home.simulator.switches.latency = 60
    await home.turn_clock(minutes=15)
    await home.turn_clock(minutes=5)
    assert back in reports[1]["message"]


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("de", "Climkit hat seit 6 Stunden nicht geantwortet."),
        ("en", "Climkit has not answered for 6 hours."),
        ("fr", "Climkit n\N{RIGHT SINGLE QUOTATION MARK}a pas répondu depuis 6 heures."),
        ("it", "Climkit non risponde da 6 ore."),
    ],
)
async def test_without_an_answer(
    home: Home, reports: list[Mapping[str, Any]], language: str, says: str
) -> None:
    """Home Assistant was started while Climkit is down: nobody knows of any data."""
    await watch(home, language=language)
    name = home.sites[0].site.name
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
    await home.begin()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    for _ in range(5):
        await home.turn_clock(hours=1)
    assert not reports
    for _ in range(5):
        await home.turn_clock(hours=1)
    [report] = reports
    assert report["message"] == f"{name}{colon(language)}{says}"


async def let_answer_again(home: Home) -> None:
    """Let Climkit answer after a start that it missed, and its next data come."""
    home.simulator.switches.faults = []
    await home.turn_clock(hours=1)
    await home.until(lambda: home.entry.state is ConfigEntryState.LOADED, seconds=20)
    await home.let_follow()
    for _ in range(2):
        await home.turn_clock(minutes=15)


async def test_start_in_between(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Home Assistant was started again while Climkit was down: told once that data is back."""
    await watch(home)
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
    for _ in range(7):
        await home.turn_clock(hours=1)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.begin()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    await let_answer_again(home)
    titles = [one["title"] for one in reports]
    assert titles == ["Climkit data is missing", "Climkit data is back"]


async def test_start_while_down(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Home Assistant was started while Climkit was down: it too is told once that data is back."""
    await watch(home, hours=6)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
    await home.begin()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    for _ in range(8):
        await home.turn_clock(hours=1)
    await home.let_set_up_end()  # else an attempt of before fails after the next turn
    await let_answer_again(home)
    titles = [one["title"] for one in reports]
    assert titles == ["Climkit data is missing", "Climkit data is back"]


async def test_home_assistant_was_off(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """It had no data then, but nobody was told so: nobody is told that data is back."""
    await watch(home, hours=6)
    it = {"entity_id": "automation.it"}
    await home.hass.services.async_call("automation", "turn_off", it, blocking=True)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.freezer.tick(9 * HOUR)
    await home.set_up()
    await home.hass.services.async_call("automation", "turn_on", it, blocking=True)
    for _ in range(2):
        await home.turn_clock(minutes=15)
    assert not reports


class TestManySites:
    """One of them falls silent, then the other."""

    @pytest.fixture
    def source(self) -> Source:
        """A flat without data from noon on, for a day."""
        first = NOW.replace(hour=0, minute=0) - 48 * HOUR
        silent = NOW.replace(hour=12, minute=0)
        return Source(first=first, late=[Late(silent, silent + 9 * HOUR, silent + 9 * HOUR)])

    @pytest.fixture
    def world(self, source: Source, now: datetime) -> World:
        """The flat, and a house."""
        house = replace(single_house(1, now, timedelta(days=8)), faultless=True)
        return World.of(source, house)

    async def test_each_is_told(
        self, home: Home, source: Source, reports: list[Mapping[str, Any]]
    ) -> None:
        """A flat's device stands for its site; a removed one costs nothing."""
        await home.set_up_completely()
        house = next(site.site for site in home.sites if site.site.id != SITE_ID)
        rename(home, SITE_ID, "At home")
        rename(home, house.id, "The house")
        chosen = ["gone", *devices(home, METER_ID, SITE_ID, house.id)]
        await automate(home, "data_missing", devices=chosen, hours=4, what=TELL)
        for _ in range(8):
            await home.turn_clock(hours=1)
        [report] = reports
        assert report["message"] == "At home has had no data since 20.11.2026, 13:00."
        home.simulator.switches.latency = 3600 * 24 * 7
        for _ in range(3):
            await home.turn_clock(hours=1)
        assert len(reports) == 1
        for _ in range(3):
            await home.turn_clock(hours=1)
        assert [one["message"] for one in reports[1:]] == [
            "The house has had no data since 20.11.2026, 19:00."
        ]
        home.simulator.switches.latency = 60
        for _ in range(3):
            await home.turn_clock(minutes=15)
        back = [line for one in reports[2:] for line in one["message"].split("\n")]
        assert sorted(line.partition(" has data again")[0] for line in back) == [
            "At home",
            "The house",
        ]
        assert {one["title"] for one in reports[2:]} == {"Climkit data is back"}


class TestShortGapBesideALongOne:
    """One site is silent for three hours, while another one is for good."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """A flat that has no data from 13 to 16 o'clock, and a house."""
        silent = NOW.replace(hour=12, minute=0)
        late = [Late(silent, silent + 3 * HOUR, silent + 3 * HOUR)]
        source = Source(first=NOW.replace(hour=0, minute=0) - 48 * HOUR, late=late)
        house = replace(single_house(1, now, timedelta(days=8)), faultless=True)
        return World.of(source, house)

    async def test_only_what_was_missing_is_back(
        self, home: Home, reports: list[Mapping[str, Any]]
    ) -> None:
        """Of the flat nobody was told, so nobody is told that it has data again."""
        await home.set_up_completely()
        house = next(site.site for site in home.sites if site.site.id != SITE_ID)
        rename(home, house.id, "The house")
        chosen = devices(home, SITE_ID, house.id)
        await automate(home, "data_missing", devices=chosen, hours=4, what=TELL)
        silent = Fault(kind=FaultKind.STATUS, status=503, path=house.id)
        home.simulator.switches.faults = [silent]
        for _ in range(8):
            await home.turn_clock(hours=1)
        flat = home.state(f"{SITE_ID}_history_progress").attributes
        assert flat["data_back_at"]
        assert [one["message"] for one in reports] == [
            "The house has had no data since 20.11.2026, 11:00."
        ]


class TestReadOnceADay:
    """A site with water and heat alone is missed after two days, whatever was told before."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """It, and a house."""
        house = replace(single_house(1, now, timedelta(days=8)), faultless=True)
        return World.of(water_site(2, now, timedelta(days=8)), house)

    @pytest.fixture
    async def site_ids(self, home: Home) -> tuple[str, str]:
        """Set up, with names for both."""
        await home.set_up_completely()
        [water, house] = home.simulator.world.sites
        rename(home, water, "The camping site")
        rename(home, house, "The house")
        return water, house

    def silence(self, home: Home, *site_ids: str) -> None:
        """Let Climkit have no answer about these sites."""
        down = Fault(kind=FaultKind.STATUS, status=503)
        home.simulator.switches.faults = [replace(down, path=one) for one in site_ids]

    async def test_beside_another(
        self, home: Home, site_ids: tuple[str, str], reports: list[Mapping[str, Any]]
    ) -> None:
        """Both fall silent; the house is told of first, and is back first."""
        water, _ = site_ids
        await automate(home, "data_missing", devices=devices(home, *site_ids), what=TELL)
        self.silence(home, *site_ids)
        for _ in range(6):
            await home.turn_clock(hours=6)
        expected = ["The house has had no data since 20.11.2026, 11:00."]
        assert [one["message"] for one in reports] == expected
        await home.turn_clock(hours=6)
        await home.turn_clock(minutes=5)
        expected.append("The camping site has had no data since 20.11.2026, 00:00.")
        assert [one["message"] for one in reports] == expected
        for left in ([water], []):
            self.silence(home, *left)
            for _ in range(2):
                await home.turn_clock(hours=1)
            await home.turn_clock(minutes=5)
        again = "has data again; what was missing is read automatically."
        expected += [f"The house {again}", f"The camping site {again}"]
        assert [one["message"] for one in reports] == expected

    async def test_soon_again(
        self, home: Home, site_ids: tuple[str, str], reports: list[Mapping[str, Any]]
    ) -> None:
        """Data that stays away again on the day it was back is missed again."""
        water, _ = site_ids
        await automate(home, "data_missing", devices=devices(home, water), what=TELL)
        for _ in range(2):
            self.silence(home, water)
            for _ in range(9):
                await home.turn_clock(hours=6)
            self.silence(home)
            for _ in range(2):
                await home.turn_clock(hours=1)
        words = [one["title"].rpartition(" ")[2] for one in reports]
        assert words == ["missing", "back"] * 2
