"""A Home Assistant in a folder, and what a person would do with it in a browser."""

import asyncio
from collections.abc import Mapping
import json
from pathlib import Path
import shutil
import time
from typing import Any
from zipfile import ZipFile

import aiohttp

from .processes import Process

type JsonObject = dict[str, Any]

ROOT = Path(__file__).parents[2]
USERNAME = PASSWORD = "demo"  # noqa: S105
START_TIMEOUT = 120

# Taken over into the store at the first start; later it would only be complained of.
HTTP_CONFIGURATION = """\
http:
  server_host: 127.0.0.1
  server_port: {port}
"""
PORT_STORE = Path(".storage", "http")
CONFIGURATION = """\
frontend:
config:
history:
my:
energy:
recorder:
automation: !include automations.yaml
script: !include scripts.yaml
scene: !include scenes.yaml
logger:
  default: warning
  logs:
    custom_components.climkit: info
"""
# Where Home Assistant's editors write what is made in them.
MADE_BY_HAND: Mapping[str, str] = {
    "automations.yaml": "[]\n",
    "scripts.yaml": "{}\n",
    "scenes.yaml": "[]\n",
}
PLACE: Mapping[str, Any] = {
    "location_name": "Home",
    "country": "CH",
    "currency": "CHF",
    "language": "en",
    "time_zone": "Europe/Zurich",
    "unit_system": "metric",
    "latitude": 46.52,
    "longitude": 6.57,
    "elevation": 400,
}


def prepare(folder: Path, port: int, package: Path | None = None) -> None:
    """Write a configuration into a folder that may be a new one, and put the integration there.

    It is this checkout's, or that of a release's zip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration = CONFIGURATION
    if kept_port(folder) is None:
        configuration += HTTP_CONFIGURATION.format(port=port)
    else:
        _keep_port(folder, port)
    for name, nothing in MADE_BY_HAND.items():
        if not (folder / name).exists():
            (folder / name).write_text(nothing, encoding="utf-8")
    (folder / "configuration.yaml").write_text(configuration, encoding="utf-8")
    components = folder / "custom_components"
    if package:
        install_zip(package, components / "climkit")
    elif not components.is_symlink():
        components.symlink_to(ROOT / "custom_components")


def kept_port(folder: Path) -> int | None:
    """Return the port at which the Home Assistant of a folder was started before, if it was."""
    store = folder / PORT_STORE
    if not store.exists():
        return None
    port: int = json.loads(store.read_text(encoding="utf-8"))["data"]["stable"]["server_port"]
    return port


def _keep_port(folder: Path, port: int) -> None:
    """Let the Home Assistant of a folder start at another port than before."""
    store = folder / PORT_STORE
    kept = json.loads(store.read_text(encoding="utf-8"))
    kept["data"]["stable"]["server_port"] = port
    store.write_text(json.dumps(kept, indent=2), encoding="utf-8")


def install_zip(package: Path, target: Path) -> None:
    """Put a release's zip where HACS and the Marketplace do: what was there before goes.

    Raises FileExistsError where an earlier demonstration linked the folder around it to a checkout.
    """
    if target.parent.is_symlink():
        raise FileExistsError(f"{target.parent} is linked to a checkout; take another folder")
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    with ZipFile(package) as archive:
        archive.extractall(target)


class FlowError(Exception):
    """A config flow did not come to its end."""


class HomeAssistant:
    """The HTTP and websocket interfaces of a running Home Assistant, used as its frontend does."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self._client_id = f"{url}/"
        self._session = session
        self._token: str | None = None

    @property
    def access_token(self) -> str:
        """The token of the demo's user, for a browser that need not log in. Valid for a day."""
        if self._token is None:
            raise RuntimeError("not onboarded")
        return self._token

    async def wait_until_up(self, process: Process) -> None:
        """Wait until it answers. Raises RuntimeError if it ends, TimeoutError if it never does."""
        async with asyncio.timeout(START_TIMEOUT):
            while True:
                if not process.is_running:
                    raise RuntimeError(f"hass ended; see {process.output}")
                try:
                    async with self._session.get(f"{self.url}/manifest.json") as response:
                        if response.ok:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.5)

    async def wait_until_started(self) -> None:
        """Wait until all is set up; until then its pages tell what is starting."""
        async with asyncio.timeout(START_TIMEOUT):
            while True:
                if (await self.command("get_config"))["state"] == "RUNNING":
                    return
                await asyncio.sleep(0.5)

    async def onboard(self) -> None:
        """Create the user and finish the welcome, as far as that was not done before."""
        async with self._session.get(f"{self.url}/api/onboarding") as response:
            steps = await response.json() if response.ok else []
        missing = {step["step"] for step in steps if not step["done"]}
        if "user" in missing:
            user = {"name": "Demo", "username": USERNAME, "password": PASSWORD, "language": "en"}
            await self._post("/api/onboarding/users", {"client_id": self._client_id, **user})
        await self._sign_in()
        if "core_config" in missing:
            await self.command("config/core/update", **PLACE)
            await self._post("/api/onboarding/core_config", {})
        if "analytics" in missing:
            await self._post("/api/onboarding/analytics", {})
        if "integration" in missing:
            whereto = {"client_id": self._client_id, "redirect_uri": self._client_id}
            await self._post("/api/onboarding/integration", whereto)
        await self.confirm_address()
        # The token of a sign-in lasts half an hour, this one a day.
        name = f"demo {time.time()}"
        self._token = await self.command(
            "auth/long_lived_access_token", client_name=name, lifespan=1
        )

    async def confirm_address(self) -> None:
        """Keep the configured address; unconfirmed, it is given up after five minutes."""
        config = await self.command("http/config")
        if config["pending"]:
            await self.command("http/config/promote")
            await self.command(
                "repairs/ignore_issue", domain="http", issue_id="deprecated_yaml", ignore=True
            )

    async def _sign_in(self) -> None:
        whereto = {"client_id": self._client_id, "redirect_uri": self._client_id}
        flow = await self._post(
            "/auth/login_flow", {**whereto, "handler": ["homeassistant", None], "type": "authorize"}
        )
        credentials = {"username": USERNAME, "password": PASSWORD}
        step = await self._post(
            f"/auth/login_flow/{flow['flow_id']}", {"client_id": self._client_id, **credentials}
        )
        form = {
            "grant_type": "authorization_code",
            "client_id": self._client_id,
            "code": str(step["result"]),
        }
        async with self._session.post(f"{self.url}/auth/token", data=form) as response:
            response.raise_for_status()
            self._token = (await response.json())["access_token"]

    async def entry_ids(self, domain: str) -> list[str]:
        """Return the ids of an integration's config entries."""
        entries = await self.command("config_entries/get", domain=domain)
        return [entry["entry_id"] for entry in entries]

    async def add_integration(self, domain: str, answers: Mapping[str, Any]) -> str:
        """Walk through a config flow, taking what it suggests for all but `answers`.

        Returns the title of the entry. Raises FlowError if it aborts or repeats a step with errors.
        """
        flows = "/api/config/config_entries/flow"
        result = await self._post(flows, {"handler": domain})
        while True:
            step = f"{flows}/{result['flow_id']}"
            match result["type"]:
                case "create_entry":
                    return str(result["title"])
                case "form" if not result.get("errors"):
                    result = await self._post(step, fill_in(result["data_schema"], answers))
                case "menu":
                    chosen = {"next_step_id": answers.get("view", "building")}
                    result = await self._post(step, chosen)
                case "progress":
                    await asyncio.sleep(0.5)
                    result = await self._request("GET", step)
                case "progress_done":
                    result = await self._post(step, {})
                case _:
                    reason = result.get("reason") or result.get("errors")
                    raise FlowError(f"{result.get('step_id', 'flow')}: {result['type']}, {reason}")

    async def command(self, command: str, **parameters: Any) -> Any:
        """Send one websocket command. Raises RuntimeError if it was refused."""
        async with self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._token})
            await socket.receive_json()
            await socket.send_json({"id": 1, "type": command, **parameters})
            answer = await socket.receive_json()
        if not answer.get("success"):
            raise RuntimeError(f"{command}: {answer}")
        return answer["result"]

    async def _post(self, path: str, body: Mapping[str, Any]) -> JsonObject:
        return await self._request("POST", path, body)

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> JsonObject:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.request(
            method, self.url + path, json=body, headers=headers
        ) as response:
            if not response.ok:
                raise RuntimeError(f"{method} {path}: {response.status} {await response.text()}")
            answer: JsonObject = await response.json()
            return answer


def fill_in(schema: list[JsonObject], answers: Mapping[str, Any]) -> JsonObject:
    """Return what to send for a form: `answers` where they fit, else what the form suggests."""
    filled: JsonObject = {}
    for field in schema:
        name = field["name"]
        suggested = (field.get("description") or {}).get("suggested_value")
        if field.get("type") == "expandable":
            filled[name] = fill_in(field["schema"], answers)
        elif name in answers:
            filled[name] = answers[name]
        elif "default" in field:
            filled[name] = field["default"]
        elif suggested is not None:
            filled[name] = suggested
    return filled
