"""What people are told of in Home Assistant's repairs, and what they decide there."""

import copy
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.climkit import (
    async_remove_config_entry_device,
    issues as issues_of_sites,
)
from custom_components.climkit.api import INTERVAL, Interval
from custom_components.climkit.const import CONF_METERS, CONF_SITE_TOTALS, CONF_SITES, DOMAIN
from custom_components.climkit.feeds import column_of_series
from custom_components.climkit.feeds.plausibility import Column
from custom_components.climkit.history import fetcher, nights, recheck_queue, site_history
from custom_components.climkit.history.nights import MANY_NIGHTS, NightRanges
from custom_components.climkit.issues import (
    Issue,
    async_decide,
    async_raise_issue,
    silent_meters,
)
from custom_components.climkit.measures import Feed
from custom_components.climkit.sites import async_note_listed
from custom_components.climkit.statistics import rebuild, worker
from tests.conftest import NOW, Home, account_entry
from tests.costs.bill import add_tariff, tariff
from tests.services.test_services import call, device_id
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Fault,
    FaultKind,
    World,
    single_house,
)
from tests.stories.source import WATER_ID, Gap, Source
from tests.truth import assert_equal_to_climkit, hourly_changes

ANCHORS = Path(__file__).parents[1] / "docs" / "repairs.md"
URL = "/api/repairs/issues/fix"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WRONG = NOW.replace(minute=0) - 30 * HOUR


@pytest.fixture
def site_id(home: Home) -> str:
    """The simulated house."""
    return next(iter(home.simulator.world.sites))


@pytest.fixture
def flat_id(home: Home, site_id: str) -> str:
    """A meter of the house with a column of its own."""
    *_, flat = home.simulator.world.meter_info(site_id)
    return str(flat["id"])


def issues(home: Home) -> dict[str, ir.IssueEntry]:
    """What people are told now."""
    found = ir.async_get(home.hass).issues
    return {key: one for (domain, key), one in found.items() if domain == DOMAIN and one.active}


def told(home: Home) -> set[str]:
    """The kinds of problems that people are told of."""
    return {str(issue.translation_key) for issue in issues(home).values()}


async def look(home: Home) -> None:
    """Let some time pass, so that problems are looked for."""
    await home.turn_clock(minutes=16)


async def decide(home: Home, hass_client: ClientSessionGenerator, issue: str, what: str) -> None:
    """Go through the repair of an issue as the frontend does."""
    assert await async_setup_component(home.hass, REPAIRS, {})
    client = await hass_client()
    answer = await client.post(URL, json={"handler": DOMAIN, "issue_id": issue})
    assert answer.status == HTTPStatus.OK
    flow = await answer.json()
    assert flow["menu_options"] == ["accept", "leave_out"]
    assert flow["description_placeholders"]["number"]
    answer = await client.post(f"{URL}/{flow['flow_id']}", json={"next_step_id": what})
    assert (await answer.json())["type"] == "create_entry"


class TestImplausible:
    """Amounts that no meter can have measured."""

    @pytest.fixture
    async def issue(self, home: Home, site_id: str, flat_id: str) -> str:
        """A flat that used 23.9 MWh in a quarter-hour, and the issue of it."""
        home.simulator.world.revise(
            site_id, f"total_{flat_id}", WRONG, WRONG + HOUR / 4, value=23_900.0
        )
        await home.set_up_completely()
        await look(home)
        [issue_id] = issues(home)
        return issue_id

    async def amount(self, home: Home, flat_id: str) -> float:
        """What is stored of the hour."""
        return (await hourly_changes(home))[f"climkit:{flat_id}_total"][WRONG]

    async def test_left_out_until_decided(self, home: Home, flat_id: str, issue: str) -> None:
        """The hour has its other quarters; a person is told which amount is meant."""
        assert await self.amount(home, flat_id) < 100
        one = issues(home)[issue]
        assert (one.translation_key, one.is_fixable) == ("implausible", True)
        assert one.translation_placeholders
        assert one.translation_placeholders["largest"] == "23900 kWh"
        assert one.translation_placeholders["number"] == "1"
        assert one.translation_placeholders["first"] == "19.11.2026, 05:00"
        names = (one.translation_placeholders["name"], one.translation_placeholders["site"])
        assert not any(name in str((issue, one.data)) for name in names)

    async def test_accepted(
        self, home: Home, hass_client: ClientSessionGenerator, flat_id: str, issue: str
    ) -> None:
        """It is read again at once."""
        await decide(home, hass_client, issue, "accept")
        await home.settle()
        assert await self.amount(home, flat_id) > 23_900
        await assert_equal_to_climkit(home)
        await look(home)
        assert not issues(home)

    async def test_accepted_of_several_days(self, home: Home, site_id: str, flat_id: str) -> None:
        """All of them are read again."""
        for start in (WRONG - DAY, WRONG):
            home.simulator.world.revise(
                site_id, f"total_{flat_id}", start, start + HOUR / 4, value=23_900.0
            )
        await home.set_up_completely()
        [site] = home.sites
        [outliers] = site.plausibility.outliers
        assert len(outliers.starts) == 2
        async_decide(site, flat_id, accept=True)
        await home.settle()
        await assert_equal_to_climkit(home)

    async def test_left_out(
        self, home: Home, hass_client: ClientSessionGenerator, flat_id: str, issue: str
    ) -> None:
        """Nobody is asked again, not after a restart either, unless there is something new."""
        await decide(home, hass_client, issue, "leave_out")
        await home.restart()
        await home.turn_clock(hours=20)
        await look(home)
        assert await self.amount(home, flat_id) < 100
        assert not issues(home)

    async def test_accepted_in_trouble(self, home: Home, flat_id: str, issue: str) -> None:
        """Time-outs and a night later it is read."""
        assert issue
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        async_decide(home.sites[0], flat_id, accept=True)
        await home.settle()
        with patch.object(recheck_queue, "ranges_of_night", return_value=NightRanges([], [])):
            home.sites[0].history.start_night()
        await home.settle()
        home.simulator.switches.faults = []
        await home.turn_clock(minutes=31)
        assert await self.amount(home, flat_id) > 23_900

    @pytest.mark.parametrize("answer", ["accept", "leave_out"])
    async def test_a_crash_after_the_decision(
        self,
        home: Home,
        hass_client: ClientSessionGenerator,
        hass_storage: dict[str, Any],
        flat_id: str,
        issue: str,
        answer: str,
    ) -> None:
        """It was remembered at once."""
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        await decide(home, hass_client, issue, answer)
        remembered = copy.deepcopy(hass_storage)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        hass_storage.update(remembered)  # what was not on the disk is lost
        home.simulator.switches.faults = []
        await home.set_up()
        await home.settle()
        assert (await self.amount(home, flat_id) > 23_900) is (answer == "accept")
        assert not home.sites[0].plausibility.outliers

    async def test_accepted_before_the_recorder_is_read(
        self, home: Home, flat_id: str, issue: str
    ) -> None:
        """Right after a start it is not known yet which series there are."""
        assert issue
        await home.restart()
        with patch.object(site_history.SiteHistory, "_async_do_next", return_value=False):
            await home.restart()
            [site] = home.sites
            assert not site.history.states
            async_decide(site, flat_id, accept=True)
        site.history.worker.wake()
        await home.settle()
        assert await self.amount(home, flat_id) > 23_900

    async def test_accepted_while_the_recorder_fails(
        self, home: Home, flat_id: str, issue: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is tried again until it is stored."""
        assert issue
        monkeypatch.setattr(worker, "RECORDER_PAUSE", timedelta(0))
        with patch.object(rebuild, "async_write"):
            async_decide(home.sites[0], flat_id, accept=True)
            [site] = home.sites
            await home.until(lambda: site.history.worker._not_stored_since is not None)
        await home.turn_clock(minutes=15)
        assert await self.amount(home, flat_id) > 23_900

    async def test_another_is_accepted_later(
        self, home: Home, site_id: str, flat_id: str, issue: str
    ) -> None:
        """The one that was left out is not stored, whichever nights read it again."""
        assert issue
        site = home.sites[0]
        async_decide(site, flat_id, accept=False)
        newer = NOW.replace(minute=0) + HOUR
        home.simulator.world.revise(
            site_id, f"total_{flat_id}", newer, newer + HOUR / 4, value=300.0
        )
        await home.turn_clock(to=newer + HOUR / 2)
        [outliers] = site.plausibility.outliers
        assert (outliers.starts, outliers.largest) == ({newer}, 300)
        async_decide(site, flat_id, accept=True)
        await home.settle()
        await home.restart()
        for _ in range(2):
            await home.turn_clock(hours=24)
        assert await self.amount(home, flat_id) < 100
        assert (await hourly_changes(home))[f"climkit:{flat_id}_total"][newer] > 300

    @pytest.mark.parametrize(
        ("measure", "amount", "largest"),
        [("total", 90_000.0, "90000 kWh"), ("ext", 300.0, "23900 kWh")],
        ids=["of the same measure", "of another one"],
    )
    async def test_more_came_while_the_dialog_was_open(
        self,
        home: Home,
        hass_client: ClientSessionGenerator,
        site_id: str,
        flat_id: str,
        issue: str,
        measure: str,
        amount: float,
        largest: str,
    ) -> None:
        """It is shown first: nobody decides on what was not shown."""
        assert await async_setup_component(home.hass, REPAIRS, {})
        client = await hass_client()
        answer = await client.post(URL, json={"handler": DOMAIN, "issue_id": issue})
        flow = await answer.json()
        assert flow["description_placeholders"]["number"] == "1"
        newer = NOW.replace(minute=0)
        home.simulator.world.revise(
            site_id, f"{measure}_{flat_id}", newer, newer + HOUR / 4, value=amount
        )
        await home.turn_clock(minutes=13)  # a token lasts for half an hour
        for what in ("accept", "leave_out"):
            answer = await client.post(f"{URL}/{flow['flow_id']}", json={"next_step_id": what})
            shown = await answer.json()
            if what == "accept":
                assert shown["description_placeholders"]["number"] == "2"
                assert shown["description_placeholders"]["largest"] == largest
                assert home.sites[0].plausibility.outliers
        assert shown["type"] == "create_entry"
        assert not home.sites[0].plausibility.outliers
        assert not issues(home)
        assert await self.amount(home, flat_id) < 100

    async def test_nothing_is_left_when_the_dialog_opens(
        self, home: Home, hass_client: ClientSessionGenerator, flat_id: str, issue: str
    ) -> None:
        """It was decided on since the last look, which left the repair."""
        assert await async_setup_component(home.hass, REPAIRS, {})
        client = await hass_client()
        async_decide(home.sites[0], flat_id, accept=True)
        answer = await client.post(URL, json={"handler": DOMAIN, "issue_id": issue})
        assert (await answer.json())["type"] == "create_entry"
        assert not issues(home)

    async def test_answered_after_a_reload(
        self, home: Home, hass_client: ClientSessionGenerator, flat_id: str, issue: str
    ) -> None:
        """A dialog acts on what is loaded when it is answered."""
        assert await async_setup_component(home.hass, REPAIRS, {})
        client = await hass_client()
        answer = await client.post(URL, json={"handler": DOMAIN, "issue_id": issue})
        flow_id = (await answer.json())["flow_id"]
        await home.restart()
        await home.complete()
        await client.post(f"{URL}/{flow_id}", json={"next_step_id": "accept"})
        await home.settle()
        assert not home.sites[0].plausibility.outliers
        assert await self.amount(home, flat_id) > 23_900

    async def test_answered_while_unloaded(
        self, home: Home, hass_client: ClientSessionGenerator, issue: str
    ) -> None:
        """It says so, and the issue stays."""
        assert await async_setup_component(home.hass, REPAIRS, {})
        client = await hass_client()
        answer = await client.post(URL, json={"handler": DOMAIN, "issue_id": issue})
        flow_id = (await answer.json())["flow_id"]
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        answer = await client.post(f"{URL}/{flow_id}", json={"next_step_id": "accept"})
        assert (await answer.json())["reason"] == "not_loaded"
        answer = await client.post(URL, json={"handler": DOMAIN, "issue_id": issue})
        assert (await answer.json())["reason"] == "not_loaded"
        assert issue in issues(home)

    async def test_corrected_by_climkit(
        self, home: Home, site_id: str, flat_id: str, issue: str
    ) -> None:
        """The night reads the right amount, and the issue is gone."""
        home.simulator.world.revise(
            site_id, f"total_{flat_id}", WRONG, WRONG + HOUR / 4, value=0.25
        )
        await home.turn_clock(hours=20)
        await look(home)
        assert not issues(home)
        await assert_equal_to_climkit(home)

    async def test_of_the_site(self, home: Home, site_id: str) -> None:
        """A site's own columns have higher limits, and an issue of their own."""
        home.simulator.world.revise(site_id, "conso_total", WRONG, WRONG + HOUR / 4, value=400.0)
        home.simulator.world.revise(site_id, "prod_total", WRONG, WRONG + HOUR / 2, value=4e3)
        await home.set_up_completely()
        await look(home)
        [(issue_id, issue)] = issues(home).items()
        assert issue_id == f"implausible_{site_id}"
        name = home.sites[0].site.name
        assert issue.translation_placeholders == {
            "name": name,
            "site": name,
            "number": "2",
            "largest": "4000 kWh",
            "limit": "2500 kWh",
            "first": "19.11.2026, 05:00",
            "last": "19.11.2026, 05:15",
        }

    async def test_the_worst_of_several(self, home: Home, site_id: str) -> None:
        """What is most over its own limit is told, not what is largest."""
        await home.set_up_completely()
        [site] = home.sites
        feed = Feed(site_id, "electricity")
        produced = Column.of(feed, "prod_total")
        assert produced
        site.plausibility.set_limit(produced, 10.0)
        values = {"conso_total": 4000.0, "prod_total": 90.0}
        site.plausibility.filter(feed, [Interval(start=WRONG, end=WRONG + INTERVAL, values=values)])
        await look(home)
        [issue] = issues(home).values()
        assert issue.translation_placeholders
        assert issue.translation_placeholders["largest"] == "90 kWh"
        assert issue.translation_placeholders["limit"] == "10 kWh"

    async def test_decimals(self, home: Home, site_id: str) -> None:
        """An amount is written as the language of Home Assistant does."""
        home.hass.config.language = "fr"
        home.simulator.world.revise(site_id, "prod_total", WRONG, WRONG + HOUR / 4, value=4000.5)
        await home.set_up_completely()
        await look(home)
        [issue] = issues(home).values()
        assert issue.translation_placeholders
        assert issue.translation_placeholders["largest"] == "4000,5 kWh"

    async def test_of_a_meter_nobody_wants(self, home: Home, site_id: str, flat_id: str) -> None:
        """Nobody is bothered with it."""
        home.simulator.world.revise(
            site_id, f"total_{flat_id}", WRONG, WRONG + HOUR / 4, value=23_900.0
        )
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_METERS: [], CONF_SITE_TOTALS: True}
        )
        await home.set_up_completely()
        await look(home)
        assert not issues(home)

    async def test_live(self, home: Home, site_id: str, flat_id: str) -> None:
        """Power does not show it either."""
        await home.set_up_completely()
        newest = NOW.replace(minute=0)
        home.simulator.world.revise(
            site_id, f"total_{flat_id}", newest, newest + HOUR / 4, value=23_900.0
        )
        await home.turn_clock(minutes=12)
        assert float(home.state(f"{flat_id}_total_power").state) < 100_000
        await look(home)
        assert told(home) == {"implausible"}


class TestLimit:
    """The action that gives a series another limit."""

    async def test_higher_and_usual(self, home: Home, site_id: str, flat_id: str) -> None:
        """What was asked about is read at once; without a limit it is the usual one."""
        column = f"total_{flat_id}"
        home.simulator.world.revise(site_id, column, WRONG, WRONG + HOUR / 4, value=300.0)
        await home.set_up_completely()
        device = device_id(home, flat_id)
        action = {"device_id": device, "measure": "total"}
        call_action = home.hass.services.async_call
        await call_action(DOMAIN, "set_plausibility_limit", {**action, "limit": 400}, blocking=True)
        await home.settle()
        await assert_equal_to_climkit(home)
        await look(home)
        assert not issues(home)
        await call_action(DOMAIN, "set_plausibility_limit", action, blocking=True)
        stretch = {"from": WRONG.isoformat(), "to": (WRONG + HOUR).isoformat()}
        found = await call(home, "import_history", device_id=device, dry_run=True, **stretch)
        assert found["hours_that_differed"] == 1

    async def test_asked_about_anew(self, home: Home, site_id: str, flat_id: str) -> None:
        """Who left something out by mistake need not wait until a night reads it again."""
        column = f"total_{flat_id}"
        home.simulator.world.revise(site_id, column, WRONG, WRONG + HOUR / 4, value=300.0)
        await home.set_up_completely()
        [site] = home.sites
        async_decide(site, flat_id, accept=False)
        assert not site.plausibility.outliers
        device = {"device_id": device_id(home, flat_id)}
        await home.hass.services.async_call(DOMAIN, "set_plausibility_limit", device, blocking=True)
        await home.settle()
        [outliers] = site.plausibility.outliers
        assert outliers.largest == 300.0

    async def test_of_the_building(
        self, home: Home, hass_storage: dict[str, Any], site_id: str
    ) -> None:
        """What a whole house may use is no limit of a flat in it; and it survives a crash."""
        await home.set_up()
        await home.hass.services.async_call(
            DOMAIN,
            "set_plausibility_limit",
            {"device_id": device_id(home, site_id), "limit": 5000},
            blocking=True,
        )
        stored = hass_storage[f"{DOMAIN}.{home.entry.entry_id}"]["data"]
        limits = home.sites[0].record.plausibility.limits
        assert stored[site_id]["plausibility"]["limits"] == limits
        own = {column_of_series(s) for s in home.sites[0].series.values() if not s.meter_id}
        assert limits == {column.key: 5000.0 for column in own}

    @pytest.mark.parametrize("limit", [0, -3, float("inf"), float("nan"), "nan", True])
    async def test_no_limit(self, home: Home, flat_id: str, limit: Any) -> None:
        """It says so, and nothing changes."""
        await home.set_up()
        with pytest.raises(ServiceValidationError) as error:
            await home.hass.services.async_call(
                DOMAIN,
                "set_plausibility_limit",
                {"device_id": device_id(home, flat_id), "limit": limit},
                blocking=True,
            )
        assert error.value.translation_key == "no_limit"
        assert not home.sites[0].record.plausibility.limits

    async def test_unknown_measure(self, home: Home, flat_id: str) -> None:
        """The answer names those that there are."""
        await home.set_up()
        with pytest.raises(ServiceValidationError) as error:
            await home.hass.services.async_call(
                DOMAIN,
                "set_plausibility_limit",
                {"device_id": device_id(home, flat_id), "measure": "tottal", "limit": 1},
                blocking=True,
            )
        assert error.value.translation_key == "unknown_measure"
        assert error.value.translation_placeholders == {"measures": "total, self, ext"}


async def test_a_site_whose_id_begins_like_it(home: Home, site_id: str) -> None:
    """What is told of one site is no business of the other, nor whether it was ignored."""
    await home.set_up_completely()
    other = f"silent_meters_{site_id}2"
    async_raise_issue(home.hass, other, Issue(kind="silent_meters"))
    await look(home)
    assert set(issues(home)) == {other}


class TestSilentMeters:
    """A meter has no data for days, the others have."""

    async def test_silent_and_back(self, home: Home, site_id: str, flat_id: str) -> None:
        """Told after three days; when it is back all is read, and nobody is told any more."""
        await home.set_up_completely()
        home.simulator.world.revise(site_id, flat_id, NOW, NOW + timedelta(days=400), withdraw=True)
        await home.turn_clock(hours=60)
        await look(home)
        assert not told(home)
        await home.turn_clock(hours=24)
        await look(home)
        [issue] = issues(home).values()
        assert issue.translation_key == "silent_meters"
        assert issue.translation_placeholders
        assert issue.translation_placeholders["number"] == "1"
        assert issue.severity is ir.IssueSeverity.WARNING, "nothing is broken here"
        assert issue.learn_more_url
        assert issue.learn_more_url.endswith("/docs/repairs.md#silent-meters")
        assert not issue.is_fixable

        del home.simulator.world.revisions[:]
        await home.turn_clock(hours=24)
        await look(home)
        assert not told(home)
        await assert_equal_to_climkit(home)

    async def test_its_newest_days_are_withdrawn(
        self, home: Home, site_id: str, flat_id: str
    ) -> None:
        """It is silent since its newest amount, also after a restart."""
        await home.set_up_completely()
        end = NOW.replace(minute=0) - 2 * DAY
        home.simulator.world.revise(site_id, flat_id, end, NOW + 400 * DAY, withdraw=True)
        for hours in (20, 24):  # two nights
            await home.turn_clock(hours=hours)
        await look(home)
        assert told(home) == {"silent_meters"}
        await home.restart()
        await home.settle()
        await look(home)
        assert told(home) == {"silent_meters"}
        [site] = home.sites
        own = [one for one in site.series.values() if one.meter_id == flat_id]
        assert {site.newest(one) for one in own} == {end}
        [issue] = issues(home).values()
        assert issue.translation_placeholders
        since = f"{end.astimezone(site.site.zone):%d.%m.%Y, %H:%M}"
        assert issue.translation_placeholders["since"] == since

    async def test_another_one_is_refused(self, home: Home, site_id: str, flat_id: str) -> None:
        """Nobody waits for what Climkit refuses before a silent meter is told of."""
        home.simulator.switches.columns = False
        _, refused, _ = home.simulator.world.meter_info(site_id)
        home.simulator.switches.refused = {str(refused["id"]): 403}
        home.simulator.world.revise(site_id, flat_id, NOW, NOW + timedelta(days=400), withdraw=True)
        await home.set_up_completely()
        for _ in range(4):
            await home.turn_clock(hours=24)
        await look(home)
        assert told(home) == {"silent_meters"}

    async def test_read_once_a_day(self, home: Home) -> None:
        """Told after seven days: of such a meter a day is missing soon."""
        source = Source(first=NOW - 3 * DAY, has_water=True)
        home.simulator.world.sites = {source.id: source}
        await home.set_up_completely()
        [site] = home.sites
        newest = max(
            site.history.newest(one) for one in site.series.values() if one.meter_id == WATER_ID
        )
        source.gaps.append(Gap(NOW - DAY / 2, NOW + 99 * DAY, [f"total_{WATER_ID}"]))
        for _ in range(5):
            await home.turn_clock(hours=24)
        await home.turn_clock(to=newest + 6.5 * DAY)
        await look(home)
        assert not told(home)
        await home.turn_clock(to=newest + 7.5 * DAY)
        await look(home)
        [issue] = issues(home).values()
        assert issue.translation_key == "silent_meters"
        assert issue.translation_placeholders
        assert issue.translation_placeholders["meters"] == "Water"

    @pytest.mark.parametrize("number", [10, 11])
    async def test_many(self, home: Home, number: int) -> None:
        """So many are named, with a sign that there are more."""
        await home.set_up_completely()
        [site] = home.sites
        meter = next(iter(site.meters.values()))
        with patch.object(issues_of_sites, "silent_meters", return_value=[(meter, NOW)] * number):
            await look(home)
        [issue] = issues(home).values()
        assert issue.translation_placeholders
        names = issue.translation_placeholders["meters"].split(", ")
        assert names == [site.names.meter(meter)] * 10 + ["…"] * (number > 10)

    async def test_since_when(self, home: Home) -> None:
        """Of several the one that fell silent first."""
        await home.set_up_completely()
        [site] = home.sites
        meter = next(iter(site.meters.values()))
        silent = [(meter, NOW - timedelta(days=days)) for days in (5, 9, 7)]
        with patch.object(issues_of_sites, "silent_meters", return_value=silent):
            await look(home)
        [issue] = issues(home).values()
        assert issue.translation_placeholders == {
            "site": site.site.name,
            "number": "3",
            "meters": ", ".join([site.names.meter(meter)] * 3),
            "since": f"11.11.2026, 11:{NOW:%M}",
        }

    async def test_one_of_its_measures(self, home: Home, site_id: str, flat_id: str) -> None:
        """Has no data for days, as there is no solar power: the meter still measures."""
        end = NOW.replace(minute=0) - 2 * DAY
        home.simulator.world.revise(site_id, f"self_{flat_id}", end, NOW + DAY, withdraw=True)
        await home.set_up_completely()
        [site] = home.sites
        own = [one for one in site.series.values() if one.meter_id == flat_id]
        assert end in {site.newest(one) for one in own}
        assert not list(silent_meters(site, NOW + 2 * DAY))

    async def test_silent_for_years(self, home: Home) -> None:
        """Of a meter without data for a year people know: nobody is told of it any more."""
        await home.set_up_completely()
        [site] = home.sites
        assert list(silent_meters(site, NOW + timedelta(days=30)))
        assert not list(silent_meters(site, NOW + timedelta(days=367)))

    async def test_history_is_behind(self, home: Home) -> None:
        """Home Assistant was off for days, and history does not come yet: it is not the meters."""
        await home.set_up_completely()
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        home.freezer.move_to(NOW + 4 * DAY)
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503, body="t_e")]
        await home.set_up()
        await look(home)
        [site] = home.sites
        assert site.coordinator.is_available
        assert site.history.newest(next(iter(site.series.values())))
        assert not told(home)

    async def test_climkit_is_down(self, home: Home) -> None:
        """Then it is not the meters."""
        await home.set_up_completely()
        home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
        for _ in range(4):
            await home.turn_clock(hours=24)
        assert not told(home)


class TestRefusedSite:
    """Climkit no longer permits a site."""

    @pytest.fixture
    def world(self) -> World:
        """Two young sites."""
        houses = [single_house(seed, NOW, timedelta(days=6)) for seed in (1, 2)]
        return World.of(*(replace(house, faultless=True) for house in houses))

    async def test_refused_and_permitted_again(self, home: Home, site_id: str) -> None:
        """Told once all data are refused for longer than an hour; gone when permitted."""
        await home.set_up()
        home.simulator.switches.refused = {site_id: 403}
        for _ in range(3):
            await home.turn_clock(minutes=15)
        await look(home)
        assert not issues(home)  # that may pass
        for _ in range(4):  # what is read once a day is asked for once an hour; then each meter
            await home.turn_clock(hours=1)
        await look(home)
        assert set(issues(home)) == {f"site_refused_{site_id}"}
        await home.restart()
        assert set(issues(home)) == {f"site_refused_{site_id}"}
        home.simulator.switches.refused = {}
        await home.restart()
        await look(home)
        assert not issues(home)

    async def test_only_its_data_are_refused_at_the_start(self, home: Home, site_id: str) -> None:
        """Told at the first look: nothing was ever answered that would have to be refused long."""
        home.simulator.switches.faults = [
            Fault(kind=FaultKind.STATUS, status=403, path=f"_data/{site_id}")
        ]
        await home.set_up()
        assert not issues(home)
        await look(home)
        assert set(issues(home)) == {f"site_refused_{site_id}"}

    async def test_permitted_again_while_running(self, home: Home, site_id: str) -> None:
        """The message goes without a restart, within a day."""
        await home.set_up()
        home.simulator.switches.refused = {site_id: 403}
        for _ in range(4):
            await home.turn_clock(hours=1)
        await look(home)
        assert issues(home)
        home.simulator.switches.refused = {}
        for _ in range(25):
            await home.turn_clock(hours=1)
        await look(home)
        assert not issues(home)

    async def test_refused_at_the_start(self, home: Home, site_id: str) -> None:
        """Told once that has lasted; the site joins by itself when it is permitted."""
        await home.set_up()
        home.simulator.switches.refused = {site_id: 403}
        await home.restart()
        await look(home)
        assert not issues(home)
        for _ in range(6):
            await home.turn_clock(minutes=30)
        assert set(issues(home)) == {f"site_refused_{site_id}"}
        home.simulator.switches.refused = {}
        for _ in range(5):
            await home.turn_clock(hours=1)
        await home.until(lambda: site_id in home.entry.runtime_data)
        assert not issues(home)

    async def test_no_longer_listed(self, home: Home, site_id: str) -> None:
        """The same where all sites are wanted; the user may remove the device, and it is over."""
        *others, gone = home.simulator.world.sites
        await home.set_up()
        dr.async_get(home.hass).async_update_device(device_id(home, gone), name_by_user="Cabin")
        home.simulator.switches.sites = {DEFAULT_USERNAME: others}
        await home.restart()
        assert not issues(home)  # one list may be wrong
        await home.turn_clock(minutes=2)
        assert set(issues(home)) == {f"site_refused_{gone}"}
        assert issues(home)[f"site_refused_{gone}"].translation_placeholders == {"site": "Cabin"}
        dr.async_get(home.hass).async_remove_device(device_id(home, gone))
        await home.restart()
        assert not issues(home)

    async def test_loaded_and_no_longer_listed(self, home: Home) -> None:
        """It answers, which says more than lists: nobody is told, however many lack it."""
        await home.set_up()
        listed, lacking = home.simulator.world.sites
        store = home.entry.runtime_data[lacking].store
        for _ in range(3):
            assert not async_note_listed(home.hass, home.entry, store, [listed])
        assert not issues(home)

    async def test_none_is_listed_any_more(self, home: Home, site_id: str) -> None:
        """Then nothing can be set up; the next try's list is the second one."""
        await home.set_up()
        home.simulator.switches.sites = {DEFAULT_USERNAME: []}
        await home.restart()
        assert home.entry.state is ConfigEntryState.SETUP_RETRY
        assert not issues(home)
        await home.turn_clock(minutes=1)
        await home.let_set_up_end()
        assert set(issues(home)) == {f"site_refused_{one}" for one in home.simulator.world.sites}

    async def test_removed_entry(self, home: Home, site_id: str) -> None:
        """Nothing is told of what is gone."""
        await home.set_up()
        home.simulator.switches.refused = {site_id: 403}
        for _ in range(4):  # what is read once a day is asked for once an hour; then each meter
            await home.turn_clock(hours=1)
        await look(home)
        assert issues(home)
        await home.hass.config_entries.async_remove(home.entry.entry_id)
        assert not issues(home)


class TestHistory:
    """History that does not get on."""

    async def test_stuck(self, home: Home) -> None:
        """Told after a day of trouble with history only; gone when it is read."""
        read = fetcher.FeedReader.async_read
        is_broken = True

        async def refuse(self: Any, *args: Any) -> Any:
            if args[-1] is fetcher.Priority.HISTORY and is_broken:
                raise fetcher.ClimkitError("too much at once")
            return await read(self, *args)

        with patch.object(fetcher.FeedReader, "async_read", refuse):
            await home.set_up()
            for _ in range(23):
                await home.turn_clock(hours=1)
            assert not told(home)
            for _ in range(2):
                await home.turn_clock(hours=1)
            assert told(home) == {"history_stuck"}
            is_broken = False
            await home.turn_clock(hours=1)
            await home.until(lambda: home.is_complete)
            await look(home)
        assert not told(home)

    async def test_refused(self, home: Home) -> None:
        """Told too where Climkit refuses the history of all, and answers for what is new."""
        refusal = Fault(kind=FaultKind.STATUS, status=403, path="_data", body="t_e")
        home.simulator.switches.faults = [refusal]
        await home.set_up()
        for _ in range(23):
            await home.turn_clock(hours=1)
        assert (home.sites[0].history.progress or 0) < 100
        assert not told(home)
        for _ in range(2):
            await home.turn_clock(hours=1)
        assert told(home) == {"history_stuck"}
        home.simulator.switches.faults = []
        for _ in range(25):
            await home.turn_clock(hours=1)
        await home.complete()
        await look(home)
        assert not told(home)

    @pytest.mark.parametrize("ending", ["", "_cost"], ids=["nothing", "amounts but no costs"])
    async def test_not_stored(self, home: Home, site_id: str, ending: str) -> None:
        """Told after an hour in which the recorder stored nothing, or of costs nothing."""
        await home.set_up_completely()
        add_tariff(home, tariff(site_id, "2026-11-01", grid_price=0.3, solar_price=0.2))
        await home.settle()
        write = rebuild.async_write

        def write_others(hass: HomeAssistant, statistic: StatisticMetaData, *args: Any) -> None:
            if not statistic["statistic_id"].endswith(ending):
                write(hass, statistic, *args)

        with patch.object(rebuild, "async_write", write_others):
            for _ in range(4):
                await home.turn_clock(minutes=15)
                assert not told(home)
            for _ in range(2):
                await home.turn_clock(minutes=15)
            assert told(home) == {"not_stored"}
        [site] = home.sites
        await home.turn_clock(minutes=15)
        assert not site.history.worker.is_not_stored
        assert not site.costs.worker.is_not_stored
        await look(home)
        assert not told(home)

    @pytest.mark.parametrize("ends", ["with a night", "with a restart"])
    async def test_differs_again_and_again(
        self, home: Home, site_id: str, monkeypatch: pytest.MonkeyPatch, ends: str
    ) -> None:
        """Told after some nights, until one finds nothing; a restart counts them anew."""
        monkeypatch.setattr(nights, "RECENT", timedelta(days=12))
        await home.set_up_completely()
        for night in range(MANY_NIGHTS + 1):
            assert ("differing" in told(home)) is False
            home.simulator.world.revise(
                site_id, "conso_total", WRONG, WRONG + 2 * HOUR, value=float(night)
            )
            await home.turn_clock(hours=24)
        await look(home)
        [issue] = issues(home).values()
        assert issue.translation_key == "differing"
        assert issue.translation_placeholders == {
            "site": home.sites[0].site.name,
            "number": "2",
            "first": "19.11.2026, 05:00",
            "last": "19.11.2026, 06:00",
        }
        stats = home.sites[0].history.recheck_stats
        assert stats.nights >= MANY_NIGHTS
        assert stats.hours >= 2 * MANY_NIGHTS
        if ends == "with a restart":
            await home.restart()
        else:
            for _ in range(2):
                await home.turn_clock(hours=24)
        await look(home)
        assert not told(home)


def test_each_has_a_page() -> None:
    """What to do about it is written down, under the anchor that the issue leads to."""
    text = ANCHORS.read_text(encoding="utf-8")
    kinds = (
        "silent_meters",
        "implausible",
        "differing",
        "history_stuck",
        "not_stored",
        "unusable_tariffs",
        "site_refused",
        "certificate",
    )
    for kind in kinds:
        assert f'<a id="{kind.replace("_", "-")}"></a>' in text, kind


class TestSiteThatIsGivenUp:
    """Nobody looks at a site that an entry no longer has, so nothing is told of it."""

    @pytest.fixture
    def world(self) -> World:
        """Two small sites."""
        sites = (single_house(number, NOW, timedelta(days=4)) for number in (1, 2))
        return World.of(*(replace(one, faultless=True) for one in sites))

    @pytest.fixture
    async def sites(self, home: Home) -> list[str]:
        """An account with both; of the first there is a tariff that cannot be used."""
        first, second = home.simulator.world.sites
        home.entry.add_to_hass(home.hass)
        add_tariff(home, tariff(first, "0001-01-01", grid_price=0.3, solar_price=0.2))
        await home.set_up_completely()
        await look(home)
        assert set(issues(home)) == {f"unusable_tariffs_{first}"}
        return [first, second]

    async def test_deselected(self, home: Home, sites: list[str]) -> None:
        """Its issue goes with it; where it is chosen again it is told again."""
        first, second = sites
        await home.choose(**{CONF_SITES: [second]})
        assert not issues(home)
        await home.choose(**{CONF_SITES: [first, second]})
        await look(home)
        assert set(issues(home)) == {f"unusable_tariffs_{first}"}

    async def test_another_entry_has_it(self, home: Home, sites: list[str]) -> None:
        """What is told there stays as it is, ignored or not."""
        first, second = sites
        await home.choose(**{CONF_SITES: [second]})
        home.simulator.accounts.passwords["neighbour"] = DEFAULT_PASSWORD
        mine, home.entry = home.entry, account_entry(home.simulator.url, "neighbour", sites=[first])
        home.entry.add_to_hass(home.hass)
        add_tariff(home, tariff(first, "0001-01-01", grid_price=0.3, solar_price=0.2))
        await home.set_up_completely()
        await look(home)
        [issue] = issues(home)
        ir.async_ignore_issue(home.hass, DOMAIN, issue, ignore=True)
        await home.hass.config_entries.async_reload(mine.entry_id)
        assert issues(home)[issue].dismissed_version

    @pytest.mark.parametrize("how", ["deselected", "its device deleted"])
    async def test_withdrawn(self, home: Home, sites: list[str], how: str) -> None:
        """Only that is told of it, also ignored, until the person no longer wants it."""
        first, second = sites
        del home.simulator.world.sites[first]
        await home.restart()
        await home.turn_clock(minutes=2)
        issue = f"site_refused_{first}"
        assert set(issues(home)) == {issue}
        ir.async_ignore_issue(home.hass, DOMAIN, issue, ignore=True)
        await home.restart()
        assert issues(home)[issue].dismissed_version
        if how == "deselected":
            await home.choose(**{CONF_SITES: [second]})
        else:
            registry = dr.async_get(home.hass)
            device = registry.async_get_device_by_identifier((DOMAIN, first), home.entry.entry_id)
            assert device
            assert await async_remove_config_entry_device(home.hass, home.entry, device)
            assert not issues(home)
            registry.async_remove_device(device.id)
            await home.restart()
        assert not issues(home)


class TestSitesOfOneName:
    """Two houses are called the same."""

    @pytest.fixture
    def world(self) -> World:
        """They stand in two towns."""
        houses = (single_house(seed, NOW, timedelta(days=8)) for seed in (1, 2))
        addresses = ({"address": {"city": city}} for city in ("Bern", "Thun"))
        return World.of(
            *(
                replace(one, faultless=True, site_info={**one.info(), **address})
                for one, address in zip(houses, addresses, strict=True)
            )
        )

    async def test_which_one(self, home: Home, site_id: str) -> None:
        """A person is told which one it is about."""
        await home.set_up()
        add_tariff(home, tariff(site_id, "0001-01-01", grid_price=0.3, solar_price=0.2))
        await look(home)
        [issue] = issues(home).values()
        assert issue.translation_placeholders
        assert issue.translation_placeholders["site"] == "Maison Rochat (Bern)"
