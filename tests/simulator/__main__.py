"""Start the simulator: python -m tests.simulator --help."""

import argparse
import asyncio
from contextlib import suppress
from datetime import UTC, datetime
import json
import signal

from .houses import DEFAULT_ROOF, big_site
from .server import DEFAULT_PASSWORD, DEFAULT_USERNAME, SimulatorServer
from .switches import Switches
from .world import DEFAULT_HISTORY_DAYS, DEFAULT_SITES, World


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator", description="A server that behaves like the Climkit API."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765, help="0: any free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--username", default=DEFAULT_USERNAME)
    parser.add_argument("--password", default=DEFAULT_PASSWORD)
    parser.add_argument("--sites", nargs="*", choices=DEFAULT_SITES, default=list(DEFAULT_SITES))
    parser.add_argument(
        "--roof", type=int, default=DEFAULT_ROOF, help="peak power of the apartments' PV in watts"
    )
    parser.add_argument(
        "--faultless", action="store_true", help="no gateway outages, late or provisional rows"
    )
    parser.add_argument("--big", type=int, metavar="METERS", help="add a site of so many meters")
    parser.add_argument("--history-days", type=int, default=DEFAULT_HISTORY_DAYS)
    parser.add_argument(
        "--created",
        type=datetime.fromisoformat,
        default=datetime.now(UTC),
        help="when the history is counted from (ISO with offset); the same gives the same world",
    )
    parser.add_argument("--rate-limit", type=float, default=1.0, help="seconds, 0: none")
    parser.add_argument("--latency", type=float, default=150.0, help="seconds until a row is there")
    parser.add_argument("--response-delay", type=float, default=0.0, help="seconds of each answer")
    parser.add_argument("--reading", choices=("utc", "local"), default="utc")
    parser.add_argument("--installations", choices=("ids", "objects", "oid"), default="ids")
    parser.add_argument("--no-columns", action="store_true", help="no column for each meter")
    parser.add_argument(
        "--switches", type=json.loads, default={}, metavar="JSON", help='e.g. {"max_rows": 500}'
    )
    parser.add_argument(
        "--fault",
        type=json.loads,
        action="append",
        default=[],
        metavar="JSON",
        help='e.g. {"kind": "status", "status": 500, "path": "site_data", "times": 3}',
    )
    return parser.parse_args()


def build(arguments: argparse.Namespace) -> SimulatorServer:
    """The server that the command line asks for."""
    switches = Switches()
    switches.patch(
        {
            "rate_limit": arguments.rate_limit,
            "latency": arguments.latency,
            "response_delay": arguments.response_delay,
            "reading": arguments.reading,
            "installations": arguments.installations,
            "columns": not arguments.no_columns,
            "faults": arguments.fault,
            **arguments.switches,
        }
    )
    world = World(
        seed=arguments.seed,
        created=arguments.created,
        history_days=arguments.history_days,
        names=arguments.sites,
        roof=arguments.roof,
        faultless=arguments.faultless,
    )
    if arguments.big:
        site = big_site(arguments.big, seed=arguments.seed, now=arguments.created)
        world.sites = {**world.sites, site.id: site}
    return SimulatorServer(
        world,
        switches=switches,
        accounts={arguments.username: arguments.password},
        host=arguments.host,
        port=arguments.port,
    )


async def serve(server: SimulatorServer) -> None:
    """Serve until the process is told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with server:
        print(server.url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(build(parse_arguments())))
