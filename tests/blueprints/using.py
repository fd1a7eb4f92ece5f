"""Uses a blueprint as a person does: inputs are filled in, devices chosen and named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from homeassistant.components import automation
from homeassistant.const import STATE_ON
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml

from custom_components.climkit.const import DOMAIN
from tests.conftest import Home

AUTOMATIONS = Path(__file__).parents[2] / "blueprints" / "automation" / "climkit"
TELL = [{"action": "test.tell", "data": {"title": "{{ title }}", "message": "{{ message }}"}}]


def colon(language: str) -> str:
    """What a language writes between a name and what is told of it."""
    return "\N{NO-BREAK SPACE}: " if language == "fr" else ": "


def decimal(language: str, number: float) -> str:
    """A number with one decimal, as a language writes it."""
    return f"{number:.1f}".replace(".", "," if language in {"fr", "it"} else ".")


def kwh(language: str, amount: float) -> str:
    """An energy, as a language writes it."""
    return f"{decimal(language, amount)} kWh"


async def automate(home: Home, blueprint: str, **inputs: object) -> None:
    """Set up an automation from a blueprint."""
    use = {"path": f"climkit/{blueprint}.yaml", "input": inputs}
    config = {"automation": {"id": "it", "alias": "It", "use_blueprint": use}}
    assert await async_setup_component(home.hass, automation.DOMAIN, config)
    await home.hass.async_block_till_done()
    assert home.hass.states.get("automation.it")
    assert home.hass.states.is_state("automation.it", STATE_ON)


def form_of(blueprint: str) -> dict[str, Any]:
    """What a blueprint asks for, by name."""
    content: Any = load_yaml(str(AUTOMATIONS / f"{blueprint}.yaml"))
    asked: dict[str, Any] = content["blueprint"]["input"]
    return asked


def ready_texts(blueprint: str, language: str) -> dict[str, str]:
    """The texts that a person finds in the form for a language."""
    texts: dict[str, str] = form_of(blueprint)["wording"]["input"][language]["default"]
    return texts


def ready_action(blueprint: str) -> list[dict[str, Any]]:
    """What is done for a person who leaves that as the form has it."""
    actions: list[dict[str, Any]] = form_of(blueprint)["what"]["default"]
    return actions


def told_by(shown: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What notifications tell a person."""
    return [{key: one[key] for key in ("title", "message")} for one in shown.values()]


def devices(home: Home, *climkit_ids: str) -> list[str]:
    """What a person chooses in a device picker."""
    registry = dr.async_get(home.hass)
    entry_id = home.entry.entry_id
    found = [
        registry.async_get_device_by_identifier((DOMAIN, climkit_id), entry_id)
        for climkit_id in climkit_ids
    ]
    return [device.id for device in found if device]


def rename(home: Home, climkit_id: str, name: str) -> None:
    """Give a device a name of one's own."""
    [device_id] = devices(home, climkit_id)
    dr.async_get(home.hass).async_update_device(device_id, name_by_user=name)
