"""The dashboard's JavaScript: its weight, and that it finds its texts."""

from pathlib import Path
import re

from tests.project.test_translations import read

WWW = Path(__file__).parents[2] / "custom_components" / "climkit" / "frontend" / "www"
FLOWS = WWW.parents[1] / "flows"
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in WWW.glob("*.js")}

# Keys that are put together: of names of columns and measures, of buttons, of fields.
MADE = re.compile(
    r"(tile|form|error)_\w+|(back|next|now)_(day|month|year)"
    r"|production|self|solar|discharge|grid|import|charge|export|total|consumption|solar_share"
    r"|self_sufficiency|self_consumption|cost|amount|share|change|last_data|again|reload|save"
    r"|month|meter|day_before|low_tariff|no_data(_\w+)?|price_low"
)


def test_it_weighs_little() -> None:
    assert sum(len(text.encode()) for text in SCRIPTS.values()) <= 60_000
    assert len(SCRIPTS["climkit.js"].encode()) < 4000


def test_all_texts_are_there_and_used() -> None:
    keys = {
        path.removeprefix("common.dashboard_")
        for path in read("en")
        if path.startswith("common.dashboard_")
    }
    used = {key for text in SCRIPTS.values() for key in re.findall(r"\bt\(\"(\w+)\"", text)}
    python = (WWW.parent / "views.py").read_text(encoding="utf-8")
    used |= set(re.findall(r"\btext\(\"(\w+)\"\)", python))
    assert used <= keys
    assert {key for key in keys - used if not MADE.fullmatch(key)} == set()


def test_code_sets_no_colon() -> None:
    """French has a space before it, other languages none: only a translation knows."""
    code = {path.name: path.read_text(encoding="utf-8") for path in FLOWS.glob("*.py")} | SCRIPTS
    assert [name for name, text in code.items() if re.search(r"\}: \$?\{|: \$\{", text)] == []


def test_it_asks_for_nothing_outside() -> None:
    """No address of another host, and modules only from beside each other."""
    for name, text in SCRIPTS.items():
        assert "://" not in text, name
        for module in re.findall(r"(?:from |import\()\"(\./[^\"]+)\"", text):
            assert (WWW / module).is_file(), (name, module)


def test_its_elements_are_no_landmarks() -> None:
    """A page has one banner and one main part, which are Home Assistant's own."""
    made = "".join([*SCRIPTS.values(), (WWW / "card.html").read_text(encoding="utf-8")])
    assert re.findall(r"<(?:header|footer|main|nav|aside)\b", made) == []
