"""Prices that a sensor tells, from its hourly means."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.const import (
    EVENT_RECORDER_HOURLY_STATISTICS_GENERATED,
    EVENT_STATE_CHANGED,
)
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.climkit.api import floor_hour
from custom_components.climkit.costs import sensor_prices
from custom_components.climkit.costs.tariff import (
    LARGEST_PRICE,
    Rate,
    SensorRate,
    Tariff,
    tariff_or_none,
)
from custom_components.climkit.costs.tariffs import (
    Tariffs,
    changed_ranges,
    hourly_costs,
    tariffs_from_data,
)
from custom_components.climkit.diagnostics import async_get_config_entry_diagnostics
from custom_components.climkit.measures.table import Price
from custom_components.climkit.statistics import TimeRange, means as stored_means
from tests.conftest import NOW, Home
from tests.costs.bill import (
    ZURICH,
    add_tariff,
    always,
    assert_costs,
    correct_tariff,
    delete_tariff,
    house_prices,
    site_of,
    tariff,
)
from tests.costs.price_sensor import HOUR, UNIT, PriceSensor, means_between, varying
from tests.services.statement import state
from tests.truth import delete_rows, hourly_changes, known_names

DAY = timedelta(days=1)
NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
FACTOR, SURCHARGE = 1.081, 0.11


def told(sensor: str = "sensor.ekz", **others: Any) -> Tariff:
    rates = {Price.GRID: SensorRate(sensor, **others), Price.SOLAR: Rate(0.17)}
    return Tariff(valid_from=date(2026, 7, 1), currency="CHF", rates=rates)


class TestPure:
    """The arithmetic."""

    def test_an_hour(self) -> None:
        """The mean, with VAT, and a surcharge."""
        tariffs = Tariffs([told(factor=1.081, surcharge=0.11)], ZURICH)
        means = {"sensor.ekz": {NOON: 0.2}}
        assert tariffs.price(Price.GRID, NOON, means) == pytest.approx(0.3262)
        assert tariffs.price(Price.CHARGE_POINT_GRID, NOON, means) == pytest.approx(0.3262)
        assert tariffs.price(Price.GRID, NOON + HOUR, means) is None
        assert tariffs.price(Price.GRID, NOON, {"sensor.other": {NOON: 0.2}}) is None
        assert tariffs.price(Price.SOLAR, NOON) == 0.17
        assert tariffs.price(Price.GRID, NOON - 10 * DAY, means) is None
        assert tariffs.has_price(Price.GRID)

    def test_what_an_hourly_mean_cannot_tell(self) -> None:
        """The page on costs says so: exactly it would be 0.20."""
        amounts, prices = (0.4, 0.3, 0.2, 0.1), (0.1, 0.2, 0.3, 0.4)
        means = {"sensor.ekz": {NOON: sum(prices) / 4}}
        tariffs = Tariffs([told()], ZURICH)
        [cost] = hourly_costs([(Price.GRID, {NOON: sum(amounts)})], tariffs, means).values()
        assert cost == pytest.approx(0.25)
        assert sum(a * p for a, p in zip(amounts, prices, strict=True)) == pytest.approx(0.2)

    def test_half_of_a_cost_is_none(self) -> None:
        """Solar energy has a price, what came from the grid has none yet."""
        parts = [(Price.GRID, {NOON: 0.5, NOON + HOUR: 0.5}), (Price.SOLAR, {NOON: 1.0})]
        tariffs = Tariffs([told()], ZURICH)
        assert hourly_costs(parts, tariffs) == {}
        means = {"sensor.ekz": {NOON: 0.3}}
        assert hourly_costs(parts, tariffs, means) == {NOON: pytest.approx(0.32)}
        withdrawn = [(Price.GRID, {NOON: None}), (Price.SOLAR, {NOON: 1.0})]
        assert hourly_costs(withdrawn, tariffs) == {NOON: pytest.approx(0.17)}

    def test_share(self) -> None:
        """Solar electricity as a share of what the sensor tells, surcharge included."""
        data = tariff("a", "2026-07-01", solar_share=80, **sensor_fields("sensor.ekz"))
        tariffs = tariffs_from_data([data], ZURICH)
        price = tariffs.price(Price.SOLAR, NOON, {"sensor.ekz": {NOON: 0.2}})
        assert price == pytest.approx(0.8 * (0.2 * FACTOR + SURCHARGE))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"sensor_factor": 0},
            {"sensor_factor": -1.0},
            {"sensor_factor": 8.1},
            {"sensor_factor": 2.6},
            {"sensor_factor": "1.081"},
            {"sensor_surcharge": float("inf")},
            {"sensor": 7},
            {"grid_price": 0.3},
        ],
    )
    def test_unusable(self, wrong: dict[str, Any]) -> None:
        """What no form would have stored."""
        good = {"sensor": "sensor.ekz", "solar_price": 0.2}
        assert tariff_or_none(tariff("a", "2026-07-01", **good))
        assert not tariff_or_none(tariff("a", "2026-07-01", **good | wrong))

    def test_what_changes(self) -> None:
        """A changed factor touches the time of its tariff alone, and not what is solar."""
        old = Tariffs([told()], ZURICH)
        new = Tariffs([told(factor=1.081)], ZURICH)
        whole = [TimeRange(datetime(2026, 6, 30, 22, tzinfo=UTC), NOON)]
        assert changed_ranges(old, new, NOON) == whole
        assert changed_ranges(old, new, NOON, [Price.SOLAR]) == []
        assert changed_ranges(old, old, NOON) == []

    def test_stretches(self) -> None:
        """Two tariffs follow each other with different sensors."""
        july, august = (
            tariff("a", f"2026-0{month}-01", solar_price=0.2, sensor=f"sensor.{month}")
            for month in (7, 8)
        )
        tariffs = tariffs_from_data([july, august], ZURICH)
        first, second = (
            datetime(2026, month, day, 22, tzinfo=UTC) for month, day in ((6, 30), (7, 31))
        )
        assert tariffs.told_by_sensors(TimeRange(first - 9 * DAY, second + DAY)) == [
            ("sensor.7", TimeRange(first, second)),
            ("sensor.8", TimeRange(second, second + DAY)),
        ]


def sensor_fields(key: str) -> dict[str, Any]:
    return {"sensor": key, "sensor_factor": FACTOR, "sensor_surcharge": SURCHARGE}


FIRST = datetime(2026, 11, 17, 23, tzinfo=UTC)  # local midnight
OVER = floor_hour(NOW)


def sensor_tariff(home: Home, sensor: PriceSensor, day: str = "2026-11-18") -> dict[str, Any]:
    return tariff(site_of(home), day, solar_price=0.2, **sensor_fields(sensor.key))


async def assert_priced(
    home: Home,
    means: dict[datetime, float],
    begin: datetime = FIRST,
    *,
    factor: float = FACTOR,
) -> None:
    """Hours with a mean cost it; in those without one what came from the sun alone has a cost."""

    def grid(local: datetime) -> float | None:
        hour = local.astimezone(UTC)
        mean = means.get(hour) if hour >= begin else None
        return None if mean is None else mean * factor + SURCHARGE

    def solar(local: datetime) -> float | None:
        return 0.2 if local.astimezone(UTC) >= begin else None

    prices = house_prices(home, grid, solar, always(0.0))
    prices = {key: parts for key, parts in prices.items() if "_to_ext" not in key}
    both = {key for key, parts in prices.items() if len(parts) == 2}
    single = {key: parts for key, parts in prices.items() if key not in both}
    # A sum has a cost only where its part from the grid has.
    summed = {
        key: {one: lambda at, price=price: price(at) if grid(at) is not None else None
              for one, price in prices[key].items()}
        for key in both
    }  # fmt: skip
    await assert_costs(home, single | summed)


def copy_id(home: Home, sensor: PriceSensor) -> str:
    return f"climkit:{site_of(home)}_grid_price_{sensor.key.replace('.', '_')}"


async def copied(home: Home, sensor: PriceSensor) -> dict[datetime, float]:
    """What is copied of a sensor's means."""
    long_ago, end = NOW - 900 * DAY, NOW + 900 * DAY
    return await stored_means.async_means(home.hass, copy_id(home, sensor), long_ago, end)


@pytest.mark.recorder
@pytest.mark.each_database
class TestStored:
    """With a recorder."""

    @pytest.fixture
    async def sensor(self, home: Home) -> PriceSensor:
        """A sensor in the registry, and a home whose history is read."""
        await home.hass.config.async_update(currency="CHF")
        await home.set_up_completely()
        return PriceSensor(home.hass)

    async def test_hours(self, home: Home, sensor: PriceSensor) -> None:
        """Each hour costs its mean; the prices can be looked at."""
        means = means_between(FIRST - 9 * HOUR, OVER, varying)
        sensor.tell(0.2)
        await sensor.compile(means)
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        await assert_priced(home, means)
        priced = {hour: mean for hour, mean in means.items() if hour >= FIRST}
        assert await copied(home, sensor) == priced
        names = await known_names(home.hass)
        assert names[copy_id(home, sensor)] == "Maison Rochat Grid electricity price (EKZ)"
        assert await stored_means.async_mean_unit(home.hass, copy_id(home, sensor)) == (True, UNIT)
        assert home.sites[0].costs.hours_without_price == 0

    async def test_a_mean_comes_later(self, home: Home, sensor: PriceSensor) -> None:
        """The hour has no cost until then, and the recorder's word is enough to look again."""
        means = means_between(FIRST, OVER, varying)
        await sensor.compile(means)
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        for _ in range(3):
            await home.turn_clock(minutes=60)
            await assert_priced(home, means)
            assert home.sites[0].costs.hours_without_price == 1
            new = floor_hour(home.true_now) - HOUR
            means[new] = varying(new)
            await sensor.compile({new: means[new]})
            await home.settle()
            await assert_priced(home, means)
            assert home.sites[0].costs.hours_without_price == 0

    async def test_gaps(self, home: Home, sensor: PriceSensor) -> None:
        """Hours without a mean have no cost, and are counted; a late one is found in the night.

        A mean that is too large for a price is none.
        """
        means = means_between(FIRST, OVER, varying)
        late = {FIRST + 3 * HOUR, FIRST + 4 * HOUR}
        never = {FIRST + 20 * HOUR}
        early = {hour: mean for hour, mean in means.items() if hour not in late | never}
        await sensor.compile(early | dict.fromkeys(never, 2 * LARGEST_PRICE))
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        await assert_priced(home, early)
        found: Any = await async_get_config_entry_diagnostics(home.hass, home.entry)
        assert found["sites"][0]["costs"]["hours_without_price"] == 3
        await home.turn_clock(hours=60)
        site = home.sites[0]
        await sensor.compile({hour: means[hour] for hour in late})
        await home.settle()
        assert site.costs.hours_without_price == 3 + 60, "given up until a night looks"
        site.costs.start_night()
        # The recorder's word lets it look at the last days alone, which does not come instead.
        home.hass.bus.async_fire(EVENT_RECORDER_HOURLY_STATISTICS_GENERATED)
        await home.settle()
        await assert_priced(home, early | {hour: means[hour] for hour in late})
        assert site.costs.hours_without_price == 1 + 60

    async def test_statement(self, home: Home, sensor: PriceSensor) -> None:
        """The price of an hour of two days ago may still come; after three days it is missing."""
        means = means_between(FIRST, OVER, varying)
        late, never = FIRST + 3 * HOUR, FIRST + 4 * HOUR
        await sensor.compile({key: mean for key, mean in means.items() if key not in (late, never)})
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        answer = await state(home, site_of(home), "2026-11-18", "2026-11-18")
        assert answer["reasons"] == ["still_to_come"]
        await sensor.compile({late: means[late]})
        await home.settle()
        assert home.sites[0].costs.hours_without_price == 1
        await home.turn_clock(hours=24)
        answer = await state(home, site_of(home), "2026-11-18", "2026-11-18")
        assert answer["reasons"] == ["price_missing"]

    async def test_stable(self, home: Home, sensor: PriceSensor) -> None:
        """Whatever becomes of the sensor, a recomputation gives the same."""
        means = means_between(FIRST, OVER, varying)
        await sensor.compile(means)
        subentry_id = add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        before = await hourly_changes(home)
        await sensor.compile(dict.fromkeys(means, 9.9))
        await self.recompute(home)
        assert await hourly_changes(home) == before
        await sensor.purge()
        sensor.remove()
        await self.recompute(home)
        assert await hourly_changes(home) == before
        correct_tariff(home, subentry_id, sensor_tariff(home, sensor) | {"fees": {"site_fee": 1.0}})
        await home.restart()
        await self.recompute(home)
        assert await hourly_changes(home) == before

    async def recompute(self, home: Home) -> None:
        """Delete what was computed; it is made anew."""
        cost_ids = [key for key in await hourly_changes(home) if key.endswith("_cost")]
        await home.sites[0].async_delete(cost_ids)
        home.sites[0].costs.start_night()
        await home.settle()

    async def test_renamed(self, home: Home, sensor: PriceSensor) -> None:
        """Its prices go on."""
        means = means_between(FIRST, OVER, varying)
        await sensor.compile(means)
        sensor.tell(0.5)
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        await sensor.rename("my_price")
        await home.turn_clock(minutes=60)
        sensor.tell(0.25)
        await sensor.compile({OVER: 0.25})
        await home.settle()
        await assert_priced(home, means | {OVER: 0.25})
        state = float(home.state(f"{site_of(home)}_grid_price").state)
        assert state == pytest.approx(0.25 * FACTOR + SURCHARGE)

    async def test_changed_factor(self, home: Home, sensor: PriceSensor) -> None:
        """It touches all hours of its tariff, and nothing is asked of the sensor again."""
        means = means_between(FIRST, OVER, varying)
        await sensor.compile(means)
        subentry_id = add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        await sensor.purge()
        data = sensor_tariff(home, sensor)
        data["dynamic"]["sensor_factor"] = 1.0
        correct_tariff(home, subentry_id, data)
        await home.settle()
        await assert_priced(home, means, factor=1.0)

    async def test_moved_into_the_past(self, home: Home, sensor: PriceSensor) -> None:
        """Earlier hours are copied as far as the sensor has them."""
        begin = FIRST - 2 * DAY
        means = means_between(begin + 5 * HOUR, OVER, varying)
        await sensor.compile(means)
        subentry_id = add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        correct_tariff(home, subentry_id, sensor_tariff(home, sensor, "2026-11-16"))
        await home.settle()
        await assert_priced(home, means, begin)
        delete_tariff(home, subentry_id)
        await home.settle()
        assert not [key for key in await hourly_changes(home) if key.endswith("_cost")]
        assert await copied(home, sensor) == means

    async def test_another_sensor(self, home: Home, sensor: PriceSensor) -> None:
        """Each tariff has its own; one that is corrected takes all hours from the other sensor."""
        other = PriceSensor(home.hass, "vario", is_registered=False)
        middle = FIRST + DAY
        await sensor.compile(means_between(FIRST, OVER, varying))
        rest = means_between(middle, OVER, lambda hour: 1 - varying(hour))
        del rest[middle + 3 * HOUR]
        await other.compile(rest)
        add_tariff(home, sensor_tariff(home, sensor))
        second = add_tariff(home, sensor_tariff(home, other, "2026-11-19"))
        await home.settle()
        first_day = means_between(FIRST, middle, varying)
        await assert_priced(home, first_day | rest)
        assert home.sites[0].costs.hours_without_price == 1
        correct_tariff(home, second, sensor_tariff(home, sensor, "2026-11-19"))
        await home.settle()
        await assert_priced(home, means_between(FIRST, OVER, varying))
        assert home.sites[0].costs.hours_without_price == 0
        assert set(await copied(home, other)) == set(rest)

    async def test_tariff_of_before_the_site(self, home: Home, sensor: PriceSensor) -> None:
        """Hours in which there was no site lack no price."""
        created = home.sites[0].site.created
        assert created
        await sensor.compile(means_between(floor_hour(created), OVER, varying))
        add_tariff(home, sensor_tariff(home, sensor, "2026-01-01"))
        await home.settle()
        assert home.sites[0].costs.hours_without_price == 0

    async def test_copies_are_lost(self, home: Home, sensor: PriceSensor) -> None:
        """A person deletes them, or a backup comes back: they are copied again."""
        means = means_between(FIRST, OVER, varying)
        await sensor.compile(means)
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        get_instance(home.hass).async_clear_statistics([copy_id(home, sensor)])
        await async_wait_recording_done(home.hass)
        home.sites[0].costs.start_night()
        await home.settle()
        assert await copied(home, sensor) == means
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        await delete_rows(home.hass, since=OVER - 10 * HOUR)
        await sensor.compile(means)
        await home.set_up_completely()
        assert await copied(home, sensor) == means
        await assert_priced(home, means)

    async def test_deleted_with_the_site(self, home: Home, sensor: PriceSensor) -> None:
        """The action deletes the prices too; what the sensor has now is copied."""
        means = means_between(FIRST, OVER, varying)
        await sensor.compile(means)
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        await sensor.compile(dict.fromkeys(means, 0.5))
        stored = [*await hourly_changes(home), copy_id(home, sensor)]
        await home.sites[0].async_delete(stored)
        await home.complete()
        await assert_priced(home, dict.fromkeys(means, 0.5))

    async def test_copies_are_not_stored(self, home: Home, sensor: PriceSensor) -> None:
        """The recorder lost them: no cost is written that would follow from nothing."""
        means = means_between(FIRST, OVER, varying)
        await sensor.compile(means)
        with (
            patch.object(sensor_prices, "async_write_means"),
            patch(
                "custom_components.climkit.statistics.worker.RECORDER_PAUSE", timedelta(minutes=1)
            ),
        ):
            add_tariff(home, sensor_tariff(home, sensor))
            await home.hass.async_block_till_done(wait_background_tasks=False)
            await home.until(lambda: home.sites[0].costs.worker.is_idle)
        assert not await copied(home, sensor)
        await home.turn_clock(minutes=15)
        await home.turn_clock(minutes=15)
        assert await copied(home, sensor) == means
        await assert_priced(home, means)

    @pytest.mark.parametrize(
        ("unit", "mean_type"),
        [("EUR/kWh", StatisticMeanType.ARITHMETIC), (UNIT, StatisticMeanType.NONE)],
    )
    async def test_no_prices(
        self, home: Home, sensor: PriceSensor, unit: str, mean_type: StatisticMeanType
    ) -> None:
        """A sensor whose unit changed since it was chosen tells none, nor one without means."""
        sensor.unit, sensor.mean_type = unit, mean_type
        sensor.tell(0.2)
        await sensor.compile(means_between(FIRST, OVER, varying))
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        await assert_priced(home, {})
        assert not await copied(home, sensor)
        is_known = home.state(f"{site_of(home)}_grid_price").state != "unknown"
        assert is_known == (unit == UNIT)

    async def test_nothing_is_polled(self, home: Home, sensor: PriceSensor) -> None:
        """A mean that never comes is looked for once an hour, for some days."""
        await sensor.compile(means_between(FIRST, OVER - 5 * HOUR, varying))
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        asked = []
        means = sensor_prices.async_means

        async def async_means(hass: Any, statistic_id: str, *args: Any) -> Any:
            asked.extend([statistic_id] if statistic_id == sensor.entity_id else [])
            return await means(hass, statistic_id, *args)

        with patch.object(sensor_prices, "async_means", async_means):
            for _ in range(4):
                await home.turn_clock(minutes=15)
            # Once for the hour that began, and with the amounts of each quarter-hour.
            assert 1 <= len(asked) <= 6

    async def test_own_price(self, home: Home) -> None:
        """A price that follows from tariffs tells none: it would go round in a circle."""
        await home.set_up_completely()
        price, day = f"{site_of(home)}_grid_price", "2026-11-18"
        first = add_tariff(home, tariff(site_of(home), day, grid_price=0.3, solar_price=0.2))
        await home.settle()
        assert home.state(price).state == "0.3"
        in_a_circle: dict[str, Any] = {"solar_price": 0.2, "sensor": home.entity_id(price)}
        correct_tariff(home, first, tariff(site_of(home), day, **in_a_circle))
        await home.settle()
        assert home.state(price).state == "unknown"

    @pytest.mark.parametrize("is_registered", [True, False])
    async def test_price_now(self, home: Home, sensor: PriceSensor, is_registered: bool) -> None:
        """It follows the sensor at once."""
        sensor = sensor if is_registered else PriceSensor(home.hass, "raw", is_registered=False)
        sensor.tell(0.2)
        data = tariff(site_of(home), "2026-11-18", solar_share=50, **sensor_fields(sensor.key))
        add_tariff(home, data)
        await home.settle()
        for told_now in (0.2, 0.3, -0.05):
            sensor.tell(told_now)
            await home.hass.async_block_till_done()
            price = told_now * FACTOR + SURCHARGE
            for key, share in (("grid_price", 1.0), ("solar_price", 0.5)):
                state = float(home.state(f"{site_of(home)}_{key}").state)
                assert state == pytest.approx(price * share)
        for nothing in ("unavailable", "unknown", "nan", "inf", "much"):
            sensor.tell(nothing)
            await home.hass.async_block_till_done()
            assert home.state(f"{site_of(home)}_grid_price").state == "unknown"

    async def test_tariff_that_begins(self, home: Home, sensor: PriceSensor) -> None:
        """From its first midnight on the price follows its sensor, and no longer the other one."""
        other = PriceSensor(home.hass, "vario", is_registered=False)
        sensor.tell(0.2)
        other.tell(0.4)
        add_tariff(home, sensor_tariff(home, sensor))
        add_tariff(home, sensor_tariff(home, other, "2026-11-21"))
        await home.settle()
        await home.turn_clock(to=datetime(2026, 11, 20, 23, 0, 30, tzinfo=UTC))
        for told_now in (0.5, 0.3):
            other.tell(told_now)
            await home.hass.async_block_till_done()
            state = float(home.state(f"{site_of(home)}_grid_price").state)
            assert state == pytest.approx(told_now * FACTOR + SURCHARGE)

    async def test_nothing_is_heard_of_after_an_unload(
        self, home: Home, sensor: PriceSensor
    ) -> None:
        """Neither what sensors tell, nor that the recorder has means of another hour."""
        events = EVENT_STATE_CHANGED, EVENT_RECORDER_HOURLY_STATISTICS_GENERATED

        def listeners() -> list[int]:
            return [home.hass.bus.async_listeners().get(event, 0) for event in events]

        await home.hass.config_entries.async_unload(home.entry.entry_id)
        before = listeners()
        await home.set_up()
        sensor.tell(0.2)
        add_tariff(home, sensor_tariff(home, sensor))
        await home.settle()
        assert listeners() == [number + 1 for number in before]
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        assert listeners() == before
