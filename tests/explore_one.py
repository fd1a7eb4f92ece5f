import logging, os
from tests.test_property import *

del test_any_story_ends_well
from tests.source import *
from tests.story import *
from zoneinfo import ZoneInfo
import datetime as dtm
from datetime import timezone

logging.getLogger("asyncio").setLevel(logging.ERROR)


async def test_one(recorder_mock, hass, freezer, hass_storage, enable_custom_integrations):
    d = dict(globals())

    class D:
        datetime = dtm.datetime
        timezone = timezone

    class Z:
        ZoneInfo = ZoneInfo

    d |= {"datetime": D, "zoneinfo": Z}
    source, now, steps = eval(open("/tmp/case.py").read(), d)
    await tell(hass, freezer, hass_storage, source, now, steps)
