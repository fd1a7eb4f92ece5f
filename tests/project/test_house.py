"""The house: rooms that import only from rooms below them, and know few names of each other."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
import re
import subprocess
import sys

from homeassistant.loader import BASE_PRELOAD_PLATFORMS
import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "custom_components" / "climkit"
FILES = sorted(HOUSE.rglob("*.py"))
FOLDERS = sorted(path.parent.name for path in HOUSE.glob("*/__init__.py"))

# Home Assistant looks for these; more of them only later releases know.
DOORS = {"config_flow", "diagnostics", "repairs", "system_health"}
PRELOADED = {*BASE_PRELOAD_PLATFORMS, "onboarding"}

MANY_ROOMS = 30
LONGEST_FUNCTION = 60  # lines

# A module by its names from the integration's folder on; the folder itself is `()`.
type Module = tuple[str, ...]


@dataclass(frozen=True)
class Arrow:
    """A module takes a name from another one, wherever in the code that stands."""

    importer: Module
    imported: Module
    name: str

    @property
    def rooms(self) -> tuple[str, str]:
        return room_of(self.importer), room_of(self.imported)

    def __str__(self) -> str:
        return f"{'.'.join(self.importer)} takes {self.name} from {'.'.join(self.imported)}"


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path: Path) -> Module:
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


MODULES = {module_of(path): path for path in FILES}


def room_of(module: Module) -> str:
    """The room's name as the page says it: a folder, or a single file."""
    return module[0] if module else "__init__"


def arrows() -> Iterator[Arrow]:
    """All imports of the integration's own modules."""
    for importer, path in MODULES.items():
        folder = importer if path.name == "__init__.py" else importer[:-1]
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            start = folder[: len(folder) - node.level + 1]
            imported = (*start, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                inner = (*imported, alias.name)
                yield Arrow(importer, inner if inner in MODULES else imported, alias.name)


ARROWS = list(arrows())
BETWEEN_ROOMS = [arrow for arrow in ARROWS if len(set(arrow.rooms)) > 1]


def rooms_of_the_page() -> list[str]:
    """The rooms in the table of docs/development.md, from top to bottom."""
    page = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    table = page.split("## Rooms of the code")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)(?:/|\.py)` \|", table, re.MULTILINE)


def exported(room: str) -> set[str]:
    """The names in the `__all__` of a room."""
    for node in tree(HOUSE / room / "__init__.py").body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def test_the_arrows_are_seen() -> None:
    assert len(ARROWS) > 800
    assert len(BETWEEN_ROOMS) > 500
    assert {arrow.imported for arrow in ARROWS} <= MODULES.keys()


def test_all_of_them_are_relative() -> None:
    """So none is missed here."""
    absolute = {
        node.module
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    assert not [module for module in absolute if module.startswith("custom_components")]


def test_the_page_shows_each_room() -> None:
    shown = rooms_of_the_page()
    assert sorted(shown) == sorted({room_of(module) for module in MODULES})


def test_rooms_import_only_from_rooms_below_them() -> None:
    """As they stand on the page."""
    floor = {room: number for number, room in enumerate(rooms_of_the_page())}
    assert [
        str(arrow) for arrow in BETWEEN_ROOMS if floor[arrow.rooms[0]] >= floor[arrow.rooms[1]]
    ] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Within the rooms neither."""
    below: dict[Module, set[Module]] = {}
    for arrow in ARROWS:
        below.setdefault(arrow.importer, set()).add(arrow.imported)
    assert set(TopologicalSorter(below).static_order()) >= below.keys()


def test_a_room_is_known_by_what_it_offers() -> None:
    """Other rooms take names from its `__init__` alone, and such as it says are for them."""
    for arrow in BETWEEN_ROOMS:
        _, room = arrow.rooms
        assert arrow.imported == (room,), str(arrow)
        if room in FOLDERS:
            assert arrow.name in exported(room), str(arrow)
        else:
            assert not arrow.name.startswith("_"), str(arrow)


@pytest.mark.parametrize("room", FOLDERS)
def test_a_room_has_what_it_offers(room: str) -> None:
    module = import_module(f"custom_components.climkit.{room}")
    assert [name for name in exported(room) if not hasattr(module, name)] == []


@pytest.mark.parametrize("room", FOLDERS)
def test_a_room_says_what_it_is_for(room: str) -> None:
    """In one sentence."""
    thought = ast.get_docstring(tree(HOUSE / room / "__init__.py")) or ""
    assert re.fullmatch(r"[A-Z][^\n]+\.", thought.split("\n\n")[0])


def test_no_two_types_have_one_name() -> None:
    """One word means one thing; what begins with an underscore nobody else sees."""
    names = [
        node.name if isinstance(node, ast.ClassDef) else node.name.id
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef | ast.TypeAlias)
    ]
    assert len(names) > 150
    seen = Counter(name for name in names if not name.startswith("_"))
    assert [name for name, number in seen.items() if number > 1] == []


def places_of_the_page() -> list[tuple[str, str]]:
    """The files and names that docs/development.md sends a newcomer to."""
    page = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    table = page.split("### Where do I change")[1].split("\n### ")[0]
    return re.findall(r"\| `([\w/]+\.py)` \| `(\w+)` \|$", table, re.MULTILINE)


def test_the_page_sends_nobody_astray() -> None:
    """What it names is defined there."""
    places = places_of_the_page()
    assert len(places) >= 10
    for file, name in places:
        defined = {
            getattr(node, "name", None) or getattr(node, "id", None)
            for node in ast.walk(tree(HOUSE / file))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        }
        assert name in defined, f"{file} has no {name}"


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """All functions and methods of the integration."""
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_no_function_is_long() -> None:
    for path, node in functions():
        assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, f"{path}: {node.name}"


def test_who_asks_gets_an_answer() -> None:
    """What is named like a question returns something; what changes something is a command."""
    for path, node in functions():
        is_question = re.match(r"_?(is|has|can|was|were|needs|lacks|wants)_", node.name)
        returns_nothing = isinstance(node.returns, ast.Constant) and node.returns.value is None
        assert not (is_question and returns_nothing), f"{path}: {node.name}"


def test_there_are_few_rooms() -> None:
    assert len({room_of(module) for module in MODULES}) <= MANY_ROOMS


def test_home_assistant_takes_no_room_for_a_platform() -> None:
    """It loads what bears these names when it starts; the flows must be a file (hassfest)."""
    names = {path.stem for path in HOUSE.iterdir()}
    assert names & PRELOADED == DOORS
    assert all((HOUSE / f"{door}.py").is_file() for door in DOORS)


def test_what_only_somebody_asks_for_is_not_loaded_at_the_start() -> None:
    """What dashboard and statement answer; Home Assistant imports all the rest at each start."""
    doors = ("", ".sensor", *(f".{door}" for door in sorted(DOORS)))
    imports = (f"import custom_components.climkit{door}" for door in doors)
    program = "; ".join(("import sys", *imports, "print(*sys.modules)"))
    run = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True
    )
    prefix = "custom_components.climkit."
    late = {f"{prefix}{one}" for one in ("frontend.answers", "frontend.day", "services.statement")}
    assert late <= {prefix + ".".join(module) for module in MODULES}
    assert late.isdisjoint(run.stdout.split())


def arrows_that_matter() -> set[tuple[str, str]]:
    """The arrows between rooms, without those that a longer way tells anyhow."""
    below: dict[str, set[str]] = {}
    for arrow in BETWEEN_ROOMS:
        below.setdefault(arrow.rooms[0], set()).add(arrow.rooms[1])

    @cache
    def reached(room: str) -> frozenset[str]:
        own = below.get(room, set())
        return frozenset(own).union(*map(reached, own))

    return {
        (room, one)
        for room, ones in below.items()
        for one in ones
        if not any(one in reached(other) for other in ones - {one})
    }


def test_the_picture_shows_the_arrows() -> None:
    """Those that a longer way tells are left out, else nothing would be seen."""
    page = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    picture = page.split("```mermaid")[1].split("```")[0]
    shown = set(re.findall(r"^  (\w+) --> (\w+)$", picture, re.MULTILINE))
    assert shown == arrows_that_matter()


# What tells a time or a day as Home Assistant's own zone has it.
OF_ITS_ZONE = {"now", "as_local", "start_of_local_day", "get_default_time_zone"}


def test_days_and_hours_are_those_of_sites() -> None:
    """Home Assistant may run in another zone; its own counts where no site is read yet."""
    found = sorted(
        (".".join(module), node.attr)
        for module, path in MODULES.items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and (
            (node.attr in OF_ITS_ZONE and getattr(node.value, "id", "") == "dt_util")
            or node.attr.casefold() in {"time_zone", "default_time_zone"}
        )
    )
    assert found == [
        ("flows.selection", "now"),  # of several sites
        ("flows.tariff", "now"),  # the year that a form suggests
        ("frontend.overview", "now"),
        ("frontend.overview", "time_zone"),
    ]


def test_queries_name_the_zone_of_their_site() -> None:
    """The API's own default is for those who know no site."""
    without = [
        f"{'.'.join(module)}:{node.lineno}"
        for module, path in MODULES.items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Query"
        and len(node.args) < 3
        and "zone" not in {one.arg for one in node.keywords}
    ]
    assert without == []
