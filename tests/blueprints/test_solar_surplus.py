"""A consumer is started while the house exports."""

from datetime import timedelta

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import DOMAIN
from tests.blueprints.using import automate, form_of
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind

CONSUMER = "input_boolean.boiler"
HOUR = timedelta(hours=1)


@pytest.fixture
async def site_id(home: Home) -> str:
    """A house with a consumer that is off."""
    await home.set_up_completely()
    assert await async_setup_component(home.hass, "homeassistant", {})
    boiler = {"input_boolean": {"boiler": {"name": "Boiler"}}}
    assert await async_setup_component(home.hass, "input_boolean", boiler)
    return home.sites[0].site.id


async def use(home: Home, site_id: str) -> None:
    """As a user would, who leaves powers and times as the form has them."""
    grid_power = home.entity_id(f"{site_id}_net_grid_power")
    await automate(home, "solar_surplus", grid_power=grid_power, consumer=CONSUMER)


async def quarter(home: Home, site_id: str, *, export: float, grid: float) -> None:
    """A quarter-hour with these powers in W, and the look after it."""
    start = dt_util.utcnow().replace(minute=dt_util.utcnow().minute // 15 * 15)
    for column, power in (("to_ext", export), ("from_ext", grid)):
        home.simulator.world.revise(site_id, column, start, start + HOUR / 4, value=power / 4000)
    await home.turn_clock(minutes=15)


def is_on(home: Home) -> bool:
    """Whether the consumer runs."""
    return home.hass.states.is_state(CONSUMER, STATE_ON)


async def test_power_that_can_be_chosen(home: Home, site_id: str) -> None:
    """The form's list has it: this sensor of Climkit is a power."""
    [shown] = form_of("solar_surplus")["grid_power"]["selector"]["entity"]["filter"]
    power = home.state(f"{site_id}_net_grid_power")
    found = {"integration": DOMAIN, "domain": power.domain}
    assert shown == found | {"device_class": power.attributes["device_class"]}


async def test_hysteresis(home: Home, site_id: str) -> None:
    """Started by a clear surplus, stopped only by import, and each for a while."""
    await use(home, site_id)
    for _ in range(3):  # so that the pause is over
        await quarter(home, site_id, export=1400, grid=0)
    assert home.hass.states.is_state(CONSUMER, STATE_OFF)
    await quarter(home, site_id, export=2000, grid=0)
    assert is_on(home)
    await quarter(home, site_id, export=0, grid=900)
    assert is_on(home), "it shall run 45 minutes"
    await quarter(home, site_id, export=100, grid=200)
    await quarter(home, site_id, export=0, grid=200)
    assert is_on(home), "a little import does not matter"
    await quarter(home, site_id, export=0, grid=900)
    assert not is_on(home)
    await quarter(home, site_id, export=5000, grid=0)
    assert not is_on(home), "it shall rest 30 minutes"
    await quarter(home, site_id, export=5000, grid=0)
    await quarter(home, site_id, export=5000, grid=0)
    assert is_on(home)


async def test_limits(home: Home, site_id: str) -> None:
    """Exactly what a person entered starts it, and does not stop it."""
    await home.turn_clock(to=NOW.replace(minute=55))
    power = home.entity_id(f"{site_id}_net_grid_power")
    await home.hass.config_entries.async_unload(home.entry.entry_id)  # nobody writes it any more
    home.hass.states.async_set(power, "-1499")
    await use(home, site_id)
    for told, runs in (("-1499.9", False), ("-1500", True)):
        home.hass.states.async_set(power, told)
        await home.hass.async_block_till_done()
        assert is_on(home) is runs
    home.hass.states.async_set(power, "300")
    await home.turn_clock(minutes=50)
    assert is_on(home)
    home.hass.states.async_set(power, "300.1")
    await home.hass.async_block_till_done()
    assert not is_on(home)


async def test_without_data(home: Home, site_id: str) -> None:
    """Nothing runs on what nobody knows."""
    await use(home, site_id)
    for _ in range(3):
        await quarter(home, site_id, export=5000, grid=0)
    assert is_on(home)
    home.simulator.switches.faults = [Fault(kind=FaultKind.STATUS, status=503)]
    for _ in range(6):
        await home.turn_clock(minutes=15)
    assert not is_on(home)


async def test_reload(home: Home, site_id: str) -> None:
    """What is unknown for seconds stops nothing, though the minimum time is over."""
    await use(home, site_id)
    for _ in range(7):
        await quarter(home, site_id, export=5000, grid=0)
    assert is_on(home)
    await home.restart()
    assert is_on(home)
    await home.turn_clock(minutes=5)
    assert is_on(home)


@pytest.mark.parametrize(("is_gone", "minutes"), [(False, 10), (True, 0)])
async def test_nobody_knows(home: Home, site_id: str, is_gone: bool, minutes: int) -> None:
    """Stopped when nothing was known for ten minutes; at once if the entity is there no more."""
    await home.turn_clock(to=NOW.replace(minute=55))
    power = home.entity_id(f"{site_id}_net_grid_power")
    await home.hass.config_entries.async_unload(home.entry.entry_id)  # nobody writes it any more
    await use(home, site_id)
    home.hass.states.async_set(power, "-2000")
    await home.hass.async_block_till_done()
    await home.turn_clock(minutes=60)  # so that the minimum time is over
    assert is_on(home)
    if is_gone:
        home.hass.states.async_remove(power)
    else:
        home.hass.states.async_set(power, STATE_UNKNOWN)
    await home.hass.async_block_till_done()
    for _ in range(minutes // 5):
        assert is_on(home)
        await home.turn_clock(minutes=5)
    assert not is_on(home)


async def test_news_of_power(home: Home, site_id: str) -> None:
    """Each new value is looked at when it comes."""
    await home.turn_clock(minutes=31)  # so that the pause is over
    await use(home, site_id)
    home.hass.states.async_set(home.entity_id(f"{site_id}_net_grid_power"), "-2000")
    await home.hass.async_block_till_done()
    assert is_on(home)


async def test_time_that_has_passed(home: Home, site_id: str) -> None:
    """A pause ends although the power stays what it is."""
    await home.turn_clock(to=NOW.replace(minute=31))
    await use(home, site_id)
    power = home.entity_id(f"{site_id}_net_grid_power")
    await home.hass.config_entries.async_unload(home.entry.entry_id)  # nobody writes it any more
    home.hass.states.async_set(power, "-2000")
    await home.hass.async_block_till_done()
    assert not is_on(home)
    await home.turn_clock(to=NOW.replace(minute=40))
    assert is_on(home)
