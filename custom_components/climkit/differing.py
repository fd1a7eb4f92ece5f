"""Hours that differ night after night, though each night mends them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from .statistics import Difference

# Late data and a correction make an hour differ for a night or two.
MANY_NIGHTS = 5


class Differing:
    """How many nights in a row each hour differed from what was stored the night before."""

    def __init__(self) -> None:
        """Begin without any."""
        self._nights: dict[tuple[str, datetime], int] = {}

    def note(
        self,
        statistic_ids: Sequence[str],
        start: datetime,
        end: datetime,
        found: Mapping[str, Sequence[Difference]],
    ) -> None:
        """Take in what a night found in some statistics between two times."""
        before = {
            key: self._nights.pop(key)
            for key in list(self._nights)
            if key[0] in statistic_ids and start <= key[1] < end
        }
        for statistic_id, differences in found.items():
            for one in differences:
                key = statistic_id, one.start
                self._nights[key] = before.get(key, 0) + 1

    @property
    def hours(self) -> list[datetime]:
        """Return the hours that differ again and again, sorted."""
        return sorted({start for (_, start), n in self._nights.items() if n >= MANY_NIGHTS})
