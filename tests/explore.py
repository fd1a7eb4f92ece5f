import os, logging, traceback
from hypothesis import given, settings, seed, Phase, HealthCheck
from tests.test_property import *

del test_any_story_ends_well
from tests.conftest import real_time

logging.getLogger("asyncio").setLevel(logging.ERROR)
N = int(os.environ.get("N", "30"))
SEED = int(os.environ.get("SEED", "1"))


async def attempt(hass, freezer, storage, source, now, steps):
    import dataclasses

    try:
        await tell(hass, freezer, storage, dataclasses.replace(source, late=[], corrections=[]), now, steps)
    except Exception as e:
        return f"{type(e).__name__}: {str(e)[:300]} " + (
            traceback.format_exc() if False else ""
        )
    return None


@seed(SEED)
@settings(
    deadline=None,
    max_examples=N,
    database=None,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.generate],
)
@given(beginning=beginnings(), steps=STORIES)
async def test_explore(
    recorder_mock, hass, freezer, hass_storage, enable_custom_integrations, beginning, steps
):
    source, now = beginning
    t = real_time()
    err = await attempt(hass, freezer, hass_storage, source, now, steps)
    out = open(os.environ.get("OUT", "/tmp/explore.txt"), "a")
    print(
        f"{real_time() - t:.1f}s {'ok' if not err else 'FAIL'} {len(steps)}", file=out, flush=True
    )
    if err:
        i = 0
        while i < len(steps):
            fewer = steps[:i] + steps[i + 1 :]
            again = await attempt(hass, freezer, hass_storage, source, now, fewer)
            if again:
                steps, err = fewer, again
            else:
                i += 1
        if source.gaps:
            import dataclasses

            fewer = dataclasses.replace(source, gaps=[])
            again = await attempt(hass, freezer, hass_storage, fewer, now, steps)
            if again:
                source, err = fewer, again
        print("   ", source, now, "\n   ", steps, "\n   ", err, file=out, flush=True)
