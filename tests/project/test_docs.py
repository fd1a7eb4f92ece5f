"""What READMEs and docs name is there: links, commands, entities, statistics."""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
import json
from pathlib import Path
import re
from urllib.parse import unquote

import pytest

from custom_components.climkit.measures.table import METER_TYPES
from tests.project.test_manifest import ADDRESS
from tools.entity_tables import (
    PAGES as PAGES_WITH_TABLES,
    READMES,
    ROOT,
    Language,
    meter_kinds,
    series_of,
    site_series,
    views,
    with_tables,
)

SCRIPT = re.compile(r"(?<![\w/.])(scripts/[\w-]+(?:\.py)?)((?: --[\w-]+)*)")
MY_LINKS = {
    *("blueprint_import", "config_energy", "config_flow_start", "developer_services"),
    *("developer_statistics", "general", "hacs_repository", "integration", "repairs"),
    "system_health",
}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
INTEGRATION = ROOT / "custom_components" / "climkit"
CODE = sorted(INTEGRATION.rglob("*.py"))


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _without_code(text: str) -> str:
    return re.sub(
        r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    )


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return where a link into a page may lead: its headings, as GitHub names them, and ids."""
    text = _without_blocks(read(page))
    found: dict[str, int] = {}
    names = set(re.findall(r'\bid="([^"]+)"', text))
    for heading in re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE):
        words = re.sub(r"\[([^]]*)]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = found[name] = found.get(name, -1) + 1
        names.add(f"{name}-{number}" if number else name)
    return frozenset(names)


def links(text: str) -> Iterator[str]:
    """Return the targets of all links and pictures."""
    text = _without_code(text)
    yield from re.findall(r"]\(([^()\s]+)\)", text)
    yield from re.findall(r"^\[[^]]+]: +(\S+)", text, flags=re.MULTILINE)
    yield from re.findall(r'\b(?:src|href|srcset)="([^"]+)"', text)


def problem_of(page: Path, link: str) -> str | None:
    """Say what is wrong with a link; those that leave the project are not followed."""
    for prefix in (f"{ADDRESS}/blob/main/", f"{ADDRESS}/tree/main/"):
        if link.startswith(prefix):
            page, link = ROOT / "README.md", link.removeprefix(prefix)
    if re.match(r"[a-z]+:", link):
        return None
    path, _, anchor = unquote(link).partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return f"{page.name} links to {link}, which does not exist"
    if anchor and anchor not in anchors(target):
        return f"{page.name} links to {link}, which has no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [problem for link in links(read(page)) if (problem := problem_of(page, link))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_my_links_are_known(page: Path) -> None:
    """Home Assistant 2026.9 and 2026.11 both know where these lead."""
    used = re.findall(r"my\.home-assistant\.io/redirect/(\w+)", read(page))
    assert set(used) <= MY_LINKS


def test_links_in_code_lead_somewhere() -> None:
    """Repairs point at pages, too, with an address that they put together."""
    found = [
        link
        for page in CODE
        for link in re.findall(r"[\"'/{}](docs/[\w-]+\.md(?:#[\w-]*)?)", read(page))
    ]
    assert [p for link in found if (p := problem_of(ROOT / "README.md", link))] == []


def test_every_page_is_found_from_the_readme() -> None:
    """Each page of docs/ is linked from a README or from a page that is."""
    known = [ROOT / name for name in READMES.values()]
    for page in known:
        for link in links(read(page)):
            path = (page.parent / link.partition("#")[0]).resolve()
            if path.suffix == ".md" and path.exists() and path not in known:
                known.append(path)
    assert set(PAGES) - set(known) <= {ROOT / "SECURITY.md"}


# READMEs

LONGEST_README = 150  # lines
FIRST_SCREEN = 14  # lines


def shape(name: str) -> list[tuple[str, int, list[str]]]:
    """Return what a README is made of, by sections and without its words.

    The level of the heading, the number of rows and items, the targets of links and pictures. A
    page in the README's language counts as the English one.
    """
    sections = re.split(r"^(?=#)", read(ROOT / name), flags=re.MULTILINE)[1:]
    return [
        (
            section[: section.index(" ")],
            len(re.findall(r"^(?:- |\d\. |\|)", section, re.MULTILINE)),
            sorted(map(_without_language, links(section))),
        )
        for section in sections
    ]


def _without_language(link: str) -> str:
    page = re.sub(r"\.(de|fr|it)(?=\.(md|png)$)", "", link)
    if page == "README.md" or page.startswith("#"):
        return page[:1]
    return re.sub(r"credentials\.md#.*", "credentials.md", page)


@pytest.mark.parametrize("name", READMES.values())
def test_readmes_are_short_and_alike(name: str) -> None:
    """Each says the same in the same order; what is longer has a page in docs/."""
    assert read(ROOT / name).count("\n") <= LONGEST_README
    assert shape(name) == shape("README.md")
    others = {other for other in READMES.values() if other != name}
    assert others <= set(links(read(ROOT / name)))


@pytest.mark.parametrize("name", READMES.values())
def test_the_first_screen_shows_what_it_is(name: str) -> None:
    """What it is for, the way in, and the picture of the Climkit dashboard."""
    first = "\n".join(read(ROOT / name).splitlines()[:FIRST_SCREEN])
    assert first.count("](#") >= 4
    assert "](docs/images/my-flat" in first


@pytest.mark.parametrize("code", READMES)
def test_readmes_name_the_choices_as_the_form_does(code: str) -> None:
    texts = json.loads(read(INTEGRATION / "translations" / f"{code}.json"))
    for name in texts["config"]["step"]["view"]["menu_options"].values():
        assert name in read(ROOT / READMES[code]), name


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = ROOT / "docs" / "README.md"
    linked = {
        (contents.parent / link.partition("#")[0]).resolve() for link in links(read(contents))
    }
    assert {page for page in PAGES if page.parent == contents.parent} <= {*linked, contents}


def test_each_picture_is_shown() -> None:
    """None is kept that no page shows."""
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(read(page))}
    assert {*(ROOT / "docs" / "images").iterdir()} <= shown


# Commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    """Scripts and modules that a page names are there, with their options."""
    text = read(page)
    for script, options in re.findall(
        r"(?<![\w/.])(scripts/[\w-]+(?:\.py)?)((?: --[\w-]+)*)", text
    ):
        path = ROOT / script
        assert path.exists(), f"{page.name} names {script}"
        sources = [path] if path.is_file() else []
        for module in re.findall(r"-m (tools\.[\w.]+)", read(path) if sources else ""):
            folder = ROOT / module.replace(".", "/")
            sources += folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]
        for option in options.split():
            assert any(option in read(source) for source in sources), f"{script} {option}"
    for module in re.findall(r"python -m ((?:tools|tests)[\w.]*)", text):
        assert find_spec(module), f"{page.name} names {module}"


# What the integration has


def entity_names(language: str) -> set[str]:
    path = ROOT / "custom_components" / "climkit" / "translations" / f"{language}.json"
    sensors = json.loads(read(path))["entity"]["sensor"]
    return {sensor["name"] for sensor in sensors.values() if "name" in sensor}


@pytest.mark.parametrize("name", PAGES_WITH_TABLES)
def test_tables_of_entities_are_of_today(name: str) -> None:
    """Run `python -m tools.entity_tables` where this fails."""
    text = read(ROOT / name)
    assert text.count("<!-- entities: ") >= 1
    assert with_tables(text, Language(PAGES_WITH_TABLES[name])) == text


def test_the_page_of_entities_knows_each() -> None:
    """Whatever has a name is in one of its tables: as a row, as a view of one, or in words.

    What names of statistics end with is told where costs are.
    """
    text = read(ROOT / "docs" / "entities.md") + read(ROOT / "docs" / "costs.md")
    kinds = [series for _, meter in meter_kinds(Language("en")) for series in series_of(meter)]
    rows = [*site_series(), *kinds]
    viewed = {f"{one.measure.name}{suffix}" for one in rows for suffix in views(one)}
    path = ROOT / "custom_components" / "climkit" / "translations" / "en.json"
    for key, sensor in json.loads(read(path))["entity"]["sensor"].items():
        if key not in viewed and "name" in sensor:
            assert sensor["name"] in text, key


def statistic_keys(owner: str) -> dict[str, set[str]]:
    """Return the ends of the ids of statistics, each with the measures that are meant."""
    series = (
        site_series()
        if owner == "site"
        else [one for _, meter in meter_kinds(Language("en")) for one in series_of(meter)]
    )
    keys: dict[str, set[str]] = {}
    for one in series:
        keys.setdefault(one.key, set()).add(one.measure.name)
    return keys


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_statistics_exist(page: Path) -> None:
    """An id that a page names is one of the integration's."""
    for owner, key in re.findall(r"`climkit:<(site|meter)>_(\w+)`", read(page)):
        amounts = re.sub("(_high|_low)?(_cost)?$", "", key)
        assert amounts in statistic_keys(owner), f"{owner} {key}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_statistics_are_called_so(page: Path) -> None:
    """Before each id stands the name that Home Assistant shows."""
    language = Language(PAGES_WITH_TABLES.get(str(page.relative_to(ROOT)), "en"))
    for words, owner, key in re.findall(
        r"([^|`]+) `climkit:<(site|meter)>_(\w+?)(?<!_cost)`", read(page)
    ):
        names = {language.entity(name) for name in statistic_keys(owner)[key]}
        assert any(name in words for name in names), f"{words} is none of {names}"


def test_meter_types_have_names() -> None:
    for code in READMES:
        assert all(Language(code).meter_type(key) for key in METER_TYPES)
