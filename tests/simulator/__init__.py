"""A simulator of the Climkit API: a server anyone can start, and a world that needs no storage.

    python -m tests.simulator --port 8765        # then use the URL it prints

In a test (where sockets are blocked, allow them):

    async with SimulatorServer(World(created=now), now=clock) as simulator:
        client = Client(simulator.url, DEFAULT_USERNAME, DEFAULT_PASSWORD)
        simulator.switches.faults = [Fault(kind="status", status=500, path="site_data", times=2)]
        ...
        assert simulator.violations == simulator.overlaps == 0
        truth = simulator.world.intervals(site_id, "electricity", start, end, now=clock())

The modules: `calendar` local days, `profiles` loads and weather, `balance` and `registers` what
follows from them, `building` an installation, `houses` the default ones, `site` the protocol and
`StaticSite` for recorded answers, `world` all sites with revisions and the truth, `switches` the
behaviour, `answers` the API's answers, `faults` spoiled ones, `server` and `control` the HTTP side.

What it takes the API for. Documented: a quarter-hour is stamped at its END, coarser rows at their
START; t_s and t_e come without a zone. Observed: stamps are local with an offset, `site_data` holds
columns for each meter, production may be negative, values are late, provisional or evenly filled.
Assumed: 429 beyond the limit, 401 for a bad token or password, 403 and 404 for what is refused or
unknown, 400 for anything the document does not know, both ends of a window count.
"""

from .balance import Battery
from .building import Building, Meter, Sensor
from .houses import apartment_house, big_site, single_house, water_site
from .server import DEFAULT_PASSWORD, DEFAULT_USERNAME, RequestRecord, SimulatorServer
from .site import METER_TYPES, Site, StaticSite, Viewer
from .switches import Fault, FaultKind, Switches
from .world import DEFAULT_HISTORY_DAYS, DEFAULT_SITES, Revision, World

__all__ = [
    "DEFAULT_HISTORY_DAYS",
    "DEFAULT_PASSWORD",
    "DEFAULT_SITES",
    "DEFAULT_USERNAME",
    "METER_TYPES",
    "Battery",
    "Building",
    "Fault",
    "FaultKind",
    "Meter",
    "RequestRecord",
    "Revision",
    "Sensor",
    "SimulatorServer",
    "Site",
    "StaticSite",
    "Switches",
    "Viewer",
    "World",
    "apartment_house",
    "big_site",
    "single_house",
    "water_site",
]
