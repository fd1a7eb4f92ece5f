"""What one data request asks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feed:
    """A meter type of a whole site, or a single meter of it.

    The answer for a whole site serves the series of all its meters through its columns.
    """

    site_id: str
    meter_type: str
    meter_id: str | None = None
