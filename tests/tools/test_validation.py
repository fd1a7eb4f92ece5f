"""What hassfest or HACS would refuse is found here first: a fault of each kind is planted."""

from collections.abc import Callable
import json
from pathlib import Path
import shutil
from typing import Any

import pytest

from tools import validation
from tools.validation import INTEGRATION, ROOT, problems

type Fault = Callable[[Any], object]


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path) -> Path:
    """Return a copy of what is checked."""
    texts = ("hacs.json", *(INTEGRATION / name for name in ("manifest.json", "services.yaml")))
    for name in (*texts, INTEGRATION / "icons.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("blueprints", INTEGRATION / "translations"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def plant_in_json(path: Path, fault: Fault) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    fault(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def plant_in_text(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_nothing_is_wrong(project: Path) -> None:
    assert list(problems(project)) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda hacs: hacs.update(colour="red"), "colour"),
        (lambda hacs: hacs.pop("name"), "name"),
        (lambda hacs: hacs.pop("hide_default_branch"), "hide_default_branch"),
        (lambda hacs: hacs.pop("filename"), "filename"),
        (lambda hacs: hacs.update(country=["Switzerland"]), "country"),
    ],
)
def test_hacs(project: Path, fault: Fault, words: str) -> None:
    plant_in_json(project / "hacs.json", fault)
    found = " ".join(problems(project))
    assert "hacs.json: " in found
    assert words in found


def move_to_the_end(data: dict[str, Any], key: str) -> None:
    data[key] = data.pop(key)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda manifest: manifest.update(colour="red"), "colour"),
        (lambda manifest: manifest.pop("iot_class"), "iot_class"),
        (lambda manifest: manifest.pop("version"), "version"),
        (lambda manifest: manifest.update(version="first"), "version"),
        (lambda manifest: manifest.update(iot_class="cloud"), "iot_class"),
        (lambda manifest: manifest.update(integration_type="cloud"), "integration_type"),
        (lambda manifest: manifest.update(domain="other"), "the folder's name"),
        (lambda manifest: manifest.update(codeowners=["somebody"]), "codeowners"),
        (lambda manifest: manifest.update(requirements=["tenacity == 9"]), "requirements"),
        (lambda manifest: manifest.update(documentation="http://example.com"), "documentation"),
        (lambda manifest: manifest["dependencies"].append("recorders"), "no integration recorders"),
        (lambda manifest: move_to_the_end(manifest, "codeowners"), "not in order"),
        (
            lambda manifest: manifest.update(loggers=["custom_components.climkit"]),
            "own logger",
        ),
    ],
)
def test_manifest(project: Path, fault: Fault, words: str) -> None:
    plant_in_json(project / INTEGRATION / "manifest.json", fault)
    found = " ".join(problems(project))
    assert "manifest.json: " in found
    assert words in found


def user(texts: dict[str, Any]) -> dict[str, Any]:
    """Return the step of a set-up that asks for an account."""
    step: dict[str, Any] = texts["config"]["step"]["user"]
    return step


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda texts: texts.update(colour={}), "colour"),
        (lambda texts: user(texts).update(titel="Konto"), "titel"),
        (lambda texts: user(texts)["data_description"].update(other="x"), "describes other"),
        (lambda texts: user(texts).update(title="Account "), "spaces"),
        (lambda texts: user(texts).update(title="<b>Account</b>"), "HTML"),
        (lambda texts: user(texts).update(title="See https://climkit.io"), "address"),
        (lambda texts: user(texts).update(title="See www.climkit.io"), "address"),
        (lambda texts: user(texts).update(title="Site '{site}'"), "single quotes"),
        (lambda texts: user(texts).update(title="Site {0}"), "without a name"),
        (lambda texts: user(texts).update(title="Site {site"), "braces"),
        (lambda texts: user(texts).update(title="[%key:common::name%]"), "refers"),
        (lambda texts: texts["entity"]["sensor"].update(Total={"name": "Total"}), "Total"),
        (lambda texts: texts["exceptions"].update(broken={}), "message"),
        (lambda texts: texts["issues"].update(broken={"title": "Broken"}), "issues"),
        (lambda texts: texts["services"]["import_history"].pop("description"), "description"),
        (lambda texts: texts["config_subentries"]["tariff"].pop("entry_type"), "entry_type"),
        (
            lambda texts: texts["entity"]["sensor"].update(one={"state": {"on": "On {day}"}}),
            "placeholder",
        ),
    ],
)
def test_translations(project: Path, language: str, fault: Fault, words: str) -> None:
    plant_in_json(project / INTEGRATION / "translations" / f"{language}.json", fault)
    found = " ".join(problems(project))
    assert f"translations/{language}.json: " in found
    assert words in found


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("        datetime:\n", "        date_and_time:\n", "date_and_time"),
        ("      required: true\n", "      required: always\n", "required"),
        ("      default: false\n", "      default:\n", "is empty"),
        ("translation_key: measure\n", "translation_key: measures\n", "no words for measures"),
        ("import_history:\n", "Import-History:\n", "Import-History"),
        ("  fields:\n", "  felder:\n", "felder"),
        ("  fields:\n", "  fields: [\n", "cannot be read"),
    ],
)
def test_services(project: Path, before: str, after: str, words: str) -> None:
    plant_in_text(project / INTEGRATION / "services.yaml", before, after)
    found = " ".join(problems(project))
    assert found.startswith("services")
    assert words in found


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda icons: icons.update(colours={}), "colours"),
        (lambda icons: icons["entity"]["sensor"].update(a={"default": "fa:sun"}), "fa:sun"),
        (lambda icons: icons["entity"]["sensor"].update({"A b": {}}), "A b"),
        (lambda icons: icons["services"].update(import_history="mdi:sun"), "import_history"),
        (
            lambda icons: icons["entity"]["sensor"].update(
                a={"default": "mdi:sun", "state": {"on": "mdi:sun"}}
            ),
            "default anyhow",
        ),
    ],
)
def test_icons(project: Path, fault: Fault, words: str) -> None:
    plant_in_json(project / INTEGRATION / "icons.json", fault)
    found = " ".join(problems(project))
    assert found.startswith("icons.json: ")
    assert words in found


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("  domain: automation\n", "", "domain"),
        ("  domain: automation\n", "  domain: script\n", "type script"),
        ("      selector:\n        time:\n", "      selector:\n        hour:\n", "hour"),
        ("!input at\n", "!input clock\n", "clock"),
        ("  name: ", "  colour: red\n  name: ", "colour"),
        ("min_version: 2026.9.0", "min_version: 2026.4.0", "min_version"),
        ("/blob/main/blueprints/", "/blob/main/", "source_url"),
    ],
)
def test_blueprints(project: Path, before: str, after: str, words: str) -> None:
    path = Path("blueprints/automation/climkit/water_at_night.yaml")
    plant_in_text(project / path, before, after)
    found = " ".join(problems(project))
    assert found.startswith(f"{path}: ")
    assert words in found


def test_what_cannot_be_read_is_told(project: Path) -> None:
    plant_in_text(project / INTEGRATION / "manifest.json", "{", "[")
    assert any(problem.startswith("manifest: cannot be read") for problem in problems(project))


def test_the_command_fails_and_says_why(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validation, "ROOT", project)
    assert validation.main() == 0
    plant_in_json(project / "hacs.json", lambda hacs: hacs.pop("name"))
    assert validation.main() == 1
    assert capsys.readouterr().out.startswith("hacs.json: ")
