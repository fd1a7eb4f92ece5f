"""Names of meters and statistics, and numbers, in the language of the Home Assistant instance."""

from collections.abc import Iterable, Mapping, Set
import re
from typing import NamedTuple, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..api import Meter, Site
from ..const import DOMAIN
from .series import Series
from .table import Price, TimeOfUse

# German is Switzerland's, which has a point.
_WITH_DECIMAL_COMMA = ("fr", "it")


def number_in(language: str, number: float) -> str:
    """Write a number of at most six digits as it stands in sentences of a language."""
    written = f"{number:.6g}"
    return written.replace(".", ",") if language in _WITH_DECIMAL_COMMA else written


def by_number(label: str) -> list[int | str]:
    """Return a key that sorts labels as a person would: "Flat 2" before "Flat 10"."""
    parts = re.split(r"(\d+)", label.casefold())  # each second part is a number
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def told_apart(
    labels: Mapping[str, str], details: Mapping[str, tuple[str | None, ...]]
) -> dict[str, str]:
    """Return labels by id, those that are the same with a detail that tells them apart.

    `details` go from what says most to a person to what says least; at last the id itself tells.
    """
    same: dict[str, list[str]] = {}
    for key, label in labels.items():
        same.setdefault(label.casefold(), []).append(key)
    found = dict(labels)
    for keys in (keys for keys in same.values() if len(keys) > 1):
        kinds = [kind for kind in zip(*(details[key] for key in keys), strict=True) if all(kind)]
        choices = [
            {key: f"{labels[key]} ({one})" for key, one in zip(keys, kind, strict=True)}
            for kind in (*kinds, keys)
        ]
        taken = {label.casefold() for label in found.values()}
        found |= next((one for one in choices if _are_new(one, taken)), choices[-1])
    return found


def _are_new(labels: Mapping[str, str], taken: Set[str]) -> bool:
    """Whether labels by id differ from each other and from those that are taken."""
    folded = {label.casefold() for label in labels.values()}
    return len(folded) == len(labels) and folded.isdisjoint(taken)


class Names(NamedTuple):
    """The translated words that names are made of."""

    language: str
    texts: dict[str, str]

    @classmethod
    async def async_load(cls, hass: HomeAssistant) -> Self:
        """Load the words."""
        language = hass.config.language
        texts: dict[str, str] = {}
        for category in ("entity", "device"):
            texts |= await async_get_translations(hass, language, category, [DOMAIN])
        return cls(language, texts)

    def meter(self, meter: Meter) -> str:
        """Return the meter's name; Climkit does not name all of them."""
        if meter.name:
            return meter.name
        number = meter.id[-4:] if meter.bus_address is None else str(meter.bus_address)
        return f"{self.meter_type(meter.type)} {number}"

    def meter_type(self, meter_type: str) -> str:
        """Return what a kind of meter is called."""
        return self.texts.get(f"component.{DOMAIN}.device.{meter_type}.name", meter_type)

    @property
    def site_model(self) -> str:
        """Return what a site is."""
        return self.meter_type("site")

    def site(self, site: Site) -> str:
        """Return the site's name."""
        return site.name or site.ref or site.id[-4:]

    def sites(self, sites: Iterable[Site]) -> dict[str, str]:
        """Return the names of sites by id, for a person to choose from."""
        known = {site.id: site for site in sites}
        labels = {site_id: self.site(site) for site_id, site in known.items()}
        details = {key: (*_places(site), site.ref, key[-4:]) for key, site in known.items()}
        return told_apart(labels, details)

    def meters(self, meters: Iterable[Meter]) -> dict[str, str]:
        """Return the names of a site's meters by id, for a person to choose from."""
        known = {meter.id: meter for meter in meters}
        labels = {meter_id: self.meter(meter) for meter_id, meter in known.items()}
        return told_apart(
            labels, {key: (self.meter_type(one.type), key[-4:]) for key, one in known.items()}
        )

    def statistic(self, series: Series, site: Site, meter: Meter | None) -> str:
        """Return the name of a series' statistic: owner, then measure."""
        owner = f"{self.site(site)} {self.meter(meter)}" if meter else self.site(site)
        return f"{owner} {self.measure(series)}"

    def measure(self, series: Series) -> str:
        """Return what a series measures."""
        return self._sensor(series.measure.name)

    def cost(
        self, series: Series, site: Site, meter: Meter | None, hours: TimeOfUse | None = None
    ) -> str:
        """Return the name of a statistic of what a series costs or earns, perhaps in some hours."""
        word = "compensation" if series.measure.price is Price.EXPORT else "cost"
        return f"{self.amount(series, site, meter, hours)} {self._sensor(word)}"

    def amount(
        self, series: Series, site: Site, meter: Meter | None, hours: TimeOfUse | None = None
    ) -> str:
        """Return the name of the statistic of a series, perhaps in hours of one tariff alone."""
        name = self.statistic(series, site, meter)
        return f"{name} {self.tariff(hours)}" if hours else name

    def tariff(self, hours: TimeOfUse) -> str:
        """Return what the tariff of some hours is called."""
        return self._sensor(f"{hours}_tariff")

    def grid_price(self, site: Site) -> str:
        """Return the name of what electricity of a site's grid costs."""
        return f"{self.site(site)} {self._sensor('grid_price')}"

    def _sensor(self, key: str) -> str:
        return self.texts.get(f"component.{DOMAIN}.entity.sensor.{key}.name", key)


def _places(site: Site) -> tuple[str | None, str | None]:
    """Return a site's town, and its street with the town; None for what Climkit does not say."""
    if (address := site.address) is None:
        return None, None
    street = " ".join(filter(None, (address.street_name, address.street_number)))
    parts = [part for part in (street, address.city) if part]
    return address.city, ", ".join(parts) if street else None
