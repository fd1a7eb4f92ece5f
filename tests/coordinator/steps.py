"""What tests of a site's polls have in common: a set-up with little history, and what is seen."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr

from custom_components.climkit.const import CONF_HISTORY, DOMAIN
from tests.conftest import NOW, Home
from tests.simulator import Building, Fault, FaultKind, Meter, World

TODAY = "2026-11-20"
DOWN = Fault(kind=FaultKind.STATUS, status=503)


def apartments() -> World:
    """A house with everything: flats, sun, battery, charge points, heat and water.

    Its data began yesterday.
    """
    return World(created=NOW, names=("apartments",), history_days=22, flats=2)


async def set_up(home: Home, history: str = TODAY, **options: object) -> None:
    """Set up with little history, which is not asked for here."""
    home.entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        home.entry, options={**home.entry.options, CONF_HISTORY: history, **options}
    )
    await home.set_up()
    assert home.entry.state is ConfigEntryState.LOADED
    await home.turn_clock(seconds=2)
    await home.until(lambda: home.is_complete)
    await home.settle()


def building(home: Home) -> Building:
    """The first simulated site."""
    site = next(iter(home.simulator.world.sites.values()))
    assert isinstance(site, Building)
    return site


def meters(home: Home, mode: str = "consumption", kind: str = "electricity") -> list[Meter]:
    """The simulated meters of a kind, charge points too."""
    everyone = [one for meter in building(home).meters for one in (meter, *meter.parts)]
    return [meter for meter in everyone if (meter.mode, meter.type) == (mode, kind)]


class Requests:
    """The requests since this began, without logins and history."""

    def __init__(self, home: Home) -> None:
        self._requests = home.simulator.requests
        self._before = len(self._requests)

    def __call__(self, word: str = "") -> list[str]:
        """The paths of those that hold a word."""
        return [
            one.path
            for one in self._requests[self._before :]
            if word in one.path and one.path != "/auth" and "t_e" not in (one.body or {})
        ]


def state(home: Home, unique_id: str) -> str:
    """The state of an entity."""
    return home.state(unique_id).state


def has_device(home: Home, device_id: str) -> bool:
    """Whether there is a device."""
    registry = dr.async_get(home.hass)
    found = registry.async_get_device_by_identifier((DOMAIN, device_id), home.entry.entry_id)
    return found is not None


def consumption(home: Home, key: str = "today") -> str:
    """The state of the site's consumption."""
    return state(home, f"{building(home).id}_electricity_conso_total_{key}")
