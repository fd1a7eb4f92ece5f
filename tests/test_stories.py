"""Stories that once ended badly, as hypothesis found them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from tests.source import Source
from tests.story import Restart, Step, Turn, tell

DAY = timedelta(days=1)


@pytest.mark.parametrize("step", [Turn(300), Restart(off=5)])
async def test_in_the_hour_that_clocks_repeat(
    recorder_mock: Any,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    enable_custom_integrations: None,
    step: Step,
) -> None:
    """The night began over and over, since its local time was still to come a second time."""
    now = datetime(2026, 10, 24, 20, 7, tzinfo=UTC)
    await tell(hass, freezer, hass_storage, Source(first=now.replace(minute=0) - DAY), now, [step])
