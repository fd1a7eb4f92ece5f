"""The texts hold the keys and the placeholders that the code uses, no others and no fewer.

The code is read, not run: what an error says must be right although it never happens in a test.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
import re

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.helpers.selector import SelectSelector
import pytest
import voluptuous as vol

from custom_components.climkit import issues
from custom_components.climkit.const import HISTORY_DATE, HISTORY_EVERYTHING, HISTORY_NOW
from custom_components.climkit.energy_dashboard import DEVICE, SkipReason, SourceKind
from custom_components.climkit.flows.prices import READY_WINDOWS, low_hours_section
from custom_components.climkit.flows.selection import HISTORY_SCHEMA
from custom_components.climkit.flows.set_up import _LINKS
from custom_components.climkit.frontend.owners import Code
from custom_components.climkit.measures import METER_TYPES
from custom_components.climkit.sensor import costs, entities
from custom_components.climkit.services import ATTR_PARENT
from custom_components.climkit.services.data import SAMPLINGS
from custom_components.climkit.services.statement_action import CSV, ROWS
from custom_components.climkit.services.target import TargetKind
from custom_components.climkit.statistics import RecorderError
from tests.project.test_translations import placeholders, read

FOLDER = Path(__file__).parents[2] / "custom_components" / "climkit"
TARIFF = "config_subentries.tariff"
FEED_IN = "config_subentries.feed_in"
PRICES = (TARIFF, FEED_IN)
FIX_FLOW = "issues.implausible.fix_flow"

# Which flows a file has steps of, and which errors it names in them.
SECTIONS = {
    "config_flow": ["config", "options"],
    "costs/calendar": [*PRICES],
    "costs/low_hours": [*PRICES],
    "flows/feed_in": [FEED_IN],
    "flows/prices": [*PRICES],
    "flows/selection": ["config", "options"],
    "flows/energy_dashboard": ["options"],
    "flows/tariff": [TARIFF],
    "flows/view": ["config", "options"],
    "repairs": [FIX_FLOW],
}

# Home Assistant ends flows with these by itself.
OF_HOME_ASSISTANT = {
    "already_configured",
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
}

TEXTS = read("en")


@cache
def tree(name: str) -> ast.Module:
    """A file of the integration."""
    return ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))


FILES = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*.py"))


def calls(name: str, *functions: str) -> Iterator[tuple[ast.Call, ast.AST]]:
    """The calls of some functions in a file (all without any), each with the function it is in."""
    for outer in ast.walk(tree(name)):
        if not isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(outer):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
                if not functions or called in functions:
                    yield node, outer


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value that a call passes by a name."""
    return next((one.value for one in call.keywords if one.arg == name), None)


def text_of(node: ast.expr | None) -> str | None:
    """A text that is written down, or a constant that holds one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return getattr(issues, node.id, None)
    return None


def keys_of(node: ast.expr | None, function: ast.AST) -> set[str] | None:
    """The keys of a table that is written down there or where its name is; None: not known."""
    if node is None or isinstance(node, ast.Constant):
        return set()
    if isinstance(node, ast.Name):
        for one in ast.walk(function):
            if isinstance(one, ast.Assign) and getattr(one.targets[0], "id", None) == node.id:
                return keys_of(one.value, function)
    if isinstance(node, ast.Dict) and all(node.keys):
        return {str(text_of(key)) for key in node.keys}
    return None


def wanted_in(*starts: str) -> set[str]:
    """The placeholders of all texts under some paths."""
    found = (placeholders(text) for path, text in TEXTS.items() if path.startswith(starts))
    return set().union(*found)


def raised() -> Iterator[tuple[str, set[str] | None]]:
    """The keys of exceptions, each with its placeholders."""
    for name in FILES:
        for call, function in calls(name):
            key = text_of(keyword(call, "translation_key"))
            if key and keyword(call, "translation_domain"):
                yield key, keys_of(keyword(call, "translation_placeholders"), function)
    for call, _ in calls("energy_dashboard/preferences", "_error"):
        yield str(text_of(call.args[0])), {str(one.arg) for one in call.keywords}
    for kind in (RecorderError, *RecorderError.__subclasses__()):
        yield kind.key, set()


def mapped() -> set[str]:
    """What the client's errors are mapped to."""
    [function] = [
        node
        for node in tree("errors").body
        if isinstance(node, ast.FunctionDef) and node.name == "error_key"
    ]
    found = {text_of(node.value) for node in ast.walk(function) if isinstance(node, ast.Return)}
    return {key for key in found if key}


def errors_of(name: str) -> Iterator[str]:
    """The keys of errors that a file shows in forms."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            table, value = node.targets[0].value, text_of(node.value)
            if getattr(table, "id", "") == "errors" and value:
                yield value
        elif isinstance(node, ast.Dict) and [text_of(key) for key in node.keys] == ["base"]:
            yield from filter(None, [text_of(node.values[0])])
    for call, _ in calls(name, "setdefault", "LowHoursError"):
        is_error = getattr(call.func, "id", None) or getattr(call.func.value, "id", "") == "errors"  # type: ignore[attr-defined]
        if is_error:
            yield from filter(None, [text_of(one) for one in call.args if text_of(one)][:1])


def test_exceptions() -> None:
    """Each that is raised has a text with its placeholders, and none has a text for nothing."""
    used = dict(raised())
    assert len(used) > 15
    for key, given in used.items():
        assert given == placeholders(TEXTS[f"exceptions.{key}.message"]), key
    by_status = re.findall(r'HTTPStatus\.\w+: "(\w+)"', (FOLDER / "errors.py").read_text("utf-8"))
    known = {path.split(".")[1] for path in TEXTS if path.startswith("exceptions.")}
    assert known == used.keys() | mapped() | set(by_status) | {kind.value for kind in TargetKind}


def test_issues() -> None:
    """Each issue has a text with its placeholders, and there are no others."""
    used = {}
    for call, function in calls("issues", "Issue"):
        kind = text_of(keyword(call, "kind"))
        used[kind] = keys_of(keyword(call, "placeholders"), function)
    assert used.keys() == {path.split(".")[1] for path in TEXTS if path.startswith("issues.")}
    for kind, given in used.items():
        assert given == wanted_in(f"issues.{kind}."), kind


@pytest.mark.parametrize("name", SECTIONS)
def test_errors_of_forms(name: str) -> None:
    """Each has a text in every flow that can show it."""
    for key in errors_of(name):
        assert sections_with(name, f"error.{key}")


@pytest.mark.parametrize("name", [name for name in SECTIONS if name != "costs/low_hours"])
def test_steps_and_ends(name: str) -> None:
    """Each step and each end has its texts, with the placeholders that it is given."""
    for call, function in calls(name, "async_show_form", "async_show_menu", "async_abort"):
        step, reason = text_of(keyword(call, "step_id")), text_of(keyword(call, "reason"))
        given = keys_of(keyword(call, "description_placeholders"), function)
        path = f"step.{step}." if step else f"abort.{reason}"
        if given is None or not (step or reason):
            continue
        for section in sections_with(name, path):
            errors = [f"{section}.error."] if keyword(call, "errors") and section in PRICES else []
            if section != FIX_FLOW:  # its issue gives what its step says
                assert given == wanted_in(f"{section}.{path}", *errors), path


def sections_with(name: str, path: str) -> list[str]:
    """The flows of a file that have texts there: all, but of those that `config_flow` begins."""
    found = [one for one in SECTIONS[name] if any(t.startswith(f"{one}.{path}") for t in TEXTS)]
    assert found == SECTIONS[name] or (found and name == "config_flow"), path
    return found


@pytest.mark.parametrize("section", ["config.error", "config.abort", "options.abort"])
def test_errors_of_the_client(section: str) -> None:
    """Whatever Climkit answers while somebody is at a form."""
    assert {f"{section}.{key}" for key in mapped()} <= TEXTS.keys()


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("config.abort", {*OF_HOME_ASSISTANT, "wrong_account", "sites_taken", "no_sites"}),
        ("options.abort", {"sites_taken", "no_sites"}),
        (
            "options.error",
            {
                *("unknown_device", "no_meter_or_site", "not_loaded", "unloaded_meanwhile"),
                *("not_stored", "recorder_silent"),
            },
        ),
        *((f"{one}.abort", {"already_configured", "reconfigure_successful"}) for one in PRICES),
    ],
)
def test_what_others_or_conditions_say(section: str, keys: set[str]) -> None:
    """Home Assistant itself, other doors of ours, and what stands in no single place."""
    assert {f"{section}.{key}" for key in keys} <= TEXTS.keys()


def test_errors_of_the_dashboard() -> None:
    """The form says what the action says, with the same placeholders."""
    shown = {key for path in TEXTS if (key := path.removeprefix("options.error.")) != path}
    both = {key for key in shown if f"exceptions.{key}.message" in TEXTS}
    for key in both:
        wanted = placeholders(TEXTS[f"exceptions.{key}.message"])
        assert placeholders(TEXTS[f"options.error.{key}"]) == wanted, key
    for call, _ in calls("energy_dashboard/preferences", "_error"):
        # In the form nobody can name the parents of a meter.
        assert text_of(call.args[0]) in both | {"parent_of_meter"}


@pytest.mark.parametrize(
    ("selector", "keys"),
    [
        ("history.options", {HISTORY_EVERYTHING, HISTORY_DATE, HISTORY_NOW}),
        ("sampling.options", SAMPLINGS),
        ("meter_type.options", METER_TYPES),
        ("dashboard_kind.options", [*SourceKind, DEVICE]),
        ("dashboard_reason.options", SkipReason),
        ("set_up.options", _LINKS),
        ("statement_format.options", [ROWS, CSV]),
        ("windows.options", READY_WINDOWS),
        ("included_in.fields", [ATTR_DEVICE_ID, ATTR_PARENT]),
    ],
)
def test_choices(selector: str, keys: Iterable[str]) -> None:
    """Each has a text, and no text is of another one: else people would read a key."""
    prefix = f"selector.{selector}."
    found = {path.removeprefix(prefix).partition(".")[0] for path in TEXTS if prefix in path}
    assert found == set(map(str, keys))


@pytest.mark.parametrize("fields", [HISTORY_SCHEMA, low_hours_section().schema])
def test_lists_of_forms(fields: vol.Schema) -> None:
    """What a form lets choose from is told in words."""
    lists = [one for one in fields.schema.values() if isinstance(one, SelectSelector)]
    assert lists
    for one in lists:
        for option in one.config["options"]:
            assert f"selector.{one.config['translation_key']}.options.{option}" in TEXTS


def test_why_a_card_shows_nothing() -> None:
    """Each reason of ours, and those that Home Assistant and the card itself have."""
    prefix = "common.dashboard_error_"
    found = {path.removeprefix(prefix) for path in TEXTS if path.startswith(prefix)}
    assert found == {*Code, "invalid_format", "no_sites", "unknown"}


def test_attributes_of_states() -> None:
    """Whatever an entity shows beside its state has a name."""
    found = {path.split(".")[4] for path in TEXTS if ".state_attributes." in path}
    used = {
        attribute
        for module in (costs, entities)
        for name, attribute in vars(module).items()
        if name.startswith("ATTR_")
    }
    assert found == used


def test_system_health() -> None:
    """Each figure has a name."""
    prefix = "system_health.info."
    found = {path.removeprefix(prefix) for path in TEXTS if path.startswith(prefix)}
    [answer] = [node for node in ast.walk(tree("system_health")) if isinstance(node, ast.Dict)]
    assert found == {text_of(key) for key in answer.keys if key}


@pytest.mark.parametrize("language", ["en", "de", "fr", "it"])
def test_hours_of_utilities(language: str) -> None:
    """Those that a choice tells are those that are stored; a Sunday alone is a whole day."""
    for utility, windows in READY_WINDOWS.items():
        told = read(language)[f"selector.windows.options.{utility}"]
        found = {tuple(map(int, one.split("-"))) for one in re.findall(r"\d+-\d+", told)}
        stored = {tuple(map(int, one.split("-"))) for day in windows for one in day.split(",")}
        assert found | {(0, 24)} == stored | {(0, 24)}, told


def test_nothing_is_there_for_nothing() -> None:
    """No key of an error or an end of a flow that no code names."""
    words = {
        node.value
        for name in FILES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named = re.compile(r"(?:.+\.)?(?:error|abort)\.(\w+)")
    keys = {match[1] for path in TEXTS if (match := named.fullmatch(path))}
    assert len(keys) > 30
    assert keys <= words | OF_HOME_ASSISTANT
