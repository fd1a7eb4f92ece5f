"""What is new waits, joined feed by feed, until it is written."""

from datetime import UTC, datetime

from custom_components.climkit.api import HOUR, INTERVAL, Interval
from custom_components.climkit.history.live_queue import LiveQueue
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.statistics.time_range import TimeRange

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
FEED, OTHER = Feed("site", "electricity"), Feed("site", "cold_water")


def rows(start: datetime, *values: float) -> list[Interval]:
    """Quarter-hours from a time on."""
    starts = [start + number * INTERVAL for number in range(len(values))]
    return [
        Interval(start=at, end=at + INTERVAL, values={"total": value})
        for at, value in zip(starts, values, strict=True)
    ]


def test_what_comes_meanwhile_joins() -> None:
    """Newer values win; what the newer answer no longer holds stays."""
    queue = LiveQueue()
    queue.add(FEED, MIDNIGHT - HOUR + INTERVAL, MIDNIGHT, rows(MIDNIGHT - HOUR, 1, 2, 3, 4))
    queue.add(FEED, MIDNIGHT - INTERVAL, MIDNIGHT + HOUR, rows(MIDNIGHT - INTERVAL, 9, 5))
    batch = queue.next()
    assert batch
    assert batch.range == TimeRange(MIDNIGHT - HOUR, MIDNIGHT + HOUR)
    assert [row.values["total"] for row in batch.intervals] == [1, 2, 3, 9, 5]


def test_an_answer_of_the_new_day_joins() -> None:
    """It holds nothing of the day before, which still waits."""
    queue = LiveQueue()
    queue.add(FEED, MIDNIGHT - HOUR, MIDNIGHT, rows(MIDNIGHT - HOUR, 1, 2, 3, 4))
    queue.add(FEED, MIDNIGHT, MIDNIGHT + INTERVAL, rows(MIDNIGHT, 5))
    batch = queue.next()
    assert batch
    assert batch.range == TimeRange(MIDNIGHT - HOUR, MIDNIGHT + INTERVAL)
    assert [row.values["total"] for row in batch.intervals] == [1, 2, 3, 4, 5]


def test_what_is_withdrawn_meanwhile() -> None:
    """It is not written; all else still waits."""
    queue = LiveQueue()
    queue.drop_withdrawn(FEED, {"total": {MIDNIGHT}})
    queue.add(FEED, MIDNIGHT, MIDNIGHT + HOUR, rows(MIDNIGHT, 1, 2, 3))
    queue.drop_withdrawn(FEED, {"total": {MIDNIGHT + INTERVAL}})
    batch = queue.next()
    assert batch
    assert [row.values["total"] for row in batch.intervals] == [1, 3]
    assert batch.range == TimeRange(MIDNIGHT, MIDNIGHT + HOUR)
    queue.mark_written(batch)
    assert not queue


def test_what_waits_for_days_is_a_gap() -> None:
    """The recorder has ended, or hangs: memory stays bounded, and history is read again."""
    queue = LiveQueue()
    queue.add(FEED, MIDNIGHT, MIDNIGHT + HOUR, rows(MIDNIGHT, 1))
    for days in (3, 4):
        start = MIDNIGHT + days * 24 * HOUR
        queue.add(FEED, start, start + INTERVAL, rows(start, 2))
        batch = queue.next()
        assert batch
        assert batch.range.end == start + INTERVAL
        assert batch.range.start == (MIDNIGHT if days == 3 else start)
        assert len(batch.intervals) == (2 if days == 3 else 1)


def test_first_come_first_written() -> None:
    """A batch waits until it was written, and no longer."""
    queue = LiveQueue()
    queue.add(FEED, MIDNIGHT, MIDNIGHT + HOUR, [])
    queue.add(OTHER, MIDNIGHT, MIDNIGHT + HOUR, [])
    for feed in (FEED, OTHER):
        batch = queue.next()
        assert batch
        assert batch.feed == feed
        assert queue.written_from(feed) is None
        queue.mark_written(batch)
        assert queue.written_from(feed) == MIDNIGHT
    assert not queue
    assert queue.next() is None


def test_something_newer_while_it_is_written() -> None:
    """It is written next: the batch that was written did not have it."""
    queue = LiveQueue()
    queue.add(FEED, MIDNIGHT, MIDNIGHT + INTERVAL, rows(MIDNIGHT, 1))
    batch = queue.next()
    assert batch
    queue.add(FEED, MIDNIGHT, MIDNIGHT + 2 * INTERVAL, rows(MIDNIGHT, 1, 2))
    queue.mark_written(batch)
    newer = queue.next()
    assert newer
    assert newer.range == TimeRange(MIDNIGHT, MIDNIGHT + 2 * INTERVAL)


def test_an_answer_about_no_time() -> None:
    """Where a clock was put back nothing waits; that Climkit answered is known."""
    queue = LiveQueue()
    queue.add(FEED, MIDNIGHT + HOUR, MIDNIGHT, [])
    assert not queue
    assert queue.answered_until(FEED) == MIDNIGHT
    assert queue.answered_until(OTHER) is None
    queue.clear()
    assert queue.answered_until(FEED) == MIDNIGHT
