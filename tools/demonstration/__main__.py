"""The demonstration from beginning to end."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import os
from pathlib import Path
import signal
import sys
import tempfile
import time

import aiohttp

from .check import Findings, check, wait_for_history
from .home_assistant import PASSWORD, USERNAME, HomeAssistant, JsonObject, kept_port, prepare
from .processes import Process, free_port, is_taken, running
from .simulator import Simulator, simulating

DOMAIN = "climkit"
KILL_POLL_INTERVAL = 0.2


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="wait for the history, compare it, end with 0 or 1"
    )
    parser.add_argument(
        "--port", type=int, help="of Home Assistant (default: 8123, with --check any free one)"
    )
    parser.add_argument(
        "--keep",
        type=lambda name: Path(name).resolve(),
        metavar="FOLDER",
        help="for all data; may be used again later",
    )
    parser.add_argument(
        "--zip",
        type=lambda name: Path(name).resolve(strict=True),
        metavar="FILE",
        help="a release (scripts/release) in place of this checkout, installed as HACS does",
    )
    parser.add_argument(
        "--kill-after",
        type=int,
        metavar="N",
        help="kill hass after N pages of data and start it anew",
    )
    parser.add_argument(
        "--history-days", type=int, default=400, help="of the simulator (default: %(default)s)"
    )
    parser.add_argument(
        "--timeout", type=float, default=30, help="minutes for the history (default: %(default)s)"
    )
    return parser.parse_args()


async def main(arguments: argparse.Namespace) -> int:
    """Run the demonstration. Returns 0 if all is well."""
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if arguments.keep:
        return await demonstrate(arguments.keep, arguments)
    with tempfile.TemporaryDirectory(prefix="climkit-demo-", ignore_cleanup_errors=True) as folder:
        return await demonstrate(Path(folder), arguments)


def port_for(folder: Path, arguments: argparse.Namespace) -> int:
    """Choose where a folder's Home Assistant was before, else the usual port, else a free one."""
    usual = None if arguments.check else 8123
    wanted = (port for port in (kept_port(folder), usual) if port and not is_taken(port))
    return next(wanted, None) or free_port()


async def demonstrate(folder: Path, arguments: argparse.Namespace) -> int:
    """Run the demonstration with its data in a folder."""
    started = time.monotonic()
    port = arguments.port or port_for(folder, arguments)
    if is_taken(port):
        print(f"Something else answers at port {port}; choose another one with --port.")
        return 1
    log = folder / "hass.log"
    prepare(folder, port, arguments.zip)
    # The frontend's own files come slowly at the first start; the websocket has no size limit.
    timeout = aiohttp.ClientTimeout(total=120)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        climkit_api(session, folder, arguments) as simulator,
    ):
        print(f"hass: starting in {folder}")
        async with running(hass_command(folder), log, folder) as process:
            hass = HomeAssistant(session, f"http://127.0.0.1:{port}")
            await hass.wait_until_up(process)
            await hass.onboard()
            print(f"hass: {hass.url}, user {USERNAME}, password {PASSWORD}")
            since = datetime.now(UTC)
            if not await hass.entry_ids(DOMAIN):
                title = await hass.add_integration(DOMAIN, answers(simulator))
                print(f"hass: set up {title!r} through its config flow")
            if arguments.kill_after and simulator:
                await kill_and_restart(hass, process, simulator, arguments.kill_after)
            sites = len(simulator.world.sites) if simulator else 1
            if not arguments.check:
                print("Look around while the history is read; Ctrl-C ends it.")
                await wait_for_history(hass, sites)
                print("The history is written.")
                await asyncio.Event().wait()
            try:
                async with asyncio.timeout(arguments.timeout * 60):
                    await wait_for_history(hass, sites)
            except TimeoutError:
                print(f"The history was not written after {arguments.timeout:g} minutes.")
                print_end_of(log)
                return 1
            findings = await check(hass, simulator, since, log)
    findings.numbers["seconds"] = round(time.monotonic() - started)
    return report(findings)


def hass_command(folder: Path) -> list[str]:
    """Return the command that starts Home Assistant; scripts/setup installed all it needs."""
    options = ["--config", str(folder), "--skip-pip", "--log-no-color"]
    return [sys.executable, "-m", "homeassistant", *options]


@asynccontextmanager
async def climkit_api(
    session: aiohttp.ClientSession, folder: Path, arguments: argparse.Namespace
) -> AsyncIterator[Simulator | None]:
    """Run the simulator, unless there are credentials for the real API."""
    if "CLIMKIT_USERNAME" in os.environ:
        print("climkit: the real API")
        yield None
        return
    async with simulating(session, folder, arguments.history_days) as simulator:
        print(f"climkit: simulator at {simulator.url}")
        yield simulator


def answers(simulator: Simulator | None) -> JsonObject:
    """Return what to fill into the config flow."""
    if simulator is not None:
        return {**simulator.credentials, "url": simulator.url, "history": "everything"}
    return {
        "username": os.environ["CLIMKIT_USERNAME"],
        "password": os.environ["CLIMKIT_PASSWORD"],
        "history": "everything",
    }


async def kill_and_restart(
    hass: HomeAssistant, process: Process, simulator: Simulator, pages: int
) -> None:
    """Let hass die in the middle of its work, as in a power failure, and start it again."""
    while await simulator.pages() < pages:  # noqa: ASYNC110
        await asyncio.sleep(KILL_POLL_INTERVAL)
    await process.kill()
    print(f"hass: killed after {await simulator.pages()} pages of data, starting again")
    await process.start()
    await hass.wait_until_up(process)
    await hass.onboard()


def report(findings: Findings) -> int:
    """Print a check's findings. Returns 0 if all is well."""
    width = max(map(len, findings.numbers))
    for name, number in findings.numbers.items():
        print(f"  {name:<{width}}  {number}")
    for problem in findings.problems:
        print(f"PROBLEM {problem}")
    print(f"{len(findings.problems)} problems" if findings.problems else "All is well.")
    return 1 if findings.problems else 0


def print_end_of(log: Path, lines: int = 40) -> None:
    """Print the last lines of a log."""
    print(*log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:], sep="\n")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        sys.exit(asyncio.run(main(parse_arguments())))
    except KeyboardInterrupt, asyncio.CancelledError:
        sys.exit(130)
