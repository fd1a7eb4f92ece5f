"""How a user adds prices of a site, and corrects them: what tariffs and feed-in prices share."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, TypedDict

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import (
    CONF_COPY,
    CONF_CURRENCY,
    CONF_HISTORY,
    CONF_LOW_HOURS,
    CONF_SATURDAY,
    CONF_SEASON,
    CONF_SEASON_FROM,
    CONF_SEASON_TO,
    CONF_SITE,
    CONF_SUNDAY,
    CONF_VALID_FROM,
    CONF_WEEKDAY,
    CONF_WINDOWS,
)
from ..costs import (
    LowHours,
    LowHoursError,
    Season,
    SeasonError,
    first_day,
    stored_prices,
    unusable_days,
)
from ..measures import number_in
from ..options import history_start
from ..runtime import ClimkitConfigEntry
from .copies import chosen_sites, with_copies, without_copies

# The low-tariff hours of utilities (published for 2024 to 2026): weekdays, Saturday, Sunday.
READY_WINDOWS = {
    "groupe_e": ("12-17, 23-07", "12-17, 23-07", "12-17, 23-07"),
    "ewz": ("22-06", "22-06", "0-24"),
    "sil": ("22-06", "0-7, 14-24", "0-24"),
}
_DAYS = (CONF_WEEKDAY, CONF_SATURDAY, CONF_SUNDAY)

# What a kWh hardly costs, in francs or euros: then somebody entered Rappen or cents.
UNLIKELY_PRICE = 2.0


class _Subentry(TypedDict):
    """Prices as they are stored."""

    title: str
    data: dict[str, Any]
    unique_id: str


class PriceSteps(ConfigSubentryFlow):
    """Add prices of a site, or correct them.

    They are stored as the form gives them, by section, together with the site and the currency.
    """

    def __init__(self) -> None:
        """Begin without a site."""
        self._site_id = ""
        self._doubted: dict[str, Any] | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask of which site the prices are, where there is a choice."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        names = self._site_names()
        if len(names) == 1:
            user_input = {CONF_SITE: next(iter(names))}
        if user_input is not None:
            self._site_id = user_input[CONF_SITE]
            return await self.async_step_prices()
        options = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
        schema = vol.Schema(
            {vol.Required(CONF_SITE): SelectSelector(SelectSelectorConfig(options=options))}
        )
        return self.async_show_form(step_id="user", data_schema=schema)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Correct prices; they stay those of the same site."""
        self._site_id = self._get_reconfigure_subentry().data[CONF_SITE]
        return await self.async_step_prices()

    async def async_step_prices(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask from when on what costs how much."""
        sites = chosen_sites(user_input) if user_input else []
        if reason := self._reason_to_end(sites):
            return self.async_abort(reason=reason)
        errors: dict[str, str] = {}
        placeholders = dict.fromkeys(("window", "price", "sensor", "unit", "needed", "sites"), "")
        if user_input is not None:
            user_input = _as_entered(user_input)
            errors = self._errors(user_input, placeholders)
            errors = errors or await self._async_errors(user_input, placeholders)
            # Meanwhile others may have stored or deleted prices, or the account was unloaded.
            if reason := self._reason_to_end(sites):
                return self.async_abort(reason=reason)
            errors = errors or self._errors(user_input, placeholders)
            if not errors and user_input != self._doubted:
                errors = self._doubts(user_input, placeholders)
                self._doubted = user_input
            if not errors:
                return self._finish(user_input)
        names = self._site_names()
        placeholders["site"] = names[self._site_id]
        return self.async_show_form(
            step_id="prices",
            data_schema=self.add_suggested_values_to_schema(
                with_copies(
                    self.schema(self._currency),
                    {key: name for key, name in names.items() if key != self._site_id},
                ),
                user_input or self._suggested(),
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    # What one kind of prices has for itself

    @staticmethod
    @abstractmethod
    def schema(currency: str) -> vol.Schema:
        """Return the form."""

    @staticmethod
    @abstractmethod
    def is_of_this_kind(data: Mapping[str, Any]) -> bool:
        """Whether stored prices are of the kind that this flow adds."""

    @abstractmethod
    def _following(self, day: date) -> date:
        """Return from when on the next prices are likely to hold, after those of a day."""

    @abstractmethod
    def _unique_id(self, when: str) -> str:
        """Return what no two prices of a site have in common; `when` tells when they hold."""

    @abstractmethod
    def _price_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Return which prices are missing, and by section what is none."""

    @staticmethod
    @abstractmethod
    def per_kwh(user_input: Mapping[str, Any]) -> tuple[str, list[float]]:
        """Return the section that has prices of a kWh, and those."""

    @staticmethod
    @abstractmethod
    def has_low_price(user_input: Mapping[str, Any]) -> bool:
        """Whether there is a price for hours of a low tariff."""

    async def _async_errors(
        self, _user_input: Mapping[str, Any], _placeholders: dict[str, str]
    ) -> dict[str, str]:
        """Return what is wrong as only others know; they are asked when all else is right."""
        return {}

    def _as_stored(self, user_input: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what was entered as it is stored."""
        return user_input

    # What both have

    @property
    def _entry(self) -> ClimkitConfigEntry:
        return self._get_entry()

    def _site_names(self) -> dict[str, str]:
        runtimes = list(self._entry.runtime_data.values())
        sites = [runtime.site for runtime in runtimes]
        return runtimes[0].names.sites(sites) if runtimes else {}

    def _reason_to_end(self, other_sites: Iterable[str]) -> str | None:
        """Return why prices of the site, and of others, cannot be stored now; None: they can."""
        names = self._site_names() if self._entry.state is ConfigEntryState.LOADED else {}
        if not names.keys() >= {self._site_id, *other_sites}:
            return "not_loaded"
        if self._is_correction and self._reconfigure_subentry_id not in self._entry.subentries:
            return "deleted_meanwhile"
        return None

    @property
    def _is_correction(self) -> bool:
        return self.source == SOURCE_RECONFIGURE

    @property
    def _current(self) -> Mapping[str, Any] | None:
        """Return what is corrected."""
        return self._get_reconfigure_subentry().data if self._is_correction else None

    @property
    def _others(self) -> list[dict[str, Any]]:
        """Return all other prices of the site."""
        stored = stored_prices(self._entry, self._site_id)
        if self._current:
            stored.remove(dict(self._current))
        return stored

    @property
    def _alike(self) -> list[dict[str, Any]]:
        """Return the others of this kind."""
        return list(filter(self.is_of_this_kind, self._others))

    @property
    def _currency(self) -> str:
        """Return the currency: the one of the site's other prices, else Home Assistant's."""
        others = (data[CONF_CURRENCY] for data in self._others if data.get(CONF_CURRENCY))
        return next(others, self.hass.config.currency)

    def _suggested(self) -> Mapping[str, Any]:
        """Return what the form suggests: prices as before; at first from where history begins."""
        if self._current:
            return self._current
        usable = [data for data in self._alike if not unusable_days([data])]
        previous = max(usable, key=lambda data: str(data[CONF_VALID_FROM]), default=None)
        if previous is None:
            return {CONF_VALID_FROM: self._first_day().isoformat()}
        following = self._following(date.fromisoformat(previous[CONF_VALID_FROM]))
        return {**previous, CONF_VALID_FROM: following.isoformat()}

    def _first_day(self) -> date:
        """Return the first local day of the site's statistics."""
        site = self._entry.runtime_data[self._site_id].site
        start = history_start(self._entry.options[CONF_HISTORY], site, dt_util.utcnow())
        return start.astimezone(site.zone).date()

    def _errors(
        self, user_input: Mapping[str, Any], placeholders: dict[str, str]
    ) -> dict[str, str]:
        """Return what a person has to mend. The frontend shows errors above a section.

        Other sites are looked at when all else is right.
        """
        return (
            self._hour_errors(user_input, placeholders)
            | self._price_errors(user_input)
            | self._day_errors(user_input)
        ) or self._copy_errors(user_input, placeholders)

    def _hour_errors(
        self, user_input: Mapping[str, Any], placeholders: dict[str, str]
    ) -> dict[str, str]:
        """Return what is no list of hours, and whether hours or low prices lack the other."""
        try:
            low_hours = LowHours.parse(user_input[CONF_LOW_HOURS])
        except LowHoursError as err:
            placeholders["window"] = err.window
            return {CONF_LOW_HOURS: err.key}
        if self.has_low_price(user_input) and not low_hours:
            return {CONF_LOW_HOURS: "low_hours_needed"}
        if low_hours and not self.has_low_price(user_input):
            return {self.per_kwh(user_input)[0]: "low_price_needed"}
        return {}

    def _day_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        try:
            season = Season.parse(user_input[CONF_SEASON])
        except SeasonError as err:
            return {CONF_SEASON: err.key}
        try:
            first_day(day := user_input[CONF_VALID_FROM])
        except ValueError:
            return {CONF_VALID_FROM: "odd_year"}
        return {CONF_VALID_FROM: "same_day"} if _any_collides(day, season, self._alike) else {}

    def _copy_errors(
        self, user_input: Mapping[str, Any], placeholders: dict[str, str]
    ) -> dict[str, str]:
        """Return why prices cannot be those of other sites too: nothing there is overwritten."""
        day, season = user_input[CONF_VALID_FROM], Season.parse(user_input[CONF_SEASON])
        stored = {key: stored_prices(self._entry, key) for key in chosen_sites(user_input)}
        taken = [
            key
            for key, prices in stored.items()
            if _any_collides(day, season, filter(self.is_of_this_kind, prices))
        ]
        others = [
            key
            for key, prices in stored.items()
            if any(data.get(CONF_CURRENCY) not in {None, self._currency} for data in prices)
        ]
        names = self._site_names()
        placeholders["sites"] = ", ".join(names[key] for key in taken or others)
        if taken:
            return {CONF_COPY: "copy_same_day"}
        return {CONF_COPY: "copy_currency"} if others else {}

    def _doubts(
        self, user_input: Mapping[str, Any], placeholders: dict[str, str]
    ) -> dict[str, str]:
        """Return what is asked once whether it is meant: a price that somebody gave in Rappen."""
        part, prices = self.per_kwh(user_input)
        unlikely = max((abs(price) for price in prices), default=0.0)
        if unlikely <= UNLIKELY_PRICE or self._currency not in ("CHF", "EUR"):
            return {}
        price = number_in(self.hass.config.language, unlikely)
        placeholders["price"] = f"{price} {self._currency}/kWh"
        return {part: "unlikely_price"}

    def _finish(self, user_input: Mapping[str, Any]) -> SubentryFlowResult:
        prices, names = self._as_stored(without_copies(user_input)), self._site_names()
        for site_id in chosen_sites(user_input):
            self._add_copy(self._subentry(prices, site_id, names[site_id]))
        own = self._subentry(prices, self._site_id, names[self._site_id])
        if self._is_correction:
            return self.async_update_and_abort(
                self._entry,
                self._get_reconfigure_subentry(),
                unique_id=own["unique_id"],
                title=own["title"],
                data=own["data"],
            )
        return self.async_create_entry(**own)

    def _subentry(self, prices: Mapping[str, Any], site_id: str, site: str) -> _Subentry:
        """Return prices as those of a site."""
        data = {CONF_SITE: site_id, CONF_CURRENCY: self._currency, **prices}
        season = prices[CONF_SEASON]
        days = (data[CONF_VALID_FROM], season.get(CONF_SEASON_FROM), season.get(CONF_SEASON_TO))
        when = self._unique_id("_".join(filter(None, days)))
        return {"title": f"{_when(data)} - {site}", "data": data, "unique_id": f"{site_id}_{when}"}

    def _add_copy(self, copy: _Subentry) -> None:
        subentry = ConfigSubentry(
            data=MappingProxyType(copy["data"]),
            subentry_type=self._subentry_type,
            title=copy["title"],
            unique_id=copy["unique_id"],
        )
        self.hass.config_entries.async_add_subentry(self._entry, subentry)


def _as_entered(user_input: dict[str, Any]) -> dict[str, Any]:
    """Return what was entered; where a utility was chosen, with its low-tariff hours.

    The selector takes a day without its zeros too.
    """
    hours = dict(user_input[CONF_LOW_HOURS])
    if ready := READY_WINDOWS.get(hours.pop(CONF_WINDOWS, "")):
        hours = dict(zip(_DAYS, ready, strict=True))
    day = cv.date(user_input[CONF_VALID_FROM]).isoformat()
    return {**user_input, CONF_VALID_FROM: day, CONF_LOW_HOURS: hours}


def _any_collides(day: str, season: Season | None, stored: Iterable[Mapping[str, Any]]) -> bool:
    same_day = (data for data in stored if data.get(CONF_VALID_FROM) == day)
    return any(_collides(season, data) for data in same_day)


def _collides(season: Season | None, other: Mapping[str, Any]) -> bool:
    """Whether prices of a day cannot be beside others of the same day: in one part of a year."""
    try:
        of_other = Season.parse(other.get(CONF_SEASON, {}))
    except AttributeError, SeasonError:
        return True
    if season is None or of_other is None:
        return season is of_other
    return season.overlaps(of_other)


def _when(data: Mapping[str, Any]) -> str:
    """Return when prices hold, for their title; a year alone: from its start."""
    day, season = date.fromisoformat(data[CONF_VALID_FROM]), data[CONF_SEASON]
    when = str(day.year) if (day.month, day.day) == (1, 1) else day.isoformat()
    if not season.get(CONF_SEASON_FROM):
        return when
    return f"{when}, {season[CONF_SEASON_FROM]}\u2013{season[CONF_SEASON_TO]}"


def low_hours_section() -> section:
    """Return the section of low-tariff hours, with those of utilities to choose from."""
    ready = SelectSelector(
        SelectSelectorConfig(
            options=[*READY_WINDOWS],
            translation_key=CONF_WINDOWS,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
    return section(vol.Schema({vol.Optional(CONF_WINDOWS): ready, **_texts(_DAYS)}))


def low_feed_in_section() -> section:
    """Return the section of the hours in which less is paid."""
    return section(vol.Schema(_texts(_DAYS)), {"collapsed": True})


def season_section() -> section:
    """Return the section of a part of the year."""
    return section(vol.Schema(_texts((CONF_SEASON_FROM, CONF_SEASON_TO))), {"collapsed": True})


def _texts(keys: tuple[str, ...]) -> dict[vol.Marker, TextSelector]:
    return {vol.Optional(key): TextSelector() for key in keys}


def numbers_section(
    units: Mapping[str, str], *, switches: Iterable[str] = (), is_collapsed: bool = False
) -> section:
    """Return a section of numbers, each in its unit, and switches; what is none the flow tells."""
    fields: dict[vol.Marker, Selector[Any]] = {
        vol.Optional(key): NumberSelector(
            NumberSelectorConfig(mode=NumberSelectorMode.BOX, step="any", unit_of_measurement=unit)
        )
        for key, unit in units.items()
    }
    fields |= {vol.Optional(key): BooleanSelector() for key in switches}
    return section(vol.Schema(fields), {"collapsed": is_collapsed})
