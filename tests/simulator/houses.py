"""The installations of the default world, and very large ones.

Their answers hold the warts of real ones: bus addresses as strings, names, modes or `is_rule_meter`
left out (`virtual` instead), missing coordinates, and creation dates of every shape.
"""

from datetime import UTC, datetime, timedelta

from . import profiles
from .balance import Battery
from .building import Building, Meter, Sensor
from .calendar import QUARTER
from .profiles import Gauge, Profile, noise
from .site import Json, JsonObject

WEEKS_BEFORE_DATA = timedelta(weeks=3)
DEFAULT_FLATS = 10
DEFAULT_ROOF = 28_000


class Ids:
    """Object ids as Climkit makes them: the time of making in seconds, then what tells apart."""

    def __init__(self, seed: int, site: int, created: datetime) -> None:
        """Ids of one site, made when the site was."""
        self._time, self._seed, self._count = int(created.timestamp()), seed * 64 + site, 0

    def __call__(self) -> str:
        """The next id, 24 hexadecimal digits."""
        self._count += 1
        tail = int(noise(self._seed, 51) * 0xFFFFFFFF)
        return f"{self._time + self._count:08x}{tail:08x}{self._count:08x}"


def apartment_house(
    seed: int,
    now: datetime,
    history: timedelta,
    flats: int = DEFAULT_FLATS,
    *,
    roof: int = DEFAULT_ROOF,
) -> Building:
    """Flats, common parts, PV, battery, charge points, heat and water; data after three weeks.

    roof: the peak power of its PV in watts.
    """
    created = _midnight(now - history)
    new_id = Ids(seed, 1, created)
    site_id = new_id()
    electricity = [
        _meter(new_id(), "Introduction", "introduction", prim_ad="10"),
        _meter(new_id(), "PV roof", "production", profiles.photovoltaics(roof), prim_ad="101"),
        _meter(new_id(), "Battery", "battery", prim_ad="120"),
        *(_flat(new_id(), number) for number in range(1, flats + 1)),
        _meter(new_id(), "Common parts", profile=profiles.common_parts, is_rule_meter=True),
        _meter(new_id(), "Heat pump", profile=profiles.heat_pump, prim_ad="31"),
        _garage(new_id(), (new_id(), new_id())),
    ]
    other = [
        _typed(new_id(), f"{label} {number}", kind, profile, prim_ad=base + number)
        for kind, label, base, profile in (
            ("heating", "Heating flat", 200, profiles.heating),
            ("hot_water", "Hot water flat", 220, profiles.hot_water),
            ("cold_water", "Cold water flat", 240, profiles.cold_water),
        )
        for number in range(1, min(flats, 4) + 1)
    ]
    other.append(_typed(new_id(), "Cooling shop", "cooling", profiles.cooling, prim_ad="261"))
    return Building(
        id=site_id,
        begin=_quarter(created + WEEKS_BEFORE_DATA + timedelta(hours=15)),
        seed=seed,
        site_info=_info("Les Tilleuls", "AH-1", created.replace(tzinfo=None).isoformat()),
        meters=(*electricity, *other),
        sensors=(
            _sensor(new_id(), "Outdoor", "temperature", "°C", profiles.outdoor_sensor),
            _sensor(new_id(), "Laundry", "temperature", "°C", profiles.room_temperature),
            _sensor(new_id(), "Laundry humidity", "humidity", "%", profiles.humidity),
            _sensor(new_id(), "Meeting room", "co2", "ppm", profiles.carbon_dioxide),
            _sensor(new_id(), "Box 7", "flux_index", "FI", profiles.unknown_quantity),
        ),
        battery=Battery(capacity=20.0, rate=2.5),
    )


def single_house(seed: int, now: datetime, history: timedelta) -> Building:
    """Consumption, PV and introduction, in the form of 2022: no names or modes, 10 Wh steps."""
    created = _midnight(now - min(history, timedelta(days=200)))
    new_id = Ids(seed, 2, created)
    site_id = new_id()
    return Building(
        id=site_id,
        begin=_quarter(created + timedelta(days=5, hours=17)),
        seed=seed + 2,
        site_info=_info("Maison Rochat", "SH-2", created.isoformat(), postal_code="1800"),
        meters=(
            _form_of_2022(new_id(), "10", "introduction", None, is_differential=True),
            _form_of_2022(new_id(), "101", "production", profiles.photovoltaics(8_000)),
            _form_of_2022(new_id(), "11", "consumption", profiles.household),
        ),
        step=10,
    )


def water_site(seed: int, now: datetime, history: timedelta) -> Building:
    """Water and heating, no electricity; without an address or coordinates."""
    created = _midnight(now - min(history, timedelta(days=120)))
    new_id = Ids(seed, 3, created)
    site_id = new_id()
    info = _info("Camping du Lac", "WS-3", created.isoformat().replace("+00:00", "Z"))
    info |= {"latitude": None, "longitude": None}
    del info["address"]
    kinds = (
        ("cold_water", "Cold water", profiles.cold_water),
        ("hot_water", "Hot water", profiles.hot_water),
        ("heating", "Heating", profiles.heating),
    )
    return Building(
        id=site_id,
        begin=_quarter(created + timedelta(days=2)),
        seed=seed + 3,
        site_info=info,
        meters=tuple(_typed(new_id(), name, kind, profile) for kind, name, profile in kinds),
    )


def big_site(
    meters: int = 200, *, seed: int = 1, now: datetime | None = None, days: int = 30
) -> Building:
    """A site with this many consumers and PV, cheap to compute, without faults of its own."""
    created = _midnight((now or datetime.now(UTC)) - timedelta(days=days))
    new_id = Ids(seed, 4, created)
    site_id = new_id()
    consumers = [
        _meter(new_id(), f"Lot {number}", profile=profiles.plain, prim_ad=number)
        for number in range(1, meters + 1)
    ]
    roof = _meter(new_id(), "PV", "production", profiles.photovoltaics(meters * 2000), prim_ad=101)
    return Building(
        id=site_id,
        begin=_quarter(created),
        seed=seed + 4,
        site_info=_info("Quartier", "BS-4", created.isoformat()),
        meters=(_meter(new_id(), "Introduction", "introduction", prim_ad=10), roof, *consumers),
        faultless=True,
    )


# Meters and sensors in the API's words


def _meter(
    meter_id: str,
    name: str,
    mode: str = "consumption",
    profile: Profile | None = None,
    *,
    prim_ad: Json = None,
    is_rule_meter: bool = False,
) -> Meter:
    info: JsonObject = {"id": meter_id, "type": "electricity", "name": name, "mode": mode}
    info |= {"prim_ad": prim_ad, "is_rule_meter": is_rule_meter}
    return Meter(id=meter_id, mode=mode, info=info, profile=profile, is_rule_meter=is_rule_meter)


def _flat(meter_id: str, number: int) -> Meter:
    """A flat's meter; some lack name, mode or `is_rule_meter`, some addresses are whole numbers."""
    meter = _meter(meter_id, f"Flat {number}", profile=profiles.household, prim_ad=str(10 + number))
    info = dict(meter.info or {})
    match number:
        case 3:
            info["prim_ad"] = 13
        case 5:
            del info["name"]
        case 7:
            del info["mode"]
        case 8:
            info["virtual"] = info.pop("is_rule_meter")
    return Meter(id=meter_id, info=info, profile=profiles.household)


def _garage(meter_id: str, points: tuple[str, ...]) -> Meter:
    """The meter of the garage; behind it the charge points, which meter_info does not know."""
    parts = tuple(
        Meter(id=point, type="charge_point", profile=profiles.charge_point) for point in points
    )
    garage = _meter(meter_id, "Garage", prim_ad="32")
    return Meter(id=meter_id, info=garage.info, parts=parts)


def _typed(meter_id: str, name: str, kind: str, profile: Profile, *, prim_ad: Json = None) -> Meter:
    info: JsonObject = {"id": meter_id, "type": kind, "name": name, "mode": "consumption"}
    info |= {"prim_ad": prim_ad, "is_rule_meter": False}
    return Meter(id=meter_id, type=kind, info=info, profile=profile)


def _form_of_2022(
    meter_id: str,
    prim_ad: str,
    mode: str,
    profile: Profile | None,
    *,
    is_differential: bool = False,
) -> Meter:
    info: JsonObject = {"id": meter_id, "type": "electricity", "prim_ad": prim_ad, "virtual": False}
    return Meter(
        id=meter_id, mode=mode, info=info, profile=profile, is_differential=is_differential
    )


def _sensor(sensor_id: str, name: str, kind: str, unit: str, gauge: Gauge) -> Sensor:
    info: JsonObject = {"id": sensor_id, "name": name, "type": kind, "unit": unit, "model": "ERS"}
    return Sensor(info=info, gauge=gauge)


def _info(name: str, ref: str, created: str, postal_code: Json = 1800) -> JsonObject:
    return {
        "site_ref": ref,
        "name": name,
        "address": {
            "street_name": "Rue du Lac",
            "street_number": "12b",
            "city": "Vevey",
            "postal_code": postal_code,
        },
        "creation_date": created,
        "latitude": 46.46,
        "longitude": 6.84,
        "timezone": "Europe/Zurich",
    }


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _quarter(moment: datetime) -> int:
    return int(moment.timestamp()) // QUARTER * QUARTER
