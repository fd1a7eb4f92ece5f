"""Sets up Home Assistant's Energy dashboard: what a site shows, and what settings lack of it."""

from .merge import Merged, Reason, energy_ids
from .preferences import (
    ENERGY,
    Wish,
    async_find_parents,
    async_set_up_dashboard,
    consumers,
    water_meters,
)
from .proposal import DEVICE, REPEATABLE, Entry, Kind
from .wish import async_go_on_with_wish, async_remember_wish

__all__ = [
    "DEVICE",
    "ENERGY",
    "REPEATABLE",
    "Entry",
    "Kind",
    "Merged",
    "Reason",
    "Wish",
    "async_find_parents",
    "async_go_on_with_wish",
    "async_remember_wish",
    "async_set_up_dashboard",
    "consumers",
    "energy_ids",
    "water_meters",
]
