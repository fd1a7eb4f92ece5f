"""Whatever happens: when it is quiet again, the statistics are the source's own numbers.

Stories are drawn by hypothesis: data that come late, corrections, a server in trouble, restarts
with and without memory, databases and memories of another day, statistics deleted or adjusted,
writes lost, tariffs that come, move and go, reloads in the middle of an action. `scripts/soak`
plays thousands of them; it also looks for the shortest story that ends badly.
"""

from datetime import UTC, datetime, timedelta
import os

from hypothesis import HealthCheck, Phase, given, settings, strategies as st
import pytest

from tests.conftest import Stage
from tests.stories.source import ELECTRICITY, Gap, Source
from tests.stories.steps import (
    TROUBLES,
    AddFeedIn,
    AddTariff,
    AdjustSum,
    Backup,
    ComeLate,
    CorrectTariff,
    Delete,
    DeleteTariff,
    Fields,
    LoseWrites,
    ReloadDuring,
    RenameSensor,
    Restart,
    Restore,
    RestoreDatabase,
    Revise,
    SetClock,
    Step,
    Trouble,
    Turn,
)
from tests.stories.story import tell
from tests.stories.told_prices import NAMES

HOUR = timedelta(hours=1)

# An ordinary day, and nights before clocks change.
BEGINNINGS = [
    datetime(2026, 11, 20, 10, 7, tzinfo=UTC),
    datetime(2026, 10, 24, 20, 7, tzinfo=UTC),
    datetime(2026, 3, 28, 20, 7, tzinfo=UTC),
]
COLUMNS: st.SearchStrategy[tuple[str, ...]] = st.sampled_from(
    [(), ELECTRICITY[:1], ELECTRICITY[1:2], ELECTRICITY[2:]]
)

SOME_TIME: st.SearchStrategy[Step] = st.one_of(
    st.builds(Turn, st.sampled_from([5, 15, 15, 60, 300]), st.integers(1, 6)),
    st.builds(Turn, st.sampled_from([1200, 2880]), st.integers(1, 2)),
)
LATE = st.builds(
    ComeLate, st.integers(0, 12), st.integers(1, 30), st.integers(0, 60), columns=COLUMNS
)
REVISE = st.builds(
    Revise,
    st.integers(1, 2880),
    st.integers(1, 100),
    st.sampled_from([None, *ELECTRICITY]),
    st.sampled_from([0.0, 1.0000001, 2.0, -0.5, 1000.0, None]),
)
TROUBLE = st.builds(Trouble, st.sampled_from(TROUBLES[1:]), st.sampled_from([1.0, 1.0, 0.5]))
HOUSE: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        Restart,
        st.sampled_from([0, 0, 1, 7, 30, 100, 400]),
        st.sampled_from(["saved", "lost", "gone"]),
    ),
    st.builds(RestoreDatabase, st.integers(0, 60)),
    st.builds(SetClock, st.sampled_from([-400, -30, -5, -1, 1, 5, 30, 400])),
    st.builds(Backup),
    st.builds(Restore, st.sampled_from(["database", "memory", "both"])),
    st.builds(Delete, st.integers(0, 9), st.booleans()),
    st.builds(
        AdjustSum,
        st.integers(0, 9),
        st.integers(0, 72),
        st.sampled_from([-5.0, 0.25, 1000.0]),
        st.booleans(),
    ),
    st.builds(LoseWrites, st.integers(0, 5), st.integers(1, 3)),
    st.builds(
        ReloadDuring,
        st.sampled_from(["import_history", "delete_statistics"]),
        st.integers(0, 2),
    ),
)
DAYS = st.sampled_from([-400, -30, -2, -1, 0, 1, 2, 40])
SEASONS: st.SearchStrategy[dict[str, str]] = st.sampled_from(
    [
        {},
        {},
        {"season_from": "1.4.", "season_to": "30.9."},
        {"season_from": "1.10.", "season_to": "31.3."},
        {"season_from": "15.11.", "season_to": "19.11."},
    ]
)


def with_season(fields: dict[str, float | str], season: dict[str, str]) -> Fields:
    """Fields of prices that hold in a part of each year, or always."""
    return tuple((fields | season).items())


PRICES: st.SearchStrategy[dict[str, float | str]] = st.fixed_dictionaries(
    {},
    optional={
        "grid_price": st.sampled_from([0.0, 0.277, 1.5]),
        "grid_price_low": st.sampled_from([0.1195, 0.2]),
        "solar_price": st.sampled_from([0.17, 0.2216]),
        "cold_water_price": st.sampled_from([2.4]),
        "weekday": st.sampled_from(["12-17, 23-07", "22-6", "0-24"]),
        "sunday": st.sampled_from(["0-24", "2-3"]),
        "site_fee": st.sampled_from([6.2, 30.0]),
        "site_power_price": st.sampled_from([0.5, 7.1]),
        "fees_by_hour": st.just(True),
    },
)
SHARES: st.SearchStrategy[dict[str, float | str]] = st.fixed_dictionaries(
    {"grid_price": st.sampled_from([0.277, 0.3]), "solar_share": st.sampled_from([80, 50.5])},
    optional={"grid_price_low": st.just(0.2), "weekday": st.just("12-17, 23-07")},
)
SOLAR: list[dict[str, float | str]] = [
    {"solar_share": 80},
    {"solar_share": 50.5},
    {"solar_price": 0.17},
    {"solar_price": 0.17, "solar_price_low": 0.1, "weekday": "12-17, 23-07"},
]
TOLD: st.SearchStrategy[dict[str, float | str]] = st.builds(
    dict[str, float | str].__or__,
    st.fixed_dictionaries(
        {"sensor": st.sampled_from(NAMES)},
        optional={
            "sensor_factor": st.just(1.081),
            "sensor_surcharge": st.sampled_from([0.11, -0.02]),
            "sunday": st.just("0-24"),
            "site_fee": st.just(6.2),
            "fees_by_hour": st.just(True),
            "site_power_price": st.just(5.0),
        },
    ),
    st.sampled_from(SOLAR),
)
FEED_IN: st.SearchStrategy[dict[str, float | str]] = st.fixed_dictionaries(
    {},
    optional={
        "price": st.sampled_from([0.0, 0.105, -0.02]),
        "price_low": st.just(0.0645),
        "floor": st.sampled_from([0.06, 0.03]),
        "bonus": st.sampled_from([0.04]),
        "weekday": st.sampled_from(["22-6"]),
        "sunday": st.sampled_from(["0-24"]),
    },
)
FIELDS = st.builds(with_season, st.one_of(PRICES, PRICES, SHARES, TOLD), SEASONS)
TARIFFS: st.SearchStrategy[Step] = st.one_of(
    st.builds(AddTariff, DAYS, FIELDS),
    st.builds(AddTariff, DAYS, FIELDS),
    st.builds(AddFeedIn, DAYS, st.builds(with_season, FEED_IN, SEASONS)),
    st.builds(CorrectTariff, st.integers(0, 2), FIELDS, st.one_of(st.none(), DAYS)),
    st.builds(DeleteTariff, st.integers(0, 2)),
    st.builds(RenameSensor, st.sampled_from([NAMES[0], "price_now"])),
)


@st.composite
def episodes(draw: st.DrawFn) -> list[Step]:
    """Something that happens, and time in which it shows; other things may happen meanwhile."""
    begin: Step = draw(st.one_of(TROUBLE, TROUBLE, HOUSE, LATE, REVISE, TARIFFS, TARIFFS))
    middle = draw(
        st.lists(st.one_of(SOME_TIME, SOME_TIME, SOME_TIME, HOUSE, TARIFFS), min_size=1, max_size=3)
    )
    end: list[Step] = [Trouble("none"), draw(SOME_TIME)] if isinstance(begin, Trouble) else []
    return [begin, *middle, *draw(st.sampled_from([end, end, []]))]


STORIES = st.lists(episodes(), min_size=1, max_size=3).map(
    lambda parts: [step for part in parts for step in part]
)


@st.composite
def beginnings(draw: st.DrawFn) -> tuple[Source, datetime]:
    """A source with some days of data, and now."""
    now = draw(st.sampled_from(BEGINNINGS))
    first = now.replace(minute=0) - draw(st.integers(1, 72)) * HOUR
    first += draw(st.integers(0, 3)) * HOUR / 4
    gaps = draw(
        st.lists(
            st.builds(
                lambda after, quarters, columns: Gap(
                    first + after * HOUR / 4, first + (after + quarters) * HOUR / 4, columns
                ),
                st.integers(0, 400),
                st.integers(1, 120),
                COLUMNS,
            ),
            max_size=2,
        )
    )
    source = Source(first=first, seed=draw(st.integers(0, 9)), has_water=draw(st.booleans()))
    source.gaps = gaps
    return source, now


# The suite plays the same few stories each time; it is not the place to look for shorter ones.
IS_LONG = "STORIES" in os.environ


@settings(
    deadline=None,
    derandomize=not IS_LONG,
    max_examples=int(os.environ.get("STORIES", "15")),
    print_blob=True,
    database=None,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.generate, Phase.shrink] if IS_LONG else [Phase.generate],
    report_multiple_bugs=False,
)
@given(beginning=beginnings(), steps=STORIES)
@pytest.mark.timeout(0)
async def test_any_story_ends_well(
    stage: Stage,
    beginning: tuple[Source, datetime],
    steps: list[Step],
) -> None:
    """Every hour of every series equals the source, and the sums go on."""
    source, now = beginning
    await tell(stage, source, now, steps)
