"""An account's sites, and the flow that adds it."""

from homeassistant.config_entries import SOURCE_USER
import pytest

from custom_components.climkit.const import DOMAIN
from tests.conftest import NOW, Home
from tests.flows.way import Flow
from tests.simulator import World


@pytest.fixture
def world() -> World:
    """All three sites, young ones."""
    return World(created=NOW, history_days=22)


@pytest.fixture
async def flow(home: Home) -> Flow:
    """The flow that adds an account."""
    flow = Flow(home, home.hass.config_entries.flow)
    flow.result = await flow.manager.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert flow.result["step_id"] == "user"
    return flow
