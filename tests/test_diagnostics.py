"""What helps to help tells much, and nothing of persons."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.components import system_health
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.json import JSONEncoder
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)

from custom_components.climkit.account import async_queue
from custom_components.climkit.api import DEFAULT_URL
from custom_components.climkit.api.queue import LONGEST_WAIT, Priority
from custom_components.climkit.api.stats import RequestStats
from custom_components.climkit.const import CONF_ADVANCED, CONF_METERS, CONF_SITES, DOMAIN
from custom_components.climkit.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.climkit.store import Unanswered
from custom_components.climkit.system_health import async_health
from tests.conftest import NOW, Home, account_entry
from tests.costs.bill import add_tariff, tariff
from tests.simulator import (
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Fault,
    FaultKind,
    World,
    single_house,
)

PERSONAL_FIELDS = {"name", "site_ref", "address", "latitude", "longitude"}


def leaves(value: object) -> Iterator[object]:
    """Give all values in an object."""
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif value is not None:
        yield value


def credentials(home: Home) -> set[str]:
    """The password and every token that the simulator gave out."""
    tokens = home.simulator.accounts._tokens  # what the client must hide, from its source
    assert tokens
    return {DEFAULT_PASSWORD, *tokens, *(part for token in tokens for part in token.split("."))}


def personal(home: Home) -> set[str]:
    """Names, places and references of sites, meters and sensors, and what the account is called."""
    found = {home.entry.title}
    for site in home.simulator.world.sites.values():
        for info in (site.info(), *site.meter_info(), *site.sensors_list()):
            for key in PERSONAL_FIELDS & info.keys():
                found |= {str(leaf) for leaf in leaves(info[key])}
    assert len(found) > 5
    return found - {""}


def ids(home: Home) -> set[str]:
    """Ids of sites, meters and sensors."""
    return {
        str(thing["id"])
        for site in home.simulator.world.sites.values()
        for thing in (*site.meter_info(), *site.sensors_list())
    } | set(home.simulator.world.sites)


def assert_hides(text: str, secrets: set[str]) -> None:
    """No secret is in a text, in any case; a short one only between quotes."""
    for secret in secrets:
        needle = secret.lower() if len(secret) > 3 else f'"{secret.lower()}"'
        assert needle not in text.lower(), secret


async def told(home: Home) -> tuple[dict[str, Any], str]:
    """The entry's diagnostics, and their text as it would be downloaded."""
    answer = await async_get_config_entry_diagnostics(home.hass, home.entry)
    return answer, json.dumps(answer, cls=JSONEncoder)


async def test_entry(home: Home) -> None:
    """Counts, shapes and the state of history are there."""
    await home.set_up_completely()
    answer, text = await told(home)
    api, [site] = answer["api"], answer["sites"]
    assert answer["account"]["state"] == "loaded"
    assert 0 < api["requests_today"] <= api["requests"]
    assert api["errors"] == {}
    assert api["last_success"]
    assert 0 < api["largest_answer_bytes"] == home.sites[0].client.stats.largest < api["bytes"]
    shape = api["answers"]["site_data electricity"]
    assert shape["elements"] == ["dict"]
    assert shape["stamps"] == ["text with offset"]
    assert shape["keys"]["total_id"] >= 1
    assert shape["keys"]["conso_total"] == 1
    assert api["answers"]["all_installations"]["elements"] == ["str"]
    settled = api["settled"]
    assert settled["sites_are_listed_as"] == ["str"]
    assert settled["stamps_are"]["site_data electricity"] == ["text with offset"]
    assert site["settled"]["columns_of_meters"]["electricity"] is True
    assert site["settled"]["minutes_between_rows"] == [15]
    assert site["settled"]["minutes_until_data"] == {}  # one look tells nothing
    assert site["last_measurement"] == NOW.replace(minute=0).isoformat()
    assert site["history"]["progress_percent"] == 100
    assert site["history"]["resting_feeds"] == 0
    assert all(series["complete"] for series in site["history"]["series"].values())
    assert answer["account"]["is_usual_url"] is False
    secrets = credentials(home) | personal(home) | ids(home)
    assert_hides(text, secrets | {DEFAULT_USERNAME, home.simulator.url})


async def test_history_that_is_not_read(home: Home) -> None:
    """While Climkit does not answer for it, it is told to where it came: nowhere."""
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503, body="t_e")]
    await home.set_up()
    await home.settle()
    answer, _ = await told(home)
    history = answer["sites"][0]["history"]
    assert history["progress_percent"] == 0
    assert history["resting_feeds"] == 1
    starts = {series["since"] for series in history["series"].values()}
    assert {history["complete_until"]} == starts
    assert not any(series["complete"] for series in history["series"].values())


async def test_hours_without_an_answer(home: Home) -> None:
    """Those that nights got no answer for are counted; of them, those that history lacks."""
    await home.set_up()
    hours = [datetime(2026, 11, 17, hour, tzinfo=UTC) for hour in (0, 1, 4)]
    home.sites[0].record.recheck.unanswered["electricity"] = [
        Unanswered(hours[0], hours[1], is_missing=True),
        Unanswered(hours[1], hours[2], is_missing=False),
    ]
    answer, _ = await told(home)
    nights = answer["sites"][0]["history"]["nights"]
    assert (nights["unanswered_hours"], nights["missing_hours"]) == (4, 1)


async def test_delay_of_data(home: Home) -> None:
    """How long Climkit takes to publish a quarter-hour is told as it was learned."""
    home.simulator.switches.latency = 300
    await home.set_up()
    for _ in range(4 * 15):
        await home.turn_clock(minutes=1)
    answer, _ = await told(home)
    learned = answer["sites"][0]["settled"]["minutes_until_data"]
    assert learned["electricity"] == pytest.approx(5, abs=1.5)


@pytest.mark.parametrize(("reading", "told_as"), [("utc", "UTC"), ("local", "local time")])
async def test_how_windows_are_read(home: Home, reading: Any, told_as: str) -> None:
    """Whether as UTC or as local time, which the document leaves open, is found out."""
    home.simulator.switches.reading = reading
    await home.set_up_completely()
    answer, _ = await told(home)
    assert answer["api"]["settled"]["windows_are_read_as"].keys() == {told_as}


@pytest.mark.parametrize(
    ("minutes_before", "read_as"),
    [(120, "local time"), (60, "local time"), (59, "UTC"), (0, "UTC"), (-15, None)],
)
def test_reading_of_a_window(minutes_before: int, read_as: str | None) -> None:
    """An hour too early is local time, as in winter; what begins later says nothing."""
    stats, start = RequestStats(), datetime(2026, 11, 20, tzinfo=UTC)
    stats.note_window(start, start - timedelta(minutes=minutes_before))
    assert dict(stats.windows) == ({read_as: 1} if read_as else {})


def test_answers_are_added_up() -> None:
    """Of all of them how much came and how long it took; of the largest and the slowest too."""
    stats, now = RequestStats(), datetime(2026, 11, 20, tzinfo=UTC)
    stats.note_answer(1000, 0.5, now)
    stats.note_answer(300, 2.0, now)
    assert (stats.bytes, stats.largest) == (1300, 1000)
    assert (stats.seconds, stats.slowest) == (2.5, 2.0)


async def test_amounts_are_not_told(home: Home) -> None:
    """Not one running total, rounded or not, is in the text."""
    await home.set_up_completely()
    _, text = await told(home)
    totals = {
        state.last.total
        for runtime in home.sites
        for state in runtime.history.states
        if state.last and state.last.total
    }
    assert totals
    for total in totals:
        assert f"{total:.3f}".rstrip("0") not in text


@pytest.mark.parametrize("told_by_climkit", ["heating Anna", "heating\nAnna", "Anna", "anna-3", ""])
async def test_words_that_are_none(home: Home, told_by_climkit: str) -> None:
    """A type that is more than a word of the API could be a name."""
    await home.set_up()
    meters = home.sites[0].meters
    meter_id, meter = next(iter(meters.items()))
    with patch.dict(meters, {meter_id: replace(meter, type=told_by_climkit)}):
        found, text = await told(home)
        registry = dr.async_get(home.hass)
        device = registry.async_get_device_by_identifier((DOMAIN, meter_id), home.entry.entry_id)
        assert device
        own = await async_get_device_diagnostics(home.hass, home.entry, device)
    types = {one["type"] for one in found["sites"][0]["meters"].values()}
    assert types == {"electricity", "other"}
    assert own["type"] == "other"
    assert "anna" not in (text + str(own)).lower()


async def test_what_was_chosen(home: Home) -> None:
    """Sites and meters are counted, and not told by their ids."""
    await home.set_up()
    [site] = home.sites
    chosen = list(site.meters)[:2]
    await home.choose(**{CONF_SITES: [site.site.id], CONF_METERS: chosen})
    answer, text = await told(home)
    assert (answer["account"]["sites"], answer["account"]["meters"]) == (1, 2)
    assert_hides(text, ids(home))


async def test_prices(home: Home) -> None:
    """They are counted, and not told: neither what they are called nor what costs how much."""
    await home.set_up()
    [site] = home.sites
    prices = tariff(site.site.id, "2026-11-03", grid_price=0.2765, solar_price=0.2)
    add_tariff(home, prices)
    answer, text = await told(home)
    assert answer["account"]["prices"] == 1
    assert_hides(text, {"2026-11-03", "0.2765"})


async def test_series_of_a_meter_that_went(home: Home) -> None:
    """It has no number any more, and is not told by its id instead."""
    await home.set_up_completely()
    with patch.dict(home.sites[0].meters, clear=True):
        answer, text = await told(home)
    assert any(label.startswith("meter ") for label in answer["sites"][0]["history"]["series"])
    assert_hides(text, ids(home))


async def test_numbers_of_meters(home: Home) -> None:
    """They are the same in two downloads, however Climkit orders its list."""
    await home.set_up()
    before, _ = await told(home)
    meters = home.sites[0].meters
    turned = dict(reversed(meters.items()))
    with patch.dict(meters, clear=True):
        meters.update(turned)
        after, _ = await told(home)
    assert before["sites"][0]["meters"] == after["sites"][0]["meters"]


def test_columns_that_one_answer_lacks() -> None:
    """As many are told as were ever seen at once."""
    stats = RequestStats()
    for meters in (1, 3, 2):
        row = {f"total_{number:024x}": 1.0 for number in range(meters)}
        stats.note_shape("site_data/1/electricity", [row], 1, 0)
    assert stats.shapes["site_data electricity"]["keys"] == {"total_id": 3}


def test_largest_and_slowest_answer() -> None:
    """They need not be the newest one, nor the same."""
    stats, now = RequestStats(), datetime(2026, 11, 20, tzinfo=UTC)
    for size, seconds in ((2, 1.0), (9, 0.5), (1, 4.0), (3, 2.0)):
        stats.note_answer(size, seconds, now)
    assert (stats.largest, stats.slowest) == (9, 4.0)


@pytest.mark.parametrize(
    ("stamp", "form"),
    [
        ("2026-03-22T05:30:00+01:00", "text with offset"),
        ("2026-03-22T05:30:00-0100", "text with offset"),
        ("2026-03-22T05:30:00Z", "text in UTC"),
        ("2026-03-22T05:30:00", "text without offset"),
        ("2026-03-22 05:30", "text without offset"),
        ("2026-03-22", "text without offset"),
        (1_774_153_800, "int"),
        ({"$date": 1_774_153_800_000}, "dict"),
    ],
)
def test_forms_of_a_time(stamp: object, form: str) -> None:
    """It is told how a time is written, in each way that ISO 8601 has for an offset."""
    stats = RequestStats()
    stats.note_shape("site_data/1/electricity", [{"timestamp": stamp}], 1, 0)
    assert stats.shapes["site_data electricity"]["stamps"] == [form]


@pytest.mark.parametrize("column", ["total Anna", "total\n", "Anna", "a" * 41, "total_ä", 3])
def test_columns_that_are_no_words(column: object) -> None:
    """They are counted, and not told."""
    stats = RequestStats()
    stats.note_shape("site_data/1/electricity", [{column: 1.0, "conso_total": 2.0}], 1, 0)
    assert stats.shapes["site_data electricity"]["keys"] == {"other": 1, "conso_total": 1}


async def test_errors_are_counted(home: Home) -> None:
    """Refusals, the limit and trouble are told by status."""
    await home.set_up_completely()
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=429, times=1)]
    await home.turn_clock(minutes=16)
    stats = home.sites[0].client.stats
    stats.seconds = stats.requests - 1.0  # one second for each answer
    answer, _ = await told(home)
    assert answer["api"]["errors"] == {"HTTP 429": 1}
    assert answer["api"]["limit_hits"] == 1
    assert answer["api"]["mean_seconds"] == 1
    assert answer["sites"][0]["last_error"] is None
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
    await home.turn_clock(minutes=16)
    answer, _ = await told(home)
    assert answer["sites"][0]["last_error"] == "UpdateFailed", "what it says could be personal"


async def test_entry_that_is_not_loaded(home: Home) -> None:
    """Where set-up failed, that much is told."""
    home.entry.add_to_hass(home.hass)
    answer, text = await told(home)
    assert answer["account"]["state"] == "not_loaded"
    assert answer["sites"] == []
    assert_hides(text, {DEFAULT_PASSWORD, DEFAULT_USERNAME})


async def test_devices(home: Home) -> None:
    """A site, its meters and its sensors each tell what they are."""
    await home.set_up_completely()
    kinds = []
    of_meters: list[str] = []
    for device in dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id):
        answer = await async_get_device_diagnostics(home.hass, home.entry, device)
        text = json.dumps(answer, cls=JSONEncoder)
        assert_hides(text, credentials(home) | personal(home) | ids(home))
        kinds.append(answer["kind"])
        own = list(answer.get("series", {}))
        assert len({label.rpartition(" ")[0] for label in own}) <= 1, "each tells its own series"
        of_meters += own
    assert kinds.count("site") == 1
    assert "meter" in kinds
    assert "not there now" not in kinds
    told_of_all, _ = await told(home)
    labels = told_of_all["sites"][0]["history"]["series"]
    assert sorted(of_meters) == sorted(one for one in labels if one.startswith("meter "))


async def test_logs_hold_no_secret(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Set-up, refreshes, errors, an action and a new login: no credentials, no personal data.

    Home Assistant's own records name entities by the names that people gave them.
    """
    caplog.set_level(logging.DEBUG, logger="custom_components.climkit")
    await home.set_up_completely()
    for kind in set(FaultKind) - {FaultKind.DELAY, FaultKind.HUGE}:
        home.simulator.switches.faults = [Fault(kind=kind, times=1)]
        await home.turn_clock(minutes=16)
    home.simulator.switches.faults = []
    home.simulator.accounts.revoke_tokens()
    await home.turn_clock(minutes=16)
    home.simulator.accounts.passwords[DEFAULT_USERNAME] = "other"
    home.simulator.accounts.revoke_tokens()
    await home.turn_clock(minutes=16)
    records = [one for one in caplog.records if one.name.startswith("custom_components.climkit")]
    text = "\n".join(logging.Formatter().format(one) for one in records)
    assert "site_data" in text
    assert_hides(text, credentials(home) | personal(home))


async def health_of(home: Home) -> dict[str, Any]:
    """What the page on the system's health shows; Climkit can be reached."""
    assert await async_setup_component(home.hass, "system_health", {})
    await home.hass.async_block_till_done()
    info = await get_system_health_info(home.hass, DOMAIN)
    assert await info.pop("can_reach_api") == "ok"
    return dict(info)


async def test_system_health(home: Home) -> None:
    """All accounts together, and whether Climkit can be reached."""
    await home.set_up_completely()
    info = await health_of(home)
    assert info["accounts"] == 1
    assert info["requests_today"] > 0
    assert info["last_success"]


async def test_system_health_takes_its_turn(home: Home) -> None:
    """Its request counts as any other; while Climkit wants a pause nothing is asked."""
    await home.set_up_completely()
    assert await async_setup_component(home.hass, "system_health", {})
    await home.hass.async_block_till_done()
    queue = home.sites[0].client.queue

    async def asked_before_history() -> int:
        async with queue.turn(Priority.HISTORY):
            return asked.call_count

    unreachable = {"type": "failed", "error": "unreachable"}
    with patch.object(system_health, "async_check_can_reach_url") as asked:
        asked.return_value = unreachable
        info = await get_system_health_info(home.hass, DOMAIN)
        async with queue.turn(Priority.LIVE):
            turns = queue.requests
            history = home.hass.async_create_task(asked_before_history())
            reached = home.hass.async_create_task(info["can_reach_api"])
            for _ in range(5):
                await asyncio.sleep(0)
            assert not asked.called
        assert await reached == unreachable
        assert await history == 1, "who looks at the page does not wait behind an import"
        assert queue.requests == turns + 2
        queue.pause(LONGEST_WAIT + 1)
        info = await get_system_health_info(home.hass, DOMAIN)
        assert await info["can_reach_api"] == "ok"
        assert asked.call_count == 1


async def test_system_health_keeps_its_distance(hass: HomeAssistant) -> None:
    """What was given up may still be on its way: the next request waits the longer."""
    queue = async_queue(hass, DEFAULT_URL)
    queue.spacing = 0.03
    begin = hass.loop.time()
    unreachable = {"type": "failed", "error": "timeout"}
    with patch.object(system_health, "async_check_can_reach_url", return_value=unreachable):
        info: dict[str, Any] = await async_health(hass)
        assert await info["can_reach_api"] == unreachable
    async with queue.turn(Priority.LIVE):
        assert hass.loop.time() - begin >= 3 * queue.spacing * 0.99


class TestSeveralAccounts:
    """System health tells of all of them together."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Two small sites."""
        sites = (single_house(number, now, timedelta(days=6)) for number in (1, 2))
        return World.of(*(replace(one, faultless=True) for one in sites))

    async def test_system_health(self, home: Home) -> None:
        """The newest answer counts, and the requests of today; what is ignored is no account."""
        home.simulator.accounts.passwords["neighbour"] = DEFAULT_PASSWORD
        entries = home.entry, account_entry(home.simulator.url, "neighbour")
        for entry, site_id in zip(entries, home.simulator.world.sites, strict=True):
            home.entry = entry
            home.entry.add_to_hass(home.hass)
            options = {**home.entry.options, CONF_SITES: [site_id]}
            home.hass.config_entries.async_update_entry(home.entry, options=options)
            await home.set_up_completely()
            home.freezer.tick(1)
        MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE).add_to_hass(home.hass)
        stats = [site.client.stats for entry in entries for site in entry.runtime_data.values()]
        assert len({one.last_success for one in stats}) == 2
        health = await health_of(home)
        assert health["accounts"] == 2
        assert health["last_success"] == max(one.last_success for one in stats)
        assert health["requests_today"] == sum(one.requests for one in stats) > 0
        home.freezer.tick(timedelta(days=1))
        assert (await health_of(home))["requests_today"] == 0
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        assert (await health_of(home))["accounts"] == 2


async def test_actions_and_logins_tell_no_secret(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Actions with answers and errors, another password, other credentials, repairs.

    Who calls an action may read names in its answer, but never a credential.
    """
    caplog.set_level(logging.DEBUG, logger="custom_components.climkit")
    await home.set_up_completely()
    [site_id] = home.simulator.world.sites
    device = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, site_id), home.entry.entry_id
    )
    assert device
    stretch = {"device_id": device.id, "from": "2026-11-19T00:00:00+01:00"}
    answers, errors = [], []
    for fault in (None, *(set(FaultKind) - {FaultKind.DELAY, FaultKind.HUGE})):
        home.simulator.switches.faults = [Fault(kind=fault)] if fault else []
        for action in ("get_site_data", "import_history"):
            try:
                answers.append(
                    await home.hass.services.async_call(
                        DOMAIN, action, stretch, blocking=True, return_response=True
                    )
                )
            except HomeAssistantError as err:
                errors.append(f"{err!r} {err} {err.translation_placeholders}")
    home.simulator.switches.faults = []
    assert answers
    assert errors
    assert_hides(json.dumps(answers, cls=JSONEncoder), credentials(home))

    manager = home.hass.config_entries.flow
    home.simulator.accounts.passwords[DEFAULT_USERNAME] = "another secret"
    home.simulator.accounts.revoke_tokens()
    for _ in range(3):
        await home.turn_clock(minutes=16)
    [progress] = manager.async_progress()
    given = {
        CONF_USERNAME: DEFAULT_USERNAME,
        CONF_PASSWORD: "another secret",
        CONF_ADVANCED: {CONF_URL: home.simulator.url},
    }
    done = await manager.async_configure(progress["flow_id"], given)
    assert done["reason"] == "reauth_successful"
    await home.hass.async_block_till_done()
    flow = await home.entry.start_reconfigure_flow(home.hass)
    done = await manager.async_configure(flow["flow_id"], given)
    assert done["reason"] == "reconfigure_successful"
    await home.hass.async_block_till_done()
    await home.settle()

    issues = [
        f"{one.issue_id} {one.data}"
        for one in ir.async_get(home.hass).issues.values()
        if one.domain == DOMAIN
    ]
    records = [one for one in caplog.records if one.name.startswith("custom_components.climkit")]
    log = [logging.Formatter().format(one) for one in records]
    secrets = credentials(home) | {"another secret"}
    assert_hides("\n".join((*log, *errors, *issues)), secrets | personal(home))
    _, text = await told(home)
    assert_hides(text, secrets | personal(home) | ids(home) | {DEFAULT_USERNAME})
