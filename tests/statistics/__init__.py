"""Rows, their rebuild and the recorder."""
