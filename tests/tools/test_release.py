"""The zip of a release is what HACS unpacks: the integration, whole, without a folder around it."""

import json
from pathlib import Path
import subprocess
from zipfile import ZipFile

import pytest

from tools.demonstration.home_assistant import ROOT, install_zip

INTEGRATION = ROOT / "custom_components" / "climkit"
VERSION = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))["version"]


def release(tag: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as the workflow does."""
    return subprocess.run(  # noqa: S603 - a command of our own
        [ROOT / "scripts" / "release", tag, folder], capture_output=True, text=True, check=False
    )


@pytest.fixture(name="package", scope="module")
def fixture_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the zip of what is committed."""
    folder = tmp_path_factory.mktemp("release")
    assert release(f"v{VERSION}", folder).returncode == 0
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    return folder / hacs["filename"]


def test_all_is_in_it_and_nothing_else(package: Path) -> None:
    with ZipFile(package) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    assert {path.split("/")[0] for path in names} <= {path.name for path in INTEGRATION.iterdir()}
    assert {"manifest.json", "services.yaml", "frontend/www/climkit.js", "brand/icon.png"} <= names
    assert {f"translations/{language}.json" for language in ("de", "en", "fr", "it")} <= names
    assert not [name for name in names if "__pycache__" in name]


def test_another_tag_is_refused(tmp_path: Path) -> None:
    """A release that calls itself differently could not be updated."""
    result = release("v0.0.9", tmp_path)
    assert result.returncode == 1
    assert f"the manifest says {VERSION}" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_takes_the_place_of_an_older_one(package: Path, tmp_path: Path) -> None:
    target = tmp_path / "custom_components" / "climkit"
    target.mkdir(parents=True)
    (target / "gone.py").touch()
    install_zip(package, target)
    assert not (target / "gone.py").exists()
    assert json.loads((target / "manifest.json").read_text(encoding="utf-8"))["version"] == VERSION


def test_a_checkout_is_never_overwritten(package: Path, tmp_path: Path) -> None:
    components = tmp_path / "custom_components"
    components.symlink_to(ROOT / "custom_components")
    with pytest.raises(FileExistsError, match="linked to a checkout"):
        install_zip(package, components / "climkit")
    assert (INTEGRATION / "manifest.json").exists()
