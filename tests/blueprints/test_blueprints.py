"""What each blueprint says of itself."""

from pathlib import Path

from homeassistant.components import automation
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import models
from homeassistant.util.yaml import load_yaml
import pytest

from tests.blueprints.using import AUTOMATIONS, ready_texts


def read(path: Path) -> models.Blueprint:
    """A blueprint as Home Assistant reads it."""
    return models.Blueprint(
        load_yaml(str(path)),
        expected_domain=automation.DOMAIN,
        path=path.name,
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )


@pytest.mark.parametrize("path", sorted(AUTOMATIONS.iterdir()), ids=lambda path: path.stem)
def test_what_each_says(path: Path) -> None:
    """Each is valid, of this repository, and explains all that it asks."""
    blueprint = read(path)
    assert blueprint.validate() is None
    assert blueprint.name.startswith("Climkit: ")
    assert blueprint.metadata["source_url"].endswith(f"/blueprints/automation/climkit/{path.name}")
    assert blueprint.metadata["homeassistant"]["min_version"] == "2026.9.0"
    assert all(one["name"] and one["selector"] for one in blueprint.inputs.values())


TOLD = [path for path in sorted(AUTOMATIONS.iterdir()) if path.stem != "solar_surplus"]


@pytest.mark.parametrize("path", TOLD, ids=lambda path: path.stem)
def test_ready_texts(path: Path) -> None:
    """Each language that may be chosen has the same ones, with the same things put in."""
    options = read(path).inputs["language"]["selector"]["select"]["options"]
    languages = [one["value"] for one in options]
    assert languages == ["de", "en", "fr", "it"]
    holes = [
        {key: text.count("{}") for key, text in ready_texts(path.stem, code).items()}
        for code in languages
    ]
    assert all(one == holes[0] for one in holes)


@pytest.mark.parametrize("language", ["de", "en", "fr", "it"])
def test_months(language: str) -> None:
    """Each has a name of its own, in one word: a report finds it by its number."""
    months = ready_texts("consumption_report", language)["months"].split()
    assert len(set(months)) == len(months) == 12
