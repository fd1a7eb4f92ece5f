"""Runs figures, each in a process of its own, and prints their tables.

A figure is a module of tests/bench, run by pytest for its fixtures (a Home Assistant with a real
recorder, the simulator over HTTP); its table comes back as a file in .cache/bench.
"""

import os
from pathlib import Path
import subprocess
import sys

from .table import Table

FIGURES = Path("tests/bench")
TABLES = Path(".cache/bench")
PYTEST = ("-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "-o", "timeout=0")


def main(arguments: list[str]) -> int:
    """Print the tables of these figures, of all by default; return how many failed."""
    names = [name for name in arguments if name != "--full"]
    if "--full" in arguments:
        os.environ["BENCH_FULL"] = ""
    known = [path.stem for path in sorted(FIGURES.glob("*.py")) if _is_figure(path)]
    if unknown := set(names) - set(known):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    failed = 0
    for name in names or known:
        if (table := _measure(name)) is None:
            failed += 1
        else:
            print(table.to_markdown(), end="\n\n", flush=True)
    return failed


def _is_figure(path: Path) -> bool:
    return "\nasync def test_" in path.read_text(encoding="utf-8")


def _measure(name: str) -> Table | None:
    path = TABLES / f"{name}.json"
    path.unlink(missing_ok=True)
    run = subprocess.run(  # noqa: S603 - a command of our own
        [sys.executable, *PYTEST, "--show-capture=no", str(FIGURES / f"{name}.py")],
        env=os.environ | {"BENCH_TABLE": str(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode or not path.exists():
        print(f"{name} failed:\n{run.stdout}", file=sys.stderr)
        return None
    return Table.read(path)


sys.exit(main(sys.argv[1:]))
