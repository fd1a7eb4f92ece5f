"""What is taken from the grid at the high and the low tariff, as two sources of the dashboard."""

from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from tests.conftest import Home
from tests.costs.bill import add_tariff, tariff
from tests.energy_dashboard.house import (
    EMPTY,
    call,
    charge_points,
    coordinator,
    device,
    ids,
    issues,
    meter,
    site_device,
    stored,
)

pytestmark = pytest.mark.default_entities


@pytest.fixture
async def with_low_tariff(house: Home) -> Home:
    """The house, with a tariff that has low-tariff hours."""
    prices = {"grid_price": 0.29, "grid_price_low": 0.18, "solar_price": 0.17}
    site_id = coordinator(house).site.id
    add_tariff(house, tariff(site_id, "2026-01-01", weekday="12-17, 23-07", **prices))
    await house.settle()
    return house


async def test_site(with_low_tariff: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Two sources with what each costs; what flows back, and the power, are told once."""
    own = f"climkit:{coordinator(with_low_tariff).site.id}_electricity_"
    answer = await call(with_low_tariff, device_id=site_device(with_low_tariff), by_tariff=True)
    high, low = (one for one in answer["added"]["energy_sources"] if one["type"] == "grid")
    assert high["stat_energy_from"] == f"{own}from_ext_high"
    assert high["stat_cost"] == f"{own}from_ext_high_cost"
    assert high["stat_energy_to"] == f"{own}to_ext"
    assert low["stat_energy_from"] == f"{own}from_ext_low"
    assert low["stat_cost"] == f"{own}from_ext_low_cost"
    assert low["stat_energy_to"] is low["stat_compensation"] is None
    assert "stat_rate" not in low
    assert (high["name"], low["name"]) == (
        "Les Tilleuls high tariff",
        "Les Tilleuls low tariff",
    )
    assert await issues(with_low_tariff, hass_ws_client) == []
    again = await call(with_low_tariff, device_id=site_device(with_low_tariff), by_tariff=True)
    assert (again["added"], again["removed"]) == (EMPTY, [])

    # The whole would count again what its parts count.
    answer = await call(with_low_tariff, device_id=site_device(with_low_tariff))
    assert not any(one["type"] == "grid" for one in answer["added"]["energy_sources"])
    [grid] = [one for one in answer["skipped"] if one["kind"] == "grid"]
    assert grid["reason"] == "same_energy"

    flat = device(with_low_tariff, meter(with_low_tariff, "Flat 1"))
    with pytest.raises(ServiceValidationError) as error:
        await call(with_low_tariff, device_id=flat, by_tariff=True)
    assert error.value.translation_key == "other_perspective"


async def test_flat(with_low_tariff: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Its costs are those of solar too, as without tariffs; a whole grid keeps its parts away."""
    flat = meter(with_low_tariff, "Flat 3")
    asked = {"device_id": device(with_low_tariff, flat), "by_tariff": True}
    listed = await call(with_low_tariff, **asked, dry_run=True)
    sources = [one for one in listed["added"]["energy_sources"] if one["type"] == "grid"]
    assert ids(sources) == [
        {
            "stat_energy_from": f"climkit:{flat}_ext_{name}",
            "stat_cost": f"climkit:{flat}_total_{name}_cost",
        }
        for name in ("high", "low")
    ]
    assert await call(with_low_tariff, **asked) == listed
    assert await issues(with_low_tariff, hass_ws_client) == []
    with pytest.raises(ServiceValidationError) as error:
        await call(with_low_tariff, device_id=site_device(with_low_tariff))
    assert error.value.translation_key == "other_perspective"


async def test_whole_grid_is_there(with_low_tariff: Home) -> None:
    """Its parts are left out."""
    flat = device(with_low_tariff, meter(with_low_tariff, "Flat 3"))
    await call(with_low_tariff, device_id=flat)
    answer = await call(with_low_tariff, device_id=flat, by_tariff=True)
    assert answer["added"] == EMPTY
    reasons = [one["reason"] for one in answer["skipped"] if one["kind"] == "grid"]
    assert reasons == ["same_energy", "same_energy"]


async def test_charge_point(with_low_tariff: Home) -> None:
    """It has a price of its own, and nothing of it is told by tariff: it is said."""
    before = await stored(with_low_tariff)
    point = device(with_low_tariff, charge_points(with_low_tariff)[0])
    with pytest.raises(ServiceValidationError) as error:
        await call(with_low_tariff, device_id=point, by_tariff=True)
    assert error.value.translation_key == "not_by_tariff"
    assert await stored(with_low_tariff) == before
    assert (await call(with_low_tariff, device_id=point))["added"] != EMPTY


async def test_without_totals(with_low_tariff: Home) -> None:
    """The meter at the grid connection is not told by tariff: it is said."""
    await with_low_tariff.choose(site_totals=False)
    await with_low_tariff.complete()
    before = await stored(with_low_tariff)
    with pytest.raises(ServiceValidationError) as error:
        await call(with_low_tariff, device_id=site_device(with_low_tariff), by_tariff=True)
    assert error.value.translation_key == "not_by_tariff"
    assert await stored(with_low_tariff) == before


async def test_without_low_tariff(house: Home) -> None:
    """It is said, and nothing is added."""
    before = await stored(house)
    with pytest.raises(ServiceValidationError) as error:
        await call(house, device_id=site_device(house), by_tariff=True)
    assert error.value.translation_key == "no_low_tariff"
    assert await stored(house) == before
