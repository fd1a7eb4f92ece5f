"""How far the history of a series was read, and where reading goes on."""

from collections.abc import Iterable, Mapping, Sequence
from copy import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.history import site_state
from custom_components.climkit.history.site_state import SiteSyncState
from custom_components.climkit.history.state import USUAL_LATENESS, Backfill, SyncState, resume
from custom_components.climkit.measures.series import Feed, Series
from custom_components.climkit.measures.table import METER_TYPES
from custom_components.climkit.statistics.recorder import metadata
from custom_components.climkit.statistics.rows import Extent, Row
from custom_components.climkit.store.records import SeriesRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
ODD = timedelta(minutes=22)
SERIES = Series(
    feed=Feed("61dfca85eba4e3564021f300", "electricity"),
    column="conso_total",
    measure=METER_TYPES["electricity"].site_measures[0],
)


def make_state(**changes: Any) -> SyncState:
    first = changes["last"].start if "last" in changes else None
    values: dict[str, Any] = {"since": START, "until": START, "first": first} | changes
    return SyncState(series=SERIES, statistic=metadata(SERIES, "Consumption"), **values)


def resumed(
    record: SeriesRecord | None = None,
    last: Row | None = None,
    first_hour: datetime | None = None,
    start: datetime = START,
) -> SyncState:
    return resume(
        SERIES,
        metadata(SERIES, "Consumption"),
        record=record,
        extent=Extent(first_hour or last.start, last, 1) if last else None,
        start=start,
    )


def row(start: datetime, total: float = 10.0) -> Row:
    return Row(start, 1.0, total)


class TestTotal:
    """The running total that entities show."""

    def test_unknown_until_complete(self) -> None:
        """In the middle of the first import it would be too small."""
        state = make_state(last=row(MARCH))
        assert state.total is None
        state.advance(MARCH + HOUR, to_present=True)
        assert state.total == 10.0

    def test_stays_after_an_outage(self) -> None:
        """What was complete keeps its last total while the gap is closed."""
        state = make_state(
            last=row(MARCH), until=MARCH + HOUR, is_current=True, has_reached_present=True
        )
        state.mark_behind()
        assert state.total == 10.0

    def test_unknown_while_history_moves(self) -> None:
        """Earlier history changes all totals."""
        state = make_state(last=row(MARCH), since=MARCH, has_reached_present=True)
        state.backfill_from(START)
        assert state.total is None
        state.advance_backfill(MARCH)
        assert state.total == 10.0
        assert state.since == START

    def test_unknown_without_rows(self) -> None:
        """A meter that never measured has no total, not 0."""
        assert make_state(has_reached_present=True).total is None


class TestNewData:
    """Whether what is new follows what is stored without a gap."""

    @pytest.mark.parametrize(("hours_later", "follows"), [(-1, True), (0, True), (1, False)])
    def test_of_a_silent_meter(self, hours_later: int, follows: bool) -> None:
        """Reading went on without data: what lies behind the newest row may have come late."""
        state = make_state(until=MARCH, last=row(MARCH - 5 * HOUR))
        assert state.reaches(MARCH + (hours_later - 5) * HOUR) == follows

    @pytest.mark.parametrize(("hours_later", "follows"), [(-1, True), (0, True), (1, False)])
    def test_without_rows(self, hours_later: int, follows: bool) -> None:
        """It follows what was read."""
        assert make_state(until=MARCH).reaches(MARCH + hours_later * HOUR) == follows


class TestResume:
    """After a restart."""

    def test_new(self) -> None:
        """Nothing stored, nothing remembered."""
        state = resumed()
        assert (state.since, state.until, state.total) == (START, START, None)

    def test_as_it_was(self) -> None:
        """Recorder and memory agree: go on from the last row's hour."""
        old = make_state(last=row(MARCH), until=MARCH + HOUR, has_reached_present=True)
        state = resumed(old.as_record(), last=row(MARCH))
        assert (state.since, state.until, state.total) == (START, MARCH, 10.0)

    def test_memory_is_older(self) -> None:
        """Killed: the recorder has more rows than was remembered."""
        record = make_state(last=row(START), until=START + HOUR).as_record()
        assert resumed(record, last=row(MARCH)).until == MARCH

    def test_memory_is_newer(self) -> None:
        """A backup was restored: the recorder has fewer rows than was remembered."""
        old = make_state(last=row(MARCH), until=MARCH + HOUR, has_reached_present=True)
        state = resumed(old.as_record(), last=row(START))
        assert state.until == START

    def test_rows_deleted(self) -> None:
        """From the start, and without a total until all is there."""
        old = make_state(last=row(MARCH), until=MARCH + HOUR, has_reached_present=True)
        state = resumed(old.as_record())
        assert (state.until, state.has_reached_present) == (START, False)

    def test_never_had_rows(self) -> None:
        """A meter without data is not read from the start each time."""
        record = make_state(until=MARCH, has_reached_present=True).as_record()
        assert resumed(record).until == MARCH - USUAL_LATENESS

    def test_silent_meter(self) -> None:
        """Only what may have come late since is read again."""
        record = make_state(last=row(START), until=MARCH, has_reached_present=True).as_record()
        assert resumed(record, last=row(START)).until == MARCH - USUAL_LATENESS

    def test_rows_without_memory(self) -> None:
        """Added again: what is stored stays, what lies before it is looked at."""
        state = resumed(last=row(MARCH), first_hour=START + HOUR)
        assert (state.since, state.until) == (START + HOUR, MARCH)
        assert state.backfill == Backfill(start=START, position=START, end=START + HOUR)

    @pytest.mark.parametrize(
        ("start", "begin"), [(START, START + HOUR), (START - timedelta(days=1), None)]
    )
    def test_earlier_stretch(self, start: datetime, begin: datetime | None) -> None:
        """It goes on where it was, unless its start moved once more."""
        old = make_state(last=row(MARCH), since=MARCH, until=MARCH, has_reached_present=True)
        old.backfill_from(START)
        old.advance_backfill(START + HOUR)
        state = resumed(old.as_record(), last=row(MARCH), start=start)
        assert state.backfill == Backfill(start=start, position=begin or start, end=MARCH)

    @pytest.mark.parametrize(
        ("position", "expected"),
        [
            (START, START),
            (START + HOUR + ODD, START + HOUR),
            (MARCH, START),  # all was read, up to an end that is none
            (START - HOUR, START),
        ],
    )
    def test_remembered_times_that_are_no_full_hours(
        self, position: datetime, expected: datetime
    ) -> None:
        """Whoever wrote them: pages end at full hours, and would never reach them."""
        backfill = Backfill(start=START, position=position, end=MARCH + ODD)
        record = make_state(
            since=MARCH + ODD, until=MARCH + HOUR + ODD, last=row(MARCH + HOUR), backfill=backfill
        ).as_record()
        state = resumed(record, row(MARCH + HOUR))
        assert state.backfill == Backfill(start=START, position=expected, end=MARCH)
        assert (state.since, state.until) == (MARCH, MARCH + HOUR)

    def test_later_start(self) -> None:
        """What is stored before it stays."""
        record = make_state(last=row(MARCH), until=MARCH).as_record()
        state = resumed(record, last=row(MARCH), start=START + timedelta(days=9))
        assert (state.since, state.backfill) == (START, None)


class Recorder:
    """In the place of the recorder: rows of statistics, and what is asked of them."""

    def __init__(self, rows: Mapping[str, Sequence[Row]]) -> None:
        self.rows = rows

    async def async_known_names(self, _hass: HomeAssistant, ids: set[str]) -> dict[str, str]:
        return dict.fromkeys(ids, "Consumption")

    async def async_extents(self, _hass: HomeAssistant, _ids: set[str]) -> dict[str, Extent]:
        return {key: Extent(rows[0].start, rows[-1], len(rows)) for key, rows in self.rows.items()}

    async def async_extents_until(self, hass: HomeAssistant, _: object) -> dict[str, Extent]:
        return await self.async_extents(hass, set())

    async def async_last_rows_before(
        self, _hass: HomeAssistant, ids: Iterable[str], times: Sequence[datetime]
    ) -> dict[str, list[Row | None]]:
        return {key: [self._last_before(key, time) for time in times] for key in ids}

    def _last_before(self, key: str, time: datetime) -> Row | None:
        found = [one for one in self.rows[key] if one.amount is not None and one.start < time]
        return found[-1] if found else None


class Store:
    """In the place of the store: whether it was to save at once, or soon."""

    def __init__(self) -> None:
        self.saved: list[str] = []

    async def async_save_now(self) -> None:
        self.saved.append("now")

    def save_soon(self) -> None:
        self.saved.append("soon")


class TestSite:
    """All series of a site."""

    async def load(
        self,
        hass: HomeAssistant,
        monkeypatch: pytest.MonkeyPatch,
        stored: Mapping[Series, Sequence[Row]],
        *,
        until: datetime,
        start: datetime = START,
        is_complete: bool = True,
        store: Store | None = None,
    ) -> SiteSyncState:
        """Begin with series that were read up to a time; history is to begin at `start`."""
        recorder = Recorder({series.statistic_id: rows for series, rows in stored.items()})
        for name in vars(Recorder).keys() & vars(site_state).keys():
            monkeypatch.setattr(site_state, name, getattr(recorder, name))
        records = {}
        for series, rows in stored.items():
            extent = Extent(rows[0].start, rows[-1], len(rows))
            records[series.statistic_id] = SeriesRecord(
                since=START, until=until, complete=is_complete, extent=extent, backfill=None
            )
        state = SiteSyncState(hass, cast(Any, store), records, start, is_refused=lambda _: False)
        state.want([(series, "Consumption") for series in stored])
        await state.async_load()
        return state

    async def test_almost_all(
        self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory
    ) -> None:
        """As long as an hour is missing it is not all, be the history years long."""
        now = START + timedelta(days=700)
        freezer.move_to(now)
        last = now - timedelta(days=1)
        rows = [row(last - 9 * HOUR + n * HOUR) for n in range(10)]
        state = await self.load(hass, monkeypatch, {SERIES: rows}, until=last)
        assert state.progress == 99

    async def test_complete_until_while_an_earlier_start_is_read(
        self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory
    ) -> None:
        """What is stored reaches to where that stands; behind it is a hole."""
        freezer.move_to(MARCH)
        start = START - timedelta(days=9)
        rows = {SERIES: [row(START)]}
        state = await self.load(hass, monkeypatch, rows, until=MARCH, start=start)
        assert state.complete_until == start
        [series] = state.of(SERIES.feed)
        series.advance_backfill(start + 5 * HOUR)
        assert state.complete_until == start + 5 * HOUR

    async def test_what_is_remembered_at_once(
        self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That all is read: else, killed soon after, it would have to ask before it shows totals.

        Pages before it and quarter-hours behind it can wait.
        """
        store, rows = Store(), {SERIES: [row(START)]}
        state = await self.load(
            hass, monkeypatch, rows, until=START + HOUR, is_complete=False, store=store
        )
        [series] = state.of(SERIES.feed)
        for hours, to_present in ((2, False), (3, True), (4, True)):
            series.advance(START + hours * HOUR, to_present=to_present)
            await state.async_save([series])
        assert store.saved == ["soon", "now", "soon"]

    async def test_newest_hours_of_several_that_were_withdrawn(
        self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory
    ) -> None:
        """Each has its own."""
        freezer.move_to(MARCH)
        other = replace(SERIES, measure=METER_TYPES["electricity"].site_measures[1])
        stored, newest = {}, {}
        for series, amounts, hours in ((SERIES, 5, 9), (other, 20, 22)):
            stored[series] = [
                Row(START + n * HOUR, 1.0 if n < amounts else None, 10.0) for n in range(hours)
            ]
            newest[series] = START + (amounts - 1) * HOUR
        state = await self.load(hass, monkeypatch, stored, until=MARCH)
        assert {series: state.newest(series) for series in stored} == newest
