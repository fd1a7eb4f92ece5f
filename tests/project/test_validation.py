"""What hassfest and HACS check, and what is declared of quality, without the network."""

import ast
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "climkit"
SOURCES = sorted(INTEGRATION.rglob("*.py"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

# Home Assistant has these without being asked.
ALWAYS_THERE = {"diagnostics", "repairs", "sensor", "system_health", "websocket_api"}

RULES = [
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow-test-coverage",
    "config-flow",
    "dependency-transparency",
    "docs-actions",
    "docs-triggers",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    "devices",
    "diagnostics",
    "discovery-update-info",
    "discovery",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    "async-dependency",
    "inject-websession",
    "strict-typing",
]


def read(name: str) -> dict[str, Any]:
    """Return a JSON or YAML file of the integration."""
    answer: dict[str, Any] = yaml.safe_load((INTEGRATION / name).read_text(encoding="utf-8"))
    return answer


def test_every_rule_is_declared() -> None:
    """All 54, none unknown; what is exempt or open has its reason."""
    rules = read("quality_scale.yaml")["rules"]
    assert len(RULES) == 54
    assert sorted(rules) == sorted(RULES)
    for rule, status in rules.items():
        if status != "done":
            assert status["status"] in {"done", "exempt", "todo"}, rule
            assert status["comment"], rule


def test_every_rule_is_shown() -> None:
    """The page names for each rule that is done files that are there."""
    page = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| ([a-z-]+) \| (.+) \|$", page, re.MULTILINE))
    assert sorted(shown) == sorted(RULES)
    for rule, status in read("quality_scale.yaml")["rules"].items():
        kind = status if status == "done" else status["status"]
        words = {"exempt": "exempt: ", "todo": "open: "}
        assert [k for k, word in words.items() if shown[rule].startswith(word)] == [
            k for k in words if k == kind
        ], rule
        for name in re.findall(r"`([^`]+[./][^`]+|brand/)`", shown[rule]):
            assert (ROOT / name).exists() or (INTEGRATION / name).exists(), name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_imported_integrations_are_dependencies(path: Path) -> None:
    manifest = read("manifest.json")
    declared = {*manifest["dependencies"], *manifest.get("after_dependencies", [])}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module == "homeassistant.components":
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = re.findall(r"^homeassistant\.components\.(\w+)", node.module)
        assert set(names) <= declared | ALWAYS_THERE


def test_every_raised_text_is_translated() -> None:
    """Each key that an error names is among the exceptions."""
    known = read("translations/en.json")["exceptions"].keys()
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    raised = re.findall(
        r"raise \w+\(\s*translation_domain=DOMAIN,\s*translation_key=\"(\w+)\"", source
    )
    assert raised
    assert set(raised) <= known


def test_icons_are_those_of_entities() -> None:
    """Each entity with an icon has a name, and each icon is of Home Assistant's set."""
    icons, names = read("icons.json"), read("translations/en.json")
    for platform, entities in icons["entity"].items():
        assert entities.keys() <= names["entity"][platform].keys()
    text = json.dumps(icons)
    assert all(icon.startswith("mdi:") for icon in re.findall(r'"default": "([^"]+)"', text))


def test_views_of_a_measure_have_one_icon() -> None:
    """So they are recognised among others: today's, yesterday's, the month's, the power."""
    icons = {key: one["default"] for key, one in read("icons.json")["entity"]["sensor"].items()}
    names = read("translations/en.json")["entity"]["sensor"]
    for measure in names:
        views = (f"{measure}_{view}" for view in ("today", "yesterday", "month", "power"))
        found = {icons.get(one) for one in (measure, *views) if one in names}
        assert len(found) == 1, measure


@pytest.mark.parametrize("prefix", ["", "dark_"])
@pytest.mark.parametrize("suffix", ["", "@2x"])
def test_brand(prefix: str, suffix: str) -> None:
    """Icons are square, 256 or 512 pixels; a logo's shorter side is 128 or 256."""
    factor = 2 if suffix else 1
    assert size(f"{prefix}icon{suffix}.png") == (256 * factor, 256 * factor)
    width, height = size(f"{prefix}logo{suffix}.png")
    assert height == 128 * factor < width


def test_brand_has_no_other_files() -> None:
    assert len(list((INTEGRATION / "brand").iterdir())) == 8


def size(name: str) -> tuple[int, int]:
    """Return width and height of a PNG."""
    data = (INTEGRATION / "brand" / name).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def test_the_release_attaches_what_hacs_asks_for() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert f"/{hacs['filename']}" in release


def test_dependabot_leaves_the_oldest_alone() -> None:
    """What it must not raise is the pin that the script of the oldest release installs."""
    dependabot = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    [pip] = [one for one in dependabot["updates"] if one["package-ecosystem"] == "pip"]
    assert pip["exclude-paths"] == ["requirements_oldest.txt"]
    installs = re.search(
        r"install_for_oldest\(\) {.* -r (\S+);", (ROOT / "scripts" / "setup").read_text("utf-8")
    )
    assert installs
    assert installs[1] in pip["exclude-paths"]
    assert "==" in (ROOT / installs[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_pin_actions(path: Path) -> None:
    """A tag can be moved, a commit cannot; and no job may do more than it must."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert "permissions" in workflow
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        for step in job["steps"]:
            if uses := step.get("uses"):
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses)
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
            assert "${{" not in step.get("run", "")  # a title could be a command
