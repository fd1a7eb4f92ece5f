"""Sets up Home Assistant's Energy dashboard: what a site shows, and what settings lack of it."""

from .merge import MergeResult, SkipReason, energy_ids
from .preferences import (
    ENERGY,
    DashboardRequest,
    async_find_parents,
    async_set_up_dashboard,
    consumers,
    water_meters,
)
from .proposal import DEVICE, REPEATABLE, Entry, SourceKind
from .request import async_go_on_with_request, async_remember_request

__all__ = [
    "DEVICE",
    "ENERGY",
    "REPEATABLE",
    "DashboardRequest",
    "Entry",
    "MergeResult",
    "SkipReason",
    "SourceKind",
    "async_find_parents",
    "async_go_on_with_request",
    "async_remember_request",
    "async_set_up_dashboard",
    "consumers",
    "energy_ids",
    "water_meters",
]
