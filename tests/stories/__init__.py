"""Whatever happens to a home, the numbers are right."""
