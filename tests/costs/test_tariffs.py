"""Prices over time: the arithmetic."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.climkit.api import HOUR
from custom_components.climkit.costs.low_hours import LowHours, LowHoursError, parse_hours
from custom_components.climkit.costs.tariff import Payer, Rate, Tariff
from custom_components.climkit.costs.tariffs import (
    Tariffs,
    changed_ranges,
    days_of_month,
    hourly_costs,
    tariffs_from_data,
)
from custom_components.climkit.measures.table import CHARGE_POINT, METER_TYPES, Price
from custom_components.climkit.statistics import TimeRange

ZURICH = ZoneInfo("Europe/Zurich")


def tariff(day: date, grid: float = 0.3, **others: Any) -> Tariff:
    """A tariff with one price."""
    return Tariff(valid_from=day, currency="CHF", rates={Price.GRID: Rate(grid)}, **others)


def tariffs(*some: Tariff) -> Tariffs:
    return Tariffs(some, ZURICH)


def local(text: str) -> datetime:
    """A local time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZURICH).astimezone(UTC)


class TestHours:
    """The texts of the low-tariff hours."""

    @pytest.mark.parametrize(
        ("text", "hours"),
        [
            ("", set()),
            (" , ", set()),
            ("12-17", {12, 13, 14, 15, 16}),
            ("23-07", {23, 0, 1, 2, 3, 4, 5, 6}),
            ("12-17, 23-07", {12, 13, 14, 15, 16, 23, 0, 1, 2, 3, 4, 5, 6}),
            ("0-24", set(range(24))),
            ("22-0", {22, 23}),
            ("22-24", {22, 23}),
            ("22:00-06.00", {22, 23, 0, 1, 2, 3, 4, 5}),
            ("12 h - 14h", {12, 13}),
            ("12\u201313", {12}),
        ],
    )
    def test_windows(self, text: str, hours: set[int]) -> None:
        """From a full hour to before another, also over midnight."""
        assert parse_hours(text) == hours

    @pytest.mark.parametrize(
        ("text", "key", "window"),
        [
            ("night", "hours_unreadable", "night"),
            ("12", "hours_unreadable", "12"),
            ("12-17-20", "hours_unreadable", "12-17-20"),
            ("12-17 23-07", "hours_unreadable", "12-17 23-07"),
            ("12-17, 23:30-7", "hours_not_full", "23:30-7"),
            ("12-17.15", "hours_not_full", "12-17.15"),
            ("24-7", "hours_out_of_range", "24-7"),
            ("12-25", "hours_out_of_range", "12-25"),
            ("7-7", "hours_without_length", "7-7"),
            ("0-0", "hours_without_length", "0-0"),
        ],
    )
    def test_refused(self, text: str, key: str, window: str) -> None:
        """The reason names the window."""
        with pytest.raises(LowHoursError, match=key) as refused:
            parse_hours(text)
        assert (refused.value.key, refused.value.window) == (key, window)

    @given(st.integers(0, 23), st.integers(0, 24))
    def test_length(self, first: int, last: int) -> None:
        """A window has as many hours as the clock passes."""
        if first == last:
            return
        hours = parse_hours(f"{first}-{last}")
        assert len(hours) == (last - first) % 24 or (first, last) == (0, 24)
        assert first in hours
        assert last % 24 not in hours or (first, last) == (0, 24)

    @given(st.text(max_size=12))
    def test_any_text(self, text: str) -> None:
        """Whatever a person enters is read or refused."""
        with suppress(LowHoursError):
            assert parse_hours(text) <= set(range(24))

    def test_days(self) -> None:
        """An hour belongs to the kind of day in which it lies, not to the night before."""
        low = LowHours.parse({"weekday": "23-07", "saturday": "0-24"})
        assert low
        friday = datetime(2026, 11, 20, 23, tzinfo=ZURICH)
        assert low.include(friday)
        assert low.include(friday + timedelta(hours=1))  # Saturday by its own text
        assert not low.include(friday + timedelta(hours=25))  # Sunday has none
        assert low.include(friday + timedelta(hours=49))  # Monday from midnight
        assert not LowHours.parse({})


class TestPrices:
    """Which price an hour has."""

    def test_periods(self) -> None:
        """A tariff holds from local midnight until the next; before the first there is none."""
        both = tariffs(tariff(date(2027, 1, 1), 0.4), tariff(date(2026, 7, 1), 0.3))
        assert both.price(Price.GRID, local("2026-06-30T23:00")) is None
        assert both.price(Price.GRID, local("2026-07-01T00:00")) == 0.3
        assert both.price(Price.GRID, local("2026-12-31T23:00")) == 0.3
        assert both.price(Price.GRID, local("2027-01-01T00:00")) == 0.4
        assert both.start == datetime(2026, 6, 30, 22, tzinfo=UTC)
        assert both.currency == "CHF"

    def test_stretch_before_a_tariff(self) -> None:
        """It ends as the tariff begins, so it has no price; an hour longer it has one."""
        december = tariffs(tariff(date(2026, 12, 1)))
        begin, end = local("2026-11-20T00:00"), local("2026-12-01T00:00")
        assert not december.is_priced_in(Price.GRID, TimeRange(begin, end))
        assert december.is_priced_in(Price.GRID, TimeRange(begin, end + HOUR))

    def test_none(self) -> None:
        """A site without tariffs."""
        none = tariffs()
        assert not none
        assert none.start is none.currency is None
        assert none.price(Price.GRID, local("2026-07-01T00:00")) is None
        assert not any(none.fee(one, date(2026, 7, 1), date(2026, 7, 31)) for one in Payer)

    def test_low_hours_at_the_change_of_clocks(self) -> None:
        """The repeated hour is low twice, the left-out one never."""
        low = tariffs(
            Tariff(
                valid_from=date(2026, 1, 1),
                currency="CHF",
                rates={Price.GRID: Rate(0.3, 0.2), Price.SOLAR: Rate(0.15)},
                low_hours=LowHours.parse({"sunday": "2-3"}),
            )
        )
        autumn, spring = local("2026-10-25T00:00"), local("2026-03-29T00:00")
        day = [low.price(Price.GRID, autumn + number * HOUR) for number in range(25)]
        assert day == [0.3, 0.3, 0.2, 0.2] + [0.3] * 21
        assert {low.price(Price.GRID, spring + number * HOUR) for number in range(23)} == {0.3}
        assert low.price(Price.SOLAR, autumn + 2 * HOUR) == 0.15

    def test_charge_points(self) -> None:
        """They have a price of their own, or cost what electricity costs."""
        rates = {Price.GRID: Rate(0.3), Price.SOLAR: Rate(0.2)}
        as_electricity = Tariff(valid_from=date(2026, 1, 1), currency="CHF", rates=rates)
        assert as_electricity.rate(Price.CHARGE_POINT_GRID) == Rate(0.3)
        assert as_electricity.rate(Price.CHARGE_POINT_SOLAR) == Rate(0.2)
        assert as_electricity.rate(Price.CHARGE_POINT) is None
        point = METER_TYPES[CHARGE_POINT].meter_measures
        assert {one.key: as_electricity.rate(one.price) for one in point if one.price} == {
            "self": Rate(0.2),
            "ext": Rate(0.3),
        }
        own = Tariff(
            valid_from=date(2026, 1, 1),
            currency="CHF",
            rates=rates | {Price.CHARGE_POINT: Rate(0.5)},
        )
        for price in (Price.CHARGE_POINT, Price.CHARGE_POINT_GRID, Price.CHARGE_POINT_SOLAR):
            assert own.rate(price) == Rate(0.5)
        assert own.rate(Price.GRID) == Rate(0.3)

    def test_free_of_charge_is_a_price(self) -> None:
        """0 is no missing price."""
        free = tariffs(tariff(date(2026, 1, 1), 0.0))
        assert free.has_price(Price.GRID)
        assert free.price(Price.GRID, local("2026-05-05T05:00")) == 0.0

    def test_as_stored(self) -> None:
        """The form's fields by section; what is empty has no price."""
        [read] = tariffs_from_data(
            [
                {
                    "site": "a",
                    "currency": "CHF",
                    "valid_from": "2026-04-01",
                    "electricity": {"grid_price": 0.3, "grid_price_low": 0.2, "solar_price": 0.1},
                    "low_hours": {"weekday": "1-2", "sunday": "3-5"},
                    "water_and_heat": {"cold_water_price": 2.5},
                    "fees": {"meter_fee": 5.0},
                }
            ],
            ZURICH,
        )._tariffs.items
        assert read == Tariff(
            valid_from=date(2026, 4, 1),
            currency="CHF",
            rates={
                Price.GRID: Rate(0.3, 0.2),
                Price.SOLAR: Rate(0.1),
                Price.COLD_WATER: Rate(2.5),
            },
            low_hours=LowHours(weekday=frozenset({1}), sunday=frozenset({3, 4})),
            meter_fee=5.0,
        )


class TestFees:
    """A month's fee is spread over its days."""

    @pytest.mark.parametrize(
        ("day", "days"),
        [(date(2026, 2, 9), 28), (date(2028, 2, 29), 29), (date(2026, 12, 31), 31)],
    )
    def test_days_of_month(self, day: date, days: int) -> None:
        """Leap years, and December."""
        assert days_of_month(day) == days

    def test_a_whole_month_is_the_fee(self) -> None:
        """Also the one with the change of clocks."""
        one = tariffs(tariff(date(2026, 1, 1), site_fee=31.0, meter_fee=6.2))
        october = date(2026, 10, 1), date(2026, 10, 31)
        assert one.fee(Payer.SITE, *october) == pytest.approx(31)
        assert one.fee(Payer.METER, *october) == pytest.approx(6.2)
        assert one.fee(Payer.SITE, date(2026, 10, 4), date(2026, 10, 4)) == pytest.approx(1)

    def test_a_tariff_within_the_month(self) -> None:
        """Each day pays what its tariff says; days without one pay nothing."""
        two = tariffs(
            tariff(date(2026, 11, 11), site_fee=30), tariff(date(2026, 11, 21), site_fee=60)
        )
        november = date(2026, 11, 1), date(2026, 11, 30)
        assert two.fee(Payer.SITE, *november) == pytest.approx(10 + 20)


class TestCosts:
    """Amounts times prices."""

    HOUR = local("2026-05-05T05:00")

    def test_sum_of_parts(self) -> None:
        """Each part at its own price."""
        both = Tariffs(
            [
                Tariff(
                    valid_from=date(2026, 1, 1),
                    currency="CHF",
                    rates={Price.GRID: Rate(0.3), Price.SOLAR: Rate(0.1)},
                )
            ],
            ZURICH,
        )
        costs = hourly_costs(
            [
                (Price.GRID, {self.HOUR: 2.0, self.HOUR + HOUR: None}),
                (Price.SOLAR, {self.HOUR: 3.0, self.HOUR + HOUR: 1.0, self.HOUR + 2 * HOUR: -1.0}),
                (Price.EXPORT, {self.HOUR: 1000.0}),
            ],
            both,
        )
        assert costs == {
            self.HOUR: pytest.approx(0.9),
            self.HOUR + HOUR: pytest.approx(0.1),
            self.HOUR + 2 * HOUR: pytest.approx(-0.1),
        }

    @pytest.mark.parametrize("is_withdrawn_last", [False, True])
    def test_a_part_withdrawn(self, is_withdrawn_last: bool) -> None:
        """The others cost what they cost, whichever part comes first."""
        rates: dict[Price, Any] = {Price.GRID: Rate(0.3), Price.SOLAR: Rate(0.1)}
        both = tariffs(Tariff(valid_from=date(2026, 1, 1), currency="CHF", rates=rates))
        parts: list[tuple[Price, dict[datetime, float | None]]] = [
            (Price.GRID, {self.HOUR: None}),
            (Price.SOLAR, {self.HOUR: 2.0}),
        ]
        costs = hourly_costs(parts[::-1] if is_withdrawn_last else parts, both)
        assert costs == {self.HOUR: pytest.approx(0.2)}

    def test_withdrawn(self) -> None:
        """An hour without any amount left costs None; one without a price has no cost at all."""
        one = tariffs(tariff(date(2026, 5, 5)))
        before = self.HOUR - timedelta(days=1)
        costs = hourly_costs([(Price.GRID, {self.HOUR: None, before: 1.0})], one)
        assert costs == {self.HOUR: None}

    @given(
        st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=80),
        st.lists(st.tuples(st.integers(0, 4), st.floats(0, 2)), max_size=4),
    )
    def test_each_hour_at_its_own_price(
        self, values: list[float], periods: list[tuple[int, float]]
    ) -> None:
        """Whatever the periods, an hour costs amount times the newest price, or nothing at all."""
        first = date(2026, 5, 5)
        prices = dict(periods)
        some = tariffs(*(tariff(first + timedelta(days=d), p) for d, p in prices.items()))
        start = local("2026-05-05T00:00")
        amounts = {start + number * HOUR: value for number, value in enumerate(values)}
        costs = hourly_costs([(Price.GRID, amounts)], some)
        for number, value in enumerate(values):
            valid = [day for day in prices if day <= number // 24]
            expected = value * prices[max(valid)] if valid else None
            assert costs.get(start + number * HOUR) == expected


class TestChanges:
    """Which stretches a change of tariffs concerns."""

    OLD = tariff(date(2026, 1, 1), 0.3)
    NEW = tariff(date(2027, 1, 1), 0.4)
    STARTS = local("2026-01-01T00:00"), local("2027-01-01T00:00")
    UNTIL = local("2030-01-01T00:00")

    def changed(self, old: Tariffs, new: Tariffs) -> list[tuple[datetime, datetime]]:
        """The stretches that change until then."""
        return [(one.start, one.end) for one in changed_ranges(old, new, self.UNTIL)]

    def test_first(self) -> None:
        assert self.changed(tariffs(), tariffs(self.OLD)) == [(self.STARTS[0], self.UNTIL)]

    def test_added(self) -> None:
        """What was before stays as it was."""
        found = self.changed(tariffs(self.OLD), tariffs(self.OLD, self.NEW))
        assert found == [(self.STARTS[1], self.UNTIL)]

    def test_corrected(self) -> None:
        """Only the stretch it covers."""
        better = tariff(date(2026, 1, 1), 0.31)
        found = self.changed(tariffs(self.OLD, self.NEW), tariffs(better, self.NEW))
        assert found == [self.STARTS]

    def test_deleted(self) -> None:
        """The one before holds on, or none does."""
        assert self.changed(tariffs(self.OLD, self.NEW), tariffs(self.NEW)) == [self.STARTS]
        assert self.changed(tariffs(self.OLD, self.NEW), tariffs(self.OLD)) == [
            (self.STARTS[1], self.UNTIL)
        ]

    def test_moved(self) -> None:
        """Another first day concerns the days between."""
        moved = tariff(date(2026, 7, 1), 0.3)
        found = self.changed(tariffs(self.OLD), tariffs(moved))
        assert found == [(self.STARTS[0], local("2026-07-01T00:00"))]

    def test_nothing(self) -> None:
        """Other fees, or the same price from another day on, cost no kWh more."""
        dearer = tariff(date(2026, 1, 1), 0.3, site_fee=5)
        same = tariff(date(2026, 7, 1), 0.3)
        assert self.changed(tariffs(self.OLD), tariffs(dearer)) == []
        assert self.changed(tariffs(self.OLD), tariffs(self.OLD, same)) == []
        assert self.changed(tariffs(), tariffs()) == []


@pytest.mark.parametrize("share", [0, 80, 100])
def test_share_of_the_grid_price(share: float) -> None:
    """From nothing at all to all of it."""
    stored = {
        "valid_from": "2026-01-01",
        "currency": "CHF",
        "low_hours": {},
        "fees": {},
        "electricity": {"grid_price": 0.5, "solar_share": share},
        "water_and_heat": {},
    }
    rate = Tariff.from_data(stored).rate(Price.SOLAR)
    assert rate == Rate(pytest.approx(0.5 * share / 100))
