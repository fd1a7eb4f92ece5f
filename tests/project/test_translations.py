"""All languages say the same things, in a form that Home Assistant accepts."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import NumberSelector
import pytest
import yaml

from custom_components.climkit.flows import FeedInFlow, TariffFlow
from custom_components.climkit.frontend.overview import ROLES

FOLDER = Path(__file__).parents[2] / "custom_components" / "climkit" / "translations"
LANGUAGES = ("de", "en", "fr", "it")

type Texts = Mapping[str, str | Texts]


def flatten(texts: Texts, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Give each text with its path, keys joined by dots."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield prefix + key, value
        else:
            yield from flatten(value, f"{prefix}{key}.")


def read(language: str) -> dict[str, str]:
    """Return all texts of a language by their path."""
    return dict(flatten(json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))))


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"{(\w+)}", text))


def test_there_are_no_other_languages() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_has_the_keys_of_english(language: str) -> None:
    assert read(language).keys() == read("en").keys()


def test_actions_have_texts_and_icons() -> None:
    """Each action, each of its fields and each word of a choice; and there are no others."""
    actions = yaml.safe_load((FOLDER.parent / "services.yaml").read_text(encoding="utf-8"))
    icons = json.loads((FOLDER.parent / "icons.json").read_text(encoding="utf-8"))["services"]
    texts = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))
    assert texts["services"].keys() == actions.keys() == icons.keys()
    for name, action in actions.items():
        assert texts["services"][name]["fields"].keys() == action["fields"].keys()
        for field in action["fields"].values():
            if select := field["selector"].get("select"):
                words = texts["selector"][select["translation_key"]]["options"]
                # A form may use more words of the same kind.
                assert [word for word in words if word in select["options"]] == select["options"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_have_the_placeholders_of_english(language: str) -> None:
    english = read("en")
    for path, text in read(language).items():
        assert placeholders(text) == placeholders(english[path]), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_what_hassfest_accepts(language: str) -> None:
    for path, text in read(language).items():
        assert all(re.fullmatch(r"[a-z0-9_-]+", key) for key in path.split(".")), path
        assert text, path
        assert text == text.strip(), path
        assert "://" not in text, path
        assert not re.search(r"<[a-zA-Z/]", text), path
        assert not re.search(r"'{\w+}'", text), path
        assert "[%key:" not in text, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_entities_have_names_of_their_own(language: str) -> None:
    """Two of the same name on a device would get a number behind; so no two are called alike."""
    texts = read(language)
    names = [text for path, text in texts.items() if path.startswith("entity.sensor.")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "names",
    [
        ("production", "consumption", "self", "import", "export", "charge", "discharge"),
        ("total", "solar", "grid", "solar_share", "production"),
        *((f"back_{one}", f"next_{one}", f"now_{one}") for one in ("day", "month", "year")),
        tuple(f"tile_{role}" for role in sorted(ROLES)),
    ],
    ids=lambda names: names[0],
)
def test_what_is_shown_side_by_side_differs(language: str, names: tuple[str, ...]) -> None:
    """Lines, colours and buttons of one card, and tiles of one page, have no other names."""
    texts = read(language)
    assert len({texts[f"common.dashboard_{name}"] for name in names}) == len(names)


# What stands behind the name of a measure where an entity shows a period of it.
PERIODS: Mapping[str, Mapping[str, str]] = {
    "today": {"de": "heute", "en": "today", "fr": "aujourd\u2019hui", "it": "oggi"},
    "yesterday": {"de": "gestern", "en": "yesterday", "fr": "hier", "it": "ieri"},
    "month": {"de": "diesen Monat", "en": "this month", "fr": "ce mois-ci", "it": "questo mese"},
}
LAST_MONTH = {
    "de": "letzten Monat",
    "en": "last month",
    "fr": "du mois dernier",
    "it": "del mese scorso",
}
TIME_OF = {"de": "Zeitpunkt der", "en": "Time of", "fr": "Heure de la", "it": "Ora della"}


def names_of_entities(language: str) -> dict[str, str]:
    """The names of sensors by their key."""
    texts = read(language)
    found = (re.fullmatch(r"entity\.sensor\.(\w+)\.name", path) for path in texts)
    return {one[1]: texts[one[0]] for one in found if one}


@pytest.mark.parametrize("language", LANGUAGES)
def test_entities_name_their_period(language: str) -> None:
    """An amount of today is called as its measure is, and today; so with all periods."""
    names, number = names_of_entities(language), 0
    for key, name in names.items():
        measure, _, period = key.rpartition("_")
        if period in PERIODS and measure in names and measure != "cost":
            number += 1
            assert name == f"{names[measure]} {PERIODS[period][language]}", key
    assert number > 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_entities_of_peaks_and_costs_name_their_period(language: str) -> None:
    names, number = names_of_entities(language), 0
    month = PERIODS["month"][language]
    for key, peak in names.items():
        if key.endswith("_peak"):
            number += 1
            assert peak.endswith(f" {month}"), key
            assert names[f"{key}_time"].casefold() == f"{TIME_OF[language]} {peak}".casefold()
    assert number > 10
    assert names["cost_today"].endswith(f" {PERIODS['today'][language]}")
    assert names["cost_this_month"].endswith(f" {month}")
    assert names["cost_last_month"].endswith(f" {LAST_MONTH[language]}")
    assert names["cost_projected"].startswith(f"{names['cost_this_month']}, ")


# Where Italian says it the other way round.
OTHER_ORDER = {
    ("it", "issues.silent_meters.description"),
    ("it", "issues.unusable_tariffs.description"),
    ("it", "issues.implausible.fix_flow.step.init.description"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_come_in_the_order_of_english(language: str) -> None:
    """Two that are swapped say the opposite: the most for what was asked, the end for the start."""

    def order(text: str) -> list[str]:
        return list(dict.fromkeys(re.findall(r"{(\w+)}", text)))

    english = read("en")
    others = {
        (language, path)
        for path, text in read(language).items()
        if order(text) != order(english[path])
    }
    assert others == {one for one in OTHER_ORDER if one[0] == language}


def test_german_is_that_of_switzerland() -> None:
    """Climkit's customers are Swiss: ss and «guillemets»."""
    for path, text in read("de").items():
        assert not re.search(r"ß|[„“”\"]", text), path


def test_german_says_du() -> None:
    """As Home Assistant does; a *Sie* at the beginning of a sentence is they or she."""
    polite = r"(?<![.:?!] )(?<!\n)(?<!^)\bSie\b|\b(Ihnen|Ihr(e[mnrs]?)?)\b"
    assert re.search(polite, "Prüfen Sie die Adresse.")
    assert re.search(polite, "Ihr Zähler")
    for path, text in read("de").items():
        assert not re.search(polite, text), path


def test_italian_says_tu() -> None:
    """As Home Assistant does, whose own words stand beside these in every dialog."""
    polite = (
        r"\b(vostr[aeio]|[Ii]nserite|[Ll]asciate|[Pp]otete|[Rr]iprovate|[Ss]cegliete|[Vv]olete"
        r"|[Ii]nserisca|[Ll]asci|[Rr]iprovi|[Ss]celga|[Ss]criva|[Vv]erifichi|Lei)\b"
    )
    assert re.search(polite, "Qual è il vostro contatore?")
    assert re.search(polite, "Climkit non risponde. Riprovi più tardi.")
    for path, text in read("it").items():
        assert not re.search(polite, text), path


def test_french_says_vous() -> None:
    for path, text in read("fr").items():
        assert not re.search(r"\b([Tt]u|[Tt]on|[Tt]es|[Tt]oi)\b", text), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_apostrophes_are_typographic(language: str) -> None:
    """French and Italian have many; mixed ones look careless."""
    wrong = "\u2019" if language == "en" else "'"
    for path, text in read(language).items():
        assert not re.search(rf"\w{wrong}\w", text), path


# A label stands on one line with its unit, on a phone too (measured at 390 px).
LONGEST_LABEL = 28


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_fit_beside_their_unit(language: str) -> None:
    """What is longer runs into the unit; the sentence below has room for the rest."""
    said = read(language)
    for kind, flow in (("tariff", TariffFlow), ("feed_in", FeedInFlow)):
        sections = f"config_subentries.{kind}.step.prices.sections"
        for name, fields in flow.schema("CHF").schema.items():
            inner = fields.schema.schema if isinstance(fields, section) else {}
            for key, selector in inner.items():
                if isinstance(selector, NumberSelector):
                    label = said[f"{sections}.{name}.data.{key}"]
                    assert len(label) <= LONGEST_LABEL, (language, label)


@pytest.mark.parametrize("kind", ["tariff", "feed_in"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cog_beside_prices_is_called_what_the_repair_says(language: str, kind: str) -> None:
    """Without a text of its own, Home Assistant calls it Configure."""
    word = {
        "de": "neu konfigurieren",
        "en": "reconfigure",
        "fr": "reconfigurer",
        "it": "riconfigura",
    }[language]
    texts = read(language)
    assert word in texts[f"config_subentries.{kind}.initiate_flow.reconfigure"].lower()
    assert word in texts["issues.unusable_tariffs.description"].lower()
