"""Writes the tables of entities in the READMEs from what the integration itself says.

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
    net_power_descriptions,
    rate_descriptions,
    series_descriptions,
)

ROOT = Path(__file__).parents[1]
TRANSLATIONS = ROOT / "custom_components" / "climkit" / "translations"
READMES = {"en": "README.md", "de": "README.de.md", "fr": "README.fr.md"}
ON, OFF, ABSENT = "●", "○", "–"  # noqa: RUF001 - a dash
BLOCK = re.compile(r"(<!-- entities: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

# Views of a series by the end of their keys, in the order of the columns.
VIEWS = {
    "": {"en": "Total", "de": "Total", "fr": "Total"},
    "_today": {"en": "Today", "de": "Heute", "fr": "Aujourd\u2019hui"},
    "_yesterday": {"en": "Yesterday", "de": "Gestern", "fr": "Hier"},
    "_month": {"en": "This month", "de": "Dieser Monat", "fr": "Ce mois"},
    "_power": {"en": "Power", "de": "Leistung", "fr": "Puissance"},
    "_peak": {"en": "Month's peak", "de": "Monatsspitze", "fr": "Pointe du mois"},
    "_peak_time": {"en": "Its time", "de": "Deren Zeit", "fr": "Son heure"},
}
WORDS = {
    "measure": {"en": "What", "de": "Was", "fr": "Quoi"},
    "meter": {"en": "Meter", "de": "Zähler", "fr": "Compteur"},
    "needs": {"en": "Needs", "de": "Braucht", "fr": "Nécessite"},
    "entity": {"en": "Entity", "de": "Entität", "fr": "Entité"},
    "device": {"en": "Device", "de": "Gerät", "fr": "Appareil"},
    "site": {"en": "Site", "de": "Standort", "fr": "Site"},
    "consumption": {"en": "Consumer", "de": "Verbraucher", "fr": "Consommateur"},
    "production": {"en": "Solar production", "de": "Solarproduktion", "fr": "Production solaire"},
    "introduction": {"en": "Grid connection¹", "de": "Netzanschluss¹", "fr": "Introduction¹"},
    "battery": {"en": "Battery", "de": "Batterie", "fr": "Batterie"},
    "battery_meter": {"en": "Battery¹", "de": "Batterie¹", "fr": "Batterie¹"},
}


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
        return WORDS[key][self.code]

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
    rates = {
        rate.key: (rate, language.word("site") if owner == "site" else consumers)
        for owner, rate in rate_descriptions([*site_series(), *consumer])
    }
    yield from rates.values()
    for _, net in net_power_descriptions(site_series()):
        yield net, language.word("site")
    for description in SITE_SENSORS:
        yield description, language.word("site")
    devices: dict[str, dict[str, SensorEntityDescription]] = {}
    for meter_type, readings in READINGS.items():
        for reading in readings:
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


TABLES = {"site": site_table, "meter": meter_table, "other": other_table}


def with_tables(text: str, language: Language) -> str:
    """Return a README with its tables as they should be."""
    return BLOCK.sub(
        lambda block: block[1] + "\n" + TABLES[block[2]](language) + "\n" + block[3], text
    )


def main() -> None:
    """Write the tables of all READMEs."""
    for code, name in READMES.items():
        path = ROOT / name
        text = with_tables(path.read_text(encoding="utf-8"), Language(code))
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
