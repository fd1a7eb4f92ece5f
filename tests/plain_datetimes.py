"""Plain datetimes where freezegun makes its own: arithmetic with those is Python's, not C's.

It took 6 % of the suite, and what is tested works with plain ones at home.
"""

from datetime import datetime
from typing import Any

from freezegun import api


def _plain(_cls: type[datetime], *args: Any, **kwargs: Any) -> datetime:
    return api.real_datetime(*args, **kwargs)  # a name of our own would be patched too


def make_plain_datetimes() -> None:
    """Let the class that stands in for `datetime` make what it stands for."""
    api.FakeDatetime.__new__ = _plain
