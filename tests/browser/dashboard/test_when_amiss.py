"""What the dashboard shows when something is amiss."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
import json
from pathlib import Path

from playwright.async_api import Route, expect
import pytest

from tools.demonstration.browser import browsing
from tools.demonstration.check import complaints
from tools.demonstration.dashboard import Dashboard

from ..home import Home
from .conftest import AUTUMN, SPRING, Shown

# Days that no other test looks at: between the two changes of clocks.
REFUSED, UNANSWERED = (min(SPRING, AUTUMN) + timedelta(days=days) for days in (60, 70))
LATE = 3.0  # seconds
TRANSLATIONS = Path(__file__).parents[3] / "custom_components" / "climkit" / "translations"


@pytest.fixture(scope="module", autouse=True)
async def mended(home: Home) -> AsyncIterator[None]:
    """After trouble the account would ask for nothing for a while; loaded anew, it does."""
    yield
    await home.simulator.switch(faults=[])
    for entry_id in await home.hass.entry_ids("climkit"):
        await home.hass.command(
            "call_service",
            domain="homeassistant",
            service="reload_config_entry",
            service_data={"entry_id": entry_id},
        )


@pytest.mark.parametrize(
    ("status", "key", "day"), [(400, "refused", REFUSED), (503, "unavailable", UNANSWERED)]
)
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_day_that_is_not_to_be_had(
    home: Home, flat: Shown, language: str, status: int, key: str, day: date
) -> None:
    """The card says why, in the person's language; today is shown as before."""
    fault = {"kind": "status", "status": status, "body": f'"t_s": "{day - timedelta(days=1)}T2'}
    await home.simulator.switch(faults=[fault])
    texts = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))["common"]
    async with browsing(home.hass, language=language) as frontend:
        dashboard = Dashboard(frontend)
        await dashboard.open(flat.path)
        card = dashboard.card("day")
        await card.ready()
        await card.pick(day.isoformat())
        await expect(card.notice).to_contain_text(texts[f"dashboard_error_{key}"])
        await expect(card.notice.get_by_role("button")).to_have_text(texts["dashboard_again"])
        await expect(card.plot).to_be_hidden()
        await card.press("now")
        await expect(card.notice).to_be_hidden()
        await expect(card.plot).to_be_visible()


async def test_a_page_whose_app_comes_late(home: Home, building: Shown) -> None:
    """What the page loads of ours may be there long before Home Assistant's own code."""
    late: list[str] = []

    async def delay(route: Route) -> None:
        late.append(route.request.url)
        await asyncio.sleep(LATE)
        await route.continue_()

    async with browsing(home.hass) as frontend:
        await frontend.page.route("**/frontend_latest/app.*.js", delay)
        dashboard = Dashboard(frontend)
        await dashboard.open(building.path)
        for kind in ("day", "heatmap", "meters", "months"):
            await dashboard.card(kind).ready()
    assert late


def test_nothing_is_complained_of(home: Home) -> None:
    """The log tells of no fault of the integration."""
    assert list(complaints(home.log)) == []
