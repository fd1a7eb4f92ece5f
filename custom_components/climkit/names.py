"""Names of meters and statistics, in the language of the Home Assistant instance."""

from dataclasses import dataclass
from typing import Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .api import Meter, Site
from .const import DOMAIN
from .measures import Price, Series


@dataclass(frozen=True, slots=True)
class Names:
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

    def site(self, site: Site) -> str:
        """Return the site's name."""
        return site.name or site.ref or site.id[-4:]

    def statistic(self, series: Series, site: Site, meter: Meter | None) -> str:
        """Return the name of a series' statistic: owner, then measure."""
        owner = f"{self.site(site)} {self.meter(meter)}" if meter else self.site(site)
        return f"{owner} {self._sensor(series.measure.name)}"

    def cost(self, series: Series, site: Site, meter: Meter | None) -> str:
        """Return the name of the statistic of what a series costs, or earns."""
        word = "compensation" if series.measure.price is Price.EXPORT else "cost"
        return f"{self.statistic(series, site, meter)} {self._sensor(word)}"

    def _sensor(self, key: str) -> str:
        return self.texts.get(f"component.{DOMAIN}.entity.sensor.{key}.name", key)
