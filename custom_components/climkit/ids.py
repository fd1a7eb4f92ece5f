"""Climkit's ids, as Home Assistant compares them: as ids of statistics hold them, in lower case.

What differs by its case alone would be one statistic with two writers. Climkit is asked with its
own spelling. Pure.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache

from homeassistant.util import slugify

from .const import DOMAIN


@lru_cache(maxsize=8192)
def slug(climkit_id: str) -> str:
    """Return an id as ids of statistics hold it; every update of an entity looks one up."""
    return slugify(climkit_id)


def slugs(climkit_ids: Iterable[str]) -> set[str]:
    """Return ids as ids of statistics hold them."""
    return set(map(slug, climkit_ids))


def distinct(climkit_ids: Iterable[str]) -> list[str]:
    """Return the ids without those that are the same but for their spelling: the first counts."""
    found: dict[str, str] = {}
    for climkit_id in climkit_ids:
        found.setdefault(slug(climkit_id), climkit_id)
    return list(found.values())


def owner_slug(statistic_id: str, owners: Collection[str]) -> str | None:
    """Return which of some owners (slugs) a statistic belongs to; None: to none of them.

    An id may hold what parts it from the measure, so the longest one that fits counts.
    """
    stem = statistic_id.removeprefix(f"{DOMAIN}:")
    while "_" in stem:
        stem = stem.rpartition("_")[0]
        if stem in owners:
            return stem
    return None
