"""What the user wants, as options keep it."""

from collections.abc import Sequence

import pytest

from custom_components.climkit.const import ALL
from custom_components.climkit.options import split_choice


@pytest.mark.parametrize(
    ("chosen", "listed", "present", "absent"),
    [
        (ALL, ["a", "b"], [], []),
        (ALL, [], [], []),
        ([], ["a", "b"], [], []),
        (["b"], ["a", "b"], ["b"], []),
        (["b", "a"], ["a", "b"], ["a", "b"], []),  # in the order of the form
        (["c", "a"], ["a", "b"], ["a"], ["c"]),
        (["d", "c"], [], [], ["d", "c"]),
        (["A"], ["a"], ["a"], []),  # Climkit writes the id in another way today
        (["C"], ["a"], [], ["C"]),
    ],
)
def test_split_choice(
    chosen: str | Sequence[str], listed: Sequence[str], present: list[str], absent: list[str]
) -> None:
    """What Climkit does not list today is told apart from what a form can show."""
    assert split_choice(chosen, listed) == (present, absent)
