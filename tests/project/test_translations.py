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
