"""Every example in READMEs and docs is valid: actions, automations, cards, configuration."""

from collections.abc import Iterator
from dataclasses import dataclass
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.config import async_process_component_config
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify
from homeassistant.util.yaml import parse_yaml
import pytest

import custom_components.climkit as integration
from custom_components.climkit.const import DOMAIN
from tests.project.test_docs import PAGES, entity_names, read, statistic_keys
from tools.entity_tables import ROOT

# Whose entities the examples show: names of the simulator's sites and meters, or such as them.
OWNERS = ("les_tilleuls", "maison_rochat", "flat_3", "flat_1")

# Cards that Home Assistant has itself.
STUB = ROOT / "custom_components" / "climkit" / "frontend" / "www" / "climkit.js"
OWN_CARDS = {f"custom:{name}" for name in re.findall(r'"(climkit-[\w-]+)": cardOf', read(STUB))}
CARDS = {
    *("alarm-panel", "area", "button", "calendar", "clock", "conditional", "energy-compare"),
    *("energy-carbon-consumed-gauge", "energy-date-selection", "energy-devices-detail-graph"),
    *("energy-devices-graph", "energy-distribution", "energy-grid-neutrality-gauge"),
    *("energy-sankey", "energy-self-sufficiency-gauge", "energy-solar-consumed-gauge"),
    *("energy-solar-graph", "energy-sources-table", "energy-usage-graph", "energy-water-graph"),
    *("entities", "entity", "entity-filter", "gauge", "glance", "grid", "heading"),
    *("history-graph", "horizontal-stack", "logbook", "markdown", "sensor", "statistic"),
    *("statistics-graph", "tile", "vertical-stack"),
}


@dataclass(frozen=True)
class Example:
    """A block of YAML; `after_action` if the block before it on its page calls an action."""

    page: str
    line: int
    content: Any
    after_action: bool


def _examples() -> Iterator[Example]:
    for page in PAGES:
        text, after_action = read(page), False
        for block in re.finditer(r"^```ya?ml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
            content = parse_yaml(block[1])
            line = text[: block.start()].count("\n") + 1
            yield Example(page.name, line, content, after_action)
            is_action = isinstance(content, dict) and "action" in content
            after_action = is_action or (after_action and _is_answer(content))


def _is_answer(content: object) -> bool:
    known = ("action", "type", "triggers", "sequence", "blueprint")
    return isinstance(content, dict) and not any(key in content for key in known)


def _walk(content: object) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict):
        yield content
        content = list(content.values())
    if isinstance(content, list):
        for one in content:
            yield from _walk(one)


EXAMPLES = list(_examples())


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.fixture
async def instance(
    recorder_mock: object, hass: HomeAssistant, enable_custom_integrations: None
) -> HomeAssistant:
    """A Home Assistant with the actions and triggers of the integration, without an account."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await integration.async_setup(hass, {})
    return hass


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.page}:{one.line}")
async def test_example_is_valid(instance: HomeAssistant, example: Example) -> None:
    """Each example is what it looks like, and passes the schema of such."""
    for one in _walk(example.content):
        _check_action(instance, one)
    match example.content:
        case {"blueprint": _}:
            BLUEPRINT_SCHEMA(example.content)
        case {"use_blueprint": {"path": path}}:
            found = [*(ROOT / "blueprints").rglob(Path(path).name)]
            assert found, path
        case {"triggers": _}:
            await _validate_automation(instance, example.content)
        case [{"triggers": _}, *_]:
            for one in example.content:
                await _validate_automation(instance, one)
        case {"sequence": _}:
            cv.SCRIPT_SCHEMA(example.content["sequence"])
        case {"action": _}:
            cv.SCRIPT_SCHEMA([example.content])
        case [{"action": _}, *_] | [{"variables": _}, *_]:
            cv.SCRIPT_SCHEMA(example.content)
        case {"type": _}:
            _check_card(example.content)
        case {**content} if not example.after_action:
            for domain in content:
                assert await async_get_integration(instance, domain)
                await _validate_configuration(instance, domain, content)


def _check_action(hass: HomeAssistant, call: dict[str, Any]) -> None:
    """Check that an action of ours exists, and takes the fields that it is given."""
    domain, _, action = str(call.get("action", "")).partition(".")
    if domain != DOMAIN:
        return
    registered = hass.services.async_services_for_domain(DOMAIN)
    assert action in registered, action
    data = call.get("data", {})
    assert set(data) <= _fields(action)
    if "{{" not in str(data) and "Input(" not in repr(data):
        schema = registered[action].schema
        assert schema
        schema(data | call.get("target", {}))


def _fields(action: str) -> set[str]:
    services = parse_yaml(read(ROOT / "custom_components" / "climkit" / "services.yaml"))
    assert isinstance(services, dict)
    return set((services[action] or {}).get("fields", {}))


async def _validate_automation(hass: HomeAssistant, config: dict[str, Any]) -> None:
    validated = await async_validate_config_item(hass, "example", dict(config))
    assert validated
    assert not validated.validation_error, validated.validation_error


async def _validate_configuration(hass: HomeAssistant, domain: str, config: object) -> None:
    part = await async_get_integration(hass, domain)
    result = await async_process_component_config(hass, {domain: config[domain]}, part)  # type: ignore[index]
    assert not result.exception_info_list, result.exception_info_list


def _check_card(card: dict[str, Any]) -> None:
    """Check types of cards, and that entities and statistics are of the naming scheme."""
    nested = [card, *(one for key in ("cards", "card") for one in _walk(card.get(key)))]
    assert {one["type"] for one in nested if "type" in one} <= CARDS | OWN_CARDS
    text = json.dumps(card)
    names = {slugify(name) for name in entity_names("en")}
    for owner_and_name in re.findall(r"\bsensor\.(\w+)", text):
        owner = next((one for one in OWNERS if owner_and_name.startswith(f"{one}_")), "")
        assert owner_and_name.removeprefix(f"{owner}_") in names, owner_and_name
    keys = statistic_keys("site") | statistic_keys("meter")
    for key in re.findall(rf"\b{DOMAIN}:[0-9a-f]{{24}}_(\w+)", text):
        assert key.removesuffix("_cost") in keys, key


async def test_utility_meter_counts_as_the_readme_says(instance: HomeAssistant) -> None:
    """A total that falls is not followed, so the sum is too high; a jump counts at once."""
    instance.states.async_set("sensor.total", "100", {"unit_of_measurement": "kWh"})
    meters = {
        "plain": {"source": "sensor.total"},
        "net": {"source": "sensor.total", "net_consumption": True},
    }
    assert await async_setup_component(instance, "utility_meter", {"utility_meter": meters})
    await instance.async_block_till_done()
    for total in (100, 102, 101, 103, 5103):
        instance.states.async_set("sensor.total", str(total), {"unit_of_measurement": "kWh"})
        await instance.async_block_till_done()
    plain, net = (instance.states.get(f"sensor.{name}") for name in meters)
    assert plain
    assert net
    assert (float(plain.state), float(net.state)) == (5004, 5003)
