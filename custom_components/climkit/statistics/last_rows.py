"""The last rows before the edges of periods, remembered so that the recorder is asked seldom.

The total of the row before an edge minus that of the row before another is what lies between.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from homeassistant.core import HomeAssistant

from .recorder import async_last_rows_before
from .rows import Row
from .stored import StoredStatistic

# The last row with an amount before each of some times; None where there is none.
type RowsBefore = Mapping[datetime, Row | None]


class LastRows:
    """The last rows of statistics before certain times, as far as they are known."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with nothing known."""
        self._hass = hass
        self._known: dict[str, dict[datetime, Row | None]] = {}

    def forget(self, statistic_id: str, start: datetime | None = None) -> None:
        """Forget the rows that rows from `start` on (None: any) may replace or move."""
        known = self._known.pop(statistic_id, {})
        if start:
            self._known[statistic_id] = {time: row for time, row in known.items() if time <= start}

    async def async_before(
        self, statistics: Collection[StoredStatistic], times: Collection[datetime]
    ) -> Mapping[str, RowsBefore]:
        """Return the last rows before some times, by statistic id, and forget all others.

        The recorder is asked for what is not known, for all statistics at once.
        """
        known = self._known
        for one in statistics:
            rows = known.get(one.statistic_id, {})
            known[one.statistic_id] = {time: rows[time] for time in times if time in rows}
        for time in times:
            unknown = []
            for one in statistics:
                if one.last is None or one.is_last_before(time):
                    known[one.statistic_id][time] = one.last
                elif time not in known[one.statistic_id]:
                    unknown.append(one.statistic_id)
            found = await async_last_rows_before(self._hass, unknown, [time]) if unknown else {}
            for statistic_id, [row] in found.items():
                known[statistic_id][time] = row
        return known
