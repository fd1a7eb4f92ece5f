"""What the simulator says about a day in Switzerland."""

from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from math import fsum
from zoneinfo import ZoneInfo

from tests.simulator.site import METER_TYPES
from tools.demonstration.simulator import Simulator
from tools.demonstration.truth import Hours, hourly

ZONE = ZoneInfo("Europe/Zurich")
WATER_BY = time(7)  # the simulator's water of a day comes between three and six of the next one


class Day:
    """The amounts of a site's statistics on a day that is over, kWh or m³.

    It is the newest of which all amounts are there, unless `days_ago` says which.
    """

    def __init__(self, simulator: Simulator, site: str, days_ago: int | None = None) -> None:
        now = datetime.now(ZONE)
        self.days_ago = days_ago or (1 if now.time() >= WATER_BY else 2)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        start = today - timedelta(days=self.days_ago)
        self._start, self._end = (one.astimezone(UTC) for one in (start, start + timedelta(days=1)))
        self._world = simulator.world
        self._site_id = simulator.site_id(site)

    def of_site(self, meter_type: str, column: str) -> float:
        """Return the sum of a column of the site, such as `electricity`, `from_ext`."""
        return fsum(self.hours_of_site(meter_type, column).values())

    def hours_of_site(self, meter_type: str, column: str) -> Hours:
        """Return the amount of each hour of a column of the site."""
        return self._series[f"climkit:{self._site_id}_{meter_type}_{column}"]

    def of_meter(self, name: str, measure: str) -> float:
        """Return the sum of a measure of a meter, such as `Flat 1`, `ext`."""
        meters = self._world.meter_info(self._site_id)
        meter_id = next(one["id"] for one in meters if one.get("name") == name)
        return fsum(self._series[f"climkit:{meter_id}_{measure}"].values())

    @cached_property
    def _series(self) -> dict[str, Hours]:
        now = datetime.now(UTC)
        start, end = int(self._start.timestamp()), int(self._end.timestamp())
        return {
            statistic_id: {hour: amount for hour, amount in hours.items() if start <= hour < end}
            for meter_type in METER_TYPES
            for statistic_id, hours in hourly(
                self._world, self._site_id, meter_type, self._start, self._end, now
            ).items()
        }


def home_consumption(day: Day) -> float:
    """Return what the frontend computes as the home's consumption, in kWh.

    That is what goes in less what goes out, hour by hour, where each flow is at least 0.
    """
    incoming = ("from_ext", "prod_total", "storage_discharging_total")
    outgoing = ("to_ext", "storage_charging_total")
    return fsum(
        sign * max(amount, 0)
        for sign, columns in ((1, incoming), (-1, outgoing))
        for column in columns
        for amount in day.hours_of_site("electricity", column).values()
    )
