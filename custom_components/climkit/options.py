"""What the user wants of an account, as stored in the options of its config entry. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Self

from .api import Site, local_midnight
from .const import (
    ALL,
    CONF_METERS,
    CONF_SENSORS,
    CONF_SITE_TOTALS,
    CONF_VIEW,
    HISTORY_EVERYTHING,
    VIEW_BUILDING,
    VIEW_METERS,
)
from .ids import slug, slugs

# Where neither Climkit nor the site's id tells when the site was made.
HISTORY_WITHOUT_DATE = timedelta(days=3 * 365)


class Selection(NamedTuple):
    """Which series are wanted of a site.

    `meters` (by `ids.slug`) None: all, also those to come. `others`: meters that the site lists and
    another site has.
    `sensors`: whether the building's own sensors are wanted.
    """

    meters: frozenset[str] | None = None
    site_totals: bool = True
    others: frozenset[str] = frozenset()
    sensors: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Read the options of an entry."""
        meters = options[CONF_METERS]
        return cls(
            meters=None if meters == ALL else frozenset(slugs(meters)),
            site_totals=options[CONF_SITE_TOTALS],
            sensors=options.get(CONF_SENSORS, True),  # release 0.1.0 did not ask
        )

    def wants(self, meter_id: str) -> bool:
        """Whether the meter is wanted, of this site."""
        is_chosen = self.meters is None or slug(meter_id) in self.meters
        return is_chosen and meter_id not in self.others


def view_of(options: Mapping[str, Any]) -> str:
    """Return what is wanted to be seen; an entry of release 0.1.0 does not say it in a word."""
    if CONF_VIEW in options:
        return str(options[CONF_VIEW])
    is_all = options.get(CONF_METERS, ALL) == ALL and options.get(CONF_SITE_TOTALS, True)
    return VIEW_BUILDING if is_all else VIEW_METERS


def split_choice(chosen: str | Iterable[str], listed: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the chosen ids that Climkit lists today, as it spells them, and those it does not.

    A form shows the former; the latter stay chosen. `ALL` keeps its word, and is no list of ids.
    """
    if chosen == ALL:
        return [], []
    listed_ids = {slug(climkit_id): climkit_id for climkit_id in listed}
    chosen_ids = slugs(chosen)
    present = [one for key, one in listed_ids.items() if key in chosen_ids]
    return present, [one for one in chosen if slug(one) not in listed_ids]


def history_start(history: str, site: Site, now: datetime) -> datetime:
    """Return where the statistics of a site begin, in UTC: with the site, or with a later day."""
    created = site.created or now - HISTORY_WITHOUT_DATE
    if history == HISTORY_EVERYTHING:
        return created
    day = date.fromisoformat(history)
    if day <= created.astimezone(site.zone).date():
        return created
    return local_midnight(day, site.zone)
