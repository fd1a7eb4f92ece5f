"""Which series a site's meters make, and where their data come from."""

from collections.abc import Iterable

import pytest

from custom_components.climkit.api import Meter, MeterMode
from custom_components.climkit.measures.series import (
    Feed,
    Series,
    all_series,
    known_meters,
    repeated_by_site,
    split_column,
)
from custom_components.climkit.measures.table import (
    CHARGE_POINT,
    ELECTRICITY,
    METER_TYPES,
    MeterType,
    Quantity,
)
from custom_components.climkit.options import Selection

ALL = Selection()
METERS_ONLY = Selection(site_totals=False)
SITE = Feed("site", ELECTRICITY)
ID = "62a1dfca85eba4e3564021f3"
OTHER_ID = "62a1dfca85eba4e3564021f4"


def meter(
    meter_id: str, mode: MeterMode = MeterMode.CONSUMPTION, meter_type: str = ELECTRICITY
) -> Meter:
    """A listed meter."""
    return Meter(
        id=meter_id, type=meter_type, mode=mode, name=None, bus_address=None, is_rule_meter=False
    )


def series_of(
    meters: Iterable[Meter],
    columns: dict[str, frozenset[str]] | None = None,
    selection: Selection = METERS_ONLY,
    *,
    has_battery: bool = False,
) -> dict[str, Series]:
    """All series by their statistic ids."""
    found = all_series(
        "site", {m.id: m for m in meters}, columns or {}, selection, has_battery=has_battery
    )
    assert len({one.statistic_id for one in found}) == len(found)
    return {one.statistic_id: one for one in found}


class TestOfMeters:
    """The series of single meters."""

    def test_consumer(self) -> None:
        """Columns of the site's answer."""
        found = series_of([meter("flat")])
        assert {s.statistic_id: s.column for s in found.values()} == {
            "climkit:flat_total": "total_flat",
            "climkit:flat_self": "self_flat",
            "climkit:flat_ext": "ext_flat",
        }
        assert {s.feed for s in found.values()} == {SITE}

    def test_without_column(self) -> None:
        """Questions of its own; the statistics are the same."""
        own = series_of([meter("flat")], {ELECTRICITY: frozenset({"conso_total"})})
        assert own.keys() == series_of([meter("flat")]).keys()
        assert {s.feed for s in own.values()} == {Feed("site", ELECTRICITY, "flat")}
        assert {s.column for s in own.values()} == {"total", "self", "ext"}

    def test_production(self) -> None:
        """Only a total."""
        assert list(series_of([meter("pv", MeterMode.PRODUCTION)])) == ["climkit:pv_total"]

    def test_introduction(self) -> None:
        """It has no column, but the site's grid columns are its own."""
        found = series_of([meter("main", MeterMode.INTRODUCTION)])
        assert {s.column for s in found.values()} == {"from_ext", "to_ext"}
        assert {s.feed for s in found.values()} == {SITE}
        assert {s.owner_id for s in found.values()} == {"main"}

    def test_battery(self) -> None:
        """The same with the site's battery columns."""
        [charge, _, discharge] = series_of([meter("box", MeterMode.BATTERY)]).values()
        assert charge.column == "storage_charging_total"
        assert discharge.column == "storage_discharging_total"

    def test_two_introductions(self) -> None:
        """The site's columns say nothing of each; they are asked for by themselves."""
        mains = [meter(i, MeterMode.INTRODUCTION) for i in ("a", "b")]
        found = series_of(mains, {ELECTRICITY: frozenset({"from_ext"})})
        assert {(s.feed.meter_id, s.column) for s in found.values()} == {
            ("a", "total"),
            ("b", "total"),
        }

    def test_introduction_with_column(self) -> None:
        """Nobody has seen one, but then it is used."""
        main = meter("main", MeterMode.INTRODUCTION)
        [series] = series_of([main], {ELECTRICITY: frozenset({"total_main"})}).values()
        assert series.column == "total_main"

    @pytest.mark.parametrize(
        ("meter_type", "quantity"),
        [
            ("heating", Quantity.ENERGY),
            ("cooling", Quantity.ENERGY),
            ("cold_water", Quantity.WATER),
            ("hot_water", Quantity.WATER),
        ],
    )
    def test_other_types(self, meter_type: str, quantity: Quantity) -> None:
        """One amount each."""
        [series] = series_of([meter("m", meter_type=meter_type)]).values()
        assert series.measure.quantity is quantity
        assert series.feed == Feed("site", meter_type)
        assert not series.measure.has_power

    def test_upper_case_id(self) -> None:
        """Statistic ids are lower case."""
        assert "climkit:6f00ab_total" in series_of([meter("6F00AB")])


@pytest.mark.timeout(5)
def test_ten_thousand_main_meters_take_no_time() -> None:
    """The work grows with the number of meters, not with its square."""
    found = series_of([meter(f"{n:024x}", MeterMode.INTRODUCTION) for n in range(10_000)])
    assert len(found) == 10_000


class TestOfSites:
    """The totals of a site."""

    def test_electricity(self) -> None:
        """Grid, sun and consumption; a battery only where there is one."""
        without = series_of([meter("flat")], selection=ALL)
        assert {s.column for s in without.values() if not s.meter_id} == {
            "conso_total",
            "prod_total",
            "self",
            "from_ext",
            "to_ext",
        }
        with_battery = series_of([meter("flat")], selection=ALL, has_battery=True)
        assert {s.column for s in with_battery.values() if not s.meter_id} >= {
            "storage_charging_total",
            "storage_discharging_total",
        }

    def test_each_type(self) -> None:
        """A total for each type that has meters, or columns: charge points are not listed."""
        columns = {CHARGE_POINT: frozenset({"conso_total"}), "heating": frozenset[str]()}
        found = series_of([meter("w", meter_type="cold_water")], columns, ALL)
        assert {s.statistic_id for s in found.values() if not s.meter_id} == {
            "climkit:site_cold_water_conso_total",
            "climkit:site_charge_point_conso_total",
        }

    def test_choice(self) -> None:
        """Only the choice turns series off."""
        selection = Selection(meters=frozenset({"b"}), site_totals=False)
        found = series_of([meter("a"), meter("b")], selection=selection)
        assert {s.owner_id for s in found.values()} == {"b"}


class TestKnownMeters:
    """Listed meters, and those that only columns tell of."""

    def test_unlisted(self) -> None:
        """A column makes a meter of its answer's type; listed ones stay as they are."""
        columns = {
            ELECTRICITY: frozenset({"conso_total", "total_flat"}),
            CHARGE_POINT: frozenset({f"total_{ID}", f"self_{ID}", f"ext_{ID}", "timestamp"}),
        }
        found = known_meters([meter("flat", MeterMode.PRODUCTION)], columns)
        assert found["flat"].mode is MeterMode.PRODUCTION
        assert (found[ID].type, found[ID].is_rule_meter) == (CHARGE_POINT, True)
        assert found.keys() == {"flat", ID}

    def test_columns_in_another_case(self) -> None:
        """The same statistic would come of them, so they make no second meter."""
        columns = {
            ELECTRICITY: frozenset({f"total_{ID.upper()}"}),
            CHARGE_POINT: frozenset({f"total_{OTHER_ID}", f"total_{OTHER_ID.upper()}"}),
        }
        found = known_meters([meter(ID)], columns)
        assert sorted(found) == [OTHER_ID.upper(), ID]
        series_of(found.values(), columns)

    def test_new_columns_of_a_site(self) -> None:
        """What Climkit may yet say of a site is no meter."""
        columns = frozenset({"self_consumption", "total_import", f"total_{ID}_cost"})
        assert known_meters([], {ELECTRICITY: columns}) == {}
        site_only = series_of([], {ELECTRICITY: columns}, ALL)
        assert all(series.meter_id is None for series in site_only.values())

    def test_unknown_type(self) -> None:
        """A meter type nobody knows is passed over."""
        assert known_meters([meter("r", meter_type="reactive")], {}) == {}


@pytest.mark.parametrize(
    ("column", "parts"),
    [
        (f"total_{ID}", ("total", ID)),
        (f"self_{ID}", ("self", ID)),
        (f"ext_{ID}", ("ext", ID)),
        (f"total_{ID.upper()}", ("total", ID.upper())),
        (f"total_{ID[1:]}", None),
        (f"total_{ID}_cost", None),
        (f"total_cost_{ID}", None),
        (f"conso_total_{ID}", None),
        (f"Total_{ID}", None),
        (ID, None),
        ("self_consumption", None),
        ("total_import", None),
        ("ext_", None),
        ("self", None),
        ("prod_total", None),
        ("from_ext", None),
        ("storage_charging_total", None),
        ("total_", None),
    ],
)
def test_split_column(column: str, parts: tuple[str, str] | None) -> None:
    """Columns of meters and columns of the site."""
    assert split_column(column) == parts


@pytest.mark.parametrize("meter_type", METER_TYPES.values(), ids=lambda one: one.key)
def test_columns_of_the_site_stay_the_site_s(meter_type: MeterType) -> None:
    """None of the known ones is taken for a meter's."""
    assert not any(split_column(measure.key) for measure in meter_type.site_measures)


def test_table() -> None:
    """Power belongs to what is read each quarter-hour only."""
    for meter_type in METER_TYPES.values():
        for measure in (*meter_type.site_measures, *meter_type.meter_measures):
            assert meter_type.read_each_interval or not measure.has_power


class TestRepeated:
    """Meters that say what the totals of their site say too."""

    @pytest.mark.parametrize(
        "mode", [MeterMode.PRODUCTION, MeterMode.INTRODUCTION, MeterMode.BATTERY]
    )
    @pytest.mark.parametrize("number", [1, 2])
    def test_the_only_one_of_its_kind(self, mode: MeterMode, number: int) -> None:
        """Of two each tells something of its own, as does a flat."""
        some = [meter(f"{mode} {index}", mode) for index in range(number)]
        found = repeated_by_site([*some, meter("flat"), meter("tank", meter_type="cold_water")])
        assert found == ({some[0].id} if number == 1 else set())
