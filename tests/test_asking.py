"""Trouble with one thing harms no other."""

from collections.abc import Awaitable, Callable

import pytest

from custom_components.climkit.api import (
    ClimkitAccessDeniedError,
    ClimkitAuthenticationError,
    ClimkitConnectionError,
    ClimkitError,
    ClimkitRateLimitError,
    ClimkitResponseError,
)
from custom_components.climkit.asking import async_ask_each


def answers(asked: list[str], **errors: ClimkitError) -> Callable[[str], Awaitable[None]]:
    """Climkit's answers: an error for some things."""

    async def ask(thing: str) -> None:
        asked.append(thing)
        if thing in errors:
            raise errors[thing]

    return ask


async def test_refused_and_unusable() -> None:
    """The others are asked all the same."""
    asked: list[str] = []
    refused: list[str] = []
    ask = answers(asked, a=ClimkitAccessDeniedError(), b=ClimkitResponseError("?"))
    assert await async_ask_each("abc", ask, refused.append) is None
    assert asked == ["a", "b", "c"]
    assert refused == ["a"]


@pytest.mark.parametrize("error", [ClimkitConnectionError("down"), ClimkitRateLimitError("429")])
async def test_down(error: ClimkitError) -> None:
    """The rest is not asked for; what was answered before counts."""
    asked: list[str] = []
    assert await async_ask_each("abc", answers(asked, b=error), asked.append) is None
    assert asked == ["a", "b"]


async def test_nothing_answered() -> None:
    """That is an error."""
    error = ClimkitResponseError("?")
    ask = answers([], a=error)
    assert await async_ask_each("a", ask, print) is error
    assert await async_ask_each("", ask, print) is None


async def test_all_refused() -> None:
    """That is an answer."""
    assert await async_ask_each("a", answers([], a=ClimkitAccessDeniedError()), str) is None


async def test_credentials() -> None:
    """Refused credentials are everybody's trouble."""
    with pytest.raises(ClimkitAuthenticationError):
        await async_ask_each("ab", answers([], a=ClimkitAuthenticationError()), str)
