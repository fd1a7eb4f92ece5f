"""The page on reliability names a test for each fault; here is checked that each exists."""

import ast
from pathlib import Path
import re

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"

HEAD = "| Fault | What happens | Test |"
NAME = re.compile(r"`(test_\w+)((?:::\w+)+)`")


def named_tests() -> list[tuple[str, list[str]]]:
    """The modules and the paths inside them that the page names."""
    found = NAME.findall(PAGE.read_text(encoding="utf-8"))
    return sorted({(module, path) for module, path in found})


@pytest.mark.parametrize(("module", "path"), named_tests())
def test_is_there(module: str, path: str) -> None:
    """The named test is in the named module."""
    [file] = TESTS.rglob(f"{module}.py")
    nodes: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    for name in path.split("::")[1:]:
        [node] = [one for one in nodes if getattr(one, "name", None) == name]
        nodes = getattr(node, "body", [])
    assert name.startswith("test_")


def test_each_fault_has_a_test() -> None:
    """No row of the table of faults is without one."""
    _, table = PAGE.read_text(encoding="utf-8").split("## The faults")
    rows = [line for line in table.split("\n## ")[0].splitlines() if line.startswith("| ")]
    assert len(rows) > 30
    assert not [row for row in rows if not NAME.search(row) and row != HEAD]
