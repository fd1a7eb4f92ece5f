"""The steps in which a user chooses sites, meters and history; shared by set-up and options."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import date, timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import (
    DateSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..account import async_troubled_sites
from ..api import ClimkitClient, ClimkitError, Meter, Query, SiteReference, read_each_site
from ..const import (
    ALL,
    CONF_DATE,
    CONF_HISTORY,
    CONF_METERS,
    CONF_SITES,
    HISTORY_DATE,
    HISTORY_EVERYTHING,
    HISTORY_NOW,
    VIEW_FLAT,
)
from ..errors import error_key
from ..feeds import columns_of
from ..history import MANY_ROWS, Estimate, estimate_site, told_time
from ..ids import distinct, slug
from ..measures import CHARGE_POINT, ELECTRICITY, Names, known_meters
from ..options import Selection, history_start, split_choice, view_of
from ..sites import async_sites_of_others
from ..statistics import RecorderError, async_lookup_seconds
from .view import ViewSteps, choice_selector

YEAR = timedelta(days=365)


class SelectionSteps(ViewSteps):
    """The steps after the credentials; a flow sets `client` and `references` before."""

    client: ClimkitClient
    references: list[SiteReference]
    entry_id: str | None = None

    def __init__(self) -> None:
        """Begin with nothing asked."""
        super().__init__()
        self._task: asyncio.Task[None] | None = None
        self._error = ""

    @abstractmethod
    async def async_finish(self) -> ConfigFlowResult:
        """Store what was chosen."""

    # Sites

    async def async_step_look_up_sites(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask Climkit what the sites are called; a second each."""
        return await self._async_wait("look_up_sites", self._async_look_up_sites, "sites")

    async def _async_look_up_sites(self) -> None:
        self._sites = await read_each_site(
            [reference.id for reference in self.references],
            self.client.installation,
            async_troubled_sites(self.hass, self.client.url),
            self.async_update_progress,
        )

    async def async_step_sites(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which sites are wanted, where there is a choice."""
        others = async_sites_of_others(self.hass, self.entry_id)
        taken = {site_id for site_id in self._sites if slug(site_id) in others}
        free = [site_id for site_id in self._sites if site_id not in taken]
        if not free:
            return self.async_abort(reason="sites_taken" if taken else "no_sites")
        current = self.options.get(CONF_SITES)
        wants_all = current in (None, ALL)
        present, absent = split_choice(ALL if current is None else current, self._sites)
        if current == ALL:  # what cannot be read now cannot be shown, and was wanted
            unread = (one.id for one in self.references if one.id not in self._sites)
            absent = [site_id for site_id in unread if slug(site_id) not in others]
        if len(self._sites) == 1 and wants_all:
            user_input = {CONF_SITES: free}
        errors = {}
        if user_input is not None:
            chosen = distinct(user_input[CONF_SITES])
            if not chosen:
                errors[CONF_SITES] = "nothing_chosen"
            elif taken.intersection(chosen):
                errors[CONF_SITES] = "sites_taken"
            else:
                self._chosen = chosen
                is_all = (wants_all or not absent) and set(chosen) == set(free)
                self.options[CONF_SITES] = ALL if is_all else [*chosen, *absent]
                return await self.async_step_look_up_meters()
        wanted = free if wants_all else present
        labels = await self._async_site_labels()
        schema = vol.Schema({vol.Required(CONF_SITES): choice_selector(labels)})
        return self.async_show_form(
            step_id="sites",
            data_schema=self.add_suggested_values_to_schema(
                schema, user_input or {CONF_SITES: wanted}
            ),
            errors=errors,
        )

    # Meters

    async def async_step_look_up_meters(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask Climkit for meters and sensors of the chosen sites; three seconds each."""
        return await self._async_wait("look_up_meters", self._async_look_up_meters, "view")

    async def _async_look_up_meters(self) -> None:
        found = await read_each_site(
            self._chosen,
            self._async_meters,
            async_troubled_sites(self.hass, self.client.url),
            self.async_update_progress,
        )
        self._meters |= {site_id: found.get(site_id, {}) for site_id in self._chosen}

    async def _async_meters(self, site_id: str) -> dict[str, Meter]:
        listed = await self.client.meters(site_id)
        columns = {}
        if any(meter.type == ELECTRICITY for meter in listed):
            columns[CHARGE_POINT] = await self._async_charge_point_columns(site_id)
        if await self._async_has_sensors(site_id):
            self._with_sensors.add(site_id)
        return known_meters(listed, columns)

    async def _async_has_sensors(self, site_id: str) -> bool:
        """Whether the building has sensors of its own; most have none, and some refuse the list."""
        try:
            return bool(await self.client.sensors(site_id))
        except ClimkitError:
            return False

    async def _async_charge_point_columns(self, site_id: str) -> frozenset[str]:
        """Charge points stand in no list; only the columns of their data tell of them."""
        try:
            since = dt_util.utcnow() - timedelta(hours=6)
            recently = Query(since, zone=self._sites[site_id].zone)
            intervals = await self.client.site_data(site_id, CHARGE_POINT, recently)
        except ClimkitError:
            return frozenset()
        return columns_of(intervals)

    # History

    @override
    async def async_step_history(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how far back history goes, and tell what it costs."""
        today = dt_util.now().date()
        errors = {}
        if user_input is not None:
            start = _stored_history(user_input, today)
            if start is None:
                errors[CONF_DATE] = "date_needed"
            elif start != HISTORY_EVERYTHING and start > today.isoformat():
                errors[CONF_DATE] = "date_in_future"
            else:
                self.options[CONF_HISTORY] = start
                return await self.async_finish()
        year_ago = (today - YEAR).isoformat()
        is_small = self._estimate(HISTORY_EVERYTHING).rows < MANY_ROWS
        current = self.options.get(CONF_HISTORY, HISTORY_EVERYTHING if is_small else year_ago)
        suggested = {
            CONF_HISTORY: HISTORY_EVERYTHING if current == HISTORY_EVERYTHING else HISTORY_DATE,
            CONF_DATE: year_ago if current == HISTORY_EVERYTHING else current,
        }
        return self.async_show_form(
            step_id="history",
            data_schema=self.add_suggested_values_to_schema(
                HISTORY_SCHEMA, user_input or suggested
            ),
            errors=errors,
            description_placeholders=await self._async_told(
                {"everything": HISTORY_EVERYTHING, "year": year_ago}
            ),
        )

    async def _async_told(self, histories: Mapping[str, str]) -> dict[str, str]:
        """Return what is told of the duration and the space of histories."""
        try:
            lookup = await async_lookup_seconds(self.hass)
        except RecorderError:
            lookup = 0.0  # then only Climkit's part is known
        told = {}
        for kind, history in histories.items():
            for costs, with_costs in (("", False), ("_with_costs", True)):
                estimate = self._estimate(history, with_costs=with_costs)
                told[f"{kind}_time{costs}"] = told_time(estimate.seconds(lookup))
                told[f"{kind}_megabytes{costs}"] = f"{estimate.megabytes}"
        return told

    def _estimate(self, history: str, *, with_costs: bool = False) -> Estimate:
        """Estimate the history of all chosen sites."""
        now = dt_util.utcnow()
        selection = Selection.from_options(self.options)
        return Estimate.of_all(
            estimate_site(
                site_id,
                self._meters[site_id].values(),
                selection,
                history_start(history, self._sites[site_id], now),
                now,
                with_costs=with_costs,
            )
            for site_id in self._chosen
        )

    async def _async_title(self, options: Mapping[str, Any]) -> str:
        """Return what an entry with these options is called: its flat, or its sites."""
        sites = await self._async_site_labels()
        wanted = options[CONF_SITES]
        chosen = [site for site in sites if wanted == ALL or site in wanted]
        if view_of(options) == VIEW_FLAT:
            names = await Names.async_load(self.hass)
            for site in chosen:
                if meter := self._meters.get(site, {}).get(options[CONF_METERS][0]):
                    return f"{names.meter(meter)}, {sites[site]}"
        return ", ".join(sites[site_id] for site_id in chosen[:3])

    async def _async_site_labels(self) -> dict[str, str]:
        names = await Names.async_load(self.hass)
        return names.sites(self._sites.values())

    # Waiting for Climkit

    async def _async_wait(
        self, step_id: str, work: Callable[[], Coroutine[Any, Any, None]], next_step_id: str
    ) -> ConfigFlowResult:
        """Show progress while some work is done, then go to the next step."""
        if self._task is None:
            self._task = self.hass.async_create_task(work(), eager_start=False)
        if not self._task.done():
            return self.async_show_progress(
                step_id=step_id, progress_action=step_id, progress_task=self._task
            )
        task, self._task = self._task, None
        try:
            await task
        except ClimkitError as err:
            self._error = error_key(err)
            next_step_id = "failed"
        return self.async_show_progress_done(next_step_id=next_step_id)

    async def async_step_failed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say why Climkit could not be asked."""
        return self.async_abort(reason=self._error)


HISTORY_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_HISTORY): SelectSelector(
            SelectSelectorConfig(
                options=[HISTORY_EVERYTHING, HISTORY_DATE, HISTORY_NOW],
                translation_key=CONF_HISTORY,
                mode=SelectSelectorMode.LIST,
            )
        ),
        vol.Optional(CONF_DATE): DateSelector(),
    }
)


def _stored_history(user_input: dict[str, Any], today: date) -> str | None:
    """Return the start as it is stored, a day in ISO; None where the date is missing.

    The selector takes a day without its zeros too.
    """
    match user_input[CONF_HISTORY]:
        case "date":
            day = dt_util.parse_date(user_input.get(CONF_DATE, ""))
            return day.isoformat() if day else None
        case "now":
            return today.isoformat()
    return HISTORY_EVERYTHING
