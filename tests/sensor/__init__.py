"""The entities."""
