"""Since when a site has had no new data, or until when it had none. Pure."""

from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple


class DataGap(NamedTuple):
    """Data of a site that came late, or not at all.

    `since` is the end of the newest interval when it was noticed, `until` when data was on time
    again; None while it is not.
    """

    since: datetime
    until: datetime | None = None


def next_gap(
    gap: DataGap | None, newest: datetime | None, now: datetime, lateness: timedelta
) -> DataGap | None:
    """Return the last gap there was; None before the first one.

    `newest` is the end of the newest interval, None while none is known, which says nothing. Data
    older than `lateness` is missing. What comes in drips ends no gap before it is on time.
    """
    if newest is None:
        return gap
    is_open = gap is not None and gap.until is None
    if now - newest > lateness:
        return gap if is_open else DataGap(newest)
    return replace(gap, until=now) if gap and is_open else gap


def resumed(before: DataGap | None, gap: DataGap | None) -> DataGap | None:
    """Return the last gap after a start, from what was known before it and has been seen since.

    One that had not ended goes on: it ends when data is seen to be on time.
    """
    is_open = before is not None and before.until is None
    return before if is_open or gap is None else gap
