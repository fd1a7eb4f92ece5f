"""Client of the Climkit Developer API; knows nothing of Home Assistant."""

from .client import DEFAULT_URL, ClimkitClient
from .exceptions import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitRateLimitError,
    ClimkitResponseError,
)
from .models import (
    DEFAULT_ZONE,
    Address,
    Interval,
    Meter,
    MeterMode,
    MeterReading,
    Reading,
    Sensor,
    Site,
    SiteReference,
    is_object_id,
)
from .queue import Priority, RequestQueue
from .timestamps import (
    HOUR,
    INTERVAL,
    Sampling,
    floor_hour,
    floor_interval,
    interval_bounds,
    local_midnight,
    parse_timestamp,
    query_window,
)

__all__ = [
    "DEFAULT_URL",
    "DEFAULT_ZONE",
    "HOUR",
    "INTERVAL",
    "Address",
    "ClimkitAccessDeniedError",
    "ClimkitAuthenticationError",
    "ClimkitClient",
    "ClimkitConnectionError",
    "ClimkitError",
    "ClimkitRateLimitError",
    "ClimkitResponseError",
    "Interval",
    "Meter",
    "MeterMode",
    "MeterReading",
    "Priority",
    "Reading",
    "RequestQueue",
    "Sampling",
    "Sensor",
    "Site",
    "SiteReference",
    "floor_hour",
    "floor_interval",
    "interval_bounds",
    "is_object_id",
    "local_midnight",
    "parse_timestamp",
    "query_window",
]
