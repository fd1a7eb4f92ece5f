"""The client must stay usable without Home Assistant."""

import ast
from pathlib import Path
import sys

import pytest

from custom_components.climkit import api

FOLDER = Path(api.__file__).parent
ALLOWED = {"aiohttp", "orjson", "tenacity"}


def imported(source: str) -> set[str]:
    """Return the top-level names of the packages that a module imports absolutely."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, "imports from outside the client's folder"
            if node.level == 0:
                names.add(str(node.module).partition(".")[0])
    return names


@pytest.mark.parametrize("path", sorted(FOLDER.glob("**/*.py")), ids=lambda path: path.name)
def test_imports_nothing_of_home_assistant(path: Path) -> None:
    outside = imported(path.read_text(encoding="utf-8")) - sys.stdlib_module_names
    assert outside <= ALLOWED


def test_a_forbidden_import_would_be_seen() -> None:
    assert "homeassistant" in imported("def f():\n    from homeassistant.core import x")
    with pytest.raises(AssertionError):
        imported("from ..const import DOMAIN")
