"""Names of statistics follow the language of the instance."""

from datetime import timedelta
from itertools import combinations

from homeassistant.core import HomeAssistant
import pytest

from custom_components.climkit.api import Meter, Site
from custom_components.climkit.const import CONF_HISTORY
from custom_components.climkit.measures.names import Names, by_number, number_in
from custom_components.climkit.measures.series import Feed, Series, all_series
from custom_components.climkit.measures.table import ELECTRICITY, METER_TYPES
from custom_components.climkit.options import Selection
from tests.conftest import NOW, Home
from tests.truth import known_names, stored_rows

NAMES = Names("en", {})
LANGUAGES = {"de": "Netzbezug", "fr": "Soutirage", "it": "Prelievo", "en": "Grid import"}
KEY = "electricity_from_ext"
MODES = ("consumption", "production", "introduction", "battery")


def grid_import(home: Home) -> str:
    """The statistic of the house's grid import."""
    [site_id] = home.simulator.world.sites
    return f"climkit:{site_id}_{KEY}"


async def named(home: Home, word: str) -> None:
    """Wait until the statistic ends with a word."""
    for _ in range(200):
        await home.settle()
        if str((await known_names(home.hass))[grid_import(home)]).endswith(f" {word}"):
            return
    pytest.fail(f"never called {word}")


@pytest.mark.parametrize(
    ("language", "written"), [("en", "12.5"), ("de", "12.5"), ("fr", "12,5"), ("it", "12,5")]
)
def test_number(language: str, written: str) -> None:
    """Numbers stand in sentences as people write them; whole ones have no decimals."""
    assert number_in(language, 12.5) == written
    assert number_in(language, 23_900.0) == "23900"
    assert number_in(language, 123_456.0) == "123456"


def test_cost() -> None:
    """What is exported is compensated, all else costs."""
    words = {
        f"component.climkit.entity.sensor.{key}.name": name
        for key, name in [("cost", "cost"), ("compensation", "compensation")]
    }
    names, mill = Names("en", words), site("1" * 24)
    called = {
        measure.key: names.cost(
            Series(feed=Feed(mill.id, ELECTRICITY), column="", measure=measure), mill, None
        )
        for measure in METER_TYPES[ELECTRICITY].site_measures
    }
    assert called["to_ext"].endswith(" compensation")
    assert called["from_ext"].endswith(" cost")


class TestLanguage:
    """The owner changes the language of Home Assistant."""

    async def test_renamed_with_the_next_import(self, home: Home) -> None:
        """No restart is needed, ids stay, and no row is written anew."""
        await home.set_up_completely()
        ids, rows = set(await known_names(home.hass)), await stored_rows(home.hass)
        for language, word in LANGUAGES.items():
            await home.hass.config.async_update(language=language)
            await home.turn_clock(minutes=15)
            await named(home, word)
            names = await known_names(home.hass)
            assert set(names) == ids
            assert len(set(names.values())) == len(names)
        now = await stored_rows(home.hass)
        last = NOW.replace(minute=0) - timedelta(hours=4)
        for key, before in rows.items():
            assert [r for r in before if r.start < last] == [r for r in now[key] if r.start < last]

    async def test_renamed_at_a_start(self, home: Home) -> None:
        """A language that was changed while Home Assistant was off counts from the start."""
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_HISTORY: NOW.date().isoformat()}
        )
        await home.set_up_completely()
        await named(home, "Grid import")
        home.hass.config.language = "fr"
        await home.restart()
        await named(home, "Soutirage")


def site(site_id: str, name: str | None = "Mill", ref: str | None = None, **address: str) -> Site:
    """A site with an address."""
    data = {"name": name, "site_ref": ref, "address": address}
    return Site.from_api(site_id, data)


MILLS = {
    "in a town": site("6a01", city="Bern", street_name="Gasse"),
    "in another town": site("6a02", city="Thun", street_name="Gasse"),
    "in another street": site("6a03", city="Bern", street_name="Rain", street_number="4"),
    "without an address": site("6a04", ref="B-1"),
    "with a reference": site("6a05", ref="B-2"),
    "in capitals": site("6a06", name="MILL", city="Bern", street_name="Weg"),
    "with the same end of its id": site("7a04"),
    "without a name": site("6a07", name=None, ref="Mill"),
    "with a name like a label": site("6a08", name="Mill (Bern)"),
    "in a town in capitals": site("6a09", city="BERN"),
}


class TestToldApart:
    """Sites and meters of one name, among which a person has to choose."""

    def test_by_town_street_reference_or_id(self) -> None:
        """What says most to a person comes first."""
        for first, second, expected in (
            ("in a town", "in another town", ("Mill (Bern)", "Mill (Thun)")),
            ("in a town", "in another street", ("Mill (Gasse, Bern)", "Mill (Rain 4, Bern)")),
            ("without an address", "with a reference", ("Mill (B-1)", "Mill (B-2)")),
            ("in a town", "without an address", ("Mill (6a01)", "Mill (6a04)")),
            ("in a town", "in capitals", ("Mill (Gasse, Bern)", "MILL (Weg, Bern)")),
        ):
            labels = NAMES.sites([MILLS[first], MILLS[second]])
            assert tuple(labels.values()) == expected

    def test_always(self) -> None:
        """Whatever is known of them, no two labels are the same."""
        for number in range(2, len(MILLS) + 1):
            for some in combinations(MILLS.values(), number):
                labels = NAMES.sites(some)
                assert labels.keys() == {one.id for one in some}
                assert len({label.casefold() for label in labels.values()}) == number

    def test_only_where_it_is_needed(self) -> None:
        """A name that is the only one stays as it is."""
        barn = site("6b01", name="Barn", city="Bern")
        assert NAMES.sites([MILLS["in a town"], barn]) == {"6a01": "Mill", "6b01": "Barn"}

    def test_meters(self) -> None:
        """A flat's meters are told apart by what they measure, else by their ids."""
        flat = [
            Meter.from_api({"id": f"6c0{number}", "type": kind, "name": "Flat"})
            for number, kind in enumerate(("electricity", "cold_water"))
        ]
        assert list(NAMES.meters(filter(None, flat)).values()) == [
            "Flat (electricity)",
            "Flat (cold_water)",
        ]
        two = [Meter.from_api({"id": f"6c0{n}", "type": "heating", "name": "F"}) for n in (1, 2)]
        assert list(NAMES.meters(filter(None, two)).values()) == ["F (6c01)", "F (6c02)"]


def test_order() -> None:
    """Labels stand in the order of the numbers in them, whatever case their letters have."""
    labels = ["Flat 10", "flat 2", "2nd floor", "Flat 2, cellar", "10th floor", "", "Flat"]
    assert sorted(labels, key=by_number) == [
        "",
        "2nd floor",
        "10th floor",
        "Flat",
        "flat 2",
        "Flat 2, cellar",
        "Flat 10",
    ]


@pytest.mark.parametrize(
    ("name", "ref", "called"),
    [("Mill", "B-1", "Mill"), (None, "B-1", "B-1"), (None, None, "cdef")],
)
def test_site_without_a_name(name: str | None, ref: str | None, called: str) -> None:
    """Its reference tells it; without one the end of its id does, whose start is a time."""
    assert NAMES.site(site("0123456789abcdef", name, ref)) == called


async def test_measures(hass: HomeAssistant, enable_custom_integrations: None) -> None:
    """What a battery does is called so at its site; of a meter that is one it is not said again."""
    names = await Names.async_load(hass)
    told = [{"id": f"6c0{n}", "type": ELECTRICITY, "mode": m} for n, m in enumerate(MODES)]
    meters = {one.id: one for one in map(Meter.from_api, told) if one}
    found = all_series("6a01", meters, {}, Selection(), has_battery=True)
    called: dict[str | None, list[str]] = {}
    for series in found:
        called.setdefault(series.meter_id, []).append(names.measure(series))
    assert called == {
        None: [
            *("Consumption", "Production", "Self-consumption", "Grid import", "Grid export"),
            *("Battery charge", "Battery charge from solar", "Battery discharge"),
        ],
        "6c00": ["Energy", "Solar energy", "Grid energy"],
        "6c01": ["Production"],
        "6c02": ["Grid import", "Grid export"],
        "6c03": ["Charged energy", "Charged solar energy", "Discharged energy"],
    }


@pytest.mark.parametrize(
    ("name", "address", "called"),
    [
        ("Stairs", 7, "Stairs"),
        (None, 7, "electricity 7"),
        (None, 0, "electricity 0"),
        (None, None, "electricity cdef"),
        ("", 7, "electricity 7"),
    ],
)
def test_meter_without_a_name(name: str | None, address: int | None, called: str) -> None:
    """Its address on the bus tells it, which may be 0; without one the end of its id does."""
    data = {"id": "0123456789abcdef", "type": ELECTRICITY, "name": name, "prim_ad": address}
    meter = Meter.from_api(data)
    assert meter
    assert NAMES.meter(meter) == called
