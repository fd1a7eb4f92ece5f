"""Tariffs as the form stores them, and costs worked out by hand: a plain second way to the same."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from statistics import mean
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.climkit.const import SUBENTRY_FEED_IN, SUBENTRY_TARIFF
from tests.conftest import Home
from tests.stories.source import METER_ID, SITE_ID, WATER_ID
from tests.truth import climkit_hours, hourly_changes

ZURICH = ZoneInfo("Europe/Zurich")

# What a unit costs in the hour that begins at a local time; None: there is no price.
type Price = Callable[[datetime], float | None]

# What a sensor told of the hour that begins at a time (UTC), in a mean; None: nothing (yet).
type Told = Callable[[str, datetime], float | None]

GRID, SOLAR, EXPORT = 0.3, 0.2, 0.1

WEEKS = pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 10, 28, 9, 40, tzinfo=UTC),
        datetime(2026, 3, 31, 9, 40, tzinfo=UTC),
        datetime(2027, 1, 4, 9, 40, tzinfo=UTC),
    ],
    ids=["autumn", "spring", "new year"],
)


# How the statistics end that follow from prices.
DERIVED = ("_cost", "_ext_high", "_ext_low")

TARIFF_ONLY = ("electricity", "dynamic", "water_and_heat", "fees")


def tariff(site_id: str, valid_from: str, **fields: float | str) -> dict[str, Any]:
    """A tariff as its subentry stores it."""
    sections = {
        "electricity": ("grid", "solar", "export", "charge"),
        "dynamic": ("sensor",),
        "low_hours": ("weekday", "saturday", "sunday"),
        "water_and_heat": ("cold", "hot", "heat", "cool"),
        "fees": ("site_fee", "meter_fee", "fees_by_hour", "site_power", "meter_power"),
        "season": ("season",),
    }
    return {
        "site": site_id,
        "currency": "CHF",
        "valid_from": valid_from,
        **{
            section: {key: value for key, value in fields.items() if key.startswith(starts)}
            for section, starts in sections.items()
        },
    }


def feed_in(site_id: str, valid_from: str, **fields: float | str) -> dict[str, Any]:
    """A feed-in price as its subentry stores it; `price`, `price_low`, `floor`, `bonus`."""
    stored = tariff(site_id, valid_from, **fields)
    prices = ("price", "price_low", "floor", "bonus")
    return {
        "feed_in": {f"feed_in_{key}": fields[key] for key in prices if key in fields},
        **{key: value for key, value in stored.items() if key not in TARIFF_ONLY},
    }


def add_tariff(home: Home, data: dict[str, Any]) -> str:
    """Add a tariff, or a feed-in price, as its flow does; return the id of the subentry."""
    subentry = subentry_of(data)
    home.hass.config_entries.async_add_subentry(home.entry, subentry)
    return subentry.subentry_id


def subentry_of(data: dict[str, Any]) -> ConfigSubentry:
    """Return the subentry of a tariff, or of a feed-in price."""
    return ConfigSubentry(
        data=MappingProxyType(data),
        subentry_type=SUBENTRY_FEED_IN if "feed_in" in data else SUBENTRY_TARIFF,
        title=data["valid_from"],
        unique_id=_unique_id(data),
    )


def correct_tariff(home: Home, subentry_id: str, data: dict[str, Any]) -> None:
    """Correct a tariff as its flow does."""
    home.hass.config_entries.async_update_subentry(
        home.entry,
        home.entry.subentries[subentry_id],
        data=data,
        title=data["valid_from"],
        unique_id=_unique_id(data),
    )


def _unique_id(data: dict[str, Any]) -> str:
    kind = "feed_in" if "feed_in" in data else "tariff"
    return "_".join((data["site"], data["valid_from"], *(data.get("season") or {}).values(), kind))


def delete_tariff(home: Home, subentry_id: str) -> None:
    """Delete a tariff as the user does."""
    home.hass.config_entries.async_remove_subentry(home.entry, subentry_id)


def costs_by_hand(
    home: Home,
    prices: dict[str, dict[str, Price]],
    fees: Mapping[str, Price] = MappingProxyType({}),
) -> dict[str, dict[datetime, float]]:
    """What Climkit's hours cost: for each cost statistic the statistics it sums, with prices.

    `fees` are those that each hour of a cost statistic holds.
    """
    amounts = climkit_hours(home, dt_util.utcnow())
    costs: dict[str, dict[datetime, float]] = {}
    for cost_id, parts in prices.items():
        hours: dict[datetime, float] = {}
        for statistic_id, price in parts.items():
            for hour, amount in amounts.get(statistic_id, {}).items():
                unit_price = price(hour.astimezone(ZURICH))
                if unit_price is not None:
                    hours[hour] = hours.get(hour, 0.0) + amount * unit_price
        fee = fees.get(cost_id, always(0.0))
        costs[cost_id] = {
            hour: cost + (fee(hour.astimezone(ZURICH)) or 0.0) for hour, cost in hours.items()
        }
    return costs


async def assert_costs(
    home: Home,
    prices: dict[str, dict[str, Price]],
    fees: Mapping[str, Price] = MappingProxyType({}),
) -> None:
    """All that follows from prices is what was worked out by hand; there is nothing else."""
    changes = await hourly_changes(home)
    stored = {key: hours for key, hours in changes.items() if key.endswith(DERIVED)}
    expected = {key: hours for key, hours in costs_by_hand(home, prices, fees).items() if hours}
    assert stored.keys() == expected.keys()
    for key, hours in expected.items():
        assert stored[key].keys() == hours.keys(), key
        for hour, cost in hours.items():
            assert abs(stored[key][hour] - cost) < 1e-4, (key, hour)


def house_prices(
    home: Home, grid: Price, solar: Price, export: Price
) -> dict[str, dict[str, Price]]:
    """The prices of all that costs something in a single house."""
    [site_id] = home.simulator.world.sites
    [main, _, flat] = (str(m["id"]) for m in home.simulator.world.meter_info(site_id))
    site = f"climkit:{site_id}_electricity"
    return {
        f"{site}_from_ext_cost": {f"{site}_from_ext": grid},
        f"{site}_to_ext_cost": {f"{site}_to_ext": export},
        f"{site}_self_cost": {f"{site}_self": solar},
        f"{site}_conso_total_cost": {f"{site}_from_ext": grid, f"{site}_self": solar},
        f"climkit:{main}_from_ext_cost": {f"climkit:{main}_from_ext": grid},
        f"climkit:{main}_to_ext_cost": {f"climkit:{main}_to_ext": export},
        f"climkit:{flat}_ext_cost": {f"climkit:{flat}_ext": grid},
        f"climkit:{flat}_self_cost": {f"climkit:{flat}_self": solar},
        f"climkit:{flat}_total_cost": {f"climkit:{flat}_ext": grid, f"climkit:{flat}_self": solar},
    }


def by_tariff(
    prices: Mapping[str, dict[str, Price]],
    is_low: Callable[[datetime], bool],
    of_amounts: Mapping[str, dict[str, Price]] | None = None,
) -> dict[str, dict[str, Price]]:
    """What is told by the hours of the high and the low tariff: of each consumer, and of the site.

    Amounts are taken as what costs 1; the hours of the other tariff have nothing of it. They are
    there wherever there is a price, or one that a sensor did not tell (`of_amounts`).
    """
    found: dict[str, dict[str, Price]] = {}
    for cost_id, parts in prices.items():
        stem = cost_id.removesuffix("_cost")
        is_of_site = stem.endswith("electricity_from_ext")
        for name, wants_low in (("high", False), ("low", True)):
            if is_of_site or _is_of_consumer(stem):
                found[f"{stem}_{name}"] = _only(
                    (of_amounts or prices)[cost_id], is_low, wants_low, is_amount=True
                )
            if is_of_site or (stem.endswith("_total") and any(map(_is_of_consumer, parts))):
                found[f"{stem}_{name}_cost"] = _only(parts, is_low, wants_low)
    return found


def _is_of_consumer(statistic_id: str) -> bool:
    return statistic_id.endswith("_ext") and not statistic_id.endswith(("from_ext", "to_ext"))


def _only(
    parts: Mapping[str, Price],
    is_low: Callable[[datetime], bool],
    wants_low: bool,
    *,
    is_amount: bool = False,
) -> dict[str, Price]:
    def only(price: Price, local: datetime) -> float | None:
        if (found := price(local)) is None:
            return None
        return (1.0 if is_amount else found) if is_low(local) is wants_low else 0.0

    return {key: partial(only, price) for key, price in parts.items()}


def hourly_fee(tariffs: Collection[Mapping[str, Any]], key: str) -> Price:
    """What an hour holds of a month's fee, where the tariff spreads it over hours."""

    def fee(local: datetime) -> float:
        valid = _valid(tariffs, local.date())
        if valid is None or not _spreads_fees(valid):
            return 0.0
        month_fee: float = valid["fees"].get(key, 0.0)
        return month_fee / _days_of_month(local.date()) / _hours_of_day(local.date())

    return fee


def _spreads_fees(valid: Mapping[str, Any]) -> bool:
    """Whether fees are in the costs of hours; without a price of the grid there are none."""
    return bool(valid["fees"].get("fees_by_hour")) and _has_grid_price(valid)


def _has_grid_price(valid: Mapping[str, Any]) -> bool:
    return "grid_price" in valid["electricity"] or bool(valid.get("dynamic"))


def _hours_of_day(day: date) -> int:
    """23 on the last Sunday of March, 25 on that of October."""
    is_last_sunday = day.weekday() == 6 and (day + timedelta(days=7)).month != day.month
    return 24 + {3: -1, 10: 1}.get(day.month, 0) * is_last_sunday


def nothing_told(_sensor: str, _hour: datetime) -> float | None:
    """No sensor tells any price."""
    return None


def anything_told(_sensor: str, _hour: datetime) -> float | None:
    """Sensors tell something always: so it is seen where there shall be a price."""
    return 0.0


def source_prices(
    stored: Collection[Mapping[str, Any]], told: Told = nothing_told
) -> dict[str, dict[str, Price]]:
    """The prices of all that costs something in the installation of `tests.stories.source`.

    The hours of two tariffs are told apart where what the grid gives ever has a price.
    """
    prices = _source_prices(stored, told)
    tariffs = [one for one in stored if "feed_in" not in one]
    if any(one["low_hours"] for one in tariffs) and any(map(_has_grid_price, tariffs)):
        whole = _source_prices(stored, anything_told)
        prices |= by_tariff(prices, low_by_tariffs(tariffs), whole)
    return prices


def _source_prices(
    stored: Collection[Mapping[str, Any]], told: Told
) -> dict[str, dict[str, Price]]:
    tariffs = [one for one in stored if "feed_in" not in one]
    grid = grid_price(tariffs, told)
    solar = solar_price(tariffs, told)
    cold = stored_price(tariffs, "water_and_heat", "cold_water_price")
    export = feed_in_price([one for one in stored if "feed_in" in one])
    site, water = f"climkit:{SITE_ID}_electricity", f"climkit:{SITE_ID}_cold_water_conso_total"
    return {
        f"{site}_from_ext_cost": {f"{site}_from_ext": grid},
        f"{site}_to_ext_cost": {f"{site}_to_ext": export},
        # Its own solar energy has a price, too, though it has none.
        f"{site}_conso_total_cost": {f"{site}_from_ext": grid, f"{site}_self": solar},
        f"climkit:{METER_ID}_self_cost": {f"climkit:{METER_ID}_self": solar},
        # It is a consumer, though it has nothing from the grid.
        f"climkit:{METER_ID}_total_cost": {
            f"climkit:{METER_ID}_ext": grid,
            f"climkit:{METER_ID}_self": solar,
        },
        f"{water}_cost": {water: cold},
        f"climkit:{WATER_ID}_total_cost": {f"climkit:{WATER_ID}_total": cold},
    }


def source_fees(stored: Collection[Mapping[str, Any]]) -> dict[str, Price]:
    """The fees in the hours of that installation."""
    fee = hourly_fee([one for one in stored if "feed_in" not in one], "site_fee")
    site = f"climkit:{SITE_ID}_electricity"
    is_low = low_by_tariffs([one for one in stored if "feed_in" not in one])
    by_rate = {
        f"{site}_from_ext_{name}_cost": partial(_if_low, fee, is_low, wants_low)
        for name, wants_low in (("high", False), ("low", True))
    }
    return {f"{site}_from_ext_cost": fee, f"{site}_conso_total_cost": fee, **by_rate}


def _if_low(
    fee: Price, is_low: Callable[[datetime], bool], wants_low: bool, local: datetime
) -> float | None:
    return fee(local) if is_low(local) is wants_low else 0.0


def low_by_tariffs(tariffs: Collection[Mapping[str, Any]]) -> Callable[[datetime], bool]:
    """Whether an hour is one of the low tariff, as tariffs say."""

    def is_low(local: datetime) -> bool:
        valid = _valid(tariffs, local.date())
        return valid is not None and _is_low(valid["low_hours"], local)

    return is_low


def stored_price(stored: Collection[Mapping[str, Any]], section: str, key: str) -> Price:
    """What tariffs, as they are stored, say that a unit costs at a local time."""

    def price(local: datetime) -> float | None:
        valid = _valid(stored, local.date())
        if valid is None:
            return None
        prices: Mapping[str, float] = valid[section]
        if key not in prices:  # a low price without a high one is none
            return None
        if _is_low(valid["low_hours"], local) and f"{key}_low" in prices:
            return prices[f"{key}_low"]
        return prices[key]

    return price


def grid_price(tariffs: Collection[Mapping[str, Any]], told: Told = nothing_told) -> Price:
    """What grid electricity costs: its own price, or what a sensor told of the hour."""
    own = stored_price(tariffs, "electricity", "grid_price")

    def price(local: datetime) -> float | None:
        valid = _valid(tariffs, local.date())
        if valid is None or not (dynamic := valid.get("dynamic")):
            return own(local)
        hour = local.astimezone(UTC).replace(minute=0)
        if (mean := told(dynamic["sensor"], hour)) is None:
            return None
        return mean * dynamic.get("sensor_factor", 1.0) + dynamic.get("sensor_surcharge", 0.0)

    return price


def solar_price(tariffs: Collection[Mapping[str, Any]], told: Told = nothing_told) -> Price:
    """What solar electricity costs: its own price, or a share of what the grid's costs then."""
    own = stored_price(tariffs, "electricity", "solar_price")
    grid = grid_price(tariffs, told)

    def price(local: datetime) -> float | None:
        valid = _valid(tariffs, local.date())
        share = valid["electricity"].get("solar_share") if valid else None
        if share is None:
            return own(local)
        return None if (whole := grid(local)) is None else whole * share / 100

    return price


def feed_in_price(stored: Collection[Mapping[str, Any]]) -> Price:
    """What is paid for exported energy: at least the floor, and the bonus."""
    said = stored_price(stored, "feed_in", "feed_in_price")

    def price(local: datetime) -> float | None:
        if (paid := said(local)) is None or (valid := _valid(stored, local.date())) is None:
            return None
        prices = valid["feed_in"]
        return max(paid, prices.get("feed_in_floor", paid)) + prices.get("feed_in_bonus", 0.0)

    return price


def always(price: float) -> Price:
    """One price for ever."""
    return lambda _: price


def since(day: date, price: float) -> Price:
    """One price from a local midnight on."""
    return lambda local: price if local.date() >= day else None


def site_of(home: Home) -> str:
    """The id of the only site."""
    [site_id] = home.simulator.world.sites
    return site_id


def flat_of(home: Home) -> str:
    """The id of the only consumer."""
    return str(home.simulator.world.meter_info(site_of(home))[2]["id"])


def is_low(local: datetime) -> bool:
    """The low tariff of the week below: noon and night on weekdays, the whole Saturday."""
    if local.weekday() == 5:
        return True
    return local.weekday() < 5 and (12 <= local.hour < 17 or local.hour >= 23 or local.hour < 7)


def plain_tariff(home: Home, day: str = "2026-01-01", **others: float) -> dict[str, Any]:
    """A tariff with single prices."""
    fields = {"grid_price": GRID, "solar_price": SOLAR, "export_price": EXPORT} | others
    return tariff(site_of(home), day, **fields)


def plain_prices(home: Home) -> dict[str, dict[str, Price]]:
    """Its prices."""
    return house_prices(home, always(GRID), always(SOLAR), always(EXPORT))


def cost_entities(home: Home) -> set[str]:
    """The unique ids of all entities of costs."""
    found = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    return {entry.unique_id for entry in found if "cost" in entry.unique_id} | {
        entry.unique_id for entry in found if "price" in entry.unique_id
    }


def fees_by_hand(
    tariffs: Collection[Mapping[str, Any]],
    key: str,
    first: date,
    last: date,
    *,
    but_spread: bool = False,
) -> float:
    """The fees of some days, each its part of the month's; perhaps without those in hours."""
    return sum(
        valid["fees"].get(key, 0.0) / _days_of_month(day)
        for day in _days(first, last)
        if (valid := _valid([one for one in tariffs if "fees" in one], day))
        and not (but_spread and _spreads_fees(valid))
    )


def power_by_hand(
    home: Home, tariffs: Collection[Mapping[str, Any]], month: date, until: datetime
) -> float | None:
    """What a month (its first day) costs for the site's highest quarter-hour from the grid.

    None: it has a price, and the month, which is not over yet, has none.
    """
    days = [month + timedelta(days=number) for number in range(_days_of_month(month))]
    price = fees_by_hand(tariffs, "site_power_price", days[0], days[-1])
    if not price:
        return 0.0
    start, end = _hours_of(days[0])[0], _hours_of(days[-1])[-1] + timedelta(hours=1)
    columns = home.simulator.world.intervals(site_of(home), "electricity", start, end, now=until)
    values = columns.get("from_ext", {}).values()
    if not values and until < end:
        return None
    return price * max([0.0, *(4 * value for value in values)])


def projected_by_hand(
    costs: Mapping[datetime, float], until: datetime, prices: Collection[Price], fee: Price
) -> float | None:
    """What something will have cost this month, but for fees that are not in hours.

    An hour to come, after `until`, costs what the last whole days of its kind did on average, each
    day's cost spread over its hours, and its own `fee`, not that of those days. None with less than
    three whole days of the last fourteen, unless nothing to come has a price.
    """

    def fee_in(hour: datetime) -> float:
        return fee(hour.astimezone(ZURICH)) or 0.0

    today = dt_util.utcnow().astimezone(ZURICH).date()
    days = {}
    for number in range(1, 15):
        day = today - timedelta(days=number)
        if all(hour in costs for hour in _hours_of(day)):
            days[day] = sum(costs[hour] - fee_in(hour) for hour in _hours_of(day))
    spent = 0.0
    for number in range(1, _days_of_month(today) + 1):
        day = today.replace(day=number)
        alike = [cost for one, cost in days.items() if _kind_of(one) == _kind_of(day)]
        hours = _hours_of(day)
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZURICH)
        is_priced = any(price(noon) is not None for price in prices)
        for hour in hours:
            if hour < until:
                spent += costs.get(hour, 0.0)
            elif is_priced:
                if len(days) < 3:
                    return None
                usual = mean(alike or days.values())
                spent += usual / len(hours) + fee_in(hour)
    return spent


def _hours_of(day: date) -> list[datetime]:
    """The hours of a local day, in UTC."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZURICH).astimezone(UTC)
    hours = (start + timedelta(hours=number) for number in range(25))
    return [hour for hour in hours if hour.astimezone(ZURICH).date() == day]


def _kind_of(day: date) -> str:
    return {5: "Saturday", 6: "Sunday"}.get(day.weekday(), "workday")


def _valid(stored: Collection[Mapping[str, Any]], day: date) -> Mapping[str, Any] | None:
    begun = [
        one
        for one in stored
        if date.fromisoformat(one["valid_from"]) <= day and _is_in_season(one["season"], day)
    ]
    return max(begun, key=lambda one: (one["valid_from"], bool(one["season"])), default=None)


def _is_in_season(season: Mapping[str, str], day: date) -> bool:
    if not season:
        return True
    first, last = (
        tuple(map(int, reversed(season[key].strip(".").split("."))))
        for key in ("season_from", "season_to")
    )
    at = (day.month, day.day)
    return first <= at <= last if first <= last else not last < at < first


def _is_low(windows: Mapping[str, str], local: datetime) -> bool:
    key = {5: "saturday", 6: "sunday"}.get(local.weekday(), "weekday")
    for window in filter(None, windows.get(key, "").split(",")):
        start, end = (int(hour) for hour in window.split("-"))
        within = start <= local.hour < end
        if within if start < end else local.hour >= start or local.hour < end:
            return True
    return False


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _days_of_month(day: date) -> int:
    first = day.replace(day=1)
    return ((first + timedelta(days=31)).replace(day=1) - first).days
