"""Stories that once ended badly, as hypothesis found them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Stage
from tests.source import Source
from tests.story import Restart, Step, Turn, tell

DAY = timedelta(days=1)


@pytest.mark.parametrize("step", [Turn(300), Restart(off=5)])
async def test_in_the_hour_that_clocks_repeat(
    stage: Stage,
    step: Step,
) -> None:
    """The night began over and over, since its local time was still to come a second time."""
    now = datetime(2026, 10, 24, 20, 7, tzinfo=UTC)
    await tell(stage, Source(first=now.replace(minute=0) - DAY), now, [step])
