"""Actions for administrators."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, timedelta
import sqlite3
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from sqlalchemy.exc import OperationalError
import voluptuous as vol

from custom_components.climkit.const import DOMAIN
from custom_components.climkit.measures.series import series_of_site
from custom_components.climkit.services.history import MANY_HOURS, _comparison
from custom_components.climkit.statistics import Difference, recorder
from tests.conftest import NOW, Home
from tests.simulator import Fault, FaultKind
from tests.truth import assert_equal_to_climkit, hourly_changes, known_names, stored_rows

HOUR = timedelta(hours=1)
REVISED = NOW.replace(minute=0) - 30 * HOUR


async def call(home: Home, action: str, **data: object) -> Mapping[str, Any]:
    """Call an action, and wait until its answer is there."""
    answer = await home.hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    await home.settle()
    assert answer is not None
    return answer


def device_id(home: Home, climkit_id: str) -> str:
    """The device of a site or meter."""
    found = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, climkit_id), home.entry.entry_id
    )
    assert found
    return found.id


@pytest.fixture
def site_id(home: Home) -> str:
    """The simulated house."""
    [site_id] = home.simulator.world.sites
    return site_id


def revise(home: Home, site_id: str, column: str) -> None:
    """Let Climkit say another amount of an hour."""
    home.simulator.world.revise(site_id, column, REVISED, REVISED + HOUR, value=1.0)


class TestImportHistory:
    """A stretch is read again."""

    async def test_compare_then_mend(self, home: Home, site_id: str) -> None:
        """A dry run tells what differs and changes nothing; then it is mended, and all is equal.

        Totals follow at once.
        """
        await home.set_up_completely()
        before = await stored_rows(home.hass)
        revise(home, site_id, "conso_total")
        stretch = {
            "device_id": device_id(home, site_id),
            "from": (REVISED - HOUR).isoformat(),
            "to": (REVISED + 5 * HOUR).isoformat(),
        }
        statistic_id = f"climkit:{site_id}_electricity_conso_total"
        found = await call(home, "import_history", **stretch, dry_run=True)
        assert found["hours_that_differed"] == 1
        [hour] = found["hours"]
        assert hour["statistic_id"] == statistic_id
        assert hour["climkit"] == 4.0
        [stored] = [row.amount for row in before[statistic_id] if row.start == REVISED]
        assert hour["stored"] == stored
        assert hour["unit"] == "kWh"
        assert hour["name"] == (await known_names(home.hass))[statistic_id]
        assert await stored_rows(home.hass) == before

        assert await call(home, "import_history", **stretch) == found
        await assert_equal_to_climkit(home)
        total = float(home.state(f"{site_id}_electricity_conso_total").state)
        assert total == pytest.approx((await stored_rows(home.hass))[statistic_id][-1].total)
        again = await call(home, "import_history", **stretch)
        assert (again["hours"], again["is_shortened"]) == ([], False)
        assert again["series"] == found["series"] > 5

    @pytest.mark.parametrize("more", [0, 1])
    def test_many_hours(self, more: int) -> None:
        """The answer lists as many as are of use, and counts all."""
        [series] = series_of_site("a" * 24, "heating", has_battery=False)
        hours = [Difference(REVISED + n * HOUR, None, 1.0) for n in range(MANY_HOURS + more)]
        answer: Mapping[str, Any] = _comparison({series: hours}, {}, UTC)
        assert len(answer["hours"]) == MANY_HOURS
        assert answer["hours_that_differed"] == MANY_HOURS + more
        assert answer["is_shortened"] is bool(more)

    def test_order_and_zone(self) -> None:
        """Hour by hour, whatever the series; times are the site's."""
        one, other = series_of_site("a" * 24, "electricity", has_battery=False)[:2]
        first, second = (Difference(REVISED + n * HOUR, None, 1.0) for n in range(2))
        found = {other: [first, second], one: [first, second]}
        answer: Mapping[str, Any] = _comparison(found, {}, ZoneInfo("America/New_York"))
        hours = [(hour["start"], hour["statistic_id"]) for hour in answer["hours"]]
        ids = sorted([one.statistic_id, other.statistic_id])
        begin = REVISED.astimezone(ZoneInfo("America/New_York"))
        assert hours == [((begin + n * HOUR).isoformat(), key) for n in range(2) for key in ids]

    async def test_one_meter(self, home: Home, site_id: str) -> None:
        """Only its own series are looked at."""
        await home.set_up_completely()
        meter_id = next(
            series.meter_id
            for series in home.sites[0].series.values()
            if series.key == "total" and series.meter_id
        )
        revise(home, site_id, "conso_total")
        found = await call(
            home,
            "import_history",
            device_id=device_id(home, meter_id),
            **{"from": (REVISED - HOUR).isoformat()},
        )
        assert found["hours"] == []
        assert 1 <= found["series"] <= 3

    async def test_part_of_an_hour(self, home: Home, site_id: str) -> None:
        """Hours are read whole, also the one in which the stretch ends."""
        await home.set_up_completely()
        revise(home, site_id, "conso_total")
        found = await call(
            home,
            "import_history",
            device_id=device_id(home, site_id),
            dry_run=True,
            **{
                "from": (REVISED + HOUR / 6).isoformat(),
                "to": (REVISED + HOUR / 3).isoformat(),
            },
        )
        assert found["hours_that_differed"] == 1

    async def test_withdrawn_hour(self, home: Home, site_id: str) -> None:
        """Climkit has nothing any more where something is stored."""
        await home.set_up_completely()
        home.simulator.world.revise(site_id, "conso_total", REVISED, REVISED + HOUR, withdraw=True)
        stretch = {"device_id": device_id(home, site_id), "from": (REVISED - HOUR).isoformat()}
        for dry_run in (True, False):
            found = await call(home, "import_history", **stretch, dry_run=dry_run)
            [hour] = found["hours"]
            assert hour["climkit"] is None
            assert hour["stored"] > 0
        assert (await call(home, "import_history", **stretch))["hours"] == []
        changes = await hourly_changes(home)
        assert changes[f"climkit:{site_id}_electricity_conso_total"][REVISED] == 0

    async def test_many_calls_at_once(self, home: Home, site_id: str) -> None:
        """They wait for each other; each statistic has one writer."""
        await home.set_up_completely()
        revise(home, site_id, "conso_total")
        stretch = {"device_id": device_id(home, site_id), "from": (REVISED - HOUR).isoformat()}
        answers = await asyncio.gather(*(call(home, "import_history", **stretch) for _ in range(5)))
        assert sorted(one["hours_that_differed"] for one in answers) == [0, 0, 0, 0, 1]
        await assert_equal_to_climkit(home)
        assert home.simulator.overlaps == 0

    @pytest.mark.parametrize(
        ("data", "key"),
        [
            ({"from": "2026-11-20 00:00:00", "to": "2026-11-19 00:00:00"}, "from_after_to"),
            ({"from": "2026-11-25 00:00:00", "to": "2026-11-26 00:00:00"}, "from_in_future"),
            ({"from": "2026-11-25 00:00:00"}, "from_in_future"),
            ({"from": "2020-01-01 00:00:00", "to": "2020-02-01 00:00:00"}, "nothing_stored"),
        ],
    )
    async def test_wrong_stretch(
        self, home: Home, site_id: str, data: dict[str, str], key: str
    ) -> None:
        """It is said what is wrong."""
        await home.set_up_completely()
        with pytest.raises(ServiceValidationError) as error:
            await call(home, "import_history", device_id=device_id(home, site_id), **data)
        assert error.value.translation_key == key

    async def test_wrong_device(self, home: Home, site_id: str) -> None:
        """A device of nobody, and one of an entry that is not loaded."""
        await home.set_up_completely()
        known = device_id(home, site_id)
        with pytest.raises(ServiceValidationError) as error:
            await call(home, "import_history", device_id="nobody", **{"from": "2026-11-19 00:00"})
        assert error.value.translation_key == "unknown_device"
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        with pytest.raises(ServiceValidationError) as error:
            await call(home, "import_history", device_id=known, **{"from": "2026-11-19 00:00"})
        assert error.value.translation_key == "not_loaded"

    async def test_climkit_is_down(self, home: Home, site_id: str) -> None:
        """The person is told; nothing stored is lost."""
        await home.set_up_completely()
        home.simulator.switches.faults = [Fault(kind=FaultKind.DISCONNECT)]
        before = await stored_rows(home.hass)
        with pytest.raises(HomeAssistantError) as error:
            await call(
                home,
                "import_history",
                device_id=device_id(home, site_id),
                **{"from": "2026-11-19 00:00"},
            )
        assert error.value.translation_key == "cannot_connect"
        assert await stored_rows(home.hass) == before

    async def test_only_for_administrators(
        self, home: Home, site_id: str, hass_read_only_user: MockUser
    ) -> None:
        """Others are refused."""
        await home.set_up()
        with pytest.raises(Unauthorized):
            await home.hass.services.async_call(
                DOMAIN,
                "import_history",
                {"device_id": device_id(home, site_id), "from": "2026-11-19 00:00"},
                blocking=True,
                context=Context(user_id=hass_read_only_user.id),
            )


class TestDeleteStatistics:
    """Statistics go, and it is said which."""

    async def test_meter(self, home: Home) -> None:
        """Its statistics are listed, deleted, and read anew as it is still chosen."""
        await home.set_up_completely()
        meter_id = list(home.sites[0].meters)[1]
        own = {key: name for key, name in (await known_names(home.hass)).items() if meter_id in key}
        assert own
        listed = await call(
            home, "delete_statistics", device_id=device_id(home, meter_id), dry_run=True
        )
        assert {one["statistic_id"]: one["name"] for one in listed["deleted"]} == own
        assert own.keys() <= (await stored_rows(home.hass)).keys()

        before = len(home.simulator.requests)
        assert await call(home, "delete_statistics", device_id=device_id(home, meter_id)) == listed
        await home.until(lambda: home.is_complete)
        await home.settle()
        assert len(home.simulator.requests) > before
        await assert_equal_to_climkit(home)

    async def test_what_has_no_device(self, home: Home) -> None:
        """Of an entry that was removed; what is in use is never meant."""
        await home.set_up_completely()
        assert await call(home, "delete_statistics", without_device=True) == {"deleted": []}
        await home.hass.config_entries.async_unload(home.entry.entry_id)  # Climkit is down, say
        assert await call(home, "delete_statistics", without_device=True) == {"deleted": []}
        await home.hass.config_entries.async_remove(home.entry.entry_id)
        await home.hass.async_block_till_done()
        stored = await stored_rows(home.hass)
        found = await home.hass.services.async_call(
            DOMAIN,
            "delete_statistics",
            {"without_device": True},
            blocking=True,
            return_response=True,
        )
        assert found is not None
        assert [one["statistic_id"] for one in found["deleted"]] == sorted(stored)
        assert await stored_rows(home.hass) == {}

    @pytest.mark.parametrize("data", [{}, {"without_device": False}])
    async def test_nothing_named(self, home: Home, data: dict[str, bool]) -> None:
        """One of both has to be said; what is not meant is not done."""
        await home.set_up()
        with pytest.raises(vol.Invalid):
            await call(home, "delete_statistics", **data)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("get_statement", {"from": "2026-11-18"}),
        ("import_history", {"from": "2026-11-19 00:00"}),
        ("delete_statistics", {}),
        ("set_up_energy_dashboard", {}),
    ],
)
async def test_database_does_not_answer(
    home: Home,
    site_id: str,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    data: dict[str, object],
) -> None:
    """A server that restarts, a disk in trouble: it is said so, in words.

    Nothing was changed, and the action works when that is over.
    """

    def gone(*_: object, **__: object) -> NoReturn:
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk I/O error"))

    assert await async_setup_component(home.hass, "energy", {})
    await home.set_up_completely()
    before = await stored_rows(home.hass)
    with monkeypatch.context() as trouble:
        for name in ("get_metadata", "statistics_during_period", "get_last_statistics"):
            trouble.setattr(recorder, name, gone)
        with pytest.raises(HomeAssistantError) as error:
            await call(home, action, device_id=device_id(home, site_id), **data)
    assert await stored_rows(home.hass) == before
    assert await call(home, action, device_id=device_id(home, site_id), **data)
    assert error.value.translation_key == "recorder_silent"
    assert str(error.value) == "disk I/O error"
    texts = await async_get_translations(home.hass, "en", "exceptions", [DOMAIN])
    assert "component.climkit.exceptions.recorder_silent.message" in texts
