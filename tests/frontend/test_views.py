"""The views of the Climkit dashboard, made from what the overview answers."""

from collections.abc import Iterator
import json

from homeassistant.util.json import JsonValueType
import pytest

from custom_components.climkit.frontend import overview
from custom_components.climkit.frontend.views import (
    MANY,
    MeterOverview,
    SiteOverview,
    dashboard as made_of,
    page,
)
from tests.frontend.conftest import Dashboard
from tests.project.test_translations import read


def text(key: str) -> str:
    return read("en")[f"common.dashboard_{key}"]


def meter(number: int, kind: str = "consumer", *, is_wanted: bool = True) -> MeterOverview:
    return {
        "meter_id": f"m{number}",
        "name": f"Meter {number}",
        "kind": kind,
        "is_wanted": is_wanted,
        "entities": {"power": f"sensor.m{number}_power", "today": f"sensor.m{number}_today"},
        "statistics": {"total": f"climkit:m{number}_total"},
    }


def site(
    name: str, *meters: MeterOverview, chosen: str = "flat", has_totals: bool = True
) -> SiteOverview:
    return {
        "site_id": name,
        "name": f"Site {name}",
        "is_loaded": True,
        "chosen": chosen,  # type: ignore[typeddict-item]
        "entities": {"consumption_power": f"sensor.{name}_power", "peak_month": f"sensor.{name}"},
        "statistics": {"import": f"climkit:{name}_electricity_from_ext"} if has_totals else {},
        "meters": meters,
    }


def paths(*sites: SiteOverview, subviews: bool = False) -> list[tuple[str, str]]:
    made = json.loads(json.dumps(made_of(sites, text)))
    return [
        (view["path"], view["title"])
        for view in made["views"]
        if view.get("subview", False) is subviews
    ]


def cards(made: JsonValueType) -> Iterator[dict[str, JsonValueType]]:
    for section in json.loads(json.dumps(made))["sections"]:
        yield from section["cards"]


def types(made: JsonValueType) -> list[JsonValueType]:
    return [card["type"] for card in cards(made)]


def test_tenant_has_a_page_of_the_flat_and_one_of_the_building() -> None:
    home = site("a", meter(1), meter(2, "cold_water"), meter(3, is_wanted=False))
    assert paths(home) == [("flat-m1", "My flat"), ("building-a", "The building")]
    assert [path for path, _ in paths(home, subviews=True)] == ["meter-m1", "meter-m2", "meter-m3"]


def test_building_without_numbers_of_its_own_has_no_charts_of_them() -> None:
    assert paths(site("a", meter(1), has_totals=False)) == [("flat-m1", "My flat")]
    two = site("a", meter(1), meter(2), chosen="meters", has_totals=False)
    assert ("building-a", "The building") in paths(two)
    assert types(page([two], text, "building", "a", None)) == ["heading", "custom:climkit-meters"]


def test_owner_has_the_building_first_and_reaches_meters_through_its_table() -> None:
    building = site("a", *map(meter, range(3)), chosen="building")
    assert paths(building) == [("building-a", "The building")]
    [table] = [
        card
        for card in cards(page([building], text, "building", "a", None))
        if card["type"] == "custom:climkit-meters"
    ]
    assert table["link"] is True


@pytest.mark.parametrize("number", [2, MANY, MANY + 1])
def test_few_flats_have_a_page_each(number: int) -> None:
    made = paths(site("a", *map(meter, range(number)), chosen="meters"))
    flats = [path for path, _ in made if path.startswith("flat-")]
    assert len(flats) == (number if number <= MANY else 0)


def test_several_sites_have_an_overview_with_a_row_each() -> None:
    sites = [site("a", meter(1)), site("b", meter(2))]
    assert paths(*sites)[0] == ("overview", "Overview")
    assert {("flat-m1", "Meter 1"), ("flat-m2", "Meter 2"), ("building-b", "Site b")} <= {
        *paths(*sites)
    }
    rows = json.loads(json.dumps(page(sites, text, "overview", None, None)))["sections"]
    assert [row["cards"][0]["heading"] for row in rows] == ["Site a", "Site b"]
    assert all(card.get("entity") != "sensor.a" for card in rows[0]["cards"])


def test_overview_shows_what_is_used_and_produced_and_what_it_costs() -> None:
    """The rest of what a site tells stands on its own page."""
    one = site("a")
    one["entities"] = {role: f"sensor.{role}" for role in sorted(overview.ROLES)}
    made = page([one, site("b")], text, "overview", None, None)
    [row, _] = json.loads(json.dumps(made))["sections"]
    assert [card["entity"] for card in row["cards"][1:]] == [
        "sensor.consumption_power",
        "sensor.production_power",
        "sensor.consumption_today",
        "sensor.production_today",
        "sensor.consumption_month",
        "sensor.cost_month",
    ]


def test_overview_shows_the_meters_of_a_site_without_numbers_of_its_own() -> None:
    """So it is with water alone, whose totals are off at first."""
    water = site("b", meter(2, "cold_water"), chosen="building")
    water["entities"] = {"history_import": "sensor.import"}
    made = page([site("a", meter(1)), water], text, "overview", None, None)
    rows = json.loads(json.dumps(made))["sections"]
    assert [[card["type"] for card in row["cards"]] for row in rows] == [
        ["heading", "tile"],
        ["heading", "custom:climkit-meters"],
    ]
    assert (rows[1]["cards"][1]["site"], rows[1]["cards"][1]["link"]) == ("b", True)


def test_pages_of_a_dashboard_can_be_made() -> None:
    """Whatever the dashboard's views name is there."""
    sites = [site("a", meter(1), meter(2, "cold_water")), site("b", chosen="building")]
    for view in json.loads(json.dumps(made_of(sites, text)))["views"]:
        options = view["strategy"]
        made = page(sites, text, options["page"], options.get("site"), options.get("meter"))
        assert "markdown" not in types(made), view["path"]


def test_flat_shows_its_water_by_day_where_it_is_known_to_be_its_own() -> None:
    one = site("a", meter(1), meter(2, "cold_water"), meter(3, "heating", is_wanted=False))
    made = page([one], text, "flat", "a", "m1")
    graphs = [card for card in cards(made) if card["type"] == "statistics-graph"]
    assert [graph["title"] for graph in graphs] == ["Meter 2"]
    shown = {key: graphs[0][key] for key in ("period", "days_to_show", "chart_type", "stat_types")}
    assert shown == {
        "period": "day",
        "days_to_show": 30,
        "chart_type": "bar",
        "stat_types": ["change"],
    }
    two = site("a", meter(1), meter(4), meter(2, "cold_water"))
    assert "statistics-graph" not in types(page([two], text, "flat", "a", "m1"))
    assert "statistics-graph" not in types(page([one], text, "building", "a", None))


@pytest.mark.parametrize("kind", ["cold_water", "hot_water", "heating", "cooling"])
def test_meter_that_is_read_once_a_day_has_days_and_months_only(kind: str) -> None:
    made = page([site("a", meter(2, kind))], text, "flat", "a", "m2")
    assert types(made) == ["heading", "tile", "tile", "heading", "custom:climkit-months"]


def test_import_of_the_history_is_seen_while_it_goes_on() -> None:
    one = site("a")
    one["entities"] = {"history_import": "sensor.import"}
    [tile] = [card for card in cards(page([one], text, "building", "a", None)) if "entity" in card]
    assert tile["visibility"] == [
        {"condition": "numeric_state", "entity": "sensor.import", "below": 100}
    ]


def test_what_is_gone_says_so() -> None:
    sites = [site("a", meter(1))]
    for options in (("building", "z", None), ("flat", "a", "z")):
        [card] = cards(page(sites, text, *options))
        assert card["content"] == text("error_not_found")
    [card] = cards(page([], text, "overview", None, None))
    assert card["content"] == text("error_no_sites")
    assert paths() == [("overview", "Overview")]


def test_page_of_a_meter_while_its_account_is_not_loaded() -> None:
    """Nothing is known of its meters then; a card says so, and shows the day once it is loaded."""
    not_loaded: SiteOverview = {**site("a"), "is_loaded": False}
    [card] = cards(page([not_loaded], text, "flat", "a", "m1"))
    assert (card["type"], card["site"], card["meter"]) == ("custom:climkit-day", "a", "m1")


def test_generated_cards_hold_ids_and_no_data() -> None:
    """Whoever takes control of the dashboard keeps these cards for years."""
    made = page([site("a", meter(1))], text, "flat", "a", "m1")
    for card in cards(made):
        if str(card["type"]).startswith("custom:"):
            assert card.keys() == {"type", "site", "meter", "grid_options"}


def test_tiles_have_names() -> None:
    """Whatever an entity means to the overview, a text says it."""
    for role in overview.ROLES:
        assert text(f"tile_{role}")


async def test_asked_by_a_page_in_its_language(dashboard: Dashboard) -> None:
    config = (await dashboard.ask("views", language="fr"))["config"]
    assert config["views"][0]["title"] == read("fr")["common.dashboard_building"]
    options = {key: value for key, value in config["views"][0]["strategy"].items() if key != "type"}
    made = (await dashboard.ask("views", language="de", **options))["config"]
    assert made["sections"][0]["cards"][0]["heading"] == "Jetzt und heute"
    none = (await dashboard.ask("views", language="de", site="none"))["config"]
    assert [view["path"] for view in none["views"]] == ["overview"]
