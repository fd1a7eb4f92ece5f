"""What hassfest and HACS demand of an integration, without a checkout of its sources.

Written from what their checks say, of which the workflow `validate` runs the real ones. What breaks
a rule is printed, one line each.
"""

from collections.abc import Callable, Iterator
import json
from pathlib import Path
import re
from string import Formatter
import sys
from typing import Any
from urllib.parse import urlsplit

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from homeassistant import components
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.errors import BlueprintException
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, selector
from homeassistant.util.yaml import load_yaml_dict
import voluptuous as vol
from voluptuous.humanize import humanize_error

ROOT = Path(__file__).parents[1]
INTEGRATION = Path("custom_components") / "climkit"
BUILT_IN = Path(components.__path__[0])

VERSIONS = [
    AwesomeVersionStrategy.CALVER,
    AwesomeVersionStrategy.SEMVER,
    AwesomeVersionStrategy.SIMPLEVER,
    AwesomeVersionStrategy.BUILDVER,
    AwesomeVersionStrategy.PEP440,
]
IOT_CLASSES = {
    *("assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push")
}
INTEGRATION_TYPES = {"device", "entity", "hardware", "helper", "hub", "service", "system"}

ADDRESS = re.compile(r"(\w+://|www\.)[a-z0-9]", re.IGNORECASE)
QUOTED_PLACEHOLDER = re.compile(r"'{\w+}'")
REFERENCE = re.compile(r"\[%|%\]")
KEY = re.compile(r"(?!.*[_-]{2})[a-z0-9]([a-z0-9_-]*[a-z0-9])?")

type Check = Callable[[Path], Iterator[str]]


def main() -> int:
    """Check this project. Returns 0 if all is well."""
    found = list(problems(ROOT))
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


def problems(root: Path) -> Iterator[str]:
    """Give what is wrong in the project in a folder, a sentence each that begins with the file."""
    for check in (hacs, manifest, translations, services, icons, blueprints):
        try:
            yield from check(root)
        except (OSError, ValueError, HomeAssistantError) as error:
            yield f"{check.__name__}: cannot be read: {error}"


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _broken(name: str, schema: Callable[[Any], Any], data: Any) -> Iterator[str]:
    try:
        schema(data)
    except vol.Invalid as error:
        yield f"{name}: {humanize_error(data, error)}"


# HACS


def hacs(root: Path) -> Iterator[str]:
    """`hacs.json`: a release that is a zip needs its name, and a branch has none to offer."""
    data = _json(root / "hacs.json")
    yield from _broken("hacs.json", HACS, data)
    if data.get("zip_release"):
        if not str(data.get("filename")).endswith(".zip"):
            yield "hacs.json: zip_release needs the filename of a .zip"
        if not data.get("hide_default_branch"):
            yield "hacs.json: zip_release needs hide_default_branch, as a branch has no zip"


HACS = vol.Schema(
    {
        vol.Required("name"): str,
        "country": [vol.Match(r"^[A-Z]{2}$")],
        "filename": str,
        "hide_default_branch": bool,
        "homeassistant": cv.string,
        "render_readme": bool,
        "zip_release": bool,
    }
)


# manifest.json


def manifest(root: Path) -> Iterator[str]:
    """Known keys in their order, the folder's domain, and integrations that Home Assistant has."""
    data, name = _json(root / INTEGRATION / "manifest.json"), "manifest.json"
    yield from _broken(name, MANIFEST, data)
    if list(data) != ["domain", "name", *sorted(data.keys() - {"domain", "name"})]:
        yield f"{name}: the keys are not in order: domain, name, then the alphabet's"
    if data.get("domain") != INTEGRATION.name:
        yield f"{name}: the domain is not the folder's name"
    for one in [*data.get("dependencies", []), *data.get("after_dependencies", [])]:
        if not (BUILT_IN / str(one) / "manifest.json").exists():
            yield f"{name}: Home Assistant has no integration {one}"


def _documentation(value: str) -> str:
    address = urlsplit(value)
    if address.scheme != "https" or address.netloc == "www.home-assistant.io":
        raise vol.Invalid("must begin with https and be the integration's own")
    return value


def _version(value: str) -> str:
    if AwesomeVersion(value).strategy not in VERSIONS:
        raise vol.Invalid("is not a version that Home Assistant loads")
    return value


def _of_others(value: str) -> str:
    if value.startswith("custom_components."):
        raise vol.Invalid("Home Assistant knows the integration's own logger")
    return value


MANIFEST = vol.Schema(
    {
        vol.Required("domain"): cv.slug,
        vol.Required("name"): str,
        "after_dependencies": [str],
        vol.Required("codeowners"): [vol.Match(r"^@[\w-]+(/[\w-]+)?$")],
        "config_flow": bool,
        "dependencies": [str],
        vol.Required("documentation"): vol.All(str, _documentation),
        "integration_type": vol.In(INTEGRATION_TYPES),
        vol.Required("iot_class"): vol.In(IOT_CLASSES),
        vol.Required("issue_tracker"): vol.Url(),
        "loggers": [vol.All(str, _of_others)],
        "requirements": [vol.Match(r"^\S+$")],
        vol.Required("version"): vol.All(str, _version),
    }
)


# translations/


def translations(root: Path) -> Iterator[str]:
    """Each language, by the rules that hassfest has for English."""
    for path in sorted((root / INTEGRATION / "translations").glob("*.json")):
        yield from _broken(f"translations/{path.name}", TEXTS, _json(path))


def _text(value: Any) -> str:
    text = cv.string_with_no_html(value)
    if text != text.strip():
        raise vol.Invalid("has spaces before or behind it")
    if ADDRESS.search(text):
        raise vol.Invalid("holds an address; pass it as a placeholder")
    if QUOTED_PLACEHOLDER.search(text):
        raise vol.Invalid("has a placeholder in single quotes")
    if REFERENCE.search(text):
        raise vol.Invalid("refers to another text, which only those of Home Assistant itself can")
    for name in _placeholders(text):
        if not name.isidentifier():
            raise vol.Invalid(f"has a placeholder without a name: {name!r}")
    return text


def _text_of_state(value: Any) -> str:
    text = _text(value)
    if any(_placeholders(text)):
        raise vol.Invalid("has a placeholder, which nobody fills in there")
    return text


def _placeholders(text: str) -> list[str]:
    try:
        return [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise vol.Invalid(f"has braces that fit nothing: {error}") from error


def _key(value: Any) -> str:
    if not (isinstance(value, str) and KEY.fullmatch(value)):
        raise vol.Invalid(f"is no key: {value!r}")
    return value


def _by_key(schema: Any) -> Any:
    return cv.schema_with_slug_keys(schema, slug_validator=_key)


def _described_fields_are_there(flow: dict[str, Any]) -> dict[str, Any]:
    for name, step in flow["step"].items():
        for one in (step, *step.get("sections", {}).values()):
            for field in one.get("data_description", {}).keys() - one.get("data", {}).keys():
                raise vol.Invalid(f"{name} describes {field}, which it has no name for")
    return flow


FIELDS = {"data": _by_key(_text), "data_description": _by_key(_text), "description": _text}
STEP = {
    **FIELDS,
    "title": _text,
    "menu_options": _by_key(_text),
    "menu_option_descriptions": _by_key(_text),
    "sections": _by_key({**FIELDS, "name": _text}),
    "submit": _text,
}
FLOW = {
    "abort": _by_key(_text),
    "create_entry": _by_key(_text),
    "error": _by_key(_text),
    "flow_title": _text,
    "progress": _by_key(_text),
    vol.Required("step"): _by_key(STEP),
}
SUBENTRY_FLOW = {
    **FLOW,
    vol.Required("entry_type"): _text,
    vol.Required("initiate_flow"): {vol.Required("user"): _text, str: _text},
}
NAMED = {vol.Required("name"): _text, vol.Required("description"): _text}


def _flow(schema: dict[Any, Any]) -> Any:
    return vol.All(vol.Schema(schema), _described_fields_are_there)


ISSUE = vol.All(
    cv.has_at_least_one_key("description", "fix_flow"),
    vol.Schema(
        {
            vol.Required("title"): _text,
            vol.Exclusive("description", "fixable"): _text,
            vol.Exclusive("fix_flow", "fixable"): _flow(FLOW),
        }
    ),
)
ENTITY = {
    "name": _text,
    "state": _by_key(_text_of_state),
    "state_attributes": _by_key({"name": _text_of_state, "state": _by_key(_text_of_state)}),
    "unit_of_measurement": _text_of_state,
}
TEXTS = vol.Schema(
    {
        "common": _by_key(_text),
        "config": _flow(FLOW),
        "config_subentries": _by_key(_flow(SUBENTRY_FLOW)),
        "device": _by_key({"name": _text}),
        "entity": _by_key(_by_key(ENTITY)),
        "exceptions": _by_key({vol.Required("message"): _text}),
        "issues": _by_key(ISSUE),
        "options": _flow(FLOW),
        "selector": _by_key(
            {
                "fields": _by_key(NAMED),
                "options": _by_key(_text),
                "unit_of_measurement": _by_key(_text),
            }
        ),
        "services": _by_key(
            {**NAMED, "fields": _by_key(NAMED), "sections": _by_key({vol.Required("name"): _text})}
        ),
        "system_health": {"info": _by_key(_text)},
        "title": _text,
    }
)


# services.yaml


def services(root: Path) -> Iterator[str]:
    """Fields with selectors that there are, and words for each choice."""
    folder = root / INTEGRATION
    data = load_yaml_dict(str(folder / "services.yaml"))
    yield from _broken("services.yaml", SERVICES, data)
    words = _json(folder / "translations" / "en.json").get("selector", {})
    for name, field, select in _selects(data):
        if (key := select.get("translation_key")) and key not in words:
            yield f"services.yaml: {name}, {field}: there are no words for {key}"


def _selects(data: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, service in data.items():
        for field, one in ((service or {}).get("fields") or {}).items():
            if isinstance(select := one.get("selector", {}).get("select"), dict):
                yield name, field, select


def _something(value: Any) -> Any:
    if value is None:
        raise vol.Invalid("is empty")
    return value


SERVICES = vol.Schema(
    {
        cv.slug: {
            "fields": {
                cv.slug: {
                    "default": _something,
                    "example": _something,
                    "required": bool,
                    vol.Required("selector"): selector.validate_selector,
                }
            }
        }
    }
)


# icons.json


def icons(root: Path) -> Iterator[str]:
    """Icons of Home Assistant's set, and none of a state that is the default one."""
    data = _json(root / INTEGRATION / "icons.json")
    yield from _broken("icons.json", ICONS, data)


def _icon(value: Any) -> str:
    text = cv.string_with_no_html(value)
    if not re.fullmatch(r"mdi:[a-z0-9-]+", text):
        raise vol.Invalid(f"is no icon of the set mdi: {text}")
    return text


def _says_more_than_the_default(icon: dict[str, Any]) -> dict[str, Any]:
    if icon.get("default") in icon.get("state", {}).values():
        raise vol.Invalid("a state has the icon that is the default anyhow")
    return icon


ICON = vol.All(
    vol.Schema({"default": _icon, "range": {str: _icon}, "state": _by_key(_icon)}),
    _says_more_than_the_default,
)
ICONS = vol.Schema(
    {
        "entity": _by_key(_by_key(ICON)),
        "services": _by_key({vol.Required("service"): _icon, "sections": _by_key(_icon)}),
    }
)


# blueprints/


def blueprints(root: Path) -> Iterator[str]:
    """What Home Assistant imports, for releases from the oldest on that HACS lets install it."""
    oldest = _json(root / "hacs.json").get("homeassistant")
    address = _json(root / INTEGRATION / "manifest.json").get("documentation")
    for path in sorted((root / "blueprints").rglob("*.yaml")):
        data, name = load_yaml_dict(str(path)), path.relative_to(root)
        try:  # also sees inputs that are used and not there
            Blueprint(data, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA)
        except BlueprintException as error:
            yield f"{name}: {error}"
        about = data.get("blueprint", {})
        if about.get("source_url") != f"{address}/blob/main/{name.as_posix()}":
            yield f"{name}: source_url is not its own address"
        if about.get("homeassistant", {}).get("min_version") != oldest:
            yield f"{name}: min_version is not that of hacs.json"


if __name__ == "__main__":
    sys.exit(main())
