"""From tariffs to costs."""
