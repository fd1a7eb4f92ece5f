"""Waits for what a browser, or Home Assistant, shows."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

PATIENCE = 60  # seconds


async def wait_until[T](
    shown: Callable[[], Awaitable[T]], is_right: Callable[[T], bool], expected: object
) -> T:
    """Look again and again at what is shown, until it is right, and return it. Fails at last."""
    last: T | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while True:
                last = await shown()
                if is_right(last):
                    return last
                await asyncio.sleep(0.5)
    pytest.fail(f"shown: {last}\nexpected: {expected}")
