"""The slips that tools.planted plants are still slips."""

import pytest

from tools.planted import ROOT, Slip, slips

SLIPS = slips()


def test_each_is_one_of_its_own() -> None:
    assert len(SLIPS) >= 60
    assert len({one.name for one in SLIPS}) == len(SLIPS)
    assert len({(one.file, one.old, one.new) for one in SLIPS}) == len(SLIPS)


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_can_be_planted(slip: Slip) -> None:
    """Its old text is where it is said to be, once, and its tests are there."""
    assert slip.files(ROOT)
    assert slip.new != slip.old
    files = [one for one in slip.tests if one.startswith("tests/")]
    assert files
    for one in files:
        assert (ROOT / one).is_file(), one
