"""Names of statistics follow the language of the instance."""

from datetime import timedelta

import pytest

from custom_components.climkit.const import CONF_HISTORY
from tests.conftest import NOW, Home
from tests.truth import known_names, stored_rows

LANGUAGES = {"de": "Netzbezug", "fr": "Soutirage", "it": "Prelievo", "en": "Grid import"}
KEY = "electricity_from_ext"


def grid_import(home: Home) -> str:
    """The statistic of the house's grid import."""
    [site_id] = home.simulator.world.sites
    return f"climkit:{site_id}_{KEY}"


async def named(home: Home, word: str) -> None:
    """Wait until the statistic ends with a word."""
    for _ in range(200):
        await home.settle()
        if str((await known_names(home.hass))[grid_import(home)]).endswith(f" {word}"):
            return
    pytest.fail(f"never called {word}")


class TestLanguage:
    """The owner changes the language of Home Assistant."""

    async def test_renamed_with_the_next_import(self, home: Home) -> None:
        """No restart is needed, ids stay, and no row is written anew."""
        await home.set_up_completely()
        ids, rows = set(await known_names(home.hass)), await stored_rows(home.hass)
        for language, word in LANGUAGES.items():
            await home.hass.config.async_update(language=language)
            await home.turn_clock(minutes=15)
            await named(home, word)
            names = await known_names(home.hass)
            assert set(names) == ids
            assert len(set(names.values())) == len(names)
        now = await stored_rows(home.hass)
        last = NOW.replace(minute=0) - timedelta(hours=4)
        for key, before in rows.items():
            assert [r for r in before if r.start < last] == [r for r in now[key] if r.start < last]

    async def test_renamed_at_a_start(self, home: Home) -> None:
        """A language that was changed while Home Assistant was off counts from the start."""
        home.entry.add_to_hass(home.hass)
        home.hass.config_entries.async_update_entry(
            home.entry, options={**home.entry.options, CONF_HISTORY: NOW.date().isoformat()}
        )
        await home.set_up_completely()
        await named(home, "Grid import")
        home.hass.config.language = "fr"
        await home.restart()
        await named(home, "Soutirage")
