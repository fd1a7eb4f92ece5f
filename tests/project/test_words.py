"""One thing has one word, in each language: docs/glossary.md says which, and which it never is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re

import pytest

from tests.blueprints.using import AUTOMATIONS, ready_texts
from tests.project.test_translations import LANGUAGES, read as texts_of

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
SCRIPTS = ROOT / "custom_components" / "climkit" / "frontend" / "www"
CODES = {"English": "en", "Deutsch": "de", "Français": "fr", "Italiano": "it"}

# Pages by language; those in English that a user reads, not those for who changes something.
PAGES = {
    "en": [
        "README.md",
        "CHANGELOG.md",
        *(
            f"docs/{name}.md"
            for name in (
                *("actions", "automations", "cards", "costs", "credentials", "dashboard"),
                *("data-updates", "days-and-months", "energy-dashboard", "entities", "limits"),
                *("README", "repairs", "setup", "troubleshooting"),
            )
        ),
    ],
    **{code: [f"README.{code}.md", f"docs/entities.{code}.md"] for code in ("de", "fr", "it")},
}

# Where texts have a term of the glossary.
TERMS = {
    "charge point": "device.charge_point.name",
    "consumption": "entity.sensor.consumption.name",
    "Energy dashboard": "config.step.set_up.data.energy_dashboard",
    "feed-in price": "config_subentries.feed_in.entry_type",
    "grid export": "entity.sensor.grid_export.name",
    "grid import": "entity.sensor.grid_import.name",
    "history": "config.step.history.title",
    "home consumption": "selector.dashboard_kind.options.home",
    "low tariff": "common.dashboard_low_tariff",
    "meter reading": "entity.sensor.reading.name",
    "production": "entity.sensor.production.name",
    "resolution": "services.get_site_data.fields.sampling.name",
    "self-consumption": "entity.sensor.self_consumption.name",
    "self-sufficiency": "common.dashboard_self_sufficiency",
    "site": "services.get_site_data.fields.device_id.name",
    "username": "config.step.user.data.username",
}


@dataclass(frozen=True)
class Forbidden:
    """A word that a language does not use here, and the one it uses."""

    code: str
    word: str
    instead: str

    def is_in(self, text: str) -> bool:
        """Say whether a text has it, as a word of its own."""
        word = re.escape(self.word).replace("\\ ", r"\s+")
        return bool(re.search(rf"(?<![\w-]){word}(?![\w-])", text, re.IGNORECASE))


def _rows(heading: str) -> Iterator[list[str]]:
    table = GLOSSARY.split(heading)[1].split("\n## ")[0]
    for line in re.findall(r"^\| (.+) \|$", table, re.MULTILINE)[1:]:
        yield line.split(" | ")


FORBIDDEN = [
    Forbidden(CODES[language], word, instead)
    for language, words, instead in _rows("## Words that are not used")
    for word in words.split(", ")
]


def _without_code(text: str) -> str:
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)|<[^>]*>|\bhttps?://\S*", "", text)


def texts_of_scripts(code: str) -> Iterator[tuple[str, str]]:
    """Give what the dashboard's scripts say themselves, without the translations."""
    for path in sorted(SCRIPTS.glob("*.js")):
        found = re.finditer(
            rf"""\b{code}: (["'`])(.*?)\1""", path.read_text(encoding="utf-8"), re.DOTALL
        )
        for one in found:
            yield path.name, one[2]


def written(code: str) -> Iterator[tuple[str, str]]:
    """Give all that a user reads in a language, with where it stands."""
    yield from texts_of(code).items()
    yield from texts_of_scripts(code)
    for name in PAGES[code]:
        yield name, _without_code((ROOT / name).read_text(encoding="utf-8"))
    for path in sorted(AUTOMATIONS.iterdir()):
        if code == "en":
            yield path.name, path.read_text(encoding="utf-8")
        elif path.stem != "solar_surplus":  # it tells nothing
            for text in ready_texts(path.stem, code).values():
                yield path.name, text


@pytest.mark.parametrize("code", LANGUAGES)
def test_words_that_are_not_used(code: str) -> None:
    """None of them is written anywhere."""
    words = [one for one in FORBIDDEN if one.code == code]
    assert len(words) >= 8
    assert [
        f"{where}: {one.word!r} is {one.instead!r}"
        for where, text in written(code)
        for one in words
        if one.is_in(text)
    ] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_scripts_say_the_same_in_all_languages(code: str) -> None:
    """As many texts in the same files, so that none of them escapes the search for words."""
    texts, english = list(texts_of_scripts(code)), list(texts_of_scripts("en"))
    assert texts
    assert [(where, text.count("|")) for where, text in texts] == [
        (where, text.count("|")) for where, text in english
    ]


@pytest.mark.parametrize("one", FORBIDDEN, ids=lambda one: one.word)
def test_each_would_be_found(one: Forbidden) -> None:
    assert one.is_in(f"Hier {one.word}, da.")
    assert one.is_in(one.word.upper())
    assert not one.is_in(f"x{one.word}x")
    assert not any(one.is_in(right) for right in one.instead.split(", "))


@pytest.mark.parametrize("code", LANGUAGES)
def test_texts_have_the_words_of_the_glossary(code: str) -> None:
    """A term is called the same where Home Assistant shows it."""
    column = list(CODES.values()).index(code)
    words = {row[0]: row[column] for row in _rows("# Glossary") if len(row) == len(CODES) + 1}
    texts = texts_of(code)
    for term, path in TERMS.items():
        assert texts[path].lower() == words[term].lower(), term


def test_french_has_a_blank_before_signs() -> None:
    """As in Romandie, and one at which no line is broken, so that no sign begins a line.

    Addresses, times and placeholders of Markdown tables have none, nor has a quoted key of YAML.
    """
    lacks = re.compile(r"[^\s:/|\-][:;?!](?=\s|$)(?!\s»)")
    breaks = re.compile(r" [:;?!%»](?=[\s.,)]|$)|« ")
    assert lacks.search("le réseau: ceci")
    assert not lacks.search("«\N{NO-BREAK SPACE}energy:\N{NO-BREAK SPACE}»")
    assert breaks.search("le réseau : ceci")
    for where, text in written("fr"):
        for found in (lacks.search(text), breaks.search(text)):
            assert not found, f"{where}: {text[max(0, found.start() - 30) : found.end() + 5]}"


def test_german_pages_are_swiss_and_say_du() -> None:
    """As the texts do; at the beginning of a sentence *Ihre* is theirs."""
    wrong = re.compile(r"ß|[„“”]|[\w,;]\s(Sie|Ihnen|Ihr(e[mnrs]?)?)\b")
    assert wrong.search("Prüfen Sie, ob Ihre Zähler da sind.")
    for name in PAGES["de"]:
        text = _without_code((ROOT / name).read_text(encoding="utf-8"))
        assert not wrong.search(text), name
