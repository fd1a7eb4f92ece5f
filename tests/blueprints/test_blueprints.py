"""What each blueprint says of itself."""

from pathlib import Path

from homeassistant.components import automation
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import models
from homeassistant.util.yaml import load_yaml
import pytest

AUTOMATIONS = Path(__file__).parents[2] / "blueprints" / "automation" / "climkit"


@pytest.mark.parametrize("path", sorted(AUTOMATIONS.iterdir()), ids=lambda path: path.stem)
def test_what_each_says(path: Path) -> None:
    """Each is valid, of this repository, and explains all that it asks."""
    blueprint = models.Blueprint(
        load_yaml(str(path)),
        expected_domain=automation.DOMAIN,
        path=path.name,
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    assert blueprint.name.startswith("Climkit: ")
    assert blueprint.metadata["source_url"].endswith(f"/blueprints/automation/climkit/{path.name}")
    assert blueprint.metadata["homeassistant"]["min_version"] == "2026.9.0"
    assert all(one["name"] and one["selector"] for one in blueprint.inputs.values())
