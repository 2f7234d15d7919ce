"""Fleets that do not exist: what many sites would say, by the suite's own scenarios, and what must come of it."""
