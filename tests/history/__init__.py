"""History is read into statistics, and again at night."""
