"""Asks Climkit for several things in turn, so that trouble with one harms no other."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from datetime import timedelta
import logging

from .backoff import Backoff
from .exceptions import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitError,
    ClimkitResponseError,
)

_LOGGER = logging.getLogger(__name__)


def is_refusal(err: ClimkitError) -> bool:
    """Whether Climkit refuses a thing, while it answers others; all else is trouble."""
    return isinstance(err, ClimkitAccessDeniedError) and err.others_answered


def is_outage(err: ClimkitError) -> bool:
    """Whether it is of no use to ask for anything else now."""
    return not isinstance(err, ClimkitResponseError) and not is_refusal(err)


def pause[K: Hashable](
    backoff: Backoff[K], key: K, err: ClimkitError, *, is_alone: bool = False
) -> timedelta:
    """Pause what was not answered, and all if it may be Climkit; return how long.

    `is_alone`: something else was answered just before.
    """
    wanted: float | None = getattr(err, "retry_after", None)
    if is_refusal(err):
        return backoff.back_off_after_refusal(key)
    if is_outage(err) and not is_alone:
        return backoff.back_off_after_outage(key, at_least=wanted)
    return backoff.back_off(key, at_least=wanted)


async def ask_each[T: Hashable](
    things: Iterable[T],
    ask: Callable[[T], Awaitable[None]],
    refuse: Callable[[T], None],
    backoff: Backoff[T],
) -> ClimkitError | None:
    """Ask for each thing; `refuse` is told of those that Climkit refuses.

    What is not answered is paused. A bad answer is passed over; when Climkit is down or overloaded,
    or refuses everything, the rest is not asked for. Returns what went wrong if nothing was
    answered at all; raises ClimkitAuthenticationError.
    """
    error: ClimkitError | None = None
    is_answered = False
    for thing in things:
        try:
            await ask(thing)
        except ClimkitAuthenticationError:
            raise
        except ClimkitError as err:
            _LOGGER.debug("%s is not answered: %s", thing, err)
            pause(backoff, thing, err, is_alone=is_answered)
            if is_refusal(err):
                is_answered = True
                refuse(thing)
                continue
            error = err
            if is_outage(err):
                break
        else:
            is_answered = True
            backoff.succeeded(thing)
    return None if is_answered else error


async def read_each_site[T](
    site_ids: Collection[str],
    read: Callable[[str], Awaitable[T]],
    troubled: list[str],
    on_progress: Callable[[float], None] = lambda _: None,
    on_refused: Callable[[str], None] = lambda _: None,
) -> dict[str, T]:
    """Read something of each site; a site that is refused or in trouble is left out.

    `on_refused` is told of the former.

    Trouble with one site is its own, with two in a row it is Climkit's: the rest is not asked for.
    An answer that is not understood (an unknown site) is always its own.
    So that two that are in trouble for good keep no other from being read, those in trouble come
    last the next time: `troubled` holds them, and is kept up to date.
    Raises ClimkitError where there is trouble and nothing was read, or the credentials are refused.
    """
    found: dict[str, T] = {}
    trouble: ClimkitError | None = None
    is_in_a_row = False
    ranks = {site_id: rank for rank, site_id in enumerate(troubled)}
    for number, site_id in enumerate(sorted(site_ids, key=lambda one: ranks.get(one, -1))):
        on_progress(number / len(site_ids))
        if site_id in troubled:
            troubled.remove(site_id)
        try:
            found[site_id] = await read(site_id)
            is_in_a_row = False
        except ClimkitAuthenticationError:
            raise
        except ClimkitError as err:
            _LOGGER.debug("Climkit does not answer for site %s: %s", site_id, err)
            if is_refusal(err):
                on_refused(site_id)
                continue
            trouble = err
            troubled.append(site_id)
            if is_in_a_row and is_outage(err):
                break
            is_in_a_row = is_outage(err)
    if trouble and not found:
        raise trouble
    return {site_id: found[site_id] for site_id in site_ids if site_id in found}
