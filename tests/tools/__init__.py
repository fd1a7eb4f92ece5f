"""The tools: simulator and demo."""
