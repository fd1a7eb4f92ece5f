"""How a user sets up the Energy dashboard in the options."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.data_entry_flow import FlowResultType
import pytest
from sqlalchemy.exc import SQLAlchemyError

from custom_components.climkit.energy_dashboard import preferences
from custom_components.climkit.flows import energy_dashboard
from custom_components.climkit.statistics import recorder
from custom_components.climkit.statistics.recorder import RecorderEndedError, RecorderSilentError
from tests.conftest import Home
from tests.costs.bill import add_tariff, tariff
from tests.energy_dashboard.house import (
    call,
    charge_points,
    configure,
    coordinator,
    device,
    meter,
    parents,
    site_device,
    stored,
)
from tests.simulator import World, single_house

pytestmark = pytest.mark.default_entities


class Steps:
    """A person's way through the forms."""

    async def start(self, home: Home) -> ConfigFlowResult:
        """Choose the offer in the menu."""
        flows = home.hass.config_entries.options
        shown = await flows.async_init(home.entry.entry_id)
        assert shown["type"] is FlowResultType.MENU
        return await self.answer(home, shown, {"next_step_id": "energy_dashboard"})

    async def answer(
        self, home: Home, shown: ConfigFlowResult, data: dict[str, Any]
    ) -> ConfigFlowResult:
        """Fill in a form."""
        flows = home.hass.config_entries.options
        return await flows.async_configure(shown["flow_id"], data)

    def suggested(self, shown: ConfigFlowResult) -> dict[str, Any]:
        """What a form suggests."""
        schema = shown["data_schema"]
        assert schema
        keys = [key for key in schema.schema if key.description]
        return {str(key): key.description["suggested_value"] for key in keys}


class TestHouse(Steps):
    """A house with a single consumer, and without water meters."""

    @pytest.fixture
    def world(self, now: datetime) -> World:
        """Consumption, PV and the grid."""
        return World.of(replace(single_house(1, now, timedelta(days=8)), faultless=True))

    async def test_asks_for_no_water(self, house: Home) -> None:
        """A field without anything to choose would only puzzle."""
        shown = await self.start(house)
        schema = shown["data_schema"]
        assert schema
        assert set(schema.schema) == {"owner", "also"}

    async def test_asks_for_no_parts(self, house: Home) -> None:
        """A single consumer is a part of no other one."""
        site = {"owner": coordinator(house).site.id}
        shown = await self.answer(house, await self.start(house), site)
        assert shown["step_id"] == "energy_dashboard_confirm"
        assert shown["data_schema"] is not None
        assert not shown["data_schema"].schema


class TestOptionsFlow(Steps):
    """The same, offered to a person."""

    async def test_offer(self, house: Home) -> None:
        """It is listed first; the wrong is said; then it is added and the choice stays."""
        flat, pump = meter(house, "Flat 1"), meter(house, "Cold water flat 1")
        options = dict(house.entry.options)
        site_id = coordinator(house).site.id
        shown = await self.start(house)
        shown = await self.answer(house, shown, {"owner": site_id, "water": [pump]})
        assert shown["errors"] == {"base": "water_of_site"}
        assert self.suggested(shown) == {"owner": site_id, "water": [pump]}
        before = await stored(house)
        shown = await self.answer(house, shown, {"owner": flat, "water": [pump]})
        assert shown["step_id"] == "energy_dashboard_confirm"
        assert await stored(house) == before
        placeholders = shown["description_placeholders"]
        assert placeholders
        assert "- Grid · Les Tilleuls Flat 1 Grid energy" in placeholders["added"]
        assert "- Water · Les Tilleuls Cold water flat 1 " in placeholders["added"]
        shown = await self.answer(house, shown, {})
        assert (shown["type"], shown["reason"]) == (FlowResultType.ABORT, "dashboard_set_up")
        assert f"climkit:{flat}_ext" in await stored(house)
        assert dict(house.entry.options) == options

        shown = await self.answer(house, await self.start(house), {"owner": flat})
        assert shown["reason"] == "nothing_to_add"
        shown = await self.answer(house, await self.start(house), {"owner": site_id})
        assert shown["errors"] == {"base": "other_perspective"}

        await house.hass.config_entries.async_unload(house.entry.entry_id)
        assert (await self.start(house))["reason"] == "not_loaded"

    async def test_by_tariff(self, house: Home) -> None:
        """It is asked where there is a low tariff, and shown so to who wants it."""
        flat = meter(house, "Flat 1")
        shown = await self.start(house)
        assert shown["data_schema"]
        assert "by_tariff" not in shown["data_schema"].schema
        prices = {"grid_price": 0.29, "grid_price_low": 0.18, "solar_price": 0.17}
        site_id = coordinator(house).site.id
        add_tariff(house, tariff(site_id, "2026-01-01", weekday="12-17, 23-07", **prices))
        await house.settle()
        shown = await self.start(house)
        assert shown["data_schema"]
        assert shown["data_schema"]({"owner": flat})["by_tariff"] is False
        shown = await self.answer(house, shown, {"owner": flat, "by_tariff": True})
        await self.answer(house, shown, {})
        sources = json.loads(await stored(house))["energy_sources"]
        grids = {one["stat_energy_from"] for one in sources if one["type"] == "grid"}
        assert grids == {f"climkit:{flat}_ext_high", f"climkit:{flat}_ext_low"}

    async def test_meters_within_others(self, house: Home) -> None:
        """What the data tell is shown; it is added only as it was shown after a correction."""
        site = {"owner": coordinator(house).site.id}
        points = [device(house, one) for one in charge_points(house)]
        garage = device(house, meter(house, "Garage"))
        before = await stored(house)
        shown = await self.answer(house, await self.start(house), site)
        assert self.rows(shown) == [{"device_id": one, "parent": garage} for one in points]
        assert "(Included in Les Tilleuls Garage Energy)" in self.told(shown, "added")

        corrected = [{"device_id": points[0]}]
        shown = await self.answer(house, shown, {"included_in": corrected})
        assert shown["step_id"] == "energy_dashboard_confirm"
        assert self.rows(shown) == corrected
        assert "Included in" not in self.told(shown, "added")
        assert "enter it, or state that there is none" in self.told(shown, "skipped")
        assert await stored(house) == before
        shown = await self.answer(house, shown, {"included_in": corrected})
        assert shown["reason"] == "dashboard_set_up"
        devices = json.loads(await stored(house))["device_consumption"]
        shown_points = {f"climkit:{one}_total" for one in charge_points(house)}
        assert len(shown_points & {one["stat_consumption"] for one in devices}) == 1
        assert parents(devices) == {}

        shown = await self.answer(house, await self.start(house), site)
        shown = await self.answer(house, shown, {})
        assert parents(json.loads(await stored(house))["device_consumption"])
        shown = await self.answer(house, await self.start(house), site)
        assert shown["reason"] == "nothing_to_add"

    async def test_wrong_row(self, house: Home) -> None:
        """What is no consumer is refused in words, and nothing is stored."""
        before = await stored(house)
        shown = await self.answer(
            house, await self.start(house), {"owner": coordinator(house).site.id}
        )
        row = {"device_id": site_device(house)}
        shown = await self.answer(house, shown, {"included_in": [row]})
        assert shown["errors"] == {"base": "parent_no_consumer"}
        assert await stored(house) == before

    async def test_recorder_has_ended(self, house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing can be found out; the form says so."""

        async def ended(*_: object) -> None:
            raise RecorderEndedError("The recorder has ended")

        monkeypatch.setattr(preferences, "async_last_rows", ended)
        site = {"owner": coordinator(house).site.id}
        shown = await self.answer(house, await self.start(house), site)
        assert shown["errors"] == {"base": "not_stored"}

    async def test_database_does_not_answer(
        self, house: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whichever question has no answer: the form says so, and nothing is stored."""
        before, choice = await stored(house), {"owner": meter(house, "Flat 1")}
        real = recorder.get_metadata

        def silent_after(answers: int) -> None:
            left = iter(range(answers))

            def ask(*args: Any, **kwargs: Any) -> Any:
                if next(left, None) is None:
                    raise SQLAlchemyError("locked")
                return real(*args, **kwargs)

            monkeypatch.setattr(recorder, "get_metadata", ask)

        for answers in (0, 1):
            silent_after(answers)
            shown = await self.answer(house, await self.start(house), choice)
            assert shown["errors"] == {"base": "recorder_silent"}
            silent_after(2)
            shown = await self.answer(house, shown, choice)
            assert shown["step_id"] == "energy_dashboard_confirm"
            silent_after(answers)
            shown = await self.answer(house, shown, {})
            assert shown["errors"] == {"base": "recorder_silent"}
        assert await stored(house) == before

    @pytest.mark.usefixtures("knows_home")
    async def test_home_that_would_be_removed(self, house: Home) -> None:
        """It is shown, and so permitted; one that came meanwhile was not shown, and stays."""
        one, other, third = (meter(house, f"Flat {number}") for number in (1, 2, 3))
        await call(house, device_id=device(house, one))
        shown = await self.answer(house, await self.start(house), {"owner": other})
        assert self.told(shown, "removed") == "- Home consumption · Les Tilleuls Flat 1 Energy"
        shown = await self.answer(house, shown, {})
        assert shown["reason"] == "dashboard_set_up"
        sources = json.loads(await stored(house))["energy_sources"]
        assert "home" not in {source["type"] for source in sources}

        shown = await self.answer(house, await self.start(house), {"owner": third})
        assert self.told(shown, "removed") == "—"
        home = {"type": "home", "stat_energy_to": f"climkit:{one}_total"}
        await configure(house, energy_sources=[*sources, home])
        before = await stored(house)
        shown = await self.answer(house, shown, {})
        assert shown["errors"] == {"base": "home_would_be_wrong"}
        assert await stored(house) == before

    def rows(self, shown: ConfigFlowResult) -> list[dict[str, str]]:
        """Which meter is a part of which, as the form suggests."""
        schema = shown["data_schema"]
        assert schema
        filled: dict[str, list[dict[str, str]]] = schema({})
        return filled["included_in"]

    def told(self, shown: ConfigFlowResult, key: str) -> str:
        """What the form says."""
        placeholders = shown["description_placeholders"]
        assert placeholders
        return placeholders[key]

    async def test_changed_before_it_was_confirmed(self, house: Home) -> None:
        """Somebody set the other perspective up meanwhile: the form says so, nothing is added."""
        flat = meter(house, "Flat 1")
        shown = await self.answer(house, await self.start(house), {"owner": flat})
        assert shown["step_id"] == "energy_dashboard_confirm"
        await call(house, device_id=site_device(house))
        before = await stored(house)
        shown = await self.answer(house, shown, {})
        assert shown["step_id"] == "energy_dashboard"
        assert shown["errors"] == {"base": "other_perspective"}
        assert await stored(house) == before

    async def test_unloaded_before_it_was_confirmed(self, house: Home) -> None:
        """What was offered may not be there any more: nothing is added."""
        flat = meter(house, "Flat 1")
        shown = await self.answer(house, await self.start(house), {"owner": flat})
        before = await stored(house)
        await house.hass.config_entries.async_unload(house.entry.entry_id)
        shown = await self.answer(house, shown, {})
        assert shown["reason"] == "not_loaded"
        assert await stored(house) == before

    @pytest.mark.parametrize("is_back", [False, True], ids=["unloaded", "reloaded"])
    async def test_while_the_recorder_is_asked(
        self, house: Home, monkeypatch: pytest.MonkeyPatch, *, is_back: bool
    ) -> None:
        """It answers at last, or not: the form says that, and nothing is added."""
        before, entries = await stored(house), house.hass.config_entries
        entry_id = house.entry.entry_id

        async def end() -> None:
            assert await entries.async_unload(entry_id)
            if is_back:
                assert await entries.async_setup(entry_id)

        async def silent(*_: Any) -> Any:
            await asyncio.shield(house.hass.async_create_task(end()))
            raise RecorderSilentError("locked")

        site_id = coordinator(house).site.id
        shown = await self.answer(house, await self.start(house), {"owner": site_id})
        monkeypatch.setattr(energy_dashboard, "async_known_names", silent)
        shown = await self.answer(house, shown, {})
        assert (shown.get("reason"), shown.get("errors")) == (
            (None, {"base": "recorder_silent"}) if is_back else ("not_loaded", None)
        )
        if is_back:
            monkeypatch.setattr(preferences, "async_last_rows", silent)
            shown = await self.answer(house, shown, {"owner": site_id})
            assert shown["reason"] == "not_loaded"
        await house.hass.async_block_till_done()  # it may still be set up again
        assert await stored(house) == before
