"""Tests of the Climkit integration."""
