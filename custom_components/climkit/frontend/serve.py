"""Serves the dashboard's files under a path that names their contents.

So a browser may keep them for ever and loads others after an update. A page of before an update
names an older digest, in all its paths: it gets the files of now, all from one release.
"""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from aiohttp import web
from homeassistant.helpers.http import HomeAssistantView

WWW = Path(__file__).parent / "www"

BASE = "/climkit_frontend"

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"


class Files(NamedTuple):
    """The files by their path below the folder, and a digest of their paths and contents."""

    paths: Mapping[str, Path]
    digest: str

    def url(self, name: str) -> str:
        """Return where a file is served."""
        return f"{BASE}/{self.digest}/{name}"


def read_files(folder: Path) -> Files:
    """Find the files of a folder; reads the disk."""
    paths = {one.relative_to(folder).as_posix(): one for one in folder.rglob("*") if one.is_file()}
    digest = sha256()
    for name in sorted(paths):
        content = paths[name].read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return Files(paths, digest.hexdigest()[:12])


class DashboardView(HomeAssistantView):
    """Serves the files to anybody: a browser loads modules without a token."""

    url = f"{BASE}/{{digest}}/{{name:.+}}"
    name = "climkit_frontend"
    requires_auth = False

    def __init__(self, files: Files) -> None:
        """Serve only what was found: no request leads to another file."""
        self._files = files

    async def get(self, request: web.Request, digest: str, name: str) -> web.StreamResponse:
        """Answer a file."""
        if (path := self._files.paths.get(name)) is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        caching = _FOR_EVER if digest == self._files.digest else _ASK_EACH_TIME
        return web.FileResponse(path, headers={"Cache-Control": caching})
