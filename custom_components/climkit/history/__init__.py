"""Reads a site's history page by page into statistics, and again at night: Climkit corrects it."""

from .estimate import MANY_ROWS, Estimate, estimate_site, told_time
from .nights import LONGEST_NIGHT, STARTS_WITHIN, next_night
from .site_history import SiteHistory
from .state import USUAL_LATENESS, SyncState

__all__ = [
    "LONGEST_NIGHT",
    "MANY_ROWS",
    "STARTS_WITHIN",
    "USUAL_LATENESS",
    "Estimate",
    "SiteHistory",
    "SyncState",
    "estimate_site",
    "next_night",
    "told_time",
]
