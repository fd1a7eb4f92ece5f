"""How much a figure measures: a part by default, all of it with `scripts/bench --full`."""

import os


def sizes(name: str, *, part: str, full: str) -> list[int]:
    """Return the numbers of `BENCH_<name>`, separated by spaces; without it those of the run."""
    usual = full if "BENCH_FULL" in os.environ else part
    return [int(number) for number in os.environ.get(f"BENCH_{name}", usual).split()]


def size(name: str, *, part: int, full: int) -> int:
    """Return the only number of `BENCH_<name>`."""
    [number] = sizes(name, part=str(part), full=str(full))
    return number
