"""Trouble with one thing harms no other."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from custom_components.climkit.api import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitRateLimitError,
    ClimkitResponseError,
)
from custom_components.climkit.api.backoff import Backoff
from custom_components.climkit.api.batch import ask_each, read_each_site

ALL_REFUSED = ClimkitAccessDeniedError(others_answered=False)


@pytest.fixture
def backoff() -> Backoff[str]:
    """A back-off whose clock stands still."""
    return Backoff(lambda: 1000.0)


def answers(asked: list[str], **errors: ClimkitError) -> Callable[[str], Awaitable[None]]:
    """Climkit's answers: an error for some things."""

    async def ask(thing: str) -> None:
        asked.append(thing)
        if thing in errors:
            raise errors[thing]

    return ask


async def test_refused_and_unusable(backoff: Backoff[str]) -> None:
    """The others are asked all the same."""
    asked: list[str] = []
    refused: list[str] = []
    ask = answers(asked, a=ClimkitAccessDeniedError(), b=ClimkitResponseError("?"))
    assert await ask_each("abc", ask, refused.append, backoff) is None
    assert asked == ["a", "b", "c"]
    assert refused == ["a"]
    assert [backoff.is_paused(one) for one in "abc"] == [True, True, False]
    assert not backoff.is_paused(None)


@pytest.mark.parametrize(
    "error", [ClimkitConnectionError("down"), ClimkitRateLimitError("429"), ALL_REFUSED]
)
async def test_down(error: ClimkitError, backoff: Backoff[str]) -> None:
    """The rest is not asked for; what was answered before counts, so it may be this alone."""
    asked: list[str] = []
    assert await ask_each("abc", answers(asked, b=error), asked.append, backoff) is None
    assert asked == ["a", "b"]
    assert backoff.is_paused("b")
    assert not backoff.is_paused("c")


async def test_down_from_the_start(backoff: Backoff[str]) -> None:
    """Then all rests; one answer ends it."""
    error = ClimkitConnectionError("down", 600.0)
    assert await ask_each("abc", answers([], a=error), print, backoff) is error
    assert backoff.left("c") == timedelta(minutes=10)
    assert await ask_each("c", answers([]), print, backoff) is None
    assert not backoff.is_paused("b")
    assert backoff.is_paused("a")


async def test_nothing_answered(backoff: Backoff[str]) -> None:
    """That is an error."""
    error = ClimkitResponseError("?")
    ask = answers([], a=error)
    assert await ask_each("a", ask, print, backoff) is error
    assert await ask_each("", ask, print, backoff) is None


async def test_one_refused(backoff: Backoff[str]) -> None:
    """That is an answer."""
    ask = answers([], a=ClimkitAccessDeniedError())
    assert await ask_each("a", ask, str, backoff) is None


async def test_all_refused(backoff: Backoff[str]) -> None:
    """That is trouble, of which nobody is told as a refusal."""
    refused: list[str] = []
    ask = answers([], a=ALL_REFUSED)
    assert await ask_each("ab", ask, refused.append, backoff) is ALL_REFUSED
    assert not refused
    assert backoff.is_paused("b")


async def test_credentials(backoff: Backoff[str]) -> None:
    """Refused credentials are everybody's trouble."""
    with pytest.raises(ClimkitAuthenticationError):
        await ask_each("ab", answers([], a=ClimkitAuthenticationError()), str, backoff)


async def test_sites_in_trouble_but_not_in_a_row() -> None:
    """Trouble with a site is its own: those that answer in between are read, and behind it too."""
    asked: list[str] = []
    error = ClimkitConnectionError("down")
    ask = answers(asked, a=error, c=error)
    assert list(await read_each_site("abcd", ask, [])) == ["b", "d"]
    assert asked == ["a", "b", "c", "d"]


async def test_two_sites_in_trouble_in_a_row() -> None:
    """Then it is Climkit that is in trouble: nothing else is asked for."""
    asked: list[str] = []
    error = ClimkitConnectionError("down")
    ask = answers(asked, b=error, c=error)
    assert list(await read_each_site("abcd", ask, [])) == ["a"]
    assert asked == ["a", "b", "c"]


async def test_progress_of_sites() -> None:
    """What was read is told before the next site is asked for: all only when nothing is left."""
    told: list[float] = []
    error = ClimkitConnectionError("down")
    await read_each_site("abcd", answers([], b=error), [], told.append)
    assert told == [0.0, 0.25, 0.5, 0.75]
