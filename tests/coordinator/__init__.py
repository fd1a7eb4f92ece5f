"""What is polled, and what of it is shown."""
