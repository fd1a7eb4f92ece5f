"""The blueprints, run by Home Assistant's own automations with entities and statistics of ours."""
