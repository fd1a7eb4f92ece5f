"""What the action that sets up the Energy dashboard refuses."""

import asyncio
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import MockUser
import voluptuous as vol

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.energy_dashboard import preferences
from tests.conftest import Home
from tests.energy_dashboard.house import ACTION, call, configure, device, meter, site_device, stored

pytestmark = pytest.mark.default_entities


class TestWrongCalls:
    """Each is refused with its text."""

    async def test_texts(self, house: Home, hass_read_only_user: MockUser) -> None:
        """What is wrong is said, in words, and nothing is stored."""
        texts = await async_get_translations(house.hass, "en", "exceptions", [DOMAIN])
        site, flat = site_device(house), device(house, meter(house, "Flat 1"))
        other = device(house, meter(house, "Flat 2"))
        heating = device(house, meter(house, "Heating flat 1"))
        roof = device(house, meter(house, "PV roof"))
        cold = device(house, meter(house, "Cold water flat 1"))
        before = await stored(house)

        def within(one: str, parent: str) -> dict[str, str]:
            return {"device_id": one, "parent": parent}

        for data, key in (
            ({"device_id": "nobody"}, "unknown_device"),
            ({"device_id": heating}, "no_consumer"),
            ({"device_id": roof}, "no_consumer"),
            ({"device_id": site, "water": [cold]}, "water_of_site"),
            ({"device_id": flat, "water": [heating]}, "no_water_meter"),
            ({"device_id": flat, "included_in": [within(flat, other)]}, "parent_of_meter"),
            ({"device_id": site, "included_in": [within(flat, heating)]}, "parent_no_consumer"),
            (
                {"device_id": site, "included_in": [within(flat, other), within(other, flat)]},
                "parent_in_circle",
            ),
        ):
            with pytest.raises(ServiceValidationError) as error:
                await call(house, **data)
            assert error.value.translation_key == key
            assert f"component.climkit.exceptions.{key}.message" in texts
        with pytest.raises(vol.Invalid):
            await call(house, device_id=site, also=["gas"])
        with pytest.raises(Unauthorized):
            await house.hass.services.async_call(
                DOMAIN,
                ACTION,
                {"device_id": site},
                blocking=True,
                context=Context(user_id=hass_read_only_user.id),
            )
        await house.hass.config_entries.async_unload(house.entry.entry_id)
        with pytest.raises(ServiceValidationError) as error:
            await call(house, device_id=site)
        assert error.value.translation_key == "not_loaded"
        assert await stored(house) == before

    async def test_without_energy(self, home: Home) -> None:
        """A Home Assistant without the dashboard."""
        await home.set_up()
        with pytest.raises(ServiceValidationError) as error:
            await call(home, device_id=site_device(home))
        assert error.value.translation_key == "no_energy"

    async def test_what_home_assistant_refuses(self, house: Home) -> None:
        """A dashboard that its own schemas refuse is not touched."""
        await configure(house, device_consumption=[{"name": "without a statistic"}])
        before = await stored(house)
        with pytest.raises(ServiceValidationError) as error:
            await call(house, device_id=site_device(house))
        assert error.value.translation_key == "dashboard_refused"
        assert await stored(house) == before


async def test_unloaded_meanwhile(house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no longer read is not added; the caller is told."""
    before, ask = await stored(house), preferences.async_known_names

    async def slow(*args: Any) -> Any:
        unload = house.hass.config_entries.async_unload(house.entry.entry_id)
        await asyncio.shield(house.hass.async_create_task(unload))
        return await ask(*args)

    monkeypatch.setattr(preferences, "async_known_names", slow)
    with pytest.raises(HomeAssistantError) as error:
        await call(house, device_id=site_device(house))
    assert error.value.translation_key == "unloaded_meanwhile"
    assert await stored(house) == before
