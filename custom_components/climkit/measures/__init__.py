"""What Climkit measures: the table of measures, the series that meters make of it, their names."""

from .names import Names, by_number, number_in
from .series import Feed, Series, all_series, known_meters, repeated_by_site, split_column
from .table import (
    BATTERY_COLUMNS,
    CHARGE_POINT,
    ELECTRICITY,
    METER_COLUMNS,
    METER_TYPES,
    NET_POWERS,
    EntityView,
    Price,
    Quantity,
    Role,
    TimeOfUse,
)

__all__ = [
    "BATTERY_COLUMNS",
    "CHARGE_POINT",
    "ELECTRICITY",
    "METER_COLUMNS",
    "METER_TYPES",
    "NET_POWERS",
    "EntityView",
    "Feed",
    "Names",
    "Price",
    "Quantity",
    "Role",
    "Series",
    "TimeOfUse",
    "all_series",
    "by_number",
    "known_meters",
    "number_in",
    "repeated_by_site",
    "split_column",
]
