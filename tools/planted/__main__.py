"""Plants slips in copies of the project, one at a time, and tells whether their tests find them.

    python -m tools.planted                    all of them
    python -m tools.planted 4 silent_meter     these, by number or name
    python -m tools.planted --list             which there are
    python -m tools.planted --unplanted 4      the tests of these, with nothing planted: all pass

The working tree is not touched. A test that does not end in time has found its slip too.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import os
from pathlib import Path
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory
from time import monotonic

from . import MAY_SURVIVE, ROOT, Slip, slips

# Seconds after which tests hang.
TIMEOUT = 240.0

PYTEST = ("-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider")

# What a copy shares with the project: it is not changed.
SHARED = (".venv", "node_modules")

_FAILED, _INTERRUPTED = 1, 2


@contextmanager
def copied() -> Iterator[Path]:
    """Copy what belongs to the project into a folder that goes away again."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    with TemporaryDirectory(prefix="climkit-planted-") as folder:
        for name in filter(None, listed.stdout.split("\0")):
            if (source := ROOT / name).is_file() and not source.is_symlink():
                target = Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        for name in SHARED:
            Path(folder, name).symlink_to(ROOT / name)
        yield Path(folder)


def look(slip: Slip, *, is_planted: bool = True) -> str:
    """Return what became of a slip: `found`, `found (hangs)` or `survived`.

    Raises ValueError where the slip cannot be planted, RuntimeError where tests cannot be run.
    """
    with copied() as folder:
        if is_planted:
            slip.plant(folder)
        try:
            run = subprocess.run(  # noqa: S603 - a command of our own
                _command(slip.tests),
                cwd=folder,
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            return "found (hangs)"
    if run.returncode in {_FAILED, _INTERRUPTED}:
        return "found"
    if run.returncode:
        raise RuntimeError(f"{slip.name}: its tests cannot be run:\n{run.stdout}")
    return "survived"


def _command(tests: Sequence[str]) -> list[str]:
    if tests[0].endswith(".js"):
        return ["node", "--test", *tests]
    return [sys.executable, *PYTEST, *tests]


def _chosen(wanted: Sequence[str]) -> list[tuple[int, Slip]]:
    numbered = list(enumerate(slips(), 1))
    known = {key for number, slip in numbered for key in (str(number), slip.name)}
    if unknown := set(wanted) - known:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; see --list")
    return [(n, one) for n, one in numbered if not wanted or {str(n), one.name} & set(wanted)]


def main(arguments: Sequence[str]) -> int:
    """Print a table; return 1 if more slips survived than may."""
    parser = argparse.ArgumentParser(prog="tools.planted", description=__doc__.splitlines()[0])
    parser.add_argument(
        "wanted", nargs="*", metavar="NAME", help="names or numbers; all by default"
    )
    parser.add_argument("--list", action="store_true", help="tell which slips there are")
    parser.add_argument("--unplanted", action="store_true", help="run their tests on what is right")
    chosen = parser.parse_args(arguments)
    survived = 0
    print("| # | Slip | Kind | In | Result | s |\n|---|---|---|---|---|---|")
    for number, slip in _chosen(chosen.wanted):
        begun = monotonic()
        result = "" if chosen.list else look(slip, is_planted=not chosen.unplanted)
        survived += result == "survived"
        row = (str(number), slip.name, slip.kind, slip.file, result, f"{monotonic() - begun:.0f}")
        print(f"| {' | '.join(row)} |", flush=True)
    if chosen.list:
        return 0
    print(f"\n{survived} survived, {MAY_SURVIVE} may")
    return int(survived > MAY_SURVIVE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
