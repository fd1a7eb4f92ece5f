"""The pages of the Climkit dashboard, made from what an account has; nothing in them ages.

Whoever takes control of the dashboard keeps them as they are then: so they name sites, meters and
entities, and hold no data.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypedDict

from homeassistant.util.json import JsonObjectType, JsonValueType

MANY = 4  # more flats than this are reached through the table of meters
READ_DAILY = ("cold_water", "hot_water", "heating", "cooling")
_OF_OVERVIEW = (
    "consumption_power",
    "production_power",
    "consumption_today",
    "production_today",
    "consumption_month",
    "cost_month",
)
_FULL_WIDTH: JsonObjectType = {"columns": "full"}

type Text = Callable[[str], str]


class MeterOverview(TypedDict):
    """A meter as the overview answers it."""

    meter_id: str
    name: str
    kind: str
    is_wanted: bool
    entities: Mapping[str, str]
    statistics: Mapping[str, str]


class SiteOverview(TypedDict):
    """A site as the overview answers it."""

    site_id: str
    name: str
    is_loaded: bool
    chosen: Literal["flat", "building", "meters"]
    entities: Mapping[str, str]
    statistics: Mapping[str, str]
    meters: Sequence[MeterOverview]


def dashboard(sites: Sequence[SiteOverview], text: Text) -> JsonObjectType:
    """Return the views; each is made when it is opened, by `page`."""
    views: list[JsonValueType] = []
    if len(sites) != 1:
        views.append(_view(text("overview"), "overview", "home-group", {"page": "overview"}))
    for site in sites:
        about: JsonObjectType = {"site": site["site_id"]}
        flats = [] if site["chosen"] == "building" else _flats(site)
        for flat in flats if len(flats) <= MANY else ():
            is_only = len(flats) == len(sites) == 1
            options = {"page": "flat", **about, "meter": flat["meter_id"]}
            title = text("my_flat") if is_only else flat["name"]
            views.append(_view(title, f"flat-{flat['meter_id']}", "home", options))
        if site["statistics"] or len(flats) != 1:
            title = text("building") if len(sites) == 1 else site["name"]
            options = {"page": "building", **about}
            views.append(_view(title, f"building-{site['site_id']}", "office-building", options))
    # The table of meters leads to these; they stand in no list of pages.
    views += [
        _view(
            meter["name"],
            f"meter-{meter['meter_id']}",
            "counter",
            {"page": "flat", "site": site["site_id"], "meter": meter["meter_id"]},
        )
        | {"subview": True}
        for site in sites
        for meter in site["meters"]
    ]
    return {"title": "Climkit", "views": views}


def page(
    sites: Sequence[SiteOverview], text: Text, name: str, site_id: str | None, meter_id: str | None
) -> JsonObjectType:
    """Return the view of this name: `overview`, `building` or `flat` (any meter)."""
    return {
        "type": "sections",
        "max_columns": 4,
        "sections": _sections(sites, text, name, site_id, meter_id),
    }


def _sections(
    sites: Sequence[SiteOverview], text: Text, name: str, site_id: str | None, meter_id: str | None
) -> list[JsonValueType]:
    if name == "overview" and sites:
        return [_section(_row(site, text), span=1) for site in sites]
    site = next((one for one in sites if one["site_id"] == site_id), None)
    meters = site["meters"] if site else ()
    meter = next((one for one in meters if one["meter_id"] == meter_id), None)
    if site and meter_id and not site["is_loaded"]:  # the card says so, and looks again
        return [_section([_card("day", {"site": site["site_id"], "meter": meter_id})])]
    if site is None or (meter_id and meter is None):
        problem = "error_not_found" if sites else "error_no_sites"
        return [_section([{"type": "markdown", "content": text(problem)}])]
    about: JsonObjectType = {"site": site["site_id"]}
    if meter:
        about["meter"] = meter["meter_id"]
    tiles = _tiles((meter or site)["entities"], text)
    table = _card("meters", about, link=True)
    months = _section([_heading(text("months"), "calendar-month"), _card("months", about)])
    if meter and meter["kind"] in READ_DAILY:  # there are no hours to show
        return [_section([_heading(text("now"), "flash"), *tiles]), months]
    meters_of_site = _section([_heading(text("meters"), "counter"), table])
    if not (meter or site["statistics"]):  # nobody chose the building's own numbers
        return [meters_of_site]
    graphs = _daily_graphs(site) if meter and _flats(site) == [meter] else []
    return [
        _section([_heading(text("now"), "flash"), *tiles, _card("day", about)]),
        *([] if meter else [meters_of_site]),
        months,
        _section([_heading(text("heatmap"), "grid"), _card("heatmap", about)]),
        *([_section([_heading(text("water_heat"), "water"), *graphs])] if graphs else []),
    ]


def _row(site: SiteOverview, text: Text) -> list[JsonValueType]:
    """Return what the overview shows of a site; its meters where it has no numbers of its own."""
    entities = {role: site["entities"][role] for role in _OF_OVERVIEW if role in site["entities"]}
    table = _card("meters", {"site": site["site_id"]}, link=True)
    return [_heading(site["name"], "office-building"), *(_tiles(entities, text) or [table])]


def _flats(site: SiteOverview) -> list[MeterOverview]:
    """Return the consumers that a person wants to see."""
    return [one for one in site["meters"] if one["kind"] == "consumer" and one["is_wanted"]]


def _daily_graphs(site: SiteOverview) -> list[JsonValueType]:
    """Return Home Assistant's own graphs of water and heat, which are read once a day."""
    return [
        {
            "type": "statistics-graph",
            "title": meter["name"],
            "chart_type": "bar",
            "period": "day",
            "days_to_show": 30,
            "stat_types": ["change"],
            "hide_legend": True,
            "entities": [
                {"entity": one, "name": meter["name"]} for one in meter["statistics"].values()
            ],
        }
        for meter in site["meters"]
        if meter["kind"] in READ_DAILY and meter["is_wanted"] and meter["statistics"]
    ]


def _tiles(entities: Mapping[str, str], text: Text) -> list[JsonValueType]:
    tiles: list[JsonValueType] = []
    for role, entity in entities.items():
        tile: JsonObjectType = {"type": "tile", "entity": entity, "name": text(f"tile_{role}")}
        if role == "history_import":  # seen while it goes on
            tile["visibility"] = [{"condition": "numeric_state", "entity": entity, "below": 100}]
        tiles.append(tile)
    return tiles


def _heading(heading: str, icon: str) -> JsonObjectType:
    return {"type": "heading", "heading": heading, "icon": f"mdi:{icon}"}


def _card(kind: str, about: JsonObjectType, **options: bool) -> JsonObjectType:
    return {"type": f"custom:climkit-{kind}", **about, **options, "grid_options": _FULL_WIDTH}


def _section(cards: list[JsonValueType], span: int = 4) -> JsonObjectType:
    return {"type": "grid", "column_span": span, "cards": cards}


def _view(title: str, path: str, icon: str, options: JsonObjectType) -> JsonObjectType:
    strategy: JsonObjectType = {"type": "custom:climkit", **options}
    return {"title": title, "path": path, "icon": f"mdi:{icon}", "strategy": strategy}
