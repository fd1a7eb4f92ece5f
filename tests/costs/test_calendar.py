"""Parts of a year, and which prices hold on which day."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from custom_components.climkit.costs.calendar import Calendar, Season, SeasonError


def season(first: str, last: str) -> Season:
    found = Season.parse({"season_from": first, "season_to": last})
    assert found
    return found


SUMMER, WINTER = season("1.4.", "30.9."), season("1.10.", "31.3.")


@dataclass(frozen=True)
class Prices:
    """Something that holds from a day on."""

    name: str
    valid_from: date
    season: Season | None = None


class TestSeason:
    """From a day and month to another."""

    @pytest.mark.parametrize("text", ["1.4.", "01.04", " 1. 4. ", "1.4"])
    def test_spellings(self, text: str) -> None:
        """As people write days."""
        assert season(text, "30.9.") == SUMMER

    @pytest.mark.parametrize("text", ["31.4.", "30.2.", "0.1.", "1.13.", "April", "4", "2026-4-1"])
    def test_no_day(self, text: str) -> None:
        """Such days there are not."""
        with pytest.raises(SeasonError, match="season_unreadable"):
            season(text, "30.9.")

    def test_both_or_none(self) -> None:
        """One day says nothing."""
        assert Season.parse({}) is None
        for texts in ({"season_from": "1.4."}, {"season_to": "1.4."}):
            with pytest.raises(SeasonError, match="season_needs_both"):
                Season.parse(texts)

    @pytest.mark.parametrize("year", [2023, 2024, 2026])
    def test_each_day_has_one(self, year: int) -> None:
        """Summer and winter share the year, over New Year and in leap years too."""
        days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
        assert all(SUMMER.includes(day) is not WINTER.includes(day) for day in days)
        assert sum(map(SUMMER.includes, (day for day in days if day.year == year))) == 183

    def test_edges(self) -> None:
        """The first day, and the one behind the last; 29 February in every year."""
        assert list(SUMMER.edges(2026)) == [date(2026, 4, 1), date(2026, 10, 1)]
        assert list(WINTER.edges(2026)) == [date(2026, 10, 1), date(2026, 4, 1)]
        leap = season("29.2.", "29.2.")
        assert list(leap.edges(2024)) == [date(2024, 2, 29), date(2024, 3, 1)]
        assert not leap.includes(date(2023, 2, 28))
        assert not leap.includes(date(2023, 3, 1))

    def test_end_of_february(self) -> None:
        """To 28 February is to its end."""
        assert season("1.10.", "28.2.").includes(date(2024, 2, 29))
        assert season("1.10.", "28.2.").overlaps(season("29.2.", "1.3."))

    def test_overlap(self) -> None:
        """A single day in common is one."""
        assert not SUMMER.overlaps(WINTER)
        assert WINTER.overlaps(season("31.3.", "1.4."))
        assert season("1.1.", "31.12.").overlaps(season("29.2.", "29.2."))


class TestCalendar:
    """What holds on a day."""

    def held(self, *items: Prices) -> list[str | None]:
        """Names on three days of 2026 and 2027: in winter, in summer and at New Year's Eve."""
        calendar = Calendar(items)
        days = (date(y, m, d) for y in (2026, 2027) for m, d in ((2, 1), (7, 1), (12, 31)))
        return [one.name if (one := calendar.on(day)) else None for day in days]

    def test_until_the_next(self) -> None:
        """Nothing before the first; the newest one holds."""
        old, new = Prices("old", date(2026, 7, 1)), Prices("new", date(2027, 1, 1))
        assert self.held(new, old) == [None, "old", "old", "new", "new", "new"]

    def test_every_year(self) -> None:
        """Each in its part of the year, until it is replaced."""
        summer = Prices("summer", date(2026, 1, 1), SUMMER)
        winter = Prices("winter", date(2026, 1, 1), WINTER)
        assert self.held(summer, winter) == ["winter", "summer", "winter"] * 2
        better = Prices("better", date(2027, 1, 1), SUMMER)
        assert self.held(better, summer, winter)[3:] == ["winter", "better", "winter"]

    @pytest.mark.parametrize("turned", [True, False])
    def test_beside_one_of_the_whole_year(self, turned: bool) -> None:
        """That of a part of the year goes before, of the same day; a newer one replaces both."""
        whole, summer = (
            Prices("whole", date(2026, 1, 1)),
            Prices("summer", date(2026, 1, 1), SUMMER),
        )
        items = (summer, whole) if turned else (whole, summer)
        assert self.held(*items) == ["whole", "summer", "whole"] * 2
        new = Prices("new", date(2027, 1, 1))
        assert self.held(*items, new) == ["whole", "summer", "whole", "new", "new", "new"]

    def test_edges(self) -> None:
        """None before the first day; those of a part of the year come each year."""
        edges = Calendar([Prices("summer", date(2026, 5, 1), SUMMER)]).edges(date(2027, 10, 1))
        assert edges == {date(2026, 5, 1), date(2026, 10, 1), date(2027, 4, 1)}
