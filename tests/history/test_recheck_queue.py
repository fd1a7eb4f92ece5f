"""In which order nights read again, while some feeds rest and some hours are not answered for."""

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

from custom_components.climkit.history.doubts import Doubts
from custom_components.climkit.history.nights import recent_from
from custom_components.climkit.history.recheck_queue import RecheckQueue
from custom_components.climkit.history.state import SyncState
from custom_components.climkit.history.unanswered import UnansweredHours
from custom_components.climkit.measures.series import Feed, Series
from custom_components.climkit.measures.table import METER_TYPES
from custom_components.climkit.statistics.recorder import metadata
from custom_components.climkit.statistics.time_range import TimeRange
from custom_components.climkit.store.records import RecheckRecord

NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
SINCE = NOW - timedelta(days=100)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FEED, OTHER = Feed("site", "electricity"), Feed("site", "heating")


class Night:
    """A night of two feeds whose history is stored; what `rests` is not asked for."""

    def __init__(self) -> None:
        self.rests: set[Feed] = set()
        record = RecheckRecord()
        self.unanswered = UnansweredHours(record.unanswered)
        self.queue = RecheckQueue(
            record,
            Mock(),
            self.unanswered,
            Doubts(),
            states_of=self._states_of,
            end_of=lambda _feed, _start: NOW,
        )

    def _states_of(self, feed: Feed) -> list[SyncState]:
        measure = METER_TYPES[feed.meter_type].site_measures[0]
        series = Series(feed=feed, column="conso_total", measure=measure)
        state = SyncState(
            series=series,
            statistic=metadata(series, "Site"),
            since=SINCE,
            until=NOW,
            is_current=True,
        )
        return [] if feed in self.rests else [state]

    def begin(self, *feeds: Feed) -> None:
        """Begin."""
        self.queue.begin_night([(feed, SINCE, NOW) for feed in feeds], NOW)

    def take(self, number: int) -> list[tuple[Feed, TimeRange]]:
        """Read so many pages."""
        pages = [self.queue.take(NOW) for _ in range(number)]
        return [(page.feed, page.range) for page in pages if page]


def test_of_what_is_not_answered_for_the_recent_comes_first() -> None:
    """Each of them that fails lets the feed rest; older hours are seldom revised."""
    night, recent, old = Night(), NOW - 3 * DAY, NOW - 60 * DAY
    night.unanswered.add_halves(FEED, TimeRange(old, old + 8 * HOUR))
    night.unanswered.add_halves(FEED, TimeRange(recent, recent + 2 * HOUR))
    night.begin(FEED)
    last = [hours.start for _, hours in night.take(99)[-4:]]
    assert last == [recent, recent + HOUR, old, old + 4 * HOUR]


def test_what_rested_comes_next() -> None:
    """Its recent days are not left behind the sweeps of all: a night may be over before them."""
    night = Night()
    night.begin(FEED, OTHER)
    night.rests = {FEED}
    recent = TimeRange(recent_from(NOW), NOW)
    assert night.take(1) == [(OTHER, recent)]
    night.rests = set()
    assert night.take(1) == [(FEED, recent)]
    assert [feed for feed, _ in night.take(99)] == [FEED, OTHER]
