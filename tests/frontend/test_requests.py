"""What the dashboard costs Climkit: nothing for what is new, one request for an older day."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy.exc import SQLAlchemyError

from custom_components.climkit.api import Priority, queue
from custom_components.climkit.coordinator import days
from custom_components.climkit.feeds.reader import FeedReader
from custom_components.climkit.statistics import recorder
from tests.conftest import NOW, Home
from tests.frontend.conftest import SITE_COLUMNS, Dashboard, assert_same, midnight
from tests.simulator import Fault, FaultKind, World, apartment_house, single_house

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture
def world(now: datetime) -> World:
    """A house with eighteen days of data that are never revised."""
    return World.of(replace(single_house(1, now, timedelta(days=23)), faultless=True))


def day_of(ago: int) -> str:
    """A local day."""
    return f"{TODAY - ago * DAY}"


def in_trouble(home: Home, status: int = 503, **fields: Any) -> None:
    """Let Climkit answer requests for data with a status."""
    home.simulator.switches.faults = [
        Fault(kind=FaultKind.STATUS, status=status, path="_data/", **fields)
    ]


async def show(dashboard: Dashboard) -> None:
    """Ask for all that a dashboard shows when it opens."""
    site_id = dashboard.site_id
    overview = await dashboard.ask("overview")
    [site] = overview["sites"]
    for meter_id in (None, *(one["meter_id"] for one in site["meters"])):
        owner = {"site_id": site_id, "meter_id": meter_id}
        for ago in (0, 1):
            await dashboard.ask("day", **owner, day=day_of(ago))
        await dashboard.ask("month", **owner, month="2026-11")
        await dashboard.ask("year", **owner, year=2026)
    await dashboard.ask("meters", site_id=site_id, month="2026-11")


class TestOpening:
    """Opening costs nothing."""

    async def test_once_all_is_stored(self, dashboard: Dashboard) -> None:
        await dashboard.home.complete()
        requests = dashboard.requests
        await show(dashboard)
        assert dashboard.requests == requests

    async def test_after_a_restart(self, dashboard: Dashboard) -> None:
        """The first question of the polls begins with yesterday."""
        await dashboard.home.complete()
        await dashboard.home.restart()
        await dashboard.home.complete()
        requests = dashboard.requests
        await show(dashboard)
        assert dashboard.requests == requests

    async def test_after_midnight(self, dashboard: Dashboard) -> None:
        """What was today is yesterday, as it came; its last quarter-hours come a bit later."""
        home, site_id = dashboard.home, dashboard.site_id
        while home.true_now < midnight(TODAY + DAY) + timedelta(minutes=1):
            await home.turn_clock(minutes=15, settle=False)
        for minutes in (0, 5, 15, 240, 600):
            await home.turn_clock(minutes=minutes)
            requests = dashboard.requests
            for ago in (0, -1):
                day = TODAY - ago * DAY
                answer = await dashboard.ask("day", site_id=site_id, day=f"{day}")
                dashboard.assert_day(answer, day, SITE_COLUMNS)
            assert home.simulator.requests[requests:] == []


class TestOlderDays:
    """A day is asked for once."""

    async def test_ten_days(self, dashboard: Dashboard) -> None:
        """Of the site, its flat and on ten screens: ten requests."""
        await dashboard.home.complete()
        requests = dashboard.requests
        site_id = dashboard.site_id
        flat = str(dashboard.home.simulator.world.meter_info(site_id)[2]["id"])
        for ago in range(2, 12):
            day = TODAY - ago * DAY
            answer = await dashboard.ask("day", site_id=site_id, day=f"{day}")
            dashboard.assert_day(answer, day, SITE_COLUMNS)
            await dashboard.ask("day", site_id=site_id, meter_id=flat, day=f"{day}")
        assert dashboard.requests == requests + 10
        for ago in range(2, 12):
            await dashboard.ask("day", site_id=site_id, day=day_of(ago))
        assert dashboard.requests == requests + 10

    async def test_a_month(self, dashboard: Dashboard) -> None:
        """Who pages back and forth in it has each of its days asked for once."""
        await dashboard.home.complete()
        month = [day_of(ago) for ago in range(1, 32)]
        for day in month:
            await dashboard.ask("day", site_id=dashboard.site_id, day=day)
        requests = dashboard.requests
        for day in reversed(month):
            await dashboard.ask("day", site_id=dashboard.site_id, day=day)
        assert dashboard.requests == requests

    async def test_ten_screens_at_once(self, dashboard: Dashboard) -> None:
        screens = [dashboard.another() for _ in range(10)]
        await dashboard.home.complete()
        requests = dashboard.requests
        answers = await asyncio.gather(
            *(one.ask("day", site_id=dashboard.site_id, day=day_of(4)) for one in screens)
        )
        assert dashboard.requests == requests + 1
        assert all(answer == answers[0] for answer in answers)
        dashboard.assert_day(answers[0], TODAY - 4 * DAY, SITE_COLUMNS)

    async def test_goes_before_history_and_behind_what_is_new(self) -> None:
        assert Priority.LIVE < Priority.ASKED_FOR < Priority.HISTORY

    async def test_one_a_second(
        self, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Days wait in the line of all requests, which keeps its distance."""
        await dashboard.home.complete()
        [runtime] = dashboard.home.sites
        turns: list[Priority] = []
        line = runtime.client.queue
        turn = queue.RequestQueue.turn

        def noted(self: queue.RequestQueue, priority: Priority) -> Any:
            assert self is line
            turns.append(priority)
            return turn(self, priority)

        monkeypatch.setattr(queue.RequestQueue, "turn", noted)
        for ago in (3, 4):
            await dashboard.ask("day", site_id=dashboard.site_id, day=day_of(ago))
        assert turns == [Priority.ASKED_FOR] * 2

    async def test_only_so_many_are_kept(
        self, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The least recently shown are asked for again; yesterday never is."""
        monkeypatch.setattr(days, "KEPT_DAYS", 3)
        await dashboard.home.complete()
        site_id = dashboard.site_id
        for ago in (2, 3, 4, 2, 5):
            await dashboard.ask("day", site_id=site_id, day=day_of(ago))
        requests = dashboard.requests
        for ago in (0, 1, 2, 4, 5):
            await dashboard.ask("day", site_id=site_id, day=day_of(ago))
        assert dashboard.requests == requests
        await dashboard.ask("day", site_id=site_id, day=day_of(3))
        assert dashboard.requests == requests + 1
        [runtime] = dashboard.home.sites
        assert len(runtime.days.kept) == 4


class TestCorrections:
    """A kept day follows what is read again."""

    @pytest.mark.parametrize("ago", [1, 3])
    async def test_a_night(self, dashboard: Dashboard, ago: int) -> None:
        home, site_id, day = dashboard.home, dashboard.site_id, TODAY - ago * DAY
        await home.complete()
        await dashboard.ask("day", site_id=site_id, day=f"{day}")
        start = midnight(day) + timedelta(hours=4)
        home.simulator.world.revise(
            site_id, "from_ext", start, start + timedelta(hours=2), factor=1.5
        )
        home.simulator.world.revise(
            site_id, "to_ext", start, start + timedelta(hours=2), withdraw=True
        )
        [runtime] = home.sites
        runtime.history.start_night()
        await home.settle()
        requests = dashboard.requests
        answer = await dashboard.ask("day", site_id=site_id, day=f"{day}")
        dashboard.assert_day(answer, day, SITE_COLUMNS)
        assert dashboard.requests == requests

    @pytest.mark.parametrize("ago", [1, 3])
    async def test_a_night_without_an_answer(self, dashboard: Dashboard, ago: int) -> None:
        """An empty list, or half of one, takes nothing away."""
        home, site_id, day = dashboard.home, dashboard.site_id, TODAY - ago * DAY
        await home.complete()
        await dashboard.ask("day", site_id=site_id, day=f"{day}")
        switches = home.simulator.switches
        [runtime] = home.sites
        for switches.max_rows, switches.faults in (
            (None, [Fault(kind=FaultKind.EMPTY_LIST, path="_data/")]),
            (50, [Fault(kind=FaultKind.EMPTY_LIST, path="_data/", probability=0.5)]),
        ):
            runtime.history.start_night()
            await home.settle()
            answer = await dashboard.ask("day", site_id=site_id, day=f"{day}")
            dashboard.assert_day(answer, day, SITE_COLUMNS)

    async def test_late_rows(self, dashboard: Dashboard) -> None:
        """What a poll brings of yesterday is shown."""
        home, site_id = dashboard.home, dashboard.site_id
        late = midnight(TODAY + DAY) - timedelta(minutes=45)
        home.simulator.world.delay(
            site_id, late, late + timedelta(minutes=30), until=late + timedelta(hours=2)
        )
        while home.true_now < late + timedelta(hours=1):
            await home.turn_clock(minutes=15, settle=False)
        before = await dashboard.ask("day", site_id=site_id, day=f"{TODAY}")
        dashboard.assert_day(before, TODAY, SITE_COLUMNS)
        while home.true_now < late + timedelta(hours=2, minutes=20):
            await home.turn_clock(minutes=15, settle=False)
        await home.settle()  # a poll that is still under way is none of the dashboard's
        requests = dashboard.requests
        after = await dashboard.ask("day", site_id=site_id, day=f"{TODAY}")
        dashboard.assert_day(after, TODAY, SITE_COLUMNS)
        assert None not in after["columns"]["import"]
        assert dashboard.requests == requests


class TestTrouble:
    """Trouble is said, and not asked for again at once."""

    @pytest.mark.parametrize(
        ("status", "code"),
        [(503, "unavailable"), (429, "unavailable"), (403, "refused"), (413, "refused"),
         (400, "refused"), (404, "refused")],
    )  # fmt: skip
    async def test_rests(self, dashboard: Dashboard, status: int, code: str) -> None:
        home, site_id = dashboard.home, dashboard.site_id
        await home.complete()
        in_trouble(home, status)
        assert await dashboard.refusal("day", site_id=site_id, day=day_of(3)) == code
        requests = dashboard.requests
        for _ in range(5):
            assert await dashboard.refusal("day", site_id=site_id, day=day_of(3)) == code
        assert dashboard.requests == requests
        home.simulator.switches.faults = []
        for ago in (0, 1):  # what is in memory is shown all the same
            answer = await dashboard.ask("day", site_id=site_id, day=day_of(ago))
            dashboard.assert_day(answer, TODAY - ago * DAY, SITE_COLUMNS)
        assert dashboard.requests == requests
        await home.turn_clock(minutes=6)
        answer = await dashboard.ask("day", site_id=site_id, day=day_of(3))
        dashboard.assert_day(answer, TODAY - 3 * DAY, SITE_COLUMNS)

    async def test_a_day_that_is_refused_delays_no_other(self, dashboard: Dashboard) -> None:
        home, site_id = dashboard.home, dashboard.site_id
        await home.complete()
        refused = midnight(TODAY - 3 * DAY)
        in_trouble(home, 403, body=f"{refused:%Y-%m-%dT%H}")
        assert await dashboard.refusal("day", site_id=site_id, day=day_of(3)) == "refused"
        answer = await dashboard.ask("day", site_id=site_id, day=day_of(4))
        dashboard.assert_day(answer, TODAY - 4 * DAY, SITE_COLUMNS)

    async def test_a_day_that_was_refused(self, dashboard: Dashboard) -> None:
        """Asked for again while Climkit is down, it is said that it is down, until it answers."""
        home, site_id = dashboard.home, dashboard.site_id
        await home.complete()
        body = f"{midnight(TODAY - 3 * DAY):%Y-%m-%dT%H}"
        for status, code in ((403, "refused"), (503, "unavailable")):
            in_trouble(home, status, body=body)
            for _ in range(2):
                assert await dashboard.refusal("day", site_id=site_id, day=day_of(3)) == code
            await home.turn_clock(minutes=6)

    async def test_while_polls_rest_nothing_is_asked(self, dashboard: Dashboard) -> None:
        home, site_id = dashboard.home, dashboard.site_id
        await home.complete()
        in_trouble(home)
        await home.turn_clock(minutes=15)
        requests = dashboard.requests
        assert await dashboard.refusal("day", site_id=site_id, day=day_of(5)) == "unavailable"
        assert dashboard.requests == requests

    async def test_ten_screens(self, dashboard: Dashboard) -> None:
        """All are told, and one has asked."""
        screens = [dashboard.another() for _ in range(10)]
        await dashboard.home.complete()
        in_trouble(dashboard.home, 403)
        requests = dashboard.requests
        codes = await asyncio.gather(
            *(one.refusal("day", site_id=dashboard.site_id, day=day_of(4)) for one in screens)
        )
        assert codes == ["refused"] * 10
        asked = dashboard.requests - requests
        assert 1 <= asked <= 2  # a refusal may be asked twice, with a new token
        await dashboard.home.turn_clock(seconds=20)

    async def test_database(self, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
        """It passes by itself, and the account is there: so a person may ask again."""
        silent = Mock(side_effect=SQLAlchemyError("locked"))
        monkeypatch.setattr(recorder, "session_scope", silent)
        for command, fields in (("year", {"year": 2026}), ("meters", {"month": "2026-11"})):
            code = await dashboard.refusal(command, site_id=dashboard.site_id, **fields)
            assert code == "unavailable"

    async def test_unloaded_meanwhile(
        self, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who waits for an account that goes is told so."""
        home, site_id = dashboard.home, dashboard.site_id
        await home.complete()
        is_asked = asyncio.Event()

        async def wait(*args: Any) -> Any:
            is_asked.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(FeedReader, "async_read", wait)
        asked = asyncio.create_task(dashboard.refusal("day", site_id=site_id, day=day_of(4)))
        await is_asked.wait()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        assert await asked == "not_loaded"
        assert await dashboard.refusal("day", site_id=site_id, day=day_of(0)) == "not_loaded"


class TestOneByOne:
    """A site whose answers have no columns of meters: each meter is asked for by itself."""

    @pytest.fixture
    def world(self) -> World:
        """A house with two flats."""
        return World.of(replace(apartment_house(1, NOW, timedelta(days=27), 2), faultless=True))

    @pytest.fixture
    def home(self, home: Home) -> Home:
        """It is not set up yet."""
        home.simulator.switches.columns = False
        return home

    async def test_a_request_a_meter(self, dashboard: Dashboard) -> None:
        await dashboard.home.complete()
        flat = dashboard.meter("Flat 1")
        for ago, number in ((0, 0), (1, 0), (3, 1), (3, 0)):
            requests = dashboard.requests
            day = TODAY - ago * DAY
            answer = await dashboard.ask(
                "day", site_id=dashboard.site_id, meter_id=flat, day=f"{day}"
            )
            assert_same(answer["columns"]["solar"], dashboard.truth(f"self_{flat}", day))
            assert dashboard.requests == requests + number
