"""Water that flows all night."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.util import dt as dt_util
import pytest

from tests.blueprints.using import (
    TELL,
    automate,
    colon,
    decimal,
    devices,
    ready_action,
    rename,
    told_by,
)
from tests.conftest import NOW, Home
from tests.simulator import World
from tests.small_site import source, world
from tests.stories import source as source_of_data
from tests.stories.source import METER_ID, WATER, WATER_ID, Correction, Gap, Source, value
from tests.truth import hourly_changes

__all__ = ["source", "world"]

HOUR = timedelta(hours=1)


async def look(home: Home, **inputs: object) -> None:
    """Let the automation look at yesterday's night."""
    await home.set_up_completely()
    await automate(
        home,
        "water_at_night",
        **{"devices": devices(home, WATER_ID), "at": "11:30:00", "what": TELL, **inputs},
    )
    await home.turn_clock(to=NOW + HOUR)
    await home.settle()


async def least_of_the_night(home: Home) -> float:
    """The smallest amount of an hour of yesterday's night, in liters."""
    midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
    hours = (await hourly_changes(home))[f"climkit:{WATER_ID}_total"]
    return min(1000 * hours[midnight + n * HOUR] for n in range(1, 5))


async def test_leak(
    home: Home, reports: list[Mapping[str, Any]], shown: Mapping[str, Mapping[str, Any]]
) -> None:
    """Told, with the smallest amount of an hour; so does the notification that is ready."""
    await look(home, liters=1, what=[*TELL, *ready_action("water_at_night")])
    [report] = reports
    assert told_by(shown) == [report]
    least = await least_of_the_night(home)
    assert report["title"] == "Water ran all night until the morning of 19.11.2026"
    assert f": at least {least:.1f} liters in each hour from 1:00 to 5:00." in report["message"]
    assert report["message"].endswith("is a toilet running, is a pipe leaking?")


@pytest.mark.parametrize(("liters", "is_told"), [(4, False), (6, True)])
async def test_form_as_it_comes(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    reports: list[Mapping[str, Any]],
    liters: int,
    is_told: bool,
) -> None:
    """Five liters an hour are told in the afternoon, when yesterday's water is read."""
    midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
    night = range(int((midnight + HOUR).timestamp()), int((midnight + 5 * HOUR).timestamp()))
    monkeypatch.setattr(
        source_of_data,
        "value",
        lambda seed, column, at: liters / 4000 if at in night else value(seed, column, at),
    )
    await home.set_up_completely()
    await automate(home, "water_at_night", devices=devices(home, WATER_ID), what=TELL)
    await home.turn_clock(to=NOW.replace(hour=13, minute=0))  # two o'clock in Switzerland
    await home.settle()
    title = "Water ran all night until the morning of 19.11.2026"
    assert [one["title"] for one in reports] == [title] * is_told


@pytest.mark.parametrize(
    ("language", "title", "says"),
    [
        (
            "de",
            "In der Nacht auf den 19.11.2026 lief durchgehend Wasser",
            "{} Liter in jeder Stunde von 1 bis 5 Uhr",
        ),
        (
            "fr",
            "De l'eau a coulé toute la nuit, jusqu'au matin du 19.11.2026",
            "{} litres chaque heure, de 1 h à 5 h",
        ),
        (
            "it",
            "L'acqua ha continuato a scorrere tutta la notte fino al mattino del giorno 19.11.2026",
            "{} litri in ogni ora, dalle ore 1 alle ore 5.",
        ),
    ],
)
async def test_languages(
    home: Home,
    reports: list[Mapping[str, Any]],
    language: str,
    title: str,
    says: str,
) -> None:
    """In the person's own."""
    await look(home, liters=1, language=language)
    [report] = reports
    assert report["title"].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") == title
    least = decimal(language, await least_of_the_night(home))
    assert says.replace("{}", least) in report["message"]
    assert report["message"].startswith(f"Water{colon(language)}")


async def test_many(home: Home, source: Source, reports: list[Mapping[str, Any]]) -> None:
    """Each by itself and by its own name: who has none is not told of, exactly the limit is."""
    source.corrections = [Correction(source.first, NOW, WATER[1], 0.5)]
    await home.set_up_completely()
    named = {WATER_ID: "Bad", METER_ID: "Küche"}
    for meter_id, name in named.items():
        rename(home, meter_id, name)
    midnight, hours = dt_util.start_of_local_day(NOW) - 24 * HOUR, await hourly_changes(home)
    least = {
        name: min(1000 * hours[f"climkit:{key}_total"][midnight + n * HOUR] for n in range(1, 5))
        for key, name in named.items()
    }
    both, liters = devices(home, *named), round(max(least.values()), 1)
    assert min(least.values()) < liters
    await automate(home, "water_at_night", devices=both, liters=liters, at="11:30:00", what=TELL)
    await home.turn_clock(to=NOW + HOUR)
    await home.settle()
    [report] = reports
    told = [line.split(":")[0] for line in report["message"].split("\n")]
    assert told == [max(least, key=lambda name: least[name])]


@pytest.mark.parametrize(("begin", "end"), [(22, 5), (23, 0), (5, 5), (0, 23)])
async def test_any_window(
    home: Home, begin: int, end: int, reports: list[Mapping[str, Any]]
) -> None:
    """A night that begins before midnight is the one that ended yesterday."""
    await look(home, liters=1, from_hour=begin, to_hour=end)
    [report] = reports
    midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
    hours = (await hourly_changes(home))[f"climkit:{WATER_ID}_total"]
    first = begin if begin < end else begin - 24
    least = min(1000 * hours[midnight + n * HOUR] for n in range(first, end))
    assert f"at least {least:.1f} liters" in report["message"]


async def test_evening_without_data(
    home: Home, source: Source, reports: list[Mapping[str, Any]]
) -> None:
    """The hours before midnight count."""
    midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
    source.gaps = [Gap(midnight - HOUR, midnight)]
    await look(home, liters=1, from_hour=22, to_hour=5)
    assert not reports


async def test_spread(
    home: Home, monkeypatch: pytest.MonkeyPatch, reports: list[Mapping[str, Any]]
) -> None:
    """A day whose hours are all the same says nothing, be it the one before midnight."""
    end = int((dt_util.start_of_local_day(NOW) - 24 * HOUR).timestamp())
    day = range(end - 24 * 3600, end)
    monkeypatch.setattr(
        source_of_data,
        "value",
        lambda seed, column, at: 0.005 if at in day else value(seed, column, at),
    )
    await look(home, liters=1, from_hour=22, to_hour=5)
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

    async def test_leak(self, home: Home, now: datetime, reports: list[Mapping[str, Any]]) -> None:
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
        night = [1000 * v for hour, v in hours.items() if begin <= hour < midnight.replace(hour=5)]
        assert f"at least {min(night):.1f} liters" in report["message"]


class TestCapitals:
    """Climkit spells the meter's id in another way than the statistic does."""

    METER = "6A00000000000000000000C1"

    @pytest.fixture
    def world(self, source: Source, monkeypatch: pytest.MonkeyPatch) -> World:
        """A meter of water whose id has capitals."""
        monkeypatch.setattr(source_of_data, "WATER_ID", self.METER)
        monkeypatch.setattr(source_of_data, "WATER", ("conso_total", f"total_{self.METER}"))
        return World.of(source)

    async def test_leak(self, home: Home, reports: list[Mapping[str, Any]]) -> None:
        """Its water is looked at all the same."""
        await home.set_up_completely()
        inputs = {"liters": 1, "devices": devices(home, self.METER)}
        await automate(home, "water_at_night", at="11:30:00", what=TELL, **inputs)
        await home.turn_clock(to=NOW + HOUR)
        await home.settle()
        assert len(reports) == 1


async def test_tight(home: Home, reports: list[Mapping[str, Any]]) -> None:
    """Less than the limit in one hour is enough to stay quiet."""
    await look(home, liters=10_000)
    assert not reports


async def test_no_data(home: Home, source: Source, reports: list[Mapping[str, Any]]) -> None:
    """An hour that is missing is no hour without water."""
    midnight = dt_util.start_of_local_day(NOW) - 24 * HOUR
    source.gaps = [Gap(midnight + 2 * HOUR, midnight + 3 * HOUR)]
    await look(home, liters=1)
    assert not reports
