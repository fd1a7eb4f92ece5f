"""What a Climkit sensor measures, told from the free text of its `type` and `unit`. Pure."""

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.components.sensor.const import DEVICE_CLASS_UNITS
from homeassistant.const import (
    LIGHT_LUX,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfPower,
    UnitOfPressure,
    UnitOfRatio,
    UnitOfTemperature,
)

from ..api import Sensor

# Spellings of units, lower case without blanks, and what Home Assistant calls them.
_UNITS = {
    "°c": UnitOfTemperature.CELSIUS,
    "c": UnitOfTemperature.CELSIUS,
    "degc": UnitOfTemperature.CELSIUS,
    "celsius": UnitOfTemperature.CELSIUS,
    "°f": UnitOfTemperature.FAHRENHEIT,
    "k": UnitOfTemperature.KELVIN,
    "%": UnitOfRatio.PERCENTAGE,
    "%rh": UnitOfRatio.PERCENTAGE,
    "percent": UnitOfRatio.PERCENTAGE,
    "ppm": UnitOfRatio.PARTS_PER_MILLION,
    "lx": LIGHT_LUX,
    "lux": LIGHT_LUX,
    "pa": UnitOfPressure.PA,
    "hpa": UnitOfPressure.HPA,
    "mbar": UnitOfPressure.MBAR,
    "bar": UnitOfPressure.BAR,
    "w": UnitOfPower.WATT,
    "kw": UnitOfPower.KILO_WATT,
    "v": UnitOfElectricPotential.VOLT,
    "a": UnitOfElectricCurrent.AMPERE,
}

# Words that a type may begin with or hold (English, German, French, Italian), most telling first.
_TYPES = {
    "humid": SensorDeviceClass.HUMIDITY,
    "feucht": SensorDeviceClass.HUMIDITY,
    "umidit": SensorDeviceClass.HUMIDITY,
    "temp": SensorDeviceClass.TEMPERATURE,
    "co2": SensorDeviceClass.CO2,
    "carbon_dioxide": SensorDeviceClass.CO2,
    "battery": SensorDeviceClass.BATTERY,
    "pressure": SensorDeviceClass.PRESSURE,
    "pression": SensorDeviceClass.PRESSURE,
    "druck": SensorDeviceClass.PRESSURE,
    "illumin": SensorDeviceClass.ILLUMINANCE,
    "lumin": SensorDeviceClass.ILLUMINANCE,
    "power": SensorDeviceClass.POWER,
    "puissance": SensorDeviceClass.POWER,
    "leistung": SensorDeviceClass.POWER,
    "voltage": SensorDeviceClass.VOLTAGE,
    "current": SensorDeviceClass.CURRENT,
}


def unit_of(sensor: Sensor) -> str | None:
    """Return the unit in Home Assistant's spelling, or as Climkit gives it."""
    text = (sensor.unit or "").strip()
    return _UNITS.get(text.lower().replace(" ", ""), text or None)


def device_class_of(sensor: Sensor) -> SensorDeviceClass | None:
    """Return the first device class whose word and unit both fit; None for what is unknown."""
    text, unit = (sensor.type or "").lower().replace("₂", "2"), unit_of(sensor)
    fitting = (
        device_class
        for word, device_class in _TYPES.items()
        if word in text and unit in DEVICE_CLASS_UNITS[device_class]
    )
    return next(fitting, None)
