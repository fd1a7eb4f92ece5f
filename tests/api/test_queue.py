"""One request at a time, spaced, live before history."""

import asyncio
from itertools import pairwise
from time import monotonic

import pytest

from custom_components.climkit.api import Priority, RequestQueue, queue
from custom_components.climkit.api.queue import QueuePausedError

SPACING = 0.03


async def test_one_at_a_time_and_spaced() -> None:
    requests = RequestQueue(SPACING)
    running = 0
    starts: list[float] = []

    async def request(priority: Priority) -> None:
        nonlocal running
        async with requests.turn(priority):
            running += 1
            assert running == 1
            starts.append(monotonic())
            await asyncio.sleep(0.001)
            running -= 1

    await asyncio.gather(*(request(Priority(number % 2)) for number in range(8)))
    gaps = [after - before for before, after in pairwise(starts)]
    assert requests.requests == len(starts) == 8
    assert min(gaps) >= SPACING * 0.99


async def test_a_long_request_is_not_followed_by_a_pause() -> None:
    requests = RequestQueue(SPACING)
    async with requests.turn(Priority.LIVE):
        await asyncio.sleep(SPACING * 1.5)
    before = monotonic()
    async with requests.turn(Priority.LIVE):
        assert monotonic() - before < SPACING / 2


async def test_live_goes_before_history_and_then_in_order() -> None:
    """Whoever leaves the line changes nothing for the others."""
    requests = RequestQueue(0.001)
    order: list[str] = []

    async def request(name: str, priority: Priority) -> None:
        async with requests.turn(priority):
            order.append(name)

    async with asyncio.TaskGroup() as tasks, requests.turn(Priority.HISTORY):
        first = tasks.create_task(request("given up", Priority.LIVE))
        for name in ("history 1", "live 1", "history 2", "live 2"):
            priority = Priority.LIVE if name.startswith("live") else Priority.HISTORY
            tasks.create_task(request(name, priority))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert not order
    assert order == ["live 1", "live 2", "history 1", "history 2"]


async def test_live_overtakes_history_that_waits_for_the_spacing() -> None:
    requests = RequestQueue(0.2)
    order: list[str] = []

    async def request(name: str, priority: Priority) -> None:
        async with requests.turn(priority):
            order.append(name)

    async with requests.turn(Priority.LIVE):
        pass
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(request("history", Priority.HISTORY))
        await asyncio.sleep(0)  # it is in the line
        tasks.create_task(request("live", Priority.LIVE))
    assert order == ["live", "history"]


async def test_an_error_gives_the_turn_up() -> None:
    requests = RequestQueue(0.0)
    with pytest.raises(ValueError, match="broken"):
        async with requests.turn(Priority.LIVE):
            raise ValueError("broken")
    async with asyncio.timeout(1), requests.turn(Priority.LIVE):
        pass


async def take(requests: RequestQueue) -> None:
    async with requests.turn(Priority.LIVE):
        await asyncio.sleep(10)


@pytest.mark.parametrize("steps", [1, 2, 3])
async def test_cancelled_waiters_leave_the_line(steps: int) -> None:
    """Whether cancelled while waiting, in the moment of the grant or inside the turn."""
    requests = RequestQueue(0.0)
    async with requests.turn(Priority.LIVE):
        waiting = asyncio.create_task(take(requests))
        await asyncio.sleep(0)
        if steps == 1:
            waiting.cancel()
    for _ in range(steps - 2):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(1), requests.turn(Priority.LIVE):
        pass


async def test_the_last_waiter_takes_the_timer_along() -> None:
    requests = RequestQueue(60.0)
    async with requests.turn(Priority.LIVE):
        pass
    first, second = (asyncio.create_task(take(requests)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert requests._timer is not None
    second.cancel()
    await asyncio.wait([second])
    assert requests._timer is None


@pytest.mark.parametrize("retry_after", [None, 0.001])
async def test_a_429_slows_down_and_fair_answers_speed_up_again(
    monkeypatch: pytest.MonkeyPatch, retry_after: float | None
) -> None:
    monkeypatch.setattr(queue, "MIN_PAUSE", 0.05)
    requests = RequestQueue(0.001)
    async with requests.turn(Priority.LIVE):
        requests.back_off(retry_after)
    slow = requests.spacing
    assert slow > 0.001
    before = monotonic()
    async with requests.turn(Priority.LIVE):
        assert monotonic() - before >= 0.049
        requests.ease()
    assert 0.001 < requests.spacing < slow
    for _ in range(500):
        requests.ease()
    assert requests.spacing == pytest.approx(0.001, rel=1e-3)


async def test_a_pause_slows_nothing_down_afterwards() -> None:
    requests = RequestQueue(0.001)
    async with requests.turn(Priority.LIVE):
        requests.pause(0.05)
    before = monotonic()
    async with requests.turn(Priority.LIVE):
        assert monotonic() - before >= 0.049
    assert requests.spacing == 0.001


async def test_after_no_pause_the_next_request_keeps_its_distance() -> None:
    requests = RequestQueue(SPACING)
    before = monotonic()
    async with requests.turn(Priority.LIVE):
        requests.pause(0.0)
    async with requests.turn(Priority.LIVE):
        assert monotonic() - before >= SPACING * 0.99


@pytest.mark.parametrize("times", [1.0, 3.0])
async def test_the_distance_counts_from_when_the_request_can_have_left(times: float) -> None:
    requests = RequestQueue(SPACING)
    async with requests.turn(Priority.LIVE):
        await asyncio.sleep(2 * SPACING)
        left = asyncio.get_running_loop().time()
        requests.keep_distance(times)
        assert requests._next_start >= left + times * SPACING
    async with requests.turn(Priority.LIVE):
        assert asyncio.get_running_loop().time() - left >= times * SPACING * 0.99


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_nobody_waits_in_line_for_a_long_pause(
    monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    """Who waits is told, also where it is cancelled in that moment; the turn is not passed on."""
    monkeypatch.setattr(queue, "LONGEST_WAIT", 0.05)
    requests = RequestQueue(0.0)
    async with requests.turn(Priority.LIVE):
        waiting = asyncio.create_task(take(requests))
        await asyncio.sleep(0)
        requests.pause(0.1)
        if is_cancelled:
            waiting.cancel()
        [end] = await asyncio.gather(waiting, return_exceptions=True)
        assert isinstance(end, asyncio.CancelledError if is_cancelled else QueuePausedError)
        assert requests._is_busy
        with pytest.raises(QueuePausedError) as raised:
            await take(requests)
        assert 0.05 < raised.value.seconds <= 0.1
    await asyncio.sleep(0.06)
    async with asyncio.timeout(1), requests.turn(Priority.LIVE):
        pass


async def test_the_pause_and_the_spacing_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MAX_PAUSE", 0.05)
    requests = RequestQueue(1.0)
    for _ in range(10):
        requests.back_off(1e9)
    assert requests.spacing == queue.MAX_SPACING
    async with asyncio.timeout(1), requests.turn(Priority.LIVE):
        pass
