"""Asks Climkit for several things in turn, so that trouble with one harms no other."""

from collections.abc import Awaitable, Callable, Iterable
import logging

from .api import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitError,
    ClimkitResponseError,
)

_LOGGER = logging.getLogger(__name__)


async def async_ask_each[T](
    things: Iterable[T], ask: Callable[[T], Awaitable[None]], refuse: Callable[[T], None]
) -> ClimkitError | None:
    """Ask for each thing; `refuse` is told of those that Climkit refuses.

    A bad answer is passed over. When Climkit is down or overloaded the rest is not asked for.
    Returns what went wrong if nothing was answered at all; raises ClimkitAuthenticationError.
    """
    error: ClimkitError | None = None
    is_answered = False
    for thing in things:
        try:
            await ask(thing)
            is_answered = True
        except ClimkitAuthenticationError:
            raise
        except ClimkitAccessDeniedError as err:
            _LOGGER.debug("Climkit refuses %s: %s", thing, err)
            refuse(thing)
            is_answered = True
        except ClimkitResponseError as err:
            _LOGGER.debug("No usable answer for %s: %s", thing, err)
            error = err
        except ClimkitError as err:
            _LOGGER.debug("No answer for %s: %s", thing, err)
            error = err
            break
    return None if is_answered else error
