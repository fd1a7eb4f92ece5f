"""The last rows before the edges of periods are right, and the recorder is asked seldom."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from unittest.mock import Mock, patch

import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.statistics import LastRows, Row, StoredStatistic, last_rows
from custom_components.climkit.statistics.recorder import described

START = datetime(2026, 11, 20, tzinfo=UTC)
IDS = ("climkit:one", "climkit:other")


def hour(number: int) -> datetime:
    """So many hours after the first row."""
    return START + number * HOUR


class Recorder:
    """Has a row of each hour, whose total is the hour's number and what was `added`."""

    def __init__(self) -> None:
        """Begin with ten rows."""
        self.asked: list[tuple[list[str], datetime]] = []
        self.added = 0
        self.statistics = [StoredStatistic(statistic=described(one, one, "CHF")) for one in IDS]
        self.last = 0
        self.grow_to(9)

    def grow_to(self, last: int) -> None:
        """Have rows up to an hour."""
        self.last = last
        for one in self.statistics:
            one.first, one.last, one.count = START, self.row(last), last + 1

    def row(self, number: int) -> Row:
        """The row of an hour."""
        return Row(hour(number), 1.0, float(number + self.added))

    def row_before(self, time: datetime) -> Row | None:
        """The last one before a time."""
        number = min(self.last, (time - START) // HOUR - 1)
        return self.row(number) if number >= 0 else None

    async def async_last_rows_before(
        self, _hass: object, ids: Iterable[str], times: Sequence[datetime]
    ) -> dict[str, list[Row | None]]:
        """Answer as the recorder does."""
        self.asked.extend((list(ids), time) for time in times)
        return {one: [self.row_before(time) for time in times] for one in ids}


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Instead of the real one."""
    found = Recorder()
    with patch.object(last_rows, "async_last_rows_before", found.async_last_rows_before):
        yield found


async def test_asked_once(recorder: Recorder) -> None:
    """For all statistics together, and not for what is before the newest row or behind it."""
    rows, times = LastRows(Mock()), [hour(0), hour(5), hour(12)]
    for _ in range(2):
        found = await rows.async_before(recorder.statistics, times)
        assert all(found[one] == {time: recorder.row_before(time) for time in times} for one in IDS)
    assert recorder.asked == [([*IDS], hour(0)), ([*IDS], hour(5))]


async def test_changed_rows(recorder: Recorder) -> None:
    """What they may replace or move is asked for again, of that statistic alone."""
    rows, times = LastRows(Mock()), [hour(3), hour(5), hour(12)]
    await rows.async_before(recorder.statistics, times)
    recorder.asked.clear()
    recorder.grow_to(20)
    recorder.added = 7
    rows.forget(IDS[0], hour(3))
    found = await rows.async_before(recorder.statistics, times)
    assert recorder.asked == [([IDS[0]], hour(5)), ([IDS[0]], hour(12))]
    assert found[IDS[0]][hour(12)] == recorder.row_before(hour(12))


async def test_other_statistic_of_the_name(recorder: Recorder) -> None:
    """It was deleted and made anew: nothing is known of it."""
    rows, times = LastRows(Mock()), [hour(3)]
    await rows.async_before(recorder.statistics, times)
    recorder.asked.clear()
    rows.forget(IDS[1])
    await rows.async_before(recorder.statistics, times)
    assert recorder.asked == [([IDS[1]], hour(3))]


async def test_without_rows(recorder: Recorder) -> None:
    """There is none before any time, and nobody is asked."""
    empty = StoredStatistic(statistic=described(IDS[0], IDS[0], "CHF"))
    found = await LastRows(Mock()).async_before([empty], [hour(3)])
    assert found[IDS[0]] == {hour(3): None}
    assert not recorder.asked
