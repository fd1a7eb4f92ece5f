"""A table of figures, as JSON between processes and as Markdown for people."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
import json
from pathlib import Path
from typing import Self

type Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """What was measured: a row for each case, and in words what must be known to read it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def to_markdown(self) -> str:
        """Return heading, table and note."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        table = "\n".join(map(_line, lines))
        return "\n\n".join(part for part in (f"### {self.title}", table, self.note) if part)

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what was kept."""
        return cls(**json.loads(path.read_text()))


def _line(cells: Iterable[Cell]) -> str:
    return f"| {' | '.join(map(_text, cells))} |"


def _text(cell: Cell) -> str:
    match cell:
        case float():
            return f"{cell:.3g}" if abs(cell) < 100 else f"{cell:,.0f}"
        case int():
            return f"{cell:,}"
        case _:
            return cell.replace("|", "\\|")
