"""What a person sees in a browser; run by scripts/test-browser."""
