"""Prints what Home Assistant would install itself when it starts, one requirement a line.

To be run by the Python of the environment that holds Home Assistant. Which packages its built-in
integrations need is written in their manifests.
"""

import asyncio
import sys

from homeassistant import bootstrap, core, loader

CONFIGURED = {"config", "energy", "frontend", "history", "http", "logger", "recorder"}
# What the onboarding of a new Home Assistant adds.
ONBOARDED = {"google_translate", "met", "radio_browser", "shopping_list"}


async def requirements() -> set[str]:
    """Return the requirements of these integrations and of all they depend on."""
    hass = core.HomeAssistant("")
    hass.config.safe_mode = True  # no custom integrations
    loader.async_setup(hass)
    every_start = bootstrap.CORE_INTEGRATIONS | bootstrap.DEFAULT_INTEGRATIONS
    wanted = every_start | CONFIGURED | ONBOARDED
    found: set[str] = set()
    seen: set[str] = set()
    while wanted:
        domain = wanted.pop()
        seen.add(domain)
        integration = await loader.async_get_integration(hass, domain)
        found.update(integration.requirements)
        # Home Assistant installs for both, whether the integrations behind them are set up or not.
        wanted |= {*integration.dependencies, *integration.after_dependencies} - seen
    return found


sys.stdout.writelines(f"{line}\n" for line in sorted(asyncio.run(requirements())))
