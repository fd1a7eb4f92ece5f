"""How long things rest after trouble and refusals, on a clock that only goes on."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest

from custom_components.climkit.api.backoff import LONGEST_PAUSE, Backoff

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass
class Clock:
    """A monotonic clock that a test turns, in seconds."""

    now: float = 5.0

    def __call__(self) -> float:
        return self.now

    def turn(self, by: timedelta) -> None:
        """Go on."""
        self.now += by.total_seconds()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def backoff(clock: Clock) -> Backoff[str]:
    """Without trouble."""
    return Backoff(clock)


def minutes(rests: list[timedelta]) -> list[float]:
    """The rests in minutes."""
    return [rest / MINUTE for rest in rests]


class TestTrouble:
    """Something is not answered."""

    def test_grows(self, backoff: Backoff[str], clock: Clock) -> None:
        """From a minute to half an hour; one answer begins anew; others are not concerned."""
        rests = []
        for _ in range(8):
            rests.append(backoff.back_off("a"))
            assert backoff.is_paused("a")
            assert not backoff.is_paused("b")
            clock.turn(rests[-1])
            assert not backoff.is_paused("a")
            assert backoff.is_in_trouble("a")
        assert minutes(rests) == [1, 2, 4, 8, 16, 30, 30, 30]
        backoff.succeeded("a")
        assert not backoff.is_in_trouble("a")
        assert backoff.back_off("a") == MINUTE

    @pytest.mark.parametrize("kind", ["back_off", "back_off_after_outage"])
    def test_of_months(self, backoff: Backoff[str], clock: Clock, kind: str) -> None:
        """However often it fails in a row, half an hour later it is asked again."""
        for _ in range(2000):
            getattr(backoff, kind)("a")
            clock.turn(backoff.left("a"))
        getattr(backoff, kind)("a")
        assert backoff.left("a") == LONGEST_PAUSE

    @pytest.mark.parametrize("lasts", [timedelta(seconds=30), *(n * 7 * MINUTE for n in range(9))])
    @pytest.mark.parametrize(
        "kind", ["back_off", "back_off_after_outage", "back_off_after_refusal"]
    )
    def test_is_over_soon_after_the_trouble(
        self, backoff: Backoff[str], clock: Clock, lasts: timedelta, kind: str
    ) -> None:
        """Trouble of whatever kind, shorter than an hour: half an hour later at the latest."""
        ends = clock.now + lasts.total_seconds()
        while clock.now <= ends:
            getattr(backoff, kind)("a")
            clock.turn(backoff.left("a"))
        assert clock.now - ends <= LONGEST_PAUSE.total_seconds()

    def test_climkit_asks_for_a_pause(self, backoff: Backoff[str], clock: Clock) -> None:
        """That is kept; a shorter one than usual is not."""
        assert backoff.back_off("a", at_least=600) == 10 * MINUTE
        clock.turn(10 * MINUTE)
        assert backoff.back_off("a", at_least=5) == 2 * MINUTE

    def test_other_lengths(self, clock: Clock) -> None:
        """Whoever knows better how long it takes says so."""
        backoff = Backoff[str](clock, longest=10 * MINUTE)
        rests = []
        for _ in range(5):
            rests.append(backoff.back_off("a", first=2 * MINUTE))
            clock.turn(rests[-1])
        assert minutes(rests) == [2, 4, 8, 10, 10]
        assert backoff.back_off("b", first=timedelta(0)) == timedelta(0)
        assert not backoff.is_paused("b")

    def test_a_rest_is_never_shortened(self, backoff: Backoff[str]) -> None:
        """By further trouble while it lasts."""
        backoff.back_off_after_refusal("a")
        backoff.back_off("a")
        assert backoff.left("a") == 5 * MINUTE

    def test_timers_come_early(self, backoff: Backoff[str], clock: Clock) -> None:
        """Up to a second, which is no reason to wait for another minute."""
        backoff.back_off("a")
        clock.now += 59.2
        assert not backoff.is_paused("a")

    def test_a_clock_that_runs_back(self, backoff: Backoff[str], clock: Clock) -> None:
        """Nothing rests for ever."""
        backoff.back_off("a")
        clock.now -= 4
        assert not backoff.is_paused("a")
        assert backoff.next_end is None


class TestOutage:
    """Climkit is down."""

    @pytest.mark.parametrize("keys", ["abcdefgh", "aaaaaaaa"])
    def test_all_rest(self, backoff: Backoff[str], clock: Clock, keys: str) -> None:
        """Whoever finds out, the rest grows for all; the first answer ends it."""
        rests = []
        for key in keys:
            rests.append(backoff.back_off_after_outage(key))
            assert backoff.is_paused("z")
            clock.turn(rests[-1])
        assert minutes(rests) == [1, 2, 4, 8, 16, 30, 30, 30]
        backoff.succeeded("z")
        assert not backoff.is_paused(None)
        assert not backoff.is_in_trouble(None)

    def test_is_down(self, backoff: Backoff[str], clock: Clock) -> None:
        """Once it did not pass at once."""
        backoff.back_off_after_outage("a")
        assert not backoff.is_down
        clock.turn(MINUTE)
        backoff.back_off_after_outage("b")
        assert backoff.is_down
        backoff.succeeded("b")
        assert not backoff.is_down

    def test_of_one_alone(self, backoff: Backoff[str], clock: Clock) -> None:
        """What fails while others are answered delays them once, and then no more."""
        delays = 0
        for _ in range(6):
            clock.turn(backoff.back_off_after_outage("a"))
            delays += backoff.is_in_trouble(None)
            backoff.succeeded("b")
        assert delays == 1
        assert backoff.back_off_after_outage("a") == LONGEST_PAUSE
        assert not backoff.is_paused("b")


class TestRefusal:
    """Climkit refuses something."""

    def test_rests(self, backoff: Backoff[str], clock: Clock) -> None:
        """Longer and longer, up to a day; in the first hour no longer than after trouble."""
        rests = []
        for _ in range(9):
            rests.append(backoff.back_off_after_refusal("a"))
            clock.turn(rests[-1])
        assert minutes(rests) == [5, 15, 30, 30, 60, 240, 1440, 1440, 1440]
        assert all(before <= after for before, after in pairwise(rests))
        backoff.succeeded("a")
        assert backoff.back_off_after_refusal("a") == 5 * MINUTE

    def test_is_believed_after_an_hour(self, backoff: Backoff[str], clock: Clock) -> None:
        """An answer in between begins anew, trouble does not."""
        backoff.back_off_after_refusal("a")
        clock.turn(HOUR - MINUTE)
        assert not backoff.is_refused_for_long("a")
        backoff.back_off("a")
        clock.turn(MINUTE)
        assert backoff.is_refused_for_long("a")
        backoff.succeeded("a")
        assert not backoff.is_refused_for_long("a")
        assert not backoff.is_refused_for_long("b")

    def test_trouble_is_no_refusal(self, backoff: Backoff[str], clock: Clock) -> None:
        """However long it lasts."""
        backoff.back_off("a")
        clock.turn(timedelta(days=9))
        assert not backoff.is_refused_for_long("a")


class TestTroubleLasts:
    """How long there has been trouble."""

    def test_lasts(self, backoff: Backoff[str], clock: Clock) -> None:
        """Since the first failure in a row, of one of those that matter."""
        backoff.back_off("a")
        clock.turn(HOUR)
        backoff.back_off("a")
        assert backoff.failing_for(["b", "a"], HOUR)
        assert not backoff.failing_for(["b"], HOUR)
        assert not backoff.failing_for(["a"], HOUR + MINUTE)
        backoff.succeeded("a")
        backoff.back_off("a")
        assert not backoff.failing_for(["a"], MINUTE)

    def test_next_end(self, backoff: Backoff[str], clock: Clock) -> None:
        """What is to be woken for."""
        assert backoff.next_end is None
        backoff.back_off_after_refusal("a")
        backoff.back_off("b")
        assert backoff.next_end == clock.now + 60
        clock.turn(MINUTE)
        assert backoff.next_end == clock.now + 240
