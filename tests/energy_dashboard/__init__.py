"""What the Energy dashboard gets."""
