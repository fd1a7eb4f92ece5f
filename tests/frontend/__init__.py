"""The dashboard: what is served, and what its commands answer."""
