"""The table of measures, its series and their names."""
