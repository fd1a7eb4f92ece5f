"""A sensor that tells the price of grid electricity, chosen in a tariff."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from sqlalchemy.exc import SQLAlchemyError

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.costs.tariff import SensorRate, Tariff
from custom_components.climkit.flows import price_sensor
from custom_components.climkit.measures.table import Price
from custom_components.climkit.statistics import means
from tests.conftest import NOW, Home
from tests.costs.bill import delete_tariff
from tests.costs.price_sensor import PriceSensor
from tests.flows.test_tariff_flow import PRICES, Flow, flow, world

__all__ = ["flow", "world"]

HOURS = {NOW.replace(minute=0) - timedelta(hours=2): 0.2}
MEASURED = {"state_class": "measurement"}


def prices(entity_id: str, electricity: dict[str, Any] | None = None, **dynamic: Any) -> Any:
    """What is entered: solar electricity costs 80 % of what a sensor tells."""
    told = {"sensor": entity_id} | {f"sensor_{key}": value for key, value in dynamic.items()}
    return PRICES | {"electricity": electricity or {"solar_share": 80}, "dynamic": told}


async def ready(home: Home, **others: Any) -> PriceSensor:
    """A sensor whose means the recorder has."""
    sensor = PriceSensor(home.hass, attributes=MEASURED, **others)
    sensor.tell(0.2)
    await sensor.compile(HOURS)
    return sensor


async def test_chosen(flow: Flow) -> None:
    """What is stored is the sensor's id in the registry; the form shows what it is called now."""
    sensor = await ready(flow.home)
    await flow.add()
    entered = prices(sensor.entity_id, factor=1.081, surcharge=0.11)
    await flow.answer(entered)
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    [stored] = flow.tariffs
    assert stored["dynamic"] == entered["dynamic"] | {"sensor": sensor.key}
    rates = Tariff.from_data(stored).rates
    assert rates[Price.GRID] == SensorRate(sensor.key, 1.081, 0.11)
    assert rates[Price.SOLAR] == SensorRate(sensor.key, 0.8 * 1.081, 0.8 * 0.11)
    await sensor.rename("my_price")
    sensor.tell(0.2)
    await flow.add()
    assert flow.suggested["dynamic"] == entered["dynamic"] | {"sensor": "sensor.my_price"}
    await flow.answer(flow.suggested)
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    assert [one["dynamic"]["sensor"] for one in flow.tariffs] == [sensor.key] * 2


async def test_not_in_the_registry(flow: Flow) -> None:
    """A template without a unique id has its entity id alone."""
    sensor = await ready(flow.home, is_registered=False)
    await flow.add()
    await flow.answer(prices(sensor.entity_id, {"solar_price": 0.2}))
    [stored] = flow.tariffs
    assert stored["dynamic"] == {"sensor": sensor.entity_id}


@pytest.mark.parametrize(
    ("entered", "error"),
    [
        ({"electricity": {"grid_price": 0.3, "solar_price": 0.2}}, "grid_price_twice"),
        ({"electricity": {"grid_price": 0, "solar_price": 0.2}}, "grid_price_twice"),
        (
            {
                "electricity": {"grid_price_low": 0.2, "solar_price": 0.2},
                "low_hours": {"sunday": "0-24"},
            },
            "grid_price_twice",
        ),
        ({"dynamic": {"sensor_factor": 1.081}}, "sensor_needed"),
        ({"dynamic": {"sensor_surcharge": 0.1}}, "sensor_needed"),
        ({"dynamic": {"sensor": "sensor.ekz_price", "sensor_factor": 0}}, "factor_out_of_range"),
        ({"dynamic": {"sensor": "sensor.ekz_price", "sensor_factor": 8.1}}, "factor_out_of_range"),
        (
            {"dynamic": {"sensor": "sensor.ekz_price", "sensor_surcharge": float("inf")}},
            "no_price",
        ),
        ({"dynamic": {"sensor": "sensor.gone"}}, "sensor_unknown"),
    ],
)
async def test_refused(flow: Flow, entered: dict[str, Any], error: str) -> None:
    """The form says what is wrong, and keeps what was entered."""
    sensor = await ready(flow.home)
    await flow.add()
    wrong = prices(sensor.entity_id) | entered
    await flow.answer(wrong)
    assert flow.result["errors"]["dynamic"] == error
    assert flow.suggested == wrong
    await flow.answer(prices(sensor.entity_id))
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY


async def test_own_price(flow: Flow) -> None:
    """What follows from the tariff cannot be its price: it would follow itself."""
    await ready(flow.home)
    registry = er.async_get(flow.home.hass)
    entry = registry.async_get_or_create("sensor", DOMAIN, "any_grid_price")
    await flow.add()
    await flow.answer(prices(entry.entity_id))
    assert flow.result["errors"]["dynamic"] == "sensor_is_own"
    placeholders = flow.result["description_placeholders"]
    assert placeholders["sensor"] == entry.entity_id


async def test_solar_price_is_needed_too(flow: Flow) -> None:
    """As beside a price."""
    sensor = await ready(flow.home)
    await flow.add()
    await flow.answer(prices(sensor.entity_id, {"charge_point_price": 0.4}))
    assert flow.result["errors"] == {"electricity": "solar_price_needed"}
    await flow.answer(PRICES | {"dynamic": {}, "electricity": {"solar_share": 80}})
    assert flow.result["errors"] == {"electricity": "grid_price_needed"}


async def test_unlikely_surcharge(flow: Flow) -> None:
    """Rappen were entered: asked once."""
    sensor = await ready(flow.home)
    await flow.add()
    await flow.answer(prices(sensor.entity_id, surcharge=11.0))
    assert flow.result["errors"] == {"electricity": "unlikely_price"}
    assert flow.result["description_placeholders"]["price"] == "11 CHF/kWh"


@pytest.mark.parametrize(
    ("others", "error"),
    [
        ({"attributes": {}}, "sensor_without_statistics"),
        ({"attributes": {"state_class": "total"}}, "sensor_without_statistics"),
        ({"mean_type": StatisticMeanType.NONE}, "sensor_without_means"),
        ({"unit": "EUR/MWh"}, "sensor_unit"),
    ],
)
async def test_unfit(flow: Flow, others: dict[str, Any], error: str) -> None:
    """A sensor whose means are none, or none of prices."""
    sensor = PriceSensor(flow.home.hass, **{"attributes": MEASURED} | others)
    sensor.tell(0.2)
    await sensor.compile(HOURS)
    await flow.add()
    await flow.answer(prices(sensor.entity_id))
    assert flow.result["errors"] == {"dynamic": error}
    placeholders = flow.result["description_placeholders"]
    assert placeholders["sensor"] == sensor.entity_id
    if error == "sensor_unit":
        assert (placeholders["unit"], placeholders["needed"]) == ("EUR/MWh", "CHF/kWh")


async def test_unit_of_the_statistics(flow: Flow) -> None:
    """The sensor has another unit now than its statistics have."""
    sensor = await ready(flow.home, unit="CHF/MWh")
    sensor.unit = "CHF/kWh"
    sensor.tell(0.2)
    await flow.add()
    await flow.answer(prices(sensor.entity_id))
    assert flow.result["errors"] == {"dynamic": "sensor_unit"}
    assert flow.result["description_placeholders"]["unit"] == "CHF/MWh"


async def test_no_statistics_yet(flow: Flow) -> None:
    """A new sensor."""
    sensor = PriceSensor(flow.home.hass, attributes=MEASURED)
    sensor.tell("unavailable")
    await flow.add()
    await flow.answer(prices(sensor.entity_id))
    assert flow.result["errors"] == {"dynamic": "sensor_without_means"}
    await sensor.compile(HOURS)
    await flow.answer(prices(sensor.entity_id))
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY


async def test_recorder_does_not_answer(flow: Flow) -> None:
    """Nothing is lost; it can be tried again."""
    sensor = await ready(flow.home)
    await flow.add()
    with patch.object(means, "get_metadata", side_effect=SQLAlchemyError("locked")):
        await flow.answer(prices(sensor.entity_id))
    assert flow.result["errors"] == {"dynamic": "recorder_silent"}
    await flow.answer(flow.suggested)
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY


class TestWhileTheRecorderIsAsked:
    """Another window, or a reload, is quicker than the recorder."""

    @pytest.fixture
    async def first(self, flow: Flow) -> Flow:
        """A tariff without a sensor, about to be corrected to have one."""
        await flow.add()
        await flow.answer(PRICES)
        [subentry_id] = flow.home.entry.subentries
        await flow.correct(subentry_id)
        return flow

    @staticmethod
    async def answer_while(flow: Flow, happens: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        """Choose a sensor; something happens before the recorder answers."""
        sensor = await ready(flow.home)
        ask = price_sensor.async_mean_unit

        async def slow(*args: Any) -> Any:
            await happens()
            return await ask(*args)

        with patch.object(price_sensor, "async_mean_unit", slow):
            return await flow.answer(prices(sensor.entity_id))

    async def test_same_day(self, flow: Flow) -> None:
        """It is said, and what was entered is kept."""
        other = Flow(flow.home)

        async def add() -> None:
            await other.add()
            await other.answer(PRICES)

        await flow.add()
        result = await self.answer_while(flow, add)
        assert result["errors"] == {"valid_from": "same_day"}
        assert flow.suggested["electricity"] == {"solar_share": 80}
        assert [one["dynamic"] for one in flow.tariffs] == [{}]

    async def test_deleted(self, first: Flow) -> None:
        """It does not come back."""

        async def delete() -> None:
            for subentry_id in list(first.home.entry.subentries):
                delete_tariff(first.home, subentry_id)

        assert (await self.answer_while(first, delete))["reason"] == "deleted_meanwhile"
        assert not first.tariffs

    async def test_unloaded(self, first: Flow) -> None:
        """Nothing is stored."""
        entry = first.home.entry
        unload = partial(first.home.hass.config_entries.async_unload, entry.entry_id)
        assert (await self.answer_while(first, unload))["reason"] == "not_loaded"
        assert [one["dynamic"] for one in first.tariffs] == [{}]


async def test_a_sensor_that_went(flow: Flow) -> None:
    """The tariff can still be corrected; a price in its place ends it."""
    sensor = await ready(flow.home)
    await flow.add()
    await flow.answer(prices(sensor.entity_id))
    sensor.remove()
    await sensor.purge()
    [subentry_id] = flow.home.entry.subentries
    await flow.correct(subentry_id)
    assert flow.suggested["dynamic"] == {"sensor": sensor.key}
    await flow.answer(prices(sensor.key, surcharge=0.1))
    assert flow.result["reason"] == "reconfigure_successful"
    assert [one["dynamic"] for one in flow.tariffs] == [
        {"sensor": sensor.key, "sensor_surcharge": 0.1}
    ]
    await flow.correct(subentry_id)
    await flow.answer(PRICES)
    assert [one["dynamic"] for one in flow.tariffs] == [{}]


async def test_another_currency(flow: Flow) -> None:
    """The tariff's changes with Home Assistant's, and the sensor still tells the old one."""
    sensor = await ready(flow.home)
    await flow.add()
    await flow.answer(prices(sensor.entity_id))
    await flow.home.hass.config.async_update(currency="EUR")
    [subentry_id] = flow.home.entry.subentries
    await flow.correct(subentry_id)
    await flow.answer(flow.suggested)
    assert flow.result["errors"] == {"dynamic": "sensor_unit"}
    assert flow.result["description_placeholders"]["needed"] == "EUR/kWh"
