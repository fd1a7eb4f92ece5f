"""Asking for statements, and looking at them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from homeassistant.core import Context
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.climkit.const import DOMAIN
from tests.conftest import Home
from tests.costs.bill import (
    ZURICH,
)

LOW = {"weekday": "12-17, 23-07", "saturday": "0-24"}


async def state(
    home: Home,
    climkit_id: str,
    first: str,
    last: str | None = None,
    *,
    user: MockUser | None = None,
    **data: str,
) -> Any:
    """The statement of a site or meter, for a user."""
    device = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, climkit_id), home.entry.entry_id
    )
    assert device
    data |= {"device_id": device.id, "from": first} | ({"to": last} if last else {})
    return await home.hass.services.async_call(
        DOMAIN,
        "get_statement",
        data,
        blocking=True,
        return_response=True,
        context=Context(user_id=user.id) if user else None,
    )


def row_of(answer: Mapping[str, Any], climkit_id: str) -> dict[str, Any]:
    """The row of a site or meter."""
    [row] = [row for row in answer["rows"] if row["id"] == climkit_id]
    return dict(row)


def assert_near(found: float | None, expected: float) -> None:
    """The same to a millionth of a unit."""
    assert found is not None
    assert abs(found - expected) < 1e-5, (found, expected)


def within(hours: Mapping[datetime, float], first: date, last: date) -> dict[datetime, float]:
    """The hours of some local days."""
    return {
        hour: value
        for hour, value in hours.items()
        if first <= hour.astimezone(ZURICH).date() <= last
    }
