"""What one request asks for and what it answers: feeds, windows, intervals that can be true."""

from .answer import Answer
from .intervals import amounts_since, columns_of, merge_intervals, newest, without_values
from .page_size import LONGEST_PAGE, PageSize, end_of_page, first_length, fitting_length
from .plausibility import Outliers, Plausibility, column_of_series, is_limit
from .reader import CLOCKS_DIFFER_BY, FeedReader, ask_completely, newest_present
from .windows import Windows

__all__ = [
    "CLOCKS_DIFFER_BY",
    "LONGEST_PAGE",
    "Answer",
    "FeedReader",
    "Outliers",
    "PageSize",
    "Plausibility",
    "Windows",
    "amounts_since",
    "ask_completely",
    "column_of_series",
    "columns_of",
    "end_of_page",
    "first_length",
    "fitting_length",
    "is_limit",
    "merge_intervals",
    "newest",
    "newest_present",
    "without_values",
]
