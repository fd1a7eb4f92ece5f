"""The entities: series of meters and sites, and Climkit's sensors."""

from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorEntityDescription, SensorStateClass
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.restore_state import RestoredExtraData, RestoreEntity
from homeassistant.util import dt as dt_util

from ..api import Sensor
from ..const import DECIMALS
from ..coordinator import DataGap, SensorsCoordinator
from ..entity import ClimkitEntity, SiteEntity
from ..measures import Series
from ..runtime import SiteRuntime
from .climkit_types import device_class_of, unit_of
from .descriptions import Pair, PairDescription, SeriesDescription, SiteDescription

ATTR_NO_DATA_SINCE = "no_data_since"
ATTR_DATA_LATE_SINCE = "data_late_since"
ATTR_DATA_BACK_AT = "data_back_at"
NEWEST_SEEN = "newest_seen"


class SeriesSensor(SiteEntity):
    """A view of a series.

    Totals and amounts of periods have no state class: their statistics are the external ones,
    written hour-exact, and the recorder shall not make a second copy from arrival times.
    """

    entity_description: SeriesDescription

    def __init__(
        self,
        runtime: SiteRuntime,
        device_info: DeviceInfo,
        series: Series,
        description: SeriesDescription,
    ) -> None:
        """Set up the view."""
        super().__init__(runtime, device_info, series.owner_id, description)
        self._statistic_id = series.statistic_id

    @property
    @override
    def is_listed(self) -> bool:
        """Whether the series is still there."""
        return self._statistic_id in self.runtime.series

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return an amount in the unit of the measure, power in W, a peak in kW, or a time."""
        series = self.runtime.series[self._statistic_id]
        value = self.entity_description.value_fn(self.runtime, series)
        return round(value, DECIMALS) if isinstance(value, float) else value


class PairSensor(SiteEntity):
    """What two series tell together."""

    entity_description: PairDescription

    def __init__(self, runtime: SiteRuntime, device_info: DeviceInfo, pair: Pair) -> None:
        """Set up what the pair tells."""
        super().__init__(runtime, device_info, pair.owner_id, pair.description)
        self._first, self._second = pair.first.statistic_id, pair.second.statistic_id

    @property
    @override
    def is_listed(self) -> bool:
        """Whether both series are still there."""
        return {self._first, self._second} <= self.runtime.series.keys()

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value."""
        first, second = (self.runtime.series[one] for one in (self._first, self._second))
        return self.entity_description.value_fn(self.runtime, first, second)


class ReadingSensor(SiteEntity):
    """A raw meter reading. It is asked for only while this entity is enabled."""

    def __init__(
        self,
        runtime: SiteRuntime,
        device_info: DeviceInfo,
        meter_id: str,
        description: SensorEntityDescription,
        register: str,
    ) -> None:
        """Show a register of a meter, by the API's name."""
        super().__init__(runtime, device_info, meter_id, description, meter_id)
        self._register = register

    @property
    @override
    def is_listed(self) -> bool:
        """Whether the meter is still there."""
        return self.owner_id in self.runtime.meters

    @property
    @override
    def native_value(self) -> float | None:
        """Return the register as the meter shows it."""
        return self.coordinator.registers.register(self.owner_id, self._register)


class SiteSensor(SiteEntity):
    """Something about a site's data."""

    entity_description: SiteDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the value."""
        return self.entity_description.value_fn(self.runtime)


class HistorySensor(SiteSensor, RestoreEntity):
    """How much of the history is stored, and when new data last stayed away.

    Automations find it by its attributes, on the site's device; they change with a gap only.
    """

    _unrecorded_attributes = frozenset(
        {ATTR_NO_DATA_SINCE, ATTR_DATA_LATE_SINCE, ATTR_DATA_BACK_AT}
    )
    _gap: DataGap | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Remember the last gap and the newest data over a start, so that no end is missed."""
        await super().async_added_to_hass()
        last, extra = await self.async_get_last_state(), await self.async_get_last_extra_data()
        known = {**(last.attributes if last else {}), **(extra.as_dict() if extra else {})}
        since, until, newest = (
            dt_util.parse_datetime(known.get(key) or "")
            for key in (ATTR_NO_DATA_SINCE, ATTR_DATA_BACK_AT, NEWEST_SEEN)
        )
        self.coordinator.resume_gap(DataGap(since, until) if since else None, newest)

    @property
    @override
    def extra_restore_state_data(self) -> RestoredExtraData:
        """Return the end of the newest interval, from which a gap over a start begins."""
        newest = self.coordinator.newest_seen
        return RestoredExtraData({NEWEST_SEEN: newest.isoformat() if newest else None})

    @property
    @override
    def available(self) -> bool:
        """It tells what we have, also while Climkit is silent."""
        return True

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self.coordinator.data_gap != self._gap:
            self._gap, self._shown = self.coordinator.data_gap, None
        super()._handle_coordinator_update()

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | None]:
        """Return when the last gap began, counted as one, and ended (ISO, UTC); None if not yet."""
        gap, lateness = self.coordinator.data_gap, self.coordinator.lateness
        return {
            ATTR_NO_DATA_SINCE: gap.since.isoformat() if gap else None,
            ATTR_DATA_LATE_SINCE: (gap.since + lateness).isoformat() if gap else None,
            ATTR_DATA_BACK_AT: gap.until.isoformat() if gap and gap.until else None,
        }


class ClimkitSensor(ClimkitEntity[SensorsCoordinator]):
    """The newest reading of a Climkit sensor."""

    def __init__(
        self, coordinator: SensorsCoordinator, device_info: DeviceInfo, sensor: Sensor
    ) -> None:
        """Tell from the sensor's type and unit what it measures."""
        description = SensorEntityDescription(
            key="",
            name=None,
            device_class=device_class_of(sensor),
            native_unit_of_measurement=unit_of(sensor),
            state_class=SensorStateClass.MEASUREMENT,
        )
        super().__init__(coordinator, device_info, sensor.id, description, sensor.id)

    @property
    @override
    def is_listed(self) -> bool:
        """Whether the sensor is still there."""
        return self.owner_id in self.coordinator.data

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value in the sensor's own unit."""
        return self.coordinator.value(self.owner_id)
