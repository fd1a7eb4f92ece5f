"""A real Home Assistant at work with the integration; see scripts/demo."""
