"""A person at mouse and keyboard, whose time is counted."""

from dataclasses import dataclass, field

from playwright.async_api import Locator, expect

# Seconds: of a click or a turn of the wheel, with finding what it is for, and of a key.
HAND, KEY = 1.2, 0.3


@dataclass
class Person:
    """What a person did so far: clicked on, by what was written there; scrolled; typed."""

    clicks: list[str] = field(default_factory=list)
    scrolls: int = 0
    keys: int = 0

    @property
    def seconds(self) -> float:
        """How long that takes a person who knows what to enter."""
        return HAND * (len(self.clicks) + self.scrolls) + KEY * self.keys

    async def click(self, what: Locator) -> None:
        """Click on something, and scroll to it before if it is not seen."""
        await expect(what).to_be_visible()
        before = await what.bounding_box()
        await what.scroll_into_view_if_needed()
        self.scrolls += before != await what.bounding_box()
        self.clicks.append((await what.inner_text()).strip() or str(what))
        await what.click()

    async def enter(self, what: Locator, text: str) -> None:
        """Click into a field and type."""
        await self.click(what)
        await what.press_sequentially(text)
        self.keys += len(text)
