"""Constants of the Climkit integration."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "climkit"
MANUFACTURER: Final = "Climkit"
PLATFORMS: Final = [Platform.SENSOR]

# Decimals of amounts, powers and costs: what lies behind them is float dust.
DECIMALS: Final = 6

CONF_ADVANCED: Final = "advanced"
CONF_ALL_METERS: Final = "all_meters"
CONF_DASHBOARD: Final = "dashboard"
CONF_DATE: Final = "date"
CONF_ENERGY: Final = "energy_dashboard"
CONF_FLAT: Final = "flat"
CONF_HISTORY: Final = "history"
CONF_METERS: Final = "meters"
CONF_OTHER_METERS: Final = "other_meters"
CONF_SENSORS: Final = "sensors"
CONF_SITE: Final = "site"
CONF_SITE_TOTALS: Final = "site_totals"
CONF_SITES: Final = "sites"
CONF_TARIFF: Final = "tariff"
CONF_VIEW: Final = "view"

# What a person wants to see; of a flat the first of the stored meters is its own.
VIEW_FLAT: Final = "flat"
VIEW_BUILDING: Final = "building"
VIEW_METERS: Final = "meters"

# The types of subentries: prices from a day on.
SUBENTRY_TARIFF: Final = "tariff"
SUBENTRY_FEED_IN: Final = "feed_in"

# Stored for "every site (meter) there is", so that a new one joins by itself; a list never grows.
ALL: Final = "all"

# How far back history goes. In the entry's options "date" and "now" are stored as the ISO date.
HISTORY_EVERYTHING: Final = "everything"
HISTORY_DATE: Final = "date"
HISTORY_NOW: Final = "now"

# The fields of a tariff.
CONF_CURRENCY: Final = "currency"
CONF_VALID_FROM: Final = "valid_from"
CONF_ELECTRICITY: Final = "electricity"
CONF_LOW_HOURS: Final = "low_hours"
CONF_WATER_AND_HEAT: Final = "water_and_heat"
CONF_FEES: Final = "fees"
CONF_SEASON: Final = "season"
CONF_SEASON_FROM: Final = "season_from"
CONF_SEASON_TO: Final = "season_to"

CONF_GRID: Final = "grid_price"
CONF_GRID_LOW: Final = "grid_price_low"
CONF_SOLAR: Final = "solar_price"
CONF_SOLAR_LOW: Final = "solar_price_low"
CONF_SOLAR_SHARE: Final = "solar_share"
CONF_EXPORT: Final = "export_price"
CONF_CHARGE_POINT: Final = "charge_point_price"
CONF_COLD_WATER: Final = "cold_water_price"
CONF_HOT_WATER: Final = "hot_water_price"
CONF_HEATING: Final = "heating_price"
CONF_COOLING: Final = "cooling_price"
CONF_DYNAMIC: Final = "dynamic"
CONF_SENSOR: Final = "sensor"
CONF_SENSOR_FACTOR: Final = "sensor_factor"
CONF_SENSOR_SURCHARGE: Final = "sensor_surcharge"
CONF_WINDOWS: Final = "windows"
CONF_WEEKDAY: Final = "weekday"
CONF_SATURDAY: Final = "saturday"
CONF_SUNDAY: Final = "sunday"
CONF_SITE_FEE: Final = "site_fee"
CONF_COPY: Final = "copy"
CONF_SITE_POWER: Final = "site_power_price"
CONF_METER_POWER: Final = "meter_power_price"
CONF_METER_FEE: Final = "meter_fee"
CONF_FEES_BY_HOUR: Final = "fees_by_hour"

# The fields of a feed-in price.
CONF_FEED_IN: Final = "feed_in"
CONF_FEED_IN_PRICE: Final = "feed_in_price"
CONF_FEED_IN_LOW: Final = "feed_in_price_low"
CONF_FEED_IN_FLOOR: Final = "feed_in_floor"
CONF_FEED_IN_BONUS: Final = "feed_in_bonus"
