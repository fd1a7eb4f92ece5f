"""Tables of docs say what the integration does: fields of actions, reasons, times and limits."""

from datetime import timedelta
import re

import pytest
import yaml

from custom_components.climkit.api import FIRST_PAUSE, Sampling, backoff, login, queue, transport
from custom_components.climkit.coordinator import base, live_data, schedule
from custom_components.climkit.feeds import page_size, reader
from custom_components.climkit.feeds.plausibility import (
    ELECTRICITY_LIMIT,
    HEAT_LIMIT,
    SITE_FACTOR,
    WATER_LIMIT,
)
from custom_components.climkit.history import nights
from custom_components.climkit.issues import SILENT_AFTER, SILENT_AFTER_IF_READ_DAILY
from custom_components.climkit.sensor.descriptions import RATE_FROM
from custom_components.climkit.services.data import (
    DAYS_A_REQUEST,
    DAYS_OF_READINGS,
    REQUESTS_A_CALL,
)
from custom_components.climkit.services.statement import GapReason
from custom_components.climkit.services.statement_rows import MOST_DAYS
from tests.project.test_docs import INTEGRATION, ROOT, read

ACTIONS = yaml.safe_load(read(INTEGRATION / "services.yaml"))
MINUTE, HOUR, DAY, YEAR = (timedelta(days=days) for days in (1 / 1440, 1 / 24, 1, 365))


def page(name: str) -> str:
    """A page of docs/."""
    return read(ROOT / "docs" / name)


def table(text: str, head: str) -> str:
    """The first table below a text with this head."""
    return re.split(r"\n(?!\|)", text[text.index(f"| {head} |") :])[0]


def words_of(rows: str) -> set[str]:
    """The words in code that rows of a table begin with."""
    return set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "heading", "actions"),
    [
        (
            "actions.md",
            "## Get data",
            ["get_site_data", "get_meter_data", "get_meter_readings", "get_sensor_data"],
        ),
        *(
            ("actions.md", f": `climkit.{action}`\n", [action])
            for action in (
                *("get_statement", "import_history", "delete_statistics"),
                "set_plausibility_limit",
            )
        ),
    ],
)
def test_fields_of_actions(name: str, heading: str, actions: list[str]) -> None:
    """Each is told, and no other."""
    text = page(name)
    told = words_of(table(text[text.index(heading) :], "Field"))
    fields = {field for action in actions for field in ACTIONS[action]["fields"]}
    assert told | {"device_id"} == fields


def test_reasons_of_gaps() -> None:
    """Why a statement is not complete."""
    assert words_of(table(page("actions.md"), "Reason")) == set(GapReason)


def days_at_once(sampling: Sampling) -> int:
    """How many days a call may ask for."""
    return DAYS_A_REQUEST[sampling] * REQUESTS_A_CALL


PAUSES = [min(FIRST_PAUSE * 2**number, backoff.LONGEST_PAUSE) / MINUTE for number in range(6)]
REFUSED = backoff.REFUSED_PAUSES
WAITS = [transport.RETRY_WAIT * 2**number for number in range(transport.ATTEMPTS - 1)]


@pytest.mark.parametrize(
    ("name", "begins", "numbers"),
    [
        (
            "repairs.md",
            "[Meters are silent",
            [SILENT_AFTER / DAY, SILENT_AFTER_IF_READ_DAILY / DAY],
        ),
        ("repairs.md", "[Some hours differ", [nights.MANY_NIGHTS]),
        (
            "repairs.md",
            "Electricity, charge points",
            [ELECTRICITY_LIMIT, ELECTRICITY_LIMIT * 4 / 1000, ELECTRICITY_LIMIT * SITE_FACTOR],
        ),
        ("repairs.md", "Heat, cooling", [HEAT_LIMIT, HEAT_LIMIT * SITE_FACTOR]),
        ("repairs.md", "Water", [WATER_LIMIT, WATER_LIMIT * SITE_FACTOR]),
        (
            "data-updates.md",
            "Late or corrected data",
            [schedule.TAIL / HOUR, schedule.LONGEST_TAIL / HOUR, nights.RECENT / DAY],
        ),
        ("data-updates.md", "Power turns", [live_data.POWER_EXPIRES_AFTER / MINUTE]),
        ("data-updates.md", "Entities turn", [base.UNAVAILABLE_AFTER / HOUR]),
        ("data-updates.md", "First look", [schedule.FIRST_DELAY / MINUTE]),
        ("data-updates.md", "Next looks", [schedule.WAITING / MINUTE]),
        ("data-updates.md", "Power |", [live_data.POWER_EXPIRES_AFTER / MINUTE]),
        ("data-updates.md", "A rate of today", [RATE_FROM]),
        ("data-updates.md", "All entities", [base.UNAVAILABLE_AFTER / HOUR]),
        ("data-updates.md", "Trouble:", PAUSES),
        (
            "data-updates.md",
            "A refusal:",
            [
                *(pause / MINUTE for pause in (*REFUSED[:2], backoff.LONGEST_PAUSE)),
                *(pause / HOUR for pause in REFUSED[2:4]),
            ],
        ),
        ("data-updates.md", "A login that", [login.REFUSAL_PAUSE / 60]),
        ("data-updates.md", "3 to", [schedule.TAIL / HOUR, schedule.LONGEST_TAIL / HOUR]),
        ("data-updates.md", "35 days", [nights.RECENT / DAY]),
        ("data-updates.md", "All older history", [1, nights.NIGHTS_OF_A_SWEEP]),
        ("actions.md", "`to` | last day", [MOST_DAYS]),
        (
            "climkit-api.md",
            "`POST /auth`",
            [(transport.TOKEN_FALLBACK + transport.TOKEN_MARGIN) / MINUTE],
        ),
        ("climkit-api.md", "`valid_until`", [transport.TOKEN_FALLBACK / MINUTE] * 2),
        ("climkit-api.md", "One request a second", [queue.REQUEST_SPACING]),
        (
            "climkit-api.md",
            "Too many requests: 429",
            [429, queue.MIN_PAUSE, queue.MAX_SPACING, queue.LONGEST_WAIT],
        ),
        (
            "climkit-api.md",
            "401, 403, 422 with a JSON body",
            [401, 403, 422, login.REFUSAL_PAUSE / 60],
        ),
        (
            "climkit-api.md",
            "401 with a JSON body",
            [401, login.BELIEVED_REFUSALS, login.REFUSAL_PAUSE / 60, 400, 403, 422],
        ),
        (
            "climkit-api.md",
            "5xx, 408",
            [5, 408, transport.ATTEMPTS, *WAITS, transport.RETRY_JITTER, queue.LONGEST_WAIT],
        ),
        ("climkit-api.md", "Slow answers", [transport.REQUEST_TIMEOUT, transport.CONNECT_TIMEOUT]),
        (
            "climkit-api.md",
            "Size of answers",
            [transport.MAX_BODY / 2**20, page_size.PAGE_BYTES / 1e6],
        ),
        ("climkit-api.md", "Electricity in", [reader.SHOW_HOURS]),
        (
            "climkit-api.md",
            "Longest window",
            [page_size.LONGEST_PAGE / DAY, 400, 413, 414, 422, 5],
        ),
    ],
)
def test_numbers(name: str, begins: str, numbers: list[float]) -> None:
    """A row that begins so tells the numbers that hold."""
    [row] = re.findall(rf"^\| {re.escape(begins)}.*$", page(name), re.MULTILINE)
    told = re.findall(r"\d[\d,.]*(?<=\d)", re.sub(r"\]\([^)]*\)", "]", row))
    assert [float(one.replace(",", "")) for one in told] == pytest.approx(numbers)


def test_how_much_at_once() -> None:
    """What an action answers in one call."""
    [line] = re.findall(r"^- \*\*How much at once:.*$", page("actions.md"), re.MULTILINE)
    quarters, hours, days, months = (
        days_at_once(one)
        for one in (Sampling.QUARTER_HOUR, Sampling.HOUR, Sampling.DAY, Sampling.MONTH)
    )
    assert days_at_once(Sampling.YEAR) == months
    years = [days // YEAR.days, months // YEAR.days]
    told = [int(one) for one in re.findall(r"\d+", line)]
    assert told == [quarters, hours, *years, DAYS_OF_READINGS]
