"""Which site each meter and sensor belongs to, where several sites list it.

Neighbours that share a building's solar energy may be two sites with a meter in common. Each
statistic has one writer, each device one place: the site that had the meter first, of those that
are new together the one with the lowest id. It is remembered by the sites' records, so that it is
the same one after a restart.
"""

from collections.abc import Iterable
from typing import Literal

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..ids import slug

type Owned = Literal["meters", "sensors"]


class Owners:
    """The sites of all meters and sensors that are shown, those of every entry."""

    def __init__(self) -> None:
        """Begin without any."""
        self._site_of: dict[tuple[Owned, str], str] = {}

    def claim(self, site_id: str, kind: Owned, ids: Iterable[str]) -> None:
        """Note what a site has; what another one had before stays that one's."""
        for one in ids:
            self._site_of.setdefault((kind, slug(one)), site_id)

    def of_others(self, site_id: str, kind: Owned, ids: Iterable[str]) -> frozenset[str]:
        """Return those of some ids that another site has."""
        return frozenset(
            one for one in ids if self._site_of.get((kind, slug(one)), site_id) != site_id
        )

    def release(self, site_id: str, kind: Owned, ids: Iterable[str]) -> None:
        """Note what a site has no longer; another one that lists it may have it."""
        for one in ids:
            if self._site_of.get(key := (kind, slug(one))) == site_id:
                del self._site_of[key]

    def release_sites(self, site_ids: Iterable[str]) -> None:
        """Note that sites have nothing any more."""
        gone = set(site_ids)
        self._site_of = {key: one for key, one in self._site_of.items() if one not in gone}


_OWNERS: HassKey[Owners] = HassKey(f"{DOMAIN}_owners")


@callback
def async_owners(hass: HomeAssistant) -> Owners:
    """Return the one that all entries share."""
    return hass.data.setdefault(_OWNERS, Owners())
