"""A real Home Assistant at the suite's discovery: ``make home-assistant``."""
