"""What was remembered is read part by part; what is not understood is worked out again."""

import copy
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.json import json_dumps
from homeassistant.util.json import json_loads
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.climkit.api import Interval
from custom_components.climkit.const import DOMAIN
from custom_components.climkit.feeds.plausibility import Plausibility
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.statistics import Extent, Row, worker
from custom_components.climkit.store.migration import from_first_release
from custom_components.climkit.store.records import Backfill, SeriesRecord, SiteRecord
from tests.conftest import NOW, Home
from tests.simulator import World
from tests.stories.source import METER_ID, SITE_ID, Source
from tests.truth import assert_equal_to_climkit

FIRST = NOW.replace(minute=0) - timedelta(days=3)
TIME = "2026-11-20T10:00:00+00:00"
SERIES = f"climkit:{METER_ID}_total"

LATER = "2026-11-20T11:00:00+00:00"
RANGES = [{"start": TIME, "end": LATER}]
ROWS = {"first": TIME, "last": {"start": TIME, "amount": None, "total": 1.5}, "count": 3}

# All that can be remembered.
WHOLE: dict[str, Any] = {
    "series": {
        SERIES: {
            "since": TIME,
            "until": TIME,
            "complete": True,
            "extent": ROWS,
            "backfill": {"start": TIME, "position": TIME, "end": LATER},
            "meter_type": "electricity",
        }
    },
    "meters": {METER_ID: ["2026-11-19"]},
    "sensors": {},
    "described": {
        METER_ID: {
            "id": METER_ID,
            "type": "electricity",
            "mode": "consumption",
            "name": None,
            "bus_address": 7,
            "is_rule_meter": False,
        }
    },
    "name": "Mill",
    "has_battery": False,
    "lists_without": 1,
    "peaks": {
        "month": TIME,
        "series": {SERIES: {"until": None, "days": {"3": {"start": TIME, "power": 1.0}}}},
        "months": {
            SERIES: {
                TIME: {"until": LATER, "peak": {"start": TIME, "power": 1.0}},
                LATER: {"until": None, "peak": None},
            }
        },
    },
    "plausibility": {
        "limits": {"a": 1.0},
        "pending": {"a": {TIME: 9.0}},
        "rejected": {"a": [RANGES[0] | {"limit": 1.0}]},
    },
    "recheck": {
        "nights": 1,
        "pages": 2,
        "hours": 3,
        "last": TIME,
        "sweep": {"electricity": TIME},
        "unread": {"electricity": RANGES},
        "unanswered": {"electricity": [one | {"is_missing": True} for one in RANGES]},
    },
    "costs": {
        "tariffs": [{"site": SITE_ID}],
        "dirty": {f"{SERIES}_cost": RANGES},
        "stored": {f"{SERIES}_cost": ROWS},
        "meter_types": {f"{SERIES}_cost": "electricity"},
        "zone": "Europe/Zurich",
    },
    "window": {"hours": 10, "tried": TIME},
    "dashboard_request": {"owner": SITE_ID, "water": [METER_ID]},
}

# The same as release 0.1.0 remembered it.
OF_FIRST_RELEASE: dict[str, Any] = {
    "series": {
        SERIES: {
            "since": LATER,
            "until": TIME,
            "last": TIME,
            "complete": True,
            "first": TIME,
            "sum": 1.5,
            "count": 3,
            "earlier": {"start": TIME, "begin": TIME},
        }
    },
    "meters": WHOLE["meters"],
    "sensors": {},
    "has_battery": False,
    "walk": {"electricity": TIME},
    "peaks": {"month": TIME, "series": {SERIES: {"until": None, "days": {"3": [TIME, 1.0]}}}},
    "plausibility": {
        "limits": {"a": 1.0},
        "pending": {"a": {TIME: 9.0}},
        "rejected": {"a": [[TIME, LATER, 1.0]]},
    },
    "mended": {"nights": 1, "pages": 2, "hours": 3, "last": TIME},
    "costs": {
        "tariffs": [{"site": SITE_ID}],
        "dirty": {f"{SERIES}_cost": [[TIME, LATER]]},
        "stored": {f"{SERIES}_cost": {"first": TIME, "last": TIME, "sum": 1.5, "count": 3}},
    },
    "again": {"electricity": [[TIME, LATER]]},
    "window": {"hours": 10, "tried": TIME},
    "described": {
        METER_ID: {key: one for key, one in WHOLE["described"][METER_ID].items() if key != "id"}
    },
    "energy_wish": WHOLE["dashboard_request"],
}

integers = st.integers(-(2**63), 2**63 - 1)  # a file's larger ones are read as floats
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), integers, st.floats(), st.text(max_size=30)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in what is remembered."""
    found = [path]
    if isinstance(value, dict):
        for key, one in value.items():
            found += places(one, (*path, key))
    return found


def changed(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    """What is remembered, with something else at one place."""
    if not path:
        return value
    data = copy.deepcopy(whole)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


def written(record: SiteRecord) -> Any:
    """What Home Assistant writes of a record."""
    return json_loads(json_dumps(record))


class TestReading:
    """Parts of a record."""

    def test_whole(self) -> None:
        """All of it is understood, and written as it was."""
        lost: list[str] = []
        assert written(SiteRecord.from_dict(WHOLE, lost)) == WHOLE
        assert not lost

    @pytest.mark.parametrize("key", WHOLE)
    def test_one_part_is_odd(self, key: str) -> None:
        """The others are kept."""
        lost: list[str] = []
        found = SiteRecord.from_dict({**WHOLE, key: ["odd"]}, lost)
        assert lost == [key]
        assert {**written(found), key: None} == {**WHOLE, key: None}

    def test_one_series_is_odd(self) -> None:
        """The others are kept."""
        lost: list[str] = []
        series = {**WHOLE["series"], "climkit:other": {"since": "x"}}
        found = SiteRecord.from_dict({**WHOLE, "series": series}, lost)
        assert written(found) == WHOLE
        assert lost == ["series"]

    def test_one_range_is_upside_down(self) -> None:
        """What is left to do of one cost is not known: all of it is computed."""
        lost: list[str] = []
        odd = {"odd": [*RANGES, {"start": LATER, "end": TIME}]}
        costs = WHOLE["costs"] | {"dirty": WHOLE["costs"]["dirty"] | odd}
        assert written(SiteRecord.from_dict({**WHOLE, "costs": costs}, lost)) == WHOLE
        assert lost == ["costs"]

    def test_of_a_newer_release(self) -> None:
        """What it has more is left out, and a mode that is not known here is none."""
        lost: list[str] = []
        meter = WHOLE["described"][METER_ID] | {"mode": "storage"}
        recheck = {**WHOLE["recheck"], "more": 2}
        newer = {**WHOLE, "more": 1, "recheck": recheck, "described": {METER_ID: meter}}
        meter = meter | {"mode": "unknown"}
        found = SiteRecord.from_dict(newer, lost)
        assert written(found) == {**WHOLE, "described": {METER_ID: meter}}
        assert not lost

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(places(WHOLE)), anything)
    def test_anything_anywhere(self, path: tuple[Any, ...], value: Any) -> None:
        """It is a record all the same."""
        found, lost = SiteRecord.from_dict(changed(WHOLE, path, value), []), []
        assert SiteRecord.from_dict(written(found), lost) == found
        assert not lost

    @settings(max_examples=100, deadline=None)
    @given(
        st.sampled_from([one for one in places(WHOLE) if one[:1] == ("plausibility",)]), anything
    )
    def test_any_decisions(self, path: tuple[Any, ...], value: Any) -> None:
        """What is not understood of them harms nobody."""
        record = SiteRecord.from_dict(changed(WHOLE, path, value), [])
        plausibility = Plausibility(record.plausibility)
        row = Interval(start=NOW, end=NOW + timedelta(minutes=15), values={"conso_total": 9e6})
        assert plausibility.filter(Feed(SITE_ID, "electricity"), [row])
        assert plausibility.outliers

    @pytest.mark.parametrize("limit", [float("nan"), float("inf"), True, "1"])
    def test_number_that_is_none(self, limit: object) -> None:
        """It is not taken for one, whoever wrote it."""
        lost: list[str] = []
        record = {"plausibility": {"limits": {"electricity::total": limit, "x": 1.5}}}
        assert SiteRecord.from_dict(record, lost).plausibility.limits == {"x": 1.5}
        assert lost == ["plausibility"]


class TestFirstRow:
    """Since when a site was there, by its rows."""

    @staticmethod
    def series(start: int, first: int | None, *, reads_from: int | None = None) -> SeriesRecord:
        """A series since some days of November: what is read, its rows, its history."""
        since, until = (datetime(2026, 11, day, tzinfo=UTC) for day in (start, 20))
        last = Row(until, 1.0, 1.0)
        extent = first and Extent(first=since.replace(day=first), last=last, count=1)
        backfill = reads_from and Backfill(
            start=since.replace(day=reads_from), position=since, end=since
        )
        return SeriesRecord(
            since=since,
            until=until,
            complete=True,
            extent=extent or None,
            backfill=backfill or None,
        )

    @pytest.mark.parametrize(
        ("series", "day"),
        [
            ([], None),
            ([series(3, None)], None),
            ([series(3, 5), series(3, 4), series(3, None)], 4),
            ([series(9, 9, reads_from=3), series(3, 4)], 4),
            ([series(1, 1), series(3, 4)], 3),
        ],
        ids=["new", "no rows", "of any series", "to be read", "moved meter"],
    )
    def test_first_row(self, series: list[SeriesRecord], day: int | None) -> None:
        """It is the first of any series, where all were read."""
        record = SiteRecord(series={f"{key}": one for key, one in enumerate(series)})
        assert record.first_row == (day and datetime(2026, 11, day, tzinfo=UTC))


class TestFirstRelease:
    """Release 0.1.0 had other names, and lists for ranges and peaks."""

    def test_whole(self) -> None:
        """All of it is remembered."""
        lost: list[str] = []
        found = from_first_release({SITE_ID: OF_FIRST_RELEASE})
        assert isinstance(found, dict)
        record = SiteRecord.from_dict(found[SITE_ID], lost)
        series = {SERIES: WHOLE["series"][SERIES] | {"since": LATER, "meter_type": None}}
        peaks = WHOLE["peaks"] | {"months": {}}
        recheck = WHOLE["recheck"] | {"unanswered": {}}
        costs = WHOLE["costs"] | {"meter_types": {}, "zone": None}
        changed_since = {"series": series, "peaks": peaks, "recheck": recheck, "costs": costs}
        new_since = {"name": None, "lists_without": 0}
        assert written(record) == WHOLE | changed_since | new_since
        assert not lost

    def test_a_new_site(self) -> None:
        """It had nothing but empty tables."""
        new = {"series": {}, "meters": {}, "sensors": {}, "has_battery": True, "walk": {}}
        found = from_first_release({SITE_ID: new})
        assert isinstance(found, dict)
        assert SiteRecord.from_dict(found[SITE_ID], []) == SiteRecord(has_battery=True)

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(places(OF_FIRST_RELEASE)), anything)
    def test_anything_anywhere(self, path: tuple[Any, ...], value: Any) -> None:
        """What is odd is left out."""
        found = from_first_release({SITE_ID: changed(OF_FIRST_RELEASE, path, value)})
        assert isinstance(found, dict)
        SiteRecord.from_dict(found[SITE_ID], [])


@pytest.fixture
def world() -> World:
    """A small site with data since three days."""
    return World.of(Source(first=FIRST))


def remember(home: Home, hass_storage: dict[str, Any], data: Any, version: int = 1) -> None:
    """Let the account's file hold this."""
    key = f"{DOMAIN}.{home.entry.entry_id}"
    hass_storage[key] = {"version": version, "minor_version": 1, "key": key, "data": data}


@pytest.mark.recorder
@pytest.mark.each_database
@pytest.mark.parametrize(
    "data",
    [
        [],
        "text",
        {SITE_ID: None},
        {SITE_ID: {"series": None, "meters": {}, "sensors": {}, "has_battery": False}},
        {SITE_ID: {"series": {SERIES: {"since": "x", "until": "y"}}}},
        {SITE_ID: {"series": {}, "costs": {"tariffs": None}, "peaks": [], "plausibility": 1}},
        {"another": 3},
    ],
)
async def test_odd_file(
    home: Home,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    data: Any,
) -> None:
    """The account loads, says so once, and all is there."""
    monkeypatch.setattr(worker, "RECORDER_PAUSE", timedelta(0))
    remember(home, hass_storage, data)
    await home.set_up_completely()
    told = [r for r in caplog.records if "remembered" in r.message and r.levelno > logging.INFO]
    assert len(told) == 1
    home.sites[0].history.start_night()
    await home.settle()
    await assert_equal_to_climkit(home)


async def test_file_of_a_newer_version(
    home: Home, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """After a downgrade the account begins with an empty memory."""
    remember(home, hass_storage, {SITE_ID: WHOLE}, version=9)
    await home.begin()
    assert home.entry.state is ConfigEntryState.LOADED
    assert "cannot be read" in caplog.text
