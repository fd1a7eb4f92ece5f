"""Measures what the integration costs: a figure for each question, a table for each figure."""
