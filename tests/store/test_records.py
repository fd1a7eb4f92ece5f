"""What was remembered is read part by part; what is not understood is worked out again."""

import copy
from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.climkit.api import Interval
from custom_components.climkit.const import DOMAIN
from custom_components.climkit.feeds.plausibility import Plausibility
from custom_components.climkit.measures.series import Feed
from custom_components.climkit.statistics import worker
from custom_components.climkit.store.records import read_site
from tests.conftest import NOW, Home
from tests.simulator import World
from tests.stories.source import METER_ID, SITE_ID, Source
from tests.truth import assert_equal_to_climkit

FIRST = NOW.replace(minute=0) - timedelta(days=3)
TIME = "2026-11-20T10:00:00+00:00"
SERIES = f"climkit:{METER_ID}_total"

# All that can be remembered.
WHOLE: dict[str, Any] = {
    "series": {
        SERIES: {
            "since": TIME,
            "until": TIME,
            "last": TIME,
            "complete": True,
            "first": TIME,
            "sum": 1.5,
            "count": 3,
            "earlier": {"start": TIME, "begin": TIME},
        }
    },
    "meters": {METER_ID: ["2026-11-19"]},
    "sensors": {},
    "has_battery": False,
    "walk": {"electricity": TIME},
    "peaks": {"month": TIME, "series": {SERIES: {"until": None, "days": {"3": (TIME, 1.0)}}}},
    "plausibility": {
        "limits": {"a": 1.0},
        "pending": {"a": {TIME: 9.0}},
        "rejected": {"a": [(TIME, TIME, 1.0)]},
        "left_out": {"a": {TIME: 9.0}},
        "decided": {"a": TIME},
    },
    "mended": {"nights": 1, "pages": 2, "hours": 3, "last": TIME},
    "costs": {
        "tariffs": [{"site": SITE_ID}],
        "dirty": {f"{SERIES}_cost": [(TIME, TIME)]},
        "stored": {f"{SERIES}_cost": {"first": TIME, "last": TIME, "sum": 2.0, "count": 1}},
    },
    "again": {"electricity": [(TIME, TIME)]},
}

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
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


def changed(path: tuple[Any, ...], value: Any) -> Any:
    """What is remembered, with something else at one place."""
    if not path:
        return value
    data = copy.deepcopy(WHOLE)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


class TestReading:
    """Parts of a record."""

    def test_whole(self) -> None:
        """All of it is understood."""
        lost: list[str] = []
        assert read_site(WHOLE, lost) == WHOLE
        assert not lost

    @pytest.mark.parametrize("key", WHOLE)
    def test_one_part_is_odd(self, key: str) -> None:
        """The others are kept."""
        lost: list[str] = []
        found = read_site({**WHOLE, key: 7}, lost)
        assert lost == [key]
        assert {**found, key: None} == {**WHOLE, key: None}

    def test_one_series_is_odd(self) -> None:
        """The others are kept."""
        lost: list[str] = []
        series = {**WHOLE["series"], "climkit:other": {"since": "x"}}
        assert read_site({**WHOLE, "series": series}, lost)["series"] == WHOLE["series"]
        assert lost == ["series"]

    def test_of_a_newer_release(self) -> None:
        """What it has more is left out."""
        lost: list[str] = []
        newer = {**WHOLE, "more": 1, "mended": {**WHOLE["mended"], "more": 2}}
        assert read_site(newer, lost) == WHOLE
        assert not lost

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(places(WHOLE)), anything)
    def test_anything_anywhere(self, path: tuple[Any, ...], value: Any) -> None:
        """It is a record all the same."""
        found = read_site(changed(path, value), [])
        assert {"series", "meters", "sensors", "has_battery", "walk"} <= found.keys()
        assert read_site(found, []) == found

    @settings(max_examples=100, deadline=None)
    @given(
        st.sampled_from([one for one in places(WHOLE) if one[:1] == ("plausibility",)]), anything
    )
    def test_any_decisions(self, path: tuple[Any, ...], value: Any) -> None:
        """What is not understood of them harms nobody."""
        record = read_site(changed(path, value), [])
        plausibility = Plausibility(record)
        row = Interval(start=NOW, end=NOW + timedelta(minutes=15), values={"conso_total": 9e6})
        assert plausibility.filter(Feed(SITE_ID, "electricity"), [row])
        assert plausibility.outliers


@pytest.fixture
def world() -> World:
    """A small site with data since three days."""
    return World.of(Source(first=FIRST))


def remember(home: Home, hass_storage: dict[str, Any], data: Any, version: int = 1) -> None:
    """Let the account's file hold this."""
    key = f"{DOMAIN}.{home.entry.entry_id}"
    hass_storage[key] = {"version": version, "minor_version": 1, "key": key, "data": data}


@pytest.mark.recorder
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
