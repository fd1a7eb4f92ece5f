"""What a sensor measures, told from free text."""

from homeassistant.components.sensor import SensorDeviceClass
import pytest

from custom_components.climkit.api import Sensor
from custom_components.climkit.sensor.climkit_types import device_class_of, unit_of


@pytest.mark.parametrize(
    ("kind", "unit", "device_class", "shown"),
    [
        ("temperature", "°C", SensorDeviceClass.TEMPERATURE, "°C"),
        ("Température", "C", SensorDeviceClass.TEMPERATURE, "°C"),
        ("Temperatur innen", " degC ", SensorDeviceClass.TEMPERATURE, "°C"),
        ("temperature", "°F", SensorDeviceClass.TEMPERATURE, "°F"),
        ("temperature", "K", SensorDeviceClass.TEMPERATURE, "K"),
        ("Humidity", "% RH", SensorDeviceClass.HUMIDITY, "%"),
        ("Luftfeuchtigkeit", "%", SensorDeviceClass.HUMIDITY, "%"),
        ("CO₂", "PPM", SensorDeviceClass.CO2, "ppm"),
        ("pressure", "mbar", SensorDeviceClass.PRESSURE, "mbar"),
        ("Luftdruck", "hPa", SensorDeviceClass.PRESSURE, "hPa"),
        ("Pression", "bar", SensorDeviceClass.PRESSURE, "bar"),
        ("pressure", "Pa", SensorDeviceClass.PRESSURE, "Pa"),
        ("illuminance", "Lux", SensorDeviceClass.ILLUMINANCE, "lx"),
        ("battery", "%", SensorDeviceClass.BATTERY, "%"),
        ("battery voltage", "V", SensorDeviceClass.VOLTAGE, "V"),
        ("power", "kW", SensorDeviceClass.POWER, "kW"),
        ("Leistung", "W", SensorDeviceClass.POWER, "W"),
        ("current", "A", SensorDeviceClass.CURRENT, "A"),
        ("temperature", "%", None, "%"),
        ("temperature", None, None, None),
        ("flux_index", "FI", None, "FI"),
        (None, "°C", None, "°C"),
        (None, None, None, None),
    ],
)
def test_mapping(
    kind: str | None,
    unit: str | None,
    device_class: SensorDeviceClass | None,
    shown: str | None,
) -> None:
    """Only where type and unit agree; what is unknown is shown as it is."""
    sensor = Sensor(id="1", name=None, type=kind, unit=unit, model=None)
    assert device_class_of(sensor) is device_class
    assert unit_of(sensor) == shown
