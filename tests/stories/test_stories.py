"""Stories that once ended badly, as hypothesis found them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Stage
from tests.stories.source import ELECTRICITY, Gap, Source
from tests.stories.steps import (
    AddTariff,
    CorrectTariff,
    Delete,
    DeleteTariff,
    LoseWrites,
    Restart,
    Revise,
    SetClock,
    Step,
    Trouble,
    Turn,
)
from tests.stories.story import tell

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("step", [Turn(300), Restart(off=5)])
async def test_in_the_hour_that_clocks_repeat(
    stage: Stage,
    step: Step,
) -> None:
    """The night began over and over, since its local time was still to come a second time."""
    now = datetime(2026, 10, 24, 20, 7, tzinfo=UTC)
    await tell(stage, Source(first=now.replace(minute=0) - DAY), now, [step])


async def test_a_write_of_one_series_is_lost(stage: Stage) -> None:
    """The rows of the others were stored, and their sums go on from those rows."""
    now = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
    source = Source(first=now.replace(minute=45) - timedelta(hours=6), seed=2)
    steps: list[Step] = [
        Trouble("cut"),
        LoseWrites(skip=0, count=1),
        Turn(2880, 2),
        Trouble("none"),
        Turn(15, 3),
    ]
    await tell(stage, source, now, steps)


async def test_the_only_meter_is_hidden_while_it_starts(stage: Stage) -> None:
    """One list that lacks it does not end its data for a day."""
    now = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
    steps = [Turn(60), Trouble("hidden meter"), Restart(), Turn(60), Trouble("none"), Turn(30)]
    await tell(stage, Source(first=now.replace(minute=0) - DAY), now, steps)


@pytest.mark.parametrize("column", [None, ELECTRICITY[1]])
async def test_what_began_before_a_gap_is_withdrawn(stage: Stage, column: str | None) -> None:
    """Its only neighbour is the value behind the gap."""
    now = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
    first = now.replace(minute=45) - timedelta(hours=69)
    source = Source(first=first, seed=9)
    source.gaps = [Gap(first + timedelta(hours=12), first + timedelta(hours=24))]
    await tell(stage, source, now, [Revise(ago=300, quarters=77, column=column, factor=None)])


async def test_power_price(stage: Stage) -> None:
    """It is added, corrected and deleted over two months, while quarter-hours are corrected."""
    now = datetime(2026, 10, 30, 10, 7, tzinfo=UTC)
    prices = (("grid_price", 0.3), ("site_power_price", 7.1))
    steps: list[Step] = [
        AddTariff(-40, prices),
        Revise(ago=8, quarters=2, column="from_ext", factor=1000.0),
        Turn(60, 3),
        Revise(ago=20, quarters=20, column="from_ext", factor=0.001),
        Turn(2880),
        CorrectTariff(0, (("grid_price", 0.3), ("site_power_price", 5.0))),
        AddTariff(0, (("grid_price", 0.3), ("site_fee", 30.0))),
        Turn(60),
        DeleteTariff(0),
        AddTariff(-2, prices),
    ]
    await tell(stage, Source(first=now.replace(minute=0) - DAY, has_water=True), now, steps)


async def test_a_tariff_is_added_while_the_clock_is_behind(stage: Stage) -> None:
    """After a start the costs do not follow a clock of which nobody has found out yet."""
    now = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
    two_prices = (("grid_price", 0.3), ("grid_price_low", 0.2), ("sunday", "0-24"))
    steps: list[Step] = [
        Turn(60),
        SetClock(hours=-400),
        AddTariff(-2, two_prices),
        Delete(which=7, is_off=True),
    ]
    await tell(stage, Source(first=now.replace(minute=15) - 47 * HOUR, seed=6), now, steps)


async def test_the_clock_is_put_back_while_costs_are_prepared(stage: Stage) -> None:
    """What is worked out of one moment has one time."""
    now = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
    steps: list[Step] = [
        AddTariff(-400, (("grid_price", 0.3), ("site_power_price", 0.5))),
        SetClock(hours=-400),
        Turn(5, 2),
    ]
    await tell(stage, Source(first=now.replace(minute=0) - 26 * HOUR), now, steps)
