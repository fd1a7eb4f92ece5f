"""The arithmetic of what an Energy dashboard lacks."""

from copy import replace
from typing import Any

import pytest

from custom_components.climkit.energy_dashboard.merge import SkipReason, has_circle, merge
from custom_components.climkit.energy_dashboard.proposal import (
    Proposal,
    SiteView,
    propose_meter,
    propose_site,
)
from tests.conftest import Home
from tests.energy_dashboard.house import EMPTY, GRID_OF_A_PERSON, coordinator, meter

pytestmark = pytest.mark.default_entities


class TestMerge:
    """The arithmetic of what is missing."""

    @pytest.fixture
    async def view(self, house: Home) -> SiteView:
        """The house, without costs and power."""
        return SiteView(
            series=coordinator(house).data.series,
            cost_of=lambda series: f"{series.statistic_id}_cost",
            power_of=lambda _: None,
            net_power_of=lambda *_: None,
            name_of=lambda meter_id: meter_id,
            has_home=True,
        )

    async def test_cases(self, view: SiteView, house: Home) -> None:
        """Half a grid, costs that came later, meters in place of the total, one home."""
        proposal = propose_site(view, {})
        grid = dict(proposal.sources[0])
        roof = meter(house, "PV roof")
        cold = meter(house, "Cold water flat 1")

        half = grid | {"stat_energy_to": None, "stat_compensation": None, "number": 1}
        [added] = self.grids(view, proposal, half)
        assert added["stat_energy_from"] is None
        assert added["stat_cost"] is None
        assert added["stat_energy_to"] == grid["stat_energy_to"]
        assert added["stat_compensation"] == grid["stat_compensation"]

        without = grid | {"stat_cost": None}
        old_form = {
            "type": "grid",
            "flow_from": [{"stat_energy_from": grid["stat_energy_from"]}],
            "flow_to": [{"stat_energy_to": grid["stat_energy_to"]}],
        }
        for present, reason in (
            (grid, SkipReason.ALREADY_THERE),
            (without, SkipReason.THERE_WITHOUT_COST),
            (grid | {"stat_compensation": None}, SkipReason.THERE_WITHOUT_COST),
            (old_form, SkipReason.THERE_WITHOUT_COST),
            (GRID_OF_A_PERSON, SkipReason.OTHER_SOURCE),
            (
                {"type": "solar", "stat_energy_from": f"climkit:{roof}_total"},
                SkipReason.SAME_ENERGY,
            ),
            (
                {"type": "water", "stat_energy_from": f"climkit:{cold}_total"},
                SkipReason.SAME_ENERGY,
            ),
            ({"type": "home", "stat_energy_to": "sensor.panel"}, SkipReason.OTHER_SOURCE),
        ):
            found = merge({**EMPTY, "energy_sources": [present]}, proposal, view.series, ())
            [skipped] = [one for one in found.skipped if one.kind != "device"]
            assert (skipped.kind, skipped.reason) == (present["type"], reason)

        flat = propose_meter(view, meter(house, "Flat 1"), [cold])
        other = propose_meter(view, meter(house, "Flat 2"), [])
        both = merge({**EMPTY, "energy_sources": flat.sources}, other, view.series, ())
        assert [one["type"] for one in both.added["energy_sources"]] == ["grid", "solar"]

    async def test_home(self, view: SiteView, house: Home) -> None:
        """It is ours, of others, of what is shown or of what is not."""
        proposal = propose_meter(view, meter(house, "Flat 1"), [])
        grid, _, home = proposal.sources
        other_grid, _, other_home = propose_meter(view, meter(house, "Flat 2"), []).sources
        part = {"type": "home", "stat_energy_to": grid["stat_energy_from"]}
        panel = {"type": "home", "stat_energy_to": "sensor.panel"}
        water = {"type": "water", "stat_energy_from": "climkit:another_total"}
        for present, removed, reason in (
            ([], [], None),
            ([water], [], None),
            ([home], [], SkipReason.ALREADY_THERE),
            ([part], [], SkipReason.OTHER_HOME),
            ([panel], [], SkipReason.OTHER_SOURCE),
            ([other_home], [other_home], None),
            ([other_grid], [], SkipReason.SEVERAL_SHOWN),
            ([other_grid, home], [home], SkipReason.SEVERAL_SHOWN),
            ([other_grid, other_home], [other_home], SkipReason.SEVERAL_SHOWN),
            ([other_grid, panel], [], SkipReason.SEVERAL_SHOWN),
            ([GRID_OF_A_PERSON, home], [], SkipReason.ALREADY_THERE),
        ):
            found = merge({**EMPTY, "energy_sources": present}, proposal, view.series, ())
            assert found.removed == removed
            reasons = [one.reason for one in found.skipped if one.kind == "home"]
            assert reasons == ([reason] if reason else [])
            assert (home in found.added["energy_sources"]) is (reason is None)

    @pytest.mark.parametrize("by_tariff", [False, True])
    async def test_power_is_told_once(self, view: SiteView, by_tariff: bool) -> None:
        """Two sources of one grid would double what the dashboard shows of now."""
        told = replace(view, net_power_of=lambda *_: "sensor.net", by_tariff=by_tariff)
        grids = [one for one in propose_site(told, {}).sources if one["type"] == "grid"]
        assert len(grids) == 1 + by_tariff
        assert [one["stat_rate"] for one in grids if "stat_rate" in one] == ["sensor.net"]

    async def test_power_of_half_a_grid(self, view: SiteView) -> None:
        """The other half tells it only where the half that is there does not."""
        told = replace(view, net_power_of=lambda *_: "sensor.net")
        proposal = propose_site(told, {})
        [grid] = [dict(one) for one in proposal.sources if one["type"] == "grid"]
        half = grid | {"stat_energy_to": None, "stat_compensation": None}
        [added] = self.grids(told, proposal, half)
        assert "stat_rate" not in added
        del half["stat_rate"]
        [added] = self.grids(told, proposal, half)
        assert added["stat_rate"] == "sensor.net"

    def grids(self, view: SiteView, proposal: Proposal, *present: dict[str, Any]) -> list[Any]:
        """The grid sources that are added to others."""
        found = merge({**EMPTY, "energy_sources": present}, proposal, view.series, ())
        return [one for one in found.added["energy_sources"] if one["type"] == "grid"]


def test_circle() -> None:
    """A device is no part of itself, not even around a corner."""
    one, two = {"stat_consumption": "a", "included_in_stat": "b"}, {"stat_consumption": "b"}
    assert not has_circle([one, two])
    back = two | {"included_in_stat": "a"}
    assert has_circle([one, back])
    assert has_circle([one], [back])


def test_circle_of_a_person() -> None:
    """A circle that stood there keeps nothing else from being added, even as a part of it."""
    itself = {"stat_consumption": "a", "included_in_stat": "a"}
    assert not has_circle([], [itself])
    assert not has_circle([{"stat_consumption": "b", "included_in_stat": "a"}], [itself])
