"""What is written about the integration as a package agrees with itself."""

import json
from pathlib import Path
import re
from typing import Any
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "climkit"

# The one place that says where the project is published; every other one is held against it.
ADDRESS: str = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))[
    "documentation"
]

WRITTEN_FOR_OTHERS = sorted(
    path
    for pattern in (
        "*.md",
        "LICENSE",
        "docs/**/*",
        ".github/**/*",
        "blueprints/**/*",
        "custom_components/climkit/**/*",
        "tests/**/*",
    )
    for path in ROOT.glob(pattern)
    if path.suffix in {"", ".json", ".md", ".py", ".yaml", ".yml"} and path.is_file()
)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """Return the manifest; its keys are in the order of the file."""
    return json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))


def test_keys_are_in_the_order_that_hassfest_demands(manifest: dict[str, Any]) -> None:
    keys = list(manifest)
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]


def test_domain_is_the_folder(manifest: dict[str, Any]) -> None:
    assert manifest["domain"] == INTEGRATION.name


def test_what_home_assistant_and_hacs_demand_is_there(manifest: dict[str, Any]) -> None:
    assert manifest["config_flow"] is True
    assert manifest["integration_type"] == "service"
    assert manifest["iot_class"] == "cloud_polling"
    assert "recorder" in manifest["dependencies"]
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    assert manifest["codeowners"]


def test_version_is_semantic(manifest: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(-?(a|b|rc)\.?\d+)?", manifest["version"])


def test_requirements_are_pinned(manifest: dict[str, Any]) -> None:
    for requirement in manifest["requirements"]:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", requirement)


def test_manifest_names_the_public_address(manifest: dict[str, Any]) -> None:
    assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", manifest["documentation"])
    assert manifest["issue_tracker"] == f"{ADDRESS}/issues"
    [owner] = manifest["codeowners"]
    assert owner == f"@{_repository().split('/')[0]}"
    assert f"contributors of {owner[1:]}\n" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_code_belongs_to_the_same(manifest: dict[str, Any]) -> None:
    """Who is asked to review is who the manifest names."""
    owners = (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8").split()
    assert owners == ["*", *manifest["codeowners"]]


def test_hacs_knows_the_same_integration(manifest: dict[str, Any]) -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert hacs["name"] == manifest["name"]
    assert hacs["homeassistant"] == "2026.9.0"


@pytest.mark.parametrize("path", WRITTEN_FOR_OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_public_address_is_the_manifests(path: Path) -> None:
    text = unquote(path.read_text(encoding="utf-8"))
    named = re.findall(r"github(?:usercontent)?\.com/([\w.-]+/[\w-]+)", text)
    named += [
        f"{owner}/{name}" for owner, name in re.findall(r"owner=([\w-]+)&repository=([\w-]+)", text)
    ]
    assert set(named) <= {_repository()}


def _repository() -> str:
    return ADDRESS.removeprefix("https://github.com/")
