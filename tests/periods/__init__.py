"""Amounts of days and months, and peaks."""
