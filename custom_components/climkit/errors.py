"""The one mapping of the client's errors to what people and Home Assistant are told."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers.update_coordinator import UpdateFailed

from .api import (
    INTERVAL,
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitCertificateError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitRateLimitError,
    ClimkitResponseError,
)
from .const import DOMAIN


def error_key(error: ClimkitError) -> str:
    """Return the translation key of an error."""
    match error:
        case ClimkitAuthenticationError():
            return "invalid_auth"
        case ClimkitCertificateError():
            return "bad_certificate"
        case ClimkitConnectionError():
            return "cannot_connect"
        case ClimkitRateLimitError():
            return "rate_limited"
        case ClimkitAccessDeniedError():
            return "access_denied"
        case _:
            return "bad_answer"


# What the API's refusals mean here (assumed): the document describes no error.
_REFUSED: dict[int | None, str] = {
    HTTPStatus.BAD_REQUEST: "stretch_refused",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "stretch_refused",
    HTTPStatus.NOT_FOUND: "unknown_at_climkit",
}


def is_refused_stretch(error: ClimkitError) -> bool:
    """Whether the API refuses what was asked for, in itself: asking again is of no use."""
    return isinstance(error, ClimkitResponseError) and error.status in _REFUSED


@contextmanager
def refresh_errors() -> Iterator[None]:
    """Let a refresh fail in Home Assistant's way."""
    try:
        yield
    except ClimkitAuthenticationError as err:
        raise ConfigEntryAuthFailed(
            translation_domain=DOMAIN, translation_key=error_key(err)
        ) from err
    except ClimkitError as err:
        # A shorter pause than the one to the next look would be no pause.
        pause: float | None = getattr(err, "retry_after", None)
        raise UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=error_key(err),
            retry_after=pause if pause and pause > INTERVAL.total_seconds() else None,
        ) from err


@contextmanager
def setup_errors() -> Iterator[None]:
    """Let a set-up fail in Home Assistant's way."""
    try:
        with refresh_errors():
            yield
    except UpdateFailed as err:
        raise ConfigEntryNotReady(
            translation_domain=err.translation_domain, translation_key=err.translation_key
        ) from err


@contextmanager
def action_errors() -> Iterator[None]:
    """Say what Climkit did not answer, in the caller's language."""
    try:
        yield
    except ClimkitResponseError as err:
        key = _REFUSED.get(err.status) or error_key(err)
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=key) from err
    except ClimkitError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=error_key(err)) from err
