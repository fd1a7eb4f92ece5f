"""Writes the tables of entities in the docs from what the integration itself says.

    python -m tools.entity_tables    # writes them anew; a test of the docs finds stale ones

A table stands between `<!-- entities: NAME -->` and `<!-- end -->`. Names are the translated ones.
"""

from collections.abc import Iterable, Iterator, Sequence
import json
from pathlib import Path
import re

from homeassistant.components.sensor import SensorEntityDescription

from custom_components.climkit.api import Meter, MeterMode
from custom_components.climkit.measures.series import Series, series_of_meter, series_of_site
from custom_components.climkit.measures.table import BATTERY_COLUMNS, METER_TYPES
from custom_components.climkit.sensor.descriptions import (
    READINGS,
    SITE_SENSORS,
    net_powers,
    rates,
    series_descriptions,
)

ROOT = Path(__file__).parents[1]
TRANSLATIONS = ROOT / "custom_components" / "climkit" / "translations"
READMES = {"en": "README.md", "de": "README.de.md", "fr": "README.fr.md", "it": "README.it.md"}
# Pages with tables, and their language.
PAGES = {
    "docs/entities.md": "en",
    "docs/entities.de.md": "de",
    "docs/entities.fr.md": "fr",
    "docs/entities.it.md": "it",
    "docs/energy-dashboard.md": "en",
}
ON, OFF, ABSENT = "●", "○", "–"  # noqa: RUF001 - a dash
BLOCK = re.compile(r"(<!-- entities: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

# Views of a series by the end of their keys, in the order of the columns.
VIEWS = {
    "": {"en": "Total", "de": "Total", "fr": "Total", "it": "Totale"},
    "_today": {"en": "Today", "de": "Heute", "fr": "Aujourd\u2019hui", "it": "Oggi"},
    "_yesterday": {"en": "Yesterday", "de": "Gestern", "fr": "Hier", "it": "Ieri"},
    "_month": {"en": "This month", "de": "Dieser Monat", "fr": "Ce mois-ci", "it": "Questo mese"},
    "_power": {"en": "Power", "de": "Leistung", "fr": "Puissance", "it": "Potenza"},
    "_peak": {
        "en": "Month's peak",
        "de": "Spitzenleistung",
        "fr": "Pointe du mois",
        "it": "Picco del mese",
    },
    "_peak_time": {
        "en": "Its time",
        "de": "Zeitpunkt",
        "fr": "Heure de la pointe",
        "it": "Ora del picco",
    },
}
# Words by language: English, German, French, Italian. Those of the Energy dashboard are Home
# Assistant's own; where it has none in French yet, a page in French says it anyhow.
LANGUAGES = ("en", "de", "fr", "it")
WORDS = {
    "measure": ("What", "Was", "Grandeur", "Grandezza"),
    "meter": ("Meter", "Zähler", "Compteur", "Contatore"),
    "needs": ("Needs", "Braucht", "Nécessite", "Richiede"),
    "entity": ("Entity", "Entität", "Entité", "Entità"),
    "device": ("Device", "Gerät", "Appareil", "Dispositivo"),
    "site": ("Site", "Standort", "Site", "Sito"),
    "consumption": ("Consumer", "Verbraucher", "Consommateur", "Utenza"),
    "production": (
        "Solar production",
        "Solarproduktion",
        "Production solaire",
        "Produzione solare",
    ),
    "introduction": (
        "Grid connection¹",
        "Netzanschluss¹",
        "Raccordement au réseau¹",
        "Allacciamento alla rete¹",
    ),
    "battery": ("Battery", "Batterie", "Batterie", "Batteria"),
    "battery_meter": ("Battery¹", "Batterie¹", "Batterie¹", "Batteria¹"),
    "dashboard": (
        "In the dashboard",
        "Im Dashboard",
        "Dans le tableau de bord",
        "Nella plancia",
    ),
    "building": (
        "The whole building",
        "Das ganze Gebäude",
        "Tout l\u2019immeuble",
        "Tutto l\u2019edificio",
    ),
    "flat": ("One flat", "Eine Wohnung", "Un appartement", "Un appartamento"),
    "import": (
        "Energy imported from grid",
        "Aus dem Netz bezogene Energie",
        "Énergie importée depuis le réseau",
        "Energia importata dalla rete elettrica",
    ),
    "export": (
        "Energy exported to grid",
        "In das Netz eingespeiste Energie",
        "Énergie exportée vers le réseau",
        "Energia esportata alla rete elettrica",
    ),
    "solar": ("Solar panels", "PV-Module", "Panneaux solaires", "Pannelli solari"),
    "charge": (
        "Energy charged into the battery",
        "In die Batterie geladene Energie",
        "Énergie chargée dans la batterie",
        "Energia immessa nella batteria",
    ),
    "discharge": (
        "Energy discharged from the battery",
        "Aus der Batterie entladene Energie",
        "Énergie déchargée de la batterie",
        "Energia erogata dalla batteria",
    ),
    "home": (
        "Home consumption (optional, 2026.11 or later)",
        "Zuhause-Verbrauch (optional, ab 2026.11)",
        "Consommation du domicile (*Home consumption*\u00a0; facultatif, dès 2026.11)",
        "Consumo domestico (facoltativo, dalla 2026.11)",
    ),
    "devices": (
        "Individual electrical devices",
        "Einzelne elektrische Geräte",
        "Appareils électriques individuels",
        "Singoli dispositivi elettrici",
    ),
    "water": (
        "Water consumption",
        "Wasserverbrauch",
        "Consommation d\u2019eau",
        "Consumo d\u2019acqua",
    ),
}
# Where a series of a site and one of a flat belong in the Energy dashboard.
PLACES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("import", ("electricity_from_ext",), "ext"),
    ("export", ("electricity_to_ext",), ""),
    ("solar", ("electricity_prod_total",), "self"),
    ("charge", ("electricity_storage_charging_total",), ""),
    ("discharge", ("electricity_storage_discharging_total",), ""),
    ("home", ("electricity_conso_total",), "total"),
    ("devices", (), "total"),  # of each meter of the building
    ("water", ("cold_water_conso_total", "hot_water_conso_total"), "total"),
)


class Language:
    """The words of one language."""

    def __init__(self, code: str) -> None:
        """Read the integration's own translations."""
        self.code = code
        path = TRANSLATIONS / f"{code}.json"
        self._texts = json.loads(path.read_text(encoding="utf-8"))

    def entity(self, key: str) -> str:
        """Return the name of an entity."""
        return str(self._texts["entity"]["sensor"][key]["name"])

    def meter_type(self, key: str) -> str:
        """Return what a kind of meter is called."""
        return str(self._texts["device"][key]["name"])

    def word(self, key: str) -> str:
        """Return a word of the tables."""
        return WORDS[key][LANGUAGES.index(self.code)]

    def view(self, suffix: str) -> str:
        """Return the head of a view's column."""
        return VIEWS[suffix][self.code]


def _meter(meter_type: str, mode: MeterMode = MeterMode.CONSUMPTION) -> Meter:
    return Meter(
        id="0" * 24, type=meter_type, mode=mode, name=None, bus_address=None, is_rule_meter=False
    )


def series_of(meter: Meter) -> list[Series]:
    """Return the series of a meter, the only one of its kind in its site."""
    return series_of_meter("site", meter, has_column=False, by_site=True)


def site_series() -> list[Series]:
    """Return the series of a site that has everything."""
    return [one for kind in METER_TYPES for one in series_of_site("site", kind, has_battery=True)]


def views(series: Series) -> dict[str, bool]:
    """Return the views of a series, and whether they are on at first."""
    return {
        one.key.removeprefix(series.key): one.entity_registry_enabled_default
        for one in series_descriptions(series)
    }


def _mark(views: dict[str, bool], suffix: str) -> str:
    return (ON if views[suffix] else OFF) if suffix in views else ABSENT


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _columns(series: Iterable[Series]) -> list[str]:
    there = {suffix for one in series for suffix in views(one)}
    if unknown := there - VIEWS.keys():
        raise ValueError(f"No column is named for the views {unknown}")
    return [suffix for suffix in VIEWS if suffix in there]


def site_table(language: Language) -> str:
    """Return what a site has."""
    columns = _columns(site_series())
    head = [language.word("measure"), language.word("needs"), *map(language.view, columns)]

    def needs(series: Series) -> str:
        if series.column in BATTERY_COLUMNS:
            return language.word("battery")
        return language.meter_type(series.feed.meter_type)

    return _table(
        head,
        (
            [
                language.entity(one.measure.name),
                needs(one),
                *(_mark(views(one), suffix) for suffix in columns),
            ]
            for one in site_series()
        ),
    )


def meter_kinds(language: Language) -> Iterator[tuple[str, Meter]]:
    """Return the kinds of meters, those of electricity by what they measure."""
    for mode, word in (
        (MeterMode.CONSUMPTION, "consumption"),
        (MeterMode.PRODUCTION, "production"),
        (MeterMode.INTRODUCTION, "introduction"),
        (MeterMode.BATTERY, "battery_meter"),
    ):
        yield language.word(word), _meter("electricity", mode)
    for meter_type in METER_TYPES:
        if meter_type != "electricity":
            yield language.meter_type(meter_type), _meter(meter_type)


def meter_table(language: Language) -> str:
    """Return what each kind of meter has; kinds that have the same share their rows."""
    kinds = list(meter_kinds(language))
    columns = _columns(one for _, meter in kinds for one in series_of(meter))
    names: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for name, meter in kinds:
        rows = tuple(
            (
                language.entity(one.measure.name),
                *(_mark(views(one), suffix) for suffix in columns),
            )
            for one in series_of(meter)
        )
        names.setdefault(rows, []).append(name)
    return _table(
        [language.word("meter"), language.word("measure"), *map(language.view, columns)],
        (
            ["" if position else ", ".join(kind), *row]
            for rows, kind in names.items()
            for position, row in enumerate(rows)
        ),
    )


def _others(language: Language) -> Iterator[tuple[SensorEntityDescription, str]]:
    """Return all that is no view of a series, with its device."""
    consumer = series_of(_meter("electricity"))
    consumers = f"{language.word('consumption')}, {language.meter_type('charge_point')}"
    found_rates = {
        one.description.key: (
            one.description,
            language.word("site") if one.owner_id == "site" else consumers,
        )
        for one in rates([*site_series(), *consumer])
    }
    yield from found_rates.values()
    for net in net_powers(site_series()):
        yield net.description, language.word("site")
    for description in SITE_SENSORS:
        yield description, language.word("site")
    devices: dict[str, dict[str, SensorEntityDescription]] = {}
    for meter_type, readings in READINGS.items():
        for reading in readings.values():
            key = str(reading.translation_key)
            devices.setdefault(key, {})[language.meter_type(meter_type)] = reading
    for found in devices.values():
        yield next(iter(found.values())), ", ".join(found)


def other_table(language: Language) -> str:
    """Return the rates, meter readings, and what tells of a site's data."""
    return _table(
        [language.word("entity"), language.word("device"), ""],
        (
            [
                language.entity(str(one.translation_key)),
                device,
                ON if one.entity_registry_enabled_default else OFF,
            ]
            for one, device in _others(language)
        ),
    )


def dashboard_table(language: Language) -> str:
    """Return which statistics belong where in the Energy dashboard, by name and id."""
    names = {one.key: language.entity(one.measure.name) for one in site_series()}
    kinds = {"water": _meter("cold_water")}

    def of_site(key: str) -> str:
        return f"{names[key]} `climkit:<site>_{key}`"

    def of_meter(place: str, key: str) -> str:
        found = series_of(kinds.get(place, _meter("electricity")))
        one = next(one for one in found if one.key == key)
        return f"{language.entity(one.measure.name)} `climkit:<meter>_{key}`"

    def row(place: str, site: tuple[str, ...], meter: str) -> list[str]:
        flat = of_meter(place, meter) if meter else ABSENT
        columns = [", ".join(map(of_site, site)), flat] if site else [flat, ABSENT]
        return [language.word(place), *columns]

    return _table(
        [language.word(head) for head in ("dashboard", "building", "flat")],
        (row(*place) for place in PLACES),
    )


TABLES = {
    "site": site_table,
    "meter": meter_table,
    "other": other_table,
    "dashboard": dashboard_table,
}


def with_tables(text: str, language: Language) -> str:
    """Return a page with its tables as they should be."""
    return BLOCK.sub(
        lambda block: block[1] + "\n" + TABLES[block[2]](language) + "\n" + block[3], text
    )


def main() -> None:
    """Write the tables of all pages."""
    for name, code in PAGES.items():
        path = ROOT / name
        text = with_tables(path.read_text(encoding="utf-8"), Language(code))
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
