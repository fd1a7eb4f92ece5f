"""A statistic that is kept, of energy or costs, and which of its rows are stored. No I/O."""

from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.recorder.models import StatisticMetaData

from .rows import Extent, Row


@dataclass(slots=True, kw_only=True)
class StoredStatistic:
    """How a statistic is described, and what the recorder is known to hold of it.

    `first` and `last` are the first hour (UTC) and the newest row, of `count` rows;
    `is_last_confirmed` is False from a write until that was read back.
    """

    statistic: StatisticMetaData
    first: datetime | None = None
    last: Row | None = None
    count: int = 0
    is_last_confirmed: bool = True

    @property
    def statistic_id(self) -> str:
        """Id of the statistic."""
        return self.statistic["statistic_id"]

    @property
    def extent(self) -> Extent | None:
        """What should be stored; None without rows."""
        return Extent(self.first, self.last, self.count) if self.first and self.last else None

    def is_last_before(self, time: datetime) -> bool:
        """Whether the newest row is the last one with an amount before a time."""
        last = self.last
        return last is not None and last.amount is not None and last.start < time

    def lacks_rows(self, extent: Extent | None) -> bool:
        """Whether rows are missing in what the recorder holds that were known to be stored."""
        if (known := self.extent) is None:
            return False
        return (
            extent is None
            or extent.count < known.count
            or extent.first > known.first
            or extent.last.start < known.last.start
        )

    def take(self, extent: Extent | None) -> None:
        """Note what the recorder holds."""
        self.first = extent.first if extent else None
        self.last = extent.last if extent else None
        self.count = extent.count if extent else 0
        self.is_last_confirmed = True

    def is_changed(self, extent: Extent | None, *, has_jump: bool = False) -> bool:
        """Whether somebody else changed rows; of a write that is not confirmed nobody knows.

        `has_jump`: a total is not that of the row before and the row's amount.
        """
        if not self.is_last_confirmed:
            return False
        known = self.extent
        return has_jump or (not known.equals(extent) if known else extent is not None)
