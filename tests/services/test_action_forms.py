"""The forms of the actions give what their schemas take: same fields, fitting selectors."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from itertools import product
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import selector
import pytest
import voluptuous as vol
import yaml

from custom_components.climkit.api import Meter, MeterMode
from custom_components.climkit.const import DOMAIN
from custom_components.climkit.feeds.plausibility import HEAT_LIMIT, SITE_FACTOR
from custom_components.climkit.flows.energy_dashboard import _PARENTS
from custom_components.climkit.measures.series import series_of_meter, series_of_site
from custom_components.climkit.measures.table import METER_TYPES
from custom_components.climkit.services import async_setup_services
from custom_components.climkit.services.target import plausible_day, plausible_time

FILE = Path(__file__).parents[2] / "custom_components" / "climkit" / "services.yaml"
ACTIONS: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))

# What a form of a kind gives, as Home Assistant's frontend sends it.
GIVEN: dict[str, Any] = {
    "datetime": "2026-11-02 13:45:00",
    "date": "2026-11-02",
    "boolean": True,
    "device": "4f0f3f9a6d2b4f2f9f0e1c2d3b4a5f60",
    "text": "total",
    "number": 15.5,
}


def fields_of(schema: Any) -> dict[Any, Any]:
    """The fields of an action's schema, by their markers."""
    if isinstance(schema, vol.All):
        [schema] = [one for one in schema.validators if isinstance(one, vol.Schema)]
    return dict(schema.schema)


def given(kind: str, config: dict[str, Any] | None) -> Any:
    """What a person enters in a field."""
    config = config or {}
    if kind == "select":
        value = config["options"]
        return value if config.get("multiple") else value[0]
    if kind == "object":
        return [
            {key: given(*next(iter(f["selector"].items()))) for key, f in config["fields"].items()}
        ]
    return [GIVEN[kind]] if config.get("multiple") else GIVEN[kind]


def is_yes_or_no(validator: Any) -> bool:
    """Whether a field takes what means yes."""
    try:
        return vol.Schema(validator)("yes") is True
    except vol.Invalid:
        return False


def words_of(validator: Any) -> Collection[str]:
    """The words that a field takes, where it takes no others."""
    if isinstance(validator, vol.In):
        return [str(word) for word in validator.container]
    parts = validator if isinstance(validator, list) else getattr(validator, "validators", ())
    return next(filter(None, map(words_of, parts)), [])


@pytest.fixture
def schemas(hass: HomeAssistant) -> dict[str, Any]:
    """The registered actions' schemas."""
    async_setup_services(hass)
    return {key: one.schema for key, one in hass.services.async_services()[DOMAIN].items()}


@pytest.mark.parametrize("action", ACTIONS)
def test_form(schemas: dict[str, Any], action: str) -> None:
    """Each field, required or not, with its default; what the form gives is taken as it is."""
    markers = {str(marker): marker for marker in fields_of(schemas[action])}
    validators = {str(marker): one for marker, one in fields_of(schemas[action]).items()}
    form = ACTIONS[action]["fields"]
    assert form.keys() == markers.keys()
    for name, field in form.items():
        assert field.get("required", False) is isinstance(markers[name], vol.Required), name
        default = getattr(markers[name], "default", vol.UNDEFINED)
        if "default" in field:
            assert default() == field["default"], name
        [(kind, config)] = field["selector"].items()
        value = selector(field["selector"])(given(kind, config))
        taken = vol.Schema(validators[name])(value)
        read = {"datetime": cv.datetime, "date": cv.date}.get(kind, lambda one: one)
        assert taken == read(value), name
        # A day alone would be its midnight, and a text anything.
        assert (kind == "datetime") is (validators[name] is plausible_time), name
        assert (kind == "date") is (validators[name] is plausible_day), name
        assert (kind == "boolean") is is_yes_or_no(validators[name]), name
    for name in ("example", "default"):
        for key, field in form.items():
            if name in field:
                vol.Schema(validators[key])(field[name])


@pytest.mark.parametrize("action", ACTIONS)
def test_choices(schemas: dict[str, Any], action: str) -> None:
    """Each word that a form offers is taken, and no number that its action refuses.

    Where only some words are taken, all of them are offered.
    """
    validators = {str(marker): one for marker, one in fields_of(schemas[action]).items()}
    for name, field in ACTIONS[action]["fields"].items():
        if select := field["selector"].get("select"):
            for word in select["options"]:
                vol.Schema(validators[name])([word] if select.get("multiple") else word)
        if words := words_of(validators[name]):
            assert set(select["options"]) == set(words), name
        if number := field["selector"].get("number"):
            assert 0 < number["min"] <= 0.01, "a flat uses little water in a quarter-hour"
            assert number["max"] >= SITE_FACTOR * HEAT_LIMIT, "nobody may have more than is usual"
            assert number["step"] == "any"


@pytest.mark.parametrize("action", ACTIONS)
def test_only_devices_of_ours_are_offered(action: str) -> None:
    """Of any other device an action can only say that it does not know it."""
    for name, field in ACTIONS[action]["fields"].items():
        [(kind, config)] = field["selector"].items()
        fields = config["fields"].values() if kind == "object" else [field]
        for one in fields:
            if (device := one["selector"].get("device")) is not None:
                filters = device["filter"]
                filters = filters if isinstance(filters, list) else [filters]
                assert {one["integration"] for one in filters} == {DOMAIN}, name


def test_only_meters_are_offered() -> None:
    """Where a meter is needed: by their model, whatever language names them in."""
    names = {
        kind["name"]
        for path in (FILE.parent / "translations").iterdir()
        for key, kind in json.loads(path.read_text(encoding="utf-8"))["device"].items()
        if key in METER_TYPES
    }
    for action in ("get_meter_data", "get_meter_readings"):
        filters = ACTIONS[action]["fields"]["device_id"]["selector"]["device"]["filter"]
        assert {one["integration"] for one in filters} == {DOMAIN}
        assert {one["model"] for one in filters} == names


def test_each_measure_is_offered() -> None:
    """Those of meters, and those of a site with their kind before."""
    meters = [
        Meter(id=f"{n:024}", type=kind, mode=mode, name=None, bus_address=None, is_rule_meter=False)
        for n, (kind, mode) in enumerate(product(METER_TYPES, MeterMode))
    ]
    known = {one.id: one for one in meters}
    series = {
        one.key
        for by_site in (True, False)
        for meter in known.values()
        for one in series_of_meter("a" * 24, meter, has_column=False, by_site=by_site)
    }
    series |= {
        one.key for kind in METER_TYPES for one in series_of_site("a" * 24, kind, has_battery=True)
    }
    field = ACTIONS["set_plausibility_limit"]["fields"]["measure"]
    assert set(field["selector"]["select"]["options"]) == series


def test_day_of_a_time() -> None:
    """A script may give a time where a day is wanted: it is the one that it lies in."""
    assert plausible_day(datetime(2026, 11, 2, 13, 45, tzinfo=UTC)) == date(2026, 11, 2)


def test_rows_of_meters_are_those_of_the_dialog() -> None:
    """Which meter is a part of which is entered in the same way in both."""
    fields = ACTIONS["set_up_energy_dashboard"]["fields"]
    assert selector(fields["included_in"]["selector"]).config == _PARENTS.config
