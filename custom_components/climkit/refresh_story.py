"""What one refresh did, for one line of the debug log: counts and times, nothing personal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .api import Interval


@dataclass(slots=True)
class RefreshStory:
    """Counts of one refresh. `requests_before`: how many the account had made when it began."""

    requests_before: int
    feeds: int = 0
    new_rows: int = 0

    def note(self, known: Sequence[Interval], answered: Sequence[Interval]) -> None:
        """Count the answer for a feed, of which intervals were known, oldest first."""
        self.feeds += 1
        last = known[-1].end if known else None
        self.new_rows += sum(last is None or interval.end > last for interval in answered)

    def told(self, requests: int, newest: datetime | None) -> str:
        """Say it. `requests`: how many the account, history too, has made by now."""
        return (
            f"{self.feeds} feeds answered, {requests - self.requests_before} requests,"
            f" {self.new_rows} new rows, newest {newest.isoformat() if newest else 'none'}"
        )
