"""Figures: modules that measure something and hand a table to `keep` (`scripts/bench`)."""
