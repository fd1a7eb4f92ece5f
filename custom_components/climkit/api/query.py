"""What is asked of the API: which rows, how long, and how urgently. No I/O, no clock."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .models import DEFAULT_ZONE
from .queue import Priority
from .timestamps import INTERVAL, Sampling, query_window, window_start


class Query(NamedTuple):
    """Rows from `start` to `end`, aware; `end` None: up to the newest. `zone` is the site's."""

    start: datetime
    end: datetime | None = None
    zone: ZoneInfo = DEFAULT_ZONE
    sampling: Sampling = Sampling.QUARTER_HOUR
    priority: Priority = Priority.LIVE

    @property
    def window(self) -> dict[str, str]:
        """Return the window to ask for; its answer has more rows, see `query_window`."""
        return query_window(window_start(self.start, self.zone), self.end)

    @property
    def sampled_window(self) -> dict[str, str]:
        """Return the window, and how long the rows in it are to be."""
        if self.sampling is Sampling.QUARTER_HOUR:
            # What the API answers without the key (observed); the key is in doubt for site_data.
            return self.window
        # Stamped at its start, the first row would lie on the window's edge.
        begin = window_start(self.start - INTERVAL, self.zone)
        return query_window(begin, self.end) | {"sampling_frequency": self.sampling.value}

    def covers(self, start: datetime, end: datetime | None = None) -> bool:
        """Whether an interval, or a moment, lies within start and end, edges included."""
        return self.start <= start and (self.end is None or (end or start) <= self.end)
