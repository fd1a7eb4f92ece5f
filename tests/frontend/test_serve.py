"""The files are served under a path that names their contents, with or without a frontend."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL, UrlManager
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.climkit import frontend
from custom_components.climkit.const import DOMAIN
from custom_components.climkit.frontend.serve import read_files

type Client = Callable[[], Awaitable[Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some files."""
    (tmp_path / "climkit.js").write_text("import './a/b.js';")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.js").write_text("export {};")
    (tmp_path.parent / "secret.js").write_text("secret")
    return tmp_path


@pytest.fixture
async def served(
    recorder_mock: Any, hass: HomeAssistant, enable_custom_integrations: None, folder: Path
) -> str:
    """The digest under which they are served."""
    with patch.object(frontend, "WWW", folder):
        assert await async_setup_component(hass, DOMAIN, {})
    return read_files(folder).digest


@pytest.mark.usefixtures("socket_enabled")
class TestFiles:
    """Served to anybody."""

    async def test_any_digest(self, served: str, folder: Path, hass_client_no_auth: Client) -> None:
        """That of now for ever, another one for this once."""
        client = await hass_client_no_auth()
        for name in ("climkit.js", "a/b.js"):
            answer = await client.get(f"/climkit_frontend/{served}/{name}")
            assert answer.status == HTTPStatus.OK
            assert await answer.text() == (folder / name).read_text()
            assert answer.content_type == "text/javascript"
            assert "immutable" in answer.headers["Cache-Control"]
            answer = await client.get(f"/climkit_frontend/0123456789ab/{name}")
            assert await answer.text() == (folder / name).read_text()
            assert answer.headers["Cache-Control"] == "no-cache"

    @pytest.mark.parametrize(
        "name", ["", "missing.js", "..%2Fsecret.js", "a/..%2F..%2Fsecret.js", "a", "%2Fetc%2Fhosts"]
    )
    async def test_nothing_else(self, served: str, hass_client_no_auth: Client, name: str) -> None:
        client = await hass_client_no_auth()
        answer = await client.get(f"/climkit_frontend/{served}/{name}")
        assert answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}


class TestDigest:
    """It tells contents apart."""

    def test_follows_names_and_contents(self, folder: Path) -> None:
        digests = [read_files(folder).digest]
        (folder / "a" / "b.js").write_text("export { };")
        digests.append(read_files(folder).digest)
        (folder / "a" / "b.js").rename(folder / "a" / "c.js")
        digests.append(read_files(folder).digest)
        (folder / "c.js").touch()
        digests.append(read_files(folder).digest)
        assert len(set(digests)) == 4
        assert digests[-1] == read_files(folder).digest

    async def test_each_answer_names_it(self, served: str, hass_ws_client: Client) -> None:
        client = await hass_ws_client()
        await client.send_json_auto_id({"type": "climkit/overview"})
        answer = await client.receive_json()
        assert answer["result"] == {"version": served, "sites": []}


class TestPage:
    """Each page of the frontend loads the stub."""

    async def test_with_frontend(
        self,
        recorder_mock: Any,
        hass: HomeAssistant,
        enable_custom_integrations: None,
        folder: Path,
    ) -> None:
        hass.config.components.add("frontend")
        hass.data[DATA_EXTRA_MODULE_URL] = UrlManager(lambda *_: None, [])
        with patch.object(frontend, "WWW", folder):
            assert await async_setup_component(hass, DOMAIN, {})
        digest = read_files(folder).digest
        assert hass.data[DATA_EXTRA_MODULE_URL].urls == {f"/climkit_frontend/{digest}/climkit.js"}

    async def test_headless(self, served: str, hass: HomeAssistant) -> None:
        assert "frontend" not in hass.config.components
        assert DOMAIN in hass.config.components
        assert hass.services.has_service(DOMAIN, "get_site_data")
