"""Real Swiss prices, with the numbers that utilities publish."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from custom_components.climkit.costs.tariff import feed_in_of_tariffs
from custom_components.climkit.costs.tariffs import Tariffs, changed_ranges, tariffs_from_data
from custom_components.climkit.flows.prices import READY_WINDOWS
from custom_components.climkit.measures.table import Price
from custom_components.climkit.statistics.time_range import TimeRange
from tests.costs.bill import ZURICH, feed_in, tariff

HOUR = timedelta(hours=1)
GROUPE_E = dict.fromkeys(("weekday", "saturday", "sunday"), "12-17, 23-07")
LAUSANNE = {"weekday": "22-06", "saturday": "0-7, 14-24", "sunday": "0-24"}
EWZ = {"weekday": "22-06", "saturday": "22-06", "sunday": "0-24"}
GRAENICHEN = {"weekday": "0-6, 12-18", "saturday": "0-24", "sunday": "0-24"}
EWZ_FEED_IN = {"weekday": "22-6", "saturday": "0-24", "sunday": "0-24"}
SUMMER = {"season_from": "1.4.", "season_to": "30.9."}
WINTER = {"season_from": "1.10.", "season_to": "31.3."}


def prices(*stored: dict[str, Any]) -> Tariffs:
    return tariffs_from_data(stored, ZURICH)


def double(hours: dict[str, str], high: float = 0.3, low: float = 0.2) -> Tariffs:
    """High and low tariff from 2026 on."""
    fields: dict[str, Any] = {"grid_price": high, "grid_price_low": low, "solar_price": 0.17}
    return prices(tariff("a", "2026-01-01", **fields, **hours))


def at(text: str) -> datetime:
    """A local time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZURICH).astimezone(UTC)


def hours_of(first: date, days: int = 1) -> Iterator[datetime]:
    """The hours of local days, in UTC."""
    hour, end = (at(f"{day}T00:00") for day in (first, first + timedelta(days=days)))
    while hour < end:
        yield hour
        hour += HOUR


class TestWindows:
    """How many hours are low ones."""

    @pytest.mark.parametrize(
        ("day", "count"),
        [
            (date(2026, 11, 18), 13),
            (date(2026, 3, 29), 12),  # clocks go forward
            (date(2026, 10, 25), 14),  # and back
            (date(2026, 11, 22), 13),  # a Sunday like a Monday
            (date(2026, 1, 1), 13),  # a public holiday is a day like others
        ],
    )
    def test_groupe_e(self, day: date, count: int) -> None:
        """Every day 12-17 and 23-07."""
        assert sum(double(GROUPE_E).is_low(hour) is True for hour in hours_of(day)) == count

    @pytest.mark.parametrize(
        ("utility", "published"), [("groupe_e", GROUPE_E), ("ewz", EWZ), ("sil", LAUSANNE)]
    )
    def test_ready_for_the_form(self, utility: str, published: dict[str, str]) -> None:
        """Whoever chooses a utility gets the hours that it publishes."""
        assert READY_WINDOWS[utility] == tuple(published.values())

    @pytest.mark.parametrize(("windows", "count"), [(GRAENICHEN, 60), (LAUSANNE, 87)])
    def test_high_hours_of_a_week(self, windows: dict[str, str], count: int) -> None:
        """Weekdays and weekends differ."""
        week = hours_of(date(2026, 11, 16), 7)
        assert sum(double(windows).is_low(hour) is False for hour in week) == count

    def test_a_flat_of_groupe_e(self) -> None:
        """All included."""
        flat = double(GROUPE_E, 0.2921, 0.1834)
        found = [flat.price(Price.GRID, at(f"2026-11-18T{hour}:00")) for hour in (11, 12, 22, 23)]
        assert found == [0.2921, 0.1834, 0.2921, 0.1834]


class TestFeedIn:
    """What is paid for exported energy."""

    def test_windows_of_its_own(self) -> None:
        """Of ewz: high on Monday to Friday from 6 to 22, whatever is low for what is bought."""
        ewz = prices(
            tariff("a", "2026-01-01", grid_price=0.3, solar_price=0.2),
            feed_in("a", "2026-01-01", price=0.105, price_low=0.0645, **EWZ_FEED_IN),
        )
        monday = [ewz.price(Price.EXPORT, at(f"2026-11-16T{hour}:00")) for hour in (21, 22)]
        assert monday == [0.105, 0.0645]
        assert ewz.price(Price.EXPORT, at("2026-11-21T12:00")) == 0.0645
        assert ewz.price(Price.GRID, at("2026-11-16T22:00")) == 0.3

    @pytest.mark.parametrize(
        ("price", "fields", "paid"),
        [
            (0.035, {"floor": 0.06}, 0.06),  # up to 30 kW
            (0.028, {"floor": 180 / 60 / 100}, 0.03),  # 60 kW
            (0.104, {"floor": 0.06, "bonus": 0.04}, 0.144),  # with the guarantee of origin
            (0.035, {"floor": 0.06, "bonus": 0.03}, 0.09),
            (-0.01, {}, -0.01),
            (0.1295, {}, 0.1295),
        ],
    )
    def test_floor_and_bonus(self, price: float, fields: dict[str, float], paid: float) -> None:
        """Never less than the floor; the bonus comes on top of either."""
        found = prices(feed_in("a", "2026-01-01", price=price, **fields))
        assert found.price(Price.EXPORT, at("2026-05-05T12:00")) == pytest.approx(paid)
        assert found.currency == "CHF"

    QUARTERS = (("2026-01-01", 0.104), ("2026-04-01", 0.028), ("2026-07-01", 0.033))

    def test_a_quarter_is_corrected(self) -> None:
        """Only its own hours are touched, and nothing but exports."""
        house = tariff("a", "2025-01-01", grid_price=0.277, solar_price=0.2216, site_fee=6.2)
        before = prices(house, *(feed_in("a", day, price=p) for day, p in self.QUARTERS))
        after = prices(
            house,
            *(
                feed_in("a", day, price=0.035 if day == "2026-04-01" else price)
                for day, price in self.QUARTERS
            ),
        )
        until = at("2026-12-01T00:00")
        second = TimeRange(at("2026-04-01T00:00"), at("2026-07-01T00:00"))
        assert changed_ranges(before, after, until) == [second]
        assert changed_ranges(before, after, until, [Price.EXPORT]) == [second]
        others = [price for price in Price if price is not Price.EXPORT]
        assert changed_ranges(before, after, until, others) == []

    def test_nothing_any_more(self) -> None:
        """Without a price none is known: absent, not zero."""
        ended = prices(feed_in("a", "2026-01-01", price=0.08), feed_in("a", "2026-07-01"))
        assert ended.price(Price.EXPORT, at("2026-06-30T23:00")) == 0.08
        assert ended.price(Price.EXPORT, at("2026-07-01T00:00")) is None

    def test_by_season(self) -> None:
        """Of Regio Energie Solothurn, over New Year."""
        solothurn = prices(
            feed_in("a", "2025-10-01", price=0.062, **SUMMER),
            feed_in("a", "2025-10-01", price=0.090, **WINTER),
        )
        for day, price in (
            ("2025-12-31", 0.09),
            ("2026-01-01", 0.09),
            ("2026-03-31", 0.09),
            ("2026-04-01", 0.062),
            ("2026-09-30", 0.062),
            ("2026-10-01", 0.09),
        ):
            assert solothurn.price(Price.EXPORT, at(f"{day}T23:00")) == price

    def test_of_a_tariff_of_release_0_1_0(self) -> None:
        """The price was a field of the tariff; where the next one has none, none is known."""
        old = [
            tariff("a", "2025-01-01", grid_price=0.3, solar_price=0.2),
            tariff("a", "2026-01-01", grid_price=0.3, solar_price=0.2, export_price=0.1),
            tariff("a", "2027-01-01", grid_price=0.3, solar_price=0.2),
        ]
        found = feed_in_of_tariffs(old)
        assert feed_in_of_tariffs(reversed(old)) == found, "in whatever order they were entered"
        assert [(one["valid_from"], one["feed_in"]) for one in found] == [
            ("2026-01-01", {"feed_in_price": 0.1}),
            ("2027-01-01", {}),
        ]
        for known in (prices(*old), prices(*old, *found)):
            days = [known.price(Price.EXPORT, at(f"{y}-06-01T12:00")) for y in (2025, 2026, 2027)]
            assert days == [None, 0.1, None]


class TestSeasons:
    """Prices of a part of each year."""

    def test_one_price_a_quarter(self) -> None:
        """Of EKZ: every year until replaced."""
        quarters = (("1.1.", "31.3."), ("1.4.", "30.6."), ("1.7.", "30.9."), ("1.10.", "31.12."))
        ekz = prices(
            *(
                tariff(
                    "a",
                    "2026-01-01",
                    grid_price=0.1 * number,
                    solar_price=0.1,
                    season_from=first,
                    season_to=last,
                )
                for number, (first, last) in enumerate(quarters, 1)
            )
        )
        for year in (2026, 2027, 2030):
            days = (at(f"{year}-{month:02}-15T12:00") for month in range(1, 13))
            found = [ekz.price(Price.GRID, day) for day in days]
            assert found == pytest.approx([0.1] * 3 + [0.2] * 3 + [0.3] * 3 + [0.4] * 3)

    def test_to_the_end_of_february(self) -> None:
        """It is meant in leap years too: no day is without a price."""
        fields: dict[str, Any] = {"solar_price": 0.2}
        parts = (("1.10.", "28.2.", 0.3), ("1.3.", "30.9.", 0.2))
        found = prices(
            *(
                tariff("a", "2023-01-01", grid_price=price, season_from=a, season_to=b, **fields)
                for a, b, price in parts
            )
        )
        for day, price in (("2024-02-29", 0.3), ("2024-03-01", 0.2), ("2026-02-28", 0.3)):
            assert found.price(Price.GRID, at(f"{day}T12:00")) == price

    def test_a_low_noon_in_summer(self) -> None:
        """Of Eniwa: Monday to Saturday 12-15, April to September only."""
        noon = {"weekday": "12-15", "saturday": "12-15"}
        fields: dict[str, Any] = {"grid_price": 0.3, "solar_price": 0.2}
        eniwa = prices(
            tariff("a", "2026-01-01", **fields),
            tariff("a", "2026-01-01", **fields, grid_price_low=0.2, **noon, **SUMMER),
        )
        days = [f"2026-{day}T13:00" for day in ("01-05", "06-01", "06-07", "12-01")]
        assert [eniwa.price(Price.GRID, at(day)) for day in days] == [0.3, 0.2, 0.3, 0.3]

    def test_a_change_of_summers(self) -> None:
        """Touches summers, each of them, and no winter."""
        fields: dict[str, Any] = {"solar_price": 0.2}
        winter = tariff("a", "2025-01-01", grid_price=0.3, **WINTER, **fields)
        before, after = (
            prices(winter, tariff("a", "2025-01-01", grid_price=price, **SUMMER, **fields))
            for price in (0.2, 0.25)
        )
        assert changed_ranges(before, after, at("2027-01-01T00:00")) == [
            TimeRange(at(f"{year}-04-01T00:00"), at(f"{year}-10-01T00:00")) for year in (2025, 2026)
        ]


class TestSolarShare:
    """Solar electricity as a share of the grid price."""

    def test_rented_building(self) -> None:
        """At most 80 % of the standard product."""
        rented = prices(tariff("a", "2026-01-01", grid_price=0.277, solar_share=80))
        assert rented.price(Price.SOLAR, at("2026-05-05T12:00")) == pytest.approx(0.2216)

    def test_low_hours(self) -> None:
        """The share is that of the price of the hour, and follows when that changes."""
        fields: dict[str, Any] = {"grid_price_low": 0.2, "solar_share": 50, **GROUPE_E}
        found = prices(
            tariff("a", "2026-01-01", grid_price=0.3, **fields),
            tariff("a", "2027-01-01", grid_price=0.4, **fields),
        )
        hours = ("2026-05-05T11:00", "2026-05-05T12:00", "2027-05-05T11:00")
        assert [found.price(Price.SOLAR, at(hour)) for hour in hours] == [0.15, 0.1, 0.2]
