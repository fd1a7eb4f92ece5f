"""Slips that are planted on purpose, one at a time: a line that tests run is not one they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import tomllib

ROOT = Path(__file__).parents[2]
COMPONENT = Path("custom_components/climkit")

# So many of all slips may survive.
MAY_SURVIVE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A slip: in files (a pattern, from the integration's folder) one text becomes another.

    `kind`: a few words of what went wrong. `tests`: what pytest is given, or a file for node.
    """

    name: str
    kind: str
    file: str
    old: str
    new: str
    tests: Sequence[str]

    def files(self, root: Path) -> list[Path]:
        """Return the files; raises ValueError unless each has the old text exactly once."""
        files = sorted((root / COMPONENT).glob(self.file))
        if not files or any(one.read_text(encoding="utf-8").count(self.old) != 1 for one in files):
            raise ValueError(f"{self.name}: its old text is not in {self.file} exactly once")
        return files

    def plant(self, root: Path) -> None:
        """Change the files of a copy of the project. Raises ValueError as `files` does."""
        for path in self.files(root):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(self.old, self.new), encoding="utf-8")


def slips() -> list[Slip]:
    """Return all slips, in the order of their numbers."""
    text = Path(__file__).with_name("slips.toml").read_text(encoding="utf-8")
    return [Slip(**one) for one in tomllib.loads(text)["slip"]]
