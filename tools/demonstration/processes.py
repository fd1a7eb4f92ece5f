"""Processes that end when the demonstration ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import signal
import socket

STOP_TIMEOUT = 60


class Process:
    """A child process, deaf to the terminal's Ctrl-C; what it says goes to the end of a file."""

    def __init__(self, command: Sequence[str], output: Path, cwd: Path) -> None:
        self.output = output
        self._command = command
        self._cwd = cwd
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, again if need be."""
        with self.output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._cwd,
                start_new_session=True,
            )

    async def stop(self) -> None:
        """Let it end in its own way, and kill it if it takes too long."""
        if self._process is None or not self.is_running:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it at once, as a power failure would."""
        if self._process is not None and self.is_running:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def running(command: Sequence[str], output: Path, cwd: Path) -> AsyncIterator[Process]:
    """Run a process as long as the context lasts."""
    process = Process(command, output, cwd)
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_taken(port: int) -> bool:
    """Whether somebody listens at a TCP port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
