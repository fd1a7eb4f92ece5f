"""Hours that Climkit never answers for keep nobody else waiting."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.api import (
    ClimkitAuthenticationError,
    ClimkitCertificateError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitLoginError,
    ClimkitRateLimitError,
)
from custom_components.climkit.api.transport import ATTEMPTS
from custom_components.climkit.const import ALL, CONF_HISTORY, CONF_METERS, HISTORY_EVERYTHING
from custom_components.climkit.feeds import page_size
from custom_components.climkit.history import nights
from custom_components.climkit.history.rebuild import SeriesRebuilder
from custom_components.climkit.history.unanswered import UnansweredHours, may_be_of_the_hours
from custom_components.climkit.measures import Feed
from custom_components.climkit.statistics import RecorderError, TimeRange
from custom_components.climkit.store import Unanswered
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind, World
from tests.small_site import without_pauses
from tests.stories.source import METER_ID, SITE_ID, WATER_ID, Source
from tests.truth import assert_equal_to_climkit, climkit_hours, stored_rows

__all__ = ["without_pauses"]

pytestmark = pytest.mark.recorder

HOUR = timedelta(hours=1)
FIRST = NOW.replace(minute=0) - timedelta(days=6)
TOTAL = f"climkit:{METER_ID}_total"
WATER_TOTAL = f"climkit:{WATER_ID}_total"


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """Six days of data; a test may want water too."""
    has_water = getattr(request, "param", False)
    return World.of(Source(first=FIRST, has_export=False, has_water=has_water))


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """History is read day by day."""
    monkeypatch.setattr(page_size, "LONGEST_PAGE", timedelta(days=1))
    monkeypatch.setattr(page_size, "FIRST_PAGE", timedelta(days=1))


async def missing(home: Home) -> set[datetime]:
    """The hours that Climkit has and we do not have; all others are equal."""
    stored = {row.start: row.amount for row in (await stored_rows(home.hass))[TOTAL]}
    expected = climkit_hours(home, dt_util.utcnow())[TOTAL]
    assert stored == pytest.approx({k: v for k, v in expected.items() if k in stored}, abs=1e-9)
    return expected.keys() - stored.keys()


async def pass_days(home: Home, days: float) -> None:
    """Let time pass in steps that are shorter than any rest after trouble."""
    for _ in range(int(days * 48)):
        await home.turn_clock(minutes=30)


async def pass_nights(home: Home, number: int) -> None:
    """Let so many nights pass."""
    for _ in range(number):
        await home.turn_clock(hours=24)


def leave_unanswered(home: Home, hour: datetime) -> datetime:
    """Let Climkit answer no window that has a part of an hour."""
    home.simulator.switches.unanswered = [hour.isoformat()]
    return hour


@pytest.fixture
def hour(home: Home) -> datetime:
    """An hour of the third day that Climkit answers no window of."""
    return leave_unanswered(home, FIRST.astimezone(UTC) + timedelta(days=2, hours=7))


@pytest.mark.parametrize(
    ("error", "may_be"),
    [
        (ClimkitError("500"), True),
        (ClimkitConnectionError("time-out"), True),
        (ClimkitAuthenticationError("401"), False),
        (ClimkitCertificateError("expired"), False),
        (ClimkitLoginError("refused"), False),
        (ClimkitRateLimitError("429"), False),
    ],
    ids=str,
)
def test_what_is_of_the_hours(error: ClimkitError, may_be: bool) -> None:
    """What Climkit says to any question is no word of the hours that were asked for."""
    assert may_be_of_the_hours(error) is may_be


class TestImport:
    """Of a history that is still to be read."""

    async def test_what_follows_is_read(self, home: Home, hour: datetime) -> None:
        """After a day of tries; the nights then close in on the hour, until only it is missing.

        And those before it, as a window reaches three hours further: it is right in both readings.
        Each of these is asked for once a night, with the client's repetitions, and never by day.
        """
        await home.set_up()
        await pass_days(home, 0.9)
        assert len(await missing(home)) > 60
        await pass_days(home, 0.3)
        assert hour in (gone := await missing(home))
        assert len(gone) <= 24
        assert home.sites[0].history.is_stuck
        assert home.sites[0].history.progress == 99
        await pass_nights(home, 12)
        left = {hour - n * HOUR for n in range(4)}
        assert await missing(home) == left
        assert home.sites[0].history.is_stuck
        await pass_days(home, 0.2)  # until the night is over
        made = len(home.simulator.requests)
        await pass_days(home, 1)
        failed = [one for one in home.simulator.requests[made:] if one.status == 500]
        assert len(failed) == len(left) * ATTEMPTS

    async def test_what_follows_a_refusal(self, home: Home, hour: datetime) -> None:
        """Climkit itself refuses the hour, and nothing else: that is believed after an hour."""
        home.simulator.switches.unanswered_by = 403
        await home.set_up()
        [site] = home.sites
        for is_skipped in (False, True):
            for _ in range(11):
                await home.turn_clock(minutes=5)
            assert bool(site.record.recheck.unanswered) is is_skipped
        await pass_days(home, 5 / 24)  # what is refused rests for hours
        assert hour in (gone := await missing(home))
        assert len(gone) <= 24
        assert site.history.is_stuck

    async def test_answered_later(self, home: Home, hour: datetime) -> None:
        """The next night reads it, also after a restart."""
        await home.set_up()
        await pass_days(home, 1.2)
        await home.restart()
        await home.until(lambda: home.sites[0].history.progress == 99)
        await home.settle()
        home.simulator.switches.unanswered = []
        await pass_nights(home, 1)
        assert home.is_complete
        assert not home.sites[0].history.is_stuck
        assert not home.sites[0].record.recheck.unanswered
        await assert_equal_to_climkit(home)

    async def test_an_outage_of_history(self, home: Home) -> None:
        """What was skipped meanwhile is read as soon as history is answered again."""
        days = [FIRST + n * HOUR for n in range(5 * 24)]
        home.simulator.switches.unanswered = [one.isoformat() for one in days]
        await home.set_up()
        await pass_days(home, 1.2)
        home.simulator.switches.unanswered = []
        await home.turn_clock(minutes=30)
        await home.complete()
        await assert_equal_to_climkit(home)

    async def test_a_long_stretch(self, home: Home) -> None:
        """Is skipped in steps that become longer; the nights read what was too much."""
        days = [FIRST + n * HOUR for n in range(4 * 24)]
        home.simulator.switches.unanswered = [one.isoformat() for one in days]
        await home.set_up()
        await pass_days(home, 1.25)
        assert {*days} <= await missing(home)
        await pass_days(home, 1)
        assert {*days} <= await missing(home)
        assert len(await missing(home)) <= 5 * 24
        assert home.sites[0].history.progress == 99

    async def test_an_empty_answer(self, home: Home, hour: datetime) -> None:
        """Is not believed of what was never read, before it came twice."""
        await home.set_up()
        await pass_days(home, 1.2)
        home.simulator.switches.unanswered = []
        [fault] = home.simulator.switches.faults = [
            Fault(kind=FaultKind.EMPTY_LIST, body=f'"t_s": "{hour - 7 * HOUR:%Y-%m-%d}', times=1)
        ]
        await pass_nights(home, 1)
        assert fault.times == 0
        await home.settle()
        await assert_equal_to_climkit(home)

    async def test_the_recorder_fails(self, home: Home, hour: datetime) -> None:
        """What is answered at last and cannot be stored stays missing, and is read once it can."""
        await home.set_up()
        await pass_days(home, 1.2)
        home.simulator.switches.unanswered = []
        rebuild, failed = SeriesRebuilder.async_rebuild, list[TimeRange]()

        async def fail_once(
            self: SeriesRebuilder, states: Any, hours: TimeRange, *args: Any, **kw: Any
        ) -> Any:
            if not failed and hour in hours and hours.end < NOW:
                failed.append(hours)
                raise RecorderError("the disk is full")
            return await rebuild(self, states, hours, *args, **kw)

        with patch.object(SeriesRebuilder, "async_rebuild", fail_once):
            await pass_nights(home, 1)
        [hours] = failed
        listed = home.sites[0].record.recheck.unanswered["electricity"]
        assert any(one.is_missing and one.overlap(hours) for one in listed)
        await pass_nights(home, 2)
        assert home.is_complete
        await assert_equal_to_climkit(home)

    async def test_an_outage_of_everything(self, home: Home, hour: datetime) -> None:
        """Says nothing of the hour: nothing is skipped while Climkit answers nobody."""
        await home.set_up()
        await pass_days(home, 0.5)
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        await pass_days(home, 1)
        assert home.sites[0].history.is_stuck
        assert not home.sites[0].record.recheck.unanswered

    async def test_a_second_place(self, home: Home, hour: datetime) -> None:
        """Is skipped after an hour: the first one took a day."""
        later = hour + timedelta(days=2)
        home.simulator.switches.unanswered.append(later.isoformat())
        await home.set_up()
        await pass_days(home, 1.2)
        gone = await missing(home)
        assert {hour, later} <= gone
        assert len(gone) <= 48

    @pytest.mark.parametrize("world", [True], indirect=True)
    async def test_many_feeds(self, home: Home, hour: datetime) -> None:
        """None waits for another one."""
        await home.set_up()
        await pass_days(home, 1.2)
        await pass_nights(home, 5)
        gone = await missing(home)
        assert hour in gone
        assert len(gone) <= 12
        water = climkit_hours(home, dt_util.utcnow())[WATER_TOTAL]
        stored = {row.start for row in (await stored_rows(home.hass))[WATER_TOTAL]}
        assert water.keys() - stored <= gone

    @pytest.mark.parametrize("world", [True], indirect=True)
    async def test_read_again_of_another_meter(self, home: Home, hour: datetime) -> None:
        """Says nothing of these hours."""
        await home.set_up()
        await pass_days(home, 1.2)
        home.simulator.switches.unanswered = []
        [site] = home.sites
        before = site.record.recheck.unanswered["electricity"]
        await site.history.async_compare([WATER_ID], FIRST, NOW, dry_run=False)
        assert site.record.recheck.unanswered["electricity"] == before
        assert site.history.progress == 99
        await pass_nights(home, 1)
        await assert_equal_to_climkit(home)

    async def test_an_earlier_start(self, home: Home) -> None:
        """What was skipped of it is not forgotten by a night before all of it is read."""
        places = [FIRST.astimezone(UTC) + timedelta(days=one, hours=7) for one in (1, 3)]
        day = (FIRST + timedelta(days=5)).date().isoformat()
        home.entry.add_to_hass(home.hass)
        options = {**home.entry.options, CONF_HISTORY: day}
        home.hass.config_entries.async_update_entry(home.entry, options=options)
        await home.set_up_completely()
        home.simulator.switches.unanswered = [one.isoformat() for one in places]
        await home.choose(history=HISTORY_EVERYTHING)
        await pass_days(home, 1.3)
        home.simulator.switches.unanswered = [places[0].isoformat()]
        await pass_nights(home, 4)
        gone = await missing(home)
        assert places[0] in gone
        assert len(gone) <= 12
        assert home.sites[0].history.progress == 99


class TestNights:
    """Of a history that is stored."""

    @pytest.fixture(autouse=True)
    def short_sweep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Days instead of weeks keep the tests quick."""
        monkeypatch.setattr(nights, "RECENT", timedelta(days=2))
        monkeypatch.setattr(nights, "NIGHTS_OF_A_SWEEP", 3)

    @pytest.mark.parametrize("days_ago", [1, 4])
    async def test_what_follows_is_compared(self, home: Home, days_ago: int) -> None:
        """A correction behind an hour that is no longer answered is found, as are all others."""
        await home.set_up_completely()
        hour = leave_unanswered(home, NOW.replace(minute=0) - timedelta(days=days_ago))
        for start in (hour - 5 * HOUR, hour + 3 * HOUR, hour + 20 * HOUR):
            home.simulator.world.revise(SITE_ID, f"total_{METER_ID}", start, start + HOUR, factor=3)
        await pass_nights(home, 9)
        assert home.is_complete
        assert not home.sites[0].history.is_stuck
        await assert_equal_to_climkit(home)

    async def test_a_night_in_trouble(self, home: Home) -> None:
        """Does not put what is recent behind hours that are never answered for."""
        await home.set_up_completely()
        leave_unanswered(home, NOW.replace(minute=0) - timedelta(days=4))
        await pass_nights(home, 9)
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503, body="t_e")]
        await pass_nights(home, 1)
        home.simulator.switches.faults = []
        now = dt_util.utcnow().replace(minute=0)
        start = now - timedelta(days=1)
        home.simulator.world.revise(SITE_ID, f"total_{METER_ID}", start, start + 6 * HOUR, factor=3)
        await pass_nights(home, 2)
        await assert_equal_to_climkit(home)

    async def test_a_stored_hour_that_is_asked_for(self, home: Home) -> None:
        """Is not missing, though it is not answered for."""
        await home.set_up_completely()
        hour = leave_unanswered(home, NOW.replace(minute=0) - timedelta(days=1))
        await pass_nights(home, 1)
        [site] = home.sites
        assert site.record.recheck.unanswered
        site.history.read_again([TestList.FEED], hour, hour + HOUR)
        await pass_nights(home, 1)
        assert home.is_complete
        assert not site.history.is_stuck

    async def test_the_first_hour(self, home: Home) -> None:
        """Of all history is missing too, where it was never read; a dry run stores none of it."""
        await home.set_up_completely()
        [site] = home.sites
        begin = min(state.start for state in site.history.states)
        site.record.recheck.unanswered["electricity"] = [Unanswered(begin, begin + HOUR, True)]
        assert site.history.is_stuck
        await site.history.async_compare([SITE_ID, METER_ID], begin, NOW, dry_run=True)
        assert site.history.progress == 99

    @pytest.mark.parametrize(
        ("asked_again", "dry_run"),
        [([METER_ID], False), ([SITE_ID, METER_ID], True)],
        ids=["another meter", "a dry run"],
    )
    async def test_asked_for_in_trouble(
        self, home: Home, asked_again: list[str], dry_run: bool
    ) -> None:
        """What an action then reads of it is not all, or is not stored: the rest still is."""
        await home.set_up_completely()
        [site] = home.sites
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503, body="t_e")]
        begin = NOW.replace(minute=0) - timedelta(days=1)
        site.history.read_again([TestList.FEED], begin, begin + HOUR)
        await home.settle()
        home.simulator.switches.faults = []
        before = dict(site.record.recheck.unread)
        assert before
        await site.history.async_compare(asked_again, begin, begin + HOUR, dry_run=dry_run)
        assert site.record.recheck.unread == before

    async def test_read_again_in_trouble(self, home: Home) -> None:
        """All that is stored of it is read later, also where another series begins later."""
        home.entry.add_to_hass(home.hass)
        options = {**home.entry.options, CONF_METERS: []}
        home.hass.config_entries.async_update_entry(home.entry, options=options)
        await home.set_up_completely()
        later = (FIRST + timedelta(days=3)).date().isoformat()
        await home.choose(**{CONF_METERS: ALL, CONF_HISTORY: later})
        await home.complete()
        [site] = home.sites
        assert len({state.since for state in site.history.states}) == 2
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503, body="t_e")]
        with pytest.raises(ClimkitError):
            await site.history.async_compare([SITE_ID, METER_ID], FIRST, NOW, dry_run=False)
        [unread] = site.record.recheck.unread["electricity"]
        assert unread.start == FIRST

    async def test_refused_for_its_length(self, home: Home) -> None:
        """No window is believed to be too long because an hour in it is refused."""
        await home.set_up_completely()
        leave_unanswered(home, NOW.replace(minute=0) - timedelta(days=4))
        home.simulator.switches.unanswered_by = 400
        await pass_nights(home, 4)
        [site] = home.sites
        assert site.record.window.hours is None
        assert home.is_complete


class TestList:
    """What is not answered for, and in which order it is asked for again."""

    FEED = Feed(SITE_ID, "electricity")

    @staticmethod
    def hours(first: int, last: int) -> TimeRange:
        """From one hour of a day to before another."""
        return TimeRange(FIRST + first * HOUR, FIRST + last * HOUR)

    def listed(self, unanswered: UnansweredHours) -> list[tuple[int, int, bool]]:
        """First and last hour of each range, and whether it was never read."""
        never_read = unanswered.never_read(self.FEED)
        return [
            ((one.start - FIRST) // HOUR, (one.end - FIRST) // HOUR, one in never_read)
            for one in unanswered.of(self.FEED)
        ]

    def test_order(self) -> None:
        """The longest first, and of the same length that which waits the longest."""
        unanswered = UnansweredHours({})
        unanswered.add_halves(self.FEED, self.hours(10, 11))
        unanswered.add_halves(self.FEED, self.hours(12, 13))
        unanswered.add_halves(self.FEED, self.hours(20, 28), never_read=True)
        single = [(10, 11, False), (12, 13, False)]
        assert self.listed(unanswered) == [(20, 24, True), (24, 28, True), *single]
        unanswered.add_halves(self.FEED, self.hours(10, 11))
        assert self.listed(unanswered)[2:] == single[::-1]

    def test_order_of_what_remains(self) -> None:
        """What is left of a long range is asked for by its own length."""
        unanswered = UnansweredHours({})
        unanswered.add_halves(self.FEED, self.hours(0, 20))
        unanswered.add_halves(self.FEED, self.hours(30, 46))
        unanswered.mark_read(self.FEED, self.hours(0, 9))
        assert [last - first for first, last, _ in self.listed(unanswered)] == [10, 8, 8, 1]

    def test_what_was_never_read_stays_so(self) -> None:
        """Also when more around it is not answered for; until it is."""
        unanswered = UnansweredHours({})
        unanswered.add_halves(self.FEED, self.hours(4, 5), never_read=True)
        unanswered.add_halves(self.FEED, self.hours(0, 8))
        pairs = [(0, 2, False), (2, 4, False), (6, 8, False)]
        assert self.listed(unanswered) == [*pairs, (4, 5, True), (5, 6, False)]
        assert unanswered.cover(self.FEED, self.hours(3, 7))
        assert not unanswered.cover(self.FEED, self.hours(7, 9))
        unanswered.mark_read(self.FEED, self.hours(1, 8))
        assert self.listed(unanswered) == [(0, 1, False)]
        unanswered.mark_read(self.FEED, self.hours(0, 1))
        assert not unanswered.of(self.FEED)
